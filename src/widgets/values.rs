//! A list of values with their counts, to pick some or one of: a search field over it, virtual below.
//!
//! It must not know what the values are values of.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use crate::widgets::window::RowSpace;
use leptos::prelude::*;
use leptos::{ev, html};
use std::sync::Arc;

/// Options kept ready above and below the view.
const SPARE: usize = 4;

/// One value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PickValue {
    /// Given back when it is picked.
    pub value: String,
    /// Shown, and searched.
    pub label: String,
    /// How many have it.
    pub count: usize,
    /// Whether it is picked.
    pub picked: bool,
    /// Quiet: stands for what has no value.
    pub quiet: bool,
}

/// The search field and the list.
#[component]
pub fn ValuePicker(
    /// What the values are, for screen readers: "Values of stage".
    #[prop(into)]
    label: Signal<String>,
    /// The values, in the order to show.
    #[prop(into)]
    values: Signal<Arc<Vec<PickValue>>>,
    /// A value was pressed: turn it round.
    #[prop(into)]
    on_pick: Callback<String>,
    /// One is picked and the list is done with: no check boxes, no shares.
    #[prop(optional)]
    picks_one: bool,
    /// Enter in the search field with Ctrl, or when nothing is left to press: done.
    #[prop(into, optional)]
    on_done: Option<Callback<()>>,
) -> impl IntoView {
    let id = dom::unique_id("values");
    let option_id = {
        let id = id.clone();
        move |index: usize| format!("{id}-{index}")
    };
    let search = RwSignal::new(String::new());
    // Indices of the values that contain what is searched for.
    let found = Memo::new(move |_| {
        let search = search.with(|search| search.trim().to_lowercase());
        values.with(|values| {
            let matches = |value: &PickValue| search.is_empty() || value.label.to_lowercase().contains(&search);
            values.iter().enumerate().filter(|(_, value)| matches(value)).map(|(i, _)| i).collect::<Vec<_>>()
        })
    });
    let most = Memo::new(move |_| values.with(|values| values.iter().map(|v| v.count).max().unwrap_or(0).max(1)));
    let active = RwSignal::new(0_usize);
    let (list, probe) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let (scroll_px, view_px, row_px) = (RwSignal::new(0.0_f64), RwSignal::new(0.0_f64), RwSignal::new(28.0_f64));
    let rows =
        Memo::new(move |_| RowSpace { count: found.with(Vec::len), row_px: row_px.get(), view_px: view_px.get() });
    let shown = Memo::new(move |_| {
        let range = rows.get().visible(scroll_px.get(), SPARE);
        found.with(|found| found.get(range.clone()).map(|part| range.zip(part.iter().copied()).collect::<Vec<_>>()))
    });

    let watch = StoredValue::new_local(None);
    Effect::new(move || {
        let (Some(list), Some(probe)) = (list.get(), probe.get()) else { return };
        let measure = {
            let (list, probe) = (list.clone(), probe.clone());
            move || {
                view_px.set(dom::inner_size_px(&list).1);
                row_px.set(dom::size_px(&probe).1);
            }
        };
        measure();
        watch.set_value(Some(dom::watch_size(&[&list, &probe], measure)));
    });
    on_cleanup(move || {
        let _ = watch.try_update_value(|watch| watch.take());
    });

    let go = move |to: usize| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        active.set(to.min(last));
        if let (Some(top), Some(list)) =
            (rows.get_untracked().reveal(active.get_untracked(), scroll_px.get_untracked()), list.get_untracked())
        {
            list.set_scroll_top(top.round() as i32);
        }
    };
    let pick = move |place: usize| {
        let index = found.with_untracked(|found| found.get(place).copied());
        let value = index.and_then(|i| values.with_untracked(|values| values.get(i).map(|v| v.value.clone())));
        match value {
            Some(value) => on_pick.run(value),
            None => {
                if let Some(done) = on_done {
                    done.run(());
                }
            }
        }
    };
    let keydown = move |event: ev::KeyboardEvent| {
        let now = active.get_untracked();
        match event.key().as_str() {
            "ArrowDown" => go(now + 1),
            "ArrowUp" => go(now.saturating_sub(1)),
            "PageDown" => go(now + rows.get_untracked().page()),
            "PageUp" => go(now.saturating_sub(rows.get_untracked().page())),
            "Enter" if event.ctrl_key() || event.meta_key() => {
                if let Some(done) = on_done {
                    done.run(());
                }
            }
            "Enter" => pick(now),
            "Escape" if !search.with_untracked(String::is_empty) => {
                search.set(String::new());
                go(0);
                event.stop_propagation();
            }
            _ => return,
        }
        event.prevent_default();
    };
    let list_id = id.clone();
    let active_id = {
        let option_id = option_id.clone();
        Memo::new(move |_| found.with(|found| !found.is_empty()).then(|| option_id(active.get())))
    };
    let option = move |(place, index): (usize, usize)| {
        let value = Memo::new(move |_| values.with(|values| values.get(index).cloned()).unwrap_or_default());
        let share = move || format!("{}%", value.with(|v| v.count) as f64 / most.get() as f64 * 100.0);
        view! {
            <div
                class="opt"
                class:active=move || active.get() == place
                id=option_id(place)
                role="option"
                aria-selected=move || if value.with(|v| v.picked) { "true" } else { "false" }
                aria-setsize=move || found.with(Vec::len)
                aria-posinset=place + 1
                style:top=move || format!("{}px", rows.get().top_px(place, 0.0))
                on:click=move |_| {
                    active.set(place);
                    pick(place);
                }
            >
                {(!picks_one).then(|| view! { <span class="box" aria-hidden="true"><Icon name=IconName::Check /></span> })}
                <span class="cut" class:dim=move || value.with(|v| v.quiet) title=move || value.with(|v| v.label.clone())>
                    {move || value.with(|v| v.label.clone())}
                </span>
                {(!picks_one).then(|| view! { <span class="share" aria-hidden="true"><i style:width=share></i></span> })}
                <span class="n">{move || grouped(value.with(|v| v.count))}</span>
            </div>
        }
    };
    view! {
        <div class="values" class:one=picks_one>
            <div class="input">
                <Icon name=IconName::Search />
                <input
                    type="text"
                    role="combobox"
                    aria-label=move || format!("Find among {}", label.get())
                    aria-expanded="true"
                    aria-autocomplete="list"
                    aria-controls=list_id
                    aria-activedescendant=move || active_id.get()
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=move || format!("Find among {}", grouped(values.with(|values| values.len())))
                    prop:value=move || search.get()
                    on:input:target=move |event| {
                        search.set(event.target().value());
                        go(0);
                    }
                    on:keydown=keydown
                />
            </div>
            <div
                class="list"
                node_ref=list
                id=id
                role="listbox"
                aria-label=move || label.get()
                aria-multiselectable=(!picks_one).then_some("true")
                tabindex="0"
                on:scroll=move |_| {
                    if let Some(list) = list.get_untracked() {
                        scroll_px.set(f64::from(list.scroll_top()));
                    }
                }
                on:keydown=move |event: ev::KeyboardEvent| {
                    if event.key() == " " {
                        event.prevent_default();
                        pick(active.get_untracked());
                    } else {
                        keydown(event);
                    }
                }
                aria-activedescendant=move || active_id.get()
            >
                <div class="probe" node_ref=probe role="presentation"></div>
                <div class="all" role="presentation" style:height=move || format!("{}px", rows.get().height_px())>
                    <For each=move || shown.get().unwrap_or_default() key=|pair| *pair children=option />
                </div>
            </div>
            <p class="nothing" role="status">{move || found.with(Vec::is_empty).then_some("No such value")}</p>
        </div>
    }
}

/// A count with its thousands parted: 1,022.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

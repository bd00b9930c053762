//! One of a few, side by side.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use leptos::prelude::*;
use leptos::{ev, html};

/// One of the few.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment<T> {
    /// What it stands for.
    pub value: T,
    /// Its word.
    pub label: String,
    /// Before the word.
    pub icon: Option<IconName>,
    /// Whether the word may go where there is little room, as long as there is an icon.
    pub word_may_go: bool,
}

impl<T> Segment<T> {
    /// A word alone.
    pub fn word(value: T, label: impl Into<String>) -> Segment<T> {
        Segment { value, label: label.into(), icon: None, word_may_go: false }
    }

    /// An icon and a word, which goes where there is little room.
    pub fn icon(value: T, label: impl Into<String>, icon: IconName) -> Segment<T> {
        Segment { value, label: label.into(), icon: Some(icon), word_may_go: true }
    }
}

/// A radio group that looks like one control: arrow keys move the choice.
#[component]
pub fn Segmented<T>(
    /// What is chosen, for screen readers.
    #[prop(into)]
    label: String,
    /// The few.
    options: Vec<Segment<T>>,
    /// The one.
    #[prop(into)]
    value: Signal<T>,
    /// Another one is chosen.
    #[prop(into)]
    on_change: Callback<T>,
    /// Classes beside `seg`: `sm`, `xs`, `grow`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let group = NodeRef::<html::Div>::new();
    let values: Vec<T> = options.iter().map(|option| option.value.clone()).collect();
    let keydown = move |event: ev::KeyboardEvent| {
        let Some(last) = values.len().checked_sub(1) else { return };
        let now = value.with_untracked(|value| values.iter().position(|v| v == value)).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => {
                if now < last {
                    now + 1
                } else {
                    0
                }
            }
            "ArrowLeft" | "ArrowUp" => now.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        if let Some(value) = values.get(to) {
            on_change.run(value.clone());
        }
        if let Some(group) = group.get_untracked()
            && let Some(button) = dom::all(&group, "button").get(to)
        {
            dom::focus(button);
        }
    };
    let segments = options.into_iter().map(|option| {
        let own = option.value.clone();
        let chosen = Memo::new(move |_| value.with(|value| *value == own));
        let may_go = option.word_may_go && option.icon.is_some();
        let word = if may_go { "word may-go" } else { "word" };
        view! {
            <button
                type="button"
                role="radio"
                aria-checked=move || if chosen.get() { "true" } else { "false" }
                aria-label=may_go.then(|| option.label.clone())
                title=may_go.then(|| option.label.clone())
                tabindex=move || if chosen.get() { "0" } else { "-1" }
                on:click=move |_| on_change.run(option.value.clone())
            >
                {option.icon.map(|name| view! { <Icon name=name /> })}
                <span class=word data-word=option.label.clone()>{option.label.clone()}</span>
            </button>
        }
    });
    view! {
        <div class=format!("seg {class}") node_ref=group role="radiogroup" aria-label=label on:keydown=keydown>
            {segments.collect_view()}
        </div>
    }
}

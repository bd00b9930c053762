//! A button that opens a menu or a small panel beside it.
//!
//! It closes by Escape, by a press outside and by Tab out of it; the focus goes back to the button. On a phone it stands at the
//! foot of the window.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use leptos::context::Provider;
use leptos::prelude::*;
use leptos::{ev, html, task};

/// Kept free between a popover and the edges of the window.
const EDGE_PX: f64 = 8.0;
/// Between the button and its popover.
const GAP_PX: f64 = 4.0;

/// What opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PopoverKind {
    /// A list of [`MenuItem`]s, moved through by arrow keys.
    #[default]
    Menu,
    /// A small panel with fields of its own, moved through by Tab.
    Panel,
}

/// How content in a popover closes it: `use_context::<ClosePopover>()`.
#[derive(Clone, Copy)]
pub struct ClosePopover(Callback<()>);

impl ClosePopover {
    /// Closes it and gives the focus back to its button.
    pub fn close(self) {
        self.0.run(());
    }
}

/// A button and what it opens.
#[component]
pub fn PopoverButton(
    /// The name of what opens, for screen readers; the button's too, unless it has words of its own.
    #[prop(into)]
    label: Signal<String>,
    /// Classes of the button: `btn`, `btn quiet sm`, `chip add` ...
    #[prop(into, default = "btn".into())]
    class: String,
    /// Whether the button shows an icon alone, so that `label` is its name.
    #[prop(default = false)]
    icon_only: bool,
    /// What opens.
    #[prop(default = PopoverKind::Menu)]
    kind: PopoverKind,
    /// Open or not, where someone else wants to know or decide.
    #[prop(optional)]
    open: Option<RwSignal<bool>>,
    /// The button's content.
    #[prop(into)]
    button: ViewFn,
    /// What opens; made anew each time.
    children: ChildrenFn,
) -> impl IntoView {
    let open = open.unwrap_or_else(|| RwSignal::new(false));
    let button_ref = NodeRef::<html::Button>::new();
    let close = move |give_back: bool| {
        if open.get_untracked() {
            open.set(false);
            if give_back && let Some(button) = button_ref.get_untracked() {
                dom::focus(&button);
            }
        }
    };
    let has_popup = if kind == PopoverKind::Menu { "menu" } else { "dialog" };
    let children = StoredValue::new(children);
    view! {
        <button
            type="button"
            class=class
            node_ref=button_ref
            aria-haspopup=has_popup
            aria-expanded=move || if open.get() { "true" } else { "false" }
            aria-label=move || icon_only.then(|| label.get())
            title=move || icon_only.then(|| label.get())
            on:click=move |_| open.update(|open| *open = !*open)
            on:keydown=move |event| {
                if kind == PopoverKind::Menu && event.key() == "ArrowDown" && !open.get_untracked() {
                    event.prevent_default();
                    open.set(true);
                }
            }
        >
            {button.run()}
        </button>
        {move || open.get().then(|| view! {
            <Popover label=label kind=kind anchor=button_ref on_close=Callback::new(close)>
                {children.with_value(|children| children())}
            </Popover>
        })}
    }
}

#[component]
fn Popover(
    label: Signal<String>,
    kind: PopoverKind,
    anchor: NodeRef<html::Button>,
    /// Whether the focus goes back to the button.
    on_close: Callback<bool>,
    children: Children,
) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    let place = RwSignal::new(Place::default());
    let close = ClosePopover(Callback::new(move |()| on_close.run(true)));

    let put = move || {
        if let (Some(body), Some(anchor)) = (body.get_untracked(), anchor.get_untracked()) {
            place.set(Place::beside(dom::rect_px(&anchor), dom::natural_size_px(&body), dom::window_size_px()));
        }
    };
    let watch = StoredValue::new_local(None);
    Effect::new(move || {
        let Some(element) = body.get() else { return };
        put();
        watch.set_value(Some(dom::watch_size(&[&element], put)));
        task::spawn_local(async move {
            task::tick().await;
            let first = match kind {
                PopoverKind::Menu => dom::first(&element, CURRENT).or_else(|| dom::first(&element, ITEMS)),
                PopoverKind::Panel => dom::first_focusable(&element),
            };
            dom::focus(&first.unwrap_or_else(|| element.into()));
        });
    });

    let outside = window_event_listener(ev::pointerdown, move |event| {
        let inside =
            |element: Option<crate::browser::dom::Element>| element.is_some_and(|e| dom::holds(&e, event.target()));
        if !inside(body.get_untracked().map(Into::into)) && !inside(anchor.get_untracked().map(Into::into)) {
            on_close.run(false);
        }
    });
    let resized = window_event_listener(ev::resize, move |_| put());
    on_cleanup(move || {
        outside.remove();
        resized.remove();
        let _ = watch.try_update_value(|watch| watch.take());
    });

    let keydown = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            on_close.run(true);
        }
        "Tab" if kind == PopoverKind::Menu => on_close.run(true),
        key if kind == PopoverKind::Menu => {
            if let Some(body) = body.get_untracked()
                && move_focus(&body, key)
            {
                event.prevent_default();
                event.stop_propagation();
            }
        }
        _ => {}
    };
    // Also comes when the popover goes with the focus in it: then there is nothing left to ask.
    let left = move |event: ev::FocusEvent| {
        let (Some(Some(body)), Some(Some(anchor))) = (body.try_get_untracked(), anchor.try_get_untracked()) else {
            return;
        };
        let to = event.related_target();
        if to.is_some() && !dom::holds(&body, to.clone()) && !dom::holds(&anchor, to) {
            on_close.run(false);
        }
    };
    let px = |value: f64| format!("{value}px");
    view! {
        <div
            class="menu"
            class:popover=kind == PopoverKind::Panel
            node_ref=body
            role=if kind == PopoverKind::Menu { "menu" } else { "dialog" }
            aria-label=move || label.get()
            tabindex="-1"
            style:left=move || px(place.get().left_px)
            style:top=move || px(place.get().top_px)
            style:max-height=move || px(place.get().height_px)
            on:keydown=keydown
            on:focusout=left
        >
            <Provider value=close>{children()}</Provider>
        </div>
    }
}

const ITEMS: &str = "[role^='menuitem']:not([aria-disabled='true'])";
const CURRENT: &str = "[role='menuitemradio'][aria-checked='true']";

/// Moves through the items of a menu; whether the key was one for that.
fn move_focus(menu: &crate::browser::dom::Element, key: &str) -> bool {
    let items = dom::all(menu, ITEMS);
    let Some(last) = items.len().checked_sub(1) else { return false };
    let now = dom::focused().and_then(|focused| items.iter().position(|item| *item == focused));
    let to = match (key, now) {
        ("ArrowDown", Some(now)) if now < last => now + 1,
        ("ArrowDown", _) | ("Home", _) => 0,
        ("ArrowUp", Some(now)) if now > 0 => now - 1,
        ("ArrowUp", _) | ("End", _) => last,
        (letter, _) if letter.chars().count() == 1 && letter != " " => {
            // From the next item on, round the end.
            let start = now.map_or(0, |now| now + 1);
            let starts = |i: &usize| {
                let text = items.get(*i).and_then(|item| item.text_content()).unwrap_or_default();
                text.trim_start().to_lowercase().starts_with(&letter.to_lowercase())
            };
            let Some(found) = (0..=last).map(|i| (start + i) % (last + 1)).find(starts) else { return false };
            found
        }
        _ => return false,
    };
    if let Some(item) = items.get(to) {
        dom::focus(item);
        dom::reveal(item);
    }
    true
}

/// Where a popover stands in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Place {
    left_px: f64,
    top_px: f64,
    /// The most height there is for it.
    height_px: f64,
}

impl Place {
    /// Under the button, else over it; flush with its left edge, else with its right one.
    fn beside(anchor: (f64, f64, f64, f64), size: (f64, f64), window: (f64, f64)) -> Place {
        let (left, top, right, bottom) = anchor;
        let (width, height) = size;
        let below = (window.1 - bottom - GAP_PX - EDGE_PX).max(0.0);
        let above = (top - GAP_PX - EDGE_PX).max(0.0);
        let (top_px, height_px) = if height <= below || below >= above {
            (bottom + GAP_PX, below)
        } else {
            (top - GAP_PX - height.min(above), above)
        };
        let left_px = if left + width > window.0 - EDGE_PX { right - width } else { left };
        Place { left_px: left_px.min(window.0 - EDGE_PX - width).max(EDGE_PX), top_px, height_px }
    }
}

/// One line of a menu.
#[component]
pub fn MenuItem(
    /// Pressed.
    #[prop(into)]
    on_press: Callback<()>,
    /// Checked or not: then it stays open when pressed, and is a check box; with `radio` it is one of a few and closes.
    #[prop(into, optional)]
    checked: Option<Signal<bool>>,
    /// Whether a checked one is one of a few.
    #[prop(default = false)]
    radio: bool,
    /// Before the words.
    #[prop(optional)]
    icon: Option<IconName>,
    /// Can not be pressed.
    #[prop(into, default = Signal::stored(false))]
    disabled: Signal<bool>,
    /// Quiet, at the right.
    #[prop(into, optional)]
    right: String,
    /// The words.
    children: Children,
) -> impl IntoView {
    let close = use_context::<ClosePopover>();
    let role = match (checked.is_some(), radio) {
        (false, _) => "menuitem",
        (true, false) => "menuitemcheckbox",
        (true, true) => "menuitemradio",
    };
    let press = move |_| {
        if disabled.get_untracked() {
            return;
        }
        if let Some(close) = close
            && (checked.is_none() || radio)
        {
            close.close();
        }
        on_press.run(());
    };
    view! {
        <button
            type="button"
            class="it"
            role=role
            tabindex="-1"
            aria-checked=move || checked.map(|checked| if checked.get() { "true" } else { "false" })
            aria-disabled=move || disabled.get().then_some("true")
            on:click=press
        >
            {checked
                .map(|checked| {
                    view! {
                        <span class="tick" aria-hidden="true">
                            {move || checked.get().then(|| view! { <Icon name=IconName::Check /> })}
                        </span>
                    }
                })}
            {icon.map(|name| view! { <Icon name=name /> })}
            {children()}
            {(!right.is_empty()).then(|| view! { <span class="r">{right}</span> })}
        </button>
    }
}

/// One line of a menu that leads somewhere.
#[component]
pub fn MenuLink(
    /// Where to.
    #[prop(into)]
    href: String,
    /// Before the words.
    #[prop(optional)]
    icon: Option<IconName>,
    /// Where one is now.
    #[prop(into, default = Signal::stored(false))]
    current: Signal<bool>,
    /// Quiet, at the right.
    #[prop(into, optional)]
    right: String,
    /// The words.
    children: Children,
) -> impl IntoView {
    let close = use_context::<ClosePopover>();
    view! {
        <a
            class="it"
            role="menuitem"
            tabindex="-1"
            href=href
            aria-current=move || current.get().then_some("page")
            on:click=move |_| {
                if let Some(close) = close {
                    close.close();
                }
            }
        >
            {icon.map(|name| view! { <Icon name=name /> })}
            {children()}
            {(!right.is_empty()).then(|| view! { <span class="r">{right}</span> })}
        </a>
    }
}

/// A line between groups of items, with a title where there is one.
#[component]
pub fn MenuTitle(
    /// The title.
    #[prop(into, optional)]
    text: String,
) -> impl IntoView {
    if text.is_empty() {
        view! { <hr role="separator" /> }.into_any()
    } else {
        view! { <div class="h" role="presentation">{text}</div> }.into_any()
    }
}

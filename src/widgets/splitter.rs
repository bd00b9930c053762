//! The line between two panes, which can be moved by pointer and keys.

use crate::browser::dom;
use leptos::prelude::*;
use leptos::{ev, html};

/// How far one key press moves it, in hundredths of the whole.
const STEP: f64 = 2.0;

/// Stands between two panes inside a `.panes` box: the owner makes the first `value` per cent of it.
#[component]
pub fn Splitter(
    /// What it divides, for screen readers: "Width of the table".
    #[prop(into)]
    label: Signal<String>,
    /// The share of the first pane, in hundredths.
    #[prop(into)]
    value: Signal<f64>,
    /// It was moved.
    #[prop(into)]
    on_move: Callback<f64>,
    /// Whether the panes lie above each other, so that it is a level line.
    #[prop(into, default = Signal::stored(false))]
    level: Signal<bool>,
    /// The least share of the first pane.
    #[prop(default = 20.0)]
    min: f64,
    /// The greatest share of the first pane.
    #[prop(default = 80.0)]
    max: f64,
    /// Where a double click puts it.
    #[prop(default = 50.0)]
    home: f64,
) -> impl IntoView {
    let line = NodeRef::<html::Div>::new();
    let dragged = RwSignal::new(false);
    let put = move |to: f64| on_move.run(to.clamp(min, max));
    let down = move |event: ev::PointerEvent| {
        if event.button() == 0
            && let Some(line) = line.get_untracked()
        {
            dom::capture_pointer(&line, event.pointer_id());
            dragged.set(true);
        }
    };
    let moved = move |event: ev::PointerEvent| {
        let whole = line.get_untracked().and_then(|line| line.parent_element()).filter(|_| dragged.get_untracked());
        let Some(whole) = whole else { return };
        let (left, top, right, bottom) = dom::rect_px(&whole);
        let (at, from, length) = if level.get_untracked() {
            (f64::from(event.client_y()), top, bottom - top)
        } else {
            (f64::from(event.client_x()), left, right - left)
        };
        if length > 0.0 {
            put((at - from) / length * 100.0);
        }
    };
    let keydown = move |event: ev::KeyboardEvent| {
        let now = value.get_untracked();
        let (less, more) = if level.get_untracked() { ("ArrowUp", "ArrowDown") } else { ("ArrowLeft", "ArrowRight") };
        match event.key().as_str() {
            key if key == less => put(now - STEP),
            key if key == more => put(now + STEP),
            "Home" => put(min),
            "End" => put(max),
            "Enter" => put(home),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div
            class="splitter"
            class:level=move || level.get()
            class:is-dragged=move || dragged.get()
            node_ref=line
            role="separator"
            tabindex="0"
            aria-label=move || label.get()
            aria-orientation=move || if level.get() { "horizontal" } else { "vertical" }
            aria-valuenow=move || value.get().round().to_string()
            aria-valuemin=min.to_string()
            aria-valuemax=max.to_string()
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| dragged.set(false)
            on:pointercancel=move |_| dragged.set(false)
            on:dblclick=move |_| put(home)
            on:keydown=keydown
        ></div>
    }
}

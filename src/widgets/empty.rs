//! A place with nothing in it, which teaches: what this is, one action.

use super::icon::{Icon, IconName};
use leptos::prelude::*;

/// An icon, a title, a sentence, and what can be done.
#[component]
pub fn Empty(
    /// The drawing.
    icon: IconName,
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What can be done: one button, two at most.
    #[prop(into, optional)]
    acts: ViewFn,
    /// A sentence.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon class="large" />
            <h2>{move || title.get()}</h2>
            {children.map(|children| view! { <p>{children()}</p> })}
            <div class="acts">{acts.run()}</div>
        </div>
    }
}

//! How far something has come.

use leptos::prelude::*;

/// A thin bar.
#[component]
pub fn Progress(
    /// What comes along, for screen readers: "Reading".
    #[prop(into)]
    label: Signal<String>,
    /// From 0 to 1; `None` while nobody knows how much there is.
    #[prop(into)]
    share: Signal<Option<f64>>,
) -> impl IntoView {
    let percent = move || share.get().map(|share| (share.clamp(0.0, 1.0) * 100.0).round());
    view! {
        <div
            class="prog"
            class:unknown=move || share.get().is_none()
            role="progressbar"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent().map(|percent| percent.to_string())
        >
            <i style:transform=move || share.get().map(|share| format!("scaleX({})", share.clamp(0.0, 1.0)))></i>
        </div>
    }
}

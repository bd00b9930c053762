//! WIRING: signals and spawning live here.

use leptos::prelude::*;

/// Puts the app into the page.
pub fn mount() {
    leptos::mount::mount_to_body(|| view! { <main><h1>"Runglass"</h1></main> });
}

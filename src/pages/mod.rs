//! WIRING: signals and spawning live here. Each page takes what it shows from [`state::App`] and the pure rooms, and hands
//! it to widgets.

mod artifacts;
mod asked;
mod asking;
mod bar;
mod cells;
mod charts;
mod coming;
mod connect;
mod experiments;
mod export;
mod filters;
mod help;
mod histories;
mod live;
mod look;
mod note;
mod notices;
mod open;
mod opening;
mod pipeline;
mod run;
mod runs;
mod shelf;
mod shell;
mod state;
mod trouble;

use leptos::prelude::*;

/// Puts the app into the page.
pub fn mount() {
    trouble::watch_for_panics();
    crate::browser::turns::start();
    leptos::mount::mount_to_body(|| view! { <shell::Shell /> });
}

//! THE ONLY ROOM THAT NAMES `web_sys`: files, the worker and its reader, the address bar, the policy, preferences, signs.
//!
//! It must not know what a page shows; pages and widgets call it, it calls readers and seams.

pub mod address;
pub mod ahead;
pub mod canvas;
pub mod carriers;
pub mod document;
pub mod dom;
pub mod fetch;
pub mod files;
pub mod handles;
pub mod lent;
mod pause;
pub mod policy;
pub mod preferences;
pub mod reader;
pub mod served;
pub mod server;
pub mod sight;
pub mod signs;
pub mod turns;
pub mod worker;

pub use pause::{pause, wait};
use std::cell::RefCell;

thread_local! {
    static BASE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where this build's own files lie: the absolute URL of their directory, with a closing slash. Empty in a worker.
pub fn base_url() -> String {
    BASE.with_borrow(String::clone)
}

/// Says where this build's own files lie; once, before anything else.
pub fn set_base_url(base: String) {
    BASE.set(base);
}

/// Now, in milliseconds since 1970, UTC.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Minutes that the user's clock is ahead of UTC at a moment given in milliseconds since 1970.
pub fn zone_minutes(ms: i64) -> i32 {
    -js_sys::Date::new(&(ms as f64).into()).get_timezone_offset() as i32
}

/// Something that will be done later; dropped before, it is not done.
pub struct Timer(#[expect(dead_code, reason = "lives as long as the timer")] gloo::timers::callback::Timeout);

impl Timer {
    /// Calls `then` after that many milliseconds.
    pub fn start(after_ms: u32, then: impl FnOnce() + 'static) -> Timer {
        Timer(gloo::timers::callback::Timeout::new(after_ms, then))
    }
}

//! THE ONLY ROOM THAT NAMES `web_sys`: files, the worker and its reader, the address bar, the policy, preferences, signs.
//!
//! It must not know what a page shows; pages and widgets call it, it calls readers and seams.

pub mod address;
pub mod canvas;
pub mod carriers;
pub mod document;
pub mod dom;
pub mod files;
pub mod handles;
pub mod policy;
pub mod preferences;
pub mod reader;
pub mod sight;
pub mod signs;
pub mod worker;

use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static BASE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where this build's own files lie: the absolute URL of their directory, with a closing slash. Empty in a worker.
pub fn base_url() -> String {
    BASE.with_borrow(String::clone)
}

/// The page's entry; called by `boot.js` with the URL of its own directory.
#[wasm_bindgen]
pub fn page(base: String) {
    console_error_panic_hook::set_once();
    BASE.set(base);
    crate::pages::mount();
}

/// Now, in milliseconds since 1970, UTC.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Minutes that the user's clock is ahead of UTC at a moment given in milliseconds since 1970.
pub fn zone_minutes(ms: i64) -> i32 {
    -js_sys::Date::new(&(ms as f64).into()).get_timezone_offset() as i32
}

/// Lets the browser do what waits, then goes on.
pub async fn pause() {
    gloo::timers::future::TimeoutFuture::new(0).await;
}

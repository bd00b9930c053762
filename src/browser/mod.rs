//! THE ONLY ROOM THAT NAMES `web_sys`.

pub mod dom;

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

/// The worker's entry; called by the worker's bootstrap.
#[wasm_bindgen]
pub fn worker() {
    console_error_panic_hook::set_once();
}

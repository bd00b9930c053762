//! THE ONLY ROOM THAT NAMES `web_sys`.

pub mod dom;

use wasm_bindgen::prelude::wasm_bindgen;

/// The page's entry; called by `boot.js`.
#[wasm_bindgen]
pub fn page() {
    console_error_panic_hook::set_once();
    crate::pages::mount();
}

/// The worker's entry; called by the worker's bootstrap.
#[wasm_bindgen]
pub fn worker() {
    console_error_panic_hook::set_once();
}

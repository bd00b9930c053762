//! Runglass opens MLflow tracking data in a browser tab.
//!
//! Data flows one way: bytes -> runs -> columns -> rows -> cells and curves. `ARCHITECTURE.md` has the map, the trips and
//! the invariants.

pub mod chart;
pub mod model;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod query;
pub mod session;
pub mod sources;
pub mod view;

#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod browser;
#[cfg(all(feature = "page", target_arch = "wasm32"))]
pub mod pages;
pub mod widgets;

/// The page's entry; `boot.js` calls it with the URL of its own directory.
#[cfg(all(feature = "page", target_arch = "wasm32"))]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn page(base: String) {
    browser::set_base_url(base);
    pages::mount();
}

/// The worker's entry: answers the function that takes its messages, once the reader's part is fetched.
///
/// # Errors
/// A sentence, when that part can not be fetched.
#[cfg(all(feature = "page", target_arch = "wasm32"))]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn worker() -> Result<js_sys::Function, wasm_bindgen::JsValue> {
    browser::reader::start().await.map_err(|_| "the reader's code could not be fetched".into())
}

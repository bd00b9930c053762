//! The promise that nothing leaves, kept by the browser: before local data is opened the page's policy is narrowed to its
//! own files, which a page can not take back. A worker made from a `blob:` bootstrap afterwards inherits it.

use wasm_bindgen::JsCast;

/// Forbids every connection to another origin, for this page and the workers that it makes from now on.
/// Answers whether the policy stands.
pub fn forbid_connections() -> bool {
    let narrow = || {
        let document = web_sys::window()?.document()?;
        if document.query_selector("meta[data-policy]").ok()?.is_some() {
            return Some(());
        }
        let meta = document.create_element("meta").ok()?;
        meta.set_attribute("http-equiv", "Content-Security-Policy").ok()?;
        meta.set_attribute("content", "connect-src 'self' blob:").ok()?;
        meta.set_attribute("data-policy", "local").ok()?;
        document.head()?.append_child(&meta).ok()?;
        Some(())
    };
    narrow().is_some()
}

/// Whether connections were forbidden.
pub fn forbids_connections() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.query_selector("meta[data-policy]").ok().flatten().is_some())
}

/// Addresses of everything that the page loaded, as the browser's own record has them.
pub fn requests() -> Vec<String> {
    let Some(performance) = web_sys::window().and_then(|window| window.performance()) else { return Vec::new() };
    let entries = js_sys::Reflect::get(&performance, &"getEntriesByType".into())
        .ok()
        .and_then(|function| function.dyn_into::<js_sys::Function>().ok())
        .and_then(|function| function.call1(&performance, &"resource".into()).ok());
    let name = |entry| js_sys::Reflect::get(&entry, &"name".into()).ok().and_then(|name| name.as_string());
    let mut names: Vec<String> =
        entries.map(|entries| js_sys::Array::from(&entries).iter().filter_map(name).collect()).unwrap_or_default();
    names.retain(|name| !name.starts_with("blob:"));
    names.sort();
    names.dedup();
    names
}

//! The whole document, by selector: for keys, and for the screen that stands when all else has failed.

use crate::browser::dom;
use wasm_bindgen::JsCast;
use web_sys::Element;

fn find(selector: &str) -> Option<Element> {
    web_sys::window()?.document()?.query_selector(selector).ok().flatten()
}

/// Puts the focus on the first element of a selector; answers whether there was one.
pub fn focus(selector: &str) -> bool {
    let found = find(selector);
    if let Some(element) = &found {
        dom::focus(element);
    }
    found.is_some()
}

/// The page that had the focus is gone: the new one takes it, so that the keyboard goes on from there.
pub fn focus_main_if_lost() {
    focus_if_lost("#main");
}

/// What had the focus is gone: the first element of a selector takes it, or else the page.
pub fn focus_if_lost(selector: &str) {
    let is_lost = dom::focused().is_none_or(|element| element.tag_name() == "BODY");
    if is_lost && !focus(selector) {
        focus("#main");
    }
}

/// Clicks the first element of a selector, e.g. the hidden input that opens the browser's picker.
pub fn click(selector: &str) {
    if let Some(element) = find(selector).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        element.click();
    }
}

/// Width of the window in CSS pixels.
pub fn width_px() -> f64 {
    let width = web_sys::window().and_then(|window| window.inner_width().ok());
    width.and_then(|width| width.as_f64()).unwrap_or(0.0)
}

/// How far the first element of a selector is scrolled down, CSS pixels.
pub fn scroll_top_px(selector: &str) -> f64 {
    find(selector).map_or(0.0, |element| f64::from(element.scroll_top()))
}

/// Whether the tab is out of sight.
pub fn is_hidden() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}

/// Where the page came from: `https://host:port`.
pub fn origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// The title of the tab.
pub fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Shows that the page itself broke, in place of everything, without help from what broke.
pub fn show_bug(report: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let body = document.body()?;
    document.document_element()?.set_attribute("data-runglass", "error").ok()?;
    let add = |parent: &Element, tag: &str, text: &str| -> Option<Element> {
        let element = document.create_element(tag).ok()?;
        element.set_text_content(Some(text));
        parent.append_child(&element).ok()?;
        Some(element)
    };
    body.set_text_content(None);
    let main = document.create_element("main").ok()?;
    main.set_attribute("class", "boot").ok()?;
    main.set_attribute("role", "alert").ok()?;
    body.append_child(&main).ok()?;
    add(&main, "h1", "Runglass broke")?;
    add(
        &main,
        "p",
        "This is our mistake, not your data's. Nothing on your disk was touched. Reload the page to go on; the address keeps your view.",
    )?;
    let pre = add(&main, "pre", &format!("Runglass {}\n{report}", env!("CARGO_PKG_VERSION")))?;
    pre.set_attribute("tabindex", "0").ok()?;
    pre.set_attribute("aria-label", "Report").ok()?;
    Some(())
}

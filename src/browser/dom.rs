//! Small questions to the document that views can not ask through leptos: sizes, focus, the nearest element with a mark.
//!
//! It must not know any widget. Nothing here fails: what is not there answers `None` or does nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
pub use web_sys::Element;
use web_sys::{EventTarget, FocusOptions, HtmlElement, ResizeObserver};

/// An id that no other element of this page has.
pub fn unique_id(prefix: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Watches the size of elements until it is dropped.
pub struct SizeWatch {
    observer: Option<ResizeObserver>,
    _changed: Closure<dyn FnMut()>,
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// Calls `changed` once soon, then whenever the size of one of `elements` changes.
pub fn watch_size(elements: &[&Element], changed: impl FnMut() + 'static) -> SizeWatch {
    let changed = Closure::<dyn FnMut()>::new(changed);
    let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok();
    if let Some(observer) = &observer {
        for element in elements {
            observer.observe(element);
        }
    }
    SizeWatch { observer, _changed: changed }
}

/// The inner size of an element: width and height in pixels, without scroll bars.
pub fn inner_size_px(element: &Element) -> (f64, f64) {
    (f64::from(element.client_width()), f64::from(element.client_height()))
}

/// The outer size of an element in pixels, with fractions.
pub fn size_px(element: &Element) -> (f64, f64) {
    let rect = element.get_bounding_client_rect();
    (rect.width(), rect.height())
}

/// The size that an element would take if nothing limited its height, in pixels.
pub fn natural_size_px(element: &Element) -> (f64, f64) {
    (size_px(element).0, f64::from(element.scroll_height()))
}

/// Where an element lies in the window: left, top, right, bottom.
pub fn rect_px(element: &Element) -> (f64, f64, f64, f64) {
    let rect = element.get_bounding_client_rect();
    (rect.left(), rect.top(), rect.right(), rect.bottom())
}

/// Width and height of the window.
pub fn window_size_px() -> (f64, f64) {
    let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    root.map(|root| inner_size_px(&root)).unwrap_or_default()
}

/// Moves the focus without moving what is scrolled.
pub fn focus(element: &Element) {
    let Some(element) = element.dyn_ref::<HtmlElement>() else { return };
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

/// The element that has the focus, the body excepted.
pub fn focused() -> Option<Element> {
    let document = web_sys::window()?.document()?;
    let active = document.active_element()?;
    (document.body().as_deref() != Some(active.unchecked_ref())).then_some(active)
}

/// The first element in `root` that can be reached by Tab.
pub fn first_focusable(root: &Element) -> Option<Element> {
    const REACHABLE: &str = "a[href]:not([tabindex='-1']), button:not(:disabled):not([tabindex='-1']), \
        input:not(:disabled):not([tabindex='-1']), select:not(:disabled), textarea:not(:disabled), [tabindex='0']";
    root.query_selector(REACHABLE).ok().flatten()
}

/// Every element in `root` that a selector names, in document order.
pub fn all(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = root.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)).filter_map(|node| node.dyn_into().ok()).collect()
}

/// The first element in `root` that a selector names.
pub fn first(root: &Element, selector: &str) -> Option<Element> {
    root.query_selector(selector).ok().flatten()
}

/// The element an event went to.
pub fn target_element(event: &web_sys::Event) -> Option<Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}

/// The target itself or its nearest ancestor that a selector names.
pub fn closest(event: &web_sys::Event, selector: &str) -> Option<Element> {
    target_element(event)?.closest(selector).ok().flatten()
}

/// The number in an attribute of the element or of its nearest ancestor that has it.
pub fn closest_number(element: &Element, attribute: &str) -> Option<usize> {
    element.closest(&format!("[{attribute}]")).ok().flatten()?.get_attribute(attribute)?.parse().ok()
}

/// Whether an event's other element (where the focus goes to, say) lies in `root`.
pub fn holds(root: &Element, other: Option<EventTarget>) -> bool {
    other.and_then(|other| other.dyn_into::<web_sys::Node>().ok()).is_some_and(|node| root.contains(Some(&node)))
}

/// Whether the user types here, so that letters and arrows are not ours.
pub fn takes_text(element: &Element) -> bool {
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => !matches!(element.get_attribute("type").as_deref(), Some("checkbox" | "radio" | "button" | "file")),
        _ => false,
    }
}

/// Gives an element whose text is cut its whole text as a title, and takes it away when it is not cut any more.
pub fn title_if_cut(element: &Element) {
    const MARK: &str = "data-cut";
    let cut = element.scroll_width() > element.client_width();
    if cut && !element.has_attribute("title") {
        let _ = element.set_attribute("title", element.text_content().unwrap_or_default().trim());
        let _ = element.set_attribute(MARK, "");
    } else if !cut && element.has_attribute(MARK) {
        let _ = element.remove_attribute("title");
        let _ = element.remove_attribute(MARK);
    }
}

/// The width that the widest of `elements` would take if it were free, in pixels.
pub fn natural_width_px(elements: &[Element]) -> f64 {
    let styled: Vec<&HtmlElement> = elements.iter().filter_map(|e| e.dyn_ref()).collect();
    for element in &styled {
        let _ = element.style().set_property("width", "max-content");
    }
    let widest = styled.iter().map(|e| e.get_bounding_client_rect().width()).fold(0.0, f64::max);
    for element in &styled {
        let _ = element.style().remove_property("width");
    }
    widest
}

/// Sends all later events of this pointer to the element, until it is released.
pub fn capture_pointer(element: &Element, pointer: i32) {
    let _ = element.set_pointer_capture(pointer);
}

/// How far the text of a text field is scrolled to the left, in pixels.
pub fn scroll_left_px(element: &Element) -> f64 {
    f64::from(element.scroll_left())
}

/// Scrolls the least that brings an element into view.
pub fn reveal(element: &Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

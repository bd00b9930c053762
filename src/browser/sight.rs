//! Whether an element is in sight, or nearly so.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Watches until it is dropped.
pub struct SightWatch {
    observer: Option<IntersectionObserver>,
    _changed: Closure<dyn FnMut(Array)>,
}

impl Drop for SightWatch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// Calls `changed` soon, and whenever an element comes within `margin_px` of what is seen of the page, or leaves it.
pub fn watch_sight(element: &Element, margin_px: u32, mut changed: impl FnMut(bool) + 'static) -> SightWatch {
    let changed = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
        // Several entries of one element are its history: the last counts.
        let last = entries.iter().last().and_then(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
        if let Some(entry) = last {
            changed(entry.is_intersecting());
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(&format!("{margin_px}px"));
    let observer = IntersectionObserver::new_with_options(changed.as_ref().unchecked_ref(), &options).ok();
    if let Some(observer) = &observer {
        observer.observe(element);
    }
    SightWatch { observer, _changed: changed }
}

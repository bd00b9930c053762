//! When the page itself breaks: a screen that says so, with a report that can be copied. Data is never the cause that the
//! user can mend, so there is one remedy: reload.

use std::cell::Cell;

thread_local! {
    static SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// From now on a panic shows the screen, whatever else stands in the page.
pub fn watch_for_panics() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        if !SHOWN.with(|shown| shown.replace(true)) {
            // it stays broken until the page is loaded anew
            std::mem::forget(crate::browser::signs::Broken::start());
            crate::browser::document::show_bug(&info.to_string());
        }
    }));
}

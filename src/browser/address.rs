//! The address bar: the fragment as it stands, and the two verbs that change it. *go* makes a history entry, *tune*
//! replaces the present one, at most four times a second.

use std::cell::RefCell;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

/// Least time between two writes, since browsers refuse more than about 100 in 10 s.
const WRITE_EVERY_MS: u32 = 250;

thread_local! {
    /// While nothing is written: what waits, and until when.
    static PENDING: RefCell<Option<(Option<String>, gloo::timers::callback::Timeout)>> = const { RefCell::new(None) };
}

/// The fragment, without its `#`.
pub fn fragment() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    hash.map(|hash| hash.trim_start_matches('#').to_owned()).unwrap_or_default()
}

/// Moves what stands behind `?` for us into the fragment, which no host sees: `?src=`, `?compare=`. Once, at the start.
pub fn take_entries() {
    let Some(location) = web_sys::window().map(|window| window.location()) else { return };
    let Some(entries) = location.search().ok().and_then(|text| web_sys::UrlSearchParams::new_with_str(&text).ok())
    else {
        return;
    };
    let mut fragment = fragment();
    let mut is_new = false;
    for key in ["src", "compare"] {
        if let Some(value) = entries.get(key) {
            entries.delete(key);
            is_new = true;
            let parted = if fragment.is_empty() { "" } else { "&" };
            fragment = format!("{key}={}{parted}{fragment}", String::from(js_sys::encode_uri_component(&value)));
        }
    }
    let (path, rest) = (location.pathname().unwrap_or_default(), String::from(entries.to_string()));
    let asked = if rest.is_empty() { String::new() } else { format!("?{rest}") };
    let history = web_sys::window().and_then(|window| window.history().ok()).filter(|_| is_new);
    if let Some(history) = history {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("{path}{asked}#{fragment}")));
    }
}

/// The whole address with another fragment; what Copy link puts on the clipboard.
pub fn with_fragment(fragment: &str) -> String {
    let href = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let base = href.split('#').next().unwrap_or_default();
    if fragment.is_empty() { base.to_owned() } else { format!("{base}#{fragment}") }
}

/// Loads the page anew, with another fragment.
pub fn reload_at(fragment: &str) {
    flush();
    write(fragment, true);
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// A new history entry.
pub fn go(fragment: &str) {
    flush();
    write(fragment, true);
}

/// The present entry changes: at once, or soon when it was just written, since browsers allow so many writes in a time.
pub fn tune(fragment: &str) {
    let waits = PENDING.with_borrow_mut(|pending| match pending {
        Some((waiting, _)) => {
            *waiting = Some(fragment.to_owned());
            true
        }
        None => false,
    });
    if !waits {
        write(fragment, false);
        rest();
    }
}

/// For a while nothing is written but by `flush`.
fn rest() {
    let timer = gloo::timers::callback::Timeout::new(WRITE_EVERY_MS, || {
        if flush() {
            rest();
        }
    });
    PENDING.set(Some((None, timer)));
}

/// Writes what waits, if something does.
pub fn flush() -> bool {
    let waiting = PENDING.take().and_then(|(fragment, _)| fragment);
    if let Some(fragment) = &waiting {
        write(fragment, false);
    }
    waiting.is_some()
}

fn write(fragment: &str, new_entry: bool) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let url = with_fragment(fragment);
    let written = if new_entry {
        history.push_state_with_url(&JsValue::NULL, "", Some(&url))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
    };
    if written.is_err() {
        leptos::logging::warn!("the address could not be written");
    }
}

/// Calls `changed` when the user goes back or forward, or edits the address.
pub fn on_change(changed: impl Fn() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let changed = Closure::<dyn Fn()>::new(move || {
        drop(PENDING.take());
        changed();
    });
    // what waits is written before the page goes, or a reload would lose it
    let leaving = Closure::<dyn Fn()>::new(|| {
        flush();
    });
    let _ = window.add_event_listener_with_callback("pagehide", leaving.as_ref().unchecked_ref());
    leaving.forget();
    for event in ["popstate", "hashchange"] {
        let _ = window.add_event_listener_with_callback(event, changed.as_ref().unchecked_ref());
    }
    changed.forget();
}

//! Signs for tests, benchmarks and pages that embed us: `data-runglass`, `data-runs-*` on `<html>`, and
//! `performance.measure` entries from the user's act to the painted frame.

use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

thread_local! {
    static IN_FLIGHT: Cell<u32> = const { Cell::new(0) };
    static FAILED: Cell<bool> = const { Cell::new(false) };
    static BROKEN: Cell<u32> = const { Cell::new(0) };
    static CHECK_PLANNED: Cell<bool> = const { Cell::new(false) };
}

/// Something is in flight as long as this lives.
#[derive(Debug)]
pub struct Busy(());

impl Busy {
    /// Something starts.
    pub fn start() -> Busy {
        IN_FLIGHT.with(|count| count.set(count.get() + 1));
        set("data-runglass", "busy");
        Busy(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        IN_FLIGHT.with(|count| count.set(count.get().saturating_sub(1)));
        plan_check();
    }
}

/// The page lacks a part of itself as long as this lives.
#[derive(Debug)]
pub struct Broken(());

impl Broken {
    /// From now on.
    pub fn start() -> Broken {
        BROKEN.with(|count| count.set(count.get() + 1));
        plan_check();
        Broken(())
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        BROKEN.with(|count| count.set(count.get().saturating_sub(1)));
        plan_check();
    }
}

/// Whether what is open could not be opened.
pub fn set_failed(failed: bool) {
    FAILED.with(|flag| flag.set(failed));
    plan_check();
}

/// How many runs were read, of how many.
pub fn set_runs(loaded: u64, total: Option<u64>) {
    set("data-runs-loaded", &loaded.to_string());
    match total {
        Some(total) => set("data-runs-total", &total.to_string()),
        None => remove("data-runs-total"),
    }
}

/// After the frame that shows the last change: idle only when nothing began meanwhile.
fn plan_check() {
    if CHECK_PLANNED.with(|planned| planned.replace(true)) {
        return;
    }
    after_paint(|| {
        CHECK_PLANNED.with(|planned| planned.set(false));
        if IN_FLIGHT.with(Cell::get) == 0 {
            let failed = FAILED.with(Cell::get) || BROKEN.with(Cell::get) > 0;
            set("data-runglass", if failed { "error" } else { "idle" });
        }
    });
}

/// A user's act that will be measured.
#[derive(Clone, Debug)]
pub struct Act {
    name: &'static str,
    start_ms: f64,
    done: Rc<Cell<bool>>,
}

impl Act {
    /// The act begins now.
    pub fn start(name: &'static str) -> Act {
        Act { name, start_ms: now_ms(), done: Rc::new(Cell::new(false)) }
    }

    /// Its result is in the page; the measure is taken when the frame is painted, once.
    pub fn shown(&self) {
        if self.done.replace(true) {
            return;
        }
        let (name, start_ms) = (self.name, self.start_ms);
        let busy = Busy::start();
        after_paint(move || {
            drop(busy);
            let Some(performance) = window().and_then(|window| window.performance()) else { return };
            let options = js_sys::Object::new();
            let put = |key: &str, value: f64| js_sys::Reflect::set(&options, &key.into(), &value.into());
            if put("start", start_ms).is_ok() && put("end", performance.now()).is_ok() {
                // the typed binding knows mark names only; the object form is User Timing Level 3
                let measure = js_sys::Reflect::get(&performance, &"measure".into());
                if let Some(measure) = measure.ok().and_then(|value| value.dyn_into::<js_sys::Function>().ok()) {
                    let _ = measure.call2(&performance, &format!("runglass:{name}").into(), &options);
                }
            }
        });
    }
}

/// Runs `then` after the next frame was painted; at once in a hidden tab, which paints none.
pub fn after_paint(then: impl FnOnce() + 'static) {
    let Some(window) = window() else { return };
    let hidden = window.document().is_some_and(|document| document.hidden());
    let later = Closure::once_into_js(move || gloo::timers::callback::Timeout::new(0, then).forget());
    if hidden || window.request_animation_frame(later.unchecked_ref()).is_err() {
        let _ = window.set_timeout_with_callback(later.unchecked_ref());
    }
}

/// Comes when no more than `others` things are in flight; after `most_ms` in any case.
pub async fn quiet(most_ms: f64, others: u32) {
    let start_ms = now_ms();
    loop {
        super::wait(10).await;
        if IN_FLIGHT.with(Cell::get) <= others || now_ms() - start_ms > most_ms {
            return;
        }
    }
}

/// Milliseconds since the page was opened.
pub fn now_ms() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

fn root() -> Option<web_sys::Element> {
    window()?.document()?.document_element()
}

fn set(name: &str, value: &str) {
    if let Some(root) = root() {
        let _ = root.set_attribute(name, value);
    }
}

fn remove(name: &str) {
    if let Some(root) = root() {
        let _ = root.remove_attribute(name);
    }
}

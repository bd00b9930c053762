//! Reading ahead in a File: a worker's worker reads what will be wanted next while the one that wants it is at work, since a
//! worker that reads at once waits for the browser half of its time.
//!
//! It must not know what is read. Where the browser makes no such worker nothing comes, and whoever announced reads by itself.

use crate::browser::{wait, worker};
use futures_util::future::{Either, select};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, MessageEvent, Worker};

/// What the worker runs: `{file}` once, then `{number, ranges: [start, end, ...]}`; it answers `{number, start, end, buffer}` for
/// each range, without the buffer when it can not be read.
const CODE: &str = "let file;
self.onmessage = ({ data }) => {
  file ??= data.file;
  for (let at = 0; at < (data.ranges?.length ?? 0); at += 2) {
    const [start, end] = [data.ranges[at], data.ranges[at + 1]];
    let buffer;
    try {
      buffer = new FileReaderSync().readAsArrayBuffer(file.slice(start, end));
    } catch {}
    self.postMessage({ number: data.number, start, end, buffer }, buffer ? [buffer] : []);
  }
};
";

/// So long nothing is heard of a worker that is none any more, milliseconds.
const SILENT_MS: u32 = 5_000;

/// One file, read ahead. Dropping it ends the worker.
pub struct Ahead {
    worker: Worker,
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Of the announcement that counts.
    number: Cell<u32>,
    waiting: Cell<usize>,
    /// Nothing comes from the worker any more.
    is_dead: Cell<bool>,
    here: RefCell<HashMap<(u64, u64), js_sys::ArrayBuffer>>,
    waker: RefCell<Option<Waker>>,
}

impl Shared {
    fn receive(&self, data: &JsValue) {
        let get = |key: &str| js_sys::Reflect::get(data, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if get("number").as_f64() != Some(f64::from(self.number.get())) {
            return;
        }
        if let (Some(start), Some(end), Ok(buffer)) =
            (get("start").as_f64(), get("end").as_f64(), get("buffer").dyn_into())
        {
            self.here.borrow_mut().insert((start as u64, end as u64), buffer);
        }
        self.expect(self.waiting.get().saturating_sub(1));
    }

    fn expect(&self, answers: usize) {
        self.waiting.set(answers);
        let waker = if answers == 0 { self.waker.borrow_mut().take() } else { None };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Ahead {
    /// Of a file; `None` where the browser makes no worker in a worker.
    pub fn of(file: &File) -> Option<Ahead> {
        let worker = worker::run(CODE).ok()?;
        let shared = Rc::new(Shared::default());
        let own = shared.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| own.receive(&event.data()));
        worker.set_onmessage(Some(&on_message.into_js_value().unchecked_into()));
        let own = shared.clone();
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            own.is_dead.set(true);
            own.expect(0);
        });
        worker.set_onerror(Some(&on_error.into_js_value().unchecked_into()));
        let message = js_sys::Object::new();
        js_sys::Reflect::set(&message, &"file".into(), file).ok()?;
        worker.post_message(&message).ok()?;
        Some(Ahead { worker, shared })
    }

    /// These ranges will be wanted; what came before is forgotten.
    pub fn announce(&self, ranges: &[Range<u64>]) {
        let shared = &self.shared;
        shared.number.set(shared.number.get() + 1);
        shared.here.borrow_mut().clear();
        let ends = ranges.iter().flat_map(|range| [range.start as f64, range.end as f64]).map(JsValue::from);
        let message = js_sys::Object::new();
        let put = |key: &str, value: JsValue| js_sys::Reflect::set(&message, &key.into(), &value).is_ok();
        let is_made =
            put("number", shared.number.get().into()) && put("ranges", ends.collect::<js_sys::Array>().into());
        let is_sent = is_made && !shared.is_dead.get() && self.worker.post_message(&message).is_ok();
        shared.expect(if is_sent { ranges.len() } else { 0 });
    }

    /// Until all of it came, or will not come: a worker that is silent for long counts as dead, since a browser that is short of
    /// memory ends one without a word.
    pub async fn arrived(&self) {
        let shared = &self.shared;
        if shared.waiting.get() == 0 {
            return;
        }
        let all_here = poll_fn(|context| {
            if shared.waiting.get() == 0 {
                return Poll::Ready(());
            }
            *shared.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        });
        if let Either::Right(_) = select(all_here, pin!(wait(SILENT_MS))).await {
            shared.is_dead.set(true);
            shared.expect(0);
        }
    }

    /// The bytes of a range that was announced, if they are here; they are given once.
    pub fn take(&self, range: &Range<u64>) -> Option<Vec<u8>> {
        let buffer = self.shared.here.borrow_mut().remove(&(range.start, range.end))?;
        Some(js_sys::Uint8Array::new(&buffer).to_vec())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

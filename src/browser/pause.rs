//! Letting the browser have its turn. A message to oneself comes behind what waits already, and at once after it; a timer would be
//! kept back four milliseconds each time it is set from a timer.

use js_sys::{Function, Promise};
use std::cell::RefCell;
use std::collections::VecDeque;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

thread_local! {
    static WAITING: RefCell<VecDeque<Function>> = const { RefCell::new(VecDeque::new()) };
    static BELL: Option<MessagePort> = bell();
}

/// Whoever rings it is called back in the order of the ringing.
fn bell() -> Option<MessagePort> {
    let channel = MessageChannel::new().ok()?;
    let next = Closure::<dyn Fn()>::new(|| {
        if let Some(go_on) = WAITING.with_borrow_mut(VecDeque::pop_front) {
            let _ = go_on.call0(&JsValue::UNDEFINED);
        }
    });
    channel.port1().set_onmessage(Some(next.as_ref().unchecked_ref()));
    next.forget();
    Some(channel.port2())
}

/// Goes on after so many milliseconds.
pub async fn wait(ms: u32) {
    gloo::timers::future::TimeoutFuture::new(ms).await;
}

/// Lets the browser do what waits, then goes on.
pub async fn pause() {
    let rung = Promise::new(&mut |go_on, _| {
        let is_rung = BELL.with(|bell| {
            WAITING.with_borrow_mut(|waiting| waiting.push_back(go_on.clone()));
            bell.as_ref().is_some_and(|bell| bell.post_message(&JsValue::NULL).is_ok())
        });
        if !is_rung {
            WAITING.with_borrow_mut(VecDeque::pop_back);
            let _ = go_on.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(rung).await;
}

//! The page and its reader: one worker a source, made from a `blob:` bootstrap so that the page's policy binds it.
//!
//! Messages to the worker: `{open: [things]}` once, `{give: files}` of what it [wants](crate::browser::lent) of flat lists, `{number, question}`, and
//! `{cancel: number}` for a question whose answer nobody waits for any more; `{sign: words}` when somebody else asks a server from
//! now on. Messages back: `{number, header, buffers}`
//! with the buffers transferred, `{opened: null | message}` after `open`, `{died: message}` when the reader panicked,
//! `{missing: message}` when its code could not be fetched, `{said: sentence}` why an answer takes longer.

use crate::browser::files::Thing;
use crate::browser::lent::Lender;
use crate::browser::pause;
use crate::browser::server::secret;
use crate::sources::codec::Packet;
use crate::sources::remote::Transport;
use crate::sources::rest::Credentials;
use crate::sources::{Async, Fault, FaultKind};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// The page's end of a reader. Dropping the last one ends the worker, and with it all its memory.
#[derive(Clone)]
pub struct Reader {
    inner: Rc<Inner>,
}

struct Inner {
    worker: Worker,
    waiting: RefCell<HashMap<u32, Rc<Slot>>>,
    next_number: Cell<u32>,
    died: RefCell<Option<Fault>>,
    /// Hears why an answer takes longer.
    listener: RefCell<Option<Listener>>,
    lender: RefCell<Lender>,
}

/// Hears sentences.
type Listener = Rc<dyn Fn(String)>;

#[derive(Default)]
struct Slot {
    answer: RefCell<Option<Result<Packet, Fault>>>,
    waker: RefCell<Option<Waker>>,
}

impl Slot {
    fn fill(&self, answer: Result<Packet, Fault>) {
        *self.answer.borrow_mut() = Some(answer);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

fn refused(_: JsValue) -> Fault {
    Fault::new(FaultKind::ReaderDied, "The browser refused to start a reader.")
}

/// The number under which the answer to `open` waits; questions count from 1.
const OPENED: u32 = 0;

impl Reader {
    /// Starts a worker from the page's own module at `base`.
    ///
    /// # Errors
    /// A fault when the browser refuses to make a worker.
    pub fn start(base: &str) -> Result<Reader, Fault> {
        let worker = spawn(base).map_err(refused)?;
        let opened = Rc::new(Slot::default());
        let inner = Rc::new(Inner {
            worker,
            waiting: RefCell::new(HashMap::from([(OPENED, opened)])),
            next_number: Cell::new(OPENED + 1),
            died: RefCell::default(),
            listener: RefCell::default(),
            lender: RefCell::default(),
        });
        let weak = Rc::downgrade(&inner);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(inner) = weak.upgrade() {
                let answers = inner.lender.borrow().answers(&event.data());
                match answers {
                    Some(answers) => lend(&inner, answers),
                    None => inner.receive(&event.data()),
                }
            }
        });
        inner.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let weak = Rc::downgrade(&inner);
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            if let Some(inner) = weak.upgrade() {
                inner.die(died(&text_of(&event, "message").unwrap_or_default()));
            }
        });
        inner.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
        Ok(Reader { inner })
    }

    /// From now on `listener` hears, in a sentence each time, why an answer takes longer.
    pub fn listen(&self, listener: impl Fn(String) + 'static) {
        *self.inner.listener.borrow_mut() = Some(Rc::new(listener));
    }

    /// From now on a server is told of somebody else who asks.
    pub fn sign_in(&self, credentials: &Credentials) {
        // nobody is told if it can not be: the worker is gone then, and the next question says so
        let _ = self.inner.post("sign", &secret(credentials));
    }

    /// Gives the worker the things to open, and waits until it has looked at them.
    ///
    /// # Errors
    /// What the worker says of it.
    pub async fn open(&self, things: &[Thing]) -> Result<(), Fault> {
        *self.inner.lender.borrow_mut() = Lender::of(things);
        let list: js_sys::Array = things.iter().map(Thing::message).collect();
        self.inner.post("open", &list)?;
        let slot = self.inner.waiting.borrow().get(&OPENED).cloned();
        match slot {
            Some(slot) => Answer { inner: self.inner.clone(), number: OPENED, slot }.await.map(|_| ()),
            None => Ok(()),
        }
    }
}

/// Puts the code that only the reader needs into the browser's cache, where the worker finds it. What fails is asked for
/// again by the worker itself.
pub fn fetch_ahead(base: &str) {
    let Some(window) = web_sys::window() else { return };
    let asked = window.fetch_with_str(&format!("{base}split_reader.wasm"));
    wasm_bindgen_futures::spawn_local(async move {
        if let Ok(response) = wasm_bindgen_futures::JsFuture::from(asked).await {
            // the cache keeps only what was read to its end
            let body = response.unchecked_into::<web_sys::Response>().blob();
            if let Ok(body) = body {
                let _ = wasm_bindgen_futures::JsFuture::from(body).await;
            }
        }
    });
}

fn spawn(base: &str) -> Result<Worker, JsValue> {
    // a worker made from an address ignores the page's policy; one from a blob inherits it
    let base = js_sys::JSON::stringify(&base.into())?;
    let code = format!(
        "const base = {base};\nconst early = [];\nself.onmessage = (event) => early.push(event);\n\
         let handle;\ntry {{\n  const app = await import(new URL('app.js', base).href);\n  await app.default();\n\
         handle = await app.worker();\n}} catch (error) {{\n  self.postMessage({{ missing: String(error) }});\n}}\n\
         if (handle) {{\n  self.onmessage = (event) => handle(event.data);\n  for (const event of early) handle(event.data);\n}}\n"
    );
    run(&code)
}

/// A worker that runs this code, a module.
///
/// # Errors
/// When the browser refuses.
pub fn run(code: &str) -> Result<Worker, JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&code.into()), &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&address, &options);
    // the address must live until the worker has read it
    gloo::timers::callback::Timeout::new(30_000, move || {
        let _ = web_sys::Url::revoke_object_url(&address);
    })
    .forget();
    worker
}

/// Sends Files one message after the other, while the browser has its turns; until the worker is gone.
fn lend(inner: &Rc<Inner>, answers: Vec<JsValue>) {
    let weak = Rc::downgrade(inner);
    wasm_bindgen_futures::spawn_local(async move {
        for answer in answers {
            let Some(inner) = weak.upgrade() else { return };
            let _ = inner.worker.post_message(&answer);
            drop(inner);
            pause().await;
        }
    });
}

impl Inner {
    fn receive(&self, data: &JsValue) {
        if let Some(message) = text_of(data, "died") {
            self.die(died(&message));
            return;
        }
        if let Some(message) = text_of(data, "missing") {
            self.die(missing(&message));
            return;
        }
        if let Some(sentence) = text_of(data, "said") {
            let listener = self.listener.borrow().clone();
            if let Some(listener) = listener {
                listener(sentence);
            }
            return;
        }
        let get = |key: &str| js_sys::Reflect::get(data, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if js_sys::Reflect::has(data, &"opened".into()).unwrap_or(false) {
            let failed = get("opened").as_string();
            let answer = match failed {
                Some(message) => Err(serde_json::from_str(&message)
                    .unwrap_or_else(|_| Fault::new(FaultKind::Unreadable, "What was dropped could not be opened."))),
                None => Ok(Packet::default()),
            };
            self.fill(OPENED, answer);
            return;
        }
        let Some(number) = get("number").as_f64() else { return };
        let header = get("header").as_string().unwrap_or_default();
        let buffers = js_sys::Array::from(&get("buffers"));
        let buffers = buffers.iter().map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec()).collect();
        self.fill(number as u32, Ok(Packet { header, buffers }));
    }

    fn fill(&self, number: u32, answer: Result<Packet, Fault>) {
        // an answer that nobody waits for any more is dropped by its number
        let slot = self.waiting.borrow_mut().remove(&number);
        if let Some(slot) = slot {
            slot.fill(answer);
        }
    }

    fn die(&self, fault: Fault) {
        *self.died.borrow_mut() = Some(fault.clone());
        let waiting: Vec<Rc<Slot>> = self.waiting.borrow_mut().drain().map(|(_, slot)| slot).collect();
        for slot in waiting {
            slot.fill(Err(fault.clone()));
        }
    }
}

fn died(message: &str) -> Fault {
    Fault::new(
        FaultKind::ReaderDied,
        format!("The reader stopped unexpectedly ({message}). What was read stays; restart to read on."),
    )
}

fn missing(message: &str) -> Fault {
    Fault::new(
        FaultKind::ReaderDied,
        format!(
            "The code that reads could not be fetched ({message}). The network may be gone, or the site has a newer build: then reload the page."
        ),
    )
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn text_of(value: &JsValue, key: &str) -> Option<String> {
    js_sys::Reflect::get(value, &key.into()).ok()?.as_string()
}

/// A question that was sent. Dropped, its answer will be dropped too.
struct Answer {
    inner: Rc<Inner>,
    number: u32,
    slot: Rc<Slot>,
}

impl Future for Answer {
    type Output = Result<Packet, Fault>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.slot.answer.borrow_mut().take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                *self.slot.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let is_waiting = self.inner.waiting.borrow_mut().remove(&self.number).is_some();
        if is_waiting {
            // nobody is told if it can not be: the worker is gone then
            let _ = self.inner.post("cancel", &self.number.into());
        }
    }
}

impl Transport for Reader {
    fn ask(&self, question: String) -> Async<'_, Packet> {
        let asked = self.send(question);
        Box::pin(async move { asked?.await })
    }
}

impl Inner {
    fn post(&self, key: &str, value: &JsValue) -> Result<(), Fault> {
        let message = js_sys::Object::new();
        js_sys::Reflect::set(&message, &key.into(), value)
            .and_then(|_| self.worker.post_message(&message))
            .map_err(refused)
    }
}

impl Reader {
    fn send(&self, question: String) -> Result<Answer, Fault> {
        if let Some(fault) = self.inner.died.borrow().as_ref() {
            return Err(fault.clone());
        }
        let number = self.inner.next_number.get();
        self.inner.next_number.set(number.wrapping_add(1).max(OPENED + 1));
        let slot = Rc::new(Slot::default());
        self.inner.waiting.borrow_mut().insert(number, slot.clone());
        let answer = Answer { inner: self.inner.clone(), number, slot };
        let message = js_sys::Object::new();
        js_sys::Reflect::set(&message, &"number".into(), &number.into())
            .and_then(|_| js_sys::Reflect::set(&message, &"question".into(), &question.into()))
            .and_then(|_| self.inner.worker.post_message(&message))
            .map_err(|_| died("it takes no messages"))?;
        Ok(answer)
    }
}

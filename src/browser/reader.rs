//! The worker's end: opens what it is given and answers what it is asked: of files one question after the other, of a server
//! several at a time, since it is waited for. With all that reads below it, it is a part of its own, `reader`, that only the
//! worker loads.

use crate::browser::carriers::{FileBytes, FileFolder, HandleFolder};
use crate::browser::fetch::Fetch;
use crate::browser::files::object;
use crate::browser::lent::Lent;
use crate::browser::served::Wire;
use crate::browser::server::{Connection, of_secret};
use crate::sources::codec::Packet;
use crate::sources::hosted::Hosted;
use crate::sources::remote::answer;
use crate::sources::rest::Tracking;
use crate::sources::{Fault, FaultKind, Source, open};
use futures_util::future::{AbortHandle, abortable};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, File, FileSystemDirectoryHandle};

#[derive(Default)]
struct Host {
    /// The flat lists of which the page lends Files.
    lent: RefCell<Vec<Rc<Lent>>>,
    source: RefCell<Option<Rc<dyn Source>>>,
    /// The same, if it is a server: it waits for somebody else most of the time.
    server: RefCell<Option<Rc<Tracking>>>,
    questions: RefCell<VecDeque<(u32, String)>>,
    answering: Cell<bool>,
    /// Questions to a source that is far, while they are under way.
    asked: RefCell<HashMap<u32, AbortHandle>>,
}

/// The part's code could not be fetched.
#[derive(Debug)]
pub struct Missing;

impl From<leptos::wasm_split::SplitLoaderError> for Missing {
    fn from(_: leptos::wasm_split::SplitLoaderError) -> Missing {
        Missing
    }
}

/// Starts the reader, once its part is fetched: answers the function that takes the worker's messages.
///
/// # Errors
/// The part can not be fetched; a later call tries again.
#[leptos::wasm_split::wasm_split(reader, wasm_split_path = ::leptos::wasm_split, fallible)]
pub fn start() -> Result<js_sys::Function, Missing> {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        post("died", &info.to_string().into());
    }));
    let host = Rc::new(Host::default());
    let handle = Closure::<dyn Fn(JsValue)>::new(move |data: JsValue| receive(&host, &data));
    Ok(handle.into_js_value().unchecked_into())
}

fn receive(host: &Rc<Host>, data: &JsValue) {
    let get = |key: &str| js_sys::Reflect::get(data, &key.into()).unwrap_or(JsValue::UNDEFINED);
    if let Ok(things) = get("open").dyn_into::<js_sys::Array>() {
        let server = server(&things);
        host.server.borrow_mut().clone_from(&server);
        let opened = match server {
            Some(server) => Ok(server as Rc<dyn Source>),
            None => open_things(&things, &mut host.lent.borrow_mut()),
        };
        let opened = opened.map(|source| *host.source.borrow_mut() = Some(source));
        let answer = opened.err().and_then(|fault| serde_json::to_string(&fault).ok());
        post("opened", &answer.map_or(JsValue::NULL, JsValue::from));
    } else if !get("give").is_undefined() {
        host.lent.borrow().iter().for_each(|lent| lent.take(data));
    } else if let (Some(number), Some(question)) = (get("number").as_f64(), get("question").as_string()) {
        let number = number as u32;
        let host = host.clone();
        if host.server.borrow().is_some() {
            wasm_bindgen_futures::spawn_local(async move { answer_one(&host, number, &question).await });
            return;
        }
        host.questions.borrow_mut().push_back((number, question));
        if !host.answering.replace(true) {
            wasm_bindgen_futures::spawn_local(async move { answer_all(&host).await });
        }
    } else if let Ok(secret) = get("sign").dyn_into::<js_sys::Array>() {
        host.server.borrow().iter().for_each(|server| server.sign_in(of_secret(&secret)));
    } else if let Some(number) = get("cancel").as_f64() {
        let number = number as u32;
        host.questions.borrow_mut().retain(|(own, _)| *own != number);
        if let Some(asked) = host.asked.borrow_mut().remove(&number) {
            asked.abort();
        }
    }
}

async fn answer_one(host: &Host, number: u32, question: &str) {
    let Some(source) = host.source.borrow().clone() else { return };
    let (answer, handle) = abortable(answer(&*source, question));
    host.asked.borrow_mut().insert(number, handle);
    if let Ok(packet) = answer.await {
        host.asked.borrow_mut().remove(&number);
        send(number, packet);
    }
}

async fn answer_all(host: &Host) {
    loop {
        let next = host.questions.borrow_mut().pop_front();
        let Some((number, question)) = next else { break };
        let source = host.source.borrow().clone();
        if let Some(source) = source {
            let packet = answer(&*source, &question).await;
            send(number, packet);
        }
        // let the next messages in between two answers
        crate::browser::pause().await;
    }
    host.answering.replace(false);
}

/// A server is opened alone.
fn server(things: &js_sys::Array) -> Option<Rc<Tracking>> {
    let message = js_sys::Reflect::get(&things.get(0), &"server".into()).ok()?;
    let Connection { address, credentials, workspace } = Connection::of_message(&message)?;
    Some(Rc::new(Tracking::new(Rc::new(Fetch), address, credentials, workspace)))
}

fn open_things(things: &js_sys::Array, lists: &mut Vec<Rc<Lent>>) -> Result<Rc<dyn Source>, Fault> {
    let mut parts: Vec<(String, open::Part)> = Vec::new();
    for thing in things.iter() {
        let get = |key: &str| js_sys::Reflect::get(&thing, &key.into()).unwrap_or(JsValue::UNDEFINED);
        let name = get("name").as_string().unwrap_or_default();
        let (handle, file) = (get("handle"), get("file"));
        let part = if !handle.is_undefined() {
            let handle: FileSystemDirectoryHandle = handle.unchecked_into();
            open::Part::Folder(Rc::new(HandleFolder::new(handle)))
        } else if let Some(address) = get("served").as_string() {
            parts.extend(served_parts(name, &Wire::new(address), &js_sys::Array::from(&get("files")))?);
            continue;
        } else if !file.is_undefined() {
            let file: File = file.unchecked_into();
            open::Part::File(Rc::new(FileBytes::new(file)))
        } else {
            let texts = |key: &str| -> Vec<String> {
                js_sys::Array::from(&get(key)).iter().map(|path| path.as_string().unwrap_or_default()).collect()
            };
            let paths = texts("paths");
            let lent = Lent::new(lists.len(), paths.len());
            lists.push(lent.clone());
            open::Part::Folder(Rc::new(FileFolder::new(&paths, lent, &texts("lost"))))
        };
        parts.push((name, part));
    }
    if parts.is_empty() {
        return Err(Fault::new(FaultKind::NotRecognised, "Nothing was dropped that could be read."));
    }
    open::source(parts)
}

/// A served folder, or a served file with those that belong to it.
fn served_parts(name: String, wire: &Wire, files: &js_sys::Array) -> Result<Vec<(String, open::Part)>, Fault> {
    if files.length() == 0 {
        return Ok(vec![(name, open::Part::Folder(Rc::new(Hosted::new(wire.clone()))))]);
    }
    let mut parts = Vec::new();
    for name in files.iter().filter_map(|name| name.as_string()) {
        match wire.open_now(&name) {
            Ok(file) => parts.push((name, open::Part::File(Rc::new(file)))),
            // the log of a database goes when whoever writes it is done
            Err(fault) if fault.kind == FaultKind::NotFound && !parts.is_empty() => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(parts)
}

fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

/// Tells the page something that nobody asked for.
pub(super) fn post(key: &str, value: &JsValue) {
    post_message(&object(&[(key, value)]));
}

/// The same with several values.
pub(super) fn post_message(message: &JsValue) {
    if let Some(scope) = scope() {
        let _ = scope.post_message(message);
    }
}

fn send(number: u32, packet: Packet) {
    let buffers = js_sys::Array::new();
    for buffer in packet.buffers {
        buffers.push(&js_sys::Uint8Array::from(buffer.as_slice()).buffer());
    }
    let message = object(&[("number", &number.into()), ("header", &packet.header.into()), ("buffers", &buffers)]);
    if let Some(scope) = scope() {
        let _ = scope.post_message_with_transfer(&message, &buffers);
    }
}

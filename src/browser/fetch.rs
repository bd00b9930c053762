//! Requests by the browser's own fetch, from the page or a worker. It must not know what is asked.

use crate::browser::wait;
use crate::sources::http::{Http, Method, NoAnswer, Request, Response, Sent, WHOLE};
use gloo::timers::callback::Timeout;
use js_sys::{Promise, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCredentials, RequestInit, RequestMode, RequestRedirect,
    ResponseType,
};

/// What is told of a redirect that was not followed.
const REDIRECT: u16 = 302;

/// Of whoever runs this: the page, or a worker that was made from a `blob:` of it.
pub struct Fetch;

/// A request under way; dropped, it is aborted.
struct Under(AbortController);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long a request is waited for: it is aborted when nothing came for a while, or not all of it in [`WHOLE`] times as long.
struct Patience {
    controller: AbortController,
    silence_ms: u32,
    is_late: Rc<Cell<bool>>,
    silence: RefCell<Option<Timeout>>,
    _whole: Timeout,
}

impl Patience {
    fn new(controller: &AbortController, silence_ms: u32) -> Patience {
        let is_late = Rc::new(Cell::new(false));
        let patience = Patience {
            controller: controller.clone(),
            silence_ms,
            silence: RefCell::default(),
            _whole: abort_after(silence_ms.saturating_mul(WHOLE), controller, &is_late),
            is_late,
        };
        patience.begin_anew();
        patience
    }

    /// Something came.
    fn begin_anew(&self) {
        *self.silence.borrow_mut() = Some(abort_after(self.silence_ms, &self.controller, &self.is_late));
    }
}

fn abort_after(ms: u32, controller: &AbortController, is_late: &Rc<Cell<bool>>) -> Timeout {
    let (is_late, controller) = (is_late.clone(), controller.clone());
    Timeout::new(ms, move || {
        is_late.set(true);
        controller.abort();
    })
}

fn fetch(url: &str, init: &RequestInit) -> Result<JsFuture, JsValue> {
    let global = js_sys::global();
    let function: js_sys::Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let promise: Promise = function.call2(&global, &url.into(), init)?.dyn_into()?;
    Ok(JsFuture::from(promise))
}

/// What the browser says, without an address that it may repeat.
fn unreachable(error: &JsValue) -> NoAnswer {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|text| text.as_string()).unwrap_or_default();
    NoAnswer::Unreachable(if message.contains("://") { String::new() } else { message })
}

async fn send(request: &Request) -> Result<Response, NoAnswer> {
    let under = Under(AbortController::new().map_err(|error| unreachable(&error))?);
    let init = RequestInit::new();
    let headers = web_sys::Headers::new().map_err(|error| unreachable(&error))?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(|error| unreachable(&error))?;
    }
    init.set_method(match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    });
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(web_sys::RequestCache::NoStore);
    init.set_redirect(if request.follows { RequestRedirect::Follow } else { RequestRedirect::Manual });
    init.set_signal(Some(&under.0.signal()));
    if let Some(body) = &request.body {
        init.set_body(&body.into());
    }
    let patience = Patience::new(&under.0, request.silence_ms);
    let failed = |error: JsValue| if patience.is_late.get() { NoAnswer::TimedOut } else { unreachable(&error) };
    let response = fetch(&request.url, &init).map_err(failed)?.await.map_err(failed)?;
    let response: web_sys::Response = response.unchecked_into();
    if response.type_() == ResponseType::Opaqueredirect {
        // The browser tells neither which redirect it is nor where it leads.
        return Ok(Response { status: REDIRECT, url: request.url.clone(), ..Response::default() });
    }
    let body = body(&response, request.most_bytes, &patience, &failed).await?;
    let mut headers = Vec::new();
    for entry in response.headers().entries().into_iter().flatten() {
        let pair = js_sys::Array::from(&entry);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            headers.push((name.to_ascii_lowercase(), value));
        }
    }
    Ok(Response { status: response.status(), headers, url: response.url(), body })
}

/// All of a body, piece by piece, as long as it is not too large.
async fn body(
    response: &web_sys::Response,
    most_bytes: u64,
    patience: &Patience,
    failed: &impl Fn(JsValue) -> NoAnswer,
) -> Result<Vec<u8>, NoAnswer> {
    let mut bytes = Vec::new();
    let Some(stream) = response.body() else { return Ok(bytes) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        patience.begin_anew();
        let piece = JsFuture::from(reader.read()).await.map_err(failed)?;
        let get = |key: &str| Reflect::get(&piece, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if get("done").is_truthy() {
            return Ok(bytes);
        }
        let Ok(piece) = get("value").dyn_into::<Uint8Array>() else { continue };
        if bytes.len() as u64 + u64::from(piece.length()) > most_bytes {
            return Err(NoAnswer::TooLarge);
        }
        let start = bytes.len();
        bytes.resize(start + piece.length() as usize, 0);
        piece.copy_to(bytes.get_mut(start..).unwrap_or_default());
    }
}

impl Http for Fetch {
    fn send<'a>(&'a self, request: &'a Request) -> Sent<'a, Result<Response, NoAnswer>> {
        Box::pin(send(request))
    }

    fn is_there<'a>(&'a self, url: &'a str) -> Sent<'a, bool> {
        Box::pin(async move {
            let init = RequestInit::new();
            init.set_mode(RequestMode::NoCors);
            init.set_credentials(RequestCredentials::Omit);
            match fetch(url, &init) {
                Ok(asked) => asked.await.is_ok(),
                Err(_) => false,
            }
        })
    }

    fn tell(&self, words: &str) {
        crate::browser::reader::post("said", &words.into());
    }

    fn pause(&self, ms: u32) -> Sent<'_, ()> {
        Box::pin(wait(ms))
    }

    fn origin(&self) -> Option<String> {
        let location = Reflect::get(&js_sys::global(), &"location".into()).ok()?;
        let origin = Reflect::get(&location, &"origin".into()).ok()?.as_string()?;
        (origin != "null").then_some(origin)
    }
}

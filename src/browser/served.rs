//! What `runglass serve` gives with the page: the `<meta>` that tells of it, and in the worker the wire to it, questions by fetch,
//! large files by ranges.
//!
//! It must not know how the other end reads its disk. It asks the page's own origin alone.

use crate::sources::hosted::{Host, META, Served, file_address};
use crate::sources::{Async, Bytes, Fault, FaultKind};
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, RequestInit, Response, WorkerGlobalScope, XmlHttpRequest, XmlHttpRequestResponseType};

/// What the server of this page says of itself; `None` from a static host.
pub fn served() -> Option<Served> {
    let document = web_sys::window()?.document()?;
    let meta = document.query_selector(&format!("meta[name={META}]")).ok()??;
    serde_json::from_str(&meta.get_attribute("content")?).ok()
}

/// The address below which the page lies, with a closing slash: a worker has none of its own.
pub fn page_address() -> String {
    let href = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    let path = href.split(['?', '#']).next().unwrap_or_default();
    path.rsplit_once('/').map_or_else(String::new, |(base, _)| format!("{base}/"))
}

/// The server, for the worker.
#[derive(Clone, Debug)]
pub struct Wire {
    base: String,
}

impl Wire {
    /// To the server of the page at that address.
    pub fn new(base: String) -> Wire {
        Wire { base }
    }

    async fn post(&self, address: &str, question: String) -> Result<Response, JsValue> {
        let scope: WorkerGlobalScope = js_sys::global().dyn_into()?;
        let options = RequestInit::new();
        options.set_method("POST");
        options.set_body(&question.into());
        let request = Request::new_with_str_and_init(&format!("{}{address}", self.base), &options)?;
        request.headers().set("content-type", "application/json")?;
        Ok(JsFuture::from(scope.fetch_with_request(&request)).await?.unchecked_into())
    }
}

impl Host for Wire {
    fn ask<'a>(&'a self, address: &'a str, question: String) -> Async<'a, Vec<u8>> {
        Box::pin(async move {
            let response = self.post(address, question).await.map_err(|_| gone())?;
            let status = response.status();
            let body = JsFuture::from(response.array_buffer().map_err(|_| gone())?).await.map_err(|_| gone())?;
            let body = js_sys::Uint8Array::new(&body).to_vec();
            if status == 200 { Ok(body) } else { Err(refused(status, &body)) }
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move { Ok(Rc::new(self.open_now(path)?) as Rc<dyn Bytes>) })
    }
}

impl Wire {
    fn file(&self, path: &str, size: u64, stamp: Option<String>) -> ServedFile {
        ServedFile { name: path.to_owned(), address: format!("{}{}", self.base, file_address(path)), size, stamp }
    }

    /// A file, without waiting: what is given to be opened is opened at once.
    ///
    /// # Errors
    /// When it is not there.
    pub fn open_now(&self, path: &str) -> Result<ServedFile, Fault> {
        let file = self.file(path, 0, None);
        let asked = file.send("HEAD", &[])?;
        let header = |name: &str| asked.get_response_header(name).ok().flatten();
        let size = header("content-length").and_then(|size| size.parse().ok()).ok_or_else(gone)?;
        Ok(ServedFile { size, stamp: header("etag"), ..file })
    }
}

/// One served file; only what is asked for is ever read.
#[derive(Debug)]
pub struct ServedFile {
    name: String,
    address: String,
    size: u64,
    /// Changes when the file does.
    stamp: Option<String>,
}

impl ServedFile {
    /// A question that is answered when this returns; workers may do so.
    fn send(&self, method: &str, headers: &[(&str, &str)]) -> Result<XmlHttpRequest, Fault> {
        let sent = || {
            let request = XmlHttpRequest::new()?;
            request.open_with_async(method, &self.address, false)?;
            request.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
            for (name, value) in headers {
                request.set_request_header(name, value)?;
            }
            request.send()?;
            Ok::<_, JsValue>(request)
        };
        let request = sent().map_err(|_| gone())?;
        let name = &self.name;
        match request.status().unwrap_or(0) {
            200 | 206 => Ok(request),
            404 => Err(Fault::new(FaultKind::NotFound, format!("{name} is not there."))),
            412 => {
                let message = format!("{name} changed on disk while it was read. Restart to read it anew.");
                Err(Fault::new(FaultKind::FileChanged, message))
            }
            status => Err(Fault::new(FaultKind::Unreadable, format!("{name} could not be read ({status})."))),
        }
    }
}

impl Bytes for ServedFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let range = range.start..range.end.min(self.size);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let stretch = format!("bytes={}-{}", range.start, range.end - 1);
        let mut headers = vec![("range", stretch.as_str())];
        // one view never mixes two states of a file
        headers.extend(self.stamp.as_deref().map(|stamp| ("if-match", stamp)));
        let answer = self.send("GET", &headers)?.response().map_err(|_| gone())?;
        let bytes = js_sys::Uint8Array::new(&answer).to_vec();
        if bytes.len() as u64 == range.end - range.start { Ok(bytes) } else { Err(gone()) }
    }
}

fn gone() -> Fault {
    Fault::new(
        FaultKind::Unreadable,
        "`runglass serve` does not answer any more. Start it again, then reload the page.",
    )
}

/// What the server says of why there is no answer.
fn refused(status: u16, body: &[u8]) -> Fault {
    let told = serde_json::from_slice::<serde_json::Value>(body).ok();
    let told = told.as_ref().and_then(|told| told.get("message")?.as_str());
    Fault::new(
        FaultKind::Unreadable,
        told.map_or_else(|| format!("`runglass serve` answered {status}."), str::to_owned),
    )
}

//! What lies at the path, read-only: listings and small files in batches, large ones by ranges. The other end is
//! `sources/hosted.rs`. It must not know a format.

use crate::native::disk::{Disk, DiskFile, fault};
use crate::native::serve::guard::{failure, header, missing, refusal, respond};
use crate::sources::hosted::{ENOUGH_BYTES, FILE, LIST, ListAnswer, ListQuestion, READ, ReadQuestion, Served, pack};
use crate::sources::{Bytes, Fault, FaultKind, Folder};
use axum::body::{Body, Bytes as Piece};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH,
    RANGE,
};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A question that is longer is no page's: a thousand paths of a few kB.
const QUESTION_BYTES: usize = 16 << 20;
/// Bytes of a file that are held at once.
const PIECE_BYTES: u64 = 1 << 20;
const BYTES: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// A folder, or one file of a folder.
#[derive(Clone, Debug)]
pub struct Data {
    /// Real, without links.
    root: PathBuf,
    /// The one file; the log of a database may be read too.
    file: Option<String>,
    name: String,
}

impl Data {
    /// What lies at `path`.
    ///
    /// # Errors
    /// When nothing does.
    pub fn find(path: &Path) -> Result<Data, Fault> {
        let shown = path.to_string_lossy();
        let real = path.canonicalize().map_err(|error| fault(&shown, &error))?;
        let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        // `.` and `..` have no name of their own
        let name = name_of(path).or_else(|| name_of(&real)).unwrap_or_else(|| shown.into_owned());
        if real.is_dir() {
            return Ok(Data { root: real, file: None, name });
        }
        let (root, file) = (real.parent().map(Path::to_owned), name_of(&real));
        match (root, file) {
            (Some(root), Some(file)) => Ok(Data { root, file: Some(file), name }),
            _ => Err(Fault::new(FaultKind::NotFound, format!("{name} is neither a folder nor a file."))),
        }
    }

    /// What the user knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the page is told.
    pub fn served(&self) -> Served {
        match &self.file {
            None => Served { folder: Some(self.name.clone()), ..Served::default() },
            Some(file) => {
                let is_there = |name: &String| self.root.join(name).is_file();
                let beside = logs_of(file).into_iter().filter(is_there);
                // under the name that was given, should that have been a link
                let beside = beside.filter_map(|log| Some(format!("{}{}", self.name, log.strip_prefix(file)?)));
                Served { file: Some(self.name.clone()), beside: beside.collect(), ..Served::default() }
            }
        }
    }

    /// The path on disk that a path of the page means.
    fn path(&self, asked: &str) -> Option<String> {
        let Some(file) = &self.file else { return Some(asked.to_owned()) };
        let meant = format!("{file}{}", asked.strip_prefix(&self.name)?);
        (meant == *file || logs_of(file).contains(&meant)).then_some(meant)
    }

    /// Answers a question of the page; `what` stands after `served/`.
    pub async fn answer(&self, what: &str, request: Request) -> Response {
        let is = |address: &str| address.strip_prefix("served/") == Some(what);
        let is_folder = self.file.is_none();
        let mut answer = if is(FILE) {
            self.give(request).await
        } else if is(LIST) && is_folder {
            match question(request).await {
                Ok(question) => self.on_disk(move |disk| list(disk, &question)).await,
                Err(refusal) => refusal,
            }
        } else if is(READ) && is_folder {
            match question(request).await {
                Ok(question) => self.on_disk(move |disk| read(disk, &question)).await,
                Err(refusal) => refusal,
            }
        } else {
            missing("There is no such question.")
        };
        // what was read is not kept by the browser: it lies on this machine anyway
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    /// Reads where waiting for the disk holds up nobody.
    async fn on_disk(&self, read: impl FnOnce(&Disk) -> Result<Response, Fault> + Send + 'static) -> Response {
        let root = self.root.clone();
        let answered = tokio::task::spawn_blocking(move || read(&Disk::confined(&root)?)).await;
        answered.map_or_else(|_| failed(&gone()), |answer| answer.unwrap_or_else(|fault| failed(&fault)))
    }

    /// One file, or a range of it.
    async fn give(&self, request: Request) -> Response {
        let (request, _) = request.into_parts();
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        let asked = request.uri.query().and_then(|query| query.strip_prefix("path=")).and_then(decoded);
        let Some(path) = asked.and_then(|asked| self.path(&asked)) else {
            return missing("There is no such file.");
        };
        let text = |name| header(&request.headers, name).map(str::to_owned);
        let (range, expected) = (text(RANGE.as_str()), text(IF_MATCH.as_str()));
        let is_head = request.method == Method::HEAD;
        self.on_disk(move |disk| {
            let (file, stamp) = disk.open_stamped(&path)?;
            Ok(give(file, &format!("\"{stamp}\""), range.as_deref(), expected.as_deref(), is_head))
        })
        .await
    }
}

/// What lies beside a database and belongs to it.
fn logs_of(file: &str) -> [String; 2] {
    ["-wal", "-journal"].map(|end| format!("{file}{end}"))
}

/// The question in the body of a request.
async fn question<Q: DeserializeOwned>(request: Request) -> Result<Q, Response> {
    if *request.method() != Method::POST {
        return Err(not_allowed("POST"));
    }
    // a form of another site can post text, not JSON
    if header(request.headers(), CONTENT_TYPE.as_str()) != Some(JSON) {
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Questions are JSON."));
    }
    let refused = || refusal(StatusCode::BAD_REQUEST, "The question can not be understood.");
    let body = axum::body::to_bytes(request.into_body(), QUESTION_BYTES).await.map_err(|_| refused())?;
    serde_json::from_slice(&body).map_err(|_| refused())
}

fn list(disk: &Disk, question: &ListQuestion) -> Result<Response, Fault> {
    let lists = pollster::block_on(disk.list(&question.dirs, question.with_sizes))?;
    let answer = ListAnswer { lists, report: disk.take_report() };
    let body = serde_json::to_vec(&answer).map_err(|_| gone())?;
    Ok(respond(StatusCode::OK, JSON, Body::from(body)))
}

/// As many as fit into one answer, from the first on.
fn read(disk: &Disk, question: &ReadQuestion) -> Result<Response, Fault> {
    let (mut answers, mut bytes) = (Vec::new(), 0);
    for ask in &question.asks {
        if bytes >= ENOUGH_BYTES {
            break;
        }
        let answer = pollster::block_on(disk.read(std::slice::from_ref(ask)))?.pop().unwrap_or_else(|| Err(gone()));
        bytes += answer.as_ref().map_or(0, Vec::len) as u64;
        answers.push(answer);
    }
    Ok(respond(StatusCode::OK, BYTES, Body::from(pack(&answers))))
}

fn give(file: DiskFile, stamp: &str, range: Option<&str>, expected: Option<&str>, is_head: bool) -> Response {
    if expected.is_some_and(|expected| expected != stamp) {
        return failure(StatusCode::PRECONDITION_FAILED, "FILE_CHANGED", "The file changed on disk.");
    }
    let size = file.size();
    let stretch = match range.map(|range| range_of(range, size)) {
        None => 0..size,
        Some(Some(stretch)) => stretch,
        Some(None) => {
            let mut response =
                failure(StatusCode::RANGE_NOT_SATISFIABLE, "INVALID_PARAMETER_VALUE", "There is no such range.");
            if let Ok(all) = HeaderValue::from_str(&format!("bytes */{size}")) {
                response.headers_mut().insert(CONTENT_RANGE, all);
            }
            return response;
        }
    };
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let length = stretch.end - stretch.start;
    let stated = range.map(|_| format!("bytes {}-{}/{size}", stretch.start, stretch.end.saturating_sub(1)));
    let body = if is_head { Body::empty() } else { Body::from_stream(pieces(file, stretch)) };
    let mut response = respond(status, BYTES, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(stamp) = HeaderValue::from_str(stamp) {
        headers.insert(ETAG, stamp);
    }
    if let Some(stated) = stated.and_then(|stated| HeaderValue::from_str(&stated).ok()) {
        headers.insert(CONTENT_RANGE, stated);
    }
    response
}

/// The bytes of a file in pieces, so that a large one is never held.
fn pieces(file: DiskFile, stretch: Range<u64>) -> impl futures_util::Stream<Item = std::io::Result<Piece>> {
    futures_util::stream::unfold((Arc::new(file), stretch), |(file, left)| async move {
        if left.is_empty() {
            return None;
        }
        let end = left.end.min(left.start + PIECE_BYTES);
        let (own, part) = (file.clone(), left.start..end);
        let read = tokio::task::spawn_blocking(move || own.read(part)).await;
        let piece = match read {
            // a file that became shorter: the length that was stated can not be kept
            Ok(Ok(bytes)) if bytes.len() as u64 == end - left.start => Ok(Piece::from(bytes)),
            _ => Err(std::io::Error::other("the file changed while it was read")),
        };
        let next = if piece.is_ok() { end } else { left.end };
        Some((piece, (file, next..left.end)))
    })
}

/// One range of bytes, `bytes=a-b`, `bytes=a-` or `bytes=-n`, of a file of `size`.
fn range_of(text: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.parse::<u64>().ok();
    let range = match (first, last) {
        ("", last) => size.saturating_sub(number(last)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => number(first)?..number(last)?.saturating_add(1).min(size),
    };
    (!range.is_empty()).then_some(range)
}

/// The text behind `%` escapes, where it is text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn not_allowed(allowed: &'static str) -> Response {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "What is served can only be read.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn failed(fault: &Fault) -> Response {
    match fault.kind {
        FaultKind::NotFound => failure(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", &fault.message),
        _ => failure(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", &fault.message),
    }
}

fn gone() -> Fault {
    Fault::new(FaultKind::Unreadable, "Reading was broken off.")
}

#[cfg(test)]
mod tests {
    use super::{decoded, range_of};

    #[test]
    fn ranges_are_cut_at_the_end() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            assert_eq!(range_of(text, 10).map(|range| (range.start, range.end)), expected, "{text}");
        };
        check("bytes=0-3", Some((0, 4)));
        check("bytes=8-99", Some((8, 10)));
        check("bytes=4-", Some((4, 10)));
        check("bytes=-3", Some((7, 10)));
        check("bytes=-99", Some((0, 10)));
        for text in [
            "bytes=10-11",
            "bytes=3-2",
            "bytes=0-1,4-5",
            "bytes=a-b",
            "0-3",
            "bytes=-0",
            "bytes=0-18446744073709551616",
        ] {
            check(text, None);
        }
        check("bytes=1-18446744073709551615", Some((1, 10)));
    }

    #[test]
    fn names_come_back_from_their_escapes() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(decoded(text).as_deref(), expected, "{text}");
        check("a%20b/%C3%A9+", Some("a b/\u{e9}+"));
        for text in ["%", "%4", "%zz", "%ff", "%+1"] {
            check(text, None);
        }
    }
}

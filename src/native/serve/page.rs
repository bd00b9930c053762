//! The built page: out of this program, or from a directory. It must not know what else is served; it only writes that into
//! `index.html`.

use crate::native::serve::guard::{missing, refusal, respond};
use crate::sources::hosted::{META, Served};
use crate::sources::{Fault, FaultKind};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

const INDEX: &str = "index.html";
/// What lies in a build's own directory is named by what it holds.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where the files of the page come from.
#[derive(Debug)]
pub enum Page {
    /// Out of this program.
    Inside,
    /// A directory that `cargo xtask build` made.
    Directory(PathBuf),
}

#[cfg(feature = "serve")]
mod inside {
    /// `dist/` as it was when the program was built.
    #[derive(rust_embed::RustEmbed)]
    #[folder = "dist/"]
    #[allow_missing = true]
    struct Dist;

    pub fn file(path: &str) -> Option<std::borrow::Cow<'static, [u8]>> {
        Dist::get(path).map(|file| file.data)
    }
}

#[cfg(not(feature = "serve"))]
mod inside {
    pub fn file(_path: &str) -> Option<std::borrow::Cow<'static, [u8]>> {
        None
    }
}

impl Page {
    /// The page in `directory`, or the one in this program.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(directory: Option<&Path>) -> Result<Page, Fault> {
        let (page, message) = match directory {
            Some(directory) => {
                (Page::Directory(directory.to_owned()), format!("There is no page in {}.", directory.display()))
            }
            None => (Page::Inside, "This program was built without the page.".to_owned()),
        };
        if page.file(INDEX).is_some() {
            return Ok(page);
        }
        let remedy = "`cargo xtask build --binary` makes the page and a program that holds it; `--page DIR` serves a page that was built.";
        Err(Fault::new(FaultKind::NotFound, format!("{message} {remedy}")))
    }

    fn file(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Page::Inside => inside::file(path),
            Page::Directory(directory) => std::fs::read(directory.join(path)).ok().map(Cow::Owned),
        }
    }

    /// Answers a request for one of the page's files.
    pub fn answer(&self, request: &Request, served: &Served) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "The page can only be read.");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let path = request.uri().path().trim_start_matches('/');
        let path = if path.is_empty() { INDEX } else { path };
        // the page's own names need no escapes, and none of them leads upwards
        let is_plain = |part: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            part.bytes().all(allowed) && !part.starts_with('.') && !part.is_empty()
        };
        let Some(mut bytes) = Some(path).filter(|path| path.split('/').all(is_plain)).and_then(|path| self.file(path))
        else {
            return missing("There is no such file.");
        };
        if path == INDEX {
            bytes = Cow::Owned(told(&String::from_utf8_lossy(&bytes), served).into_bytes());
        }
        let length = bytes.len();
        let body = if request.method() == Method::HEAD { Body::empty() } else { Body::from(bytes.into_owned()) };
        let mut response = respond(StatusCode::OK, media_type(path), body);
        let cache = if path.starts_with("b-") { FOR_EVER } else { "no-cache" };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        response
    }
}

/// `index.html`, with what is served in its head.
fn told(index: &str, served: &Served) -> String {
    if *served == Served::default() {
        return index.to_owned();
    }
    let content = serde_json::to_string(served).unwrap_or_default();
    let escaped = content
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;");
    index.replacen("</head>", &format!("<meta name=\"{META}\" content=\"{escaped}\">\n</head>"), 1)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::sources::hosted::Served;

    #[test]
    fn names_can_not_leave_the_attribute() {
        let served = Served { folder: Some("a\"'><script>&amp;".to_owned()), ..Served::default() };
        let index = told("<head></head><body></head>", &served);
        let expected = "<meta name=\"runglass-served\" content=\"{&quot;folder&quot;:&quot;a\\&quot;&#39;&gt;&lt;script&gt;&amp;amp;&quot;}\">";
        assert_eq!(index, format!("<head>{expected}\n</head><body></head>"));
        assert_eq!(told("<head></head>", &Served::default()), "<head></head>");
    }
}

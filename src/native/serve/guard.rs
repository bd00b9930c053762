//! Who may ask: requests that come under a name of this machine, and for data only those of our own page. Every answer gets the
//! headers that keep other pages out.
//!
//! Binding to loopback keeps other machines out, not other pages: any site can make a browser ask 127.0.0.1, under its own
//! name even (DNS rebinding).

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::net::IpAddr;

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The names under which it answers.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    listens_on: IpAddr,
}

impl Guard {
    /// Of a server that listens there.
    pub fn new(listens_on: IpAddr) -> Guard {
        Guard { listens_on }
    }

    /// Whether a `Host` names this machine. The port does not matter: who comes through a tunnel names another one, and a page
    /// that plays tricks with names owns the name, not the port.
    fn knows(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        match name.parse::<IpAddr>() {
            // no page can make an address of numbers lead elsewhere
            Ok(address) => address.is_loopback() || address == self.listens_on || self.listens_on.is_unspecified(),
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Refuses what came under another name.
    pub fn refuse_host(&self, request: &Request) -> Option<Response> {
        if request.uri().authority().is_some() {
            return Some(refusal(StatusCode::BAD_REQUEST, "This is no proxy for other hosts."));
        }
        if header(request.headers(), HOST.as_str()).is_some_and(|host| self.knows(host)) {
            return None;
        }
        let text = "Runglass answers under the names of this machine alone (localhost, 127.0.0.1), so that no other site can read it.";
        Some(refusal(StatusCode::FORBIDDEN, text))
    }
}

/// Refuses what a page of another origin asks. What is no browser says nothing of where it comes from, and may ask.
pub fn refuse_origin(request: &Request) -> Option<Response> {
    let headers = request.headers();
    let is_own_site = header(headers, SEC_FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let own = header(headers, HOST.as_str()).map(|host| format!("http://{host}"));
    let is_own_origin = headers.get(ORIGIN).is_none_or(|origin| own.is_some_and(|own| origin == own.as_str()));
    let is_own = is_own_site && is_own_origin;
    (!is_own).then(|| refusal(StatusCode::FORBIDDEN, "Only Runglass's own page may ask here."))
}

/// The value of a header, where it is text.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// An answer that says why there is none, in MLflow's form.
pub fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "error_code": code, "message": message }).to_string();
    respond(status, "application/json", Body::from(body))
}

/// What is not allowed.
pub fn refusal(status: StatusCode, message: &str) -> Response {
    failure(status, "PERMISSION_DENIED", message)
}

/// What is not there.
pub fn missing(message: &str) -> Response {
    failure(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", message)
}

/// An answer of one type.
pub fn respond(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The headers of every answer. What is no part of the page can do nothing, should a browser show it as a page of its own.
pub fn with_headers(mut response: Response, is_page: bool) -> Response {
    let policy = if is_page { "frame-ancestors 'self'" } else { "default-src 'none'; sandbox" };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn names_of_this_machine_alone() {
        let check = |listens_on: &str, host: &str, expected: bool| {
            let guard = Guard::new(listens_on.parse().expect("an address"));
            assert_eq!(guard.knows(host), expected, "{host} at {listens_on}");
        };
        for host in ["127.0.0.1:4747", "127.0.0.1", "localhost:9000", "LOCALHOST", "[::1]:4747", "127.1.2.3"] {
            check("127.0.0.1", host, true);
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:4747",
            "",
            "192.168.1.5",
            "[",
            "x@127.0.0.1",
        ] {
            check("127.0.0.1", host, false);
        }
        check("192.168.1.5", "192.168.1.5:80", true);
        check("192.168.1.5", "192.168.1.6:80", false);
        check("0.0.0.0", "192.168.1.6:80", true);
        check("0.0.0.0", "evil.example:80", false);
    }
}

//! One tracking server, reached through our own origin: questions go there and answers come back as they stream. It reads only:
//! what is no question is refused, no other host is ever asked.
//!
//! It must not know what is asked or answered, beyond the names of the questions.

use crate::native::http::words;
use crate::native::serve::guard::{failure, refusal};
use crate::sources::{Fault, FaultKind};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use reqwest::{Url, redirect};
use std::net::IpAddr;
use std::time::Duration;

/// Questions that MLflow takes by POST, since they are too long for an address. They change nothing.
const QUESTIONS: &[&str] = &[
    "artifacts/credentials-for-read",
    "artifacts/presigned-download-url",
    "datasets/search",
    "experiments/search",
    "experiments/search-datasets",
    "logged-models/search",
    "registered-models/get-latest-versions",
    "runs/search",
    "traces/search",
];
const PREFIXES: &[&str] = &["api/2.0/mlflow/", "api/3.0/mlflow/", "ajax-api/2.0/mlflow/", "ajax-api/3.0/mlflow/"];

/// A server that is not there shows soon; how long an answer takes is for the page to judge.
const CONNECT_TIME: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;

/// Headers that belong to one connection.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What a browser says of our own origin, which is none of the server's business: cookies, and where the page came from.
const OURS: &[&str] = &["cookie", "forwarded", "host", "origin", "referer"];
/// What would have a meaning for our own origin, not for the server's.
const THEIRS: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "link",
    "location",
    "refresh",
    "service-worker-allowed",
    "set-cookie",
    "strict-transport-security",
];
/// Where the page finds how to log in: under its own name the browser would ask the user by itself, and keep the password.
const AUTHENTICATE: HeaderName = HeaderName::from_static("x-upstream-authenticate");

/// Where the page finds under which name the server was asked: it knows ours alone.
const HOST: HeaderName = HeaderName::from_static("x-upstream-host");

/// The one server.
pub struct Upstream {
    base: Url,
    client: reqwest::Client,
}

impl Upstream {
    /// The server at an address.
    ///
    /// # Errors
    /// When it is none, or holds what does not belong there.
    pub fn new(address: &str) -> Result<Upstream, Fault> {
        let mistake = |message: String| Fault::new(FaultKind::NotFound, message);
        let base = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base =
            base.ok_or_else(|| mistake(format!("{address} is no address of a server, like http://127.0.0.1:5000")))?;
        if !base.username().is_empty() || base.password().is_some() {
            let text = "The address may not hold a user or a password; the page asks for them and sends them along.";
            return Err(mistake(text.to_owned()));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(mistake("The address of a server has no ? and no #.".to_owned()));
        }
        let own = base.origin();
        let same_host = redirect::Policy::custom(move |attempt| {
            let is_own = attempt.url().origin() == own && attempt.previous().len() <= REDIRECTS;
            if is_own { attempt.follow() } else { attempt.stop() }
        });
        // the one that is already set serves as well
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = reqwest::Client::builder().redirect(same_host).connect_timeout(CONNECT_TIME).referer(false);
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        // a proxy of the network can not reach this machine's own servers
        if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
            client = client.no_proxy();
        }
        let client =
            client.build().map_err(|error| mistake(format!("{address} can not be reached: {}", words(&error))))?;
        Ok(Upstream { base, client })
    }

    /// Its address.
    pub fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// The whole address of `rest`, below the server's own path.
    fn address(&self, rest: &str, query: Option<&str>) -> Option<Url> {
        if !rest.split('/').all(is_straight) {
            return None;
        }
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{rest}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        Some(url)
    }

    /// Passes a request on; `rest` is its path below our own.
    pub async fn answer(&self, rest: &str, request: Request) -> Response {
        if !may_pass(request.method(), rest) {
            let text =
                format!("Runglass only reads: {} {rest} is not passed on to the tracking server.", request.method());
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, &text);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let Some(url) = self.address(rest, request.uri().query()) else {
            let text = "The path leads out of the tracking server's own.";
            return failure(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", text);
        };
        let headers = passed(request.headers(), OURS, "sec-");
        let mut asked = self.client.request(request.method().clone(), url).headers(headers);
        if *request.method() == Method::POST {
            asked = asked.body(reqwest::Body::wrap_stream(request.into_body().into_data_stream()));
        }
        match asked.send().await {
            Ok(answer) if answer.status().is_redirection() && answer.status() != StatusCode::NOT_MODIFIED => {
                self.redirected(&answer)
            }
            Ok(answer) => self.given(answer),
            Err(error) => {
                let text = format!("The tracking server at {} does not answer: {}.", self.shown(), words(&error));
                failure(StatusCode::BAD_GATEWAY, "TEMPORARILY_UNAVAILABLE", &text)
            }
        }
    }

    /// An answer of the server as ours.
    fn given(&self, answer: reqwest::Response) -> Response {
        let status = answer.status();
        // no other origin may read what comes through us
        let mut headers = passed(answer.headers(), THEIRS, "access-control-");
        if let Some(how) = headers.remove(header::WWW_AUTHENTICATE) {
            headers.insert(AUTHENTICATE, how);
        }
        if let Ok(host) = HeaderValue::from_str(self.base.authority()) {
            headers.insert(HOST, host);
        }
        let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn redirected(&self, answer: &reqwest::Response) -> Response {
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| answer.url().join(location).ok());
        let there = target.map_or_else(|| "nowhere".to_owned(), |target| target.origin().ascii_serialization());
        let text = format!(
            "The tracking server at {} sends its visitors on to {there}, mostly to log in there; Runglass asks no other server.",
            self.shown()
        );
        // as it stands, but without the address: a browser then follows nowhere, and the page can tell what it was
        failure(answer.status(), "REDIRECTED", &text)
    }
}

/// Whether a request only reads.
fn may_pass(method: &Method, rest: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => {
            PREFIXES.iter().any(|prefix| rest.strip_prefix(prefix).is_some_and(|name| QUESTIONS.contains(&name)))
        }
        _ => false,
    }
}

/// Whether a part of a path stays where it is, also for a server that undoes its escapes.
fn is_straight(part: &str) -> bool {
    let plain = part.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
    let plain = plain.replace("%5c", "\\").replace("%5C", "\\");
    !part.contains('\\') && plain.split(['/', '\\']).all(|part| !matches!(part, "." | ".."))
}

/// The headers that go further: not those of the connection, nor those in `kept_back`, nor any that begin with `family`.
fn passed(headers: &HeaderMap, kept_back: &[&str], family: &str) -> HeaderMap {
    let named = headers.get_all(header::CONNECTION);
    let named: Vec<String> = named
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let goes = |name: &HeaderName| {
        let name = name.as_str();
        !HOP_BY_HOP.contains(&name)
            && !kept_back.contains(&name)
            && !name.starts_with(family)
            && !named.iter().any(|own| own == name)
    };
    headers.iter().filter(|(name, _)| goes(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Upstream, is_straight, may_pass};
    use axum::http::Method;

    #[test]
    fn questions_pass_and_nothing_else() {
        let check = |method: Method, rest: &str, expected: bool| {
            assert_eq!(may_pass(&method, rest), expected, "{method} {rest}");
        };
        check(Method::GET, "version", true);
        check(Method::HEAD, "get-artifact", true);
        for rest in
            ["api/2.0/mlflow/runs/search", "ajax-api/3.0/mlflow/traces/search", "api/2.0/mlflow/logged-models/search"]
        {
            check(Method::POST, rest, true);
            for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE, Method::CONNECT]
            {
                check(method, rest, false);
            }
        }
        for rest in [
            "api/2.0/mlflow/runs/create",
            "api/2.0/mlflow/runs/search/",
            "api/2.0/mlflow/runs/delete?x=runs/search",
            "api/2.0/mlflow/runs/create/../search",
            "api/2.0/mlflow/runs%2fsearch",
            "runs/search",
            "graphql",
            "api/2.0/mlflow/experiments/delete",
            "",
        ] {
            check(Method::POST, rest, false);
        }
    }

    #[test]
    fn paths_stay_below_the_servers_own() {
        let upstream = Upstream::new("http://127.0.0.1:5000/base/").expect("a server");
        let check = |rest: &str, expected: Option<&str>| {
            let url = upstream.address(rest, Some("a=1")).map(String::from);
            assert_eq!(url, expected.map(|path| format!("http://127.0.0.1:5000/base/{path}?a=1")), "{rest}");
        };
        check("api/x", Some("api/x"));
        check("//evil.example/x", Some("//evil.example/x"));
        check("http://evil.example/", Some("http://evil.example/"));
        check("a%20b/%C3%A9/a..b", Some("a%20b/%C3%A9/a..b"));
        check("a%2Fb", Some("a%2Fb"));
        for rest in ["../x", "a/%2e%2E/x", ".%2e/x", "a/./x", "a%2f..%2fx", "a\\..\\x", "a%5c..%5Cx"] {
            check(rest, None);
        }
        assert!(is_straight("...") && is_straight(""));
    }

    #[test]
    fn an_address_is_one_of_a_server_without_secrets() {
        let check = |address: &str, expected: Option<&str>| {
            let upstream = Upstream::new(address).ok().map(|upstream| upstream.shown());
            assert_eq!(upstream.as_deref(), expected, "{address}");
        };
        check("http://h:5000", Some("http://h:5000"));
        check("https://h/mlflow/", Some("https://h/mlflow"));
        for address in
            ["h:5000", "ftp://h", "file:///etc", "http://user@h", "http://u:p@h/", "http://h/?x", "http://h/#x", ""]
        {
            check(address, None);
        }
    }
}

//! WHY THERE IS NO USABLE ANSWER, told apart as far as a page can, each in one sentence and with the lines to copy that mend it.
//!
//! It must not ask anything: it judges what was observed. What each version of the server answers to whom is in MLflow's
//! `server/fastapi_security.py` (3.5 and later); older servers send no CORS headers at all.

use super::address::{Address, origin_of};
use crate::sources::http::{NoAnswer, Response};
use crate::sources::{Fault, FaultKind, text};

/// Letters of a server's own sentence that are shown.
const SENTENCE: usize = 400;
/// Bytes of a page in which its kind is looked for.
const HEAD: usize = 16 << 10;

/// What was observed.
pub struct Seen<'a> {
    /// The server.
    pub address: &'a Address,
    /// The origin of the page that asks; `None` for what is no page.
    pub page: Option<&'a str>,
    /// As the server stated it, if it ever did.
    pub version: Option<&'a str>,
    /// What was asked, in a word; empty where it does not matter.
    pub question: &'a str,
    /// So long a server may be silent, milliseconds.
    pub silence_ms: u32,
    /// Whether something answers at the address, though the page may not read it.
    pub is_there: bool,
    /// Whether the page may read which version it is, and nothing else: what MLflow's host check exempts.
    pub tells_version_alone: bool,
    /// Whether the server answered such a question before, so that the page could read it.
    pub has_answered: bool,
    /// Whether requests carry credentials.
    pub has_credentials: bool,
    /// What came.
    pub outcome: Result<&'a Response, &'a NoAnswer>,
}

/// The fault that it means; `None` for an answer that is none of these: JSON with a good status.
pub fn diagnose(seen: &Seen) -> Option<Fault> {
    match seen.outcome {
        Err(no_answer) => Some(seen.no_answer(no_answer)),
        Ok(response) => seen.answer(response),
    }
}

/// What a server says of itself in an answer that is an error: MLflow's `message`, or the first words of a text.
pub fn sentence(response: &Response) -> Option<String> {
    let body = String::from_utf8_lossy(response.body.get(..HEAD).unwrap_or(&response.body)).into_owned();
    let said = match serde_json::from_slice::<serde_json::Value>(&response.body) {
        Ok(value) => ["message", "error", "detail", "error_description"]
            .iter()
            .find_map(|name| value.get(name)?.as_str().map(str::to_owned))?,
        Err(_) if is_markup(response) => return None,
        Err(_) => body,
    };
    Some(text::visible(&said, SENTENCE)).filter(|said| !said.is_empty())
}

/// `error_code` of an answer; empty where it states none.
pub fn error_code(response: &Response) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let code = value.as_ref().and_then(|value| value.get("error_code")).and_then(serde_json::Value::as_str);
    text::visible(code.unwrap_or_default(), 60)
}

/// Whether it is a page and no data.
pub fn is_markup(response: &Response) -> bool {
    let first = response.body.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'<')
        || (first.is_none() && response.header("content-type").is_some_and(|kind| kind.contains("html")))
}

fn looks_like_login(response: &Response) -> bool {
    let head = response.body.get(..HEAD).unwrap_or(&response.body);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let words = [
        "type=\"password\"",
        "type='password'",
        "log in",
        "login",
        "sign in",
        "signin",
        "single sign-on",
        "oauth",
        "saml",
    ];
    words.iter().any(|word| head.contains(word))
}

impl Seen<'_> {
    fn no_answer(&self, no_answer: &NoAnswer) -> Fault {
        let base = self.address.base();
        let own = match no_answer {
            NoAnswer::TimedOut => {
                let seconds = self.silence_ms.div_ceil(1_000);
                let asked = if self.question.is_empty() { "" } else { " when asked for " };
                let message = format!("{base} said nothing for {seconds} s{asked}{}.", self.question);
                return Fault::new(FaultKind::TimedOut, message);
            }
            NoAnswer::TooLarge => {
                return Fault::new(
                    FaultKind::OverBudget,
                    format!("An answer of {base} is larger than what is safe to read at once."),
                );
            }
            NoAnswer::Unreachable(own) => text::visible(own, SENTENCE),
        };
        let quoted = if own.is_empty() { String::new() } else { format!(" ({})", own.trim_end_matches('.')) };
        if self.has_answered {
            // Neither its origin nor a permission is amiss: the same page read an answer.
            let message = format!("{base} answered before, but not this question{quoted}.");
            return Fault::new(FaultKind::Unreachable, message);
        }
        let Some(page) = self.page.filter(|page| *page != self.address.origin()) else {
            return Fault::new(FaultKind::Unreachable, format!("Nothing answers at {base}{quoted}."));
        };
        if page.starts_with("https:") && !self.address.is_secure() && !self.address.is_loopback() {
            let message =
                format!("This page came by https, and a browser lets no such page ask {base}, which speaks http.");
            return self.mended(FaultKind::MixedContent, message, vec![self.by_proxy()]);
        }
        if self.tells_version_alone {
            return self.host_refused(None);
        }
        if self.is_there {
            let message = match self.is_old() {
                true => {
                    format!("{base} answers, but MLflow before 3.5 lets no page of another origin read its answers.")
                }
                false => format!("{base} answers, but does not let pages of {page} read its answers (CORS)."),
            };
            return self.mended(FaultKind::CrossOrigin, message, self.cors(page));
        }
        let page_is_local =
            origin_of(page).and_then(|page| Address::parse(&page).ok()).is_some_and(|page| page.is_local());
        if self.address.is_local() && !page_is_local {
            let message = format!(
                "Nothing answers at {base}, or the browser was not allowed to reach the local network: look for its permission \
                 beside the page's address."
            );
            return self.mended(FaultKind::LocalNetwork, message, vec![self.by_proxy()]);
        }
        Fault::new(
            FaultKind::Unreachable,
            format!("Nothing answers at {base}: it is not running, or not under this address."),
        )
    }

    fn answer(&self, response: &Response) -> Option<Fault> {
        let base = self.address.base();
        let said = sentence(response);
        let body = String::from_utf8_lossy(response.body.get(..HEAD).unwrap_or(&response.body)).into_owned();
        let quoted = said.as_deref().map_or(String::new(), |said| format!(": {}", said.trim_end_matches('.')));
        let fault = |kind, message: String| Some(Fault::new(kind, message));
        if !response.url.is_empty() && !self.address.is_origin_of(&response.url) {
            let place = origin_of(&response.url).unwrap_or_default();
            return fault(
                FaultKind::LoginPage,
                format!("{base} sends its visitors on to {place}, most likely to log in there."),
            );
        }
        match response.status {
            300..=399 => {
                let place = response.header("location").and_then(origin_of);
                let other_scheme = place
                    .as_deref()
                    .filter(|place| Address::parse(place).is_ok_and(|to| to.host() == self.address.host()));
                match (place.as_deref(), other_scheme) {
                    (_, Some(place)) => {
                        fault(FaultKind::NotMlflow, format!("{base} is to be asked at {place}: use that address."))
                    }
                    (Some(place), None) => fault(
                        FaultKind::LoginPage,
                        format!("{base} sends its visitors on to {place}, most likely to log in there."),
                    ),
                    (None, None) => fault(
                        FaultKind::LoginPage,
                        format!("{base} sends its visitors to another page, most likely to log in there."),
                    ),
                }
            }
            403 if body.contains("Invalid Host header") => {
                let is_plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
                // behind `runglass serve --proxy` it is asked under a name of its own; what is told becomes a line to copy
                Some(self.host_refused(response.header("x-upstream-host").filter(is_plain)))
            }
            403 if body.contains("Cross-origin request blocked") => {
                let page = self.page.unwrap_or("its origin");
                let message = format!("{base} answers, but does not take questions from pages of {page}.");
                Some(self.mended(FaultKind::CrossOrigin, message, self.cors(page)))
            }
            401 => {
                let scheme = response
                    .header("www-authenticate")
                    // what `runglass serve --proxy` makes of it, so that the browser does not ask by itself
                    .or_else(|| response.header("x-upstream-authenticate"))
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                let wanted = match scheme.split_whitespace().next() {
                    Some("basic") => "a user and a password",
                    Some("bearer") => "a token",
                    _ => "a user and a password, or a token",
                };
                match self.has_credentials {
                    true => fault(
                        FaultKind::Unauthorised,
                        format!("{base} does not take these credentials; it wants {wanted}{quoted}."),
                    ),
                    false => fault(FaultKind::Unauthorised, format!("{base} wants to know who asks: {wanted}.")),
                }
            }
            403 if is_markup(response) && looks_like_login(response) => {
                fault(FaultKind::LoginPage, format!("{base} shows a page to log in instead of an answer."))
            }
            403 => fault(FaultKind::Forbidden, format!("{base} refuses this{quoted}.")),
            200..=299 if is_markup(response) && looks_like_login(response) => {
                fault(FaultKind::LoginPage, format!("{base} shows a page to log in instead of an answer."))
            }
            200..=299 if is_markup(response) => fault(
                FaultKind::NotMlflow,
                format!(
                    "{base} shows a page instead of an answer: it is no tracking server, or not all of its address."
                ),
            ),
            200..=299 => None,
            404 | 405 | 501 if error_code(response).is_empty() => fault(
                FaultKind::NotMlflow,
                format!("There is something at {base}, but no tracking server, or not under this path."),
            ),
            404 => fault(FaultKind::NotFound, format!("The server does not have it{quoted}.")),
            408 => fault(FaultKind::TimedOut, format!("{base} did not answer in time{quoted}.")),
            429 => fault(FaultKind::Busy, format!("{base} asks to be left alone for a while{quoted}.")),
            500.. => {
                fault(FaultKind::Busy, format!("The server at {base} failed (status {}){quoted}.", response.status))
            }
            status => fault(FaultKind::Refused, format!("The server does not answer this (status {status}){quoted}.")),
        }
    }

    /// Its host check answers before it looks at the page's origin, so that a page of another origin can not read what it says.
    fn host_refused(&self, asked_as: Option<&str>) -> Fault {
        let own = self.address.host();
        let name = asked_as.unwrap_or(&own);
        let message = format!("The server at {} does not serve under the name {name}.", self.address.base());
        self.mended(FaultKind::HostRefused, message, vec![format!("mlflow server{}", allowed_hosts(name))])
    }

    fn mended(&self, kind: FaultKind, message: String, remedy: Vec<String>) -> Fault {
        Fault { remedy, ..Fault::new(kind, message) }
    }

    /// Before 3.5 there is nothing to be set at the server.
    fn is_old(&self) -> bool {
        let mut parts = self.version.unwrap_or_default().split('.').map(|part| part.parse::<u32>().ok());
        matches!((parts.next().flatten(), parts.next().flatten()), (Some(major), Some(minor)) if (major, minor) < (3, 5))
    }

    /// The first line is MLflow's own where it has one.
    fn cors(&self, page: &str) -> Vec<String> {
        let hosts = match self.address.is_local() {
            true => String::new(),
            false => allowed_hosts(&self.address.host()),
        };
        let own = format!("mlflow server --cors-allowed-origins {page}{hosts}");
        let all = [(!self.is_old()).then_some(own), Some(self.by_proxy()), Some(self.by_nginx(page))];
        all.into_iter().flatten().collect()
    }

    fn by_proxy(&self) -> String {
        format!("runglass serve --proxy {}", self.address.base())
    }

    fn by_nginx(&self, page: &str) -> String {
        let base = self.address.base();
        format!(
            r#"location / {{
    if ($request_method = OPTIONS) {{
        add_header Access-Control-Allow-Origin "{page}" always;
        add_header Access-Control-Allow-Methods "GET, POST" always;
        add_header Access-Control-Allow-Headers "authorization, content-type, range, x-mlflow-workspace" always;
        add_header Access-Control-Max-Age 600 always;
        return 204;
    }}
    add_header Access-Control-Allow-Origin "{page}" always;
    proxy_set_header Origin "";
    proxy_pass {base};
}}"#
        )
    }
}

/// MLflow's own names of this machine go along, since the list takes their place.
fn allowed_hosts(name: &str) -> String {
    format!(" --allowed-hosts \"{name},localhost:*,127.0.0.1:*\"")
}

#[cfg(test)]
mod tests {
    use super::{Seen, diagnose};
    use crate::sources::FaultKind;
    use crate::sources::http::{NoAnswer, Response};
    use crate::sources::rest::address::Address;

    const PAGE: &str = "https://viewer.example.com";

    struct Case {
        base: &'static str,
        page: Option<&'static str>,
        version: Option<&'static str>,
        is_there: bool,
        tells_version_alone: bool,
        has_answered: bool,
    }

    const CASE: Case = Case {
        base: "https://mlflow.example.com/x",
        page: Some(PAGE),
        version: None,
        is_there: false,
        tells_version_alone: false,
        has_answered: false,
    };

    fn judge(case: &Case, outcome: Result<&Response, &NoAnswer>) -> Option<crate::sources::Fault> {
        let address = Address::parse(case.base).expect("an address");
        let Case { page, version, is_there, has_answered, .. } = *case;
        let (question, silence_ms, has_credentials) = ("runs/search", 7_500, false);
        let address = &address;
        diagnose(&Seen {
            address,
            page,
            version,
            question,
            silence_ms,
            is_there,
            tells_version_alone: case.tells_version_alone,
            has_answered,
            has_credentials,
            outcome,
        })
    }

    #[test]
    fn no_answer_is_told_apart() {
        let check = |case: Case, kind: FaultKind, first_remedy: &str| {
            let fault = judge(&case, Err(&NoAnswer::Unreachable("Failed to fetch".into()))).expect("a fault");
            assert_eq!(fault.kind, kind, "{fault}");
            assert!(fault.remedy.first().map_or("", String::as_str).starts_with(first_remedy), "{:?}", fault.remedy);
            assert_eq!(fault.remedy.is_empty(), first_remedy.is_empty(), "{fault}");
            assert!(
                fault.message.ends_with('.') && fault.message.contains("mlflow") | fault.message.contains("1"),
                "{fault}"
            );
        };
        let local = "http://192.168.0.9:5000";
        let here = "http://127.0.0.1:5000";
        check(CASE, FaultKind::Unreachable, "");
        check(
            Case { is_there: true, ..CASE },
            FaultKind::CrossOrigin,
            "mlflow server --cors-allowed-origins https://viewer.example.com --allowed-hosts",
        );
        check(Case { is_there: true, version: Some("3.5.0"), ..CASE }, FaultKind::CrossOrigin, "mlflow server");
        check(
            Case { is_there: true, version: Some("3.4.1"), ..CASE },
            FaultKind::CrossOrigin,
            "runglass serve --proxy https://mlflow.example.com/x",
        );
        check(Case { is_there: true, version: Some("2.22.0"), ..CASE }, FaultKind::CrossOrigin, "runglass serve");
        check(
            Case { base: "http://mlflow.example.com", ..CASE },
            FaultKind::MixedContent,
            "runglass serve --proxy http://mlflow.example.com",
        );
        check(Case { base: local, ..CASE }, FaultKind::MixedContent, "runglass serve");
        check(Case { base: here, ..CASE }, FaultKind::LocalNetwork, "runglass serve");
        check(
            Case { base: here, is_there: true, ..CASE },
            FaultKind::CrossOrigin,
            "mlflow server --cors-allowed-origins https://viewer.example.com",
        );
        check(
            Case { base: local, page: Some("http://viewer.example.com"), ..CASE },
            FaultKind::LocalNetwork,
            "runglass serve",
        );
        check(Case { base: here, page: Some("http://localhost:8000"), ..CASE }, FaultKind::Unreachable, "");
        check(
            Case { base: here, page: Some("null"), is_there: true, ..CASE },
            FaultKind::CrossOrigin,
            "mlflow server --cors-allowed-origins null",
        );
        check(
            Case { is_there: true, tells_version_alone: true, version: Some("3.17.2"), ..CASE },
            FaultKind::HostRefused,
            "mlflow server --allowed-hosts \"mlflow.example.com,localhost:*,127.0.0.1:*\"",
        );
        // Who read an answer before was not refused for its origin.
        let answered = Case { has_answered: true, is_there: true, ..CASE };
        let fault = judge(&answered, Err(&NoAnswer::Unreachable("Failed to fetch".into()))).expect("a fault");
        assert_eq!(
            fault.message,
            "https://mlflow.example.com/x answered before, but not this question (Failed to fetch)."
        );
        check(answered, FaultKind::Unreachable, "");
        check(Case { base: local, has_answered: true, ..CASE }, FaultKind::Unreachable, "");
        // On the server's own origin nobody refuses an origin.
        check(Case { base: here, page: Some(here), is_there: true, ..CASE }, FaultKind::Unreachable, "");
        check(Case { page: None, ..CASE }, FaultKind::Unreachable, "");
        let silent = judge(&CASE, Err(&NoAnswer::TimedOut)).expect("a fault");
        let words = "https://mlflow.example.com/x said nothing for 8 s when asked for runs/search.";
        assert_eq!((silent.kind, silent.message.as_str()), (FaultKind::TimedOut, words));
        assert_eq!(judge(&CASE, Err(&NoAnswer::TooLarge)).map(|fault| fault.kind), Some(FaultKind::OverBudget));
    }

    #[test]
    fn answers_are_told_apart() {
        let check = |status: u16, headers: &str, body: &str, expected: Option<(FaultKind, &str)>| {
            let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
            let mut response = Response { status, body: body.into(), ..Response::default() };
            response.headers = headers.lines().filter_map(header).collect();
            response.url = response.header("came-from").unwrap_or("https://mlflow.example.com/x/api").to_owned();
            let fault = judge(&CASE, Ok(&response));
            let kind = fault.as_ref().map(|fault| fault.kind);
            assert_eq!(kind, expected.map(|(kind, _)| kind), "{status} {body}: {fault:?}");
            if let (Some(fault), Some((_, words))) = (fault, expected) {
                assert!(fault.message.contains(words), "{fault}");
                assert!(fault.message.ends_with('.') && !fault.message.contains(".."), "{fault}");
            }
        };
        use FaultKind::{
            Busy, CrossOrigin, Forbidden, HostRefused, LoginPage, NotFound, NotMlflow, Refused, Unauthorised,
        };
        check(200, "", "{}", None);
        check(200, "content-type: text/html", "3.17.2", None);
        check(
            403,
            "",
            "Invalid Host header - possible DNS rebinding attack detected",
            Some((HostRefused, "mlflow.example.com")),
        );
        let told = "Invalid Host header";
        check(
            403,
            "x-upstream-host: tracking.example.com:5000",
            told,
            Some((HostRefused, "tracking.example.com:5000")),
        );
        check(403, "x-upstream-host: \"; echo x", told, Some((HostRefused, "the name mlflow.example.com.")));
        check(403, "", "Cross-origin request blocked", Some((CrossOrigin, PAGE)));
        check(
            401,
            "www-authenticate: Basic realm=\"mlflow\"",
            "You are not authenticated. Please see",
            Some((Unauthorised, "a user and a password.")),
        );
        check(401, "www-authenticate: Bearer", "", Some((Unauthorised, "a token.")));
        check(401, "x-upstream-authenticate: Bearer", "", Some((Unauthorised, "a token.")));
        check(401, "", "{\"message\": \"x\"}", Some((Unauthorised, "or a token")));
        check(
            403,
            "",
            r#"{"error_code": "PERMISSION_DENIED", "message": "Permission denied."}"#,
            Some((Forbidden, "Permission denied.")),
        );
        check(403, "", "<html>Please <a href=/sso>sign in</a>", Some((LoginPage, "log in")));
        check(200, "", " <!doctype html><form action=/login><input type=\"password\">", Some((LoginPage, "log in")));
        check(200, "came-from: https://sso.example.com/auth", "{}", Some((LoginPage, "https://sso.example.com")));
        check(
            302,
            "location: https://sso.example.com/auth?token=secret",
            "",
            Some((LoginPage, "https://sso.example.com,")),
        );
        check(301, "location: http://mlflow.example.com/x", "", Some((NotMlflow, "http://mlflow.example.com:")));
        check(302, "location: /login", "", Some((LoginPage, "another page")));
        check(200, "", "<html><h1>Welcome to nginx!</h1>", Some((NotMlflow, "no tracking server")));
        check(200, "content-type: text/html", "", Some((NotMlflow, "no tracking server")));
        check(404, "", "<!doctype html><title>404 Not Found</title>", Some((NotMlflow, "not under this path")));
        check(404, "", r#"{"detail": "Not Found"}"#, Some((NotMlflow, "not under this path")));
        check(
            404,
            "",
            r#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=a\u202eb not found"}"#,
            Some((NotFound, "a⟨U+202E⟩b not found.")),
        );
        check(
            400,
            "",
            r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "bad\nfilter"}"#,
            Some((Refused, "bad filter.")),
        );
        check(429, "", r#"{"message": "Slow down."}"#, Some((Busy, "Slow down.")));
        check(500, "", "<html>Internal Server Error", Some((Busy, "status 500")));
        check(503, "", "upstream is away", Some((Busy, "upstream is away.")));
        check(418, "", "[1]", Some((Refused, "418")));
    }
}

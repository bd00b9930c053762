//! REQUESTS OF THE COMMAND LINE: the native twin of the browser's fetch, over `reqwest`.
//!
//! It must not know what is asked. A redirect is followed where the request allows it, and to the same origin alone; any other
//! is an answer, as in the browser.

use crate::sources::http::{Http, Method, NoAnswer, Request, Response, Sent, WHOLE};
use crate::sources::{Fault, FaultKind};
use reqwest::redirect::Policy;
use std::time::Duration;

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// How long a connection may take to be made, seconds.
const CONNECT_S: u64 = 10;

/// Sends requests. It runs on what [`block_on`] starts.
pub struct Client {
    stays: reqwest::Client,
    follows: reqwest::Client,
}

impl Client {
    /// With the roots of trust of this machine.
    ///
    /// # Errors
    /// When they can not be read.
    pub fn new() -> Result<Client, Fault> {
        // Another part may have installed it before; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_same = |attempt: reqwest::redirect::Attempt| {
            let is_same = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
            match is_same && attempt.previous().len() <= REDIRECTS {
                true => attempt.follow(),
                false => attempt.stop(),
            }
        };
        let client = |policy: Policy| {
            reqwest::Client::builder()
                .redirect(policy)
                .connect_timeout(Duration::from_secs(CONNECT_S))
                .user_agent(concat!("runglass/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| {
                    Fault::new(FaultKind::Unreadable, format!("No connection can be made: {}.", words(&error)))
                })
        };
        Ok(Client { stays: client(Policy::none())?, follows: client(Policy::custom(is_same))? })
    }

    async fn answer(&self, request: &Request) -> Result<Response, NoAnswer> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let client = if request.follows { &self.follows } else { &self.stays };
        let silence = Duration::from_millis(u64::from(request.silence_ms));
        let mut sent = client.request(method, &request.url).timeout(silence * WHOLE);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let mut answer = unless_silent(silence, sent.send()).await?;
        let mut response =
            Response { status: answer.status().as_u16(), url: answer.url().to_string(), ..Response::default() };
        for (name, value) in answer.headers() {
            response.headers.push((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
        while let Some(piece) = unless_silent(silence, answer.chunk()).await? {
            if (response.body.len() + piece.len()) as u64 > request.most_bytes {
                return Err(NoAnswer::TooLarge);
            }
            response.body.extend_from_slice(&piece);
        }
        Ok(response)
    }
}

/// What comes before `silence` has passed.
async fn unless_silent<T>(
    silence: Duration,
    coming: impl Future<Output = Result<T, reqwest::Error>>,
) -> Result<T, NoAnswer> {
    match tokio::time::timeout(silence, coming).await {
        Ok(came) => came.map_err(|error| no_answer(&error)),
        Err(_) => Err(NoAnswer::TimedOut),
    }
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    match error.is_timeout() {
        true if error.is_connect() => NoAnswer::Unreachable(format!("no connection within {CONNECT_S} s")),
        true => NoAnswer::TimedOut,
        false => NoAnswer::Unreachable(words(error)),
    }
}

/// The innermost reason: those around it repeat the address.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

impl Http for Client {
    fn send<'a>(&'a self, request: &'a Request) -> Sent<'a, Result<Response, NoAnswer>> {
        Box::pin(self.answer(request))
    }

    fn is_there<'a>(&'a self, url: &'a str) -> Sent<'a, bool> {
        Box::pin(async move { self.follows.get(url).timeout(Duration::from_secs(5)).send().await.is_ok() })
    }

    fn tell(&self, words: &str) {
        eprintln!("runglass: {words}");
    }

    fn pause(&self, ms: u32) -> Sent<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(u64::from(ms))))
    }

    fn origin(&self) -> Option<String> {
        None
    }
}

/// Waits for a future that may send requests.
///
/// # Errors
/// When the system gives no means to wait.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Fault::new(FaultKind::Unreadable, format!("The system can not wait: {error}.")))?;
    Ok(runtime.block_on(future))
}

#[cfg(test)]
mod tests {
    use super::{Client, block_on};
    use crate::sources::http::{Http, Method, NoAnswer, Request, Response};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    /// Answers one connection after the other, each with the next text; tells what was asked.
    fn server(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).expect("a request");
                asked.push(String::from_utf8_lossy(&head[..length]).into_owned());
                // Whoever asked may be gone already.
                let _ = stream.write_all(answer.as_bytes());
            }
            asked
        });
        (base, asked)
    }

    fn send(url: &str, most_bytes: u64, silence_ms: u32, follows: bool) -> Result<Response, NoAnswer> {
        let client = Client::new().expect("a client");
        let (method, url, body) = (Method::Get, url.to_owned(), None);
        let headers = vec![("X-Key".to_owned(), "secret".to_owned())];
        let request = Request { method, url, headers, body, silence_ms, most_bytes, follows };
        block_on(client.send(&request)).expect("waited")
    }

    fn ask(url: &str, most_bytes: u64, silence_ms: u32) -> Result<Response, NoAnswer> {
        send(url, most_bytes, silence_ms, true)
    }

    #[test]
    fn what_was_asked_is_answered() {
        let answer = |head: &str, body: &str| {
            format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        let (base, asked) = server(vec![
            answer("302 Found\r\nLocation: /there", ""),
            answer("418 Teapot\r\nRetry-After: 7", "short"),
            answer("302 Found\r\nLocation: http://localhost:1/elsewhere", ""),
            answer("307 Temporary Redirect\r\nLocation: /there", ""),
            answer("200 OK", "too long"),
        ]);
        let response = ask(&format!("{base}/here"), 9, 5_000).expect("an answer");
        assert_eq!(
            (response.status, response.header("retry-after"), response.body.as_slice()),
            (418, Some("7"), &b"short"[..])
        );
        assert_eq!(response.url, format!("{base}/there"));
        let response = ask(&base, 9, 5_000).expect("an answer");
        assert_eq!((response.status, response.header("location")), (302, Some("http://localhost:1/elsewhere")));
        let response = send(&base, 9, 5_000, false).expect("an answer");
        assert_eq!((response.status, response.header("location")), (307, Some("/there")));
        assert_eq!(ask(&base, 3, 5_000), Err(NoAnswer::TooLarge));
        let asked = asked.join().expect("a server");
        assert!(asked.iter().all(|head| head.contains("secret") && head.starts_with("GET /")), "{asked:?}");
    }

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";

    /// Answers one connection with these pieces, each after a pause; then it is silent until whoever asked goes.
    fn dripping(pieces: &'static [&'static str], pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            for piece in pieces {
                std::thread::sleep(pause);
                if stream.write_all(piece.as_bytes()).is_err() {
                    return;
                }
            }
            let _ = stream.read_to_end(&mut Vec::new());
        });
        url
    }

    #[test]
    fn a_slow_answer_comes_and_a_silent_one_ends() {
        let pause = Duration::from_millis(100);
        // longer altogether than it may be silent
        let response = ask(&dripping(&[HEAD, "a", "b", "c", "d", "e", "f"], pause), 9, 400).expect("an answer");
        assert_eq!(response.body, b"abcdef");
        assert_eq!(ask(&dripping(&[HEAD, "a", "b"], pause), 9, 400), Err(NoAnswer::TimedOut), "silent in its midst");
    }

    #[test]
    fn what_is_not_answered_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        assert_eq!(ask(&url, 9, 50), Err(NoAnswer::TimedOut));
        drop(listener);
        match ask(&url, 9, 5_000) {
            Err(NoAnswer::Unreachable(why)) => assert!(!why.is_empty() && !why.contains("http"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

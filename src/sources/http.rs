//! REQUESTS: the seam below a tracking server, as `Folder` is below a tree of files. Plain data there and back; whoever sends
//! knows neither MLflow nor who asks.

use std::future::Future;
use std::pin::Pin;

/// How a request is meant. Nothing is ever written to a server: `Post` carries questions that are too large for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Of an address.
    Get,
    /// With a question as JSON.
    Post,
}

/// How many times its longest silence a whole answer may take: a slow line brings it, a hostile server ends.
pub const WHOLE: u32 = 10;

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Of the question.
    pub method: Method,
    /// Absolute, with its query.
    pub url: String,
    /// Name and value. Secrets stand here alone: never in `url`, never in a message.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: Option<String>,
    /// So many milliseconds nothing may come: before the answer begins, and between two pieces of it. One that drips may take
    /// [`WHOLE`] times as long altogether.
    pub silence_ms: u32,
    /// The body may hold so many bytes at most, whatever the server states.
    pub most_bytes: u64,
    /// Whether a redirect is followed. Never with secrets: a browser takes headers and body along to whatever place it names. One
    /// that is not followed is an answer.
    pub follows: bool,
}

/// One answer, whatever its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// As HTTP has it.
    pub status: u16,
    /// Names in small letters; those that the page may see.
    pub headers: Vec<(String, String)>,
    /// Where it came from in the end, after redirects.
    pub url: String,
    /// All of it.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The sender got nothing that it may read; the text is its own, for people. A browser says no more than this when the
    /// server is not there, refuses the page's origin, or the page's policy forbids it.
    Unreachable(String),
    /// It was silent for longer than `silence_ms`.
    TimedOut,
    /// The body is larger than `most_bytes`.
    TooLarge,
}

/// An answer to come. Dropping it aborts the request.
pub type Sent<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Sends requests. Cookies of the user's session go along where page and server share an origin, nowhere else.
pub trait Http {
    /// One request, once: whoever asks tries again.
    fn send<'a>(&'a self, request: &'a Request) -> Sent<'a, Result<Response, NoAnswer>>;

    /// Whether something answers at `url` at all, though the page may not read it.
    fn is_there<'a>(&'a self, url: &'a str) -> Sent<'a, bool>;

    /// Says to whoever waits for an answer why it takes longer, in one sentence.
    fn tell(&self, _words: &str) {}

    /// Waits.
    fn pause(&self, ms: u32) -> Sent<'_, ()>;

    /// The origin of the page that asks (`https://host:port`); `None` for what is no page.
    fn origin(&self) -> Option<String>;
}

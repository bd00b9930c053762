//! ONE TRACKING SERVER: the requests that go to it, a few at a time and again where that may help, and its answers as JSON or as
//! faults in its own words.
//!
//! It must not know what is asked. Nothing is ever written: there is no way here but `GET` and the questions by `POST`. No secret
//! stands in an address or in a fault.

use super::address::Address;
use super::call::{Call, Place, Refused};
use super::credentials::Credentials;
use super::diagnose::is_markup;
use crate::sources::FaultKind;
use crate::sources::exports::json::Json;
use crate::sources::http::{Http, Method, NoAnswer, Request, Response};
use async_lock::Semaphore;
use backon::{BackoffBuilder, ExponentialBuilder};
use core::time::Duration;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Requests that are under way at one time.
const IN_FLIGHT: usize = 4;
/// One more for lists of runs: rows do not wait for curves and files that are long in coming.
const IN_FLIGHT_OF_RUNS: usize = 1;
/// How often a request is sent again at most.
const AGAIN: usize = 3;
/// The longest wait that a server may ask for, milliseconds.
const LONGEST_WAIT_MS: u64 = 60_000;
/// How often a question that got no answer in that time is sent again: each costs whoever waits as much once more.
const AGAIN_IF_SILENT: usize = 1;

/// Which of the two prefixes the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Unknown,
    Api,
    Ajax,
}

/// One tracking server.
pub struct Client {
    pub(super) http: Rc<dyn Http>,
    address: Address,
    /// Who asked so far; the last one asks now. A text may still repeat the secret of one before.
    askers: RefCell<Vec<Credentials>>,
    workspace: Option<String>,
    prefix: Cell<Prefix>,
    turns: Semaphore,
    turns_of_runs: Semaphore,
    /// Whether anything ever came from it that the page could read.
    has_answered: Cell<bool>,
    /// The same of a `POST`, before which a browser asks whether it may.
    has_answered_post: Cell<bool>,
    /// Whether the last question got no answer at all.
    is_silent: Cell<bool>,
    version: RefCell<Option<String>>,
}

/// What came of one sending.
enum Tried {
    Done(Result<Response, Refused>),
    /// It may help to try again, after so long at least.
    Again {
        wait: Option<Duration>,
        otherwise: Refused,
    },
}

impl Client {
    /// Nothing is asked yet.
    pub fn new(http: Rc<dyn Http>, address: Address, credentials: Credentials, workspace: Option<String>) -> Client {
        Client {
            http,
            address,
            askers: RefCell::new(vec![credentials]),
            workspace: workspace.filter(|workspace| !workspace.is_empty()),
            prefix: Cell::new(Prefix::Unknown),
            turns: Semaphore::new(IN_FLIGHT),
            turns_of_runs: Semaphore::new(IN_FLIGHT_OF_RUNS),
            has_answered: Cell::new(false),
            has_answered_post: Cell::new(false),
            is_silent: Cell::new(false),
            version: RefCell::default(),
        }
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// From now on somebody else asks.
    pub fn sign_in(&self, credentials: Credentials) {
        let mut askers = self.askers.borrow_mut();
        askers.retain(|asker| *asker != credentials);
        askers.push(credentials);
    }

    /// The one that is asked; `None` where none was chosen.
    pub fn workspace(&self) -> Option<&str> {
        self.workspace.as_deref()
    }

    /// Whether the last question got no answer at all: what is of use but not asked for by anybody can be left out.
    pub fn is_silent(&self) -> bool {
        self.is_silent.get()
    }

    /// What it says that it is, for what is told of it later.
    pub fn learn_version(&self, version: &str) {
        *self.version.borrow_mut() = Some(version.to_owned());
    }

    pub(super) fn version(&self) -> Option<String> {
        self.version.borrow().clone()
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.askers.borrow().last().is_some_and(|asker| !asker.is_none())
    }

    /// A text without the secret of anybody who asked.
    pub(super) fn hide(&self, text: &str) -> String {
        self.askers.borrow().iter().fold(text.to_owned(), |text, asker| asker.hide(&text))
    }

    /// The answer as JSON, in which numbers are texts: ids and floats keep their digits. It is an object.
    ///
    /// # Errors
    /// Whatever keeps it from being one.
    pub async fn json(&self, call: &Call<'_>) -> Result<Value, Refused> {
        let body = self.walk(call).await?;
        let mut json = Json::new(Rc::new(body)).map_err(|fault| self.bad(&fault.message))?;
        match json.value() {
            Ok(Ok(value @ Value::Object(_))) => Ok(value),
            Ok(Ok(_)) => Err(self.bad("it is JSON, but no object")),
            _ => Err(self.bad("it is no JSON")),
        }
    }

    /// The bytes of an answer that is no page.
    ///
    /// # Errors
    /// Whatever keeps it from coming.
    pub async fn walk(&self, call: &Call<'_>) -> Result<Vec<u8>, Refused> {
        let response = self.call(call).await?;
        match is_markup(&response) {
            true => Err(self.refused(&response)),
            false => Ok(response.body),
        }
    }

    /// The answer to one question, whatever it holds, with a good status.
    ///
    /// # Errors
    /// Whatever keeps it from coming.
    pub async fn call(&self, call: &Call<'_>) -> Result<Response, Refused> {
        let both = matches!(call.place, Place::Api(_) | Place::Api3(_));
        if !both || self.prefix.get() != Prefix::Unknown {
            return self.patiently(call, self.prefix.get()).await;
        }
        match self.patiently(call, Prefix::Api).await {
            Ok(response) if !is_markup(&response) => {
                self.prefix.set(Prefix::Api);
                Ok(response)
            }
            // What has an error code is the interface, whatever it lacks.
            Err(refused)
                if !refused.code.is_empty() && refused.code != "NOT_FOUND" && refused.code != "ENDPOINT_NOT_FOUND" =>
            {
                self.prefix.set(Prefix::Api);
                Err(refused)
            }
            Err(refused) if !refused.is_absent() => Err(refused),
            first => match self.patiently(call, Prefix::Ajax).await {
                Ok(response) if !is_markup(&response) => {
                    self.prefix.set(Prefix::Ajax);
                    Ok(response)
                }
                _ => first,
            },
        }
    }

    async fn patiently(&self, call: &Call<'_>, prefix: Prefix) -> Result<Response, Refused> {
        let mut waits = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(300))
            .with_max_times(AGAIN)
            .build();
        let mut silences = 0;
        loop {
            // who asks may have changed since it was sent before
            let request = self.request(call, prefix);
            match self.once(call, &request).await {
                Tried::Done(done) => return done,
                Tried::Again { otherwise, .. } if call.is_sent_once => return Err(otherwise),
                Tried::Again { otherwise, .. } if otherwise.is_late() && silences == AGAIN_IF_SILENT => {
                    return Err(self.left_alone(otherwise));
                }
                Tried::Again { wait, otherwise } => match waits.next() {
                    None => return Err(self.left_alone(self.looked_at(call, otherwise).await)),
                    Some(pause) => {
                        silences += usize::from(otherwise.is_late());
                        let pause = pause.max(wait.unwrap_or_default()).as_millis().min(u128::from(LONGEST_WAIT_MS));
                        let seconds = (pause as f64 / 1_000.0).ceil();
                        let why = otherwise.fault.message.trim_end_matches('.');
                        self.tell(&format!("{why}: it is asked again in {seconds} s."));
                        self.http.pause(pause as u32).await;
                    }
                },
            }
        }
    }

    async fn once(&self, call: &Call<'_>, request: &Request) -> Tried {
        let answer = {
            let is_of_runs = call.place == Place::Api("runs/search");
            let own = if is_of_runs { self.turns_of_runs.try_acquire() } else { None };
            let _turn = match own {
                Some(turn) => turn,
                None => self.turns.acquire().await,
            };
            self.http.send(request).await
        };
        let response = match answer {
            Ok(response) => {
                self.is_silent.set(false);
                response
            }
            Err(no_answer @ NoAnswer::Unreachable(_)) => {
                let refused = self.lost(call, &no_answer);
                // Nothing ever came: it is not the line that was lost, and whoever typed the address waits.
                return match self.has_answered.get() && refused.fault.kind != FaultKind::MixedContent {
                    true => Tried::Again { wait: None, otherwise: refused },
                    false => Tried::Done(Err(self.looked_at(call, refused).await)),
                };
            }
            Err(no_answer) => {
                let refused = self.lost(call, &no_answer);
                return match no_answer == NoAnswer::TimedOut && call.is_patient {
                    true => Tried::Again { wait: None, otherwise: refused },
                    false => Tried::Done(Err(refused)),
                };
            }
        };
        if matches!(call.place, Place::Elsewhere(_)) {
            return match response.status {
                200..=299 => Tried::Done(Ok(response)),
                _ => Tried::Done(Err(self.refused(&Response { url: String::new(), ..response }))),
            };
        }
        let is_its_own = response.url.is_empty() || self.address.is_origin_of(&response.url);
        match response.status {
            200..=299 if is_its_own => {
                self.learn_answer(request.method);
                Tried::Done(Ok(response))
            }
            status if call.passing.contains(&status) && is_its_own => {
                let wait = retry_after(&response);
                Tried::Again { wait, otherwise: self.refused(&response) }
            }
            _ => {
                if is_its_own {
                    self.learn_answer(request.method);
                }
                Tried::Done(Err(self.refused(&response)))
            }
        }
    }

    pub(super) fn request(&self, call: &Call<'_>, prefix: Prefix) -> Request {
        let query: Vec<(&str, &str)> = call.query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let api = if prefix == Prefix::Ajax { "ajax-api" } else { "api" };
        let url = match call.place {
            Place::Api(path) => self.address.join(&format!("{api}/2.0/mlflow/{path}"), &query),
            Place::Api3(path) => self.address.join(&format!("{api}/3.0/mlflow/{path}"), &query),
            Place::Ajax(path) => self.address.join(&format!("ajax-api/2.0/mlflow/{path}"), &query),
            Place::Base(path) => self.address.join(path, &query),
            Place::Elsewhere(url) => url.to_owned(),
        };
        let mut headers = call.headers.clone();
        if !matches!(call.place, Place::Elsewhere(_)) {
            headers.extend(self.askers.borrow().last().and_then(Credentials::header));
            headers.extend(self.workspace.iter().map(|name| ("X-MLFLOW-WORKSPACE".to_owned(), name.clone())));
        }
        if call.body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        Request {
            method: call.method(),
            url,
            headers,
            body: call.body.as_ref().map(Value::to_string),
            silence_ms: call.silence_ms,
            most_bytes: call.most_bytes,
            follows: matches!(call.place, Place::Elsewhere(_)),
        }
    }

    /// Says to whoever waits what happens, in one sentence.
    pub fn tell(&self, words: &str) {
        self.http.tell(words);
    }

    fn learn_answer(&self, method: Method) {
        self.has_answered.set(true);
        self.has_answered_post.set(self.has_answered_post.get() || method == Method::Post);
    }

    /// Whether it is known that the page may read what comes of it: a server may let others `GET` alone.
    pub(super) fn may_read(&self, method: Method) -> bool {
        match method {
            Method::Get => self.has_answered.get(),
            Method::Post => self.has_answered_post.get(),
        }
    }

    /// No answer came, however often it was asked.
    fn left_alone(&self, refused: Refused) -> Refused {
        self.is_silent.set(refused.status.is_none());
        refused
    }
}

/// Seconds, or a date, which is compared with the server's own (RFC 9110, 10.2.3).
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    let until = || {
        let date = |text: &str| httpdate::parse_http_date(text).ok();
        date(value)?.duration_since(date(response.header("date")?)?).ok()
    };
    value.parse().ok().map(Duration::from_secs).or_else(until)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{BASE, Script, absent};
    use super::*;

    #[test]
    fn a_list_of_runs_does_not_wait_for_what_hangs() {
        let script = Rc::new(Script::new(|_| absent()));
        script.hangs.set(true);
        let address = Address::parse(BASE).expect("an address");
        let client = Client::new(script.clone(), address, Credentials::None, None);
        let other = || Call::get(Place::Base("get-artifact"), &[]);
        let of_runs = || Call::post(Place::Api("runs/search"), Value::Null);
        let calls: Vec<Call<'_>> = (0..9).map(|_| other()).chain((0..3).map(|_| of_runs())).collect();
        let mut asked: Vec<_> = calls.iter().map(|call| Box::pin(client.call(call))).collect();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for question in &mut asked {
            assert!(question.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!((script.count("get-artifact"), script.count("runs/search")), (IN_FLIGHT, IN_FLIGHT_OF_RUNS));
        drop(asked);
        assert_eq!(script.in_flight.get(), 0);
    }
}

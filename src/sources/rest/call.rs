//! ONE QUESTION to a tracking server, and why it may have no answer.
//!
//! It must not know how it is sent.

use crate::sources::http::Method;
use crate::sources::{Fault, FaultKind};
use serde_json::Value;

/// How long a server may be silent, milliseconds, unless a call says otherwise: MLflow takes 10 s for some answers and is at work.
pub const SILENCE_MS: u32 = 30_000;
/// Bytes of an answer that is JSON: the walk over it takes no larger piece.
const JSON_BYTES: u64 = 64 << 20;
/// States in which the same question may be answered later.
const PASSING: &[u16] = &[429, 500, 502, 503, 504];

/// Where below the base something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// `/api/2.0/mlflow/...`, or the same under `/ajax-api`.
    Api(&'a str),
    /// `/api/3.0/mlflow/...`, or the same under `/ajax-api`.
    Api3(&'a str),
    /// `/ajax-api/2.0/mlflow/...` alone.
    Ajax(&'a str),
    /// Straight below the base; already encoded.
    Base(&'a str),
    /// Another server's, absolute: credentials stay here.
    Elsewhere(&'a str),
}

/// One question.
pub struct Call<'a> {
    /// To whom.
    pub place: Place<'a>,
    /// Keys may come several times.
    pub query: Vec<(&'a str, String)>,
    /// `Some` makes it a `POST`.
    pub body: Option<Value>,
    /// Headers of its own.
    pub headers: Vec<(String, String)>,
    /// How long the server may be silent, milliseconds.
    pub silence_ms: u32,
    /// Whether it is asked again when it was.
    pub is_patient: bool,
    /// Whether it is sent once, whatever comes of it: nobody misses the answer.
    pub is_sent_once: bool,
    /// States in which it is asked again.
    pub passing: &'a [u16],
    /// The answer holds no more.
    pub most_bytes: u64,
}

impl<'a> Call<'a> {
    /// A question in an address.
    pub fn get(place: Place<'a>, query: &[(&'a str, &str)]) -> Call<'a> {
        Call {
            place,
            query: query.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
            body: None,
            headers: Vec::new(),
            silence_ms: SILENCE_MS,
            is_patient: true,
            is_sent_once: false,
            passing: PASSING,
            most_bytes: JSON_BYTES,
        }
    }

    /// A question as JSON.
    pub fn post(place: Place<'a>, body: Value) -> Call<'a> {
        Call { body: Some(body), ..Call::get(place, &[]) }
    }

    /// How it is sent.
    pub fn method(&self) -> Method {
        if self.body.is_some() { Method::Post } else { Method::Get }
    }

    /// What is asked, for people. The address of another server may hold a secret.
    pub fn question(&self) -> &'a str {
        match self.place {
            Place::Api(path) | Place::Api3(path) | Place::Ajax(path) | Place::Base(path) => path,
            Place::Elsewhere(_) => "a file in its store",
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Of the answer, if there was one.
    pub status: Option<u16>,
    /// MLflow's `error_code`.
    pub code: String,
    /// What is told.
    pub fault: Fault,
}

impl Refused {
    /// Whether the server does not have what was asked for at all: another version, another server.
    pub fn is_absent(&self) -> bool {
        matches!(self.status, Some(404 | 405 | 501)) && self.code != "RESOURCE_DOES_NOT_EXIST"
    }

    /// Whether the thing that was asked for is not there.
    pub fn is_missing(&self) -> bool {
        self.status == Some(404) && self.code == "RESOURCE_DOES_NOT_EXIST"
    }

    /// Whether the server does not understand the question.
    pub fn is_invalid(&self) -> bool {
        self.status == Some(400)
    }

    /// Whether it took too long.
    pub fn is_late(&self) -> bool {
        self.fault.kind == FaultKind::TimedOut
    }

    /// Whether the answer was too large.
    pub fn is_too_large(&self) -> bool {
        self.fault.kind == FaultKind::OverBudget
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        refused.fault
    }
}

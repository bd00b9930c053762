//! WHAT CAME OF A QUESTION that has no usable answer: `diagnose` is told what was observed, and a browser, which observes little, looks
//! once more.
//!
//! It must not send a secret: it asks for what anybody may know.

use super::call::{Call, Place, Refused, SILENCE_MS};
use super::client::{Client, Prefix};
use super::diagnose::{Seen, diagnose, error_code};
use super::identity;
use crate::sources::http::{NoAnswer, Request, Response};
use crate::sources::{Fault, FaultKind};

/// How long such a look may take, milliseconds.
const PROBE_MS: u32 = 5_000;
/// MLflow checks the host that it is asked by since this version.
const HOST_CHECK: (u32, u32) = (3, 5);

/// What is known of a question beside its outcome.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    question: &'a str,
    silence_ms: u32,
    is_there: bool,
    tells_version_alone: bool,
    has_answered: bool,
}

impl Client {
    /// No answer came.
    pub(super) fn lost(&self, call: &Call<'_>, no_answer: &NoAnswer) -> Refused {
        self.judged(Err(no_answer), self.known(call))
    }

    /// An answer came that is of no use.
    pub(super) fn refused(&self, response: &Response) -> Refused {
        let known = Known {
            question: "",
            silence_ms: SILENCE_MS,
            is_there: true,
            tells_version_alone: false,
            has_answered: true,
        };
        self.judged(Ok(response), known)
    }

    /// A browser does not tell whether nobody is there or may not be read: so it is looked at once more.
    pub(super) async fn looked_at(&self, call: &Call<'_>, refused: Refused) -> Refused {
        let is_unclear = matches!(refused.fault.kind, FaultKind::Unreachable | FaultKind::LocalNetwork);
        let is_other = self.http.origin().is_some_and(|page| page != self.address().origin());
        if !is_unclear || !is_other || self.may_read(call.method()) {
            return refused;
        }
        let url = self.address().join("version", &[]);
        if !self.http.is_there(&url).await {
            return refused;
        }
        let tells_version_alone = self.tells_version_alone().await;
        let known = Known { is_there: true, tells_version_alone, ..self.known(call) };
        self.judged(Err(&NoAnswer::Unreachable(String::new())), known)
    }

    /// Whether the page may read which version it is, one that checks the host, and nothing else.
    async fn tells_version_alone(&self) -> bool {
        let version = self.http.send(&self.probe(&Call::get(Place::Base("version"), &[]))).await;
        let Some(version) = version.ok().and_then(|answer| identity::version(&answer.body)) else { return false };
        self.learn_version(&version);
        let has_host_check = identity::numbers(&version).is_some_and(|version| version >= HOST_CHECK);
        let other = Call::get(Place::Api("experiments/search"), &[("max_results", "1")]);
        has_host_check && self.http.send(&self.probe(&other)).await.is_err()
    }

    /// A request that a browser sends without asking before whether it may.
    fn probe(&self, call: &Call<'_>) -> Request {
        Request { headers: Vec::new(), silence_ms: PROBE_MS, ..self.request(call, Prefix::Api) }
    }

    fn known<'a>(&self, call: &Call<'a>) -> Known<'a> {
        Known {
            question: call.question(),
            silence_ms: call.silence_ms,
            is_there: false,
            tells_version_alone: false,
            has_answered: self.may_read(call.method()),
        }
    }

    fn judged(&self, outcome: Result<&Response, &NoAnswer>, known: Known<'_>) -> Refused {
        let page = self.http.origin();
        let version = self.version();
        let Known { question, silence_ms, is_there, tells_version_alone, has_answered } = known;
        let fault = diagnose(&Seen {
            address: self.address(),
            page: page.as_deref(),
            version: version.as_deref(),
            question,
            silence_ms,
            is_there,
            tells_version_alone,
            has_answered,
            has_credentials: self.has_credentials(),
            outcome,
        });
        let fault = fault.unwrap_or_else(|| self.bad("it is none that is known").fault);
        Refused {
            status: outcome.ok().map(|response| response.status),
            code: outcome.ok().map(error_code).unwrap_or_default(),
            fault: Fault { message: self.hide(&fault.message), ..fault },
        }
    }

    /// An answer that can not be understood.
    pub fn bad(&self, why: &str) -> Refused {
        let message = format!("An answer of {} can not be read: {why}.", self.address().base());
        Refused { status: None, code: String::new(), fault: Fault::new(FaultKind::BadAnswer, message) }
    }

    /// Words of the server's own without secrets.
    pub fn shown(&self, text: &str) -> String {
        self.hide(&crate::sources::text::visible(text, 200))
    }
}

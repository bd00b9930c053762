//! A server that says what it is told to, in memory: what no real one can be made to say.

mod ahead;
mod asking;
mod histories;
mod hostile;
mod reading;
mod recorded;

use super::{Address, Credentials, Tracking};
use crate::model::{Experiment, Report, RunKey, RunTable};
use crate::sources::http::{Http, Method, NoAnswer, Request, Response, Sent};
use crate::sources::{Cursor, Fault, HistoryAsk, RunsAsk, Scope, Source};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub(super) type Reply = Result<Response, NoAnswer>;

/// What goes out by `POST`: questions all of them, nothing that writes.
const QUESTIONS: &[&str] = &[
    "/mlflow/experiments/search",
    "/mlflow/runs/search",
    "/mlflow/logged-models/search",
    "/mlflow/traces/search",
    "/mlflow/artifacts/credentials-for-read",
];

/// A server by its answers.
pub(super) struct Script {
    reply: Box<dyn Fn(&Request) -> Reply>,
    pub(super) asked: RefCell<Vec<Request>>,
    pub(super) pauses: RefCell<Vec<u32>>,
    pub(super) told: RefCell<Vec<String>>,
    pub(super) page: Option<String>,
    pub(super) is_there: Cell<bool>,
    pub(super) in_flight: Rc<Cell<usize>>,
    pub(super) most_in_flight: Cell<usize>,
    /// Whether requests wait for ever.
    pub(super) hangs: Cell<bool>,
    /// Whether nothing answers.
    pub(super) is_away: Cell<bool>,
}

struct Flight(Rc<Cell<usize>>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Script {
    pub(super) fn new(reply: impl Fn(&Request) -> Reply + 'static) -> Script {
        Script {
            reply: Box::new(reply),
            asked: RefCell::default(),
            pauses: RefCell::default(),
            told: RefCell::default(),
            page: None,
            is_there: Cell::new(false),
            in_flight: Rc::default(),
            most_in_flight: Cell::new(0),
            hangs: Cell::new(false),
            is_away: Cell::new(false),
        }
    }

    pub(super) fn tracking(self, credentials: Credentials) -> (Rc<Script>, Tracking) {
        let script = Rc::new(self);
        let address = Address::parse(BASE).expect("an address");
        (script.clone(), Tracking::new(script, address, credentials, None))
    }

    /// What it answers.
    pub(super) fn reply(&self, request: &Request) -> Reply {
        (self.reply)(request)
    }

    /// Addresses of what was asked, without the base.
    pub(super) fn paths(&self) -> Vec<String> {
        let path = |request: &Request| request.url.strip_prefix(BASE).unwrap_or(&request.url).to_owned();
        self.asked.borrow().iter().map(path).collect()
    }

    /// How many questions went to a path.
    pub(super) fn count(&self, path: &str) -> usize {
        self.paths().iter().filter(|asked| asked.contains(path)).count()
    }

    /// What was asked by `POST` at a path.
    pub(super) fn bodies(&self, path: &str) -> Vec<serde_json::Value> {
        let asked = self.asked.borrow();
        let bodies =
            asked.iter().filter(|request| request.url.contains(path)).filter_map(|request| request.body.as_deref());
        bodies.map(|body| serde_json::from_str(body).expect("JSON")).collect()
    }
}

pub(super) const BASE: &str = "http://mlflow.test/x";

impl Http for Script {
    fn send<'a>(&'a self, request: &'a Request) -> Sent<'a, Reply> {
        let is_question =
            request.method == Method::Get || QUESTIONS.iter().any(|question| request.url.ends_with(question));
        assert!(is_question, "this could write: {}", request.url);
        self.asked.borrow_mut().push(request.clone());
        Box::pin(async move {
            self.in_flight.set(self.in_flight.get() + 1);
            self.most_in_flight.set(self.most_in_flight.get().max(self.in_flight.get()));
            let _flight = Flight(self.in_flight.clone());
            if self.hangs.get() {
                std::future::pending::<()>().await;
            }
            // Others get their turn meanwhile, as on a line.
            let mut turns = 0;
            std::future::poll_fn(|context| {
                turns += 1;
                context.waker().wake_by_ref();
                if turns > 3 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            if self.is_away.get() {
                return Err(NoAnswer::Unreachable("away".into()));
            }
            (self.reply)(request).map(|response| match response.url.as_str() {
                "" => Response { url: request.url.clone(), ..response },
                _ => response,
            })
        })
    }

    fn is_there<'a>(&'a self, _url: &'a str) -> Sent<'a, bool> {
        Box::pin(async move { self.is_there.get() })
    }

    fn tell(&self, words: &str) {
        self.told.borrow_mut().push(words.to_owned());
    }

    fn pause(&self, ms: u32) -> Sent<'_, ()> {
        self.pauses.borrow_mut().push(ms);
        Box::pin(std::future::ready(()))
    }

    fn origin(&self) -> Option<String> {
        self.page.clone()
    }
}

pub(super) fn answer(status: u16, body: &str) -> Reply {
    Ok(Response { status, body: body.as_bytes().to_vec(), ..Response::default() })
}

pub(super) fn json(value: serde_json::Value) -> Reply {
    answer(200, &value.to_string())
}

/// Flask's own.
pub(super) fn absent() -> Reply {
    answer(404, "<!doctype html>\n<title>404 Not Found</title>")
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    answer(status, &serde_json::json!({ "error_code": code, "message": message }).to_string())
}

/// Two experiments, and `runs` for whatever else of the interface is asked.
pub(super) fn server(rest: impl Fn(&Request) -> Reply + 'static) -> Script {
    Script::new(move |request| match request.url.as_str() {
        url if url.contains("experiments/search") => json(
            serde_json::json!({"experiments": [{"experiment_id": "1", "name": "one"}, {"experiment_id": "2", "name": "two"}]}),
        ),
        url if url.ends_with("/version") => answer(200, "3.17.2"),
        url if url.contains("server-info") => json(serde_json::json!({"store_type": "SqlStore"})),
        _ => rest(request),
    })
}

pub(super) fn run(id: &str, experiment: &str) -> serde_json::Value {
    serde_json::json!({"info": {"run_id": id, "experiment_id": experiment, "status": "FINISHED"}, "data": {}})
}

pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

pub(super) fn experiments(tracking: &Tracking) -> Result<(Vec<Experiment>, Report), Fault> {
    let (mut all, mut report, mut after) = (Vec::new(), Report::default(), None);
    for _ in 0..1_000 {
        let page = wait(tracking.experiments(after))?;
        all.extend(page.items);
        report.merge(page.report);
        after = page.next;
        if after.is_none() {
            return Ok((all, report));
        }
    }
    panic!("the pages of experiments do not end");
}

/// All runs of a scope, in pages of two: ids, whether each page was in order, what was noted.
pub(super) fn runs(tracking: &Tracking, scope: &Scope) -> Result<(Vec<String>, Vec<bool>, Report), Fault> {
    experiments(tracking)?;
    let (mut all, mut ordered, mut report, mut after) =
        (RunTable::default(), Vec::new(), Report::default(), None::<Cursor>);
    for _ in 0..1_000 {
        let page = wait(tracking.runs(RunsAsk { after, size: 2, scope: scope.clone() }))?;
        all.append(page.items);
        ordered.push(page.ordered);
        report.merge(page.report);
        after = page.next;
        if after.is_none() {
            return Ok((all.id, ordered, report));
        }
    }
    panic!("the pages of runs do not end");
}

pub(super) fn pairs(list: &[(&str, &str)]) -> HistoryAsk {
    let pairs = list.iter().map(|(run, key)| (RunKey((*run).to_owned()), (*key).to_owned())).collect();
    HistoryAsk { pairs, ..HistoryAsk::default() }
}

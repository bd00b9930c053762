//! A tracking server in memory that fails where it is told to.

use crate::sources::http::{Http, NoAnswer, Request, Response, Sent};
use crate::sources::rest::{Address, Credentials, Tracking};
use std::rc::Rc;

pub type Reply = Result<Response, NoAnswer>;

fn answer(status: u16, body: &serde_json::Value) -> Reply {
    Ok(Response { status, body: body.to_string().into_bytes(), ..Response::default() })
}

pub fn dead() -> Reply {
    Err(NoAnswer::Unreachable("reset".into()))
}

pub fn failed() -> Reply {
    answer(500, &serde_json::json!({"error_code": "INTERNAL_ERROR"}))
}

/// What comes in place of an answer, by address and body.
pub type Fails = fn(&str, &str) -> Option<Reply>;

/// A server with two pages of runs and the last points of three metrics of each.
struct Failing(Fails);

impl Http for Failing {
    fn send<'a>(&'a self, request: &'a Request) -> Sent<'a, Reply> {
        let body = request.body.clone().unwrap_or_default();
        let reply = (self.0)(&request.url, &body).unwrap_or_else(|| match request.url.as_str() {
            url if url.contains("experiments/search") => {
                answer(200, &serde_json::json!({"experiments": [{"experiment_id": "1", "name": "one"}]}))
            }
            url if url.contains("runs/search") => {
                let is_first = !body.contains("page_token");
                let id = if is_first { "r1" } else { "r2" };
                let metric = |key: &str| serde_json::json!({"key": key, "value": 1, "step": 1, "timestamp": 1});
                let metrics = ["a", "b", "c"].map(metric);
                let data = serde_json::json!({ "metrics": metrics });
                let run = serde_json::json!({"info": {"run_id": id, "experiment_id": "1"}, "data": data});
                let next = is_first.then_some("2");
                answer(200, &serde_json::json!({"runs": [run], "next_page_token": next}))
            }
            url if url.contains("metrics/get-history?") => {
                let point = |step: u32| serde_json::json!({"value": 1, "step": step, "timestamp": step});
                answer(200, &serde_json::json!({"metrics": [point(0), point(1)]}))
            }
            _ => answer(404, &serde_json::json!({})),
        });
        Box::pin(std::future::ready(reply))
    }

    fn is_there<'a>(&'a self, _url: &'a str) -> Sent<'a, bool> {
        Box::pin(std::future::ready(false))
    }

    fn pause(&self, _ms: u32) -> Sent<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn origin(&self) -> Option<String> {
        None
    }
}

/// It as a source, at `http://mlflow.test`.
pub fn tracking(fails: Fails) -> Tracking {
    let address = Address::parse("http://mlflow.test").expect("an address");
    Tracking::new(Rc::new(Failing(fails)), address, Credentials::None, None)
}

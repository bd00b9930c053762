//! Answers that real servers gave, of three versions (`tests/fixtures/rest`).

use super::{Reply, Script, absent, answer, experiments, pairs, wait};
use crate::model::{RunKey, RunTable};
use crate::sources::exports::json::Json;
use crate::sources::http::Request;
use crate::sources::rest::{Credentials, Tracking};
use crate::sources::{FaultKind, HistoryAsk, ReadAsk, RunsAsk, Source};
use std::rc::Rc;

macro_rules! recorded {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../../../../tests/fixtures/rest/", $name, ".json")))),*] };
}

const ALL: &[(&str, &str)] = &recorded![
    "3.17.2/experiments_search_get",
    "3.17.2/runs_search",
    "3.17.2/history_bulk_nan",
    "3.17.2/history_bulk_interval",
    "3.17.2/artifacts_list",
    "3.17.2/registered_models_search",
    "3.17.2/logged_models_search",
    "3.17.2/traces_search_v3",
    "2.22.0/experiments_search_get",
    "2.22.0/runs_search",
    "2.22.0/history_bulk_interval",
    "2.22.0/get_artifact_missing",
    "2.22.0/traces_search_v3",
    "1.30.1/experiments_list_legacy",
    "1.30.1/runs_search",
    "1.30.1/history_bulk"
];

/// The answer with the bytes that it had, and its status.
fn reply(text: &str) -> Reply {
    let mut json = Json::new(Rc::new(text.as_bytes().to_vec())).expect("read");
    let whole = json.value().expect("whole").expect("a value");
    let status = whole["status"].as_str().and_then(|status| status.parse().ok()).expect("a status");
    match whole["response"]["__text__"].as_str() {
        Some(text) => answer(status, text),
        None => {
            let (_, body) = text.split_once("\"response\": ").expect("an answer");
            answer(status, body.trim_end().strip_suffix('}').expect("its end"))
        }
    }
}

/// A server of one version, as far as it was recorded.
fn of(version: &'static str) -> (Rc<Script>, Tracking) {
    let given = move |name: &str| {
        ALL.iter().find(|(file, _)| *file == format!("{version}/{name}")).map_or_else(absent, |(_, text)| reply(text))
    };
    let name = |request: &Request| {
        let known = [
            ("experiments/search", "experiments_search_get"),
            ("experiments/list", "experiments_list_legacy"),
            ("runs/search", "runs_search"),
            ("get-history-bulk-interval", "history_bulk_interval"),
            ("get-history-bulk?", "history_bulk_nan"),
            ("artifacts/list", "artifacts_list"),
            ("get-artifact", "get_artifact_missing"),
            ("registered-models/search?max_results=1000&filter", ""),
            ("registered-models/search", "registered_models_search"),
            ("logged-models/search", "logged_models_search"),
            ("api/3.0/mlflow/traces/search", "traces_search_v3"),
        ];
        known.iter().find(|(path, _)| request.url.contains(path)).map_or("", |(_, name)| name)
    };
    Script::new(move |request| match request.url.ends_with("/version") && version != "1.30.1" {
        true => answer(200, version),
        false => given(name(request)),
    })
    .tracking(Credentials::None)
}

fn runs(tracking: &Tracking) -> RunTable {
    let page = wait(tracking.runs(RunsAsk { size: 50, ..RunsAsk::default() })).expect("runs");
    assert_eq!((page.report.total(), page.next), (0, None));
    page.items
}

#[test]
fn experiments_and_runs_of_three_versions() {
    for (version, names, runs_of_one, infinite) in [
        ("3.17.2", "restored exp, renamed: after, demo/main exp, Default", 8, 1),
        ("2.22.0", "restored exp, renamed: after, demo/main exp, Default", 8, 1),
        ("1.30.1", "Default, demo/main exp, renamed: after, restored exp", 8, 1),
    ] {
        let (_, tracking) = of(version);
        let (found, report) = experiments(&tracking).expect(version);
        let found: Vec<&str> = found.iter().map(|experiment| experiment.name.as_str()).collect();
        assert_eq!((found.join(", ").as_str(), report.total()), (names, 0), "{version}");
        let table = runs(&tracking);
        assert_eq!(table.len(), runs_of_one, "{version}");
        let lasts = table.metrics.iter().flat_map(|(_, column)| column.iter()).map(|(_, summary)| summary.last);
        assert_eq!(lasts.filter(|last| *last == f64::INFINITY).count(), infinite, "{version}");
        assert!(table.name.iter().any(|name| name == "baseline-ünï"), "{version}");
    }
}

#[test]
fn histories_of_three_versions() {
    let sampled = |version: &'static str, runs: [&'static str; 2], steps: &[i64]| {
        let (_, tracking) = of(version);
        let ask = HistoryAsk { enough: Some(5), ..pairs(&[(runs[0], "train/loss"), (runs[1], "train/loss")]) };
        let page = wait(tracking.history(ask)).expect(version);
        assert_eq!((page.items[0].step.as_slice(), page.items[0].is_sampled), (steps, true), "{version}");
        assert!(page.items[1].is_empty());
    };
    sampled("3.17.2", ["ffdbaa519b9a4599820e12102eb1480f", "dab7020292c14e84b03d90a63dbe581e"], &[0, 5, 10, 15, 24]);
    sampled(
        "2.22.0",
        ["a0bd7cb769ea4fb8a7e34d73917e6ead", "0b9fe8516ff64e4f9ac723281a60966e"],
        &[0, 5, 10, 15, 20, 24],
    );
    let (script, tracking) = of("3.17.2");
    let page =
        wait(tracking.history(pairs(&[("ffdbaa519b9a4599820e12102eb1480f", "mixed nan"), ("other", "mixed nan")])))
            .expect("whole");
    assert!(page.items[0].value.iter().any(|value| value.is_nan()) && !page.items[0].is_sampled, "{:?}", page.items[0]);
    assert_eq!(script.count("get-history"), 1);
}

#[test]
fn what_lies_beside_runs_of_two_versions() {
    let (_, tracking) = of("3.17.2");
    experiments(&tracking).expect("a server");
    let run = RunKey("ffdbaa519b9a4599820e12102eb1480f".into());
    let folder = tracking.artifacts(&run);
    let lists = wait(folder.list(&[String::new()], true)).expect("lists");
    let names: Vec<&str> = lists[0].iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["cfg.json", "eval_table.json", "figs", "images", "text"]);
    let store = wait(tracking.stores()).expect("a store").remove(0);
    assert_eq!(store.registered_models, [("my model".to_owned(), 2)]);
    assert!(store.logged_models > 0 && store.traces > 0, "{store:?}");
    let (_, tracking) = of("2.22.0");
    let folder = tracking.artifacts(&run);
    let read = wait(folder.read(&[ReadAsk::up_to("nope.txt", 9)])).expect("answers").remove(0);
    assert_eq!(read.expect_err("missing").kind, FaultKind::NotFound);
}

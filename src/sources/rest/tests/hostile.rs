//! Answers that no server should give: a notice or a fault, never a hang, never a panic.

use super::{Script, absent, answer, experiments, json, pairs, run, runs, server, wait};
use crate::model::{Reason, RunKey};
use crate::sources::http::Response;
use crate::sources::mutation_tests::rounds;
use crate::sources::rest::Credentials;
use crate::sources::{FaultKind, HistoryAsk, ReadAsk, RunsAsk, Scope, Source};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;

/// What comes of a server that answers the search of runs like this: ids, notices.
fn searched(reply: impl Fn(u64) -> Value + 'static) -> (Vec<String>, crate::model::Report, usize) {
    let asked = Cell::new(0);
    let (script, tracking) = server(move |request| match request.url.contains("runs/search") {
        true => json(reply(asked.replace(asked.get() + 1))),
        false => absent(),
    })
    .tracking(Credentials::None);
    let (ids, _, report) = runs(&tracking, &Scope::default()).expect("runs");
    let count = script.count("runs/search");
    (ids, report, count)
}

#[test]
fn pages_that_never_end() {
    let (ids, report, asked) = searched(|_| json!({"runs": [run("a", "1")], "next_page_token": "same"}));
    assert_eq!((ids.as_slice(), report.count(Reason::ServerPages), asked), (&["a".to_owned()][..], 1, 2));
    let (ids, report, asked) = searched(|at| json!({"runs": [run("a", "1")], "next_page_token": at.to_string()}));
    assert_eq!((ids.len(), report.count(Reason::ServerPages)), (1, 1));
    assert!(asked < 10, "{asked}");
    let (ids, report, asked) = searched(|at| json!({"next_page_token": (at % 2).to_string()}));
    assert_eq!((ids.len(), report.count(Reason::ServerPages)), (0, 1));
    assert!(asked < 10, "{asked}");
    let (ids, report, _) =
        searched(|at| json!({"runs": [run(&at.to_string(), "1")], "next_page_token": (at % 3).to_string()}));
    assert_eq!((ids.len(), report.count(Reason::ServerPages)), (4, 1));
    // More than was asked for is taken.
    let (ids, report, _) =
        searched(|_| json!({"runs": (0..50).map(|at| run(&at.to_string(), "1")).collect::<Vec<_>>()}));
    assert_eq!((ids.len(), report.total()), (50, 0));
    let (_, tracking) = Script::new(|request| match request.url.contains("experiments/search") {
        true => json(json!({"experiments": [{"experiment_id": "1"}, {}, 7], "next_page_token": "same"})),
        false => absent(),
    })
    .tracking(Credentials::None);
    let (found, report) = experiments(&tracking).expect("a server");
    assert_eq!((found.len(), report.count(Reason::ServerPages), report.count(Reason::ServerAnswer)), (1, 1, 4));
}

#[test]
fn runs_that_are_none_or_of_others() {
    let long = "x".repeat(100_000);
    let evil = "a\u{202E}\u{0}b";
    let (ids, report, _) = searched(move |_| {
        json!({"runs": [run("a", "1"), run("a", "1"), run("b", "99"), run("c", "99"), run("", "1"), {"info": 7}, null, "text",
            {"info": {"run_id": evil, "experiment_id": "1", "status": long, "start_time": {}}, "data": {"metrics": {"x": []}, "params": 3}}]})
    });
    assert_eq!(ids, ["a", "a\u{202E}\u{0}b"]);
    assert_eq!(report.count(Reason::ServerAnswer), 1 + 4 + 2, "{:?}", report.notices());
    for notice in report.notices() {
        assert!(notice.message.len() < 1_000 && !notice.message.contains('\u{202E}'), "{notice:?}");
        assert!(!notice.path.contains(['\u{202E}', '\0']), "{notice:?}");
    }
    let (ids, _, _) = searched(|_| json!({"runs": "many"}));
    assert!(ids.is_empty());
}

#[test]
fn points_of_others_and_points_that_are_none() {
    let (_, tracking) = server(|request| match request.url.contains("interval") {
        true => json(json!({"metrics": [
            {"run_id": "a", "step": 1, "value": 1.5}, {"run_id": "x", "step": 1, "value": 1}, {"step": 1}, 7, {"run_id": "a", "step": "one"},
            {"run_id": "a", "step": {"a": 1}}, {"run_id": "a", "step": 1e30, "value": 1}], "more": [[[]]]})),
        false => absent(),
    })
    .tracking(Credentials::None);
    let ask = HistoryAsk { enough: Some(100), ..pairs(&[("a", "loss"), ("b", "loss")]) };
    let page = wait(tracking.history(ask)).expect("histories");
    assert_eq!((page.items[0].step.as_slice(), page.items[1].len()), (&[1][..], 0));
    assert_eq!(page.report.count(Reason::ServerAnswer), 2, "{:?}", page.report.notices());
}

#[test]
fn histories_and_folders_without_an_end() {
    let asked = Cell::new(0_u64);
    let (script, tracking) = server(move |request| {
        let at = asked.replace(asked.get() + 1);
        match request.url.as_str() {
            url if url.contains("bulk") => absent(),
            url if url.contains("get-history") => {
                json(json!({"metrics": [{"step": 1, "value": 1}], "next_page_token": "t"}))
            }
            url if url.contains("artifacts/list") => {
                json(json!({"files": [{"path": "a"}], "next_page_token": at.to_string()}))
            }
            _ => absent(),
        }
    })
    .tracking(Credentials::None);
    let page = wait(tracking.history(pairs(&[("a", "loss")]))).expect("a history");
    assert_eq!((page.items[0].len(), page.report.count(Reason::ServerPages)), (1, 1));
    let folder = tracking.artifacts(&RunKey("a".into()));
    let lists = wait(folder.list(&[String::new()], true)).expect("lists");
    assert_eq!(lists[0].len(), 1);
    assert!(script.asked.borrow().len() < 20, "{}", script.asked.borrow().len());
}

#[test]
fn a_redirect_is_no_answer() {
    for (status, url) in [(200, "https://sso.test/login?next=mlflow"), (302, "")] {
        let (_, tracking) = Script::new(move |_| {
            let headers = vec![("location".to_owned(), "https://sso.test/login".to_owned())];
            Ok(Response {
                status,
                url: url.to_owned(),
                headers,
                body: b"{\"experiments\": [{\"experiment_id\": \"1\"}]}".to_vec(),
            })
        })
        .tracking(Credentials::None);
        let fault = experiments(&tracking).expect_err("a redirect");
        assert_eq!(fault.kind, FaultKind::LoginPage, "{fault}");
        assert!(fault.message.contains("https://sso.test") && !fault.message.contains("next="), "{fault}");
    }
}

#[test]
fn cursors_of_nobody() {
    let (_, tracking) = server(|_| json(json!({}))).tracking(Credentials::None);
    experiments(&tracking).expect("a server");
    for cursor in ["", "x", "{}", "{\"listing\":9,\"group\":7,\"token\":\"t\",\"round\":3,\"runs\":1}", "-1"] {
        let after = Some(crate::sources::Cursor(cursor.to_owned()));
        let _ = wait(tracking.runs(RunsAsk { after: after.clone(), size: 0, ..RunsAsk::default() }));
        let _ = wait(tracking.shelf(after.clone()));
        let page = wait(tracking.history(HistoryAsk { after, ..HistoryAsk::default() })).expect("nothing");
        assert!(page.items.is_empty() && page.next.is_none());
    }
}

/// Every answer with bytes changed by a seed: whatever comes, it comes to an end.
#[test]
fn changed_bytes() {
    let good: [(&str, String); 6] = [
        ("experiments/search", json!({"experiments": [{"experiment_id": "1", "tags": [{"key": "a", "value": "b"}]}], "next_page_token": "t"}).to_string()),
        ("runs/search", json!({"runs": [run("a", "1"), run("b", "1")], "next_page_token": "t"}).to_string()),
        ("get-history", json!({"metrics": [{"key": "loss", "run_id": "a", "step": 1, "timestamp": 2, "value": "NaN"}], "next_page_token": "t"}).to_string()),
        ("artifacts/list", json!({"root_uri": "mlflow-artifacts:/1", "files": [{"path": "a", "is_dir": false, "file_size": 3}], "next_page_token": "t"}).to_string()),
        ("registered-models", json!({"registered_models": [{"name": "m", "latest_versions": [{"version": "1"}]}], "next_page_token": "t"}).to_string()),
        ("traces", json!({"traces": [{"trace_id": "t", "request_time": "2026-01-01T00:00:00Z"}], "next_page_token": "t"}).to_string()),
    ];
    let good = Rc::new(good);
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    for _ in 0..rounds(400) {
        let (good, start) = (good.clone(), next());
        let turn = Cell::new(start);
        let (script, tracking) = Script::new(move |request| {
            let Some((_, text)) = good.iter().find(|(path, _)| request.url.contains(path)) else { return absent() };
            let mut bytes = text.clone().into_bytes();
            let at = turn
                .replace(turn.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            if at % 3 == 0 {
                for place in 0..1 + at % 4 {
                    let place = (at >> (8 + place)) % bytes.len();
                    bytes[place] = b"{}[]\",:0-x\\\xFFtN "[(at >> 3) % 15];
                }
            }
            answer(200, &String::from_utf8_lossy(&bytes))
        })
        .tracking(Credentials::None);
        let _ = experiments(&tracking);
        let _ = runs(&tracking, &Scope::default());
        let _ = wait(tracking.history(HistoryAsk { enough: Some(5), ..pairs(&[("a", "loss"), ("b", "loss")]) }));
        let _ = wait(tracking.history(pairs(&[("a", "loss")])));
        let folder = tracking.artifacts(&RunKey("a".into()));
        let _ = wait(folder.list(&[String::new()], true));
        let _ = wait(folder.read(&[ReadAsk::up_to("a", 9)]));
        let mut after = None;
        for _ in 0..100 {
            after = wait(tracking.shelf(after)).ok().and_then(|page| page.next);
            if after.is_none() {
                break;
            }
        }
        let _ = wait(tracking.stores());
        assert!(after.is_none() && script.asked.borrow().len() < 400, "{} questions", script.asked.borrow().len());
    }
}

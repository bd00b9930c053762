//! What is asked of a server, and what is made of its answers: runs, artifacts, the shelf.

use super::{Script, absent, answer, error, experiments, json, run, runs, server, wait};
use crate::model::{Lifecycle, Reason, RunKey};
use crate::sources::http::{NoAnswer, Request};
use crate::sources::rest::{Credentials, Tracking};
use crate::sources::{FaultKind, ReadAsk, RunsAsk, Scope, Source};
use serde_json::{Value, json};
use std::rc::Rc;

fn question(request: &Request) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap_or("null")).expect("JSON")
}

/// Five runs of experiment 1 in pages as asked for, one of experiment 2; `refuse` may answer before.
fn of_six(refuse: impl Fn(&Value) -> Option<super::Reply> + 'static) -> (Rc<Script>, Tracking) {
    let script = server(move |request| {
        if !request.url.contains("runs/search") {
            return absent();
        }
        let asked = question(request);
        if let Some(refused) = refuse(&asked) {
            return refused;
        }
        let all = ["a1", "b1", "c1", "d1", "e1", "f2"];
        let is_of = |id: &&str| {
            asked["experiment_ids"]
                .as_array()
                .expect("ids")
                .iter()
                .any(|own| id.ends_with(own.as_str().expect("an id")))
        };
        let all: Vec<&str> = all.into_iter().filter(is_of).collect();
        let start: usize = asked["page_token"].as_str().map_or(0, |token| token.parse().expect("a token"));
        let end = start.saturating_add(asked["max_results"].as_u64().expect("a size") as usize).min(all.len());
        let page: Vec<Value> = all[start..end].iter().map(|id| run(id, &id[1..])).collect();
        json(match end < all.len() {
            true => json!({ "runs": page, "next_page_token": end.to_string() }),
            false => json!({ "runs": page }),
        })
    });
    script.tracking(Credentials::None)
}

#[test]
fn a_scope_is_what_is_asked_for() {
    let (script, tracking) = of_six(|_| None);
    let scope = Scope {
        experiments: vec![0],
        lifecycle: Some(Lifecycle::Deleted),
        query: "metrics.acc > 0.5 AND params.lr = '0.1'".into(),
        order: vec!["metrics.loss DESC".into()],
        only: Vec::new(),
    };
    let (ids, ordered, report) = runs(&tracking, &scope).expect("runs");
    assert_eq!((ids.as_slice(), report.total()), (&["a1", "b1", "c1", "d1", "e1"].map(str::to_owned)[..], 0));
    assert_eq!(ordered, [true; 3]);
    let bodies = script.bodies("runs/search");
    assert_eq!(bodies[0]["experiment_ids"], json!(["1"]));
    assert_eq!((&bodies[0]["run_view_type"], &bodies[0]["max_results"]), (&json!("DELETED_ONLY"), &json!(2)));
    assert_eq!(
        (&bodies[0]["filter"], &bodies[0]["order_by"]),
        (&json!("metrics.acc > 0.5 AND params.lr = '0.1'"), &json!(["metrics.loss DESC"]))
    );
    assert!(bodies[0].get("page_token").is_none() && bodies[2]["page_token"] == json!("4"), "{bodies:?}");
    let (ids, _, _) = runs(&tracking, &Scope::default()).expect("runs");
    let last = script.bodies("runs/search").pop().expect("a question");
    assert_eq!((ids.len(), &last["experiment_ids"], &last["run_view_type"]), (6, &json!(["1", "2"]), &json!("ALL")));
}

#[test]
fn what_is_not_understood_is_left_out_and_remembered() {
    let filter = "metrics.acc > 0.5 AND params.lr = '0.1' AND tags.team = 'x'";
    // What is refused, in which words; the filters that were asked for, one after the other.
    let check = |bad: &'static str, words: &'static str, expected: &[&str]| {
        let (script, tracking) = of_six(move |asked| {
            let is_bad = asked["filter"].as_str().is_some_and(|filter| filter.contains(bad));
            is_bad.then(|| error(400, "INVALID_PARAMETER_VALUE", words))
        });
        let scope = Scope { experiments: vec![0], query: filter.into(), ..Scope::default() };
        for round in 0..2 {
            let (ids, _, _) = runs(&tracking, &scope).expect(bad);
            assert_eq!(ids.len(), 5, "{bad}, round {round}");
        }
        let asked: Vec<Value> = script.bodies("runs/search").iter().map(|body| body["filter"].clone()).collect();
        let first = &asked[..expected.len()];
        assert_eq!(
            first,
            expected.iter().map(|text| if text.is_empty() { Value::Null } else { json!(text) }).collect::<Vec<_>>(),
            "{bad}"
        );
        assert!(asked[expected.len() - 1..].iter().all(|filter| Some(filter) == first.last()), "{bad}: {asked:?}");
    };
    check("nothing", "", &[filter]);
    check("params.lr", "Invalid clause: params.lr = '0.1'", &[filter, "metrics.acc > 0.5 AND tags.team = 'x'"]);
    let less = "metrics.acc > 0.5 AND params.lr = '0.1'";
    check("metrics.acc", "syntax error", &[filter, less, "metrics.acc > 0.5", ""]);
    check("tags.team", "syntax error", &[filter, less]);
}

#[test]
fn an_order_that_is_refused_or_takes_too_long_is_given_up() {
    for is_late in [false, true] {
        let (script, tracking) = of_six(move |asked| {
            let refused =
                if is_late { Err(NoAnswer::TimedOut) } else { error(400, "INVALID_PARAMETER_VALUE", "no order") };
            (!asked["order_by"].is_null()).then_some(refused)
        });
        let scope = Scope { experiments: vec![0], order: vec!["metrics.loss ASC".into()], ..Scope::default() };
        for round in 0..2 {
            let (ids, ordered, report) = runs(&tracking, &scope).expect("runs");
            assert_eq!((ids.len(), ordered), (5, vec![false; 3]));
            let noted = u64::from(is_late && round == 0);
            assert_eq!((report.count(Reason::ServerOrder), report.total()), (noted, noted));
        }
        assert_eq!(script.told.borrow().len(), usize::from(is_late), "{:?}", script.told);
        let asked = script.bodies("runs/search");
        assert_eq!(asked.iter().filter(|body| !body["order_by"].is_null()).count(), 1, "{asked:?}");
        assert!(script.pauses.borrow().is_empty(), "it is not tried again");
    }
    // It may happen on a later page: then all comes from the beginning, and nothing twice.
    let (_, tracking) = of_six(|asked| {
        let is_late = !asked["order_by"].is_null() && asked["page_token"] == json!("2");
        is_late.then_some(Err(NoAnswer::TimedOut))
    });
    let scope = Scope { experiments: vec![0], order: vec!["metrics.loss ASC".into()], ..Scope::default() };
    let (ids, ordered, _) = runs(&tracking, &scope).expect("runs");
    assert_eq!(ids, ["a1", "b1", "c1", "d1", "e1"]);
    assert_eq!((ordered.first(), ordered.last()), (Some(&true), Some(&false)));
}

#[test]
fn a_list_goes_on_where_it_stopped() {
    let (script, tracking) = of_six(|_| None);
    experiments(&tracking).expect("a server");
    let ask = |after: &Option<crate::sources::Cursor>| RunsAsk { after: after.clone(), size: 2, ..RunsAsk::default() };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        script.is_away.set(true);
        assert_eq!(wait(tracking.runs(ask(&after))).expect_err("away").kind, FaultKind::Unreachable);
        script.is_away.set(false);
        // Its answer was lost once.
        let lost = wait(tracking.runs(ask(&after))).expect("a page").items.id;
        // Others come between, so that this list is forgotten but for its cursor.
        for _ in 0..20 {
            wait(tracking.runs(ask(&None))).expect("a page");
        }
        let page = wait(tracking.runs(ask(&after))).expect("a page");
        assert_eq!(page.items.id, lost);
        ids.extend(page.items.id);
        after = page.next;
        if after.is_none() {
            assert_eq!((page.read.runs, page.read.runs_total), (6, Some(6)));
            break;
        }
    }
    assert_eq!(ids, ["a1", "b1", "c1", "d1", "e1", "f2"]);
}

#[test]
fn one_experiment_a_question_and_smaller_answers() {
    let (script, tracking) = of_six(|asked| {
        let is_many = asked["experiment_ids"].as_array().is_some_and(|ids| ids.len() > 1);
        is_many.then(|| error(400, "INVALID_PARAMETER_VALUE", "experiment_ids: one only"))
    });
    for _ in 0..2 {
        let (ids, ordered, _) =
            runs(&tracking, &Scope { order: vec!["start_time DESC".into()], ..Scope::default() }).expect("runs");
        assert_eq!((ids.len(), ordered.last()), (6, Some(&false)));
    }
    let many = script
        .bodies("runs/search")
        .iter()
        .filter(|body| body["experiment_ids"].as_array().expect("ids").len() > 1)
        .count();
    assert_eq!(many, 2, "with the order, without it, and never again");
    let (_, tracking) = of_six(|asked| (asked["max_results"] != json!(1)).then_some(Err(NoAnswer::TooLarge)));
    assert_eq!(runs(&tracking, &Scope::default()).expect("runs").0.len(), 6);
}

#[test]
fn some_runs_as_they_are_now() {
    let only =
        |ids: &[&str]| Scope { only: ids.iter().map(|id| RunKey((*id).to_owned())).collect(), ..Scope::default() };
    for has_list in [true, false] {
        let (script, tracking) = server(move |request| {
            if request.url.contains("runs/search") {
                let filter = question(request)["filter"].as_str().map(str::to_owned).unwrap_or_default();
                assert!(filter.starts_with("attributes.run_id IN ('a'"), "{filter}");
                // It leaves one out, and gives one that nobody asked for.
                return match has_list {
                    true => json(json!({"runs": [run("a", "1"), run("other", "1")]})),
                    false => error(400, "INVALID_PARAMETER_VALUE", "no IN"),
                };
            }
            match request.url.rsplit("run_id=").next() {
                Some(id @ ("a" | "b" | "it%27s")) => json(json!({"run": run(&id.replace("%27", "'"), "2")})),
                _ if request.url.contains("runs/get") => error(404, "RESOURCE_DOES_NOT_EXIST", "gone"),
                _ => absent(),
            }
        })
        .tracking(Credentials::None);
        for _ in 0..2 {
            let (mut ids, _, _) = runs(&tracking, &only(&["a", "b", "gone", "it's"])).expect("runs");
            ids.sort();
            assert_eq!(ids, ["a", "b", "it's"], "{has_list}");
        }
        assert_eq!(script.count("runs/search"), if has_list { 2 } else { 1 });
    }
}

/// A run's folder at a server that gives files by one way only.
fn by(way: &'static str) -> (Rc<Script>, Tracking) {
    server(move |request| match request.url.as_str() {
        url if url.contains("artifacts/list") => {
            let files = match url.contains("path=d%2Fe") {
                true => json!([{"path": "d/e/x.txt", "is_dir": false, "file_size": "6"}]),
                false => json!([{"path": "d", "is_dir": true}, {"path": "../up"}, {"path": "a b.txt", "file_size": 6}, {"path": "x/y"}, {}]),
            };
            json(json!({"root_uri": "mlflow-artifacts:/1/r/artifacts", "files": files}))
        }
        url if way == "page" && url.contains("/get-artifact?path=a%20b.txt&run_uuid=r") => {
            let mut response = answer(206, "cde")?;
            response.headers.push(("content-type".into(), "text/plain".into()));
            let range = request.headers.iter().find(|(name, _)| name == "Range");
            assert_eq!(range.map(|(_, range)| range.as_str()), Some("bytes=2-4"));
            Ok(response)
        }
        // A page of its own for all addresses.
        url if url.contains("/get-artifact?") => {
            let mut response = answer(200, "<html>app")?;
            response.headers.push(("content-type".into(), "text/html; charset=utf-8".into()));
            Ok(response)
        }
        url if way == "proxy" && url.contains("/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b.txt") => answer(200, "abcdef"),
        url if way == "api" && url.contains("artifacts/get?path=a%20b.txt&run_uuid=r") => answer(200, "abcdef"),
        url if way == "signed" && url.contains("credentials-for-read") => json(json!({"credential_infos": [
            {"signed_uri": "https://store.test/key?sig=1", "headers": [{"name": "X-Store", "value": "1"}]}]})),
        "https://store.test/key?sig=1" => {
            let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["X-Store", "Range"], "no credentials go to a store");
            answer(206, "cde")
        }
        _ => absent(),
    })
    .tracking(Credentials::Bearer("token-1234".into()))
}

#[test]
fn artifacts_by_every_way() {
    for way in ["page", "proxy", "api", "signed", "none"] {
        let (script, tracking) = by(way);
        let folder = tracking.artifacts(&RunKey("r".into()));
        let lists = wait(folder.list(&[String::new(), "d/e".into()], true)).expect("lists");
        let names: Vec<(&str, bool, Option<u64>)> =
            lists[0].iter().map(|entry| (entry.name.as_str(), entry.is_folder, entry.size)).collect();
        assert_eq!(names, [("a b.txt", false, Some(6)), ("d", true, None)]);
        assert_eq!((lists[1][0].name.as_str(), folder.take_report().count(Reason::ServerAnswer)), ("x.txt", 3));
        for _ in 0..2 {
            let ask = ReadAsk { path: "a b.txt".into(), range: 2..5 };
            let read = wait(folder.read(&[ask])).expect("answers").remove(0);
            match way {
                "none" => assert_eq!(read.expect_err("no way").kind, FaultKind::NotFound),
                _ => assert_eq!(read.as_deref(), Ok(&b"cde"[..]), "{way}"),
            }
        }
        for request in script.asked.borrow().iter() {
            assert_eq!(request.follows, request.url.starts_with("https://store.test"), "{}", request.url);
        }
        if way == "proxy" {
            assert_eq!(script.count("get-artifact"), 1, "the way is remembered");
        }
        let up = wait(folder.read(&[ReadAsk::up_to("a/../../x", 9)])).expect("answers").remove(0);
        assert_eq!(up.expect_err("no such path").kind, FaultKind::NotFound);
    }
}

#[test]
fn models_lie_in_the_folder_of_their_run() {
    let (script, tracking) = server(|request| match request.url.as_str() {
        url if url.contains("runs/get?run_id=r") => {
            let outputs = json!({"model_outputs": [{"model_id": "m-1"}, {"model_id": "m-1/../x"}]});
            json(json!({"run": {"info": {"run_id": "r"}, "outputs": outputs}}))
        }
        url if url.contains("artifacts/list") && url.contains("path=models") => {
            json(json!({"files": [{"path": "models/own.txt"}]}))
        }
        url if url.contains("artifacts/list") => {
            json(json!({"files": [{"path": "models", "is_dir": true}, {"path": "a.txt"}]}))
        }
        url if url.contains("/api/2.0/mlflow/logged-models/m-1/artifacts/directories") => match url.contains("?") {
            true => json(json!({"files": [{"path": "code/x.py"}]})),
            false => json(json!({"files": [{"path": "code", "is_dir": true}, {"path": "MLmodel", "file_size": 3}]})),
        },
        url if url.contains("/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files?artifact_file_path=MLmodel") => {
            answer(200, "abc")
        }
        url if url.contains("/get-artifact?path=models%2Fown.txt") => answer(200, "own"),
        _ => absent(),
    })
    .tracking(Credentials::None);
    let folder = tracking.artifacts(&RunKey("r".into()));
    let asks = ["models/m-1/MLmodel", "models/own.txt", "models/m-2/x"].map(|path| ReadAsk::up_to(path, 9));
    let read = wait(folder.read(&asks)).expect("answers");
    assert_eq!((read[0].as_deref(), read[1].as_deref()), (Ok(&b"abc"[..]), Ok(&b"own"[..])));
    assert_eq!(read[2].as_ref().map_err(|fault| fault.kind), Err(FaultKind::NotFound));
    let dirs = ["", "models", "models/m-1", "models/m-1/code"].map(str::to_owned);
    let lists = wait(folder.list(&dirs, true)).expect("lists");
    let names: Vec<Vec<&str>> =
        lists.iter().map(|list| list.iter().map(|entry| entry.name.as_str()).collect()).collect();
    assert_eq!(names, [vec!["a.txt", "models"], vec!["m-1", "own.txt"], vec!["MLmodel", "code"], vec!["x.py"]]);
    assert_eq!(script.count("runs/get"), 1);
}

#[test]
fn a_file_that_is_missing_large_or_empty() {
    for (reply, expected) in [
        (error(404, "RESOURCE_DOES_NOT_EXIST", "No such artifact"), Err(FaultKind::NotFound)),
        (answer(500, "<html>Internal Server Error"), Err(FaultKind::NotFound)),
        (answer(503, "disabled"), Err(FaultKind::Busy)),
        (Err(NoAnswer::TooLarge), Err(FaultKind::OverBudget)),
        (answer(416, ""), Ok(0)),
        (answer(200, "0123456789abc"), Ok(9)),
    ] {
        let given = reply.clone();
        let (script, tracking) = server(move |request| match request.url.contains("/get-artifact") {
            true => given.clone(),
            false => absent(),
        })
        .tracking(Credentials::None);
        let folder = tracking.artifacts(&RunKey("r".into()));
        let read = wait(folder.read(&[ReadAsk::up_to("f", 9)])).expect("answers").remove(0);
        assert_eq!(read.map(|bytes| bytes.len()).map_err(|fault| fault.kind), expected, "{reply:?}");
        assert!(script.pauses.borrow().is_empty(), "what a server never gives is not waited for");
    }
}

#[test]
fn the_shelf_of_every_version() {
    for is_new in [true, false] {
        let (_, tracking) = server(move |request| match request.url.as_str() {
            url if url.contains("registered-models/search") => match (url.contains("filter"), url.contains("page_token")) {
                (true, _) if !is_new => error(400, "INVALID_PARAMETER_VALUE", "tags can not be searched"),
                (true, _) => json(json!({"registered_models": [{"name": "p", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}]})),
                (false, false) => json(json!({"registered_models": [{"name": "m", "latest_versions": [{"version": "2"}]}], "next_page_token": "t"})),
                (false, true) => json(json!({"registered_models": [{"name": "n"}]})),
            },
            url if url.contains("model-versions/search") && !url.contains("filter") => {
                json(json!({"model_versions": [{"name": "m", "version": "2", "description": "d"}, {"name": "m", "version": "1"}]}))
            }
            url if is_new && url.contains("logged-models/search") => json(json!({"models": [
                {"info": {"model_id": "m-1", "experiment_id": "2"}}, {"info": {"model_id": "m-2", "experiment_id": "other"}}]})),
            url if is_new && url.contains("/api/3.0/mlflow/traces/search") => json(json!({"traces": [
                {"trace_id": "tr-1", "trace_location": {"mlflow_experiment": {"experiment_id": "1"}}, "state": "OK"}]})),
            url if !is_new && url.contains("/api/2.0/mlflow/traces?") => {
                assert!(url.contains("experiment_ids=1&experiment_ids=2"), "{url}");
                json(json!({"traces": [{"request_id": "tr-1", "experiment_id": "1", "status": "OK"}]}))
            }
            _ => absent(),
        })
        .tracking(Credentials::None);
        experiments(&tracking).expect("a server");
        let (mut registered, mut logged, mut traces, mut strangers, mut after) = (Vec::new(), 0, 0, 0, None);
        loop {
            let page = wait(tracking.shelf(after)).expect("a page");
            registered.extend(page.items.registered.into_iter().map(|model| (model.name, model.versions.len())));
            logged += page.items.logged.len();
            traces += page.items.traces.len();
            strangers += page.report.total();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let names: Vec<(&str, usize)> = registered.iter().map(|(name, versions)| (name.as_str(), *versions)).collect();
        let expected = [("m", 2), ("n", 0), ("p", 0)];
        assert_eq!(names, expected[..if is_new { 3 } else { 2 }]);
        assert_eq!((logged, traces, strangers), (usize::from(is_new), 1, u64::from(is_new)));
        let store = wait(tracking.stores()).expect("a store").remove(0);
        assert_eq!(store.registered_models, [("m".to_owned(), 2), ("n".to_owned(), 0)]);
        assert_eq!((store.logged_models, store.traces), (u64::from(is_new), 1));
        assert_eq!(store.server.and_then(|server| server.version).as_deref(), Some("3.17.2"));
    }
}

#[test]
fn a_server_that_was_away_is_asked_again_what_it_is() {
    let (script, tracking) = server(|_| absent()).tracking(Credentials::None);
    let told = || wait(tracking.stores()).expect("a store").remove(0).server.and_then(|server| server.version);
    script.is_away.set(true);
    assert_eq!(told(), None);
    script.is_away.set(false);
    assert_eq!((told().as_deref(), told().as_deref(), script.count("/version")), (Some("3.17.2"), Some("3.17.2"), 2));
}

#[test]
fn a_server_that_says_nothing_of_itself_is_one() {
    let (_, tracking) = Script::new(|_| absent()).tracking(Credentials::None);
    let store = wait(tracking.stores()).expect("a store").remove(0);
    let server = store.server.expect("a server");
    assert_eq!((server.name.as_str(), server.version, store.registered_models.len()), ("MLflow", None, 0));
}

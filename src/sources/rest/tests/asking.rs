//! How a server is asked: again, under the other prefix, by whom, how many at a time.

use super::{BASE, Reply, Script, absent, answer, error, experiments, json, pairs, run, runs, server, wait};
use crate::sources::http::{NoAnswer, Response};
use crate::sources::rest::Credentials;
use crate::sources::{FaultKind, RunsAsk, Scope, Source};
use serde_json::json;
use std::cell::Cell;

fn lost() -> Reply {
    Err(NoAnswer::Unreachable("lost".into()))
}

fn after(status: u16, seconds: &str) -> Reply {
    let headers = vec![("retry-after".to_owned(), seconds.to_owned())];
    Ok(Response { status, headers, ..Response::default() })
}

#[test]
fn what_may_pass_is_asked_again() {
    // The answers to the search of runs, the last one for ever; what comes of it, how often it was asked, the shortest pauses.
    let check = |replies: Vec<Reply>, expected: Option<FaultKind>, asked: usize, pauses: &[u32]| {
        let at = Cell::new(0);
        let (script, tracking) = server(move |request| match request.url.contains("runs/search") {
            true => replies[at.replace(at.get() + 1).min(replies.len() - 1)].clone(),
            false => absent(),
        })
        .tracking(Credentials::None);
        let found = runs(&tracking, &Scope::default());
        assert_eq!(found.as_ref().err().map(|fault| fault.kind), expected, "{found:?}");
        assert_eq!(script.count("runs/search"), asked);
        let paused = script.pauses.borrow();
        assert_eq!(paused.len(), pauses.len(), "{paused:?}");
        assert!(paused.iter().zip(pauses).all(|(paused, least)| paused >= least), "{paused:?}");
    };
    let good = || json(json!({}));
    check(vec![good()], None, 1, &[]);
    check(vec![answer(503, "away"), good()], None, 2, &[300]);
    check(vec![lost(), Err(NoAnswer::TimedOut), answer(500, ""), good()], None, 4, &[300, 600, 1_200]);
    check(vec![lost()], Some(FaultKind::Unreachable), 4, &[300, 600, 1_200]);
    check(vec![Err(NoAnswer::TimedOut)], Some(FaultKind::TimedOut), 2, &[300]);
    check(vec![Err(NoAnswer::TimedOut), lost(), good()], None, 3, &[300, 600]);
    check(vec![after(429, "7"), good()], None, 2, &[7_000]);
    check(vec![after(429, "soon"), good()], None, 2, &[300]);
    let until = |now: &str, then: &str| {
        let headers = vec![("date".to_owned(), now.to_owned()), ("retry-after".to_owned(), then.to_owned())];
        Ok(Response { status: 503, headers, ..Response::default() })
    };
    let (early, late) = ("Tue, 24 Nov 2026 10:00:00 GMT", "Tue, 24 Nov 2026 10:00:09 GMT");
    check(vec![until(early, late), good()], None, 2, &[9_000]);
    check(vec![until(late, early), good()], None, 2, &[300]);
    check(vec![after(503, late), good()], None, 2, &[300]);
    check(vec![after(429, "99999999999"), good()], None, 2, &[60_000]);
    check(vec![after(429, "1")], Some(FaultKind::Busy), 4, &[1_000, 1_000, 1_200]);
    check(vec![error(500, "INTERNAL_ERROR", "no")], Some(FaultKind::Busy), 4, &[300, 600, 1_200]);
    for (status, kind) in [(401, FaultKind::Unauthorised), (403, FaultKind::Forbidden), (404, FaultKind::NotMlflow)] {
        check(vec![answer(status, "no")], Some(kind), 1, &[]);
    }
    check(vec![answer(200, "<html>")], Some(FaultKind::NotMlflow), 1, &[]);
    check(vec![answer(200, "no JSON")], Some(FaultKind::BadAnswer), 1, &[]);
    check(vec![answer(200, "[]")], Some(FaultKind::BadAnswer), 1, &[]);
}

#[test]
fn who_never_answered_is_not_waited_for() {
    for (is_there, kind, asked) in [(false, FaultKind::Unreachable, 1), (true, FaultKind::CrossOrigin, 2)] {
        let script = Script { page: Some("http://viewer.example.com".into()), ..Script::new(|_| lost()) };
        script.is_there.set(is_there);
        let (script, tracking) = script.tracking(Credentials::None);
        assert_eq!(experiments(&tracking).expect_err("nobody is there").kind, kind);
        assert_eq!((script.asked.borrow().len(), script.pauses.borrow().len()), (asked, 0));
    }
}

#[test]
fn who_is_silent_is_asked_for_nothing_that_can_be_left_out() {
    let (script, tracking) = server(|_| Err(NoAnswer::TimedOut)).tracking(Credentials::None);
    let fault = runs(&tracking, &Scope::default()).expect_err("silent");
    assert_eq!(fault.message, format!("{BASE} said nothing for 30 s when asked for runs/search."));
    assert_eq!(
        script.told.borrow().as_slice(),
        [format!("{}: it is asked again in 1 s.", &fault.message[..fault.message.len() - 1])]
    );
    let stores = wait(tracking.stores()).expect("what is known");
    assert_eq!(stores[0].server.as_ref().and_then(|server| server.version.as_deref()), Some("3.17.2"));
    assert_eq!(script.asked.borrow().last().map(|request| request.url.ends_with("runs/search")), Some(true));
}

#[test]
fn who_answered_before_does_not_refuse_the_origin() {
    let is_lost = |request: &crate::sources::http::Request| request.url.contains("runs/search");
    let script = server(move |request| if is_lost(request) { lost() } else { absent() });
    let script = Script { page: Some("http://viewer.example.com".into()), ..script };
    script.is_there.set(true);
    let (script, tracking) = script.tracking(Credentials::None);
    let fault = runs(&tracking, &Scope::default()).expect_err("lost");
    assert_eq!((fault.kind, script.count("runs/search")), (FaultKind::Unreachable, 4));
    assert!(fault.message.contains("answered before") && fault.remedy.is_empty(), "{fault:?}");
}

#[test]
fn who_lets_others_get_may_still_refuse_a_post() {
    let script = Script::new(|request| match request.body {
        Some(_) => lost(),
        None => answer(200, "3.17.2"),
    });
    let (script, tracking) =
        Script { page: Some("http://viewer.example.com".into()), ..script }.tracking(Credentials::None);
    script.is_there.set(true);
    wait(tracking.stores()).expect("its version");
    assert_eq!(experiments(&tracking).expect_err("refused").kind, FaultKind::CrossOrigin);
}

#[test]
fn who_tells_its_version_alone_checks_the_host() {
    for (version, kind) in [("3.17.2", FaultKind::HostRefused), ("2.22.0", FaultKind::CrossOrigin)] {
        let script = Script::new(move |request| match request.url.ends_with("/version") {
            true => answer(200, version),
            false => lost(),
        });
        let script = Script { page: Some("http://viewer.example.com".into()), ..script };
        script.is_there.set(true);
        let (script, tracking) = script.tracking(Credentials::Bearer("geheim-1234".into()));
        let fault = experiments(&tracking).expect_err("refused");
        assert_eq!(fault.kind, kind, "{fault:?}");
        let looks = script.asked.borrow();
        let mut looks = looks.iter().filter(|request| request.body.is_none());
        assert!(looks.all(|request| request.headers.is_empty()), "a look needs no secret");
    }
}

#[test]
fn a_redirect_is_no_way_for_secrets() {
    let secret = Credentials::Header { name: "X-Key".into(), value: "geheim-1234".into() };
    let (script, tracking) = server(|request| match request.url.contains("runs/search") {
        true => answer(302, ""),
        false => absent(),
    })
    .tracking(secret);
    let fault = runs(&tracking, &Scope::default()).expect_err("sent on");
    assert_eq!((fault.kind, script.count("runs/search")), (FaultKind::LoginPage, 1));
    assert!(script.asked.borrow().iter().all(|request| !request.follows));
}

#[test]
fn either_prefix_is_found_once() {
    for prefix in ["/api/", "/ajax-api/"] {
        let (script, tracking) = Script::new(move |request| match request.url.contains(prefix) {
            true if request.url.contains("experiments/search") => {
                json(json!({"experiments": [{"experiment_id": "1"}]}))
            }
            true if request.url.contains("runs/search") => json(json!({})),
            _ => absent(),
        })
        .tracking(Credentials::None);
        let (ids, _, _) = runs(&tracking, &Scope::default()).expect("a server");
        assert!(ids.is_empty());
        let other = if prefix == "/api/" { "/ajax-api/2.0/mlflow/runs" } else { "/api/2.0/mlflow/runs" };
        assert_eq!((script.count("runs/search"), script.count(other)), (1, 0), "{:?}", script.paths());
    }
}

#[test]
fn older_ways_to_list_experiments() {
    for (way, status) in [("POST", 200), ("GET", 405), ("list", 404)] {
        let (script, tracking) = Script::new(move |request| {
            let is_search = request.url.contains("/api/2.0/mlflow/experiments/search");
            let is_it = match way {
                "POST" => is_search && request.body.is_some(),
                "GET" => is_search && request.body.is_none(),
                _ => request.url.contains("/api/2.0/mlflow/experiments/list"),
            };
            match is_it {
                true => json(json!({"experiments": [{"experiment_id": "7"}]})),
                false => answer(status, "<html>"),
            }
        })
        .tracking(Credentials::None);
        let (found, _) = experiments(&tracking).expect(way);
        assert_eq!(found.first().map(|experiment| experiment.id.as_str()), Some("7"), "{way}");
        let before = script.asked.borrow().len();
        experiments(&tracking).expect(way);
        assert_eq!(script.asked.borrow().len(), before + 1, "{way} is remembered");
    }
}

#[test]
fn a_secret_stands_in_a_header_alone() {
    let secret = "geheim-1234";
    for credentials in [
        Credentials::Bearer(secret.into()),
        Credentials::Password { user: "alice".into(), password: secret.into() },
        Credentials::Header { name: "X-Key".into(), value: secret.into() },
    ] {
        let header = credentials.header().expect("a header");
        let echoed = header.1.clone();
        let (script, tracking) = server(move |request| match request.url.contains("runs/search") {
            true => error(400, "BAD_REQUEST", &format!("you sent {echoed}, which is {secret}")),
            false => absent(),
        })
        .tracking(credentials.clone());
        let fault = runs(&tracking, &Scope::default()).expect_err("refused");
        let texts = format!("{fault:?} {fault} {credentials:?}");
        assert!(fault.message.contains("•••") && !texts.contains(secret) && !texts.contains(&header.1), "{texts}");
        for request in script.asked.borrow().iter() {
            assert!(request.headers.contains(&header), "{}", request.url);
            assert!(!request.url.contains(secret) && !request.body.clone().unwrap_or_default().contains(secret));
        }
    }
}

#[test]
fn who_signs_in_goes_on_where_it_stopped() {
    let [before, now] = ["geheim-1234", "geheim-5678"].map(|token| Credentials::Bearer(token.into()));
    let header = now.header().expect("a header");
    let is_in = header.clone();
    let (script, tracking) = server(move |request| match request.body.as_deref() {
        Some(body) if body.contains("page_token") && !request.headers.contains(&is_in) => {
            error(401, "UNAUTHENTICATED", "geheim-1234 has expired, geheim-5678 has not")
        }
        Some(body) if body.contains("page_token") => json(json!({"runs": [run("r2", "1")]})),
        Some(_) => json(json!({"runs": [run("r1", "1")], "next_page_token": "2"})),
        None => absent(),
    })
    .tracking(before.clone());
    experiments(&tracking).expect("a server");
    let ask = |after| tracking.runs(RunsAsk { after, size: 1, scope: Scope::default() });
    let first = wait(ask(None)).expect("a page");
    let fault = wait(ask(first.next.clone())).expect_err("expired");
    assert_eq!((fault.kind, fault.message.contains("geheim-1234")), (FaultKind::Unauthorised, false));
    tracking.sign_in(now.clone());
    tracking.sign_in(before);
    let fault = wait(ask(first.next.clone())).expect_err("expired");
    assert!(!fault.message.contains("geheim"), "of those before as well: {fault}");
    tracking.sign_in(now);
    let second = wait(ask(first.next)).expect("the next page");
    assert_eq!((second.items.id, second.next), (vec!["r2".to_owned()], None));
    let asked = script.asked.borrow();
    let firsts = asked.iter().filter(|request| request.body.as_ref().is_some_and(|body| !body.contains("page_token")));
    assert_eq!(firsts.filter(|request| request.url.contains("runs/search")).count(), 1);
    assert!(asked.last().is_some_and(|request| request.headers.contains(&header)));
}

#[test]
fn a_workspace_goes_along() {
    let script = std::rc::Rc::new(server(|request| match request.url.contains("workspaces") {
        true => json(json!({"workspaces": [{"name": "a"}, {"name": "b"}]})),
        false => absent(),
    }));
    let address = crate::sources::rest::Address::parse(BASE).expect("an address");
    let tracking = crate::sources::rest::Tracking::new(script.clone(), address, Credentials::None, Some("b".into()));
    experiments(&tracking).expect("a server");
    let header = ("X-MLFLOW-WORKSPACE".to_owned(), "b".to_owned());
    assert!(script.asked.borrow().iter().all(|request| request.headers.contains(&header)));
}

#[test]
fn a_few_at_a_time_and_none_when_nobody_waits() {
    let (script, tracking) = server(|request| match request.url.contains("get-history") {
        true if request.url.contains("bulk") => absent(),
        true => json(json!({"metrics": [{"key": "loss", "value": 1, "step": 2, "timestamp": 3}]})),
        false => absent(),
    })
    .tracking(Credentials::None);
    experiments(&tracking).expect("a server");
    let names: Vec<String> = (0..30).map(|run| format!("r{run}")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "loss")).collect();
    let page = wait(tracking.history(pairs(&list))).expect("histories");
    assert_eq!((page.items.len(), page.items[29].len(), script.most_in_flight.get()), (30, 1, 4));
    script.hangs.set(true);
    let mut asked = tracking.history(pairs(&list));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..5 {
        assert!(asked.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(script.in_flight.get(), 4);
    drop(asked);
    assert_eq!(script.in_flight.get(), 0, "dropping the question drops its requests");
    script.hangs.set(false);
    assert!(wait(tracking.history(pairs(&list))).is_ok(), "the turns are free again");
}

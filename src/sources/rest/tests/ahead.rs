//! Pages of runs that are sent before the page in front of them named them.

use super::{Script, experiments, json, run, server, wait};
use crate::sources::http::NoAnswer;
use crate::sources::rest::{Credentials, Tracking};
use crate::sources::union::Union;
use crate::sources::{Cursor, Page, RunsAsk, Source};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;

const RUNS: u64 = 10;

/// Ten runs; each page holds `most` at most, and its token is what `token` makes of the place of the next.
fn of_ten(most: u64, token: impl Fn(u64) -> String + 'static) -> (Rc<Script>, Tracking) {
    let script = server(move |request| {
        let asked: Value = serde_json::from_str(request.body.as_deref().unwrap_or("null")).expect("JSON");
        let place = |named: &str| (0..=2 * RUNS).find(|place| token(*place) == named);
        let start = asked["page_token"].as_str().map_or(0, |named| place(named).expect("a token of its own"));
        let end = (start + asked["max_results"].as_u64().expect("a size").min(most)).min(RUNS);
        let page: Vec<Value> = (start..end).map(|number| run(&format!("r{number}"), "1")).collect();
        json(match end < RUNS {
            true => json!({ "runs": page, "next_page_token": token(end) }),
            false => json!({ "runs": page }),
        })
    });
    script.tracking(Credentials::None)
}

fn offset(place: u64) -> String {
    STANDARD.encode(format!("{{\"offset\": {place}}}"))
}

fn ask(after: &Option<Cursor>, size: u32) -> RunsAsk {
    RunsAsk { after: after.clone(), size, ..RunsAsk::default() }
}

/// All runs in pages of two, with so many sent ahead of each: their ids, and how many times something came ahead.
fn all(source: &dyn Source, ahead: usize) -> (Vec<String>, usize) {
    let (mut ids, mut came, mut after) = (Vec::new(), 0, None);
    loop {
        let asked = ask(&after, 2);
        let page = source.runs(asked.clone());
        let sent: Vec<_> = (0..ahead).map(|_| source.ahead(asked.clone())).collect();
        let (page, sent) = wait(futures_util::future::join(page, futures_util::future::join_all(sent)));
        came += sent.into_iter().filter(|is_here| *is_here == Ok(true)).count();
        let Page { items, next, .. } = page.expect("a page");
        ids.extend(items.id);
        after = next;
        if after.is_none() {
            return (ids, came);
        }
    }
}

fn ids() -> Vec<String> {
    (0..RUNS).map(|number| format!("r{number}")).collect()
}

#[test]
fn a_page_that_came_ahead_is_asked_for_once() {
    let (script, tracking) = of_ten(100, offset);
    experiments(&tracking).expect("a server");
    // nothing is known before the first page, and behind the last one nothing is wanted
    assert_eq!(all(&tracking, 1), (ids(), 3));
    let starts: Vec<Value> = script.bodies("runs/search").iter().map(|body| body["page_token"].clone()).collect();
    let expected: Vec<Value> = [2, 4, 6, 8].map(|place| json!(offset(place))).into();
    assert_eq!((&starts[0], &starts[1..]), (&Value::Null, &expected[..]), "each place once");
    assert_eq!(script.in_flight.get(), 0);
}

#[test]
fn several_pages_ahead_through_a_union() {
    let (script, tracking) = of_ten(100, offset);
    let union = Rc::new(Union::new());
    let number = union.add("", Rc::new(tracking));
    let part = union.part(number);
    wait(part.experiments(None)).expect("a server");
    assert_eq!(all(&part, 3).0, ids());
    assert!(script.most_in_flight.get() >= 3, "{}", script.most_in_flight.get());
}

#[test]
fn a_list_is_the_same_whatever_was_foreseen() {
    // tokens that tell nothing
    let (script, tracking) = of_ten(100, |place| format!("opaque-{place}"));
    experiments(&tracking).expect("a server");
    assert_eq!(all(&tracking, 1), (ids(), 0));
    assert_eq!(script.count("runs/search"), 5);
    // a server that gives fewer than it was asked for: nothing that came ahead is where the next page starts
    let (_, tracking) = of_ten(1, offset);
    experiments(&tracking).expect("a server");
    assert_eq!(all(&tracking, 2).0, ids());
}

#[test]
fn what_does_not_come_ahead_is_nobodys_loss() {
    let fails = Rc::new(Cell::new(false));
    let (script, _) = of_ten(100, offset);
    let (own, reply) = (fails.clone(), script);
    let script = Script::new(move |request| {
        let is_of_runs = request.url.contains("runs/search");
        match is_of_runs && own.get() {
            true => Err(NoAnswer::Unreachable("lost".into())),
            false => reply.reply(request),
        }
    });
    let (script, tracking) = script.tracking(Credentials::None);
    experiments(&tracking).expect("a server");
    let first = wait(tracking.runs(ask(&None, 2))).expect("a page");
    let second = wait(tracking.runs(ask(&first.next, 2))).expect("a page");
    assert_eq!(wait(tracking.ahead(ask(&second.next, 2))), Ok(false), "nothing to be ahead of");
    fails.set(true);
    let asked = script.count("runs/search");
    assert_eq!(wait(tracking.ahead(ask(&first.next, 2))), Ok(false));
    assert_eq!((script.count("runs/search") - asked, script.told.borrow().len()), (1, 0), "once, without a word");
    fails.set(false);
    // one that nobody waits for any more
    script.hangs.set(true);
    let mut dropped = tracking.ahead(ask(&first.next, 2));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    assert_eq!(script.in_flight.get(), 1);
    drop(dropped);
    assert_eq!(script.in_flight.get(), 0);
    script.hangs.set(false);
    assert_eq!(wait(tracking.ahead(ask(&first.next, 2))), Ok(true), "its place is free again");
    assert_eq!(wait(tracking.runs(ask(&second.next, 2))).expect("a page").items.id, ["r4", "r5"]);
}

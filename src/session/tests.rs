//! Sessions of one or several openings, step by step, as text.

use super::{Opening, Phase, Session, Step};
use crate::model::{Experiment, Reason, Report, RunKey, RunRow, RunStatus, RunTable};
use crate::sources::{Fault, FaultKind, Page, Progress};

fn page<T>(items: T, runs_total: Option<u64>) -> Page<T> {
    let read = Progress { runs_total, ..Progress::default() };
    Page::new(items, None, read, Report::default())
}

fn experiments(paths: &[&str]) -> Step {
    let experiment =
        |path: &&str| Experiment::of_id(0, path.rsplit('/').next().unwrap_or_default(), (*path).to_owned());
    Step::Experiments(page(paths.iter().map(experiment).collect(), None))
}

/// Each `id experiment start`.
fn runs(list: &[(&str, u32, i64)], total: u64) -> Step {
    let mut table = RunTable::default();
    for (id, experiment, start) in list {
        table.push(RunRow {
            key: RunKey(format!("{experiment}/{id}")),
            experiment: *experiment,
            status: RunStatus::Finished,
            start_ms: Some(*start),
            params: vec![("p".to_owned(), format!("{experiment}/{id}"))],
            ..RunRow::of_id(*id)
        });
    }
    Step::Runs(Box::new(page(table, Some(total))))
}

fn failed() -> Step {
    Step::Failed(Fault::new(FaultKind::NotRecognised, "nothing"))
}

fn opening(name: &str, prefix: &str, things: usize) -> Opening {
    Opening { name: name.to_owned(), prefix: prefix.to_owned(), things, ..Opening::default() }
}

fn origins(session: &Session) -> Vec<&str> {
    session.experiments.iter().map(|experiment| experiment.origin.as_str()).collect()
}

/// The keys of the rows; each row's param says the same.
fn rows(session: &Session) -> Vec<&str> {
    let param = session.table.params.get("p");
    for (row, key) in (0..).zip(&session.table.key) {
        assert_eq!(param.and_then(|column| column.get(row)), Some(key.0.as_str()));
    }
    session.table.key.iter().map(|key| key.0.as_str()).collect()
}

#[test]
fn one_thing_is_one_origin() {
    let mut session = Session::default();
    assert_eq!(session.phase, Phase::Looking);
    let at = session.start(opening("runs.zip", "", 1));
    session.absorb(at, experiments(&["mlruns/1", "mlruns/2"]));
    assert_eq!((origins(&session), session.origins(&[0, 1])), (vec!["runs.zip", "runs.zip"], 1));
    // The same id in two experiments of one thing is two runs.
    session.absorb(at, runs(&[("a", 0, 1), ("a", 1, 1)], 3));
    assert_eq!((session.phase.clone(), session.read.runs, session.read.runs_total), (Phase::Reading, 2, Some(3)));
    session.absorb(at, runs(&[("b", 1, 1)], 3));
    assert_eq!(rows(&session), ["0/a", "1/a", "1/b"]);
    session.absorb(at, Step::Stores(Vec::new()));
    assert_eq!((session.phase.clone(), session.report.total()), (Phase::Done, 0));
}

#[test]
fn of_one_opening_each_thing_is_an_origin() {
    let mut session = Session::default();
    let at = session.start(opening("3 things", "", 3));
    session.absorb(at, experiments(&["a.zip/mlruns/1", "b.zip/1", "c"]));
    assert_eq!((origins(&session), session.origins(&[0, 1, 2])), (vec!["a.zip", "b.zip", "c"], 3));
    assert_eq!((session.origins(&[1]), session.origins(&[]), session.origins(&[9])), (1, 0, 0));
    // In one page: the same run from two things is one; another run of the same id stays.
    session.absorb(at, runs(&[("x", 0, 1), ("x", 1, 1), ("y", 1, 1), ("x", 2, 2), ("x", 0, 1)], 8));
    assert_eq!(rows(&session), ["0/x", "1/y", "2/x", "0/x"]);
    assert_eq!((session.read.runs, session.read.runs_total), (4, Some(7)));
    // In a later page.
    session.absorb(at, runs(&[("y", 0, 1), ("z", 2, 1), ("y", 2, 1)], 8));
    assert_eq!(rows(&session), ["0/x", "1/y", "2/x", "0/x", "2/z"]);
    assert_eq!((session.read.runs, session.read.runs_total), (5, Some(5)));
    let told: Vec<_> = session.report.notices().iter().map(|notice| (&*notice.path, &*notice.message)).collect();
    let said = |path, origin| (path, format!("The run is in {origin} as well."));
    let expected = [said("1/x", "a.zip"), said("0/y", "b.zip"), said("2/y", "b.zip")];
    assert_eq!(told, expected.iter().map(|(path, message)| (*path, &**message)).collect::<Vec<_>>());
    assert_eq!(session.report.count(Reason::RunTwice), 3);
    // All runs that a copy has may be shown elsewhere.
    assert_eq!(session.shown_elsewhere(&[0]), Some((1, 1)));
    assert_eq!(session.shown_elsewhere(&[1, 2, 7]), Some((2, 0)));
    assert_eq!(session.shown_elsewhere(&[7]), None);
}

#[test]
fn a_second_opening_joins_the_first() {
    let mut session = Session::default();
    let first = session.start(opening("mlruns", "", 1));
    session.absorb(first, experiments(&["1"]));
    session.absorb(first, runs(&[("a", 0, 1), ("b", 0, 1)], 2));
    session.absorb(first, Step::Stores(Vec::new()));
    assert_eq!(session.phase, Phase::Done);
    let second = session.start(opening("old", "old", 2));
    assert_eq!((second, session.phase.clone(), session.looking_into()), (1, Phase::Reading, Some("old")));
    session.absorb(second, experiments(&["old/x.zip/1", "old/y.zip/1"]));
    assert_eq!(session.looking_into(), None);
    assert_eq!(origins(&session), ["mlruns", "x.zip", "y.zip"]);
    session.absorb(second, runs(&[("b", 1, 1), ("a", 2, 5), ("c", 2, 1)], 5));
    assert_eq!(rows(&session), ["0/a", "0/b", "2/a", "2/c"]);
    assert_eq!(session.read.runs_total, Some(4));
    session.absorb(second, Step::Stores(Vec::new()));
    assert_eq!(session.phase, Phase::Done);
}

#[test]
fn two_openings_are_read_at_the_same_time() {
    let mut session = Session::default();
    let (first, second) = (session.start(opening("a", "", 1)), session.start(opening("b", "b", 1)));
    session.absorb(second, experiments(&["b/1"]));
    session.absorb(first, experiments(&["1"]));
    assert_eq!(origins(&session), ["b", "a"]);
    session.absorb(second, runs(&[("x", 0, 1)], 1));
    session.absorb(second, Step::Stores(Vec::new()));
    assert_eq!(session.phase, Phase::Reading);
    session.absorb(first, runs(&[("x", 1, 1)], 2));
    assert_eq!(rows(&session), ["0/x"]);
    session.absorb(first, Step::Stores(Vec::new()));
    assert_eq!(session.phase, Phase::Done);
}

#[test]
fn what_fails_beside_others_is_a_notice() {
    let mut session = Session::default();
    let first = session.start(opening("good", "", 1));
    session.absorb(first, experiments(&["1"]));
    let second = session.start(opening("bad", "bad", 1));
    session.absorb(second, failed());
    assert_eq!((session.phase.clone(), session.report.count(Reason::NotOpened)), (Phase::Reading, 1));
    assert_eq!(session.report.notices()[0].path, "bad");
    session.absorb(first, runs(&[("a", 0, 1)], 1));
    session.absorb(first, Step::Stores(Vec::new()));
    assert_eq!(session.phase, Phase::Done);
    // Added to what was read.
    let third = session.start(opening("worse", "worse", 1));
    session.absorb(third, failed());
    assert_eq!((session.phase.clone(), session.report.count(Reason::NotOpened)), (Phase::Done, 2));
    assert_eq!(rows(&session), ["0/a"]);
}

#[test]
fn what_fails_alone_is_a_fault() {
    let is_failed = |session: &Session| matches!(session.phase, Phase::Failed(_));
    let mut session = Session::default();
    let only = session.start(opening("bad", "", 1));
    session.absorb(only, failed());
    assert!(is_failed(&session) && session.report.is_empty());
    // Of two that both fail the last is one as well: nothing is open.
    let mut session = Session::default();
    let (first, second) = (session.start(opening("a", "", 1)), session.start(opening("b", "b", 1)));
    session.absorb(first, failed());
    assert!(session.phase.is_loading());
    session.absorb(second, failed());
    assert!(is_failed(&session));
    assert_eq!(session.report.count(Reason::NotOpened), 1);
    // In the middle: the others are read to their end, then it is said.
    let mut session = Session::default();
    let (first, second) = (session.start(opening("a", "", 1)), session.start(opening("b", "b", 1)));
    session.absorb(first, experiments(&["1"]));
    session.absorb(first, failed());
    session.absorb(second, experiments(&["b/1"]));
    session.absorb(second, runs(&[("x", 1, 1)], 1));
    assert_eq!(session.phase, Phase::Reading);
    session.absorb(second, Step::Stores(Vec::new()));
    assert!(is_failed(&session));
    assert_eq!(rows(&session), ["1/x"]);
}

#[test]
fn what_was_stopped_stays_stopped() {
    let mut session = Session::default();
    let first = session.start(opening("a", "", 1));
    session.absorb(first, experiments(&["1"]));
    session.absorb(first, runs(&[("a", 0, 1)], 9));
    session.cancel();
    assert!(session.phase == Phase::Cancelled && !session.wants(first));
    session.absorb(first, runs(&[("b", 0, 1)], 9));
    session.absorb(first, failed());
    assert_eq!((session.phase.clone(), rows(&session)), (Phase::Cancelled, vec!["0/a"]));
    // What is added is read; what was stopped does not come back with it.
    let second = session.start(opening("b", "b", 1));
    session.absorb(first, runs(&[("b", 0, 1)], 9));
    session.absorb(first, Step::Stores(Vec::new()));
    assert!(session.wants(second) && session.phase == Phase::Reading);
    session.absorb(second, experiments(&["b/1"]));
    session.absorb(second, runs(&[("c", 1, 1)], 10));
    session.absorb(second, Step::Stores(Vec::new()));
    assert_eq!((session.phase.clone(), rows(&session)), (Phase::Done, vec!["0/a", "1/c"]));
    // Done is not undone.
    session.cancel();
    assert_eq!(session.phase, Phase::Done);
}

#[test]
fn runs_of_a_server_take_their_own_place_again() {
    let page = |list| match runs(list, 0) {
        Step::Runs(page) => *page,
        other => panic!("{other:?}"),
    };
    let mut session = Session::default();
    let server = session.start(Opening { is_server: true, ..opening("http://s", "", 1) });
    session.absorb(server, experiments(&["1"]));
    session.absorb(server, Step::Stores(Vec::new()));
    assert_eq!((session.phase.clone(), session.knows_runs(0), session.has_server()), (Phase::Done, false, true));
    assert!(session.absorb_asked(page(&[("a", 0, 1), ("b", 0, 1)])).is_empty());
    // one known between two new ones, and one that comes twice in a page
    assert_eq!(session.absorb_asked(page(&[("c", 0, 3), ("a", 0, 9), ("d", 0, 4), ("d", 0, 5)])), [0, 3]);
    assert_eq!(rows(&session), ["0/a", "0/b", "0/c", "0/d"]);
    assert_eq!(session.table.start_ms, [Some(9), Some(1), Some(3), Some(5)]);
    assert_eq!(session.read.runs, 4);
    session.set_whole(&[0]);
    assert!(session.knows_runs(0));
}

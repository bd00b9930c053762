//! Members whose ids, keys and store numbers all collide, read through the whole and through parts of it.

use super::{Part, Union};
use crate::model::{
    Experiment, Lifecycle, LoggedModel, MetricSeries, Reason, RegisteredModel, Report, RunKey, RunRow, RunTable, Shelf,
    Store, Trace,
};
use crate::sources::memory::Memory;
use crate::sources::{
    Async, Cursor, Fault, FaultKind, Folder, HistoryAsk, Page, Progress, ReadAsk, RunsAsk, Source, each_page, path,
};
use pollster::block_on;
use std::rc::Rc;

/// A source with stores `s0`, `s1`, ..., an experiment a store, two runs an experiment; everything comes one by one.
struct Fake {
    /// Told by its series and its artifacts.
    name: &'static str,
    stores: u32,
}

fn answer<T: 'static>(items: T, next: Option<String>, runs: u64) -> Async<'static, Page<T>> {
    let read = Progress { runs, runs_total: Some(runs), ..Progress::default() };
    let mut report = Report::default();
    report.note(Reason::FieldInvalid, "at/home", None, "x");
    Box::pin(std::future::ready(Ok(Page::new(items, next.map(Cursor), read, report))))
}

fn at(after: Option<&Cursor>) -> u32 {
    after.map_or(0, |after| after.0.strip_prefix('p').and_then(|at| at.parse().ok()).expect("a cursor of its own"))
}

fn next(at: u32, total: u32) -> Option<String> {
    (at + 1 < total).then(|| format!("p{}", at + 1))
}

fn row(experiment: u32, run: u32) -> RunRow {
    RunRow { key: RunKey(format!("s{experiment}/1/{run}")), experiment, ..RunRow::of_id(format!("run{run}")) }
}

impl Source for Fake {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        let number = at(after.as_ref());
        if self.stores == 0 {
            return Box::pin(std::future::ready(Err(Fault::new(FaultKind::NotRecognised, "nothing"))));
        }
        let experiment = Experiment {
            name: self.name.to_owned(),
            runs_expected: 2,
            ..Experiment::of_id(number, "1", format!("s{number}/1"))
        };
        answer(vec![experiment], next(number, self.stores), 0)
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        assert_eq!(ask.size, 1);
        let number = at(ask.after.as_ref());
        let mut table = RunTable::default();
        table.push(row(number / 2, number % 2));
        answer(table, next(number, self.stores * 2), u64::from(number) + 1)
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        assert!(!ask.pairs.is_empty());
        // The first page holds nothing, the others answer two pairs at most.
        let Some(after) = ask.after else { return answer(Vec::new(), Some("0".to_owned()), 0) };
        let start: usize = after.0.parse().expect("a cursor of its own");
        let one = |(key, metric): &(RunKey, String)| {
            let digits = format!("{}{}", key.0, metric).bytes().map(i64::from).sum();
            let name = self.name.bytes().map(i64::from).sum::<i64>();
            MetricSeries { step: vec![digits], time_ms: vec![name], value: vec![0.0], is_sampled: false }
        };
        let next = (start + 2 < ask.pairs.len()).then(|| (start + 2).to_string());
        answer(ask.pairs.iter().skip(start).take(2).map(one).collect(), next, 0)
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        let store = |number| Store {
            path: format!("s{number}"),
            format: self.name.to_owned(),
            registered_models: Vec::new(),
            logged_models: 0,
            traces: 0,
            server: None,
        };
        let stores: Vec<Store> = (0..self.stores).map(store).collect();
        let fault = Fault::new(FaultKind::NotRecognised, "nothing");
        Box::pin(std::future::ready(if stores.is_empty() { Err(fault) } else { Ok(stores) }))
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        let number = at(after.as_ref());
        if self.stores == 0 {
            return Box::pin(std::future::ready(Err(Fault::new(FaultKind::NotRecognised, "nothing"))));
        }
        let shelf = Shelf {
            registered: vec![RegisteredModel { store: number, name: "m".to_owned(), ..RegisteredModel::default() }],
            logged: vec![LoggedModel {
                experiment: number,
                id: self.name.to_owned(),
                name: String::new(),
                status: String::new(),
                lifecycle: Lifecycle::Active,
                model_type: None,
                run_id: None,
                creation_ms: None,
                params: Vec::new(),
                tags: Vec::new(),
                metrics: Vec::new(),
            }],
            traces: vec![Trace { experiment: number, id: "t".to_owned(), ..Trace::default() }],
        };
        answer(shelf, next(number, self.stores), 0)
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        Rc::new(Memory::new().with("who", format!("{} {}", self.name, run.0)))
    }
}

fn experiments(source: &dyn Source) -> Vec<Experiment> {
    let mut all = Vec::new();
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            all.extend(page.items);
        },
    ))
    .expect("experiments");
    all
}

fn runs(source: &dyn Source) -> (RunTable, Report, Progress) {
    let (mut all, mut report, mut read) = (RunTable::default(), Report::default(), Progress::default());
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 1, ..RunsAsk::default() }),
        |page| {
            all.append(page.items);
            report.merge(page.report);
            read = page.read;
        },
    ))
    .expect("runs");
    (all, report, read)
}

fn shelf(source: &dyn Source) -> Shelf {
    let mut all = Shelf::default();
    block_on(each_page(
        |after| source.shelf(after),
        |page| {
            all.append(page.items);
        },
    ))
    .expect("a shelf");
    all
}

/// `number path name store`, by number.
fn shown(experiments: &[Experiment]) -> Vec<String> {
    let one = |(number, one): (usize, &Experiment)| format!("{number} {} {} {}", one.path, one.name, one.store);
    experiments.iter().enumerate().map(one).collect()
}

fn who(source: &dyn Source, key: &str) -> String {
    let folder = source.artifacts(&RunKey(key.to_owned()));
    let asks = [ReadAsk::up_to("who", 99)];
    let bytes = block_on(folder.read(&asks)).expect("an answer").remove(0).unwrap_or_default();
    String::from_utf8(bytes).expect("text")
}

fn whole(members: &[(&str, &'static str, u32)]) -> Rc<Union> {
    let union = Union::new();
    for (prefix, name, stores) in members {
        union.add(prefix, Rc::new(Fake { name, stores: *stores }));
    }
    Rc::new(union)
}

fn pair(key: &str, metric: &str) -> (RunKey, String) {
    (RunKey(key.to_owned()), metric.to_owned())
}

/// What each pair's member must have answered: the name of the member, and the member's own key.
fn check_histories(source: &dyn Source, asks: &[(&str, &str, &str)]) {
    let pairs: Vec<_> = asks.iter().map(|(key, ..)| pair(key, "m")).collect();
    let (mut series, mut pages) = (Vec::new(), 0);
    block_on(each_page(
        |after| source.history(HistoryAsk { pairs: pairs.clone(), after, ..HistoryAsk::default() }),
        |page| {
            series.extend(page.items);
            pages += 1;
        },
    ))
    .expect("histories");
    assert!(pages <= asks.len() * 2);
    let sum = |text: &str| text.bytes().map(i64::from).sum::<i64>();
    let found: Vec<_> = series.iter().map(|one| (one.step[0], one.time_ms[0])).collect();
    let expected: Vec<_> = asks.iter().map(|(_, name, own)| (sum(&format!("{own}m")), sum(name))).collect();
    assert_eq!(found, expected);
}

#[test]
fn members_that_collide_keep_apart() {
    let whole = whole(&[("", "root", 2), ("a.csv", "csv", 1), ("b", "b", 2)]);
    let all = experiments(&*whole);
    assert_eq!(shown(&all), ["0 s0/1 root 0", "1 s1/1 root 1", "2 a.csv/s0/1 csv 2", "3 b/s0/1 b 3", "4 b/s1/1 b 4"]);
    let (table, report, read) = runs(&*whole);
    let keys: Vec<&str> = table.key.iter().map(|key| key.0.as_str()).collect();
    assert_eq!(
        keys,
        [
            "s0/1/0",
            "s0/1/1",
            "s1/1/0",
            "s1/1/1",
            "a.csv/s0/1/0",
            "a.csv/s0/1/1",
            "b/s0/1/0",
            "b/s0/1/1",
            "b/s1/1/0",
            "b/s1/1/1"
        ]
    );
    for (key, experiment) in keys.iter().zip(&table.experiment) {
        assert_eq!(all[*experiment as usize].path, path::parent(key));
    }
    assert_eq!((read.runs, read.runs_total), (10, Some(10)));
    let mut told: Vec<&str> = report.notices().iter().map(|notice| notice.path.as_str()).collect();
    told.dedup();
    assert_eq!(told, ["at/home", "a.csv/at/home", "b/at/home"]);
    let stores = block_on(whole.stores()).expect("stores");
    let stores: Vec<_> = stores.iter().map(|store| (store.path.as_str(), store.format.as_str())).collect();
    assert_eq!(stores, [("s0", "root"), ("s1", "root"), ("a.csv/s0", "csv"), ("b/s0", "b"), ("b/s1", "b")]);
    let shelf = shelf(&*whole);
    let numbers = |list: Vec<u32>| assert_eq!(list, [0, 1, 2, 3, 4]);
    numbers(shelf.registered.iter().map(|model| model.store).collect());
    numbers(shelf.traces.iter().map(|trace| trace.experiment).collect());
    numbers(shelf.logged.iter().map(|model| model.experiment).collect());
    for model in &shelf.logged {
        assert_eq!(all[model.experiment as usize].name, model.id);
    }
    check_histories(
        &*whole,
        &[
            ("s0/1/0", "root", "s0/1/0"),
            ("b/s0/1/0", "b", "s0/1/0"),
            ("b/s0/1/1", "b", "s0/1/1"),
            ("b/s1/1/1", "b", "s1/1/1"),
            ("a.csv/s0/1/0", "csv", "s0/1/0"),
            ("s1/1/0", "root", "s1/1/0"),
            // Beside the members, and their own roots.
            ("a.csvs/x", "root", "a.csvs/x"),
            ("a.csv", "csv", "."),
        ],
    );
    for (key, expected) in [
        ("s0/1/0", "root s0/1/0"),
        ("a.csv/s0/1/1", "csv s0/1/1"),
        ("b/s1/1/0", "b s1/1/0"),
        ("bs/1", "root bs/1"),
        (".", "root ."),
        ("b", "b ."),
    ] {
        assert_eq!(who(&*whole, key), expected);
    }
}

#[test]
fn the_innermost_member_answers() {
    let whole = whole(&[("a", "outer", 1), ("a/b", "inner", 1)]);
    assert_eq!(shown(&experiments(&*whole)), ["0 a/s0/1 outer 0", "1 a/b/s0/1 inner 1"]);
    assert_eq!((who(&*whole, "a/b/s0/1/0"), who(&*whole, "a/c")), ("inner s0/1/0".into(), "outer c".into()));
    // What lies in none of them has no artifacts and no history.
    assert_eq!(who(&*whole, "elsewhere"), "");
    let ask = HistoryAsk {
        pairs: vec![pair("elsewhere", "m"), pair("elsewhere", "n")],
        after: None,
        ..HistoryAsk::default()
    };
    let page = block_on(whole.history(ask)).expect("histories");
    assert_eq!((page.items.len(), page.next), (2, None));
    assert!(page.items.iter().all(MetricSeries::is_empty));
}

#[test]
fn a_page_asked_for_again_gets_the_same_numbers() {
    let whole = whole(&[("", "root", 2), ("a", "a", 2)]);
    experiments(&*whole);
    block_on(whole.experiments(None)).expect("a page");
    block_on(whole.experiments(Some(Cursor("1:p1".to_owned())))).expect("a page");
    whole.add("late", Rc::new(Fake { name: "late", stores: 1 }));
    let all = experiments(&*whole);
    assert_eq!(all.last().map(|last| (last.path.as_str(), last.store)), Some(("late/s0/1", 4)));
    let (table, ..) = runs(&*whole);
    for (key, experiment) in table.key.iter().zip(&table.experiment) {
        assert_eq!(all[*experiment as usize].path, path::parent(&key.0));
    }
}

#[test]
fn parts_are_read_by_themselves_and_numbered_together() {
    let whole = whole(&[("", "root", 2)]);
    let part = |number| -> Part { whole.clone().part(number) };
    let mut all = experiments(&part(0));
    assert_eq!(shown(&all), ["0 s0/1 root 0", "1 s1/1 root 1"]);
    let (mut table, ..) = runs(&part(0));
    // Two join later and are read by turns: numbers go by the order of the pages.
    whole.add("a", Rc::new(Fake { name: "a", stores: 2 }));
    whole.add("b", Rc::new(Fake { name: "b", stores: 2 }));
    let (a, b) = (part(1), part(2));
    let mut afters = (None, None);
    for _ in 0..2 {
        let page = block_on(b.experiments(afters.1)).expect("a page");
        all.extend(page.items);
        afters.1 = page.next;
        let page = block_on(a.experiments(afters.0)).expect("a page");
        all.extend(page.items);
        afters.0 = page.next;
    }
    assert_eq!(afters, (None, None));
    assert_eq!(shown(&all[2..]), ["0 b/s0/1 b 2", "1 a/s0/1 a 3", "2 b/s1/1 b 4", "3 a/s1/1 a 5"],);
    for part in [&a, &b] {
        table.append(runs(part).0);
    }
    assert_eq!(table.len(), 12);
    for (key, experiment) in table.key.iter().zip(&table.experiment) {
        assert_eq!(all[*experiment as usize].path, path::parent(&key.0));
    }
    let stores = block_on(a.stores()).expect("stores");
    let stores: Vec<_> = stores.iter().map(|store| store.path.as_str()).collect();
    assert_eq!(stores, ["s0", "s1", "b/s0", "a/s0", "b/s1", "a/s1"]);
    for (experiment, store) in all.iter().map(|one| (one, stores[one.store as usize])) {
        assert_eq!(path::parent(&experiment.path), store);
    }
    let own = shelf(&b);
    assert_eq!(own.traces.iter().map(|trace| trace.experiment).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(own.registered.iter().map(|model| model.store).collect::<Vec<_>>(), [2, 4]);
    let all_shelves = shelf(&*whole);
    assert_eq!(all_shelves.logged.iter().map(|model| model.experiment).collect::<Vec<_>>(), [0, 1, 3, 5, 2, 4]);
    check_histories(&a, &[("b/s0/1/0", "b", "s0/1/0"), ("a/s0/1/0", "a", "s0/1/0")]);
    assert_eq!(who(&b, "b/s0/1/0"), "b s0/1/0");
}

#[test]
fn a_part_does_not_wait_for_those_that_are_still_looked_through() {
    let whole = whole(&[("", "root", 2), ("a", "a", 2), ("b", "b", 1)]);
    let part = |number| whole.clone().part(number);
    let check = |number: usize, expected: &[&str]| {
        let stores = block_on(part(number).stores()).expect("stores");
        assert_eq!(stores.iter().map(|store| store.path.as_str()).collect::<Vec<_>>(), expected);
    };
    experiments(&part(0));
    check(0, &["s0", "s1"]);
    // One page of two: its first store has a number, and is not asked for more.
    block_on(part(1).experiments(None)).expect("a page");
    experiments(&part(2));
    check(2, &["s0", "s1", "", "b/s0"]);
    experiments(&part(1));
    check(1, &["s0", "s1", "a/s0", "b/s0", "a/s1"]);
    check(2, &["s0", "s1", "a/s0", "b/s0", "a/s1"]);
}

#[test]
fn what_is_of_an_experiment_that_was_not_named_is_of_no_other() {
    let whole = whole(&[("", "root", 1), ("a", "a", 1)]);
    experiments(&whole.clone().part(0));
    assert_eq!(shelf(&*whole).traces.iter().map(|trace| trace.experiment).collect::<Vec<_>>(), [0, u32::MAX]);
}

#[test]
fn a_member_that_holds_nothing_does_not_spoil_the_others() {
    let whole = whole(&[("", "root", 1), ("bad", "bad", 0), ("good", "good", 1)]);
    let part = |number| whole.clone().part(number);
    assert_eq!(experiments(&part(0)).len(), 1);
    assert!(block_on(part(1).experiments(None)).is_err());
    assert_eq!(shown(&experiments(&part(2))), ["0 good/s0/1 good 1"]);
    assert_eq!(block_on(whole.stores()).expect("stores").len(), 2);
    assert_eq!(shelf(&*whole).traces.iter().map(|trace| trace.experiment).collect::<Vec<_>>(), [0, 1]);
    // Alone it is a fault.
    let alone = self::whole(&[("", "bad", 0)]);
    assert!(block_on(alone.stores()).is_err() && block_on(alone.shelf(None)).is_err());
}

#[test]
fn nothing_is_an_end() {
    let none = Union::new();
    assert!(none.is_empty());
    let page = block_on(none.experiments(None)).expect("a page");
    assert!(page.items.is_empty() && page.next.is_none());
    assert_eq!((block_on(none.stores()).expect("stores").len(), who(&none, "x")), (0, String::new()));
    let whole = whole(&[("", "root", 1)]);
    for cursor in ["", "7:", "x:p0", ":"] {
        let page = block_on(whole.experiments(Some(Cursor(cursor.to_owned())))).expect("a page");
        assert!(page.items.is_empty() && page.next.is_none(), "{cursor}");
    }
}

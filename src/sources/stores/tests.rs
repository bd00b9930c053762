//! A tree with stores of several formats that hold the same run; databases apart from their logs.

use super::Stores;
use crate::model::Reason;
use crate::sources::memory::Memory;
use crate::sources::open::{Part, source};
use crate::sources::sqlite::live_tests::{Live, held};
use crate::sources::zip::craft::{archive, stored};
use crate::sources::{HistoryAsk, RunsAsk, Source, each_page, path};
use pollster::block_on;
use std::rc::Rc;

#[test]
fn the_same_run_in_several_formats_keeps_its_places() {
    let memory = Memory::parse(
        "
//- mlruns/7/meta.yaml
experiment_id: '7'
name: tree
//- mlruns/7/r/meta.yaml
run_id: r
experiment_id: '7'
artifact_uri: x
//- mlruns/7/r/metrics/m
1 0.5 2
//- mlruns/7/traces/tr-1/trace_info.yaml
trace_id: tr-1
//- mlruns/models/a/meta.yaml
name: a
creation_timestamp: 1
last_updated_timestamp: 1
//- saved/runs.json
{\"runs\": [{\"info\": {\"run_id\": \"r\", \"experiment_id\": \"7\"},
  \"data\": {\"metrics\": [{\"key\": \"m\", \"value\": 0.25, \"step\": 3, \"timestamp\": 5}]}}]}
//- saved/models.json
{\"registered_models\": [{\"name\": \"b\", \"creation_timestamp\": 1, \"last_updated_timestamp\": 1}]}
//- t.csv
run_id,experiment_id,status,metrics.m
r,7,FINISHED,0.125
",
    );
    let inner = [
        ("mlruns/7/meta.yaml", "experiment_id: '7'\nname: zipped\n"),
        ("mlruns/7/r/meta.yaml", "run_id: r\nexperiment_id: '7'\nartifact_uri: x\n"),
        ("mlruns/7/r/metrics/m", "1 0.0625 1\n"),
        ("mlruns/7/models/m-1/meta.yaml", "model_id: m-1\nname: net\nsource_run_id: r\n"),
    ];
    let pieces: Vec<_> = inner.iter().map(|(path, text)| stored(path, text.as_bytes())).collect();
    let source = Stores::new(Rc::new(memory.with("old.zip", archive(&pieces))));
    let mut experiments = Vec::new();
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            experiments.extend(page.items);
        },
    ))
    .expect("experiments");
    let stores = block_on(source.stores()).expect("stores");
    let mut shown = Vec::new();
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 1, ..RunsAsk::default() }),
        |page| {
            for (row, key) in (0..).zip(&page.items.key) {
                let experiment = &experiments[page.items.experiment[row] as usize];
                let store = &stores[experiment.store as usize];
                assert!(path::lies_in(&key.0, path::from_shown(&experiment.path)), "{key:?} {}", experiment.path);
                assert!(
                    path::lies_in(&experiment.path, path::from_shown(&store.path)),
                    "{} {}",
                    experiment.path,
                    store.path
                );
                let ask =
                    HistoryAsk { pairs: vec![(key.clone(), "m".to_owned())], after: None, ..HistoryAsk::default() };
                let series = block_on(source.history(ask)).expect("a history").items.remove(0);
                shown.push(format!("{} {} {} {:?}", store.format, experiment.id, key.0, series.value));
            }
        },
    ))
    .expect("runs");
    shown.sort();
    assert_eq!(
        shown,
        [
            "mlruns 7 mlruns/7/r [0.5]",
            "mlruns 7 old.zip/mlruns/7/r [0.0625]",
            "rest-answers 7 saved/7/r [0.25]",
            "search-runs 7 t.csv/7/r [0.125]",
        ]
    );
    let mut things = Vec::new();
    block_on(each_page(
        |after| source.shelf(after),
        |page| {
            let (store, experiment) = (|at: u32| &stores[at as usize].path, |at: u32| &experiments[at as usize].path);
            things.extend(page.items.registered.iter().map(|model| format!("{} {}", model.name, store(model.store))));
            things
                .extend(page.items.logged.iter().map(|model| format!("{} {}", model.id, experiment(model.experiment))));
            things
                .extend(page.items.traces.iter().map(|trace| format!("{} {}", trace.id, experiment(trace.experiment))));
        },
    ))
    .expect("a shelf");
    things.sort();
    assert_eq!(things, ["a mlruns", "b saved", "m-1 old.zip/mlruns/7", "tr-1 mlruns/7"]);
}

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path))
        .expect("a fixture")
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn file(name: &str, bytes: &[u8]) -> (String, Part) {
    (name.to_owned(), Part::File(held(bytes.to_vec())))
}

fn folder(name: &str, memory: Memory) -> (String, Part) {
    (name.to_owned(), Part::Folder(Rc::new(memory)))
}

/// The reasons of all notices, and how many runs have the tag that only the log of the fixture has.
fn told(parts: Vec<(String, Part)>) -> (Vec<Reason>, usize) {
    let source = source(parts).expect("opens");
    let (mut reasons, mut logged) = (Vec::new(), 0);
    let mut note = |report: crate::model::Report| reasons.extend(report.notices().iter().map(|notice| notice.reason));
    block_on(each_page(|after| source.experiments(after), |page| note(page.report))).expect("experiments");
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 100, ..RunsAsk::default() }),
        |page| {
            logged += page.items.tags.get("only-in-wal").map_or(0, |column| column.len());
            note(page.report);
        },
    ))
    .expect("runs");
    reasons.sort();
    (reasons, logged)
}

#[test]
fn a_log_is_asked_for_where_it_may_have_been_left_behind() {
    let main = fixture("sqlite-wal/mlflow.db");
    let check = |parts: Vec<(String, Part)>, asked: usize| {
        let names: Vec<String> = parts.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(told(parts), (vec![Reason::DatabaseWalMissing; asked], 0), "{names:?}");
    };
    let own = || file("mlflow.db", &main);
    let other = || Memory::parse("//- a/notes.txt\nx");
    check(vec![own()], 1);
    check(vec![own(), file("notes.txt", b"x")], 1);
    check(vec![own(), folder("mlruns", other())], 1);
    check(vec![file("mlflow.db.zst", &packed(&main))], 1);
    check(vec![folder("all", other().with("mlflow.db.zst", packed(&main)))], 1);
    check(vec![folder("all", other().with("mlflow.db", main.clone()))], 0);
    check(vec![folder("all", other().with("mlflow.db", main.clone())), file("notes.txt", b"x")], 0);
    check(vec![file("all.zip", &archive(&[stored("mlflow.db", &main)]))], 0);
    let looked_at = |name: &str, bytes: &[u8]| (name.to_owned(), Part::FileWith(held(bytes.to_vec()), Vec::new()));
    check(vec![looked_at("mlflow.db", &main)], 0);
    check(vec![looked_at("mlflow.db.zst", &packed(&main))], 1);
}

#[test]
fn a_log_under_another_name_is_read_where_it_can_be_no_others_or_told() {
    let (main, log) = (fixture("sqlite-wal/mlflow.db"), fixture("sqlite-wal/mlflow.db-wal"));
    let check = |files: &[(&str, &[u8])], expected: &[Reason], logged: usize| {
        let parts = files.iter().map(|(name, bytes)| file(name, bytes)).collect();
        let names: Vec<_> = files.iter().map(|(name, _)| name).collect();
        assert_eq!(told(parts), (expected.to_vec(), logged), "{names:?}");
    };
    let (renamed, alone, missing) = (Reason::DatabaseLogRenamed, Reason::DatabaseLogAlone, Reason::DatabaseWalMissing);
    check(&[("mlflow.db", &main), ("mlflow.db-wal", &log)], &[], 1);
    check(&[("mlflow (1).db", &main), ("mlflow.db-wal", &log)], &[renamed], 1);
    check(&[("mlflow.db", &main), ("mlflow (1).db-wal", &log)], &[renamed], 1);
    check(&[("other.db", &main), ("mlflow.db-wal", &log)], &[missing, alone], 0);
    // Whose log it is can not be known, or nobody's.
    check(
        &[("mlflow (1).db", &main), ("mlflow (2).db", &main), ("mlflow.db-wal", &log)],
        &[missing, missing, alone],
        0,
    );
    check(
        &[("mlflow (1).db", &main), ("mlflow.db-wal", &log), ("mlflow (2).db-wal", &log)],
        &[missing, alone, alone],
        0,
    );
    let rolling = fixture("sqlite-2.22.0/mlflow.db");
    check(&[("mlflow (1).db", &rolling), ("mlflow.db-wal", &log)], &[alone], 0);
    check(&[("a.db", &rolling), ("b.db-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")], &[alone], 0);
    check(&[("a.db", &rolling), ("lab-journal", b"Monday"), ("b.db-wal", b"")], &[], 0);
    let tree = Memory::new().with("a/mlflow (1).db", main).with("a/mlflow.db-wal", log.clone()).with("b/x-wal", log);
    assert_eq!(told(vec![folder("all", tree)]), (vec![alone, renamed], 1));
}

#[test]
fn a_database_that_can_not_be_read_is_named_once() {
    let live = Live::new("PRAGMA encoding = 'UTF-16'");
    live.run("CREATE TABLE experiments (name TEXT)");
    let bytes = std::fs::read(live.path("")).expect("a file");
    let check = |parts: Vec<(String, Part)>, start: &str| {
        let fault = block_on(source(parts).expect("opens").experiments(None)).expect_err("a fault");
        assert!(fault.message.starts_with(start), "{}", fault.message);
    };
    check(vec![file("u16.db", &bytes)], "The texts of the database are in UTF-16");
    check(vec![folder("all", Memory::new().with("a/u16.db", bytes))], "a/u16.db: The texts of the database");
}

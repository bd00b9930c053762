//! Databases that MLflow wrote against what its own client says of them (`tests/oracle/record.py`); others, made here, against
//! what SQLite says.

use super::{Given, SqlStore};
use crate::model::{Experiment, Lifecycle, MetricSeries, Reason, Report, RunKey, RunTable};
use crate::sources::memory::Memory;
use crate::sources::sqlite::DatabaseFiles;
use crate::sources::sqlite::live_tests::{Live, held};
use crate::sources::{FaultKind, HistoryAsk, Progress, RunsAsk, Source, each_page};
use pollster::block_on;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::rc::Rc;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixture(path)).expect("a fixture")
}

pub fn alone(main: Vec<u8>) -> DatabaseFiles {
    DatabaseFiles { main: held(main), wal: None, journal: None }
}

pub fn given(files: DatabaseFiles) -> Given {
    Given { name: "mlflow.db".to_owned(), files, is_folder_known: false, artifacts: Rc::new(Memory::new()) }
}

pub fn open(files: DatabaseFiles) -> SqlStore {
    SqlStore::open(given(files)).expect("opens")
}

/// Everything, in pages of `size`; and how many pages it took.
pub struct All {
    pub experiments: Vec<Experiment>,
    pub runs: RunTable,
    pub report: Report,
    pub pages: usize,
}

pub fn read(store: &SqlStore, size: u32) -> All {
    let page = block_on(store.experiments(None)).expect("experiments");
    assert_eq!(page.next, None);
    let mut all = All { experiments: page.items, runs: RunTable::default(), report: page.report, pages: 0 };
    let mut read = Progress::default();
    block_on(each_page(
        |after| store.runs(RunsAsk { after, size, ..RunsAsk::default() }),
        |page| {
            assert!(page.items.len() <= size as usize);
            all.runs.append(page.items);
            all.report.merge(page.report);
            all.pages += 1;
            assert_eq!(page.read.runs, all.runs.len() as u64);
            read = page.read;
        },
    ))
    .expect("runs");
    assert_eq!(read.runs_total, Some(all.runs.len() as u64));
    all
}

fn number(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    }
}

pub fn histories(store: &SqlStore, pairs: &[(RunKey, String)]) -> Vec<MetricSeries> {
    let mut series = Vec::new();
    block_on(each_page(
        |after| store.history(HistoryAsk { pairs: pairs.to_vec(), after, ..HistoryAsk::default() }),
        |page| {
            series.extend(page.items);
        },
    ))
    .expect("histories");
    assert_eq!(series.len(), pairs.len());
    series
}

/// In the shape of the oracles.
fn document(store: &SqlStore, all: &All) -> Value {
    let runs = &all.runs;
    let lifecycle = |lifecycle: Lifecycle| lifecycle.word();
    let run = |row: u32| {
        let at = row as usize;
        let texts = |columns: &crate::model::Columns<crate::model::TextColumn>| -> Value {
            columns.iter().filter_map(|(key, column)| Some((key.to_owned(), json!(column.get(row)?)))).collect()
        };
        let metric = |(key, column): (&str, &crate::model::Summaries)| {
            let summary = column.get(row)?;
            let history = histories(store, &[(runs.key[at].clone(), key.to_owned())]).remove(0);
            let last = history.summary().expect("points");
            assert_eq!(
                (last.step, last.time_ms, number(last.last)),
                (summary.step, summary.time_ms, number(summary.last)),
                "{key}"
            );
            let line = json!({"count": history.len(), "last": number(summary.last), "step": summary.step, "timestamp": summary.time_ms});
            Some((key.to_owned(), line))
        };
        let dataset = |input: &crate::model::DatasetInput| json!({"name": input.name, "digest": input.digest, "context": input.context});
        json!({
            "id": runs.id[at],
            "name": Some(&runs.name[at]).filter(|name| !name.is_empty()),
            "status": runs.status[at].word(),
            "start_time": runs.start_ms[at],
            "end_time": runs.end_ms[at],
            "lifecycle": lifecycle(runs.lifecycle[at]),
            "parent": runs.tag(row, "mlflow.parentRunId"),
            "params": texts(&runs.params),
            "tags": texts(&runs.tags),
            "metrics": runs.metrics.iter().filter_map(metric).collect::<Value>(),
            "datasets": runs.datasets[at].iter().map(dataset).collect::<Value>(),
            "outputs": runs.outputs[at],
        })
    };
    let experiment = |(number, experiment): (u32, &Experiment)| {
        let mut own: Vec<Value> = runs.rows().filter(|row| runs.experiment[*row as usize] == number).map(run).collect();
        assert_eq!(own.len(), experiment.runs_expected as usize);
        own.sort_by_key(|run| run["id"].to_string());
        json!({
            "store": ".",
            "id": experiment.id,
            "name": experiment.name,
            "lifecycle": lifecycle(experiment.lifecycle),
            "tags": experiment.tags.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Value>(),
            "runs": own,
        })
    };
    let mut experiments: Vec<Value> = (0..).zip(&all.experiments).map(experiment).collect();
    experiments.sort_by_key(|experiment| experiment["id"].as_str().map(str::to_owned));
    let store = block_on(store.stores()).expect("stores").remove(0);
    let models = store.registered_models.iter().map(|(name, versions)| json!({"name": name, "versions": versions}));
    json!({
        "stores": [{"path": store.path, "format": store.format}],
        "experiments": experiments,
        "registered_models": models.collect::<Value>(),
        "logged_models": store.logged_models,
        "traces": store.traces,
    })
}

#[test]
fn databases_of_every_version_read_as_mlflow_reads_them() {
    let old = ["sqlite-1.0.0", "sqlite-1.10.0", "sqlite-1.20.2", "sqlite-1.27.0"];
    for name in old.into_iter().chain(["sqlite-1.30.1", "sqlite-2.22.0", "sqlite-3.17.2", "sqlite-wal"]) {
        let mut oracle: Value = serde_json::from_slice(&bytes(&format!("{name}/oracle.json"))).expect("an oracle");
        for key in ["mlflow", "opened", "refused"] {
            oracle.as_object_mut().expect("an object").remove(key);
        }
        // The client shows what the table holds; MLflow's own page, and we, show what was logged.
        let text = oracle.to_string().replace("-1.7976931348623157e+308", "\"-Infinity\"");
        let text = text.replace("1.7976931348623157e+308", "\"Infinity\"");
        let oracle: Value = serde_json::from_str(&text).expect("still an oracle");
        let wal = std::fs::read(fixture(name).join("mlflow.db-wal")).ok().map(held);
        let files = DatabaseFiles { wal, ..alone(bytes(&format!("{name}/mlflow.db"))) };
        for size in [1, 5, 1_000] {
            let store = open(files.clone());
            let all = read(&store, size);
            assert_eq!(all.report.notices(), [], "{name}");
            let own = document(&store, &all);
            if own != oracle {
                let text = |value: &Value| serde_json::to_string_pretty(value).expect("text");
                let (own, oracle) = (text(&own), text(&oracle));
                let lines = own.lines().zip(oracle.lines()).filter(|(a, b)| a != b).take(20);
                panic!("{name}, pages of {size}: {:#?}", lines.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a_log_that_was_not_given_is_asked_for() {
    let main = bytes("sqlite-wal/mlflow.db");
    let check = |wal: Option<Vec<u8>>, is_folder_known: bool, tags: usize, asked: u64| {
        let files = DatabaseFiles { wal: wal.map(held), ..alone(main.clone()) };
        let store = SqlStore::open(Given { is_folder_known, ..given(files) }).expect("opens");
        let all = read(&store, 100);
        assert_eq!(all.runs.tags.get("only-in-wal").map_or(0, |column| column.len()), tags);
        assert_eq!(all.report.count(Reason::DatabaseWalMissing), asked);
        assert_eq!(all.report.total(), asked);
    };
    check(Some(bytes("sqlite-wal/mlflow.db-wal")), false, 1, 0);
    check(None, false, 0, 1);
    check(None, true, 0, 0);
    check(Some(Vec::new()), false, 0, 0);
}

#[test]
fn what_is_no_database_of_mlflow_says_what_it_is() {
    let check = |files: DatabaseFiles, part: &str| {
        let fault = SqlStore::open(given(files)).err().expect("a fault");
        let is_hurt = ["cut off at", "damaged"].iter().any(|word| part.contains(word));
        assert_eq!(fault.kind, if is_hurt { FaultKind::Unreadable } else { FaultKind::NotRecognised }, "{part}");
        assert!(fault.message.contains(part), "{}", fault.message);
    };
    check(alone(b"x".repeat(200)), "The file is not a SQLite database");
    let live = Live::new("");
    live.run("CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)");
    check(live.copy(), "none of MLflow's: experiments and runs are looked for, it has moz_places.");
    live.run("DROP TABLE moz_places");
    check(live.copy(), "no tables at all");
    for name in ["sqlite-1.30.1", "sqlite-2.22.0"] {
        let mut main = bytes(&format!("{name}/mlflow.db"));
        let whole = main.len();
        main.truncate(80_000);
        let part = "the part that names its tables is missing. Copy it again.";
        check(alone(main), &format!("The database is cut off at 80000 of {whole} bytes: {part}"));
    }
    let mut main = bytes("sqlite-2.22.0/mlflow.db");
    main[100..4_096].fill(7);
    check(alone(main), "names its tables is damaged: page 1 ");
}

#[test]
fn a_migration_that_was_broken_off_leaves_an_empty_store() {
    let live = Live::new("PRAGMA cache_size = 2");
    live.run("CREATE TABLE x (a); DROP TABLE x; BEGIN; CREATE TABLE experiments (a); INSERT INTO experiments SELECT zeroblob(90000)");
    let store = open(live.copy());
    let all = read(&store, 10);
    assert!(all.experiments.is_empty() && all.runs.is_empty());
    assert_eq!(all.report.count(Reason::DatabaseRolledBack), 1);
    assert!(all.report.notices()[0].message.ends_with("It is empty: its tables were being made."));
}

//! Exports against the stores that they were made of. Each format meets the same examiner, `inspect`: what it carries must be what the
//! store says; what it does not carry is taken out of the store's document first, as the table in ARCHITECTURE.md says.

mod broken;
mod formats;
mod own;

use pollster::block_on;
use runglass::native::disk::{Disk, DiskFile};
use runglass::native::inspect;
use runglass::sources::exports::document::{Chosen, Written};
use runglass::sources::exports::{Kind, document, open_file, open_paths};
use runglass::sources::stores::Stores;
use runglass::sources::{HistoryAsk, RunsAsk, Source, each_page};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn store(name: &str) -> Stores {
    Stores::new(Rc::new(Disk::new(fixtures().join(name))))
}

fn export(name: &str) -> PathBuf {
    fixtures().join("exports").join(name)
}

fn file(kind: Kind, path: &Path) -> Rc<dyn Source> {
    open_file(kind, ".", Rc::new(DiskFile::open(path).unwrap())).unwrap()
}

fn folder(kind: Kind, path: &Path) -> Rc<dyn Source> {
    open_paths(kind, Rc::new(Disk::new(path)), vec![String::new()]).unwrap()
}

fn files_in(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What `inspect` says.
fn inspected(source: &dyn Source) -> Value {
    let mut out = Vec::new();
    block_on(inspect::read(source)).unwrap().write_document(&mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// The runs of a document by id, each with the id of its experiment.
fn runs(document: &Value) -> BTreeMap<String, Value> {
    let mut runs = BTreeMap::new();
    for experiment in document["experiments"].as_array().unwrap() {
        for run in experiment["runs"].as_array().unwrap() {
            let mut run = run.clone();
            run["experiment"] = experiment["id"].clone();
            runs.insert(run["id"].as_str().unwrap().to_owned(), run);
        }
    }
    runs
}

/// Experiments by id, without their runs and the path of their store.
fn experiments(document: &Value) -> BTreeMap<String, Value> {
    let experiments = document["experiments"].as_array().unwrap().iter();
    let bare = experiments.map(|experiment| {
        let mut experiment = experiment.clone();
        let experiment_map = experiment.as_object_mut().unwrap();
        experiment_map.remove("runs");
        experiment_map.remove("store");
        (experiment["id"].as_str().unwrap().to_owned(), experiment)
    });
    bare.collect()
}

fn reasons(document: &Value) -> Vec<&str> {
    let notices = document["notices"].as_array().unwrap();
    notices.iter().map(|notice| notice["reason"].as_str().unwrap()).collect()
}

fn assert_same(what: &str, expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) {
    for (id, expected) in expected {
        let found = found.get(id).unwrap_or_else(|| panic!("{what}: {id} is missing"));
        for (key, expected) in expected.as_object().unwrap() {
            assert_eq!(&found[key], expected, "{what}: {key} of {id}");
        }
    }
    assert_eq!(expected.len(), found.len(), "{what}: there are more than expected");
}

/// The first place where two documents differ, and what stands there.
fn difference(at: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().find_map(|(key, a)| difference(&format!("{at}/{key}"), a, b.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| difference(&format!("{at}/{index}"), a, b))
        }
        (a, b) => (a != b).then(|| format!("{at}: {a} and {b}")),
    }
}

fn written(source: &dyn Source, chosen: &Chosen) -> (String, Written) {
    let mut text = String::new();
    let mut sink = |piece: &str| {
        text.push_str(piece);
        Ok(())
    };
    let written = block_on(document::write(source, chosen, &mut sink, &mut |_| {})).unwrap();
    serde_json::from_str::<Value>(&text).expect("plain JSON");
    (text, written)
}

/// Every point of a source as text, by run and metric.
fn histories(source: &dyn Source) -> BTreeMap<(String, String), Vec<String>> {
    block_on(each_page(|after| source.experiments(after), drop)).unwrap();
    let mut all = BTreeMap::new();
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 7, ..RunsAsk::default() }),
        |page| {
            let mut pairs = Vec::new();
            for (key, column) in page.items.metrics.iter() {
                pairs.extend(column.iter().map(|(row, _)| (page.items.key[row as usize].clone(), key.to_owned())));
            }
            let (mut read, mut from) = (0, None);
            while read < pairs.len() {
                let page =
                    block_on(source.history(HistoryAsk { pairs: pairs.clone(), after: from, ..HistoryAsk::default() }))
                        .unwrap();
                for series in page.items {
                    let point =
                        |at: usize| format!("{} {} {:?}", series.step[at], series.time_ms[at], series.value[at]);
                    let (run, key) = &pairs[read];
                    all.insert((run.0.clone(), key.clone()), (0..series.len()).map(point).collect());
                    read += 1;
                }
                from = page.next;
            }
        },
    ))
    .unwrap();
    all
}

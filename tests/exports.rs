//! Exports against the stores that they were made of. Each format meets the same examiner, `inspect`: what it carries must be what the
//! store says; what it does not carry is taken out of the store's document first, as the table in ARCHITECTURE.md says.

use pollster::block_on;
use runglass::model::{MetricSummary, Notice, Report, Shelf};
use runglass::native::disk::{Disk, DiskFile};
use runglass::native::inspect;
use runglass::sources::exports::document::{self, Chosen, Written};
use runglass::sources::exports::{HEAD_BYTES, Kind, open_file, open_paths, recognise, recognise_dir};
use runglass::sources::memory::Memory;
use runglass::sources::stores::Stores;
use runglass::sources::{Bytes, Fault, FaultKind, Folder, HistoryAsk, RunsAsk, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
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

fn edit_metrics(run: &mut Value, edit: impl Fn(&str, &mut Value) -> bool) {
    run["metrics"].as_object_mut().unwrap().retain(|key, metric| edit(key, metric));
}

#[test]
fn a_store_comes_back_from_its_document() {
    let names =
        ["mlruns-0.8.2", "mlruns-1.30.1", "mlruns-2.22.0", "mlruns-3.17.2", "mlruns-odd-metrics", "hostile/tree"];
    for name in names {
        let source = store(name);
        let (text, written) = written(&source, &Chosen::default());
        let again = open_file(Kind::Document, ".", Rc::new(text.clone().into_bytes())).unwrap();
        let (mut before, mut after) = (inspected(&store(name)), inspected(&*again));
        assert_eq!(reasons(&after).iter().filter(|reason| **reason == "format-partial").count(), 1, "{name}");
        let (shelf, of_shelf) = shelf_of(&source);
        // What is wrong beside the runs is told when it is read, which `inspect` does not.
        let is_of_shelf = |notice: &Value| {
            let same = |seen: &Notice| notice["reason"] == seen.reason.word() && notice["path"] == seen.path.as_str();
            of_shelf.notices().iter().any(same)
        };
        let carried_notices = after["notices"].as_array().unwrap().iter().filter(|notice| is_of_shelf(notice)).count();
        assert_eq!(carried_notices as u64, of_shelf.total(), "{name}");
        for document in [&mut before, &mut after] {
            let notices = document["notices"].as_array_mut().unwrap();
            notices.retain(|notice| notice["reason"] != "format-partial" && !is_of_shelf(notice));
            for store in document["stores"].as_array_mut().unwrap() {
                store["format"] = Value::Null;
            }
        }
        assert_eq!(difference("", &before, &after), None, "{name}");
        assert_eq!(histories(&source), histories(&*again), "{name}");
        let points: u64 = histories(&source).values().map(|points| points.len() as u64).sum();
        assert_eq!((written.points, written.missing.len()), (points, 0), "{name}");
        let (shelf, again_shelf) = (carried(shelf), shelf_of(&*again).0);
        // As text, in which NaN is NaN.
        assert_eq!(format!("{shelf:#?}"), format!("{again_shelf:#?}"), "{name}");
        let has_some = !(shelf.registered.is_empty() && shelf.logged.is_empty() && shelf.traces.is_empty());
        assert_eq!(has_some, !matches!(name, "mlruns-0.8.2" | "mlruns-1.30.1"), "{name}");
        // Written again it is the same text, but for the format of the stores.
        let format = |text: &str| text.replace("\"format\":\"mlruns\"", "\"format\":\"runglass\"");
        assert_eq!(format(&text), format(&self::written(&*again, &Chosen::default()).0), "{name}");
        assert_eq!(recognise(&text.as_bytes()[..text.len().min(HEAD_BYTES as usize)]), Some(Kind::Document), "{name}");
    }
}

fn shelf_of(source: &dyn Source) -> (Shelf, Report) {
    let (mut shelf, mut report, mut after) = (Shelf::default(), Report::default(), None);
    loop {
        let page = block_on(source.shelf(after)).unwrap();
        shelf.registered.extend(page.items.registered);
        shelf.logged.extend(page.items.logged);
        shelf.traces.extend(page.items.traces);
        report.merge(page.report);
        after = page.next;
        if after.is_none() {
            return (shelf, report);
        }
    }
}

/// What a document carries of a shelf: of the metrics of logged models the last point.
fn carried(mut shelf: Shelf) -> Shelf {
    for (_, metric) in shelf.logged.iter_mut().flat_map(|model| &mut model.metrics) {
        *metric = MetricSummary::of_last(metric.last, metric.step, metric.time_ms);
    }
    shelf
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
    let mut experiments = None;
    loop {
        experiments = block_on(source.experiments(experiments)).unwrap().next;
        if experiments.is_none() {
            break;
        }
    }
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let page = block_on(source.runs(RunsAsk { after, size: 7, ..RunsAsk::default() })).unwrap();
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
                let point = |at: usize| format!("{} {} {:?}", series.step[at], series.time_ms[at], series.value[at]);
                let (run, key) = &pairs[read];
                all.insert((run.0.clone(), key.clone()), (0..series.len()).map(point).collect());
                read += 1;
            }
            from = page.next;
        }
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn a_part_of_a_store() {
    let source = store("mlruns-3.17.2");
    let all = inspected(&source);
    let (run, of) = runs(&all).into_iter().find(|(_, run)| run["outputs"] != json!([])).expect("a run with a model");
    let experiment = of["experiment"].as_str().unwrap();
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let check = |experiments: &[&str], chosen: &[&str], runs_expected: usize, missing: &[&str]| {
        let chosen = Chosen { experiments: texts(experiments), runs: texts(chosen) };
        let (text, written) = written(&source, &chosen);
        assert_eq!(written.missing, missing);
        let part = inspected(&*open_file(Kind::Document, "x.json", Rc::new(text.into_bytes())).unwrap());
        let found = runs(&part);
        assert_eq!(found.len(), runs_expected);
        for (id, run) in &found {
            assert_eq!(Some(run), runs(&all).get(id));
        }
    };
    let in_experiment = runs(&all).values().filter(|run| run["experiment"] == experiment).count();
    check(&[], &[&run], 1, &[]);
    check(&[experiment], &[], in_experiment, &[]);
    check(&[experiment], &[&run], in_experiment, &[]);
    check(&["none"], &[&run, "nor"], 1, &["experiment none", "run nor"]);
    check(&["none"], &[], 0, &["experiment none"]);
}

fn ten_digits(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap()
}

#[test]
fn tables_of_search_runs() {
    let source = inspected(&store("mlruns-3.17.2"));
    let mut expected: BTreeMap<String, Value> = runs(&source)
        .into_iter()
        .filter(|(_, run)| {
            let of = source["experiments"]
                .as_array()
                .unwrap()
                .iter()
                .find(|experiment| experiment["id"] == run["experiment"]);
            run["lifecycle"] == "active" && of.unwrap()["lifecycle"] == "active"
        })
        .collect();
    for run in expected.values_mut() {
        let run_map = run.as_object_mut().unwrap();
        for absent in ["datasets", "outputs"] {
            run_map.insert(absent.to_owned(), json!([]));
        }
        edit_metrics(run, |_, metric| {
            let is_number = metric["last"] != "NaN";
            *metric = json!({"last": metric["last"]});
            is_number
        });
    }
    let files = files_in(&export("search-runs"));
    assert_eq!(files.len(), 12);
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_json = name.ends_with("json");
        let kind = if is_json { Kind::Frame } else { Kind::Csv };
        assert_eq!(recognised(&path), Some(kind), "{name}");
        let mut expected = expected.clone();
        if name == "experiments.csv" {
            let largest = experiments(&source)
                .keys()
                .max_by_key(|id| expected.values().filter(|run| run["experiment"] == ***id).count())
                .unwrap()
                .clone();
            expected.retain(|_, run| run["experiment"] == *largest);
        }
        for run in expected.values_mut() {
            if is_json {
                edit_metrics(run, |_, metric| match metric["last"].as_f64() {
                    Some(last) => {
                        metric["last"] = json!(ten_digits(last));
                        true
                    }
                    None => false,
                });
            } else {
                for texts in ["params", "tags"] {
                    run[texts].as_object_mut().unwrap().retain(|_, text| text != "");
                }
            }
            // What the client says of lines of five columns is in departures.json.
            edit_metrics(run, |key, _| key != "plain_ds");
        }
        let document = inspected(&*file(kind, &path));
        let mut found = runs(&document);
        for run in found.values_mut() {
            edit_metrics(run, |key, metric| {
                assert_eq!((&metric["step"], &metric["count"]), (&json!(0), &json!(0)));
                *metric = json!({"last": metric["last"]});
                // pandas writes ten digits of a number as JSON.
                if let (true, Some(last)) = (is_json, metric["last"].as_f64()) {
                    metric["last"] = json!(ten_digits(last));
                }
                key != "plain_ds"
            });
        }
        assert_same(&name, &expected, &found);
        assert_eq!(reasons(&document), ["format-partial"], "{name}");
        assert_eq!(document["stores"], json!([{"path": ".", "format": "search-runs"}]), "{name}");
    }
}

#[test]
fn answers_of_a_server() {
    let source = inspected(&store("mlruns-3.17.2"));
    let answers = export("answers");
    for path in files_in(&answers) {
        assert_eq!(recognised(&path), Some(Kind::Answers), "{}", path.display());
    }
    let answer = folder(Kind::Answers, &answers);
    let document = inspected(&*answer);
    assert_eq!(reasons(&document), ["format-partial"], "{:#}", document["notices"]);
    assert_same("experiments", &experiments(&source), &experiments(&document));
    let (mut expected, mut found) = (runs(&source), runs(&document));
    for run in expected.values_mut().chain(found.values_mut()) {
        // What the client says of lines of five columns, and of doubled lines, is in departures.json.
        edit_metrics(run, |key, _| key != "plain_ds" && key != "model_acc_ds");
    }
    assert_same("runs", &expected, &found);
    for what in ["registered_models", "logged_models", "traces"] {
        assert_eq!(document[what], source[what], "{what}");
    }
    let shelf = block_on(answer.shelf(None)).unwrap().items;
    let model = &shelf.registered[0];
    assert!(!model.aliases.is_empty() && model.versions.iter().all(|version| version.run_id.is_some()));
    assert!(shelf.logged.iter().all(|model| model.status == "READY" && model.run_id.is_some()));
    assert!(shelf.traces.iter().all(|trace| trace.start_ms.is_some() && !trace.name.is_empty()));
    // A page alone says that more follow.
    let alone = inspected(&*file(Kind::Answers, &answers.join("runs-1.json")));
    assert_eq!(reasons(&alone), ["format-partial", "answer-continues"]);
}

#[test]
fn folders_of_mlflow_export_import() {
    let source = inspected(&store("mlruns-2.22.0"));
    let path = export("export-import-1.2.0");
    let document = inspected(&*folder(Kind::ExportImport, &path));
    assert_eq!(reasons(&document), ["format-partial"], "{:#}", document["notices"]);
    let mut expected = runs(&source);
    let active: BTreeMap<String, Value> =
        experiments(&source).into_iter().filter(|(_, experiment)| experiment["lifecycle"] == "active").collect();
    assert_same("experiments", &active, &experiments(&document));
    expected.retain(|_, run| run["lifecycle"] == "active" && active.contains_key(run["experiment"].as_str().unwrap()));
    for run in expected.values_mut() {
        run["datasets"] = json!([]);
    }
    assert_same("runs", &expected, &runs(&document));
    // One file of it, one experiment of it.
    let run = expected.keys().next().unwrap();
    let of = expected[run]["experiment"].as_str().unwrap();
    let one = inspected(&*file(Kind::ExportImport, &path.join(of).join(run).join("run.json")));
    assert_eq!(runs(&one)[run], expected[run]);
    let disk = Rc::new(Disk::new(&path));
    let one = open_paths(Kind::ExportImport, disk, vec![of.to_owned()]).unwrap();
    assert_eq!(inspected(&*one)["stores"], json!([{"path": of, "format": "export-import"}]));
}

#[test]
fn the_export_of_2026_and_a_model() {
    let source = folder(Kind::ExportImport, &export("export-import-2026"));
    let document = inspected(&*source);
    assert_eq!(reasons(&document), ["format-partial"], "{:#}", document["notices"]);
    let found = runs(&document);
    let run = &found["ffdbaa519b9a4599820e12102eb1480f"];
    assert_eq!(run["metrics"]["train/loss"]["count"], 25);
    assert_eq!(run["metrics"]["bad nan"]["last"], "NaN");
    assert_eq!(run["metrics"]["bad inf"]["last"], "Infinity");
    assert_eq!(run["datasets"][0]["context"], "training");
    assert_eq!(found["ce93e862c67440d18302409cd2bfa0eb"]["outputs"], json!(["m-910d316b7e9f427db90df24fa3261a95"]));
    assert_eq!(document["registered_models"], json!([{"name": "my model", "versions": 2}]));
    assert_eq!((&document["logged_models"], &document["traces"]), (&json!(2), &json!(1)));
    let shelf = block_on(source.shelf(None)).unwrap().items;
    assert!(shelf.registered.iter().any(|model| model.is_prompt() && model.name == "greet"));
    assert_eq!(shelf.logged.iter().map(|model| model.metrics.len()).sum::<usize>(), 2);
    assert_eq!(shelf.traces[0].duration_ms, Some(11));
    let key = runglass::model::RunKey("1/ffdbaa519b9a4599820e12102eb1480f".to_owned());
    let artifacts = block_on(source.artifacts(&key).list(&[String::new()], true)).unwrap();
    assert_eq!(artifacts[0][0].name, "cfg.json");

    let model = inspected(&*folder(Kind::ExportImport, &export("model-1.30")));
    assert_eq!(model["registered_models"], json!([{"name": "my model", "versions": 2}]));
    assert_eq!(runs(&model)["f80a85c390064a6e99bbf5eadbddc13f"]["metrics"]["pre_acc"]["count"], 1);
}

fn recognised(path: &Path) -> Option<Kind> {
    recognise(&DiskFile::open(path).unwrap().read(0..HEAD_BYTES).unwrap())
}

#[test]
fn recognition_goes_by_content() {
    let check = |text: &str, expected: Option<Kind>| assert_eq!(recognise(text.as_bytes()), expected, "{text}");
    check("", None);
    check("{", None);
    check("[1, 2]", None);
    check("a,b\n1,2\n", None);
    check("run_id\nx\n", None);
    check("run_id,loss\nx,1\n", None);
    check("\u{FEFF}run_id,metrics.loss\n", Some(Kind::Csv));
    check("\"run_id\";\"status\"\n", Some(Kind::Csv));
    check(r#"{"runglass": 1, "runs": ["#, Some(Kind::Document));
    check(r#"{"runs": [{"info": {"run_id": "#, Some(Kind::Answers));
    check(r#"{"info": {"title": "an API"}, "paths": {}}"#, None);
    check(r#"{"info": {"run_uuid": "a"}, "params": {}}"#, Some(Kind::ExportImport));
    check(r#"{"system": {}, "mlflow": {"run"#, Some(Kind::ExportImport));
    check(r#"{"columns": ["a", "run_id", "params.x"], "data": ["#, Some(Kind::Frame));
    check(r#"{"columns": ["question", "answer"], "data": []}"#, None);
    check(r#"[{"run_id": "a", "status": "#, Some(Kind::Frame));
    check(r#"{"run_id": {"0": "a"}, "metr"#, Some(Kind::Frame));
    check(r#"{"cells": [], "metadata": {}, "nbformat": 4}"#, None);
    check(r#"{"name": "x", "version": "1", "runs": 3}"#, None);
    for path in files_in(&export("export-import-1.2.0").join("0")).into_iter().filter(|path| path.is_file()) {
        assert_eq!(recognised(&path), Some(Kind::ExportImport), "{}", path.display());
    }
    let dir = |path: PathBuf| {
        let entries = block_on(Disk::new(path).list(&[String::new()], false)).unwrap().remove(0);
        recognise_dir(&entries).map(|entry| entry.name.clone())
    };
    let check =
        |path: &str, expected: Option<&str>| assert_eq!(dir(fixtures().join(path)).as_deref(), expected, "{path}");
    check("exports/export-import-1.2.0", Some("experiments.json"));
    check("exports/export-import-1.2.0/0", Some("experiment.json"));
    check("exports/export-import-2026", None);
    check("exports/export-import-2026/experiments", Some("experiments.json"));
    check("exports/model-1.30", Some("model.json"));
    check("mlruns-3.17.2/mlruns", None);
}

#[test]
fn broken_parts_cost_themselves_alone() {
    let check = |kind: Kind, text: &str, ids: &[&str], expected: &[(&str, Option<u64>)]| {
        let source = open_file(kind, "f", Rc::new(text.as_bytes().to_vec())).unwrap();
        let document = inspected(&*source);
        assert_eq!(runs(&document).keys().collect::<Vec<_>>(), ids, "{text}");
        let notices: Vec<(&str, Option<u64>)> = document["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| (notice["reason"].as_str().unwrap(), notice["line"].as_u64()))
            .filter(|(reason, _)| *reason != "format-partial")
            .collect();
        assert_eq!(notices, expected, "{text}");
    };
    let (bad, field, cut) = ("part-malformed", "field-invalid", "json-malformed");
    check(
        Kind::Csv,
        "run_id,metrics.a,mine\nr1,1,x\nr2,2\nr3,x,y\n,4,z\n",
        &["r1", "r3"],
        &[("column-ignored", Some(1)), (bad, Some(3)), (field, Some(4)), (bad, Some(5))],
    );
    check(
        Kind::Frame,
        "[{\"run_id\": \"a\"},\n{\"run_id\": 1 2},\n{\"run_id\": \"b\", \"status\": \"x\"}",
        &["a", "b"],
        &[(bad, Some(2)), (field, Some(3)), (cut, Some(3))],
    );
    check(
        Kind::Frame,
        "{\"data\": [[\"a\", 1], [2]],\n\"columns\": [\"run_id\", \"metrics.x\"]}",
        &["a"],
        &[(bad, Some(1))],
    );
    check(
        Kind::Answers,
        "{\"runs\": [\n{\"info\": {}}, {\"info\": {\"run_id\": \"a\", \"end_time\": \"soon\"}},\n{\"info\": {\"run_id\": \"b\"}}, }",
        &["a", "b"],
        &[(field, Some(2)), (field, Some(2)), (cut, Some(3))],
    );
    check(
        Kind::Document,
        "{\"runglass\": 1, \"new\": [{}],\n\"runs\": [{\"id\": \"a\", \"experiment\": 7, \"metrics\": {\"m\":\n{\"steps\": [0, x], \"times_ms\": [1], \"values\": [\"NaN\"]}}},\n{\"id\": \"a\"}, 3]}",
        &["a"],
        &[(bad, None), (bad, Some(3)), (bad, Some(4)), (bad, Some(4))],
    );
}

#[test]
fn points_find_their_runs() {
    let run = |id: &str, value: &str| {
        format!(
            r#"{{"info": {{"run_id": "{id}"}}, "data": {{"metrics": [{{"key": "m", "value": {value}, "timestamp": 7, "step": 2}}]}}}}"#
        )
    };
    let runs_of = |runs: &[String]| format!(r#"{{"runs": [{}]}}"#, runs.join(", "));
    let history = |last: &str, of: &str| {
        let point =
            |step: u32, value: &str| format!(r#"{{"key": "m", "value": {value}, "timestamp": 7, "step": {step}{of}}}"#);
        format!(r#"{{"metrics": [{}, {}]}}"#, point(1, "0.25"), point(2, last))
    };
    let check = |files: &[(&str, String)], counts: &[(&str, u64)], expected: &[&str]| {
        let mut memory = Memory::new();
        for (path, text) in files {
            memory.put(path, text.as_bytes().to_vec());
        }
        let source = open_paths(Kind::Answers, Rc::new(memory), vec![String::new()]).unwrap();
        let document = inspected(&*source);
        let found = runs(&document);
        let count = |id: &&str| found[*id]["metrics"]["m"]["count"].as_u64().unwrap();
        let ids: Vec<&str> = counts.iter().map(|(id, _)| *id).collect();
        assert_eq!(
            ids.iter().map(count).collect::<Vec<_>>(),
            counts.iter().map(|(_, count)| *count).collect::<Vec<_>>()
        );
        assert_eq!(
            reasons(&document).into_iter().filter(|reason| *reason != "format-partial").collect::<Vec<_>>(),
            expected
        );
    };
    let two = runs_of(&[run("r1", "0.5"), run("r2", "NaN")]);
    // By the id in each point, by the id in the file's name, by the last point.
    check(&[("runs.json", two.clone()), ("h", history("0.5", r#", "run_id": "r1""#))], &[("r1", 2), ("r2", 0)], &[]);
    check(&[("runs.json", two.clone()), ("m of r2.json", history("3", ""))], &[("r1", 0), ("r2", 2)], &[]);
    check(&[("runs.json", two.clone()), ("a.json", history("NaN", ""))], &[("r1", 0), ("r2", 2)], &[]);
    // Both runs may be meant, neither, one that is not here.
    let same = runs_of(&[run("r1", "0.5"), run("r2", "0.5")]);
    check(&[("runs.json", same), ("a.json", history("0.5", ""))], &[("r1", 0), ("r2", 0)], &["history-unassigned"]);
    check(
        &[("runs.json", two.clone()), ("a.json", history("9", ""))],
        &[("r1", 0), ("r2", 0)],
        &["history-unassigned"],
    );
    check(
        &[("runs.json", two), ("h", history("0.5", r#", "run_id": "r3""#))],
        &[("r1", 0), ("r2", 0)],
        &["history-unassigned"],
    );
}

#[test]
fn older_and_smaller_shapes() {
    let check = |kind: Kind, text: &str, run: &str, expected: Value| {
        let bytes: Rc<dyn Bytes> = Rc::new(text.as_bytes().to_vec());
        assert_eq!(recognise(text.as_bytes()), Some(kind), "{text}");
        let document = inspected(&*open_file(kind, ".", bytes).unwrap());
        for (key, expected) in expected.as_object().unwrap() {
            assert_eq!(&runs(&document)[run][key], expected, "{key} of {text}");
        }
    };
    // mlflow-export-import before its envelope; then with last values alone.
    check(
        Kind::ExportImport,
        r#"{"export_info": {}, "info": {"run_uuid": "a", "experiment_id": 3, "status": "FAILED", "end_time": 9000000000000},
            "params": {"lr": 0.1}, "metrics": {"m": [{"value": NaN, "timestamp": 7, "step": 2}], "last": 0.5}, "tags": {"mlflow.runName": "n"}}"#,
        "a",
        json!({"experiment": "3", "status": "FAILED", "name": "n", "params": {"lr": "0.1"}, "metrics": {
            "m": {"count": 1, "last": "NaN", "step": 2, "timestamp": 7},
            "last": {"count": 0, "last": 0.5, "step": 0, "timestamp": 9_000_000_000_000_u64}}}),
    );
    check(
        Kind::Answers,
        r#"{"run": {"info": {"run_id": "a", "experiment_id": "1", "lifecycle_stage": "deleted"}, "data": {}}}"#,
        "a",
        json!({"lifecycle": "deleted", "status": "RUNNING"}),
    );
    check(
        Kind::Answers,
        r#"{"info": {"run_id": "a", "end_time": 9000000000000}, "data": {"metrics": {"m": 2}, "params": {"p": "1"}}, "inputs": {}}"#,
        "a",
        json!({"params": {"p": "1"}, "metrics": {"m": {"count": 0, "last": 2.0, "step": 0, "timestamp": 9_000_000_000_000_u64}}}),
    );
}

#[test]
fn what_can_not_be_opened_says_why() {
    let check = |kind: Kind, text: &str, expected: FaultKind, says: &str| {
        let source = open_file(kind, "f.json", Rc::new(text.as_bytes().to_vec())).unwrap();
        let fault = block_on(inspect::read(&*source)).err().expect("a fault");
        assert_eq!(fault.kind, expected, "{text}");
        assert!(fault.message.starts_with("f.json: ") && fault.message.contains(says), "{fault}");
    };
    check(Kind::Document, "{\"runglass\": 2, \"runs\": []}", FaultKind::Unreadable, "newer Runglass");
    check(Kind::Document, "{\"runglass\": \"x\"}", FaultKind::NotRecognised, "version");
    check(Kind::Document, "{}", FaultKind::NotRecognised, "version");
    check(Kind::Answers, "{\"runs\": []}", FaultKind::NotRecognised, "No experiment");
    check(Kind::Csv, "run_id,status\n", FaultKind::NotRecognised, "no run");
}

/// Whatever is in a file, reading it ends, without a panic.
#[test]
fn mutations() {
    let (text, _) = written(&store("mlruns-2.22.0"), &Chosen::default());
    let read = |name: &str| fs::read(export(name)).unwrap();
    let mut seeds: Vec<(Kind, Vec<u8>)> = vec![(Kind::Document, text.into_bytes())];
    for path in files_in(&export("search-runs")) {
        let kind = if path.extension().unwrap() == "csv" { Kind::Csv } else { Kind::Frame };
        seeds.push((kind, fs::read(path).unwrap()));
    }
    for name in [
        "runs-1.json",
        "experiments.json",
        "history-1.json",
        "registered-models.json",
        "logged-models.json",
        "traces.json",
    ] {
        seeds.push((Kind::Answers, read(&format!("answers/{name}"))));
    }
    seeds.push((Kind::ExportImport, read("export-import-2026/model/model.json")));
    seeds.push((
        Kind::ExportImport,
        read("export-import-2026/experiments/1/runs/ffdbaa519b9a4599820e12102eb1480f/run.json"),
    ));
    let times: usize = std::env::var("RUNGLASS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let rounds = 60 * times;
    let mut dice = Dice(0x5EED_u64);
    for (kind, bytes) in &seeds {
        for _ in 0..rounds {
            let mutant = dice.mutate(bytes);
            let _ = recognise(&mutant[..mutant.len().min(HEAD_BYTES as usize)]);
            let source = open_file(*kind, "mutant", Rc::new(mutant)).unwrap();
            if let Ok(inspected) = block_on(inspect::read(&*source)) {
                inspected.write_document(&mut Vec::new()).unwrap();
                histories(&*source);
                written(&*source, &Chosen::default());
            }
        }
    }
}

/// Numbers of a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        const WORDS: [&[u8]; 16] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b",",
            b":",
            b"NaN",
            b"1e999",
            b"-9223372036854775809",
            b"null",
            b"\\u",
            b"\n",
            b"\xFF",
            b"\0",
            b"4294967296",
        ];
        let mut mutant = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(mutant.len());
            let to = (at + self.below(40)).min(mutant.len());
            match self.below(5) {
                0 => mutant.truncate(at),
                1 => drop(mutant.drain(at..to)),
                2 => {
                    let word = WORDS[self.below(WORDS.len())];
                    mutant.splice(at..at, word.iter().copied());
                }
                3 => {
                    let part = mutant[at..to].to_vec();
                    let place = self.below(mutant.len());
                    mutant.splice(place..place, part);
                }
                _ => {
                    if let Some(byte) = mutant.get_mut(at) {
                        *byte = self.below(256) as u8;
                    }
                }
            }
        }
        mutant
    }
}

#[test]
fn a_long_file_is_loaded_in_steps() {
    let mut text = "run_id,metrics.a,params.long\n".to_owned();
    for at in 0..200 {
        text += &format!("r{at},{at},{}\n", "x".repeat(60_000));
    }
    let source = open_file(Kind::Csv, "f", Rc::new(text.into_bytes())).unwrap();
    let (mut after, mut steps, mut bytes) = (None, 0, 0);
    loop {
        let page = block_on(source.experiments(after)).unwrap();
        assert!(page.read.bytes >= bytes);
        (bytes, after, steps) = (page.read.bytes, page.next, steps + 1);
        if after.is_none() {
            assert_eq!(page.read.runs_total, Some(200));
            break;
        }
    }
    assert!(steps > 4, "{steps} steps");
}

#[test]
fn exports_on_the_command_line() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("export");
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).unwrap();
    let store = fixtures().join("mlruns-2.22.0");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runglass"));
        let output = command.arg("export").args(arguments).current_dir(&work).output().unwrap();
        (output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let store = store.to_str().unwrap();
    let (code, out, told) = run(&[store]);
    assert!(code == 0 && told.contains("5 experiments, 12 runs, 44 points"), "{told}");
    assert_eq!(recognise(&out[..4096]), Some(Kind::Document));
    assert_eq!(run(&[store, "-o", "a.json"]).0, 0);
    assert_eq!(fs::read(work.join("a.json")).unwrap(), out);
    let (code, _, told) = run(&[store, "-o", "a.json"]);
    assert!(code == 1 && told.contains("--force"), "{told}");
    let (code, _, told) = run(&[store, "-o", "a.json", "--force", "--run", "none"]);
    assert!(code == 1 && told.contains("there is no run none"), "{told}");
    assert_ne!(fs::read(work.join("a.json")).unwrap(), out);
    fs::create_dir(work.join("empty")).unwrap();
    assert_eq!(run(&[work.join("empty").to_str().unwrap(), "-o", "b.json"]).0, 2);
    fs::remove_dir(work.join("empty")).unwrap();
    assert!(!work.join("b.json").exists());
    assert_eq!(files_in(&work).len(), 1, "nothing is left over");
    fs::remove_dir_all(&work).unwrap();
}

/// A folder that counts what is asked of it, and is slow: each answer comes at the second poll.
struct Slow(Memory);

impl Folder for Slow {
    fn list<'a>(
        &'a self,
        dirs: &'a [String],
        with_sizes: bool,
    ) -> runglass::sources::Async<'a, Vec<Vec<runglass::sources::Entry>>> {
        Box::pin(async move {
            later().await;
            self.0.list(dirs, with_sizes).await
        })
    }

    fn read<'a>(
        &'a self,
        asks: &'a [runglass::sources::ReadAsk],
    ) -> runglass::sources::Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            later().await;
            self.0.read(asks).await
        })
    }
}

async fn later() {
    let mut is_later = false;
    std::future::poll_fn(|context| {
        if is_later {
            return std::task::Poll::Ready(());
        }
        is_later = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn a_folder_that_answers_later() {
    let mut memory = Memory::new();
    for path in files_in(&export("answers")) {
        memory.put(&format!("saved/{}", path.file_name().unwrap().to_str().unwrap()), fs::read(&path).unwrap());
    }
    // What is no answer is passed over, long as it may be.
    memory.put("saved/notes.txt", "a note\n".repeat(100_000));
    memory.put("saved/rows.json", "[{\"a\": 1}]");
    let source = open_paths(Kind::Answers, Rc::new(Slow(memory)), vec!["saved".to_owned()]).unwrap();
    let mut expected = inspected(&*folder(Kind::Answers, &export("answers")));
    let mut found = inspected(&*source);
    for document in [&mut expected, &mut found] {
        document["stores"] = Value::Null;
        document["notices"] = Value::Null;
        for experiment in document["experiments"].as_array_mut().unwrap() {
            experiment.as_object_mut().map(Map::clear_store);
        }
    }
    assert_eq!(expected, found);
}

trait ClearStore {
    fn clear_store(&mut self);
}

impl ClearStore for Map<String, Value> {
    fn clear_store(&mut self) {
        self.remove("store");
    }
}

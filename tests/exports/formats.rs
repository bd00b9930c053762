//! What other tools saved: recognised by its content, and read as far as it carries.

use crate::{assert_same, experiments, export, file, files_in, fixtures, folder, inspected, reasons, runs, store};
use pollster::block_on;
use runglass::native::disk::{Disk, DiskFile};
use runglass::sources::exports::{HEAD_BYTES, Kind, open_file, open_paths, recognise, recognise_dir};
use runglass::sources::memory::Memory;
use runglass::sources::{Bytes, Fault, Folder};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

fn edit_metrics(run: &mut Value, edit: impl Fn(&str, &mut Value) -> bool) {
    run["metrics"].as_object_mut().unwrap().retain(|key, metric| edit(key, metric));
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

//! Runglass's own document: what goes into it comes out of it.

use crate::{difference, files_in, fixtures, histories, inspected, reasons, runs, store, written};
use pollster::block_on;
use runglass::model::{MetricSummary, Notice, Report, Shelf};
use runglass::sources::exports::document::Chosen;
use runglass::sources::exports::{HEAD_BYTES, Kind, open_file, recognise};
use runglass::sources::{Source, each_page};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

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
        assert_eq!(format(&text), format(&crate::written(&*again, &Chosen::default()).0), "{name}");
        assert_eq!(recognise(&text.as_bytes()[..text.len().min(HEAD_BYTES as usize)]), Some(Kind::Document), "{name}");
    }
}

fn shelf_of(source: &dyn Source) -> (Shelf, Report) {
    let (mut shelf, mut report) = (Shelf::default(), Report::default());
    block_on(each_page(
        |after| source.shelf(after),
        |page| {
            shelf.append(page.items);
            report.merge(page.report);
        },
    ))
    .unwrap();
    (shelf, report)
}

/// What a document carries of a shelf: of the metrics of logged models the last point.
fn carried(mut shelf: Shelf) -> Shelf {
    for (_, metric) in shelf.logged.iter_mut().flat_map(|model| &mut model.metrics) {
        *metric = MetricSummary::of_last(metric.last, metric.step, metric.time_ms);
    }
    shelf
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

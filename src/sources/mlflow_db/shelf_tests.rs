//! What lies beside the runs: artifacts, registered and logged models, traces.

use super::made_tests::grown;
use super::tests::{alone, bytes, given, open};
use super::{Given, SqlStore};
use crate::model::RunKey;
use crate::sources::memory::Memory;
use crate::sources::{ReadAsk, Source};
use pollster::block_on;
use std::rc::Rc;

#[test]
fn artifacts_are_found_by_the_end_of_their_path() {
    let run = "ffdbaa519b9a4599820e12102eb1480f";
    let check = |tree: Memory, id: &str, expected: &[&str]| {
        let files = alone(bytes("sqlite-3.17.2/mlflow.db"));
        let store = SqlStore::open(Given { artifacts: Rc::new(tree), ..given(files) }).expect("opens");
        let folder = store.artifacts(&RunKey(id.to_owned()));
        let list = block_on(folder.list(&[String::new()], false)).expect("a list").remove(0);
        assert_eq!(list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), expected);
        let read = block_on(folder.read(&[ReadAsk::up_to("a.txt", 9)])).expect("answers").remove(0);
        assert_eq!(read.is_ok(), !expected.is_empty());
    };
    let at = |path: &str| Memory::new().with(&format!("{path}/a.txt"), "1");
    check(at(&format!("mlruns/1/{run}/artifacts")), run, &["a.txt"]);
    check(at(&format!("1/{run}/artifacts")), run, &["a.txt"]);
    check(at(&format!("{run}/artifacts")), run, &["a.txt"]);
    check(at(&format!("deep/er/mlartifacts/1/{run}/artifacts")), run, &["a.txt"]);
    check(at("mlruns/1/other/artifacts"), run, &[]);
    check(at(&format!("mlruns/1/{run}/artifacts")), "no such run", &[]);
    // Under the experiment that is stated, before any other place.
    let two = at(&format!("0/{run}/artifacts"))
        .with(&format!("1/{run}/artifacts/b.txt"), "2")
        .with(&format!("1/{run}/artifacts/a.txt"), "2");
    check(two, run, &["a.txt", "b.txt"]);
}

#[test]
fn models_and_traces() {
    let store = open(alone(bytes("sqlite-3.17.2/mlflow.db")));
    let models = store.registered_models().expect("models").items;
    let [model] = models.as_slice() else { panic!("{models:?}") };
    assert_eq!(model.name, "my model");
    assert_eq!(model.aliases, [("champion".to_owned(), "1".to_owned())]);
    assert_eq!(model.tags, [("k".to_owned(), "v".to_owned())]);
    let versions: Vec<_> = model
        .versions
        .iter()
        .map(|version| (version.version, version.stage.as_deref(), version.model_id.as_deref()))
        .collect();
    let logged = Some("m-910d316b7e9f427db90df24fa3261a95");
    assert_eq!(versions, [(1, Some("Staging"), logged), (2, None, logged)]);
    let page = store.logged_models(None).expect("models");
    assert_eq!(page.next, None);
    let own = page.items.iter().find(|model| Some(model.id.as_str()) == logged).expect("the model");
    assert_eq!((own.status.as_str(), own.run_id.as_deref()), ("READY", Some("ce93e862c67440d18302409cd2bfa0eb")));
    assert_eq!(page.items.iter().map(|model| model.params.len()).sum::<usize>(), 3);
    assert_eq!(page.items.iter().map(|model| model.tags.len()).sum::<usize>(), 9);
    assert_eq!(page.items.iter().map(|model| model.metrics.len()).sum::<usize>(), 2);
    let traces = store.traces(None).expect("traces").items;
    let [trace] = traces.as_slice() else { panic!("{traces:?}") };
    assert_eq!((trace.id.as_str(), trace.state.as_str()), ("tr-698c7041cfe4bc10e0a24bcfb173a178", "OK"));
    assert!(!trace.name.is_empty() && trace.duration_ms.is_some());
}

#[test]
fn many_traces_come_in_pages_newest_first() {
    let live = grown("sqlite-2.22.0", 0);
    live.run("BEGIN");
    for at in 0..730 {
        live.run(&format!(
            "INSERT INTO trace_info VALUES ('t{at}', 1, {at}, 5, 'OK'); INSERT INTO trace_tags VALUES ('mlflow.traceName', 'name {at}', 't{at}');
             INSERT INTO trace_request_metadata VALUES ('mlflow.sourceRun', 'r{at}', 't{at}')"
        ));
    }
    live.run("COMMIT");
    let store = open(live.copy());
    let mut all = Vec::new();
    let mut after = None;
    let mut cursors = Vec::new();
    loop {
        let page = store.traces(after.as_ref()).expect("traces");
        all.extend(page.items);
        after = page.next;
        match &after {
            Some(cursor) => cursors.push(cursor.clone()),
            None => break,
        }
    }
    assert_eq!(all.len(), 731);
    assert!(
        all[..730]
            .iter()
            .zip((0..730).rev())
            .all(|(trace, at)| trace.name == format!("name {at}") && trace.run_id == Some(format!("r{at}")))
    );
    // An older page, asked for again.
    assert_eq!(store.traces(cursors.get(1)).expect("traces").items[0], all[200]);
    assert_eq!(block_on(store.stores()).expect("a store")[0].traces, 731);
}

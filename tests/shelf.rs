//! What lies beside the runs of a tree: registered models, logged models, traces; and that it is what is counted.

use pollster::block_on;
use runglass::model::{Report, Shelf};
use runglass::native::disk::Disk;
use runglass::sources::memory::Memory;
use runglass::sources::stores::Stores;
use runglass::sources::{Folder, Source, each_page};
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;

const EXPERIMENT_7: &str = "
//- mlruns/7/meta.yaml
experiment_id: '7'
name: Seven
";

/// The whole shelf, how many pages it took, and the notices of all pages.
fn shelf_of(folder: Rc<dyn Folder>) -> (Stores, Shelf, usize, Report) {
    let source = Stores::new(folder);
    let (mut shelf, mut pages, mut report) = (Shelf::default(), 0, Report::default());
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            report.merge(page.report);
        },
    ))
    .expect("experiments");
    block_on(each_page(
        |after| source.shelf(after),
        |page| {
            report.merge(page.report);
            shelf.append(page.items);
            pages += 1;
        },
    ))
    .expect("a shelf");
    (source, shelf, pages, report)
}

/// What a store counts is what its shelf holds.
fn check_counts(what: &str, source: &Stores, shelf: &Shelf) {
    let mut experiments = Vec::new();
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            experiments.extend(page.items);
        },
    ))
    .expect("experiments");
    for (number, store) in (0..).zip(block_on(source.stores()).expect("stores")) {
        let in_store = |experiment: u32| experiments[experiment as usize].store == number;
        let models = shelf.registered.iter().filter(|model| model.store == number && !model.is_prompt());
        let mut models: Vec<_> = models.map(|model| (model.name.clone(), model.versions.len() as u64)).collect();
        models.sort();
        let mut counted = store.registered_models.clone();
        counted.sort();
        assert_eq!(counted, models, "{what} {}", store.path);
        let logged = shelf.logged.iter().filter(|model| in_store(model.experiment)).count();
        let traces = shelf.traces.iter().filter(|trace| in_store(trace.experiment)).count();
        assert_eq!((store.logged_models, store.traces), (logged as u64, traces as u64), "{what} {}", store.path);
    }
}

fn texts(text: &mut String, mark: &str, list: &[(String, String)]) {
    for (key, value) in list {
        write!(text, " {mark}.{key}={value:?}").expect("text");
    }
}

fn shown(shelf: &Shelf, report: &Report) -> String {
    let mut text = String::new();
    let or = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
    for model in &shelf.registered {
        write!(text, "model {}: {} {:?}", model.store, model.name, or(&model.description)).expect("text");
        write!(text, " {:?} {:?}", model.creation_ms, model.last_update_ms).expect("text");
        texts(&mut text, "t", &model.tags);
        texts(&mut text, "a", &model.aliases);
        for version in &model.versions {
            write!(text, "\n  {}: {} {}", version.version, or(&version.stage), or(&version.status)).expect("text");
            write!(text, " {:?} by={}", or(&version.description), or(&version.user)).expect("text");
            write!(text, " {:?} from={}", version.creation_ms, or(&version.source)).expect("text");
            write!(text, " run={} model={}", or(&version.run_id), or(&version.model_id)).expect("text");
            texts(&mut text, "t", &version.tags);
        }
        text.push('\n');
    }
    for model in &shelf.logged {
        write!(text, "logged {}: {} {:?} {}", model.experiment, model.id, model.name, model.status).expect("text");
        write!(text, " {} {}", model.lifecycle.word(), or(&model.model_type)).expect("text");
        write!(text, " run={} {:?}", or(&model.run_id), model.creation_ms).expect("text");
        texts(&mut text, "p", &model.params);
        texts(&mut text, "t", &model.tags);
        for (key, metric) in &model.metrics {
            write!(text, " m.{key}={}@{} of {}", metric.last, metric.step, metric.count).expect("text");
        }
        text.push('\n');
    }
    for trace in &shelf.traces {
        write!(text, "trace {}: {} {:?} {}", trace.experiment, trace.id, trace.name, trace.state).expect("text");
        writeln!(text, " {:?} {:?} run={}", trace.start_ms, trace.duration_ms, or(&trace.run_id)).expect("text");
    }
    let mut notices: Vec<_> = report.notices().iter().collect();
    notices.sort_by_key(|notice| (&notice.path, notice.line));
    for notice in notices {
        writeln!(text, "! {} {}", notice.reason.word(), notice.path).expect("text");
    }
    text
}

fn check(tree: &str, expected: &str) {
    let (source, shelf, _, report) = shelf_of(Rc::new(Memory::parse(tree)));
    let text = shown(&shelf, &report);
    assert!(text == expected.trim_start(), "read:\n{text}\nexpected:\n{expected}");
    check_counts("tree", &source, &shelf);
}

#[test]
fn registered_models_with_their_versions() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/models/my model/meta.yaml
aliases:
  champion: '1'
  old: '1'
creation_timestamp: 1
last_updated_timestamp: 2
description: 'two

  lines'
name: my model
//- mlruns/models/my model/aliases/champion
2
//- mlruns/models/my model/tags/a/b
c
//- mlruns/models/my model/version-10/meta.yaml
current_stage: None
name: my model
version: 10
source: models:/m-1
user_id: alice
//- mlruns/models/my model/version-2/meta.yaml
creation_timestamp: 5
current_stage: Staging
description: ''
name: my model
run_id: r1
source: file:///x
status: READY
version: 2
//- mlruns/models/my model/version-2/tags/k
v
//- mlruns/models/my model/version-3/meta.yaml
current_stage: Deleted_Internal
version: 3
//- mlruns/models/mapped/meta.yaml
aliases: {{best: '4'}}
creation_timestamp: x
last_updated_timestamp: 2
name: mapped
//- mlruns/models/mapped/version-4/meta.yaml
current_stage: Production
version: four
//- mlruns/models/greet/meta.yaml
creation_timestamp: 1
last_updated_timestamp: 2
name: greet
//- mlruns/models/greet/tags/mlflow.prompt.is_prompt
True
//- mlruns/models/no prompt/meta.yaml
creation_timestamp: 1
last_updated_timestamp: 2
name: no prompt
//- mlruns/models/no prompt/tags/mlflow.prompt.is_prompt
false
"
        ),
        "
model 0: greet \"-\" Some(1) Some(2) t.mlflow.prompt.is_prompt=\"True\"
model 0: mapped \"-\" None Some(2) a.best=\"4\"
  4: Production - \"-\" by=- None from=- run=- model=-
model 0: my model \"two\\nlines\" Some(1) Some(2) t.a/b=\"c\" a.champion=\"2\"
  2: Staging READY \"-\" by=- Some(5) from=file:///x run=r1 model=- t.k=\"v\"
  10: - - \"-\" by=alice None from=models:/m-1 run=- model=m-1
model 0: no prompt \"-\" Some(1) Some(2) t.mlflow.prompt.is_prompt=\"false\"
! field-invalid mlruns/models/mapped/meta.yaml
",
    );
}

#[test]
fn what_is_broken_in_the_registry_is_told_once() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/models/ok/meta.yaml
creation_timestamp: 1
last_updated_timestamp: 2
name: ok
//- mlruns/models/ok/version-1/meta.yaml
- what
//- mlruns/models/ok/version-2/meta.yaml
current_stage: None
version: 2
description: 'open
//- mlruns/models/bare/version-1/meta.yaml
current_stage: None
version: 1
//- mlruns/models/broken/meta.yaml
just text
//- mlruns/models/broken/version-1/meta.yaml
current_stage: None
version: 1
//- mlruns/models/broken/tags/mlflow.prompt.is_prompt
true
"
        ),
        "
model 0: bare \"-\" None None
  1: - - \"-\" by=- None from=- run=- model=-
model 0: broken \"-\" None None t.mlflow.prompt.is_prompt=\"true\"
  1: - - \"-\" by=- None from=- run=- model=-
model 0: ok \"-\" Some(1) Some(2)
  2: - - \"-\" by=- None from=- run=- model=-
! meta-missing mlruns/models/bare
! meta-unreadable mlruns/models/broken/meta.yaml
! meta-unreadable mlruns/models/ok/version-1/meta.yaml
! meta-unreadable mlruns/models/ok/version-2/meta.yaml
",
    );
}

#[test]
fn logged_models_of_all_experiments() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/models/m-1/meta.yaml
creation_timestamp: 9
experiment_id: '7'
model_id: m-1
model_type: agent
name: net
source_run_id: a
status: 2
//- mlruns/7/models/m-1/params/lr
0.1
//- mlruns/7/models/m-1/tags/k
v
//- mlruns/7/models/m-1/metrics/val/acc
5 0.7 1 a
6 0.8 2 a my data 0123
7 0.9
//- mlruns/7/models/m-1/artifacts/MLmodel
x
//- mlruns/7/models/m-2/meta.yaml
lifecycle_stage: deleted
model_id: m-3
status: 3
//- mlruns/7/models/m-4/meta.yaml
model_id: m-4
status: 9
source_run_id: [
//- mlruns/7/models/m-5/artifacts/MLmodel
x
//- mlruns/8/models/m-6/meta.yaml
model_id: m-6
source_run_id: null
status: LOGGED_MODEL_PENDING
//- mlruns/.trash/9/meta.yaml
experiment_id: '9'
name: Nine
//- mlruns/.trash/9/models/m-7/meta.yaml
model_id: m-7
"
        ),
        "
logged 0: m-1 \"net\" READY active agent run=a Some(9) p.lr=\"0.1\" t.k=\"v\" m.val/acc=0.8@2 of 2
logged 0: m-3 \"\" UPLOAD_FAILED deleted - run=- None
logged 0: m-4 \"\" UNSPECIFIED active - run=- None
logged 1: m-6 \"\" PENDING active - run=- None
logged 2: m-7 \"\" UNSPECIFIED deleted - run=- None
! metric-line-malformed mlruns/7/models/m-1/metrics/val/acc
! id-mismatch mlruns/7/models/m-2/meta.yaml
! field-invalid mlruns/7/models/m-4/meta.yaml
! meta-unreadable mlruns/7/models/m-4/meta.yaml
! meta-missing mlruns/8
",
    );
}

#[test]
fn traces_of_both_versions() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/traces/0123456789abcdef0123456789abcdef/trace_info.yaml
assessments: []
execution_time_ms: 30
experiment_id: '7'
request_id: 0123456789abcdef0123456789abcdef
status: OK
timestamp_ms: 1795450082513
//- mlruns/7/traces/tr-1/trace_info.yaml
execution_duration_ms: 1
request_preview: '{{\"x\": 3}}'
request_time: '2026-11-23T15:51:44.356Z'
state: ERROR
trace_id: tr-1
trace_location:
  mlflow_experiment:
    experiment_id: '7'
  type: MLFLOW_EXPERIMENT
//- mlruns/7/traces/tr-1/tags/mlflow.traceName
outer
//- mlruns/7/traces/tr-1/request_metadata/mlflow.sourceRun
r1
//- mlruns/7/traces/tr-1/artifacts/traces.json
{{}}
//- mlruns/7/traces/tr-2/tags/mlflow.traceName
lost
//- mlruns/7/traces/tr-3/trace_info.yaml
trace_id: tr-x
request_time: soon
execution_duration: 0.011s
state: IN_PROGRESS
//- mlruns/7/traces/notes.txt
no trace
//- mlruns/8/traces/tr-0123456789abcdef0123456789abcdef/trace_info.yaml
state: OK
//- mlruns/8/traces/other/file
x
"
        ),
        "
trace 0: 0123456789abcdef0123456789abcdef \"\" OK Some(1795450082513) Some(30) run=-
trace 0: tr-1 \"outer\" ERROR Some(1795449104356) Some(1) run=r1
trace 0: tr-2 \"lost\"  None None run=-
trace 0: tr-x \"\" IN_PROGRESS None Some(11) run=-
trace 1: tr-0123456789abcdef0123456789abcdef \"\" OK None None run=-
! meta-missing mlruns/7/traces/tr-2
! id-mismatch mlruns/7/traces/tr-3/trace_info.yaml
! field-invalid mlruns/7/traces/tr-3/trace_info.yaml
! meta-missing mlruns/8
",
    );
}

#[test]
fn many_come_page_by_page() {
    let mut memory = Memory::parse(EXPERIMENT_7);
    for at in 0..2_500 {
        memory
            .put(&format!("mlruns/7/traces/tr-{at:04}/trace_info.yaml"), format!("trace_id: tr-{at:04}\nstate: OK\n"));
    }
    for at in 0..700 {
        let id = format!("{:04}", 5_000 + at);
        memory.put(&format!("mlruns/{id}/meta.yaml"), format!("experiment_id: '{id}'\nname: x\n"));
        memory.put(&format!("mlruns/{id}/traces/tr-{id}/trace_info.yaml"), format!("trace_id: tr-{id}\n"));
        memory.put(&format!("mlruns/7/models/m-{id}/meta.yaml"), format!("model_id: m-{id}\nname: x\n"));
        memory.put(
            &format!("mlruns/models/{id}/meta.yaml"),
            format!("name: '{id}'\ncreation_timestamp: 1\nlast_updated_timestamp: 1\n"),
        );
    }
    for at in 1..=600 {
        let meta = format!("version: {at}\ncurrent_stage: None\n");
        memory.put(&format!("mlruns/models/5003/version-{at}/meta.yaml"), meta);
    }
    let (source, shelf, pages, report) = shelf_of(Rc::new(memory));
    assert_eq!((shelf.registered.len(), shelf.logged.len(), shelf.traces.len()), (700, 700, 3_200));
    // 3 models, the one with 600 versions, 512, 184; 512 logged models, 188; 1,000 traces three times, and 200.
    assert_eq!((pages, report.total()), (4 + 2 + 4, 0));
    check_counts("many", &source, &shelf);
    let mut ids: Vec<_> = shelf.traces.iter().map(|trace| (trace.experiment, trace.id.clone())).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3_200);
    assert_eq!(shelf.registered[3].versions.last().map(|version| version.version), Some(600));
    // A cursor that is none ends it.
    for cursor in ["", "registered", "registered 9999999", "traces 0", "traces 3 x", "logged -1", "traces 99999 0"] {
        let page = block_on(source.shelf(Some(runglass::sources::Cursor(format!("0:{cursor}"))))).expect("a page");
        let is_end = page.items.traces.is_empty() || cursor.starts_with("registered");
        assert!(is_end && (cursor.is_empty() || page.items.registered.is_empty()), "{cursor}");
    }
}

#[test]
fn counts_and_shelves_agree_on_all_fixtures() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut seen = 0;
    let mut folders: Vec<_> =
        std::fs::read_dir(fixtures).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|path| path.is_dir()) {
        let source = Stores::new(Rc::new(Disk::new(folder)));
        if block_on(source.stores()).is_err() {
            continue;
        }
        let (source, shelf, ..) = shelf_of(Rc::new(Disk::new(folder)));
        check_counts(&folder.to_string_lossy(), &source, &shelf);
        seen += shelf.registered.len() + shelf.logged.len() + shelf.traces.len();
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn what_mlflow_wrote() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (_, two, _, _) = shelf_of(Rc::new(Disk::new(fixtures.join("mlruns-2.22.0"))));
    let (_, three, _, report) = shelf_of(Rc::new(Disk::new(fixtures.join("mlruns-3.17.2"))));
    // The trace of 2.22 was still being written when its process ended.
    for (shelf, state) in [(&two, "IN_PROGRESS"), (&three, "OK")] {
        let model = shelf.registered.iter().find(|model| model.name == "my model").expect("a model");
        assert_eq!(model.aliases, [("champion".to_owned(), "1".to_owned())]);
        assert_eq!(model.description.as_deref(), Some("desc\nline"));
        assert_eq!(model.versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(model.versions[0].stage.as_deref(), Some("Staging"));
        assert_eq!(model.versions[1].stage, None);
        assert!(model.versions.iter().all(|version| version.run_id.is_some()));
        let trace = &shelf.traces[0];
        assert_eq!((trace.name.as_str(), trace.state.as_str()), ("outer", state));
        assert!(trace.start_ms.is_some_and(|start| start > 1_700_000_000_000));
        assert_eq!(trace.duration_ms.is_some(), state == "OK");
    }
    assert!(three.registered.iter().any(|model| model.name == "greet" && model.is_prompt()));
    let model = three.logged.iter().find(|model| !model.metrics.is_empty()).expect("a model with metrics");
    assert_eq!(
        (model.status.as_str(), model.metrics[0].0.as_str(), model.metrics[0].1.last),
        ("READY", "model_acc", 0.77)
    );
    assert!(!model.params.is_empty() && !model.tags.is_empty() && model.run_id.is_some());
    let by_shelf =
        report.notices().iter().filter(|notice| notice.path.contains("/models/") || notice.path.contains("/traces/"));
    assert_eq!(by_shelf.count(), 0);
}

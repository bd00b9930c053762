//! Trees as one string, what was read of them as another.

use super::FileStores;
use crate::model::{Report, RunKey, RunTable};
use crate::sources::memory::Memory;
use crate::sources::{Fault, Folder, HistoryAsk, ReadAsk, RunsAsk, Source};
use pollster::block_on;
use std::fmt::Write;
use std::rc::Rc;

/// All that a folder gives, one line a thing; runs are asked for two at a time.
fn shown(memory: Memory) -> Result<String, Fault> {
    let source = FileStores::new(Rc::new(memory));
    let (mut text, mut report, mut after) = (String::new(), Report::default(), None);
    let mut experiments = Vec::new();
    loop {
        let page = block_on(source.experiments(after))?;
        report.merge(page.report);
        experiments.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut runs = RunTable::default();
    loop {
        let page = block_on(source.runs(RunsAsk { after, size: 2 }))?;
        report.merge(page.report);
        runs.append(page.items);
        after = page.next;
        if after.is_none() {
            assert_eq!(page.read.runs_total, Some(runs.len() as u64));
            assert_eq!(page.read.runs, runs.len() as u64);
            break;
        }
    }
    for store in block_on(source.stores())? {
        write!(text, "store {}", store.path).expect("text");
        for (name, versions) in store.registered_models {
            write!(text, " model={name}:{versions}").expect("text");
        }
        writeln!(text, " logged={} traces={}", store.logged_models, store.traces).expect("text");
    }
    for (number, experiment) in experiments.iter().enumerate() {
        write!(text, "experiment {}: {} ", experiment.path, experiment.id).expect("text");
        write!(text, "{:?} {}", experiment.name, experiment.lifecycle.word()).expect("text");
        for (key, value) in &experiment.tags {
            write!(text, " {key}={value}").expect("text");
        }
        writeln!(text).expect("text");
        for row in runs.rows().filter(|row| runs.experiment[*row as usize] as usize == number) {
            writeln!(text, "{}", shown_run(&runs, row)).expect("text");
        }
    }
    let mut notices: Vec<_> = report.notices().iter().collect();
    notices.sort_by_key(|notice| (&notice.path, notice.line));
    for notice in notices {
        let line = notice.line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(text, "! {} {}{line}", notice.reason.word(), notice.path).expect("text");
    }
    Ok(text)
}

fn shown_run(runs: &RunTable, row: u32) -> String {
    let at = row as usize;
    let mut text = format!("  {}: {} {:?}", runs.key[at].0, runs.id[at], runs.name[at]);
    write!(text, " {} {}", runs.status[at].word(), runs.lifecycle[at].word()).expect("text");
    if let Some(start) = runs.start_ms[at] {
        write!(text, " {start}..").expect("text");
    }
    if let Some(end) = runs.end_ms[at] {
        write!(text, "{end}").expect("text");
    }
    if let Some(user) = runs.user.get(row) {
        write!(text, " by={user}").expect("text");
    }
    for (key, column) in runs.params.iter() {
        if let Some(value) = column.get(row) {
            write!(text, " p.{key}={value:?}").expect("text");
        }
    }
    for (key, column) in runs.tags.iter() {
        if let Some(value) = column.get(row) {
            write!(text, " t.{key}={value:?}").expect("text");
        }
    }
    for (key, column) in runs.metrics.iter() {
        if let Some(metric) = column.get(row) {
            write!(text, " m.{key}={}@{} of {}", metric.last, metric.step, metric.count).expect("text");
        }
    }
    for dataset in &runs.datasets[at] {
        write!(text, " data={}#{} {:?}", dataset.name, dataset.digest, dataset.context).expect("text");
    }
    for output in &runs.outputs[at] {
        write!(text, " out={output}").expect("text");
    }
    text
}

fn check_memory(memory: Memory, expected: &str) {
    let text = shown(memory).unwrap_or_else(|fault| format!("fault {fault}"));
    let expected: String =
        expected.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\n")).collect();
    assert!(text == expected, "read:\n{text}\nexpected:\n{expected}");
}

fn check(tree: &str, expected: &str) {
    check_memory(Memory::parse(tree), expected);
}

const EXPERIMENT_7: &str = "
//- mlruns/7/meta.yaml
artifact_location: file:///home/alice/mlruns/7
experiment_id: '7'
lifecycle_stage: active
name: Seven
";

#[test]
fn a_store_lies_at_any_depth_under_any_name() {
    check(
        "
//- notes.txt
hello
//- deep/er/some store/0/meta.yaml
artifact_location: x
experiment_id: 0
name: Default
//- deep/er/some store/0/aaa/meta.yaml
run_uuid: aaa
status: 3
start_time: 5
end_time: 9
user_id: alice
//- deep/er/some store/0/aaa/params/lr
0.1
//- other/1/meta.yaml
experiment_id: '1'
name: One
//- other/1/tags/mlflow.note.content
# Note
//- other/1/tags/a/b
c
",
        "
store deep/er/some store logged=0 traces=0
store other logged=0 traces=0
experiment deep/er/some store/0: 0 \"Default\" active
  deep/er/some store/0/aaa: aaa \"\" FINISHED active 5..9 by=alice p.lr=\"0.1\"
experiment other/1: 1 \"One\" active a/b=c mlflow.note.content=# Note
",
    );
}

#[test]
fn a_single_experiment_or_run_opens() {
    check(
        "
//- meta.yaml
experiment_id: '7'
name: Seven
//- r1/meta.yaml
run_id: r1
experiment_id: '7'
run_name: first
",
        "
store . logged=0 traces=0
experiment .: 7 \"Seven\" active
  r1: r1 \"first\" RUNNING active
",
    );
    check(
        "
//- meta.yaml
run_id: r1
experiment_id: '7'
run_name: first
//- metrics/loss
1700000000000 0.5 0
1700000000001 0.25 1
",
        "
store . logged=0 traces=0
experiment .: 7 \"7\" active
  .: r1 \"first\" RUNNING active m.loss=0.25@1 of 2
! meta-missing .
",
    );
}

#[test]
fn trash_is_deleted_whatever_meta_says() {
    check(
        "
//- mlruns/1/meta.yaml
experiment_id: '1'
name: alive
lifecycle_stage: active
//- mlruns/1/r0/meta.yaml
run_id: r0
experiment_id: '1'
lifecycle_stage: deleted
//- mlruns/.trash/1/meta.yaml
experiment_id: '1'
name: dead
lifecycle_stage: active
//- mlruns/.trash/1/r1/meta.yaml
run_id: r1
experiment_id: '1'
lifecycle_stage: active
//- mlruns/.trash/s1/meta.yaml
run_id: s1
experiment_id: '1'
//- mlruns/.trash/s2/meta.yaml
run_id: s2
experiment_id: '9'
",
        "
store mlruns logged=0 traces=0
experiment mlruns/1: 1 \"alive\" active
  mlruns/.trash/s1: s1 \"\" RUNNING deleted
  mlruns/1/r0: r0 \"\" RUNNING deleted
experiment mlruns/.trash/1: 1 \"dead\" deleted
  mlruns/.trash/1/r1: r1 \"\" RUNNING deleted
experiment mlruns/.trash/9: 9 \"9\" deleted
  mlruns/.trash/s2: s2 \"\" RUNNING deleted
",
    );
}

#[test]
fn what_has_no_meta_is_still_read() {
    check(
        "
//- mlruns/3/0123456789abcdef0123456789abcdef/params/lr
1
//- mlruns/3/0123456789abcdef0123456789abcdef/tags/mlflow.runName
from the tag
//- mlruns/3/tags/team
vision
//- mlruns/3/r2/meta.yaml
run_id: r2
experiment_id: '3'
",
        "
store mlruns logged=0 traces=0
experiment mlruns/3: 3 \"3\" active team=vision
  mlruns/3/0123456789abcdef0123456789abcdef: 0123456789abcdef0123456789abcdef \"from the tag\" RUNNING active \
         p.lr=\"1\" t.mlflow.runName=\"from the tag\"
  mlruns/3/r2: r2 \"\" RUNNING active
! meta-missing mlruns/3
! meta-missing mlruns/3/0123456789abcdef0123456789abcdef
",
    );
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/r1/metrics/m
1700000000000 1 0
//- mlruns/7/only/artifacts/model.pkl
x
//- mlruns/7/plots/a.png
x
//- mlruns/7/.ipynb_checkpoints/x
x
//- mlruns/7/.DS_Store
x
//- mlruns/7/__MACOSX/._x
x
"
        ),
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/r1: r1 \"\" RUNNING active m.m=1@0 of 1
! folder-unrecognised mlruns/7/.ipynb_checkpoints
! artifacts-only mlruns/7/only
! folder-unrecognised mlruns/7/plots
! meta-missing mlruns/7/r1
",
    );
}

#[test]
fn broken_metas_are_told_and_salvaged() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/conflict/meta.yaml
run_id: conflict
<<<<<<< HEAD
run_name: ours
=======
run_name: theirs
>>>>>>> branch
status: 3
//- mlruns/7/empty/meta.yaml
//- mlruns/7/times/meta.yaml
run_id: times
start_time: yesterday
end_time: 1700000000000.7
status: 9
experiment_id: '8'
//- mlruns/7/renamed/meta.yaml
run_id: original
//- mlruns/8/meta.yaml
experiment_id: '8'
name: 'Eight
//- mlruns/9/meta.yaml
\t@
//- mlruns/9/r/meta.yaml
run_id: r
experiment_id: '9'
//- mlruns/10/meta.yaml
@
//- elsewhere/meta.yaml
{{% set name = \"a conda recipe\" %}}
"
        ),
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/conflict: conflict \"ours\" FINISHED active
  mlruns/7/renamed: original \"\" RUNNING active
  mlruns/7/times: times \"\" RUNNING active1700000000001
experiment mlruns/8: 8 \"8\" active
experiment mlruns/9: 9 \"9\" active
  mlruns/9/r: r \"\" RUNNING active
! meta-unreadable mlruns/10/meta.yaml:1
! meta-unreadable mlruns/7/conflict/meta.yaml:3
! meta-unreadable mlruns/7/empty/meta.yaml
! id-mismatch mlruns/7/renamed/meta.yaml
! id-mismatch mlruns/7/times/meta.yaml
! field-invalid mlruns/7/times/meta.yaml
! field-invalid mlruns/7/times/meta.yaml
! meta-unreadable mlruns/8/meta.yaml:2
! meta-unreadable mlruns/9/meta.yaml:1
",
    );
}

#[test]
fn names_come_from_meta_then_from_the_tag() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/a/meta.yaml
run_id: a
run_name: 1e3
name: old
user_id: bob
//- mlruns/7/a/tags/mlflow.user
alice
//- mlruns/7/b/meta.yaml
run_uuid: b
name: ''
user_id: bob
//- mlruns/7/b/tags/mlflow.runName
tagged
//- mlruns/7/c/meta.yaml
run_uuid: c
name: old
run_name: null
//- mlruns/7/d/meta.yaml
experiment_id: '7'
artifact_uri: x
run_name: 'null'
"
        ),
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/a: a \"1e3\" RUNNING active by=alice t.mlflow.user=\"alice\"
  mlruns/7/b: b \"tagged\" RUNNING active by=bob t.mlflow.runName=\"tagged\"
  mlruns/7/c: c \"old\" RUNNING active
  mlruns/7/d: d \"null\" RUNNING active
",
    );
}

#[test]
fn keys_are_paths_and_values_are_whole_files() {
    let tree = format!(
        "{EXPERIMENT_7}
//- mlruns/7/a/meta.yaml
run_id: a
//- mlruns/7/a/params/nested/deep/key
two

lines
//- mlruns/7/a/params/empty
//- mlruns/7/a/params/trailing 
x
//- mlruns/7/a/metrics/val\\acc
1700000000000 0.5 0
//- mlruns/7/a/metrics/.ipynb_checkpoints/acc-checkpoint
1700000000000 0.5 0
//- mlruns/7/a/metrics/.DS_Store
x
"
    );
    let memory = Memory::parse(&tree)
        .with("mlruns/7/a/tags/latin", &b"caf\xE9"[..])
        .with("mlruns/7/a/tags/bom", "\u{FEFF}x")
        .with("mlruns/7/a/tags/spaced ", " x \n");
    check_memory(
        memory,
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/a: a \"\" RUNNING active p.empty=\"\" p.trailing=\"x\" p.nested/deep/key=\"two\\n\\nlines\" t.bom=\"x\" \
         t.latin=\"caf\u{FFFD}\" t.spaced =\" x \\n\" m.val/acc=0.5@0 of 1 m..ipynb_checkpoints/acc-checkpoint=0.5@0 of 1
! text-encoding mlruns/7/a/tags/bom
! text-encoding mlruns/7/a/tags/latin
",
    );
}

#[test]
fn datasets_and_outputs_belong_to_runs_model_inputs_do_not() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/datasets/d1/meta.yaml
digest: abc
name: train
source: '{{\"uri\": \"x.csv\"}}'
source_type: local
//- mlruns/7/a/meta.yaml
run_id: a
//- mlruns/7/a/inputs/i1/meta.yaml
destination_id: d1
destination_type: RUN
source_id: d1
source_type: DATASET
tags:
  mlflow.data.context: training
//- mlruns/7/a/inputs/i2/meta.yaml
source_id: m-1
source_type: MODEL
tags: {{}}
//- mlruns/7/a/inputs/i3/meta.yaml
source_id: gone
source_type: DATASET
//- mlruns/7/a/outputs/m-1/meta.yaml
destination_id: m-1
destination_type: MODEL_OUTPUT
source_id: m-1
source_type: RUN_OUTPUT
"
        ),
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/a: a \"\" RUNNING active data=train#abc Some(\"training\") out=m-1
! dataset-missing mlruns/7/a/inputs/i3/meta.yaml
",
    );
}

#[test]
fn models_and_traces_are_counted() {
    check(
        &format!(
            "{EXPERIMENT_7}
//- mlruns/7/models/m-1/meta.yaml
experiment_id: '7'
model_id: m-1
name: model
source_run_id: a
//- mlruns/7/models/m-2/artifacts/MLmodel
x
//- mlruns/7/traces/tr-1/trace_info.yaml
trace_id: tr-1
//- mlruns/.trash/8/meta.yaml
experiment_id: '8'
name: Eight
//- mlruns/.trash/8/models/m-3/meta.yaml
model_id: m-3
//- mlruns/models/my model/meta.yaml
creation_timestamp: 1
last_updated_timestamp: 2
name: my model
//- mlruns/models/my model/version-1/meta.yaml
current_stage: None
name: my model
run_id: a
version: 1
//- mlruns/models/my model/version-2/meta.yaml
current_stage: Deleted_Internal
name: my model
version: 2
//- mlruns/models/greet/meta.yaml
creation_timestamp: 1
last_updated_timestamp: 2
name: greet
//- mlruns/models/greet/tags/mlflow.prompt.is_prompt
true
//- mlruns/models/greet/version-1/meta.yaml
current_stage: None
version: 1
"
        ),
        "
store mlruns model=my model:1 logged=2 traces=1
experiment mlruns/7: 7 \"Seven\" active
experiment mlruns/.trash/8: 8 \"Eight\" deleted
",
    );
}

#[test]
fn databases_and_archives_are_named() {
    let memory = Memory::parse(EXPERIMENT_7)
        .with("mlflow.db", "SQLite format 3\0 and more")
        .with("Thumbs.db", "SQLite format 3\0")
        .with("notes.db", "text")
        .with("old/mlruns.tar.gz", "x");
    check_memory(
        memory,
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
! database-unsupported mlflow.db
! archive-inside old/mlruns.tar.gz
",
    );
}

#[test]
fn nothing_recognised_says_what_was_seen() {
    let memory = Memory::parse(
        "
//- mlflow/readme
x
//- mlflow/a.png
//- mlflow/b.png
//- mlflow/mlartifacts/0/0123456789abcdef0123456789abcdef/artifacts/meta.yaml
run_id: not looked for in artifacts
//- conda/meta.yaml
package: x
",
    );
    let fault = shown(memory.with("mlflow/mlflow.db", "SQLite format 3\0")).expect_err("a fault");
    assert_eq!(fault.kind, crate::sources::FaultKind::NotRecognised);
    assert_eq!(
        fault.message,
        "No MLflow tracking data was found: no folder, at any depth, holds the meta.yaml of an experiment or a run. \
         Seen: 5 files in 6 folders, 4 levels deep (2 .png, 1 without extension, 1 .db, 1 .yaml). mlflow/mlflow.db is a \
         SQLite database, which can not be read yet."
    );
}

#[test]
fn a_wide_folder_is_walked_in_steps() {
    let mut memory = Memory::parse(EXPERIMENT_7);
    for number in 0..2_000 {
        memory.put(&format!("wide/{number}/file.txt"), "");
    }
    let source = FileStores::new(Rc::new(memory));
    let (mut pages, mut after, mut seen) = (0, None, 0);
    loop {
        let page = block_on(source.experiments(after)).expect("a page");
        pages += 1;
        after = page.next;
        if after.is_none() {
            assert_eq!(page.items.len(), 1);
            break;
        }
        assert!(page.items.is_empty() && page.read.files >= seen);
        seen = page.read.files;
    }
    assert!(pages > 3, "{pages}");
    let again = block_on(source.experiments(None)).expect("a page");
    assert_eq!((again.items.len(), again.next), (1, None));
}

#[test]
fn histories_come_in_the_order_of_the_question() {
    let tree = format!(
        "{EXPERIMENT_7}
//- mlruns/7/a/meta.yaml
run_id: a
//- mlruns/7/a/metrics/val\\acc
1700000000000 0.5 3
1700000000000 0.25 2
//- mlruns/7/a/metrics/loss
1700000000000 nan 0
"
    );
    let source = FileStores::new(Rc::new(Memory::parse(&tree)));
    let run = RunKey("mlruns/7/a".to_owned());
    let pairs = ["val/acc", "none", "loss", "a/b"].map(|key| (run.clone(), key.to_owned())).to_vec();
    let page = block_on(source.history(HistoryAsk { pairs, after: None })).expect("a page");
    assert_eq!(
        page.items.iter().map(|series| series.step.clone()).collect::<Vec<_>>(),
        [vec![2, 3], vec![], vec![0], vec![]]
    );
    assert!(page.next.is_none() && page.report.is_empty());

    let pairs = vec![(run, "loss".to_owned()); 1_000];
    let (mut after, mut all, mut pages) = (None, 0, 0);
    loop {
        let page = block_on(source.history(HistoryAsk { pairs: pairs.clone(), after })).expect("a page");
        all += page.items.len();
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(all == 1_000 && pages > 1, "{all} in {pages}");
}

#[test]
fn artifacts_lie_beside_the_run_or_under_its_id() {
    let tree = format!(
        "{EXPERIMENT_7}
//- mlruns/7/a/meta.yaml
run_id: a
artifact_uri: file:///C:/another/machine/7/a/artifacts
//- mlruns/7/a/artifacts/x.txt
beside
//- mlruns/7/00000000000000000000000000000001/meta.yaml
run_id: '00000000000000000000000000000001'
//- mlruns/00000000000000000000000000000001/artifacts/x.txt
under the root
//- mlruns/7/00000000000000000000000000000002/meta.yaml
run_id: '00000000000000000000000000000002'
//- mlartifacts/6/00000000000000000000000000000002/artifacts/x.txt
another experiment
//- mlartifacts/7/00000000000000000000000000000002/artifacts/x.txt
mlartifacts
"
    );
    let source = FileStores::new(Rc::new(Memory::parse(&tree)));
    let page = block_on(source.experiments(None));
    assert!(page.expect("a page").report.is_empty());
    let check = |run: &str, expected: &str| {
        let folder: Rc<dyn Folder> = source.artifacts(&RunKey(format!("mlruns/7/{run}")));
        let read = block_on(folder.read(&[ReadAsk::up_to("x.txt", 99)])).expect("answers");
        assert_eq!(read[0].as_deref().unwrap_or(b"nothing"), expected.as_bytes(), "{run}");
        assert_eq!(
            block_on(folder.list(&[String::new()], false)).expect("lists")[0].len(),
            usize::from(expected != "nothing")
        );
    };
    check("a", "beside");
    check("00000000000000000000000000000001", "under the root");
    check("00000000000000000000000000000002", "mlartifacts");
    check("b", "nothing");
}

//! What is tracking data and what is not, at any depth, under any name.

use super::{EXPERIMENT_7, check, check_memory, shown};
use crate::model::Reason;
use crate::sources::Source;
use crate::sources::memory::Memory;
use crate::sources::stores::Stores;
use pollster::block_on;
use std::rc::Rc;

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
        .with("renamed", "SQLite format 3\0")
        .with("old/mlruns.tar.xz", b"\xfd7zXZ\0 and more")
        .with("old/mlruns.tar.gz", "no archive at all")
        .with("old/broken.zip", b"PK\x03\x04 and no more");
    check_memory(
        memory,
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
! database-foreign mlflow.db
! archive-damaged old/broken.zip
! archive-inside old/mlruns.tar.xz
! database-foreign renamed
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
        "No MLflow tracking data was found: no folder, at any depth and in any archive, holds the meta.yaml of an experiment \
         or a run, and no file is an MLflow database or an export of runs (JSON, CSV). Seen: 5 files in 6 folders, 4 levels deep (2 .png, 1 without extension, 1 .db, 1 .yaml). mlflow/mlflow.db is a \
         SQLite database, but has none of MLflow's tables."
    );
}

#[test]
fn a_wide_folder_is_walked_in_steps() {
    let mut memory = Memory::parse(EXPERIMENT_7);
    for number in 0..2_000 {
        memory.put(&format!("wide/{number}/file.txt"), "");
    }
    let source = Stores::new(Rc::new(memory));
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
fn what_looks_encrypted_and_what_lacks_its_database_is_told() {
    let noise: Vec<u8> = (0..4_096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let check = |memory: Memory, part: &str| {
        let message = shown(memory).expect_err("a fault").message;
        assert!(message.contains(part), "{message}");
    };
    check(Memory::new().with("mlflow.db", noise.clone()), "mlflow.db does not start as a SQLite database does");
    check(
        Memory::new().with("a/mlflow.db-wal", "x"),
        " mlflow.db-wal belongs to mlflow.db, which is not here: open both",
    );
    // Other programs' databases, and noise under other names, are none of our business.
    for (name, bytes) in [("thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".repeat(99)), ("noise.bin", noise)] {
        let message = shown(Memory::new().with(name, bytes)).expect_err("a fault").message;
        assert!(!message.contains("encrypted") && !message.contains("belongs to"), "{message}");
    }
    // Beside what is recognised it is a notice.
    let source = Stores::new(Rc::new(
        Memory::parse(EXPERIMENT_7).with("mlflow.db", [7_u8; 200]).with("x.db", (0..=255).collect::<Vec<u8>>()),
    ));
    let page = block_on(source.experiments(None)).expect("a page");
    let told: Vec<_> = page.report.notices().iter().map(|notice| (notice.reason, notice.path.as_str())).collect();
    assert_eq!(told, [(Reason::DatabaseUnreadable, "x.db")]);
}

#[test]
fn a_single_file_that_is_no_export_says_what_it_holds() {
    let check = |name: &str, content: &str, end: &str| {
        let message = shown(Memory::new().with(name, content)).expect_err("a fault").message;
        assert!(message.ends_with(end), "{message}");
    };
    let runs = "a table of runs has run_id, experiment_id, status.";
    check("a.csv", "id,loss\n1,2\n", &format!("(1 .csv). Its columns are id, loss; {runs}"));
    check("a.csv", "a;b;c;d;e;f;g\n1;2;3;4;5;6;7\n", &format!("Its columns are a, b, c, d, e, f, …; {runs}"));
    let answer = "an answer of MLflow has runs or experiments.";
    check("a.json", "{\"model\": 1, \"x\": NaN}", &format!("Its keys are model, x; {answer}"));
    check("a.json", "[{\"b\": 1}]", &format!("Its keys are b; {answer}"));
    check("a.json", &format!("{{\"b\": \"{}", "x".repeat(9_000)), &format!("Its keys are b; {answer}"));
    let message = shown(Memory::new().with("a.json", "{\"model\": 1,\n \"x\" 2}")).expect_err("a fault").message;
    assert!(message.contains("(1 .json). From line 2 on it is not JSON: "), "{message}");
    // Of one among several nothing is said, nor of what never was one.
    check("a.txt", "Hello, world.\nHow are you?\n", "(1 .txt).");
    let message = shown(Memory::new().with("a.csv", "id,loss\n1,2\n").with("b.txt", "x")).expect_err("a fault").message;
    assert!(!message.contains("Its columns"), "{message}");
}

//! What a run folder says, whole or broken.

use super::{EXPERIMENT_7, check, check_memory};
use crate::model::RunKey;
use crate::sources::memory::Memory;
use crate::sources::stores::Stores;
use crate::sources::{Folder, HistoryAsk, ReadAsk, Source};
use pollster::block_on;
use std::rc::Rc;

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
fn windows_and_other_encodings_are_read() {
    let utf16 =
        |text: &str| [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let memory = Memory::parse(EXPERIMENT_7)
        .with("mlruns/7/a/meta.yaml", "run_id: a\r\nrun_name: 'two\r\n\r\n  lines'\r\nstatus: 3\r\n")
        .with("mlruns/7/a/metrics/crlf", "1700000000000 0.5 1\r\n1700000000000 0.25 2\r\n")
        .with("mlruns/7/a/metrics/utf16", utf16("1700000000000 0.5 1\n"))
        .with("mlruns/7/a/params/utf16", utf16("é"))
        .with("mlruns/7/a/params/huge", vec![b'x'; (16 << 20) + 1])
        .with("mlruns/7/b/meta.yaml", utf16("run_id: b\nrun_name: wide\n"))
        .with("mlruns/8/meta.yaml", &b"experiment_id: '8'\nname: caf\xE9\n"[..]);
    check_memory(
        memory,
        "
store mlruns logged=0 traces=0
experiment mlruns/7: 7 \"Seven\" active
  mlruns/7/a: a \"two\\nlines\" FINISHED active p.utf16=\"é\" m.crlf=0.25@2 of 2 m.utf16=0.5@1 of 1
  mlruns/7/b: b \"wide\" RUNNING active
experiment mlruns/8: 8 \"caf\u{FFFD}\" active
! text-encoding mlruns/7/a/metrics/utf16
! too-large mlruns/7/a/params/huge
! text-encoding mlruns/7/a/params/utf16
! text-encoding mlruns/7/b/meta.yaml
! text-encoding mlruns/8/meta.yaml
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
    let source = Stores::new(Rc::new(Memory::parse(&tree)));
    let run = RunKey("mlruns/7/a".to_owned());
    let pairs = ["val/acc", "none", "loss", "a/b"].map(|key| (run.clone(), key.to_owned())).to_vec();
    let page = block_on(source.history(HistoryAsk { pairs, after: None, ..HistoryAsk::default() })).expect("a page");
    assert_eq!(
        page.items.iter().map(|series| series.step.clone()).collect::<Vec<_>>(),
        [vec![2, 3], vec![], vec![0], vec![]]
    );
    assert!(page.next.is_none() && page.report.is_empty());

    let pairs = vec![(run, "loss".to_owned()); 1_000];
    let (mut after, mut all, mut pages) = (None, 0, 0);
    loop {
        let page = block_on(source.history(HistoryAsk { pairs: pairs.clone(), after, ..HistoryAsk::default() }))
            .expect("a page");
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
    let source = Stores::new(Rc::new(Memory::parse(&tree)));
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

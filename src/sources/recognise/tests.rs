//! What the walk finds where, with archives in it.

use super::{Found, Walk};
use crate::model::Report;
use crate::sources::archive::Allowance;
use crate::sources::gather::Tally;
use crate::sources::memory::Memory;
use crate::sources::mounts::Mounts;
use crate::sources::zip::craft::{archive, stored};
use std::rc::Rc;

fn walk(memory: Memory) -> (Found, Mounts) {
    let (walk, tree, mut report) = (Walk::new(Allowance::default()), Mounts::over(Rc::new(memory)), Report::default());
    while !walk.is_done() {
        pollster::block_on(walk.step(&tree, &Tally::default(), &mut report)).expect("a step");
    }
    (walk.take(&tree, &mut report), tree)
}

#[test]
fn databases_and_documents_are_found_where_anything_may_lie() {
    let export = archive(&[stored("runs.csv", b"run_id,status\na,FINISHED\n"), stored("x.db", b"SQLite format 3\0")]);
    let memory = Memory::parse(
        "
//- deep/runs
{\"runs\": [{\"info\": {\"run_id\": \"a\"}, \"data\": {}}]}
//- deep/other.json
{\"nothing\": \"of ours\"}
//- deep/notes.txt
nothing of ours
//- mlruns/1/meta.yaml
experiment_id: '1'
name: One
//- mlruns/1/other.csv
a,b
1,2
//- mlruns/1/table.csv
run_id,experiment_id,status
a,1,FINISHED
//- mlruns/1/r/meta.yaml
run_id: r
//- mlruns/1/r/inside.json
{\"no\": 1}
//- mlruns/1/r/artifacts/inside.json
{\"no\": 1}
//- alone/meta.yaml
run_id: s
experiment_id: '1'
//- alone/inside.json
{\"no\": 1}
//- alone/data.db-journal
{\"no\": 1}
",
    );
    let nothing = archive(&[stored("a.txt", b"x")]);
    let (found, tree) = walk(memory.with("e/exports.bin", export).with("e/nothing.zip", nothing));
    let shown = found.findings.iter().map(|finding| {
        let word = format!("{finding:?}");
        format!("{} {}", word.split(' ').next().unwrap_or(""), finding.place())
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "Database e/exports.bin/x.db",
            "Document deep/runs",
            "Document e/exports.bin/runs.csv",
            "Document mlruns/1/table.csv",
            "Experiment mlruns/1",
            "Run alone",
            "Run mlruns/1/r"
        ]
    );
    assert_eq!((tree.depth("e/exports.bin/x"), tree.depth("e/nothing.zip/x")), (1, 0), "closed again");
}

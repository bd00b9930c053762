//! Archives inside what was opened: each is the folder at its path.

use super::{EXPERIMENT_7, check_memory, shown};
use crate::model::RunKey;
use crate::sources::archive::examine::{mutated, random};
use crate::sources::memory::Memory;
use crate::sources::stores::Stores;
use crate::sources::zip::craft::{archive, deflated, stored};
use crate::sources::{ReadAsk, Source};
use pollster::block_on;
use std::io::Write;
use std::rc::Rc;

fn zip(files: &Memory) -> Vec<u8> {
    let pieces = files.files().enumerate().map(|(at, (path, bytes))| match at % 2 {
        0 => stored(path, bytes),
        _ => deflated(path, bytes),
    });
    archive(&pieces.collect::<Vec<_>>())
}

fn tar(files: &Memory) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files.files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, bytes).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn store() -> Memory {
    Memory::parse(&format!(
        "{EXPERIMENT_7}
//- mlruns/7/r1/meta.yaml
run_id: r1
experiment_id: '7'
run_name: first
//- mlruns/7/r1/metrics/loss
1700000000000 0.5 0
//- mlruns/7/r1/artifacts/model/notes.txt
all is well
"
    ))
    .with("mlruns/7/r1/artifacts/old.zip", zip(&Memory::parse("//- mlruns/8/meta.yaml\nexperiment_id: '8'\nname: no")))
}

fn said(at: &str, more: &str) -> String {
    format!(
        "
store {at}/mlruns logged=0 traces=0
experiment {at}/mlruns/7: 7 \"Seven\" active
  {at}/mlruns/7/r1: r1 \"first\" RUNNING active m.loss=0.5@0 of 1
{more}"
    )
}

#[test]
fn an_archive_is_the_folder_at_its_path() {
    let (zip, tar) = (zip(&store()), tar(&store()));
    let forms = [gzip(&tar), zstd(&tar), gzip(&gzip(&tar)), gzip(&zip), zip, tar];
    for bytes in forms {
        for path in ["runs.zip", "a/b/runs"] {
            check_memory(Memory::new().with(path, bytes.clone()), &said(path, ""));
        }
    }
}

#[test]
fn artifacts_of_runs_in_archives_are_read() {
    let inner = zip(&Memory::new().with("in/runs.tgz", gzip(&tar(&store()))));
    let source = Stores::new(Rc::new(Memory::new().with("a/outer.zip", inner)));
    let mut page = block_on(source.experiments(None)).expect("a page");
    while page.next.is_some() {
        page = block_on(source.experiments(page.next)).expect("a page");
    }
    assert_eq!(page.items.len(), 1);
    let artifacts = source.artifacts(&RunKey("a/outer.zip/in/runs.tgz/mlruns/7/r1".to_owned()));
    let lists = block_on(artifacts.list(&[String::new(), "model".to_owned()], true)).expect("lists");
    let names = lists.iter().flatten().map(|entry| (entry.name.as_str(), entry.is_folder, entry.size.is_some()));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [("model", true, false), ("old.zip", false, true), ("notes.txt", false, true)]
    );
    let asks = [ReadAsk { path: "model/notes.txt".to_owned(), range: 4..6 }];
    assert_eq!(block_on(artifacts.read(&asks)).expect("answers"), [Ok(b"is".to_vec())]);
    let opened = block_on(artifacts.open("model/notes.txt")).expect("opens");
    assert_eq!(opened.read(7..99), Ok(b"well".to_vec()));
}

#[test]
fn archives_lie_in_archives_up_to_a_depth() {
    let mut memory = store();
    for number in 1..=5 {
        memory = Memory::new().with(&format!("{number}.zip"), zip(&memory));
    }
    let fault = shown(memory).expect_err("nothing at that depth");
    let end = "4 archives among them (4 .zip). 5.zip/4.zip/3.zip/2.zip lies in more than 3 archives.";
    assert!(fault.message.ends_with(end), "{fault}");
    let mut memory = store();
    for number in 1..=3 {
        memory = Memory::new().with(&format!("{number}.zip"), zip(&memory));
    }
    check_memory(memory, &said("3.zip/2.zip/1.zip", ""));
}

#[test]
fn what_is_wrong_inside_is_said_of_its_path() {
    let outside = tar(&store()).len() - 1_024;
    let memory = Memory::new()
        .with("a.tar.gz", [gzip(&tar(&store())), b"garbage".to_vec()].concat())
        .with("b.tar", &tar(&store())[..outside])
        .with("c.zip", archive(&[stored("../x", b"1")]));
    check_memory(
        memory,
        "
store a.tar.gz/mlruns logged=0 traces=0
store b.tar/mlruns logged=0 traces=0
experiment a.tar.gz/mlruns/7: 7 \"Seven\" active
  a.tar.gz/mlruns/7/r1: r1 \"first\" RUNNING active m.loss=0.5@0 of 1
experiment b.tar/mlruns/7: 7 \"Seven\" active
  b.tar/mlruns/7/r1: r1 \"first\" RUNNING active m.loss=0.5@0 of 1
! archive-size a.tar.gz
! archive-truncated b.tar
! archive-path c.zip/../x
",
    );
}

#[test]
fn compressed_files_of_no_interest_are_left_alone() {
    let noise: Vec<u8> = (0..5_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let memory = store().with("data.gz", gzip(&noise)).with("readme.gz", gzip(b"some text"));
    check_memory(memory, &said("", "").replace(" /", " "));
    let database = store().with("mlflow.db.gz", gzip(b"SQLite format 3\0 and more")).with("wal.db-wal", "{\"a\": 1}");
    check_memory(database, &said("", "! database-foreign mlflow.db.gz/mlflow.db").replace(" /", " "));
}

#[test]
fn no_change_of_bytes_in_an_archive_inside_brings_the_walk_down() {
    let tar = tar(&store());
    let inner = Memory::new().with("a.tgz", gzip(&tar)).with("b.tar.zst", zstd(&tar)).with("c.tar", tar);
    let originals = [zip(&inner), gzip(&zip(&inner))];
    let mut random = random();
    for round in 0..crate::sources::mutation_tests::rounds(600) {
        let memory = Memory::new().with("outer", mutated(&originals[round % 2], &mut random));
        if let Err(fault) = shown(memory) {
            assert_eq!(fault.kind, crate::sources::FaultKind::NotRecognised);
        }
    }
}

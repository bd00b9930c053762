//! Trees as one string, what was read of them as another.

mod inside;
mod mutations;
mod recognising;
mod runs;

use crate::model::{Report, RunTable};
use crate::sources::archive::Budget;
use crate::sources::memory::Memory;
use crate::sources::stores::Stores;
use crate::sources::zip::ZipFolder;
use crate::sources::zip::craft::{self, archive, stored};
use crate::sources::{Fault, Progress, RunsAsk, Source, each_page};
use pollster::block_on;
use std::fmt::Write;
use std::rc::Rc;

/// All that a folder gives, one line a thing; runs are asked for two at a time.
fn shown(memory: Memory) -> Result<String, Fault> {
    let source = Stores::new(Rc::new(memory));
    let (mut text, mut report, mut read) = (String::new(), Report::default(), Progress::default());
    let mut experiments = Vec::new();
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            report.merge(page.report);
            experiments.extend(page.items);
        },
    ))?;
    let mut runs = RunTable::default();
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 2, ..RunsAsk::default() }),
        |page| {
            report.merge(page.report);
            runs.append(page.items);
            read = page.read;
        },
    ))?;
    assert_eq!((read.runs, read.runs_total), (runs.len() as u64, Some(runs.len() as u64)));
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

#[test]
fn an_archive_says_of_how_many() {
    let meta = |id: &str| format!("experiment_id: '7'\nrun_id: {id}\nartifact_uri: a\n");
    let (one, two) = (meta("one"), meta("two"));
    let files = [
        ("m/7/meta.yaml", "experiment_id: '7'\nname: seven\n"),
        ("m/7/one/meta.yaml", one.as_str()),
        ("m/7/one/metrics/a/b", "1 2 3\n"),
        ("m/7/one/artifacts/large", "not read"),
        ("m/7/two/meta.yaml", two.as_str()),
        ("m/7/two/params/p", "x"),
    ];
    let pieces: Vec<_> = files.iter().map(|(path, text)| stored(path, text.as_bytes())).collect();
    let bytes = craft::Memory { bytes: archive(&pieces), ..craft::Memory::default() };
    let folder = ZipFolder::open(Rc::new(bytes), Budget::default()).expect("a zip");
    let source = Stores::new(Rc::new(folder));
    let page = block_on(source.experiments(None)).expect("experiments");
    assert!(page.next.is_none());
    let read: usize = files.iter().filter(|(path, _)| !path.contains("artifacts")).map(|(_, text)| text.len()).sum();
    let first = block_on(source.runs(RunsAsk { after: None, size: 1, ..RunsAsk::default() })).expect("a run");
    assert_eq!((first.read.files_total, first.read.bytes_total), (Some(5), Some(read as u64)));
    assert!(first.read.files < 5);
    let last = block_on(source.runs(RunsAsk { after: first.next, size: 9, ..RunsAsk::default() })).expect("a run");
    assert_eq!((last.read.files, last.read.bytes), (5, read as u64));
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

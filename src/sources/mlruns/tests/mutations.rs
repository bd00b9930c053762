//! Changed bytes in the files of a store: reading ends, without a panic, and says the same whichever reader takes it.

use super::shown;
use crate::sources::archive::examine::{mutated, random};
use crate::sources::memory::Memory;
use crate::sources::mlruns::meta::Meta;
use crate::sources::mlruns::metrics::read_points;
use crate::sources::mlruns::yaml::{read_events, read_flat};
use crate::sources::mutation_tests::rounds;
use crate::sources::stores::Stores;
use crate::sources::{FaultKind, Source, each_page};
use pollster::block_on;
use std::rc::Rc;

const METAS: [&str; 5] = [
    "artifact_location: file:///home/alice/mlruns/7\ncreation_time: 1795449101519\nexperiment_id: '7'\n\
     last_update_time: 1795449101519\nlifecycle_stage: active\nname: \"a \\u00e9 \\\n  \\ b\"\n",
    "artifact_uri: file:///x\nend_time: 1795449101519\nentry_point_name: ''\nexperiment_id: '7'\nlifecycle_stage: active\n\
     run_id: aaa\nrun_name: 'it''s\n\n  two lines'\nrun_uuid: aaa\nsource_type: 4\nstart_time: null\nstatus: 3\ntags: []\n\
     user_id: alice\n",
    "aliases:\n  champion: '1'\n  old: '2'\ncreation_timestamp: 1\ndescription: long text that is\n  folded over\n  lines\n\
     last_updated_timestamp: 2\nname: model\n",
    "execution_duration_ms: 1\nrequest_preview: '{\"x\": 3}'\nrequest_time: '2026-11-23T15:51:44.356Z'\nstate: OK\n\
     trace_id: tr-1\ntrace_location:\n  mlflow_experiment:\n    experiment_id: '7'\n  type: MLFLOW_EXPERIMENT\n",
    "a: |\n  block\n   text\nb: {c: d, 'e': \"f\"}\nmodel_id: &x m-1\nsource_run_id: *x\nstatus: 2\ntags: !t [1, {}]\n",
];

const METRICS: [&str; 4] = [
    "1795449101519 0.5 0\n1795449101520 nan 1\n1795449101521 -inf 2\n1795449101519 1.2345678901234568e+17 -9223372036854775808\n",
    "1795449101519 0.5 7 train set 066351ab\n1795449101519 0.5 7\n",
    "1700000000 0.5\n1700000001.25 1e-300\n",
    "1795449103943 0.78 4 317b6fc9179e42b7abdc54ea39902cdd train-ds 066351ab\r\n\r\n",
];

#[test]
fn of_a_meta() {
    let mut random = random();
    let mut both = 0;
    for round in 0..rounds(20_000) {
        let bytes = mutated(METAS[round % METAS.len()].as_bytes(), &mut random);
        let read = Meta::read_bytes(&bytes).meta;
        for key in ["name", "aliases", "status", "start_time", "description", "trace_location", "a", "b"] {
            let _ = (read.text(key), read.int(key), read.map(key), read.has(key), read.kind());
        }
        // To the whole parser a NUL is the end.
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        if let (Some(flat), Ok(events)) = (read_flat(&text), read_events(&text)) {
            both += 1;
            for key in ["name", "run_name", "description", "status", "state", "request_preview", "request_time"] {
                assert_eq!(flat.text(key), events.text(key), "{text:?}");
            }
        }
    }
    assert!(both > 1_000, "{both}");
}

#[test]
fn of_a_metric() {
    let mut random = random();
    for round in 0..rounds(20_000) {
        let bytes = mutated(METRICS[round % METRICS.len()].as_bytes(), &mut random);
        let lines =
            bytes.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(|byte| b" \t\r".contains(byte))).count();
        let mut told = 0;
        let series = read_points(&bytes, &mut |line, message| {
            told += 1;
            assert!(line >= 1 && !message.is_empty());
        });
        assert!(series.len() + told <= lines, "{bytes:?}");
        assert!((series.step.len(), series.time_ms.len()) == (series.len(), series.len()));
        assert!(series.step.is_sorted(), "{bytes:?}");
        assert_eq!(series.summary().map(|summary| summary.count as usize).unwrap_or(0), series.len());
    }
}

#[test]
fn of_any_file_of_a_store() {
    let files = [
        ("7/meta.yaml", METAS[0]),
        ("7/aaa/meta.yaml", METAS[1]),
        ("7/aaa/metrics/a", METRICS[0]),
        ("7/aaa/metrics/b/c", METRICS[1]),
        ("models/model/meta.yaml", METAS[2]),
        ("models/model/version-1/meta.yaml", "current_stage: Staging\nname: model\nsource: models:/m-1\nversion: 1\n"),
        ("7/traces/tr-1/trace_info.yaml", METAS[3]),
        ("7/models/m-1/meta.yaml", METAS[4]),
        ("7/models/m-1/metrics/a", METRICS[3]),
    ];
    let mut random = random();
    for round in 0..rounds(3_000) {
        let mut memory = Memory::new();
        for (at, (path, text)) in files.iter().enumerate() {
            let is_changed = at == round % files.len() || random(8) == 0;
            let bytes = if is_changed { mutated(text.as_bytes(), &mut random) } else { text.as_bytes().to_vec() };
            memory.put(path, bytes);
        }
        if let Err(fault) = shown(memory.clone()) {
            assert_eq!(fault.kind, FaultKind::NotRecognised);
            continue;
        }
        let source = Stores::new(Rc::new(memory));
        let stores = block_on(source.stores()).expect("stores");
        let (mut traces, mut logged) = (0, 0);
        block_on(each_page(
            |after| source.shelf(after),
            |page| {
                traces += page.items.traces.len() as u64;
                logged += page.items.logged.len() as u64;
            },
        ))
        .expect("a shelf");
        let counted = stores.iter().fold((0, 0), |sum, store| (sum.0 + store.traces, sum.1 + store.logged_models));
        assert_eq!(counted, (traces, logged));
    }
}

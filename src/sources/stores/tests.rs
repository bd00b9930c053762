//! A tree with stores of several formats that hold the same run.

use super::Stores;
use crate::sources::memory::Memory;
use crate::sources::zip::craft::{archive, stored};
use crate::sources::{HistoryAsk, RunsAsk, Source, each_page, path};
use pollster::block_on;
use std::rc::Rc;

#[test]
fn the_same_run_in_several_formats_keeps_its_places() {
    let memory = Memory::parse(
        "
//- mlruns/7/meta.yaml
experiment_id: '7'
name: tree
//- mlruns/7/r/meta.yaml
run_id: r
experiment_id: '7'
artifact_uri: x
//- mlruns/7/r/metrics/m
1 0.5 2
//- mlruns/7/traces/tr-1/trace_info.yaml
trace_id: tr-1
//- mlruns/models/a/meta.yaml
name: a
creation_timestamp: 1
last_updated_timestamp: 1
//- saved/runs.json
{\"runs\": [{\"info\": {\"run_id\": \"r\", \"experiment_id\": \"7\"},
  \"data\": {\"metrics\": [{\"key\": \"m\", \"value\": 0.25, \"step\": 3, \"timestamp\": 5}]}}]}
//- saved/models.json
{\"registered_models\": [{\"name\": \"b\", \"creation_timestamp\": 1, \"last_updated_timestamp\": 1}]}
//- t.csv
run_id,experiment_id,status,metrics.m
r,7,FINISHED,0.125
",
    );
    let inner = [
        ("mlruns/7/meta.yaml", "experiment_id: '7'\nname: zipped\n"),
        ("mlruns/7/r/meta.yaml", "run_id: r\nexperiment_id: '7'\nartifact_uri: x\n"),
        ("mlruns/7/r/metrics/m", "1 0.0625 1\n"),
        ("mlruns/7/models/m-1/meta.yaml", "model_id: m-1\nname: net\nsource_run_id: r\n"),
    ];
    let pieces: Vec<_> = inner.iter().map(|(path, text)| stored(path, text.as_bytes())).collect();
    let source = Stores::new(Rc::new(memory.with("old.zip", archive(&pieces))));
    let mut experiments = Vec::new();
    block_on(each_page(
        |after| source.experiments(after),
        |page| {
            experiments.extend(page.items);
        },
    ))
    .expect("experiments");
    let stores = block_on(source.stores()).expect("stores");
    let mut shown = Vec::new();
    block_on(each_page(
        |after| source.runs(RunsAsk { after, size: 1, ..RunsAsk::default() }),
        |page| {
            for (row, key) in (0..).zip(&page.items.key) {
                let experiment = &experiments[page.items.experiment[row] as usize];
                let store = &stores[experiment.store as usize];
                assert!(path::lies_in(&key.0, path::from_shown(&experiment.path)), "{key:?} {}", experiment.path);
                assert!(
                    path::lies_in(&experiment.path, path::from_shown(&store.path)),
                    "{} {}",
                    experiment.path,
                    store.path
                );
                let ask =
                    HistoryAsk { pairs: vec![(key.clone(), "m".to_owned())], after: None, ..HistoryAsk::default() };
                let series = block_on(source.history(ask)).expect("a history").items.remove(0);
                shown.push(format!("{} {} {} {:?}", store.format, experiment.id, key.0, series.value));
            }
        },
    ))
    .expect("runs");
    shown.sort();
    assert_eq!(
        shown,
        [
            "mlruns 7 mlruns/7/r [0.5]",
            "mlruns 7 old.zip/mlruns/7/r [0.0625]",
            "rest-answers 7 saved/7/r [0.25]",
            "search-runs 7 t.csv/7/r [0.125]",
        ]
    );
    let mut things = Vec::new();
    block_on(each_page(
        |after| source.shelf(after),
        |page| {
            let (store, experiment) = (|at: u32| &stores[at as usize].path, |at: u32| &experiments[at as usize].path);
            things.extend(page.items.registered.iter().map(|model| format!("{} {}", model.name, store(model.store))));
            things
                .extend(page.items.logged.iter().map(|model| format!("{} {}", model.id, experiment(model.experiment))));
            things
                .extend(page.items.traces.iter().map(|trace| format!("{} {}", trace.id, experiment(trace.experiment))));
        },
    ))
    .expect("a shelf");
    things.sort();
    assert_eq!(things, ["a mlruns", "b saved", "m-1 old.zip/mlruns/7", "tr-1 mlruns/7"]);
}

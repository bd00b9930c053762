//! Experiments with their tags, and how many runs each has, as far as that is cheap to know.

use super::Inner;
use super::rows::{filled, id_of, lifecycle};
use crate::model::{Experiment, Reason, Report};
use crate::sources::Fault;
use crate::sources::sqlite::{Budget, Database, Order};
use std::collections::{BTreeMap, HashMap};

/// Reads that counting runs may cost: those of small databases are counted to the end.
const COUNTING: u64 = 16;
const STEP: Budget = Budget { reads: 8, bytes: 2 << 20 };

/// All experiments.
#[derive(Debug, Default)]
pub struct Experiments {
    /// In the order of their numbers.
    pub list: Vec<Experiment>,
    /// By id.
    pub number_of: HashMap<i64, u32>,
    /// Of all experiments, where they were counted to the end.
    pub runs: Option<u64>,
}

/// Reads them.
pub fn read(inner: &Inner, report: &mut Report) -> Result<Experiments, Fault> {
    let database = &inner.database;
    let mut by_id: BTreeMap<i64, Experiment> = BTreeMap::new();
    if let Some(table) = database.table("experiments") {
        let columns =
            ["experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time"];
        let mut scan = database.scan(table, &columns, Order::OldestFirst);
        while scan.step(database, STEP, &mut |row| {
            let Some(id) = id_of(row.get(0)) else { return };
            let experiment = Experiment {
                name: filled(row.get(1)).unwrap_or_else(|| id.to_string()),
                lifecycle: lifecycle(row.get(3)),
                artifact_location: filled(row.get(2)),
                creation_ms: row.get(4).int(),
                last_update_ms: row.get(5).int(),
                ..unknown(id)
            };
            by_id.insert(id, experiment);
        })? {}
    }
    if let Some(table) = database.table("experiment_tags") {
        let mut scan = database.scan(table, &["experiment_id", "key", "value"], Order::OldestFirst);
        while scan.step(database, STEP, &mut |row| {
            let experiment = id_of(row.get(0)).and_then(|id| by_id.get_mut(&id));
            if let (Some(experiment), Some(key)) = (experiment, row.get(1).text()) {
                experiment.tags.push((key.into_owned(), row.get(2).text().unwrap_or_default().into_owned()));
            }
        })? {}
    }
    let (counts, is_all) = count_runs(database)?;
    for (id, count) in &counts {
        let experiment = by_id.entry(*id).or_insert_with(|| {
            let message = format!("The database has runs of experiment {id}, but not the experiment.");
            report.note(Reason::ExperimentMissing, inner.file(), None, message);
            unknown(*id)
        });
        experiment.runs_expected = *count;
    }
    let runs = is_all.then(|| counts.values().map(|count| u64::from(*count)).sum());
    let number_of = by_id.keys().copied().zip(0..).collect();
    let mut list: Vec<Experiment> = by_id.into_values().collect();
    list.iter_mut().for_each(|experiment| experiment.tags.sort());
    Ok(Experiments { list, number_of, runs })
}

fn unknown(id: i64) -> Experiment {
    Experiment::of_id(0, &id.to_string(), id.to_string())
}

/// Runs by experiment, and whether these are all of them.
fn count_runs(database: &Database) -> Result<(BTreeMap<i64, u32>, bool), Fault> {
    let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
    let Some(table) = database.table("runs") else { return Ok((counts, true)) };
    let start = database.cost().0;
    let mut scan = database.scan(table, &["experiment_id"], Order::NewestFirst);
    while scan.step(database, STEP, &mut |row| {
        if let Some(id) = id_of(row.get(0)) {
            let count = counts.entry(id).or_default();
            *count = count.saturating_add(1);
        }
    })? {
        if database.cost().0 - start > COUNTING {
            return Ok((counts, false));
        }
    }
    Ok((counts, true))
}

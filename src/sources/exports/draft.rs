//! A STORE WHILE IT IS PUT TOGETHER from parts that name each other by id and come in any order: a run before its experiment, a
//! history before its run, the same run twice.
//!
//! It must not know the format of the parts. Ids are unique within it; what comes twice counts once.

use super::held::Held;
use crate::model::{
    Experiment, LoggedModel, MetricSeries, Reason, RegisteredModel, Report, RunKey, RunRow, RunTable, Shelf, Store,
    Trace,
};
use crate::sources::{Folder, path};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// (step, time in ms, value)
pub type Point = (i64, i64, f64);

/// What is known so far.
pub struct Draft {
    store: Store,
    experiments: Vec<Experiment>,
    number_of: HashMap<String, u32>,
    /// All runs.
    pub table: RunTable,
    row_of: HashMap<String, u32>,
    /// By run id and key.
    points: HashMap<String, BTreeMap<String, Vec<Point>>>,
    artifacts: HashMap<RunKey, String>,
    models: BTreeMap<String, RegisteredModel>,
    logged: BTreeMap<String, LoggedModel>,
    traces: BTreeMap<String, Trace>,
    /// What was skipped.
    pub report: Report,
}

impl Draft {
    /// Nothing yet; `path` is where the store lies in what was opened.
    pub fn new(path: &str, format: &str) -> Draft {
        Draft {
            store: Store {
                path: path::shown(path).to_owned(),
                format: format.to_owned(),
                registered_models: Vec::new(),
                logged_models: 0,
                traces: 0,
                server: None,
            },
            experiments: Vec::new(),
            number_of: HashMap::new(),
            table: RunTable::default(),
            row_of: HashMap::new(),
            points: HashMap::new(),
            artifacts: HashMap::new(),
            models: BTreeMap::new(),
            logged: BTreeMap::new(),
            traces: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        self.experiments.is_empty() && self.models.is_empty()
    }

    /// The number of the experiment with this id.
    pub fn experiment(&mut self, id: &str) -> u32 {
        if let Some(number) = self.number_of.get(id) {
            return *number;
        }
        let number = self.experiments.len() as u32;
        self.number_of.insert(id.to_owned(), number);
        self.experiments.push(Experiment::of_id(0, id, self.below(id)));
        number
    }

    /// Takes what an experiment says of itself.
    pub fn describe(&mut self, experiment: Experiment) {
        let at = self.experiment(&experiment.id) as usize;
        if let Some(own) = self.experiments.get_mut(at) {
            *own = Experiment { store: 0, path: std::mem::take(&mut own.path), ..experiment };
        }
    }

    fn below(&self, name: &str) -> String {
        path::join(path::from_shown(&self.store.path), name)
    }

    /// Takes a run; its key and the number of its experiment are set here. The first of an id counts.
    pub fn run(&mut self, experiment_id: &str, run: RunRow) -> u32 {
        if let Some(row) = self.row_of.get(&run.id) {
            return *row;
        }
        let experiment = self.experiment(experiment_id);
        let key = RunKey(path::join(&self.below(experiment_id), &run.id));
        let id = run.id.clone();
        let row = self.table.push(RunRow { key, experiment, ..run });
        self.row_of.insert(id, row);
        row
    }

    /// The row of the run with this id.
    pub fn row(&self, run_id: &str) -> Option<u32> {
        self.row_of.get(run_id).copied()
    }

    /// Takes points of one metric, in any order, more than once.
    pub fn history(&mut self, run_id: &str, key: &str, points: Vec<Point>) {
        if points.is_empty() {
            return;
        }
        let of_run = match self.points.get_mut(run_id) {
            Some(of_run) => of_run,
            None => self.points.entry(run_id.to_owned()).or_default(),
        };
        match of_run.get_mut(key) {
            Some(own) => own.extend(points),
            None => {
                of_run.insert(key.to_owned(), points);
            }
        }
    }

    /// Says where the artifacts of a run lie.
    pub fn artifacts(&mut self, row: u32, dir: String) {
        if let Some(key) = self.table.key.get(row as usize) {
            self.artifacts.entry(key.clone()).or_insert(dir);
        }
    }

    /// Takes a registered model; versions of one name come together, of one number the first that came.
    pub fn registered(&mut self, model: RegisteredModel) {
        let Some(own) = self.models.get_mut(&model.name) else {
            self.models.insert(model.name.clone(), model);
            return;
        };
        let RegisteredModel { store, name, description, creation_ms, last_update_ms, tags, aliases, versions } = model;
        own.versions.extend(versions);
        // One that came from its versions alone has nothing of its own.
        if own.creation_ms.is_none() {
            let versions = std::mem::take(&mut own.versions);
            *own = RegisteredModel { store, name, description, creation_ms, last_update_ms, tags, aliases, versions };
        }
    }

    /// Takes a logged model.
    pub fn logged(&mut self, experiment_id: &str, model: LoggedModel) {
        let experiment = self.experiment(experiment_id);
        self.logged.entry(model.id.clone()).or_insert(LoggedModel { experiment, ..model });
    }

    /// Takes a trace.
    pub fn trace(&mut self, experiment_id: &str, trace: Trace) {
        let experiment = self.experiment(experiment_id);
        self.traces.entry(trace.id.clone()).or_insert(Trace { experiment, ..trace });
    }

    /// Notes a part that was left out.
    pub fn bad(&mut self, file: &str, line: u64, message: impl Into<String>) {
        self.report.note(Reason::PartMalformed, file, Some(line), message);
    }

    /// All together; what the format does not carry is said here.
    pub fn finish(mut self, not_carried: &str, folder: Option<Rc<dyn Folder>>) -> Held {
        self.report.note(Reason::FormatPartial, &self.store.path, None, not_carried);
        let mut series: HashMap<RunKey, Vec<(Box<str>, MetricSeries)>> = HashMap::new();
        for (run_id, metrics) in std::mem::take(&mut self.points) {
            let Some(row) = self.row(&run_id) else { continue };
            let Some(run) = self.table.key.get(row as usize) else { continue };
            let mut list = Vec::with_capacity(metrics.len());
            for (key, points) in metrics {
                let history = MetricSeries::from_points(points);
                if let Some(summary) = history.summary() {
                    self.table.metrics.entry(&key).set(row, summary);
                }
                list.push((key.into_boxed_str(), history));
            }
            series.insert(run.clone(), list);
        }
        let mut shelf = Shelf {
            registered: self.models.into_values().collect(),
            logged: self.logged.into_values().collect(),
            traces: self.traces.into_values().collect(),
        };
        for model in &mut shelf.registered {
            model.versions.sort_by_key(|version| version.version);
            model.versions.dedup_by_key(|version| version.version);
        }
        count(&mut self.store, &shelf);
        Held {
            stores: vec![self.store],
            experiments: self.experiments,
            table: self.table,
            series,
            shelf,
            artifacts: folder.map(|folder| (folder, self.artifacts)),
            report: self.report,
            ..Held::default()
        }
        .index()
    }
}

/// The numbers that a store tells of its shelf; prompts are not among its models, as in MLflow's own lists.
fn count(store: &mut Store, shelf: &Shelf) {
    let models = shelf.registered.iter().filter(|model| !model.is_prompt());
    store.registered_models = models.map(|model| (model.name.clone(), model.versions.len() as u64)).collect();
    store.logged_models = shelf.logged.len() as u64;
    store.traces = shelf.traces.len() as u64;
}

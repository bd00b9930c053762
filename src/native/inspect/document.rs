//! The document that `inspect` prints: how each thing is written, and in which order. It must not know how what it writes was read.

use super::Inspected;
use crate::model::{DatasetInput, Experiment, MetricSummary, Notice, RunTable, Severity};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use std::io::{self, Write};

impl Inspected {
    /// The whole document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_document(&self, out: &mut impl Write) -> io::Result<()> {
        let document = Document {
            stores: self.sorted_stores(),
            experiments: Experiments { all: self, cells: self.cells_by_run() },
            registered_models: self.registered_models(),
            logged_models: self.stores.iter().map(|store| store.logged_models).sum(),
            traces: self.stores.iter().map(|store| store.traces).sum(),
            notices: self.notices(),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }

    fn sorted_stores(&self) -> Vec<StoreLine<'_>> {
        let mut stores: Vec<_> =
            self.stores.iter().map(|store| StoreLine { path: &store.path, format: &store.format }).collect();
        stores.sort_by_key(|store| (store.path, store.format));
        stores
    }

    pub(super) fn registered_models(&self) -> Vec<ModelLine<'_>> {
        let mut models: Vec<ModelLine> = self
            .stores
            .iter()
            .flat_map(|store| &store.registered_models)
            .map(|(name, versions)| ModelLine { name, versions: *versions })
            .collect();
        models.sort_by_key(|model| (model.name, model.versions));
        models
    }

    fn notices(&self) -> Vec<NoticeLine<'_>> {
        let mut notices: Vec<&Notice> = self.report.notices().iter().collect();
        notices.sort_by_key(|notice| (&notice.path, notice.line, notice.reason, &notice.message));
        notices
            .into_iter()
            .map(|notice| NoticeLine {
                severity: notice.reason.severity(),
                reason: notice.reason.word(),
                path: &notice.path,
                line: notice.line,
                message: &notice.message,
                advice: notice.reason.advice(),
            })
            .collect()
    }

    /// Columns turned into what each run has, by key.
    fn cells_by_run(&self) -> Vec<RunCells<'_>> {
        let mut cells: Vec<RunCells> = Vec::new();
        cells.resize_with(self.runs.len(), RunCells::default);
        for (key, column) in self.runs.params.iter() {
            for (row, code) in column.codes() {
                cells[row as usize].params.push((key, column.text(code)));
            }
        }
        for (key, column) in self.runs.tags.iter() {
            for (row, code) in column.codes() {
                cells[row as usize].tags.push((key, column.text(code)));
            }
        }
        for (key, column) in self.runs.metrics.iter() {
            for (row, summary) in column.iter() {
                cells[row as usize].metrics.push((key, summary));
            }
        }
        for run in &mut cells {
            run.params.sort_unstable();
            run.tags.sort_unstable();
            run.metrics.sort_unstable_by_key(|(key, _)| *key);
        }
        cells
    }
}

#[derive(Default)]
struct RunCells<'a> {
    params: Vec<(&'a str, &'a str)>,
    tags: Vec<(&'a str, &'a str)>,
    metrics: Vec<(&'a str, MetricSummary)>,
}

#[derive(Serialize)]
struct Document<'a> {
    stores: Vec<StoreLine<'a>>,
    experiments: Experiments<'a>,
    registered_models: Vec<ModelLine<'a>>,
    logged_models: u64,
    traces: u64,
    notices: Vec<NoticeLine<'a>>,
}

#[derive(Serialize)]
struct StoreLine<'a> {
    path: &'a str,
    format: &'a str,
}

#[derive(Serialize)]
pub(super) struct ModelLine<'a> {
    name: &'a str,
    pub(super) versions: u64,
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    severity: Severity,
    reason: &'a str,
    path: &'a str,
    line: Option<u64>,
    message: &'a str,
    advice: &'a str,
}

/// The experiments with their runs, made one by one while they are written.
struct Experiments<'a> {
    all: &'a Inspected,
    cells: Vec<RunCells<'a>>,
}

impl Serialize for Experiments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.all;
        let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); all.experiments.len()];
        for row in all.runs.rows() {
            if let Some(rows) = rows_of.get_mut(all.runs.experiment[row as usize] as usize) {
                rows.push(row);
            }
        }
        let store_path = |experiment: &Experiment| {
            all.stores.get(experiment.store as usize).map_or(".", |store| store.path.as_str())
        };
        let mut order: Vec<(&Experiment, Vec<u32>)> = all.experiments.iter().zip(rows_of).collect();
        order.sort_by_key(|(experiment, _)| (store_path(experiment), &experiment.id, &experiment.path));
        let mut list = serializer.serialize_seq(Some(order.len()))?;
        for (experiment, mut rows) in order {
            rows.sort_by_key(|&row| (&all.runs.id[row as usize], &all.runs.key[row as usize]));
            list.serialize_element(&ExperimentLine {
                store: store_path(experiment),
                id: &experiment.id,
                name: &experiment.name,
                lifecycle: experiment.lifecycle.word(),
                tags: Texts(experiment.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()),
                runs: rows.into_iter().map(|row| RunLine::of(&all.runs, row, &self.cells[row as usize])).collect(),
            })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct ExperimentLine<'a> {
    store: &'a str,
    id: &'a str,
    name: &'a str,
    lifecycle: &'a str,
    tags: Texts<'a>,
    runs: Vec<RunLine<'a>>,
}

#[derive(Serialize)]
struct RunLine<'a> {
    id: &'a str,
    name: Option<&'a str>,
    status: &'a str,
    start_time: Option<i64>,
    end_time: Option<i64>,
    lifecycle: &'a str,
    parent: Option<&'a str>,
    params: TextsRef<'a>,
    tags: TextsRef<'a>,
    metrics: Metrics<'a>,
    datasets: Vec<DatasetLine<'a>>,
    outputs: &'a [String],
}

impl<'a> RunLine<'a> {
    fn of(runs: &'a RunTable, row: u32, cells: &'a RunCells<'a>) -> RunLine<'a> {
        let at = row as usize;
        RunLine {
            id: &runs.id[at],
            name: Some(runs.name[at].as_str()).filter(|name| !name.is_empty()),
            status: runs.status[at].word(),
            start_time: runs.start_ms[at],
            end_time: runs.end_ms[at],
            lifecycle: runs.lifecycle[at].word(),
            parent: runs.tag(row, "mlflow.parentRunId"),
            params: TextsRef(&cells.params),
            tags: TextsRef(&cells.tags),
            metrics: Metrics(&cells.metrics),
            datasets: runs.datasets[at].iter().map(DatasetLine::of).collect(),
            outputs: &runs.outputs[at],
        }
    }
}

#[derive(Serialize)]
struct DatasetLine<'a> {
    name: &'a str,
    digest: &'a str,
    context: Option<&'a str>,
}

impl<'a> DatasetLine<'a> {
    fn of(dataset: &'a DatasetInput) -> DatasetLine<'a> {
        DatasetLine { name: &dataset.name, digest: &dataset.digest, context: dataset.context.as_deref() }
    }
}

struct Texts<'a>(Vec<(&'a str, &'a str)>);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TextsRef(&self.0).serialize(serializer)
    }
}

struct TextsRef<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for TextsRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

struct Metrics<'a>(&'a [(&'a str, MetricSummary)]);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, summary) in self.0 {
            let line = MetricLine {
                count: summary.count,
                last: Number(summary.last),
                step: summary.step,
                timestamp: summary.time_ms,
            };
            map.serialize_entry(key, &line)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct MetricLine {
    count: u32,
    last: Number,
    step: i64,
    timestamp: i64,
}

/// JSON has no word for NaN and the infinities: they are strings, as MLflow's own server writes them.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            number => serializer.serialize_f64(number),
        }
    }
}

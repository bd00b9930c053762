//! `runglass inspect`: all that a [`Source`] gives, as one JSON document for terminals, CI and conformance tests.
//!
//! Ids are strings, times milliseconds, what is absent is null, NaN and infinities are strings. All lists are sorted, so
//! that two documents can be compared as text.

use crate::model::{
    DatasetInput, Experiment, Lifecycle, MetricSummary, Notice, Report, RunKey, RunTable, Severity, Store,
};
use crate::sources::{Fault, HistoryAsk, RunsAsk, Source};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Runs asked for at a time.
const PAGE: u32 = 256;

/// All that a source holds.
pub struct Inspected {
    stores: Vec<Store>,
    experiments: Vec<Experiment>,
    runs: RunTable,
    report: Report,
}

/// Reads everything.
///
/// # Errors
/// When nothing is recognised or the carrier fails as a whole.
pub async fn read(source: &dyn Source) -> Result<Inspected, Fault> {
    let mut report = Report::default();
    let mut experiments = Vec::new();
    let mut after = None;
    loop {
        let page = source.experiments(after).await?;
        experiments.extend(page.items);
        report.merge(page.report);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut runs = RunTable::default();
    loop {
        let page = source.runs(RunsAsk { after, size: PAGE, ..RunsAsk::default() }).await?;
        runs.append(page.items);
        report.merge(page.report);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut stores = source.stores().await?;
    if stores.iter().any(|store| store.server.is_some()) {
        // A server tells how much there is beside the runs when all of it was given.
        after = None;
        loop {
            let page = source.shelf(after).await?;
            report.merge(page.report);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        stores = source.stores().await?;
    }
    // exports that know the last points alone have no others to count
    let is_counted = |experiment: &u32| {
        let store = experiments.get(*experiment as usize).and_then(|experiment| stores.get(experiment.store as usize));
        store.is_some_and(|store| matches!(store.format.as_str(), "sqlite" | "server"))
    };
    let counted: Vec<bool> = runs.experiment.iter().map(is_counted).collect();
    count_points(source, &counted, &mut runs, &mut report).await?;
    Ok(Inspected { stores, experiments, runs, report })
}

/// Histories asked for at a time.
const HISTORIES: usize = 20_000;

/// Reads the histories of which only the last point is known, of the runs that are `counted`.
async fn count_points(
    source: &dyn Source,
    counted: &[bool],
    runs: &mut RunTable,
    report: &mut Report,
) -> Result<(), Fault> {
    let keys: Vec<String> = runs.metrics.iter().map(|(key, _)| key.to_owned()).collect();
    let mut uncounted: Vec<(u32, &str)> = Vec::new();
    for key in &keys {
        let column = runs.metrics.get(key).into_iter().flat_map(|column| column.iter());
        uncounted.extend(
            column
                .filter(|(row, summary)| summary.count == 0 && counted.get(*row as usize) == Some(&true))
                .map(|(row, _)| (row, key.as_str())),
        );
    }
    uncounted.sort_unstable();
    for some in uncounted.chunks(HISTORIES) {
        let key = |row: u32| runs.key.get(row as usize).cloned().unwrap_or_else(|| RunKey(String::new()));
        let pairs = some.iter().map(|(row, metric)| (key(*row), (*metric).to_owned())).collect();
        let mut ask = HistoryAsk { pairs, after: None, ..HistoryAsk::default() };
        let mut left = some.iter();
        loop {
            let page = source.history(ask.clone()).await?;
            report.merge(page.report);
            for (series, (row, metric)) in page.items.into_iter().zip(left.by_ref()) {
                if let Some(summary) = series.summary() {
                    runs.metrics.entry(metric).set(*row, summary);
                }
            }
            ask.after = page.next;
            if ask.after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

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

    /// Counts only.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_summary(&self, out: &mut impl Write) -> io::Result<()> {
        let deleted_experiments = self.experiments.iter().filter(|experiment| is_deleted(experiment.lifecycle)).count();
        let deleted_runs = self.runs.lifecycle.iter().filter(|lifecycle| is_deleted(**lifecycle)).count();
        let points = self.runs.metrics.iter().flat_map(|(_, column)| column.iter());
        let models = self.registered_models();
        let mut notices = BTreeMap::from([(Severity::Info, 0), (Severity::Warning, 0), (Severity::Error, 0)]);
        for reason in crate::model::Reason::ALL {
            *notices.entry(reason.severity()).or_default() += self.report.count(*reason);
        }
        let summary = serde_json::json!({
            "stores": self.stores.len(),
            "experiments": self.experiments.len(),
            "experiments_deleted": deleted_experiments,
            "runs": self.runs.len(),
            "runs_active": self.runs.len() - deleted_runs,
            "runs_deleted": deleted_runs,
            "params": self.runs.params.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "tags": self.runs.tags.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "metric_series": self.runs.metrics.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "metric_points": points.map(|(_, summary)| u64::from(summary.count)).sum::<u64>(),
            "dataset_inputs": self.runs.datasets.iter().map(Vec::len).sum::<usize>(),
            "logged_models": self.stores.iter().map(|store| store.logged_models).sum::<u64>(),
            "traces": self.stores.iter().map(|store| store.traces).sum::<u64>(),
            "registered_models": models.len(),
            "model_versions": models.iter().map(|model| model.versions).sum::<u64>(),
            "notices": notices,
        });
        serde_json::to_writer_pretty(&mut *out, &summary)?;
        writeln!(out)
    }

    fn sorted_stores(&self) -> Vec<StoreLine<'_>> {
        let mut stores: Vec<_> =
            self.stores.iter().map(|store| StoreLine { path: &store.path, format: &store.format }).collect();
        stores.sort_by_key(|store| (store.path, store.format));
        stores
    }

    fn registered_models(&self) -> Vec<ModelLine<'_>> {
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

fn is_deleted(lifecycle: Lifecycle) -> bool {
    lifecycle == Lifecycle::Deleted
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
struct ModelLine<'a> {
    name: &'a str,
    versions: u64,
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

#[cfg(test)]
mod tests {
    use crate::sources::memory::Memory;
    use crate::sources::stores::Stores;
    use std::rc::Rc;

    fn inspected(tree: &str) -> super::Inspected {
        let source = Stores::new(Rc::new(Memory::parse(tree)));
        pollster::block_on(super::read(&source)).expect("read")
    }

    const TREE: &str = "
//- b/2/meta.yaml
experiment_id: '2'
name: Two
//- a/10/meta.yaml
experiment_id: '10'
name: Ten
//- a/10/tags/team
vision
//- a/10/r2/meta.yaml
run_id: r2
run_name: second
status: 4
start_time: 5
end_time: 9
//- a/10/r1/meta.yaml
run_id: r1
lifecycle_stage: deleted
//- a/10/r1/tags/mlflow.parentRunId
r2
//- a/10/r1/params/lr
0.1
//- a/10/r1/metrics/loss
1700000000000 inf 0
1700000000001 nan 1
1700000000001 nan 1
broken
//- a/10/r1/metrics/acc
1700000000000 1 3
//- a/10/r1/outputs/m-1/meta.yaml
destination_id: m-1
";

    #[test]
    fn the_document_is_sorted_and_whole() {
        let mut out = Vec::new();
        inspected(TREE).write_document(&mut out).expect("written");
        let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({
            "stores": [{"path": "a", "format": "mlruns"}, {"path": "b", "format": "mlruns"}],
            "experiments": [
                {"store": "a", "id": "10", "name": "Ten", "lifecycle": "active", "tags": {"team": "vision"}, "runs": [
                    {"id": "r1", "name": null, "status": "RUNNING", "start_time": null, "end_time": null,
                     "lifecycle": "deleted", "parent": "r2", "params": {"lr": "0.1"},
                     "tags": {"mlflow.parentRunId": "r2"},
                     "metrics": {
                         "acc": {"count": 1, "last": 1.0, "step": 3, "timestamp": 1_700_000_000_000_u64},
                         "loss": {"count": 2, "last": "NaN", "step": 1, "timestamp": 1_700_000_000_001_u64}
                     },
                     "datasets": [], "outputs": ["m-1"]},
                    {"id": "r2", "name": "second", "status": "FAILED", "start_time": 5, "end_time": 9,
                     "lifecycle": "active", "parent": null, "params": {}, "tags": {}, "metrics": {}, "datasets": [],
                     "outputs": []}
                ]},
                {"store": "b", "id": "2", "name": "Two", "lifecycle": "active", "tags": {}, "runs": []}
            ],
            "registered_models": [], "logged_models": 0, "traces": 0,
            "notices": [{
                "severity": "warning", "reason": "metric-line-malformed", "path": "a/10/r1/metrics/loss", "line": 4,
                "message": "The line holds one field only: `broken`.",
                "advice": crate::model::Reason::MetricLineMalformed.advice()
            }]
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_summary_counts() {
        let mut out = Vec::new();
        inspected(TREE).write_summary(&mut out).expect("written");
        let summary: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let counts = ["stores", "experiments", "runs", "runs_active", "runs_deleted", "params", "metric_points"];
        assert_eq!(counts.map(|key| summary[key].as_u64()), [2, 2, 2, 1, 1, 1, 3].map(Some));
        assert_eq!(summary["notices"], serde_json::json!({"info": 0, "warning": 1, "error": 0}));
    }
}

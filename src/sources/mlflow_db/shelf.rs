//! What a database keeps beside its runs: registered models with their versions, logged models, traces.

use super::Inner;
use super::rows::{Point, filled, id_of, infinite, lifecycle};
use crate::model::{LoggedModel, MetricSeries, ModelVersion, RegisteredModel, Store, Trace};
use crate::sources::Fault;
use crate::sources::sqlite::{Budget, Database, Order, Row, Scan, Value};
use std::collections::{BTreeMap, HashMap};

/// Logged models of a page.
pub const MODELS_PAGE: usize = 256;
/// Traces of a page: each costs reads of its own.
pub const TRACES_PAGE: usize = 100;
const STEP: Budget = Budget { reads: 16, bytes: 2 << 20 };

/// Every row of a table, where there is one.
fn all(database: &Database, table: &str, columns: &[&str], each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Fault> {
    let Some(table) = database.table(table) else { return Ok(()) };
    let mut scan = database.scan(table, columns, Order::OldestFirst);
    while scan.step(database, STEP, each)? {}
    Ok(())
}

/// The rows of a table whose `key` is one of `ids`, by index where there is one.
fn of_ids(
    database: &Database,
    table: &str,
    columns: &[&str],
    ids: &[&str],
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Fault> {
    let Some(found) = database.table(table) else { return Ok(()) };
    let Some(index) = columns.first().and_then(|key| found.index_on(&[key])) else {
        return all(database, table, columns, each);
    };
    let keys: Vec<Vec<Value<'_>>> = ids.iter().map(|id| vec![Value::Text(id.as_bytes())]).collect();
    let mut rowids = Vec::new();
    database.entries(found, index, &[], &keys, &mut |_, row| rowids.push(row.rowid))?;
    rowids.sort_unstable();
    rowids.dedup();
    database.rows(found, columns, &rowids, each)
}

fn text(row: &Row<'_>, at: usize) -> String {
    row.get(at).text().unwrap_or_default().into_owned()
}

/// Registered models by name; prompts, which are kept among them, are left out as MLflow's own lists do.
pub fn registered_models(inner: &Inner) -> Result<Vec<RegisteredModel>, Fault> {
    let database = &inner.database;
    // Names are unique within a workspace.
    let key = |row: &Row<'_>| (text(row, 0), text(row, 1));
    let mut models: BTreeMap<(String, String), RegisteredModel> = BTreeMap::new();
    let columns = ["name", "workspace", "description", "creation_time", "last_updated_time"];
    all(database, "registered_models", &columns, &mut |row| {
        let model = RegisteredModel {
            name: text(row, 0),
            description: filled(row.get(2)),
            creation_ms: row.get(3).int(),
            last_update_ms: row.get(4).int(),
            ..RegisteredModel::default()
        };
        models.insert(key(row), model);
    })?;
    all(database, "registered_model_tags", &["name", "workspace", "key", "value"], &mut |row| {
        if let Some(model) = models.get_mut(&key(row)) {
            model.tags.push((text(row, 2), text(row, 3)));
        }
    })?;
    models.retain(|_, model| {
        !model.tags.iter().any(|(key, value)| key == "mlflow.prompt.is_prompt" && value.eq_ignore_ascii_case("true"))
    });
    all(database, "registered_model_aliases", &["name", "workspace", "alias", "version"], &mut |row| {
        if let Some(model) = models.get_mut(&key(row)) {
            model.aliases.push((text(row, 2), text(row, 3)));
        }
    })?;
    let columns = [
        "name",
        "workspace",
        "version",
        "current_stage",
        "status",
        "description",
        "user_id",
        "creation_time",
        "last_updated_time",
        "source",
        "run_id",
    ];
    all(database, "model_versions", &columns, &mut |row| {
        let stage = filled(row.get(3)).filter(|stage| stage != "None");
        let Some(model) = models.get_mut(&key(row)).filter(|_| stage.as_deref() != Some("Deleted_Internal")) else {
            return;
        };
        let source = filled(row.get(9));
        let model_id =
            source.as_deref().and_then(|source| source.strip_prefix("models:/m-")).map(|id| format!("m-{id}"));
        model.versions.push(ModelVersion {
            version: row.get(2).int().and_then(|version| u64::try_from(version).ok()).unwrap_or(0),
            stage,
            status: filled(row.get(4)),
            description: filled(row.get(5)),
            user: filled(row.get(6)),
            creation_ms: row.get(7).int(),
            last_update_ms: row.get(8).int(),
            source,
            run_id: filled(row.get(10)),
            model_id,
            tags: Vec::new(),
        });
    })?;
    all(database, "model_version_tags", &["name", "workspace", "version", "key", "value"], &mut |row| {
        let version = row.get(2).int().and_then(|version| u64::try_from(version).ok());
        let versions = models.get_mut(&key(row)).into_iter().flat_map(|model| &mut model.versions);
        for found in versions.filter(|found| Some(found.version) == version) {
            found.tags.push((text(row, 3), text(row, 4)));
        }
    })?;
    let mut models: Vec<RegisteredModel> = models.into_values().collect();
    for model in &mut models {
        model.tags.sort();
        model.aliases.sort();
        model.versions.sort_by_key(|version| version.version);
        model.versions.iter_mut().for_each(|version| version.tags.sort());
    }
    Ok(models)
}

/// Logged models without what is asked for page by page, newest first.
pub fn model_heads(inner: &Inner, experiments: &HashMap<i64, u32>) -> Result<Vec<LoggedModel>, Fault> {
    let columns = [
        "model_id",
        "experiment_id",
        "name",
        "status",
        "lifecycle_stage",
        "model_type",
        "source_run_id",
        "creation_timestamp_ms",
    ];
    let mut models = Vec::new();
    all(&inner.database, "logged_models", &columns, &mut |row| {
        let experiment = id_of(row.get(1)).and_then(|id| experiments.get(&id));
        let (Some(id), Some(experiment)) = (filled(row.get(0)), experiment) else { return };
        let status = match row.get(3).int() {
            Some(1) => "PENDING",
            Some(2) => "READY",
            Some(3) => "UPLOAD_FAILED",
            _ => "UNSPECIFIED",
        };
        models.push(LoggedModel {
            experiment: *experiment,
            id,
            name: text(row, 2),
            status: status.to_owned(),
            lifecycle: lifecycle(row.get(4)),
            model_type: filled(row.get(5)),
            run_id: filled(row.get(6)),
            creation_ms: row.get(7).int(),
            params: Vec::new(),
            tags: Vec::new(),
            metrics: Vec::new(),
        });
    })?;
    models.reverse();
    Ok(models)
}

/// Adds params, tags and metrics to logged models.
pub fn complete_models(inner: &Inner, models: &mut [LoggedModel]) -> Result<(), Fault> {
    let database = &inner.database;
    let ids: Vec<String> = models.iter().map(|model| model.id.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let place: HashMap<&str, usize> = ids.iter().zip(0..).map(|(id, at)| (*id, at)).collect();
    let of = |row: &Row<'_>| row.get(0).text().and_then(|id| place.get(&*id).copied());
    of_ids(database, "logged_model_params", &["model_id", "param_key", "param_value"], &ids, &mut |row| {
        if let Some(model) = of(row).and_then(|at| models.get_mut(at)) {
            model.params.push((text(row, 1), text(row, 2)));
        }
    })?;
    of_ids(database, "logged_model_tags", &["model_id", "tag_key", "tag_value"], &ids, &mut |row| {
        if let Some(model) = of(row).and_then(|at| models.get_mut(at)) {
            model.tags.push((text(row, 1), text(row, 2)));
        }
    })?;
    let mut points: BTreeMap<(usize, String), Vec<Point>> = BTreeMap::new();
    let columns = ["model_id", "metric_name", "metric_step", "metric_timestamp_ms", "metric_value"];
    of_ids(database, "logged_model_metrics", &columns, &ids, &mut |row| {
        let Some(at) = of(row) else { return };
        let number = |at: usize| row.get(at).int().unwrap_or(0);
        // NaN is lost here: MLflow stores a zero without a mark.
        let value = row.get(4).real().map_or(f64::NAN, infinite);
        points.entry((at, text(row, 1))).or_default().push((number(2), number(3), value));
    })?;
    for ((at, key), points) in points {
        if let (Some(model), Some(summary)) = (models.get_mut(at), MetricSeries::from_points(points).summary()) {
            model.metrics.push((key, summary));
        }
    }
    for model in models {
        model.params.sort();
        model.tags.sort();
    }
    Ok(())
}

/// Where reading traces stands: a scan from the newest back.
pub struct TraceReading {
    scan: Scan,
    waiting: std::collections::VecDeque<Trace>,
    /// How many were given.
    pub given: usize,
}

impl TraceReading {
    /// From the newest on; `None` when there is no table of traces.
    pub fn new(inner: &Inner) -> Option<TraceReading> {
        let columns = ["request_id", "experiment_id", "timestamp_ms", "execution_time_ms", "status", "trace_name"];
        let table = inner.database.table("trace_info")?;
        let scan = inner.database.scan(table, &columns, Order::NewestFirst);
        Some(TraceReading { scan, waiting: std::collections::VecDeque::new(), given: 0 })
    }

    /// The next page, and whether there is more.
    pub fn next(&mut self, inner: &Inner, experiments: &HashMap<i64, u32>) -> Result<(Vec<Trace>, bool), Fault> {
        let database = &inner.database;
        let TraceReading { scan, waiting, given } = self;
        while waiting.len() < TRACES_PAGE && !scan.is_done() {
            scan.step(database, Budget { reads: 16, bytes: 64 << 10 }, &mut |row| {
                let experiment = id_of(row.get(1)).and_then(|id| experiments.get(&id));
                let (Some(id), Some(experiment)) = (filled(row.get(0)), experiment) else { return };
                waiting.push_back(Trace {
                    experiment: *experiment,
                    id,
                    name: text(row, 5),
                    state: text(row, 4),
                    start_ms: row.get(2).int(),
                    duration_ms: row.get(3).int(),
                    run_id: None,
                });
            })?;
        }
        let mut page: Vec<Trace> = waiting.drain(..waiting.len().min(TRACES_PAGE)).collect();
        *given += page.len();
        complete_traces(database, &mut page)?;
        Ok((page, !(waiting.is_empty() && scan.is_done())))
    }
}

/// Adds names, which older versions keep as tags, and runs.
fn complete_traces(database: &Database, traces: &mut [Trace]) -> Result<(), Fault> {
    let ids: Vec<String> = traces.iter().map(|trace| trace.id.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let place: HashMap<&str, usize> = ids.iter().zip(0..).map(|(id, at)| (*id, at)).collect();
    let mut add = |row: &Row<'_>| {
        let at = row.get(0).text().and_then(|id| place.get(&*id).copied());
        let Some(trace) = at.and_then(|at| traces.get_mut(at)) else { return };
        match row.get(1) {
            Value::Text(b"mlflow.traceName") if trace.name.is_empty() => trace.name = text(row, 2),
            Value::Text(b"mlflow.sourceRun") => trace.run_id = filled(row.get(2)),
            _ => {}
        }
    };
    of_ids(database, "trace_tags", &["request_id", "key", "value"], &ids, &mut add)?;
    of_ids(database, "trace_request_metadata", &["request_id", "key", "value"], &ids, &mut add)
}

/// The database as a store, with what is only counted in it.
pub fn store(inner: &Inner) -> Result<Store, Fault> {
    let count = |table: &str| inner.database.table(table).map_or(Ok(0), |table| inner.database.count(table));
    let models = registered_models(inner)?;
    Ok(Store {
        path: inner.file().to_owned(),
        format: "sqlite".to_owned(),
        registered_models: models.into_iter().map(|model| (model.name, model.versions.len() as u64)).collect(),
        logged_models: count("logged_models")?,
        traces: count("trace_info")?,
        server: None,
    })
}

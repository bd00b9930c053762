//! From a document to a store in memory: walked once, run by run, column by column. A part that is broken costs itself alone.

use super::{NOT_CARRIED, VERSION};
use crate::model::{
    DatasetInput, Experiment, Lifecycle, LoggedModel, MetricSeries, MetricSummary, ModelVersion, Reason,
    RegisteredModel, RunKey, RunRow, RunStatus, Store, Trace,
};
use crate::sources::exports::Kind;
use crate::sources::exports::files::{Files, Given};
use crate::sources::exports::held::{Held, fault};
use crate::sources::exports::json::{Bad, Broken, Json};
use crate::sources::exports::pace::Pace;
use crate::sources::rest::answers::{first_of, integer, lifecycle, pairs, text};
use crate::sources::{Fault, FaultKind, path};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::rc::Rc;

/// Reads all documents that were given.
///
/// # Errors
/// When a file can not be read; when it is of a newer version, or no document.
pub async fn load(store: &str, given: Given, pace: &Pace) -> Result<Held, Fault> {
    let mut files = Files::find(given, &[Kind::Document]).await?;
    pace.files_total(files.left());
    let is_many = files.left() > 1;
    let mut held = Held::default();
    loop {
        let batch = files.next(&mut held.report).await?;
        if batch.is_empty() {
            break;
        }
        for file in batch {
            let json = Json::new(Rc::clone(&file.bytes))?;
            let reader = Reader {
                first_store: held.stores.len() as u32,
                first_experiment: held.experiments.len() as u32,
                first_row: held.table.len(),
                first_logged: held.shelf.logged.len(),
                first_trace: held.shelf.traces.len(),
                prefix: if is_many { format!("{}:", file.path) } else { String::new() },
                file: file.path,
                json,
                held: &mut held,
                version: None,
                pace,
            };
            reader.read().await?;
            pace.file_done();
        }
    }
    held.report.note(Reason::FormatPartial, path::shown(store), None, NOT_CARRIED);
    Ok(held.index())
}

struct Reader<'a> {
    json: Json,
    held: &'a mut Held,
    file: String,
    /// Before keys and paths, so that those of several documents differ.
    prefix: String,
    pace: &'a Pace,
    version: Option<u64>,
    /// Where the numbers of this document start.
    first_store: u32,
    first_experiment: u32,
    first_row: usize,
    first_logged: usize,
    first_trace: usize,
}

impl Reader<'_> {
    async fn read(mut self) -> Result<(), Fault> {
        match self.walk().await {
            Ok(()) => {}
            Err(Stop::Broken(Broken::Text { line, message })) => {
                self.held.report.note(Reason::JsonMalformed, &self.file, Some(line), message);
            }
            Err(Stop::Broken(Broken::Fault(fault)) | Stop::Refused(fault)) => return Err(fault),
        }
        if self.version.is_none() {
            return Err(fault(&self.file, "This is no document of Runglass: its version is missing."));
        }
        self.mend();
        Ok(())
    }

    async fn walk(&mut self) -> Result<(), Stop> {
        self.json.enter(b'{')?;
        while let Some(key) = self.json.next_key()? {
            let is_list = self.json.peek()? == Some(b'[');
            match key.as_str() {
                "runglass" => {
                    let version = self.json.value()?.ok().and_then(|value| first(&value)?.parse().ok());
                    self.version = version;
                    match version {
                        Some(1..=VERSION) => {}
                        Some(version) => return Err(Stop::Refused(newer(&self.file, version))),
                        None => return Err(Stop::Refused(fault(&self.file, "Its version is no number."))),
                    }
                }
                "runs" if is_list => {
                    self.json.enter(b'[')?;
                    while self.json.next_item()? {
                        self.run().await?;
                    }
                }
                "experiments" | "stores" | "registered_models" | "logged_models" | "traces" | "notices" if is_list => {
                    self.json.enter(b'[')?;
                    while self.json.next_item()? {
                        let line = self.json.line();
                        // What is broken keeps its place, since others name it by its number.
                        let value = match self.json.value()? {
                            Ok(value) => value,
                            Err(bad) => {
                                self.bad(&bad);
                                Value::Null
                            }
                        };
                        self.item(&key, line, &value);
                        self.pace.took(self.json.newly_read()).await;
                    }
                }
                _ => self.json.skip()?,
            }
        }
        Ok(())
    }

    fn bad(&mut self, bad: &Bad) {
        self.held.report.note(Reason::PartMalformed, &self.file, Some(bad.line), bad.message.as_str());
    }

    async fn run(&mut self) -> Result<(), Stop> {
        let line = self.json.line();
        if !self.json.enter(b'{')? {
            self.json.skip()?;
            self.bad(&Bad { line, message: "A run is no object.".to_owned() });
            return Ok(());
        }
        let mut fields = Map::new();
        let mut series: Vec<(Box<str>, MetricSeries)> = Vec::new();
        while let Some(key) = self.json.next_key()? {
            if key == "metrics" && self.json.enter(b'{')? {
                while let Some(metric) = self.json.next_key()? {
                    let read = self.metric(&metric)?;
                    if !read.is_empty() {
                        series.push((metric.into_boxed_str(), read));
                    }
                    self.pace.took(self.json.newly_read()).await;
                }
                continue;
            }
            match self.json.value()? {
                Ok(value) => {
                    fields.insert(key, value);
                }
                Err(bad) => self.bad(&bad),
            }
        }
        self.take(line, &Value::Object(fields), series);
        self.pace.runs(self.held.table.len() as u64);
        self.pace.took(self.json.newly_read()).await;
        Ok(())
    }

    /// The columns of one metric, which comes next.
    fn metric(&mut self, metric: &str) -> Result<MetricSeries, Broken> {
        let line = self.json.line();
        if !self.json.enter(b'{')? {
            self.json.skip()?;
            self.bad(&Bad { line, message: format!("The metric {metric} is no object of columns.") });
            return Ok(MetricSeries::default());
        }
        let (mut steps, mut times, mut values) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(key) = self.json.next_key()? {
            let bad = match key.as_str() {
                "steps" => self.json.scalars(&mut |text| integer(text).map(|step| steps.push(step)).is_some())?,
                "times_ms" => self.json.scalars(&mut |text| integer(text).map(|time| times.push(time)).is_some())?,
                "values" => self.json.scalars(&mut |text| number(text).map(|value| values.push(value)).is_some())?,
                _ => {
                    self.json.skip()?;
                    None
                }
            };
            if let Some(Bad { line, message }) = bad {
                self.bad(&Bad { line, message: format!("In {key} of the metric {metric}: {message}") });
            }
        }
        if steps.len() != values.len() || times.len() != values.len() {
            let shortest = steps.len().min(times.len()).min(values.len());
            let message = format!("The columns of the metric {metric} differ in length; {shortest} points were read.");
            self.bad(&Bad { line, message });
        }
        let points = steps.into_iter().zip(times).zip(values).map(|((step, time), value)| (step, time, value));
        Ok(MetricSeries::from_points(points.collect()))
    }

    fn take(&mut self, line: u64, fields: &Value, series: Vec<(Box<str>, MetricSeries)>) {
        let of = |name: &str| stated(fields, name);
        let key = of("key").or_else(|| of("id")).map(|key| RunKey(format!("{}{key}", self.prefix)));
        let Some(key) = key.filter(|key| !self.held.row_of.contains_key(key)) else {
            let message = "The run has no key, or one that another run has.".to_owned();
            return self.bad(&Bad { line, message });
        };
        let summary = |(metric, series): &(Box<str>, MetricSeries)| Some((metric.to_string(), series.summary()?));
        let list = |name: &str| fields.get(name).and_then(Value::as_array).into_iter().flatten();
        let status = of("status").map(|word| RunStatus::parse(&word).ok_or(word)).transpose();
        if let Err(word) = &status {
            let message = format!("status is `{word}`, which is no state of a run.");
            self.held.report.note(Reason::FieldInvalid, &self.file, Some(line), message);
        }
        let row = self.held.table.push(RunRow {
            key: key.clone(),
            id: of("id").unwrap_or_default(),
            // One that is out of range is mended when all experiments are known.
            experiment: count(fields, "experiment")
                .and_then(|at| self.first_experiment.checked_add(at))
                .unwrap_or(u32::MAX),
            name: of("name").unwrap_or_default(),
            status: status.ok().flatten().unwrap_or(RunStatus::Running),
            lifecycle: lifecycle_of(fields),
            start_ms: int(fields, "start_ms"),
            end_ms: int(fields, "end_ms"),
            user: of("user"),
            artifact_uri: of("artifact_uri"),
            params: pairs(fields.get("params")),
            tags: pairs(fields.get("tags")),
            metrics: series.iter().filter_map(summary).collect(),
            datasets: list("datasets").filter_map(dataset).collect(),
            outputs: list("outputs").filter_map(first).collect(),
        });
        self.held.row_of.insert(key.clone(), row);
        if !series.is_empty() {
            self.held.series.insert(key, series);
        }
    }

    fn item(&mut self, list: &str, line: u64, value: &Value) {
        let of = |name: &str| stated(value, name);
        let number =
            |name: &str, first: u32| count(value, name).and_then(|at| first.checked_add(at)).unwrap_or(u32::MAX);
        let experiment = number("experiment", self.first_experiment);
        let store = number("store", self.first_store);
        let shelf = &mut self.held.shelf;
        let is_whole = match list {
            "experiments" => {
                let id = of("id").unwrap_or_default();
                self.held.experiments.push(Experiment {
                    store,
                    path: format!("{}{}", self.prefix, of("path").unwrap_or_else(|| id.clone())),
                    name: of("name").unwrap_or_else(|| id.clone()),
                    lifecycle: lifecycle_of(value),
                    artifact_location: of("artifact_location"),
                    creation_ms: int(value, "creation_ms"),
                    last_update_ms: int(value, "last_update_ms"),
                    tags: pairs(value.get("tags")),
                    origin: String::new(),
                    runs_expected: 0,
                    id,
                });
                value.is_object()
            }
            "stores" => {
                let models = pairs(value.get("registered_models"));
                let count = |name: &str| int(value, name).and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
                self.held.stores.push(Store {
                    path: of("path").unwrap_or_default(),
                    format: Kind::Document.word().to_owned(),
                    registered_models: models
                        .into_iter()
                        .map(|(name, text)| (name, text.parse().unwrap_or(0)))
                        .collect(),
                    logged_models: count("logged_models"),
                    traces: count("traces"),
                    server: None,
                });
                value.is_object()
            }
            "registered_models" => {
                let model = registered(value, store);
                model.map(|model| shelf.registered.push(model)).is_some()
            }
            "logged_models" => {
                let model = logged(value, experiment);
                model.map(|model| shelf.logged.push(model)).is_some()
            }
            "traces" => of("id")
                .map(|id| {
                    shelf.traces.push(Trace {
                        experiment,
                        id,
                        name: of("name").unwrap_or_default(),
                        state: of("state").unwrap_or_default(),
                        start_ms: int(value, "start_ms"),
                        duration_ms: int(value, "duration_ms"),
                        run_id: of("run_id"),
                    });
                })
                .is_some(),
            _ => {
                // A reason that this version does not know is passed over.
                let word = of("reason");
                let known = Reason::ALL.iter().find(|reason| Some(reason.word()) == word.as_deref());
                if let Some(reason) = known {
                    let line = int(value, "line").and_then(|line| u64::try_from(line).ok());
                    let (path, message) = (of("path").unwrap_or_default(), of("message").unwrap_or_default());
                    self.held.report.note(*reason, path, line, message);
                }
                true
            }
        };
        if !is_whole && !value.is_null() {
            self.bad(&Bad { line, message: format!("An item of `{list}` is not what it should be.") });
        }
    }

    /// Numbers that lead nowhere, and the paths of the stores.
    fn mend(&mut self) {
        let own_stores = self.held.stores.len().saturating_sub(self.first_store as usize);
        if own_stores == 0 {
            self.held.stores.push(Store {
                path: String::new(),
                format: Kind::Document.word().to_owned(),
                registered_models: Vec::new(),
                logged_models: 0,
                traces: 0,
                server: None,
            });
        }
        let file = path::from_shown(&self.file);
        for store in self.held.stores.iter_mut().skip(self.first_store as usize) {
            store.path = path::shown(&path::join(file, path::from_shown(&store.path))).to_owned();
        }
        let stores = self.held.stores.len() as u32;
        let has_store = |store: u32| store < stores;
        for experiment in self.held.experiments.iter_mut().skip(self.first_experiment as usize) {
            if !has_store(experiment.store) {
                experiment.store = self.first_store;
            }
        }
        let experiments = self.held.experiments.len() as u32;
        let mut lost = 0_u64;
        for experiment in self.held.table.experiment.iter_mut().skip(self.first_row) {
            if *experiment >= experiments {
                *experiment = experiments;
                lost += 1;
            }
        }
        if lost > 0 {
            let path = format!("{}unknown", self.prefix);
            self.held.experiments.push(Experiment::of_id(self.first_store, "unknown", path));
            let message = format!("{lost} runs name an experiment that is not in the document.");
            self.held.report.note(Reason::PartMalformed, &self.file, None, message);
        }
        let shelf = &mut self.held.shelf;
        for model in &mut shelf.registered {
            if !has_store(model.store) {
                model.store = self.first_store;
            }
        }
        let (mut at, first_logged, first_trace) = (0, self.first_logged, self.first_trace);
        shelf.logged.retain(|model| {
            at += 1;
            at <= first_logged || model.experiment < experiments
        });
        at = 0;
        shelf.traces.retain(|trace| {
            at += 1;
            at <= first_trace || trace.experiment < experiments
        });
    }
}

/// Why a document is not read to its end.
enum Stop {
    Broken(Broken),
    Refused(Fault),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Stop {
        Stop::Broken(broken)
    }
}

fn newer(file: &str, version: u64) -> Fault {
    let message = format!(
        "{file}: The document is of version {version}, this Runglass reads version {VERSION} at most. Open it with a newer Runglass."
    );
    Fault::new(FaultKind::Unreadable, message)
}

/// A text, which may be empty; `None` when it is left out.
fn stated(value: &Value, name: &str) -> Option<String> {
    text(value.get(name)?).map(Cow::into_owned)
}

fn first(value: &Value) -> Option<String> {
    crate::sources::rest::answers::filled(value)
}

/// A float as it stands: the largest numbers are themselves here.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn int(value: &Value, name: &str) -> Option<i64> {
    integer(&first_of(value, &[name])?)
}

fn count(value: &Value, name: &str) -> Option<u32> {
    first_of(value, &[name])?.parse().ok()
}

fn lifecycle_of(value: &Value) -> Lifecycle {
    match first_of(value, &["lifecycle"]).as_deref() {
        Some("deleted") => Lifecycle::Deleted,
        _ => lifecycle(value),
    }
}

fn dataset(value: &Value) -> Option<DatasetInput> {
    let of = |name: &str| stated(value, name);
    let (name, digest) = (of("name").unwrap_or_default(), of("digest").unwrap_or_default());
    value.is_object().then(|| DatasetInput {
        name,
        digest,
        context: of("context"),
        source_type: of("source_type"),
        source: of("source"),
        profile: of("profile"),
        schema: of("schema"),
    })
}

fn registered(value: &Value, store: u32) -> Option<RegisteredModel> {
    let of = |name: &str| stated(value, name);
    let versions = value.get("versions").and_then(Value::as_array).into_iter().flatten();
    Some(RegisteredModel {
        store,
        name: of("name")?,
        description: of("description"),
        creation_ms: int(value, "creation_ms"),
        last_update_ms: int(value, "last_update_ms"),
        tags: pairs(value.get("tags")),
        aliases: pairs(value.get("aliases")),
        versions: versions.filter_map(version).collect(),
    })
}

fn version(value: &Value) -> Option<ModelVersion> {
    let of = |name: &str| stated(value, name);
    Some(ModelVersion {
        version: of("version")?.parse().ok()?,
        stage: of("stage"),
        status: of("status"),
        description: of("description"),
        user: of("user"),
        creation_ms: int(value, "creation_ms"),
        last_update_ms: int(value, "last_update_ms"),
        source: of("source"),
        run_id: of("run_id"),
        model_id: of("model_id"),
        tags: pairs(value.get("tags")),
    })
}

fn logged(value: &Value, experiment: u32) -> Option<LoggedModel> {
    let of = |name: &str| stated(value, name);
    let metrics = value.get("metrics").and_then(Value::as_object).into_iter().flatten();
    let metric = |(key, value): (&String, &Value)| {
        let last = number(&first_of(value, &["last"])?)?;
        let (step, time_ms) = (int(value, "step").unwrap_or(0), int(value, "time_ms").unwrap_or(0));
        Some((key.clone(), MetricSummary::of_last(last, step, time_ms)))
    };
    Some(LoggedModel {
        experiment,
        id: of("id")?,
        name: of("name").unwrap_or_default(),
        status: of("status").unwrap_or_default(),
        lifecycle: lifecycle_of(value),
        model_type: of("model_type"),
        run_id: of("run_id"),
        creation_ms: int(value, "creation_ms"),
        params: pairs(value.get("params")),
        tags: pairs(value.get("tags")),
        metrics: metrics.filter_map(metric).collect(),
    })
}

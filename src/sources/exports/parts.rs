//! SAVED ANSWERS OF THE REST INTERFACE, AND mlflow-export-import: files that each hold some experiments, runs, points, models or
//! traces, told by their keys, not by their names. Both tools wrap the same things, the second in an envelope (`system`, `info`,
//! `mlflow`; in 2021 none), with whole histories inside a run. All files of a folder come together in one store.
//!
//! It must not know which fields a thing has: that is `rest`.

use super::Kind;
use super::draft::{Draft, Point};
use super::files::{Files, Given, OneFile};
use super::held::{Held, fault};
use super::json::{Bad, Broken, Json};
use super::pace::Pace;
use crate::model::{MetricSeries, MetricSummary, ModelVersion, Reason, RegisteredModel, RunRow};
use crate::sources::rest::{answers, shelf};
use crate::sources::{Fault, path};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Points that do not say their run, by metric key.
type Orphans = BTreeMap<String, Vec<Point>>;

/// Reads all files that were given.
pub async fn load(kind: Kind, store: &str, given: Given, pace: &Pace) -> Result<Held, Fault> {
    let mut files = Files::find(given, &[Kind::Answers, Kind::ExportImport]).await?;
    pace.files_total(files.left());
    let mut reader = Reader {
        draft: Draft::new(store, kind.word()),
        pace,
        orphans: Vec::new(),
        histories_of: BTreeMap::new(),
        pages: Pages::default(),
    };
    loop {
        let batch = files.next(&mut reader.draft.report).await?;
        if batch.is_empty() {
            break;
        }
        for file in batch {
            reader.file(file).await?;
            pace.file_done();
        }
    }
    if reader.draft.is_empty() {
        return Err(fault(path::shown(store), "No experiment, run or model was found in it."));
    }
    reader.place_orphans();
    reader.pages.tell(&mut reader.draft, store);
    Ok(reader.draft.finish(kind.not_carried(), files.folder()))
}

/// Answers to `runs/search`, with and without more pages behind them.
#[derive(Default)]
struct Pages {
    last: u64,
    with_more: Vec<String>,
}

impl Pages {
    /// Of pages that were saved one after the other, one is the last: then nothing is amiss.
    fn tell(&self, draft: &mut Draft, store: &str) {
        if let (0, Some(file)) = (self.last, self.with_more.first()) {
            let file = if file.is_empty() { store } else { file };
            let message = "The answer says that more follow (`next_page_token`), and no last page is here.";
            draft.report.note(Reason::AnswerContinues, file, None, message);
        }
    }
}

struct Reader<'a> {
    draft: Draft,
    pace: &'a Pace,
    /// With the file that they stand in.
    orphans: Vec<(String, Orphans)>,
    /// Runs of which points stand by themselves, and the first file of such.
    histories_of: BTreeMap<String, String>,
    pages: Pages,
}

/// What stands side by side in one object of a file.
#[derive(Default)]
struct Body {
    /// Single values by key.
    fields: Map<String, Value>,
    /// Histories by metric key, of a run's file.
    histories: Vec<(String, Vec<Point>)>,
    /// Last values by metric key, of old files of a run.
    lasts: Vec<(String, f64)>,
    /// Points by run id and metric key, of a list.
    points: BTreeMap<(Option<String>, String), Vec<Point>>,
    has_runs: bool,
}

impl Reader<'_> {
    async fn file(&mut self, file: OneFile) -> Result<(), Fault> {
        let mut json = Json::new(file.bytes.clone())?;
        if !matches!(json.peek(), Ok(Some(b'{' | b'['))) {
            return Ok(());
        }
        match self.top(&file, &mut json).await {
            Ok(()) => Ok(()),
            Err(Broken::Fault(fault)) => Err(fault),
            Err(Broken::Text { line, message }) => {
                self.draft.report.note(Reason::JsonMalformed, &file.path, Some(line), message);
                Ok(())
            }
        }
    }

    async fn breathe(&self, json: &mut Json) {
        self.pace.runs(self.draft.table.len() as u64);
        self.pace.took(json.newly_read()).await;
    }

    async fn top(&mut self, file: &OneFile, json: &mut Json) -> Result<(), Broken> {
        if json.enter(b'[')? {
            return self.items(file, json, "runs").await;
        }
        let mut body = Body::default();
        let walked = self.object(file, json, &mut body, true).await;
        // What came before the break counts.
        self.take(file, body);
        self.breathe(json).await;
        walked
    }

    /// All keys of an object that was not entered yet; the `mlflow` of an envelope is read as if its keys stood outside.
    async fn object(&mut self, file: &OneFile, json: &mut Json, body: &mut Body, is_top: bool) -> Result<(), Broken> {
        json.enter(b'{')?;
        while let Some(key) = json.next_key()? {
            let next = json.peek()?;
            match (key.as_str(), next) {
                ("mlflow", Some(b'{')) if is_top => Box::pin(self.object(file, json, body, false)).await?,
                ("system" | "platform", _) => json.skip()?,
                ("metrics", Some(b'[')) => self.points(file, json, body).await?,
                ("metrics", Some(b'{')) => self.histories(file, json, body).await?,
                ("runs" | "experiments" | "registered_models" | "model_versions" | "models" | "traces", Some(b'[')) => {
                    body.has_runs |= key == "runs";
                    json.enter(b'[')?;
                    self.items(file, json, &key).await?;
                }
                // The counts of an envelope; what they say of failures is worth telling. A run's own `info` has its id.
                _ => match json.value()? {
                    Ok(Value::Object(info)) if key == "info" && is_top && !is_info(&info) => self.failures(file, &info),
                    Ok(value) => {
                        body.fields.insert(key, value);
                    }
                    Err(bad) => self.bad(file, &bad),
                },
            }
            self.breathe(json).await;
        }
        Ok(())
    }

    fn bad(&mut self, file: &OneFile, bad: &Bad) {
        self.draft.bad(&file.path, bad.line, bad.message.as_str());
    }

    fn failures(&mut self, file: &OneFile, info: &Map<String, Value>) {
        for (key, value) in info {
            if let (Some(what), Some(ids)) = (key.strip_prefix("failed_"), value.as_array()) {
                for id in ids.iter().filter_map(answers::text) {
                    let message = format!("The export says that it failed for {id} (of its {what}).");
                    self.draft.report.note(Reason::ExportIncomplete, &file.path, None, message);
                }
            }
        }
    }

    /// The items of a list that was entered.
    async fn items(&mut self, file: &OneFile, json: &mut Json, list: &str) -> Result<(), Broken> {
        while json.next_item()? {
            let line = json.line();
            match json.value()? {
                // Ids alone, or names: the things themselves are in other files.
                Ok(value) if !value.is_object() => {}
                Ok(value) => self.item(file, line, list, &value),
                Err(bad) => self.bad(file, &bad),
            }
            self.breathe(json).await;
        }
        Ok(())
    }

    fn item(&mut self, file: &OneFile, line: u64, list: &str, value: &Value) {
        let mut notes = Vec::new();
        let note = &mut |message: String| notes.push(message);
        let is_known = match list {
            "runs" => answers::run(value, note).map(|(experiment, run)| {
                self.draft.run(&experiment, run);
            }),
            // Lists of an export name experiments by `id`, and hold nothing else of them.
            "experiments" => match value.get("experiment_id") {
                Some(_) => answers::experiment(value, note).map(|experiment| self.draft.describe(experiment)),
                None => Some(()),
            },
            "registered_models" => shelf::registered_model(value, note).map(|model| self.draft.registered(model)),
            "model_versions" => shelf::model_version(value, note).map(|(name, version)| self.version(name, version)),
            "models" => match value.get("info") {
                Some(_) => shelf::logged_model(value, note).map(|(of, model)| self.draft.logged(&of, model)),
                None => Some(()),
            },
            _ => shelf::trace(value.get("trace_info").unwrap_or(value), note)
                .map(|(of, trace)| self.draft.trace(&of, trace)),
        };
        if is_known.is_none() && notes.is_empty() {
            notes.push(format!("An item of `{list}` has no id."));
        }
        for message in notes {
            self.draft.report.note(Reason::FieldInvalid, &file.path, Some(line), message);
        }
    }

    fn version(&mut self, name: String, version: ModelVersion) {
        self.draft.registered(RegisteredModel { name, versions: vec![version], ..RegisteredModel::default() });
    }

    /// A list of points: of `metrics/get-history`, or of a logged model.
    async fn points(&mut self, file: &OneFile, json: &mut Json, body: &mut Body) -> Result<(), Broken> {
        json.enter(b'[')?;
        while json.next_item()? {
            let line = json.line();
            match json.value()? {
                Err(bad) => self.bad(file, &bad),
                Ok(value) => match answers::point(&value).and_then(|point| Some((point.key.clone()?, point))) {
                    Some((key, point)) => {
                        let of = body.points.entry((point.run_id, key)).or_default();
                        of.push((point.step, point.time_ms, point.value));
                    }
                    None => self.draft.bad(&file.path, line, "An item of `metrics` is no point."),
                },
            }
            self.breathe(json).await;
        }
        Ok(())
    }

    /// An object of histories by metric key, or of last values.
    async fn histories(&mut self, file: &OneFile, json: &mut Json, body: &mut Body) -> Result<(), Broken> {
        json.enter(b'{')?;
        while let Some(key) = json.next_key()? {
            if !json.enter(b'[')? {
                let line = json.line();
                match json.value()?.map(|value| answers::text(&value).and_then(|text| answers::float(&text))) {
                    Ok(Some(value)) => body.lasts.push((key, value)),
                    Ok(None) => self.draft.bad(&file.path, line, format!("The metric {key} is no number.")),
                    Err(bad) => self.bad(file, &bad),
                }
                continue;
            }
            let mut points = Vec::new();
            while json.next_item()? {
                let line = json.line();
                match json.value()? {
                    Err(bad) => self.bad(file, &bad),
                    Ok(value) => match answers::point(&value) {
                        Some(point) => points.push((point.step, point.time_ms, point.value)),
                        None => self.draft.bad(&file.path, line, format!("An item of the metric {key} is no point.")),
                    },
                }
                self.breathe(json).await;
            }
            body.histories.push((key, points));
        }
        Ok(())
    }

    /// Takes what an object was of.
    fn take(&mut self, file: &OneFile, mut body: Body) {
        let mut notes = Vec::new();
        let note = &mut |message: String| notes.push(message);
        if body.has_runs {
            match body.fields.remove("next_page_token").as_ref().and_then(answers::filled) {
                Some(_) => self.pages.with_more.push(file.path.clone()),
                None => self.pages.last += 1,
            }
        }
        let single = |name: &str, body: &mut Body| body.fields.remove(name).filter(Value::is_object);
        if let Some(experiment) = single("experiment", &mut body).and_then(|value| answers::experiment(&value, note)) {
            self.draft.describe(experiment);
        }
        if let Some((experiment, run)) = single("run", &mut body).and_then(|value| answers::run(&value, note)) {
            self.draft.run(&experiment, run);
        }
        if let Some(model) =
            single("registered_model", &mut body).and_then(|value| shelf::registered_model(&value, note))
        {
            self.draft.registered(model);
        }
        let version = single("model_version", &mut body).or_else(|| single("registered_model_version", &mut body));
        if let Some((name, version)) = version.and_then(|value| shelf::model_version(&value, note)) {
            self.version(name, version);
        }
        if let Some((of, model)) = single("model", &mut body).and_then(|value| shelf::logged_model(&value, note)) {
            self.draft.logged(&of, model);
        }
        if let Some(model) = single("prompt", &mut body).and_then(|value| prompt(&value, note)) {
            self.draft.registered(model);
        }
        let trace = single("trace", &mut body)
            .map(|trace| trace.get("trace_info").or(trace.get("info")).cloned().unwrap_or(trace));
        if let Some((of, trace)) = trace.and_then(|value| shelf::trace(&value, note)) {
            self.draft.trace(&of, trace);
        }
        let fields = Value::Object(std::mem::take(&mut body.fields));
        let info = fields.get("info").and_then(Value::as_object).cloned().unwrap_or_default();
        let has = |key: &str| info.contains_key(key);
        if fields.get("model_id").is_some() {
            if let Some((of, mut model)) = shelf::logged_model(&fields, note) {
                model.metrics = last_of_each(&body.points);
                self.draft.logged(&of, model);
            }
        } else if has("trace_id") || has("request_id") {
            if let Some((of, trace)) = fields.get("info").and_then(|info| shelf::trace(info, note)) {
                self.draft.trace(&of, trace);
            }
        } else if has("run_id") || has("run_uuid") {
            self.take_run(file, &fields, body, note);
        } else {
            self.take_points(file, body);
        }
        for message in notes {
            self.draft.report.note(Reason::FieldInvalid, &file.path, None, message);
        }
    }

    /// A run whose parts stand side by side: `info` and `data` (`mlflow runs describe`), or `info`, `params`, `metrics`, `tags`.
    fn take_run(&mut self, file: &OneFile, fields: &Value, body: Body, note: answers::Note) {
        let read = match fields.get("data") {
            Some(_) => answers::run(fields, note),
            None => fields
                .get("info")
                .and_then(|info| answers::run_of_info(info, answers::pairs(fields.get("tags")), note))
                .map(|(experiment, row)| {
                    let time_ms = row.end_ms.or(row.start_ms).unwrap_or(0);
                    let last = |(key, value): (String, f64)| (key, MetricSummary::of_last(value, 0, time_ms));
                    let row = RunRow {
                        params: answers::pairs(fields.get("params")),
                        metrics: body.lasts.into_iter().map(last).collect(),
                        datasets: answers::datasets(fields.get("inputs")),
                        outputs: answers::outputs(fields.get("outputs")),
                        ..row
                    };
                    (experiment, row)
                }),
        };
        let Some((experiment, run)) = read else { return };
        let id = run.id.clone();
        let row = self.draft.run(&experiment, run);
        for (key, points) in body.histories {
            self.draft.history(&id, &key, points);
        }
        if let Some(dir) = &file.artifacts {
            self.draft.artifacts(row, dir.clone());
        }
    }

    fn take_points(&mut self, file: &OneFile, body: Body) {
        let mut orphans = Orphans::new();
        for ((run_id, key), points) in body.points {
            match run_id {
                Some(run_id) => {
                    self.histories_of.entry(run_id.clone()).or_insert_with(|| file.path.clone());
                    self.draft.history(&run_id, &key, points);
                }
                None => orphans.entry(key).or_default().extend(points),
            }
        }
        if !orphans.is_empty() {
            self.orphans.push((file.path.clone(), orphans));
        }
    }

    /// Points that do not say their run: that which the file's path names, else the only one whose last point is theirs.
    fn place_orphans(&mut self) {
        for (run, file) in std::mem::take(&mut self.histories_of) {
            if self.draft.row(&run).is_none() {
                let message = format!("Points of the run {run} were left out: the run itself is not here.");
                self.draft.report.note(Reason::HistoryUnassigned, file, None, message);
            }
        }
        for (file, orphans) in std::mem::take(&mut self.orphans) {
            let is_named = |id: &&String| !id.is_empty() && file.contains(id.as_str());
            let named = self.draft.table.id.iter().filter(is_named).max_by_key(|id| id.len()).cloned();
            for (key, points) in orphans {
                match named.clone().or_else(|| self.only_run_with(&key, &points)) {
                    Some(run) => self.draft.history(&run, &key, points),
                    None => {
                        let message =
                            format!("{} points of the metric {key} belong to no run that is known.", points.len());
                        self.draft.report.note(Reason::HistoryUnassigned, &file, None, message);
                    }
                }
            }
        }
    }

    fn only_run_with(&self, key: &str, points: &[Point]) -> Option<String> {
        let last = MetricSeries::from_points(points.to_vec()).summary()?;
        let is_last = |known: &MetricSummary| {
            (known.step, known.time_ms) == (last.step, last.time_ms)
                && (known.last == last.last || (known.last.is_nan() && last.last.is_nan()))
        };
        let column = self.draft.table.metrics.get(key)?;
        let mut rows = column.iter().filter(|(_, known)| is_last(known)).map(|(row, _)| row);
        match (rows.next(), rows.next()) {
            (Some(row), None) => self.draft.table.id.get(row as usize).cloned(),
            _ => None,
        }
    }
}

/// Whether an `info` is that of a run or a trace.
fn is_info(info: &Map<String, Value>) -> bool {
    ["run_id", "run_uuid", "trace_id", "request_id"].iter().any(|key| info.contains_key(*key))
}

/// Of points of several runs and datasets the last of each key.
fn last_of_each(points: &BTreeMap<(Option<String>, String), Vec<Point>>) -> Vec<(String, MetricSummary)> {
    let mut by_key: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for ((_, key), points) in points {
        by_key.entry(key).or_default().extend(points);
    }
    let last = |(key, points): (&str, Vec<Point>)| {
        let last = MetricSeries::from_points(points).summary()?;
        Some((key.to_owned(), MetricSummary::of_last(last.last, last.step, last.time_ms)))
    };
    by_key.into_iter().filter_map(last).collect()
}

/// A version of a prompt, as a registered model that is one.
fn prompt(value: &Value, note: answers::Note) -> Option<RegisteredModel> {
    let (name, version) = shelf::model_version(value, note)?;
    let tags = vec![("mlflow.prompt.is_prompt".to_owned(), "true".to_owned())];
    Some(RegisteredModel { name, tags, versions: vec![version], ..RegisteredModel::default() })
}

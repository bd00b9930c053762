//! From any source to a document, piece by piece: no more than a page of runs and a page of histories is in memory. Of a server that
//! fails on the way: what it gave, and a notice for each part that is missing.

use super::choice::{Choice, Chosen};
use super::histories::{Histories, Patience};
use super::items::{self, filled, push_number};
use super::{NOT_CARRIED, VERSION};
use crate::model::{LoggedModel, MetricSeries, MetricSummary, Reason, RegisteredModel, Report, RunTable, Shelf, Trace};
use crate::sources::exports::held::last_point;
use crate::sources::silence::{self, NOT_ASKED};
use crate::sources::{Fault, Progress, RunsAsk, Source, each_page};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::fmt::Write;

/// Runs of a page.
const RUNS: u32 = 256;
/// Text is handed on in pieces of about so many bytes.
const PIECE: usize = 256 << 10;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Experiments.
    pub experiments: u64,
    /// Runs.
    pub runs: u64,
    /// Points of their metrics.
    pub points: u64,
    /// What was chosen and is not there.
    pub missing: Vec<String>,
    /// What a server did not give, a sentence each: the document holds the rest.
    pub silences: Vec<String>,
}

/// Writes a document to `sink`; `heard` is told how far reading has come.
///
/// # Errors
/// Those of files, those of a server that gave nothing, and those of `sink`.
pub async fn write(
    source: &dyn Source,
    chosen: &Chosen,
    sink: &mut dyn FnMut(&str) -> Result<(), Fault>,
    heard: &mut dyn FnMut(Progress),
) -> Result<Written, Fault> {
    let mut report = Report::default();
    let mut experiments = Vec::new();
    let asked = each_page(
        |after| source.experiments(after),
        |page| {
            heard(page.read);
            experiments.extend(page.items);
            report.merge(page.report);
        },
    )
    .await;
    let missing = "Not all experiments came, nor their runs";
    let is_there = silence::goes_on(asked, !experiments.is_empty(), missing, &mut report)?;
    let mut writer = Writer {
        out: Out { sink, text: String::new() },
        choice: Choice::new(chosen, experiments),
        report,
        is_there,
        patience: Patience::new(),
        written: Written::default(),
    };
    let head = json!(format!("runglass {}", env!("CARGO_PKG_VERSION")));
    writer.out.push(&format!("{{\"runglass\":{VERSION},\"written_by\":{head},\n"))?;
    writer.runs(source, heard).await?;
    writer.rest(source).await
}

struct Out<'a> {
    sink: &'a mut dyn FnMut(&str) -> Result<(), Fault>,
    text: String,
}

impl Out<'_> {
    fn push(&mut self, text: &str) -> Result<(), Fault> {
        self.text.push_str(text);
        if self.text.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let text = std::mem::take(&mut self.text);
        (self.sink)(&text)
    }

    /// A text as JSON.
    fn quoted(&mut self, text: &str) -> Result<(), Fault> {
        match text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
            true => self.push(&json!(text).to_string()),
            false => {
                self.text.push('"');
                self.text.push_str(text);
                self.push("\"")
            }
        }
    }

    /// A field that is an object of texts, where there are some.
    fn texts(&mut self, key: &str, texts: &[(&str, &str)]) -> Result<(), Fault> {
        for (at, (name, text)) in texts.iter().enumerate() {
            let before = if at == 0 { format!(",\"{key}\":{{") } else { ",".to_owned() };
            self.push(&before)?;
            self.quoted(name)?;
            self.push(":")?;
            self.quoted(text)?;
        }
        if texts.is_empty() { Ok(()) } else { self.push("}") }
    }

    /// A list, each item on its line.
    fn list(&mut self, key: &str, items: impl Iterator<Item = Value>) -> Result<(), Fault> {
        self.push(&format!(",\n\"{key}\":["))?;
        for (at, item) in items.enumerate() {
            self.push(if at == 0 { "\n" } else { ",\n" })?;
            self.push(&item.to_string())?;
        }
        self.push("\n]")
    }
}

struct Writer<'a> {
    out: Out<'a>,
    choice: Choice,
    report: Report,
    /// Whether more can be asked.
    is_there: bool,
    patience: Patience,
    written: Written,
}

/// What one run logged, by key.
#[derive(Default)]
struct Logged<'a> {
    params: Vec<(&'a str, &'a str)>,
    tags: Vec<(&'a str, &'a str)>,
    metrics: Vec<(&'a str, MetricSummary)>,
}

impl Writer<'_> {
    async fn runs(&mut self, source: &dyn Source, heard: &mut dyn FnMut(Progress)) -> Result<(), Fault> {
        self.out.push("\"runs\":[")?;
        let mut after = None;
        let scope = self.choice.scope();
        loop {
            if !self.is_there {
                silence::note(&mut self.report, "", "Not all runs came", NOT_ASKED);
                break;
            }
            let page = match source.runs(RunsAsk { after, size: RUNS, scope: scope.clone() }).await {
                Ok(page) => page,
                Err(fault) => {
                    self.is_there =
                        silence::goes_on(Err(fault), self.has_some(), "Not all runs came", &mut self.report)?;
                    break;
                }
            };
            heard(page.read);
            self.report.merge(page.report);
            self.page(source, &page.items).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.out.push("\n]")
    }

    /// Whether a server gave anything before it fails.
    fn has_some(&self) -> bool {
        !self.choice.experiments.is_empty()
    }

    async fn page(&mut self, source: &dyn Source, table: &RunTable) -> Result<(), Fault> {
        let mut rows = Vec::new();
        for (row, ((id, key), experiment)) in table.id.iter().zip(&table.key).zip(&table.experiment).enumerate() {
            if self.choice.takes_run(id, &key.0, *experiment) {
                rows.push(row);
            }
        }
        let mut logged = logged(table);
        let mut pairs = Vec::new();
        for row in &rows {
            if let (Some(key), Some(logged)) = (table.key.get(*row), logged.get(*row)) {
                pairs.extend(logged.metrics.iter().map(|(metric, _)| (key.clone(), (*metric).to_owned())));
            }
        }
        let mut histories = Histories::new(source, pairs, self.patience);
        for row in rows {
            let Some(logged) = logged.get_mut(row).map(std::mem::take) else { continue };
            let Some(fields) = self.run(table, row) else { continue };
            self.out.push(if self.written.runs == 0 { "\n" } else { ",\n" })?;
            let text = Value::Object(fields).to_string();
            self.out.push(text.strip_suffix('}').unwrap_or(&text))?;
            self.out.texts("params", &logged.params)?;
            self.out.texts("tags", &logged.tags)?;
            self.out.push(",\"metrics\":{")?;
            for (at, (key, summary)) in logged.metrics.into_iter().enumerate() {
                let read = histories.next(&mut self.report).await?;
                // A history that can not be read any more still has its last point.
                let series = read.filter(|series| !series.is_empty()).unwrap_or_else(|| last_point(summary));
                self.written.points += series.len() as u64;
                self.out.push(if at == 0 { "" } else { "," })?;
                self.metric(key, &series)?;
            }
            self.out.push("}}")?;
            self.written.runs += 1;
        }
        self.patience = histories.patience;
        Ok(())
    }

    /// All of a run but what it logged.
    fn run(&mut self, table: &RunTable, row: usize) -> Option<Map<String, Value>> {
        let experiment = *table.experiment.get(row)?;
        let deleted = *table.lifecycle.get(row)?;
        let outputs = table.outputs.get(row)?;
        Some(filled([
            ("key", json!(table.key.get(row)?.0)),
            ("id", json!(table.id.get(row)?)),
            ("experiment", json!(self.choice.number(experiment as usize))),
            ("name", json!(table.name.get(row)?)),
            ("status", json!(table.status.get(row)?.word())),
            ("lifecycle", items::lifecycle(deleted)),
            ("start_ms", json!(table.start_ms.get(row)?)),
            ("end_ms", json!(table.end_ms.get(row)?)),
            ("user", json!(table.user.get(u32::try_from(row).ok()?))),
            ("artifact_uri", json!(table.artifact_uri.get(row)?)),
            ("datasets", table.datasets.get(row)?.iter().map(items::dataset).collect()),
            ("outputs", json!(outputs)),
        ]))
    }

    fn metric(&mut self, key: &str, series: &MetricSeries) -> Result<(), Fault> {
        fn column<T>(out: &mut Out, items: &[T], text: impl Fn(&mut String, &T)) -> Result<(), Fault> {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.text.push(',');
                }
                text(&mut out.text, item);
                out.push("")?;
            }
            Ok(())
        }
        let whole = |text: &mut String, number: &i64| {
            let _ = write!(text, "{number}");
        };
        self.out.quoted(key)?;
        self.out.push(":{\"steps\":[")?;
        column(&mut self.out, &series.step, whole)?;
        self.out.push("],\"times_ms\":[")?;
        column(&mut self.out, &series.time_ms, whole)?;
        self.out.push("],\"values\":[")?;
        column(&mut self.out, &series.value, |text, number| push_number(text, *number))?;
        self.out.push("]}")
    }

    /// What lies beside the runs.
    async fn shelf(&mut self, source: &dyn Source) -> Result<Shelf, Fault> {
        let (mut shelf, missing) = (Shelf::default(), "Not all registered models, logged models and traces came");
        if !self.is_there {
            silence::note(&mut self.report, "", missing, NOT_ASKED);
            return Ok(shelf);
        }
        let report = &mut self.report;
        let asked = each_page(
            |after| source.shelf(after),
            |page| {
                report.merge(page.report);
                shelf.append(page.items);
            },
        )
        .await;
        self.is_there = silence::goes_on(asked, self.has_some(), missing, &mut self.report)?;
        Ok(shelf)
    }

    async fn rest(mut self, source: &dyn Source) -> Result<Written, Fault> {
        let shelf = self.shelf(source).await?;
        let mut stores = source.stores().await?;
        let is_all = self.choice.is_all();
        let choice = &self.choice;
        let chosen = choice.order.iter().filter_map(|at| choice.experiments.get(*at));
        self.out.list("experiments", chosen.map(items::experiment))?;
        let run_of = |run: &Option<String>| run.as_deref().is_some_and(|run| choice.runs.contains(run));
        let is_registered =
            |model: &&RegisteredModel| is_all || model.versions.iter().any(|version| run_of(&version.run_id));
        let registered_models: Vec<&RegisteredModel> = shelf.registered.iter().filter(is_registered).collect();
        let of_logged = |model: &LoggedModel| choice.takes(model.experiment, model.run_id.as_deref());
        let logged: Vec<(u32, &LoggedModel)> =
            shelf.logged.iter().filter_map(|model| Some((of_logged(model)?, model))).collect();
        let of_trace = |trace: &Trace| choice.takes(trace.experiment, trace.run_id.as_deref());
        let traces: Vec<(u32, &Trace)> =
            shelf.traces.iter().filter_map(|trace| Some((of_trace(trace)?, trace))).collect();
        if !is_all {
            // The store's own counts are those of the whole store.
            for (at, store) in stores.iter_mut().enumerate() {
                let is_here = |number: u32| {
                    let experiment = choice.order.get(number as usize).and_then(|at| choice.experiments.get(*at));
                    experiment.is_some_and(|experiment| experiment.store as usize == at)
                };
                store.logged_models = logged.iter().filter(|(number, _)| is_here(*number)).count() as u64;
                store.traces = traces.iter().filter(|(number, _)| is_here(*number)).count() as u64;
                let names: HashSet<&str> = registered_models.iter().map(|model| model.name.as_str()).collect();
                store.registered_models.retain(|(name, _)| names.contains(name.as_str()));
            }
        }
        if shelf != Shelf::default() {
            self.out.list("registered_models", registered_models.into_iter().map(items::registered))?;
            self.out.list("logged_models", logged.into_iter().map(items::logged_model))?;
            self.out.list("traces", traces.into_iter().map(items::trace))?;
        }
        self.out.list("stores", stores.iter().map(items::store))?;
        let is_own = |message: &str| message == NOT_CARRIED;
        let notices = self
            .report
            .notices()
            .iter()
            .filter(|notice| notice.reason != Reason::FormatPartial || !is_own(&notice.message));
        self.out.list(
            "notices",
            notices.map(|notice| {
                let (reason, path) = (notice.reason.word(), &notice.path);
                Value::Object(filled([
                    ("reason", json!(reason)),
                    ("path", json!(path)),
                    ("line", json!(notice.line)),
                    ("message", json!(notice.message)),
                ]))
            }),
        )?;
        self.out.push("}\n")?;
        self.out.flush()?;
        let silent = self.report.notices().iter().filter(|notice| notice.reason == Reason::ServerSilent);
        Ok(Written {
            experiments: self.choice.order.len() as u64,
            missing: self.choice.missing(),
            silences: silent.map(|notice| notice.message.clone()).collect(),
            ..self.written
        })
    }
}

/// Columns turned into what each run has, by key.
fn logged(table: &RunTable) -> Vec<Logged<'_>> {
    let mut logged: Vec<Logged> = Vec::new();
    logged.resize_with(table.len(), Logged::default);
    for (key, column) in table.params.iter() {
        for (row, code) in column.codes() {
            if let Some(run) = logged.get_mut(row as usize) {
                run.params.push((key, column.text(code)));
            }
        }
    }
    for (key, column) in table.tags.iter() {
        for (row, code) in column.codes() {
            if let Some(run) = logged.get_mut(row as usize) {
                run.tags.push((key, column.text(code)));
            }
        }
    }
    for (key, column) in table.metrics.iter() {
        for (row, summary) in column.iter() {
            if let Some(run) = logged.get_mut(row as usize) {
                run.metrics.push((key, summary));
            }
        }
    }
    for run in &mut logged {
        run.params.sort_unstable();
        run.tags.sort_unstable();
        run.metrics.sort_unstable_by_key(|(key, _)| *key);
    }
    logged
}

//! Runs and all that belongs to them, put together from the rows of seven tables in whatever order they come.

use super::chains::{Chains, Names, Text, Texts};
use super::datasets::Datasets;
use super::rows::{Head, INPUT, METRIC, Point, RUN, TEXT, point, summary};
use crate::model::{Columns, Reason, Report, RunTable, point_order};
use crate::sources::Fault;
use crate::sources::sqlite::{Database, Row, Table, Value};
use std::collections::HashMap;
use std::rc::Rc;

/// What a table tells of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `runs`
    Runs,
    /// `params`
    Params,
    /// `tags`
    Tags,
    /// `latest_metrics`, and `metrics` before there was that.
    Metrics,
    /// `inputs`: edges between runs, datasets and models.
    Inputs,
    /// `input_tags`
    InputTags,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 6] = [Part::Runs, Part::Params, Part::Tags, Part::Metrics, Part::Inputs, Part::InputTags];

    /// Its table, where the database has it.
    pub fn table(self, database: &Database) -> Option<&Rc<Table>> {
        database.table(match self {
            Part::Runs => "runs",
            Part::Params => "params",
            Part::Tags => "tags",
            Part::Metrics => return database.table("latest_metrics").or_else(|| database.table("metrics")),
            Part::Inputs => "inputs",
            Part::InputTags => "input_tags",
        })
    }

    /// What is wanted of it.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Part::Runs => &RUN,
            Part::Params | Part::Tags => &TEXT,
            Part::Metrics => &METRIC,
            Part::Inputs => &INPUT,
            Part::InputTags => &["input_uuid", "name", "value"],
        }
    }
}

/// Where the columns of a table are, by the numbers of their keys here.
#[derive(Default)]
struct Places {
    params: PlacesOf,
    tags: PlacesOf,
    metrics: PlacesOf,
}

#[derive(Default)]
struct PlacesOf(Vec<Option<usize>>);

impl PlacesOf {
    fn column<'t, C: Default>(&mut self, columns: &'t mut Columns<C>, keys: &Names, key: u32) -> Option<&'t mut C> {
        self.0.resize(self.0.len().max(key as usize + 1), None);
        let place = self.0.get_mut(key as usize)?;
        let number = *place.get_or_insert_with(|| columns.number(keys.get(key)));
        columns.at_mut(number)
    }
}

/// Key and text of each run.
#[derive(Default)]
struct Keyed {
    keys: Names,
    of_run: Chains<(u32, Text)>,
    /// By key: its text when it was last seen, which is mostly what it is again.
    last: Vec<Text>,
}

impl Keyed {
    fn add(&mut self, texts: &mut Texts, run: u32, key: &str, text: &str) {
        let key = self.keys.number(key);
        self.last.resize(self.keys.len(), Text::default());
        let Some(last) = self.last.get_mut(key as usize) else { return };
        if texts.get(*last) != text {
            *last = texts.add(text);
        }
        self.of_run.push(run, (key, if text.is_empty() { Text::default() } else { *last }));
    }

    fn of<'a>(&'a self, texts: &'a Texts, run: u32, key: &str) -> Option<&'a str> {
        let key = self.keys.find(key)?;
        self.of_run.of(run).find(|(other, _)| *other == key).map(|(_, text)| texts.get(text))
    }
}

/// Runs so far.
#[derive(Default)]
pub struct Found {
    /// Numbers of runs by id; those of deleted ones whose params are still there as well.
    runs: Names,
    /// By number, where its own row was seen.
    heads: Vec<Option<Head>>,
    texts: Texts,
    params: Keyed,
    tags: Keyed,
    metric_keys: Names,
    /// There is one row a metric, not one a point.
    is_latest: bool,
    metrics: Chains<(u32, Point)>,
    /// Ids of a dataset and of its edge.
    inputs: Chains<(Text, Text)>,
    outputs: Chains<Text>,
    /// Of edges.
    contexts: HashMap<Box<str>, Text>,
}

impl Found {
    /// Nothing is found yet.
    pub fn new(database: &Database) -> Found {
        Found { is_latest: database.table("latest_metrics").is_some(), ..Found::default() }
    }

    /// Takes a row of [`Part::columns`].
    pub fn add(&mut self, part: Part, row: &Row<'_>, file: &str, report: &mut Report) {
        let text = |at: usize| row.get(at).text();
        match part {
            Part::Runs => {
                if let Some(head) = Head::read(row, file, report) {
                    let run = self.runs.number(&head.id) as usize;
                    self.heads.resize_with(self.heads.len().max(run + 1), || None);
                    if let Some(slot) = self.heads.get_mut(run) {
                        *slot = Some(head);
                    }
                }
            }
            Part::Params | Part::Tags => {
                let (Some(run), Some(key)) = (text(0), text(1)) else { return };
                let run = self.runs.number(&run);
                let keyed = if part == Part::Params { &mut self.params } else { &mut self.tags };
                keyed.add(&mut self.texts, run, &key, &text(2).unwrap_or_default());
            }
            Part::Metrics => {
                let (Some(run), Some(key)) = (text(0), text(1)) else { return };
                let (run, key) = (self.runs.number(&run), self.metric_keys.number(&key));
                let point = point(row);
                let known = if self.is_latest { None } else { self.metrics.find_mut(run, |(other, _)| *other == key) };
                match known {
                    Some((_, last)) if point_order(*last, point).is_lt() => *last = point,
                    Some(_) => {}
                    None => self.metrics.push(run, (key, point)),
                }
            }
            Part::Inputs => match (row.get(0), row.get(2)) {
                (Value::Text(b"DATASET"), Value::Text(b"RUN")) => {
                    let (Some(dataset), Some(run), Some(edge)) = (text(1), text(3), text(4)) else { return };
                    let edge = (self.texts.add(&dataset), self.texts.add(&edge));
                    self.inputs.push(self.runs.number(&run), edge);
                }
                (Value::Text(b"RUN_OUTPUT"), Value::Text(b"MODEL_OUTPUT")) => {
                    let (Some(run), Some(model)) = (text(1), text(3)) else { return };
                    self.outputs.push(self.runs.number(&run), self.texts.add(&model));
                }
                _ => {}
            },
            Part::InputTags => {
                let (Some(edge), Some(name)) = (text(0), text(1)) else { return };
                if name == "mlflow.data.context" {
                    let context = self.texts.add(&text(2).unwrap_or_default());
                    self.contexts.insert(edge.into(), context);
                }
            }
        }
    }

    /// The runs whose own rows were seen, newest first.
    pub fn newest_first(&self) -> Vec<u32> {
        let rowid = |run: u32| self.heads.get(run as usize).and_then(Option::as_ref).map(|head| head.rowid);
        let mut runs: Vec<(i64, u32)> =
            (0..self.heads.len() as u32).filter_map(|run| rowid(run).map(|rowid| (rowid, run))).collect();
        runs.sort_unstable_by(|a, b| b.cmp(a));
        runs.into_iter().map(|(_, run)| run).collect()
    }

    /// The id of a run.
    pub fn id(&self, run: u32) -> &str {
        self.runs.get(run)
    }

    /// Ids of the edges to the datasets of a run.
    pub fn edges(&self, run: u32) -> impl Iterator<Item = &str> {
        self.inputs.of(run).map(|(_, edge)| self.texts.get(edge))
    }

    /// The runs of those numbers as a table; they are gone from here then.
    ///
    /// # Errors
    /// Those of the files: datasets are read now.
    pub fn table(
        &mut self,
        runs: &[u32],
        (database, datasets): (&Database, &Datasets),
        experiments: &HashMap<i64, u32>,
        file: &str,
        report: &mut Report,
    ) -> Result<RunTable, Fault> {
        let ids = runs.iter().flat_map(|run| self.inputs.of(*run)).map(|(dataset, _)| self.texts.get(dataset));
        datasets.read(database, ids)?;
        let mut table = RunTable::default();
        let mut places = Places::default();
        for run in runs {
            let Some(head) = self.heads.get_mut(*run as usize).and_then(Option::take) else { continue };
            let Some(experiment) = experiments.get(&head.experiment) else {
                let message =
                    format!("Run {} is of experiment {}, which is not in the database.", head.id, head.experiment);
                report.note(Reason::RunMissing, file, None, message);
                continue;
            };
            self.push((&mut table, &mut places), *run, head, *experiment, datasets, file, report);
        }
        Ok(table)
    }

    #[allow(clippy::too_many_arguments)]
    fn push(
        &self,
        (table, places): (&mut RunTable, &mut Places),
        run: u32,
        head: Head,
        experiment: u32,
        datasets: &Datasets,
        file: &str,
        report: &mut Report,
    ) {
        let mut row = head.run(experiment);
        let tag = |key: &str| self.tags.of(&self.texts, run, key).map(str::to_owned);
        if row.name.is_empty() {
            row.name = tag("mlflow.runName").unwrap_or_default();
        }
        row.user = tag("mlflow.user").or(row.user);
        row.outputs = self.outputs.of(run).map(|model| self.texts.get(model).to_owned()).collect();
        row.outputs.sort();
        let input = |(dataset, edge): (Text, Text)| {
            let context = self.contexts.get(self.texts.get(edge)).map(|text| self.texts.get(*text).to_owned());
            datasets.input(self.texts.get(dataset), context, &row.id, file, report)
        };
        row.datasets = self.inputs.of(run).filter_map(input).collect();
        row.datasets.sort();
        let at = table.push(row);
        let mut own: Vec<(u32, Text)> = self.params.of_run.of(run).collect();
        for (key, text) in own.drain(..).rev() {
            let column = places.params.column(&mut table.params, &self.params.keys, key);
            column.into_iter().for_each(|column| column.set(at, self.texts.get(text)));
        }
        own.extend(self.tags.of_run.of(run));
        for (key, text) in own.drain(..).rev() {
            let column = places.tags.column(&mut table.tags, &self.tags.keys, key);
            column.into_iter().for_each(|column| column.set(at, self.texts.get(text)));
        }
        let mut points: Vec<(u32, Point)> = self.metrics.of(run).collect();
        for (key, point) in points.drain(..).rev() {
            let column = places.metrics.column(&mut table.metrics, &self.metric_keys, key);
            column.into_iter().for_each(|column| column.set(at, summary(point)));
        }
    }
}

//! Runs and all that belongs to them, put together from the rows of seven tables in whatever order they come.

use super::chains::{Chains, Names, Text, Texts};
use super::datasets::Datasets;
use super::keyed::{Keyed, Ranks, TextValues, Values};
use super::rows::{Head, INPUT, METRIC, Point, RUN, TEXT, point, summary};
use crate::model::{
    Columns, DatasetInput, Lifecycle, Reason, Report, RunKey, RunRow, RunStatus, RunTable, Summaries, TextColumn,
    point_order,
};
use crate::sources::Fault;
use crate::sources::sqlite::{Database, Row, Table, Value};
use std::collections::{HashMap, HashSet};
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

/// What is kept of a run's own row.
#[derive(Clone, Copy, Debug)]
struct Kept {
    rowid: i64,
    experiment: i64,
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    name: Text,
    user: u32,
    /// As [`pattern`] has it.
    artifact_uri: u32,
    status: RunStatus,
    lifecycle: Lifecycle,
}

/// The address of a run's artifacts without its id, which mostly leaves the same for all runs of an experiment.
fn pattern(uri: &str, id: &str) -> String {
    match uri.split_once(id) {
        _ if uri.contains('\0') => format!("{AS_IT_IS}{uri}"),
        Some((before, after)) => format!("{before}\0{after}"),
        None => uri.to_owned(),
    }
}

/// Before an address that holds what stands for the id.
const AS_IT_IS: &str = "\0\0";

/// The address of a pattern.
fn filled_in(pattern: &str, id: &str) -> String {
    match (pattern.strip_prefix(AS_IT_IS), pattern.split_once('\0')) {
        (Some(uri), _) => uri.to_owned(),
        (None, Some((before, after))) => [before, id, after].concat(),
        (None, None) => pattern.to_owned(),
    }
}

/// Runs so far.
#[derive(Default)]
pub struct Found {
    /// Numbers of runs by id; those of deleted ones whose params are still there as well.
    runs: Names,
    /// Of those whose own row was seen.
    heads: Values<Kept>,
    texts: Texts,
    /// Of users and addresses.
    repeated: Names,
    params: Keyed<TextValues>,
    tags: Keyed<TextValues>,
    metrics: Keyed<Values<Point>>,
    /// Where there is one row a point, not one a metric: the places of the last ones by key and run.
    last_points: Option<HashMap<(u32, u32), (u32, u32)>>,
    /// Ids of a dataset and of its edge.
    inputs: Chains<(Text, Text)>,
    outputs: Chains<Text>,
    /// Of edges.
    contexts: HashMap<Box<str>, Text>,
    /// Runs in the order in which they are given, and how many of them were.
    order: Vec<u32>,
    given: u32,
}

impl Found {
    /// Nothing is found yet.
    pub fn new(database: &Database) -> Found {
        let is_latest = database.table("latest_metrics").is_some();
        Found { last_points: (!is_latest).then(HashMap::new), ..Found::default() }
    }

    /// Takes a row of [`Part::columns`].
    pub fn add(&mut self, part: Part, row: &Row<'_>, file: &str, report: &mut Report) {
        let text = |at: usize| row.get(at).text();
        match part {
            Part::Runs => {
                if let Some(head) = Head::read(row, file, report) {
                    let kept = Kept {
                        rowid: head.rowid,
                        experiment: head.experiment,
                        start_ms: head.start_ms,
                        end_ms: head.end_ms,
                        name: self.texts.add(&head.name),
                        user: self.repeated.number(&head.user),
                        artifact_uri: self.repeated.number(&pattern(&head.artifact_uri, &head.id)),
                        status: head.status,
                        lifecycle: head.lifecycle,
                    };
                    self.heads.push(self.runs.number(&head.id), kept);
                }
            }
            Part::Params | Part::Tags => {
                let (Some(run), Some(key)) = (text(0), text(1)) else { return };
                let keyed = if part == Part::Params { &mut self.params } else { &mut self.tags };
                if let Some((_, column)) = keyed.column(&key) {
                    column.push(self.runs.number(&run), &text(2).unwrap_or_default());
                }
            }
            Part::Metrics => {
                let (Some(run), Some(key)) = (text(0), text(1)) else { return };
                let (run, point) = (self.runs.number(&run), point(row));
                let Some((key, column)) = self.metrics.column(&key) else { return };
                let Some(last_points) = &mut self.last_points else {
                    column.push(run, point);
                    return;
                };
                match last_points.get(&(key, run)).and_then(|place| column.at_mut(*place)) {
                    Some(last) if point_order(*last, point).is_lt() => *last = point,
                    Some(_) => {}
                    None => {
                        last_points.insert((key, run), column.push(run, point));
                    }
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
        let mut runs: Vec<(i64, u32)> = self.heads.iter().map(|(run, head)| (head.rowid, run)).collect();
        runs.sort_unstable_by(|a, b| b.cmp(a));
        // damaged tables may tell of a run twice
        let mut is_known = HashSet::with_capacity(runs.len());
        runs.into_iter().filter(|(_, run)| is_known.insert(*run)).map(|(_, run)| run).collect()
    }

    /// The id of a run.
    pub fn id(&self, run: u32) -> &str {
        self.runs.get(run)
    }

    /// Ids of the edges to the datasets of a run.
    pub fn edges(&self, run: u32) -> impl Iterator<Item = &str> {
        self.inputs.of(run).map(|(_, edge)| self.texts.get(edge))
    }

    /// All is found that there is of these runs, which are given in that order.
    pub fn settle(&mut self, order: Vec<u32>) {
        let ranks = Ranks::new(&order);
        self.last_points = None;
        self.heads.rank(&ranks);
        for (_, column) in self.params.iter_mut().chain(self.tags.iter_mut()) {
            column.values.rank(&ranks);
        }
        self.metrics.iter_mut().for_each(|(_, column)| column.rank(&ranks));
        (self.order, self.given) = (order, 0);
    }

    /// How many runs are still to be given.
    pub fn left(&self) -> usize {
        self.order.len().saturating_sub(self.given as usize)
    }

    /// The next runs of the order as a table; they are gone from here then.
    ///
    /// # Errors
    /// Those of the files: datasets are read now.
    pub fn next(
        &mut self,
        size: usize,
        (database, datasets): (&Database, &Datasets),
        experiments: &HashMap<i64, u32>,
        file: &str,
        report: &mut Report,
    ) -> Result<RunTable, Fault> {
        let start = self.given;
        let end = start.saturating_add(size.min(self.left()) as u32);
        let order = self.order.get(start as usize..end as usize).unwrap_or_default();
        let ids = order.iter().flat_map(|run| self.inputs.of(*run)).map(|(dataset, _)| self.texts.get(dataset));
        datasets.read(database, ids)?;
        self.given = end;
        let mut table = RunTable::default();
        let mut rows: Vec<Option<u32>> = vec![None; order.len()];
        let Found { runs, heads, texts, repeated, inputs, outputs, contexts, .. } = self;
        heads.take_below(end, |rank, head| {
            let at = rank.saturating_sub(start) as usize;
            let (Some(run), Some(slot)) = (order.get(at), rows.get_mut(at)) else { return };
            let id = runs.get(*run);
            let Some(experiment) = experiments.get(&head.experiment) else {
                let message = format!("Run {id} is of experiment {}, which is not in the database.", head.experiment);
                report.note(Reason::RunMissing, file, None, message);
                return;
            };
            let mut outputs: Vec<String> = outputs.of(*run).map(|model| texts.get(model).to_owned()).collect();
            outputs.sort();
            let input = |(dataset, edge): (Text, Text)| {
                let context = contexts.get(texts.get(edge)).map(|text| texts.get(*text).to_owned());
                datasets.input(texts.get(dataset), context, id, file, report)
            };
            let mut datasets: Vec<DatasetInput> = inputs.of(*run).filter_map(input).collect();
            datasets.sort();
            let some = |text: String| Some(text).filter(|text| !text.is_empty());
            *slot = Some(table.push(RunRow {
                key: RunKey(id.to_owned()),
                id: id.to_owned(),
                experiment: *experiment,
                name: texts.get(head.name).to_owned(),
                status: head.status,
                lifecycle: head.lifecycle,
                start_ms: head.start_ms,
                end_ms: head.end_ms,
                user: some(repeated.get(head.user).to_owned()),
                artifact_uri: some(filled_in(repeated.get(head.artifact_uri), id)),
                params: Vec::new(),
                tags: Vec::new(),
                metrics: Vec::new(),
                datasets,
                outputs,
            }));
        });
        let row_of = |rank: u32| rows.get(rank.saturating_sub(start) as usize).copied().flatten();
        take_texts(&mut self.params, end, &row_of, &mut table.params);
        take_texts(&mut self.tags, end, &row_of, &mut table.tags);
        for (key, column) in self.metrics.iter_mut() {
            let mut own = Summaries::default();
            column.take_below(end, |rank, point| {
                row_of(rank).into_iter().for_each(|row| own.set(row, summary(point)));
            });
            if !own.is_empty() {
                *table.metrics.entry(key) = own;
            }
        }
        let names = table.tags.get("mlflow.runName").into_iter().flat_map(TextColumn::texts);
        for (row, name) in names {
            table
                .name
                .get_mut(row as usize)
                .filter(|own| own.is_empty())
                .into_iter()
                .for_each(|own| *own = name.into());
        }
        let users = table.tags.get("mlflow.user").into_iter().flat_map(TextColumn::texts);
        users.for_each(|(row, user)| table.user.set(row, user));
        Ok(table)
    }
}

/// Texts of the runs whose ranks are below `end` as columns of a table.
fn take_texts(
    from: &mut Keyed<TextValues>,
    end: u32,
    row_of: &dyn Fn(u32) -> Option<u32>,
    to: &mut Columns<TextColumn>,
) {
    for (key, TextValues { texts, values, .. }) in from.iter_mut() {
        let mut own = TextColumn::default();
        values.take_below(end, |rank, code| row_of(rank).into_iter().for_each(|row| own.set(row, texts.get(code))));
        if !own.is_empty() {
            *to.entry(key) = own;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{filled_in, pattern};

    #[test]
    fn an_address_is_what_it_was() {
        for uri in
            ["", "s3://b/0/abc/artifacts", "/x/abc", "abc", "/abc/abc", "/other", "/abc\0", "\0a\0", "a\0b\0", "\0"]
        {
            assert_eq!(filled_in(&pattern(uri, "abc"), "abc"), uri, "{uri:?}");
        }
        assert_eq!(pattern("/x/abc/artifacts", "abc"), pattern("/x/def/artifacts", "def"));
    }
}

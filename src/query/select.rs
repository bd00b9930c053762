//! Clauses to row numbers, a column at a time: a text is tested once a distinct value, not once a run. The meaning of
//! each comparator is that of MLflow's file store; what is missing matches no test but IS NULL.

use super::like::Pattern;
use super::{Clause, NumberOp, Query, Test, TextOp};
use crate::model::{Attribute, DatasetInput, DatasetKey, Experiment, Field, RunStatus, RunTable, TextColumn};
use std::collections::HashSet;

/// The tag behind the attribute `source`.
pub(super) const SOURCE_TAG: &str = "mlflow.source.name";

impl Query {
    /// Those of `rows` that match all clauses, in the same order. `experiments` are the ones that the table's experiment
    /// numbers mean. Rows that the table does not have never match.
    pub fn select(&self, table: &RunTable, rows: &[u32], experiments: &[Experiment]) -> Vec<u32> {
        let mut rows = rows.to_vec();
        rows.retain(|row| (*row as usize) < table.len());
        for clause in &self.clauses {
            clause.keep(table, &mut rows, experiments);
        }
        rows
    }
}

impl Clause {
    fn keep(&self, table: &RunTable, rows: &mut Vec<u32>, experiments: &[Experiment]) {
        let matcher = Matcher::new(&self.test);
        match &self.field {
            Field::Metric(key) => match table.metrics.get(key) {
                Some(column) => rows.retain(|row| matcher.number(column.last(*row))),
                None => rows.clear(),
            },
            Field::Param(key) => keep_text(&matcher, table.params.get(key), rows),
            Field::Tag(key) => keep_text(&matcher, table.tags.get(key), rows),
            Field::Dataset(key) => rows.retain(|row| {
                let datasets = table.datasets.get(*row as usize).map_or(&[][..], Vec::as_slice);
                datasets.iter().any(|dataset| matcher.text(dataset_text(dataset, *key)))
            }),
            Field::Attribute(attribute) => match attribute {
                Attribute::RunId => rows.retain(|row| matcher.text(at(&table.id, *row).map(String::as_str))),
                Attribute::RunName => rows.retain(|row| matcher.text(run_name(table, *row))),
                Attribute::ArtifactUri => {
                    rows.retain(|row| matcher.text(at(&table.artifact_uri, *row).and_then(|uri| uri.as_deref())))
                }
                Attribute::UserId => keep_text(&matcher, Some(&table.user), rows),
                Attribute::Source => keep_text(&matcher, table.tags.get(SOURCE_TAG), rows),
                Attribute::Status => {
                    let good: HashSet<RunStatus> =
                        RunStatus::ALL.into_iter().filter(|status| matcher.text(Some(status.word()))).collect();
                    rows.retain(|row| at(&table.status, *row).is_some_and(|status| good.contains(status)));
                }
                Attribute::Experiment | Attribute::Origin => {
                    let text = |experiment: &Experiment| match attribute {
                        Attribute::Origin => matcher.text(Some(&experiment.origin)),
                        _ => matcher.text(Some(&experiment.name)),
                    };
                    let good: Vec<bool> = experiments.iter().map(text).collect();
                    rows.retain(|row| {
                        at(&table.experiment, *row).is_some_and(|number| at(&good, *number) == Some(&true))
                    });
                }
                Attribute::StartTime | Attribute::EndTime | Attribute::Duration => {
                    rows.retain(|row| matcher.number(time_ms(table, *row, *attribute).map(|time_ms| time_ms as f64)));
                }
            },
        }
    }
}

/// Tests each text of the column once, then looks the rows up by their codes.
fn keep_text(matcher: &Matcher<'_>, column: Option<&TextColumn>, rows: &mut Vec<u32>) {
    let missing = matcher.text(None);
    let Some(column) = column else {
        if !missing {
            rows.clear();
        }
        return;
    };
    let good: Vec<bool> = column.dictionary().iter().map(|text| matcher.text(Some(text))).collect();
    rows.retain(|row| column.code(*row).map_or(missing, |code| at(&good, code) == Some(&true)));
}

pub(super) fn at<T>(values: &[T], number: u32) -> Option<&T> {
    values.get(number as usize)
}

/// An empty name is no name: stores without one leave it empty.
pub(super) fn run_name(table: &RunTable, row: u32) -> Option<&str> {
    at(&table.name, row).map(String::as_str).filter(|name| !name.is_empty())
}

/// The three numeric attributes, in milliseconds; `None` for all others.
pub(super) fn time_ms(table: &RunTable, row: u32, attribute: Attribute) -> Option<i64> {
    match attribute {
        Attribute::StartTime => at(&table.start_ms, row).copied().flatten(),
        Attribute::EndTime => at(&table.end_ms, row).copied().flatten(),
        Attribute::Duration if (row as usize) < table.len() => table.duration_ms(row),
        _ => None,
    }
}

pub(super) fn dataset_text(dataset: &DatasetInput, key: DatasetKey) -> Option<&str> {
    match key {
        DatasetKey::Name => Some(&dataset.name),
        DatasetKey::Digest => Some(&dataset.digest),
        DatasetKey::Context => dataset.context.as_deref(),
    }
}

/// A test made ready for many values.
enum Matcher<'q> {
    Number(NumberOp, f64),
    Equal(&'q str),
    NotEqual(&'q str),
    Like(Pattern),
    In(HashSet<&'q str>),
    NotIn(HashSet<&'q str>),
    Null,
    NotNull,
}

impl<'q> Matcher<'q> {
    fn new(test: &'q Test) -> Matcher<'q> {
        match test {
            Test::Number { op, value } => Matcher::Number(*op, *value),
            Test::Text { op: TextOp::Equal, value } => Matcher::Equal(value),
            Test::Text { op: TextOp::NotEqual, value } => Matcher::NotEqual(value),
            Test::Like { ignore_case, pattern } => Matcher::Like(Pattern::new(pattern, *ignore_case)),
            Test::In { negated, values } => {
                let values = values.iter().map(String::as_str).collect();
                if *negated { Matcher::NotIn(values) } else { Matcher::In(values) }
            }
            Test::Null { negated: false } => Matcher::Null,
            Test::Null { negated: true } => Matcher::NotNull,
        }
    }

    fn text(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Matcher::Null, text) => text.is_none(),
            (_, None) | (Matcher::Number(..), _) => false,
            (Matcher::NotNull, Some(_)) => true,
            (Matcher::Equal(value), Some(text)) => *value == text,
            (Matcher::NotEqual(value), Some(text)) => *value != text,
            (Matcher::Like(pattern), Some(text)) => pattern.matches(text),
            (Matcher::In(values), Some(text)) => values.contains(text),
            (Matcher::NotIn(values), Some(text)) => !values.contains(text),
        }
    }

    /// NaN is unequal to everything and neither above nor below anything.
    fn number(&self, number: Option<f64>) -> bool {
        let (Matcher::Number(op, value), Some(number)) = (self, number) else { return false };
        match op {
            NumberOp::Equal => number == *value,
            NumberOp::NotEqual => number != *value,
            NumberOp::Less => number < *value,
            NumberOp::AtMost => number <= *value,
            NumberOp::Greater => number > *value,
            NumberOp::AtLeast => number >= *value,
        }
    }
}

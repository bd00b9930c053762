//! The order of rows by MLflow's rule: values first, then NaN, then what is missing, ascending and descending alike; ties
//! by start time, newest first, then by run id. One departure: a param or tag column whose every value reads as a number
//! is sorted by numbers (MLflow puts "10" before "9").

use super::lex::{Kind, lex};
use super::select::{SOURCE_TAG, at, dataset_text, run_name, time_ms};
use super::{Problem, field};
use crate::model::{Attribute, Experiment, Field, RunTable, TextColumn};
use std::cmp::Reverse;

/// One column to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// Any field.
    pub field: Field,
    /// Largest first.
    pub descending: bool,
}

impl OrderBy {
    /// Reads MLflow's text form, `metrics.loss DESC`: no white space round it, ASC if nothing is said.
    ///
    /// # Errors
    /// With the place and a remedy when it is anything else, or a dataset, by which MLflow can not order.
    pub fn parse(text: &str) -> Result<OrderBy, Problem> {
        let wrong = |message: &str, hint: &str| {
            Err(Problem { at: 0..text.len(), message: message.to_owned(), hint: hint.to_owned(), fix: None })
        };
        if text != text.trim() {
            return wrong("White space round an order", "Remove it.");
        }
        let tokens = lex(text);
        let (name, word) = match tokens.as_slice() {
            [name] => (name, "ASC"),
            [name, word] if word.kind == Kind::Name => (name, &text[word.at.clone()]),
            _ => return wrong("An order is a field with ASC or DESC", "For example metrics.loss DESC"),
        };
        let spelt = &text[name.at.clone()];
        if name.kind != Kind::Name && !(name.kind == Kind::Text && spelt.starts_with('"')) {
            return wrong("An order begins with a field", "For example metrics.loss DESC");
        }
        let field = field::read(spelt, &name.at)?;
        if matches!(field, Field::Dataset(_)) {
            return wrong("Datasets have no order: a run may have several", "Order by another field.");
        }
        match word.to_ascii_uppercase().as_str() {
            "ASC" => Ok(OrderBy { field, descending: false }),
            "DESC" => Ok(OrderBy { field, descending: true }),
            _ => wrong("Behind the field stands ASC or DESC", "For example metrics.loss DESC"),
        }
    }
}

/// Sorts `rows`; without columns, by MLflow's default order: start time, newest first, then run id.
pub fn sort(rows: &mut [u32], table: &RunTable, order: &[OrderBy], experiments: &[Experiment]) {
    // Ties first, then stably by each column, the least important one first. Unknown starts come last.
    let start = |row: u32| time_ms(table, row, Attribute::StartTime);
    let mut sorted: Vec<(Reverse<Option<i64>>, u32)> = rows.iter().map(|row| (Reverse(start(*row)), *row)).collect();
    sorted.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| at(&table.id, a.1).cmp(&at(&table.id, b.1))).then(a.1.cmp(&b.1))
    });
    fill(rows, sorted.into_iter().map(|(_, row)| row));
    for by in order.iter().rev() {
        let mut keys = keys(rows, table, &by.field, experiments);
        if by.descending {
            keys.iter_mut().for_each(Key::turn);
        }
        let mut sorted: Vec<(Key, u32)> = keys.into_iter().zip(rows.iter().copied()).collect();
        sorted.sort_by_key(|(key, _)| *key);
        fill(rows, sorted.into_iter().map(|(_, row)| row));
    }
}

fn fill(rows: &mut [u32], sorted: impl Iterator<Item = u32>) {
    rows.iter_mut().zip(sorted).for_each(|(place, row)| *place = row);
}

/// Where a row stands in one column. The order of the variants is the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Value(i64),
    NotANumber,
    Missing,
}

impl Key {
    fn number(number: f64) -> Key {
        if number.is_nan() {
            return Key::NotANumber;
        }
        // The bits of a float, turned so that they ascend as the numbers do; adding zero makes -0 into 0.
        let bits = (number + 0.0).to_bits() as i64;
        Key::Value(if bits < 0 { bits ^ i64::MAX } else { bits })
    }

    fn turn(&mut self) {
        if let Key::Value(value) = self {
            *value = !*value;
        }
    }
}

/// The ascending keys of `rows`, in their order.
fn keys(rows: &[u32], table: &RunTable, field: &Field, experiments: &[Experiment]) -> Vec<Key> {
    match field {
        Field::Metric(key) => {
            let Some(column) = table.metrics.get(key) else { return vec![Key::Missing; rows.len()] };
            let key = |row: &u32| column.last(*row).map_or(Key::Missing, Key::number);
            rows.iter().map(key).collect()
        }
        Field::Param(key) => column_keys(rows, table.params.get(key), true),
        Field::Tag(key) => column_keys(rows, table.tags.get(key), true),
        Field::Dataset(key) => text_keys(rows, |row| {
            at(&table.datasets, row).and_then(|datasets| datasets.first()).and_then(|first| dataset_text(first, *key))
        }),
        Field::Attribute(attribute) => match attribute {
            Attribute::UserId => column_keys(rows, Some(&table.user), false),
            Attribute::Source => column_keys(rows, table.tags.get(SOURCE_TAG), false),
            Attribute::RunId => text_keys(rows, |row| at(&table.id, row).map(String::as_str)),
            Attribute::RunName => text_keys(rows, |row| run_name(table, row)),
            Attribute::ArtifactUri => {
                text_keys(rows, |row| at(&table.artifact_uri, row).and_then(|uri| uri.as_deref()))
            }
            Attribute::Status => text_keys(rows, |row| at(&table.status, row).map(|status| status.word())),
            Attribute::Experiment => text_keys(rows, |row| {
                at(&table.experiment, row)
                    .and_then(|number| at(experiments, *number))
                    .map(|experiment| experiment.name.as_str())
            }),
            Attribute::Origin => text_keys(rows, |row| {
                at(&table.experiment, row)
                    .and_then(|number| at(experiments, *number))
                    .map(|experiment| experiment.origin.as_str())
            }),
            Attribute::StartTime | Attribute::EndTime | Attribute::Duration => {
                rows.iter().map(|row| time_ms(table, *row, *attribute).map_or(Key::Missing, Key::Value)).collect()
            }
        },
    }
}

/// Keys of a coded column: each distinct text is ranked, or read as a number, once.
fn column_keys(rows: &[u32], column: Option<&TextColumn>, may_be_numbers: bool) -> Vec<Key> {
    let Some(column) = column else { return vec![Key::Missing; rows.len()] };
    let dictionary = column.dictionary();
    let numbers =
        || dictionary.iter().map(|text| text.trim().parse().ok().map(Key::number)).collect::<Option<Vec<Key>>>();
    let by_code = if may_be_numbers { numbers() } else { None }.unwrap_or_else(|| ranks(dictionary.iter().map(Some)));
    let key = |row: &u32| column.code(*row).and_then(|code| at(&by_code, code).copied());
    rows.iter().map(|row| key(row).unwrap_or(Key::Missing)).collect()
}

/// Keys of texts that are not coded.
fn text_keys<'t>(rows: &[u32], text: impl Fn(u32) -> Option<&'t str>) -> Vec<Key> {
    ranks(rows.iter().map(|row| text(*row)))
}

/// The place of each text among the distinct ones, in the order of their bytes, which is that of code points.
fn ranks<'t>(texts: impl ExactSizeIterator<Item = Option<&'t str>>) -> Vec<Key> {
    // The first eight bytes as a number decide most comparisons without a look at the text.
    let head =
        |text: &str| text.bytes().chain(std::iter::repeat(0)).take(8).fold(0, |head, byte| head << 8 | u64::from(byte));
    let mut keys = vec![Key::Missing; texts.len()];
    let present = texts.enumerate().filter_map(|(place, text)| text.map(|text| (head(text), text, place)));
    let mut present: Vec<(u64, &str, usize)> = present.collect();
    present.sort_unstable();
    let mut rank = 0;
    let mut previous = None;
    for (_, text, place) in present {
        rank += i64::from(previous.is_some_and(|previous| previous != text));
        previous = Some(text);
        if let Some(key) = keys.get_mut(place) {
            *key = Key::Value(rank);
        }
    }
    keys
}

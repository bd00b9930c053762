//! The order of rows by MLflow's rule: values first, then NaN, then what is missing, ascending and descending alike; ties
//! by start time, newest first, then by run id. One departure: a param or tag column whose every value reads as a number
//! is sorted by numbers (MLflow puts "10" before "9").

use super::lex::{Kind, lex};
use super::select::{SOURCE_TAG, at, dataset_text, run_name, time_ms};
use super::{Problem, field};
use crate::model::{Attribute, Experiment, Field, RunTable, TextColumn};
use std::cmp::Ordering;
use std::collections::HashMap;

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
    let keys: Vec<Vec<Key>> = order
        .iter()
        .map(|by| {
            let mut keys = keys(rows, table, &by.field, experiments);
            if by.descending {
                keys.iter_mut().for_each(|key| key.turn());
            }
            keys
        })
        .collect();
    let ties = |a: u32, b: u32| {
        // None sorts below any time: unknown starts come last.
        let start = |row| time_ms(table, row, Attribute::StartTime);
        start(b).cmp(&start(a)).then_with(|| at(&table.id, a).cmp(&at(&table.id, b))).then(a.cmp(&b))
    };
    let mut places: Vec<u32> = (0..rows.len() as u32).collect();
    places.sort_unstable_by(|&a, &b| {
        let by_keys = keys.iter().map(|keys| at(keys, a).cmp(&at(keys, b))).find(|order| order.is_ne());
        by_keys.unwrap_or_else(|| match (at(rows, a), at(rows, b)) {
            (Some(a), Some(b)) => ties(*a, *b),
            _ => Ordering::Equal,
        })
    });
    let sorted: Vec<u32> = places.iter().filter_map(|place| at(rows, *place).copied()).collect();
    rows.copy_from_slice(&sorted);
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
            let key = |row: &u32| column.get(*row).map_or(Key::Missing, |summary| Key::number(summary.last));
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
    let by_code = if may_be_numbers { numbers() } else { None }.unwrap_or_else(|| {
        let mut codes: Vec<usize> = (0..dictionary.len()).collect();
        codes.sort_unstable_by_key(|code| &dictionary[*code]);
        let mut ranks = vec![Key::Missing; dictionary.len()];
        for (rank, code) in codes.into_iter().enumerate() {
            ranks[code] = Key::Value(rank as i64);
        }
        ranks
    });
    let key = |row: &u32| column.code(*row).and_then(|code| at(&by_code, code).copied());
    rows.iter().map(|row| key(row).unwrap_or(Key::Missing)).collect()
}

/// Keys of texts that are not coded: their rank among the distinct ones.
fn text_keys<'t>(rows: &[u32], text: impl Fn(u32) -> Option<&'t str>) -> Vec<Key> {
    let texts: Vec<Option<&str>> = rows.iter().map(|row| text(*row)).collect();
    let mut distinct: Vec<&str> = texts.iter().flatten().copied().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let ranks: HashMap<&str, i64> = distinct.into_iter().enumerate().map(|(rank, text)| (text, rank as i64)).collect();
    let key =
        |text: &Option<&str>| text.and_then(|text| ranks.get(text)).map_or(Key::Missing, |rank| Key::Value(*rank));
    texts.iter().map(key).collect()
}

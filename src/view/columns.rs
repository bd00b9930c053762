//! Which columns the runs table has: all attributes, params, metrics and tags of the runs in view. What differs comes
//! first; params that are the same in all runs come after the metrics, so that cause and effect stand side by side.

use crate::model::{Attribute, Field, RunTable};
use crate::view::format::Numbers;

/// The heads over the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Name, status, times, user, source.
    Run,
    /// Params whose value differs between the runs in view.
    Params,
    /// Metrics, last value.
    Metrics,
    /// Params with one value in all the runs in view.
    SameParams,
    /// Tags of the user.
    Tags,
}

impl Group {
    /// The head's text, with its count of columns.
    pub fn title(self, count: usize) -> String {
        match self {
            Group::Run => "Run".to_owned(),
            Group::Params => format!("Params {count}"),
            Group::Metrics => format!("Metrics {count}"),
            Group::SameParams => format!("Params, all the same {count}"),
            Group::Tags => format!("Tags {count}"),
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it shows.
    pub field: Field,
    /// The head over it.
    pub group: Group,
    /// How its numbers are written; `None` for text.
    pub numbers: Option<Numbers>,
    /// Length of the unit of a duration column in milliseconds, else 1.
    pub unit_ms: i64,
    /// The unit, once, in the head.
    pub unit: &'static str,
    /// Width in CSS pixels, from what is in it.
    pub width_px: f64,
}

/// Tags that MLflow itself writes are not shown as columns.
pub fn is_system_tag(key: &str) -> bool {
    key.starts_with("mlflow.") || key.starts_with("_mlflow")
}

/// The columns for `rows` of the table. `several_experiments` adds the experiment's name.
pub fn of(table: &RunTable, rows: &[u32], several_experiments: bool) -> Vec<Column> {
    let mut columns = attributes(table, rows, several_experiments);
    let (mut differ, mut same) = (Vec::new(), Vec::new());
    for (key, column) in table.params.iter() {
        let (mut present, mut first, mut varies) = (0, None, false);
        for &row in rows {
            if let Some(code) = column.code(row) {
                present += 1;
                varies |= *first.get_or_insert(code) != code;
            }
        }
        if present == 0 {
            continue;
        }
        let constant = !varies && present == rows.len() && rows.len() > 1;
        let texts = || rows.iter().filter_map(|&row| column.get(row));
        let is_number = texts().all(|text| text.trim().parse::<f64>().is_ok());
        let longest = texts().map(|text| text.chars().count()).max().unwrap_or(0);
        let group = if constant { Group::SameParams } else { Group::Params };
        let made = Column {
            field: Field::Param(key.to_owned()),
            group,
            // params are text and keep it: right-aligned when all are numbers, never rewritten
            numbers: is_number.then_some(Numbers::Fixed(0)),
            unit_ms: 1,
            unit: "",
            width_px: width(key, longest),
        };
        if constant { same.push(made) } else { differ.push(made) }
    }
    let mut metrics = Vec::new();
    for (key, column) in table.metrics.iter() {
        let values: Vec<f64> = rows.iter().filter_map(|&row| column.get(row)).map(|summary| summary.last).collect();
        if values.is_empty() {
            continue;
        }
        let numbers = Numbers::of(values.iter().copied());
        let longest = values.iter().map(|value| numbers.text(*value).chars().count()).max().unwrap_or(0);
        metrics.push(Column {
            field: Field::Metric(key.to_owned()),
            group: Group::Metrics,
            numbers: Some(numbers),
            unit_ms: 1,
            unit: "",
            width_px: width(key, longest),
        });
    }
    let mut tags = Vec::new();
    for (key, column) in table.tags.iter().filter(|(key, _)| !is_system_tag(key)) {
        let longest = rows.iter().filter_map(|&row| column.get(row)).map(|text| text.chars().count()).max();
        if let Some(longest) = longest {
            tags.push(Column {
                field: Field::Tag(key.to_owned()),
                group: Group::Tags,
                numbers: None,
                unit_ms: 1,
                unit: "",
                width_px: width(key, longest),
            });
        }
    }
    for (part, by_prefix) in [(&mut differ, false), (&mut metrics, true), (&mut same, false), (&mut tags, false)] {
        part.sort_by(|a, b| natural(a.field.key(), b.field.key(), by_prefix));
        columns.append(part);
    }
    columns
}

fn attributes(table: &RunTable, rows: &[u32], several_experiments: bool) -> Vec<Column> {
    let mut durations: Vec<i64> = rows.iter().filter_map(|&row| table.duration_ms(row)).collect();
    let (unit, unit_ms) = crate::view::format::duration_unit(&mut durations);
    let numbers = Numbers::of(durations.iter().map(|&ms| (ms as f64 / unit_ms as f64 * 10.0).round() / 10.0));
    let mut columns = Vec::new();
    let mut add = |attribute, numbers, unit_ms, unit, width_px| {
        let field = Field::Attribute(attribute);
        columns.push(Column { field, group: Group::Run, numbers, unit_ms, unit, width_px });
    };
    add(Attribute::RunName, None, 1, "", 220.0);
    add(Attribute::Status, None, 1, "", 34.0);
    if several_experiments {
        add(Attribute::Experiment, None, 1, "", 130.0);
    }
    add(Attribute::StartTime, Some(Numbers::Fixed(0)), 1, "", 58.0);
    add(Attribute::Duration, Some(numbers), unit_ms, unit, 78.0);
    if rows.iter().any(|&row| table.user.get(row).is_some_and(|user| !user.is_empty())) {
        add(Attribute::UserId, None, 1, "", 72.0);
    }
    if rows.iter().any(|&row| source(table, row).is_some()) {
        add(Attribute::Source, None, 1, "", 104.0);
    }
    columns
}

/// The program that made the run: the last path part of the tag `mlflow.source.name`.
pub fn source(table: &RunTable, row: u32) -> Option<&str> {
    let name = table.tag(row, "mlflow.source.name")?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    Some(if last.is_empty() { name } else { last })
}

/// Room for the head (about 6.6 px a character at 12 px, the sort arrow, the padding) and the longest value (7 px at 13 px).
fn width(head: &str, longest_value: usize) -> f64 {
    let head = head.chars().count() as f64 * 6.6 + 34.0;
    let value = longest_value as f64 * 7.2 + 18.0;
    head.max(value).clamp(52.0, 200.0).round()
}

/// Names with numbers in them in the order of the numbers, without regard to case; names with a prefix (`val/loss`) after
/// those without when `by_prefix`.
pub fn natural(a: &str, b: &str, by_prefix: bool) -> std::cmp::Ordering {
    let rank = |key: &str| (by_prefix && key.contains('/'), by_prefix && key.starts_with("system/"));
    rank(a).cmp(&rank(b)).then_with(|| pieces(a).cmp(pieces(b))).then_with(|| a.cmp(b))
}

fn pieces(text: &str) -> impl Iterator<Item = (u64, String)> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.find(|char: char| char.is_ascii_digit() != first.is_ascii_digit()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(match piece.parse::<u64>() {
            Ok(number) => (number, String::new()),
            Err(_) => (u64::MAX, piece.to_lowercase()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn names_with_numbers() {
        let mut names = ["f10", "val/loss", "f2", "F1", "system/cpu", "acc", "test/acc"];
        names.sort_by(|a, b| natural(a, b, true));
        assert_eq!(names, ["acc", "F1", "f2", "f10", "test/acc", "val/loss", "system/cpu"]);
    }
}

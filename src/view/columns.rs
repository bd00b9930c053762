//! Which columns the runs table has: all attributes, params, metrics and tags of the runs in view. Cause and effect stand
//! side by side from the start: a few params that differ, then the metrics, then the further params and the tags.

use crate::model::{Attribute, Field, RunTable, TextColumn};
use crate::view::format::Numbers;

/// The heads over the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// The name, which stays in sight.
    Run,
    /// The status, where the other attributes stand after the metrics.
    Status,
    /// Status, times, user, source.
    About,
    /// Params whose value differs between the runs in view: those that part them best.
    Params,
    /// Metrics, last value.
    Metrics,
    /// Further params whose value differs.
    MoreParams,
    /// Params with one value in all the runs in view.
    SameParams,
    /// Tags of the user.
    Tags,
}

impl Group {
    /// The head's text. `count_of` says how many columns a group has.
    pub fn title(self, count_of: impl Fn(Group) -> usize) -> String {
        let count = count_of(self);
        match self {
            Group::Run => "Run".to_owned(),
            Group::Status => "State".to_owned(),
            Group::About => "About".to_owned(),
            Group::Params => match count_of(Group::MoreParams) + count_of(Group::SameParams) {
                0 => format!("Params {count}"),
                more => format!("Params {count} of {}", count + more),
            },
            Group::MoreParams if count_of(Group::Params) == 0 => format!("Params {count}"),
            Group::Metrics => format!("Metrics {count}"),
            Group::MoreParams => format!("Further params {count}"),
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

/// Params that stand before the metrics at most, and how wide each is there, in CSS pixels.
const FIRST_PARAMS: usize = 3;
const FIRST_PARAM_PX: f64 = 104.0;
/// In less room than a phone turned aside has, CSS pixels, metrics come before what is known about a run.
const PHONE_PX: f64 = 660.0;
/// Name and status, which stand first in any case.
const AT_LEAST: usize = 2;
/// A column with a text in it is no narrower.
const LEAST_PX: f64 = 64.0;

/// The columns for `rows` of the table, with those of `more` attributes: the experiment where there are several, the origin where
/// several things were opened. Before the metrics stand as many params as leave one metric in sight in `room_px` CSS pixels. On a
/// phone, where not even the other attributes leave that room, they stand after the metrics, but for name, status and `more`.
pub fn of(table: &RunTable, rows: &[u32], more: &[Attribute], room_px: f64) -> Vec<Column> {
    let mut columns = attributes(table, rows, more);
    let (mut differ, mut same) = params(table, rows);
    let mut metrics = metrics(table, rows);
    let before_px: f64 = columns.iter().chain(metrics.first()).map(|column| column.width_px).sum();
    let left_px = room_px - before_px;
    let mut about = Vec::new();
    if left_px < 0.0 && room_px < PHONE_PX {
        about = columns.split_off(columns.len().min(AT_LEAST + more.len()));
        if more.is_empty() {
            columns.iter_mut().skip(1).for_each(|status| status.group = Group::Status);
        }
    }
    let mut further = differ.split_off(first_params(&differ, left_px));
    for column in &mut differ {
        column.group = Group::Params;
        column.width_px = column.width_px.min(left_px.clamp(LEAST_PX, FIRST_PARAM_PX));
    }
    for part in [&mut differ, &mut further, &mut same] {
        part.sort_by(|a, b| natural(a.field.key(), b.field.key(), false));
    }
    for part in [&mut differ, &mut metrics, &mut about, &mut further, &mut same, &mut tags(table, rows)] {
        columns.append(part);
    }
    columns
}

/// Params that differ among the rows, those first that part them best, and params that are the same in all.
fn params(table: &RunTable, rows: &[u32]) -> (Vec<Column>, Vec<Column>) {
    let (mut differ, mut same) = (Vec::new(), Vec::new());
    for (key, column) in table.params.iter() {
        let (logged, distinct, some) = texts_of(column, rows);
        if logged == 0 {
            continue;
        }
        let constant = distinct == 1 && logged == rows.len() && rows.len() > 1;
        let is_number = some.iter().all(|text| text.trim().parse::<f64>().is_ok());
        let longest = some.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let made = Column {
            field: Field::Param(key.to_owned()),
            group: if constant { Group::SameParams } else { Group::MoreParams },
            // params are text and keep it: right-aligned when all are numbers, never rewritten
            numbers: is_number.then_some(Numbers::Fixed(0)),
            unit_ms: 1,
            unit: "",
            width_px: width(key, longest),
        };
        // one value a run parts all and tells nothing: a few values, logged by most, part best
        let parts_well = distinct > 1 && distinct <= (rows.len() / 2).max(2) && logged * 4 >= rows.len() * 3;
        let rank = (parts_well, !is_seed(key), distinct);
        if constant { same.push(made) } else { differ.push((rank, made)) }
    }
    differ.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| natural(a.1.field.key(), b.1.field.key(), false)));
    (differ.into_iter().map(|(_, column)| column).collect(), same)
}

/// Metrics that one of the rows has, by name.
fn metrics(table: &RunTable, rows: &[u32]) -> Vec<Column> {
    let mut metrics = Vec::new();
    for (key, column) in table.metrics.iter() {
        let values: Vec<f64> = rows.iter().filter_map(|&row| column.get(row)).map(|summary| summary.last).collect();
        if values.is_empty() {
            continue;
        }
        let numbers = Numbers::of(values.iter().copied());
        metrics.push(Column {
            field: Field::Metric(key.to_owned()),
            group: Group::Metrics,
            numbers: Some(numbers),
            unit_ms: 1,
            unit: "",
            width_px: width(key, longest_number(&values, numbers)),
        });
    }
    metrics.sort_by(|a, b| natural(a.field.key(), b.field.key(), true));
    metrics
}

/// The users' own tags that one of the rows has, by name.
fn tags(table: &RunTable, rows: &[u32]) -> Vec<Column> {
    let mut tags = Vec::new();
    for (key, column) in table.tags.iter().filter(|(key, _)| !is_system_tag(key)) {
        let longest = texts_of(column, rows).2.iter().map(|text| text.chars().count()).max();
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
    tags.sort_by(|a, b| natural(a.field.key(), b.field.key(), false));
    tags
}

/// Whether a param says which of several repetitions a run is, by the names that libraries give it.
fn is_seed(key: &str) -> bool {
    let last = key.rsplit(['/', '.', '_']).next().unwrap_or(key);
    last.eq_ignore_ascii_case("seed") || key.ends_with("random_state")
}

/// How many of the params fit into this room; the first may be made narrower for it.
fn first_params(params: &[Column], room_px: f64) -> usize {
    let ends = params.iter().scan(0.0, |end, column| {
        *end += column.width_px.min(FIRST_PARAM_PX);
        Some(*end)
    });
    let fit = ends.take(FIRST_PARAMS).take_while(|end| *end <= room_px).count();
    fit.max(usize::from(!params.is_empty() && room_px >= LEAST_PX))
}

/// How many of the rows have a text, how many distinct ones there are, and those, or some of them spread over all: what a
/// thousand of them are like, the others are like, and looking at each of a hundred thousand would be felt.
fn texts_of<'t>(column: &'t TextColumn, rows: &[u32]) -> (usize, usize, Vec<&'t str>) {
    const LOOKED_AT: usize = 1_000;
    let mut is_seen = vec![false; column.dictionary().len()];
    let logged = rows.iter().filter_map(|&row| column.code(row)).map(|code| is_seen[code as usize] = true).count();
    let seen = || column.dictionary().iter().zip(&is_seen).filter(|(_, is_seen)| **is_seen).map(|(text, _)| text);
    let distinct = seen().count();
    (logged, distinct, seen().step_by(distinct / LOOKED_AT + 1).collect())
}

fn attributes(table: &RunTable, rows: &[u32], more: &[Attribute]) -> Vec<Column> {
    let mut durations: Vec<i64> = rows.iter().filter_map(|&row| table.duration_ms(row)).collect();
    let (unit, unit_ms) = crate::view::format::duration_unit(&mut durations);
    let numbers = Numbers::of(durations.iter().map(|&ms| (ms as f64 / unit_ms as f64 * 10.0).round() / 10.0));
    let mut columns = Vec::new();
    let mut add = |attribute, numbers, unit_ms, unit, width_px| {
        let field = Field::Attribute(attribute);
        let group = if attribute == Attribute::RunName { Group::Run } else { Group::About };
        columns.push(Column { field, group, numbers, unit_ms, unit, width_px });
    };
    add(Attribute::RunName, None, 1, "", 196.0);
    add(Attribute::Status, None, 1, "", 30.0);
    for attribute in more {
        add(*attribute, None, 1, "", 104.0);
    }
    add(Attribute::StartTime, Some(Numbers::Fixed(0)), 1, "", 54.0);
    add(Attribute::Duration, Some(numbers), unit_ms, unit, 70.0);
    if rows.iter().any(|&row| table.user.get(row).is_some_and(|user| !user.is_empty())) {
        let longest = texts_of(&table.user, rows).2.iter().map(|user| user.chars().count()).max().unwrap_or(0);
        add(Attribute::UserId, None, 1, "", width("User", longest).clamp(62.0, 88.0));
    }
    if rows.iter().any(|&row| source(table, row).is_some()) {
        add(Attribute::Source, None, 1, "", 88.0);
    }
    columns
}

/// The program that made the run: the last path part of the tag `mlflow.source.name`.
pub fn source(table: &RunTable, row: u32) -> Option<&str> {
    let name = table.tag(row, "mlflow.source.name")?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    Some(if last.is_empty() { name } else { last })
}

/// Characters of the longest number. The largest, the smallest and the least above zero are the candidates: writing all of
/// many thousand values would take longer than showing them.
fn longest_number(values: &[f64], numbers: Numbers) -> usize {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let extremes = [
        finite().reduce(f64::max),
        finite().reduce(f64::min),
        finite().filter(|value| *value != 0.0).min_by(|a, b| a.abs().total_cmp(&b.abs())),
        values.iter().copied().find(|value| !value.is_finite()),
    ];
    extremes.into_iter().flatten().map(|value| numbers.text(value).chars().count()).max().unwrap_or(0)
}

/// Room for the head (about 6.4 px a character at 12 px, and the padding; a long one is cut) and the longest value (7.2 px a
/// character at 13 px).
fn width(head: &str, longest_value: usize) -> f64 {
    let head = (head.chars().count() as f64 * 6.4 + 18.0).min(128.0);
    let value = longest_value as f64 * 7.2 + 18.0;
    head.max(value).clamp(48.0, 200.0).round()
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
    use super::{Group, natural, of};
    use crate::model::{Attribute, MetricSummary, RunRow, RunTable};

    fn row(number: u32) -> RunRow {
        let params = ["lr", "depth", "seed", "width"].map(|key| (key.to_owned(), (number / 2).to_string()));
        let summary = MetricSummary::of_last(f64::from(number), 0, 0);
        let metrics = vec![("loss".to_owned(), summary)];
        RunRow { params: params.into(), metrics, ..RunRow::of_id(number.to_string()) }
    }

    #[test]
    fn a_metric_is_in_sight_where_there_is_room_for_one() {
        let mut table = RunTable::default();
        for number in 0..8 {
            table.push(row(number));
        }
        let rows: Vec<u32> = table.rows().collect();
        let several = [Attribute::Experiment];
        for (more, room_px, first) in [
            (&[][..], 2_000.0, 3),
            (&[], 650.0, 3),
            (&[], 500.0, 2),
            (&[], 470.0, 1),
            (&[], 400.0, 0),
            (&[], 300.0, 0),
            (&several[..], 2_000.0, 3),
            (&several[..], 510.0, 0),
        ] {
            let columns = of(&table, &rows, more, room_px);
            let metric = columns.iter().position(|column| column.group == Group::Metrics).expect("a metric");
            let before = columns.iter().take(metric).filter(|column| column.group == Group::Params).count();
            let end_px: f64 = columns.iter().take(metric + 1).map(|column| column.width_px).sum();
            assert_eq!(before, first, "{room_px}: {end_px}");
            assert!(end_px <= room_px, "{room_px}: {end_px}");
            assert_eq!(columns.iter().filter(|column| column.field.to_string().starts_with("params")).count(), 4);
        }
    }

    #[test]
    fn names_with_numbers() {
        let mut names = ["f10", "val/loss", "f2", "F1", "system/cpu", "acc", "test/acc"];
        names.sort_by(|a, b| natural(a, b, true));
        assert_eq!(names, ["acc", "F1", "f2", "f10", "test/acc", "val/loss", "system/cpu"]);
    }
}

//! Rows of MLflow's tables as what they mean: the conventions of its SQL store, all versions alike.

use crate::model::{Lifecycle, MetricSummary, Reason, Report, RunStatus};
use crate::sources::sqlite::{Row, Value};
use std::borrow::Cow;

/// What is wanted of `runs`.
pub const RUN: [&str; 9] = [
    "run_uuid",
    "experiment_id",
    "name",
    "status",
    "start_time",
    "end_time",
    "lifecycle_stage",
    "artifact_uri",
    "user_id",
];
/// What is wanted of `params` and `tags`.
pub const TEXT: [&str; 3] = ["run_uuid", "key", "value"];
/// What is wanted of `metrics` and `latest_metrics`.
pub const METRIC: [&str; 6] = ["run_uuid", "key", "value", "timestamp", "step", "is_nan"];
/// What is wanted of `inputs`.
pub const INPUT: [&str; 5] = ["source_type", "source_id", "destination_type", "destination_id", "input_uuid"];

/// A run as its own row tells it.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// Its row: newer runs have larger ones.
    pub rowid: i64,
    /// As MLflow knows it.
    pub id: Cow<'a, str>,
    /// Of its experiment, as MLflow knows it.
    pub experiment: i64,
    /// Empty where it has none.
    pub name: Cow<'a, str>,
    /// State.
    pub status: RunStatus,
    /// Milliseconds since 1970, UTC.
    pub start_ms: Option<i64>,
    /// Milliseconds since 1970, UTC.
    pub end_ms: Option<i64>,
    /// In use or deleted.
    pub lifecycle: Lifecycle,
    /// As stored; empty where there is none.
    pub artifact_uri: Cow<'a, str>,
    /// Before there was the tag for it; empty where there is none.
    pub user: Cow<'a, str>,
}

impl<'a> Head<'a> {
    /// From a row of [`RUN`]; `None` without an id.
    pub fn read(row: &Row<'a>, file: &str, report: &mut Report) -> Option<Head<'a>> {
        let text = |at: usize| row.get(at).text().unwrap_or_default();
        let id = text(0);
        if id.is_empty() {
            return None;
        }
        let status = filled(row.get(3));
        let known = status.as_deref().map(|word| RunStatus::parse(word.trim()));
        if let (Some(word), Some(None)) = (&status, known) {
            report.note(
                Reason::FieldInvalid,
                file,
                None,
                format!("Run {id}: status is `{word}`, which is no state of a run."),
            );
        }
        let mut time = |at: usize, name: &str| match row.get(at) {
            Value::Null => None,
            value => value.int().or_else(|| {
                let shown = value.text().unwrap_or_default();
                let message = format!("Run {id}: {name} is `{shown}`, which is no time in milliseconds.");
                report.note(Reason::FieldInvalid, file, None, message);
                None
            }),
        };
        let (start_ms, end_ms) = (time(4, "start_time"), time(5, "end_time"));
        Some(Head {
            rowid: row.rowid,
            experiment: id_of(row.get(1))?,
            name: text(2),
            status: known.flatten().unwrap_or(RunStatus::Running),
            start_ms,
            end_ms,
            lifecycle: lifecycle(row.get(6)),
            artifact_uri: text(7),
            user: text(8),
            id,
        })
    }
}

/// A text that is there and not empty.
pub fn filled(value: Value<'_>) -> Option<String> {
    value.text().map(Cow::into_owned).filter(|text| !text.is_empty())
}

/// The id of an experiment: 18 digits at times.
pub fn id_of(value: Value<'_>) -> Option<i64> {
    value.int().or_else(|| value.text()?.parse().ok())
}

/// `deleted`, or in use.
pub fn lifecycle(value: Value<'_>) -> Lifecycle {
    match value {
        Value::Text(b"deleted") => Lifecycle::Deleted,
        _ => Lifecycle::Active,
    }
}

/// The value of a metric: NaN is a zero with a mark, infinities are the largest numbers.
pub fn metric_value(value: Value<'_>, is_nan: Value<'_>) -> f64 {
    let marked = is_nan.int().is_some_and(|mark| mark != 0);
    match value.real() {
        Some(number) if !marked => infinite(number),
        _ => f64::NAN,
    }
}

/// The largest numbers stand for the infinities.
pub fn infinite(number: f64) -> f64 {
    match number {
        f64::MAX => f64::INFINITY,
        f64::MIN => f64::NEG_INFINITY,
        number => number,
    }
}

/// Step, time in milliseconds, value.
pub type Point = (i64, i64, f64);

/// Of a row of [`METRIC`].
pub fn point(row: &Row<'_>) -> Point {
    let number = |at: usize| row.get(at).int().unwrap_or(0);
    (number(4), number(3), metric_value(row.get(2), row.get(5)))
}

/// The last point alone is known.
pub fn summary((step, time_ms, value): Point) -> MetricSummary {
    MetricSummary::of_last(value, step, time_ms)
}

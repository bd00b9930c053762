//! What the run page says of one run, grouped as what went in, what came out and what was kept.

use crate::model::RunTable;
use crate::view::columns::{is_system_tag, natural};
use crate::view::format::{Numbers, exact};

/// Code that a run came from, as MLflow's tags tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// `mlflow.source.git.commit`
    pub commit: Option<String>,
    /// `mlflow.source.git.branch`
    pub branch: Option<String>,
    /// `mlflow.source.git.repoURL`, if it is a web address.
    pub repository: Option<String>,
    /// `mlflow.source.git.dirty` is `true`.
    pub dirty: bool,
    /// `mlflow.source.name`
    pub entry: Option<String>,
    /// `mlflow.source.type`, lower case.
    pub kind: Option<String>,
}

/// The code of a run.
pub fn code(table: &RunTable, row: u32) -> Code {
    let tag = |key: &str| table.tag(row, key).filter(|text| !text.is_empty()).map(str::to_owned);
    Code {
        commit: tag("mlflow.source.git.commit"),
        branch: tag("mlflow.source.git.branch"),
        repository: tag("mlflow.source.git.repoURL"),
        dirty: tag("mlflow.source.git.dirty").is_some_and(|word| word.eq_ignore_ascii_case("true")),
        entry: tag("mlflow.source.name"),
        kind: tag("mlflow.source.type").map(|kind| kind.to_lowercase()),
    }
}

/// Params of a run in natural order.
pub fn params(table: &RunTable, row: u32) -> Vec<Pair<'_>> {
    let mut params: Vec<Pair<'_>> =
        table.params.iter().filter_map(|(key, column)| Some((key, column.get(row)?))).collect();
    params.sort_by(|a, b| natural(a.0, b.0, false));
    params
}

/// Key and text.
pub type Pair<'a> = (&'a str, &'a str);

/// Tags of a run in natural order: the user's, then MLflow's.
pub fn tags(table: &RunTable, row: u32) -> (Vec<Pair<'_>>, Vec<Pair<'_>>) {
    let mut tags: Vec<Pair<'_>> = table.tags.iter().filter_map(|(key, column)| Some((key, column.get(row)?))).collect();
    tags.sort_by(|a, b| natural(a.0, b.0, false));
    tags.into_iter().partition(|(key, _)| !is_system_tag(key))
}

/// One line of the metrics of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricLine {
    /// Metric key.
    pub key: String,
    /// Last value, in the line's own style.
    pub last: String,
    /// All digits of it.
    pub exact: String,
    /// Smallest value; empty for a single point.
    pub min: String,
    /// Largest value; empty for a single point.
    pub max: String,
    /// Step of the last point.
    pub step: i64,
    /// Points; 0 while only the last one is known.
    pub count: u32,
}

/// Metrics of a run, by prefix, each number of a line with the same decimals.
pub fn metrics(table: &RunTable, row: u32) -> Vec<MetricLine> {
    let mut lines: Vec<MetricLine> = table
        .metrics
        .iter()
        .filter_map(|(key, column)| {
            let summary = column.get(row)?;
            let style = Numbers::of([summary.last, summary.min, summary.max]);
            let extreme = |value: f64| if summary.count > 1 { style.text(value) } else { String::new() };
            Some(MetricLine {
                key: key.to_owned(),
                last: style.text(summary.last),
                exact: exact(summary.last),
                min: extreme(summary.min),
                max: extreme(summary.max),
                step: summary.step,
                count: summary.count,
            })
        })
        .collect();
    lines.sort_by(|a, b| natural(&a.key, &b.key, true));
    lines
}

/// The number of rows in MLflow's JSON profile of a dataset.
pub fn dataset_rows(profile: Option<&str>) -> Option<u64> {
    let json: serde_json::Value = serde_json::from_str(profile?).ok()?;
    json.get("num_rows").and_then(serde_json::Value::as_u64)
}

/// Where a dataset came from, shortest readable form: `uri`, `url` or `path` of MLflow's JSON, else the text.
pub fn dataset_source(source: Option<&str>) -> Option<String> {
    let text = source?;
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let named = json.as_ref().and_then(|json| ["uri", "url", "path"].iter().find_map(|key| json.get(key)?.as_str()));
    Some(named.unwrap_or(text).to_owned())
}

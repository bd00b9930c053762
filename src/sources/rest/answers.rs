//! EXPERIMENTS, RUNS AND POINTS, from JSON to the model. The same shapes stand in exports of other tools: lists of `{"key", "value"}`
//! there may be plain objects, so both are taken everywhere.
//!
//! It must not know where the JSON came from. What is wrong with a field is told to `note` in one sentence; the rest is taken.

use crate::model::{DatasetInput, Experiment, Lifecycle, MetricSummary, RunKey, RunRow, RunStatus};
use crate::sources::times;
use serde_json::Value;
use std::borrow::Cow;

/// Told what is wrong with a field.
pub type Note<'a> = &'a mut dyn FnMut(String);

/// One point of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Databases leave it out of `metrics/get-history`.
    pub run_id: Option<String>,
    /// Of the metric.
    pub key: Option<String>,
    /// 0 where it is left out.
    pub step: i64,
    /// Milliseconds since 1970, UTC; 0 where it is left out.
    pub time_ms: i64,
    /// May be NaN or infinite.
    pub value: f64,
}

/// A text or a number as text; `None` for what is absent, null or no scalar.
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(is_true) => Some(Cow::Borrowed(if *is_true { "True" } else { "False" })),
        _ => None,
    }
}

/// The same as an own text, `None` when it is empty.
pub fn filled(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// The first of several names of a field that is filled.
pub fn first_of(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| filled(value.get(name)?))
}

/// A number of 64 bits.
pub fn integer(text: &str) -> Option<i64> {
    let by_float = || text.parse::<f64>().ok().filter(|number| number.abs() < 9e18).map(|number| number.round() as i64);
    text.parse().ok().or_else(by_float)
}

/// A float. SQL databases can not hold the infinities: MLflow puts the largest numbers in their place.
pub fn float(text: &str) -> Option<f64> {
    match text.trim().parse().ok()? {
        f64::MAX => Some(f64::INFINITY),
        f64::MIN => Some(f64::NEG_INFINITY),
        number => Some(number),
    }
}

/// A time under one of several names.
pub fn time_ms(value: &Value, names: &[&str], note: Note) -> Option<i64> {
    let stated = first_of(value, names)?;
    let time = times::parse_ms(&stated);
    if time.is_none() {
        note(format!("{} is `{stated}`, which is no time.", names.first().unwrap_or(&"time")));
    }
    time
}

/// Keys with their texts, by key: a list of `{"key", "value"}`, or an object. A value that is left out is the empty text.
pub fn pairs(value: Option<&Value>) -> Vec<(String, String)> {
    let owned = |value: Option<&Value>| value.and_then(text).map(Cow::into_owned).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = match value {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|pair| Some((text(pair.get("key")?)?.into_owned(), owned(pair.get("value")))))
            .collect(),
        Some(Value::Object(map)) => map.iter().map(|(key, value)| (key.clone(), owned(Some(value)))).collect(),
        _ => Vec::new(),
    };
    pairs.sort();
    pairs
}

/// An element of `experiments`; `None` without an id. Store, path and count of runs are for the caller to set.
pub fn experiment(value: &Value, note: Note) -> Option<Experiment> {
    let id = first_of(value, &["experiment_id", "id"])?;
    Some(Experiment {
        store: 0,
        path: id.clone(),
        name: first_of(value, &["name"]).unwrap_or_else(|| id.clone()),
        lifecycle: lifecycle(value),
        artifact_location: first_of(value, &["artifact_location"]),
        creation_ms: time_ms(value, &["creation_time"], note),
        last_update_ms: time_ms(value, &["last_update_time"], note),
        tags: pairs(value.get("tags")),
        origin: String::new(),
        runs_expected: 0,
        id,
    })
}

/// Whether something is deleted.
pub fn lifecycle(value: &Value) -> Lifecycle {
    match first_of(value, &["lifecycle_stage"]) {
        Some(stage) if stage.eq_ignore_ascii_case("deleted") => Lifecycle::Deleted,
        _ => Lifecycle::Active,
    }
}

/// An element of `runs` (`info`, `data`, `inputs`, `outputs`), with the id of its experiment; `None` without an id. Its metrics are
/// last points. The key and the number of the experiment are for the caller to set.
pub fn run(value: &Value, note: Note) -> Option<(String, RunRow)> {
    let data = value.get("data").unwrap_or(&Value::Null);
    let (experiment, row) = run_of_info(value.get("info")?, pairs(data.get("tags")), note)?;
    Some((
        experiment,
        RunRow {
            params: pairs(data.get("params")),
            metrics: last_points(data.get("metrics"), row.end_ms.or(row.start_ms), note),
            datasets: datasets(value.get("inputs")),
            outputs: outputs(value.get("outputs")),
            ..row
        },
    ))
}

/// A run's own part, without what it logged but for its tags.
pub fn run_of_info(info: &Value, tags: Vec<(String, String)>, note: Note) -> Option<(String, RunRow)> {
    let id = first_of(info, &["run_id", "run_uuid"])?;
    let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let stated = first_of(info, &["status"]);
    let status = stated.as_deref().map(RunStatus::parse);
    if let (Some(stated), Some(None)) = (&stated, status) {
        note(format!("status is `{stated}`, which is no state of a run."));
    }
    let row = RunRow {
        key: RunKey(id.clone()),
        experiment: 0,
        name: first_of(info, &["run_name", "name"]).or_else(|| tag("mlflow.runName")).unwrap_or_default(),
        status: status.flatten().unwrap_or(RunStatus::Running),
        lifecycle: lifecycle(info),
        start_ms: time_ms(info, &["start_time"], note),
        end_ms: time_ms(info, &["end_time"], note),
        user: tag("mlflow.user").filter(|user| !user.is_empty()).or_else(|| first_of(info, &["user_id"])),
        artifact_uri: first_of(info, &["artifact_uri"]),
        params: Vec::new(),
        metrics: Vec::new(),
        datasets: Vec::new(),
        outputs: Vec::new(),
        id,
        tags,
    };
    Some((first_of(info, &["experiment_id"]).unwrap_or_default(), row))
}

/// An element of `metrics`; `None` when it is none.
pub fn point(value: &Value) -> Option<Point> {
    let whole = |name: &str| match value.get(name).and_then(text) {
        None => Some(0),
        Some(text) => integer(&text),
    };
    Some(Point {
        run_id: first_of(value, &["run_id", "run_uuid"]),
        key: value.get("key").and_then(text).map(Cow::into_owned),
        step: whole("step")?,
        time_ms: whole("timestamp")?,
        // Older answers leave out what is 0.
        value: match value.get("value") {
            None => 0.0,
            Some(value) => float(&text(value)?)?,
        },
    })
}

/// The last points of a run's metrics: a list, or an object of values alone (`mlflow runs describe`), which then stand at step 0 and
/// at `time_ms`.
fn last_points(value: Option<&Value>, time_ms: Option<i64>, note: Note) -> Vec<(String, MetricSummary)> {
    let mut metrics: Vec<(String, MetricSummary)> = Vec::new();
    match value {
        Some(Value::Array(list)) => {
            for item in list {
                match point(item).and_then(|point| Some((point.key.clone()?, point))) {
                    Some((key, point)) => {
                        metrics.push((key, MetricSummary::of_last(point.value, point.step, point.time_ms)));
                    }
                    None => note("A metric of the run is no point.".to_owned()),
                }
            }
        }
        Some(Value::Object(map)) => {
            for (key, value) in map {
                match text(value).and_then(|text| float(&text)) {
                    Some(value) => metrics.push((key.clone(), MetricSummary::of_last(value, 0, time_ms.unwrap_or(0)))),
                    None => note(format!("The metric {key} is no number.")),
                }
            }
        }
        _ => {}
    }
    metrics
}

/// `inputs.dataset_inputs` of a run, sorted.
pub fn datasets(inputs: Option<&Value>) -> Vec<DatasetInput> {
    let list = inputs.and_then(|inputs| inputs.get("dataset_inputs")).and_then(Value::as_array);
    let dataset = |input: &Value| {
        let dataset = input.get("dataset")?;
        let of = |name: &str| first_of(dataset, &[name]);
        let tags = pairs(input.get("tags"));
        Some(DatasetInput {
            name: of("name")?,
            digest: of("digest").unwrap_or_default(),
            context: tags.into_iter().find(|(key, _)| key == "mlflow.data.context").map(|(_, value)| value),
            source_type: of("source_type"),
            source: of("source"),
            profile: of("profile"),
            schema: of("schema"),
        })
    };
    let mut datasets: Vec<DatasetInput> = list.into_iter().flatten().filter_map(dataset).collect();
    datasets.sort();
    datasets
}

/// `outputs.model_outputs` of a run: ids of logged models, sorted.
pub fn outputs(outputs: Option<&Value>) -> Vec<String> {
    let list = outputs.and_then(|outputs| outputs.get("model_outputs")).and_then(Value::as_array);
    let mut ids: Vec<String> =
        list.into_iter().flatten().filter_map(|output| first_of(output, &["model_id"])).collect();
    ids.sort();
    ids
}

/// The token of the page that follows, if one does.
pub fn next_page_token(answer: &Value) -> Option<String> {
    first_of(answer, &["next_page_token"])
}

#[cfg(test)]
mod tests {
    use super::{experiment, point, run};
    use crate::model::{Lifecycle, RunStatus};
    use serde_json::json;

    #[test]
    fn a_run_of_any_server() {
        let mut notes = Vec::new();
        let value = json!({
            "info": {"run_uuid": "r1", "experiment_id": 826972060360423547_u64, "status": 4, "start_time": "1795449121429",
                     "end_time": "soon", "lifecycle_stage": "deleted", "user_id": "old"},
            "data": {
                "metrics": [{"key": "a", "value": "NaN", "timestamp": "5", "step": 9_223_372_036_854_775_807_i64},
                            {"key": "z", "timestamp": 1}, {"key": "b", "value": "x"}, 3],
                "params": [{"key": "lr", "value": 0.1}, {"key": "empty"}, {"value": "no key"}],
                "tags": {"mlflow.runName": "named", "mlflow.user": "alice"}
            },
            "inputs": {"dataset_inputs": [{"dataset": {"name": "d", "digest": 12}, "tags": [{"key": "mlflow.data.context", "value": "train"}]}]},
            "outputs": {"model_outputs": [{"model_id": "m-2"}, {"model_id": "m-1", "step": 0}]}
        });
        let (experiment, row) = run(&value, &mut |message| notes.push(message)).expect("a run");
        assert_eq!(experiment, "826972060360423547");
        assert_eq!((row.id.as_str(), row.name.as_str(), row.user.as_deref()), ("r1", "named", Some("alice")));
        assert_eq!((row.status, row.lifecycle), (RunStatus::Failed, Lifecycle::Deleted));
        assert_eq!((row.start_ms, row.end_ms), (Some(1_795_449_121_429), None));
        assert_eq!(row.params, [("empty".into(), String::new()), ("lr".into(), "0.1".into())]);
        assert_eq!(row.metrics.len(), 2);
        assert!(row.metrics[0].1.last.is_nan() && row.metrics[0].1.step == i64::MAX && row.metrics[1].1.last == 0.0);
        assert_eq!((row.datasets[0].digest.as_str(), row.datasets[0].context.as_deref()), ("12", Some("train")));
        assert_eq!(row.outputs, ["m-1", "m-2"]);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(run(&json!({"info": {"run_id": ""}}), &mut |_| {}).is_none());
    }

    #[test]
    fn an_experiment_and_a_point() {
        let value = json!({"experiment_id": "1", "tags": [{"key": "b", "value": "2"}, {"key": "a"}], "creation_time": 5_000_000_000_000_u64});
        let read = experiment(&value, &mut |message| panic!("{message}")).expect("an experiment");
        assert_eq!((read.name.as_str(), read.creation_ms, read.tag("a")), ("1", Some(5_000_000_000_000), Some("")));
        assert_eq!(point(&json!({"value": 1.797_693_134_862_315_7e308})).map(|point| point.value), Some(f64::INFINITY));
        assert!(point(&json!({"value": 1, "step": "x"})).is_none() && point(&json!({"value": null})).is_none());
    }
}

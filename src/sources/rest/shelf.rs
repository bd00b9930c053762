//! REGISTERED MODELS, LOGGED MODELS AND TRACES, from JSON to the model.
//!
//! It must not know where the JSON came from.

use super::answers::{Note, filled, first_of, integer, lifecycle, pairs, point, time_ms};
use crate::model::{LoggedModel, MetricSummary, ModelVersion, RegisteredModel, Trace};
use serde_json::Value;
use std::collections::BTreeMap;

/// An element of `registered_models`; `None` without a name. Of its versions a search tells the latest of each stage alone.
pub fn registered_model(value: &Value, note: Note) -> Option<RegisteredModel> {
    let aliases = value.get("aliases").and_then(Value::as_array).into_iter().flatten();
    let alias = |alias: &Value| Some((first_of(alias, &["alias"])?, first_of(alias, &["version"])?));
    let mut aliases: Vec<(String, String)> = match value.get("aliases") {
        Some(Value::Object(_)) => pairs(value.get("aliases")),
        _ => aliases.filter_map(alias).collect(),
    };
    aliases.sort();
    let versions = ["versions", "latest_versions"].iter().find_map(|name| value.get(name)?.as_array());
    let mut read: Vec<ModelVersion> = Vec::new();
    for version in versions.into_iter().flatten() {
        read.extend(model_version(version, note).map(|(_, version)| version));
    }
    Some(RegisteredModel {
        store: 0,
        name: first_of(value, &["name"])?,
        description: first_of(value, &["description"]),
        creation_ms: time_ms(value, &["creation_timestamp"], note),
        last_update_ms: time_ms(value, &["last_updated_timestamp"], note),
        tags: pairs(value.get("tags")),
        aliases,
        versions: read,
    })
}

/// An element of `model_versions`, with the name of its model; `None` without a version, or when it was deleted.
pub fn model_version(value: &Value, note: Note) -> Option<(String, ModelVersion)> {
    let version = first_of(value, &["version"])?;
    let Ok(version) = version.parse() else {
        note(format!("version is `{version}`, which is no number."));
        return None;
    };
    let stage = first_of(value, &["current_stage"]).filter(|stage| stage != "None");
    if stage.as_deref() == Some("Deleted_Internal") {
        return None;
    }
    let source = first_of(value, &["source"]);
    let of_source = || ModelVersion::model_of(source.as_deref()?).map(str::to_owned);
    Some((
        first_of(value, &["name"]).unwrap_or_default(),
        ModelVersion {
            version,
            stage,
            status: first_of(value, &["status"]),
            description: first_of(value, &["description"]),
            user: first_of(value, &["user_id"]),
            creation_ms: time_ms(value, &["creation_timestamp"], note),
            last_update_ms: time_ms(value, &["last_updated_timestamp"], note),
            run_id: first_of(value, &["run_id"]),
            model_id: first_of(value, &["model_id"]).or_else(of_source),
            source,
            tags: pairs(value.get("tags")),
        },
    ))
}

/// An element of `models` of `logged-models/search` (`info` and `data`), or the same fields side by side, with the id of its
/// experiment; `None` without an id.
pub fn logged_model(value: &Value, note: Note) -> Option<(String, LoggedModel)> {
    let info = value.get("info").unwrap_or(value);
    let data = value.get("data").unwrap_or(value);
    let id = first_of(info, &["model_id"])?;
    let status = first_of(info, &["status"]).unwrap_or_default();
    let status = status.strip_prefix("LOGGED_MODEL_").unwrap_or(&status);
    // Of the points of one key (one for each dataset) the last counts.
    let mut metrics: BTreeMap<String, MetricSummary> = BTreeMap::new();
    for item in data.get("metrics").and_then(Value::as_array).into_iter().flatten() {
        let Some((key, point)) = point(item).and_then(|point| Some((point.key.clone()?, point))) else {
            note(format!("A metric of the model {id} is no point."));
            continue;
        };
        let known = metrics.get(&key).map(|known| (known.step, known.time_ms));
        if known.is_none_or(|known| known <= (point.step, point.time_ms)) {
            metrics.insert(key, MetricSummary::of_last(point.value, point.step, point.time_ms));
        }
    }
    let model = LoggedModel {
        experiment: 0,
        name: first_of(info, &["name"]).unwrap_or_default(),
        status: if status.is_empty() { "UNSPECIFIED" } else { status }.to_owned(),
        lifecycle: lifecycle(info),
        model_type: first_of(info, &["model_type"]),
        run_id: first_of(info, &["source_run_id"]),
        creation_ms: time_ms(info, &["creation_timestamp_ms", "creation_timestamp", "creation_time"], note),
        params: pairs(data.get("params")),
        tags: pairs(info.get("tags")),
        metrics: metrics.into_iter().collect(),
        id,
    };
    Some((first_of(info, &["experiment_id"]).unwrap_or_default(), model))
}

/// An element of `traces` of either interface (version 2: `request_id`, `timestamp_ms`; version 3: `trace_id`, `request_time`), with
/// the id of its experiment; `None` without an id.
pub fn trace(value: &Value, note: Note) -> Option<(String, Trace)> {
    let tags = pairs(value.get("tags"));
    let metadata = pairs(value.get("trace_metadata").or(value.get("request_metadata")));
    let of = |list: &[(String, String)], key: &str| {
        list.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    let place = value.pointer("/trace_location/mlflow_experiment/experiment_id").and_then(filled);
    let duration = first_of(value, &["execution_duration", "execution_duration_ms", "execution_time_ms"]);
    let duration_ms = duration.as_deref().and_then(duration_ms);
    if let (Some(stated), None) = (&duration, duration_ms) {
        note(format!("The duration of a trace is `{stated}`, which is none."));
    }
    let trace = Trace {
        experiment: 0,
        id: first_of(value, &["trace_id", "request_id"])?,
        name: of(&tags, "mlflow.traceName").unwrap_or_default(),
        state: first_of(value, &["state", "status"]).unwrap_or_default(),
        start_ms: time_ms(value, &["request_time", "timestamp_ms"], note),
        duration_ms,
        run_id: of(&metadata, "mlflow.sourceRun"),
    };
    Some((place.or_else(|| first_of(value, &["experiment_id"])).unwrap_or_default(), trace))
}

/// `0.011s` (protobuf's Duration) or milliseconds.
pub fn duration_ms(text: &str) -> Option<i64> {
    match text.strip_suffix('s') {
        Some(seconds) => {
            let seconds: f64 = seconds.parse().ok()?;
            (seconds.abs() < 9e15).then(|| (seconds * 1_000.0).round() as i64)
        }
        None => integer(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{logged_model, registered_model, trace};
    use serde_json::json;

    #[test]
    fn models_of_any_version() {
        let mut notes = Vec::new();
        let value = json!({"name": "m", "aliases": [{"alias": "champion", "version": 1}], "latest_versions": [
            {"name": "m", "version": 1, "current_stage": "None", "source": "models:/m-12"},
            {"name": "m", "version": "2", "current_stage": "Deleted_Internal"}, {"version": "v3"}]});
        let model = registered_model(&value, &mut |message| notes.push(message)).expect("a model");
        assert_eq!(model.aliases, [("champion".to_owned(), "1".to_owned())]);
        assert_eq!((model.versions.len(), model.versions[0].stage.as_deref()), (1, None));
        assert_eq!((model.versions[0].model_id.as_deref(), notes.len()), (Some("m-12"), 1));
        let value = json!({"info": {"model_id": "m-1", "experiment_id": "7", "status": "LOGGED_MODEL_READY"},
            "data": {"metrics": [{"key": "a", "value": 2, "step": 4}, {"key": "a", "value": 1, "step": 3}]}});
        let (experiment, model) = logged_model(&value, &mut |message| panic!("{message}")).expect("a model");
        assert_eq!((experiment.as_str(), model.status.as_str(), model.metrics[0].1.last), ("7", "READY", 2.0));
    }

    #[test]
    fn traces_of_both_versions() {
        let three = json!({"trace_id": "tr-1", "trace_location": {"mlflow_experiment": {"experiment_id": 1}}, "state": "OK",
            "request_time": "2026-11-23T15:52:09.758Z", "execution_duration": "0.011s",
            "tags": {"mlflow.traceName": "outer"}, "trace_metadata": {"mlflow.sourceRun": "r1"}});
        let two = json!({"request_id": "tr-1", "experiment_id": "1", "timestamp_ms": 1_795_449_129_758_u64, "status": "OK",
            "execution_time_ms": "11", "tags": [{"key": "mlflow.traceName", "value": "outer"}],
            "request_metadata": [{"key": "mlflow.sourceRun", "value": "r1"}]});
        let read = |value| trace(value, &mut |message| panic!("{message}")).expect("a trace");
        assert_eq!(read(&three), read(&two));
        assert_eq!(read(&three).1.duration_ms, Some(11));
    }
}

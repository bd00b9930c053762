//! Things of the model as JSON: what is not known is left out.

use crate::model::{
    DatasetInput, Experiment, Lifecycle, LoggedModel, MetricSummary, ModelVersion, RegisteredModel, Store, Trace,
};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// JSON has no word for NaN and the infinities.
pub fn push_number(text: &mut String, number: f64) {
    match number {
        number if number.is_nan() => text.push_str("\"NaN\""),
        f64::INFINITY => text.push_str("\"Infinity\""),
        f64::NEG_INFINITY => text.push_str("\"-Infinity\""),
        // The shortest digits that give the same number, in a form that JSON takes.
        number => {
            let _ = write!(text, "{number:?}");
        }
    }
}

pub fn number(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None => {
            let mut text = String::new();
            push_number(&mut text, number);
            json!(text.trim_matches('"'))
        }
    }
}

/// Without what is not known.
pub fn filled<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let is_filled = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    fields.into_iter().filter(|(_, value)| is_filled(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

pub fn lifecycle(lifecycle: Lifecycle) -> Value {
    if lifecycle == Lifecycle::Deleted { json!(lifecycle.word()) } else { Value::Null }
}

pub fn texts(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

pub fn dataset(dataset: &DatasetInput) -> Value {
    Value::Object(filled([
        ("name", json!(dataset.name)),
        ("digest", json!(dataset.digest)),
        ("context", json!(dataset.context)),
        ("source_type", json!(dataset.source_type)),
        ("source", json!(dataset.source)),
        ("profile", json!(dataset.profile)),
        ("schema", json!(dataset.schema)),
    ]))
}

pub fn experiment(experiment: &Experiment) -> Value {
    Value::Object(filled([
        ("store", json!(experiment.store)),
        ("id", json!(experiment.id)),
        ("path", json!(experiment.path)),
        ("name", json!(experiment.name)),
        ("lifecycle", lifecycle(experiment.lifecycle)),
        ("artifact_location", json!(experiment.artifact_location)),
        ("creation_ms", json!(experiment.creation_ms)),
        ("last_update_ms", json!(experiment.last_update_ms)),
        ("tags", texts(&experiment.tags)),
    ]))
}

pub fn registered(model: &RegisteredModel) -> Value {
    Value::Object(filled([
        ("store", json!(model.store)),
        ("name", json!(model.name)),
        ("description", json!(model.description)),
        ("creation_ms", json!(model.creation_ms)),
        ("last_update_ms", json!(model.last_update_ms)),
        ("tags", texts(&model.tags)),
        ("aliases", texts(&model.aliases)),
        ("versions", model.versions.iter().map(version).collect()),
    ]))
}

pub fn version(version: &ModelVersion) -> Value {
    Value::Object(filled([
        ("version", json!(version.version)),
        ("stage", json!(version.stage)),
        ("status", json!(version.status)),
        ("description", json!(version.description)),
        ("user", json!(version.user)),
        ("creation_ms", json!(version.creation_ms)),
        ("last_update_ms", json!(version.last_update_ms)),
        ("source", json!(version.source)),
        ("run_id", json!(version.run_id)),
        ("model_id", json!(version.model_id)),
        ("tags", texts(&version.tags)),
    ]))
}

pub fn logged_model((experiment, model): (u32, &LoggedModel)) -> Value {
    let metric = |(key, summary): &(String, MetricSummary)| {
        (key.clone(), json!({"last": number(summary.last), "step": summary.step, "time_ms": summary.time_ms}))
    };
    Value::Object(filled([
        ("experiment", json!(experiment)),
        ("id", json!(model.id)),
        ("name", json!(model.name)),
        ("status", json!(model.status)),
        ("lifecycle", lifecycle(model.lifecycle)),
        ("model_type", json!(model.model_type)),
        ("run_id", json!(model.run_id)),
        ("creation_ms", json!(model.creation_ms)),
        ("params", texts(&model.params)),
        ("tags", texts(&model.tags)),
        ("metrics", model.metrics.iter().map(metric).collect()),
    ]))
}

pub fn trace((experiment, trace): (u32, &Trace)) -> Value {
    Value::Object(filled([
        ("experiment", json!(experiment)),
        ("id", json!(trace.id)),
        ("name", json!(trace.name)),
        ("state", json!(trace.state)),
        ("start_ms", json!(trace.start_ms)),
        ("duration_ms", json!(trace.duration_ms)),
        ("run_id", json!(trace.run_id)),
    ]))
}

pub fn store(store: &Store) -> Value {
    let models = store.registered_models.iter().map(|(name, versions)| (name.clone(), json!(versions)));
    json!({
        "path": store.path,
        "format": store.format,
        "registered_models": models.collect::<Map<String, Value>>(),
        "logged_models": store.logged_models,
        "traces": store.traces,
    })
}

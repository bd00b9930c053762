//! What a store keeps beside its runs: registered models, logged models and traces.

use crate::model::{Lifecycle, MetricSummary};
use serde::{Deserialize, Serialize};

/// What a store keeps beside its runs, or a page of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shelf {
    /// Prompts, which MLflow keeps as registered models, among them.
    pub registered: Vec<RegisteredModel>,
    /// Of all experiments.
    pub logged: Vec<LoggedModel>,
    /// Of all experiments.
    pub traces: Vec<Trace>,
}

impl Shelf {
    /// Puts another page below.
    pub fn append(&mut self, page: Shelf) {
        self.registered.extend(page.registered);
        self.logged.extend(page.logged);
        self.traces.extend(page.traces);
    }
}

impl RegisteredModel {
    /// The tag of those that are prompts.
    pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

    /// Whether it is a prompt: MLflow 3 keeps those as registered models with a tag.
    pub fn is_prompt(&self) -> bool {
        self.tags.iter().any(|(key, value)| key == Self::PROMPT_TAG && value.eq_ignore_ascii_case("true"))
    }
}

impl ModelVersion {
    /// The logged model that a source like `models:/m-...` names.
    pub fn model_of(source: &str) -> Option<&str> {
        source.strip_prefix("models:/").filter(|id| id.starts_with("m-"))
    }
}

/// A name under which versions of a model are registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Number of the [`Store`](crate::model::Store) it lies in.
    pub store: u32,
    /// Unique within its store.
    pub name: String,
    /// As its user wrote it.
    pub description: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub creation_ms: Option<i64>,
    /// Milliseconds since 1970, UTC.
    pub last_update_ms: Option<i64>,
    /// By key, ascending.
    pub tags: Vec<(String, String)>,
    /// Alias and the version that it stands for, by alias.
    pub aliases: Vec<(String, String)>,
    /// By number, ascending; without those that were deleted.
    pub versions: Vec<ModelVersion>,
}

/// One version of a registered model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// 1, 2, ...
    pub version: u64,
    /// `Staging`, `Production`, `Archived`; `None` is MLflow's "None".
    pub stage: Option<String>,
    /// `READY`, `PENDING_REGISTRATION`, `FAILED_REGISTRATION`.
    pub status: Option<String>,
    /// As its user wrote it.
    pub description: Option<String>,
    /// Who registered it.
    pub user: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub creation_ms: Option<i64>,
    /// Milliseconds since 1970, UTC.
    pub last_update_ms: Option<i64>,
    /// Where the model's files came from, as stored.
    pub source: Option<String>,
    /// The run that made it.
    pub run_id: Option<String>,
    /// The logged model (MLflow 3) that it is.
    pub model_id: Option<String>,
    /// By key, ascending.
    pub tags: Vec<(String, String)>,
}

/// A model that a run of MLflow 3 logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// Number of its experiment.
    pub experiment: u32,
    /// `m-` and 32 hexadecimal digits.
    pub id: String,
    /// As its user named it.
    pub name: String,
    /// `READY`, `PENDING`, `UPLOAD_FAILED`, `UNSPECIFIED`.
    pub status: String,
    /// In use or deleted.
    pub lifecycle: Lifecycle,
    /// As its user wrote it.
    pub model_type: Option<String>,
    /// The run that logged it.
    pub run_id: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub creation_ms: Option<i64>,
    /// By key, ascending.
    pub params: Vec<(String, String)>,
    /// By key, ascending.
    pub tags: Vec<(String, String)>,
    /// By key, ascending.
    pub metrics: Vec<(String, MetricSummary)>,
}

/// One traced call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Number of its experiment.
    pub experiment: u32,
    /// `tr-` and hexadecimal digits, or what an older MLflow made.
    pub id: String,
    /// Of its root span; empty when none is told.
    pub name: String,
    /// `OK`, `ERROR`, `IN_PROGRESS`.
    pub state: String,
    /// Milliseconds since 1970, UTC.
    pub start_ms: Option<i64>,
    /// Milliseconds.
    pub duration_ms: Option<i64>,
    /// The run in which it was made.
    pub run_id: Option<String>,
}

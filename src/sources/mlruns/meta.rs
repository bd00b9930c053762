//! What a `meta.yaml` says: its fields as text, and which kind of thing it describes.
//!
//! No scalar is ever typed by YAML's rules, since MLflow writes names like `1e3`, `y` and `0o14` without quotes; who
//! wants a number asks for one.

use super::yaml;
use crate::sources::text::{self, Oddity};

/// The value of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Any scalar; `plain` when it was written without quotes.
    Text {
        /// As unquoted and unfolded.
        text: String,
        /// Without quotes: only then can it mean null.
        plain: bool,
    },
    /// A map of scalars.
    Map(Vec<(String, String)>),
    /// A list, or a map of more than scalars; nothing here needs them.
    Other,
}

/// The fields of a `meta.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    pub(super) fields: Vec<(String, Value)>,
}

/// A meta file as it was read: the fields, and what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMeta {
    /// What could be read, possibly nothing.
    pub meta: Meta,
    /// Line (1-based) and one sentence, when the file is no YAML map.
    pub problem: Option<(Option<u64>, String)>,
    /// What was odd about its bytes.
    pub oddity: Option<Oddity>,
}

/// What a meta file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An experiment.
    Experiment,
    /// A run.
    Run,
    /// A logged model (`m-...`, MLflow 3).
    LoggedModel,
    /// A registered model.
    RegisteredModel,
    /// A version of a registered model; `deleted` when only its shell is left.
    ModelVersion {
        /// MLflow's internal stage of a deleted version.
        deleted: bool,
    },
    /// Something else: a dataset, an input, another tool's meta.yaml.
    Unknown,
}

impl Kind {
    /// Whether what it describes holds nothing that could be something else.
    pub fn is_closed(self) -> bool {
        matches!(self, Kind::Run | Kind::LoggedModel | Kind::ModelVersion { .. })
    }
}

impl Meta {
    /// Reads the bytes of a `meta.yaml`; never fails.
    pub fn read_bytes(bytes: &[u8]) -> ReadMeta {
        let (text, oddity) = text::decode(bytes);
        ReadMeta { oddity, ..Meta::read(&text) }
    }

    /// Reads the text of a `meta.yaml`; never fails.
    pub fn read(text: &str) -> ReadMeta {
        if let Some(meta) = yaml::read_flat(text) {
            let problem = meta.fields.is_empty().then(|| (None, "The file holds no fields.".to_owned()));
            return ReadMeta { meta, problem, oddity: None };
        }
        match yaml::read_events(text) {
            Ok(meta) => ReadMeta { meta, problem: None, oddity: None },
            Err(problem) => ReadMeta { meta: yaml::salvage(text), problem: Some(problem), oddity: None },
        }
    }

    /// The last field of that name, as in PyYAML.
    fn value(&self, key: &str) -> Option<&Value> {
        self.fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether the field is there, null or not.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The field's text; `None` when it is absent or null.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => None,
            Value::Text { text, .. } => Some(text),
            Value::Map(_) | Value::Other => None,
        }
    }

    /// The field's text, unless it is empty.
    pub fn filled(&self, key: &str) -> Option<&str> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// The field as a whole number; a number with a fraction is rounded.
    ///
    /// # Errors
    /// The text that is no number.
    pub fn int(&self, key: &str) -> Result<Option<i64>, &str> {
        let Some(text) = self.filled(key) else { return Ok(None) };
        if let Ok(number) = text.trim().parse() {
            return Ok(Some(number));
        }
        match text.trim().parse::<f64>() {
            Ok(number) if number.abs() < 9e15 => Ok(Some(number.round() as i64)),
            _ => Err(text),
        }
    }

    /// The field as a map of texts.
    pub fn map(&self, key: &str) -> &[(String, String)] {
        match self.value(key) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// Told by the fields alone; the name of the folder does not matter.
    pub fn kind(&self) -> Kind {
        let any = |keys: &[&str]| keys.iter().any(|key| self.has(key));
        if any(&["model_id"]) && any(&["source_run_id", "model_type"]) {
            Kind::LoggedModel
        } else if any(&["current_stage"]) || (any(&["version"]) && any(&["source", "storage_location"])) {
            Kind::ModelVersion { deleted: self.text("current_stage") == Some("Deleted_Internal") }
        } else if any(&["run_uuid"])
            || (any(&["run_id"]) && any(&["experiment_id", "artifact_uri", "start_time", "lifecycle_stage"]))
            || (any(&["experiment_id"]) && any(&["artifact_uri", "start_time"]))
        {
            Kind::Run
        } else if any(&["experiment_id"]) || (any(&["artifact_location"]) && any(&["lifecycle_stage"])) {
            Kind::Experiment
        } else if any(&["creation_timestamp"]) && any(&["last_updated_timestamp"]) && any(&["name"]) {
            Kind::RegisteredModel
        } else {
            Kind::Unknown
        }
    }
}

use crate::model::Lifecycle;
use serde::{Deserialize, Serialize};

/// One recognised store of tracking data inside what was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Relative to what was opened; `.` is the opened thing itself.
    pub path: String,
    /// `mlruns` for a file store, `server` for a tracking server.
    pub format: String,
    /// Registered models by name, each with its count of versions.
    pub registered_models: Vec<(String, u64)>,
    /// How many logged models the store holds.
    pub logged_models: u64,
    /// How many traces the store holds.
    pub traces: u64,
    /// What serves it, if it is a tracking server's.
    pub server: Option<Server>,
}

/// What a tracking server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// What it is, as far as can be told: `MLflow`, `FastTrackML`, `Databricks`.
    pub name: String,
    /// As it states it.
    pub version: Option<String>,
    /// The one that is read; `None` where it has none.
    pub workspace: Option<String>,
    /// Those that the user may choose.
    pub workspaces: Vec<String>,
}

/// One experiment. Its number is its place in the order in which the source gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Number of the [`Store`] it lies in.
    pub store: u32,
    /// The id as MLflow knows it, opaque text.
    pub id: String,
    /// Unique within a source: the folder path of the experiment.
    pub path: String,
    /// Shown name; falls back to the id when the store has none.
    pub name: String,
    /// `Deleted` for all that lies in `.trash`, whatever its own meta says.
    pub lifecycle: Lifecycle,
    /// As stored; may name another machine.
    pub artifact_location: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub creation_ms: Option<i64>,
    /// Milliseconds since 1970, UTC.
    pub last_update_ms: Option<i64>,
    /// By key, ascending.
    pub tags: Vec<(String, String)>,
    /// Which of the things that were opened it lies in. A source that is one store leaves it empty.
    pub origin: String,
    /// How many run folders were seen, before any of them is read.
    pub runs_expected: u32,
}

impl Experiment {
    /// One of which the id alone is known.
    pub fn of_id(store: u32, id: &str, path: String) -> Experiment {
        Experiment {
            store,
            id: id.to_owned(),
            path,
            name: id.to_owned(),
            lifecycle: Lifecycle::Active,
            artifact_location: None,
            creation_ms: None,
            last_update_ms: None,
            tags: Vec::new(),
            origin: String::new(),
            runs_expected: 0,
        }
    }

    /// The value of an experiment tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

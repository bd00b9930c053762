use serde::{Deserialize, Serialize};

/// Names one run within its source, uniquely: the folder path for file stores. Ids may collide, keys do not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunKey(pub String);

/// State of a run, as MLflow's `RunStatus` counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RunStatus {
    /// 1; also what a meta without a status means.
    Running,
    /// 2
    Scheduled,
    /// 3
    Finished,
    /// 4
    Failed,
    /// 5
    Killed,
}

impl RunStatus {
    /// All states, in MLflow's order.
    pub const ALL: [RunStatus; 5] =
        [RunStatus::Running, RunStatus::Scheduled, RunStatus::Finished, RunStatus::Failed, RunStatus::Killed];

    /// MLflow's upper-case word, as its search language compares it.
    pub fn word(self) -> &'static str {
        match self {
            RunStatus::Running => "RUNNING",
            RunStatus::Scheduled => "SCHEDULED",
            RunStatus::Finished => "FINISHED",
            RunStatus::Failed => "FAILED",
            RunStatus::Killed => "KILLED",
        }
    }

    /// From the number in a run's meta (1 to 5) or the word of a database or server.
    pub fn parse(text: &str) -> Option<RunStatus> {
        let by_number =
            text.parse::<usize>().ok().and_then(|number| RunStatus::ALL.get(number.wrapping_sub(1)).copied());
        by_number.or_else(|| RunStatus::ALL.into_iter().find(|status| status.word() == text))
    }
}

/// Whether a run or an experiment is in use or deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lifecycle {
    /// In use.
    #[default]
    Active,
    /// Deleted by its user, or lying in `.trash`.
    Deleted,
}

impl Lifecycle {
    /// MLflow's word: `active` or `deleted`.
    pub fn word(self) -> &'static str {
        match self {
            Lifecycle::Active => "active",
            Lifecycle::Deleted => "deleted",
        }
    }
}

/// A dataset that a run read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DatasetInput {
    /// Dataset name.
    pub name: String,
    /// Content hash as MLflow computed it.
    pub digest: String,
    /// Value of the input tag `mlflow.data.context`.
    pub context: Option<String>,
    /// `local`, `http`, `s3`, ...
    pub source_type: Option<String>,
    /// Where the data came from: JSON or plain text, as stored.
    pub source: Option<String>,
    /// MLflow's JSON profile (`num_rows`, ...), as stored.
    pub profile: Option<String>,
    /// MLflow's JSON schema, as stored.
    pub schema: Option<String>,
}

//! Names of what can be searched, sorted, shown and linked to.

use std::fmt;

/// One field of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// One of the fixed fields.
    Attribute(Attribute),
    /// `params.KEY`
    Param(String),
    /// `metrics.KEY`
    Metric(String),
    /// `tags.KEY`
    Tag(String),
    /// `dataset.name` and its kin
    Dataset(DatasetKey),
}

/// The fixed fields of a run. The last five exist in Runglass alone: MLflow can not search by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// `run_id`
    RunId,
    /// `run_name`
    RunName,
    /// `status`
    Status,
    /// `user_id`
    UserId,
    /// `artifact_uri`
    ArtifactUri,
    /// `start_time`, milliseconds
    StartTime,
    /// `end_time`, milliseconds
    EndTime,
    /// `duration`, milliseconds: end minus start
    Duration,
    /// `source`: the tag `mlflow.source.name`
    Source,
    /// `experiment`: the name of the run's experiment
    Experiment,
    /// Which of the things that were opened the run lies in.
    Origin,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Attribute; 11] = [
        Attribute::RunId,
        Attribute::RunName,
        Attribute::Status,
        Attribute::UserId,
        Attribute::ArtifactUri,
        Attribute::StartTime,
        Attribute::EndTime,
        Attribute::Duration,
        Attribute::Source,
        Attribute::Experiment,
        Attribute::Origin,
    ];

    /// The word that links and MLflow's search language use.
    pub fn word(self) -> &'static str {
        match self {
            Attribute::RunId => "run_id",
            Attribute::RunName => "run_name",
            Attribute::Status => "status",
            Attribute::UserId => "user_id",
            Attribute::ArtifactUri => "artifact_uri",
            Attribute::StartTime => "start_time",
            Attribute::EndTime => "end_time",
            Attribute::Duration => "duration",
            Attribute::Source => "source",
            Attribute::Experiment => "experiment",
            Attribute::Origin => "origin",
        }
    }
}

/// What can be asked of a run's datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatasetKey {
    /// `dataset.name`
    Name,
    /// `dataset.digest`
    Digest,
    /// `dataset.context`
    Context,
}

impl DatasetKey {
    /// All of them.
    pub const ALL: [DatasetKey; 3] = [DatasetKey::Name, DatasetKey::Digest, DatasetKey::Context];

    /// The word after `dataset.`.
    pub fn word(self) -> &'static str {
        match self {
            DatasetKey::Name => "name",
            DatasetKey::Digest => "digest",
            DatasetKey::Context => "context",
        }
    }
}

/// The form of links and hooks: `metrics.val/acc`, `params.lr`, `tags.team`, `start_time`, `dataset.name`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Attribute(attribute) => f.write_str(attribute.word()),
            Field::Param(key) => write!(f, "params.{key}"),
            Field::Metric(key) => write!(f, "metrics.{key}"),
            Field::Tag(key) => write!(f, "tags.{key}"),
            Field::Dataset(key) => write!(f, "dataset.{}", key.word()),
        }
    }
}

impl Field {
    /// Reads the form that [`Display`](fmt::Display) writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Field> {
        if let Some(attribute) = Attribute::ALL.into_iter().find(|attribute| attribute.word() == text) {
            return Some(Field::Attribute(attribute));
        }
        let (kind, key) = text.split_once('.')?;
        match kind {
            "params" => Some(Field::Param(key.to_owned())),
            "metrics" => Some(Field::Metric(key.to_owned())),
            "tags" => Some(Field::Tag(key.to_owned())),
            "dataset" => DatasetKey::ALL.into_iter().find(|known| known.word() == key).map(Field::Dataset),
            _ => None,
        }
    }

    /// The part that a column's head shows: the key without its kind.
    pub fn key(&self) -> &str {
        match self {
            Field::Attribute(attribute) => attribute.word(),
            Field::Param(key) | Field::Metric(key) | Field::Tag(key) => key,
            Field::Dataset(key) => key.word(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn every_form_comes_back() {
        for text in [
            "run_id",
            "start_time",
            "duration",
            "params.a.b",
            "metrics.val/acc",
            "tags.mlflow.user",
            "dataset.digest",
            "params.",
        ] {
            assert_eq!(Field::parse(text).map(|field| field.to_string()).as_deref(), Some(text));
        }
        for text in ["", "lr", "dataset.source", "param.lr"] {
            assert_eq!(Field::parse(text), None, "{text}");
        }
    }
}

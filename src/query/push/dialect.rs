//! What is sure of each server's search, by its name, version and kind of store. A table; what is unknown is not sure.

use crate::model::Server;

/// One thing that is sure of a server's search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Can {
    /// `metrics.m < 1`, `params.p = 'x'`, `tags.t = 'x'` with bare keys, joined by AND.
    Conditions,
    /// Params are texts, whoever logged them: a number is compared as it is shown.
    TextParams,
    /// Keys in backticks.
    QuotedKeys,
    /// LIKE and ILIKE, as far as they are alike in all databases.
    Patterns,
    /// `attributes.run_id` and `attributes.status`.
    Attributes,
    /// `attributes.start_time`: a number of milliseconds, absent when the answer says nothing.
    Starts,
    /// `attributes.end_time`, likewise.
    Ends,
    /// `attributes.run_name` means the name that answers give.
    Names,
    /// `attributes.run_id IN ('a', 'b')`.
    IdLists,
    /// `IS NULL` of params and tags.
    Nulls,
    /// `dataset.name` and its kin.
    Datasets,
    /// NaN differs from every number.
    Differ,
    /// NaN is taken for 0, so that it differs from every other number.
    DifferNotFromZero,
    /// Without a word the newest start comes first; ties by run id.
    NewestFirst,
    /// Metrics, times, ids and states are ordered as we do.
    Order,
}

/// Which store is behind a server; it says so since 3.9.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Either, or not known.
    Any,
    /// Any of SQLite, PostgreSQL, MySQL, SQL Server: which one, no server says.
    Database,
    Files,
}

/// Name, the oldest version with it, the store that it needs, what is then sure.
type Line = (&'static str, (u32, u32), Behind, &'static [Can]);

/// MLflow's lines are recorded from 1.30.1, 2.22.0 and 3.17.2 with files and SQLite, and read from the source for other
/// databases; a version that is not told (those before 2 have no `/version`) is the oldest. Names: a database looks them
/// up in the tag `mlflow.runName`, which can be deleted while the name stays.
/// FastTrackML 0.6 was run and read: it takes NaN for 0, keeps params that its own client logged as numbers apart, where text
/// is not looked for, knows names by the tag alone, neither IS NULL nor datasets, and begins an ascending order with the runs
/// that lack the metric.
const SURE: &[Line] = &[
    // Azure ML (no keys in quotes, no order by metrics), GitLab and whatever else there is: what all of them read alike.
    ("", (0, 0), Behind::Any, &[Can::Conditions]),
    (
        "MLflow",
        (0, 0),
        Behind::Any,
        &[
            Can::TextParams,
            Can::QuotedKeys,
            Can::Patterns,
            Can::Attributes,
            Can::Starts,
            Can::Ends,
            Can::DifferNotFromZero,
            Can::NewestFirst,
            Can::Order,
        ],
    ),
    ("MLflow", (2, 0), Behind::Any, &[Can::IdLists]),
    ("MLflow", (3, 11), Behind::Any, &[Can::Nulls]),
    ("MLflow", (3, 16), Behind::Any, &[Can::Differ]),
    // Known since 2.4, but 2.22 looks for a dataset's run in whatever table it joined first, and answers 503.
    ("MLflow", (3, 17), Behind::Any, &[Can::Datasets]),
    ("MLflow", (0, 0), Behind::Files, &[Can::Names, Can::Differ, Can::Datasets]),
    ("Databricks", (0, 0), Behind::Any, &[Can::TextParams]),
    (
        "FastTrackML",
        (0, 0),
        Behind::Any,
        &[
            Can::QuotedKeys,
            Can::Patterns,
            Can::Attributes,
            Can::Starts,
            Can::DifferNotFromZero,
            Can::IdLists,
            Can::NewestFirst,
        ],
    ),
];

/// What is sure of one server's search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    sure: Vec<Can>,
}

impl Dialect {
    /// Of a server that said what it is; `store_type` is the `store_type` of its `server-info`, where it has one.
    pub fn of(server: &Server, store_type: Option<&str>) -> Dialect {
        let version = server.version.as_deref().and_then(version).unwrap_or((0, 0));
        let behind = match store_type {
            Some("SqlStore") => Behind::Database,
            Some("FileStore") => Behind::Files,
            _ => Behind::Any,
        };
        let holds = |(name, since, needed, _): &&Line| {
            (name.is_empty() || *name == server.name)
                && version >= *since
                && (*needed == Behind::Any || *needed == behind)
        };
        Dialect { sure: SURE.iter().filter(holds).flat_map(|(.., sure)| sure.iter().copied()).collect() }
    }

    pub(super) fn can(&self, what: Can) -> bool {
        self.sure.contains(&what)
    }
}

/// Major and minor number of `3.17.2`, `2.0.0rc1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    };
    Some((digits(parts.next()?)?, parts.next().and_then(digits).unwrap_or(0)))
}

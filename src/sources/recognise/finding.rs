//! What a walk finds. It must not know how it was found, nor what is made of it.

use super::{is_never_entered, is_run_name};
use crate::sources::Entry;
use crate::sources::exports;
use crate::sources::mlruns::meta::ReadMeta;
use crate::sources::mlruns::parts::Parts;
use std::collections::HashMap;

/// One thing that was found. Paths are those of folders, relative to what was opened.
#[derive(Clone, Debug)]
pub enum Finding {
    /// A folder with the meta.yaml of an experiment.
    Experiment { dir: String, meta: ReadMeta },
    /// A run: with a meta.yaml, or at least with what a run logged. `experiment_id` is known where its meta was read.
    Run { dir: String, parts: Parts, experiment_id: Option<String> },
    /// A folder named like a run that holds artifacts alone.
    ArtifactsOnly { dir: String },
    /// A folder in an experiment that is no run.
    NoRun { dir: String },
    /// A meta.yaml that tells nothing.
    UnreadMeta { dir: String, line: Option<u64>, message: String },
    /// A logged model of MLflow 3.
    LoggedModel { dir: String, parts: Parts },
    /// A folder of traces.
    Traces { dir: String, traces: Traces },
    /// A registered model.
    RegisteredModel { dir: String, name: String, parts: Parts },
    /// A version of the registered model in the folder above.
    ModelVersion { dir: String, parts: Parts },
    /// A registered model that is a prompt.
    Prompt { dir: String },
    /// A SQLite database.
    Database { path: String },
    /// An export, or a file of one.
    Document { path: String, kind: exports::Kind },
}

/// Which folders of a folder are traces, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traces {
    /// Folders.
    pub count: u32,
    /// Told by their names, since the folder lies in no experiment that has a meta.yaml.
    pub by_name: bool,
}

impl Traces {
    /// Those of a listing.
    pub fn of(entries: &[Entry], by_name: bool) -> Traces {
        let count = entries.iter().filter(|entry| Traces::holds(by_name, entry)).count();
        Traces { count: u32::try_from(count).unwrap_or(u32::MAX), by_name }
    }

    /// Whether that entry is one of them.
    pub fn holds(by_name: bool, entry: &Entry) -> bool {
        let named = || is_run_name(entry.name.strip_prefix("tr-").unwrap_or(&entry.name));
        entry.is_folder && if by_name { named() } else { !is_never_entered(&entry.name) }
    }
}

impl Finding {
    /// Where it lies.
    pub fn place(&self) -> &str {
        match self {
            Finding::Experiment { dir, .. }
            | Finding::Run { dir, .. }
            | Finding::ArtifactsOnly { dir }
            | Finding::NoRun { dir }
            | Finding::UnreadMeta { dir, .. }
            | Finding::LoggedModel { dir, .. }
            | Finding::Traces { dir, .. }
            | Finding::RegisteredModel { dir, .. }
            | Finding::ModelVersion { dir, .. }
            | Finding::Prompt { dir } => dir,
            Finding::Database { path } | Finding::Document { path, .. } => path,
        }
    }
}

/// What the walk found, taken out of it.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the walk.
    pub findings: Vec<Finding>,
    /// Parts of folders that are no experiment by their meta.yaml.
    pub parts: HashMap<String, Parts>,
}

//! What a folder is: by its place, by what its meta.yaml says, else by its name and its parts. It must not know how folders are
//! listed and read.

use super::{DEPTH, Finding, Place, State, Traces, Visit, is_never_entered, is_run_name};
use crate::sources::mlruns::meta::{Kind, ReadMeta};
use crate::sources::mlruns::parts::Parts;
use crate::sources::{Entry, path};

/// What a folder is by its name and its parts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Run,
    ArtifactsOnly,
    Traces,
    Unknown,
}

impl Shape {
    /// A folder whose meta.yaml is absent or tells nothing.
    pub(super) fn of(dir: &str, parts: Parts) -> Shape {
        let name = path::name(dir);
        let only_parts = !parts.has(Parts::OTHER);
        if (is_run_name(name) && parts.logged() > 0) || (only_parts && parts.logged() > 1 && !name.starts_with("m-")) {
            Shape::Run
        } else if is_run_name(name) && parts.has(Parts::ARTIFACTS) {
            Shape::ArtifactsOnly
        } else if name == "traces" && !parts.has(Parts::META) {
            Shape::Traces
        } else {
            Shape::Unknown
        }
    }

    /// A folder directly in an experiment.
    pub(super) fn in_experiment(parts: Parts) -> Shape {
        if parts.has(Parts::META) || parts.logged() > 0 {
            Shape::Run
        } else if parts.has(Parts::ARTIFACTS) {
            Shape::ArtifactsOnly
        } else {
            Shape::Unknown
        }
    }
}

impl State {
    fn enter(&mut self, above: &Visit, entry: &Entry, place: Place) {
        if entry.is_folder && above.depth < DEPTH && !is_never_entered(&entry.name) {
            let dir = path::join(&above.dir, &entry.name);
            self.queue.push_back(Visit { dir, place, depth: above.depth + 1 });
        }
    }

    /// Tells what a folder is, and enters what may lie in it.
    pub(super) fn judge(&mut self, visit: Visit, entries: &[Entry], meta: Option<ReadMeta>) {
        match visit.place {
            Place::Anywhere => self.judge_anywhere(visit, entries, meta),
            Place::InExperiment => self.judge_in_experiment(visit, entries),
            Place::LoggedModels => {
                for entry in entries {
                    self.enter(&visit, entry, Place::LoggedModel);
                }
            }
            Place::LoggedModel => {
                let parts = Parts::of(entries);
                if parts.has(Parts::META) {
                    self.found.push(Finding::LoggedModel { dir: visit.dir, parts });
                }
            }
            Place::Traces => {
                let traces = Traces::of(entries, false);
                self.found.push(Finding::Traces { dir: visit.dir, traces });
            }
            Place::ModelTags => {}
        }
    }

    fn judge_anywhere(&mut self, visit: Visit, entries: &[Entry], meta: Option<ReadMeta>) {
        let parts = Parts::of(entries);
        let dir = visit.dir.clone();
        let kind = meta.as_ref().map_or(Kind::Unknown, |read| read.meta.kind());
        match (kind, meta) {
            (Kind::Experiment, Some(meta)) => {
                self.parts.insert(dir.clone(), parts);
                self.found.push(Finding::Experiment { dir, meta });
                for entry in entries {
                    match entry.name.as_str() {
                        "tags" | "datasets" => {}
                        "models" => self.enter(&visit, entry, Place::LoggedModels),
                        "traces" => self.enter(&visit, entry, Place::Traces),
                        ".ipynb_checkpoints" => {
                            self.found.push(Finding::NoRun { dir: path::join(&visit.dir, &entry.name) });
                        }
                        _ => self.enter(&visit, entry, Place::InExperiment),
                    }
                }
            }
            (Kind::Run, Some(read)) => {
                let experiment_id = read.meta.filled("experiment_id").map(str::to_owned);
                self.found.push(Finding::Run { dir, parts, experiment_id });
            }
            (Kind::LoggedModel, _) => self.found.push(Finding::LoggedModel { dir, parts }),
            (Kind::RegisteredModel, Some(read)) => {
                let name = read.meta.filled("name").unwrap_or(path::name(&dir)).to_owned();
                self.found.push(Finding::RegisteredModel { dir, name, parts });
                for entry in entries {
                    match entry.name.as_str() {
                        "tags" => self.enter(&visit, entry, Place::ModelTags),
                        "aliases" => {}
                        _ => self.enter(&visit, entry, Place::Anywhere),
                    }
                }
            }
            (Kind::ModelVersion { deleted }, _) => {
                if !deleted {
                    self.found.push(Finding::ModelVersion { dir, parts });
                }
            }
            (_, meta) => {
                if let Some((line, message)) = meta.and_then(|read| read.problem) {
                    self.found.push(Finding::UnreadMeta { dir: dir.clone(), line, message });
                }
                self.judge_structure(visit, entries, parts);
            }
        }
    }

    /// A folder whose meta.yaml is absent or tells nothing.
    fn judge_structure(&mut self, visit: Visit, entries: &[Entry], parts: Parts) {
        match Shape::of(&visit.dir, parts) {
            Shape::Run => self.found.push(Finding::Run { dir: visit.dir, parts, experiment_id: None }),
            Shape::ArtifactsOnly => self.found.push(Finding::ArtifactsOnly { dir: visit.dir }),
            // Of an experiment without meta.yaml; any other folder of that name goes the same way, and counts nothing
            // unless a store lies around it.
            Shape::Traces => self.judge_traces(&visit, entries),
            Shape::Unknown => {
                self.parts.insert(visit.dir.clone(), parts);
                for entry in entries {
                    self.enter(&visit, entry, Place::Anywhere);
                }
            }
        }
    }

    fn judge_traces(&mut self, visit: &Visit, entries: &[Entry]) {
        let traces = Traces::of(entries, true);
        if traces.count > 0 {
            self.found.push(Finding::Traces { dir: visit.dir.clone(), traces });
        }
        for entry in entries.iter().filter(|entry| !Traces::holds(true, entry)) {
            self.enter(visit, entry, Place::Anywhere);
        }
    }

    /// A folder directly in an experiment: its parts tell; its meta.yaml is read with the run.
    fn judge_in_experiment(&mut self, visit: Visit, entries: &[Entry]) {
        let parts = Parts::of(entries);
        match Shape::in_experiment(parts) {
            Shape::Run => self.found.push(Finding::Run { dir: visit.dir, parts, experiment_id: None }),
            Shape::ArtifactsOnly => self.found.push(Finding::ArtifactsOnly { dir: visit.dir }),
            Shape::Traces | Shape::Unknown => {
                self.found.push(Finding::NoRun { dir: visit.dir.clone() });
                for entry in entries {
                    self.enter(&visit, entry, Place::Anywhere);
                }
            }
        }
    }
}

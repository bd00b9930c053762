//! From what the walk found to stores, experiments and runs: which folder belongs to which. Nothing is read here.
//!
//! A store is the folder above its experiments. What lies in `.trash` is deleted, whatever its own meta says. A run folder
//! outside any experiment makes one: its parent is an experiment without meta.yaml; in `.trash` itself it joins the
//! experiment that its meta names.

use super::meta::ReadMeta;
use super::parts::Parts;
use crate::model::{Reason, Report, Store};
use crate::sources::path;
use crate::sources::recognise::{Finding, Found};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// An experiment as far as its folder tells.
#[derive(Clone, Debug)]
pub struct ExperimentPlace {
    /// Number of its store.
    pub store: u32,
    /// Its folder; for an experiment that has none a path that is no folder.
    pub dir: String,
    /// What its meta.yaml says.
    pub meta: Option<ReadMeta>,
    /// What it holds.
    pub parts: Parts,
    /// The id where the meta has none.
    pub fallback_id: String,
    /// Lies in `.trash`.
    pub in_trash: bool,
    /// Run folders.
    pub runs: u32,
}

impl ExperimentPlace {
    /// As MLflow knows it.
    pub fn id(&self) -> &str {
        let meta_id = self.meta.as_ref().and_then(|read| read.meta.filled("experiment_id"));
        meta_id.unwrap_or(&self.fallback_id)
    }
}

/// A run folder, not yet read.
#[derive(Clone, Debug)]
pub struct RunPlace {
    /// Number of its experiment.
    pub experiment: u32,
    /// Its folder.
    pub dir: String,
    /// What it holds.
    pub parts: Parts,
    /// Lies in `.trash`, itself or with its experiment.
    pub in_trash: bool,
}

/// All that was recognised. Experiments lie by store, those in `.trash` last; runs lie by experiment.
#[derive(Debug, Default)]
pub struct Layout {
    /// By path.
    pub stores: Vec<Store>,
    /// The folder of each store.
    pub roots: Vec<String>,
    /// In the order of their numbers.
    pub experiments: Vec<ExperimentPlace>,
    /// In the order in which they are read.
    pub runs: Vec<RunPlace>,
    /// Folders that hold artifacts alone, by the run id that they are named after.
    pub loose_artifacts: HashMap<String, Vec<String>>,
}

/// The folder of the store above an experiment, and whether `.trash` lies between.
fn root_of(experiment_dir: &str) -> (&str, bool) {
    let above = path::parent(experiment_dir);
    match path::name(above) {
        ".trash" => (path::parent(above), true),
        _ => (above, false),
    }
}

struct LooseRun {
    dir: String,
    parts: Parts,
    experiment_id: Option<String>,
}

impl Layout {
    /// `None` when there is no store.
    pub fn build(found: Found, report: &mut Report) -> Option<Layout> {
        let mut experiments: BTreeMap<String, ExperimentPlace> = BTreeMap::new();
        let mut runs: Vec<LooseRun> = Vec::new();
        let (mut others, mut unread) = (Vec::new(), Vec::new());
        let place = |dir: &str, meta: Option<ReadMeta>, fallback_id: String| ExperimentPlace {
            store: 0,
            dir: dir.to_owned(),
            meta,
            parts: found.parts.get(dir).copied().unwrap_or_default(),
            fallback_id,
            in_trash: root_of(dir).1,
            runs: 0,
        };
        for finding in found.findings {
            match finding {
                Finding::Experiment { dir, meta } => {
                    experiments.insert(dir.clone(), place(&dir, Some(meta), path::name(&dir).to_owned()));
                }
                Finding::Run { dir, parts, experiment_id } => runs.push(LooseRun { dir, parts, experiment_id }),
                Finding::UnreadMeta { dir, line, message } => unread.push((dir, line, message)),
                other => others.push(other),
            }
        }

        // Each run to the folder of its experiment; those directly in `.trash` wait.
        let mut homes: Vec<(String, LooseRun)> = Vec::with_capacity(runs.len());
        let mut strays = Vec::new();
        for run in runs {
            let above = path::parent(&run.dir);
            if path::name(above) == ".trash" && !experiments.contains_key(above) {
                strays.push(run);
                continue;
            }
            let above = above.to_owned();
            if !experiments.contains_key(&above) {
                // The folder of the experiment has a name, unless it is itself what was opened.
                let named = || match path::name(&above) {
                    "" => run.experiment_id.clone().unwrap_or_default(),
                    name => name.to_owned(),
                };
                if !unread.iter().any(|(dir, ..)| *dir == above) {
                    let message = "The experiment has no meta.yaml; its name is not known.";
                    report.note(Reason::MetaMissing, path::shown(&above), None, message);
                }
                experiments.insert(above.clone(), place(&above, None, named()));
            }
            homes.push((above, run));
        }
        for run in strays {
            let root = root_of(&run.dir).0.to_owned();
            let id = run.experiment_id.clone().unwrap_or_default();
            let home = experiments
                .values()
                .filter(|experiment| experiment.id() == id && root_of(&experiment.dir).0 == root)
                .min_by_key(|experiment| experiment.in_trash)
                .map(|experiment| experiment.dir.clone());
            let home = home.unwrap_or_else(|| {
                let trash = path::join(&root, ".trash");
                let dir = path::join(&trash, if id.is_empty() { "runs" } else { &id });
                experiments.entry(dir.clone()).or_insert_with(|| place(&dir, None, id.clone()));
                dir
            });
            homes.push((home, run));
        }

        let mut roots: BTreeSet<String> = experiments.keys().map(|dir| root_of(dir).0.to_owned()).collect();
        for finding in &others {
            if let Finding::RegisteredModel { dir, .. } = finding
                && !roots.iter().any(|root| path::lies_in(dir, root))
            {
                roots.insert(path::parent(path::parent(dir)).to_owned());
            }
        }
        if roots.is_empty() {
            return None;
        }
        let mut layout = Layout { roots: roots.into_iter().collect(), ..Layout::default() };
        layout.number(experiments, homes);
        layout.count(others, report);
        for (dir, line, message) in unread {
            let is_experiment = layout.experiments.iter().any(|experiment| experiment.dir == dir);
            let beside = layout.experiments.iter().any(|experiment| root_of(&experiment.dir) == root_of(&dir));
            let is_run = layout.runs.iter().any(|run| run.dir == dir);
            if !is_run && (is_experiment || beside) {
                report.note(Reason::MetaUnreadable, path::join(&dir, "meta.yaml"), line, message);
            }
        }
        Some(layout)
    }

    fn number(&mut self, experiments: BTreeMap<String, ExperimentPlace>, homes: Vec<(String, LooseRun)>) {
        let store_of: HashMap<&str, u32> = self.roots.iter().zip(0..).map(|(root, at)| (root.as_str(), at)).collect();
        self.experiments = experiments.into_values().collect();
        for experiment in &mut self.experiments {
            experiment.store = store_of.get(root_of(&experiment.dir).0).copied().unwrap_or(0);
        }
        self.experiments
            .sort_by_cached_key(|experiment| (experiment.store, experiment.in_trash, experiment.dir.clone()));
        let number_of: HashMap<String, u32> =
            self.experiments.iter().zip(0..).map(|(experiment, at)| (experiment.dir.clone(), at)).collect();
        for (home, run) in homes {
            let experiment = number_of.get(&home).copied().unwrap_or(0);
            let mut in_trash = path::name(path::parent(&run.dir)) == ".trash";
            if let Some(home) = self.experiments.get_mut(experiment as usize) {
                home.runs += 1;
                in_trash |= home.in_trash;
            }
            self.runs.push(RunPlace { experiment, dir: run.dir, parts: run.parts, in_trash });
        }
        self.runs.sort_by(|a, b| (a.experiment, &a.dir).cmp(&(b.experiment, &b.dir)));
        self.stores = self
            .roots
            .iter()
            .map(|root| Store {
                path: path::shown(root).to_owned(),
                format: "mlruns".to_owned(),
                registered_models: Vec::new(),
                logged_models: 0,
                traces: 0,
            })
            .collect();
    }

    /// The innermost store around a folder.
    fn store_around(&mut self, dir: &str) -> Option<&mut Store> {
        let around = self.roots.iter().enumerate().filter(|(_, root)| path::lies_in(dir, root));
        let at = around.max_by_key(|(_, root)| root.len())?.0;
        self.stores.get_mut(at)
    }

    fn count(&mut self, findings: Vec<Finding>, report: &mut Report) {
        let run_names: HashSet<String> = self.runs.iter().map(|run| path::name(&run.dir).to_owned()).collect();
        let mut models: BTreeMap<String, (Option<String>, u64)> = BTreeMap::new();
        let mut prompts = HashSet::new();
        for finding in findings {
            match finding {
                Finding::LoggedModel { dir } => {
                    if let Some(store) = self.store_around(&dir) {
                        store.logged_models += 1;
                    }
                }
                Finding::Traces { dir, count } => {
                    if let Some(store) = self.store_around(&dir) {
                        store.traces += count;
                    }
                }
                Finding::RegisteredModel { dir, name } => models.entry(dir).or_default().0 = Some(name),
                Finding::ModelVersion { dir } => models.entry(path::parent(&dir).to_owned()).or_default().1 += 1,
                Finding::Prompt { dir } => {
                    prompts.insert(dir);
                }
                Finding::ArtifactsOnly { dir } => {
                    let name = path::name(&dir).to_owned();
                    if !run_names.contains(&name) {
                        let message = "The folder holds the artifacts of a run that is not here.";
                        report.note(Reason::ArtifactsOnly, path::shown(&dir), None, message);
                    }
                    self.loose_artifacts.entry(name).or_default().push(dir);
                }
                Finding::NoRun { dir } => {
                    let message = "The folder lies in an experiment but is no run.";
                    report.note(Reason::FolderUnrecognised, path::shown(&dir), None, message);
                }
                Finding::Experiment { .. }
                | Finding::Run { .. }
                | Finding::UnreadMeta { .. }
                | Finding::Database { .. }
                | Finding::Document { .. } => {}
            }
        }
        // Prompts are registered models to the registry, but neither its pages nor its clients list them as such.
        for (dir, (name, versions)) in models {
            if !prompts.contains(&dir) {
                let name = name.unwrap_or_else(|| path::name(&dir).to_owned());
                if let Some(store) = self.store_around(&dir) {
                    store.registered_models.push((name, versions));
                }
            }
        }
    }
}

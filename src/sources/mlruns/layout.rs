//! From what the walk found to stores, experiments and runs: which folder belongs to which. Nothing is read here.
//!
//! A store is the folder above its experiments. What lies in `.trash` is deleted, whatever its own meta says. A run folder
//! outside any experiment makes one: its parent is an experiment without meta.yaml; in `.trash` itself it joins the
//! experiment that its meta names.

use super::meta::ReadMeta;
use super::parts::Parts;
use crate::model::{Reason, Report, Store};
use crate::sources::path;
use crate::sources::recognise::{Finding, Found, Traces};
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

/// A registered model, not yet read.
#[derive(Clone, Debug, Default)]
pub struct ModelPlace {
    /// Number of its store.
    pub store: u32,
    /// Its folder.
    pub dir: String,
    /// As its meta says, else as its folder is named.
    pub name: String,
    /// What it holds.
    pub parts: Parts,
    /// Folder names of its versions, each with what it holds; those that were deleted are left out.
    pub versions: Vec<(String, Parts)>,
}

/// A logged model, not yet read.
#[derive(Clone, Debug)]
pub struct LoggedPlace {
    /// Number of its experiment.
    pub experiment: u32,
    /// Its folder.
    pub dir: String,
    /// What it holds.
    pub parts: Parts,
}

/// A folder of traces, not yet listed.
#[derive(Clone, Debug)]
pub struct TracesPlace {
    /// Number of their experiment.
    pub experiment: u32,
    /// The folder.
    pub dir: String,
    /// How many they were.
    pub traces: Traces,
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
    /// Prompts among them, by folder.
    pub registered: Vec<ModelPlace>,
    /// By experiment.
    pub logged: Vec<LoggedPlace>,
    /// By experiment.
    pub traces: Vec<TracesPlace>,
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

/// What is known of a folder, or else of the innermost one around it.
fn around<T>(dir: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut dir = dir;
    loop {
        match known(dir) {
            None if !dir.is_empty() => dir = path::parent(dir),
            found => return found,
        }
    }
}

/// The folder where the experiment of a logged model or of traces should lie.
fn home_of(finding: &Finding) -> Option<&str> {
    let above = path::parent(finding.place());
    match finding {
        Finding::LoggedModel { .. } if path::name(above) == "models" => Some(path::parent(above)),
        Finding::LoggedModel { .. } => Some(above),
        Finding::Traces { traces, .. } if traces.count > 0 => Some(above),
        _ => None,
    }
}

fn store_of<'a>(stores: &'a mut [Store], experiments: &[ExperimentPlace], experiment: u32) -> Option<&'a mut Store> {
    stores.get_mut(experiments.get(experiment as usize)?.store as usize)
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
        let (mut strays, mut missing) = (Vec::new(), Vec::new());
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
                missing.push(above.clone());
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
        // Logged models and traces of an experiment that has neither meta.yaml nor runs.
        for finding in &others {
            let Some(home) = home_of(finding) else { continue };
            let is_in_store = || around(home, |dir| roots.contains(dir).then_some(())).is_some();
            if around(home, |dir| experiments.contains_key(dir).then_some(())).is_none() && is_in_store() {
                missing.push(home.to_owned());
                experiments.insert(home.to_owned(), place(home, None, path::name(home).to_owned()));
            }
        }
        for dir in missing.iter().filter(|dir| !unread.iter().any(|(unread, ..)| unread == *dir)) {
            let message = "The experiment has no meta.yaml; its name is not known.";
            report.note(Reason::MetaMissing, path::shown(dir), None, message);
        }
        let mut layout = Layout { roots: roots.into_iter().collect(), ..Layout::default() };
        layout.number(experiments, homes);
        layout.sort_out(others, &found.parts, report);
        let registry: HashSet<&str> = layout.registered.iter().map(|model| model.dir.as_str()).collect();
        for (dir, line, message) in unread {
            let is_experiment = layout.experiments.iter().any(|experiment| experiment.dir == dir);
            let beside = layout.experiments.iter().any(|experiment| root_of(&experiment.dir) == root_of(&dir));
            let is_run = layout.runs.iter().any(|run| run.dir == dir);
            let is_registered = registry.contains(dir.as_str()) || registry.contains(path::parent(&dir));
            if !is_run && (is_experiment || beside || is_registered) {
                report.note(Reason::MetaUnreadable, path::join(&dir, "meta.yaml"), line, message);
            }
        }
        Some(layout)
    }

    fn number(&mut self, experiments: BTreeMap<String, ExperimentPlace>, homes: Vec<(String, LooseRun)>) {
        let store_of: HashMap<&str, u32> = self.roots.iter().zip(0..).map(|(root, at)| (root.as_str(), at)).collect();
        self.experiments = experiments.into_values().collect();
        for experiment in &mut self.experiments {
            let own = store_of.get(root_of(&experiment.dir).0).copied();
            let store = own.or_else(|| around(&experiment.dir, |dir| store_of.get(dir).copied()));
            experiment.store = store.unwrap_or(0);
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
                format: super::FileStores::FORMAT.to_owned(),
                registered_models: Vec::new(),
                logged_models: 0,
                traces: 0,
                server: None,
            })
            .collect();
    }

    /// Everything but experiments and runs.
    fn sort_out(&mut self, findings: Vec<Finding>, parts: &HashMap<String, Parts>, report: &mut Report) {
        let run_names: HashSet<String> = self.runs.iter().map(|run| path::name(&run.dir).to_owned()).collect();
        let numbers: HashMap<String, u32> = self.roots.iter().cloned().zip(0..).collect();
        let experiments: HashMap<String, u32> =
            self.experiments.iter().map(|experiment| experiment.dir.clone()).zip(0..).collect();
        let experiment_around = |dir: &str| around(dir, |dir| experiments.get(dir).copied());
        let mut models: BTreeMap<String, ModelPlace> = BTreeMap::new();
        let mut prompts = HashSet::new();
        for finding in findings {
            match finding {
                Finding::LoggedModel { dir, parts } => {
                    if let Some(experiment) = experiment_around(&dir) {
                        self.logged.push(LoggedPlace { experiment, dir, parts });
                    }
                }
                Finding::Traces { dir, traces } => {
                    if let Some(experiment) = experiment_around(&dir).filter(|_| traces.count > 0) {
                        self.traces.push(TracesPlace { experiment, dir, traces });
                    }
                }
                Finding::RegisteredModel { dir, name, parts } => {
                    let model = models.entry(dir).or_default();
                    (model.name, model.parts) = (name, parts);
                }
                Finding::ModelVersion { dir, parts } => {
                    let model = models.entry(path::parent(&dir).to_owned()).or_default();
                    model.versions.push((path::name(&dir).to_owned(), parts));
                }
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
        self.logged.sort_by(|a, b| (a.experiment, &a.dir).cmp(&(b.experiment, &b.dir)));
        self.traces.sort_by(|a, b| (a.experiment, &a.dir).cmp(&(b.experiment, &b.dir)));
        let Layout { stores, experiments, logged, traces, .. } = self;
        for place in logged {
            if let Some(store) = store_of(stores, experiments, place.experiment) {
                store.logged_models += 1;
            }
        }
        for place in traces {
            if let Some(store) = store_of(stores, experiments, place.experiment) {
                store.traces += u64::from(place.traces.count);
            }
        }
        for (dir, model) in models {
            let Some(number) = around(&dir, |dir| numbers.get(dir).copied()) else { continue };
            // Known by its versions alone: what is wrong with its meta.yaml was told.
            let is_known = model.parts != Parts::default();
            let parts = if is_known { model.parts } else { parts.get(&dir).copied().unwrap_or_default() };
            if !parts.has(Parts::META) {
                let message = "The registered model has no meta.yaml; its description and times are not known.";
                report.note(Reason::MetaMissing, path::shown(&dir), None, message);
            }
            let parts = if is_known { parts } else { parts.without(Parts::META) };
            let name = if model.name.is_empty() { path::name(&dir).to_owned() } else { model.name };
            // Prompts are registered models to the registry, but neither its pages nor its clients list them as such.
            if let Some(store) = self.stores.get_mut(number as usize).filter(|_| !prompts.contains(&dir)) {
                store.registered_models.push((name.clone(), model.versions.len() as u64));
            }
            self.registered.push(ModelPlace { store: number, name, dir, parts, ..model });
        }
    }
}

//! What was opened? A walk over all folders that tells tracking data by content, at any depth and under any name: an
//! experiment is a folder whose meta.yaml says so, a run likewise. It goes in steps of bounded size, level by level, so
//! that whoever opened a whole disk sees progress and can stop.
//!
//! It must not know how a run is read. It does not look into runs, nor into artifacts.

use crate::model::{Reason, Report};
use crate::sources::gather::Tally;
use crate::sources::mlruns::meta::{Kind, Meta, ReadMeta};
use crate::sources::mlruns::parts::{Parts, is_litter};
use crate::sources::{Entry, Fault, FaultKind, Folder, ReadAsk, path};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Most folders looked at in one step.
pub const STEP: usize = 512;
/// Deeper than this nothing is looked for.
const DEPTH: u16 = 40;
/// A meta.yaml is a few hundred bytes.
pub const META_LIMIT: u64 = 16 << 20;

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
    LoggedModel { dir: String },
    /// A folder of traces.
    Traces { dir: String, count: u64 },
    /// A registered model.
    RegisteredModel { dir: String, name: String },
    /// A version of the registered model in the folder above.
    ModelVersion { dir: String },
    /// A registered model that is a prompt.
    Prompt { dir: String },
}

/// Where a folder lies, which decides what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Anywhere,
    InExperiment,
    LoggedModels,
    LoggedModel,
    Traces,
    ModelTags,
}

#[derive(Clone, Debug)]
struct Visit {
    dir: String,
    place: Place,
    depth: u16,
}

/// The walk and what it found so far.
#[derive(Debug)]
pub struct Walk {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Visit>,
    /// Steps taken: an answer to an older step is dropped.
    steps: u64,
    found: Vec<Finding>,
    /// Parts of the folders that lie anywhere: some of them turn out to be experiments without a meta.yaml.
    parts: HashMap<String, Parts>,
    seen: Seen,
}

/// What was seen, for the sentence that says that nothing was recognised.
#[derive(Clone, Debug, Default)]
struct Seen {
    files: u64,
    folders: u64,
    deepest: u16,
    by_kind: BTreeMap<String, u64>,
    databases: Vec<String>,
    archives: Vec<String>,
}

/// What the walk found, taken out of it.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the walk.
    pub findings: Vec<Finding>,
    /// Parts of folders that are no experiment by their meta.yaml.
    pub parts: HashMap<String, Parts>,
}

enum Wanted {
    Meta { visit: usize },
    Magic { path: String },
}

impl Walk {
    /// Starts at the root.
    pub fn new() -> Walk {
        let root = Visit { dir: String::new(), place: Place::Anywhere, depth: 0 };
        Walk { state: RefCell::new(State { queue: VecDeque::from([root]), ..State::default() }) }
    }

    /// Whether nothing is left to look at.
    pub fn is_done(&self) -> bool {
        self.state.borrow().queue.is_empty()
    }

    /// Folders looked at so far.
    pub fn folders_seen(&self) -> u64 {
        self.state.borrow().seen.folders
    }

    /// Files seen so far.
    pub fn files_seen(&self) -> u64 {
        self.state.borrow().seen.files
    }

    /// Looks at some more folders. Dropped in the middle, it leaves the walk as it was.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn step(&self, folder: &dyn Folder, tally: &Tally, report: &mut Report) -> Result<(), Fault> {
        let (step, visits) = {
            let state = self.state.borrow();
            (state.steps, state.queue.iter().take(STEP).cloned().collect::<Vec<_>>())
        };
        let dirs: Vec<String> = visits.iter().map(|visit| visit.dir.clone()).collect();
        let lists = folder.list(&dirs, false).await?;
        let (wanted, asks) = wanted(&visits, &lists);
        let mut metas = HashMap::new();
        let mut databases = Vec::new();
        tally
            .read_each(folder, &asks, |at, answer| match (wanted.get(at), answer) {
                (Some(Wanted::Meta { visit }), Ok(bytes)) => {
                    metas.insert(*visit, Meta::read_bytes(&bytes));
                }
                (Some(Wanted::Meta { visit }), Err(fault)) => {
                    metas.insert(*visit, ReadMeta { problem: Some((None, fault.message)), ..Meta::read("") });
                }
                (Some(Wanted::Magic { path }), Ok(bytes)) if bytes == SQLITE_MAGIC => databases.push(path.clone()),
                _ => {}
            })
            .await?;
        let mut state = self.state.borrow_mut();
        if state.steps != step {
            return Ok(());
        }
        state.steps += 1;
        state.queue.drain(..visits.len());
        for path in databases {
            report.note(Reason::DatabaseUnsupported, &path, None, format!("{path} is a SQLite database."));
            state.seen.databases.push(path);
        }
        for (at, (visit, entries)) in visits.into_iter().zip(&lists).enumerate() {
            state.seen.look(&visit, entries, report);
            state.judge(visit, entries, metas.remove(&at));
        }
        Ok(())
    }

    /// Takes what was found.
    pub fn take(&self) -> Found {
        let mut state = self.state.borrow_mut();
        Found { findings: std::mem::take(&mut state.found), parts: std::mem::take(&mut state.parts) }
    }

    /// The fault that says what was looked for and what was seen.
    pub fn not_recognised(&self) -> Fault {
        Fault::new(FaultKind::NotRecognised, self.state.borrow().seen.sentence())
    }
}

impl Default for Walk {
    fn default() -> Self {
        Walk::new()
    }
}

const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

fn extension(name: &str) -> &str {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, extension)| extension)
}

fn is_database_name(name: &str) -> bool {
    matches!(extension(name), "db" | "db3" | "sqlite" | "sqlite3" | "sqlite-db")
}

fn is_archive_name(name: &str) -> bool {
    matches!(extension(name), "zip" | "tar" | "tgz" | "gz" | "bz2" | "xz" | "zst" | "7z" | "rar")
}

/// Folders that hold no tracking data of their own and often thousands of others.
fn is_never_entered(name: &str) -> bool {
    matches!(name, ".git" | "node_modules" | "__pycache__" | ".ipynb_checkpoints") || is_litter(name)
}

/// 32 hexadecimal digits, as MLflow makes run ids.
fn is_run_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Which files have to be read to judge these folders.
fn wanted(visits: &[Visit], lists: &[Vec<Entry>]) -> (Vec<Wanted>, Vec<ReadAsk>) {
    let (mut wanted, mut asks) = (Vec::new(), Vec::new());
    for (at, (visit, entries)) in visits.iter().zip(lists).enumerate() {
        for entry in entries.iter().filter(|entry| !entry.is_folder && !is_litter(&entry.name)) {
            let path = || path::join(&visit.dir, &entry.name);
            if entry.name == "meta.yaml" && visit.place == Place::Anywhere {
                wanted.push(Wanted::Meta { visit: at });
                asks.push(ReadAsk::up_to(path(), META_LIMIT));
            } else if is_database_name(&entry.name) {
                wanted.push(Wanted::Magic { path: path() });
                asks.push(ReadAsk::up_to(path(), SQLITE_MAGIC.len() as u64));
            }
        }
    }
    (wanted, asks)
}

impl Seen {
    fn look(&mut self, visit: &Visit, entries: &[Entry], report: &mut Report) {
        self.folders += 1;
        self.deepest = self.deepest.max(visit.depth);
        for entry in entries.iter().filter(|entry| !entry.is_folder && !is_litter(&entry.name)) {
            self.files += 1;
            // Kinds are counted for a sentence: what is beyond some hundred kinds is noise.
            let kind = extension(&entry.name).to_ascii_lowercase();
            if self.by_kind.len() < 256 || self.by_kind.contains_key(&kind) {
                *self.by_kind.entry(kind).or_default() += 1;
            }
            if is_archive_name(&entry.name) && matches!(visit.place, Place::Anywhere | Place::InExperiment) {
                let path = path::join(&visit.dir, &entry.name);
                report.note(Reason::ArchiveInside, &path, None, format!("{path} was not looked into."));
                if self.archives.len() < 3 {
                    self.archives.push(path);
                }
            }
        }
    }

    fn sentence(&self) -> String {
        let plural = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let mut text =
            "No MLflow tracking data was found: no folder, at any depth, holds the meta.yaml of an experiment \
                        or a run."
                .to_owned();
        text += &format!(" Seen: {} in {}", plural(self.files, "file"), plural(self.folders, "folder"));
        if self.deepest > 0 {
            text += &format!(", {} deep", plural(u64::from(self.deepest), "level"));
        }
        let mut kinds: Vec<_> = self.by_kind.iter().collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), kind.len()));
        let shown: Vec<String> = kinds
            .iter()
            .take(5)
            .map(|(kind, count)| match kind.as_str() {
                "" => format!("{count} without extension"),
                kind => format!("{count} .{kind}"),
            })
            .collect();
        if !shown.is_empty() {
            text += &format!(" ({})", shown.join(", "));
        }
        text.push('.');
        if let Some(database) = self.databases.first() {
            text += &format!(" {database} is a SQLite database, which can not be read yet.");
        }
        if let Some(archive) = self.archives.first() {
            text += &format!(" {archive} is an archive; open it by itself.");
        }
        text
    }
}

impl State {
    fn enter(&mut self, above: &Visit, entry: &Entry, place: Place) {
        if entry.is_folder && above.depth < DEPTH && !is_never_entered(&entry.name) {
            let dir = path::join(&above.dir, &entry.name);
            self.queue.push_back(Visit { dir, place, depth: above.depth + 1 });
        }
    }

    fn judge(&mut self, visit: Visit, entries: &[Entry], meta: Option<ReadMeta>) {
        match visit.place {
            Place::Anywhere => self.judge_anywhere(visit, entries, meta),
            Place::InExperiment => self.judge_in_experiment(visit, entries),
            Place::LoggedModels => {
                for entry in entries {
                    self.enter(&visit, entry, Place::LoggedModel);
                }
            }
            Place::LoggedModel => {
                if Parts::of(entries).has(Parts::META) {
                    self.found.push(Finding::LoggedModel { dir: visit.dir });
                }
            }
            Place::Traces => {
                let count = entries.iter().filter(|entry| entry.is_folder && !is_never_entered(&entry.name)).count();
                self.found.push(Finding::Traces { dir: visit.dir, count: count as u64 });
            }
            Place::ModelTags => {
                if entries.iter().any(|entry| entry.name == "mlflow.prompt.is_prompt") {
                    self.found.push(Finding::Prompt { dir: path::parent(&visit.dir).to_owned() });
                }
            }
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
            (Kind::LoggedModel, _) => self.found.push(Finding::LoggedModel { dir }),
            (Kind::RegisteredModel, Some(read)) => {
                let name = read.meta.filled("name").unwrap_or(path::name(&dir)).to_owned();
                self.found.push(Finding::RegisteredModel { dir, name });
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
                    self.found.push(Finding::ModelVersion { dir });
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
        let name = path::name(&visit.dir);
        let only_parts = !parts.has(Parts::OTHER);
        if (is_run_name(name) && parts.logged() > 0) || (only_parts && parts.logged() > 1 && !name.starts_with("m-")) {
            self.found.push(Finding::Run { dir: visit.dir, parts, experiment_id: None });
        } else if is_run_name(name) && parts.has(Parts::ARTIFACTS) {
            self.found.push(Finding::ArtifactsOnly { dir: visit.dir });
        } else if name == "traces" && !parts.has(Parts::META) {
            // Of an experiment without meta.yaml; any other folder of that name goes the same way, and counts nothing
            // unless a store lies around it.
            self.judge_traces(&visit, entries);
        } else {
            self.parts.insert(visit.dir.clone(), parts);
            for entry in entries {
                self.enter(&visit, entry, Place::Anywhere);
            }
        }
    }

    fn judge_traces(&mut self, visit: &Visit, entries: &[Entry]) {
        let is_trace = |name: &str| is_run_name(name.strip_prefix("tr-").unwrap_or(name));
        let traces = entries.iter().filter(|entry| entry.is_folder && is_trace(&entry.name)).count();
        if traces > 0 {
            self.found.push(Finding::Traces { dir: visit.dir.clone(), count: traces as u64 });
        }
        for entry in entries.iter().filter(|entry| !is_trace(&entry.name)) {
            self.enter(visit, entry, Place::Anywhere);
        }
    }

    /// A folder directly in an experiment: its name and its parts tell; its meta.yaml is read with the run.
    fn judge_in_experiment(&mut self, visit: Visit, entries: &[Entry]) {
        let parts = Parts::of(entries);
        if parts.has(Parts::META) || parts.logged() > 0 {
            self.found.push(Finding::Run { dir: visit.dir, parts, experiment_id: None });
        } else if parts.has(Parts::ARTIFACTS) {
            self.found.push(Finding::ArtifactsOnly { dir: visit.dir });
        } else {
            self.found.push(Finding::NoRun { dir: visit.dir.clone() });
            for entry in entries {
                self.enter(&visit, entry, Place::Anywhere);
            }
        }
    }
}

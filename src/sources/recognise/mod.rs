//! What was opened? A walk over all folders that tells tracking data by content, at any depth and under any name: an
//! experiment is a folder whose meta.yaml says so, a run likewise. It goes in steps of bounded size, level by level, so
//! that whoever opened a whole disk sees progress and can stop.
//!
//! Archives in it are walked into like folders. What is no tracking data by its place (a database, a document) is told by the
//! first bytes of files, see [`heads`].
//!
//! It must not know how a run or a database is read. It does not look into runs, nor into artifacts.

mod finding;
mod heads;
mod seen;

pub use finding::{Finding, Found, Traces};

use crate::model::{Reason, RegisteredModel, Report};
use crate::sources::archive::Allowance;
use crate::sources::gather::Tally;
use crate::sources::mlruns::meta::{Kind, Meta, ReadMeta};
use crate::sources::mlruns::parts::{Parts, is_litter};
use crate::sources::mounts::Mounts;
use crate::sources::sniff::HEAD;
use crate::sources::unpack::unpack_inside;
use crate::sources::{Entry, Fault, FaultKind, Folder, ReadAsk, path};
use heads::{Heads, Sight};
use seen::Seen;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

/// Most folders looked at in one step.
pub const STEP: usize = 512;
/// Deeper than this nothing is looked for.
const DEPTH: u16 = 40;
/// A meta.yaml is a few hundred bytes.
pub const META_LIMIT: u64 = 16 << 20;
/// More archives than this are not looked into.
const ARCHIVES: usize = 1_000;
/// More documents than this are not listed.
const DOCUMENTS: usize = 10_000;

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
    /// What archives that are walked into may ask of the machine.
    allowance: Allowance,
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
    heads: Heads,
    /// Archives to be opened, as the folders that they become.
    archives: VecDeque<Visit>,
    /// Paths of those that were.
    opened: Vec<String>,
    documents: usize,
}

enum Wanted {
    Meta {
        visit: usize,
    },
    /// The tag of a registered model that says whether it is a prompt.
    Prompt {
        visit: usize,
    },
    Head {
        visit: usize,
        path: String,
    },
}

impl Walk {
    /// Starts at the root.
    pub fn new(allowance: Allowance) -> Walk {
        let root = Visit { dir: String::new(), place: Place::Anywhere, depth: 0 };
        Walk { state: RefCell::new(State { queue: VecDeque::from([root]), ..State::default() }), allowance }
    }

    /// Whether nothing is left to look at.
    pub fn is_done(&self) -> bool {
        let state = self.state.borrow();
        state.queue.is_empty() && state.archives.is_empty()
    }

    /// What was done so far, in folders looked at; opening an archive counts like [`STEP`] of them.
    pub fn work(&self) -> u64 {
        let state = self.state.borrow();
        state.seen.folders + state.opened.len() as u64 * STEP as u64
    }

    /// Files seen so far.
    pub fn files_seen(&self) -> u64 {
        self.state.borrow().seen.files
    }

    /// Looks at some more folders, or opens an archive. Dropped in the middle, it leaves the walk as it was.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn step(&self, folder: &Mounts, tally: &Tally, report: &mut Report) -> Result<(), Fault> {
        let (step, visits, archive) = {
            let state = self.state.borrow();
            let visits: Vec<Visit> = state.queue.iter().take(STEP).cloned().collect();
            (state.steps, visits, state.archives.front().cloned())
        };
        if let Some(archive) = archive {
            self.open_archive(folder, step, archive, report).await;
            return Ok(());
        }
        let dirs: Vec<String> = visits.iter().map(|visit| visit.dir.clone()).collect();
        let lists = folder.list(&dirs, false).await?;
        let mut heads = self.state.borrow().heads.clone();
        let (wanted, asks) = wanted(&visits, &lists, &mut heads);
        let (mut metas, mut prompts) = (HashMap::new(), Vec::new());
        let mut sights: Vec<Option<(usize, String, Sight)>> = asks.iter().map(|_| None).collect();
        tally
            .read_each(folder, &asks, |at, answer| match (wanted.get(at), answer) {
                (Some(Wanted::Meta { visit }), Ok(bytes)) => {
                    metas.insert(*visit, Meta::read_bytes(&bytes));
                }
                (Some(Wanted::Meta { visit }), Err(fault)) => {
                    metas.insert(*visit, ReadMeta { problem: Some((None, fault.message)), ..Meta::read("") });
                }
                (Some(Wanted::Prompt { visit }), Ok(bytes)) if bytes.eq_ignore_ascii_case(b"true") => {
                    let above = visits.get(*visit).map(|visit| path::parent(&visit.dir).to_owned());
                    prompts.extend(above.map(|dir| Finding::Prompt { dir }));
                }
                (Some(Wanted::Head { visit, path }), Ok(bytes)) => {
                    if let Some(slot) = sights.get_mut(at) {
                        *slot = Sight::of(path, &bytes).map(|sight| (*visit, path.clone(), sight));
                    }
                }
                _ => {}
            })
            .await?;
        // Whose meta.yaml says that they are what holds no other things.
        let is_closed = |visit: &usize| metas.get(visit).is_some_and(|read: &ReadMeta| read.meta.kind().is_closed());
        let mut sights: Vec<_> = sights.into_iter().flatten().filter(|(visit, ..)| !is_closed(visit)).collect();
        heads::look_inside(folder, tally, &mut sights).await?;
        let mut state = self.state.borrow_mut();
        if state.steps != step {
            return Ok(());
        }
        state.steps += 1;
        state.heads = heads;
        state.found.extend(prompts);
        state.queue.drain(..visits.len());
        for (visit, path, sight) in sights {
            let depth = visits.get(visit).map_or(0, |visit| visit.depth);
            state.sighted(path, sight, depth, report);
        }
        for (at, (visit, entries)) in visits.into_iter().zip(&lists).enumerate() {
            state.seen.look(visit.depth, entries);
            state.judge(visit, entries, metas.remove(&at));
        }
        Ok(())
    }

    async fn open_archive(&self, folder: &Mounts, step: u64, archive: Visit, report: &mut Report) {
        let outcome = unpack_inside(folder, &archive.dir, &self.allowance).await;
        let mut state = self.state.borrow_mut();
        if state.steps != step {
            return;
        }
        state.steps += 1;
        state.archives.pop_front();
        match outcome {
            Ok(()) => {
                state.opened.push(archive.dir.clone());
                state.queue.push_front(archive);
            }
            Err((reason, message)) => {
                state.seen.unopened.get_or_insert_with(|| message.clone());
                report.note(reason, archive.dir, None, message);
            }
        }
    }

    /// Takes what was found. Archives in which nothing was found are closed again.
    pub fn take(&self, folder: &Mounts, report: &mut Report) -> Found {
        let mut state = self.state.borrow_mut();
        let findings = std::mem::take(&mut state.found);
        report.merge(folder.take_report());
        for archive in &state.opened {
            if !findings.iter().any(|finding| path::lies_in(finding.place(), archive)) {
                folder.remove(archive);
            }
        }
        Found { findings, parts: std::mem::take(&mut state.parts) }
    }

    /// The fault that says what was looked for and what was seen.
    pub fn not_recognised(&self) -> Fault {
        Fault::new(FaultKind::NotRecognised, self.state.borrow().seen.sentence())
    }
}

/// Folders that hold no tracking data of their own and often thousands of others.
fn is_never_entered(name: &str) -> bool {
    matches!(name, ".git" | "node_modules" | "__pycache__" | ".ipynb_checkpoints") || is_litter(name)
}

/// 32 hexadecimal digits, as MLflow makes run ids.
pub fn is_run_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Which files have to be read to judge these folders.
fn wanted(visits: &[Visit], lists: &[Vec<Entry>], heads: &mut Heads) -> (Vec<Wanted>, Vec<ReadAsk>) {
    let (mut wanted, mut asks) = (Vec::new(), Vec::new());
    for (at, (visit, entries)) in visits.iter().zip(lists).enumerate() {
        let parts = Parts::of(entries);
        if parts.has(Parts::META) && visit.place == Place::Anywhere {
            wanted.push(Wanted::Meta { visit: at });
            asks.push(ReadAsk::up_to(path::join(&visit.dir, "meta.yaml"), META_LIMIT));
        }
        let is_tags = visit.place == Place::ModelTags || path::name(&visit.dir) == "tags";
        if is_tags && entries.iter().any(|entry| entry.name == RegisteredModel::PROMPT_TAG) {
            wanted.push(Wanted::Prompt { visit: at });
            asks.push(ReadAsk::up_to(path::join(&visit.dir, RegisteredModel::PROMPT_TAG), 5));
        }
        let holds_anything = match visit.place {
            Place::Anywhere => Shape::of(&visit.dir, parts) == Shape::Unknown,
            Place::InExperiment => Shape::in_experiment(parts) == Shape::Unknown,
            Place::LoggedModels | Place::LoggedModel | Place::Traces | Place::ModelTags => false,
        };
        if holds_anything {
            for name in heads.choose(entries) {
                let path = path::join(&visit.dir, name);
                asks.push(ReadAsk::up_to(&path, HEAD));
                wanted.push(Wanted::Head { visit: at, path });
            }
        }
    }
    (wanted, asks)
}

/// What a folder is by its name and its parts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Run,
    ArtifactsOnly,
    Traces,
    Unknown,
}

impl Shape {
    /// A folder whose meta.yaml is absent or tells nothing.
    fn of(dir: &str, parts: Parts) -> Shape {
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
    fn in_experiment(parts: Parts) -> Shape {
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

    /// A file that lies where anything may lie, and what its first bytes say.
    fn sighted(&mut self, path: String, sight: Sight, depth: u16, report: &mut Report) {
        match sight {
            Sight::Database => {
                self.seen.databases.push(path.clone());
                self.found.push(Finding::Database { path });
            }
            Sight::Sealed => {
                let message = format!(
                    "{path} does not start as a SQLite database does, but with noise: it is encrypted, or damaged."
                );
                self.seen.sealed.get_or_insert_with(|| message.clone());
                report.note(Reason::DatabaseUnreadable, path, None, message);
            }
            Sight::Document(kind) => {
                if self.documents < DOCUMENTS {
                    self.documents += 1;
                    self.found.push(Finding::Document { path, kind });
                } else {
                    let message = format!("{path} was not read: there are more than {DOCUMENTS} exports");
                    report.note(Reason::ArchiveBudget, path, None, message);
                }
            }
            Sight::Foreign(format) => {
                report.note(Reason::ArchiveInside, &path, None, format!("{path} is packed with {format}."));
                self.seen.foreign.get_or_insert((path, format));
            }
            Sight::Archive => {
                if self.seen.archives >= ARCHIVES {
                    let message = format!("{path} was not looked into: there are more than {ARCHIVES} archives");
                    report.note(Reason::ArchiveBudget, path, None, message);
                } else {
                    self.seen.archives += 1;
                    self.archives.push_back(Visit { dir: path, place: Place::Anywhere, depth: depth + 1 });
                }
            }
            // Looked inside by now.
            Sight::Packed(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Walk};
    use crate::model::Report;
    use crate::sources::archive::Allowance;
    use crate::sources::gather::Tally;
    use crate::sources::memory::Memory;
    use crate::sources::mounts::Mounts;
    use crate::sources::zip::craft::{archive, stored};
    use std::rc::Rc;

    fn walk(memory: Memory) -> (Found, Mounts) {
        let (walk, tree, mut report) =
            (Walk::new(Allowance::default()), Mounts::over(Rc::new(memory)), Report::default());
        while !walk.is_done() {
            pollster::block_on(walk.step(&tree, &Tally::default(), &mut report)).expect("a step");
        }
        (walk.take(&tree, &mut report), tree)
    }

    #[test]
    fn databases_and_documents_are_found_where_anything_may_lie() {
        let export =
            archive(&[stored("runs.csv", b"run_id,status\na,FINISHED\n"), stored("x.db", b"SQLite format 3\0")]);
        let memory = Memory::parse(
            "
//- deep/runs
{\"runs\": [{\"info\": {\"run_id\": \"a\"}, \"data\": {}}]}
//- deep/other.json
{\"nothing\": \"of ours\"}
//- deep/notes.txt
nothing of ours
//- mlruns/1/meta.yaml
experiment_id: '1'
name: One
//- mlruns/1/other.csv
a,b
1,2
//- mlruns/1/table.csv
run_id,experiment_id,status
a,1,FINISHED
//- mlruns/1/r/meta.yaml
run_id: r
//- mlruns/1/r/inside.json
{\"no\": 1}
//- mlruns/1/r/artifacts/inside.json
{\"no\": 1}
//- alone/meta.yaml
run_id: s
experiment_id: '1'
//- alone/inside.json
{\"no\": 1}
//- alone/data.db-journal
{\"no\": 1}
",
        );
        let nothing = archive(&[stored("a.txt", b"x")]);
        let (found, tree) = walk(memory.with("e/exports.bin", export).with("e/nothing.zip", nothing));
        let shown = found.findings.iter().map(|finding| {
            let word = format!("{finding:?}");
            format!("{} {}", word.split(' ').next().unwrap_or(""), finding.place())
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        assert_eq!(
            shown,
            [
                "Database e/exports.bin/x.db",
                "Document deep/runs",
                "Document e/exports.bin/runs.csv",
                "Document mlruns/1/table.csv",
                "Experiment mlruns/1",
                "Run alone",
                "Run mlruns/1/r"
            ]
        );
        assert_eq!((tree.depth("e/exports.bin/x"), tree.depth("e/nothing.zip/x")), (1, 0), "closed again");
    }
}

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
mod judge;
mod seen;
#[cfg(test)]
mod tests;

pub use finding::{Finding, Found, Traces};

use crate::model::{Reason, RegisteredModel, Report};
use crate::sources::archive::Allowance;
use crate::sources::gather::Tally;
use crate::sources::mlruns::meta::{Meta, ReadMeta};
use crate::sources::mlruns::parts::{Parts, is_litter};
use crate::sources::mounts::Mounts;
use crate::sources::sniff::HEAD;
use crate::sources::unpack::unpack_inside;
use crate::sources::{Entry, Fault, FaultKind, Folder, ReadAsk, path};
use heads::{Heads, Sight};
use judge::Shape;
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
        let mut instead = None;
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
                    if asks.len() == 1 {
                        instead = heads::instead(&bytes);
                    }
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
        state.seen.instead = state.seen.instead.take().or(instead);
        state.found.extend(prompts);
        state.queue.drain(..visits.len());
        for (visit, path, sight) in sights {
            let depth = visits.get(visit).map_or(0, |visit| visit.depth);
            state.sighted(path, sight, depth, report);
        }
        for (at, (visit, entries)) in visits.into_iter().zip(&lists).enumerate() {
            state.seen.look(&visit.dir, visit.depth, entries);
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

    /// Files named after a database that is not beside them, whatever they are.
    pub fn lone(&self) -> Vec<String> {
        self.state.borrow().seen.lone.clone()
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

impl State {
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

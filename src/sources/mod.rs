//! WHERE IT COMES FROM. Two questions, answered apart: the *carrier* ([`Folder`] and [`Bytes`]: picked folder, zip, tar,
//! memory, disk) and the *format* ([`Source`]: an `mlruns` tree, MLflow's database,
//! an export). A zip is not a source, it is a folder.
//!
//! It must not know who asks, what is shown, or which browser it runs in. Every seam asks in batches, because what is slow
//! is the number of questions, not their size. Decoders are synchronous; only the seams below wait.

pub mod archive;
pub mod codec;
pub mod exports;
mod gather;
pub mod held;
pub mod hosted;
pub mod http;
pub mod index;
pub mod inflate;
pub mod memory;
pub mod mlflow_db;
pub mod mlruns;
pub mod mounts;
#[cfg(test)]
pub(crate) mod mutation_tests;
pub mod open;
mod paging;
pub mod path;
mod recognise;
pub mod remote;
pub mod rest;
pub mod silence;
pub mod sniff;
pub mod sqlite;
pub mod stores;
pub mod sub;
pub mod tar;
pub mod text;
mod times;
pub mod union;
pub mod unpack;
pub mod zip;

pub use paging::each_page;

use crate::model::{Experiment, Lifecycle, MetricSeries, Report, RunKey, RunTable, Shelf, Store};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

/// An answer to come. Dropping it drops the question.
pub type Async<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + 'a>>;

/// One file that can be read at any place, at once: a browser's File in a worker, a file on disk, memory.
pub trait Bytes {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// The bytes of `range`, cut at the end of the file.
    ///
    /// # Errors
    /// [`FaultKind::FileChanged`] when the file was written to after it was picked, [`FaultKind::Unreadable`] otherwise.
    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault>;

    /// Just these ranges will be read next: whoever can brings them meanwhile. What was announced before and not read is
    /// forgotten. Announce no more than fits into memory.
    fn announce(&self, _ranges: &[Range<u64>]) {}

    /// Until what was announced is here, or will not come; it is read in either case.
    fn arrived(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// What [`Folder::open`] reads as a whole where there is no other way, bytes.
pub const WHOLE_LIMIT: u64 = 64 << 20;

/// A tree of files. Paths are relative, parted by `/`, without `.` and `..`; the root is the empty path.
pub trait Folder {
    /// What lies directly in each of `dirs`, in the same order, entries by name. A folder that is not there is empty.
    /// Sizes are looked up only if asked for, since they may cost a question each.
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>>;

    /// The bytes of each of `asks`, in the same order. One unreadable file does not spoil the others.
    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>>;

    /// Where in the carrier the things of `dir` lie: whoever may choose an order reads neighbours together. `None` where all
    /// places are alike.
    fn place(&self, _dir: &str) -> Option<u64> {
        None
    }

    /// Whether the files in `dir` were gathered one by one: then what lay beside them where they come from is not known.
    fn is_gathered(&self, _dir: &str) -> bool {
        false
    }

    /// How much lies below each of `dirs`, all together, where the carrier knows without asking; a path may be that of a file.
    fn weigh(&self, _dirs: &[String]) -> Option<Weight> {
        None
    }

    /// One file as bytes that can be read at any place, at once. A carrier that can not do better reads it as a whole, up to
    /// [`WHOLE_LIMIT`].
    ///
    /// # Errors
    /// [`FaultKind::NotFound`]; what reading it says; [`FaultKind::OverBudget`] when it would have to be held in memory and is too
    /// large for that.
    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move {
            let answer = self.read(&[ReadAsk::up_to(path, WHOLE_LIMIT + 1)]).await?.pop();
            match answer.unwrap_or_else(|| Err(Fault::new(FaultKind::NotFound, format!("There is no `{path}`."))))? {
                bytes if bytes.len() as u64 > WHOLE_LIMIT => {
                    let message =
                        format!("`{path}` is larger than the {} MB that can be held at once.", WHOLE_LIMIT >> 20);
                    Err(Fault::new(FaultKind::OverBudget, message))
                }
                bytes => Ok(Rc::new(bytes) as Rc<dyn Bytes>),
            }
        })
    }

    /// What this carrier itself left out (a link, a damaged entry) since the last call.
    fn take_report(&self) -> Report {
        Report::default()
    }
}

/// Tracking data in one format, as pages of plain data. It may return more runs than asked, never fewer: whoever asks
/// evaluates the query again.
pub trait Source {
    /// Experiments, in an order that gives them their numbers (0, 1, ...) over all pages.
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`] when nothing of what was opened is tracking data.
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>>;

    /// Runs with their params, tags, datasets and the summaries of their metrics. Ask when all experiments are known.
    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>>;

    /// Has one page more sent than was asked for by now, behind the one that `ask` asks for and those that were sent ahead before, where
    /// its place can be foreseen: [`Source::runs`] finds it when it comes to it. Answers when it is here; `false` when there is no
    /// such way, or it did not come, which nobody misses.
    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        let _ = ask;
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Whole histories: one series a pair, in order; empty where the run has no such metric. A page answers a prefix of
    /// the pairs that remain.
    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>>;

    /// The stores that were recognised, with what is only counted in them. Complete when all runs are read.
    fn stores(&self) -> Async<'_, Vec<Store>>;

    /// What lies beside the runs: registered models, logged models, traces. Ask when all experiments are known. Empty from a
    /// source that only counts them (see [`Store`]).
    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        let _ = after;
        let page = Page::new(Shelf::default(), None, Progress::default(), Report::default());
        Box::pin(std::future::ready(Ok(page)))
    }

    /// The artifacts of a run as a folder of their own, whose report names paths as those of the pages do.
    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder>;
}

/// One thing in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Its last path part.
    pub name: String,
    /// Folder or file.
    pub is_folder: bool,
    /// Bytes, where asked for and known.
    pub size: Option<u64>,
}

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// How many.
    pub files: u64,
    /// Inflated.
    pub bytes: u64,
}

/// A stretch of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAsk {
    /// Of the file, relative to the folder.
    pub path: String,
    /// Bytes; cut at the end of the file.
    pub range: Range<u64>,
}

impl ReadAsk {
    /// The first `limit` bytes of a file.
    pub fn up_to(path: impl Into<String>, limit: u64) -> ReadAsk {
        ReadAsk { path: path.into(), range: 0..limit }
    }
}

/// Where the next page starts; opaque to whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub String);

impl Cursor {
    /// Where in a list the page starts, of cursors made by [`Cursor::before_rest`]; at its start without one.
    pub fn place(after: Option<&Cursor>) -> usize {
        after.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
    }

    /// The cursor of what follows `end` in a list of `total`, while there is something.
    pub fn before_rest(end: usize, total: usize) -> Option<Cursor> {
        (end < total).then(|| Cursor(end.to_string()))
    }
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsAsk {
    /// Of the page before.
    pub after: Option<Cursor>,
    /// How many runs the page should hold, about; the asker adapts it to how long pages take.
    pub size: u32,
    /// What of all runs is wanted.
    pub scope: Scope,
}

/// What of all runs is wanted. A server narrows by it where its answer is sure to hold ours; files ignore it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Numbers of their experiments; of all where it is empty.
    pub experiments: Vec<u32>,
    /// Active or deleted ones alone; both without.
    pub lifecycle: Option<Lifecycle>,
    /// A query in our own language.
    pub query: String,
    /// Columns to sort by as texts (`metrics.loss DESC`), the most important one first.
    pub order: Vec<String>,
    /// These runs alone, as they are now.
    pub only: Vec<RunKey>,
}

/// Which histories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAsk {
    /// Run and metric key.
    pub pairs: Vec<(RunKey, String)>,
    /// Of the page before.
    pub after: Option<Cursor>,
    /// First and last step that are wanted, both included; all without. Whoever reads files gives all.
    pub steps: Option<(i64, i64)>,
    /// So many points of a history are enough: a server may choose among more. All without.
    pub enough: Option<u32>,
    /// The largest of the last steps, as far as they are known: histories of few steps have few points.
    pub last_step: Option<i64>,
}

/// Part of an answer.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The plain data.
    pub items: T,
    /// Absent on the last page.
    pub next: Option<Cursor>,
    /// How far reading has come, all pages together.
    pub read: Progress,
    /// What this page skipped.
    pub report: Report,
    /// Whether all pages together come in the order of [`Scope::order`].
    pub ordered: bool,
}

impl<T> Page<T> {
    /// In an order of its own.
    pub fn new(items: T, next: Option<Cursor>, read: Progress, report: Report) -> Page<T> {
        Page { items, next, read, report, ordered: false }
    }
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Files read.
    pub files: u64,
    /// Files there are, where known.
    pub files_total: Option<u64>,
    /// Bytes read (inflated).
    pub bytes: u64,
    /// Bytes there are to read (inflated), where known.
    pub bytes_total: Option<u64>,
    /// Runs read.
    pub runs: u64,
    /// Runs there are, where known.
    pub runs_total: Option<u64>,
}

/// A request that produced nothing. Shown where its answer would have stood, with Retry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// One sentence for the user, naming the file.
    pub message: String,
    /// Lines to copy that mend it: a command, a setting.
    #[serde(default)]
    pub remedy: Vec<String>,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// Nothing of what was opened is tracking data.
    NotRecognised,
    /// There is no such file.
    NotFound,
    /// The file was written to after it was picked.
    FileChanged,
    /// The browser, the system or the archive refuses to give the bytes.
    Unreadable,
    /// The archive is damaged where the bytes should be; its own report says it as well.
    Damaged,
    /// The archive would inflate beyond what is safe; its own report says it as well.
    OverBudget,
    /// The reader died; opening the same things again starts a new one.
    ReaderDied,
    /// Nothing answers at the server's address.
    Unreachable,
    /// Something answers there, but the page may not read it: it sends no CORS headers for the page's origin.
    CrossOrigin,
    /// A page that came by https may not ask a server over http.
    MixedContent,
    /// The browser asks the user before a page may reach the local network, and was not allowed to.
    LocalNetwork,
    /// The server does not serve under this host name.
    HostRefused,
    /// It wants to know who asks (401).
    Unauthorised,
    /// It knows, and refuses (403).
    Forbidden,
    /// A page to log in came instead of an answer.
    LoginPage,
    /// What answers there is no tracking server.
    NotMlflow,
    /// No answer in time.
    TimedOut,
    /// It failed or asked to be left alone (429, 5xx), several times over.
    Busy,
    /// Its answer can not be understood.
    BadAnswer,
    /// It understood the question and does not answer it (400).
    Refused,
}

impl Fault {
    /// A fault of `kind` with its sentence.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault { kind, message: message.into(), remedy: Vec::new() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

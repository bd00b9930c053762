//! ONE CODEC FOR ALL QUESTIONS AND ANSWERS between the page and its worker: a question is JSON; an answer is a small JSON header
//! and buffers that can be handed over without a copy. Columns and curves travel in buffers, never as JSON.
//!
//! It must not know what carries the packets. What it decodes is checked; garbage is a [`Fault`].

mod columns;
mod pack;
#[cfg(test)]
mod tests;

use crate::model::{Experiment, MetricSeries, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::{Cursor, Entry, Fault, FaultKind, HistoryAsk, Page, Progress, ReadAsk, RunsAsk};
use serde::{Deserialize, Serialize};

/// What a [`Source`](crate::sources::Source) can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// See [`Source::experiments`](crate::sources::Source::experiments).
    Experiments {
        /// Of the page before.
        after: Option<Cursor>,
    },
    /// See [`Source::runs`](crate::sources::Source::runs).
    Runs(RunsAsk),
    /// See [`Source::ahead`](crate::sources::Source::ahead).
    Ahead(RunsAsk),
    /// See [`Source::history`](crate::sources::Source::history).
    History(HistoryAsk),
    /// See [`Source::stores`](crate::sources::Source::stores).
    Stores,
    /// See [`Source::shelf`](crate::sources::Source::shelf).
    Shelf {
        /// Of the page before.
        after: Option<Cursor>,
    },
    /// [`Folder::list`](crate::sources::Folder::list) of a run's artifacts.
    ArtifactList {
        /// Whose artifacts.
        run: RunKey,
        /// Which folders.
        dirs: Vec<String>,
        /// Whether sizes are wanted.
        with_sizes: bool,
    },
    /// [`Folder::read`](crate::sources::Folder::read) of a run's artifacts.
    ArtifactRead {
        /// Whose artifacts.
        run: RunKey,
        /// Which bytes.
        asks: Vec<ReadAsk>,
    },
}

/// What a [`Source`](crate::sources::Source) answers, to the question of the same name.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A page of experiments.
    Experiments(Page<Vec<Experiment>>),
    /// A page of runs.
    Runs(Box<Page<RunTable>>),
    /// Whether a page is here ahead.
    Ahead(bool),
    /// A page of histories.
    History(Page<Vec<MetricSeries>>),
    /// The stores.
    Stores(Vec<Store>),
    /// A page of what lies beside the runs.
    Shelf(Page<Shelf>),
    /// Listings, and what the carrier left out.
    ArtifactList(Vec<Vec<Entry>>, Report),
    /// Bytes, or why not, and what was wrong with them.
    ArtifactRead(Vec<Result<Vec<u8>, Fault>>, Report),
    /// Nothing came of the question.
    Fault(Fault),
}

/// An answer on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// JSON.
    pub header: String,
    /// To be handed over, not copied.
    pub buffers: Vec<Vec<u8>>,
}

/// All of a page but its items.
#[derive(Serialize, Deserialize)]
struct Meta {
    next: Option<Cursor>,
    read: Progress,
    report: Report,
    ordered: bool,
}

#[derive(Serialize, Deserialize)]
enum Header {
    Experiments(Meta, Vec<Experiment>),
    /// One buffer.
    Runs(Meta),
    Ahead(bool),
    /// One buffer.
    History(Meta),
    Stores(Vec<Store>),
    Shelf(Meta, Shelf),
    ArtifactList(Vec<Vec<Entry>>, Report),
    /// One buffer for each `None`.
    ArtifactRead(Vec<Option<Fault>>, Report),
    Fault(Fault),
}

impl Question {
    /// As JSON.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From JSON.
    ///
    /// # Errors
    /// [`FaultKind::ReaderDied`] for what is not a question.
    pub fn decode(text: &str) -> Result<Question, Fault> {
        serde_json::from_str(text).map_err(|_| garbage())
    }
}

impl Answer {
    /// As a packet.
    pub fn encode(self) -> Packet {
        let (header, buffers) = match self {
            Answer::Experiments(page) => {
                let (meta, items) = parted(page);
                (Header::Experiments(meta, items), Vec::new())
            }
            Answer::Runs(page) => {
                let (meta, items) = parted(*page);
                (Header::Runs(meta), vec![columns::pack_table(&items)])
            }
            Answer::History(page) => {
                let (meta, items) = parted(page);
                (Header::History(meta), vec![columns::pack_series(&items)])
            }
            Answer::Ahead(is_here) => (Header::Ahead(is_here), Vec::new()),
            Answer::Stores(stores) => (Header::Stores(stores), Vec::new()),
            Answer::Shelf(page) => {
                let (meta, items) = parted(page);
                (Header::Shelf(meta, items), Vec::new())
            }
            Answer::ArtifactList(lists, report) => (Header::ArtifactList(lists, report), Vec::new()),
            Answer::ArtifactRead(answers, report) => {
                let mut buffers = Vec::new();
                let keep = |answer: Result<Vec<u8>, Fault>| answer.map(|bytes| buffers.push(bytes)).err();
                let faults = answers.into_iter().map(keep).collect();
                (Header::ArtifactRead(faults, report), buffers)
            }
            Answer::Fault(fault) => (Header::Fault(fault), Vec::new()),
        };
        Packet { header: serde_json::to_string(&header).unwrap_or_default(), buffers }
    }

    /// From a packet.
    ///
    /// # Errors
    /// [`FaultKind::ReaderDied`] for what is not an answer.
    pub fn decode(packet: Packet) -> Result<Answer, Fault> {
        let Packet { header, buffers } = packet;
        let header: Header = serde_json::from_str(&header).map_err(|_| garbage())?;
        let mut buffers = buffers.into_iter();
        let mut next = || buffers.next().ok_or_else(garbage);
        let answer = match header {
            Header::Experiments(meta, items) => Answer::Experiments(joined(meta, items)),
            Header::Runs(meta) => {
                Answer::Runs(Box::new(joined(meta, columns::unpack_table(&next()?).ok_or_else(garbage)?)))
            }
            Header::History(meta) => {
                Answer::History(joined(meta, columns::unpack_series(&next()?).ok_or_else(garbage)?))
            }
            Header::Ahead(is_here) => Answer::Ahead(is_here),
            Header::Stores(stores) => Answer::Stores(stores),
            Header::Shelf(meta, items) => Answer::Shelf(joined(meta, items)),
            Header::ArtifactList(lists, report) => Answer::ArtifactList(lists, report),
            Header::ArtifactRead(faults, report) => {
                let answer = |fault: Option<Fault>| match fault {
                    Some(fault) => Ok(Err(fault)),
                    None => next().map(Ok),
                };
                Answer::ArtifactRead(faults.into_iter().map(answer).collect::<Result<_, Fault>>()?, report)
            }
            Header::Fault(fault) => Answer::Fault(fault),
        };
        if buffers.next().is_some() { Err(garbage()) } else { Ok(answer) }
    }
}

fn parted<T>(page: Page<T>) -> (Meta, T) {
    let Page { items, next, read, report, ordered } = page;
    (Meta { next, read, report, ordered }, items)
}

fn joined<T>(meta: Meta, items: T) -> Page<T> {
    let Meta { next, read, report, ordered } = meta;
    Page { items, next, read, report, ordered }
}

/// The two sides do not understand each other; a new reader may.
pub(super) fn garbage() -> Fault {
    Fault::new(FaultKind::ReaderDied, "The reader answered what can not be understood. Open the same things again.")
}

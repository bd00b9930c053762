//! WHAT IS OPEN: a plain state machine over the pages that a source gives, the cache of histories, and the loading loop.
//!
//! It must not know what the source is, what is shown, or how; it never asks for the time.

mod histories;
mod load;

pub use histories::{Histories, History, Want};
pub use load::{Step, load};

use crate::model::{Experiment, Lifecycle, Report, RunTable, Store};
use crate::sources::{Fault, Page, Progress};

/// Where loading stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Looking for stores and experiments.
    #[default]
    Looking,
    /// Reading runs.
    Reading,
    /// Everything was read.
    Done,
    /// The user stopped it; what was read stays.
    Cancelled,
    /// It ended early; what was read stays.
    Failed(Fault),
}

impl Phase {
    /// Whether more is to come.
    pub fn is_loading(&self) -> bool {
        matches!(self, Phase::Looking | Phase::Reading)
    }
}

/// What is open, and how much of it was read.
#[derive(Debug, Default)]
pub struct Session {
    /// In the order that gives them their numbers.
    pub experiments: Vec<Experiment>,
    /// All runs read so far.
    pub table: RunTable,
    /// Recognised stores; complete when `phase` is `Done`.
    pub stores: Vec<Store>,
    /// What was skipped so far.
    pub report: Report,
    /// How far reading has come.
    pub read: Progress,
    /// Where loading stands.
    pub phase: Phase,
}

impl Session {
    /// Takes in one step of the loading loop.
    pub fn absorb(&mut self, step: Step) {
        match step {
            Step::Experiments(page) => {
                let items = self.take(page);
                self.experiments.extend(items);
            }
            Step::Runs(page) => {
                self.phase = Phase::Reading;
                let batch = self.take(*page);
                self.table.append(batch);
            }
            Step::Stores(stores) => {
                self.stores = stores;
                self.phase = Phase::Done;
            }
            Step::Failed(fault) => self.phase = Phase::Failed(fault),
        }
    }

    fn take<T>(&mut self, page: Page<T>) -> T {
        self.read = page.read;
        self.report.merge(page.report);
        page.items
    }

    /// The user stops loading.
    pub fn cancel(&mut self) {
        if self.phase.is_loading() {
            self.phase = Phase::Cancelled;
        }
    }

    /// Lifecycle by experiment number.
    pub fn lifecycles(&self) -> Vec<Lifecycle> {
        self.experiments.iter().map(|experiment| experiment.lifecycle).collect()
    }
}

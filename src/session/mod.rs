//! WHAT IS OPEN: a plain state machine over the pages that a source gives, the cache of histories, and the loading loop.
//!
//! It must not know what the source is, what is shown, or how; it never asks for the time.

mod asking;
mod histories;
mod load;
mod pace;
mod running;
mod shelves;
#[cfg(test)]
mod tests;

pub use asking::{Asking, Sorted, serves};
pub use histories::{Histories, History, Stretch, Want};
pub use load::{Step, load, load_experiments};
pub use pace::{Brought, Pace};
pub use running::Turns;
pub use shelves::Shelves;

use crate::model::{Experiment, Lifecycle, MetricSeries, Reason, Report, RunKey, RunTable, Store};
use crate::sources::{Fault, Page, Progress};
use std::collections::{HashMap, HashSet};

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

/// What was opened at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// What the user knows it by.
    pub name: String,
    /// Where it lies in the whole; the first lies at the root.
    pub prefix: String,
    /// How many things it is: of several each is an origin of its own, named by the first part of its paths.
    pub things: usize,
    /// Experiments read so far.
    pub experiments: usize,
    /// Whether all of it was read.
    pub is_read: bool,
    /// Whether it is a tracking server: its runs come when they are asked for.
    pub is_server: bool,
}

impl Opening {
    fn origin(&self, path: &str) -> String {
        if self.things <= 1 {
            return self.name.clone();
        }
        let own = path.strip_prefix(&self.prefix).unwrap_or(path).trim_start_matches('/');
        own.split('/').next().unwrap_or(own).to_owned()
    }
}

/// What is open, and how much of it was read.
#[derive(Debug, Default)]
pub struct Session {
    /// In the order in which they were opened.
    pub openings: Vec<Opening>,
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
    /// The opening of each experiment.
    opening_of: Vec<usize>,
    /// Openings that are being read.
    loading: usize,
    /// So many of the first openings were being read when the user stopped it, or before.
    stopped: usize,
    /// Why an opening ended early.
    fault: Option<Fault>,
    /// Experiment and start of the first run of each id, from when there are several origins.
    first: Option<HashMap<String, (u32, Option<i64>)>>,
    /// Runs left out because another origin has them.
    twice: u64,
    /// The rows of runs that servers gave.
    asked_rows: HashMap<RunKey, u32>,
    /// Experiments of servers all of whose runs are here.
    whole: HashSet<u32>,
    /// By experiment: how many of its runs were left out, and the experiment in which the first of them is shown.
    elsewhere: HashMap<u32, (u64, u32)>,
}

/// Room is made ahead for at most so many runs: what a source states may be a lie.
const MOST_RESERVED: u64 = 1 << 20;

impl Session {
    /// Something is opened beside what is open; answers its number.
    pub fn start(&mut self, opening: Opening) -> usize {
        self.loading += 1;
        self.phase = if self.experiments.is_empty() { Phase::Looking } else { Phase::Reading };
        self.openings.push(opening);
        self.openings.len() - 1
    }

    /// Whether what an opening still gives is wanted.
    pub fn wants(&self, opening: usize) -> bool {
        opening >= self.stopped && self.phase.is_loading()
    }

    /// Takes in one step of the loading loop of an opening; nothing of one that was stopped.
    pub fn absorb(&mut self, opening: usize, step: Step) {
        if !self.wants(opening) {
            return;
        }
        match step {
            Step::Experiments(page) => {
                if page.next.is_none() && self.openings.get(opening).is_some_and(|opening| opening.is_server) {
                    // its runs can be asked for from now on
                    self.phase = Phase::Reading;
                }
                let (mut items, opening_number) = (self.take(page), opening);
                if let Some(opening) = self.openings.get_mut(opening) {
                    opening.experiments += items.len();
                    for experiment in &mut items {
                        let outer = opening.origin(&experiment.path);
                        experiment.origin = match std::mem::take(&mut experiment.origin) {
                            inner if inner.is_empty() || inner == outer => outer,
                            inner => format!("{outer} / {inner}"),
                        };
                    }
                }
                self.opening_of.resize(self.experiments.len() + items.len(), opening_number);
                self.experiments.extend(items);
            }
            Step::Runs(page) => {
                self.phase = Phase::Reading;
                let batch = self.take(*page);
                self.take_runs(batch);
            }
            Step::Stores(stores) => {
                self.stores = stores;
                if let Some(opening) = self.openings.get_mut(opening) {
                    opening.is_read = true;
                }
                self.end(None);
            }
            Step::Failed(fault) => {
                let opening = self.openings.get(opening).filter(|opening| opening.experiments == 0);
                let is_beside_others = !self.experiments.is_empty() || self.loading > 1;
                if let Some(opening) = opening.filter(|_| is_beside_others) {
                    self.report.note(Reason::NotOpened, opening.name.clone(), None, fault.message);
                    self.end(None);
                } else {
                    self.end(Some(fault));
                }
            }
        }
        self.read.runs = self.table.len() as u64;
    }

    /// Takes in runs that a server gave: new ones as new rows, known ones in their place. Answers the rows of
    /// known ones of which something is new.
    pub fn absorb_asked(&mut self, page: Page<RunTable>) -> Vec<u32> {
        self.report.merge(page.report);
        let (batch, mut known) = (page.items, Vec::new());
        let mut from = 0;
        for (at, key) in (0..).zip(&batch.key) {
            match self.asked_rows.get(key) {
                Some(&row) => {
                    self.table.append(batch.slice(from..at));
                    from = at + 1;
                    if !self.table.says_the_same(row, &batch, at) {
                        self.table.replace(row, &batch, at);
                        known.push(row);
                    }
                }
                None => {
                    let row = self.table.len() as u32 + (at - from);
                    self.asked_rows.insert(key.clone(), row);
                }
            }
        }
        self.table.append(if from == 0 { batch } else { batch.slice(from..u32::MAX) });
        self.read.runs = self.table.len() as u64;
        known
    }

    /// All runs of these experiments of a server are here.
    pub fn set_whole(&mut self, experiments: &[u32]) {
        self.whole.extend(experiments);
    }

    /// Whether it is known how many runs an experiment has.
    pub fn knows_runs(&self, experiment: u32) -> bool {
        let opening = self.opening_of.get(experiment as usize).and_then(|number| self.openings.get(*number));
        opening.is_none_or(|opening| !opening.is_server) || self.whole.contains(&experiment)
    }

    /// The opening that an experiment came with.
    pub fn opening_of(&self, experiment: u32) -> Option<usize> {
        self.opening_of.get(experiment as usize).copied()
    }

    /// Whether some of what is open is a tracking server.
    pub fn has_server(&self) -> bool {
        self.openings.iter().any(|opening| opening.is_server)
    }

    /// One opening was read, or failed; when it was the last, `phase` says how all ended.
    fn end(&mut self, fault: Option<Fault>) {
        self.loading = self.loading.saturating_sub(1);
        self.fault = self.fault.take().or(fault);
        if self.loading == 0 {
            self.phase = self.fault.clone().map_or(Phase::Done, Phase::Failed);
        }
    }

    fn take<T>(&mut self, page: Page<T>) -> T {
        self.read = page.read;
        self.read.runs_total = page.read.runs_total.map(|total| total.saturating_sub(self.twice));
        self.report.merge(page.report);
        page.items
    }

    /// Takes in runs, but for those that another origin has as well: the same id and the same start.
    fn take_runs(&mut self, batch: RunTable) {
        if let Some(total) = self.read.runs_total.filter(|total| *total <= MOST_RESERVED) {
            self.table.reserve(total as usize);
        }
        if !self.has_origins() {
            self.table.append(batch);
            return;
        }
        let known = || {
            let runs = self.table.experiment.iter().copied().zip(self.table.start_ms.iter().copied());
            self.table.id.iter().cloned().zip(runs).rev().collect()
        };
        let first = self.first.get_or_insert_with(known);
        // names of things may repeat, openings do not
        let origin = |number: u32| {
            let experiment = self.experiments.get(number as usize)?;
            Some((*self.opening_of.get(number as usize)?, experiment.origin.as_str()))
        };
        let runs = batch.id.iter().zip(&batch.experiment).zip(&batch.start_ms);
        let mut from = 0;
        for (own, ((id, experiment), start_ms)) in (0..).zip(runs) {
            let theirs = match first.get(id) {
                Some((theirs, start)) if start == start_ms && origin(*theirs) != origin(*experiment) => *theirs,
                Some(_) => continue,
                None => {
                    first.insert(id.clone(), (*experiment, *start_ms));
                    continue;
                }
            };
            self.table.append(batch.slice(from..own));
            from = own + 1;
            self.twice += 1;
            self.elsewhere.entry(*experiment).or_insert((0, theirs)).0 += 1;
            self.read.runs_total = self.read.runs_total.map(|total| total.saturating_sub(1));
            let key = batch.key.get(own as usize).map(|key| key.0.clone()).unwrap_or_default();
            let message = format!("The run is in {} as well.", origin(theirs).map_or("", |(_, name)| name));
            self.report.note(Reason::RunTwice, key, None, message);
        }
        self.table.append(if from == 0 { batch } else { batch.slice(from..u32::MAX) });
    }

    /// Where an experiment or a run of the whole lies when all that was opened is opened as one: each thing under its own name.
    pub fn place_together(&self, experiment: u32, path: &str) -> String {
        let opening = self.opening_of.get(experiment as usize).and_then(|number| self.openings.get(*number));
        let Some(opening) = opening else { return path.to_owned() };
        let own = path.strip_prefix(&opening.prefix).unwrap_or(path).trim_start_matches('/');
        if opening.things == 1 { crate::sources::path::join(&opening.name, own) } else { own.to_owned() }
    }

    /// How many runs of these experiments are shown in others, since another thing that was opened has them as well, and where
    /// the first of them is: its experiment's number.
    pub fn shown_elsewhere(&self, experiments: &[u32]) -> Option<(u64, u32)> {
        let mut all = experiments.iter().filter_map(|number| self.elsewhere.get(number)).copied();
        let first = all.next()?;
        Some(all.fold(first, |sum, (count, _)| (sum.0 + count, sum.1)))
    }

    /// What something that was added is called, while it is looked through and nothing of it was found yet.
    pub fn looking_into(&self) -> Option<&str> {
        let newest = self.openings.last().filter(|_| self.openings.len() > 1 && self.phase.is_loading())?;
        (newest.experiments == 0 && !newest.is_read).then_some(newest.name.as_str())
    }

    /// Whether each run that was read is shown.
    pub fn has_no_twice(&self) -> bool {
        self.twice == 0
    }

    /// Which of the things that were opened a store lies in.
    pub fn origin_of_store(&self, store: u32) -> String {
        let of_experiment = self.experiments.iter().find(|experiment| experiment.store == store);
        let of_path = || {
            let path = self.stores.get(store as usize).map(|store| store.path.as_str())?;
            let around = self.openings.iter().filter(|opening| crate::sources::path::lies_in(path, &opening.prefix));
            around.max_by_key(|opening| opening.prefix.len()).map(|opening| opening.origin(path))
        };
        of_experiment.map(|experiment| experiment.origin.clone()).or_else(of_path).unwrap_or_default()
    }

    /// Whether what is open comes from several things.
    pub fn has_origins(&self) -> bool {
        // names of things may repeat, openings do not
        let mut all = self.opening_of.iter().zip(self.experiments.iter().map(|experiment| &experiment.origin));
        let first = all.next();
        all.any(|other| Some(other) != first)
    }

    /// A history was read of which only the last point was known. Exports that know no more stay as they are.
    pub fn learn(&mut self, row: u32, metric: &str, series: &MetricSeries) {
        let experiment =
            self.table.experiment.get(row as usize).and_then(|number| self.experiments.get(*number as usize));
        let store = experiment.and_then(|experiment| self.stores.get(experiment.store as usize));
        let is_read = store.is_none_or(|store| ["sqlite", "server"].contains(&store.format.as_str()));
        let is_whole = !series.is_sampled && (series.len() > 1 || is_read);
        let is_unknown = self.table.metric(row, metric).is_some_and(|summary| summary.count == 0);
        if is_unknown
            && is_whole
            && let Some(summary) = series.summary()
        {
            self.table.metrics.entry(metric).set(row, summary);
        }
    }

    /// How many things the experiments of these numbers come from.
    pub fn origins(&self, experiments: &[u32]) -> usize {
        let all = experiments.iter().filter_map(|number| self.experiments.get(*number as usize));
        all.map(|experiment| experiment.origin.as_str()).collect::<HashSet<_>>().len()
    }

    /// The user stops loading.
    pub fn cancel(&mut self) {
        if self.phase.is_loading() {
            self.phase = Phase::Cancelled;
            self.loading = 0;
            self.stopped = self.openings.len();
            for opening in self.openings.iter().filter(|opening| !opening.is_read) {
                self.report.note(Reason::ReadingStopped, opening.name.clone(), None, "Reading was cancelled.");
            }
        }
    }

    /// Lifecycle by experiment number.
    pub fn lifecycles(&self) -> Vec<Lifecycle> {
        self.experiments.iter().map(|experiment| experiment.lifecycle).collect()
    }
}

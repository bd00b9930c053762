//! A STORE IN MEMORY: what any export comes to, and the [`Source`] that gives it page by page.
//!
//! It must not know which format it came from, but for its word.

use super::pace::Loading;
use crate::model::{Experiment, MetricSeries, MetricSummary, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::memory::Memory;
use crate::sources::sub::Sub;
use crate::sources::{Async, Cursor, Fault, Folder, HistoryAsk, Page, Progress, RunsAsk, Source};
use std::collections::HashMap;
use std::rc::Rc;

/// Experiments of a page.
const EXPERIMENTS_PAGE: usize = 1_000;
/// Most runs of a page, whatever is asked.
const RUNS_PAGE: u32 = 10_000;
/// A page of histories ends after about so many points: 24 bytes each.
const PAGE_POINTS: usize = 1 << 20;
/// Things on a page of the shelf.
const SHELF_PAGE: usize = 5_000;
/// The cursor of a loading that is not done.
const LOADING: &str = "loading";

/// All that an export holds.
#[derive(Default)]
pub struct Held {
    /// Experiments refer to them by number.
    pub stores: Vec<Store>,
    /// Runs refer to them by number.
    pub experiments: Vec<Experiment>,
    /// All runs.
    pub table: RunTable,
    /// Whole histories of those metrics that have one, by key; of the others the summary's last point is all there is.
    pub series: HashMap<RunKey, Vec<(Box<str>, MetricSeries)>>,
    /// Registered models, logged models, traces.
    pub shelf: Shelf,
    /// Where artifacts lie: the folder, and the path in it of each run that has some.
    pub artifacts: Option<(Rc<dyn Folder>, HashMap<RunKey, String>)>,
    /// What was skipped, and what the format does not carry.
    pub report: Report,
    /// Filled by [`Held::index`].
    pub(super) row_of: HashMap<RunKey, u32>,
}

impl Held {
    /// Makes ready for questions; call it when all is filled in.
    pub fn index(mut self) -> Held {
        self.row_of = self.table.key.iter().cloned().zip(0..).collect();
        for list in self.series.values_mut() {
            list.sort_by(|a, b| a.0.cmp(&b.0));
        }
        let mut runs = vec![0_u32; self.experiments.len()];
        for experiment in &self.table.experiment {
            if let Some(count) = runs.get_mut(*experiment as usize) {
                *count += 1;
            }
        }
        for (experiment, runs) in self.experiments.iter_mut().zip(runs) {
            experiment.runs_expected = runs;
        }
        self
    }

    fn history(&self, run: &RunKey, key: &str) -> MetricSeries {
        let known = self.series.get(run).and_then(|list| {
            let at = list.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
            list.get(at).map(|(_, series)| series.clone())
        });
        known.unwrap_or_else(|| {
            let row = self.row_of.get(run).copied();
            row.and_then(|row| self.table.metric(row, key)).map(last_point).unwrap_or_default()
        })
    }
}

/// A history of which only the last point is known.
pub fn last_point(summary: MetricSummary) -> MetricSeries {
    MetricSeries {
        step: vec![summary.step],
        time_ms: vec![summary.time_ms],
        value: vec![summary.last],
        is_sampled: false,
    }
}

/// An export as a source; it is read when it is first asked.
pub struct Exported(pub Loading);

impl Exported {
    fn page<T>(&self, items: T, next: Option<Cursor>, runs: u64, held: &Held, report: Report) -> Page<T> {
        let runs_total = Some(held.table.len() as u64);
        Page::new(items, next, Progress { runs, runs_total, ..self.0.progress() }, report)
    }
}

/// The part of a list that a page holds, and what is before the next page.
fn part<T: Clone>(all: &[T], from: usize, most: usize) -> Vec<T> {
    all.iter().skip(from).take(most).cloned().collect()
}

impl Source for Exported {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(async move {
            let Some(held) = self.0.step().await? else {
                let next = Some(Cursor(LOADING.to_owned()));
                return Ok(Page::new(Vec::new(), next, self.0.progress(), Report::default()));
            };
            let start = Cursor::place(after.as_ref());
            let items = part(&held.experiments, start, EXPERIMENTS_PAGE);
            let next = Cursor::before_rest(start.saturating_add(items.len()), held.experiments.len());
            let report = if start == 0 { held.report.clone() } else { Report::default() };
            Ok(self.page(items, next, 0, &held, report))
        })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        Box::pin(async move {
            let held = self.0.whole().await?;
            let start = u32::try_from(Cursor::place(ask.after.as_ref())).unwrap_or(u32::MAX);
            let end = start.saturating_add(ask.size.clamp(1, RUNS_PAGE)).min(held.table.len() as u32);
            let items = held.table.slice(start..end);
            let next = Cursor::before_rest(end as usize, held.table.len());
            Ok(self.page(items, next, u64::from(end), &held, Report::default()))
        })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(async move {
            let held = self.0.whole().await?;
            let start = Cursor::place(ask.after.as_ref());
            let (mut items, mut points) = (Vec::new(), 0);
            for (run, key) in ask.pairs.iter().skip(start) {
                let series = held.history(run, key);
                points += series.len();
                items.push(series);
                if points >= PAGE_POINTS {
                    break;
                }
            }
            let next = Cursor::before_rest(start.saturating_add(items.len()), ask.pairs.len());
            Ok(self.page(items, next, held.table.len() as u64, &held, Report::default()))
        })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(async move { Ok(self.0.whole().await?.stores.clone()) })
    }

    /// Registered models come first, then logged models, then traces.
    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(async move {
            let held = self.0.whole().await?;
            let (registered, logged, traces) = (&held.shelf.registered, &held.shelf.logged, &held.shelf.traces);
            let start = Cursor::place(after.as_ref());
            let mut items = Shelf { registered: part(registered, start, SHELF_PAGE), ..Shelf::default() };
            let left = SHELF_PAGE - items.registered.len();
            items.logged = part(logged, start.saturating_sub(registered.len()), left);
            let left = left - items.logged.len();
            items.traces = part(traces, start.saturating_sub(registered.len() + logged.len()), left);
            let given = items.registered.len() + items.logged.len() + items.traces.len();
            let next = Cursor::before_rest(start.saturating_add(given), registered.len() + logged.len() + traces.len());
            Ok(self.page(items, next, held.table.len() as u64, &held, Report::default()))
        })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        let Some(Ok(held)) = self.0.loaded() else { return Rc::new(Memory::new()) };
        let found = held.artifacts.as_ref().and_then(|(folder, dirs)| Some((folder, dirs.get(run)?)));
        match found {
            Some((folder, dir)) => Rc::new(Sub::new(folder.clone(), dir.clone())),
            None => Rc::new(Memory::new()),
        }
    }
}

/// What went wrong with an export as a whole.
pub fn fault(path: &str, message: &str) -> Fault {
    Fault::new(crate::sources::FaultKind::NotRecognised, format!("{path}: {message}"))
}

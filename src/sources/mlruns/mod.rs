//! THE FILE STORE, as MLflow 0.8 to 3.x writes it: a tree of `meta.yaml` files and of folders with one small file a key.
//! [`FileStores`] answers for all stores that lie in one folder, at any depth, under any name.
//!
//! It must not know what carries the folder (disk, picker, zip). It never believes a stored absolute path: what lies
//! beside a run is the run's.

mod datasets;
mod experiments;
mod history;
mod layout;
pub(super) mod meta;
pub mod metrics;
mod models;
pub(super) mod parts;
mod runs;
mod shelf;
#[cfg(test)]
mod tests;
mod traces;
mod trees;
mod yaml;
#[cfg(test)]
mod yaml_tests;

use crate::model::{Experiment, MetricSeries, Reason, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::gather::Tally;
use crate::sources::recognise::Found;
use crate::sources::sub::Sub;
use crate::sources::{
    Async, Cursor, Fault, FaultKind, Folder, HistoryAsk, Page, Progress, RunsAsk, Source, Weight, path, text,
};
use datasets::Datasets;
use layout::Layout;
use parts::Parts;
use std::cell::Cell;
use std::rc::Rc;
use traces::Listed;

/// Params, tags and meta files larger than this are left out.
const SMALL_LIMIT: u64 = 16 << 20;
/// Metric files larger than this are left out: about two million points.
const METRIC_LIMIT: u64 = 64 << 20;
/// Experiments of a page.
const EXPERIMENTS_PAGE: usize = 256;
/// Most runs of a page, whatever is asked.
const RUNS_PAGE: u32 = 10_000;
/// All file stores in one folder.
pub struct FileStores {
    folder: Rc<dyn Folder>,
    layout: Layout,
    datasets: Datasets,
    listed: Listed,
    tally: Rc<Tally>,
    /// What was read before the runs, and all runs; where the carrier knows.
    whole: Option<Weight>,
    runs_read: Cell<u64>,
    /// Folders counted as runs that turned out to hold none.
    no_runs: Cell<u64>,
}

impl FileStores {
    /// The word for the format.
    pub const FORMAT: &str = "mlruns";

    /// Those that a walk through `folder` found; `None` when there are none.
    pub fn new(folder: Rc<dyn Folder>, found: Found, tally: Rc<Tally>, report: &mut Report) -> Option<FileStores> {
        let mut layout = Layout::build(found, report)?;
        layout.runs.sort_by_cached_key(|run| folder.place(&run.dir));
        let whole = runs::weigh(&*folder, &layout.runs)
            .map(|runs| Weight { files: tally.files() + runs.files, bytes: tally.bytes().saturating_add(runs.bytes) });
        let (runs_read, no_runs, listed, datasets) = Default::default();
        Some(FileStores { folder, layout, datasets, listed, tally, whole, runs_read, no_runs })
    }

    fn page<T>(&self, items: T, next: Option<Cursor>, report: Report) -> Page<T> {
        // a few files are read twice, to see what they are and for what is in them
        let most = self.whole.unwrap_or(Weight { files: u64::MAX, bytes: u64::MAX });
        let read = Progress {
            files: self.tally.files().min(most.files),
            files_total: self.whole.map(|whole| whole.files),
            bytes: self.tally.bytes().min(most.bytes),
            bytes_total: self.whole.map(|whole| whole.bytes),
            runs: self.runs_read.get(),
            runs_total: Some((self.layout.runs.len() as u64).saturating_sub(self.no_runs.get())),
        };
        Page::new(items, next, read, report)
    }

    /// Where a run's artifacts lie: beside its meta, else in a folder of artifacts that is named after the run.
    fn artifacts_dir(&self, run: &RunKey) -> String {
        let dir = path::from_shown(&run.0);
        let beside = path::join(dir, "artifacts");
        let layout = &self.layout;
        let place = layout.runs.iter().find(|place| place.dir == dir);
        let loose = layout.loose_artifacts.get(path::name(dir));
        match (place, loose) {
            (Some(place), Some(loose)) if !place.parts.has(Parts::ARTIFACTS) => {
                // `mlartifacts/<experiment>/<run>` before any other place.
                let experiment = path::name(path::parent(dir));
                let same = loose.iter().find(|dir| path::name(path::parent(dir)) == experiment);
                same.or(loose.first()).map_or(beside, |dir| path::join(dir, "artifacts"))
            }
            _ => beside,
        }
    }
}

impl Source for FileStores {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(async move {
            let mut report = Report::default();
            let layout = &self.layout;
            let start = Cursor::place(after.as_ref()).min(layout.experiments.len());
            let end = (start + EXPERIMENTS_PAGE).min(layout.experiments.len());
            let items = experiments::read(&*self.folder, &self.tally, layout, start..end, &mut report).await?;
            let next = Cursor::before_rest(end, layout.experiments.len());
            Ok(self.page(items, next, report))
        })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        Box::pin(async move {
            let mut report = Report::default();
            let layout = &self.layout;
            let start = Cursor::place(ask.after.as_ref()).min(layout.runs.len());
            let end = start.saturating_add(ask.size.clamp(1, RUNS_PAGE) as usize).min(layout.runs.len());
            let places = layout.runs.get(start..end).unwrap_or_default();
            let read = runs::read(&*self.folder, &self.tally, places, layout, &self.datasets, &mut report).await?;
            if start == 0 {
                self.runs_read.set(0);
                self.no_runs.set(0);
            }
            self.runs_read.set(self.runs_read.get() + read.table.len() as u64);
            self.no_runs.set(self.no_runs.get() + read.no_runs);
            let next = Cursor::before_rest(end, layout.runs.len());
            Ok(self.page(read.table, next, report))
        })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(async move {
            let mut report = Report::default();
            let start = Cursor::place(ask.after.as_ref()).min(ask.pairs.len());
            let rest = ask.pairs.get(start..).unwrap_or_default();
            let items = history::read(&*self.folder, &self.tally, rest, &mut report).await?;
            let next = Cursor::before_rest(start + items.len(), ask.pairs.len());
            Ok(self.page(items, next, report))
        })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(std::future::ready(Ok(self.layout.stores.clone())))
    }

    /// Registered models come first, then logged models, then traces.
    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(async move {
            let mut report = Report::default();
            let ask =
                shelf::Ask { folder: &*self.folder, tally: &self.tally, layout: &self.layout, listed: &self.listed };
            let (items, next) = ask.page(after, &mut report).await?;
            Ok(self.page(items, next, report))
        })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        Rc::new(Sub::new(self.folder.clone(), self.artifacts_dir(run)))
    }
}

/// The bytes of a file that was asked for one byte beyond its limit; what is wrong with it becomes a notice.
fn bytes_of(file: &str, answer: Result<Vec<u8>, Fault>, limit: u64, report: &mut Report) -> Option<Vec<u8>> {
    match answer {
        Ok(bytes) if bytes.len() as u64 > limit => {
            report.note(Reason::TooLarge, file, None, format!("The file is larger than {} MB.", limit >> 20));
            None
        }
        Ok(bytes) => Some(bytes),
        Err(fault) => {
            match fault.kind {
                // the carrier has told it
                FaultKind::Damaged | FaultKind::OverBudget => {}
                FaultKind::FileChanged => report.note(Reason::FileChanged, file, None, fault.message),
                _ => report.note(Reason::FileUnreadable, file, None, fault.message),
            }
            None
        }
    }
}

/// The same as text.
fn text_of(file: &str, answer: Result<Vec<u8>, Fault>, limit: u64, report: &mut Report) -> Option<String> {
    let bytes = bytes_of(file, answer, limit, report)?;
    let (decoded, oddity) = text::decode(&bytes);
    if let Some(oddity) = oddity {
        report.note(Reason::TextEncoding, file, None, oddity.message());
    }
    Some(decoded.into_owned())
}

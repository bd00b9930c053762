//! THE SQL STORE, as MLflow 1.0 to 3.x writes it to one SQLite file: every version of its tables, told apart by looking at
//! them. [`SqlStore`] answers for one database; its artifacts lie in a folder that may be given with it.
//!
//! It must not know how a database lies in its file (the `sqlite` room does), nor what carries the file. It migrates nothing:
//! what a version does not have is absent.

mod artifacts;
mod chains;
mod datasets;
mod experiments;
mod found;
mod histories;
mod keyed;
#[cfg(test)]
mod made_tests;
mod rows;
mod runs;
mod shelf;
#[cfg(test)]
mod shelf_tests;
#[cfg(test)]
mod tests;

use crate::model::{
    Experiment, LoggedModel, MetricSeries, Reason, RegisteredModel, Report, RunKey, RunTable, Shelf, Store, Trace,
};
use crate::sources::sqlite::{Budget, Cut, Database, DatabaseFiles};
use crate::sources::{Async, Cursor, Fault, FaultKind, Folder, HistoryAsk, Page, Progress, RunsAsk, Source};
use artifacts::{Places, RunArtifacts};
use datasets::Datasets;
use experiments::Experiments;
use found::Found;
use histories::HistoryPass;
use runs::Reading;
use shelf::{MODELS_PAGE, TRACES_PAGE, TraceReading};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Loops over all runs that may be under way at once: who shows them, and who saves them; the others were given up.
const LOOPS: usize = 4;
/// Cursors of runs that were asked for by name start with it.
const NAMED: &str = "named:";

/// A database and what lies beside it.
pub struct Given {
    /// Its file's name, for messages.
    pub name: String,
    /// The files.
    pub files: DatabaseFiles,
    /// Whether the folder that it lies in was looked at: then a `-wal` that was not given is known not to exist.
    pub is_folder_known: bool,
    /// Where artifacts are looked for; what that carrier leaves out is told by whoever gave it.
    pub artifacts: Rc<dyn Folder>,
}

/// One MLflow database.
pub struct SqlStore {
    inner: Rc<Inner>,
    /// Loops over all runs; the one that was used last is the last.
    loops: RefCell<Vec<Loop>>,
    loops_begun: Cell<u32>,
    /// Passes over all histories, one a question.
    histories: RefCell<Vec<HistoryPass>>,
    models: RefCell<Option<Vec<LoggedModel>>>,
    traces: RefCell<Option<TraceReading>>,
}

/// Somebody's way through all runs, page after page.
struct Loop {
    number: u32,
    reading: Reading,
    given: u64,
    total: Option<u64>,
}

/// Puts one that was just used behind the others; the one that was used longest ago goes when there are too many.
fn keep<T>(all: &mut Vec<T>, one: T) {
    let oldest = (all.len() + 1).saturating_sub(LOOPS);
    all.drain(..oldest);
    all.push(one);
}

/// What all parts of a store need.
struct Inner {
    database: Database,
    /// Bytes of the file.
    size: u64,
    artifacts: Rc<dyn Folder>,
    experiments: RefCell<Option<Rc<Experiments>>>,
    datasets: Datasets,
    places: RefCell<Option<Rc<Places>>>,
    /// Notices of opening.
    opened: RefCell<Report>,
}

/// What one call has done: a call that goes on for too long is not cancelled in time.
struct Work {
    reads: u64,
    bytes: u64,
}

impl Work {
    /// One step of a pass.
    const STEP: Budget = Budget { reads: 40, bytes: 8 << 20 };
    /// About 100 ms in a browser, which takes 1 ms a read and 3 ms a megabyte.
    const READS: u64 = 40;
    const BYTES: u64 = 8 << 20;

    fn new(database: &Database) -> Work {
        let (reads, bytes) = database.cost();
        Work { reads, bytes }
    }

    fn is_enough(&self, database: &Database) -> bool {
        let (reads, bytes) = database.cost();
        reads - self.reads >= Work::READS || bytes - self.bytes >= Work::BYTES
    }
}

/// Whether a database is one of MLflow's: it has experiments and runs.
pub fn is_mlflow(database: &Database) -> bool {
    let has = |table: &str, columns: &[&str]| {
        database.table(table).is_some_and(|table| columns.iter().all(|column| table.column(column).is_some()))
    };
    has("experiments", &["experiment_id", "name"]) && has("runs", &["run_uuid", "experiment_id"])
}

impl SqlStore {
    /// Opens a database.
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`] when it is no SQLite database or none of MLflow's, [`FaultKind::Unreadable`] when it is of a
    /// kind that is not read or what names its tables is damaged, and the files' own faults.
    pub fn open(given: Given) -> Result<SqlStore, Fault> {
        let Given { name, files, is_folder_known, artifacts } = given;
        let size = files.main.size();
        let has_wal_file = files.wal.is_some();
        let database = Database::open(files)?;
        let mut report = Report::default();
        if database.was_rolled_back() {
            let empty = if database.tables().is_empty() { " It is empty: its tables were being made." } else { "" };
            let message =
                format!("{name}-journal holds a change of {name} that was never finished; it was undone.{empty}");
            report.note(Reason::DatabaseRolledBack, HERE, None, message);
        } else if !is_mlflow(&database) {
            return Err(not_mlflow(&name, &database));
        }
        if database.is_wal_mode() && !has_wal_file && !is_folder_known {
            let message = format!("{name} is kept with a write-ahead log: add {name}-wal, if there is one beside it.");
            report.note(Reason::DatabaseWalMissing, HERE, None, message);
        }
        Ok(SqlStore {
            inner: Rc::new(Inner {
                database,
                size,
                artifacts,
                experiments: RefCell::new(None),
                datasets: Datasets::default(),
                places: RefCell::new(None),
                opened: RefCell::new(report),
            }),
            loops: RefCell::default(),
            loops_begun: Cell::new(0),
            histories: RefCell::default(),
            models: RefCell::new(None),
            traces: RefCell::new(None),
        })
    }

    /// The database, for what else may be of interest in it.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    fn page<T>(&self, items: T, next: Option<Cursor>, mut report: Report) -> Page<T> {
        self.inner.tell(&mut report);
        let read = Progress {
            files: 1,
            files_total: Some(1),
            bytes: self.inner.database.cost().1.min(self.inner.size),
            bytes_total: Some(self.inner.size),
            ..Progress::default()
        };
        Page::new(items, next, read, report)
    }

    fn page_of_runs(
        &self,
        table: RunTable,
        next: Option<String>,
        (given, total): (u64, Option<u64>),
        report: Report,
    ) -> Page<RunTable> {
        let mut page = self.page(table, next.map(Cursor), report);
        (page.read.runs, page.read.runs_total) = (given, total);
        page
    }

    /// A page of runs of the loop that the cursor names, or of a new one.
    fn runs_now(&self, ask: &RunsAsk) -> Result<Page<RunTable>, Fault> {
        let mut report = Report::default();
        let named = ask.after.as_ref().and_then(|cursor| cursor.0.strip_prefix(NAMED)?.parse().ok());
        let from = named.or((ask.after.is_none() && !ask.scope.only.is_empty()).then_some(0));
        let read = from.map(|from| runs::named(&self.inner, &ask.scope.only, from, &mut report)).transpose()?.flatten();
        if let Some((table, end)) = read {
            let all = ask.scope.only.len();
            let next = (end < all).then(|| format!("{NAMED}{end}"));
            return Ok(self.page_of_runs(table, next, (end as u64, Some(all as u64)), report));
        }
        let mut loops = self.loops.borrow_mut();
        let begun: Option<u32> = ask.after.as_ref().and_then(|cursor| cursor.0.parse().ok());
        let mut own = match begun {
            Some(number) => match loops.iter().position(|own: &Loop| own.number == number) {
                Some(at) => loops.remove(at),
                None => {
                    let message =
                        "Its runs are read by too many at once. Wait until the others are through, then try again.";
                    return Err(Fault::new(FaultKind::Unreadable, message));
                }
            },
            None => {
                self.loops_begun.set(self.loops_begun.get() + 1);
                let total = self.inner.experiments(&mut report)?.runs;
                Loop { number: self.loops_begun.get(), reading: Reading::Start, given: 0, total }
            }
        };
        let read = own.reading.next(&self.inner, ask.size, &mut report);
        let is_done = own.reading.is_done();
        let page = read.map(|table| {
            own.given += table.len() as u64;
            own.total = own.reading.left().map(|left| own.given + left).or(own.total);
            let next = (!is_done).then(|| own.number.to_string());
            self.page_of_runs(table, next, (own.given, own.total), report)
        });
        if !is_done {
            keep(&mut loops, own);
        }
        page
    }

    fn history_now(&self, ask: &HistoryAsk) -> Result<Page<Vec<MetricSeries>>, Fault> {
        let start = Cursor::place(ask.after.as_ref()).min(ask.pairs.len());
        let mut passes = self.histories.borrow_mut();
        // A pass that fails is given up: it can not go on.
        let mut under_way = passes.iter().position(|pass| pass.is_of(&ask.pairs, start)).map(|at| passes.remove(at));
        let items = match &mut under_way {
            Some(pass) => pass.step(&self.inner)?,
            None => {
                let read = histories::read(&self.inner, ask.pairs.get(start..).unwrap_or_default())?;
                if read.is_none() {
                    under_way = Some(HistoryPass::new(&self.inner, &ask.pairs, start));
                }
                read
            }
        };
        if let Some(pass) = under_way.filter(|_| items.is_none()) {
            keep(&mut passes, pass);
        }
        let items = items.unwrap_or_default();
        let next = Cursor::before_rest(start + items.len(), ask.pairs.len());
        Ok(self.page(items, next, Report::default()))
    }

    fn shelf_now(&self, after: Option<&Cursor>) -> Result<Page<Shelf>, Fault> {
        const LOGGED: &str = "logged";
        const TRACES: &str = "traces";
        let (part, inner) = after.map_or(("", ""), |after| after.0.split_once(':').unwrap_or((&after.0, "")));
        let inner = (!inner.is_empty()).then(|| Cursor(inner.to_owned()));
        let next = |part: &str, inner: Option<Cursor>| {
            Some(Cursor(format!("{part}:{}", inner.map(|cursor| cursor.0).unwrap_or_default())))
        };
        Ok(match part {
            LOGGED => {
                let page = self.logged_models(inner.as_ref())?;
                let next = if page.next.is_some() { next(LOGGED, page.next) } else { next(TRACES, None) };
                let items = Shelf { logged: page.items, ..Shelf::default() };
                Page::new(items, next, page.read, page.report)
            }
            TRACES => {
                let page = self.traces(inner.as_ref())?;
                let next = page.next.and_then(|inner| next(TRACES, Some(inner)));
                let items = Shelf { traces: page.items, ..Shelf::default() };
                Page::new(items, next, page.read, page.report)
            }
            _ => {
                let page = self.registered_models()?;
                let items = Shelf { registered: page.items, ..Shelf::default() };
                Page::new(items, next(LOGGED, None), page.read, page.report)
            }
        })
    }

    /// Registered models with their versions, by name; without prompts.
    ///
    /// # Errors
    /// Those of the files.
    pub fn registered_models(&self) -> Result<Page<Vec<RegisteredModel>>, Fault> {
        Ok(self.page(shelf::registered_models(&self.inner)?, None, Report::default()))
    }

    /// Logged models, newest first, in pages.
    ///
    /// # Errors
    /// Those of the files.
    pub fn logged_models(&self, after: Option<&Cursor>) -> Result<Page<Vec<LoggedModel>>, Fault> {
        let mut report = Report::default();
        let experiments = self.inner.experiments(&mut report)?;
        if self.models.borrow().is_none() {
            *self.models.borrow_mut() = Some(shelf::model_heads(&self.inner, &experiments.number_of)?);
        }
        let models = self.models.borrow();
        let models = models.as_deref().unwrap_or_default();
        let start = Cursor::place(after).min(models.len());
        let end = (start + MODELS_PAGE).min(models.len());
        let mut page = models.get(start..end).unwrap_or_default().to_vec();
        shelf::complete_models(&self.inner, &mut page)?;
        Ok(self.page(page, Cursor::before_rest(end, models.len()), report))
    }

    /// Traces, newest first, in pages.
    ///
    /// # Errors
    /// Those of the files.
    pub fn traces(&self, after: Option<&Cursor>) -> Result<Page<Vec<Trace>>, Fault> {
        let mut report = Report::default();
        let experiments = self.inner.experiments(&mut report)?;
        let start = Cursor::place(after);
        let mut kept = self.traces.borrow_mut();
        // A page that was given before is found again from the start.
        let mut reading = match kept.take() {
            Some(reading) if reading.given == start => reading,
            _ => match TraceReading::new(&self.inner) {
                Some(reading) => reading,
                None => return Ok(self.page(Vec::new(), None, report)),
            },
        };
        loop {
            let before = reading.given;
            let (items, has_more) = reading.next(&self.inner, &experiments.number_of)?;
            if before + TRACES_PAGE > start || !has_more {
                let next = has_more.then(|| Cursor(reading.given.to_string()));
                *kept = Some(reading);
                return Ok(self.page(items, next, report));
            }
        }
    }
}

/// Where notices point: the database is what was opened.
const HERE: &str = ".";

impl Inner {
    fn file(&self) -> &'static str {
        HERE
    }

    fn experiments(&self, report: &mut Report) -> Result<Rc<Experiments>, Fault> {
        if let Some(known) = self.experiments.borrow().clone() {
            return Ok(known);
        }
        let read = Rc::new(experiments::read(self, report)?);
        *self.experiments.borrow_mut() = Some(read.clone());
        Ok(read)
    }

    fn table(&self, found: &mut Found, size: usize, report: &mut Report) -> Result<RunTable, Fault> {
        let experiments = self.experiments(report)?;
        found.next(size, (&self.database, &self.datasets), &experiments.number_of, HERE, report)
    }

    /// Adds what was found since the last time: on opening, and in damaged pages.
    fn tell(&self, report: &mut Report) {
        report.merge(self.opened.take());
        for problem in self.database.take_problems() {
            let place =
                if problem.page > 0 { format!("Page {} of {}", problem.page, problem.inside) } else { problem.inside };
            report.note(Reason::DatabaseDamaged, HERE, None, format!("{place} {}.", problem.what));
        }
    }
}

/// Why it is not taken for MLflow's. Whose tables can not be seen may be: then that is what is said.
fn not_mlflow(name: &str, database: &Database) -> Fault {
    const SHOWN: usize = 5;
    let problems = database.take_problems();
    let unreadable = |message: String| Fault::new(FaultKind::Unreadable, message);
    match (database.cut(), problems.iter().find(|problem| problem.page > 0)) {
        // the cut itself is a problem too
        (Some(Cut { at, of }), hurt) if problems.len() > 1 => {
            let missing = if hurt.is_some() { "the part that names its tables" } else { "a part that holds tables" };
            unreadable(format!("The database is cut off at {at} of {of} bytes: {missing} is missing. Copy it again."))
        }
        (_, Some(problem)) => {
            let (page, what) = (problem.page, problem.what);
            unreadable(format!("The part of the database that names its tables is damaged: page {page} {what}."))
        }
        _ => {
            let names: Vec<&str> = database.tables().iter().map(|table| table.name.as_str()).take(SHOWN).collect();
            let more = if database.tables().len() > SHOWN { ", …" } else { "" };
            let tables =
                if names.is_empty() { "no tables at all".to_owned() } else { format!("{}{more}", names.join(", ")) };
            let message = format!(
                "{name} is a SQLite database, but none of MLflow's: experiments and runs are looked for, it has {tables}."
            );
            Fault::new(FaultKind::NotRecognised, message)
        }
    }
}

impl Source for SqlStore {
    fn experiments(&self, _after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(async move {
            let mut report = Report::default();
            let experiments = self.inner.experiments(&mut report)?;
            let mut page = self.page(experiments.list.clone(), None, report);
            page.read.runs_total = experiments.runs;
            Ok(page)
        })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        Box::pin(async move {
            self.inner.database.arrived().await;
            self.runs_now(&ask)
        })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(async move {
            self.inner.database.arrived().await;
            self.history_now(&ask)
        })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(async move { Ok(vec![shelf::store(&self.inner)?]) })
    }

    /// Registered models come first, then logged models, then traces.
    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(async move { self.shelf_now(after.as_ref()) })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        Rc::new(RunArtifacts::new(self.inner.clone(), run.clone()))
    }
}

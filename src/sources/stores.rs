//! ALL STORES IN ONE TREE: what a walk found becomes sources (file stores, databases, exports), and these one source.
//!
//! It must not know what carries the tree, nor how any of the stores is read.

use crate::model::{Experiment, MetricSeries, Reason, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::archive::Allowance;
use crate::sources::exports::{self, Kind};
use crate::sources::gather::Tally;
use crate::sources::mlflow_db::{Given, SqlStore};
use crate::sources::mlruns::FileStores;
use crate::sources::mounts::Mounts;
use crate::sources::recognise::{self, Finding, Found, Walk};
use crate::sources::sqlite::DatabaseFiles;
use crate::sources::sub::{Sub, Told};
use crate::sources::union::Union;
use crate::sources::{Async, Cursor, Fault, FaultKind, Folder, HistoryAsk, Page, Progress, RunsAsk, Source, path};
use logs::Logs;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

mod logs;
#[cfg(test)]
mod tests;

/// The cursor of a walk that is not done.
const WALKING: &str = "walk";

/// All stores in one tree.
pub struct Stores {
    folder: Rc<Mounts>,
    walk: Walk,
    tally: Rc<Tally>,
    found: RefCell<Option<Rc<Union>>>,
    /// The file that is all there is: what it holds has no path of its own.
    alone: Option<String>,
}

impl Stores {
    /// Over anything that is a folder. Nothing is read before it is asked for.
    pub fn new(folder: Rc<dyn Folder>) -> Stores {
        Stores::over(Rc::new(Mounts::over(folder)), Allowance::default())
    }

    /// Over a tree in which archives become folders, as far as the allowance reaches.
    pub fn over(folder: Rc<Mounts>, allowance: Allowance) -> Stores {
        Stores { folder, walk: Walk::new(allowance), tally: Rc::default(), found: RefCell::default(), alone: None }
    }

    /// The same, where one file may be all there is.
    #[must_use]
    pub fn all_of(self, alone: Option<String>) -> Stores {
        Stores { alone, ..self }
    }

    fn known(&self) -> Option<Rc<Union>> {
        self.found.borrow().clone()
    }

    /// Walks on for a bounded number of folders; the stores, once all is walked.
    async fn advance(&self, report: &mut Report) -> Result<Option<Rc<Union>>, Fault> {
        if let Some(found) = self.known() {
            return Ok(Some(found));
        }
        let stop = self.walk.work() + recognise::STEP as u64;
        while !self.walk.is_done() && self.walk.work() < stop {
            self.walk.step(&self.folder, &self.tally, report).await?;
        }
        if !self.walk.is_done() {
            return Ok(None);
        }
        let mut notices = Report::default();
        let members = self.members(&mut notices).await?;
        if let Some(found) = self.known() {
            return Ok(Some(found));
        }
        if members.is_empty() {
            let unreadable = notices.notices().iter().find(|notice| notice.reason == Reason::DatabaseUnreadable);
            return Err(match unreadable {
                Some(notice) => Fault::new(FaultKind::NotRecognised, self.sentence(&notice.path, &notice.message)),
                None => self.walk.not_recognised(),
            });
        }
        report.merge(notices);
        let members = Rc::new(members);
        *self.found.borrow_mut() = Some(members.clone());
        Ok(Some(members))
    }

    async fn whole(&self, report: &mut Report) -> Result<Rc<Union>, Fault> {
        loop {
            if let Some(found) = self.advance(report).await? {
                return Ok(found);
            }
        }
    }

    async fn members(&self, report: &mut Report) -> Result<Union, Fault> {
        let mut found = self.walk.take(&self.folder, report);
        let exports = exports_of(&mut found);
        let of_database = |finding: &Finding| match finding {
            Finding::Database { path } => Some(path.clone()),
            _ => None,
        };
        let databases: Vec<String> = found.findings.iter().filter_map(of_database).collect();
        let mut others = Vec::new();
        if !databases.is_empty() {
            // artifacts without runs are those of a database's runs
            found.findings.retain(|finding| !matches!(finding, Finding::ArtifactsOnly { .. }));
        }
        let logs = Logs::find(&*self.folder, &databases, &self.walk.lone()).await?;
        logs.tell(report);
        let members = Union::new();
        if let Some(stores) = FileStores::new(self.folder.clone(), found, self.tally.clone(), report) {
            members.add("", Rc::new(stores));
        }
        for path in databases {
            match self.database(&path, &logs).await {
                Ok(store) => {
                    members.add(self.prefix(&path), Rc::new(store));
                }
                // another program's database lies about anywhere: told where nothing else is
                Err(fault) if fault.kind == FaultKind::NotRecognised => others.push((path, fault)),
                Err(fault) => report.note(Reason::DatabaseUnreadable, &path, None, fault.message),
            }
        }
        for (path, fault) in others {
            report.note(Reason::DatabaseForeign, path, None, fault.message);
        }
        for (kind, at, paths) in exports {
            let opened = match kind {
                Kind::Answers | Kind::ExportImport => {
                    let within =
                        |path: &String| path.strip_prefix(&at).map(|rest| rest.trim_start_matches('/').to_owned());
                    let paths = paths.iter().filter_map(within).collect();
                    exports::open_paths(kind, Rc::new(Sub::new(self.folder.clone(), at.clone())), paths)
                }
                Kind::Document | Kind::Csv | Kind::Frame => match self.folder.open(&at).await {
                    Ok(bytes) => exports::open_file(kind, ".", bytes),
                    Err(fault) => Err(fault),
                },
            };
            match opened {
                Ok(source) => {
                    members.add(self.prefix(&at), source);
                }
                Err(fault) => report.note(Reason::FileUnreadable, &at, None, fault.message),
            }
        }
        Ok(members)
    }

    /// Where the store in a file lies.
    fn prefix<'a>(&self, path: &'a str) -> &'a str {
        if self.alone.as_deref() == Some(path) { "" } else { path }
    }

    /// What is said of a file, where nothing else says which one: what is all there is was named by whoever opened it.
    fn sentence(&self, at: &str, message: &str) -> String {
        if self.prefix(at).is_empty() { message.to_owned() } else { format!("{at}: {message}") }
    }

    async fn database(&self, at: &str, logs: &Logs) -> Result<SqlStore, Fault> {
        let is_folder_known = !self.folder.is_gathered(path::parent(at));
        let mut beside = [None, None];
        for (slot, own) in beside.iter_mut().zip(logs.of(at)) {
            if let Some(own) = own {
                *slot = Some(self.folder.open(own).await?);
            }
        }
        let [wal, journal] = beside;
        let files = DatabaseFiles { main: self.folder.open(at).await?, wal, journal };
        let name = path::name(at).to_owned();
        SqlStore::open(Given { name, files, is_folder_known, artifacts: self.folder.clone() })
    }

    /// While walking, `files` are those seen: nothing else is known yet that grows with the work.
    fn walking<T: Default>(&self, report: Report) -> Page<T> {
        let read = Progress { files: self.walk.files_seen(), bytes: self.tally.bytes(), ..Progress::default() };
        Page::new(T::default(), Some(Cursor(WALKING.to_owned())), read, report)
    }

    /// A page with what was found before it, and the carrier's own notices.
    fn with<T>(&self, mut page: Page<T>, mut report: Report) -> Page<T> {
        report.merge(page.report);
        report.merge(self.folder.take_report());
        page.report = report;
        page
    }
}

/// The exports among what was found, each with the path at which it lies and, where several files are one, their paths. What lies
/// in an export is the export's.
fn exports_of(found: &mut Found) -> Vec<(Kind, String, Vec<String>)> {
    let mut by_kind: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for finding in &found.findings {
        if let Finding::Document { path, kind } = finding {
            by_kind.entry(*kind).or_default().push(path.clone());
        }
    }
    let folders: BTreeSet<String> = by_kind
        .remove(&Kind::ExportImport)
        .unwrap_or_default()
        .iter()
        .map(|file| path::parent(file).to_owned())
        .collect();
    let is_outermost = |dir: &&String| !folders.iter().any(|other| other != *dir && path::lies_in(dir, other));
    // Runs that were exported one by one lie side by side: they are one export.
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for dir in folders.iter().filter(is_outermost) {
        groups.entry(path::parent(dir).to_owned()).or_default().push(dir.clone());
    }
    let mut exports: Vec<(Kind, String, Vec<String>)> = Vec::new();
    for (above, dirs) in groups {
        match dirs.as_slice() {
            [only] => exports.push((Kind::ExportImport, only.clone(), dirs)),
            _ => exports.push((Kind::ExportImport, above, dirs)),
        }
    }
    let is_free = |path: &String| !folders.iter().any(|dir| path::lies_in(path, dir));
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, paths) in by_kind {
        for path in paths.into_iter().filter(is_free) {
            match kind {
                Kind::Answers => answers.entry(path::parent(&path).to_owned()).or_default().push(path),
                _ => exports.push((kind, path.clone(), vec![path])),
            }
        }
    }
    exports.extend(answers.into_iter().map(|(dir, paths)| (Kind::Answers, dir, paths)));
    exports
}

impl Source for Stores {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(async move {
            let mut report = Report::default();
            let Some(found) = self.advance(&mut report).await? else {
                return Ok(self.with(self.walking(Report::default()), report));
            };
            let mut page = found.experiments(after.filter(|after| after.0 != WALKING)).await?;
            if found.len() > 1 {
                // the same runs may lie in a tree and in the database that it was moved to
                for experiment in &mut page.items {
                    let around = found.around(&experiment.path);
                    experiment.origin = if around.is_empty() { FileStores::FORMAT.to_owned() } else { around };
                }
            }
            Ok(self.with(page, report))
        })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        Box::pin(async move {
            let mut report = Report::default();
            let page = self.whole(&mut report).await?.runs(ask).await?;
            Ok(self.with(page, report))
        })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(async move {
            let mut report = Report::default();
            let page = self.whole(&mut report).await?.history(ask).await?;
            Ok(self.with(page, report))
        })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(async move {
            let mut unheard = Report::default();
            self.whole(&mut unheard).await?.stores().await
        })
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(async move {
            let mut report = Report::default();
            let page = self.whole(&mut report).await?.shelf(after).await?;
            Ok(self.with(page, report))
        })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        let inner = match self.known() {
            Some(found) => found.artifacts(run),
            None => Rc::new(Sub::new(self.folder.clone(), path::join(path::from_shown(&run.0), "artifacts"))),
        };
        Rc::new(Told::new(inner, self.folder.clone(), ""))
    }
}

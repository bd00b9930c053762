//! SEVERAL SOURCES AS ONE: each lies at a path of its own, and their experiments and stores are numbered in one row, in the
//! order in which they come.
//!
//! It must not know what the members are. Members can join later; what was given out keeps its numbers and keys.

use crate::model::{Experiment, MetricSeries, Report, RunKey, RunTable, Shelf, Store};
use crate::sources::memory::Memory;
use crate::sources::sub::Told;
use crate::sources::{Async, Cursor, Fault, Folder, HistoryAsk, Page, Progress, RunsAsk, Scope, Source, path};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// The members, in the order in which they are asked.
#[derive(Default)]
pub struct Union {
    members: RefCell<Vec<Rc<Member>>>,
    numbers: Rc<Numbers>,
}

/// How many of each were given out.
#[derive(Debug, Default)]
struct Numbers {
    experiments: Cell<u32>,
    stores: Cell<u32>,
}

/// One of several sources, with numbers and keys as they are in the whole.
struct Member {
    /// Where it lies; empty for the whole tree.
    prefix: String,
    source: Rc<dyn Source>,
    numbers: Rc<Numbers>,
    /// The number in the whole of each of its experiments.
    experiments: RefCell<Vec<u32>>,
    /// Its own number of the first experiment after each of its cursors: a page that is asked for again gets no new numbers.
    starts: RefCell<HashMap<String, usize>>,
    /// Whether all its experiments are known.
    is_listed: Cell<bool>,
    /// The same of its stores, as far as they were named.
    stores: RefCell<Vec<Option<u32>>>,
    read: Cell<Progress>,
}

/// The number of an experiment that its member did not name so far: none has it, so that it stands for no other's.
const UNKNOWN: u32 = u32::MAX;

impl Member {
    /// The path in the whole of something of its own.
    fn outer(&self, own: &str) -> String {
        match path::from_shown(own) {
            _ if self.prefix.is_empty() => own.to_owned(),
            "" => self.prefix.clone(),
            own => path::join(&self.prefix, own),
        }
    }

    /// Its own key of a run of the whole; `None` when it is another's.
    fn inner<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() || self.prefix == key {
            return Some(if self.prefix == key { "." } else { key });
        }
        key.strip_prefix(self.prefix.as_str())?.strip_prefix('/')
    }

    /// What of a scope of the whole is its own; `None` when nothing can be.
    fn scope(&self, scope: &Scope) -> Option<Scope> {
        let known = self.experiments.borrow();
        // they were numbered in the order in which they came
        let own = |number: &u32| known.binary_search(number).ok().map(|own| own as u32);
        let experiments: Vec<u32> = scope.experiments.iter().filter_map(own).collect();
        let inner = |key: &RunKey| self.inner(&key.0).map(|key| RunKey(key.to_owned()));
        let only: Vec<RunKey> = scope.only.iter().filter_map(inner).collect();
        let is_its = |asked: bool, has_own: bool| !asked || has_own;
        (is_its(!scope.experiments.is_empty(), !experiments.is_empty())
            && is_its(!scope.only.is_empty(), !only.is_empty()))
        .then(|| Scope { experiments, only, ..scope.clone() })
    }

    fn experiment(&self, own: u32) -> u32 {
        self.experiments.borrow().get(own as usize).copied().unwrap_or(UNKNOWN)
    }

    fn store(&self, own: u32) -> u32 {
        let mut stores = self.stores.borrow_mut();
        let at = own as usize;
        if stores.len() <= at {
            stores.resize(at + 1, None);
        }
        let known = stores.get(at).copied().flatten();
        known.unwrap_or_else(|| {
            let number = self.numbers.stores.get();
            self.numbers.stores.set(number + 1);
            if let Some(slot) = stores.get_mut(at) {
                *slot = Some(number);
            }
            number
        })
    }

    /// Gives numbers to the experiments of the page after `after`.
    fn number(&self, after: Option<&Cursor>, page: &Page<Vec<Experiment>>) {
        let mut experiments = self.experiments.borrow_mut();
        let mut starts = self.starts.borrow_mut();
        let start = after.and_then(|after| starts.get(&after.0).copied()).unwrap_or(0);
        let end = start.saturating_add(page.items.len());
        while experiments.len() < end {
            let number = self.numbers.experiments.get();
            self.numbers.experiments.set(number + 1);
            experiments.push(number);
        }
        self.is_listed.set(self.is_listed.get() || page.next.is_none());
        starts.extend(page.next.as_ref().map(|next| (next.0.clone(), end)));
    }

    /// Whether it gave nothing so far: what it fails at is its own affair.
    fn is_idle(&self) -> bool {
        self.experiments.borrow().is_empty()
    }

    fn take_experiments(&self, mut items: Vec<Experiment>) -> Vec<Experiment> {
        for experiment in &mut items {
            experiment.store = self.store(experiment.store);
            experiment.path = self.outer(&experiment.path);
        }
        items
    }

    fn take_runs(&self, mut table: RunTable) -> RunTable {
        for number in &mut table.experiment {
            *number = self.experiment(*number);
        }
        for key in &mut table.key {
            key.0 = self.outer(&key.0);
        }
        table
    }

    fn take_shelf(&self, mut shelf: Shelf) -> Shelf {
        for model in &mut shelf.registered {
            model.store = self.store(model.store);
        }
        let logged = shelf.logged.iter_mut().map(|model| &mut model.experiment);
        for number in logged.chain(shelf.traces.iter_mut().map(|trace| &mut trace.experiment)) {
            *number = self.experiment(*number);
        }
        shelf
    }

    fn take<T, U>(&self, page: Page<T>, whole: &Union, take: impl FnOnce(T) -> U) -> Page<U> {
        self.read.set(page.read);
        let report: Report = page.report.under(&self.prefix);
        Page { ordered: page.ordered, ..Page::new(take(page.items), page.next, whole.read(), report) }
    }
}

impl Union {
    /// Of nothing yet.
    pub fn new() -> Union {
        Union::default()
    }

    /// Adds a source that lies at `prefix`, and answers its number.
    pub fn add(&self, prefix: &str, source: Rc<dyn Source>) -> usize {
        let member = Member {
            prefix: prefix.to_owned(),
            source,
            numbers: self.numbers.clone(),
            experiments: RefCell::default(),
            starts: RefCell::default(),
            is_listed: Cell::new(false),
            stores: RefCell::default(),
            read: Cell::default(),
        };
        self.members.borrow_mut().push(Rc::new(member));
        self.members.borrow().len() - 1
    }

    /// How many sources it is.
    pub fn len(&self) -> usize {
        self.members.borrow().len()
    }

    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn member(&self, number: usize) -> Option<Rc<Member>> {
        self.members.borrow().get(number).cloned()
    }

    /// Where the member lies that holds an experiment or a run; empty for the whole tree.
    pub fn around(&self, path: &str) -> String {
        self.home(&RunKey(path.to_owned())).map(|member| member.prefix.clone()).unwrap_or_default()
    }

    /// The member in which a run lies: that with the longest path around it.
    fn home(&self, key: &RunKey) -> Option<Rc<Member>> {
        let members = self.members.borrow();
        let around = members.iter().filter(|member| member.inner(&key.0).is_some());
        around.max_by_key(|member| member.prefix.len()).cloned()
    }

    /// All members together; a total is known when each knows its own.
    fn read(&self) -> Progress {
        let members = self.members.borrow();
        let sum =
            |of: fn(&Progress) -> u64| members.iter().fold(0_u64, |sum, one| sum.saturating_add(of(&one.read.get())));
        let total = |of: fn(&Progress) -> Option<u64>| {
            members.iter().try_fold(0_u64, |sum, one| Some(sum.saturating_add(of(&one.read.get())?)))
        };
        Progress {
            files: sum(|read| read.files),
            files_total: total(|read| read.files_total),
            bytes: sum(|read| read.bytes),
            bytes_total: total(|read| read.bytes_total),
            runs: sum(|read| read.runs),
            runs_total: total(|read| read.runs_total),
        }
    }

    /// One page of one member after the other.
    async fn page<T, U: Default>(
        &self,
        after: Option<Cursor>,
        ask: impl AsyncFn(&Member, Option<Cursor>) -> Result<Page<T>, Fault>,
        take: impl FnOnce(&Member, T) -> U,
    ) -> Result<Page<U>, Fault> {
        let (number, inner) = match &after {
            None => (0, None),
            Some(cursor) => place(cursor),
        };
        let Some(member) = self.member(number) else {
            return Ok(Page::new(U::default(), None, self.read(), Report::default()));
        };
        let page = ask(&member, inner).await?;
        let mut page = member.take(page, self, |items| take(&member, items));
        page.next = match page.next {
            Some(inner) => Some(Cursor(format!("{number}:{}", inner.0))),
            None => (number + 1 < self.len()).then(|| Cursor(format!("{}:", number + 1))),
        };
        Ok(page)
    }

    /// The stores of some members by their numbers; a member that holds nothing does not spoil the others. Those of members that
    /// are not asked stay empty, as far as they have numbers.
    async fn stores_of(&self, is_asked: impl Fn(usize, &Member) -> bool) -> Result<Vec<Store>, Fault> {
        let members = self.members.borrow().clone();
        let mut all: Vec<Store> = Vec::new();
        for (number, member) in members.iter().enumerate() {
            if !is_asked(number, member) {
                continue;
            }
            let stores = match member.source.stores().await {
                Err(_) if member.is_idle() && members.len() > 1 => continue,
                answer => answer?,
            };
            for (own, store) in (0..).zip(stores) {
                let (at, path) = (member.store(own) as usize, member.outer(&store.path));
                all.resize(all.len().max(at + 1), Store::default());
                all.get_mut(at).into_iter().for_each(|slot| *slot = Store { path: path.clone(), ..store.clone() });
            }
        }
        Ok(all)
    }

    /// One member alone, with the numbers and keys that it has in the whole.
    pub fn part(self: Rc<Self>, number: usize) -> Part {
        Part { whole: self, number }
    }
}

/// The number that a cursor starts with (of a member, of a pair), and where there the page starts.
fn place(cursor: &Cursor) -> (usize, Option<Cursor>) {
    let (number, inner) = cursor.0.split_once(':').unwrap_or((&cursor.0, ""));
    (number.parse().unwrap_or(usize::MAX), (!inner.is_empty()).then(|| Cursor(inner.to_owned())))
}

impl Source for Union {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(self.page(
            after,
            async |member, after| {
                let page = member.source.experiments(after.clone()).await?;
                member.number(after.as_ref(), &page);
                Ok(page)
            },
            |member, items| member.take_experiments(items),
        ))
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        let RunsAsk { after, size, scope } = ask;
        Box::pin(self.page(
            after,
            async move |member, after| match member.scope(&scope) {
                Some(scope) => member.source.runs(RunsAsk { after, size, scope }).await,
                None => Ok(Page::new(RunTable::default(), None, member.read.get(), Report::default())),
            },
            |member, table| member.take_runs(table),
        ))
    }

    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        Box::pin(async move {
            let (number, after) = ask.after.as_ref().map_or((0, None), place);
            let Some(member) = self.member(number) else { return Ok(false) };
            match member.scope(&ask.scope) {
                Some(scope) => member.source.ahead(RunsAsk { after, scope, ..ask }).await,
                None => Ok(false),
            }
        })
    }

    /// Neighbours of one member are asked together. A page may hold nothing while the member is at work: then its own cursor goes on.
    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        Box::pin(async move {
            let pairs = ask.pairs.len();
            let (start, inner_after) = ask.after.as_ref().map_or((0, None), place);
            let rest = ask.pairs.get(start..).unwrap_or_default();
            let home = rest.first().and_then(|(key, _)| self.home(key));
            let Some(member) = home else {
                let items = vec![MetricSeries::default(); rest.len()];
                return Ok(Page::new(items, None, self.read(), Report::default()));
            };
            let is_its = |key: &RunKey| self.home(key).is_some_and(|home| Rc::ptr_eq(&home, &member));
            let inner = |key: &RunKey| RunKey(member.inner(&key.0).unwrap_or_default().to_owned());
            let own = rest.iter().take_while(|(key, _)| is_its(key)).map(|(key, metric)| (inner(key), metric.clone()));
            let own: Vec<(RunKey, String)> = own.collect();
            let end = start.saturating_add(own.len());
            let page = member.source.history(HistoryAsk { pairs: own, after: inner_after, ..ask }).await?;
            let mut page = member.take(page, self, |items| items);
            page.next = match page.next {
                Some(inner) => Some(Cursor(format!("{start}:{}", inner.0))),
                None => (end < pairs).then(|| Cursor(format!("{end}:"))),
            };
            Ok(page)
        })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(self.stores_of(|_, _| true))
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(self.page(
            after,
            async |member, after| match member.source.shelf(after).await {
                Err(_) if member.is_idle() && self.len() > 1 => {
                    let read = member.read.get();
                    Ok(Page::new(Shelf::default(), None, read, Report::default()))
                }
                answer => answer,
            },
            |member, items| member.take_shelf(items),
        ))
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        let home = self.home(run);
        let found = home.as_ref().and_then(|member| Some((member, member.inner(&run.0)?)));
        match found {
            Some((member, key)) => {
                let inner = member.source.artifacts(&RunKey(key.to_owned()));
                Rc::new(Told::new(inner.clone(), inner, member.prefix.clone()))
            }
            None => Rc::new(Memory::new()),
        }
    }
}

/// A member of a [`Union`], to be read by itself.
pub struct Part {
    whole: Rc<Union>,
    number: usize,
}

impl Part {
    /// A cursor of its own as one of the whole.
    fn start(&self, after: Option<Cursor>) -> Option<Cursor> {
        Some(after.unwrap_or_else(|| Cursor(format!("{}:", self.number))))
    }

    /// A page that ends where the member does.
    fn within<T>(&self, mut page: Page<T>) -> Page<T> {
        page.next = page.next.filter(|next| place(next).0 == self.number);
        page
    }
}

impl Source for Part {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        Box::pin(async move { Ok(self.within(self.whole.experiments(self.start(after)).await?)) })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        let ask = RunsAsk { after: self.start(ask.after), ..ask };
        let coming = self.whole.runs(ask);
        Box::pin(async move { Ok(self.within(coming.await?)) })
    }

    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        self.whole.ahead(RunsAsk { after: self.start(ask.after), ..ask })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        self.whole.history(ask)
    }

    /// Its own and those of all others but for members that are still looked through: they would keep whoever asks waiting, and
    /// tell when they are done.
    fn stores(&self) -> Async<'_, Vec<Store>> {
        Box::pin(self.whole.stores_of(|number, member| number == self.number || member.is_listed.get()))
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        Box::pin(async move { Ok(self.within(self.whole.shelf(self.start(after)).await?)) })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        self.whole.artifacts(run)
    }
}

//! THE RUNS OF A SERVER: of a scope, page by page, in the server's order, narrowed by it where its answer is sure to hold ours.
//!
//! It must not know what a query means: `push` says which clauses go to the server, and whoever asked evaluates it again.
//! What a server does not understand is left out, remembered, and the question asked again.

use super::ahead::{Ahead, Spot};
use super::answers;
use super::call::{Call, Place, Refused};
use super::listing::{Guard, foreseen_token, whole_token};
use super::tracking::Inner;
use crate::model::{Lifecycle, Reason, Report, RunKey, RunTable};
use crate::query::push::{self, Narrowed};
use crate::sources::{Cursor, Fault, FaultKind, Page, Progress, RunsAsk, Scope};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Most runs of a page, whatever is asked.
const PAGE: u32 = 5_000;
/// Experiments of one question.
const EXPERIMENTS: usize = 1_000;
/// Runs that are asked for by id in one question.
const BY_ID: usize = 100;
/// MLflow sorts by a metric in a time that grows with the square of the runs: waiting longer than this is of no use.
pub const ORDER_TIMEOUT_MS: u32 = 8_000;
/// What is said then.
const SLOW_ORDER: &str = "The server takes too long to sort: its runs come in its own order.";
/// Lists that are under way at one time; of an older one a page is asked from its cursor alone.
const LISTINGS: usize = 16;
/// Pages without runs that one question goes over.
const EMPTY_PAGES: u32 = 20;

/// What this server was found not to understand.
#[derive(Debug, Default)]
pub struct Learned {
    clauses: RefCell<HashSet<String>>,
    orders: RefCell<HashSet<Vec<String>>>,
    /// Orders that took too long, with the experiments over which they were asked for.
    slow: RefCell<HashSet<(Vec<String>, Vec<u32>)>>,
    takes_one_experiment: Cell<bool>,
    has_no_list_of_ids: Cell<bool>,
}

/// The lists that are under way.
#[derive(Debug, Default)]
pub struct Listings {
    all: RefCell<Vec<(u64, Rc<Listing>)>>,
    begun: Cell<u64>,
}

/// Where a page starts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct At {
    listing: u64,
    group: usize,
    token: String,
    /// How often the list was begun anew before this place.
    round: u32,
    /// Of this group, as they came.
    items: u64,
    /// Of all, as they were taken.
    runs: u64,
}

impl At {
    fn parse(cursor: &Cursor) -> Result<At, Fault> {
        serde_json::from_str(&cursor.0)
            .map_err(|_| Fault::new(FaultKind::BadAnswer, "The list of runs has no such page."))
    }

    fn spot(&self) -> Spot {
        Spot { round: self.round, group: self.group, items: self.items }
    }
}

/// One list of runs.
#[derive(Debug)]
struct Listing {
    plan: RefCell<Plan>,
    view: &'static str,
    experiments: Vec<u32>,
    guard: RefCell<Guard>,
    ahead: Ahead,
    most: Cell<u32>,
    round: Cell<u32>,
}

/// How it is asked for.
#[derive(Clone, Debug)]
struct Plan {
    /// Ids of experiments that go into one question.
    groups: Vec<Vec<String>>,
    narrowed: Narrowed,
    /// `None` where the server would sort otherwise.
    order: Option<Vec<String>>,
}

fn view(lifecycle: Option<Lifecycle>) -> &'static str {
    match lifecycle {
        None => "ALL",
        Some(Lifecycle::Active) => "ACTIVE_ONLY",
        Some(Lifecycle::Deleted) => "DELETED_ONLY",
    }
}

/// The ids of the experiments of a scope.
fn experiments(inner: &Inner, scope: &Scope) -> Vec<String> {
    match scope.experiments.as_slice() {
        [] => inner.experiments.ids(),
        some => some.iter().filter_map(|number| inner.experiments.id(*number)).collect(),
    }
}

impl Listing {
    async fn new(inner: &Inner, scope: &Scope) -> Listing {
        let identity = inner.identity().await;
        let dialect = push::Dialect::of(&identity.server, identity.store_type.as_deref());
        let learned = &inner.learned;
        let mut narrowed = push::narrow(&scope.query, &dialect, &[]);
        let is_known = |text: &String| learned.clauses.borrow().contains(text);
        let all = narrowed.clauses.iter().zip(&narrowed.numbers);
        let refused: Vec<usize> = all.filter(|(text, _)| is_known(text)).map(|(_, number)| *number).collect();
        if !refused.is_empty() {
            narrowed = push::narrow(&scope.query, &dialect, &refused);
        }
        let is_good = |order: &Vec<String>| {
            let asked = (order.clone(), scope.experiments.clone());
            !learned.orders.borrow().contains(order) && !learned.slow.borrow().contains(&asked)
        };
        let order = push::order(&scope.order, &dialect).filter(is_good);
        let at_once = if learned.takes_one_experiment.get() { 1 } else { EXPERIMENTS };
        let groups = experiments(inner, scope).chunks(at_once).map(<[String]>::to_vec).collect();
        Listing {
            plan: RefCell::new(Plan { groups, narrowed, order }),
            view: view(scope.lifecycle),
            experiments: scope.experiments.clone(),
            guard: RefCell::default(),
            ahead: Ahead::default(),
            most: Cell::new(PAGE),
            round: Cell::new(0),
        }
    }

    /// Whether all runs come in the order that was asked for.
    fn is_ordered(&self) -> bool {
        let plan = self.plan.borrow();
        plan.order.is_some() && plan.groups.len() == 1
    }

    /// Leaves out of the plan what the server may not have understood; `false` when there is nothing left.
    fn simplify(&self, learned: &Learned, group: usize, said: &str) -> bool {
        let mut plan = self.plan.borrow_mut();
        let mut refused = plan.narrowed.refused(said);
        if refused.len() == plan.narrowed.numbers.len() {
            // It may be any of them: the last one first, since the first ones are mostly the plain ones.
            refused = plan.narrowed.numbers.last().copied().into_iter().collect();
        }
        if !refused.is_empty() {
            let Narrowed { clauses, numbers } = std::mem::take(&mut plan.narrowed);
            for (text, number) in clauses.into_iter().zip(numbers) {
                if refused.contains(&number) {
                    learned.clauses.borrow_mut().insert(text);
                } else {
                    plan.narrowed.clauses.push(text);
                    plan.narrowed.numbers.push(number);
                }
            }
        } else if let Some(order) = plan.order.take_if(|order| !order.is_empty()) {
            learned.orders.borrow_mut().insert(order);
        } else if plan.groups.get(group).is_some_and(|group| group.len() > 1) {
            learned.takes_one_experiment.set(true);
            let rest = plan.groups.split_off(group);
            plan.groups.extend(rest.into_iter().flatten().map(|id| vec![id]));
        } else {
            return false;
        }
        true
    }

    /// The question for a page, and whether the server may take long to sort.
    fn call(&self, ids: &[String], token: &str, most: u32) -> (Call<'static>, bool) {
        let plan = self.plan.borrow();
        let (filter, order) = (plan.narrowed.filter(), plan.order.as_deref().unwrap_or_default());
        let mut body = json!({ "experiment_ids": ids, "run_view_type": self.view, "max_results": most });
        let mut put = |key: &str, value: Value| {
            if let Some(map) = body.as_object_mut() {
                map.insert(key.to_owned(), value);
            }
        };
        if !filter.is_empty() {
            put("filter", json!(filter));
        }
        if !order.is_empty() {
            put("order_by", json!(order));
        }
        if !token.is_empty() {
            put("page_token", json!(token));
        }
        let is_logged =
            |column: &String| ["metric", "param", "tag"].iter().any(|kind| column.trim_start().starts_with(kind));
        let is_costly = order.iter().any(is_logged);
        let mut call = Call::post(Place::Api("runs/search"), body);
        if is_costly {
            (call.silence_ms, call.is_patient) = (ORDER_TIMEOUT_MS, false);
        }
        (call, is_costly)
    }

    fn restart(&self) {
        self.round.set(self.round.get() + 1);
        self.guard.borrow_mut().restart();
    }
}

impl Listings {
    fn add(&self, listing: Listing) -> (u64, Rc<Listing>) {
        let listing = Rc::new(listing);
        let number = self.begun.get();
        self.begun.set(number + 1);
        let mut all = self.all.borrow_mut();
        all.push((number, listing.clone()));
        if all.len() > LISTINGS {
            all.remove(0);
        }
        (number, listing)
    }

    fn get(&self, number: u64) -> Option<Rc<Listing>> {
        self.all.borrow().iter().find(|(own, _)| *own == number).map(|(_, listing)| listing.clone())
    }
}

/// One page.
///
/// # Errors
/// When the server does not answer.
pub async fn page(inner: &Inner, ask: RunsAsk) -> Result<Page<RunTable>, Fault> {
    if !ask.scope.only.is_empty() {
        return only(inner, &ask).await;
    }
    let mut place: At = match &ask.after {
        None => At::default(),
        Some(cursor) => At::parse(cursor)?,
    };
    let known = ask.after.is_some().then(|| inner.listings.get(place.listing)).flatten();
    let listing = match known {
        Some(listing) => listing,
        None => {
            let (number, listing) = inner.listings.add(Listing::new(inner, &ask.scope).await);
            listing.round.set(place.round);
            place.listing = number;
            listing
        }
    };
    let mut report = Report::default();
    for _ in 0..EMPTY_PAGES {
        let (answer, asked) = search(inner, &listing, &mut place, ask.size, &mut report).await?;
        let Some(answer) = answer else {
            let read = Progress { runs: place.runs, runs_total: Some(place.runs), ..Progress::default() };
            return Ok(Page { ordered: listing.is_ordered(), ..Page::new(RunTable::default(), None, read, report) });
        };
        let page = format!("{} {} {}", place.round, place.group, place.token);
        let mut guard = listing.guard.borrow_mut();
        let table = take(inner, &answer, Some(&asked), &mut |id| guard.is_new(&page, id), &mut report);
        place.runs += table.len() as u64;
        place.items += answer.get("runs").and_then(Value::as_array).map_or(0, |list| list.len() as u64);
        let named = answers::next_page_token(&answer).map(|token| whole_token(token, place.items));
        let is_next_there = named.filter(|next| {
            let next = format!("{} {} {next}", place.round, place.group);
            let goes_on = guard.goes_on(&page, &next, table.len());
            if !goes_on {
                report.note(Reason::ServerPages, "", None, "The pages of runs repeat themselves.");
            }
            goes_on
        });
        drop(guard);
        match is_next_there {
            Some(token) => place.token = token,
            None => {
                listing.ahead.forget();
                place.group += 1;
                place.items = 0;
                place.token.clear();
            }
        }
        let is_last = place.group >= listing.plan.borrow().groups.len();
        if !table.is_empty() || is_last {
            let next = (!is_last).then(|| Cursor(serde_json::to_string(&place).unwrap_or_default()));
            let read = Progress { runs: place.runs, runs_total: is_last.then_some(place.runs), ..Progress::default() };
            return Ok(Page { ordered: listing.is_ordered(), ..Page::new(table, next, read, report) });
        }
    }
    let next = Some(Cursor(serde_json::to_string(&place).unwrap_or_default()));
    let read = Progress { runs: place.runs, ..Progress::default() };
    Ok(Page { ordered: listing.is_ordered(), ..Page::new(RunTable::default(), next, read, report) })
}

/// Sends a page ahead of the one that is asked for, as [`Source::ahead`](crate::sources::Source::ahead) has it.
///
/// # Errors
/// When the cursor is none.
pub async fn ahead(inner: &Inner, ask: RunsAsk) -> Result<bool, Fault> {
    let Some(cursor) = &ask.after else { return Ok(false) };
    let place = At::parse(cursor)?;
    let Some(listing) = inner.listings.get(place.listing) else { return Ok(false) };
    let Some(ids) = listing.plan.borrow().groups.get(place.group).cloned() else { return Ok(false) };
    let next = listing.ahead.next(place.spot()).filter(|_| place.round == listing.round.get());
    let found = next.and_then(|next| Some((next, foreseen_token(&place.token, place.items, next.items)?)));
    let Some((spot, token)) = found else { return Ok(false) };
    let most = ask.size.clamp(1, listing.most.get());
    let coming = listing.ahead.send(spot, most);
    let (call, _) = listing.call(&ids, &token, most);
    let call = Call { is_sent_once: true, ..call };
    Ok(inner.client.json(&call).await.is_ok_and(|answer| coming.keep(answer)))
}

/// One answer, with the experiments that were asked for; none when there is no more of them.
async fn search(
    inner: &Inner,
    listing: &Listing,
    place: &mut At,
    size: u32,
    report: &mut Report,
) -> Result<(Option<Value>, HashSet<String>), Refused> {
    loop {
        if place.round != listing.round.get() {
            *place = At { listing: place.listing, round: listing.round.get(), runs: place.runs, ..At::default() };
        }
        let Some(ids) = listing.plan.borrow().groups.get(place.group).cloned() else {
            return Ok((None, HashSet::new()));
        };
        if let Some(answer) = listing.ahead.take(place.spot()) {
            return Ok((Some(answer), ids.into_iter().collect()));
        }
        let most = size.clamp(1, listing.most.get());
        listing.ahead.want(place.spot(), most);
        let (call, is_costly) = listing.call(&ids, &place.token, most);
        let round = listing.round.get();
        match inner.client.json(&call).await {
            Ok(answer) => return Ok((Some(answer), ids.into_iter().collect())),
            Err(refused) if refused.is_too_large() && most > 1 => listing.most.set((most / 4).max(1)),
            // Another page of the same list has found it out meanwhile.
            Err(_) if round != listing.round.get() => {}
            Err(refused) if refused.is_late() && is_costly => {
                if let Some(order) = listing.plan.borrow_mut().order.take() {
                    inner.learned.slow.borrow_mut().insert((order, listing.experiments.clone()));
                }
                listing.restart();
                inner.client.tell(SLOW_ORDER);
                // What is told is gone with the next page.
                report.note(Reason::ServerOrder, "", None, SLOW_ORDER);
            }
            // The first page was understood: what is wrong with a later one is its token.
            Err(refused) if matches!(refused.status, Some(400 | 422 | 501)) && place.token.is_empty() => {
                if !listing.simplify(&inner.learned, place.group, &refused.fault.message) {
                    return Err(refused);
                }
            }
            Err(refused) => return Err(refused),
        }
    }
}

/// Some runs as they are now.
async fn only(inner: &Inner, ask: &RunsAsk) -> Result<Page<RunTable>, Fault> {
    let start = Cursor::place(ask.after.as_ref());
    let keys = ask.scope.only.get(start..).unwrap_or_default();
    let keys = keys.get(..BY_ID).unwrap_or(keys);
    let mut report = Report::default();
    let mut table = RunTable::default();
    let mut missing: HashSet<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    // MLflow leaves ids without a small letter out of such a list without a word.
    let is_listed = |key: &&RunKey| key.0.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let listed: Vec<String> = keys.iter().filter(is_listed).map(|key| format!("'{}'", key.0)).collect();
    let ids = experiments(inner, &ask.scope);
    if listed.len() > 1 && !inner.learned.has_no_list_of_ids.get() && !ids.is_empty() {
        let filter = format!("attributes.run_id IN ({})", listed.join(", "));
        let body = json!({ "experiment_ids": ids, "filter": filter, "run_view_type": view(ask.scope.lifecycle), "max_results": BY_ID });
        match inner.client.json(&Call::post(Place::Api("runs/search"), body)).await {
            Ok(answer) => {
                // Whoever ignores the filter gives others: each is asked for by itself then.
                let found = take(inner, &answer, None, &mut |id| missing.remove(id), &mut report);
                table.append(found);
            }
            Err(refused) if matches!(refused.status, Some(400 | 422 | 501)) => {
                inner.learned.has_no_list_of_ids.set(true)
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    let mut left: Vec<&str> = missing.into_iter().collect();
    left.sort_unstable();
    let calls: Vec<Call> = left.iter().map(|id| Call::get(Place::Api("runs/get"), &[("run_id", id)])).collect();
    for (id, answer) in left.iter().zip(join_all(calls.iter().map(|call| inner.client.json(call))).await) {
        match answer {
            Ok(answer) => {
                let list = json!({ "runs": [answer.get("run")] });
                table.append(take(inner, &list, None, &mut |own| own == *id, &mut report));
            }
            // It is gone, which is an answer too.
            Err(refused) if refused.status == Some(404) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    let end = start.saturating_add(keys.len());
    let read = Progress { runs: end as u64, runs_total: Some(ask.scope.only.len() as u64), ..Progress::default() };
    Ok(Page::new(table, Cursor::before_rest(end, ask.scope.only.len()), read, report))
}

/// The runs of an answer that are wanted and of the experiments that were asked for.
fn take(
    inner: &Inner,
    answer: &Value,
    asked: Option<&HashSet<String>>,
    is_wanted: &mut dyn FnMut(&str) -> bool,
    report: &mut Report,
) -> RunTable {
    let mut table = RunTable::default();
    let mut strangers: HashMap<String, u32> = HashMap::new();
    let mut on_page: HashSet<String> = HashSet::new();
    for item in answer.get("runs").and_then(Value::as_array).into_iter().flatten() {
        let mut notes = Vec::new();
        let Some((experiment, run)) = answers::run(item, &mut |message| notes.push(message)) else {
            report.note(Reason::ServerAnswer, "", None, "A run without an id was left out.");
            continue;
        };
        for message in notes {
            report.note(Reason::ServerAnswer, inner.client.shown(&run.id), None, inner.client.shown(&message));
        }
        let number =
            inner.experiments.number(&experiment).filter(|_| asked.is_none_or(|asked| asked.contains(&experiment)));
        match number {
            Some(experiment) if is_wanted(&run.id) && on_page.insert(run.id.clone()) => {
                table.push(crate::model::RunRow { experiment, ..run });
            }
            Some(_) => {}
            None => *strangers.entry(experiment).or_default() += 1,
        }
    }
    for (experiment, count) in strangers {
        let message = format!(
            "{count} runs of the experiment `{}`, which was not asked for, were left out.",
            inner.client.shown(&experiment)
        );
        report.note(Reason::ServerAnswer, "", None, message);
    }
    table
}

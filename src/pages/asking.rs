//! Asking servers for what the view shows: page after page until all of it is here, one after the other. Of another view the page that
//! is under way comes all the same where its list holds what that view wants; else it is dropped, and with it its request.

use crate::browser::worker::Reader;
use crate::browser::{Timer, preferences, signs, wait};
use crate::model::{Lifecycle, RunKey, RunTable};
use crate::pages::coming::{Ahead, Coming};
use crate::pages::opening::tell;
use crate::pages::state::App;
use crate::query::Query;
use crate::session::{Asking, Brought, Pace, Phase, Sorted};
use crate::sources::path;
use crate::sources::rest::Credentials;
use crate::sources::union::Part;
use crate::sources::{Fault, FaultKind, Page, RunsAsk, Scope, Source};
use crate::view::rows::PARENT_TAG;
use crate::view::{Layout, PageName, Shown};
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// So often it is looked whether the curves in sight have come, with this pause, before rows are asked for that nobody sees.
const CURVES_FIRST: u32 = 300;
const CURVES_LOOK_MS: u32 = 50;
/// So many looks charts have to be built and to ask, when the first rows stand.
const CHARTS_BEGIN: u32 = 6;
/// Somebody may still be typing or sorting on.
const SETTLE_MS: u32 = 200;

/// Where asking stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Standing {
    /// Nothing is to be asked.
    #[default]
    Idle,
    /// Runs are coming.
    Asking,
    /// The user stopped it; what came stays.
    Stopped,
    /// The server stopped answering; what came stays.
    Failed(Fault),
}

/// A server that is open.
struct Server {
    /// The number of its opening.
    opening: usize,
    /// Answers as a part of all that is open.
    part: Rc<Part>,
    /// Its worker.
    reader: Reader,
    /// How it is asked for lists of runs.
    pace: Rc<RefCell<Pace>>,
}

/// What pages know of what is asked; copied freely.
#[derive(Clone, Copy)]
pub struct Asked {
    /// How far each list was read.
    pub lists: StoredValue<Asking>,
    /// Where asking stands.
    pub standing: RwSignal<Standing>,
    /// Grows when asking is to go on after it stopped.
    pub again: RwSignal<u64>,
    /// Grows when rows that stand have to be put in order anew.
    pub resort: RwSignal<u64>,
    /// How often a run that is here came again with something new, by row.
    pub revised: RwSignal<HashMap<u32, u32>>,
    /// Why an answer takes longer; empty while none does.
    pub said: RwSignal<String>,
    /// How the rows of the view are sorted.
    pub sorted: RwSignal<Sorted>,
    /// How long between two looks at what runs, milliseconds; 0 for never.
    pub live_ms: RwSignal<u32>,
    /// Whether the last such look was answered.
    pub is_live: RwSignal<bool>,
    /// Whether the form in which somebody says who asks stands open.
    pub signs_in: RwSignal<bool>,
    servers: StoredValue<Vec<Server>, LocalStorage>,
    /// Why something else than runs did not come.
    refused: StoredValue<Option<Fault>>,
    /// Pages of runs that are under way.
    coming: Coming,
    /// Who asks for one after the other.
    asker: StoredValue<Option<AbortHandle>>,
    /// Until the view stands still.
    settling: StoredValue<Option<Timer>, LocalStorage>,
}

impl Asked {
    /// Nothing.
    pub fn new() -> Asked {
        Asked {
            lists: StoredValue::new(Asking::default()),
            standing: RwSignal::new(Standing::Idle),
            again: RwSignal::new(0),
            resort: RwSignal::new(0),
            revised: RwSignal::new(HashMap::new()),
            said: RwSignal::new(String::new()),
            sorted: RwSignal::new(Sorted::Wholly),
            live_ms: RwSignal::new(preferences::live_ms()),
            is_live: RwSignal::new(true),
            signs_in: RwSignal::new(false),
            servers: StoredValue::new_local(Vec::new()),
            refused: StoredValue::new(None),
            coming: Coming::new(),
            asker: StoredValue::new(None),
            settling: StoredValue::new_local(None),
        }
    }

    /// Of what was open nothing is asked any more.
    pub fn forget(self) {
        self.want(&[]);
        self.lists.set_value(Asking::default());
        self.servers.update_value(Vec::clear);
        self.revised.set(HashMap::new());
        self.refused.set_value(None);
        self.standing.set(Standing::Idle);
    }

    /// A server was opened.
    pub fn add(self, opening: usize, part: Rc<Part>, reader: Reader) {
        self.servers.update_value(|servers| servers.push(Server { opening, part, reader, pace: Rc::default() }));
    }

    /// From now on somebody else asks; what failed goes on where it stopped.
    pub fn sign_in(self, credentials: &Credentials) {
        self.servers.with_value(|servers| servers.iter().for_each(|server| server.reader.sign_in(credentials)));
        self.go_on();
    }

    /// Something else than runs was refused: whoever looks is asked who they are, once all runs are here.
    pub fn heed(self, fault: &Fault) {
        if fault.kind == FaultKind::Unauthorised {
            self.refused.set_value(Some(fault.clone()));
            if self.standing.get_untracked() == Standing::Idle {
                self.rest();
            }
        }
    }

    /// All runs are here.
    fn rest(self) {
        self.standing.set(self.refused.get_value().map_or(Standing::Idle, Standing::Failed));
    }

    /// The server of an opening.
    pub fn server(self, opening: usize) -> Option<Rc<Part>> {
        self.of_server(opening, |server| server.part.clone())
    }

    /// How the server of an opening is asked for lists of runs.
    fn pace(self, opening: usize) -> Rc<RefCell<Pace>> {
        self.of_server(opening, |server| server.pace.clone()).unwrap_or_default()
    }

    fn of_server<T>(self, opening: usize, pick: impl FnOnce(&Server) -> T) -> Option<T> {
        let is_its = |server: &&Server| server.opening == opening;
        self.servers.with_value(|servers| servers.iter().find(is_its).map(pick))
    }

    /// Nobody asks for more until it is begun anew; what is under way comes if it is of use to what is wanted now.
    fn want(self, wanted: &[(usize, Scope)]) {
        self.settling.set_value(None);
        if let Some(asker) = self.asker.try_update_value(Option::take).flatten() {
            asker.abort();
        }
        self.coming.keep(wanted);
    }

    /// The user stops it.
    pub fn stop(self) {
        self.want(&[]);
        self.standing.set(Standing::Stopped);
    }

    /// It goes on where it stopped.
    pub fn go_on(self) {
        self.refused.set_value(None);
        self.again.update(|count| *count += 1);
    }

    /// These rows have something new.
    pub fn revise(self, rows: &[u32]) {
        if !rows.is_empty() {
            self.revised.update(|revised| rows.iter().for_each(|row| *revised.entry(*row).or_default() += 1));
        }
    }

    /// How often a row had something new.
    pub fn revision(self, row: u32) -> u32 {
        self.revised.with(|revised| revised.get(&row).copied().unwrap_or(0))
    }

    /// Whether runs are coming.
    pub fn is_asking(self) -> bool {
        self.standing.with(|standing| *standing == Standing::Asking)
    }

    /// Whether runs were to come and do not, until the user wants them again.
    pub fn is_broken_off(self) -> bool {
        self.standing.with(|standing| matches!(standing, Standing::Stopped | Standing::Failed(_)))
    }

    /// The same as [`Asked::is_asking`], for who does not wait for it.
    pub fn is_asking_untracked(self) -> bool {
        self.standing.with_untracked(|standing| *standing == Standing::Asking)
    }

    /// What runs is looked at again after so many milliseconds; never after 0.
    pub fn look_every(self, live_ms: u32) {
        preferences::set_live_ms(live_ms);
        self.live_ms.set(live_ms);
    }
}

/// What the view shows of each server.
pub fn wanted(app: App, query: Memo<Arc<Query>>) -> Memo<Vec<(usize, Scope)>> {
    Memo::new(move |_| {
        app.changed.track();
        let has_server = app.session.with_value(|session| session.has_server());
        if !has_server || app.phase.with(|phase| *phase == Phase::Looking) {
            return Vec::new();
        }
        match app.view.with(|view| view.page) {
            PageName::Runs => runs(app, query),
            PageName::Run => one_run(app),
            _ => Vec::new(),
        }
    })
}

fn runs(app: App, query: Memo<Arc<Query>>) -> Vec<(usize, Scope)> {
    let (shown, sort) = app.view.with(|view| (view.shown, view.sort.clone()));
    let query = query.with(|query| query.to_string());
    let order = match sort {
        Some((field, descending)) if (field.as_str(), descending) != ("start_time", true) => {
            vec![format!("{field} {}", if descending { "DESC" } else { "ASC" })]
        }
        _ => Vec::new(),
    };
    let numbers = app.experiments_in_view.get();
    app.session.with_value(|session| {
        let mut scopes: Vec<(usize, Scope)> = Vec::new();
        for (opening, _) in (0..).zip(&session.openings).filter(|(_, opening)| opening.is_server) {
            let is_its = |number: &&u32| session.opening_of(**number) == Some(opening);
            let lifecycle_of =
                |number: u32| session.experiments.get(number as usize).map(|experiment| experiment.lifecycle);
            // all runs of a deleted experiment count as deleted
            let is_shown = |number: &&u32| match shown {
                Shown::Active => lifecycle_of(**number) == Some(Lifecycle::Active),
                Shown::Deleted | Shown::All => true,
            };
            let experiments: Vec<u32> = numbers.iter().filter(is_its).filter(is_shown).copied().collect();
            if experiments.is_empty() {
                continue;
            }
            let all_active = experiments.iter().all(|number| lifecycle_of(*number) == Some(Lifecycle::Active));
            let lifecycle = match shown {
                Shown::Active => Some(Lifecycle::Active),
                Shown::Deleted if all_active => Some(Lifecycle::Deleted),
                Shown::Deleted | Shown::All => None,
            };
            let (query, order) = (query.clone(), order.clone());
            scopes.push((opening, Scope { experiments, lifecycle, query, order, only: Vec::new() }));
        }
        scopes
    })
}

/// The run of a link, and around a run that is here the one it lies in and those that lie in it.
fn one_run(app: App) -> Vec<(usize, Scope)> {
    let Some(name) = app.view.with(|view| view.run.clone()) else { return Vec::new() };
    let row = app.run_names.with(|names| names.number(&name));
    app.session.with_value(|session| {
        let Some(row) = row else {
            let servers = (0..).zip(&session.openings).filter(|(_, opening)| opening.is_server);
            let only = |prefix: &str| vec![RunKey(path::join(prefix, &name))];
            return servers
                .map(|(opening, server)| (opening, Scope { only: only(&server.prefix), ..Scope::default() }))
                .collect();
        };
        let Some(&number) = session.table.experiment.get(row as usize) else { return Vec::new() };
        let opening =
            session.opening_of(number).filter(|opening| session.openings.get(*opening).is_some_and(|o| o.is_server));
        let Some(opening) = opening else { return Vec::new() };
        let prefix = session.openings.get(opening).map_or("", |opening| opening.prefix.as_str());
        let id = session.table.id.get(row as usize).cloned().unwrap_or_default();
        let quote = if id.contains('\'') { '"' } else { '\'' };
        let children = Scope {
            experiments: vec![number],
            query: format!("tags.`{PARENT_TAG}` = {quote}{id}{quote}"),
            ..Scope::default()
        };
        let parent =
            session.table.tag(row, PARENT_TAG).filter(|parent| !session.table.id.iter().any(|id| id == parent));
        let parent = parent.map(|parent| Scope { only: vec![RunKey(path::join(prefix, parent))], ..Scope::default() });
        parent.into_iter().chain([children]).map(|scope| (opening, scope)).collect()
    })
}

/// From now on what the view wants is asked for.
pub fn keep_asking(app: App, wanted: Memo<Vec<(usize, Scope)>>) {
    let asked = app.asked;
    Effect::new(move || {
        app.changed.track();
        asked.standing.track();
        let wanted = wanted.get();
        let sorted = asked.lists.with_value(|lists| {
            let all = wanted.iter().map(|(opening, scope)| lists.sorted(*opening, scope));
            all.max().unwrap_or(Sorted::Wholly)
        });
        if asked.sorted.get_untracked() != sorted {
            asked.sorted.set(sorted);
        }
    });
    Effect::new(move || {
        asked.again.track();
        let wanted = wanted.get();
        asked.want(&wanted);
        asked.said.set(String::new());
        let is_here =
            asked.lists.with_value(|lists| wanted.iter().all(|(opening, scope)| lists.is_whole(*opening, scope)));
        if wanted.is_empty() || is_here {
            asked.rest();
            return;
        }
        asked.standing.set(Standing::Asking);
        let is_first = asked.lists.with_value(Asking::is_empty);
        let busy = signs::Busy::start();
        asked
            .settling
            .set_value(Some(Timer::start(if is_first { 0 } else { SETTLE_MS }, move || ask(app, wanted, busy))));
    });
}

fn ask(app: App, wanted: Vec<(usize, Scope)>, busy: signs::Busy) {
    let (asking, handle) = abortable(async move {
        for (opening, scope) in &wanted {
            if let Err(fault) = ask_one(app, *opening, scope).await {
                app.asked.standing.set(Standing::Failed(fault));
                tell(app, true);
                return;
            }
        }
        app.asked.rest();
        tell(app, true);
        if let Some(act) = app.act_all.get_value() {
            act.shown();
        }
    });
    app.asked.asker.set_value(Some(handle));
    leptos::task::spawn_local(async move {
        let _ = asking.await;
        drop(busy);
    });
}

async fn ask_one(app: App, opening: usize, scope: &Scope) -> Result<(), Fault> {
    let coming = app.asked.coming;
    let Some(server) = app.asked.server(opening) else { return Ok(()) };
    let pace = app.asked.pace(opening);
    let has_charts = app.view.with_untracked(|view| view.page == PageName::Runs && view.layout != Layout::Table);
    let mut may_begin = if has_charts { CHARTS_BEGIN } else { 0 };
    while let Some(ask) = app.asked.lists.with_value(|lists| lists.next(opening, scope, pace.borrow().size())) {
        let (list, is_first) = (ask.scope.clone(), ask.after.is_none());
        let page = match coming.of(opening, &list) {
            Some(page) => page,
            None => {
                // curves in sight come before rows out of sight
                if !is_first {
                    curves_first(app, &mut may_begin).await;
                }
                let ahead = coming.take_ahead(opening, &list);
                let page = bring(app, opening, server.clone(), ask.clone(), ahead);
                let page = coming.start(opening, list.clone(), page);
                for _ in coming.count_ahead(opening, &list) + 1..pace.borrow().at_once() {
                    let (server, ask) = (server.clone(), ask.clone());
                    coming.send_ahead(opening, list.clone(), async move { server.ahead(ask).await.unwrap_or(false) });
                }
                page
            }
        };
        let Ok(brought) = page.await else { continue };
        let brought = brought.inspect_err(|_| coming.drop_ahead(opening, &list))?;
        pace.borrow_mut().learn(is_first, brought);
        if app.asked.lists.with_value(|lists| lists.is_whole(opening, &list)) {
            coming.drop_ahead(opening, &list);
        }
    }
    if scope.query.is_empty() && scope.only.is_empty() && scope.lifecycle.is_none_or(|of| of == Lifecycle::Active) {
        app.session.update_value(|session| session.set_whole(&scope.experiments));
    }
    Ok(())
}

/// Until the curves in sight have come, or take too long; `may_begin` looks are left for charts that are still being built.
async fn curves_first(app: App, may_begin: &mut u32) {
    let mut looks = CURVES_FIRST;
    while looks > 0 && (*may_begin > 0 || app.is_asking_for_histories()) {
        looks -= 1;
        *may_begin = if app.is_asking_for_histories() { 0 } else { may_begin.saturating_sub(1) };
        wait(CURVES_LOOK_MS).await;
    }
}

/// Asks for one page, which may have been sent ahead, and takes it in.
async fn bring(
    app: App,
    opening: usize,
    server: Rc<Part>,
    ask: RunsAsk,
    ahead: Option<Ahead>,
) -> Result<Brought, Fault> {
    let start_ms = signs::now_ms();
    let is_lost_ahead = match ahead {
        Some(is_here) => !is_here.await,
        None => false,
    };
    let page = server.runs(ask.clone()).await?;
    let runs = page.items.len();
    take(app, opening, &ask, page);
    Ok(Brought { runs, ms: (signs::now_ms() - start_ms).max(1.0), is_lost_ahead })
}

fn take(app: App, opening: usize, ask: &RunsAsk, page: Page<RunTable>) {
    let is_news =
        app.asked.lists.with_value(|lists| lists.is_empty()) || !ask.scope.order.is_empty() || page.next.is_none();
    app.asked.lists.update_value(|lists| lists.answered(opening, ask, &page));
    let known = absorb(app, page);
    if !app.asked.said.with_untracked(String::is_empty) {
        app.asked.said.set(String::new());
    }
    if !ask.scope.order.is_empty() || !known.is_empty() {
        // the top of an order belongs above what stands
        app.asked.resort.update(|count| *count += 1);
    }
    tell(app, is_news);
}

/// Takes in runs that a server gave; answers the rows of those that were here and have something new.
pub fn absorb(app: App, page: Page<RunTable>) -> Vec<u32> {
    let known = app.session.try_update_value(|session| session.absorb_asked(page)).unwrap_or_default();
    app.asked.revise(&known);
    signs::set_runs(app.session.with_value(|session| session.read.runs), None);
    known
}

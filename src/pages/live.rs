//! Live: while runs run, the server is asked for them again, for runs that started since, and for the new points of the curves that
//! are drawn. The tab that is hidden asks nothing. What fails is tried again the next time.

use crate::browser::{document, wait};
use crate::model::{RunKey, RunStatus, RunTable};
use crate::pages::asking::absorb;
use crate::pages::opening::tell;
use crate::pages::pipeline::Pipeline;
use crate::pages::state::App;
use crate::session::Turns;
use crate::sources::{Fault, Page, RunsAsk, Scope, Source};
use crate::view::PageName;
use crate::view::rows::PARENT_TAG;
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use std::collections::{HashMap, HashSet};

/// Pages of runs that started since.
const MOST_PAGES: usize = 10;
/// Runs of such a page.
const PAGE_RUNS: u32 = 200;

/// From now on what runs is asked for again, as long as the user wants it.
pub fn keep_live(app: App, pipeline: Pipeline) {
    let under_way = StoredValue::new(None::<AbortHandle>);
    let turns = StoredValue::new(HashMap::<usize, Turns>::new());
    let is_wanted = Memo::new(move |_| pipeline.wanted.with(|wanted| !wanted.is_empty()));
    Effect::new(move || {
        let every_ms = app.asked.live_ms.get();
        if let Some(before) = under_way.try_update_value(Option::take).flatten() {
            before.abort();
        }
        if every_ms == 0 || !is_wanted.get() {
            return;
        }
        let (polling, handle) = abortable(async move {
            loop {
                wait(every_ms).await;
                if !document::is_hidden() && !app.asked.is_asking_untracked() {
                    let is_scrolled = document::scroll_top_px(".runs-table .grid") > 0.0;
                    if pipeline.is_scrolled.get_untracked() != is_scrolled {
                        pipeline.is_scrolled.set(is_scrolled);
                    }
                    let answered = poll(app, pipeline, turns).await;
                    app.asked.is_live.set(answered.is_ok());
                }
            }
        });
        under_way.set_value(Some(handle));
        leptos::task::spawn_local(async move {
            let _ = polling.await;
        });
    });
}

async fn poll(app: App, pipeline: Pipeline, turns: StoredValue<HashMap<usize, Turns>>) -> Result<(), Fault> {
    for (opening, scope) in pipeline.wanted.get_untracked() {
        let Some(server) = app.asked.server(opening) else { continue };
        if !scope.only.is_empty() {
            continue;
        }
        let running = running(app, opening, &scope);
        let now = turns.try_update_value(|turns| turns.entry(opening).or_default().next(running)).unwrap_or_default();
        let only: Vec<RunKey> = app.session.with_value(|session| {
            now.into_iter().filter_map(|row| session.table.key.get(row as usize).cloned()).collect()
        });
        let mut asks = Vec::new();
        if !only.is_empty() {
            asks.push((Scope { only, ..Scope::default() }, 1));
        }
        asks.push((started_since(app, &scope), MOST_PAGES));
        for (scope, most_pages) in asks {
            let mut ask = RunsAsk { after: None, size: PAGE_RUNS, scope };
            for _ in 0..most_pages {
                let page = server.runs(ask.clone()).await?;
                ask.after = page.next.clone();
                take(app, page);
                if ask.after.is_none() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn take(app: App, page: Page<RunTable>) {
    if page.items.is_empty() {
        return;
    }
    let runs = || app.session.with_value(|session| session.table.len());
    let before = runs();
    let known = absorb(app, page);
    for row in &known {
        grow(app, *row);
    }
    if runs() > before || !known.is_empty() {
        tell(app, true);
    }
}

/// Curves of a run that are here are asked for from their last step on, where the run has a later point.
fn grow(app: App, row: u32) {
    let behind = app.session.with_value(|session| {
        app.histories.with_value(|histories| histories.behind(row, |metric| session.table.metric(row, metric)))
    });
    for (metric, stretch) in behind {
        app.more_of_history(row, &metric, stretch);
    }
}

/// Whether one run is looked at, and which.
fn shown(app: App) -> Option<String> {
    app.view.with_untracked(|view| view.run.clone().filter(|_| view.page == PageName::Run))
}

/// Runs in view that had not ended when they were last heard of, with their starts. Of the page of a run these are it and those that
/// lie in it.
fn running(app: App, opening: usize, scope: &Scope) -> Vec<(i64, u32)> {
    let experiments: HashSet<u32> = scope.experiments.iter().copied().collect();
    let shown = shown(app).and_then(|run| app.run_names.get_untracked().number(&run));
    app.session.with_value(|session| {
        let table = &session.table;
        let shown_id = shown.and_then(|row| table.id.get(row as usize));
        let is_its = |row: &u32| {
            let number = table.experiment.get(*row as usize).copied().unwrap_or(u32::MAX);
            let is_looked_at = match shown_id {
                Some(id) => shown == Some(*row) || table.tag(*row, PARENT_TAG).is_some_and(|parent| *parent == **id),
                None => true,
            };
            is_looked_at && session.opening_of(number) == Some(opening) && experiments.contains(&number)
        };
        let runs_on = |row: &u32| {
            let status = table.status.get(*row as usize);
            matches!(status, Some(RunStatus::Running | RunStatus::Scheduled))
        };
        let start = |row: u32| table.start_ms.get(row as usize).copied().flatten().unwrap_or(i64::MIN);
        table.rows().filter(runs_on).filter(is_its).map(|row| (start(row), row)).collect()
    })
}

fn started_since(app: App, scope: &Scope) -> Scope {
    let experiments: HashSet<u32> = scope.experiments.iter().copied().collect();
    let latest = app.session.with_value(|session| {
        let of = session.table.experiment.iter().zip(&session.table.start_ms);
        of.filter(|(number, _)| experiments.contains(number)).filter_map(|(_, start_ms)| *start_ms).max()
    });
    let since = latest.map(|latest| format!("attributes.start_time > {latest}"));
    // of a run only those that lie in it, which its query says
    let of_shown = shown(app).map(|_| scope.query.clone()).filter(|query| !query.is_empty());
    let query = of_shown.into_iter().chain(since).collect::<Vec<_>>().join(" AND ");
    Scope { query, order: Vec::new(), only: Vec::new(), ..scope.clone() }
}

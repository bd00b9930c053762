//! From the view state to the lines of the runs table, as signals: each stage is a memo over a pure function of `view`,
//! and hands on row numbers (the stages are numbered in `view/mod.rs`).

use crate::model::{Attribute, Field};
use crate::pages::asking;
use crate::pages::state::App;
use crate::query::{self, OrderBy, Parsed, Query};
use crate::sources::Scope;
use crate::view::Shown;
use crate::view::curves::with_eye;
use crate::view::rows::{Line, arrange, in_view, parents};
use leptos::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What decides which rows match, and in which order.
#[derive(Clone, PartialEq)]
struct Asked {
    /// Row numbers of one opening mean nothing in the next.
    opening: u64,
    query: Arc<Query>,
    order: OrderBy,
    experiments: Vec<u32>,
    shown: Shown,
    /// Something came that belongs above what stands.
    resorted: u64,
}

#[derive(Clone, PartialEq)]
struct Matched {
    asked: Asked,
    rows: Arc<Vec<u32>>,
}

/// The stages; copied freely.
#[derive(Clone, Copy)]
pub struct Pipeline {
    /// Runs of the chosen experiments and lifecycle.
    pub base: Memo<Arc<Vec<u32>>>,
    /// What the filter's text says.
    pub parsed: Memo<Arc<Parsed>>,
    /// The query in force: the last one without a mistake.
    pub query: Memo<Arc<Query>>,
    /// Runs that match, in order.
    pub matching: Memo<Arc<Vec<u32>>>,
    /// The pointer is over the table: rows that stand must not move.
    pub is_held: RwSignal<bool>,
    /// The table is scrolled: what runs live joins below as well.
    pub is_scrolled: RwSignal<bool>,
    /// The run in which each nested run lies.
    pub parents: Memo<Arc<HashMap<u32, u32>>>,
    /// The lines of the table.
    pub lines: Memo<Arc<Vec<Line>>>,
    /// Runs whose nested runs are folded away.
    pub closed: RwSignal<HashSet<u32>>,
    /// Runs in charts, in the order of the table.
    pub eye: Memo<Arc<Vec<u32>>>,
    /// Chosen runs.
    pub selected: Memo<Arc<HashSet<u32>>>,
    /// What the view shows of each server, by the number of its opening.
    pub wanted: Memo<Vec<(usize, Scope)>>,
}

impl Pipeline {
    /// Over the app's state.
    pub fn new(app: App) -> Pipeline {
        let experiments = app.experiments_in_view;
        let shown = Memo::new(move |_| app.view.with(|view| view.shown));
        let base = Memo::new(move |_| {
            app.changed.track();
            let (experiments, shown) = (experiments.get(), shown.get());
            Arc::new(
                app.session.with_value(|session| in_view(&session.table, &session.lifecycles(), &experiments, shown)),
            )
        });
        let text = Memo::new(move |_| app.view.with(|view| view.filter.clone()));
        let parsed = Memo::new(move |_| Arc::new(text.with(|text| query::parse(text))));
        let query = Memo::new(move |last: Option<&Arc<Query>>| {
            let parsed = parsed.get();
            match last {
                Some(last) if !parsed.problems.is_empty() => last.clone(),
                _ if !parsed.problems.is_empty() => Arc::new(Query::default()),
                _ => Arc::new(parsed.query.clone()),
            }
        });
        let order = Memo::new(move |_| {
            let sort = app.view.with(crate::view::ViewState::sort_field);
            let (field, descending) = sort.unwrap_or((Field::Attribute(Attribute::StartTime), true));
            OrderBy { field, descending }
        });
        let (is_held, is_scrolled) = (RwSignal::new(false), RwSignal::new(false));
        let is_loading = app.is_loading();
        let matched = Memo::new(move |last: Option<&Matched>| {
            let (base, query, order) = (base.get(), query.get(), order.get());
            let opening = app.opening.get_value();
            let resorted = app.asked.resort.get();
            let asked = Asked { opening, query, order, experiments: experiments.get(), shown: shown.get(), resorted };
            // rows never move under the pointer: while more come, those that stand stay, and new ones join below
            let keep = is_loading.get() || is_held.get() || is_scrolled.get();
            let standing = last.filter(|last| keep && last.asked == asked).map(|last| last.rows.clone());
            let rows = app.session.with_value(|session| {
                let mut rows = asked.query.select(&session.table, &base, &session.experiments);
                if let Some(standing) = &standing {
                    let mut is_known = vec![false; session.table.len()];
                    standing.iter().for_each(|row| is_known[*row as usize] = true);
                    rows.retain(|row| !is_known[*row as usize]);
                }
                query::sort(&mut rows, &session.table, std::slice::from_ref(&asked.order), &session.experiments);
                match standing {
                    Some(standing) if rows.is_empty() => standing,
                    Some(standing) => Arc::new(standing.iter().copied().chain(rows).collect()),
                    None => Arc::new(rows),
                }
            });
            Matched { asked, rows }
        });
        let matching = Memo::new(move |_| matched.with(|matched| matched.rows.clone()));
        let closed = RwSignal::new(HashSet::new());
        Effect::new(move |last: Option<u64>| {
            app.changed.track();
            let opening = app.opening.get_value();
            if last.is_some_and(|last| last != opening) {
                closed.set(HashSet::new());
                is_held.set(false);
                is_scrolled.set(false);
            }
            opening
        });
        let parents = Memo::new(move |_| {
            app.changed.track();
            app.session.with_value(|session| Arc::new(parents(&session.table)))
        });
        let lines = Memo::new(move |_| {
            let (rows, parents) = (matching.get(), parents.get());
            closed.with(|closed| Arc::new(arrange(&rows, &parents, closed)))
        });
        let named_eye = Memo::new(move |_| {
            let named = app.view.with(|view| view.eye.clone())?;
            Some(app.run_names.get().numbers(&named))
        });
        let eye = Memo::new(move |_| {
            let rows: Vec<u32> = lines.with(|lines| lines.iter().map(|line| line.row).collect());
            let rows = named_eye.with(|named| with_eye(&rows, named.as_deref()));
            app.colours.update_value(|colours| colours.show(&rows));
            Arc::new(rows)
        });
        let selected = Memo::new(move |_| {
            let names = app.view.with(|view| view.selected.clone());
            Arc::new(app.run_names.get().numbers(&names).into_iter().collect::<HashSet<u32>>())
        });
        let wanted = asking::wanted(app, query);
        Pipeline { base, parsed, query, matching, is_held, is_scrolled, parents, lines, closed, eye, selected, wanted }
    }

    /// From the context that the shell gives.
    pub fn get() -> Pipeline {
        expect_context::<Pipeline>()
    }

    /// The row at a place of the table.
    pub fn row_at(self, index: usize) -> Option<Line> {
        self.lines.with(|lines| lines.get(index).copied())
    }

    /// Turns the eye of a run on or off.
    pub fn toggle_eye(self, app: App, row: u32) {
        let names = app.run_names.get_untracked();
        let shown = self.eye.get_untracked();
        let name = names.name(row).to_owned();
        app.tune(|view| {
            // runs that the filter hides at the moment keep their eye
            let first = || shown.iter().map(|&row| names.name(row).to_owned()).collect();
            let mut eye: Vec<String> = view.eye.take().unwrap_or_else(first);
            match eye.iter().position(|other| *other == name) {
                Some(at) => {
                    eye.remove(at);
                }
                None => eye.push(name),
            }
            view.eye = Some(eye);
        });
    }

    /// Chooses exactly these runs.
    pub fn select(self, app: App, rows: &HashSet<u32>) {
        let names = app.run_names.get_untracked();
        let mut chosen: Vec<u32> = rows.iter().copied().collect();
        chosen.sort_unstable();
        app.tune(|view| {
            // names of runs that were not read yet stay
            view.selected.retain(|name| names.number(name).is_none());
            view.selected.extend(chosen.iter().map(|&row| names.name(row).to_owned()));
        });
    }

    /// How many runs would match without each clause of the query, to help when none do.
    pub fn without_each(self, app: App) -> HashMap<usize, usize> {
        let (base, query) = (self.base.get_untracked(), self.query.get_untracked());
        app.session.with_value(|session| {
            let count = |left_out: usize| {
                let clauses = query.clauses.iter().enumerate().filter(|(at, _)| *at != left_out);
                let query = Query { clauses: clauses.map(|(_, clause)| clause.clone()).collect() };
                query.select(&session.table, &base, &session.experiments).len()
            };
            (0..query.clauses.len()).map(|at| (at, count(at))).collect()
        })
    }
}

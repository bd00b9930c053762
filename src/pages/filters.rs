//! The filter: one query, as text in MLflow's own language and as chips. Chips edit the text.

use crate::browser::Timer;
use crate::browser::signs;
use crate::model::{Attribute, Field};
use crate::pages::pipeline::Pipeline;
use crate::pages::state::App;
use crate::query::{self, Clause, NumberOp, Test, TextOp, TokenKind};
use crate::view::Shown;
use crate::view::format::{count, one_line};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::menu::{PopoverButton, PopoverKind};
use crate::widgets::segmented::{Segment, Segmented};
use crate::widgets::text_field::{FieldProblem, QueryField};
use crate::widgets::values::{PickValue, ValuePicker};
use leptos::prelude::*;
use std::sync::Arc;

/// How long after the last key the filter is applied; Enter applies it at once.
const PAUSE_MS: u32 = 180;
/// Values of a field that a chip offers.
const MOST_VALUES: usize = 2_000;

fn class_of(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Field => "q-f",
        TokenKind::Operator => "q-o",
        TokenKind::String => "q-s",
        TokenKind::Number => "q-n",
        TokenKind::Word => "q-w",
        TokenKind::Bad => "q-e",
    }
}

/// The text field.
#[component]
pub fn FilterField() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let typed = RwSignal::new(app.view.with_untracked(|view| view.filter.clone()));
    // a chip, a link or the way back changed the filter: the field follows
    Effect::new(move || {
        let filter = app.view.with(|view| view.filter.clone());
        if typed.with_untracked(|typed| *typed != filter) {
            typed.set(filter);
        }
    });
    let timer = StoredValue::new_local(None::<Timer>);
    let apply = move |text: String| {
        timer.set_value(None);
        if app.view.with_untracked(|view| view.filter != text) {
            let act = signs::Act::start("filter");
            app.tune(|view| view.filter = text);
            act.shown();
        }
    };
    let on_input = move |text: String| {
        typed.set(text.clone());
        let busy = signs::Busy::start();
        timer.set_value(Some(Timer::start(PAUSE_MS, move || {
            apply(text);
            drop(busy);
        })));
    };
    let problems = Memo::new(move |_| {
        let problems = typed.with(|text| query::parse(text)).problems;
        problems
            .into_iter()
            .map(|problem| FieldProblem { at: problem.at, message: problem.message, hint: problem.hint })
            .collect::<Vec<_>>()
    });
    let status = move || {
        let (matching, base) = (pipeline.matching.with(|rows| rows.len()), pipeline.base.with(|rows| rows.len()));
        if matching == base {
            crate::view::format::counted(base as u64, "run", "runs")
        } else {
            format!("{} of {} runs", count(matching as i64), count(base as i64))
        }
    };
    let highlight = |text: String| -> Vec<(std::ops::Range<usize>, &'static str)> {
        query::tokens(&text).into_iter().map(|(at, kind)| (at, class_of(kind))).collect()
    };
    view! {
        <div class="query-field"><QueryField
            label="Filter runs"
            placeholder="Filter, e.g. metrics.acc > 0.9 AND tags.stage = 'candidate'"
            text=typed
            on_input=Callback::new(on_input)
            on_apply=Callback::new(apply)
            highlight=Callback::new(highlight)
            problems=problems
            found=Signal::derive(status)
        /></div>
    }
}

/// A clause in few words: `lr = 0.1`, `val/acc ≥ 0.9`, `status in 2`.
fn words(clause: &Clause) -> (String, &'static str, String) {
    let (op, value) = match &clause.test {
        Test::Number { op, value } => (
            match op {
                NumberOp::Equal => "=",
                NumberOp::NotEqual => "≠",
                NumberOp::Less => "<",
                NumberOp::AtMost => "≤",
                NumberOp::Greater => ">",
                NumberOp::AtLeast => "≥",
            },
            crate::view::format::exact(*value),
        ),
        Test::Text { op: TextOp::Equal, value } => ("=", value.clone()),
        Test::Text { op: TextOp::NotEqual, value } => ("≠", value.clone()),
        Test::Like { ignore_case: false, pattern } => ("like", pattern.clone()),
        Test::Like { ignore_case: true, pattern } => ("ilike", pattern.clone()),
        Test::In { negated, values } => (if *negated { "not in" } else { "in" }, values.join(", ")),
        Test::Null { negated: false } => ("is", "not set".to_owned()),
        Test::Null { negated: true } => ("is", "set".to_owned()),
    };
    (one_line(label(&clause.field).as_str(), 32), op, one_line(&value, 40))
}

fn label(field: &Field) -> String {
    match field {
        Field::Attribute(Attribute::UserId) => "user".to_owned(),
        Field::Attribute(Attribute::RunName) => "name".to_owned(),
        Field::Dataset(key) => format!("dataset {}", key.word()),
        field => field.key().to_owned(),
    }
}

/// The chips under the field, and which lifecycle is shown.
#[component]
pub fn Chips() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let chips = Memo::new(move |_| {
        let parsed = pipeline.parsed.get();
        if parsed.problems.is_empty() { parsed.query.clauses.iter().map(words).collect::<Vec<_>>() } else { Vec::new() }
    });
    let take_out = move |at: usize| {
        let act = signs::Act::start("filter");
        app.tune(|view| view.filter = query::without(&view.filter, at));
        act.shown();
    };
    view! {
        <div class="chips">
            <ul class="chip-list" aria-label="Clauses of the filter">
                {move || chips.get().into_iter().enumerate().map(|(at, (field, op, value))| {
                    let name = format!("Take out {field} {op} {value}");
                    view! {
                        <li class="chip"><span class="cut">{field}</span>" "<span class="op">{op}</span>" "<span class="cut">{value}</span>
                            <button type="button" class="x" aria-label=name on:click=move |_| take_out(at)><Icon name=IconName::Close /></button>
                        </li>
                    }
                }).collect_view()}
            </ul>
            <AddChip />
            <span class="grow"></span>
            <Segmented
                label="Which runs"
                class="sm"
                options=lifecycles()
                value=Signal::derive(move || app.view.with(|view| view.shown))
                on_change=Callback::new(move |shown: Shown| app.tune(|view| view.shown = shown))
            />
        </div>
    }
}

/// The choices of a lifecycle.
pub fn lifecycles() -> Vec<Segment<Shown>> {
    let label = |shown: Shown| match shown {
        Shown::Active => "Active",
        Shown::Deleted => "Deleted",
        Shown::All => "All",
    };
    let segment =
        |shown: &Shown| Segment { value: *shown, label: label(*shown).to_owned(), icon: None, word_may_go: false };
    Shown::ALL.iter().map(segment).collect()
}

/// Choose a field, see its values with counts, pick some.
#[component]
fn AddChip() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let field = RwSignal::new(None::<Field>);
    let open = RwSignal::new(false);
    Effect::new(move || {
        if !open.get() {
            field.set(None);
        }
    });
    let fields = Memo::new(move |_| {
        if !open.get() {
            return Vec::new();
        }
        let base = pipeline.base.get();
        app.session.with_value(|session| {
            let fields = query::choosable(&session.table, &base);
            // how many values there are to choose from
            let count = |field: &Field| query::values(&session.table, &base, field, &session.experiments).len() as u32;
            fields.into_iter().map(|field| (field.clone(), count(&field))).collect::<Vec<_>>()
        })
    });
    // counted among the runs that the rest of the query leaves, so that a count says what picking would show
    let values = Memo::new(move |_| {
        let (Some(field), base) = (field.get(), pipeline.base.get()) else { return Vec::new() };
        let query = pipeline.query.get();
        let others = query.clauses.iter().filter(|clause| clause.field != field || clause.picked().is_none());
        let others = query::Query { clauses: others.cloned().collect() };
        app.session.with_value(|session| {
            let rows = others.select(&session.table, &base, &session.experiments);
            let mut values = query::values(&session.table, &rows, &field, &session.experiments);
            values.truncate(MOST_VALUES);
            values
        })
    });
    let picked = Memo::new(move |_| {
        let query = pipeline.query.get();
        let clause = field.with(|field| {
            query
                .clauses
                .iter()
                .find(|clause| Some(&clause.field) == field.as_ref() && clause.picked().is_some())
                .cloned()
        });
        clause
            .and_then(|clause| clause.picked().map(|values| values.into_iter().map(str::to_owned).collect::<Vec<_>>()))
            .unwrap_or_default()
    });
    let toggle = move |value: String| {
        let Some(field) = field.get_untracked() else { return };
        let mut values = picked.get_untracked();
        match values.iter().position(|other| *other == value) {
            Some(at) => {
                values.remove(at);
            }
            None => values.push(value),
        }
        let act = signs::Act::start("filter");
        let clause = Clause::one_of(field, values);
        app.tune(|view| view.filter = query::with(&view.filter, &clause));
        act.shown();
    };
    let content = move || {
        match field.get() {
        None => view! {
            <ValuePicker
                label="Fields"
                picks_one=true
                values=Signal::derive(move || Arc::new(fields.get().into_iter().map(|(field, count)| PickValue {
                    value: field.to_string(),
                    label: format!("{} · {}", label(&field), kind(&field)),
                    count: count as usize,
                    picked: false,
                    quiet: false,
                }).collect::<Vec<_>>()))
                on_pick=Callback::new(move |key: String| field.set(Field::parse(&key)))
            />
        }.into_any(),
        Some(chosen) => view! {
            <div class="menu-head">
                <button type="button" class="btn quiet sm icon" aria-label="Another field" on:click=move |_| field.set(None)><Icon name=IconName::ChevronLeft /></button>
                <span class="strong cut">{label(&chosen)}</span><span class="dim">{kind(&chosen)}</span>
            </div>
            <ValuePicker
                label=format!("Values of {}", label(&chosen))
                values=Signal::derive(move || {
                    let picked = picked.get();
                    Arc::new(values.get().into_iter().map(|(value, runs)| PickValue {
                        label: if value.is_empty() { "empty".to_owned() } else { one_line(&value, 80) },
                        count: runs as usize,
                        picked: picked.contains(&value),
                        quiet: value.is_empty(),
                        value,
                    }).collect::<Vec<_>>())
                })
                on_pick=Callback::new(toggle)
            />
        }.into_any(),
    }
    };
    view! {
        <PopoverButton open=open label="Add a filter" class="chip add" kind=PopoverKind::Panel button=|| view! { <Icon name=IconName::Plus />"Filter" }>
            {content}
        </PopoverButton>
    }
}

fn kind(field: &Field) -> &'static str {
    match field {
        Field::Attribute(_) => "run",
        Field::Param(_) => "param",
        Field::Metric(_) => "metric",
        Field::Tag(_) => "tag",
        Field::Dataset(_) => "data",
    }
}

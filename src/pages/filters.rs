//! The filter: one query, as text in MLflow's own language and as chips. Chips edit the text.

use crate::browser::signs;
use crate::model::{Attribute, Field};
use crate::pages::pipeline::Pipeline;
use crate::pages::state::App;
use crate::query::{self, Clause, NumberOp, Test, TextOp, TokenKind};
use crate::view::format::{count, one_line};
use crate::view::Shown;
use crate::widgets::choices::{Choice, Choices};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::menu::Popover;
use crate::widgets::segmented::Segmented;
use crate::widgets::text_field::{QueryField, QueryProblem};
use gloo::timers::callback::Timeout;
use leptos::prelude::*;

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
    let timer = StoredValue::new_local(None::<Timeout>);
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
        timer.set_value(Some(Timeout::new(PAUSE_MS, move || {
            apply(text);
            drop(busy);
        })));
    };
    let problems = Memo::new(move |_| {
        typed.with(|text| query::parse(text)).problems.into_iter().map(|problem| QueryProblem {
            at: problem.at,
            message: problem.message,
            hint: problem.hint,
            fix: problem.fix,
        }).collect::<Vec<_>>()
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
        <QueryField
            label="Filter runs"
            placeholder="Filter, e.g. metrics.acc > 0.9 AND tags.stage = 'candidate'"
            value=typed
            on_input=Callback::new(on_input)
            on_enter=Callback::new(apply)
            highlight=Callback::new(highlight)
            problems=problems
            status=Signal::derive(status)
        />
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
                small=true
                options=Shown::ALL.iter().map(|shown| (shown.word().to_owned(), capital(shown.word()), None)).collect()
                chosen=Signal::derive(move || app.view.with(|view| view.shown.word().to_owned()))
                on_choose=Callback::new(move |word: String| app.tune(|view| view.shown = Shown::parse(&word).unwrap_or_default()))
            />
        </div>
    }
}

/// First letter large.
pub fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
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
        app.session.with_value(|session| query::choosable(&session.table, &base))
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
        let clause = field.with(|field| query.clauses.iter().find(|clause| Some(&clause.field) == field.as_ref() && clause.picked().is_some()).cloned());
        clause.and_then(|clause| clause.picked().map(|values| values.into_iter().map(str::to_owned).collect::<Vec<_>>())).unwrap_or_default()
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
    let content = move || match field.get() {
        None => view! {
            <Choices
                label="Fields"
                search="Find a tag, param, …"
                multiple=false
                choices=Signal::derive(move || fields.get().into_iter().map(|field| Choice {
                    key: field.to_string(),
                    label: label(&field),
                    detail: kind(&field).to_owned(),
                    picked: false,
                }).collect::<Vec<_>>())
                on_pick=Callback::new(move |key: String| field.set(Field::parse(&key)))
            />
        }.into_any(),
        Some(chosen) => view! {
            <div class="menu-head">
                <button type="button" class="btn quiet sm icon" aria-label="Other field" on:click=move |_| field.set(None)><Icon name=IconName::ChevronLeft /></button>
                <span class="strong cut">{label(&chosen)}</span><span class="dim">{kind(&chosen)}</span>
            </div>
            <Choices
                label="Values"
                search="Find a value"
                multiple=true
                choices=Signal::derive(move || {
                    let picked = picked.get();
                    values.get().into_iter().map(|(value, runs)| Choice {
                        label: if value.is_empty() { "empty".to_owned() } else { one_line(&value, 80) },
                        detail: count(i64::from(runs)),
                        picked: picked.contains(&value),
                        key: value,
                    }).collect::<Vec<_>>()
                })
                on_pick=Callback::new(toggle)
            />
        }.into_any(),
    };
    view! {
        <Popover
            open=open
            label="Add a filter"
            trigger_class="chip add"
            trigger=move || view! { <Icon name=IconName::Plus />"Filter" }.into_any()
            content=content
        />
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

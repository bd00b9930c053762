//! What lies beside the runs: the pages of registered models and of traces, and the models that a run logged.

use crate::browser::{document, now_ms};
use crate::model::{Experiment, LoggedModel, ModelVersion, RegisteredModel, Shelf, Trace};
use crate::pages::run;
use crate::pages::state::{App, zone};
use crate::session::{Phase, Session};
use crate::view::columns::natural;
use crate::view::format::{Numbers, age, count, counted, date_time, duration, one_line, short_id};
use crate::view::names::run_label;
use crate::view::shelf::{ModelLine, model_lines, once, trace_lines};
use crate::widgets::grid::{Grid, GridColumn, GridRow};
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;
use std::sync::Arc;

/// With more traces than this on a server, its models are asked for on their own page alone.
const FEW_TRACES: u64 = 100;

/// Asks for the shelf as soon as it can be had, and again when something else is open.
fn ask(app: App) {
    Effect::new(move || {
        app.shelf_changed.track();
        if !app.phase.with(Phase::is_loading) && app.phase.with(|phase| *phase != Phase::default()) {
            app.ask_for_shelf();
        }
    });
}

/// Whether more is to come.
fn is_coming(app: App) -> Memo<bool> {
    Memo::new(move |_| {
        app.shelf_changed.track();
        app.phase.track();
        app.shelf.with_value(|shelf| !shelf.is_done())
    })
}

/// Something of the shelf, when it changes.
fn of_shelf<T: PartialEq + Send + Sync + 'static>(
    app: App,
    of: impl Fn(&Shelf) -> T + Send + Sync + 'static,
) -> Memo<T> {
    Memo::new(move |_| {
        app.shelf_changed.track();
        app.shelf.with_value(|shelf| of(&shelf.all))
    })
}

/// How many prompts were found: they are registered models to MLflow, and stand on no page yet.
pub fn prompts(app: App) -> Memo<usize> {
    ask(app);
    of_shelf(app, |shelf| shelf.registered.iter().filter(|model| model.is_prompt()).count())
}

/// What one of the pages lists.
struct Listing {
    title: &'static str,
    /// Of the search field.
    placeholder: &'static str,
    /// What stands there where there is none.
    nothing: &'static str,
    /// What the table is called.
    label: &'static str,
    row_attribute: &'static str,
    summary: Signal<String>,
    row_count: Signal<usize>,
    /// Without the origin, which comes after the first where what is open comes from several things.
    columns: Vec<GridColumn>,
    row: Callback<usize, GridRow>,
    /// By the number of the row and the key of the column.
    cell: Callback<(usize, String), AnyView>,
    /// The run that a row names, which Enter goes to.
    run: Callback<usize, Option<String>>,
}

impl Listing {
    /// The page: search, a summary, the table, and what stands where there is none.
    fn page(self, app: App) -> impl IntoView {
        let Listing { title, placeholder, nothing, label, row_attribute, summary, row_count, columns, row, cell, run } =
            self;
        document::set_title(&format!("{title} · Runglass"));
        ask(app);
        let is_coming = is_coming(app);
        let is_empty = Memo::new(move |_| row_count.get() == 0);
        let fault = move || {
            app.shelf_changed.track();
            app.shelf.with_value(|shelf| shelf.fault.clone())
        };
        let columns = Memo::new(move |_| {
            let mut columns = columns.clone();
            if app.has_origins.get() {
                columns.insert(1, column("origin", "From", 150.0, false));
            }
            Arc::new(columns)
        });
        let cell = move |(index, at): (usize, usize)| {
            let key = columns.with_untracked(|columns| columns.get(at).map(|column| column.key.clone()));
            key.map_or_else(|| ().into_any(), |key| cell.run((index, key)))
        };
        view! {
            <div class="experiments-page">
                <h1 class="sr">{title}</h1>
                <div class="tools">
                    <label class="input search">
                        <Icon name=IconName::Search />
                        <input type="search" data-search="" placeholder=placeholder aria-label=placeholder
                            prop:value=move || app.view.with(|view| view.filter.clone())
                            on:input:target=move |event| {
                                let text = event.target().value();
                                app.tune(|view| view.filter = text);
                            } />
                        <kbd aria-hidden="true">"/"</kbd>
                    </label>
                    <span class="sub" role="status">{summary}</span>
                </div>
                {move || fault().map(|fault| view! {
                    <div class="msg failed" role="alert"><Icon name=IconName::Failed /><span class="grow">{fault.message}</span></div>
                })}
                <div class="listing">
                    <Grid label=label role="grid" row_attribute=row_attribute columns=columns row_count=row_count row=row
                        cell=Callback::new(cell)
                        on_open=Callback::new(move |index: usize| go_to_run(app, run.run(index).as_deref())) />
                    {move || is_empty.get().then(|| if is_coming.get() {
                        view! { <div class="skel" aria-hidden="true">{(0..8).map(|_| view! { <i></i> }).collect_view()}</div> }.into_any()
                    } else if app.view.with(|view| !view.filter.is_empty()) {
                        view! { <div class="empty"><Icon name=IconName::Search /><h2>"Nothing to show"</h2><p>"Nothing matches every word."</p></div> }.into_any()
                    } else {
                        view! { <div class="empty"><Icon name=IconName::Box /><h2>"Nothing to show"</h2><p>{nothing}</p></div> }.into_any()
                    })}
                </div>
            </div>
        }
    }
}

fn column(key: &str, label: &str, width_px: f64, align_right: bool) -> GridColumn {
    GridColumn {
        key: key.to_owned(),
        label: label.to_owned(),
        width_px,
        align_right,
        resizable: false,
        ..GridColumn::default()
    }
}

fn text(text: &str) -> AnyView {
    view! { <span class="cut" title=text.to_owned()>{one_line(text, 160)}</span> }.into_any()
}

fn when(time_ms: Option<i64>) -> AnyView {
    match time_ms {
        Some(ms) => view! { <span class="dim" title=date_time(ms, zone())>{age(ms, now_ms())}</span> }.into_any(),
        None => view! { <span class="none">"–"</span> }.into_any(),
    }
}

/// A run by its id: a link where it is among what is open.
fn run_link(app: App, id: Option<&str>) -> AnyView {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return view! { <span class="none">"–"</span> }.into_any() };
    match app.run_names.with_untracked(|names| names.number(id)) {
        Some(row) => {
            let label = app.session.with_value(|session| run_label(&session.table, row).to_owned());
            view! { <a class="cut" href=run::href(app, row) tabindex="-1" title=id.to_owned()>{one_line(&label, 120)}</a> }
                .into_any()
        }
        None => {
            let why = "This run is not among what is open";
            view! { <code class="dim" title=why>{short_id(id).to_owned()}</code> }.into_any()
        }
    }
}

/// What Enter does on a line that names a run.
fn go_to_run(app: App, id: Option<&str>) {
    match id.and_then(|id| app.run_names.with_untracked(|names| names.number(id))) {
        Some(row) => run::go_to(app, row),
        None => app.say("Its run is not among what is open"),
    }
}

/// Registered models, a line a version.
#[component]
pub fn Models() -> impl IntoView {
    let app = App::get();
    let models = of_shelf(app, |shelf| {
        let mut models: Vec<RegisteredModel> =
            shelf.registered.iter().filter(|model| !model.is_prompt()).cloned().collect();
        models.sort_by(|a, b| natural(&a.name, &b.name, false));
        // the same registry in two of the things that were opened
        models.dedup_by(|a, b| a.name == b.name && a.versions == b.versions);
        Arc::new(models)
    });
    let lines = Memo::new(move |_| {
        let search = app.view.with(|view| view.filter.clone());
        models.with(|models| Arc::new(model_lines(models, &search)))
    });
    let summary = move || {
        let (models, versions) =
            models.with(|models| (models.len(), models.iter().map(|model| model.versions.len()).sum::<usize>()));
        format!(
            "{}, {}",
            counted(models as u64, "registered model", "registered models"),
            counted(versions as u64, "version", "versions")
        )
    };
    let line_at = move |index: usize| lines.with_untracked(|lines| lines.get(index).copied());
    let row = move |index: usize| {
        let Some(line) = lines.with(|lines| lines.get(index).copied()) else { return GridRow::default() };
        let id =
            models.with(|models| line.version(models).map_or(String::new(), |version| format!("/{}", version.version)));
        let name = models.with(|models| line.model(models).map(|model| model.name.clone()).unwrap_or_default());
        GridRow { id: format!("{name}{id}"), name, ..GridRow::default() }
    };
    let cell = move |(index, key): (usize, String)| {
        let Some(line) = line_at(index) else { return ().into_any() };
        models.with_untracked(|models| match line.model(models) {
            Some(model) => model_cell(app, line, model, line.version(models), &key),
            None => ().into_any(),
        })
    };
    let run = move |index: usize| models.with_untracked(|models| line_at(index)?.version(models)?.run_id.clone());
    Listing {
        title: "Models",
        placeholder: "Name, alias, stage, tag",
        nothing: "What was opened holds no registered model.",
        label: "Registered models",
        row_attribute: "data-model",
        summary: Signal::derive(summary),
        row_count: Signal::derive(move || lines.with(|lines| lines.len())),
        columns: vec![
            GridColumn { pinned: true, tree: true, ..column("model", "Model", 240.0, false) },
            column("version", "Version", 70.0, true),
            column("aliases", "Aliases", 150.0, false),
            column("stage", "Stage", 92.0, false),
            column("status", "Status", 92.0, false),
            column("created", "Age", 60.0, true),
            column("run", "Source run", 180.0, false),
            column("user", "User", 90.0, false),
            column("tags", "Tags", 220.0, false),
            column("description", "Description", 380.0, false),
        ],
        row: Callback::new(row),
        cell: Callback::new(cell),
        run: Callback::new(run),
    }
    .page(app)
}

fn model_cell(
    app: App,
    line: ModelLine,
    model: &RegisteredModel,
    version: Option<&ModelVersion>,
    key: &str,
) -> AnyView {
    let none = || view! { <span class="none">"–"</span> }.into_any();
    let or_none = |found: Option<&str>| found.filter(|found| !found.is_empty()).map_or_else(none, text);
    match (key, version) {
        ("model", _) if line.is_first => {
            view! { <span class="dim"><Icon name=IconName::Box /></span><span class="cut ink" title=model.name.clone()>{one_line(&model.name, 160)}</span> }.into_any()
        }
        ("model", _) => view! { <span class="cut dim">{one_line(&model.name, 160)}</span> }.into_any(),
        ("origin", _) => text(&app.session.with_value(|session| session.origin_of_store(model.store))),
        ("version", Some(version)) => view! { <span>{version.version.to_string()}</span> }.into_any(),
        ("aliases", Some(version)) => {
            let number = version.version.to_string();
            let its = model.aliases.iter().filter(|(_, of)| *of == number);
            its.map(|(alias, _)| view! { <span class="tag" title=alias.clone()>"@"{one_line(alias, 32)}</span> })
                .collect_view()
                .into_any()
        }
        ("stage", Some(version)) => or_none(version.stage.as_deref()),
        ("status", Some(version)) => or_none(version.status.as_deref().map(str::to_lowercase).as_deref()),
        ("created", Some(version)) => when(version.creation_ms),
        ("created", None) => when(model.creation_ms),
        ("run", Some(version)) => run_link(app, version.run_id.as_deref()),
        ("user", Some(version)) => or_none(version.user.as_deref()),
        ("tags", version) => {
            let tags = version.map_or(&model.tags, |version| &version.tags);
            tags.iter()
                .take(8)
                .map(|(key, value)| view! {
                    <span class="tag" title=format!("{key}: {value}")>{one_line(key, 24)}" "<b>{one_line(value, 32)}</b></span>
                })
                .collect_view()
                .into_any()
        }
        ("description", version) => {
            let own = version.and_then(|version| version.description.as_deref()).filter(|own| !own.is_empty());
            let words = own.or(model.description.as_deref().filter(|_| line.is_first)).unwrap_or_default();
            view! { <span class="cut sub" title=words.to_owned()>{one_line(words, 200)}</span> }.into_any()
        }
        _ => none(),
    }
}

/// Traces, newest first.
#[component]
pub fn Traces() -> impl IntoView {
    let app = App::get();
    let traces = of_shelf(app, |shelf| Arc::new(once(&shelf.traces)));
    let lines = Memo::new(move |_| {
        let search = app.view.with(|view| view.filter.clone());
        traces.with(|traces| Arc::new(trace_lines(traces, &search)))
    });
    let line_at = move |index: usize| lines.with_untracked(|lines| lines.get(index).copied());
    let row = move |index: usize| {
        let Some(at) = lines.with(|lines| lines.get(index).copied()) else { return GridRow::default() };
        traces.with(|traces| match traces.get(at as usize) {
            Some(trace) => GridRow { id: trace.id.clone(), name: trace.name.clone(), ..GridRow::default() },
            None => GridRow::default(),
        })
    };
    let cell = move |(index, key): (usize, String)| {
        traces.with_untracked(|traces| match line_at(index).and_then(|at| traces.get(at as usize)) {
            Some(trace) => trace_cell(app, trace, &key),
            None => ().into_any(),
        })
    };
    let run = move |index: usize| traces.with_untracked(|traces| traces.get(line_at(index)? as usize)?.run_id.clone());
    Listing {
        title: "Traces",
        placeholder: "Name, state, id",
        nothing: "What was opened holds no trace.",
        label: "Traces",
        row_attribute: "data-trace",
        summary: Signal::derive(move || counted(lines.with(|lines| lines.len()) as u64, "trace", "traces")),
        row_count: Signal::derive(move || lines.with(|lines| lines.len())),
        columns: vec![
            GridColumn { pinned: true, tree: true, ..column("name", "Name", 260.0, false) },
            column("state", "State", 100.0, false),
            column("start", "Age", 60.0, true),
            column("took", "Took", 90.0, true),
            column("run", "Run", 180.0, false),
            column("experiment", "Experiment", 200.0, false),
            column("id", "Id", 300.0, false),
        ],
        row: Callback::new(row),
        cell: Callback::new(cell),
        run: Callback::new(run),
    }
    .page(app)
}

fn trace_cell(app: App, trace: &Trace, key: &str) -> AnyView {
    let of_experiment = |of: fn(&Experiment) -> &String| {
        let found = |session: &Session| session.experiments.get(trace.experiment as usize).map(|one| of(one).clone());
        text(&app.session.with_value(found).unwrap_or_default())
    };
    match key {
        "name" if trace.name.is_empty() => view! { <span class="dim">"without a name"</span> }.into_any(),
        "name" => text(&trace.name),
        "state" => {
            let failed = trace.state == "ERROR";
            view! { <span class:failed-word=failed>{trace.state.to_lowercase()}</span> }.into_any()
        }
        "start" => when(trace.start_ms),
        "took" => match trace.duration_ms {
            Some(ms) => view! { <span title=format!("{} ms", count(ms))>{duration(ms)}</span> }.into_any(),
            None => view! { <span class="none">"–"</span> }.into_any(),
        },
        "run" => run_link(app, trace.run_id.as_deref()),
        "origin" => of_experiment(|experiment| &experiment.origin),
        "experiment" => of_experiment(|experiment| &experiment.name),
        _ => view! { <code class="dim">{one_line(&trace.id, 80)}</code> }.into_any(),
    }
}

/// The models that a run logged, and those registered from it.
#[component]
pub fn LoggedModels(row: u32) -> impl IntoView {
    let app = App::get();
    let (id, outputs) = app.session.with_value(|session| {
        let at = row as usize;
        let id = session.table.id.get(at).cloned().unwrap_or_default();
        (id, session.table.outputs.get(at).cloned().unwrap_or_default())
    });
    let has_some = app.session.with_value(|session| {
        !outputs.is_empty()
            || session.stores.iter().any(|store| {
                // all of a server's shelf is asked for together: not for one run, where there is much of it
                let is_small = store.server.is_none() || store.traces <= FEW_TRACES;
                is_small && (store.logged_models > 0 || !store.registered_models.is_empty())
            })
    });
    if has_some {
        ask(app);
    }
    let (run, ids) = (id.clone(), outputs.clone());
    let logged = of_shelf(app, move |shelf| {
        let is_its = |model: &&LoggedModel| model.run_id.as_ref() == Some(&run) || ids.contains(&model.id);
        let mut its: Vec<LoggedModel> = shelf.logged.iter().filter(is_its).cloned().collect();
        // the same model in two of the things that were opened
        let mut known = std::collections::HashSet::new();
        its.retain(|model| known.insert(model.id.clone()));
        its
    });
    let registered = of_shelf(app, move |shelf| {
        let of = |model: &RegisteredModel| {
            let its = model.versions.iter().filter(|version| version.run_id.as_ref() == Some(&id));
            its.map(|version| (model.name.clone(), version.version)).collect::<Vec<_>>()
        };
        let mut its: Vec<_> = shelf.registered.iter().filter(|model| !model.is_prompt()).flat_map(of).collect();
        its.sort();
        its.dedup();
        its
    });
    move || {
        let (logged, registered) = (logged.get(), registered.get());
        let unread: Vec<String> =
            outputs.iter().filter(|id| !logged.iter().any(|model| model.id == **id)).cloned().collect();
        if logged.is_empty() && registered.is_empty() && unread.is_empty() {
            return None;
        }
        let models = app.href(|view| {
            view.to_experiments();
            view.page = crate::view::PageName::Models;
        });
        Some(view! {
            <div class="block">
                <h3><Icon name=IconName::Box />"Models"{(!logged.is_empty() || !unread.is_empty()).then(|| view! { <span class="n">{logged.len() + unread.len()}</span> })}</h3>
                {logged.into_iter().map(|model| logged_model(&model)).collect_view()}
                {unread.into_iter().map(|id| view! { <p class="line"><code title=id.clone()>{short_id(&id).to_owned()}</code></p> }).collect_view()}
                {registered.into_iter().map(|(name, version)| view! {
                    <p class="line"><span class="dim">"registered as"</span><a class="cut" href=models.clone()>{one_line(&name, 120)}</a><span class="dim">{format!("version {version}")}</span></p>
                }).collect_view()}
            </div>
        })
    }
}

fn logged_model(model: &LoggedModel) -> impl IntoView + use<> {
    let metrics = model.metrics.iter().take(6).map(|(key, summary)| {
        let value = Numbers::of([summary.last]).text(summary.last);
        view! { <span class="tag" title=format!("{key}: {}", summary.last)>{one_line(key, 32)}" "<b>{value}</b></span> }
    });
    let deleted = model.lifecycle == crate::model::Lifecycle::Deleted;
    view! {
        <div class="dataset" data-logged-model=model.id.clone()>
            <p class="line">
                <b class="cut" class:struck=deleted>{one_line(if model.name.is_empty() { &model.id } else { &model.name }, 120)}</b>
                <span class="dim">{model.model_type.clone()}</span>
                <span class="grow"></span>
                <span class="dim">{model.status.to_lowercase()}</span>
            </p>
            <p class="line wrap"><code title=model.id.clone()>{short_id(&model.id).to_owned()}</code>{metrics.collect_view()}</p>
        </div>
    }
}

//! The list of experiments.

use crate::browser::{document, now_ms, signs};
use crate::model::Lifecycle;
use crate::pages::export;
use crate::pages::filters::lifecycles;
use crate::pages::shelf;
use crate::pages::state::App;
use crate::pages::state::zone;
use crate::sources::exports::document::Chosen;
use crate::view::experiments::{Column, Counts, NOTE_TAG, counts, list, user_tags};
use crate::view::format::{age, bytes, count, counted, date_time, one_line};
use crate::view::markdown::first_line;
use crate::view::{PageName, Shown};
use crate::widgets::grid::{Grid, GridColumn, GridRow, SelectHow};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::segmented::Segmented;
use crate::widgets::turns::Later;
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Least width of descriptions, and what a scroll bar takes beside them.
const DESCRIPTION_PX: f64 = 480.0;
const SCROLLBAR_PX: f64 = 14.0;

/// The list, and what was asked for.
#[derive(Clone, PartialEq)]
struct Listed {
    asked: (Shown, String, Option<(Column, bool)>),
    numbers: Vec<u32>,
}

/// The page.
#[component]
pub fn Experiments() -> impl IntoView {
    let app = App::get();
    document::set_title("Experiments · Runglass");
    let counted_all = Memo::new(move |_| {
        app.changed.track();
        app.session.with_value(|session| Arc::new(counts(&session.experiments, &session.table)))
    });
    let sort = Memo::new(move |_| {
        let sort = app.view.with(|view| view.sort.clone());
        sort.and_then(|(column, descending)| Some((Column::parse(&column)?, descending)))
    });
    let is_loading = Memo::new(move |_| app.phase.with(crate::session::Phase::is_loading));
    let is_held = RwSignal::new(false);
    let listed = Memo::new(move |last: Option<&Listed>| {
        let counts = counted_all.get();
        let asked = app.view.with(|view| (view.shown, view.filter.clone(), sort.get()));
        let mut numbers =
            app.session.with_value(|session| list(&session.experiments, &counts, asked.0, &asked.1, asked.2));
        // rows never move under the pointer: while counts grow, those that stand stay, and new ones join below
        if let Some(last) = last.filter(|last| last.asked == asked && (is_loading.get() || is_held.get())) {
            let place = |number: &u32| last.numbers.iter().position(|other| other == number).unwrap_or(usize::MAX);
            numbers.sort_by_key(place);
        }
        Listed { asked, numbers }
    });
    let numbers = Memo::new(move |_| listed.with(|listed| listed.numbers.clone()));
    let is_empty = Memo::new(move |_| numbers.with(|numbers| numbers.is_empty()));
    let chosen = RwSignal::new(BTreeSet::<u32>::new());
    let open = move |of: Vec<u32>| {
        let names = app.experiment_names.get_untracked();
        app.go(|view| {
            view.page = PageName::Runs;
            view.experiments = of.iter().map(|&number| names.name(number).to_owned()).collect();
            view.filter.clear();
            view.sort = None;
            view.selected.clear();
            view.eye = None;
        });
    };
    let can_save = Memo::new(move |_| {
        let (is_empty, is_loading) = (is_empty.get(), is_loading.get());
        !is_empty && !is_loading
    });
    let save = move |of: Vec<u32>| {
        let paths = app.session.with_value(|session| {
            let path =
                |number: &u32| session.experiments.get(*number as usize).map(|experiment| experiment.path.clone());
            of.iter().filter_map(path).collect()
        });
        export::save(app, Chosen { experiments: paths, ..Chosen::default() });
    };
    // pages of what lies beside the runs, where there is something
    let beside = Memo::new(move |_| {
        app.changed.track();
        let (models, traces) = app.session.with_value(|session| {
            // the same registry may lie in two of the things that were opened
            let models: BTreeSet<_> = session.stores.iter().flat_map(|store| &store.registered_models).collect();
            (models.len() as u64, session.stores.iter().map(|store| store.traces).sum::<u64>())
        });
        let models = (models > 0).then(|| (PageName::Models, counted(models, "model", "models")));
        let traces = (traces > 0).then(|| (PageName::Traces, counted(traces, "trace", "traces")));
        models.into_iter().chain(traces).collect::<Vec<_>>()
    });
    let how_many = Memo::new(move |_| {
        app.changed.track();
        app.session.with_value(|session| {
            let deleted =
                session.experiments.iter().filter(|experiment| experiment.lifecycle == Lifecycle::Deleted).count();
            (session.experiments.len() - deleted, deleted)
        })
    });
    let summary = move || {
        let totals = counted_all
            .with(|counts| counts.iter().fold((0, 0), |sum, count| (sum.0 + count.active, sum.1 + count.deleted)));
        let shown = numbers.with(|numbers| numbers.len() as u64);
        let deleted = if totals.1 > 0 { format!(", {} deleted", count(i64::from(totals.1))) } else { String::new() };
        let experiments = counted(shown, "experiment", "experiments");
        if app.session.with_value(|session| session.has_server()) {
            return experiments;
        }
        format!("{experiments}, {}{deleted}", counted(u64::from(totals.0), "run", "runs"))
    };
    Effect::new(move || {
        if !is_empty.get()
            && let Some(act) = app.act_first.get_value()
        {
            act.shown();
        }
    });
    view! {
        <div class="experiments-page">
            <h1 class="sr">"Experiments"</h1>
            <div class="tools">
                <label class="input search">
                    <Icon name=IconName::Search />
                    <input type="search" data-search="" placeholder="Name, tag or description" aria-label="Search experiments"
                        prop:value=move || app.view.with(|view| view.filter.clone())
                        on:input:target=move |event| {
                            let text = event.target().value();
                            let act = signs::Act::start("filter");
                            app.tune(|view| view.filter = text);
                            act.shown();
                        } />
                    <kbd aria-hidden="true">"/"</kbd>
                </label>
                <span class="sub" role="status">{summary}</span>
                <span class="grow"></span>
                {move || (how_many.get().1 > 0).then(|| view! {
                    <Segmented
                        label="Which experiments"
                        options=lifecycles()
                        value=Signal::derive(move || app.view.with(|view| view.shown))
                        on_change=Callback::new(move |shown: Shown| app.tune(|view| view.shown = shown))
                    />
                })}
                {move || beside.get().into_iter().map(|(page, words)| {
                    let href = app.href(move |view| {
                        view.to_experiments();
                        view.page = page;
                    });
                    view! { <a class="btn quiet" href=href>{words}</a> }
                }).collect_view()}
                <button type="button" class="btn" title="Save with every point, as one file that opens again" on:click=move |_| save(Vec::new()) disabled=move || !can_save.get()>
                    <Icon name=IconName::Download /><span class="word">"Export"</span>
                </button>
                <button type="button" class="btn" on:click=move |_| open(numbers.get_untracked()) disabled=move || is_empty.get()>"Runs of all shown"</button>
            </div>
            <div class="listing" on:pointerenter=move |_| is_held.set(true) on:pointerleave=move |_| is_held.set(false)>
                <Later><List numbers=numbers counts=counted_all sort=sort chosen=chosen open=Callback::new(open) /></Later>
                {move || is_empty.get().then(|| if is_loading.get() {
                    view! { <div class="skel" aria-hidden="true">{(0..8).map(|_| view! { <i></i> }).collect_view()}</div> }.into_any()
                } else {
                    view! { <Nothing how_many=how_many beside=beside /> }.into_any()
                })}
            </div>
            <div class="foot">
                {move || {
                    let chosen_now = chosen.get();
                    if chosen_now.is_empty() {
                        view! { <Hints /> }.into_any()
                    } else {
                        let of: Vec<u32> = chosen_now.iter().copied().collect();
                        let to_save = of.clone();
                        view! {
                            <span class="strong">{format!("{} chosen", chosen_now.len())}</span>
                            <button type="button" class="btn primary" on:click=move |_| open(of.clone())>{if chosen_now.len() == 1 { "Show its runs" } else { "Show their runs together" }}</button>
                            <button type="button" class="btn" on:click=move |_| save(to_save.clone())><Icon name=IconName::Download />"Export"</button>
                            <button type="button" class="btn quiet" on:click=move |_| chosen.set(BTreeSet::new())>"Clear"</button>
                        }.into_any()
                    }
                }}
                <span class="grow"></span>
                <span class="sub">{move || {
                    app.changed.track();
                    app.session.with_value(|session| (!session.has_server()).then(|| format!("Read {}, {}", counted(session.read.files, "file", "files"), bytes(session.read.bytes))))
                }}</span>
            </div>
        </div>
    }
}

#[component]
fn Hints() -> impl IntoView {
    view! {
        <span class="hints" aria-hidden="true">
            <span><kbd>"↑"</kbd><kbd>"↓"</kbd>" move"</span><span><kbd>"Enter"</kbd>" runs"</span><span><kbd>"Space"</kbd>" choose several"</span>
        </span>
    }
}

#[component]
fn Nothing(how_many: Memo<(usize, usize)>, beside: Memo<Vec<(PageName, String)>>) -> impl IntoView {
    let app = App::get();
    // what holds no experiment at all is a registry, or prompts
    let prompts = how_many.with_untracked(|(active, deleted)| active + deleted == 0).then(|| shelf::prompts(app));
    move || {
        let (searching, shown) = app.view.with(|view| (!view.filter.is_empty(), view.shown));
        let (active, deleted) = how_many.get();
        let text = match (searching, shown) {
            (true, _) => "No experiment matches every word.",
            (_, Shown::Active) if deleted > 0 => "All experiments here are deleted.",
            (_, Shown::Deleted) if active > 0 => "No experiment is deleted.",
            _ => "What was opened holds no experiment.",
        };
        let beside = if active + deleted == 0 { beside.get() } else { Vec::new() };
        let prompts = prompts.map_or(0, |prompts| prompts.get()) as u64;
        view! {
            <div class="empty">
                <Icon name=IconName::Chart />
                <h2>"Nothing to show"</h2>
                <p>{text}{(prompts > 0).then(|| format!(
                    " It holds {}: prompts have no page here yet.", counted(prompts, "prompt", "prompts")
                ))}</p>
                {beside.into_iter().map(|(page, words)| {
                    let href = app.href(move |view| {
                        view.to_experiments();
                        view.page = page;
                    });
                    view! { <a class="btn primary" href=href>{format!("Show {words}")}</a> }
                }).collect_view()}
                {(active + deleted > 0).then(|| view! {
                    <button type="button" class="btn" on:click=move |_| app.tune(|view| {
                        view.filter.clear();
                        view.shown = Shown::All;
                    })>"Show all experiments"</button>
                })}
            </div>
        }
    }
}

#[component]
fn List(
    numbers: Memo<Vec<u32>>,
    counts: Memo<Arc<Vec<Counts>>>,
    sort: Memo<Option<(Column, bool)>>,
    chosen: RwSignal<BTreeSet<u32>>,
    open: Callback<Vec<u32>>,
) -> impl IntoView {
    let app = App::get();
    let column = |column: Column, label: &str, width_px: f64, right: bool| GridColumn {
        key: column.word().to_owned(),
        label: label.to_owned(),
        width_px,
        align_right: right,
        sortable: column.sortable(),
        resizable: true,
        pinned: column == Column::Name,
        tree: column == Column::Name,
        ..GridColumn::default()
    };
    let choose = GridColumn {
        key: "choose".to_owned(),
        hint: "Choose".to_owned(),
        width_px: 34.0,
        pinned: true,
        choose: true,
        narrow: true,
        ..GridColumn::default()
    };
    let all = vec![
        choose,
        column(Column::Name, "Experiment", 320.0, false),
        column(Column::Origin, "From", 150.0, false),
        column(Column::Runs, "Runs", 72.0, true),
        column(Column::Deleted, "Deleted", 80.0, true),
        column(Column::Last, "Last activity", 108.0, true),
        column(Column::Tags, "Tags", 260.0, false),
        column(Column::Description, "Description", DESCRIPTION_PX, false),
    ];
    let widths = Memo::new(move |_| app.view.with(|view| view.widths.clone()));
    let has_origins = app.has_origins;
    let columns = Memo::new(move |_| {
        let mut columns = all.clone();
        columns.retain(|column| column.key != Column::Origin.word() || has_origins.get());
        // the description takes what the others leave
        let others_px: f64 = columns.iter().rev().skip(1).map(|column| column.width_px).sum();
        if let Some(last) = columns.last_mut() {
            last.width_px = last.width_px.max(document::width_px() - others_px - SCROLLBAR_PX);
        }
        widths.with(|widths| {
            for (key, width) in widths {
                if let Some(column) = columns.iter_mut().find(|column| column.key == *key) {
                    column.width_px = f64::from(*width);
                }
            }
        });
        Arc::new(columns)
    });
    let number_at = move |index: usize| numbers.with(|numbers| numbers.get(index).copied());
    let row = move |index: usize| {
        let Some(number) = number_at(index) else { return GridRow::default() };
        app.session.with_value(|session| {
            let experiment = session.experiments.get(number as usize);
            GridRow {
                id: app.experiment_names.with(|names| names.name(number).to_owned()),
                name: experiment.map(|experiment| experiment.name.clone()).unwrap_or_default(),
                selected: chosen.with(|chosen| chosen.contains(&number)),
                dimmed: experiment.is_some_and(|experiment| experiment.lifecycle == Lifecycle::Deleted),
                ..GridRow::default()
            }
        })
    };
    let href = move |number: u32| {
        let name = app.experiment_names.with_untracked(|names| names.name(number).to_owned());
        app.href(move |view| {
            view.page = PageName::Runs;
            view.experiments = vec![name.clone()];
            view.filter.clear();
            view.sort = None;
        })
    };
    let cell = move |(index, column): (usize, usize)| {
        let Some(number) = numbers.with_untracked(|numbers| numbers.get(index).copied()) else { return ().into_any() };
        // counts grow while runs are read: these cells follow
        let of = move || counts.with(|counts| counts.get(number as usize).copied().unwrap_or_default());
        app.session.with_value(|session| {
            let Some(experiment) = session.experiments.get(number as usize) else { return ().into_any() };
            let key = columns.with_untracked(|columns| columns.get(column).map(|column| column.key.clone()));
            match key.and_then(|key| Column::parse(&key)) {
                Some(Column::Name) => {
                    let deleted = experiment.lifecycle == Lifecycle::Deleted;
                    let icon = if deleted { IconName::Trash } else { IconName::Chart };
                    view! {
                        <span class="dim"><Icon name=icon /></span>
                        <a class="cut ink" class:struck=deleted href=href(number) tabindex="-1" title=experiment.name.clone()>{one_line(&experiment.name, 160)}</a>
                    }.into_any()
                }
                Some(Column::Origin) => {
                    let origin = &experiment.origin;
                    view! { <span class="cut sub" title=origin.clone()>{one_line(origin, 80)}</span> }.into_any()
                }
                Some(column @ (Column::Runs | Column::Deleted)) => {
                    let knows = move || app.session.with_value(|session| session.knows_runs(number));
                    let text = move || {
                        let counts = of();
                        match (column, knows()) {
                            (Column::Runs, true) => count(i64::from(counts.active)),
                            (Column::Deleted, true) => count(i64::from(counts.deleted)),
                            _ => "–".to_owned(),
                        }
                    };
                    let title = move || (!knows()).then_some("The server does not tell before they are loaded");
                    view! { <span class:dim=column == Column::Deleted title=title>{text}</span> }.into_any()
                }
                Some(Column::Last) => view! {
                    <span title=move || of().last_ms.map(|ms| date_time(ms, zone()))>{move || match of().last_ms {
                        Some(ms) => age(ms, now_ms()),
                        None => "–".to_owned(),
                    }}</span>
                }.into_any(),
                Some(Column::Tags) => user_tags(experiment).take(8).map(|(key, value)| view! {
                    <span class="tag" title=format!("{key}: {value}")>{one_line(key, 24)}" "<b>{one_line(value, 32)}</b></span>
                }).collect_view().into_any(),
                Some(Column::Description) => {
                    let text = experiment.tag(NOTE_TAG).map(first_line).unwrap_or_default();
                    view! { <span class="cut sub" title=text.clone()>{one_line(&text, 200)}</span> }.into_any()
                }
                None => ().into_any(),
            }
        })
    };
    let on_sort = move |key: String| {
        let act = signs::Act::start("sort");
        app.tune(|view| {
            let from_largest = key != Column::Name.word();
            view.sort = match view.sort.take() {
                Some((column, descending)) if column == key => Some((column, !descending)),
                // the newest are on top from the start: the first press turns them round
                None if key == Column::Last.word() => Some((key, false)),
                _ => Some((key, from_largest)),
            };
        });
        act.shown();
    };
    let on_select = move |(index, how): (usize, SelectHow)| {
        let Some(at) = number_at(index) else { return };
        chosen.update(|chosen| match how {
            SelectHow::Toggle => {
                if !chosen.remove(&at) {
                    chosen.insert(at);
                }
            }
            SelectHow::Range { from } => chosen.extend((from.min(index)..=from.max(index)).filter_map(number_at)),
        });
    };
    let all_selected = Signal::derive(move || {
        let (chosen, numbers) = (chosen.get(), numbers.get());
        match numbers.iter().filter(|number| chosen.contains(number)).count() {
            0 => Some(false),
            all if all == numbers.len() => Some(true),
            _ => None,
        }
    });
    view! {
        <Grid
            label=Signal::derive(move || format!("{} experiments", numbers.with(|numbers| numbers.len())))
            role="grid"
            row_attribute="data-experiment"
            columns=columns
            row_count=Signal::derive(move || numbers.with(|numbers| numbers.len()))
            row=Callback::new(row)
            cell=Callback::new(cell)
            sort=Signal::derive(move || {
                let (column, descending) = sort.get().unwrap_or((Column::Last, true));
                Some((column.word().to_owned(), descending))
            })
            on_sort=Callback::new(on_sort)
            on_select=Callback::new(on_select)
            all_selected=all_selected
            on_select_all=Callback::new(move |all: bool| chosen.set(if all { numbers.get_untracked().into_iter().collect() } else { BTreeSet::new() }))
            on_open=Callback::new(move |index: usize| if let Some(number) = number_at(index) { open.run(vec![number]) })
            on_resize=Callback::new(move |(key, width): (String, f64)| app.tune(|view| {
                view.widths.retain(|(other, _)| *other != key);
                view.widths.push((key, width.round().max(0.0) as u32));
            }))
        />
    }
}

//! One run: what went in, what came out, what was kept.

use crate::browser::{document, files, now_ms};
use crate::model::{DatasetInput, RunStatus};
use crate::pages::artifacts::Artifacts;
use crate::pages::cells::status_mark;
use crate::pages::charts::RunCharts;
use crate::pages::note::Note;
use crate::pages::pipeline::Pipeline;
use crate::pages::shelf::LoggedModels;
use crate::pages::state::{App, on_letters, zone};
use crate::view::PageName;
use crate::view::experiments::NOTE_TAG;
use crate::view::format::{age, count, counted, date_time, duration, one_line, short_id};
use crate::view::markdown::safe_address;
use crate::view::names::run_label;
use crate::view::rows::PARENT_TAG;
use crate::view::run::{Code, MetricLine, code, dataset_rows, dataset_source, metrics, params, tags};
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// Params and metrics that are shown before "all".
const SHOWN_AT_FIRST: usize = 24;

/// The page of the run that the view names.
#[component]
pub fn Run() -> impl IntoView {
    let app = App::get();
    let row = Memo::new(move |_| {
        let name = app.view.with(|view| view.run.clone())?;
        app.run_names.get().number(&name)
    });
    let is_loading = app.is_loading();
    let pipeline = Pipeline::get();
    let step = move |ahead: bool| {
        let (Some(row), lines) = (row.get_untracked(), pipeline.lines.get_untracked()) else { return };
        let at = lines.iter().position(|line| line.row == row);
        let next = match (at, ahead) {
            (Some(at), true) => lines.get(at + 1),
            (Some(at), false) => at.checked_sub(1).and_then(|at| lines.get(at)),
            (None, _) => lines.first(),
        };
        if let Some(line) = next {
            go_to(app, line.row);
        }
    };
    on_letters(move |letter| {
        match letter {
            "[" => step(false),
            "]" => step(true),
            "u" => app.go(|view| {
                view.page = PageName::Runs;
                view.run = None;
                view.artifact = None;
            }),
            _ => return false,
        }
        true
    });
    move || {
        match row.get() {
        Some(row) => view! { <Whole row=row step=Callback::new(step) /> }.into_any(),
        None if is_loading.get() => view! { <div class="empty" role="status"><h1>"Reading"</h1><p>"The run shows as soon as it is read."</p></div> }.into_any(),
        None => view! {
            <div class="empty">
                <Icon name=IconName::Search />
                <h1>"This run is not here"</h1>
                <p>"The link names a run that what is open does not hold. It may have been deleted for good, or lie in another folder."</p>
                <a class="btn" href=app.href_of_runs()>"All runs"</a>
            </div>
        }.into_any(),
    }
    }
}

/// Goes to the page of a run.
pub fn go_to(app: App, row: u32) {
    let name = app.run_names.get_untracked().name(row).to_owned();
    app.go(|view| {
        view.page = PageName::Run;
        view.run = Some(name);
        view.artifact = None;
    });
}

/// The address of the page of a run.
pub fn href(app: App, row: u32) -> impl Fn() -> String + Clone + Send + 'static {
    let name = app.run_names.with_untracked(|names| names.name(row).to_owned());
    app.href(move |view| {
        view.page = PageName::Run;
        view.run = Some(name.clone());
        view.artifact = None;
    })
}

#[component]
fn Whole(row: u32, step: Callback<bool>) -> impl IntoView {
    let app = App::get();
    let revision = Memo::new(move |_| app.asked.revision(row));
    let note = app.session.with_value(|session| session.table.tag(row, NOTE_TAG).map(str::to_owned));
    view! {
        <div class="run-page">
            {move || {
                revision.track();
                view! { <Head row=row step=step /> }
            }}
            <div class="run-columns">
                <section class="run-in" aria-labelledby="went-in">
                    <h2 id="went-in" class="panel-head">"Went in"</h2>
                    <WentIn row=row />
                </section>
                <section class="run-out" aria-labelledby="came-out">
                    <h2 id="came-out" class="panel-head">"Came out"</h2>
                    {move || {
                        revision.track();
                        view! { <Metrics row=row /> }
                    }}
                    <RunCharts row=row />
                </section>
                <section class="run-kept" aria-labelledby="was-kept">
                    <h2 id="was-kept" class="panel-head">"Was kept"</h2>
                    <Artifacts row=row />
                    {note.filter(|note| !note.trim().is_empty()).map(|note| view! {
                        <div class="block">
                            <h3><Icon name=IconName::Note />"Note"</h3>
                            <Note text=note />
                        </div>
                    })}
                    <LoggedModels row=row />
                    <Family row=row />
                </section>
            </div>
        </div>
    }
}

#[component]
fn Head(row: u32, step: Callback<bool>) -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let now = now_ms();
    let at = row as usize;
    let (label, id, status, start, end, spent, user, deleted, user_tags) = app.session.with_value(|session| {
        let table = &session.table;
        let (own, _) = tags(table, row);
        let own: Vec<(String, String)> =
            own.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        (
            run_label(table, row).to_owned(),
            table.id[at].clone(),
            table.status[at],
            table.start_ms[at],
            table.end_ms[at],
            table.duration_ms(row),
            table.user.get(row).map(str::to_owned),
            table.lifecycle[at] == crate::model::Lifecycle::Deleted,
            own,
        )
    });
    document::set_title(&format!("{} · Runglass", one_line(&label, 60)));
    app.colours.update_value(|colours| colours.show(&[row]));
    let (colour, dash) = app.colours.with_value(|colours| colours.of(row)).unwrap_or((0, 0));
    let place =
        Memo::new(move |_| pipeline.lines.with(|lines| (lines.iter().position(|line| line.row == row), lines.len())));
    let when = start.map(|start| view! {
        <span title=date_time(start, zone())>{age(start, now)}{if age(start, now) == "now" { "" } else { " ago" }}</span>
    });
    let took = spent.map(
        |ms| view! { <span title=end.map(|end| format!("ended {}", date_time(end, zone())))>{duration(ms)}</span> },
    );
    view! {
        <div class="run-head">
            <i class="dot" class:dashed={dash > 0} style:--c=format!("var(--run-{})", colour + 1)></i>
            <h1 class="cut" title=label.clone()>{one_line(&label, 200)}</h1>
            {status_mark(status)}
            {deleted.then(|| view! { <span class="mark failed"><Icon name=IconName::Trash />"deleted"</span> })}
            <span class="sub facts">
                {when}{took}
                {(status == RunStatus::Running && end.is_none()).then_some("no end time")}
                {user.filter(|user| !user.is_empty()).map(|user| view! { <span>"by "{one_line(&user, 60)}</span> })}
                <button type="button" class="link mono" title=format!("Copy the run id {id}") on:click={
                    let id = id.clone();
                    move |_| copy(app, id.clone(), "Run id copied")
                }>{short_id(&id).to_owned()}</button>
            </span>
            <span class="tags">
                {user_tags.into_iter().take(6).map(|(key, value)| view! {
                    <span class="tag" title=format!("{key}: {value}")>{one_line(&key, 24)}" "<b>{one_line(&value, 32)}</b></span>
                }).collect_view()}
            </span>
            <span class="grow"></span>
            <span class="dim place">{move || match place.get() {
                (Some(at), all) => format!("{} of {} in view", count(at as i64 + 1), count(all as i64)),
                (None, all) => format!("not among the {} in view", count(all as i64)),
            }}</span>
            <button type="button" class="btn quiet icon" aria-label="Previous run in view" title="Previous run in view ([)"
                disabled=move || place.get().0.is_none_or(|at| at == 0) on:click=move |_| step.run(false)><Icon name=IconName::ChevronLeft /></button>
            <button type="button" class="btn quiet icon" aria-label="Next run in view" title="Next run in view (])"
                disabled=move || place.get().0.is_some_and(|at| at + 1 == place.get().1) on:click=move |_| step.run(true)><Icon name=IconName::ChevronRight /></button>
            <button type="button" class="btn" on:click=move |_| app.copy_link()><Icon name=IconName::Link /><span class="word">"Copy link"</span></button>
        </div>
    }
}

fn copy(app: App, text: String, said: &'static str) {
    leptos::task::spawn_local(async move {
        app.say(if files::copy(&text).await { said } else { "The browser does not allow copying here" });
    });
}

#[component]
fn WentIn(row: u32) -> impl IntoView {
    let app = App::get();
    let (code, datasets, params, own_tags, system_tags) = app.session.with_value(|session| {
        let table = &session.table;
        let owned = |pairs: Vec<(&str, &str)>| -> Vec<(String, String)> {
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        let (own, system) = tags(table, row);
        (code(table, row), table.datasets[row as usize].clone(), owned(params(table, row)), owned(own), owned(system))
    });
    view! {
        <CodeBlock code=code />
        <Datasets datasets=datasets />
        <Pairs title="Params" icon=IconName::Sliders pairs=params empty="No params were logged." />
        <Pairs title="Tags" icon=IconName::Box pairs=own_tags empty="No tags were set." />
        <details class="block">
            <summary><h3>"Set by MLflow"<span class="n">{system_tags.len()}</span></h3></summary>
            <dl class="kv">{system_tags.into_iter().map(pair).collect_view()}</dl>
        </details>
    }
}

fn pair((key, value): (String, String)) -> impl IntoView {
    let shown = if value.is_empty() {
        view! { <span class="none">"empty"</span> }.into_any()
    } else if value.contains('\n') || value.chars().count() > 300 {
        view! { <pre class="value" tabindex="0">{value.clone()}</pre> }.into_any()
    } else {
        one_line(&value, 300).into_any()
    };
    view! { <dt class="cut" title=key.clone()>{one_line(&key, 120)}</dt><dd title=value>{shown}</dd> }
}

#[component]
fn CodeBlock(code: Code) -> impl IntoView {
    let app = App::get();
    if code == Code::default() {
        return view! {
            <div class="block"><h3><Icon name=IconName::GitBranch />"Code"</h3><p class="dim">"No commit or entry point was logged."</p></div>
        }.into_any();
    }
    let repository = code.repository.clone();
    view! {
        <div class="block">
            <h3><Icon name=IconName::GitBranch />"Code"</h3>
            <dl class="kv">
                {code.commit.map(|commit| view! {
                    <dt>"commit"</dt>
                    <dd><button type="button" class="link mono" title=format!("Copy {commit}") on:click={
                        let commit = commit.clone();
                        move |_| copy(app, commit.clone(), "Commit copied")
                    }>{short_id(&commit).to_owned()}</button>
                    {code.dirty.then(|| view! { " "<span class="mark warning">"changed"</span> })}</dd>
                })}
                {code.branch.map(|branch| view! { <dt>"branch"</dt><dd class="mono">{one_line(&branch, 120)}</dd> })}
                {repository.map(|address| view! {
                    <dt>"repository"</dt>
                    <dd title=address.clone()>{match safe_address(&address) {
                        Some(safe) => view! { <a href=safe target="_blank" rel="noopener noreferrer">{one_line(&address, 200)}</a> }.into_any(),
                        None => one_line(&address, 200).into_any(),
                    }}</dd>
                })}
                {code.entry.map(|entry| view! { <dt>"entry"</dt><dd class="mono" title=entry.clone()>{one_line(&entry, 200)}</dd> })}
                {code.kind.map(|kind| view! { <dt>"source"</dt><dd>{kind}</dd> })}
            </dl>
        </div>
    }.into_any()
}

#[component]
fn Datasets(datasets: Vec<DatasetInput>) -> impl IntoView {
    let empty = datasets.is_empty();
    view! {
        <div class="block">
            <h3><Icon name=IconName::Dataset />"Data"<span class="n">{(!empty).then_some(datasets.len())}</span></h3>
            {empty.then(|| view! { <p class="dim">"No dataset was logged."</p> })}
            {datasets.into_iter().map(|dataset| view! {
                <div class="dataset">
                    <p class="line">
                        <b>{dataset.context.clone().unwrap_or_else(|| "input".to_owned())}</b>
                        <span class="cut grow">{one_line(&dataset.name, 120)}</span>
                        <span class="dim">{dataset_rows(dataset.profile.as_deref()).map(|rows| counted(rows, "row", "rows"))}</span>
                    </p>
                    <p class="line">
                        <code title=dataset.digest.clone()>{short_id(&dataset.digest).to_owned()}</code>
                        <span class="cut dim" title=dataset.source.clone()>{dataset_source(dataset.source.as_deref()).map(|source| one_line(&source, 200))}</span>
                    </p>
                </div>
            }).collect_view()}
        </div>
    }
}

/// Keys and values with a search field once there are many.
#[component]
fn Pairs(title: &'static str, icon: IconName, pairs: Vec<(String, String)>, empty: &'static str) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let all = RwSignal::new(false);
    let many = pairs.len() > 12;
    let total = pairs.len();
    let shown = Memo::new(move |_| {
        let word = search.get().to_lowercase();
        let found: Vec<(String, String)> = pairs
            .iter()
            .filter(|(key, value)| {
                word.is_empty() || key.to_lowercase().contains(&word) || value.to_lowercase().contains(&word)
            })
            .cloned()
            .collect();
        let rest = if all.get() { 0 } else { found.len().saturating_sub(SHOWN_AT_FIRST) };
        let take = found.len() - rest;
        (found.into_iter().take(take).collect::<Vec<_>>(), rest)
    });
    view! {
        <div class="block">
            <h3><Icon name=icon />{title}<span class="n">{(total > 0).then_some(total)}</span></h3>
            {(total == 0).then(|| view! { <p class="dim">{empty}</p> })}
            {many.then(|| view! {
                <label class="input">
                    <Icon name=IconName::Search />
                    <input type="search" placeholder=format!("Find in {}", title.to_lowercase()) aria-label=format!("Find in {}", title.to_lowercase())
                        on:input:target=move |event| search.set(event.target().value()) />
                </label>
            })}
            <dl class="kv">{move || shown.get().0.into_iter().map(pair).collect_view()}</dl>
            {move || {
                let rest = shown.get().1;
                (rest > 0).then(|| view! { <button type="button" class="link" on:click=move |_| all.set(true)>{format!("{rest} more")}</button> })
            }}
        </div>
    }
}

#[component]
fn Metrics(row: u32) -> impl IntoView {
    let app = App::get();
    let lines = Memo::new(move |_| {
        app.changed.track();
        app.histories_changed.track();
        app.session.with_value(|session| metrics(&session.table, row))
    });
    let is_empty = Memo::new(move |_| lines.with(|lines| lines.is_empty()));
    let all = RwSignal::new(false);
    let total = move || lines.with(|lines| lines.len());
    let shown = move || if all.get() { total() } else { total().min(SHOWN_AT_FIRST) };
    // where only the last point is known, the others are read for their number and extremes
    Effect::new(move || {
        let unknown: Vec<String> = lines.with(|lines| {
            lines.iter().take(shown()).filter(|line| line.count == 0).map(|line| line.key.clone()).collect()
        });
        for key in unknown {
            app.history(row, &key);
        }
    });
    let line = move |line: &MetricLine| {
        let key = line.key.clone();
        let points = match (line.count, app.histories.with_value(|histories| histories.is_read(row, &key))) {
            (0, false) => "…".to_owned(),
            (0, true) => "last only".to_owned(),
            (known, _) => count(i64::from(known)),
        };
        view! {
            <tr>
                <th scope="row" class="cut" title=key.clone()>{one_line(&key, 120)}</th>
                <td class="num" class:nan={line.exact == "NaN"} title=line.exact.clone()>{line.last.clone()}</td>
                <td class="num dim">{line.min.clone()}</td>
                <td class="num dim">{line.max.clone()}</td>
                <td class="num dim">{count(line.step)}</td>
                <td class="num dim">{points}</td>
            </tr>
        }
    };
    move || {
        if is_empty.get() {
            return view! { <p class="dim pad">"No metric was logged."</p> }.into_any();
        }
        view! {
        <div class="metrics-scroll" tabindex="0" role="group" aria-label="Metrics">
        <table class="tbl metrics">
            <thead><tr>
                <th scope="col">"Metric "<span class="unit">{total()}</span></th><th scope="col" class="num">"Last"</th><th scope="col" class="num">"Min"</th>
                <th scope="col" class="num">"Max"</th><th scope="col" class="num">"Last step"</th><th scope="col" class="num">"Points"</th>
            </tr></thead>
            <tbody>{move || lines.with(|lines| lines.iter().take(shown()).map(line).collect_view())}</tbody>
        </table>
        </div>
        {move || (shown() < total()).then(|| view! {
            <button type="button" class="link pad" on:click=move |_| all.set(true)>{format!("{} more", total() - shown())}</button>
        })}
    }.into_any()
    }
}

/// Parent and nested runs.
#[component]
fn Family(row: u32) -> impl IntoView {
    let app = App::get();
    let parents = Pipeline::get().parents;
    let family = Memo::new(move |_| {
        let parents = parents.get();
        app.session.with_value(|session| {
            let mut children: Vec<u32> =
                parents.iter().filter(|(_, parent)| **parent == row).map(|(child, _)| *child).collect();
            children.sort_by_key(|&child| (std::cmp::Reverse(session.table.start_ms[child as usize]), child));
            let named = |row: u32| (row, run_label(&session.table, row).to_owned());
            let parent = parents.get(&row).map(|&parent| named(parent));
            let missing = session.table.tag(row, PARENT_TAG).filter(|_| parent.is_none()).map(str::to_owned);
            (parent, missing, children.into_iter().map(named).collect::<Vec<_>>())
        })
    });
    move || {
        let (parent, missing_parent, children) = family.get();
        if parent.is_none() && missing_parent.is_none() && children.is_empty() {
            return ().into_any();
        }
        let link =
            move |(row, label): (u32, String)| view! { <li><a href=href(app, row)>{one_line(&label, 120)}</a></li> };
        let rest = children.len().saturating_sub(100);
        view! {
        <div class="block">
            <h3><Icon name=IconName::Tree />"Nested runs"<span class="n">{(!children.is_empty()).then_some(children.len())}</span></h3>
            {parent.map(|parent| view! { <p class="dim">"Inside of"</p><ul class="lines">{link(parent)}</ul> })}
            {missing_parent.map(|id| view! { <p class="dim">"Its parent "<code>{short_id(&id).to_owned()}</code>" is not among what is open."</p> })}
            <ul class="lines">{children.into_iter().take(100).map(link).collect_view()}</ul>
            {(rest > 0).then(|| view! { <p class="dim">{format!("{rest} more in the table of runs")}</p> })}
        </div>
    }.into_any()
    }
}

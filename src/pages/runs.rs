//! Runs of one or several experiments: the query on top, the table, its charts, and what can be done with chosen runs.

use crate::browser::document;
use crate::model::{Attribute, Field, Lifecycle};
use crate::pages::asked::none_came;
use crate::pages::cells::{eye, name, value};
use crate::pages::charts::Charts;
use crate::pages::export;
use crate::pages::filters::{Chips, FilterField};
use crate::pages::pipeline::Pipeline;
use crate::pages::run;
use crate::pages::state::{App, on_letters};
use crate::sources::exports::document::Chosen;
use crate::view::Layout;
use crate::view::columns::{self, Column, Group};
use crate::view::format::{count, counted, one_line};
use crate::view::names::run_label;
use crate::widgets::grid::{Grid, GridColumn, GridRow, SelectHow};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::segmented::{Segment, Segmented};
use crate::widgets::splitter::Splitter;
use crate::widgets::turns::Later;
use leptos::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

/// Width of the list beside charts; `style/pages.css` has it as well.
const LIST_PX: f64 = 300.0;
/// In windows wider than this charts stand beside the table, not under it; `style/pages.css` has it as well.
const BESIDE_PX: f64 = 1200.0;
/// Width of the table beside charts at first, in hundredths.
const TABLE_SHARE: f64 = 62.0;
/// What stands before the name of a run: where it is chosen, and its eye.
const CHOOSE_PX: f64 = 30.0;
const EYE_PX: f64 = 28.0;
/// What the sort arrow takes in a head.
const ARROW_PX: f64 = 18.0;

/// The page.
#[component]
pub fn Runs() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    on_cleanup(move || pipeline.is_held.set(false));
    let layout = Memo::new(move |_| app.view.with(|view| view.layout));
    let title = move || {
        let numbers = app.experiments_in_view.get();
        app.session.with_value(|session| match numbers.as_slice() {
            [only] => session
                .experiments
                .get(*only as usize)
                .map_or("Runs".to_owned(), |experiment| format!("Runs of {}", experiment.name)),
            several => format!("Runs of {} experiments", several.len()),
        })
    };
    Effect::new(move || document::set_title(&format!("{} · Runglass", one_line(&title(), 60))));
    on_letters(move |letter| {
        let wanted = match letter {
            "t" => Layout::Table,
            "s" => Layout::Split,
            "c" => Layout::Charts,
            _ => return false,
        };
        app.tune(|view| view.layout = wanted);
        true
    });
    let share = RwSignal::new(TABLE_SHARE);
    let option = |value: Layout, label: &str, icon: IconName| Segment {
        value,
        label: label.to_owned(),
        icon: Some(icon),
        word_may_go: true,
    };
    view! {
        <div class="runs-page" data-layout=move || layout.get().word()>
            <h1 class="sr">{title}</h1>
            <div class="qbar">
                <FilterField />
                <button type="button" class="btn" on:click=move |_| app.copy_link()><Icon name=IconName::Link /><span class="word">"Copy link"</span></button>
                <Segmented
                    label="Layout"
                    options=vec![
                        option(Layout::Table, "Table", IconName::Table),
                        option(Layout::Split, "Split", IconName::Split),
                        option(Layout::Charts, "Charts", IconName::Chart),
                    ]
                    value=layout
                    on_change=Callback::new(move |layout: Layout| app.tune(|view| view.layout = layout))
                />
            </div>
            <Chips />
            <div class="runs-body" style:--share=move || format!("{}", share.get() / 100.0)>
                <section class="runs-table" aria-label="Runs" on:pointerenter=move |_| pipeline.is_held.set(true) on:pointerleave=move |_| pipeline.is_held.set(false)>
                    <Later><Table /></Later>
                    <Chosen />
                </section>
                {move || (layout.get() != Layout::Table).then(|| view! {
                    {(layout.get() == Layout::Split).then(|| view! {
                        <Splitter label="Width of the table" value=share on_move=Callback::new(move |to: f64| share.set(to)) home=TABLE_SHARE />
                    })}
                    <section class="runs-charts" aria-label="Charts"><Later><Charts /></Later></section>
                })}
            </div>
        </div>
    }
}

/// What the table's columns are: our own for each of the grid's.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    Choose,
    Eye,
    Field(Column),
}

#[component]
fn Table() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let more = Memo::new(move |_| {
        let numbers = app.experiments_in_view.get();
        let origins = app.session.with_value(|session| session.origins(&numbers));
        let mut more = Vec::new();
        if numbers.len() > 1 {
            more.push(Attribute::Experiment);
        }
        if origins > 1 {
            more.push(Attribute::Origin);
        }
        more
    });
    let narrow_list = Memo::new(move |_| app.view.with(|view| view.layout == Layout::Charts));
    let shown = Memo::new(move |_| {
        let base = pipeline.base.get();
        let sorted = app.view.with(|view| view.sort.as_ref().map(|(field, _)| field.clone()));
        let width_px = document::width_px();
        let table_px = if width_px <= BESIDE_PX { width_px } else { width_px * TABLE_SHARE / 100.0 };
        let room_px = table_px - CHOOSE_PX - EYE_PX;
        let mut columns =
            app.session.with_value(|session| more.with(|more| columns::of(&session.table, &base, more, room_px)));
        if narrow_list.get() {
            // beside the charts there is room for the name and what is sorted by
            columns.retain(|column| {
                let field = column.field.to_string();
                column.field == Field::Attribute(Attribute::RunName) || Some(&field) == sorted.as_ref()
            });
        }
        let fields = columns.into_iter().map(Shown::Field);
        Arc::new([Shown::Choose, Shown::Eye].into_iter().chain(fields).collect::<Vec<_>>())
    });
    let widths = Memo::new(move |_| app.view.with(|view| view.widths.clone()));
    let grid_columns = Memo::new(move |_| {
        let shown = shown.get();
        let of_group = |group: Group| {
            shown.iter().filter(|column| matches!(column, Shown::Field(column) if column.group == group)).count()
        };
        let width = |key: &str| {
            widths.with(|widths| widths.iter().find(|(of, _)| of == key).map(|(_, width)| f64::from(*width)))
        };
        let sorted = app.view.with(|view| view.sort.as_ref().map(|(field, _)| field.clone()));
        let mut columns: Vec<GridColumn> = shown.iter().map(|column| grid_column(column, of_group, width)).collect();
        for column in
            columns.iter_mut().filter(|column| Some(&column.key) == sorted.as_ref() && width(&column.key).is_none())
        {
            column.width_px += ARROW_PX;
        }
        if narrow_list.get() {
            // nothing scrolls sideways: the name takes what the others leave
            let others: f64 = columns.iter().filter(|column| !column.tree).map(|column| column.width_px).sum();
            for column in &mut columns {
                column.pinned = false;
                column.group = "".into();
                if column.tree {
                    column.width_px = (LIST_PX - others).max(120.0);
                }
            }
        }
        Arc::new(columns)
    });
    let row = move |index: usize| {
        let Some(line) = pipeline.row_at(index) else { return GridRow::default() };
        let selected = pipeline.selected.with(|selected| selected.contains(&line.row));
        app.session.with_value(|session| GridRow {
            id: app.run_names.with(|names| names.name(line.row).to_owned()),
            revision: app.asked.revision(line.row),
            name: run_label(&session.table, line.row).to_owned(),
            level: line.level,
            expanded: line.open,
            selected,
            dimmed: session.table.lifecycle.get(line.row as usize) == Some(&Lifecycle::Deleted),
            set_size: line.set_size,
            position: line.position,
        })
    };
    let cell = move |(index, column): (usize, usize)| {
        let Some(line) = pipeline.lines.with_untracked(|lines| lines.get(index).copied()) else { return ().into_any() };
        let column = shown.with_untracked(|shown| shown.get(column).cloned());
        match column {
            Some(Shown::Eye) => eye(app, pipeline, line.row),
            Some(Shown::Field(column)) if column.field == Field::Attribute(Attribute::RunName) => {
                name(app, pipeline, line.row, line.inside)
            }
            Some(Shown::Field(column)) => value(app, line.row, &column),
            Some(Shown::Choose) | None => ().into_any(),
        }
    };
    let sort = Signal::derive(move || {
        Some(app.view.with(|view| view.sort.clone()).unwrap_or(("start_time".to_owned(), true)))
    });
    let on_sort = move |key: String| {
        let act = crate::browser::signs::Act::start("sort");
        let numeric = Field::parse(&key).is_some_and(|field| crate::query::is_numeric(&field));
        app.tune(|view| {
            view.sort = match view.sort.take() {
                Some((field, descending)) if field == key => (descending == numeric).then_some((field, !descending)),
                _ if key == "start_time" => Some((key, false)),
                _ => Some((key, numeric)),
            };
        });
        act.shown();
    };
    let on_select = move |(index, how): (usize, SelectHow)| {
        let mut chosen = (*pipeline.selected.get_untracked()).clone();
        let row = |index: usize| pipeline.lines.with_untracked(|lines| lines.get(index).map(|line| line.row));
        let Some(at) = row(index) else { return };
        match how {
            SelectHow::Toggle => {
                if !chosen.remove(&at) {
                    chosen.insert(at);
                }
            }
            SelectHow::Range { from } => chosen.extend((from.min(index)..=from.max(index)).filter_map(row)),
        }
        pipeline.select(app, &chosen);
    };
    let all_selected = Signal::derive(move || {
        let (selected, lines) = (pipeline.selected.get(), pipeline.lines.get());
        let chosen = lines.iter().filter(|line| selected.contains(&line.row)).count();
        match chosen {
            0 => Some(false),
            all if all == lines.len() => Some(true),
            _ => None,
        }
    });
    let on_select_all = move |all: bool| {
        let rows = if all { pipeline.matching.get_untracked().iter().copied().collect() } else { HashSet::new() };
        pipeline.select(app, &rows);
    };
    let on_toggle = move |index: usize| {
        if let Some(line) = pipeline.lines.with_untracked(|lines| lines.get(index).copied()) {
            pipeline.closed.update(|closed| {
                if !closed.remove(&line.row) {
                    closed.insert(line.row);
                }
            });
        }
    };
    let on_open = move |index: usize| {
        if let Some(line) = pipeline.lines.with_untracked(|lines| lines.get(index).copied()) {
            run::go_to(app, line.row);
        }
    };
    let on_resize = move |(key, width): (String, f64)| {
        app.tune(|view| {
            view.widths.retain(|(other, _)| *other != key);
            view.widths.push((key, width.round().max(0.0) as u32));
        });
    };
    let on_key = move |(index, key): (usize, String)| {
        if key == "v" {
            if let Some(line) = pipeline.lines.with_untracked(|lines| lines.get(index).copied()) {
                pipeline.toggle_eye(app, line.row);
            }
        } else if key == "Escape" && pipeline.selected.with_untracked(|selected| !selected.is_empty()) {
            pipeline.select(app, &HashSet::new());
        } else {
            return false;
        }
        true
    };
    let locate = move |id: String| {
        let row = app.run_names.with_untracked(|names| names.number(&id))?;
        pipeline.lines.with_untracked(|lines| lines.iter().position(|line| line.row == row))
    };
    Effect::new(move || {
        if pipeline.lines.with(|lines| !lines.is_empty())
            && let Some(act) = app.act_first.get_value()
        {
            act.shown();
        }
    });
    let is_empty = Memo::new(move |_| pipeline.lines.with(|lines| lines.is_empty()));
    let is_loading = app.is_loading();
    view! {
        <Grid
            label=Signal::derive(move || format!("{} runs", pipeline.matching.with(|rows| rows.len())))
            role="treegrid"
            row_attribute="data-run"
            matching=Signal::derive(move || pipeline.matching.with(|rows| rows.len()))
            columns=grid_columns
            row_count=Signal::derive(move || pipeline.lines.with(|lines| lines.len()))
            row=Callback::new(row)
            cell=Callback::new(cell)
            sort=sort
            on_sort=Callback::new(on_sort)
            on_select=Callback::new(on_select)
            all_selected=all_selected
            on_select_all=Callback::new(on_select_all)
            on_open=Callback::new(on_open)
            on_toggle=Callback::new(on_toggle)
            on_resize=Callback::new(on_resize)
            on_key=Callback::new(on_key)
            locate=Callback::new(locate)
        />
        {move || is_empty.get().then(|| if is_loading.get() && !app.asked.is_broken_off() {
            view! { <div class="skel" aria-hidden="true">{(0..12).map(|_| view! { <i></i> }).collect_view()}</div> }.into_any()
        } else {
            view! { <NoRuns /> }.into_any()
        })}
    }
}

fn grid_column(column: &Shown, count_of: impl Fn(Group) -> usize, width: impl Fn(&str) -> Option<f64>) -> GridColumn {
    match column {
        Shown::Choose => GridColumn {
            key: "choose".to_owned(),
            group: "Run".into(),
            hint: "Choose".to_owned(),
            width_px: CHOOSE_PX,
            pinned: true,
            choose: true,
            narrow: true,
            ..GridColumn::default()
        },
        Shown::Eye => GridColumn {
            key: "eye".to_owned(),
            group: "Run".into(),
            hint: "Shown in charts".to_owned(),
            icon: Some(IconName::Eye),
            width_px: EYE_PX,
            pinned: true,
            narrow: true,
            ..GridColumn::default()
        },
        Shown::Field(column) => {
            let key = column.field.to_string();
            let is_name = column.field == Field::Attribute(Attribute::RunName);
            let is_status = column.field == Field::Attribute(Attribute::Status);
            let (label, hint) = heads(column);
            GridColumn {
                width_px: width(&key).unwrap_or(column.width_px),
                group: column.group.title(&count_of).into(),
                label,
                hint,
                unit: column.unit.to_owned(),
                align_right: column.numbers.is_some(),
                pinned: is_name,
                sortable: true,
                resizable: !is_status,
                tree: is_name,
                choose: false,
                narrow: is_status,
                icon: None,
                key,
            }
        }
    }
}

/// The head of a column, and what is said when the pointer rests on it.
fn heads(column: &Column) -> (String, String) {
    let both = |label: &str, hint: &str| (label.to_owned(), hint.to_owned());
    match &column.field {
        Field::Attribute(Attribute::RunName) => both("Name", "Name of the run"),
        Field::Attribute(Attribute::Status) => both("", "State of the run"),
        Field::Attribute(Attribute::StartTime) => both("Age", "How long ago the run started"),
        Field::Attribute(Attribute::Duration) => both("Took", "From start to end"),
        Field::Attribute(Attribute::UserId) => both("User", "Who ran it"),
        Field::Attribute(Attribute::Source) => both("Source", "The program that logged the run"),
        Field::Attribute(Attribute::Experiment) => both("Experiment", "Experiment of the run"),
        Field::Attribute(Attribute::Origin) => both("From", "Which of the things that were opened the run lies in"),
        field => (one_line(field.key(), 80), field.to_string()),
    }
}

/// Why the table is empty, and the way out.
#[component]
fn NoRuns() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    move || {
        let base = pipeline.base.with(|rows| rows.len());
        let query = pipeline.query.get();
        if base == 0 {
            if let Some(broken_off) = none_came(app) {
                return broken_off;
            }
            if let Some(there) = shown_elsewhere(app) {
                return there;
            }
            let elsewhere = app.view.with(|view| view.shown) == crate::view::Shown::Active;
            return view! {
                <div class="empty">
                    <Icon name=IconName::Chart />
                    <h2>"No runs here"</h2>
                    <p>"Runs appear when code logs to this experiment."{elsewhere.then_some(" Deleted ones are hidden.")}</p>
                    {elsewhere.then(|| view! {
                        <button type="button" class="btn" on:click=move |_| app.tune(|view| view.shown = crate::view::Shown::All)>"Show deleted runs as well"</button>
                    })}
                </div>
            }.into_any();
        }
        let best = pipeline.without_each(app).into_iter().max_by_key(|&(at, count)| (count, std::cmp::Reverse(at)));
        let helps = best.filter(|(_, count)| *count > 0 && query.clauses.len() > 1);
        let clause = |at: usize| query.clauses.get(at).map(|clause| clause.to_string()).unwrap_or_default();
        view! {
            <div class="empty">
                <Icon name=IconName::Filter />
                <h2>{format!("None of {} match", counted(base as u64, "run", "runs"))}</h2>
                {helps.map(|(at, count)| view! {
                    <p>"Taking out "<code>{clause(at)}</code>{format!(" alone would show {}.", counted(count as u64, "run", "runs"))}</p>
                })}
                <div class="line wrap centre">
                    {helps.map(|(at, _)| view! {
                        <button type="button" class="btn primary" on:click=move |_| app.tune(|view| view.filter = crate::query::without(&view.filter, at))>"Take it out"</button>
                    })}
                    <button type="button" class="btn" on:click=move |_| app.tune(|view| view.filter.clear())>"Clear the filter"</button>
                </div>
            </div>
        }.into_any()
    }
}

/// What stands for runs that are shown under another experiment, since the same were opened twice.
fn shown_elsewhere(app: App) -> Option<AnyView> {
    let experiments = app.experiments_in_view.get();
    let (runs, there, name, origin) = app.session.with_value(|session| {
        if session.table.experiment.iter().any(|number| experiments.contains(number)) {
            // it has others, which are hidden
            return None;
        }
        let (runs, there) = session.shown_elsewhere(&experiments)?;
        let experiment = session.experiments.get(there as usize)?;
        Some((runs, there, experiment.name.clone(), experiment.origin.clone()))
    })?;
    let names = app.experiment_names.get();
    let name_there = names.name(there).to_owned();
    let href = app.href(move |view| view.experiments = vec![name_there.clone()]);
    let (what, verb) = (counted(runs, "run", "runs"), if runs == 1 { "lies" } else { "lie" });
    Some(
        view! {
            <div class="empty">
                <Icon name=IconName::Chart />
                <h2>"Shown elsewhere"</h2>
                <p>{format!("Its {what} {verb} in {} as well, which was opened first.", one_line(&origin, 120))}</p>
                <a class="btn primary" href=href>{format!("Show them in {}", one_line(&name, 80))}</a>
            </div>
        }
        .into_any(),
    )
}

/// What can be done with the chosen runs; stands under the table while there are some.
#[component]
fn Chosen() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let total = Memo::new(move |_| pipeline.selected.with(|selected| selected.len()));
    let save = move |_| {
        let keys = app.session.with_value(|session| {
            let key = |row: &u32| session.table.key.get(*row as usize).map(|key| key.0.clone());
            pipeline.selected.with_untracked(|selected| selected.iter().filter_map(key).collect())
        });
        export::save(app, Chosen { runs: keys, ..Chosen::default() });
    };
    let only_these = move |_| {
        let selected = pipeline.selected.get_untracked();
        let names = app.run_names.get_untracked();
        let in_order: Vec<u32> = pipeline
            .matching
            .with_untracked(|rows| rows.iter().copied().filter(|row| selected.contains(row)).collect());
        app.tune(|view| view.eye = Some(in_order.iter().map(|&row| names.name(row).to_owned()).collect()));
    };
    move || {
        (total.get() > 0).then(|| view! {
        <div class="selbar" role="group" aria-label="Chosen runs">
            <span class="strong">{move || format!("{} chosen", count(total.get() as i64))}</span>
            <button type="button" class="btn" on:click=only_these><Icon name=IconName::Eye />"Show only these in charts"</button>
            <button type="button" class="btn" on:click=save><Icon name=IconName::Download />"Export"</button>
            <button type="button" class="btn quiet" on:click=move |_| pipeline.select(app, &HashSet::new())>"Clear "<kbd>"Esc"</kbd></button>
        </div>
    })
    }
}

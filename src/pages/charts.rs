//! Charts of the runs that have their eye on: one a metric, in sections by prefix. Only what is in sight is read and drawn.

use crate::browser::signs::Act;
use crate::browser::{Timer, now_ms, zone_minutes};
use crate::chart::{Axis, Bar, BarPlot, Form, LinePlot, Series};
use crate::model::MetricSeries;
use crate::pages::pipeline::Pipeline;
use crate::pages::state::App;
use crate::session::{History, Stretch};
use crate::sources::Fault;
use crate::view::XAxis;
use crate::view::curves::{Along, Chart, Section, along, points, sections, steps_within};
use crate::view::format::{count, counted, one_line};
use crate::view::names::run_label;
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::message::{Message, Tone};
use crate::widgets::plot::{LineChart, OneValueChart};
use crate::widgets::segmented::{Segment, Segmented};
use crate::widgets::turns::in_turns;
use leptos::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

/// Charts of a section that stand before "more".
const SHOWN_AT_FIRST: usize = 48;

/// Points that are asked for within a window over a sampled curve.
const POINTS_IN_WINDOW: u32 = 1_000;
/// How long a window stands still before that, milliseconds.
const REFINE_AFTER_MS: u32 = 250;

/// Charts that are built at once; the others follow, as many a turn.
const BUILT_AT_ONCE: usize = 3;

/// What all charts of a page share: the crosshair, the raised run, the window of x.
#[derive(Clone, Copy)]
struct Shared {
    cursor: RwSignal<Option<f64>>,
    raised: RwSignal<Option<u32>>,
    window: RwSignal<Option<(f64, f64)>>,
}

impl Shared {
    fn new() -> Shared {
        Shared { cursor: RwSignal::new(None), raised: RwSignal::new(None), window: RwSignal::new(None) }
    }
}

/// The charts of the runs page.
#[component]
pub fn Charts() -> impl IntoView {
    let app = App::get();
    let pipeline = Pipeline::get();
    let rows = pipeline.eye;
    let search = RwSignal::new(String::new());
    let all = Memo::new(move |_| {
        app.changed.track();
        let rows = rows.get();
        Arc::new(app.session.with_value(|session| sections(&session.table, &rows)))
    });
    let found = Memo::new(move |_| {
        let word = search.get().to_lowercase();
        let keep = |chart: &&Chart| chart.metric.to_lowercase().contains(&word);
        let sections = all.get();
        let some = sections.iter().map(|section| Section {
            prefix: section.prefix.clone(),
            charts: section.charts.iter().filter(keep).cloned().collect(),
        });
        Arc::new(some.filter(|section| !section.charts.is_empty()).collect::<Vec<_>>())
    });
    let total =
        Memo::new(move |_| all.with(|sections| sections.iter().map(|section| section.charts.len()).sum::<usize>()));
    let has_server = app.has_server();
    let words = move || {
        let (eyes, lines) = (rows.with(|rows| rows.len()), pipeline.matching.with(|rows| rows.len()));
        format!("{} of {} in charts", count(eyes as i64), counted(lines as u64, "run", "runs"))
    };
    view! {
        <div class="charts">
            <div class="ctl">
                <label class="input sm">
                    <Icon name=IconName::Search />
                    <input type="search" placeholder="Metric" aria-label="Find a metric" on:input:target=move |event| search.set(event.target().value()) />
                </label>
                <Axes />
            </div>
            <div class="ctl2"><span class="sub" role="status">{words}</span><span class="dim">{move || if has_server.get() { " · curves are sampled where they say so" } else { " · every point is drawn" }}</span></div>
            <div class="chart-scroll">
                {move || found.with(|sections| sections.is_empty()).then(|| {
                    let (title, text) = match (total.get(), rows.with(|rows| rows.is_empty())) {
                        (_, true) => ("No run is in the charts", "Turn on an eye in the table."),
                        (0, _) => ("No metrics", "The runs in the charts logged none."),
                        _ => ("No metric of that name", "Take a letter away."),
                    };
                    view! { <div class="empty"><Icon name=IconName::Chart /><h2>{title}</h2><p>{text}</p></div> }
                })}
                <Sections sections=found rows=rows />
            </div>
        </div>
    }
}

/// The charts of one run.
#[component]
pub fn RunCharts(row: u32) -> impl IntoView {
    let app = App::get();
    let rows = Memo::new(move |_| Arc::new(vec![row]));
    let found = Memo::new(move |_| {
        app.histories_changed.track();
        let sections = app.session.with_value(|session| sections(&session.table, &[row]));
        let several = |mut section: Section| {
            // a single value stands in the table above
            section.charts.retain(|chart| !chart.one_value);
            (!section.charts.is_empty()).then_some(section)
        };
        Arc::new(sections.into_iter().filter_map(several).collect::<Vec<_>>())
    });
    move || {
        (!found.with(|sections| sections.is_empty())).then(|| {
            view! {
                <div class="charts">
                    <div class="ctl"><Axes /></div>
                    <Sections sections=found rows=rows />
                </div>
            }
        })
    }
}

/// x axis, logarithm, smoothing; they hold for all charts and stand in the link.
#[component]
fn Axes() -> impl IntoView {
    let app = App::get();
    let option =
        |axis: XAxis, label: &str| Segment { value: axis, label: label.to_owned(), icon: None, word_may_go: false };
    let smoothing = Memo::new(move |_| app.view.with(|view| view.smoothing));
    view! {
        <Segmented
            label="x axis"
            class="sm"
            options=vec![option(XAxis::Step, "Step"), option(XAxis::Relative, "Relative"), option(XAxis::Time, "Time")]
            value=Signal::derive(move || app.view.with(|view| view.x))
            on_change=Callback::new(move |axis: XAxis| app.tune(|view| view.x = axis))
        />
        <button type="button" class="btn sm" class:on=move || app.view.with(|view| view.log_y) title="Logarithmic y axis"
            aria-pressed=move || app.view.with(|view| view.log_y).to_string()
            on:click=move |_| app.tune(|view| view.log_y = !view.log_y)>"log y"</button>
        <label class="smooth"><span class="word">"Smooth"</span>
            <input type="range" class="slider" min="0" max="0.99" step="0.01" aria-label="Smoothing"
                prop:value=move || smoothing.get().to_string()
                on:input:target=move |event| {
                    let weight = event.target().value().parse::<f64>().unwrap_or(0.0).clamp(0.0, 0.99);
                    app.tune(|view| view.smoothing = weight);
                } />
            <span class="num">{move || format!("{:.2}", smoothing.get())}</span>
        </label>
    }
}

#[component]
fn Sections(sections: Memo<Arc<Vec<Section>>>, rows: Memo<Arc<Vec<u32>>>) -> impl IntoView {
    let shared = Shared::new();
    provide_context(shared);
    let app = App::get();
    // another axis is another range
    Effect::new(move |last: Option<XAxis>| {
        let axis = app.view.with(|view| view.x);
        if last.is_some_and(|last| last != axis) {
            shared.window.set(None);
        }
        axis
    });
    let closed = RwSignal::new(HashSet::from(["system".to_owned()]));
    let most = Memo::new(move |_| {
        sections.with(|sections| sections.iter().map(|section| section.charts.len()).max().unwrap_or(0))
    });
    let built = in_turns(most, BUILT_AT_ONCE);
    let whole = RwSignal::new(HashSet::<String>::new());
    let prefixes = Memo::new(move |_| {
        sections.with(|sections| sections.iter().map(|section| section.prefix.clone()).collect::<Vec<_>>())
    });
    view! {
        <For each=move || prefixes.get() key=String::clone children=move |prefix| {
            let of = prefix.clone();
            let charts = Memo::new(move |_| sections.with(|sections| {
                sections.iter().find(|section| section.prefix == of).map(|section| section.charts.clone()).unwrap_or_default()
            }));
            let (one, two, three) = (prefix.clone(), prefix.clone(), prefix.clone());
            let is_open = Memo::new(move |_| !closed.with(|closed| closed.contains(&one)));
            let limit = Memo::new(move |_| if whole.with(|whole| whole.contains(&two)) { usize::MAX } else { SHOWN_AT_FIRST });
            let all_single = move || charts.with(|charts| charts.iter().all(|chart| chart.one_value));
            let title = if prefix.is_empty() { "metrics".to_owned() } else { prefix.clone() };
            let more = move || charts.with(|charts| charts.len()).saturating_sub(limit.get());
            view! {
                <section class="chart-section" data-section=title.clone()>
                    <h2 class="sec">
                        <button type="button" class="sec-toggle" aria-expanded=move || is_open.get().to_string() on:click=move |_| closed.update(|closed| {
                            if !closed.remove(&prefix) {
                                closed.insert(prefix.clone());
                            }
                        })>
                            {move || view! { <Icon name=if is_open.get() { IconName::CaretDown } else { IconName::ChevronRight } class="small" /> }}
                            {one_line(&title, 80)}<span class="n">{move || charts.with(|charts| charts.len())}</span>
                            {move || all_single().then(|| view! { <span class="n">"one value a run"</span> })}
                        </button>
                    </h2>
                    {move || is_open.get().then(|| view! {
                        <div class="chart-grid">
                            <For each=move || charts.with(|charts| charts.iter().take(limit.get().min(built.get())).cloned().collect::<Vec<_>>())
                                key=|chart| (chart.metric.clone(), chart.one_value)
                                children=move |chart| view! { <Card chart=chart rows=rows /> } />
                        </div>
                    })}
                    {move || (is_open.get() && more() > 0).then(|| {
                        let prefix = three.clone();
                        view! { <button type="button" class="link pad" on:click=move |_| whole.update(|whole| { whole.insert(prefix.clone()); })>{format!("{} more", more())}</button> }
                    })}
                </section>
            }
        } />
    }
}

/// What is known of the histories of one chart.
#[derive(Clone, Default)]
struct Known {
    read: Vec<(u32, Arc<MetricSeries>)>,
    waiting: usize,
    fault: Option<Fault>,
}

#[component]
fn Card(chart: Chart, rows: Memo<Arc<Vec<u32>>>) -> impl IntoView {
    if chart.one_value {
        view! { <Values metric=chart.metric rows=rows /> }.into_any()
    } else {
        view! { <Lines metric=chart.metric rows=rows /> }.into_any()
    }
}

#[component]
fn Lines(metric: String, rows: Memo<Arc<Vec<u32>>>) -> impl IntoView {
    let seen = RwSignal::new(false);
    let app = App::get();
    let shared = expect_context::<Shared>();
    let act = StoredValue::new_local(Some(Act::start("charts")));
    let key = StoredValue::new(metric.clone());
    let retries = RwSignal::new(0);
    let known = Memo::new_with_compare(
        move |last: Option<&Known>| {
            app.histories_changed.track();
            retries.track();
            // out of sight nothing new is asked for
            if !seen.get() {
                return last.cloned().unwrap_or_default();
            }
            let mut known = Known::default();
            for &row in rows.get().iter() {
                let logged =
                    app.session.with_value(|session| key.with_value(|key| session.table.metric(row, key).is_some()));
                if !logged {
                    continue;
                }
                match key.with_value(|key| app.history(row, key)) {
                    History::Waiting => known.waiting += 1,
                    History::Read(series) => known.read.push((row, series)),
                    History::Failed(fault) => known.fault = Some(fault),
                }
            }
            known
        },
        |_, _| true,
    );
    let axis = Memo::new(move |_| {
        let asked = app.view.with(|view| view.x);
        known.with(|known| along(asked, known.read.iter().map(|(_, series)| &**series)))
    });
    // a window over a curve that a server sampled asks for more of it, once it stands still
    let refining = StoredValue::new_local(None::<Timer>);
    Effect::new(move || {
        let Some(window) = shared.window.get() else { return refining.set_value(None) };
        let axis = axis.get_untracked();
        let read = known.with_untracked(|known| known.read.clone());
        let stretches: Vec<(u32, Stretch)> = read
            .iter()
            .filter(|(_, series)| series.is_sampled)
            .filter_map(|(row, series)| {
                let steps = steps_within(axis, series, window)?;
                Some((*row, Stretch { steps: Some(steps), enough: Some(POINTS_IN_WINDOW) }))
            })
            .collect();
        refining.set_value(Some(Timer::start(REFINE_AFTER_MS, move || {
            for (row, stretch) in &stretches {
                key.with_value(|key| app.more_of_history(*row, key, *stretch));
            }
        })));
    });
    let sampled = Memo::new(move |_| {
        known.with(|known| {
            let of = known.read.iter().filter(|(_, series)| series.is_sampled);
            let rows: Vec<u32> = of.clone().map(|(row, _)| *row).collect();
            let points: usize = of.clone().map(|(_, series)| series.len()).sum();
            let steps: i64 = of
                .filter_map(|(_, series)| {
                    Some(series.step.last()?.saturating_sub(*series.step.first()?).saturating_add(1))
                })
                .sum();
            (rows, points, steps)
        })
    });
    let all_points = move |_| {
        for row in sampled.get_untracked().0 {
            key.with_value(|key| app.more_of_history(row, key, Stretch::default()));
        }
    };
    let series = Memo::new_with_compare(
        move |_| {
            let axis = axis.get();
            known.with(|known| {
                known.read.iter().map(|(row, series)| one_series(app, *row, series, axis)).collect::<Vec<_>>()
            })
        },
        |_, _| true,
    );
    let plot = Memo::new(move |_| {
        let (log_y, smoothing) = app.view.with(|view| (view.log_y, view.smoothing));
        Arc::new(LinePlot {
            series: series.get(),
            x: chart_axis(axis.get()),
            log_y,
            smoothing,
            x_window: shared.window.get(),
        })
    });
    Effect::new(move || {
        if known.with(|known| known.waiting == 0)
            && let Some(act) = act.try_update_value(Option::take).flatten()
        {
            act.shown();
        }
    });
    let status = move || {
        let (waiting, read) = known.with(|known| (known.waiting, known.read.len()));
        if waiting > 0 {
            format!("Reading, {read} of {}", counted((read + waiting) as u64, "run", "runs"))
        } else {
            Default::default()
        }
    };
    let foot = move || match axis.get() {
        Along::TimeSinceStart => "All points lie on one step: the axis shows time.".to_owned(),
        Along::Index => "Steps and times are all the same: the axis counts points.".to_owned(),
        Along::Asked(_) => String::new(),
    };
    let fault = move || {
        known.with(|known| known.fault.clone()).map(|fault| {
            view! {
                <Message
                    tone=Tone::Failed
                    acts=move || view! {
                        <button type="button" class="btn sm" on:click=move |_| {
                            app.histories.update_value(crate::session::Histories::forget_failed);
                            retries.update(|count| *count += 1);
                        }><Icon name=IconName::Retry />"Retry"</button>
                    }
                >{fault.message}</Message>
            }
        })
    };
    view! {
        <div class="chart-card">
            <LineChart
                name=format!("metrics.{metric}")
                title=one_line(&metric, 80)
                plot=plot
                cursor=shared.cursor
                raised=shared.raised
                on_zoom=Callback::new(move |window: Option<(f64, f64)>| shared.window.set(window))
                in_sight=seen
                status=Signal::derive(status)
                foot=Signal::derive(foot)
            />
            {move || {
                let (rows, points, steps) = sampled.get();
                (!rows.is_empty()).then(|| view! {
                    <p class="sampled" data-sampled=points>
                        <span class="sub">{format!("{} of up to {} points, chosen by the server", count(points as i64), count(steps.max(points as i64)))}</span>
                        <button type="button" class="link" on:click=all_points>"All points"</button>
                    </p>
                })
            }}
            {fault}
        </div>
    }
}

fn one_series(app: App, row: u32, series: &MetricSeries, axis: Along) -> Series {
    let (xs, ys) = points(axis, series);
    let label = app.session.with_value(|session| one_line(run_label(&session.table, row), 60));
    let (color, dash) = app.colours.with_value(|colours| colours.of(row)).unwrap_or((0, 0));
    Series { id: row, color, dash, label: label.into(), xs: xs.into(), ys: ys.into() }
}

fn chart_axis(axis: Along) -> Axis {
    match axis {
        Along::Asked(XAxis::Step) => Axis::Step,
        Along::Asked(XAxis::Time) => Axis::Wall { zone_minutes: zone_minutes(now_ms()) },
        Along::Asked(XAxis::Relative) | Along::TimeSinceStart => Axis::Relative,
        Along::Index => Axis::Index,
    }
}

/// A metric with one value a run: nothing has to be read for it.
#[component]
fn Values(metric: String, rows: Memo<Arc<Vec<u32>>>) -> impl IntoView {
    let app = App::get();
    let shared = expect_context::<Shared>();
    let form = RwSignal::new(Form::Auto);
    let key = metric.clone();
    let plot = Memo::new(move |_| {
        app.changed.track();
        let rows = rows.get();
        let bars = app.session.with_value(|session| {
            rows.iter()
                .map(|&row| Bar {
                    id: row,
                    color: app.colours.with_value(|colours| colours.of(row)).map_or(0, |(color, _)| color),
                    label: one_line(run_label(&session.table, row), 60).into(),
                    value: session.table.metric(row, &key).map(|summary| summary.last),
                })
                .collect()
        });
        Arc::new(BarPlot { bars, form: form.get(), ascending: false })
    });
    view! {
        <div class="chart-card">
            <OneValueChart
                name=format!("metrics.{metric}")
                title=one_line(&metric, 80)
                plot=plot
                raised=shared.raised
                on_form=Callback::new(move |chosen: Form| form.set(chosen))
                in_sight=RwSignal::new(false)
            />
        </div>
    }
}

//! The cells of the runs table, and a run's state as it is shown everywhere.

use crate::browser::now_ms;
use crate::model::{Attribute, Field, RunStatus};
use crate::pages::pipeline::Pipeline;
use crate::pages::run;
use crate::pages::state::{App, zone};
use crate::view::columns::{self, Column};
use crate::view::format::{Numbers, age, count, date_time, exact, one_line};
use crate::view::names::run_label;
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// Longest text of a cell; the whole text is in its title.
const CELL_CHARS: usize = 160;

/// The button that takes a run into the charts or out of them.
pub(super) fn eye(app: App, pipeline: Pipeline, row: u32) -> AnyView {
    let on = Memo::new(move |_| pipeline.eye.with(|eye| eye.contains(&row)));
    let label = app.session.with_value(|session| format!("{} in charts", run_label(&session.table, row)));
    view! {
        <button type="button" class="eye" class:off=move || !on.get() tabindex="-1" aria-label=label title="Show in charts (v)"
            aria-pressed=move || on.get().to_string() on:click=move |event| {
                event.stop_propagation();
                pipeline.toggle_eye(app, row);
            }>
            {move || view! { <Icon name=if on.get() { IconName::Eye } else { IconName::EyeOff } /> }}
        </button>
    }.into_any()
}

/// The dot in the run's colour, and its name as a link.
pub(super) fn name(app: App, pipeline: Pipeline, row: u32, inside: u32) -> AnyView {
    let on = Memo::new(move |_| pipeline.eye.with(|eye| eye.contains(&row)));
    let colour = move || {
        let colour = app.colours.with_value(|colours| colours.of(row)).filter(|_| on.get());
        colour.map(|(colour, _)| format!("var(--run-{})", colour + 1))
    };
    let label = app.session.with_value(|session| run_label(&session.table, row).to_owned());
    view! {
        <i class="dot" class:off=move || !on.get() style:--c=colour></i>
        <a class="cut ink" href=run::href(app, row) tabindex="-1" title=label.clone()>{one_line(&label, CELL_CHARS)}</a>
        {(inside > 0).then(|| view! { <span class="inside">{format!("{inside} inside")}</span> })}
    }
    .into_any()
}

/// Any other cell: as short as the column needs it, whole in the title.
pub(super) fn value(app: App, row: u32, column: &Column) -> AnyView {
    app.session.with_value(|session| {
        let table = &session.table;
        let at = row as usize;
        let none = || view! { <span class="none" title="not logged">"–"</span> }.into_any();
        let text = |text: Option<&str>| match text {
            Some("") => view! { <span class="none" title="empty text">"empty"</span> }.into_any(),
            Some(text) => {
                let short = one_line(text, CELL_CHARS);
                let cut = short != text;
                view! { <span class="cut" title=cut.then(|| text.to_owned())>{short}</span> }.into_any()
            }
            None => none(),
        };
        match &column.field {
            Field::Attribute(Attribute::Status) => status_icon(table.status[at]).into_any(),
            Field::Attribute(Attribute::StartTime) => match table.start_ms[at] {
                Some(start) => {
                    view! { <span class="dim" title=date_time(start, zone())>{age(start, now_ms())}</span> }.into_any()
                }
                None => none(),
            },
            Field::Attribute(Attribute::Duration) => match (table.duration_ms(row), column.numbers) {
                (Some(ms), Some(numbers)) => {
                    let rounded = (ms as f64 / column.unit_ms as f64 * 10.0).round() / 10.0;
                    view! { <span title=crate::view::format::duration(ms)>{numbers.text(rounded)}</span> }.into_any()
                }
                _ => none(),
            },
            Field::Attribute(Attribute::UserId) => text(table.user.get(row)),
            Field::Attribute(Attribute::Source) => {
                let whole = table.tag(row, "mlflow.source.name").map(str::to_owned);
                match columns::source(table, row) {
                    Some(short) => {
                        view! { <span class="cut" title=whole>{one_line(short, CELL_CHARS)}</span> }.into_any()
                    }
                    None => none(),
                }
            }
            Field::Attribute(Attribute::Experiment) => {
                let number = table.experiment[at] as usize;
                text(session.experiments.get(number).map(|experiment| experiment.name.as_str()))
            }
            Field::Attribute(Attribute::Origin) => {
                let number = table.experiment[at] as usize;
                text(session.experiments.get(number).map(|experiment| experiment.origin.as_str()))
            }
            Field::Param(key) => text(table.param(row, key)),
            Field::Tag(key) => text(table.tag(row, key)),
            Field::Metric(key) => match table.metric(row, key) {
                Some(summary) => {
                    let numbers = column.numbers.unwrap_or(Numbers::Fixed(4));
                    let points = if summary.count > 1 {
                        format!(", last of {} points", count(i64::from(summary.count)))
                    } else {
                        String::new()
                    };
                    let title = format!("{}{points}", exact(summary.last));
                    view! { <span class:nan=!summary.last.is_finite() title=title>{numbers.text(summary.last)}</span> }
                        .into_any()
                }
                None => none(),
            },
            _ => none(),
        }
    })
}

fn status_parts(status: RunStatus) -> (IconName, &'static str, &'static str) {
    match status {
        RunStatus::Running => (IconName::Running, "running", "running"),
        RunStatus::Scheduled => (IconName::Scheduled, "running", "scheduled"),
        RunStatus::Finished => (IconName::Finished, "finished", "finished"),
        RunStatus::Failed => (IconName::Failed, "failed", "failed"),
        RunStatus::Killed => (IconName::Killed, "failed", "killed"),
    }
}

/// A state as an icon, with its word for those who can not see it.
fn status_icon(status: RunStatus) -> impl IntoView {
    let (icon, class, word) = status_parts(status);
    view! { <span class=class title=word><Icon name=icon /><span class="sr">{word}</span></span> }
}

/// A state as icon and word.
pub(super) fn status_mark(status: RunStatus) -> impl IntoView {
    let (icon, class, word) = status_parts(status);
    let class = if class == "finished" { "mark quiet".to_owned() } else { format!("mark {class}") };
    view! { <span class=class data-status=status.word()><Icon name=icon />{word}</span> }
}

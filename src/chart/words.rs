//! What a chart says in words: to a screen reader, beside the pointer, on the chip of a zoom. It must not know how they
//! are shown.

use super::bar::{BarLayout, BarPlot, Drawn, Form};
use super::format::{Shape, fixed, short};
use super::hover::Hover;
use super::line::{Axis, LineLayout, LinePlot};
use super::time::{clock_text, duration_text};
use std::sync::Arc;

/// A row of what the crosshair reads.
#[derive(Clone, Debug, PartialEq)]
pub struct TipRow {
    /// Of the series.
    pub id: u32,
    /// Which of the run colours.
    pub color: u8,
    /// Of the series.
    pub label: Arc<str>,
    /// Its value, with the digits of all.
    pub value: String,
    /// Nearest to the pointer.
    pub is_nearest: bool,
}

/// What the crosshair reads, as far as it fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tip {
    /// Largest value first.
    pub rows: Vec<TipRow>,
    /// What has no row: `3 higher, 2 lower, 1 ended before`. May be empty.
    pub rest: String,
}

/// An x as a reader would say it: `step 27,370`.
pub fn x_text(axis: Axis, x: f64) -> String {
    let whole = |x: f64| fixed(x, if x.fract() == 0.0 { 0 } else { 1 });
    match axis {
        Axis::Step => format!("step {}", whole(x)),
        Axis::Index => format!("point {}", whole(x)),
        Axis::Relative => duration_text(x),
        Axis::Wall { zone_minutes } => clock_text(x, zone_minutes),
    }
}

/// A part of x, for the chip that resets it: `25k to 46.9k`.
pub fn window_text(axis: Axis, (low, high): (f64, f64)) -> String {
    let exactly = |x: f64| match axis {
        // Three digits must tell both ends apart.
        Axis::Step | Axis::Index if (high - low) < high.abs().max(low.abs()) * 0.05 => fixed(x, 0),
        Axis::Step | Axis::Index => short(x),
        Axis::Relative => duration_text(x),
        Axis::Wall { zone_minutes } => clock_text(x, zone_minutes),
    };
    format!("{} to {}", exactly(low), exactly(high))
}

/// As many rows as fit, the nearest among them.
pub fn tip(hover: &Hover, fit: usize) -> Tip {
    let shape = Shape::of(hover.rows.iter().map(|row| row.value));
    let count = hover.rows.len();
    // The line that counts the rest takes the room of a row: one row more fits when nothing is left to count.
    let is_whole = count == fit + 1 && hover.ended + hover.not_begun == 0;
    let fit = if is_whole { count } else { fit.max(1) };
    let start = match hover.nearest {
        Some(nearest) if count > fit => nearest.saturating_sub(fit / 2).min(count - fit),
        _ => 0,
    };
    let rows = hover.rows.iter().enumerate().skip(start).take(fit).map(|(number, row)| TipRow {
        id: row.id,
        color: row.color,
        label: row.label.clone(),
        value: shape.text(row.value),
        is_nearest: hover.nearest == Some(number),
    });
    let parts = [
        (start, "higher"),
        (count.saturating_sub(start + fit), if start == 0 { "more" } else { "lower" }),
        (hover.ended, "ended before"),
        (hover.not_begun, "not begun"),
    ];
    let rest: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    Tip { rows: rows.collect(), rest: rest.join(", ") }
}

/// The crosshair for a screen reader, the nearest line first.
pub fn hover_sentence(hover: &Hover, axis: Axis, x: f64) -> String {
    const SAID: usize = 5;
    let tip = tip(hover, SAID);
    let (nearest, others): (Vec<&TipRow>, Vec<&TipRow>) = tip.rows.iter().partition(|row| row.is_nearest);
    let rows: Vec<String> = nearest.iter().chain(&others).map(|row| format!("{} {}", row.label, row.value)).collect();
    let rest = if tip.rest.is_empty() { String::new() } else { format!("; {}", tip.rest) };
    format!("{}: {}{rest}", x_text(axis, x), if rows.is_empty() { "no line".to_owned() } else { rows.join(", ") })
}

fn count_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The name of a line chart's picture.
pub fn line_sentence(title: &str, plot: &LinePlot, layout: &LineLayout) -> String {
    let along = match plot.x {
        Axis::Step => "step",
        Axis::Index => "point",
        Axis::Relative => "time since the start",
        Axis::Wall { .. } => "time",
    };
    let lines = count_of(plot.series.len(), "line", "lines");
    if layout.points_total == 0 {
        return format!("{title} by {along}: {lines}, no points in view");
    }
    let zoomed = if plot.x_window.is_some() { ", zoomed" } else { "" };
    let log = if plot.log_y { ", logarithmic" } else { "" };
    let window = window_text(plot.x, (layout.x.low, layout.x.high));
    let values = match layout.y_ticks.is_empty() {
        true => "no numbers".to_owned(),
        false => format!("values {} to {}", short(layout.y.low), short(layout.y.high)),
    };
    let notes: String = layout.notes.iter().map(|note| format!(", {}", note.text)).collect();
    format!("{title} by {along}: {lines}, {window}{zoomed}, {values}{log}{notes}")
}

/// The name of a picture of one value a run; with all of them where there are few.
pub fn bars_sentence(title: &str, plot: &BarPlot, layout: &BarLayout) -> String {
    let form = match (layout.is_strip, layout.form) {
        (true, _) => "a strip of dots",
        (false, Form::Dots) => "dots",
        _ => "bars from zero",
    };
    let values = count_of(plot.values().count(), "value", "values");
    if layout.is_strip {
        let note = layout.note.as_deref().map_or(String::new(), |note| format!(", {note}"));
        return format!("{title} as {form}: {values} from {} to {}{note}", short(layout.x.low), short(layout.x.high));
    }
    let rows: Vec<String> = layout
        .rows
        .iter()
        .map(|row| match row.drawn {
            Drawn::Words(words) => format!("{} {words}", row.name),
            _ => format!("{} {}", row.name, row.text),
        })
        .collect();
    format!("{title} as {form}: {}", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::hover::HoverRow;
    use super::*;

    fn hover(count: u32, nearest: Option<usize>) -> Hover {
        let row = |id: u32| HoverRow {
            id,
            color: 0,
            label: format!("run-{id}").into(),
            x: 3.0,
            value: f64::from(count - id) / 8.0,
            at: None,
        };
        Hover { rows: (0..count).map(row).collect(), nearest, ended: 2, not_begun: 0 }
    }

    #[test]
    fn tips_hold_the_nearest() {
        for (count, nearest, fit, first, rest) in [
            (3, Some(1), 5, "run-0", "2 ended before"),
            (9, None, 5, "run-0", "4 more, 2 ended before"),
            (9, Some(8), 5, "run-4", "4 higher, 2 ended before"),
            (9, Some(4), 5, "run-2", "2 higher, 2 lower, 2 ended before"),
        ] {
            let tip = tip(&hover(count, nearest), fit);
            assert_eq!((&*tip.rows[0].label, tip.rest.as_str()), (first, rest));
            assert_eq!(tip.rows.iter().any(|row| row.is_nearest), nearest.is_some());
        }
        assert_eq!(tip(&Hover::default(), 5), Tip::default());
        let ten = Hover { ended: 0, ..hover(10, None) };
        assert_eq!((tip(&ten, 9).rows.len(), tip(&ten, 8).rows.len()), (10, 8));
        assert_eq!(
            hover_sentence(&hover(2, Some(1)), Axis::Step, 27370.0),
            "step 27,370: run-1 0.125, run-0 0.250; 2 ended before"
        );
    }

    #[test]
    fn windows() {
        for (axis, window, expected) in [
            (Axis::Step, (25_000.0, 46_920.0), "25k to 46.9k"),
            (Axis::Step, (25_000.0, 25_100.0), "25,000 to 25,100"),
            (Axis::Relative, (0.0, 60_000.0), "0 ms to 1 m 0 s"),
        ] {
            assert_eq!(window_text(axis, window), expected);
        }
    }
}

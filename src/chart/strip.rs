//! A strip: one dot a run on one line, stacked where they would lie on each other.

use super::bar::{Bar, BarLayout, BarPlot, BarRow, Drawn, Form, x_ticks};
use super::bounds::{LARGEST, extent, with_air};
use super::format::Shape;
use super::scale::{Scale, ScaleKind};
use super::{Area, Measure, Size};
use std::collections::HashMap;

/// CSS pixels.
pub const HEIGHT: f64 = 120.0;
const RADIUS: f64 = 3.5;
const SIDE: f64 = 12.0;

/// Dots at their values. Those that share a column of a dot's width stand in a stack about the middle line, closer
/// together when the stack would be too high.
pub fn layout(plot: &BarPlot, sorted: &[&Bar], size: Size, measure: Measure<'_>) -> BarLayout {
    let shape = Shape::of(plot.values());
    let area = Area { left: SIDE, top: 4.0, right: (size.width - SIDE).max(SIDE + 10.0), bottom: size.height - 22.0 };
    let reach = (area.left + 6.0, area.right - 6.0);
    let x = Scale::new(ScaleKind::Linear, with_air(extent(plot.values()), ScaleKind::Linear), reach);
    let column = |value: f64| (x.px(value) / (RADIUS * 2.0)).floor() as i64;
    let shown: Vec<(&Bar, f64)> = sorted
        .iter()
        .filter_map(|bar| bar.value.filter(|value| value.abs() <= LARGEST).map(|value| (*bar, value)))
        .collect();
    let mut heights: HashMap<i64, usize> = HashMap::new();
    for (_, value) in &shown {
        *heights.entry(column(*value)).or_default() += 1;
    }
    let middle = (area.top + area.bottom) / 2.0;
    let room = (area.height() - RADIUS * 2.0).max(0.0);
    let mut placed: HashMap<i64, usize> = HashMap::new();
    let rows = shown.iter().map(|(bar, value)| {
        let column = column(*value);
        let (number, height) = (placed.entry(column).or_default(), heights.get(&column).copied().unwrap_or(1));
        let spacing = (RADIUS * 2.0 + 1.0).min(room / (height.max(2) - 1) as f64);
        let y = middle + (*number as f64 - (height - 1) as f64 / 2.0) * spacing;
        *number += 1;
        BarRow {
            id: bar.id,
            color: bar.color,
            name: bar.label.clone(),
            label: String::new(),
            strong_label: String::new(),
            middle: y,
            text: shape.text(*value),
            drawn: Drawn::Dot { at: (x.px(*value), y), radius: RADIUS },
        }
    });
    let rows: Vec<BarRow> = rows.collect();
    let not_logged = sorted.iter().filter(|bar| bar.value.is_none()).count();
    let no_number = sorted.len() - not_logged - rows.len();
    let words: Vec<String> = [(not_logged, "not logged"), (no_number, "NaN or Inf")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    BarLayout {
        size,
        plot: area,
        x,
        ticks: if rows.is_empty() { Vec::new() } else { x_ticks(&x, (0.0, size.width), measure) },
        rows,
        pitch: 0.0,
        form: Form::Dots,
        is_strip: true,
        note: (!words.is_empty()).then(|| words.join(", ")),
    }
}

//! What lies under the pointer. Nothing is interpolated: a value is a logged one, at the logged point nearest to the
//! crosshair.

use super::bar::{BarLayout, Drawn};
use super::line::{LineLayout, LinePlot};
use std::sync::Arc;

/// One line at the crosshair.
#[derive(Clone, Debug, PartialEq)]
pub struct HoverRow {
    /// Of the series.
    pub id: u32,
    /// Of the series.
    pub color: u8,
    /// Of the series.
    pub label: Arc<str>,
    /// Where it was logged.
    pub x: f64,
    /// As logged, smoothing aside.
    pub value: f64,
    /// Where the drawn line is there; `None` where it has no place.
    pub at: Option<(f64, f64)>,
}

/// All lines at the crosshair.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hover {
    /// By value, largest first; what is no number last.
    pub rows: Vec<HoverRow>,
    /// Number in `rows` of the line nearest to the pointer.
    pub nearest: Option<usize>,
    /// Lines whose points all lie before x.
    pub ended: usize,
    /// Lines whose points all lie after x.
    pub not_begun: usize,
}

/// Place of the point nearest to `x`; of several on one x the last.
fn nearest_point(xs: &[f64], is_sorted: bool, x: f64) -> Option<usize> {
    if !is_sorted {
        let distance = |at: &usize| xs.get(*at).map_or(f64::INFINITY, |found| (found - x).abs());
        return (0..xs.len()).rev().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    }
    let after = xs.partition_point(|found| *found <= x);
    let before = after.checked_sub(1);
    match (before.and_then(|at| xs.get(at)), xs.get(after)) {
        (Some(left), Some(right)) if right - x < x - left => {
            Some(xs.partition_point(|found| found <= right).saturating_sub(1))
        }
        (Some(_), _) => before,
        (None, Some(first)) => Some(xs.partition_point(|found| found <= first).saturating_sub(1)),
        (None, None) => None,
    }
}

/// Reads all series at `x` (in the axis' numbers). `pointer_y`, in pixels, finds the nearest line.
pub fn hover(plot: &LinePlot, layout: &LineLayout, x: f64, pointer_y: Option<f64>) -> Hover {
    let mut found = Hover::default();
    // A point this near still counts where a series ends or begins: four pixels.
    let slack = (layout.x.high - layout.x.low) * 4.0 / layout.plot.width().max(1.0);
    for (number, series) in plot.series.iter().enumerate() {
        let is_sorted = layout.is_sorted.get(number).copied().unwrap_or(false);
        let Some(at) = nearest_point(&series.xs, is_sorted, x) else { continue };
        let (Some(&point_x), Some(&value)) = (series.xs.get(at), series.ys.get(at)) else { continue };
        let is_outermost = |ahead: bool| match is_sorted {
            true => series.xs.get(if ahead { series.xs.len() - 1 } else { 0 }) == Some(&point_x),
            false => !series.xs.iter().any(|other| if ahead { *other > point_x } else { *other < point_x }),
        };
        if point_x < x - slack && is_outermost(true) {
            found.ended += 1;
            continue;
        }
        if point_x > x + slack && is_outermost(false) {
            found.not_begun += 1;
            continue;
        }
        let drawn = layout.drawn.get(number).and_then(|drawn| drawn.get(at)).copied().unwrap_or(value);
        let place = (layout.x.px(point_x), layout.y.px(drawn));
        let is_in_plot = (layout.plot.left - 1.0..=layout.plot.right + 1.0).contains(&place.0) && place.1.is_finite();
        found.rows.push(HoverRow {
            id: series.id,
            color: series.color,
            label: series.label.clone(),
            x: point_x,
            value,
            at: is_in_plot.then_some(place),
        });
    }
    let rank = |value: f64| if value.is_nan() { f64::INFINITY } else { -value };
    found.rows.sort_by(|a, b| rank(a.value).total_cmp(&rank(b.value)));
    found.nearest = pointer_y.and_then(|y| {
        let distance = |row: &HoverRow| row.at.map_or(f64::INFINITY, |at| (at.1 - y).abs());
        let rows = found.rows.iter().enumerate().filter(|(_, row)| row.at.is_some());
        rows.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(number, _)| number)
    });
    found
}

/// The next logged x of one series (the first, unless `id` names another), or the one before: for the arrow keys.
pub fn next_x(plot: &LinePlot, layout: &LineLayout, id: Option<u32>, from: Option<f64>, ahead: bool) -> Option<f64> {
    let named = id.and_then(|id| plot.series.iter().find(|series| series.id == id));
    let series = named.or(plot.series.first())?;
    let shown = series.xs.iter().copied().filter(|x| (layout.x.low..=layout.x.high).contains(x));
    match (from, ahead) {
        (Some(from), true) => shown.filter(|x| *x > from).reduce(f64::min).or(Some(from)),
        (Some(from), false) => shown.filter(|x| *x < from).reduce(f64::max).or(Some(from)),
        (None, true) => shown.reduce(f64::min),
        (None, false) => shown.reduce(f64::max),
    }
}

/// The row of a bar chart, or the dot of a strip, at a pixel.
pub fn bar_at(layout: &BarLayout, x: f64, y: f64) -> Option<usize> {
    let distance = |number: &usize| {
        layout.rows.get(*number).map_or(f64::INFINITY, |row| match row.drawn {
            Drawn::Dot { at, .. } if layout.is_strip => (at.0 - x).hypot(at.1 - y),
            _ => (row.middle - y).abs(),
        })
    };
    let nearest = (0..layout.rows.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let reach = if layout.is_strip { 16.0 } else { layout.pitch };
    (distance(&nearest) <= reach).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Axis, LinePlot, Series, line_layout};
    use super::super::{Size, Weight};
    use super::{hover, nearest_point, next_x};

    fn plot(series: &[(&str, &[f64], &[f64])]) -> LinePlot {
        let one = |(number, (label, xs, ys)): (usize, &(&str, &[f64], &[f64]))| Series {
            id: number as u32 + 1,
            color: number as u8,
            dash: 0,
            label: (*label).into(),
            xs: (*xs).into(),
            ys: (*ys).into(),
        };
        let series = series.iter().enumerate().map(one).collect();
        LinePlot { series, x: Axis::Step, log_y: false, smoothing: 0.0, x_window: None }
    }

    #[test]
    fn nearest() {
        for (xs, x, expected) in [
            (&[0.0, 10.0, 20.0][..], 4.0, Some(0)),
            (&[0.0, 10.0, 20.0], 6.0, Some(1)),
            (&[0.0, 10.0, 20.0], 99.0, Some(2)),
            (&[0.0, 10.0, 10.0, 20.0], 9.0, Some(2)),
            (&[5.0, 5.0], 0.0, Some(1)),
            (&[], 0.0, None),
        ] {
            assert_eq!(nearest_point(xs, true, x), expected);
            assert_eq!(nearest_point(xs, false, x), expected);
        }
        assert_eq!(nearest_point(&[20.0, 0.0, 10.0], false, 9.0), Some(2));
    }

    #[test]
    fn rows_by_value_and_who_is_missing() {
        let xs: Vec<f64> = (0..=100).map(f64::from).collect();
        let up: Vec<f64> = xs.clone();
        let down: Vec<f64> = xs.iter().map(|x| 100.0 - x).collect();
        let nan: Vec<f64> = xs.iter().map(|x| if *x > 50.0 { f64::NAN } else { 1.0 }).collect();
        let plot = plot(&[("up", &xs, &up), ("down", &xs, &down), ("nan", &xs, &nan), ("short", &xs[..20], &up[..20])]);
        let measure = |text: &str, _: Weight| text.chars().count() as f64 * 6.0;
        let layout = line_layout(&plot, Size { width: 400.0, height: 184.0, density: 1.0 }, &measure);
        let found = hover(&plot, &layout, 80.2, Some(layout.y.px(21.0)));
        let rows: Vec<(&str, f64)> = found.rows.iter().map(|row| (&*row.label, row.x)).collect();
        assert_eq!(rows, [("up", 80.0), ("down", 80.0), ("nan", 80.0)]);
        assert!(found.rows[2].value.is_nan() && found.rows[2].at.is_none());
        assert_eq!((found.nearest, found.ended, found.not_begun), (Some(1), 1, 0));
        assert_eq!(next_x(&plot, &layout, None, Some(80.0), true), Some(81.0));
        assert_eq!(next_x(&plot, &layout, Some(4), None, false), Some(19.0));
        assert_eq!(next_x(&plot, &layout, None, Some(100.0), true), Some(100.0));
    }
}

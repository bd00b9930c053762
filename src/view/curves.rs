//! Which charts there are: one a metric, in sections by prefix, for the runs that have their eye on.

use crate::model::{MetricSeries, RunTable};
use crate::view::XAxis;
use crate::view::columns::natural;
use std::collections::HashMap;

/// How many runs have their eye on from the start.
pub const FIRST_EYES: usize = 10;

/// Charts under one prefix.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The part of the key before its first `/`; empty for keys without.
    pub prefix: String,
    /// Metric keys.
    pub charts: Vec<Chart>,
}

/// One chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The metric key.
    pub metric: String,
    /// Whether no run in view logged it more than once: it is drawn over runs.
    pub one_value: bool,
}

/// The rows that have their eye on, in the table's order: the named ones, else the first ten.
pub fn with_eye(lines: &[u32], named: Option<&[u32]>) -> Vec<u32> {
    match named {
        Some(named) => lines.iter().copied().filter(|row| named.contains(row)).collect(),
        None => lines.iter().copied().take(FIRST_EYES).collect(),
    }
}

/// The sections for `rows`, metrics without prefix first, `system` last.
pub fn sections(table: &RunTable, rows: &[u32]) -> Vec<Section> {
    let mut charts: Vec<Chart> = Vec::new();
    for (key, column) in table.metrics.iter() {
        let mut logged = rows.iter().filter_map(|&row| column.get(row)).peekable();
        if logged.peek().is_some() {
            charts.push(Chart { metric: key.to_owned(), one_value: logged.all(|summary| summary.is_single()) });
        }
    }
    charts.sort_by(|a, b| natural(&a.metric, &b.metric, true));
    let mut sections: Vec<Section> = Vec::new();
    for chart in charts {
        let prefix = chart.metric.split_once('/').map_or("", |(prefix, _)| prefix);
        match sections.last_mut().filter(|section| section.prefix == prefix) {
            Some(section) => section.charts.push(chart),
            None => sections.push(Section { prefix: prefix.to_owned(), charts: vec![chart] }),
        }
    }
    sections
}

/// What the x values are, which may not be what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// As asked.
    Asked(XAxis),
    /// All points of several lie on one step: time since the first point.
    TimeSinceStart,
    /// Neither steps nor times differ: the order in which points were logged.
    Index,
}

/// Where steps and times of these histories differ; one choice for the whole chart.
pub fn along<'a>(asked: XAxis, series: impl IntoIterator<Item = &'a MetricSeries>) -> Along {
    let (mut several, mut steps_differ, mut times_differ) = (false, false, false);
    for series in series.into_iter().filter(|series| series.len() > 1) {
        several = true;
        steps_differ |= series.step.first() != series.step.last();
        times_differ |= series.time_ms.iter().any(|time| Some(time) != series.time_ms.first());
    }
    match asked {
        _ if !several => Along::Asked(asked),
        XAxis::Step if steps_differ => Along::Asked(asked),
        XAxis::Step if times_differ => Along::TimeSinceStart,
        XAxis::Time | XAxis::Relative if times_differ => Along::Asked(asked),
        _ => Along::Index,
    }
}

/// The x values of one history.
pub fn x_values(along: Along, series: &MetricSeries) -> Vec<f64> {
    let since_start = || {
        let start = series.time_ms.iter().copied().min().unwrap_or(0);
        series.time_ms.iter().map(|&time| time.saturating_sub(start) as f64).collect()
    };
    match along {
        Along::Asked(XAxis::Step) => series.step.iter().map(|&step| step as f64).collect(),
        Along::Asked(XAxis::Time) => series.time_ms.iter().map(|&time| time as f64).collect(),
        Along::Asked(XAxis::Relative) | Along::TimeSinceStart => since_start(),
        Along::Index => (0..series.len()).map(|at| at as f64).collect(),
    }
}

/// x and y by ascending x; a chart can not draw what goes back in time, and a resumed run's clock may.
pub fn points(along: Along, series: &MetricSeries) -> (Vec<f64>, Vec<f64>) {
    let xs = x_values(along, series);
    if xs.is_sorted() {
        return (xs, series.value.clone());
    }
    let mut order: Vec<usize> = (0..xs.len()).collect();
    order.sort_by(|&a, &b| xs[a].total_cmp(&xs[b]));
    (order.iter().map(|&at| xs[at]).collect(), order.iter().map(|&at| series.value[at]).collect())
}

/// First and last step of what a window over the x values shows of a sampled history, with its neighbours on both sides; `None` where
/// no step can lie between those that are here.
pub fn steps_within(along: Along, series: &MetricSeries, window: (f64, f64)) -> Option<(i64, i64)> {
    let xs = x_values(along, series);
    let within = |x: &f64| window.0 <= *x && *x <= window.1;
    let first = xs.iter().position(within).unwrap_or_else(|| xs.iter().take_while(|x| **x < window.0).count());
    let last = xs.iter().rposition(within).unwrap_or(first);
    let (first, last) = (first.saturating_sub(1), (last + 1).min(series.len().checked_sub(1)?));
    let steps = (*series.step.get(first)?, *series.step.get(last)?);
    let has_gaps = steps.1.saturating_sub(steps.0) > (last - first) as i64;
    has_gaps.then_some(steps)
}

/// Colours of runs: a run gets the next colour when it is first shown and keeps it.
#[derive(Clone, Debug, Default)]
pub struct Colours {
    slot_of: HashMap<u32, u32>,
}

impl Colours {
    /// How many colours there are before the dash changes.
    pub const COUNT: u32 = 20;

    /// Gives each of `rows` a colour that has none yet.
    pub fn show(&mut self, rows: &[u32]) {
        for &row in rows {
            let next = self.slot_of.len() as u32;
            self.slot_of.entry(row).or_insert(next);
        }
    }

    /// Colour (0 to 19) and dash (0 to 2) of a run that was shown.
    pub fn of(&self, row: u32) -> Option<(u8, u8)> {
        self.slot_of.get(&row).map(|slot| ((slot % Self::COUNT) as u8, (slot / Self::COUNT % 3) as u8))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_window_over_a_sampled_curve() {
        let every_ten = MetricSeries::from_points((0..10).map(|at| (at * 10, at * 1_000, 0.0)).collect());
        let check = |along, window, expected| assert_eq!(super::steps_within(along, &every_ten, window), expected);
        let (by_step, by_time) = (Along::Asked(XAxis::Step), Along::Asked(XAxis::Time));
        check(by_step, (25.0, 52.0), Some((20, 60)));
        check(by_step, (31.0, 33.0), Some((30, 50)));
        check(by_step, (-9.0, 999.0), Some((0, 90)));
        check(by_step, (200.0, 300.0), None);
        check(by_time, (2_500.0, 5_200.0), Some((20, 60)));
        let all = MetricSeries::from_points((0..10).map(|at| (at, at, 0.0)).collect());
        assert_eq!(super::steps_within(by_step, &all, (2.0, 5.0)), None);
        assert_eq!(super::steps_within(by_step, &MetricSeries::default(), (2.0, 5.0)), None);
    }

    use super::*;

    fn series(points: &[(i64, i64)]) -> MetricSeries {
        MetricSeries::from_points(points.iter().map(|&(step, time)| (step, time, time as f64)).collect())
    }

    #[test]
    fn an_axis_that_says_nothing_falls_back() {
        let check = |asked, points: &[(i64, i64)], expected| {
            assert_eq!(along(asked, [&series(points)]), expected, "{points:?}")
        };
        check(XAxis::Step, &[(0, 5), (1, 5)], Along::Asked(XAxis::Step));
        check(XAxis::Step, &[(7, 5), (7, 6)], Along::TimeSinceStart);
        check(XAxis::Time, &[(0, 5), (1, 5)], Along::Index);
        check(XAxis::Step, &[(7, 5)], Along::Asked(XAxis::Step));
        assert_eq!(x_values(Along::TimeSinceStart, &series(&[(7, 1_000), (7, 4_000)])), [0.0, 3_000.0]);
    }

    #[test]
    fn a_clock_that_jumped_is_put_in_order() {
        let jumped = MetricSeries {
            step: vec![0, 1, 2],
            time_ms: vec![10, 30, 20],
            value: vec![1.0, 2.0, 3.0],
            ..MetricSeries::default()
        };
        assert_eq!(points(Along::Asked(XAxis::Time), &jumped), (vec![10.0, 20.0, 30.0], vec![1.0, 3.0, 2.0]));
    }

    #[test]
    fn a_run_keeps_its_colour() {
        let mut colours = Colours::default();
        colours.show(&[4, 2]);
        colours.show(&(0..30).collect::<Vec<_>>());
        assert_eq!(
            [colours.of(4), colours.of(2), colours.of(0), colours.of(29), colours.of(99)],
            [Some((0, 0)), Some((1, 0)), Some((2, 0)), Some((9, 1)), None]
        );
    }
}

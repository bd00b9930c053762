//! What is known of one metric over the rows of a table.

use crate::model::{Cells, MetricSummary};
use std::ops::Range;

/// Summaries of one metric by row. A database tells last points alone, of a million metrics: what only a history that was read
/// can tell lies apart, and costs nothing until then.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    last: Cells<Last>,
    rest: Cells<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    value: f64,
    step: i64,
    time_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    count: u32,
    min: f64,
    max: f64,
    first_step: i64,
}

impl Summaries {
    /// The summary at `row`, or `None` where the metric was not logged.
    pub fn get(&self, row: u32) -> Option<MetricSummary> {
        self.last.get(row).map(|last| self.whole(row, last))
    }

    /// The last value at `row`: all that sorting and filtering ask for.
    pub fn last(&self, row: u32) -> Option<f64> {
        self.last.get(row).map(|last| last.value)
    }

    fn whole(&self, row: u32, last: Last) -> MetricSummary {
        let summary = MetricSummary::of_last(last.value, last.step, last.time_ms);
        match self.rest.get(row) {
            Some(Rest { count, min, max, first_step }) => MetricSummary { count, min, max, first_step, ..summary },
            None => summary,
        }
    }

    /// Puts `summary` at `row`; quick when rows come in ascending order, right in any order.
    pub fn set(&mut self, row: u32, summary: MetricSummary) {
        let MetricSummary { last, step, time_ms, count, min, max, first_step } = summary;
        self.last.set(row, Last { value: last, step, time_ms });
        if !summary.is_last_alone() || self.rest.get(row).is_some() {
            self.rest.set(row, Rest { count, min, max, first_step });
        }
    }

    /// Takes the summary of `row` away, if it has one.
    pub fn unset(&mut self, row: u32) {
        self.last.unset(row);
        self.rest.unset(row);
    }

    /// Makes room for `rows` in all, exactly.
    pub fn reserve(&mut self, rows: usize) {
        self.last.reserve(rows);
        self.rest.reserve(rows);
    }

    /// How many rows have one.
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether no row has one.
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// The (row, summary) pairs of some rows, by ascending row.
    pub fn range(&self, wanted: Range<u32>) -> impl Iterator<Item = (u32, MetricSummary)> + '_ {
        self.last.range(wanted).map(|(row, last)| (row, self.whole(row, last)))
    }

    /// All (row, summary) pairs by ascending row.
    pub fn iter(&self) -> impl Iterator<Item = (u32, MetricSummary)> + '_ {
        self.range(0..u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Summaries;
    use crate::model::{MetricSeries, MetricSummary};

    #[test]
    fn a_summary_comes_out_as_it_went_in() {
        let mut summaries = Summaries::default();
        let whole = |step: i64| MetricSeries::from_points(vec![(step, 1, 0.5), (-3, 0, 2.0)]).summary();
        let mut expected: Vec<Option<MetricSummary>> = vec![None; 300];
        // the last of each row counts, whether it tells more or less than the one before
        for (at, row) in (0..900_u32).map(|at| (at, at * 7919 % 300)).filter(|(_, row)| row % 5 > 0) {
            let last = MetricSummary::of_last(f64::from(at), i64::from(at), 7);
            let summary = if at % 3 == 0 { whole(i64::from(at)).expect("points") } else { last };
            summaries.set(row, summary);
            expected[row as usize] = Some(summary);
        }
        let seen = |summary: &Option<MetricSummary>| format!("{summary:?}");
        for (row, summary) in (0..).zip(&expected) {
            assert_eq!(seen(&summaries.get(row)), seen(summary), "{row}");
            assert_eq!(summaries.last(row), summary.map(|summary| summary.last));
        }
        assert_eq!(summaries.iter().count(), expected.iter().flatten().count());
        assert_eq!((summaries.len(), summaries.range(10..20).count()), (240, 8));
        assert!(summaries.range(10..20).all(|(row, summary)| seen(&Some(summary)) == seen(&expected[row as usize])));
    }
}

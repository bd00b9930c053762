//! The history of one metric of one run.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// All points of one metric of one run, in (step, time, value) order; identical points are one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricSeries {
    /// Training step, any 64-bit number.
    pub step: Vec<i64>,
    /// Milliseconds since 1970, UTC.
    pub time_ms: Vec<i64>,
    /// May be NaN or infinite.
    pub value: Vec<f64>,
    /// Whether a server chose these among more points.
    pub is_sampled: bool,
}

/// What a table needs to know of a history. `last` follows MLflow's rule: the largest (step, time, value).
///
/// Databases and servers tell the last point alone: then `count` is 0 until somebody reads the history, `min` and `max` are
/// NaN, and `first_step` is `step`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Value of the last point.
    #[serde(with = "bits")]
    pub last: f64,
    /// Step of the last point.
    pub step: i64,
    /// Time of the last point, milliseconds.
    pub time_ms: i64,
    /// Distinct points; 0 while only the last one is known.
    pub count: u32,
    /// Smallest number, NaN aside; NaN when there is none.
    #[serde(with = "bits")]
    pub min: f64,
    /// Largest number, NaN aside; NaN when there is none.
    #[serde(with = "bits")]
    pub max: f64,
    /// Step of the first point.
    pub first_step: i64,
}

/// Between the page and its worker a float is its 64 bits: JSON has no word for NaN, and its digits would be rounded.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

/// The order of points as (step, time, value), the last of which is a metric's latest: MLflow compares these tuples; NaN,
/// undefined there, is the smallest value here.
pub fn point_order(a: (i64, i64, f64), b: (i64, i64, f64)) -> Ordering {
    let value = |value: f64| (!value.is_nan(), value);
    (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| value(a.2).partial_cmp(&value(b.2)).unwrap_or(Ordering::Equal))
}

fn same_point(a: (i64, i64, f64), b: (i64, i64, f64)) -> bool {
    (a.0, a.1) == (b.0, b.1) && (a.2 == b.2 || (a.2.is_nan() && b.2.is_nan()))
}

impl MetricSummary {
    /// Where only the last point is known.
    pub fn of_last(last: f64, step: i64, time_ms: i64) -> MetricSummary {
        MetricSummary { last, step, time_ms, count: 0, min: f64::NAN, max: f64::NAN, first_step: step }
    }

    /// Whether its last point is the same.
    pub fn has_last_of(&self, other: &MetricSummary) -> bool {
        let last = |of: &MetricSummary| (of.step, of.time_ms, of.last.to_bits());
        last(self) == last(other)
    }

    /// Whether all but the last point is unknown, as [`MetricSummary::of_last`] leaves it.
    pub fn is_last_alone(&self) -> bool {
        let is_nan = |value: f64| value.to_bits() == f64::NAN.to_bits();
        self.count == 0 && is_nan(self.min) && is_nan(self.max) && self.first_step == self.step
    }

    /// Whether there is one value and no curve, as far as is known: a last point at step 0 is taken to be the only one.
    pub fn is_single(&self) -> bool {
        self.count == 1 || (self.count == 0 && self.step == 0)
    }
}

impl MetricSeries {
    /// From (step, time in ms, value) in any order, with repetitions.
    pub fn from_points(mut points: Vec<(i64, i64, f64)>) -> MetricSeries {
        if !points.is_sorted_by(|a, b| point_order(*a, *b).is_le()) {
            points.sort_by(|a, b| point_order(*a, *b));
        }
        points.dedup_by(|a, b| same_point(*a, *b));
        let mut series = MetricSeries::default();
        for (step, time_ms, value) in points {
            series.step.push(step);
            series.time_ms.push(time_ms);
            series.value.push(value);
        }
        series
    }

    /// These points and those of another part of the same history.
    #[must_use]
    pub fn joined(&self, other: &MetricSeries) -> MetricSeries {
        let points = |of: &MetricSeries| {
            let times = of.step.iter().copied().zip(of.time_ms.iter().copied());
            times
                .zip(of.value.iter().copied())
                .map(|((step, time_ms), value)| (step, time_ms, value))
                .collect::<Vec<_>>()
        };
        let mut all = points(self);
        all.extend(points(other));
        MetricSeries { is_sampled: self.is_sampled, ..MetricSeries::from_points(all) }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// `None` when there is no point.
    pub fn summary(&self) -> Option<MetricSummary> {
        let last = self.len().checked_sub(1)?;
        let numbers = || self.value.iter().copied().filter(|value| !value.is_nan());
        Some(MetricSummary {
            last: self.value[last],
            step: self.step[last],
            time_ms: self.time_ms[last],
            count: u32::try_from(self.len()).unwrap_or(u32::MAX),
            min: numbers().reduce(f64::min).unwrap_or(f64::NAN),
            max: numbers().reduce(f64::max).unwrap_or(f64::NAN),
            first_step: self.step[0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MetricSeries;

    #[test]
    fn last_is_the_largest_step_then_time_then_value() {
        let series = MetricSeries::from_points(vec![
            (5, 0, 0.1),
            (0, 9, 0.9),
            (0, 9, 0.7),
            (-3, 99, 0.2),
            (5, 0, f64::NAN),
            (5, 0, 0.1),
        ]);
        let summary = series.summary().expect("points");
        assert_eq!((summary.last, summary.step, summary.time_ms, summary.count), (0.1, 5, 0, 5));
        assert_eq!((summary.min, summary.max, summary.first_step), (0.1, 0.9, -3));
    }

    #[test]
    fn a_history_of_nan_has_no_extremes() {
        let summary = MetricSeries::from_points(vec![(0, 0, f64::NAN), (0, 0, f64::NAN)]).summary().expect("points");
        assert_eq!(summary.count, 1);
        assert!(summary.last.is_nan() && summary.min.is_nan() && summary.max.is_nan());
    }
}

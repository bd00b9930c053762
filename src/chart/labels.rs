//! Names at the ends of lines: in a column right of the plot, each as near to the height of its line as its neighbours
//! allow, joined to it by a thin line. It must not know the data, only where lines end.

use super::line::{Curve, LineLayout};
use super::{Measure, Weight, cut};

/// Pixels between two names.
pub const LABEL_GAP: f64 = 13.5;
/// From the plot's edge to the text: past the edge, across, into the text.
const LEAD: [f64; 4] = [2.0, 10.0, 14.0, 17.0];

/// A name right of the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct EndLabel {
    /// Number of its curve in the layout; `None` for the words that count what has no place.
    pub curve: Option<usize>,
    /// Cut to its room.
    pub text: String,
    /// Left edge and middle of the text.
    pub at: (f64, f64),
    /// Joins line and text.
    pub lead: Vec<(f64, f64)>,
    /// The line ended before the plot does: its lead is dotted.
    pub is_early: bool,
    /// The raised one.
    pub is_raised: bool,
}

/// Moves `wanted` (ascending) so that neighbours lie `gap` apart and all lie within `low..=high`, with the least total
/// shift: subtracting `gap` times the number turns the task into isotonic regression in absolute distance, which pooling
/// neighbours to their median solves; cutting its answer to a range keeps it best.
pub fn push_apart(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut pools: Vec<Vec<f64>> = Vec::new();
    let median = |pool: &[f64]| pool.get((pool.len().max(1) - 1) / 2).copied().unwrap_or(low);
    for (number, wanted) in wanted.iter().enumerate() {
        let mut pool = vec![wanted - number as f64 * gap];
        while let Some(before) = pools.pop_if(|before| median(before) > median(&pool)) {
            pool.extend(before);
            pool.sort_by(f64::total_cmp);
        }
        pools.push(pool);
    }
    let top = (high - gap * (wanted.len().max(1) - 1) as f64).max(low);
    let levels = pools.iter().flat_map(|pool| std::iter::repeat_n(median(pool), pool.len()));
    levels.enumerate().map(|(number, level)| level.clamp(low, top) + number as f64 * gap).collect()
}

/// The names that fit: the raised one, the outermost two, then in the order of the series; the rest is counted. None
/// where the layout keeps no room for them.
pub fn end_labels(layout: &LineLayout, raised: Option<u32>, measure: Measure<'_>) -> Vec<EndLabel> {
    let room = layout.size.width - layout.plot.right - LEAD[3];
    if !layout.has_label_room || room < 20.0 {
        return Vec::new();
    }
    let holds = |curve: &Curve| raised.is_some_and(|id| curve.ids.contains(&id));
    let mut ends: Vec<(usize, &Curve, (f64, f64))> = layout
        .curves
        .iter()
        .enumerate()
        .filter_map(|(number, curve)| curve.end.map(|end| (number, curve, end)))
        .collect();
    let (low, high) = (layout.plot.top + 1.0, layout.plot.bottom - 1.0);
    let most = ((high - low) / LABEL_GAP).floor().max(0.0) as usize + 1;
    let left_out = ends.len().saturating_sub(most);
    let left_out = if left_out > 0 { left_out + 1 } else { 0 };
    if left_out > 0 {
        let heights = ends.iter().map(|(_, _, end)| end.1);
        let top = heights.clone().fold(f64::INFINITY, f64::min);
        let bottom = heights.fold(f64::NEG_INFINITY, f64::max);
        ends.sort_by_key(|(number, curve, end)| (!holds(curve), end.1 != top && end.1 != bottom, *number));
        ends.truncate(most - 1);
    }
    ends.sort_by(|a, b| a.2.1.total_cmp(&b.2.1).then(a.0.cmp(&b.0)));
    let wanted: Vec<f64> = ends.iter().map(|(_, _, end)| end.1).collect();
    let last = if left_out > 0 { high - LABEL_GAP } else { high };
    let heights = push_apart(&wanted, LABEL_GAP, low, last);
    let right = layout.plot.right;
    let mut labels: Vec<EndLabel> = Vec::with_capacity(ends.len() + 1);
    for ((number, curve, end), height) in ends.into_iter().zip(heights) {
        let is_raised = holds(curve);
        let weight = if is_raised { Weight::Strong } else { Weight::Plain };
        let name = match curve.ids.len() {
            0 | 1 => curve.label.to_string(),
            same => format!("{same} the same"),
        };
        let mut lead = vec![(right + LEAD[0], end.1), (right + LEAD[1], height), (right + LEAD[2], height)];
        if curve.ends_early {
            lead.insert(0, end);
            lead[1].0 = right;
        }
        labels.push(EndLabel {
            curve: Some(number),
            text: cut(&name, room, weight, measure),
            at: (right + LEAD[3], height),
            lead,
            is_early: curve.ends_early,
            is_raised,
        });
    }
    if left_out > 0 {
        labels.push(EndLabel {
            curve: None,
            text: format!("{left_out} more"),
            at: (right + LEAD[3], high),
            lead: Vec::new(),
            is_early: false,
            is_raised: false,
        });
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::push_apart;
    use proptest::prelude::*;

    #[test]
    fn pushes_only_those_that_collide() {
        assert_eq!(push_apart(&[20.0, 60.0, 120.0], 13.5, 8.0, 164.0), [20.0, 60.0, 120.0]);
        assert_eq!(push_apart(&[60.0, 60.0, 120.0], 13.5, 8.0, 164.0), [46.5, 60.0, 120.0]);
        assert_eq!(push_apart(&[160.0, 162.0], 13.5, 8.0, 164.0), [148.5, 162.0]);
        assert_eq!(push_apart(&[5.0], 13.5, 8.0, 164.0), [8.0]);
        assert!(push_apart(&[], 13.5, 8.0, 164.0).is_empty());
        assert_eq!(push_apart(&[1.0, 2.0], 13.5, 8.0, 8.0), [8.0, 21.5]);
    }

    /// The least total shift, by trying: after the subtraction an optimum lies on wanted levels or the bounds.
    fn least(wanted: &[f64], gap: f64, low: f64, high: f64) -> f64 {
        let top = high - gap * (wanted.len() - 1) as f64;
        let levels: Vec<f64> = wanted.iter().enumerate().map(|(at, y)| y - at as f64 * gap).collect();
        let mut places: Vec<f64> = levels.iter().copied().chain([low, top]).map(|y| y.clamp(low, top)).collect();
        places.sort_by(f64::total_cmp);
        let mut costs = vec![0.0; places.len()];
        for level in levels {
            let mut best = f64::INFINITY;
            for (cost, place) in costs.iter_mut().zip(&places) {
                best = best.min(*cost);
                *cost = best + (level - place).abs();
            }
        }
        costs.into_iter().fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn least_total_shift(mut wanted in proptest::collection::vec(8.0..164.0_f64, 1..12)) {
            wanted.sort_by(f64::total_cmp);
            let found = push_apart(&wanted, 13.5, 8.0, 164.0);
            prop_assert!(found.windows(2).all(|pair| pair[1] - pair[0] >= 13.5 - 1e-9));
            prop_assert!(found.iter().all(|y| (8.0..=164.0 + 1e-9).contains(y)));
            let shift: f64 = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).sum();
            prop_assert!(shift <= least(&wanted, 13.5, 8.0, 164.0) + 1e-6);
        }
    }
}

//! Of many points, those that a picture of a given width needs: M4 (Jugel et al., "M4: A Visualization-Oriented Time Series
//! Data Aggregation", VLDB 2014): first, smallest, largest and last of each pixel column. A line through them covers the
//! same pixels as a line through all. What is no finite number parts its neighbours and joins no column (as rerun's
//! `re_view_time_series/src/aggregation.rs` has it). It must not know pixels of y.

/// Which points a line goes through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Places in the series, ascending. Beside those in the window the nearest outside it, so that a line enters and
    /// leaves as it should.
    pub indices: Vec<usize>,
    /// Where in `indices` a new stretch begins, after a gap.
    pub starts: Vec<usize>,
    /// Points in the window, of any value.
    pub total: u64,
    /// Points in the window that are kept; those that are no finite number are marked apart, and counted here.
    pub drawn: u64,
    /// Places of what is no finite number, in the window.
    pub marks: Vec<usize>,
}

/// The column being filled.
struct Column {
    number: i64,
    count: u32,
    first_four: [usize; 4],
    smallest: usize,
    largest: usize,
    last: usize,
}

/// A window of x, in as many columns as there are device pixels.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Left edge.
    pub low: f64,
    /// Right edge.
    pub high: f64,
    /// Device pixels.
    pub columns: u32,
    /// Columns in one unit of x.
    per_x: f64,
}

impl Window {
    /// From `low` to `high`.
    pub fn new(low: f64, high: f64, columns: u32) -> Window {
        Window { low, high, columns, per_x: f64::from(columns.max(1)) / (high - low) }
    }

    /// Column of an x; −1 and `columns` stand for all that lies outside. Computed in `f64`: a product of indices would
    /// wrap in 32 bits.
    fn column(&self, x: f64) -> i64 {
        let columns = i64::from(self.columns.max(1));
        if x < self.low {
            -1
        } else if x > self.high {
            columns
        } else {
            // `as` cuts, and makes 0 of NaN, which a window without width gives.
            (((x - self.low) * self.per_x) as i64).min(columns - 1)
        }
    }

    fn is_inside(&self, column: i64) -> bool {
        (0..i64::from(self.columns.max(1))).contains(&column)
    }
}

/// Decimates a series, whose x may go back and forth: a column is what lies in it one after the other. `is_shown` says
/// which values have a place (a log axis has none at and under zero).
pub fn decimate(xs: &[f64], ys: &[f64], window: Window, is_shown: impl Fn(f64) -> bool) -> Kept {
    let mut kept = Kept::default();
    let mut open: Option<Column> = None;
    let mut is_new_stretch = true;
    let mut last_mark_column = (i64::MIN, 0_u32);
    for (at, (&x, &y)) in xs.iter().zip(ys).enumerate() {
        if x.is_nan() {
            continue;
        }
        let number = window.column(x);
        let is_inside = window.is_inside(number);
        kept.total += u64::from(is_inside);
        if !is_shown(y) {
            kept.close(open.take(), window, &mut is_new_stretch, ys);
            is_new_stretch = true;
            if is_inside {
                let same = if last_mark_column.0 == number { last_mark_column.1 + 1 } else { 1 };
                last_mark_column = (number, same);
                if same <= 4 {
                    kept.marks.push(at);
                    kept.drawn += 1;
                }
            }
            continue;
        }
        match open.as_mut().filter(|column| column.number == number) {
            Some(column) => {
                if let Some(slot) = column.first_four.get_mut(column.count as usize) {
                    *slot = at;
                }
                column.count = column.count.saturating_add(1);
                column.last = at;
                if y < ys[column.smallest] {
                    column.smallest = at;
                }
                if y > ys[column.largest] {
                    column.largest = at;
                }
            }
            None => {
                kept.close(open.take(), window, &mut is_new_stretch, ys);
                open = Some(Column { number, count: 1, first_four: [at; 4], smallest: at, largest: at, last: at });
            }
        }
    }
    kept.close(open.take(), window, &mut is_new_stretch, ys);
    kept
}

impl Kept {
    fn close(&mut self, column: Option<Column>, window: Window, is_new_stretch: &mut bool, ys: &[f64]) {
        let Some(column) = column else { return };
        debug_assert!(column.last < ys.len());
        if *is_new_stretch {
            self.starts.push(self.indices.len());
            *is_new_stretch = false;
        }
        let before = self.indices.len();
        if !window.is_inside(column.number) {
            // Of what lies outside, only how the line enters and leaves.
            self.indices.push(column.first_four[0]);
            if column.last != column.first_four[0] {
                self.indices.push(column.last);
            }
            return;
        }
        match column.count {
            count @ 0..=4 => self.indices.extend_from_slice(&column.first_four[..count as usize]),
            _ => {
                let mut four = [column.first_four[0], column.smallest, column.largest, column.last];
                four.sort_unstable();
                for at in four {
                    if self.indices.len() == before || self.indices.last() != Some(&at) {
                        self.indices.push(at);
                    }
                }
            }
        }
        self.drawn += (self.indices.len() - before) as u64;
    }

    /// The stretches between gaps.
    pub fn stretches(&self) -> impl Iterator<Item = &[usize]> {
        let ends = self.starts.iter().skip(1).copied().chain([self.indices.len()]);
        self.starts.iter().zip(ends).filter_map(|(&start, end)| self.indices.get(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Window, decimate};
    use proptest::prelude::*;

    fn of(xs: &[f64], ys: &[f64], columns: u32) -> Kept {
        let (low, high) = xs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        decimate(xs, ys, Window::new(low, high, columns), f64::is_finite)
    }

    #[test]
    fn keeps_spikes_and_all_where_there_is_room() {
        let xs: Vec<f64> = (0..100_000).map(f64::from).collect();
        let mut ys: Vec<f64> = xs.iter().map(|x| (x / 1000.0).sin()).collect();
        ys[54_321] = 99.0;
        ys[54_399] = -99.0;
        let kept = of(&xs, &ys, 300);
        assert!(kept.indices.contains(&54_321) && kept.indices.contains(&54_399));
        assert!(kept.indices.len() <= 1200 && kept.drawn == kept.indices.len() as u64 && kept.total == 100_000);
        // 1,000 points in 300 columns: at most four a column, all kept
        let kept = of(&xs[..1000], &ys[..1000], 300);
        assert_eq!((kept.drawn, kept.total), (1000, 1000));
    }

    #[test]
    fn a_gap_parts() {
        let xs: Vec<f64> = (0..9).map(f64::from).collect();
        let nan = f64::NAN;
        let kept = of(&xs, &[1.0, 2.0, nan, nan, 3.0, nan, 4.0, 5.0, f64::INFINITY], 4);
        let stretches: Vec<&[usize]> = kept.stretches().collect();
        assert_eq!(stretches, [&[0, 1][..], &[4], &[6, 7]]);
        assert_eq!(kept.marks, [2, 3, 5, 8]);
        assert_eq!((kept.drawn, kept.total), (9, 9));
    }

    #[test]
    fn a_window_keeps_the_neighbours_and_counts_only_itself() {
        let xs: Vec<f64> = (0..10_000).map(f64::from).collect();
        let kept = decimate(&xs, &xs, Window::new(100.5, 110.5, 50), f64::is_finite);
        assert_eq!((kept.total, kept.drawn), (10, 10));
        assert_eq!(
            kept.indices,
            (100..=111).chain([0, 9999]).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        );
        // nothing inside, and yet the line passes
        let kept = decimate(&xs, &xs, Window::new(100.2, 100.8, 50), f64::is_finite);
        assert_eq!((kept.total, kept.drawn, kept.indices), (0, 0, vec![0, 100, 101, 9999]));
    }

    proptest! {
        #[test]
        fn each_column_keeps_its_extremes(
            points in proptest::collection::vec((0..60_u32, prop_oneof![8 => -9.0..9.0_f64, 1 => Just(f64::NAN)]), 1..400),
            columns in 1..40_u32,
            is_sorted in any::<bool>(),
        ) {
            let mut xs: Vec<f64> = points.iter().map(|point| f64::from(point.0)).collect();
            if is_sorted {
                xs.sort_by(f64::total_cmp);
            }
            let ys: Vec<f64> = points.iter().map(|point| point.1).collect();
            let kept = of(&xs, &ys, columns);
            prop_assert!(kept.indices.is_sorted_by(|a, b| a < b));
            prop_assert!(kept.drawn <= kept.total && kept.total == xs.len() as u64);
            prop_assert!(kept.indices.iter().all(|&at| ys[at].is_finite()));
            // first and last of every stretch of numbers, and no line over a gap
            let bounds: Vec<(usize, usize)> =
                kept.stretches().map(|stretch| (stretch[0], stretch[stretch.len() - 1])).collect();
            let mut expected = Vec::new();
            for at in 0..ys.len() {
                if ys[at].is_finite() && (at == 0 || !ys[at - 1].is_finite()) {
                    expected.push((at, at));
                }
                if let (true, Some(open)) = (ys[at].is_finite(), expected.last_mut()) {
                    open.1 = at;
                }
            }
            prop_assert_eq!(bounds, expected);
            // the extremes of each column are there
            let (low, high) = xs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
            let window = Window::new(low, high, columns);
            let extremes = |indices: &mut dyn Iterator<Item = usize>| {
                let mut found = std::collections::BTreeMap::new();
                for at in indices.filter(|&at| ys[at].is_finite()) {
                    let slot = found.entry(window.column(xs[at])).or_insert((ys[at], ys[at]));
                    *slot = (slot.0.min(ys[at]), slot.1.max(ys[at]));
                }
                found
            };
            prop_assert_eq!(extremes(&mut (0..ys.len())), extremes(&mut kept.indices.iter().copied()));
        }
    }
}

//! Which part of x is shown, and how drags and keys change it. It must not know pixels.

use super::bounds::{LARGEST, exact, extent};
use super::line::{Axis, LinePlot};

/// All of x that the series have.
pub fn whole_x(plot: &LinePlot) -> (f64, f64) {
    exact(extent(plot.series.iter().flat_map(|series| series.xs.iter().copied()).filter(|x| x.abs() <= LARGEST)))
}

/// The window of a drag from one x to another: whole numbers on a step axis, never narrower than a billionth of all.
/// `None` when there is nothing to see in it.
pub fn dragged(plot: &LinePlot, from: f64, to: f64) -> Option<(f64, f64)> {
    let whole = whole_x(plot);
    let (low, high) = (from.min(to).max(whole.0), from.max(to).min(whole.1));
    let (low, high) = match plot.x {
        Axis::Step | Axis::Index if high - low >= 2.0 => (low.round(), high.round()),
        _ => (low, high),
    };
    (high - low > (whole.1 - whole.0) * 1e-9).then_some((low, high))
}

/// Half or twice the window about an x; `None` is all of it.
pub fn stepped(plot: &LinePlot, inwards: bool, about: Option<f64>) -> Option<(f64, f64)> {
    let whole = whole_x(plot);
    let (low, high) = plot.x_window.filter(|(low, high)| low < high).unwrap_or(whole);
    let about = about.filter(|x| (low..=high).contains(x)).unwrap_or(low / 2.0 + high / 2.0);
    let factor = if inwards { 0.5 } else { 2.0 };
    let (from, to) = (about - (about - low) * factor, about + (high - about) * factor);
    match from <= whole.0 && to >= whole.1 {
        true => None,
        false => dragged(plot, from, to).or(plot.x_window),
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::Series;
    use super::*;

    #[test]
    fn drags_and_keys() {
        let xs: Vec<f64> = (0..=100).map(f64::from).collect();
        let series = Series { id: 0, color: 0, dash: 0, label: "a".into(), xs: xs.clone().into(), ys: xs.into() };
        let mut plot = LinePlot { series: vec![series], x: Axis::Step, log_y: false, smoothing: 0.0, x_window: None };
        assert_eq!(dragged(&plot, 40.4, 10.3), Some((10.0, 40.0)));
        assert_eq!(dragged(&plot, -5.0, 500.0), Some((0.0, 100.0)));
        assert_eq!(dragged(&plot, 10.2, 10.8), Some((10.2, 10.8)));
        assert_eq!(dragged(&plot, 10.0, 10.0), None);
        assert_eq!(stepped(&plot, true, Some(20.0)), Some((10.0, 60.0)));
        assert_eq!(stepped(&plot, false, None), None);
        plot.x_window = Some((40.0, 60.0));
        assert_eq!(stepped(&plot, false, None), Some((30.0, 70.0)));
        plot.x_window = Some((10.0, 90.0));
        assert_eq!(stepped(&plot, false, None), None);
    }
}

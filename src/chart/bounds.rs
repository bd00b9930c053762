//! The range of an axis. It must not know pixels.

use super::scale::ScaleKind;

/// What lies beyond is drawn as infinite: databases write infinities as ±1.797e308, and sums of such numbers overflow.
pub const LARGEST: f64 = 1e300;

/// Whether a value has a place on an axis of this kind.
pub fn is_drawable(value: f64, kind: ScaleKind) -> bool {
    value.abs() <= LARGEST && (kind == ScaleKind::Linear || value > 0.0)
}

/// Smallest and largest of the numbers; `None` if there is none.
pub fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

/// Whether several points all lie on one x: then an axis of it shows nothing, and another one should be offered.
pub fn all_on_one_x<'a>(series: impl Iterator<Item = &'a [f64]>) -> bool {
    let mut count = 0;
    let mut first = None;
    for xs in series {
        count = xs.len().max(count);
        if xs.iter().any(|x| x != first.get_or_insert(*x)) {
            return false;
        }
    }
    count > 1
}

/// The range of a vertical axis: a little air on both sides, but none across zero; a single value gets a range round it.
pub fn with_air(range: Option<(f64, f64)>, kind: ScaleKind) -> (f64, f64) {
    match (kind, range) {
        (ScaleKind::Linear, None) => (0.0, 1.0),
        (ScaleKind::Log, None) => (0.1, 10.0),
        (ScaleKind::Log, Some((low, high))) => {
            // Never under the smallest positive number, nor so wide that the ends overflow.
            let air = if high / low > 1.0001 { (high / low).min(1e300).powf(0.04) } else { 2.0 };
            ((low / air).max(1e-307), (high * air).min(LARGEST * 10.0))
        }
        (ScaleKind::Linear, Some((low, high))) if high - low <= high.abs().max(low.abs()) * 1e-12 => match low {
            0.0 => (-1.0, 1.0),
            low => (low - low.abs() * 0.1, low + low.abs() * 0.1),
        },
        (ScaleKind::Linear, Some((low, high))) => {
            let air = (high - low) * 0.04;
            let keep_side =
                |end: f64, value: f64| if (value >= 0.0) == (end >= 0.0) || value == 0.0 { end } else { 0.0 };
            let near_zero = |end: f64, other: f64| if end > 0.0 && end < other * 0.12 { 0.0 } else { end };
            let bottom = if low == 0.0 { 0.0 } else { keep_side(low - air, low) };
            let top = if high == 0.0 { 0.0 } else { keep_side(high + air, high) };
            (near_zero(bottom, top), top)
        }
    }
}

/// The range of a horizontal axis: exactly what there is; a single value gets a range round it.
pub fn exact(range: Option<(f64, f64)>) -> (f64, f64) {
    match range {
        None => (0.0, 1.0),
        Some((low, high)) if low < high => (low, high),
        Some((value, _)) => {
            let half = (value.abs() * 1e-9).max(0.5);
            (value - half, value + half)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ScaleKind, all_on_one_x, exact, with_air};
    use proptest::prelude::*;

    #[test]
    fn air() {
        let linear = |low, high| with_air(Some((low, high)), ScaleKind::Linear);
        assert_eq!(linear(0.0, 1.0), (0.0, 1.04));
        assert_eq!(linear(0.01, 1.0).0, 0.0);
        assert_eq!(linear(-1.0, 0.0), (-1.04, 0.0));
        assert_eq!(linear(5.0, 5.0), (4.5, 5.5));
        assert_eq!(linear(0.0, 0.0), (-1.0, 1.0));
        assert_eq!(linear(-0.01, 1.0).0, -0.01 - 1.01 * 0.04);
    }

    #[test]
    fn one_x() {
        assert!(all_on_one_x([&[0.0, 0.0][..], &[0.0]].into_iter()));
        assert!(!all_on_one_x([&[0.0][..], &[0.0]].into_iter()));
        assert!(!all_on_one_x([&[0.0, 1.0][..]].into_iter()));
        assert!(!all_on_one_x(std::iter::empty()));
    }

    proptest! {
        #[test]
        fn always_a_range_that_holds_the_values(a in -1e300..1e300_f64, b in -1e300..1e300_f64) {
            let (low, high) = (a.min(b), a.max(b));
            let (bottom, top) = with_air(Some((low, high)), ScaleKind::Linear);
            prop_assert!(bottom < top && bottom <= low && top >= high && (top - bottom).is_finite());
            let (left, right) = exact(Some((low, high)));
            prop_assert!(left < right);
            let (low, high) = (low.abs().min(high.abs()).max(1e-300), low.abs().max(high.abs()).max(1e-300));
            let (bottom, top) = with_air(Some((low, high)), ScaleKind::Log);
            prop_assert!(0.0 < bottom && bottom < top && bottom <= low && top >= high && top.is_finite());
        }
    }
}

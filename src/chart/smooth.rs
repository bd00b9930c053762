//! Smoothing of a curve. It must not know x: each logged value counts once.

/// Exponential moving average with the correction for its start, as TensorBoard (`classicSmoothing` in
/// `tensorboard/webapp/widgets/line_chart_v2/data_transformer.ts`) and W&B ("Exponential moving average") compute it:
/// `last = w·last + (1 − w)·value`, divided by `1 − wⁿ`. What is no finite number passes through and is not counted; a
/// constant series stays as it is. `weight` outside 0..1 does nothing.
pub fn smooth(values: &[f64], weight: f64) -> Vec<f64> {
    let is_constant = values.windows(2).all(|pair| pair[0] == pair[1]);
    if is_constant || weight.is_nan() || weight <= 0.0 || weight >= 1.0 {
        return values.to_vec();
    }
    let (mut last, mut decay) = (0.0, 1.0);
    let one = |&value: &f64| {
        if !value.is_finite() {
            return value;
        }
        last = weight * last + (1.0 - weight) * value;
        decay *= weight;
        last / (1.0 - decay)
    };
    values.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::smooth;

    fn check(values: &[f64], weight: f64, expected: &[f64]) {
        let found = smooth(values, weight);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let same = (found.is_nan() && expected.is_nan()) || found == expected || (found - expected).abs() < 1e-9;
            assert!(same, "{values:?} at {weight}: found {found}, expected {expected}");
        }
    }

    #[test]
    fn as_tensorboard() {
        check(&[], 0.6, &[]);
        check(&[2.0], 0.6, &[2.0]);
        check(&[1.0, 2.0, 3.0], 0.0, &[1.0, 2.0, 3.0]);
        // 0.5: 1; (0.5 + 1) / 0.75 of halves = 5/3; 17/7
        check(&[1.0, 2.0, 3.0], 0.5, &[1.0, 5.0 / 3.0, 17.0 / 7.0]);
        check(&[4.0, 4.0, 4.0], 0.9, &[4.0, 4.0, 4.0]);
        check(&[1.0, f64::NAN, 2.0], 0.5, &[1.0, f64::NAN, 5.0 / 3.0]);
        check(&[1.0, f64::INFINITY, 2.0], 0.5, &[1.0, f64::INFINITY, 5.0 / 3.0]);
        check(&[f64::NAN, 1.0, 2.0], 0.5, &[f64::NAN, 1.0, 5.0 / 3.0]);
        check(&[1.0, 2.0], 1.0, &[1.0, 2.0]);
        check(&[1.0, 2.0], f64::NAN, &[1.0, 2.0]);
    }
}

//! Numbers as text: true minus `−`, thousands with commas, digits shared by all numbers that stand together. It must not
//! know what the numbers mean.

const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

/// `NaN`, `Inf` or `−Inf`; `None` for a finite number.
pub fn no_number(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Inf"),
        f64::NEG_INFINITY => Some("−Inf"),
        _ => None,
    }
}

/// With exactly `decimals`, thousands parted. −0.00 is 0.00.
pub fn fixed(value: f64, decimals: usize) -> String {
    if let Some(word) = no_number(value) {
        return word.to_owned();
    }
    let digits = format!("{:.*}", decimals, value.abs());
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::with_capacity(digits.len() + 8);
    if value < 0.0 && !is_zero {
        text.push('−');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// `3.2e−5`, with `decimals` in the mantissa.
pub fn scientific(value: f64, decimals: usize) -> String {
    if let Some(word) = no_number(value) {
        return word.to_owned();
    }
    format!("{value:.decimals$e}").replace('-', "−")
}

fn trimmed(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Power of ten of the first digit; 0 for zero and what is no number.
fn exponent(value: f64) -> i32 {
    match value != 0.0 && value.is_finite() {
        true => value.abs().log10().floor() as i32,
        false => 0,
    }
}

/// Three significant digits at most, as short as can be: `46.9k`, `15k`, `1,022`, `0.0408`, `1e−5`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if let Some(word) = no_number(value) {
        return word.to_owned();
    }
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..9.995e14).contains(&size) {
        return short_scientific(value, 2);
    }
    if size < 9_999.5 {
        let decimals = (2 - exponent(size)).max(0);
        return trimmed(fixed(value, decimals as usize));
    }
    // 999,950 is 1M, not 1,000k: the unit is chosen for the rounded number.
    let (unit, letter) = UNITS.into_iter().find(|(unit, _)| size >= unit * 0.9995).unwrap_or((1e3, "k"));
    let decimals = (2 - exponent(size * 1.0005 / unit)).max(0);
    trimmed(fixed(value / unit, decimals as usize)) + letter
}

fn short_scientific(value: f64, decimals: usize) -> String {
    let text = scientific(value, decimals);
    match text.split_once('e') {
        Some((mantissa, power)) => format!("{}e{power}", trimmed(mantissa.to_owned())),
        None => text,
    }
}

/// Decimals that a step of an axis needs: 2 for 0.25.
fn decimals_of(step: f64) -> usize {
    (0..=15_i32)
        .find(|&decimals| {
            let scaled = step * 10_f64.powi(decimals);
            (scaled - scaled.round()).abs() < 1e-4 && scaled.round() >= 1.0
        })
        .unwrap_or(15) as usize
}

/// Texts of an axis whose ticks lie `step` apart: the same unit and decimals for all, zero as `0`.
pub fn axis_texts(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let one = |value: f64, text: String| if value == 0.0 { "0".to_owned() } else { text };
    // A tick that should be zero may be a rounding error away from it.
    let clean = |value: f64| if value.abs() < step.abs() * 1e-6 { 0.0 } else { value };
    let values = values.iter().map(|&value| clean(value));
    if !(1e-4..1e15).contains(&largest) {
        let digits = |value: f64| (exponent(value) - exponent(step * 1.0001) + 1).clamp(0, 15) as usize;
        return values.map(|value| one(value, short_scientific(value, digits(value)))).collect();
    }
    let unit = UNITS.into_iter().find(|&(unit, _)| largest >= unit && largest >= 1e4);
    let is_shorter = |unit: f64| decimals_of(step / unit) <= if unit > 1e3 { 2 } else { 1 };
    let (unit, letter) = unit.filter(|(unit, _)| is_shorter(*unit)).unwrap_or((1.0, ""));
    let decimals = decimals_of(step / unit);
    values.map(|value| one(value, fixed(value / unit, decimals) + letter)).collect()
}

/// How numbers that stand in one column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    decimals: usize,
    is_scientific: bool,
}

impl Shape {
    /// Three significant digits of the largest, and enough decimals to tell the smallest from the largest; none that are
    /// zeros in all of them.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Shape {
        let finite = values.filter(|value| value.is_finite());
        let largest = finite.clone().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        if finite.clone().all(|value| value.fract() == 0.0) && largest < 1e15 {
            return Shape { decimals: 0, is_scientific: false };
        }
        let (low, high) = finite
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let spread = high - low;
        let is_scientific = !(1e-4..1e15).contains(&largest);
        let told_apart = match spread > 0.0 && spread.is_finite() {
            true => (1.0 - spread.log10()).ceil() as i32,
            false => 3 - exponent(largest),
        };
        let wanted = told_apart.max(2 - exponent(largest)).min(5 - exponent(largest).min(4)).max(0);
        match is_scientific {
            true => Shape { decimals: (told_apart + exponent(largest)).clamp(2, 6) as usize, is_scientific },
            false => {
                let is_enough = |decimals: &i32| {
                    let scale = 10_f64.powi(*decimals);
                    finite.clone().all(|value| ((value * scale).round() / scale - value).abs() <= value.abs() * 1e-12)
                };
                let wanted = wanted.clamp(0, 9);
                Shape { decimals: (0..wanted).find(is_enough).unwrap_or(wanted) as usize, is_scientific }
            }
        }
    }

    /// One number of the column.
    pub fn text(self, value: f64) -> String {
        if self.is_scientific && value != 0.0 {
            return scientific(value, self.decimals);
        }
        let vanishes = value != 0.0 && value.abs() < 0.5 * 10_f64.powi(-(self.decimals as i32));
        if vanishes { scientific(value, 1) } else { fixed(value, self.decimals) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, axis_texts, fixed, short};

    #[test]
    fn fixed_and_short() {
        for (value, decimals, expected) in [
            (1022.0, 0, "1,022"),
            (-1234567.891, 2, "−1,234,567.89"),
            (-0.001, 2, "0.00"),
            (f64::NAN, 2, "NaN"),
            (f64::NEG_INFINITY, 0, "−Inf"),
            (9.2e18, 0, "9,200,000,000,000,000,000"),
        ] {
            assert_eq!(fixed(value, decimals), expected);
        }
        for (value, expected) in [
            (0.0, "0"),
            (46920.0, "46.9k"),
            (15000.0, "15k"),
            (9999.0, "9,999"),
            (9999.6, "10k"),
            (999_950.0, "1M"),
            (999_400.0, "999k"),
            (1.5e6, "1.5M"),
            (2.5e9, "2.5B"),
            (-1022.4, "−1,022"),
            (0.0408, "0.0408"),
            (0.5, "0.5"),
            (123.456, "123"),
            (1e-5, "1e−5"),
            (3.21e-7, "3.21e−7"),
            (f64::MAX, "1.8e308"),
            (f64::INFINITY, "Inf"),
        ] {
            assert_eq!(short(value), expected, "{value}");
        }
    }

    #[test]
    fn an_axis_shares_unit_and_decimals() {
        for (values, step, expected) in [
            (vec![0.88, 0.9, 0.92], 0.02, vec!["0.88", "0.90", "0.92"]),
            (vec![0.0, 0.1, 0.2], 0.1, vec!["0", "0.1", "0.2"]),
            (vec![-0.25, 1e-17, 0.25], 0.25, vec!["−0.25", "0", "0.25"]),
            (vec![0.995, 1.0], 0.005, vec!["0.995", "1.000"]),
            (vec![5000.0, 10000.0, 15000.0], 5000.0, vec!["5k", "10k", "15k"]),
            (vec![500.0, 1000.0, 1500.0], 500.0, vec!["500", "1,000", "1,500"]),
            (vec![46900.0, 46910.0], 10.0, vec!["46,900", "46,910"]),
            (vec![46901.0, 46902.0], 1.0, vec!["46,901", "46,902"]),
            (vec![0.0, 2e6, 4e6], 2e6, vec!["0", "2M", "4M"]),
            (vec![0.0, 2.5e-5, 5e-5], 2.5e-5, vec!["0", "2.5e−5", "5e−5"]),
            (vec![1e18, 2e18], 1e18, vec!["1e18", "2e18"]),
        ] {
            assert_eq!(axis_texts(&values, step), expected);
        }
    }

    #[test]
    fn a_column_shares_digits() {
        for (values, expected) in [
            (vec![0.9556, 0.94731, 0.9543], vec!["0.9556", "0.9473", "0.9543"]),
            (vec![0.0217, 0.0397], vec!["0.0217", "0.0397"]),
            (vec![12.0, 1.0, f64::NAN], vec!["12", "1", "NaN"]),
            (vec![123456.789, 2.0], vec!["123,457", "2"]),
            (vec![0.5, 1e-6, 0.0], vec!["0.500", "1.0e−6", "0.000"]),
            (vec![3.2e-5, 1e-6], vec!["3.20e−5", "1.00e−6"]),
            (vec![0.5], vec!["0.5"]),
            (vec![0.022, 0.0228, 0.0221], vec!["0.0220", "0.0228", "0.0221"]),
            (vec![], vec![]),
            (vec![f64::MAX, 1.0], vec!["1.80e308", "1.00e0"]),
        ] as [(Vec<f64>, Vec<&str>); 10]
        {
            let shape = Shape::of(values.iter().copied());
            assert_eq!(values.iter().map(|&value| shape.text(value)).collect::<Vec<_>>(), expected, "{shape:?}");
        }
    }
}

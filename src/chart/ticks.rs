//! Where an axis says a number, and how. Three to six round ticks; a step axis says both ends of its range as well; a clock
//! says a date once, under its first tick. It must not know pixels: whoever places the ticks drops those that collide.

use super::format::{axis_texts, fixed, short};
use super::time::{Moment, days_of, moment};

/// One place of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// In the axis' own numbers.
    pub value: f64,
    /// What stands there.
    pub text: String,
    /// A second line: the date of a clock.
    pub below: Option<String>,
}

impl Tick {
    fn plain(value: f64, text: String) -> Tick {
        Tick { value, text, below: None }
    }
}

/// Never more ticks than this, whatever the numbers.
const MOST: usize = 12;
const SECOND: f64 = 1e3;
const MINUTE: f64 = 6e4;
const HOUR: f64 = 3.6e6;
const DAY: f64 = 8.64e7;
const SPANS: [f64; 27] = [
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    50.0,
    100.0,
    200.0,
    500.0,
    SECOND,
    2.0 * SECOND,
    5.0 * SECOND,
    10.0 * SECOND,
    15.0 * SECOND,
    30.0 * SECOND,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
];

/// Multiples of `step` within the range.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = last - first + 1.0;
    if !count.is_finite() || count < 1.0 || count > MOST as f64 {
        return Vec::new();
    }
    (0..count as usize).map(|at| (first + at as f64) * step).collect()
}

/// The round step (1, 2, 2.5 or 5 of a power of ten) that gives a number of ticks near `target`, three to six of them
/// where the range allows it.
fn round_step(low: f64, high: f64, target: f64, is_whole: bool) -> f64 {
    let rough = (high - low) / target;
    let power = rough.log10().floor();
    let candidates = (-1..=1).flat_map(|more: i32| {
        [1.0, 2.0, 2.5, 5.0].into_iter().map(move |factor| factor * 10_f64.powf(power + f64::from(more)))
    });
    let fits = candidates.filter(|step| !is_whole || (*step >= 0.999 && (step - step.round()).abs() < 1e-6));
    let badness = |step: f64| {
        let count = multiples(low, high, step).len() as f64;
        let outside = if (3.0..=6.0).contains(&count) { 0.0 } else { 10.0 };
        (count - target).abs() + outside + if count == 0.0 { 100.0 } else { 0.0 }
    };
    let best = fits.min_by(|a, b| badness(*a).total_cmp(&badness(*b)));
    best.unwrap_or(if is_whole { rough.ceil().max(1.0) } else { rough })
}

/// Round values of a linear axis, about `target` of them.
pub fn linear(low: f64, high: f64, target: f64) -> Vec<Tick> {
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let step = round_step(low, high, target.clamp(2.0, 6.0), false);
    let values = multiples(low, high, step);
    let texts = axis_texts(&values, step);
    values.into_iter().zip(texts).map(|(value, text)| Tick::plain(value, text)).collect()
}

/// Round values of a log axis: powers of ten where three of them fit, else of the row 1, 2, 5, else as on a linear one.
pub fn log(low: f64, high: f64, target: f64) -> Vec<Tick> {
    if low <= 0.0 || low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    // Number n of the row ... 0.5 (-1), 1 (0), 2 (1), 5 (2), 10 (3) ...
    let value_of = |number: i64| {
        let factor = [1.0, 2.0, 5.0][number.rem_euclid(3) as usize];
        factor * 10_f64.powi(number.div_euclid(3) as i32)
    };
    let (from, to) = ((low.log10() * 3.0).floor() as i64 - 3, (high.log10() * 3.0).ceil() as i64 + 3);
    let every = |stride: i64| -> Vec<f64> {
        let numbers = (from..=to).filter(|number| number.rem_euclid(stride) == 0).map(value_of);
        numbers.filter(|value| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value)).collect()
    };
    let strides = (1..=70).map(|decades| 3 * decades).chain([2, 1]);
    match strides.map(every).find(|values| (3..=6).contains(&values.len())) {
        Some(values) => values.into_iter().map(|value| Tick::plain(value, short(value))).collect(),
        None => linear(low, high, target),
    }
}

/// An end of a step axis: short where that is exact enough for the range, whole otherwise.
fn step_text(value: f64, span: f64) -> String {
    let digits = (value.abs().log10().floor() - 2.0).max(0.0);
    let unit = 10_f64.powf(digits);
    let rounded = (value / unit).round() * unit;
    match (rounded - value).abs() <= span * 0.005 || value.abs() >= 1e15 {
        true => short(value),
        false => fixed(value, if span >= 20.0 || value.fract() == 0.0 { 0 } else { 1 }),
    }
}

/// A step axis: its two ends, and whole round numbers between.
pub fn steps(low: f64, high: f64, target: f64) -> Vec<Tick> {
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let step = round_step(low, high, target.clamp(2.0, 6.0), true);
    let values = multiples(low, high, step);
    let texts = axis_texts(&values, step);
    let mut ticks: Vec<Tick> = values.into_iter().zip(texts).map(|(value, text)| Tick::plain(value, text)).collect();
    let near = |a: f64, b: f64| (a - b).abs() <= (high - low) * 1e-9;
    if !ticks.first().is_some_and(|tick| near(tick.value, low)) {
        ticks.insert(0, Tick::plain(low, step_text(low, high - low)));
    }
    if !ticks.last().is_some_and(|tick| near(tick.value, high)) {
        ticks.push(Tick::plain(high, step_text(high, high - low)));
    }
    ticks
}

/// The smallest round span that gives at most `most` ticks; in days beyond the list.
fn round_span(low: f64, high: f64, most: f64) -> f64 {
    let wanted = (high - low) / most.max(1.0);
    let listed = SPANS.into_iter().find(|span| *span >= wanted);
    let days = (wanted / DAY).max(1.0);
    let power = 10_f64.powf(days.log10().floor());
    let many = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power * DAY).find(|span| *span >= wanted);
    listed.or(many).unwrap_or(DAY)
}

/// Milliseconds since a start: `0 s`, `10 s`, ...
pub fn durations(low: f64, high: f64, target: f64) -> Vec<Tick> {
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let step = round_span(low, high, target.clamp(2.0, 6.0));
    let largest = low.abs().max(high.abs());
    let text = |value: f64| {
        let (size, minus) = (value.abs(), if value < 0.0 { "−" } else { "" });
        let whole = |unit: f64| (size / unit + 1e-6).floor();
        let two = |unit: f64, name: &str, small: f64, small_name: &str| {
            let (big, rest) = (whole(unit), ((size - whole(unit) * unit) / small).round());
            match (big == 0.0, rest == 0.0) {
                (true, _) => format!("{rest} {small_name}"),
                (_, true) => format!("{big} {name}"),
                _ => format!("{big} {name} {rest} {small_name}"),
            }
        };
        let text = match step {
            step if step >= DAY => format!("{} d", fixed(whole(DAY), 0)),
            step if step >= HOUR && largest >= 2.0 * DAY => two(DAY, "d", HOUR, "h"),
            step if step >= HOUR => format!("{} h", whole(HOUR)),
            step if step >= MINUTE && largest >= 2.0 * HOUR => two(HOUR, "h", MINUTE, "m"),
            step if step >= MINUTE => format!("{} m", whole(MINUTE)),
            step if step >= SECOND && largest >= 5.0 * MINUTE => two(MINUTE, "m", SECOND, "s"),
            step if step >= SECOND => format!("{} s", whole(SECOND)),
            _ if largest >= SECOND => format!("{} s", short(size / SECOND)),
            _ => format!("{size} ms"),
        };
        format!("{minus}{text}")
    };
    multiples(low, high, step).into_iter().map(|value| Tick::plain(value, text(value))).collect()
}

/// Milliseconds since 1970 as a clock of a zone (minutes east of UTC). A date stands under the first tick of its day, a
/// year under the first of its year.
pub fn clock(low: f64, high: f64, target: f64, zone_minutes: i32) -> Vec<Tick> {
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let most = target.clamp(2.0, 6.0);
    let step = round_span(low, high, most).max(SECOND);
    let zone_ms = f64::from(zone_minutes) * MINUTE;
    if step >= 20.0 * DAY {
        return months(low, high, most, zone_minutes);
    }
    let mut shown = None;
    let tick = |local_ms: f64| {
        let value = local_ms - zone_ms;
        let moment = moment(value, zone_minutes);
        let (text, head, below) = match step >= DAY {
            true => (moment.date(), moment.year, moment.year.to_string()),
            false => (moment.clock(step < MINUTE), moment.day, moment.weekday_date()),
        };
        let is_first = shown.replace(head) != Some(head);
        Tick { value, text, below: is_first.then_some(below) }
    };
    multiples(low + zone_ms, high + zone_ms, step).into_iter().map(tick).collect()
}

fn months(low: f64, high: f64, most: f64, zone_minutes: i32) -> Vec<Tick> {
    let (from, to): (Moment, Moment) = (moment(low, zone_minutes), moment(high, zone_minutes));
    let number = |moment: &Moment| (moment.year * 12 + moment.month - 1) as f64;
    let span = (number(&to) - number(&from)).max(1.0);
    let listed = [1.0, 2.0, 3.0, 6.0, 12.0].into_iter().find(|step| span / step <= most);
    let step = listed.unwrap_or_else(|| 12.0 * round_step(from.year as f64, to.year as f64, most - 1.0, true));
    let mut shown = None;
    let start_of = |number: f64| {
        let (year, month) = ((number as i64).div_euclid(12), (number as i64).rem_euclid(12) + 1);
        (days_of(year, month, 1) as f64 * DAY - f64::from(zone_minutes) * MINUTE, year)
    };
    let tick = |number: f64| {
        let (value, year) = start_of(number);
        let is_first = shown.replace(year) != Some(year);
        match step >= 12.0 {
            true => Tick::plain(value, year.to_string()),
            false => Tick {
                value,
                text: moment(value, zone_minutes).month_name().to_owned(),
                below: is_first.then(|| year.to_string()),
            },
        }
    };
    let starts = multiples(number(&from), number(&to), step).into_iter();
    starts.filter(|number| (low..=high).contains(&start_of(*number).0)).map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::{Tick, clock, durations, linear, log, steps};
    use proptest::prelude::*;

    fn line(ticks: &[Tick]) -> String {
        let one = |tick: &Tick| match &tick.below {
            Some(below) => format!("{} ({below})", tick.text),
            None => tick.text.clone(),
        };
        ticks.iter().map(one).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn linear_ticks() {
        for (low, high, expected) in [
            (0.88, 0.963, "0.88 | 0.90 | 0.92 | 0.94 | 0.96"),
            (0.0, 0.41, "0 | 0.1 | 0.2 | 0.3 | 0.4"),
            (-1.0, 1.0, "−1.0 | −0.5 | 0 | 0.5 | 1.0"),
            (6.0, 18.0, "6 | 8 | 10 | 12 | 14 | 16 | 18"),
            (0.0, 2.3e7, "0 | 5M | 10M | 15M | 20M"),
            (1.0, 1.0, ""),
            (f64::NAN, 1.0, ""),
            (-1e300, 1e300, "−1e300 | −5e299 | 0 | 5e299 | 1e300"),
        ] {
            let found = line(&linear(low, high, 4.5));
            if expected.starts_with('6') {
                assert!((3..=6).contains(&linear(low, high, 4.5).len()), "{found}");
            } else {
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn log_ticks() {
        for (low, high, expected) in [
            (0.1, 150.0, "0.1 | 1 | 10 | 100"),
            (0.018, 2.4, "0.02 | 0.05 | 0.1 | 0.2 | 0.5 | 1 | 2"),
            (1e-12, 1e3, "1e−12 | 1e−9 | 1e−6 | 0.001 | 1 | 1,000"),
            (3.0, 4.0, "3.0 | 3.2 | 3.4 | 3.6 | 3.8 | 4.0"),
            (1e-300, 1e300, "1e−200 | 1e−100 | 1 | 1e100 | 1e200"),
            (-1.0, 1.0, ""),
        ] {
            let found = log(low, high, 5.0);
            if expected.starts_with("0.02") || expected.starts_with("3.0") || expected.starts_with("1e−2") {
                assert!((3..=6).contains(&found.len()), "{}", line(&found));
            } else {
                assert_eq!(line(&found), expected);
            }
        }
    }

    #[test]
    fn step_ticks_say_both_ends() {
        for (low, high, expected) in [
            (0.0, 46920.0, "0 | 10k | 20k | 30k | 40k | 46.9k"),
            (0.0, 3.0, "0 | 1 | 2 | 3"),
            (0.0, 1.0, "0 | 1"),
            (25_003.0, 25_051.0, "25,003 | 25,010 | 25,020 | 25,030 | 25,040 | 25,050 | 25,051"),
            (-3.0, 7.0, "−3 | −2 | 0 | 2 | 4 | 6 | 7"),
            (1.0, 120.0, "1 | 20 | 40 | 60 | 80 | 100 | 120"),
            (5.0, 5.0, ""),
        ] {
            assert_eq!(line(&steps(low, high, 5.0)), expected);
        }
        assert!(!steps(-9.2e18, 9.2e18, 5.0).is_empty());
    }

    #[test]
    fn time_ticks() {
        let day = 1_795_132_800_000.0;
        for (low, high, zone, expected) in [
            (day - 5.5 * 3.6e6, day + 3.6e6 * 3.0, 0, "20:00 (Thu 19 Nov) | 22:00 | 00:00 (Fri 20 Nov) | 02:00"),
            (day, day + 100_000.0, 60, "01:00:00 (Fri 20 Nov) | 01:00:30 | 01:01:00 | 01:01:30"),
            (day, day + 4.0 * 8.64e7, 0, "20 Nov (2026) | 21 Nov | 22 Nov | 23 Nov | 24 Nov"),
            (day, day + 150.0 * 8.64e7, 0, "Dec (2026) | Jan (2027) | Feb | Mar | Apr"),
            (day, day + 3000.0 * 8.64e7, 0, "2028 | 2030 | 2032 | 2034"),
        ] {
            assert_eq!(line(&clock(low, high, 5.0, zone)), expected);
        }
        for (low, high, expected) in [
            (0.0, 45_000.0, "0 s | 10 s | 20 s | 30 s | 40 s"),
            (0.0, 2_760_000.0, "0 m | 10 m | 20 m | 30 m | 40 m"),
            (0.0, 1.2e4, "0 s | 5 s | 10 s"),
            (0.0, 900.0, "0 ms | 200 ms | 400 ms | 600 ms | 800 ms"),
            (0.0, 3.0 * 3.6e6, "0 m | 1 h | 2 h | 3 h"),
            (0.0, 3.0 * 8.64e7, "0 d | 1 d | 2 d | 3 d"),
        ] {
            let found = line(&durations(low, high, 5.0));
            assert_eq!(found.replace("0 h |", "0 m |"), expected);
        }
    }

    proptest! {
        #[test]
        fn never_too_many_and_always_inside(low in any::<f64>(), high in any::<f64>(), target in 2.0..6.0_f64) {
            let all = [linear(low, high, target), log(low, high, target), steps(low, high, target),
                durations(low, high, target), clock(low, high, target, 60)];
            for ticks in all {
                prop_assert!(ticks.len() <= 14);
                prop_assert!(ticks.iter().all(|tick| tick.value.is_finite()));
            }
        }

        #[test]
        fn three_to_six(low in -1e6..1e6_f64, span in 1e-3..1e6_f64) {
            let ticks = linear(low, low + span, 4.5);
            prop_assert!((3..=6).contains(&ticks.len()), "{ticks:?}");
            let texts: std::collections::BTreeSet<_> = ticks.iter().map(|tick| &tick.text).collect();
            prop_assert_eq!(texts.len(), ticks.len(), "{:?}", ticks);
        }
    }
}

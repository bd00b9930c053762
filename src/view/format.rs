//! Values as text: one count of decimals a column, true minus, short times. Ages take `now_ms`, dates take a [`Zone`].

/// The user's distance from UTC, as a function of the moment because of summer time.
#[derive(Clone, Copy)]
pub struct Zone {
    /// Minutes to add to UTC at a moment given in milliseconds since 1970.
    pub offset_minutes: fn(i64) -> i32,
}

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone { offset_minutes: |_| 0 };
}

/// How the numbers of one column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// With this many decimals and thousands parted by commas.
    Fixed(u8),
    /// As `1.234e-5`, with this many decimals in the mantissa.
    Exponent(u8),
}

/// Values of a column whose digits are counted.
const MOST_WRITTEN: usize = 256;
/// Most decimals that a column of plain numbers shows.
const MOST_DECIMALS: u8 = 6;

impl Numbers {
    /// One style for all of `values`: enough decimals that the smallest typical value keeps four significant digits, no
    /// more than the values themselves have.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Numbers {
        let finite = values.into_iter().filter(|value| value.is_finite() && *value != 0.0);
        let mut magnitudes: Vec<f64> = finite.map(f64::abs).collect();
        // writing a number to count its digits is dear: of many, a few hundred tell
        let every = magnitudes.len() / MOST_WRITTEN + 1;
        let needed = magnitudes.iter().step_by(every).map(|value| decimals_of(*value)).max().unwrap_or(0);
        if magnitudes.is_empty() {
            return Numbers::Fixed(0);
        }
        let largest = magnitudes.iter().copied().fold(0.0, f64::max);
        let quarter = magnitudes.len() / 4;
        let typical = *magnitudes.select_nth_unstable_by(quarter, f64::total_cmp).1;
        if largest >= 1e12 || (largest < 1e-3 && needed > 4) {
            return Numbers::Exponent(3);
        }
        let wanted = (3.0 - typical.log10().floor()).clamp(0.0, f64::from(MOST_DECIMALS)) as u8;
        Numbers::Fixed(needed.min(wanted))
    }

    /// The value as text; `NaN`, `Inf` and `−Inf` in words.
    pub fn text(self, value: f64) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 { "Inf" } else { "−Inf" }.to_owned();
        }
        let magnitude = value.abs();
        let text = match self {
            Numbers::Exponent(decimals) if magnitude != 0.0 => format!("{magnitude:.*e}", usize::from(decimals)),
            Numbers::Exponent(_) => "0".to_owned(),
            // what would be written as zero, and is not, keeps its first digits
            Numbers::Fixed(decimals) if magnitude != 0.0 && magnitude < 0.5 * 0.1_f64.powi(i32::from(decimals)) => {
                format!("{magnitude:.1e}")
            }
            Numbers::Fixed(_) if magnitude >= 1e15 => format!("{magnitude:.3e}"),
            Numbers::Fixed(decimals) => thousands(&format!("{magnitude:.*}", usize::from(decimals))),
        };
        let negative = value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        let text = text.replace("e-", "e−");
        if negative { format!("−{text}") } else { text }
    }
}

/// How many decimals the shortest exact text of a value has.
fn decimals_of(value: f64) -> u8 {
    let text = format!("{}", value.abs());
    text.split_once('.').map_or(0, |(_, fraction)| u8::try_from(fraction.len()).unwrap_or(u8::MAX))
}

/// The whole number or exact decimal, shortest form; for tooltips and copying.
pub fn exact(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if value != 0.0 && !(1e-5..1e16).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// A whole number with its thousands parted: `1,022`, `−3`.
pub fn count(number: i64) -> String {
    let text = thousands(&number.unsigned_abs().to_string());
    if number < 0 { format!("−{text}") } else { text }
}

/// `1 run`, `1,022 runs`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(&number.to_string()), if number == 1 { one } else { many })
}

fn thousands(digits: &str) -> String {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Bytes in units of 1,000: `412 B`, `18 KB`, `46.1 MB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 1 && value < 99.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago, short: `now`, `12 m`, `2 h`, `3 d`, `5 w`, `4 mo`, `2 y`; a moment to come is a date for the caller.
pub fn age(then_ms: i64, now_ms: i64) -> String {
    let passed = now_ms.saturating_sub(then_ms).max(0);
    let (amount, unit) = match passed {
        ..MINUTE => return "now".to_owned(),
        MINUTE..HOUR => (passed / MINUTE, "m"),
        HOUR..DAY => (passed / HOUR, "h"),
        _ => match passed / DAY {
            days @ 0..14 => (days, "d"),
            days @ 14..70 => (days / 7, "w"),
            days @ 70..730 => (days * 10 / 304, "mo"),
            days => (days * 100 / 36_525, "y"),
        },
    };
    format!("{amount} {unit}")
}

/// A duration for prose: `46 min`, `1 h 12 min`, `3.2 s`, `850 ms`.
pub fn duration(ms: i64) -> String {
    match ms {
        ..0 => format!("−{}", duration(ms.saturating_neg().max(0))),
        0..SECOND => format!("{ms} ms"),
        SECOND..MINUTE => format!("{:.1} s", ms as f64 / 1e3),
        MINUTE..HOUR => format!("{} min {} s", ms / MINUTE, ms % MINUTE / SECOND),
        HOUR..DAY => format!("{} h {} min", ms / HOUR, ms % HOUR / MINUTE),
        _ => format!("{} d {} h", ms / DAY, ms % DAY / HOUR),
    }
}

/// The unit in which a column of durations is written: its name and its length in milliseconds.
pub fn duration_unit(values_ms: &mut [i64]) -> (&'static str, i64) {
    values_ms.sort_unstable();
    match values_ms.get(values_ms.len() / 2).copied().unwrap_or(0) {
        ..1_000 => ("ms", 1),
        1_000..180_000 => ("s", SECOND),
        180_000..18_000_000 => ("min", MINUTE),
        _ => ("h", HOUR),
    }
}

/// `2026-11-24 07:15:45`, in the given zone.
pub fn date_time(ms: i64, zone: Zone) -> String {
    let local = ms.saturating_add(i64::from((zone.offset_minutes)(ms)) * MINUTE);
    let (year, month, day) = civil(local.div_euclid(DAY));
    let of_day = local.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / HOUR, of_day % HOUR / MINUTE, of_day % MINUTE / SECOND);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Year, month, day of a count of days since 1970-01-01 in the proleptic Gregorian calendar.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The first eight characters of an id, digest or commit.
pub fn short_id(id: &str) -> &str {
    id.char_indices().nth(8).map_or(id, |(at, _)| &id[..at])
}

/// Text on one line, with what can not be seen or would reorder the line made visible (control and bidirectional
/// characters), cut at `longest` characters.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        if at == longest {
            out.push('…');
            break;
        }
        match char {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => out.push('�'),
            char if char.is_control() => out.push('�'),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_count_of_decimals() {
        let check = |values: &[f64], expected: &[&str]| {
            let style = Numbers::of(values.iter().copied());
            let texts: Vec<String> = values.iter().map(|value| style.text(*value)).collect();
            assert_eq!(texts, expected, "{values:?} {style:?}");
        };
        check(&[0.9593, 0.9577, 0.95], &["0.9593", "0.9577", "0.9500"]);
        check(&[0.1 + 0.2, 0.25], &["0.3000", "0.2500"]);
        check(&[0.05, 0.4], &["0.05", "0.40"]);
        check(&[1.0, 2.0, -3.0], &["1", "2", "−3"]);
        check(&[1_022.0, 7.0, 1e6], &["1,022", "7", "1,000,000"]);
        check(&[12.5, 1234.5678], &["12.50", "1,234.57"]);
        check(&[f64::NAN, 0.5, f64::INFINITY, f64::NEG_INFINITY], &["NaN", "0.5", "Inf", "−Inf"]);
        check(&[1e-5, 3.25e-6], &["1.000e−5", "3.250e−6"]);
        check(&[0.9, 1e-12, 0.8, 0.7, 0.6], &["0.9000", "1.0e−12", "0.8000", "0.7000", "0.6000"]);
        check(&[1e18, 5.0], &["1.000e18", "5.000e0"]);
        check(&[0.0, -0.0], &["0", "0"]);
        check(&[], &[]);
    }

    #[test]
    fn times() {
        let now = 1_764_000_000_000_i64;
        for (passed, text) in [
            (-5, "now"),
            (59_999, "now"),
            (60_000, "1 m"),
            (HOUR, "1 h"),
            (DAY - 1, "23 h"),
            (13 * DAY, "13 d"),
            (14 * DAY, "2 w"),
            (69 * DAY, "9 w"),
            (70 * DAY, "2 mo"),
            (365 * DAY, "12 mo"),
            (731 * DAY, "2 y"),
            (i64::MAX, "292271023 y"),
        ] {
            assert_eq!(age(now.saturating_sub(passed), now), text, "{passed}");
        }
        for (ms, text) in [
            (0, "0 ms"),
            (3_240, "3.2 s"),
            (61_000, "1 min 1 s"),
            (HOUR + 12 * MINUTE, "1 h 12 min"),
            (-61_000, "−1 min 1 s"),
        ] {
            assert_eq!(duration(ms), text);
        }
        let plus_two = Zone { offset_minutes: |_| 120 };
        for (ms, zone, text) in [
            (0, Zone::UTC, "1970-01-01 00:00:00"),
            (1_709_164_800_000, Zone::UTC, "2024-02-29 00:00:00"),
            (1_709_164_799_999, Zone::UTC, "2024-02-28 23:59:59"),
            (-1, Zone::UTC, "1969-12-31 23:59:59"),
            (0, plus_two, "1970-01-01 02:00:00"),
        ] {
            assert_eq!(date_time(ms, zone), text);
        }
        date_time(i64::MAX, Zone::UTC);
        date_time(i64::MIN, plus_two);
    }

    #[test]
    fn sizes_and_counts() {
        for (size, text) in [
            (0, "0 B"),
            (412, "412 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (46_100_000, "46.1 MB"),
            (999_600_000, "1.0 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        assert_eq!(
            (count(-1_234_567), counted(1, "run", "runs"), counted(1_022, "run", "runs")),
            ("−1,234,567".into(), "1 run".into(), "1,022 runs".into())
        );
    }

    #[test]
    fn what_can_not_be_seen_is_made_visible() {
        assert_eq!(one_line("a\nb\u{202e}c\u{7}d", 80), "a⏎b�c�d");
        assert_eq!(one_line("äöü", 2), "äö…");
        assert_eq!(short_id("ééééééééé"), "éééééééé");
    }
}

//! TIMES AS TEXT, to milliseconds since 1970 in UTC: what JSON exports, servers and pandas write. A time without a zone is UTC.

/// From a number of milliseconds, as MLflow writes them, or a date.
pub fn parse_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.parse::<f64>() {
        Err(_) => date(text),
        Ok(number) => text.parse().ok().or_else(|| (number.abs() < 9e18).then_some(number.round() as i64)),
    }
}

/// From a number of any unit or a date.
///
/// | form | written by |
/// |---|---|
/// | `1795449128328` | pandas' `to_json`; seconds, micro- and nanoseconds are told by their size |
/// | `2026-11-23 15:52:08.328+00:00`, without the fraction where it is 0 | pandas' `to_csv` |
/// | `2026-11-23T15:52:08.328Z` | servers; pandas with `date_format="iso"` |
pub fn parse_any_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return Some(scaled(number));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() < 9e18 => Some(if number.abs() < SECONDS_BELOW as f64 {
            (number * 1e3).round() as i64
        } else {
            scaled(number as i64)
        }),
        Ok(_) => None,
        Err(_) => date(text),
    }
}

/// As seconds this is the year 5138, as milliseconds March 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// Each unit's numbers of the years 1973 to 5138 lie apart from those of the others.
fn scaled(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000 => number * 1_000,
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1_000),
        _ => number.div_euclid(1_000_000),
    }
}

/// `YYYY-MM-DD`, then a `T` or a space, `HH:MM[:SS[.fraction]]`, then `Z`, `+HH:MM`, `+HHMM` or nothing.
fn date(text: &str) -> Option<i64> {
    let (day, rest) = match text.split_once(['T', ' ', 't']) {
        Some((day, rest)) => (day, rest.trim()),
        None => (text, ""),
    };
    let mut parts = day.splitn(3, '-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days_ms = days_of(year, month, day) * 86_400_000;
    if rest.is_empty() {
        return Some(days_ms);
    }
    let (clock, offset_minutes) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => match rest.rfind(['+', '-']) {
            None => (rest, 0),
            Some(at) => {
                let (clock, zone) = rest.split_at_checked(at)?;
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let zone: String = zone.chars().skip(1).filter(|c| *c != ':').collect();
                let number = digits(&zone).filter(|_| zone.len() == 4 || zone.len() == 2)?;
                let minutes = if zone.len() == 2 { number * 60 } else { number / 100 * 60 + number % 100 };
                (clock.trim_end(), sign * minutes)
            }
        },
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if hour > 24 || minute > 59 || second > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    Some(days_ms + ((hour * 60 + minute - offset_minutes) * 60 + second) * 1_000 + millis)
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{parse_any_ms, parse_ms};

    #[test]
    fn every_form_of_a_time() {
        let check = |text: &str, any: Option<i64>, of_mlflow: Option<i64>| {
            assert_eq!((parse_any_ms(text), parse_ms(text)), (any, of_mlflow), "{text}");
        };
        let date = |text: &str, expected: Option<i64>| check(text, expected, expected);
        let ms = 1_795_449_128_328;
        date("1795449128328", Some(ms));
        date("1795449128328.0", Some(ms));
        check("1795449128.328", Some(ms), Some(1_795_449_128));
        check("1795449128328000", Some(ms), Some(1_795_449_128_328_000));
        check("1795449128328000000", Some(ms), Some(1_795_449_128_328_000_000));
        check("2026", Some(2_026_000), Some(2_026));
        check("-5", Some(-5_000), Some(-5));
        date("2026-11-23 15:52:08.328+00:00", Some(ms));
        date("2026-11-23 15:52:08.328000+00:00", Some(ms));
        date("2026-11-23T15:52:08.328Z", Some(ms));
        date("2026-11-23T15:52:08.328", Some(ms));
        date("2026-11-23 17:52:08.328999+0200", Some(ms));
        date(" 2026-11-23T10:22:08.328-05:30 ", Some(ms));
        date("2026-11-23 15:52:08+00:00", Some(1_795_449_128_000));
        date("2026-11-23 15:52", Some(1_795_449_120_000));
        date("1970-01-01", Some(0));
        date("1969-12-31T23:59:59.999Z", Some(-1));
        date("2024-02-29", Some(1_709_164_800_000));
        let none = [
            "",
            "NaT",
            "None",
            "nan",
            "inf",
            "1e300",
            "2026-13-01",
            "2026-11-23 15h",
            "2026-11-23T15:52:08.3x8Z",
            "23/11/2026 15:52",
            "2026-11-23 1:2:3+é9",
        ];
        for text in none {
            date(text, None);
        }
    }
}

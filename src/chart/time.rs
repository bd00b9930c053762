//! Milliseconds as clock, date and duration. It must not ask for the time or the zone: the zone is minutes east of UTC.

const DAY_MS: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Longest time that is drawn: year ±200,000. What lies beyond is cut, no clock shows it.
const MOST_MS: f64 = 6.3e15;

/// A moment in a zone, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Whole days since 1970.
    pub day: i64,
    /// Milliseconds since midnight.
    pub in_day_ms: i64,
    /// Civil year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day_of_month: i64,
}

/// Days since 1970 of a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Takes a time apart (`civil_from_days` of the same source).
pub fn moment(time_ms: f64, zone_minutes: i32) -> Moment {
    let time_ms = time_ms.clamp(-MOST_MS, MOST_MS) as i64 + i64::from(zone_minutes) * 60_000;
    let (day, in_day_ms) = (time_ms.div_euclid(DAY_MS), time_ms.rem_euclid(DAY_MS));
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Moment { day, in_day_ms, year, month, day_of_month }
}

impl Moment {
    /// `20:00`, or `20:00:15` with seconds.
    pub fn clock(&self, with_seconds: bool) -> String {
        let seconds = self.in_day_ms / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match with_seconds {
            true => format!("{hour:02}:{minute:02}:{second:02}"),
            false => format!("{hour:02}:{minute:02}"),
        }
    }

    /// `Sat 21 Nov`
    pub fn weekday_date(&self) -> String {
        let weekday = WEEKDAYS[self.day.rem_euclid(7) as usize];
        format!("{weekday} {}", self.date())
    }

    /// `21 Nov`
    pub fn date(&self) -> String {
        format!("{} {}", self.day_of_month, self.month_name())
    }

    /// `Nov`
    pub fn month_name(&self) -> &'static str {
        MONTHS.get((self.month - 1) as usize).copied().unwrap_or("Jan")
    }
}

/// `Sat 21 Nov 20:03:15`
pub fn clock_text(time_ms: f64, zone_minutes: i32) -> String {
    let moment = moment(time_ms, zone_minutes);
    format!("{} {}", moment.weekday_date(), moment.clock(true))
}

/// `850 ms`, `12.5 s`, `26 m 4 s`, `3 h 5 m`, `2 d 7 h`
pub fn duration_text(span_ms: f64) -> String {
    let minus = if span_ms < 0.0 { "−" } else { "" };
    let ms = span_ms.abs().min(MOST_MS);
    let (seconds, minutes, hours, days) =
        ((ms / 1000.0).round() as i64, (ms / 60_000.0) as i64, (ms / 3_600_000.0) as i64, (ms / 86_400_000.0) as i64);
    let text = match ms {
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 59_950.0 => format!("{:.1} s", ms / 1000.0).replace(".0 s", " s"),
        ms if ms < 3_599_500.0 => format!("{} m {} s", seconds / 60, seconds % 60),
        ms if ms < 86_400_000.0 => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    };
    format!("{minus}{text}")
}

#[cfg(test)]
mod tests {
    use super::{clock_text, days_of, duration_text, moment};

    #[test]
    fn dates() {
        for (time_ms, zone, expected) in [
            (0.0, 0, "Thu 1 Jan 00:00:00"),
            (-1.0, 0, "Wed 31 Dec 23:59:59"),
            (1_795_202_430_000.0, 0, "Fri 20 Nov 19:20:30"),
            (1_795_202_430_000.0, 330, "Sat 21 Nov 00:50:30"),
            (951_782_400_000.0, 0, "Tue 29 Feb 00:00:00"),
        ] {
            assert_eq!(clock_text(time_ms, zone), expected);
        }
        for day in (-800_000..800_000).step_by(997) {
            let found = moment(day as f64 * 86_400_000.0, 0);
            assert_eq!(days_of(found.year, found.month, found.day_of_month), day);
        }
        clock_text(f64::MAX, -1440);
        clock_text(f64::NAN, 0);
    }

    #[test]
    fn durations() {
        for (span_ms, expected) in [
            (850.0, "850 ms"),
            (12_500.0, "12.5 s"),
            (12_000.0, "12 s"),
            (1_564_000.0, "26 m 4 s"),
            (-11_100_000.0, "−3 h 5 m"),
            (198_000_000.0, "2 d 7 h"),
        ] {
            assert_eq!(duration_text(span_ms), expected);
        }
    }
}

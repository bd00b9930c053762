//! One metric file to points. A line is one logged point:
//!
//! | columns | written by | meaning |
//! |---|---|---|
//! | 2 | MLflow before 1.0 | `timestamp value`, the time mostly in seconds |
//! | 3 | MLflow 1.0 to today | `timestamp_ms value step` |
//! | 5 and more | MLflow 3 with a dataset | `timestamp_ms value step dataset_name digest`, the name may hold spaces |
//!
//! Broken lines are told and skipped. In a file with longer lines one of two columns is a truncated line.

use crate::model::MetricSeries;

/// A timestamp of a two-column line below this is in seconds: as milliseconds it would be before March 1973, as seconds
/// it reaches the year 5138.
const SECONDS_BELOW: f64 = 1e11;

/// Reads the points of a metric file. `note` is told the line (1-based) and what is wrong with it.
pub fn read_points(bytes: &[u8], note: &mut dyn FnMut(u64, String)) -> MetricSeries {
    let mut points = Vec::with_capacity(bytes.len() / 36 + 1);
    // Lines of two columns, until it is clear whether the file has longer ones.
    let mut short = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let mut columns = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|column| !column.is_empty());
        let Some(time) = columns.next() else { continue };
        let line_number = at as u64 + 1;
        match (columns.next(), columns.next()) {
            (None, _) => note(line_number, format!("The line holds one field only: {}.", quote(line))),
            (Some(value), None) => match (number(time), number(value)) {
                (Some(time), Some(value)) if time.is_finite() => {
                    let time_ms = if time.abs() < SECONDS_BELOW { time * 1000.0 } else { time };
                    short.push((line_number, (0, time_ms.round() as i64, value)));
                }
                _ => note(line_number, format!("The line is not two numbers: {}.", quote(line))),
            },
            (Some(value), Some(step)) => match (integer(time), number(value), integer(step)) {
                (Some(time_ms), Some(value), Some(step)) => points.push((step, time_ms, value)),
                (None, ..) => note(line_number, format!("The time is not a number: {}.", quote(line))),
                (_, None, _) => note(line_number, format!("The value is not a number: {}.", quote(line))),
                (.., None) => note(line_number, format!("The step is not a number: {}.", quote(line))),
            },
        }
    }
    if points.is_empty() {
        points.extend(short.into_iter().map(|(_, point)| point));
    } else {
        for (line, _) in short {
            note(line, "The line ends before its step, as if it were cut off.".to_owned());
        }
    }
    MetricSeries::from_points(points)
}

/// The start of a line, for a message.
fn quote(line: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line));
    let more = if line.len() > SHOWN { "…" } else { "" };
    format!("`{}{more}`", text.trim_end().escape_debug())
}

/// Python's spellings of a float, `nan` and `inf` among them.
fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A whole number of 64 bits; one with a fraction is rounded.
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // Up to 18 digits can not overflow; the rest is rare and goes the slow way.
    if (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
        let number = digits.iter().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'));
        return Some(if negative { -number } else { number });
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    text.parse::<f64>().ok().filter(|number| number.abs() < 9e18).map(|number| number.round() as i64)
}

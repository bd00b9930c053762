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

#[cfg(test)]
mod tests {
    use super::read_points;
    use proptest::prelude::*;

    /// Points as `step time value`, then the notes as `line: message`.
    fn shown(bytes: &[u8]) -> String {
        let mut notes = Vec::new();
        let series = read_points(bytes, &mut |line, message| notes.push(format!("{line}: {message}")));
        let points =
            (0..series.len()).map(|at| format!("{} {} {:?}", series.step[at], series.time_ms[at], series.value[at]));
        points.chain(notes).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_format_of_a_line() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text.as_bytes()), expected, "{text:?}");
        check("", "");
        check("\n\n", "");
        check("1700000000123 0.5 7\n", "7 1700000000123 0.5");
        check("1700000000123 0.5 7", "7 1700000000123 0.5");
        check("2 1 1\r\n3 2 2\r\n", "1 2 1.0; 2 3 2.0");
        check("1 nan 0\n1 inf 1\n1 -inf 2\n1 NaN 3\n1 Infinity 4", "0 1 NaN; 1 1 inf; 2 1 -inf; 3 1 NaN; 4 1 inf");
        check(
            "1 1e-300 -5\n1 1.2345678901234568e+17 9223372036854775807",
            "-5 1 1e-300; 9223372036854775807 1 1.2345678901234568e17",
        );
        check("1 0.5 3.0", "3 1 0.5");
        // Before 1.0: two columns, seconds or milliseconds.
        check("1700000000 0.5", "0 1700000000000 0.5");
        check("1700000000123 0.5", "0 1700000000123 0.5");
        check("1700000000.25 0.5", "0 1700000000250 0.5");
        // With a dataset, whose name may hold spaces.
        check("1 0.5 7 train abc", "7 1 0.5");
        check("1 0.5 7 my train set abc", "7 1 0.5");
        // Logged twice is one point.
        check("1 0.5 7\n1 0.5 7\n1 0.5 7 train abc", "7 1 0.5");
        check("2 0.1 1\n1 0.2 0", "0 1 0.2; 1 2 0.1");
    }

    #[test]
    fn broken_lines_are_told_the_others_count() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text.as_bytes()), expected, "{text:?}");
        check("1 0.5 1\n1 0.", "1 1 0.5; 2: The line ends before its step, as if it were cut off.");
        check("1 0.5 1\n17000", "1 1 0.5; 2: The line holds one field only: `17000`.");
        check(
            "1 x 1\ny 1 1\n1 1 z",
            "1: The value is not a number: `1 x 1`.; 2: The time is not a number: `y 1 1`.; 3: The step is not a number: `1 1 z`.",
        );
        check(
            "<<<<<<< HEAD\n1 2 3\n=======",
            "3 1 2.0; 1: The line is not two numbers: `<<<<<<< HEAD`.; 3: The line holds one field only: `=======`.",
        );
        check("nan 0.5", "1: The line is not two numbers: `nan 0.5`.");
        check("1 1 99999999999999999999", "1: The step is not a number: `1 1 99999999999999999999`.");
        assert_eq!(shown(b"1 \xFF 1\n1 2 3"), "3 1 2.0; 1: The value is not a number: `1 \u{FFFD} 1`.");
        assert!(shown("é".repeat(500).as_bytes()).len() < 400);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in "[0-9 .einfa\\-\\n\\r\\t\u{e9}]{0,200}") {
            shown(bytes.as_bytes());
        }
    }
}

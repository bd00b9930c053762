//! Clauses to text that reads back as the same clauses, quoted so that MLflow's lexer agrees about where each ends.

use super::{Clause, Query, Test, TextOp};
use crate::model::Field;
use std::fmt;

/// Words that MLflow's lexer takes for SQL even behind a dot.
const RESERVED: [&str; 6] = ["case", "in", "values", "using", "from", "as"];

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, clause) in self.clauses.iter().enumerate() {
            if number > 0 {
                f.write_str(" AND ")?;
            }
            clause.fmt(f)?;
        }
        Ok(())
    }
}

/// A text that no plain quotes can hold (both kinds inside, or a backslash at its end) is written as a list of one, where
/// escapes count. A LIKE pattern of that kind has no safe spelling: `_` stands for its single quotes and backslashes.
impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&field(&self.field))?;
        match &self.test {
            Test::Number { op, value } => write!(f, " {} {}", op.symbol(), number(*value)),
            Test::Text { op, value } => match (op, quoted(value)) {
                (TextOp::Equal, Some(text)) => write!(f, " = {text}"),
                (TextOp::NotEqual, Some(text)) => write!(f, " != {text}"),
                (TextOp::Equal, None) => write!(f, " IN ({})", literal(value)),
                (TextOp::NotEqual, None) => write!(f, " NOT IN ({})", literal(value)),
            },
            Test::Like { ignore_case, pattern } => {
                let word = if *ignore_case { "ILIKE" } else { "LIKE" };
                let text = quoted(pattern).unwrap_or_else(|| format!("'{}'", pattern.replace(['\'', '\\'], "_")));
                write!(f, " {word} {text}")
            }
            Test::In { negated, values } => {
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                write!(f, " {} ({})", if *negated { "NOT IN" } else { "IN" }, values.join(", "))
            }
            Test::Null { negated } => f.write_str(if *negated { " IS NOT NULL" } else { " IS NULL" }),
        }
    }
}

/// A field with its key quoted where it must be: ``metrics.`val/acc` ``, `start_time`.
pub(super) fn field(field: &Field) -> String {
    match field {
        Field::Attribute(attribute) => attribute.word().to_owned(),
        Field::Dataset(key) => format!("dataset.{}", key.word()),
        Field::Metric(name) => format!("metrics.{}", key(name)),
        Field::Param(name) => format!("params.{}", key(name)),
        Field::Tag(name) => format!("tags.{}", key(name)),
    }
}

/// A key, in quotes unless MLflow reads it bare. MLflow allows no quote marks in keys, so one kind is always free.
pub(super) fn key(key: &str) -> String {
    let bare = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(super::lex::is_word)
            && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(part))
    };
    if key.split('.').all(bare) {
        return key.to_owned();
    }
    let quotes = ['`', '"', '\''];
    let quote = quotes.into_iter().find(|quote| !key.contains(*quote)).unwrap_or('`');
    format!("{quote}{key}{quote}")
}

pub(super) fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "1e400" } else { "-1e400" }.to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value}") } else { format!("{value:?}") }
}

/// A value in plain quotes, or `None` when neither kind closes where it should: nothing is escaped between them, but a
/// doubled quote and a quote behind a backslash do not close.
pub(super) fn quoted(value: &str) -> Option<String> {
    let holds = |quote: char| {
        let mut chars = value.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.peek() {
                    None => return false,
                    Some(next) if *next == quote => drop(chars.next()),
                    Some(_) => {}
                },
                c if c == quote && chars.next() != Some(quote) => return false,
                _ => {}
            }
        }
        true
    };
    ['\'', '"'].into_iter().find(|quote| holds(*quote)).map(|quote| format!("{quote}{value}{quote}"))
}

/// A value as a Python string, for lists. A last backslash is spelt by its code: the lexer would take it and the closing
/// quote for one sign.
fn literal(value: &str) -> String {
    let quote = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    let mut text = String::with_capacity(value.len() + 2);
    text.push(quote);
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_none() => text.push_str("\\x5c"),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..'\x20' => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c == quote => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text.push(quote);
    text
}

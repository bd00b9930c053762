//! Chips and text are one query: a chip edits the text and leaves the user's spelling of everything else alone.

use super::lex::{Keyword, Kind, Token, lex};
use super::{Clause, Test, parse};
use std::ops::Range;

/// The text without the clause of that number in `parse(text).query`, and without one AND beside it.
pub fn without(text: &str, clause: usize) -> String {
    let Some(at) = parse(text).query.clauses.get(clause).map(|clause| clause.at.clone()) else {
        return text.to_owned();
    };
    let tokens = lex(text);
    let is_and =
        |token: &&Token| token.kind == Kind::Name && Keyword::of(&text[token.at.clone()]) == Some(Keyword::And);
    let before = tokens.iter().rev().find(|token| token.at.end <= at.start);
    let after = tokens.iter().find(|token| token.at.start >= at.end);
    let cut: Range<usize> = match (before, after) {
        (_, Some(and)) if is_and(&and) => {
            let next = tokens.iter().find(|token| token.at.start >= and.at.end);
            at.start..next.map_or(text.len(), |next| next.at.start)
        }
        (Some(and), _) if is_and(&and) => {
            let previous = tokens.iter().rev().find(|token| token.at.end <= and.at.start);
            previous.map_or(0, |previous| previous.at.end)..at.end
        }
        (_, Some(next)) => at.start..next.at.start,
        (_, None) => at,
    };
    let (left, right) = (&text[..cut.start], &text[cut.end..]);
    if right.trim().is_empty() { left.trim_end().to_owned() } else { format!("{left}{right}") }
}

/// The text with `clause`: in the place of the first clause that is IN or `=` on the same field, else behind all others.
/// A clause whose list is empty takes that one away.
pub fn with(text: &str, clause: &Clause) -> String {
    let parsed = parse(text);
    let same = |old: &Clause| old.field == clause.field && old.picked().is_some();
    let old = parsed.query.clauses.iter().position(same);
    let empty = matches!(&clause.test, Test::In { values, .. } if values.is_empty());
    match (old, empty) {
        (Some(old), true) => without(text, old),
        (None, true) => text.to_owned(),
        (Some(old), false) => {
            let at = parsed.query.clauses[old].at.clone();
            format!("{}{clause}{}", &text[..at.start], &text[at.end..])
        }
        (None, false) => {
            let left = text.trim_end();
            if left.is_empty() {
                return clause.to_string();
            }
            let and = match lex(left).last() {
                Some(last) if last.kind == Kind::Name && Keyword::of(&left[last.at.clone()]) == Some(Keyword::And) => {
                    ""
                }
                _ => "AND ",
            };
            let behind = format!("{left} {and}{clause}");
            // A text that ends in a backslash before its quote would swallow what follows it.
            if parse(&behind).query.clauses.len() > parsed.query.clauses.len() {
                behind
            } else {
                format!("{clause} AND {left}")
            }
        }
    }
}

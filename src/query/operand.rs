//! The right side of a clause: numbers, texts in quotes, lists. Knows what a value must look like; must not know which
//! comparators a field allows.

use super::lex::{Flaw, Keyword, Kind, Token, lex};
use super::parse::{Parser, Read, mended, wrong};
use super::{Problem, literal, write};
use crate::model::Field;
use std::ops::Range;

impl Parser<'_> {
    pub(super) fn number(&mut self, field: &Field, place: &Range<usize>, op: &Range<usize>) -> Read<f64> {
        let Some(token) = self.peek().filter(|_| self.peek_keyword() != Some(Keyword::And)) else {
            return Err(wrong(
                &(place.start..op.end),
                "The value is missing",
                format!("Write a number behind {}", self.slice(op)),
            ));
        };
        let text = self.slice(&token.at);
        match token.kind {
            Kind::Number => {
                self.next += 1;
                text.parse().map_err(|_| self.flaw(&token.at, Flaw::Number))
            }
            Kind::Text => {
                let inside = literal::inner(text).trim();
                let message = format!("`{field}` is a number: no quotes");
                match lex(inside).as_slice() {
                    [one] if one.kind == Kind::Number => Err(mended(&token.at, message, inside.to_owned())),
                    _ => Err(wrong(&token.at, message, format!("Write a number, as in {} > 0.5", self.slice(place)))),
                }
            }
            Kind::Name => match text.to_lowercase().as_str() {
                "inf" | "infinity" => {
                    Err(mended(&token.at, "Infinity is written as a number too large", "1e400".to_owned()))
                }
                "nan" => Err(wrong(
                    &token.at,
                    "NaN equals nothing, not even itself",
                    "Sort by the metric: NaN comes behind all numbers.",
                )),
                _ => Err(wrong(
                    &token.at,
                    format!("`{text}` is not a number"),
                    "A field is compared with a number such as 0.5 or 1e-3, not with another field.",
                )),
            },
            Kind::Bad(Flaw::Number) if matches!(text.to_lowercase().as_str(), "-inf" | "-infinity") => {
                Err(mended(&token.at, "Infinity is written as a number too large", "-1e400".to_owned()))
            }
            Kind::Bad(flaw) => Err(self.flaw(&token.at, flaw)),
            _ => Err(wrong(&token.at, "A number is missing here", format!("For example {} > 0.5", self.slice(place)))),
        }
    }

    pub(super) fn text_value(&mut self, place: &Range<usize>, op: &Range<usize>) -> Read<String> {
        let Some(token) = self.peek().filter(|_| !matches!(self.peek_keyword(), Some(Keyword::And | Keyword::Or)))
        else {
            return Err(wrong(
                &(place.start..op.end),
                "The value is missing",
                format!("Write a text in quotes behind {}", self.slice(op)),
            ));
        };
        match token.kind {
            Kind::Text => {
                self.next += 1;
                Ok(literal::inner(self.slice(&token.at)).to_owned())
            }
            Kind::Bad(flaw) if flaw != Flaw::Number => Err(self.flaw(&token.at, flaw)),
            Kind::Name | Kind::Number | Kind::Bad(_) => Err(self.unquoted(&token)),
            Kind::Open => Err(Problem {
                fix: (self.slice(op) == "=").then(|| "IN".to_owned()),
                ..wrong(op, "A list is compared by IN", "Write IN ('a', 'b')")
            }),
            _ => Err(wrong(&token.at, "A text in quotes is missing here", "For example 'value'")),
        }
    }

    /// A bare value: everything up to the next AND or the end, put in quotes.
    fn unquoted(&self, first: &Token) -> Problem {
        let part = |token: &&Token| {
            matches!(token.kind, Kind::Name | Kind::Number | Kind::Bad(Flaw::Number))
                && !matches!(self.keyword(token), Some(Keyword::And | Keyword::Or))
        };
        // A name with a comparator behind it begins the next clause.
        let rest = self.tokens.get(self.next..).unwrap_or(&[]);
        let mut count = rest.iter().take_while(part).count();
        if count > 1 && rest.get(count).is_some_and(|token| token.kind == Kind::Operator) {
            count -= 1;
        }
        let mut end = rest.get(..count).and_then(<[Token]>::last).map_or(first.at.end, |last| last.at.end);
        // An apostrophe inside: `it's` is one word.
        if rest.get(count).is_some_and(|next| next.at.start == end && next.kind == Kind::Bad(Flaw::Unclosed)) {
            let behind = self.text.get(end..).unwrap_or("");
            end += behind.find(char::is_whitespace).unwrap_or(behind.len());
        }
        let at = first.at.start..end;
        let plain = self.slice(&at).trim_matches('`');
        match write::quoted(plain) {
            Some(fix) => Problem {
                hint: format!("Put the value in quotes: {fix}"),
                ..mended(&at, "A text value needs quotes", fix)
            },
            None => wrong(&at, "A text value needs quotes", "Put it in quotes: 'value'"),
        }
    }

    /// `('a', 'b')`, a last comma allowed.
    pub(super) fn list(&mut self, word: &Range<usize>) -> Read<Vec<String>> {
        let Some(open) = self.peek().filter(|_| self.peek_keyword() != Some(Keyword::And)) else {
            return Err(wrong(word, "The list is missing", "Write it in parentheses: IN ('a', 'b')"));
        };
        if open.kind != Kind::Open {
            return Err(match open.kind {
                Kind::Text => mended(&open.at, "A list stands in parentheses", format!("({})", self.slice(&open.at))),
                Kind::Bad(flaw) => self.flaw(&open.at, flaw),
                _ => wrong(&open.at, "A list stands in parentheses", "Write it as IN ('a', 'b')"),
            });
        }
        self.next += 1;
        let mut values = Vec::new();
        let mut last = open;
        while let Some(token) = self.peek() {
            match (token.kind, last.kind) {
                (Kind::Close, _) if values.is_empty() => {
                    return Err(wrong(&token.at, "The list is empty", "Name at least one value: IN ('a')"));
                }
                (Kind::Close, _) => {
                    self.next += 1;
                    return Ok(values);
                }
                (Kind::Text, Kind::Text) => {
                    let gap = last.at.end..token.at.start;
                    return Err(Problem {
                        fix: Some(", ".to_owned()),
                        ..wrong(&gap, "A comma is missing between two values", "Write IN ('a', 'b')")
                    });
                }
                (Kind::Text, _) => values.push(literal::unescape(self.slice(&token.at)).map_err(|bad| match bad {
                    literal::BadLiteral::LineBreak => {
                        wrong(&token.at, "A line break in a list is written \\n", "Put \\n in its place.")
                    }
                    literal::BadLiteral::Escape => wrong(
                        &token.at,
                        "A backslash here names no character",
                        "In lists a backslash is written twice: '\\\\'",
                    ),
                })?),
                (Kind::Comma, Kind::Text) => {}
                (Kind::Name | Kind::Number | Kind::Bad(Flaw::Number), Kind::Open | Kind::Comma) => {
                    let plain = self.slice(&token.at).trim_matches('`');
                    let fix = write::quoted(plain).unwrap_or_else(|| "'value'".to_owned());
                    return Err(mended(&token.at, "Values of a list need quotes", fix));
                }
                (Kind::Bad(flaw), _) => return Err(self.flaw(&token.at, flaw)),
                _ => return Err(wrong(&token.at, "A value in quotes is missing here", "Write IN ('a', 'b')")),
            }
            last = token;
            self.next += 1;
        }
        Err(wrong(&(word.start..last.at.end), "The closing parenthesis is missing", "Write ) behind the last value"))
    }
}

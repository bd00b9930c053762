//! MLFLOW'S SEARCH LANGUAGE AND MORE: text to clauses ([`parse`](parse())), clauses to row numbers ([`Query::select`]),
//! clauses back to text (`Display`, [`with`], [`without`]), the order of rows ([`sort`]), and what a server is asked for
//! ([`push`]).
//!
//! It must not know where runs come from, how rows are shown, or whether deleted runs are: callers choose the rows. What
//! the language holds is written once, in `reference.md`, which is the help popover and a list of test cases as well.
//! Clauses are joined by AND alone for now.

mod edit;
mod field;
mod lex;
mod like;
mod literal;
mod operand;
mod order;
mod parse;
#[cfg(test)]
mod properties;
pub mod push;
mod reference;
mod select;
#[cfg(test)]
mod tests;
mod values;
mod write;

pub use edit::{with, without};
pub use lex::{TokenKind, tokens};
pub use order::{OrderBy, sort};
pub use parse::parse;
pub use reference::{Example, REFERENCE, Standing, examples};
pub use values::{choosable, values};

use crate::model::{Attribute, Field};
use std::ops::Range;

/// What a text says, as far as it could be read. While there are problems, the last good query stays in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The clauses without a mistake.
    pub query: Query,
    /// The mistakes, by place.
    pub problems: Vec<Problem>,
}

/// One mistake in the user's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Byte range in the text, on character boundaries; may be empty.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Put in the place of `at`, this text mends the mistake.
    pub fix: Option<String>,
}

/// Clauses that must all hold. Without clauses, every run matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// In the order of the text.
    pub clauses: Vec<Clause>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What is tested.
    pub field: Field,
    /// How.
    pub test: Test,
    /// Byte range in the text it was read from; empty for clauses made by hand.
    pub at: Range<usize>,
}

/// A comparator with its value. Numbers go with numeric fields, the others with text fields (see [`is_numeric`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `> 0.5`
    Number {
        /// Comparator.
        op: NumberOp,
        /// Never NaN, which has no spelling.
        value: f64,
    },
    /// `= 'adam'`, case-sensitive.
    Text {
        /// Comparator.
        op: TextOp,
        /// Without its quotes.
        value: String,
    },
    /// `LIKE 'ada%'`
    Like {
        /// ILIKE.
        ignore_case: bool,
        /// `%` any characters of a line, `_` one; no escapes.
        pattern: String,
    },
    /// `IN ('adam', 'sgd')`
    In {
        /// NOT IN.
        negated: bool,
        /// At least one in any text that was read.
        values: Vec<String>,
    },
    /// `IS NULL`
    Null {
        /// IS NOT NULL.
        negated: bool,
    },
}

/// Comparators of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl NumberOp {
    /// All of them.
    pub const ALL: [NumberOp; 6] =
        [NumberOp::Equal, NumberOp::NotEqual, NumberOp::Less, NumberOp::AtMost, NumberOp::Greater, NumberOp::AtLeast];

    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            NumberOp::Equal => "=",
            NumberOp::NotEqual => "!=",
            NumberOp::Less => "<",
            NumberOp::AtMost => "<=",
            NumberOp::Greater => ">",
            NumberOp::AtLeast => ">=",
        }
    }
}

/// Comparators of whole texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

impl Clause {
    /// The clause of a chip: the field has one of `values`. One value alone is written with `=`, which MLflow reads too.
    pub fn one_of(field: Field, mut values: Vec<String>) -> Clause {
        let test = match values.pop() {
            Some(value) if values.is_empty() && write::quoted(&value).is_some() => {
                Test::Text { op: TextOp::Equal, value }
            }
            last => {
                values.extend(last);
                Test::In { negated: false, values }
            }
        };
        Clause { field, test, at: 0..0 }
    }

    /// The values that a chip shows as picked: those of IN and of `=` on a text field; `None` for any other test.
    pub fn picked(&self) -> Option<Vec<&str>> {
        match &self.test {
            Test::Text { op: TextOp::Equal, value } => Some(vec![value]),
            Test::In { negated: false, values } => Some(values.iter().map(String::as_str).collect()),
            _ => None,
        }
    }
}

/// Whether a field is compared as a number: metrics, times and durations (milliseconds). All others are text.
pub fn is_numeric(field: &Field) -> bool {
    matches!(
        field,
        Field::Metric(_) | Field::Attribute(Attribute::StartTime | Attribute::EndTime | Attribute::Duration)
    )
}

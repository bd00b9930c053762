//! PUSH-DOWN: which parts of a filter and of an order a server can be asked for, as MLflow's text.
//!
//! What is pushed must be sure to hold ours: the server's answer may have more runs than [`Query::select`](super::Query)
//! keeps, never fewer, since our own evaluation follows and can not bring back what was never sent. So a clause whose
//! meaning differs is widened until it holds both meanings, or stays here. Whether a server *accepts* a clause need not be
//! known for sure: it says so when it does not, and is asked again without.
//!
//! It must not know how requests are made. What servers mean is in `dialect`, as a table.

mod dialect;
#[cfg(test)]
mod tests;

pub use dialect::Dialect;

use super::{Clause, NumberOp, OrderBy, Test, TextOp, parse, write};
use crate::model::{Attribute, Field};
use dialect::Can;

/// A database joins a table a clause, and SQLite joins 64 of them; clauses behind these are ours alone.
const MOST_CLAUSES: usize = 20;
/// Bytes of one clause, about. What is longer gains little and may pass a limit of somebody on the way.
const LONGEST_CLAUSE: usize = 4000;
/// Values of one list: databases limit the parameters of a question, some to 2100.
const LONGEST_LIST: usize = 500;
/// A file store matches patterns by a regular expression, which takes the power of these many of the text's length.
const MOST_WILDCARDS: usize = 3;

/// The clauses that a server is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// MLflow's text of each.
    pub clauses: Vec<String>,
    /// Of which top-level clause of the query each is, in the same order.
    pub numbers: Vec<usize>,
}

impl Narrowed {
    /// One filter of all clauses; empty without any.
    pub fn filter(&self) -> String {
        self.clauses.join(" AND ")
    }

    /// The numbers of the clauses which an error text of the server means: those whose field it names, or all of them if it
    /// names none. Left out the next time, so that asking again comes to an end.
    pub fn refused(&self, message: &str) -> Vec<usize> {
        let named = |text: &str| {
            let field = text.split(' ').next().unwrap_or(text);
            let key = field.split_once('.').map_or(field, |(_, key)| key).trim_matches('`');
            message.contains(text) || message.contains(field) || message.contains(&format!("'{key}'"))
        };
        let all = || self.clauses.iter().zip(&self.numbers);
        let found: Vec<usize> = all().filter(|(text, _)| named(text)).map(|(_, number)| *number).collect();
        if found.is_empty() { self.numbers.clone() } else { found }
    }
}

/// The clauses of `query` that `dialect` is sure to answer with all of our runs. `without` are the numbers of clauses
/// which the server refused. A text with a mistake narrows nothing: what is meant is not known.
pub fn narrow(query: &str, dialect: &Dialect, without: &[usize]) -> Narrowed {
    let parsed = parse(query);
    let mut narrowed = Narrowed::default();
    if !parsed.problems.is_empty() {
        return narrowed;
    }
    for (number, clause) in parsed.query.clauses.iter().enumerate() {
        if without.contains(&number) || narrowed.clauses.len() == MOST_CLAUSES {
            continue;
        }
        if let Some(text) = pushed(clause, dialect).filter(|text| text.len() <= LONGEST_CLAUSE) {
            narrowed.clauses.push(text);
            narrowed.numbers.push(number);
        }
    }
    narrowed
}

/// `order` (texts as `metrics.loss DESC`) as the server is asked for it; nothing to say where the default is meant. `None`
/// where the server would order otherwise: then only what is loaded can be sorted.
pub fn order(order: &[String], dialect: &Dialect) -> Option<Vec<String>> {
    if !dialect.can(if order.is_empty() { Can::NewestFirst } else { Can::Order }) {
        return None;
    }
    let mut columns: Vec<OrderBy> = Vec::new();
    for text in order {
        let column = OrderBy::parse(text).ok()?;
        // A second time it decides nothing, and databases refuse it.
        if columns.iter().all(|before| before.field != column.field) {
            columns.push(column);
        }
    }
    let text = |column: &OrderBy| {
        let field = match &column.field {
            // Values, then NaN, then what is missing: as ours, in files and in databases.
            Field::Metric(key) => format!("metrics.{}", key_text(key, dialect)?),
            Field::Attribute(
                attribute @ (Attribute::StartTime | Attribute::EndTime | Attribute::Status | Attribute::RunId),
            ) => format!("attributes.{}", attribute.word()),
            // Texts: ours are sorted as numbers where all are numbers, and each database has a collation of its own.
            _ => return None,
        };
        Some(format!("{field} {}", if column.descending { "DESC" } else { "ASC" }))
    };
    columns.iter().map(text).collect()
}

/// The clause as the server's answer is sure to hold ours; `None` if there is no such text.
fn pushed(clause: &Clause, dialect: &Dialect) -> Option<String> {
    if !dialect.can(Can::Conditions) {
        return None;
    }
    let field = match &clause.field {
        Field::Metric(key) => format!("metrics.{}", key_text(key, dialect)?),
        Field::Param(key) => format!("params.{}", key_text(key, dialect)?),
        Field::Tag(key) => format!("tags.{}", key_text(key, dialect)?),
        Field::Dataset(key) if dialect.can(Can::Datasets) => format!("dataset.{}", key.word()),
        Field::Attribute(attribute) => {
            let needed = match attribute {
                Attribute::RunId | Attribute::Status => Can::Attributes,
                Attribute::StartTime => Can::Starts,
                Attribute::EndTime => Can::Ends,
                Attribute::RunName => Can::Names,
                // Who ran it is for us the tag first, and that is not what servers look at; an address of artifacts may be
                // told otherwise than it is kept. The rest they do not know.
                Attribute::UserId
                | Attribute::ArtifactUri
                | Attribute::Duration
                | Attribute::Source
                | Attribute::Experiment
                | Attribute::Origin => return None,
            };
            // With the word in front, since versions before 2 want it.
            dialect.can(needed).then(|| format!("attributes.{}", attribute.word()))?
        }
        Field::Dataset(_) => return None,
    };
    let texts_alone = dialect.can(Can::TextParams) || !matches!(clause.field, Field::Param(_));
    let is_sure = |value: &str| texts_alone || value.trim().parse::<f64>().is_err();
    let test = match &clause.test {
        Test::Number { op, value } => number_text(&clause.field, *op, *value, dialect)?,
        Test::Null { negated } => {
            let words = if *negated { "IS NOT NULL" } else { "IS NULL" };
            dialect.can(Can::Nulls).then(|| words.to_owned())?
        }
        // No text and the empty one come alike in an answer, and only one of them is compared by a database.
        Test::Text { op: TextOp::NotEqual, .. } | Test::In { negated: true, .. } if !never_empty(&clause.field) => {
            return None;
        }
        // Some databases do not look at spaces at an end, which makes less unequal.
        Test::Text { op: TextOp::NotEqual, value } => is_plain(value).then(|| format!("!= '{value}'"))?,
        Test::Text { op: TextOp::Equal, value } if is_sure(value) => format!("= {}", value_text(value)?),
        Test::Text { .. } => return None,
        Test::In { negated: false, values } if values.iter().all(|value| Some(value) == values.first()) => {
            format!("= {}", values.first().filter(|value| is_sure(value)).and_then(|value| value_text(value))?)
        }
        Test::In { negated, values } => {
            let can = dialect.can(Can::IdLists) && clause.field == Field::Attribute(Attribute::RunId);
            if !can || values.len() > LONGEST_LIST || !values.iter().all(|value| is_plain(value)) {
                return None;
            }
            format!("{} ('{}')", if *negated { "NOT IN" } else { "IN" }, values.join("', '"))
        }
        Test::Like { ignore_case, pattern } => {
            let word = if *ignore_case { "ILIKE" } else { "LIKE" };
            (dialect.can(Can::Patterns) && texts_alone)
                .then(|| wider(pattern, *ignore_case))?
                .map(|wider| format!("{word} '{wider}'"))?
        }
    };
    Some(format!("{field} {test}"))
}

/// Fields that each run has.
fn never_empty(field: &Field) -> bool {
    matches!(field, Field::Attribute(Attribute::RunId | Attribute::Status))
}

/// As ids and words are.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A key as MLflow writes it; `None` for those that it does not allow, or that the server can not be told.
fn key_text(key: &str, dialect: &Dialect) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':' | '/');
    let text = write::key(key);
    let bare = text == key && key.is_ascii();
    // Some databases do not look at spaces at an end.
    let sound = !key.is_empty() && key.trim() == key && key.chars().all(allowed);
    (sound && (bare || dialect.can(Can::QuotedKeys))).then_some(text)
}

/// A value in quotes that close where they should for any reader: nothing is escaped between them.
fn value_text(value: &str) -> Option<String> {
    let quote = ['\'', '"'].into_iter().find(|quote| !value.contains(*quote))?;
    // The empty text: see `Test::Text` above. FastTrackML takes all quotes off the ends. No database takes NUL.
    let ends = |c| value.starts_with(c) || value.ends_with(c);
    let sound = !value.is_empty() && !ends('\'') && !ends('"') && !value.ends_with('\\') && !value.contains('\0');
    sound.then(|| format!("{quote}{value}{quote}"))
}

fn number_text(field: &Field, op: NumberOp, value: f64, dialect: &Dialect) -> Option<String> {
    let (op, value) = if matches!(field, Field::Metric(_)) {
        // Databases keep an infinity as the largest number, and NaN as 0; one of them has no subnormal numbers.
        let can_differ = dialect.can(Can::Differ) || dialect.can(Can::DifferNotFromZero) && value != 0.0;
        if value.abs() >= f64::MAX || value.is_subnormal() || op == NumberOp::NotEqual && !can_differ {
            return None;
        }
        (op, value)
    } else {
        // Versions before 3 read no fractions and no exponents here: the next whole number outwards.
        match op {
            NumberOp::Equal | NumberOp::NotEqual if value.fract() != 0.0 => return None,
            NumberOp::Equal | NumberOp::NotEqual => (op, value),
            NumberOp::Less | NumberOp::AtMost => (op, value.ceil()),
            NumberOp::Greater | NumberOp::AtLeast => (op, value.floor()),
        }
    };
    let is_time = !matches!(field, Field::Metric(_));
    // Beyond, not each millisecond has a number of its own.
    (!is_time || value.abs() < 1e15).then(|| format!("{} {}", op.symbol(), write::number(value + 0.0)))
}

/// A pattern that matches at least what ours does, wherever it is read; `None` for one that everything matches.
///
/// `_` is one byte in one database and half a sign in another. `\` escapes in some, `[` opens a class in one, and file
/// stores before 3.11 take the rest for a regular expression. All of these become `%`. So does a quote, of which no text
/// may hold both kinds. Of ILIKE only ASCII is folded everywhere, except that a Turkish database has another small I, and
/// that Unicode has a second large K. What stands behind a line break is cut off, since `%` passes one in databases alone;
/// and since ours lets one follow any pattern, which databases do not, all end in `%`.
fn wider(pattern: &str, ignore_case: bool) -> Option<String> {
    let differs = |c: char| {
        "_'\"\0\\[](){}.*+?^$|".contains(c) || ignore_case && (!c.is_ascii() || matches!(c, 'i' | 'I' | 'k' | 'K'))
    };
    let mut text = String::with_capacity(pattern.len() + 1);
    let mut wildcards = 0;
    for c in pattern.chars().take_while(|c| *c != '\n').chain(['%']) {
        if c != '%' && !differs(c) {
            text.push(c);
        } else if !text.ends_with('%') {
            text.push('%');
            wildcards += 1;
        }
        if wildcards == MOST_WILDCARDS {
            break;
        }
    }
    (text != "%").then_some(text)
}

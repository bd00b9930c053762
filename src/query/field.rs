//! The left side of a clause: entity and key, their spellings, aliases and quoting. Must not know what is tested.

use super::lex::is_word;
use super::{Problem, literal};
use crate::model::{Attribute, DatasetKey, Field};
use std::ops::Range;

/// What stands before the first dot. Lower case only, as in MLflow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entity {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

const ENTITIES: [(&str, Entity); 13] = [
    ("metrics", Entity::Metric),
    ("params", Entity::Param),
    ("tags", Entity::Tag),
    ("attributes", Entity::Attribute),
    ("dataset", Entity::Dataset),
    ("metric", Entity::Metric),
    ("param", Entity::Param),
    ("parameter", Entity::Param),
    ("parameters", Entity::Param),
    ("tag", Entity::Tag),
    ("attribute", Entity::Attribute),
    ("attr", Entity::Attribute),
    ("run", Entity::Attribute),
];

/// Names of attributes that mean another one.
const ALIASES: [(&str, Attribute); 5] = [
    ("created", Attribute::StartTime),
    ("Created", Attribute::StartTime),
    ("run name", Attribute::RunName),
    ("Run name", Attribute::RunName),
    ("Run Name", Attribute::RunName),
];

/// Names that people try, with what they want.
const TRIED: [(&str, Attribute); 9] = [
    ("user", Attribute::UserId),
    ("name", Attribute::RunName),
    ("run", Attribute::RunName),
    ("id", Attribute::RunId),
    ("run_uuid", Attribute::RunId),
    ("state", Attribute::Status),
    ("start", Attribute::StartTime),
    ("end", Attribute::EndTime),
    ("experiment_name", Attribute::Experiment),
];

/// Reads the field that a name token, or a text token in double quotes, spells; `at` is its place.
pub(super) fn read(token: &str, at: &Range<usize>) -> Result<Field, Problem> {
    let wrong = |message: String, hint: String, fix: Option<String>| Problem { at: at.clone(), message, hint, fix };
    let Some((prefix, key)) = token.split_once('.') else {
        return attribute(bare_or_unquoted(token, at)?, at);
    };
    let prefix = prefix.strip_prefix('`').and_then(|prefix| prefix.strip_suffix('`')).unwrap_or(prefix);
    let entity = match ENTITIES.iter().find(|(known, _)| *known == prefix) {
        Some((_, entity)) => *entity,
        None if prefix == "datasets" => Entity::Dataset,
        None => return Err(unknown_entity(token, prefix, key, at)),
    };
    if key.is_empty() {
        return Err(wrong(
            format!("After `{prefix}.` a key is missing"),
            format!("Write the key behind the dot without a space: {prefix}.KEY."),
            None,
        ));
    }
    if let Some(whole) = badly_quoted(key) {
        let fix = format!("{prefix}.{}", super::write::key(&whole));
        let message = match key.starts_with(['`', '"', '\'']) {
            true => "Quotes go round a whole key".to_owned(),
            false => format!("The key `{whole}` needs backticks"),
        };
        return Err(wrong(message, format!("Write {fix}"), Some(fix)));
    }
    let key = unquoted(key);
    match entity {
        Entity::Metric => Ok(Field::Metric(key.to_owned())),
        Entity::Param => Ok(Field::Param(key.to_owned())),
        Entity::Tag => Ok(Field::Tag(key.to_owned())),
        Entity::Attribute => attribute(key, at),
        Entity::Dataset => match DatasetKey::ALL.into_iter().find(|known| known.word() == key) {
            Some(key) => Ok(Field::Dataset(key)),
            None => {
                let near = nearest(key, DatasetKey::ALL.map(DatasetKey::word)).map(|near| format!("{prefix}.{near}"));
                Err(wrong(
                    format!("A dataset has no `{key}`"),
                    "Search datasets by dataset.name, dataset.digest or dataset.context.".to_owned(),
                    near,
                ))
            }
        },
    }
}

fn attribute(key: &str, at: &Range<usize>) -> Result<Field, Problem> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == key).map(|(_, attribute)| *attribute);
    if let Some(attribute) = Attribute::ALL.into_iter().find(|known| known.word() == key).or(alias) {
        return Ok(Field::Attribute(attribute));
    }
    let message = format!("A run has no attribute `{key}`");
    let wrong =
        |hint: String, fix: Option<String>| Err(Problem { at: at.clone(), message: message.clone(), hint, fix });
    if ENTITIES.iter().any(|(known, entity)| *known == key && *entity != Entity::Attribute) {
        return Err(Problem {
            at: at.clone(),
            message: format!("A key is missing behind `{key}`"),
            hint: format!("Write {key}.KEY"),
            fix: None,
        });
    }
    if key == "lifecycle_stage" {
        return wrong("Active or deleted runs are chosen beside the filter, not in it.".to_owned(), None);
    }
    let lower = key.to_lowercase();
    let tried = TRIED.iter().find(|(tried, _)| *tried == lower).map(|(_, attribute)| attribute.word());
    match tried.or_else(|| nearest(key, Attribute::ALL.map(Attribute::word))) {
        Some(near) => wrong(format!("Did you mean {near}?"), Some(near.to_owned())),
        None => {
            let key = super::write::key(key);
            wrong(format!("Say what it is: metrics.{key}, params.{key} or tags.{key}."), None)
        }
    }
}

fn unknown_entity(token: &str, prefix: &str, key: &str, at: &Range<usize>) -> Problem {
    // One pair of backticks or quotes round entity and key together, or quotes round the entity.
    let plain: String = token.chars().filter(|c| !matches!(c, '`' | '"' | '\'')).collect();
    let plain_prefix = plain.split('.').next().unwrap_or("");
    let quoted = prefix.starts_with(['`', '"']) && ENTITIES.iter().any(|(known, _)| *known == plain_prefix);
    let (hint, fix) = if quoted {
        let key = plain.split_once('.').map_or("", |(_, key)| key);
        let fix = format!("{plain_prefix}.{}", super::write::key(key));
        (format!("Quote the key alone: {fix}"), Some(fix))
    } else {
        match nearest(prefix, ENTITIES.iter().map(|(known, _)| *known)) {
            Some(near) => (format!("Did you mean {near}.{key}?"), Some(format!("{near}.{key}"))),
            None => {
                ("A field begins with metrics, params, tags, attributes or dataset, in lower case.".to_owned(), None)
            }
        }
    };
    let prefix = prefix.trim_matches('`');
    Problem { at: at.clone(), message: format!("`{prefix}` is no kind of field"), hint, fix }
}

/// A whole token that names an attribute: bare, in backticks, or in double quotes.
fn bare_or_unquoted<'t>(token: &'t str, at: &Range<usize>) -> Result<&'t str, Problem> {
    match badly_quoted(token) {
        None => Ok(unquoted(token)),
        Some(whole) => Err(Problem {
            at: at.clone(),
            message: format!("`{whole}` is no field"),
            hint: format!("Say what it is and quote its key, as in metrics.{}", super::write::key(&whole)),
            fix: None,
        }),
    }
}

/// The key without its quotes; MLflow takes off a pair of quotes, then a pair of backticks.
fn unquoted(key: &str) -> &str {
    let strip = |key: &'_ str, quote: char| key.len() >= 2 && key.starts_with(quote) && key.ends_with(quote);
    let key = if strip(key, '\'') || strip(key, '"') { literal::inner(key) } else { key };
    if strip(key, '`') { literal::inner(key) } else { key }
}

/// The key as it was meant, when it can not stand like this: bare with signs that need quotes, digits alone between
/// dots, or quotes round a part of it.
fn badly_quoted(key: &str) -> Option<String> {
    let quote = key.chars().next().filter(|c| matches!(c, '`' | '\'' | '"'));
    let good = match quote {
        Some('`') => key.len() >= 2 && key.ends_with('`') && !key[1..key.len() - 1].replace("``", "").contains('`'),
        Some(quote) => {
            let inside = literal::inner(key).replace(&format!("{quote}{quote}"), "").replace(&format!("\\{quote}"), "");
            key.len() >= 2 && key.ends_with(quote) && !inside.contains(quote)
        }
        None => {
            let all_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
            key.chars().all(|c| is_word(c) || c == '.') && !key.split('.').any(all_digits)
        }
    };
    (!good).then(|| key.chars().filter(|c| !matches!(c, '`' | '\'' | '"')).collect())
}

/// The known word that `word` was most likely meant to be: equal but for case, an ending, or two letters.
fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let far = |known: &&str| distance(&word, known);
    let near = known.into_iter().min_by_key(far)?;
    let allowed = if word.chars().count() < 4 { 1 } else { 2 };
    (distance(&word, near) <= allowed).then_some(near)
}

/// Letters to add, remove or change; words beyond 40 letters are as far as can be.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(41).collect(), b.chars().take(41).collect());
    if a.len() > 40 || b.len() > 40 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

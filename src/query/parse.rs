//! Tokens to clauses. Never fails: a clause with a mistake becomes a problem with its place, a remedy and, where one
//! text would mend it, that text; reading goes on behind the next AND. Tolerates what MLflow tolerates silently: AND
//! doubled, leading, trailing or missing.

use super::lex::{Flaw, Keyword, Kind, Token, lex};
use super::{Clause, NumberOp, Parsed, Problem, Query, Test, TextOp, field, is_numeric, write};
use crate::model::Field;
use std::ops::Range;

/// Reads a filter. White space alone is no filter.
pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser { text, tokens: lex(text), next: 0 };
    let (mut query, mut problems) = (Query::default(), Vec::new());
    while let Some(token) = parser.peek() {
        if parser.keyword(&token) == Some(Keyword::And) {
            parser.next += 1;
            continue;
        }
        let from = parser.next;
        match parser.clause() {
            Ok(clause) => query.clauses.push(clause),
            Err(problem) => {
                problems.push(problem);
                parser.skip_clause(from);
            }
        }
    }
    Parsed { query, problems }
}

/// Where reading stands.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    pub(super) next: usize,
}

pub(super) type Read<T> = Result<T, Problem>;

pub(super) fn wrong(at: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem { at: at.clone(), message: message.into(), hint: hint.into(), fix: None }
}

pub(super) fn mended(at: &Range<usize>, message: impl Into<String>, fix: String) -> Problem {
    Problem { at: at.clone(), message: message.into(), hint: format!("Write {fix}"), fix: Some(fix) }
}

impl<'t> Parser<'t> {
    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.next).cloned()
    }

    pub(super) fn peek_keyword(&self) -> Option<Keyword> {
        self.peek().and_then(|token| self.keyword(&token))
    }

    pub(super) fn keyword(&self, token: &Token) -> Option<Keyword> {
        if token.kind == Kind::Name { Keyword::of(self.slice(&token.at)) } else { None }
    }

    pub(super) fn slice(&self, at: &Range<usize>) -> &'t str {
        self.text.get(at.clone()).unwrap_or("")
    }

    fn clause(&mut self) -> Read<Clause> {
        let (field, place) = self.field()?;
        let test = if is_numeric(&field) { self.number_test(&field, &place) } else { self.text_test(&field, &place) }?;
        let end = self.tokens.get(self.next.wrapping_sub(1)).map_or(place.end, |token| token.at.end);
        Ok(Clause { field, test, at: place.start..end })
    }

    /// To behind the clause that began at token `from`: to the next AND or OR outside of parentheses.
    fn skip_clause(&mut self, from: usize) {
        if self.tokens.get(from).is_some_and(|token| self.keyword(token) == Some(Keyword::Or)) {
            self.next = from + 1;
            return;
        }
        self.next = from;
        let mut depth = 0_u32;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            let stop = matches!(self.keyword(&token), Some(Keyword::And | Keyword::Or));
            if depth == 0 && stop && self.next > from && !self.between(from) {
                return;
            }
            self.next += 1;
        }
    }

    /// Whether the AND at `next` belongs to a BETWEEN of the clause that began at `from`.
    fn between(&self, from: usize) -> bool {
        let is = |at: usize, keyword| self.tokens.get(at).is_some_and(|token| self.keyword(token) == Some(keyword));
        self.next == from + 3 && is(from + 1, Keyword::Between)
            || self.next == from + 4 && is(from + 2, Keyword::Between)
    }

    fn field(&mut self) -> Read<(Field, Range<usize>)> {
        let Some(token) = self.peek() else {
            return Err(wrong(
                &(self.text.len()..self.text.len()),
                "A field is missing",
                "Name one, as in metrics.loss.",
            ));
        };
        if let Some(problem) = self.glued(&token) {
            return Err(problem);
        }
        let at = &token.at;
        match (token.kind, self.keyword(&token)) {
            (Kind::Name, Some(Keyword::Or)) => {
                Err(wrong(at, "OR can not be used yet, only AND", "For several values of one field use IN ('a', 'b')."))
            }
            (Kind::Name, Some(Keyword::Not)) => {
                Err(wrong(at, "NOT can not stand in front of a clause yet", "Use !=, NOT IN or IS NOT NULL."))
            }
            (Kind::Name, Some(_)) => {
                let word = self.slice(at);
                Err(wrong(
                    at,
                    format!("A field is missing before {word}"),
                    format!("Name one, as in params.KEY {word}"),
                ))
            }
            (Kind::Name, None) => {
                let field = field::read(self.slice(at), at)?;
                self.next += 1;
                Ok((field, token.at))
            }
            (Kind::Text, _) if self.slice(at).starts_with('"') => {
                let field = field::read(self.slice(at), at)?;
                self.next += 1;
                Ok((field, token.at))
            }
            (Kind::Text | Kind::Number, _) => Err(self.value_first(&token)),
            (Kind::Open, _) => Err(self.parentheses(at)),
            (Kind::Close, _) => Err(wrong(at, "There is nothing to close here", "Remove the parenthesis.")),
            (Kind::Comma, _) => Err(Problem {
                fix: Some(" AND".to_owned()),
                ..wrong(at, "A comma can not join clauses", "Write AND between them.")
            }),
            (Kind::Operator, _) => Err(wrong(
                at,
                format!("A field is missing before {}", self.slice(at)),
                "Name one, as in metrics.loss < 0.5",
            )),
            (Kind::Bad(flaw), _) => Err(self.flaw(at, flaw)),
        }
    }

    /// A text and something else without a space between them, where a field should stand.
    fn glued(&self, token: &Token) -> Option<Problem> {
        let touch = |a: &Token, b: &Token| a.at.end == b.at.start;
        let before = self.next.checked_sub(1).and_then(|before| self.tokens.get(before));
        if let Some(before) = before.filter(|before| before.kind == Kind::Text && touch(before, token)) {
            let text = self.slice(&before.at);
            if text.contains("\\'") || text.contains("\\\"") {
                let message = "The backslash before a quote keeps this text open";
                let hint =
                    r"Write it as a list, where backslashes are doubled and the last is \x5c: IN ('C:\\dir\x5c')";
                return Some(wrong(&before.at, message, hint));
            }
        }
        let after = self.tokens.get(self.next + 1)?;
        if token.kind == Kind::Text && touch(token, after) && self.text.get(after.at.start..)?.starts_with('.') {
            let message = "Quotes go round the key alone";
            return Some(wrong(&token.at, message, "Write metrics.`val/acc`, without quotes round metrics."));
        }
        None
    }

    pub(super) fn flaw(&self, at: &Range<usize>, flaw: Flaw) -> Problem {
        let text = self.slice(at);
        match flaw {
            Flaw::Unclosed => {
                let quote = text.chars().find(|c| matches!(c, '`' | '\'' | '"')).unwrap_or('\'');
                wrong(
                    at,
                    format!("The closing {quote} is missing"),
                    format!("Close it; a text that holds {quote} stands in the other kind of quotes."),
                )
            }
            Flaw::Comment => {
                Problem { fix: Some(String::new()), ..wrong(at, "Comments can not be used in a filter", "Remove it.") }
            }
            Flaw::Semicolon => {
                Problem { fix: Some(String::new()), ..wrong(at, "A filter has no semicolons", "Remove it.") }
            }
            Flaw::Number => {
                let plain = text.replace(['_', '+'], "").to_lowercase();
                match lex(&plain).as_slice() {
                    [token] if token.kind == Kind::Number && token.at.len() == plain.len() => {
                        mended(at, format!("`{text}` is not spelt as a number"), plain)
                    }
                    _ => wrong(at, format!("`{text}` is not a number"), "Numbers look like 1, -0.5 or 1e-3."),
                }
            }
            Flaw::Sign => wrong(
                at,
                format!("`{text}` has no meaning here"),
                "Names with signs stand in backticks: metrics.`val/acc`",
            ),
        }
    }

    /// `0.5 < metrics.acc`
    fn value_first(&self, value: &Token) -> Problem {
        let message = "The field comes first";
        let rest = self.tokens.get(self.next + 1..self.next + 3);
        if let Some([op, name]) = rest {
            let turned = match self.slice(&op.at) {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                same => same,
            };
            if op.kind == Kind::Operator
                && name.kind == Kind::Name
                && field::read(self.slice(&name.at), &name.at).is_ok()
            {
                let fix = format!("{} {turned} {}", self.slice(&name.at), self.slice(&value.at));
                return mended(&(value.at.start..name.at.end), message, fix);
            }
        }
        wrong(&value.at, message, "Write the field, then a comparator, then the value: metrics.acc > 0.5")
    }

    /// `(metrics.acc > 0.5)`
    fn parentheses(&self, open: &Range<usize>) -> Problem {
        let mut depth = 0_u32;
        for token in self.tokens.get(self.next..).unwrap_or(&[]) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let at = open.start..token.at.end;
                let inside = self.slice(&(open.end..token.at.start)).trim();
                let plain = !lex(inside).iter().any(|token| {
                    token.kind == Kind::Name && Keyword::of(&inside[token.at.clone()]) == Some(Keyword::Or)
                });
                return Problem {
                    fix: (plain && !inside.is_empty()).then(|| inside.to_owned()),
                    ..wrong(&at, "Parentheses can not be used yet, only AND", "Remove them; all clauses must hold.")
                };
            }
        }
        wrong(open, "Parentheses can not be used yet, only AND", "Remove it; all clauses must hold.")
    }

    /// What is wrong where a comparator should stand behind the field at `place`.
    fn no_comparator(&self, place: &Range<usize>, example: &str) -> Problem {
        let name = self.slice(place);
        let Some(token) = self.peek().filter(|_| self.peek_keyword() != Some(Keyword::And)) else {
            return wrong(
                place,
                "The clause ends behind its field",
                format!("Compare it with something: {name} {example}"),
            );
        };
        match (token.kind, self.keyword(&token)) {
            (Kind::Bad(flaw), _) => self.flaw(&token.at, flaw),
            (_, Some(Keyword::Regex)) => wrong(
                &token.at,
                "Regular expressions can not be used",
                "LIKE knows % for any characters and _ for one.",
            ),
            (Kind::Name, None) => {
                // A key with a space: names up to a comparator.
                let names = self
                    .tokens
                    .get(self.next..)
                    .unwrap_or(&[])
                    .iter()
                    .take_while(|token| token.kind == Kind::Name && self.keyword(token).is_none());
                let at = place.start..names.last().map_or(token.at.end, |last| last.at.end);
                match self.slice(&at).split_once('.').filter(|(_, key)| !key.contains(['`', '"', '\''])) {
                    Some((prefix, key)) => {
                        mended(&at, "A key with a space needs backticks", format!("{prefix}.{}", write::key(key)))
                    }
                    None => wrong(&token.at, "A comparator is missing here", format!("For example {name} {example}")),
                }
            }
            _ => wrong(&token.at, "A comparator is missing here", format!("For example {name} {example}")),
        }
    }

    /// The run of operator tokens that stands here as one place and text without the spaces.
    fn operator(&mut self) -> Option<(Range<usize>, String)> {
        let mut found: Option<(Range<usize>, String)> = None;
        while let Some(token) = self.peek().filter(|token| token.kind == Kind::Operator) {
            let sign = self.slice(&token.at);
            found = Some(match found {
                // Apart, they stay apart: the space makes them a mistake.
                Some((at, signs)) => (at.start..token.at.end, format!("{signs} {sign}")),
                None => (token.at, sign.to_owned()),
            });
            self.next += 1;
        }
        found
    }

    fn bad_operator(at: &Range<usize>, found: &str, allowed: &str) -> Problem {
        let meant = match found.replace(' ', "").as_str() {
            "==" | "===" | "=" => Some("="),
            "<>" | "!==" | "!=" | "=!" | "~=" | "!" => Some("!="),
            "=>" | ">=" => Some(">="),
            "=<" | "<=" => Some("<="),
            _ => None,
        };
        match meant.filter(|meant| allowed.split(' ').any(|word| word == *meant)) {
            Some(meant) => Problem {
                fix: Some(meant.to_owned()),
                ..wrong(at, format!("`{found}` is not a comparator"), format!("Use {meant}"))
            },
            None => wrong(at, format!("`{found}` is not a comparator"), format!("Use one of {allowed}")),
        }
    }

    fn number_test(&mut self, field: &Field, place: &Range<usize>) -> Read<Test> {
        const ALLOWED: &str = "= != < <= > >=";
        let name = self.slice(place);
        if let Some((at, found)) = self.operator() {
            let op = NumberOp::ALL.into_iter().find(|op| op.symbol() == found);
            let op = op.ok_or_else(|| Self::bad_operator(&at, &found, ALLOWED))?;
            return Ok(Test::Number { op, value: self.number(field, place, &at)? });
        }
        let Some(token) = self.peek() else { return Err(self.no_comparator(place, "> 0.5")) };
        match self.keyword(&token) {
            Some(Keyword::Between) => Err(self.range(place, &token.at)),
            Some(Keyword::Is) => self.null_test(field, name, &token),
            Some(word @ (Keyword::Like | Keyword::Ilike | Keyword::In | Keyword::Not)) => {
                let hint = if word == Keyword::In {
                    format!("Use {name} = 1, or a range: {name} >= 1 AND {name} <= 2")
                } else {
                    format!("Use one of {ALLOWED}")
                };
                Err(wrong(
                    &token.at,
                    format!("`{name}` is a number: it has no {}", self.slice(&token.at).to_uppercase()),
                    hint,
                ))
            }
            _ => Err(self.no_comparator(place, "> 0.5")),
        }
    }

    /// `f BETWEEN a AND b`
    fn range(&self, place: &Range<usize>, at: &Range<usize>) -> Problem {
        let name = self.slice(place);
        let message = "BETWEEN can not be used";
        match self.tokens.get(self.next + 1..self.next + 4) {
            Some([low, and, high]) if self.keyword(and) == Some(Keyword::And) => {
                let fix = format!("{name} >= {} AND {name} <= {}", self.slice(&low.at), self.slice(&high.at));
                mended(&(place.start..high.at.end), message, fix)
            }
            _ => wrong(at, message, format!("Write {name} >= 1 AND {name} <= 2")),
        }
    }

    fn text_test(&mut self, field: &Field, place: &Range<usize>) -> Read<Test> {
        const ALLOWED: &str = "= != LIKE ILIKE IN";
        let name = self.slice(place);
        if let Some((at, found)) = self.operator() {
            return match found.as_str() {
                "=" => Ok(Test::Text { op: TextOp::Equal, value: self.text_value(place, &at)? }),
                "!=" => Ok(Test::Text { op: TextOp::NotEqual, value: self.text_value(place, &at)? }),
                "<" | "<=" | ">" | ">=" => Err(wrong(
                    &at,
                    format!("`{field}` is text: it can not be compared by size"),
                    format!("Use one of {ALLOWED}; to see it by size, sort by its column."),
                )),
                _ => Err(Self::bad_operator(&at, &found, ALLOWED)),
            };
        }
        let Some(token) = self.peek() else { return Err(self.no_comparator(place, "= 'value'")) };
        let second = self.tokens.get(self.next + 1).cloned();
        let second_word = second.as_ref().and_then(|token| self.keyword(token));
        let both = token.at.start..second.as_ref().map_or(token.at.end, |second| second.at.end);
        match (self.keyword(&token), second_word) {
            (Some(word @ (Keyword::Like | Keyword::Ilike)), _) => {
                self.next += 1;
                Ok(Test::Like { ignore_case: word == Keyword::Ilike, pattern: self.text_value(place, &token.at)? })
            }
            (Some(Keyword::In), _) => {
                self.next += 1;
                Ok(Test::In { negated: false, values: self.list(&token.at)? })
            }
            (Some(Keyword::Not), Some(Keyword::In)) => {
                self.next += 2;
                Ok(Test::In { negated: true, values: self.list(&both)? })
            }
            (Some(Keyword::Not), Some(Keyword::Like | Keyword::Ilike)) => {
                Err(wrong(&both, "NOT LIKE can not be used", "Use != or NOT IN with whole values."))
            }
            (Some(Keyword::Is), _) => self.null_test(field, name, &token),
            (Some(Keyword::Between), _) => Err(wrong(
                &token.at,
                format!("`{field}` is text: it can not be compared by size"),
                format!("Use one of {ALLOWED}"),
            )),
            _ => Err(self.no_comparator(place, "= 'value'")),
        }
    }

    /// `IS NULL` and `IS NOT NULL`, from the IS on.
    fn null_test(&mut self, field: &Field, name: &str, is: &Token) -> Read<Test> {
        let word = |at: usize| self.tokens.get(at).and_then(|token| self.keyword(token));
        let negated = word(self.next + 1) == Some(Keyword::Not);
        let null = self.next + 1 + usize::from(negated);
        if word(null) != Some(Keyword::Null) {
            return Err(wrong(
                &is.at,
                "NULL is missing behind IS",
                format!("Write {name} IS NULL or {name} IS NOT NULL; to compare, use ="),
            ));
        }
        if !matches!(field, Field::Tag(_) | Field::Param(_)) {
            let at = is.at.start..self.tokens.get(null).map_or(is.at.end, |null| null.at.end);
            let instead = if negated {
                format!(
                    "{name} {} keeps the runs that have it.",
                    if is_numeric(field) { ">= -1e400" } else { "LIKE '%'" }
                )
            } else {
                "Sort by it: runs without it come last.".to_owned()
            };
            return Err(wrong(&at, "IS NULL can be asked of tags and params only", instead));
        }
        self.next = null + 1;
        Ok(Test::Null { negated })
    }
}

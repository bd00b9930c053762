//! Text to tokens. Knows how far a token reaches, which follows the `sqlparse` library that MLflow reads filters with;
//! must not know what a token means at its place.

use std::ops::Range;

/// What a piece of text is, for colouring. White space has no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A field such as ``metrics.`val/acc` ``, or a bare word in its place.
    Field,
    /// Comparators made of signs, commas and parentheses.
    Operator,
    /// Quoted text.
    String,
    /// A number.
    Number,
    /// AND, LIKE, ILIKE, IN, IS, NOT, NULL and words that are understood but not allowed.
    Word,
    /// What can not stand anywhere: an open quote, a comment, a malformed number, a stray sign.
    Bad,
}

/// The pieces of a text, in order, for syntax colouring.
pub fn tokens(text: &str) -> Vec<(Range<usize>, TokenKind)> {
    let kind = |token: &Token| match token.kind {
        Kind::Name if Keyword::of(&text[token.at.clone()]).is_some() => TokenKind::Word,
        Kind::Name => TokenKind::Field,
        Kind::Text => TokenKind::String,
        Kind::Number => TokenKind::Number,
        Kind::Operator | Kind::Open | Kind::Close | Kind::Comma => TokenKind::Operator,
        Kind::Bad(_) => TokenKind::Bad,
    };
    lex(text).iter().map(|token| (token.at.clone(), kind(token))).collect()
}

/// Words with a meaning of their own, in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    In,
    Is,
    Null,
    Like,
    Ilike,
    Between,
    /// RLIKE and REGEXP, which MLflow's lexer knows and its search refuses.
    Regex,
}

impl Keyword {
    pub(super) fn of(word: &str) -> Option<Keyword> {
        const WORDS: [(&str, Keyword); 11] = [
            ("AND", Keyword::And),
            ("OR", Keyword::Or),
            ("NOT", Keyword::Not),
            ("IN", Keyword::In),
            ("IS", Keyword::Is),
            ("NULL", Keyword::Null),
            ("LIKE", Keyword::Like),
            ("ILIKE", Keyword::Ilike),
            ("BETWEEN", Keyword::Between),
            ("RLIKE", Keyword::Regex),
            ("REGEXP", Keyword::Regex),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of word characters, dots and quoted parts, with signs such as `/` that would need quotes.
    Name,
    /// In single or double quotes, both included.
    Text,
    Number,
    /// A run of `< > = ~ !`.
    Operator,
    Open,
    Close,
    Comma,
    Bad(Flaw),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A quote or backtick without its partner; reaches to the end.
    Unclosed,
    Comment,
    Semicolon,
    Number,
    Sign,
}

/// All tokens of `text`, in order, white space left out.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (kind, len) = one(rest, first);
        tokens.push(Token { kind, at: at..at + len });
        at += len;
    }
    tokens
}

fn one(rest: &str, first: char) -> (Kind, usize) {
    let second = rest[first.len_utf8()..].chars().next().unwrap_or(' ');
    match first {
        '(' => (Kind::Open, 1),
        ')' => (Kind::Close, 1),
        ',' => (Kind::Comma, 1),
        ';' => (Kind::Bad(Flaw::Semicolon), 1),
        '\'' | '"' => match quoted(rest, first) {
            Some(len) => (Kind::Text, len),
            None => (Kind::Bad(Flaw::Unclosed), rest.trim_end().len()),
        },
        '-' if second == '-' => (Kind::Bad(Flaw::Comment), rest.find('\n').unwrap_or(rest.trim_end().len())),
        '#' => (Kind::Bad(Flaw::Comment), rest.find('\n').unwrap_or(rest.trim_end().len())),
        '/' if second == '*' => {
            (Kind::Bad(Flaw::Comment), rest.find("*/").map_or(rest.trim_end().len(), |end| end + 2))
        }
        _ if is_operator(first) => (Kind::Operator, run(rest, is_operator)),
        '0'..='9' => number(rest),
        '.' if second.is_ascii_digit() => number(rest),
        '+' | '-' if second.is_alphanumeric() || second == '.' => number(rest),
        '`' => name(rest),
        _ if is_word(first) => name(rest),
        _ => (Kind::Bad(Flaw::Sign), first.len_utf8()),
    }
}

fn is_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '~' | '!')
}

/// A character of a bare key, as Python's `\w` has it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run(rest: &str, holds: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !holds(c)).unwrap_or(rest.len())
}

/// Bytes of the quoted text at the start of `rest`, quotes included. A doubled quote and a quote behind a backslash do
/// not close it, unless nothing else does: then the last of those closes it after all, as the regular expression
/// `'(''|\\'|[^'])*'` does by backtracking.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (quote, mut at, mut last_resort) = (quote as u8, 1, None);
    while let Some(&byte) = bytes.get(at) {
        let next_is_quote = bytes.get(at + 1) == Some(&quote);
        at += match byte {
            b'\\' if next_is_quote => {
                last_resort = Some(at + 2);
                2
            }
            _ if byte == quote && next_is_quote => {
                last_resort = Some(at + 1);
                2
            }
            _ if byte == quote => return Some(at + 1),
            _ => 1,
        };
    }
    last_resort
}

/// Bytes of the backquoted part at the start of `rest`: a doubled backtick does not close it.
fn backquoted(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'`' if bytes.get(at + 1) == Some(&b'`') => at += 2,
            b'`' => return Some(at + 1),
            _ => at += 1,
        }
    }
    // ``tags.`` `` names the empty key.
    rest.starts_with("``").then_some(2)
}

fn name(rest: &str) -> (Kind, usize) {
    let mut at = 0;
    let mut after_dot = false;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let part = match c {
            '`' => backquoted(&rest[at..]),
            '\'' | '"' if after_dot => quoted(&rest[at..], c),
            '\'' | '"' | '(' | ')' | ',' | ';' => break,
            _ if c.is_whitespace() || is_operator(c) => break,
            _ => Some(c.len_utf8()),
        };
        match part {
            Some(len) => at += len,
            None => return (Kind::Bad(Flaw::Unclosed), rest.trim_end().len()),
        }
        after_dot = c == '.';
    }
    (Kind::Name, at)
}

fn number(rest: &str) -> (Kind, usize) {
    let mut len = 0;
    let mut previous = ' ';
    for c in rest.chars() {
        let sign = matches!(c, '+' | '-') && (len == 0 || matches!(previous, 'e' | 'E'));
        if !(sign || c == '.' || is_word(c)) {
            break;
        }
        len += c.len_utf8();
        previous = c;
    }
    (if is_number(&rest[..len]) { Kind::Number } else { Kind::Bad(Flaw::Number) }, len)
}

/// `-1`, `.5`, `5.`, `1e-11`, `2.5E3`: what sqlparse takes for a number. Neither `+1` nor `1e+5` nor `.5e3`.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match (text.split_once(['e', 'E']), text.split_once('.')) {
        (Some((mantissa, exponent)), _) => {
            let exponent = exponent.strip_prefix('-').unwrap_or(exponent);
            let mantissa = mantissa.split_once('.').map_or(digits(mantissa), |(a, b)| digits(a) && digits(b));
            mantissa && digits(exponent)
        }
        (None, Some(("", fraction))) => digits(fraction),
        (None, Some((whole, fraction))) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        (None, None) => digits(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    /// One letter a byte: what colouring sees.
    fn check(text: &str, expected: &str) {
        let mut drawn = vec![b'.'; text.len()];
        for (at, kind) in tokens(text) {
            let letter = match kind {
                TokenKind::Field => b'f',
                TokenKind::Operator => b'o',
                TokenKind::String => b's',
                TokenKind::Number => b'n',
                TokenKind::Word => b'w',
                TokenKind::Bad => b'!',
            };
            drawn[at].fill(letter);
        }
        let drawn = String::from_utf8(drawn).expect("letters");
        assert_eq!(format!("\n{text}\n{drawn}"), format!("\n{text}\n{expected}"));
    }

    #[test]
    fn tokens_reach_as_far_as_mlflow_lets_them() {
        check("metrics.acc > 0.5 AND x='y'", "fffffffffff.o.nnn.www.fosss");
        check("metrics.`a b`>=-1e-5", "fffffffffffffoonnnnn");
        check(r#"tags."a b" is not null"#, "ffffffffff.ww.www.wwww");
        check(r"a in ('x\'y', 'it''s',)", "f.ww.osssssso.sssssssoo");
        check("a = 'x", "f.o.!!");
        check("a = 'x''", "f.o.sss!");
        check("a = +1; -- c", "f.o.!!!.!!!!");
        check("metrics.val/acc = 1_0", "fffffffffffffff.o.!!!");
        check("`a", "!!");
        check("日本 = '日'", "ffffff.o.sssss");
        check(".5 5. -.5 1e+5 .5e3 0x1", "nn.nn.nnn.!!!!.!!!!.!!!");
    }
}

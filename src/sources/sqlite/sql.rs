//! The words of a `CREATE` statement, as SQLite parts them. It must not know what they mean.

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A keyword or a name without quotes, as written.
    Word(String),
    /// A name in `"`, `` ` `` or `[ ]`, without them.
    Name(String),
    /// A text in `'`, without them.
    Text(String),
    /// A number, as written.
    Number(String),
    /// `x'...'`
    Blob(Vec<u8>),
    /// One character of anything else.
    Sign(char),
}

impl Token {
    /// Whether it is this keyword, which is in capitals.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is this character.
    pub fn is_sign(&self, sign: char) -> bool {
        matches!(self, Token::Sign(found) if *found == sign)
    }

    /// What may name a table or a column: SQLite takes a text too.
    pub fn name(&self) -> Option<&str> {
        match self {
            Token::Word(name) | Token::Name(name) | Token::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// All tokens; what is not closed ends with the text.
pub fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_ascii_whitespace() => first.len_utf8(),
            '-' if rest.starts_with("--") => rest.find('\n').map_or(rest.len(), |end| end + 1),
            '/' if rest.starts_with("/*") => {
                rest.get(2..).and_then(|text| text.find("*/")).map_or(rest.len(), |end| end + 4)
            }
            '\'' | '"' | '`' => {
                let (text, length) = quoted(rest, first);
                tokens.push(if first == '\'' { Token::Text(text) } else { Token::Name(text) });
                length
            }
            '[' => {
                let end = rest.find(']').unwrap_or(rest.len());
                tokens.push(Token::Name(rest.get(1..end).unwrap_or_default().to_owned()));
                end + 1
            }
            'x' | 'X' if rest.get(1..2) == Some("'") => {
                let (text, length) = quoted(rest.get(1..).unwrap_or_default(), '\'');
                tokens.push(Token::Blob(unhex(&text)));
                length + 1
            }
            _ if first.is_ascii_digit() || (first == '.' && second_is_digit(rest)) => {
                let length = number_length(rest);
                tokens.push(Token::Number(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
            _ => {
                tokens.push(Token::Sign(first));
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn second_is_digit(text: &str) -> bool {
    text.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate() {
        let is_part = byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_')
            || (matches!(byte, b'+' | b'-') && matches!(before, b'e' | b'E') && !text.starts_with("0x"));
        if !is_part {
            return at;
        }
        before = *byte;
    }
    bytes.len()
}

/// What stands in quotes at the start, where a doubled quote is one, and how long it is with them.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut inside = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            inside.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            inside.push(quote);
        } else {
            return (inside, at + 1);
        }
    }
    (inside, text.len())
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};

    #[test]
    fn words_names_texts_and_numbers() {
        let check = |sql: &str, expected: &str| {
            let shown = |token: &Token| match token {
                Token::Word(text) | Token::Number(text) => text.clone(),
                Token::Name(text) => format!("<{text}>"),
                Token::Text(text) => format!("'{text}'"),
                Token::Blob(bytes) => format!("{bytes:?}"),
                Token::Sign(sign) => sign.to_string(),
            };
            assert_eq!(tokens(sql).iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{sql}");
        };
        check("", "");
        check("CREATE TABLE t(a,b)", "CREATE TABLE t ( a , b )");
        check("a -- b\n/* c */d/* e", "a d");
        check("\"a\"\"b\" `c` [d e] 'it''s'", "<a\"b> <c> <d e> 'it's'");
        check("x'0aFf' 1.5e-3 .5 0x1F -2", "[10, 255] 1.5e-3 .5 0x1F - 2");
        check("größe INT$x 'open", "größe INT$x 'open'");
    }
}

//! The text inside quotes. Plain values lose their quotes and nothing else; the strings of an IN list are Python
//! literals, because MLflow hands such lists to Python's own parser.

/// Why a string of a list can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadLiteral {
    /// A line break that is not written `\n`.
    LineBreak,
    /// A backslash sequence that Python refuses, or one that names no character.
    Escape,
}

/// The text between the quotes of a token, as it stands.
pub(super) fn inner(token: &str) -> &str {
    token.get(1..token.len().saturating_sub(1)).unwrap_or("")
}

/// A string of a list, quotes included. Two quotes in a row end one Python string and begin the next, which Python
/// joins: `'it''s'` is `its`. An unknown escape keeps its backslash.
pub(super) fn unescape(token: &str) -> Result<String, BadLiteral> {
    let quote = token.chars().next().unwrap_or('\'');
    let mut text = String::with_capacity(token.len());
    let mut chars = inner(token).chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\r' => return Err(BadLiteral::LineBreak),
            '\\' => match chars.next().ok_or(BadLiteral::Escape)? {
                '\n' => {}
                c @ ('\\' | '\'' | '"') => text.push(c),
                'a' => text.push('\u{7}'),
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'v' => text.push('\u{b}'),
                'x' => text.push(coded(&mut chars, 16, 2, 2)?),
                'u' => text.push(coded(&mut chars, 16, 4, 4)?),
                'U' => text.push(coded(&mut chars, 16, 8, 8)?),
                'N' => return Err(BadLiteral::Escape),
                digit @ '0'..='7' => {
                    let mut all = std::iter::once(digit).chain(chars.clone());
                    let before = all.clone().take(3).take_while(|c| c.is_digit(8)).count();
                    text.push(coded(&mut all, 8, 1, 3)?);
                    chars.by_ref().take(before - 1).for_each(drop);
                }
                other => text.extend(['\\', other]),
            },
            _ if c == quote => {
                // The partner: the lexer lets a quote stand inside only when it is doubled.
                chars.next();
            }
            _ => text.push(c),
        }
    }
    Ok(text)
}

/// The character with the code that `least` to `most` digits of base `radix` spell.
fn coded(
    chars: &mut (impl Iterator<Item = char> + Clone),
    radix: u32,
    least: usize,
    most: usize,
) -> Result<char, BadLiteral> {
    let digits: Vec<u32> = chars.clone().take(most).map_while(|c| c.to_digit(radix)).collect();
    if digits.len() < least {
        return Err(BadLiteral::Escape);
    }
    chars.by_ref().take(digits.len()).for_each(drop);
    let code = digits.iter().fold(0_u64, |code, digit| code * u64::from(radix) + u64::from(*digit));
    u32::try_from(code).ok().and_then(char::from_u32).ok_or(BadLiteral::Escape)
}

#[cfg(test)]
mod tests {
    use super::{BadLiteral, unescape};

    #[test]
    fn lists_hold_python_strings() {
        let check = |token: &str, expected: Result<&str, BadLiteral>| {
            assert_eq!(unescape(token), expected.map(str::to_owned), "{token}");
        };
        check("'adam'", Ok("adam"));
        check("''", Ok(""));
        check("'it''s'", Ok("its"));
        check(r"'it\'s'", Ok("it's"));
        check(r#""it's""#, Ok("it's"));
        check(r"'\x41\u00e9\U0001F600\101\q'", Ok("Aé😀A\\q"));
        check(r"'a\nb\\c\0d\1234'", Ok("a\nb\\c\0dS4"));
        check("'a\nb'", Err(BadLiteral::LineBreak));
        check(r"'a\'", Err(BadLiteral::Escape));
        check(r"'\x4'", Err(BadLiteral::Escape));
        check(r"'\ud800'", Err(BadLiteral::Escape));
        check(r"'\U99999999'", Err(BadLiteral::Escape));
        check(r"'\N{BULLET}'", Err(BadLiteral::Escape));
    }
}

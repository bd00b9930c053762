//! Values as a record stores them (file format 2.1), and how a column's declared type changes them (datatype3 3).

use super::sql::Token;
use super::wire::integer;
use std::borrow::Cow;
use std::cmp::Ordering;

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number; never NaN, which SQLite stores as NULL.
    Real(f64),
    /// Text, which ought to be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// As a whole number, where it is one.
    pub fn int(self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(number),
            Value::Real(number) if number.fract() == 0.0 && number.abs() < 9e18 => Some(number as i64),
            _ => None,
        }
    }

    /// As a number.
    pub fn real(self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(number as f64),
            Value::Real(number) => Some(number),
            _ => None,
        }
    }

    /// As a text; numbers as they are written. `None` for NULL and bytes.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            // sound text is checked faster than it is mended
            Value::Text(bytes) => {
                Some(std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
            }
            Value::Int(number) => Some(number.to_string().into()),
            Value::Real(number) => Some(format!("{number:?}").into()),
            Value::Null | Value::Blob(_) => None,
        }
    }

    /// Of serial type `serial`, whose bytes are `bytes`.
    pub(super) fn decode(serial: u64, bytes: &'a [u8]) -> Value<'a> {
        match serial {
            1..=6 => Value::Int(integer(bytes)),
            7 => bytes.first_chunk().map_or(Value::Null, |eight| {
                let number = f64::from_be_bytes(*eight);
                if number.is_nan() { Value::Null } else { Value::Real(number) }
            }),
            8 => Value::Int(0),
            9 => Value::Int(1),
            12.. if serial % 2 == 1 => Value::Text(bytes),
            12.. => Value::Blob(bytes),
            _ => Value::Null,
        }
    }

    /// The order of an index whose columns collate as bytes (2.2): NULL, numbers, texts, bytes.
    pub(super) fn order(self, other: Value<'_>) -> Ordering {
        let class = |value: Value<'_>| match value {
            Value::Null => 0,
            Value::Int(_) | Value::Real(_) => 1,
            Value::Text(_) => 2,
            Value::Blob(_) => 3,
        };
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => a.cmp(&b),
            (Value::Text(a), Value::Text(b)) | (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
            (a, b) => class(a).cmp(&class(b)).then_with(|| match (a.real(), b.real()) {
                (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
                _ => Ordering::Equal,
            }),
        }
    }
}

/// Bytes that a value of this serial type takes; `None` for the two that are reserved.
pub(super) fn size_of(serial: u64) -> Option<u64> {
    match serial {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(serial),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => Some((serial - 12) / 2),
    }
}

/// What a declared type makes of values (datatype3 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// Leaves all as it is.
    Blob,
    /// Numbers become texts.
    Text,
    /// Texts that look like numbers become numbers.
    Numeric,
    /// The same.
    Integer,
    /// Whole numbers become real ones.
    Real,
}

impl Affinity {
    /// Of a declared type.
    pub(super) fn of(declared: &str, is_strict: bool) -> Affinity {
        let declared = declared.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        match declared.as_str() {
            "ANY" if is_strict => Affinity::Blob,
            _ if has(&["INT"]) => Affinity::Integer,
            _ if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
            "" => Affinity::Blob,
            _ if has(&["BLOB"]) => Affinity::Blob,
            _ if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
            _ => Affinity::Numeric,
        }
    }
}

/// A value that rows older than their column have.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Constant {
    /// Nothing.
    #[default]
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Constant {
    /// As a value.
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Constant::Null => Value::Null,
            Constant::Int(number) => Value::Int(*number),
            Constant::Real(number) => Value::Real(*number),
            Constant::Text(text) => Value::Text(text.as_bytes()),
            Constant::Blob(bytes) => Value::Blob(bytes),
        }
    }

    /// Of what stands behind `DEFAULT`, in parentheses or not. What would have to be computed is NULL: a column with such a
    /// default can not be added to rows that are there.
    pub(super) fn parse(tokens: &[Token], affinity: Affinity) -> Constant {
        let mut tokens = tokens;
        while let [open, inside @ .., close] = tokens
            && open.is_sign('(')
            && close.is_sign(')')
        {
            tokens = inside;
        }
        let (sign, rest) = match tokens {
            [sign, rest @ ..] if sign.is_sign('-') => (-1, rest),
            [sign, rest @ ..] if sign.is_sign('+') => (1, rest),
            rest => (1, rest),
        };
        let constant = match rest {
            [Token::Number(text)] => number(text, sign),
            [Token::Text(text) | Token::Name(text)] => Constant::Text(text.clone()),
            [Token::Blob(bytes)] => Constant::Blob(bytes.clone()),
            [word] if word.is("TRUE") => Constant::Int(1),
            [word] if word.is("FALSE") => Constant::Int(0),
            [word] if ["NULL", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"].iter().any(|key| word.is(key)) => {
                Constant::Null
            }
            [Token::Word(text)] => Constant::Text(text.clone()),
            _ => Constant::Null,
        };
        constant.with(affinity)
    }

    fn with(self, affinity: Affinity) -> Constant {
        match (affinity, self) {
            (Affinity::Text, Constant::Int(number)) => Constant::Text(number.to_string()),
            (Affinity::Text, Constant::Real(number)) => Constant::Text(format!("{number:?}")),
            (Affinity::Numeric | Affinity::Integer | Affinity::Real, Constant::Text(text)) => {
                let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
                // `inf` and `nan` parse here, not there.
                let is_number = trimmed.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
                match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
                    (Ok(number), _) => Constant::Int(number).with(affinity),
                    (_, Ok(number)) if is_number => Constant::Real(number).with(affinity),
                    _ => Constant::Text(text),
                }
            }
            (Affinity::Numeric | Affinity::Integer, Constant::Real(number))
                if number.fract() == 0.0 && number.abs() < 9e15 =>
            {
                Constant::Int(number as i64)
            }
            (Affinity::Real, Constant::Int(number)) => Constant::Real(number as f64),
            (_, constant) => constant,
        }
    }
}

/// A number as SQL writes it; a whole one that is too large is real.
fn number(text: &str, sign: i64) -> Constant {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16)
            .map_or(Constant::Null, |bits| Constant::Int((bits as i64).wrapping_mul(sign)));
    }
    let signed = if sign < 0 { format!("-{digits}") } else { digits };
    match (signed.parse(), signed.parse()) {
        (Ok(number), _) => Constant::Int(number),
        (_, Ok(number)) => Constant::Real(number),
        _ => Constant::Null,
    }
}

//! Bytes to text. Tracking data is UTF-8; what is not is decoded as well as can be, and said.

use std::borrow::Cow;

/// Why a text is not plain UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It starts with a byte order mark, which was dropped.
    ByteOrderMark,
    /// It is UTF-16 with a byte order mark.
    Utf16,
    /// Some bytes are no UTF-8.
    NotUtf8,
}

impl Oddity {
    /// One sentence for a notice.
    pub fn message(self) -> &'static str {
        match self {
            Oddity::ByteOrderMark => "The file starts with a byte order mark; it was dropped.",
            Oddity::Utf16 => "The file is UTF-16, not UTF-8; it was decoded.",
            Oddity::NotUtf8 => "Some bytes are not UTF-8; they show as a replacement character.",
        }
    }
}

/// A text from elsewhere as it can stand in a sentence: control characters and those that turn the direction of writing are
/// made visible, and what is longer than `most` characters is cut.
pub fn visible(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (at, c) in text.trim().chars().enumerate() {
        if at >= most {
            shown.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            '\0'..='\x1F' => shown.extend(char::from_u32(0x2400 + c as u32)),
            '\x7F'..='\u{9F}'
            | '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' => shown.push_str(&format!("⟨U+{:04X}⟩", c as u32)),
            c => shown.push(c),
        }
    }
    shown
}

/// The text of `bytes`, and what was odd about them.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<Oddity>) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => {
            let (text, oddity) = decode_utf8(rest);
            (text, oddity.or(Some(Oddity::ByteOrderMark)))
        }
        [0xFF, 0xFE, rest @ ..] => (decode_utf16(rest, u16::from_le_bytes).into(), Some(Oddity::Utf16)),
        [0xFE, 0xFF, rest @ ..] => (decode_utf16(rest, u16::from_be_bytes).into(), Some(Oddity::Utf16)),
        _ => decode_utf8(bytes),
    }
}

fn decode_utf8(bytes: &[u8]) -> (Cow<'_, str>, Option<Oddity>) {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => (Cow::Borrowed(text), None),
        Cow::Owned(text) => (Cow::Owned(text), Some(Oddity::NotUtf8)),
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Oddity, decode, visible};

    #[test]
    fn what_can_not_be_seen_is_made_visible() {
        for (text, most, shown) in [
            ("plain ä 🎉", 99, "plain ä 🎉"),
            (" a\nb\tc ", 99, "a b c"),
            ("a\0\u{1b}[31m", 99, "a␀␛[31m"),
            ("evil\u{202E}txt.exe", 99, "evil⟨U+202E⟩txt.exe"),
            ("\u{FEFF}x\u{85}", 99, "⟨U+FEFF⟩x"),
            ("abcdef", 3, "abc…"),
        ] {
            assert_eq!(visible(text, most), shown, "{text:?}");
        }
    }

    #[test]
    fn every_encoding_gives_its_text() {
        let check = |bytes: &[u8], text: &str, oddity: Option<Oddity>| {
            assert_eq!(decode(bytes), (text.into(), oddity), "{bytes:?}");
        };
        check(b"", "", None);
        check("ünï 🎉".as_bytes(), "ünï 🎉", None);
        check(b"\xEF\xBB\xBFa", "a", Some(Oddity::ByteOrderMark));
        check(b"a\xFFb", "a\u{FFFD}b", Some(Oddity::NotUtf8));
        check(b"\xFF\xFEa\0\n\0", "a\n", Some(Oddity::Utf16));
        check(b"\xFE\xFF\0a\xD8\x3C\xDF\x89", "a🎉", Some(Oddity::Utf16));
        check(b"\xFF\xFE\x00\xD8a\0x", "\u{FFFD}a", Some(Oddity::Utf16));
    }
}

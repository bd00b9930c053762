//! JSON IN PIECES: a file is walked key by key and item by item, so that only one piece of it is in memory, and a piece that is
//! broken costs itself alone.
//!
//! It must not know what the pieces mean. It is tolerant where the exporters are careless: bare `NaN`, `Infinity` and
//! `-Infinity` (Python's `json`), a missing or a trailing comma, UTF-16 and byte order marks. Every bare word but `true`, `false`
//! and `null` comes as a string with its very digits: ids of 18 digits and floats keep theirs, and a number that somebody
//! quoted is the same as one that nobody did.

use crate::sources::{Bytes, Fault, FaultKind, text};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::rc::Rc;

/// Bytes read at a time.
const WINDOW: u64 = 256 << 10;
/// A piece larger than this is passed over.
const PIECE_LIMIT: usize = 64 << 20;
/// Deeper nesting is not data.
const DEPTH: usize = 120;

/// Without a byte order mark, UTF-16 decoded: (the bytes, where their text starts).
///
/// # Errors
/// When the file can not be read.
pub fn as_utf8(bytes: Rc<dyn Bytes>) -> Result<(Rc<dyn Bytes>, u64), Fault> {
    match bytes.read(0..3)?.as_slice() {
        [0xEF, 0xBB, 0xBF] => Ok((bytes, 3)),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] if bytes.size() > PIECE_LIMIT as u64 => {
            let message = format!("The file is UTF-16 and larger than {} MB; save it as UTF-8.", PIECE_LIMIT >> 20);
            Err(Fault::new(FaultKind::Unreadable, message))
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            let whole = bytes.read(0..PIECE_LIMIT as u64)?;
            Ok((Rc::new(text::decode(&whole).0.into_owned().into_bytes()), 0))
        }
        _ => Ok((bytes, 0)),
    }
}

/// Why the walk can not go on.
#[derive(Debug)]
pub enum Broken {
    /// The file can not be read.
    Fault(Fault),
    /// It is not JSON from here on.
    Text {
        /// 1-based.
        line: u64,
        /// One sentence.
        message: String,
    },
}

/// A piece that is not what it should be; the walk goes on behind it.
#[derive(Debug)]
pub struct Bad {
    /// 1-based, of its start.
    pub line: u64,
    /// One sentence.
    pub message: String,
}

/// One value as text, its bare words quoted.
struct Piece {
    line: u64,
    /// `None` when it is too large.
    text: Option<Vec<u8>>,
}

/// A place in a JSON file.
pub struct Json {
    bytes: Rc<dyn Bytes>,
    window: Vec<u8>,
    /// Of the next byte, in the window.
    at: usize,
    /// Of the byte behind the window, in the file.
    next: u64,
    line: u64,
    /// Bytes behind when it was last asked for what is new.
    told: u64,
}

impl Json {
    /// At the start of a file.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn new(bytes: Rc<dyn Bytes>) -> Result<Json, Fault> {
        let (bytes, next) = as_utf8(bytes)?;
        Ok(Json { bytes, window: Vec::new(), at: 0, next, line: 1, told: 0 })
    }

    /// Bytes that were passed since it was last asked.
    pub fn newly_read(&mut self) -> u64 {
        let behind = self.next.saturating_sub(self.window.len().saturating_sub(self.at) as u64);
        behind.saturating_sub(std::mem::replace(&mut self.told, behind))
    }

    /// The line of the place, 1-based.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn byte(&mut self) -> Result<Option<u8>, Broken> {
        if let Some(byte) = self.window.get(self.at) {
            return Ok(Some(*byte));
        }
        if self.next >= self.bytes.size() {
            return Ok(None);
        }
        self.window = self.bytes.read(self.next..self.next.saturating_add(WINDOW)).map_err(Broken::Fault)?;
        self.next = self.next.saturating_add(self.window.len() as u64);
        self.at = 0;
        Ok(self.window.first().copied())
    }

    fn step(&mut self, byte: u8) {
        self.at += 1;
        self.line += u64::from(byte == b'\n');
    }

    /// The first byte of what comes next, white space passed over; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn peek(&mut self) -> Result<Option<u8>, Broken> {
        while let Some(byte) = self.byte()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.step(byte);
        }
        Ok(None)
    }

    /// Goes into the object (`{`) or list (`[`) that comes next; `false`, and nothing done, when it is something else.
    ///
    /// # Errors
    /// When the file can not be read.
    pub fn enter(&mut self, open: u8) -> Result<bool, Broken> {
        let is_open = self.peek()? == Some(open);
        if is_open {
            self.step(open);
        }
        Ok(is_open)
    }

    /// The next key of the object that was entered, its value comes next; `None` behind its end.
    ///
    /// # Errors
    /// When the file can not be read, ends, or is no object.
    pub fn next_key(&mut self) -> Result<Option<String>, Broken> {
        match self.next_of(b'}')? {
            None => Ok(None),
            Some(b'"') => {
                let piece = self.capture()?;
                let key: Option<String> =
                    piece.text.and_then(|text| serde_json::from_str(&String::from_utf8_lossy(&text)).ok());
                match (key, self.peek()?) {
                    (Some(key), Some(b':')) => {
                        self.step(b':');
                        Ok(Some(key))
                    }
                    _ => Err(self.broken("A key with its colon was expected.")),
                }
            }
            Some(_) => Err(self.broken("A key in quotes was expected.")),
        }
    }

    /// Whether another item of the list that was entered comes next; `false` behind its end.
    ///
    /// # Errors
    /// When the file can not be read or ends.
    pub fn next_item(&mut self) -> Result<bool, Broken> {
        Ok(self.next_of(b']')?.is_some())
    }

    fn next_of(&mut self, close: u8) -> Result<Option<u8>, Broken> {
        loop {
            match self.peek()? {
                Some(b',') => self.step(b','),
                Some(byte) if byte == close => {
                    self.step(byte);
                    return Ok(None);
                }
                Some(byte @ (b'}' | b']' | b':')) => {
                    return Err(self.broken(&format!("`{}` stands where none belongs.", char::from(byte))));
                }
                Some(byte) => return Ok(Some(byte)),
                None => return Err(self.broken("The file ends in the middle.")),
            }
        }
    }

    /// The next value; numbers are strings.
    ///
    /// # Errors
    /// When the walk can not go on.
    pub fn value(&mut self) -> Result<Result<Value, Bad>, Broken> {
        self.parsed()
    }

    /// The next value as anything that serde makes of it; numbers are strings.
    ///
    /// # Errors
    /// When the walk can not go on.
    pub fn parsed<T: DeserializeOwned>(&mut self) -> Result<Result<T, Bad>, Broken> {
        let piece = self.capture()?;
        let bad = |message: String| Bad { line: piece.line, message };
        let Some(text) = piece.text else {
            return Ok(Err(bad(format!("The part is larger than {} MB.", PIECE_LIMIT >> 20))));
        };
        let parsed = match std::str::from_utf8(&text) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_str(&String::from_utf8_lossy(&text)),
        };
        Ok(parsed.map_err(|error| {
            let line = piece.line.saturating_add((error.line() as u64).saturating_sub(1));
            // serde counts lines of the piece, which is not what the user has.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Bad { line, message: format!("The part can not be read: {message}.") }
        }))
    }

    /// The scalars of the list that comes next, each as its text without quotes; `each` answers whether it is what it should be.
    /// The first that is not is told, and none behind it is given.
    ///
    /// # Errors
    /// When the walk can not go on.
    pub fn scalars(&mut self, each: &mut dyn FnMut(&str) -> bool) -> Result<Option<Bad>, Broken> {
        if !self.enter(b'[')? {
            self.skip()?;
            return Ok(Some(Bad { line: self.line, message: "A list was expected.".to_owned() }));
        }
        let mut text = Vec::new();
        while self.next_item()? {
            let direct = self.word_in_window().and_then(|length| self.window.get(self.at..self.at + length));
            if let Some(word) = direct.filter(|word| std::str::from_utf8(word).is_ok_and(&mut *each)) {
                self.at += word.len();
                continue;
            }
            text.clear();
            let line = self.walk(&mut |bytes| text.extend_from_slice(bytes.get(..64).unwrap_or(bytes)))?;
            let word = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(&text);
            if !std::str::from_utf8(word).is_ok_and(&mut *each) {
                let shown: String = String::from_utf8_lossy(word).chars().take(40).collect();
                while self.next_item()? {
                    self.skip()?;
                }
                return Ok(Some(Bad { line, message: format!("`{shown}` is no number.") }));
            }
        }
        Ok(None)
    }

    /// Passes over the next value.
    ///
    /// # Errors
    /// When the walk can not go on.
    pub fn skip(&mut self) -> Result<(), Broken> {
        self.walk(&mut |_| {}).map(|_| ())
    }

    fn capture(&mut self) -> Result<Piece, Broken> {
        let mut text = Vec::new();
        let mut too_large = false;
        let line = self.walk(&mut |bytes| {
            too_large |= text.len() + bytes.len() > PIECE_LIMIT;
            if !too_large {
                text.extend_from_slice(bytes);
            }
        })?;
        Ok(Piece { line, text: (!too_large).then_some(text) })
    }

    /// Goes over one value and gives its text to `keep`; answers the line of its start.
    fn walk(&mut self, keep: &mut dyn FnMut(&[u8])) -> Result<u64, Broken> {
        let mut open: Vec<u8> = Vec::new();
        self.peek()?;
        let line = self.line;
        while let Some(byte) = self.byte()? {
            match byte {
                b'"' => self.walk_string(keep)?,
                b'{' | b'[' => {
                    if open.len() >= DEPTH {
                        return Err(self.broken("The file is nested too deep."));
                    }
                    open.push(if byte == b'{' { b'}' } else { b']' });
                    self.step(byte);
                    keep(&[byte]);
                    continue;
                }
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        return Err(self.broken(&format!("`{}` stands where none belongs.", char::from(byte))));
                    }
                    self.step(byte);
                    keep(&[byte]);
                }
                b',' | b':' if open.is_empty() => return Err(self.broken("A value was expected.")),
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.step(byte);
                    // Line ends are kept, so that serde's count of lines is right.
                    keep(&[byte]);
                    continue;
                }
                _ => self.walk_word(keep)?,
            }
            if open.is_empty() {
                return Ok(line);
            }
        }
        Err(self.broken("The file ends in the middle."))
    }

    fn walk_string(&mut self, keep: &mut dyn FnMut(&[u8])) -> Result<(), Broken> {
        self.step(b'"');
        keep(b"\"");
        loop {
            // As much as the window holds at once: long texts are common.
            let rest = self.window.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            keep(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.byte()? {
                Some(b'"') => {
                    self.step(b'"');
                    keep(b"\"");
                    return Ok(());
                }
                Some(b'\\') => {
                    self.step(b'\\');
                    let Some(escaped) = self.byte()? else { break };
                    self.step(escaped);
                    keep(&[b'\\', escaped]);
                }
                // A bare control character: JSON forbids it, Python's reader (`strict=False`) takes it.
                Some(byte @ 0..0x20) => {
                    self.step(byte);
                    keep(format!("\\u{byte:04x}").as_bytes());
                }
                Some(_) => {}
                None => break,
            }
        }
        Err(self.broken("The file ends in the middle of a text."))
    }

    fn walk_word(&mut self, keep: &mut dyn FnMut(&[u8])) -> Result<(), Broken> {
        const LONGEST: usize = 400;
        if let Some(length) = self.word_in_window() {
            let word = self.window.get(self.at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
            keep_word(word, keep);
            self.at += length;
            return Ok(());
        }
        let mut word = Vec::new();
        while let Some(byte) = self.byte()?.filter(is_of_word) {
            word.push(byte);
            self.step(byte);
            if word.len() > LONGEST {
                return Err(self.broken("A number is too long."));
            }
        }
        if word.is_empty() {
            return Err(self.broken("A value was expected."));
        }
        keep_word(&word, keep);
        Ok(())
    }

    /// The length of the bare word that comes next, where its end is in the window as well: nearly always.
    fn word_in_window(&self) -> Option<usize> {
        let rest = self.window.get(self.at..)?;
        let rest = rest.get(..64).unwrap_or(rest);
        rest.iter().position(|byte| !is_of_word(byte)).filter(|length| *length > 0)
    }

    fn broken(&self, message: &str) -> Broken {
        Broken::Text { line: self.line, message: message.to_owned() }
    }
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

/// Quoted, but for JSON's own words.
fn keep_word(word: &[u8], keep: &mut dyn FnMut(&[u8])) {
    match word {
        b"true" | b"false" | b"null" => keep(word),
        _ => {
            keep(b"\"");
            keep(word);
            keep(b"\"");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Json};
    use serde_json::{Value, json};
    use std::rc::Rc;

    fn json(text: &[u8]) -> Json {
        Json::new(Rc::new(text.to_vec())).expect("read")
    }

    #[test]
    fn one_value_as_it_is_meant() {
        let check = |text: &[u8], expected: Value| {
            assert_eq!(
                json(text).value().expect("whole").expect("a value"),
                expected,
                "{}",
                String::from_utf8_lossy(text)
            );
        };
        check(br#" {"a": [1, -2.5e-3, "x\"]}", null, true]} "#, json!({"a": ["1", "-2.5e-3", "x\"]}", null, true]}));
        check(b"[NaN, -Infinity,Infinity , nan]", json!(["NaN", "-Infinity", "Infinity", "nan"]));
        check(b"826972060360423547", json!("826972060360423547"));
        check(b"\"a\nb\"", json!("a\nb"));
        check(b"\xEF\xBB\xBF{\"\xC3\xBC\": \"\xFF\"}", json!({"ü": "\u{FFFD}"}));
        check(b"\xFF\xFE{\0}\0", json!({}));
    }

    #[test]
    fn pieces_and_their_lines() {
        let mut json = json(b"{\"a\": [1,\n {\"x\": 1 2},\n 3,], \"b\" : {} \"c\": 4}");
        assert!(json.enter(b'{').expect("read"));
        assert_eq!(json.next_key().expect("a key").as_deref(), Some("a"));
        assert!(!json.enter(b'{').expect("read") && json.enter(b'[').expect("read"));
        let mut seen = Vec::new();
        while json.next_item().expect("whole") {
            seen.push(json.value().expect("whole").map_err(|bad| bad.line));
        }
        assert_eq!(seen, [Ok(json!("1")), Err(2), Ok(json!("3"))]);
        assert_eq!(json.next_key().expect("a key").as_deref(), Some("b"));
        json.skip().expect("whole");
        assert_eq!(json.next_key().expect("a key").as_deref(), Some("c"));
        json.skip().expect("whole");
        assert_eq!((json.next_key().expect("end"), json.peek().expect("end"), json.line()), (None, None, 3));
    }

    #[test]
    fn what_is_broken_says_where() {
        let check = |text: &str, line: u64| match json(text.as_bytes()).value() {
            Err(Broken::Text { line: found, message }) => assert_eq!(found, line, "{text}: {message}"),
            other => panic!("{text}: {other:?}"),
        };
        check("", 1);
        check("{\"a\":\n [1, 2", 2);
        check("{\"a\":\n\n \"x", 3);
        check("[1}", 1);
        check("[\n'x']", 2);
        check(&"[".repeat(5_000), 1);
        check(&"9".repeat(5_000), 1);
    }
}

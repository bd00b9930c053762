//! Three readers of `meta.yaml`, each more patient and slower than the one before: [`read_flat`] knows what PyYAML
//! writes for a flat map (and is forty times faster than a YAML parser), [`read_events`] is all of YAML, [`salvage`]
//! takes the single lines that still make sense in a broken file.
//!
//! All three give texts; see [`Meta`](super::meta::Meta) for why no scalar is typed.

use super::meta::{Meta, Value};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::TScalarStyle;

/// Reads the flat subset that PyYAML's `safe_dump` writes: one `key: scalar` a line, scalars plain or quoted and folded
/// over indented lines, one level of maps, lists and deeper maps skipped. `None` means "not mine", not "wrong".
pub(super) fn read_flat(text: &str) -> Option<Meta> {
    let mut lines = Lines { rest: text };
    let mut fields = Vec::new();
    while let Some(line) = lines.next() {
        if is_blank(line) || line.starts_with('#') || (line == "---" && fields.is_empty()) {
            continue;
        }
        let (key, rest) = split_key(line)?;
        let value = if rest.is_empty() { read_below(&mut lines)? } else { read_value(rest, 0, &mut lines)? };
        fields.push((key.to_owned(), value));
    }
    Some(Meta { fields })
}

/// Lines without their ends.
struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.rest.split_once('\n').map_or(self.rest, |(line, _)| line);
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek();
        self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        line
    }

    /// The next line that is indented deeper than `indent`, after how many blank ones; `None` takes nothing but blanks.
    fn next_deeper(&mut self, indent: usize) -> Option<(usize, &'a str)> {
        let mut blanks = 0;
        while is_blank(self.peek()?) {
            self.next();
            blanks += 1;
        }
        let line = self.peek()?;
        (indent_of(line) > indent).then(|| self.next()).flatten().map(|line| (blanks, line.trim_start_matches(BLANKS)))
    }
}

/// YAML's white space; Unicode knows more of it.
const BLANKS: [char; 2] = [' ', '\t'];

fn is_blank(line: &str) -> bool {
    line.trim_start_matches(BLANKS).is_empty()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// `key: rest` or `key:`; only simple keys.
fn split_key(line: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    let colon = loop {
        let at = from + line.get(from..)?.find(':')?;
        match line.as_bytes().get(at + 1) {
            None | Some(b' ') => break at,
            Some(_) => from = at + 1,
        }
    };
    let key = line.get(..colon)?;
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b':');
    let starts_well = key.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (starts_well && key.bytes().all(simple)).then_some((key, line.get(colon + 1..)?.trim_start_matches(' ')))
}

/// What stands below a `key:` without a value: a list, a map, or nothing.
fn read_below(lines: &mut Lines) -> Option<Value> {
    let is_item = |line: &str| line == "-" || line.starts_with("- ");
    let Some(first) = lines.peek() else { return Some(Value::Text { text: String::new(), plain: true }) };
    if is_item(first.trim_start_matches(' ')) {
        while lines.peek().is_some_and(|line| is_item(line) || line.starts_with(' ')) {
            lines.next();
        }
        return Some(Value::Other);
    }
    let indent = indent_of(first);
    if indent == 0 {
        return Some(Value::Text { text: String::new(), plain: true });
    }
    let mut map = Vec::new();
    while let Some(line) = lines.peek().filter(|line| indent_of(line) == indent) {
        lines.next();
        let (key, rest) = split_key(line.get(indent..)?)?;
        if rest.is_empty() && lines.peek().is_some_and(|below| indent_of(below) > indent && !is_blank(below)) {
            // A map in a map, of which nothing is needed: all that is indented belongs to it.
            while lines.peek().is_some_and(|line| line.starts_with(' ') || is_blank(line)) {
                lines.next();
            }
            return Some(Value::Other);
        }
        match read_value(rest, indent, lines)? {
            Value::Text { text, .. } if !rest.is_empty() => map.push((key.to_owned(), text)),
            _ => return None,
        }
    }
    // What is deeper than its neighbours is not for this reader.
    lines.peek().is_none_or(|line| !line.starts_with(' ')).then_some(Value::Map(map))
}

/// The value that starts with `rest`, on a line indented by `indent`.
fn read_value(rest: &str, indent: usize, lines: &mut Lines) -> Option<Value> {
    let trimmed = rest.trim_end_matches(BLANKS);
    match trimmed {
        "{}" => return Some(Value::Map(Vec::new())),
        "[]" => return Some(Value::Other),
        _ => {}
    }
    let text = match rest.as_bytes().first() {
        Some(b'\'') => return Some(Value::Text { text: read_single(rest.get(1..)?, indent, lines)?, plain: false }),
        Some(b'"') => return Some(Value::Text { text: read_double(rest.get(1..)?, indent, lines)?, plain: false }),
        Some(b'{' | b'}' | b'[' | b']' | b'|' | b'>' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'#' | b',') => {
            return None;
        }
        Some(b'-' | b'?' | b':') if matches!(rest.as_bytes().get(1), None | Some(b' ')) => return None,
        _ => trimmed,
    };
    let plain =
        |text: &str| !(text.contains(": ") || text.contains(" #") || text.contains('\t') || text.ends_with(':'));
    if !plain(text) {
        return None;
    }
    let mut text = text.to_owned();
    while let Some((blanks, line)) = lines.next_deeper(indent) {
        let line = line.trim_end_matches(BLANKS);
        if !plain(line) || line.starts_with('#') {
            return None;
        }
        fold(&mut text, blanks);
        text.push_str(line);
    }
    Some(Value::Text { text, plain: true })
}

/// A line break inside a scalar: a space, or as many newlines as there were empty lines.
fn fold(text: &mut String, blanks: usize) {
    match blanks {
        0 => text.push(' '),
        _ => text.extend(std::iter::repeat_n('\n', blanks)),
    }
}

fn is_blank_after_quote(rest: &str) -> bool {
    rest.bytes().all(|byte| byte == b' ')
}

/// After the opening `'`.
fn read_single(rest: &str, indent: usize, lines: &mut Lines) -> Option<String> {
    let mut text = String::new();
    let mut rest = rest;
    loop {
        match rest.split_once('\'') {
            Some((part, after)) => {
                text.push_str(part);
                match after.strip_prefix('\'') {
                    Some(after) => {
                        text.push('\'');
                        rest = after;
                    }
                    None => return is_blank_after_quote(after).then_some(text),
                }
            }
            None => {
                text.push_str(rest.trim_end_matches(BLANKS));
                let (blanks, line) = lines.next_deeper(indent)?;
                fold(&mut text, blanks);
                rest = line;
            }
        }
    }
}

/// After the opening `"`.
fn read_double(rest: &str, indent: usize, lines: &mut Lines) -> Option<String> {
    let mut text = String::new();
    // White space up to here came from escapes and is not folded away.
    let mut kept = 0;
    let mut chars = rest.chars();
    loop {
        match chars.next() {
            Some('"') => return is_blank_after_quote(chars.as_str()).then_some(text),
            Some('\\') if chars.as_str().is_empty() => {
                let (blanks, line) = lines.next_deeper(indent)?;
                text.extend(std::iter::repeat_n('\n', blanks));
                kept = text.len();
                chars = line.chars();
            }
            Some('\\') => {
                text.push(read_escape(&mut chars)?);
                kept = text.len();
            }
            Some(other) => text.push(other),
            None => {
                let end = text.trim_end_matches(BLANKS).len().max(kept);
                text.truncate(end);
                let (blanks, line) = lines.next_deeper(indent)?;
                fold(&mut text, blanks);
                chars = line.chars();
            }
        }
    }
}

fn read_escape(chars: &mut std::str::Chars) -> Option<char> {
    let digits = match chars.next()? {
        '0' => return Some('\0'),
        'a' => return Some('\x07'),
        'b' => return Some('\x08'),
        't' | '\t' => return Some('\t'),
        'n' => return Some('\n'),
        'v' => return Some('\x0B'),
        'f' => return Some('\x0C'),
        'r' => return Some('\r'),
        'e' => return Some('\x1B'),
        'N' => return Some('\u{85}'),
        '_' => return Some('\u{A0}'),
        'L' => return Some('\u{2028}'),
        'P' => return Some('\u{2029}'),
        same @ (' ' | '"' | '/' | '\\') => return Some(same),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let mut code = 0_u32;
    for _ in 0..digits {
        code = code.checked_mul(16)?.checked_add(chars.next()?.to_digit(16)?)?;
    }
    char::from_u32(code)
}

/// Longest text that goes to the whole parser; a meta file has a few hundred bytes.
const EVENTS_LIMIT: usize = 4 << 20;

/// Reads any YAML map, one level of it, as scalar events.
///
/// # Errors
/// Line (1-based) and one sentence.
pub(super) fn read_events(text: &str) -> Result<Meta, (Option<u64>, String)> {
    if text.len() > EVENTS_LIMIT {
        return Err((None, "The file is too large for a meta.yaml.".to_owned()));
    }
    // The parser's own `load` recurses; its events do not.
    let mut parser = Parser::new_from_str(text);
    let mut fields: Vec<(String, Value)> = Vec::new();
    let mut depth = 0_usize;
    let mut key: Option<String> = None;
    let mut inner_key: Option<String> = None;
    loop {
        let (event, mark) = parser.next_token().map_err(|error| {
            (Some(error.marker().line() as u64), format!("The file is not YAML: {}.", error.info()))
        })?;
        match event {
            Event::StreamEnd | Event::DocumentEnd => break,
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if depth == 0 && matches!(event, Event::SequenceStart(..)) {
                    return Err((Some(mark.line() as u64), "The file is a list, not fields.".to_owned()));
                }
                depth += 1;
                let value =
                    if matches!(event, Event::MappingStart(..)) { Value::Map(Vec::new()) } else { Value::Other };
                match depth {
                    2 => fields.push((key.take().unwrap_or_default(), value)),
                    3 => {
                        inner_key = None;
                        if let Some((_, field)) = fields.last_mut() {
                            *field = Value::Other;
                        }
                    }
                    _ => {}
                }
            }
            Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
            Event::Scalar(text, style, ..) => match depth {
                0 => return Err((Some(mark.line() as u64), "The file is one text, not fields.".to_owned())),
                1 => match key.take() {
                    None => key = Some(text),
                    Some(key) => fields.push((key, Value::Text { text, plain: style == TScalarStyle::Plain })),
                },
                2 => {
                    if let Some((_, Value::Map(map))) = fields.last_mut() {
                        match inner_key.take() {
                            None => inner_key = Some(text),
                            Some(key) => map.push((key, text)),
                        }
                    }
                }
                _ => {}
            },
            Event::Alias(_) if depth == 1 => {
                fields.push((key.take().unwrap_or_default(), Value::Other));
            }
            Event::Alias(_) if depth == 2 => inner_key = None,
            Event::Alias(_) | Event::Nothing | Event::StreamStart | Event::DocumentStart => {}
        }
    }
    Ok(Meta { fields })
}

/// The lines of a broken file that are whole by themselves; of a merge conflict the first side.
pub(super) fn salvage(text: &str) -> Meta {
    let mut fields: Vec<(String, Value)> = Vec::new();
    for line in text.lines() {
        let Some((key, rest)) = split_key(line) else { continue };
        if fields.iter().any(|(known, _)| known == key) {
            continue;
        }
        if let Some(value) = read_value(rest, 0, &mut Lines { rest: "" }) {
            fields.push((key.to_owned(), value));
        }
    }
    Meta { fields }
}

//! LIKE and ILIKE as MLflow's file store matches them: `%` any characters, `_` one character, neither a line break; no
//! escapes; the whole text must match, except that a pattern ending in `%` lets anything follow, line breaks too, and
//! any other pattern lets one line break follow.

/// A pattern made ready.
pub(super) struct Pattern {
    parts: Vec<Part>,
    ignore_case: bool,
    open_end: bool,
}

#[derive(Clone, Copy)]
enum Part {
    Any,
    One,
    Char(char),
}

impl Pattern {
    pub(super) fn new(pattern: &str, ignore_case: bool) -> Pattern {
        let part = |c| match c {
            '%' => Part::Any,
            '_' => Part::One,
            c => Part::Char(if ignore_case { fold(c) } else { c }),
        };
        Pattern { parts: pattern.chars().map(part).collect(), ignore_case, open_end: pattern.ends_with('%') }
    }

    /// Whether `text` matches. Only the last `%` is ever tried again: since `%` stays within a line, a later start of
    /// an earlier part could reach nothing that the earliest can not.
    pub(super) fn matches(&self, text: &str) -> bool {
        let char_at = |at: usize| text.get(at..).and_then(|rest| rest.chars().next());
        let (mut at, mut part) = (0, 0);
        let mut last_any: Option<(usize, usize)> = None;
        loop {
            let here = char_at(at);
            let fits = match (self.parts.get(part), here) {
                (None, None) => return true,
                (None, Some('\n')) if at + 1 == text.len() => return true,
                (Some(Part::Any), _) => {
                    if self.open_end && part + 1 == self.parts.len() {
                        return true;
                    }
                    last_any = Some((part, at));
                    part += 1;
                    continue;
                }
                (Some(Part::One), Some(c)) => c != '\n',
                (Some(Part::Char(wanted)), Some(c)) => *wanted == if self.ignore_case { fold(c) } else { c },
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let (true, Some(c)) = (fits, here) {
                (at, part) = (at + c.len_utf8(), part + 1);
                continue;
            }
            match last_any.and_then(|(any, from)| Some((any, from, char_at(from).filter(|c| *c != '\n')?))) {
                Some((any, from, skipped)) => {
                    let from = from + skipped.len_utf8();
                    last_any = Some((any, from));
                    (at, part) = (from, any + 1);
                }
                None => return false,
            }
        }
    }
}

/// One lower-case letter for each letter, so that lengths stay.
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_whole_lines() {
        let check = |pattern: &str, text: &str, like: bool, ilike: bool| {
            assert_eq!(Pattern::new(pattern, false).matches(text), like, "{text:?} LIKE {pattern:?}");
            assert_eq!(Pattern::new(pattern, true).matches(text), ilike, "{text:?} ILIKE {pattern:?}");
        };
        check("adam", "adam", true, true);
        check("adam", "Adam", false, true);
        check("ada_", "adam", true, true);
        check("ada_", "ada", false, false);
        check("%da%", "adam", true, true);
        check("%a%a%m", "aXaYam", true, true);
        check("%ab", "aab", true, true);
        check("", "", true, true);
        check("", "a", false, false);
        check("%", "", true, true);
        check("%", "a\nb", true, true);
        check("ÜN_", "ünï", false, true);
        check("[a]dam", "adam", false, false);
        check(r"100\%", "100%", false, false);
        check(r"100\%", r"100\ sure", true, true);
        check("line1%", "line1\nline2", true, true);
        check("line1_line2", "line1\nline2", false, false);
        check("%line2", "line1\nline2", false, false);
        check("line1%line2", "line1\nline2", false, false);
        check("adam", "adam\n", true, true);
        check("%a\nb", "xa\nb", true, true);
        check("%%%%%%%%%%b", &"a".repeat(2000), false, false);
    }
}

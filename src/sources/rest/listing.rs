//! WHETHER PAGES COME TO AN END: a server may repeat a token, give a page twice, or never stop.
//!
//! It must not know what stands on the pages. A page may be asked for again (its answer was lost): that is no repetition.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Pages in a row without anything new, after which nothing more is expected.
const IDLE_PAGES: u32 = 3;

/// What was seen of one list.
#[derive(Debug, Default)]
pub struct Guard {
    /// The token of each page, and that of the page which named it.
    named_by: HashMap<u64, u64>,
    /// Each thing, and the page on which it came first.
    first_on: HashMap<u64, u64>,
    idle: u32,
    /// Pages that a start from the beginning goes over once more.
    allowed: u32,
    pages: u32,
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

impl Guard {
    /// Whether a thing on this page has not come on another one.
    pub fn is_new(&mut self, page: &str, id: &str) -> bool {
        let page = hash(page);
        *self.first_on.entry(hash(id)).or_insert(page) == page
    }

    /// Whether the page after this one can be asked for: its token is new, and something new came in the last few pages.
    pub fn goes_on(&mut self, page: &str, next: &str, new_things: usize) -> bool {
        self.pages = self.pages.saturating_add(1);
        self.idle = if new_things > 0 { 0 } else { self.idle.saturating_add(1) };
        let page = hash(page);
        let is_first = hash(next) != page && *self.named_by.entry(hash(next)).or_insert(page) == page;
        is_first && self.idle < IDLE_PAGES.saturating_add(self.allowed)
    }

    /// The list is asked for from its beginning again, in another order: what came already will come again.
    pub fn restart(&mut self) {
        self.named_by.clear();
        self.idle = 0;
        self.allowed = self.pages;
    }
}

/// A token of a page behind `items` things. FastTrackML 0.6 cuts the end off its own: what begins like `{"offset":ITEMS}` is
/// completed.
pub fn whole_token(token: String, items: u64) -> String {
    let meant = format!("{{\"offset\":{items}}}");
    match STANDARD_NO_PAD.decode(token.trim_end_matches('=')) {
        Ok(stated)
            if stated.starts_with(b"{") && stated.len() < meant.len() && meant.as_bytes().starts_with(&stated) =>
        {
            STANDARD.encode(meant)
        }
        _ => token,
    }
}

/// The token of the page behind `items` things, in a list of which `token` is that of the page behind `known`: servers that number
/// what they list have such tokens, spelled as Python or as Go spells JSON. `None` of any other.
pub fn foreseen_token(token: &str, known: u64, items: u64) -> Option<String> {
    let spelled = |items: u64| [format!("{{\"offset\": {items}}}"), format!("{{\"offset\":{items}}}")];
    let is_its = |(own, _): &(String, String)| STANDARD.encode(own) == token;
    spelled(known).into_iter().zip(spelled(items)).find(is_its).map(|(_, meant)| STANDARD.encode(meant))
}

#[cfg(test)]
mod tests {
    use super::{Guard, foreseen_token, whole_token};

    #[test]
    fn tokens_that_number() {
        for (token, known, items, expected) in [
            ("eyJvZmZzZXQiOiAxMH0=", 10, 1000, Some("eyJvZmZzZXQiOiAxMDAwfQ==")),
            ("eyJvZmZzZXQiOjEwfQ==", 10, 20, Some("eyJvZmZzZXQiOjIwfQ==")),
            ("eyJvZmZzZXQiOiAxMH0=", 11, 1000, None),
            ("opaque", 10, 20, None),
            ("", 0, 20, None),
        ] {
            assert_eq!(foreseen_token(token, known, items).as_deref(), expected, "{token} {known} {items}");
        }
    }

    #[test]
    fn tokens_that_were_cut() {
        for (token, items, expected) in [
            ("eyJvZmZzZXQiOjEw", 10, "eyJvZmZzZXQiOjEwfQ=="),
            ("eyJvZmZzZXQiOjEw", 100, "eyJvZmZzZXQiOjEwMH0="),
            ("eyJvZmZzZXQiOjEw", 20, "eyJvZmZzZXQiOjEw"),
            ("eyJvZmZzZXQiOjEwfQ==", 10, "eyJvZmZzZXQiOjEwfQ=="),
            ("eyJvZmZzZXQiOiAxMH0=", 10, "eyJvZmZzZXQiOiAxMH0="),
            ("opaque", 10, "opaque"),
            ("", 10, ""),
        ] {
            assert_eq!(whole_token(token.to_owned(), items), expected, "{token} {items}");
        }
    }

    #[test]
    fn lists_end() {
        let mut guard = Guard::default();
        assert!(guard.goes_on("", "a", 1) && guard.goes_on("", "a", 1), "asked again");
        assert!(guard.goes_on("a", "b", 1));
        assert!(!guard.goes_on("b", "b", 1), "the same token");
        assert!(!guard.goes_on("b", "a", 1), "a circle");
        let mut guard = Guard::default();
        let on = [0, 0, 5, 0, 0, 0, 0]
            .iter()
            .enumerate()
            .map(|(at, new)| guard.goes_on(&at.to_string(), &(at + 1).to_string(), *new));
        assert_eq!(on.collect::<Vec<_>>(), [true, true, true, true, true, false, false]);
    }

    #[test]
    fn things_are_new_once() {
        let mut guard = Guard::default();
        assert!(guard.is_new("1", "a") && guard.is_new("1", "a") && guard.is_new("1", "b"));
        assert!(!guard.is_new("2", "a"));
        for page in 0..9 {
            assert!(guard.goes_on(&page.to_string(), &(page + 1).to_string(), 1));
        }
        guard.restart();
        for page in 0..9 {
            assert!(guard.goes_on(&page.to_string(), &(page + 1).to_string(), 0), "{page}: once more");
        }
    }
}

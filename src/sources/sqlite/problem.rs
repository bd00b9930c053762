//! What of a database could not be read; the rest was.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// One place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// From 1; 0 where no page is meant.
    pub page: u32,
    /// Table or index that it lies in, or the file.
    pub inside: String,
    /// What is wrong with it, a sentence without its subject.
    pub what: &'static str,
}

/// Problems of one page that were told are not told again, however often the page is looked at.
#[derive(Debug, Default)]
pub struct Problems {
    told: RefCell<BTreeSet<(u32, &'static str)>>,
    new: RefCell<Vec<Problem>>,
}

/// More than these are not kept.
const KEPT: usize = 10_000;

impl Problems {
    /// Adds one.
    pub fn note(&self, page: u32, inside: &str, what: &'static str) {
        let mut told = self.told.borrow_mut();
        if told.len() < KEPT && told.insert((page, what)) {
            self.new.borrow_mut().push(Problem { page, inside: inside.to_owned(), what });
        }
    }

    /// Those since the last call.
    pub fn take(&self) -> Vec<Problem> {
        self.new.take()
    }
}

/// Page numbers that were seen, in a bit each; it grows with the highest of them.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    words: Vec<u64>,
}

impl Seen {
    /// Adds a page that the file has; `false` when it was seen before.
    pub fn insert(&mut self, page: u32) -> bool {
        let (word, bit) = ((page / 64) as usize, 1_u64 << (page % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        match self.words.get_mut(word) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}

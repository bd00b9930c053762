//! What of a database could not be read; the rest was.

use std::cell::{Cell, RefCell};
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
    met: Cell<u64>,
}

/// More than these are not kept.
const KEPT: usize = 10_000;

impl Problems {
    /// Adds one.
    pub fn note(&self, page: u32, inside: &str, what: &'static str) {
        self.met.set(self.met.get() + 1);
        let mut told = self.told.borrow_mut();
        if told.len() < KEPT && told.insert((page, what)) {
            self.new.borrow_mut().push(Problem { page, inside: inside.to_owned(), what });
        }
    }

    /// How often something was wrong so far, told before or not.
    pub fn met(&self) -> u64 {
        self.met.get()
    }

    /// Those since the last call.
    pub fn take(&self) -> Vec<Problem> {
        self.new.take()
    }
}

/// Page numbers that were seen, in a bit each. A page far out costs no more than its own block.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    blocks: Vec<Option<Box<[u64; BLOCK]>>>,
}

/// Words of a block.
const BLOCK: usize = 64;

impl Seen {
    /// Adds a page that the file has; `false` when it was seen before.
    pub fn insert(&mut self, page: u32) -> bool {
        let (word, bit) = ((page / 64) as usize, 1_u64 << (page % 64));
        let block = word / BLOCK;
        if self.blocks.len() <= block {
            self.blocks.resize(block + 1, None);
        }
        let Some(block) = self.blocks.get_mut(block) else { return false };
        match block.get_or_insert_with(|| Box::new([0; BLOCK])).get_mut(word % BLOCK) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn a_page_is_new_once() {
        let mut seen = Seen::default();
        for page in [0, 1, 63, 64, 4_095, 4_096, 1 << 31, u32::MAX] {
            assert!(seen.insert(page) && !seen.insert(page), "{page}");
        }
    }
}

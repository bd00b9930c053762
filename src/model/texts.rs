//! Distinct texts, each with a number, in as little memory as they need: a column of a hundred thousand params may hold as
//! many different texts.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// A slot that holds no code.
const VACANT: u32 = u32::MAX;
/// Bytes of a block of texts: one text of all would be there twice whenever it grows.
const BLOCK: usize = 256 << 10;

/// Distinct texts in order of first appearance; a text's index is its code.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// All texts, one after the other; none lies in two blocks.
    blocks: Vec<Block>,
    /// Where each ends in its block; it starts where the one before ends.
    ends: Vec<u32>,
    /// Codes by the hash of their text, in the next free place; at most half of the slots are taken. A power of two.
    slots: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Block {
    /// The code of its first text.
    first: u32,
    texts: String,
}

fn hash(text: &str) -> usize {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text) as usize
}

impl Texts {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a code; empty for one that was not given out.
    pub fn get(&self, code: u32) -> &str {
        let after = self.blocks.partition_point(|block| block.first <= code);
        let Some(block) = after.checked_sub(1).and_then(|at| self.blocks.get(at)) else { return "" };
        let Some(end) = self.ends.get(code as usize) else { return "" };
        let before = if block.first == code { None } else { self.ends.get((code as usize).wrapping_sub(1)) };
        block.texts.get(before.copied().unwrap_or(0) as usize..*end as usize).unwrap_or("")
    }

    /// All, by code.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.ends.len()).map(|code| self.get(code as u32))
    }

    /// The slot of a text: the one with its code, or the vacant one where it belongs. There must be slots.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash(text) & mask;
        while self.slots[at] != VACANT && self.get(self.slots[at]) != text {
            at = (at + 1) & mask;
        }
        at
    }

    /// The code of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        let code = *self.slots.get(if self.slots.is_empty() { 0 } else { self.slot(text) })?;
        (code != VACANT).then_some(code)
    }

    /// The code of a text, which gets one if it is new.
    pub fn code_for(&mut self, text: &str) -> u32 {
        if (self.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let at = self.slot(text);
        if self.slots[at] == VACANT {
            self.slots[at] = self.ends.len() as u32;
            self.push(text);
        }
        self.slots[at]
    }

    fn push(&mut self, text: &str) {
        let code = self.ends.len() as u32;
        if self.blocks.last().is_none_or(|block| block.texts.len() + text.len() > BLOCK && !block.texts.is_empty()) {
            // most columns are small, and those that are not need all of their blocks
            let room = if self.blocks.is_empty() { text.len() } else { text.len().max(BLOCK) };
            self.blocks.push(Block { first: code, texts: String::with_capacity(room) });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.texts.push_str(text);
            self.ends.push(block.texts.len() as u32);
        }
    }

    fn grow(&mut self) {
        self.slots = vec![VACANT; (self.slots.len() * 2).max(8)];
        for code in 0..self.ends.len() as u32 {
            let at = self.slot(self.get(code));
            self.slots[at] = code;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Texts};
    use std::collections::HashMap;

    #[test]
    fn each_text_has_one_code() {
        let (mut texts, mut known) = (Texts::default(), HashMap::new());
        assert_eq!((texts.find("x"), texts.get(0)), (None, ""));
        for step in 0..5_000_u32 {
            let text = format!("{}", step.wrapping_mul(2_654_435_761) % 1_999);
            let text = if step % 7 == 0 { String::new() } else { text };
            let text = if step % 97 == 0 { text.repeat(BLOCK / 9) } else { text };
            let next = known.len() as u32;
            let code = *known.entry(text.clone()).or_insert(next);
            assert_eq!((texts.code_for(&text), texts.find(&text)), (code, Some(code)));
            assert_eq!(texts.get(code), text);
        }
        assert_eq!(texts.len(), known.len());
        assert!(texts.iter().zip(0..).all(|(text, code)| known[text] == code));
        assert_eq!(texts.find("not there"), None);
    }
}

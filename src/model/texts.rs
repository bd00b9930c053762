//! Distinct texts, each with a number, in as little memory as they need: a column of a hundred thousand params may hold as
//! many different texts.

/// A slot that holds no code.
const VACANT: u32 = u32::MAX;
/// Bytes of a block of texts: one text of all would be there twice whenever it grows.
const BLOCK: usize = 256 << 10;

/// Texts by number, end to end.
#[derive(Clone, Debug, Default)]
pub struct TextList {
    /// All texts, one after the other; none lies in two blocks.
    blocks: Vec<Block>,
    /// Where each ends in its block; it starts where the one before ends.
    ends: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Block {
    /// The number of its first text.
    first: u32,
    texts: String,
}

impl TextList {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a number; empty for one that was not given out.
    pub fn get(&self, number: u32) -> &str {
        let after = self.blocks.partition_point(|block| block.first <= number);
        let Some(block) = after.checked_sub(1).and_then(|at| self.blocks.get(at)) else { return "" };
        let Some(end) = self.ends.get(number as usize) else { return "" };
        let before = if block.first == number { None } else { self.ends.get((number as usize).wrapping_sub(1)) };
        block.texts.get(before.copied().unwrap_or(0) as usize..*end as usize).unwrap_or("")
    }

    /// Adds a text and answers its number.
    pub fn push(&mut self, text: &str) -> u32 {
        let number = self.ends.len() as u32;
        if self.blocks.last().is_none_or(|block| block.texts.len() + text.len() > BLOCK && !block.texts.is_empty()) {
            // most columns are small, and those that are not need all of their blocks
            let room = if self.blocks.is_empty() { text.len() } else { text.len().max(BLOCK) };
            self.blocks.push(Block { first: number, texts: String::with_capacity(room) });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.texts.push_str(text);
            self.ends.push(block.texts.len() as u32);
        }
        number
    }
}

/// A number that is mostly another for another text. Texts are hashed whenever they go from one table to another: this is several
/// times as quick in WebAssembly as the hash of the standard library, and no more can be made of it than a slow column.
pub fn hash(text: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum.rotate_left(29) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let sum = words.iter().fold(text.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |last, byte| last << 8 | u64::from(*byte));
    let sum = mix(sum, last);
    // the low bits choose the slot: they must hang on all others
    let sum = (sum ^ sum >> 32).wrapping_mul(FACTOR);
    sum ^ sum >> 29
}

/// Distinct texts in order of first appearance; a text's index is its code.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    list: TextList,
    /// Codes by the hash of their text, in the next free place; at most half of the slots are taken. A power of two.
    slots: Vec<u32>,
}

impl Texts {
    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text of a code; empty for one that was not given out.
    pub fn get(&self, code: u32) -> &str {
        self.list.get(code)
    }

    /// All, by code.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|code| self.get(code as u32))
    }

    /// The slot of a text: the one with its code, or the vacant one where it belongs. There must be slots.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash(text) as usize & mask;
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
        if (self.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let at = self.slot(text);
        if self.slots[at] == VACANT {
            self.slots[at] = self.list.push(text);
        }
        self.slots[at]
    }

    fn grow(&mut self) {
        self.slots = vec![VACANT; (self.slots.len() * 2).max(8)];
        let mask = self.slots.len() - 1;
        for code in 0..self.len() as u32 {
            // all differ, so that the next vacant one is theirs
            let mut at = hash(self.get(code)) as usize & mask;
            while self.slots[at] != VACANT {
                at = (at + 1) & mask;
            }
            self.slots[at] = code;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Texts, hash};
    use std::collections::HashMap;

    /// The texts of a column are mostly numbers that follow each other, and must not crowd.
    #[test]
    fn texts_that_are_alike_lie_apart() {
        for make in
            [|at: u32| at.to_string(), |at: u32| format!("run-{at:08}"), |at: u32| format!("{}", f64::from(at) / 7.0)]
        {
            let mut counts = vec![0_u32; 1 << 12];
            (0..1 << 14).for_each(|at| counts[hash(&make(at)) as usize % (1 << 12)] += 1);
            // four in each on average
            assert!(counts.iter().max() < Some(&20), "{} {:?}", make(5), counts.iter().max());
        }
    }

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

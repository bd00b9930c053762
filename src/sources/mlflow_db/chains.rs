//! What a pass over a database found, by run: chains through a few large blocks, so that millions of small things cost little
//! more than their bytes and no list is ever copied because it grew.

use crate::model::Texts as Distinct;

/// Things in a block.
const BLOCK: usize = 1 << 14;
/// Bytes in a block of texts.
const TEXT_BLOCK: usize = 1 << 20;
/// The end of a chain.
const NONE: u32 = u32::MAX;

/// Things of each run, newest first.
pub struct Chains<T> {
    /// By run: the number of the newest.
    heads: Vec<u32>,
    blocks: Vec<Vec<(u32, T)>>,
    count: u32,
}

impl<T> Default for Chains<T> {
    fn default() -> Self {
        Chains { heads: Vec::new(), blocks: Vec::new(), count: 0 }
    }
}

impl<T: Copy> Chains<T> {
    /// Adds a thing to a run.
    pub fn push(&mut self, run: u32, thing: T) {
        let run = run as usize;
        if self.heads.len() <= run {
            self.heads.resize(run + 1, NONE);
        }
        // Four thousand million things do not fit the memory before their numbers run out.
        let Some(head) = self.heads.get_mut(run).filter(|_| self.count < NONE) else { return };
        if (self.count as usize).is_multiple_of(BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push((*head, thing));
            *head = self.count;
            self.count += 1;
        }
    }

    /// Those of a run, newest first.
    pub fn of(&self, run: u32) -> impl Iterator<Item = T> + '_ {
        let mut next = self.heads.get(run as usize).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let (after, thing) = *self.blocks.get(next as usize / BLOCK)?.get(next as usize % BLOCK)?;
            next = after;
            Some(thing)
        })
    }
}

/// Texts end to end.
#[derive(Default)]
pub struct Texts {
    blocks: Vec<String>,
}

/// Where a text lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    block: u32,
    start: u32,
    length: u32,
}

impl Texts {
    /// Keeps a text.
    pub fn add(&mut self, text: &str) -> Text {
        if self.blocks.last().is_none_or(|block| block.capacity() - block.len() < text.len()) {
            self.blocks.push(String::with_capacity(TEXT_BLOCK.max(text.len())));
        }
        let block = self.blocks.len().saturating_sub(1) as u32;
        let Some(last) = self.blocks.last_mut() else { return Text::default() };
        let start = last.len() as u32;
        last.push_str(text);
        Text { block, start, length: text.len() as u32 }
    }

    /// The text at a place that [`Texts::add`] gave.
    pub fn get(&self, at: Text) -> &str {
        let (start, end) = (at.start as usize, at.start as usize + at.length as usize);
        self.blocks.get(at.block as usize).and_then(|block| block.get(start..end)).unwrap_or_default()
    }
}

/// Names with their numbers. Rows that follow each other mostly repeat the pattern of those before, which is tried first.
#[derive(Default)]
pub struct Names {
    names: Distinct,
    /// By name: which one followed it when it was last seen.
    after: Vec<u32>,
    last: u32,
}

impl Names {
    /// The number of a name, which gets one if it is new.
    pub fn number(&mut self, name: &str) -> u32 {
        if !self.names.is_empty() && self.get(self.last) == name {
            return self.last;
        }
        let guess = self.after.get(self.last as usize).copied().unwrap_or(NONE);
        let is_guessed = (guess as usize) < self.names.len() && self.names.get(guess) == name;
        let number = if is_guessed { guess } else { self.names.code_for(name) };
        self.after.resize(self.names.len(), NONE);
        if let Some(after) = self.after.get_mut(self.last as usize) {
            *after = number;
        }
        self.last = number;
        number
    }

    /// The name with that number.
    pub fn get(&self, number: u32) -> &str {
        self.names.get(number)
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Chains, Names, Texts};

    #[test]
    fn each_run_gets_what_is_its_own() {
        let (mut chains, mut texts, mut names) = (Chains::default(), Texts::default(), Names::default());
        let mut expected = vec![Vec::new(); 7];
        for at in 0..3 * BLOCK as u32 {
            let run = at * 5 % 7;
            let name = format!("name {}", at % 11);
            let text = format!("text {at}");
            chains.push(run, (names.number(&name), texts.add(&text)));
            expected[run as usize].push((name, text));
        }
        texts.add(&"long".repeat(1 << 19));
        for (run, mut expected) in expected.into_iter().enumerate() {
            expected.reverse();
            let found =
                chains.of(run as u32).map(|(name, text)| (names.get(name).to_owned(), texts.get(text).to_owned()));
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
        assert_eq!((names.len(), chains.of(7).count()), (11, 0));
    }
}

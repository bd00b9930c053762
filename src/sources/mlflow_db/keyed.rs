//! What a pass over a database found, by key: one column of values for each, since most keys are those of all runs. When all
//! is found they are put in the order in which runs are given, and get smaller from then on.
//!
//! Everything lies in blocks, so that millions of small things cost little more than their bytes and no list is ever copied
//! because it grew.

use super::chains::Names;
use crate::model::{TextList, hash};

/// Most values in a block; the first is small, since there may be as many keys as values.
const BLOCK: usize = 4096;
const FIRST: usize = 4;

/// Values of runs, as they came.
pub struct Values<T> {
    blocks: Vec<(Vec<u32>, Vec<T>)>,
    last: Option<u32>,
    /// Whether each came for a later run than the one before.
    is_ascending: bool,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Values { blocks: Vec::new(), last: None, is_ascending: true }
    }
}

impl<T: Copy> Values<T> {
    /// Adds a value; answers its place, for [`Values::at_mut`].
    pub fn push(&mut self, run: u32, value: T) -> (u32, u32) {
        let is_full = |block: &(Vec<u32>, Vec<T>)| block.0.len() == block.0.capacity();
        if self.blocks.last().is_none_or(is_full) {
            let room = BLOCK.min(FIRST << self.blocks.len().min(16));
            self.blocks.push((Vec::with_capacity(room), Vec::with_capacity(room)));
        }
        self.is_ascending &= self.last.is_none_or(|last| last < run);
        self.last = Some(run);
        let block = self.blocks.len().saturating_sub(1);
        let Some((runs, values)) = self.blocks.last_mut() else { return (0, 0) };
        runs.push(run);
        values.push(value);
        (block as u32, runs.len() as u32 - 1)
    }

    /// The value at a place.
    pub fn at_mut(&mut self, (block, at): (u32, u32)) -> Option<&mut T> {
        self.blocks.get_mut(block as usize)?.1.get_mut(at as usize)
    }

    /// Turns runs into their ranks, the first one last; what has no rank goes. Of several values of one run the last stays.
    pub fn rank(&mut self, ranks: &Ranks) {
        let is_sorted = self.is_ascending && ranks.are_descending;
        if is_sorted {
            for (runs, values) in &mut self.blocks {
                let known = runs.iter().zip(&*values).filter_map(|(run, value)| Some((ranks.of(*run)?, *value)));
                (*runs, *values) = known.unzip();
            }
            return;
        }
        let blocks = std::mem::take(&mut self.blocks).into_iter();
        let all = blocks.flat_map(|(runs, values)| runs.into_iter().zip(values));
        let mut all: Vec<(u32, T)> = all.filter_map(|(run, value)| Some((ranks.of(run)?, value))).collect();
        // those of one run stay in their order, so that the last comes first below
        all.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let mut all = all.into_iter().peekable();
        while let Some((rank, value)) = all.next() {
            if all.peek().is_none_or(|(next, _)| *next != rank) {
                self.push(rank, value);
            }
        }
    }

    /// Run and value, as they came.
    pub fn iter(&self) -> impl Iterator<Item = (u32, T)> + '_ {
        self.blocks.iter().flat_map(|(runs, values)| runs.iter().copied().zip(values.iter().copied()))
    }

    /// Takes those of the ranks below `end` away, by ascending rank.
    pub fn take_below(&mut self, end: u32, mut each: impl FnMut(u32, T)) {
        while let Some((ranks, values)) = self.blocks.last_mut() {
            while let (Some(rank), Some(value)) = (ranks.last().copied(), values.last().copied()) {
                if rank >= end {
                    return;
                }
                ranks.pop();
                values.pop();
                each(rank, value);
            }
            self.blocks.pop();
        }
    }
}

/// The order in which runs are given.
pub struct Ranks {
    /// By run.
    of_run: Vec<u32>,
    /// Whether later runs all come before earlier ones, as newest first they do.
    are_descending: bool,
}

impl Ranks {
    const NONE: u32 = u32::MAX;

    /// Of runs in that order; others have none.
    pub fn new(order: &[u32]) -> Ranks {
        let length = order.iter().max().map_or(0, |last| *last as usize + 1);
        let mut of_run = vec![Ranks::NONE; length];
        for (rank, run) in (0..).zip(order) {
            if let Some(slot) = of_run.get_mut(*run as usize) {
                *slot = rank;
            }
        }
        Ranks { of_run, are_descending: order.is_sorted_by(|a, b| a > b) }
    }

    fn of(&self, run: u32) -> Option<u32> {
        self.of_run.get(run as usize).copied().filter(|rank| *rank != Ranks::NONE)
    }
}

/// Columns by key.
pub struct Keyed<C> {
    keys: Names,
    columns: Vec<C>,
}

impl<C> Default for Keyed<C> {
    fn default() -> Self {
        Keyed { keys: Names::default(), columns: Vec::new() }
    }
}

impl<C: Default> Keyed<C> {
    /// The column of a key, and its number.
    pub fn column(&mut self, key: &str) -> Option<(u32, &mut C)> {
        let number = self.keys.number(key);
        if self.columns.len() <= number as usize {
            self.columns.resize_with(number as usize + 1, C::default);
        }
        self.columns.get_mut(number as usize).map(|column| (number, column))
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut C)> {
        let keys = &self.keys;
        (0..).zip(&mut self.columns).map(|(number, column)| (keys.get(number), column))
    }
}

/// Texts of one key. The same text is mostly kept once, not always: that costs less than to know all of them.
#[derive(Default)]
pub struct TextValues {
    /// By code.
    pub texts: TextList,
    /// Codes of them.
    pub values: Values<u32>,
    /// Codes of texts that came lately, by their hash. A power of two.
    recent: Vec<u32>,
}

/// Most texts that are known again.
const RECENT: usize = 512;

impl TextValues {
    /// Adds the text of a run.
    pub fn push(&mut self, run: u32, text: &str) {
        if self.recent.len() < RECENT && self.texts.len() >= self.recent.len() {
            self.recent = vec![u32::MAX; (self.recent.len() * 4).max(2)];
        }
        let place = hash(text) as usize & self.recent.len().wrapping_sub(1);
        let Some(recent) = self.recent.get_mut(place) else { return };
        if (*recent as usize) >= self.texts.len() || self.texts.get(*recent) != text {
            *recent = self.texts.push(text);
        }
        self.values.push(run, *recent);
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Keyed, Ranks, TextValues, Values};
    use std::collections::BTreeMap;

    fn check(runs: &[u32], order: &[u32]) {
        let mut column = Values::default();
        let mut expected: BTreeMap<u32, usize> = BTreeMap::new();
        for (at, run) in runs.iter().enumerate() {
            column.push(*run, at);
            let rank = order.iter().position(|other| other == run);
            expected.extend(rank.map(|rank| (rank as u32, at)));
        }
        column.rank(&Ranks::new(order));
        let mut found = Vec::new();
        for end in (0..).step_by(37).take(order.len() / 37 + 2) {
            column.take_below(end, |rank, value| {
                assert!(rank < end);
                found.push((rank, value));
            });
        }
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn values_come_in_the_order_of_the_runs() {
        let all: Vec<u32> = (0..3 * BLOCK as u32).collect();
        let newest_first: Vec<u32> = all.iter().rev().copied().collect();
        let mixed: Vec<u32> = (0..1_000).map(|at| at * 7919 % 1_000).collect();
        check(&all, &newest_first);
        check(&all, &newest_first[..100]);
        check(&all[..1_000], &mixed);
        check(&mixed, &newest_first[newest_first.len() - 900..]);
        // more than one value of a run
        check(&[1, 1, 0, 2, 0], &[2, 1, 0]);
        check(&[3, 3, 3], &[1]);
        check(&[], &[0]);
    }

    #[test]
    fn each_key_has_its_texts() {
        let mut keyed: Keyed<TextValues> = Keyed::default();
        for run in 0..200 {
            for key in ["a", "b"] {
                let (_, column) = keyed.column(key).expect("a column");
                column.push(run, &format!("{key} {}", run / 3 % 5));
            }
        }
        let mut seen = Vec::new();
        for (key, column) in keyed.iter_mut() {
            assert!((5..20).contains(&column.texts.len()), "{}", column.texts.len());
            let TextValues { texts, values, .. } = column;
            values.take_below(u32::MAX, |run, code| assert_eq!(texts.get(code), format!("{key} {}", run / 3 % 5)));
            seen.push(key.to_owned());
        }
        assert_eq!(seen, ["a", "b"]);
    }
}

//! One column of texts, and columns by key. Rows and what they mean are `table`'s.

use crate::model::{Cells, Texts};
use std::collections::HashMap;

/// Text of one field, dictionary-coded.
#[derive(Clone, Debug, Default)]
pub struct TextColumn {
    dictionary: Texts,
    codes: Cells<u32>,
}

impl TextColumn {
    /// From the distinct texts and, for each row that has one, its index among them. `None` when two texts are the same or a
    /// code has no text.
    pub fn from_parts<'a>(texts: impl IntoIterator<Item = &'a str>, codes: Cells<u32>) -> Option<TextColumn> {
        let mut dictionary = Texts::default();
        let are_new = texts.into_iter().all(|text| dictionary.code_for(text) as usize + 1 == dictionary.len());
        let has_text = codes.iter().all(|(_, code)| (code as usize) < dictionary.len());
        (are_new && has_text).then_some(TextColumn { dictionary, codes })
    }

    /// The text at `row`.
    pub fn get(&self, row: u32) -> Option<&str> {
        self.codes.get(row).map(|code| self.text(code))
    }

    /// The dictionary code at `row`: equal text, equal code.
    pub fn code(&self, row: u32) -> Option<u32> {
        self.codes.get(row)
    }

    /// The text of a code that this column gave out.
    pub fn text(&self, code: u32) -> &str {
        self.dictionary.get(code)
    }

    /// The distinct texts, in order of first appearance; index = code.
    pub fn dictionary(&self) -> &Texts {
        &self.dictionary
    }

    /// Puts `text` at `row`.
    pub fn set(&mut self, row: u32, text: &str) {
        let code = self.dictionary.code_for(text);
        self.codes.set(row, code);
    }

    /// From now on the row has no text.
    pub fn unset(&mut self, row: u32) {
        self.codes.unset(row);
    }

    /// Makes room for so many rows more.
    pub fn reserve(&mut self, rows: usize) {
        self.codes.reserve(rows);
    }

    /// Puts the texts of `other` from the row `base` on.
    pub fn append(&mut self, other: &TextColumn, base: u32) {
        // each text is looked up once, not once a row
        let codes: Vec<u32> = other.dictionary.iter().map(|text| self.dictionary.code_for(text)).collect();
        for (row, code) in other.codes() {
            if let Some(&code) = codes.get(code as usize) {
                self.codes.set(base + row, code);
            }
        }
    }

    /// (row, code) of some rows, by ascending row.
    pub fn codes_in(&self, rows: std::ops::Range<u32>) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.codes.range(rows)
    }

    /// (row, code) by ascending row.
    pub fn codes(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.codes.iter()
    }

    /// (row, text) by ascending row.
    pub fn texts(&self) -> impl Iterator<Item = (u32, &str)> + '_ {
        self.codes.iter().map(|(row, code)| (row, self.text(code)))
    }

    /// How many rows have a text.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether no row has a text.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

/// Columns by key, in order of first appearance.
#[derive(Clone, Debug)]
pub struct Columns<C> {
    keys: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
    columns: Vec<C>,
}

impl<C> Default for Columns<C> {
    fn default() -> Self {
        Columns { keys: Vec::new(), index: HashMap::new(), columns: Vec::new() }
    }
}

impl<C: Default> Columns<C> {
    /// The column of `key`.
    pub fn get(&self, key: &str) -> Option<&C> {
        self.index.get(key).map(|&at| &self.columns[at as usize])
    }

    /// The column of `key`, made if it is new.
    pub fn entry(&mut self, key: &str) -> &mut C {
        let at = self.number(key);
        &mut self.columns[at]
    }

    /// The number of the column of `key`, made if it is new: for whoever has many values of the same keys.
    pub fn number(&mut self, key: &str) -> usize {
        match self.index.get(key) {
            Some(&at) => at as usize,
            None => {
                let at = self.columns.len();
                self.keys.push(key.into());
                self.index.insert(key.into(), at as u32);
                self.columns.push(C::default());
                at
            }
        }
    }

    /// The column of a number.
    pub fn at_mut(&mut self, number: usize) -> Option<&mut C> {
        self.columns.get_mut(number)
    }

    /// (key, column) in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &C)> + '_ {
        self.keys.iter().map(|key| &**key).zip(&self.columns)
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut C)> + '_ {
        self.keys.iter().map(|key| &**key).zip(&mut self.columns)
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

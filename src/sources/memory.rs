//! A folder held in memory: the carrier of tests, and of data that came in one piece.

use crate::sources::{Async, Entry, Fault, FaultKind, Folder, ReadAsk};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

/// Files by path.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    /// Entries of each folder by name; the root is the empty path.
    folders: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Memory {
    /// Nothing.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// From one text: a line `//- path` starts a file, the lines below are its text, without a final newline. A path
    /// that ends in `/` is an empty folder. Lines before the first heading are not looked at.
    pub fn parse(tree: &str) -> Memory {
        let mut memory = Memory::new();
        let mut current: Option<(&str, Vec<&str>)> = None;
        for line in tree.lines() {
            match (line.trim_start().strip_prefix("//- "), &mut current) {
                (Some(path), current) => {
                    if let Some((path, lines)) = current.replace((path.trim_end(), Vec::new())) {
                        memory.put(path, lines.join("\n"));
                    }
                }
                (None, Some((_, lines))) => lines.push(line),
                (None, None) => {}
            }
        }
        if let Some((path, lines)) = current {
            memory.put(path, lines.join("\n"));
        }
        memory
    }

    /// The same with one more file.
    pub fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Memory {
        self.put(path, bytes);
        self
    }

    /// Adds or replaces a file; a path that ends in `/` is an empty folder.
    pub fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        let mut child_is_folder = path.ends_with('/');
        let path = path.trim_end_matches('/');
        if !child_is_folder {
            self.files.insert(path.to_owned(), bytes.into());
        }
        let mut rest = path;
        loop {
            let (parent, name) = rest.rsplit_once('/').unwrap_or(("", rest));
            match self.folders.entry(parent.to_owned()).or_default().entry(name.to_owned()) {
                Slot::Occupied(_) => return,
                Slot::Vacant(slot) => slot.insert(child_is_folder),
            };
            if parent.is_empty() {
                return;
            }
            (rest, child_is_folder) = (parent, true);
        }
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }
}

impl Folder for Memory {
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        let list = |dir: &String| match self.folders.get(dir) {
            None => Vec::new(),
            Some(entries) => entries
                .iter()
                .map(|(name, &is_folder)| {
                    let path = crate::sources::path::join(dir, name);
                    let size = self.files.get(&path).filter(|_| with_sizes).map(|bytes| bytes.len() as u64);
                    Entry { name: name.clone(), is_folder, size }
                })
                .collect(),
        };
        Box::pin(std::future::ready(Ok(dirs.iter().map(list).collect())))
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        let read = |ask: &ReadAsk| match self.files.get(&ask.path) {
            None => Err(Fault::new(FaultKind::NotFound, format!("There is no file {}.", ask.path))),
            Some(bytes) => {
                let end = usize::try_from(ask.range.end).unwrap_or(usize::MAX).min(bytes.len());
                let start = usize::try_from(ask.range.start).unwrap_or(usize::MAX).min(end);
                Ok(bytes[start..end].to_vec())
            }
        };
        Box::pin(std::future::ready(Ok(asks.iter().map(read).collect())))
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::sources::{Folder, ReadAsk};

    #[test]
    fn one_string_is_a_tree() {
        let memory =
            Memory::parse("\n//- a/b.txt\none\n\ntwo\n\n//- a/empty\n//- c/d/\n//- e\nx").with("a/f/g", b"12345");
        let dirs = ["", "a", "a/f", "c", "c/d", "none"].map(str::to_owned);
        let lists = pollster::block_on(memory.list(&dirs, true)).expect("lists");
        let shown = |at: usize| {
            let parts = lists[at].iter().map(|entry| match (entry.is_folder, entry.size) {
                (true, _) => format!("{}/", entry.name),
                (false, size) => format!("{}:{}", entry.name, size.expect("a size")),
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!((0..6).map(shown).collect::<Vec<_>>(), ["a/ c/ e:1", "b.txt:9 empty:0 f/", "g:5", "d/", "", ""]);
        let asks =
            [ReadAsk::up_to("a/b.txt", 5), ReadAsk { path: "a/f/g".into(), range: 3..99 }, ReadAsk::up_to("x", 9)];
        let read = pollster::block_on(memory.read(&asks)).expect("answers");
        assert_eq!(read[0].as_deref(), Ok(&b"one\n\n"[..]));
        assert_eq!(read[1].as_deref(), Ok(&b"45"[..]));
        assert!(read[2].is_err());
    }
}

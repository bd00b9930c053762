//! PATHS IN ORDER: which things lie directly in a folder, answered from a flat list of paths.
//!
//! It must not know whose paths they are, nor what lies behind them: whoever adds a path gets a number for it, and keeps
//! what belongs to that number. All paths share one text, so half a million of them cost some tens of megabytes.

use crate::sources::{Entry, Weight};
use std::cmp::Ordering;

/// Collects paths for a [`PathIndex`].
#[derive(Debug, Default)]
pub struct PathIndexBuilder {
    heap: String,
    /// Where each path ends in `heap`; it starts where the one before ends.
    ends: Vec<u32>,
}

/// Paths in the order of their parts: a folder comes directly before all that lies in it.
#[derive(Debug, Default)]
pub struct PathIndex {
    heap: String,
    ends: Vec<u32>,
    /// Numbers of paths, in the order of [`path_order`]; those that lost their name to another are not in it.
    order: Vec<u32>,
}

/// One thing that lies directly in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// Its last path part.
    pub name: &'a str,
    /// The number of a file; `None` for a folder.
    pub file: Option<u32>,
}

impl Child<'_> {
    /// As a listing's entry.
    pub fn entry(&self, size: Option<u64>) -> Entry {
        Entry { name: self.name.to_string(), is_folder: self.file.is_none(), size }
    }
}

impl PathIndexBuilder {
    /// With room for what is likely to come: memory that grows by doubling is there twice, and in wasm stays so.
    pub fn with_room(paths: usize, text_bytes: usize) -> PathIndexBuilder {
        PathIndexBuilder { heap: String::with_capacity(text_bytes), ends: Vec::with_capacity(paths) }
    }

    /// Adds a path and answers its number: 0, 1, 2, ... Parts are divided by `/`; a path that ends in `/` is a folder, needed
    /// only where it is empty, since files imply theirs. `None` when the numbers or the four gigabytes of text are used up.
    pub fn push(&mut self, path: &str) -> Option<u32> {
        let number = u32::try_from(self.ends.len()).ok().filter(|number| *number < u32::MAX)?;
        let end = u32::try_from(self.heap.len() as u64 + path.len() as u64).ok()?;
        self.heap.push_str(path);
        self.ends.push(end);
        Some(number)
    }

    /// Bytes of text so far.
    pub fn text_bytes(&self) -> u64 {
        self.heap.len() as u64
    }

    /// The path of a number.
    pub fn path(&self, number: u32) -> &str {
        path_of(&self.heap, &self.ends, number)
    }

    /// Sorts, and answers the numbers that lost as well: of files of one name the last wins; of a file and a folder of one
    /// name the folder does, since more can lie in it.
    pub fn build(self) -> (PathIndex, Vec<u32>) {
        let PathIndexBuilder { mut heap, mut ends } = self;
        heap.shrink_to_fit();
        ends.shrink_to_fit();
        let mut order: Vec<u32> = (0..ends.len() as u32).collect();
        let path = |number: u32| path_of(&heap, &ends, number);
        order.sort_by(|a, b| path_order(path(*a), path(*b)));
        let mut lost = Vec::new();
        let mut kept: Vec<u32> = Vec::with_capacity(order.len());
        for number in order {
            if let Some(&before) = kept.last() {
                let (first, second) = (path(before), path(number));
                let inside = second.strip_prefix(first).is_some_and(|rest| rest.starts_with('/'));
                if first == second || (inside && !first.ends_with('/')) {
                    kept.pop();
                    if !first.ends_with('/') {
                        lost.push(before);
                    }
                }
            }
            kept.push(number);
        }
        (PathIndex { heap, ends, order: kept }, lost)
    }
}

impl PathIndex {
    /// The path of a number.
    pub fn path(&self, number: u32) -> &str {
        path_of(&self.heap, &self.ends, number)
    }

    /// The number of a file.
    pub fn find(&self, path: &str) -> Option<u32> {
        let at = self.order.binary_search_by(|number| path_order(self.path(*number), path)).ok()?;
        self.order.get(at).copied().filter(|_| !path.ends_with('/'))
    }

    /// Numbers of all files and of folders that were added, in the order of their paths.
    pub fn numbers(&self) -> &[u32] {
        &self.order
    }

    /// What lies directly in each of `dirs`, as a folder lists it; `size` tells the bytes of a file, where they are wanted.
    pub fn lists(&self, dirs: &[String], size: impl Fn(u32) -> Option<u64>) -> Vec<Vec<Entry>> {
        let list = |dir: &String| self.list(dir).iter().map(|child| child.entry(child.file.and_then(&size))).collect();
        dirs.iter().map(list).collect()
    }

    /// The number of the first thing that lies in `dir`, at any depth.
    pub fn first_in(&self, dir: &str) -> Option<u32> {
        let prefix = format!("{dir}/");
        let at = self.order.partition_point(|number| path_order(self.path(*number), &prefix).is_lt());
        self.order.get(at).copied().filter(|number| self.path(*number).starts_with(&prefix))
    }

    /// How much lies at and below each of `paths`; `size` tells the bytes of a file.
    pub fn weigh(&self, paths: &[String], size: impl Fn(u32) -> u64) -> Weight {
        let mut weight = Weight::default();
        for path in paths {
            let prefix = format!("{path}/");
            let from = self.order.partition_point(|number| path_order(self.path(*number), path).is_lt());
            let here = |number: u32| self.path(number) == path || self.path(number).starts_with(&prefix);
            for number in self.order.iter().skip(from).copied().take_while(|number| here(*number)) {
                if !self.path(number).ends_with('/') {
                    weight.files += 1;
                    weight.bytes = weight.bytes.saturating_add(size(number));
                }
            }
        }
        weight
    }

    /// What lies directly in `dir`, by name; the root is the empty path. Nothing, if there is no such folder.
    pub fn list(&self, dir: &str) -> Vec<Child<'_>> {
        let dir = dir.trim_matches('/');
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let mut at = self.order.partition_point(|number| path_order(self.path(*number), &prefix).is_lt());
        let mut children = Vec::new();
        while let Some(rest) = self.order.get(at).and_then(|number| self.path(*number).strip_prefix(&prefix)) {
            match rest.split_once('/') {
                Some((name, _)) => {
                    children.push(Child { name, file: None });
                    let inside = prefix.len() + name.len() + 1;
                    at = self.end_of_run(at, inside);
                    continue;
                }
                None if rest.is_empty() => {}
                None => children.push(Child { name: rest, file: self.order.get(at).copied() }),
            }
            at += 1;
        }
        children
    }

    /// The first place after `at` whose path differs from that at `at` within the first `length` bytes, found by doubling
    /// steps, since folders are mostly small.
    fn end_of_run(&self, at: usize, length: usize) -> usize {
        let path_at = |at: usize| self.order.get(at).map(|number| self.path(*number).as_bytes());
        let Some(prefix) = path_at(at).and_then(|path| path.get(..length)) else { return at + 1 };
        let alike = |at: usize| path_at(at).is_some_and(|path| path.starts_with(prefix));
        let (mut inside, mut step) = (at, 1_usize);
        while alike(inside.saturating_add(step)) {
            inside = inside.saturating_add(step);
            step = step.saturating_mul(2);
        }
        let mut outside = inside.saturating_add(step);
        while outside - inside > 1 {
            let middle = inside + (outside - inside) / 2;
            if alike(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        outside
    }
}

fn path_of<'a>(heap: &'a str, ends: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    let end = ends.get(number).copied().unwrap_or(start);
    heap.get(start as usize..end as usize).unwrap_or("")
}

/// Compares paths part by part: `/` is the smallest of all bytes, so that whatever lies in a folder follows it at once.
pub fn path_order(a: &str, b: &str) -> Ordering {
    const STRIDE: usize = 16;
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let (Some((one, rest_a)), Some((other, rest_b))) =
        (a.split_first_chunk::<STRIDE>(), b.split_first_chunk::<STRIDE>())
    {
        if one != other {
            break;
        }
        (a, b) = (rest_a, rest_b);
    }
    let rank = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
    for (one, other) in a.iter().zip(b) {
        if one != other {
            return rank(*one).cmp(&rank(*other));
        }
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::{PathIndex, PathIndexBuilder};

    fn index(paths: &[&str]) -> (PathIndex, Vec<u32>) {
        let mut builder = PathIndexBuilder::default();
        for path in paths {
            builder.push(path).expect("room");
        }
        builder.build()
    }

    #[test]
    fn folders_are_implied_by_what_lies_in_them() {
        let paths =
            ["mlruns/0/meta.yaml", "mlruns/0-1/meta.yaml", "mlruns/0/b/x", "mlruns/0/empty/", "mlruns/0/b.txt", "top"];
        let (index, lost) = index(&paths);
        assert_eq!(lost, Vec::<u32>::new());
        let check = |dir: &str, expected: &str| {
            let names = index.list(dir).into_iter().map(|child| match child.file {
                Some(number) => format!("{}={number}", child.name),
                None => format!("{}/", child.name),
            });
            assert_eq!(names.collect::<Vec<_>>().join(" "), expected, "{dir}");
        };
        check("", "mlruns/ top=5");
        check("mlruns", "0/ 0-1/");
        check("mlruns/0", "b/ b.txt=4 empty/ meta.yaml=0");
        check("mlruns/0/empty", "");
        check("mlruns/0/b", "x=2");
        check("mlruns/0/b.txt", "");
        check("mlruns/00", "");
        check("nowhere", "");
        assert_eq!(index.find("mlruns/0/b/x"), Some(2));
        assert_eq!(index.find("mlruns/0/empty/"), None);
        assert_eq!(index.find("mlruns/0"), None);
        assert_eq!(index.first_in("mlruns/0/b"), Some(2));
        assert_eq!(index.first_in("mlruns/0-1"), Some(1));
        assert_eq!(index.first_in("mlruns/1"), None);
        let weigh = |path: &str| index.weigh(&[path.to_owned()], |number| 10 + u64::from(number));
        assert_eq!((weigh("mlruns/0").files, weigh("mlruns/0").bytes), (3, 10 + 12 + 14));
        assert_eq!((weigh("mlruns/0/b").files, weigh("top").bytes, weigh("mlruns/0/b/y").files), (1, 15, 0));
    }

    #[test]
    fn the_last_of_a_name_wins_and_a_folder_beats_a_file() {
        let (index, lost) = index(&["a", "b/c", "a", "b", "d/", "d/", "b/c"]);
        assert_eq!(lost, vec![0, 3, 1]);
        assert_eq!(index.find("a"), Some(2));
        assert_eq!(index.find("b/c"), Some(6));
        assert_eq!(index.list("").len(), 3);
    }

    #[test]
    fn listing_agrees_with_a_plain_search() {
        let mut builder = PathIndexBuilder::default();
        let mut files = Vec::new();
        let mut state = 7_u32;
        for _ in 0..3_000 {
            let mut path = Vec::new();
            for _ in 0..1 + state % 4 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                path.push(["a", "b-", "b", "c.d", "long-name-of-a-folder", "0"][(state >> 16) as usize % 6]);
            }
            let path = format!("{}/f{}", path.join("/"), state % 97);
            builder.push(&path);
            files.push(path);
        }
        let (index, _) = builder.build();
        for dir in ["", "a", "b", "b/b-", "c.d/long-name-of-a-folder", "0/0/0"] {
            let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
            let inside = files.iter().filter_map(|path| path.strip_prefix(&prefix));
            let names: std::collections::BTreeSet<&str> = inside.filter_map(|rest| rest.split('/').next()).collect();
            let listed: Vec<&str> = index.list(dir).iter().map(|child| child.name).collect();
            assert_eq!(listed, names.into_iter().collect::<Vec<_>>(), "{dir}");
        }
    }
}

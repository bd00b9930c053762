//! THE ENTRIES OF AN ARCHIVE as they are found, each judged by its name and its kind. It must not know where they lie nor how
//! they are packed.

use super::{Budget, name};
use crate::model::{Reason, Report};
use crate::sources::index::{PathIndex, PathIndexBuilder};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file; a folder where the name ends in `/`.
    ByName,
    /// A folder, whatever the name ends in.
    Folder,
    /// A link to another name.
    Link,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// It has the next number, 0, 1, ..., and this path; that of a folder ends in `/`.
    Taken(String),
    /// It was left out, with a notice unless nothing is lost.
    LeftOut,
    /// The budget allows no more entries.
    Full,
}

/// Collects entries.
pub struct Listing {
    builder: PathIndexBuilder,
    budget: Budget,
    found: u64,
    taken: u32,
    /// What was wrong so far.
    pub report: Report,
}

impl Listing {
    /// Without entries.
    pub fn new(budget: Budget) -> Listing {
        Listing { builder: PathIndexBuilder::default(), budget, found: 0, taken: 0, report: Report::default() }
    }

    /// The same with room for so many entries, whose names have so many bytes in all.
    pub fn with_room(budget: Budget, entries: usize, name_bytes: usize) -> Listing {
        Listing { builder: PathIndexBuilder::with_room(entries, name_bytes), ..Listing::new(budget) }
    }

    /// How many entries were found, left out or not.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// The number that the next entry gets, if it is not left out.
    pub fn next_number(&self) -> u32 {
        self.taken
    }

    /// Takes an entry under its stored name, or leaves it out.
    pub fn take(&mut self, name: &str, kind: EntryKind) -> Take {
        if self.found >= self.budget.entries || self.builder.text_bytes() > self.budget.names {
            let message = format!("the archive has more than {} entries; the first ones were read", self.found);
            self.report.note(Reason::ArchiveBudget, ".", None, message);
            return Take::Full;
        }
        self.found += 1;
        let mut path = match name::safe_path(name) {
            Ok(path) if path.is_empty() => return Take::LeftOut,
            Ok(path) => path,
            Err(outside) => {
                let message = format!("`{name}` was left out: {}", outside.words());
                self.report.note(Reason::ArchivePath, name, None, message);
                return Take::LeftOut;
            }
        };
        if kind == EntryKind::Link {
            self.report.note(Reason::ArchiveLink, path.as_str(), None, format!("`{path}` is a link"));
            return Take::LeftOut;
        }
        if kind == EntryKind::Folder && !path.ends_with('/') {
            path.push('/');
        }
        if self.builder.push(&path).is_none() {
            self.report.note(Reason::ArchiveBudget, path, None, "the names of the archive are too long to hold");
            return Take::Full;
        }
        self.taken = self.taken.saturating_add(1);
        Take::Taken(path)
    }

    /// All entries in order, the last of each name.
    pub fn finish(self) -> (PathIndex, Report) {
        let Listing { builder, mut report, .. } = self;
        let (index, lost) = builder.build();
        for number in lost {
            let path = index.path(number);
            report.note(Reason::ArchiveDuplicate, path, None, format!("`{path}` stands in the archive more than once"));
        }
        (index, report)
    }
}

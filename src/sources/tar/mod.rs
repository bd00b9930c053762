//! A TAR IS A FOLDER. One walk from header to header gives the tree, without reading what lies between; entries are read in the
//! order of the file through a few large windows.
//!
//! Archives are untrusted: no name leads outside, no link is followed, no stated size is believed or allocated, and what is
//! damaged or cut gives what it holds. It must not know what the files mean, nor that the archive was compressed.

pub mod header;
#[cfg(test)]
mod tests;
mod walk;

use crate::model::Report;
use crate::sources::archive::Allowance;
use crate::sources::archive::order::{Entries, not_found, read_in_order};
use crate::sources::archive::window::Window;
use crate::sources::held::Slice;
use crate::sources::index::PathIndex;
use crate::sources::{Async, Bytes, Entry, Fault, Folder, ReadAsk};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// Where the content of an entry lies in the file, as far as the file goes.
#[derive(Clone, Copy, Debug)]
struct Record {
    start: u64,
    size: u64,
}

impl Record {
    fn stretch(&self, range: &Range<u64>) -> Range<u64> {
        let place = |at: u64| self.start.saturating_add(at.min(self.size));
        place(range.start)..place(range.end)
    }
}

/// A tar archive, opened.
pub struct TarFolder {
    index: PathIndex,
    /// By the numbers of the index.
    records: Vec<Record>,
    window: RefCell<Window>,
    report: RefCell<Report>,
}

impl TarFolder {
    /// Walks through the headers of an archive. What was left out is in [`take_report`](Folder::take_report), after what was wrong
    /// `before` it was opened.
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`](crate::sources::FaultKind::NotRecognised) when it is no tar archive; what the file says.
    pub fn open(bytes: Rc<dyn Bytes>, allowance: &Allowance, before: Report) -> Result<TarFolder, Fault> {
        let mut window = Window::new(bytes);
        let walked = walk::walk(&mut window, allowance.budget())?;
        let (index, report) = walked.listing.finish();
        let mut all = before;
        all.merge(report);
        Ok(TarFolder { index, records: walked.records, window: RefCell::new(window), report: RefCell::new(all) })
    }

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize)
    }

    fn list_now(&self, dirs: &[String]) -> Vec<Vec<Entry>> {
        self.index.lists(dirs, |number| self.record(number).map(|record| record.size))
    }

    fn open_now(&self, path: &str) -> Result<Rc<dyn Bytes>, Fault> {
        let record = self.index.find(path).and_then(|number| self.record(number)).ok_or_else(|| not_found(path))?;
        Ok(Rc::new(Slice::new(self.window.borrow().file(), record.stretch(&(0..u64::MAX)))))
    }
}

impl Entries for TarFolder {
    fn place(&self, ask: &ReadAsk) -> Option<(u32, Range<u64>)> {
        let number = self.index.find(&ask.path)?;
        Some((number, self.record(number)?.stretch(&ask.range)))
    }

    fn read_entry(&self, ask: &ReadAsk, number: u32, ahead: u64) -> Result<Vec<u8>, Fault> {
        let record = self.record(number).ok_or_else(|| not_found(&ask.path))?;
        self.window.borrow_mut().copy(record.stretch(&ask.range), ahead)
    }
}

impl Folder for TarFolder {
    fn list<'a>(&'a self, dirs: &'a [String], _with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(std::future::ready(Ok(self.list_now(dirs))))
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(std::future::ready(Ok(read_in_order(self, asks))))
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(std::future::ready(self.open_now(path)))
    }

    fn take_report(&self) -> Report {
        self.report.take()
    }
}

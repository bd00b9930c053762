//! A ZIP IS A FOLDER. One read of the central directory gives the tree; entries are read in the order of the file through a
//! few large windows, and inflated at once.
//!
//! Archives are untrusted: no name leads outside, no link is followed, no stated size is believed or allocated, bombs run into
//! a [`Budget`](crate::sources::archive::Budget), and what is damaged or cut gives what it holds. It must not know what the files mean.

mod catalogue;
#[cfg(test)]
pub(crate) mod craft;
mod directory;
mod entry;
mod scan;
#[cfg(test)]
mod tests;
mod wire;

use crate::model::{Reason, Report};
use crate::sources::archive::Allowance;
use crate::sources::archive::order::{Entries, GAP, not_found, read_in_order};
use crate::sources::held::Held;
use crate::sources::index::PathIndex;
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk, Weight};
use catalogue::{Catalogue, Record};
use directory::{Search, Walk};
use entry::{Job, LOCAL_SIZE, Reader};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// A zip archive, opened.
pub struct ZipFolder {
    index: PathIndex,
    /// By the numbers of the index.
    records: Vec<Record>,
    reader: RefCell<Reader>,
    allowance: Allowance,
}

impl ZipFolder {
    /// Reads the directory of an archive, or looks for its entries where that is missing. What was left out is in
    /// [`take_report`](Folder::take_report).
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`] when it is no zip archive; what the file says.
    pub fn open(bytes: Rc<dyn Bytes>, allowance: impl Into<Allowance>) -> Result<ZipFolder, Fault> {
        let allowance = allowance.into();
        let budget = allowance.budget();
        let mut reader = Reader::new(bytes, allowance.clone());
        let mut catalogue = Catalogue::new(budget);
        let mut report = Report::default();
        let mut end = reader.window().file_size();
        let problem = match directory::search(reader.window())? {
            // Entries before the archive that the directory belongs to: the end was lost, and with it the own directory; the
            // one found is that of an archive inside.
            Search::Found(place) if place.shift > 0 && directory::starts_with_entry(reader.window())? => {
                Some((Reason::ArchiveTruncated, "the archive has lost its directory"))
            }
            Search::Found(place) => {
                end = place.start;
                let (entries, name_bytes) = place.room();
                catalogue = Catalogue::with_room(budget, entries, name_bytes);
                match directory::walk(reader.window(), place, &mut catalogue)? {
                    Walk::Complete => None,
                    Walk::Miscounted(count) => {
                        let message = format!("the archive states {} entries and has {count}", place.entries);
                        report.note(Reason::ArchiveSize, ".", None, message);
                        None
                    }
                    Walk::BrokeOff => Some((Reason::ArchiveDamaged, "the directory of the archive breaks off")),
                }
            }
            Search::Lost => Some((Reason::ArchiveDamaged, "the directory of the archive is not where it should be")),
            Search::Split => Some((Reason::ArchiveTruncated, "this is one part of a split archive")),
            Search::NoEnd => Some((Reason::ArchiveTruncated, "the archive has no end")),
        };
        if let Some((reason, message)) = problem {
            let mut scanned = Catalogue::new(budget);
            scan::scan(&mut reader, &mut scanned)?;
            if scanned.found() >= catalogue.found() {
                catalogue = scanned;
                end = reader.window().file_size();
                reader.is_truncated = true;
            }
            if catalogue.found() == 0 {
                return Err(Fault::new(FaultKind::NotRecognised, "This is not a zip archive."));
            }
            report.note(reason, ".", None, format!("{message}; {} entries were found without it", catalogue.found()));
        }
        let (index, records, found) = catalogue.finish(end);
        report.merge(found);
        reader.report = report;
        Ok(ZipFolder { index, records, reader: RefCell::new(reader), allowance })
    }

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize)
    }

    fn list_now(&self, dirs: &[String]) -> Vec<Vec<Entry>> {
        self.index.lists(dirs, |number| self.record(number).map(|record| record.size))
    }

    /// A stored entry as a window onto the archive's own bytes, a deflated one inflated into memory.
    fn open_now(&self, path: &str) -> Result<Rc<dyn Bytes>, Fault> {
        let number = self.index.find(path).ok_or_else(|| not_found(path))?;
        let record = self.record(number).ok_or_else(|| not_found(path))?;
        let job = Job { number, path, record, ahead: record.offset };
        let mut reader = self.reader.borrow_mut();
        match record.method {
            0 => Ok(Rc::new(reader.slice(job)?)),
            _ => Ok(Rc::new(reader.inflate_all(job, Held::new(self.allowance.clone()))?)),
        }
    }

    /// Adds what was wrong with the archive before it was opened.
    pub fn note(&self, report: Report) {
        self.reader.borrow_mut().report.merge(report);
    }
}

impl Entries for ZipFolder {
    fn place(&self, ask: &ReadAsk) -> Option<(u32, Range<u64>)> {
        let number = self.index.find(&ask.path)?;
        Some((number, span(self.record(number)?, ask)))
    }

    fn read_entry(&self, ask: &ReadAsk, number: u32, ahead: u64) -> Result<Vec<u8>, Fault> {
        let record = self.record(number).ok_or_else(|| not_found(&ask.path))?;
        self.reader.borrow_mut().read(Job { number, path: &ask.path, record, ahead }, ask.range.clone())
    }
}

impl Folder for ZipFolder {
    fn weigh(&self, dirs: &[String]) -> Option<Weight> {
        Some(self.index.weigh(dirs, |number| self.record(number).map_or(0, |record| record.size)))
    }

    fn place(&self, dir: &str) -> Option<u64> {
        let first = self.index.first_in(dir)?;
        self.record(first).map(|record| record.offset)
    }

    /// First what opening found, then what reading did.
    fn take_report(&self) -> Report {
        std::mem::take(&mut self.reader.borrow_mut().report)
    }

    fn list<'a>(&'a self, dirs: &'a [String], _with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(std::future::ready(Ok(self.list_now(dirs))))
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(std::future::ready(Ok(read_in_order(self, asks))))
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(std::future::ready(self.open_now(path)))
    }
}

/// What of the file one ask needs, about: the length of the local header's extra fields is not known yet, nor how many packed
/// bytes give the start of an entry.
fn span(record: &Record, ask: &ReadAsk) -> Range<u64> {
    let bytes = match record.method {
        0 => record.packed.min(ask.range.end),
        _ => record.packed.min(ask.range.end.saturating_add(ask.range.end / 8).saturating_add(GAP)),
    };
    let header = LOCAL_SIZE + ask.path.len() as u64 + 64;
    let end = record.offset.saturating_add(header).saturating_add(bytes).min(record.limit);
    record.offset..end.max(record.offset)
}

//! A ZIP IS A FOLDER. One read of the central directory gives the tree; entries are read in the order of the file through a
//! few large windows, and inflated at once.
//!
//! Archives are untrusted: no name leads outside, no link is followed, no stated size is believed or allocated, bombs run into
//! a [`Budget`], and what is damaged or cut gives what it holds. It must not know what the files mean.

mod catalogue;
#[cfg(test)]
pub(crate) mod craft;
mod directory;
mod entry;
mod meter;
mod name;
mod scan;
#[cfg(test)]
mod tests;
mod wire;

pub use meter::Budget;

use crate::model::{Reason, Report};
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
}

/// Entries nearer than this are read in one go, bytes: what lies between costs less than another question.
const GAP: u64 = 64 << 10;

impl ZipFolder {
    /// Reads the directory of an archive, or looks for its entries where that is missing. What was left out is in
    /// [`take_report`](Folder::take_report).
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`] when it is no zip archive; what the file says.
    pub fn open(bytes: Rc<dyn Bytes>, budget: Budget) -> Result<ZipFolder, Fault> {
        let mut reader = Reader::new(bytes, budget);
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
        Ok(ZipFolder { index, records, reader: RefCell::new(reader) })
    }

    fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize)
    }

    fn list_now(&self, dirs: &[String]) -> Vec<Vec<Entry>> {
        let size = |file: Option<u32>| file.and_then(|number| self.record(number)).map(|record| record.size);
        let list = |dir: &String| self.index.list(dir).iter().map(|child| child.entry(size(child.file))).collect();
        dirs.iter().map(list).collect()
    }

    fn read_now(&self, asks: &[ReadAsk]) -> Vec<Result<Vec<u8>, Fault>> {
        let number = |ask: &ReadAsk| self.index.find(&ask.path);
        let found: Vec<Option<u32>> = asks.iter().map(number).collect();
        let mut plan: Vec<(usize, u32, &Record)> = Vec::with_capacity(asks.len());
        for (at, number) in found.iter().enumerate() {
            if let Some((number, record)) = number.and_then(|number| Some((number, self.record(number)?))) {
                plan.push((at, number, record));
            }
        }
        plan.sort_by_key(|(_, _, record)| record.offset);
        let spans: Vec<Range<u64>> =
            plan.iter().filter_map(|(at, _, record)| asks.get(*at).map(|ask| span(record, ask))).collect();
        let ends = joined_ends(&spans);
        let mut answers: Vec<Result<Vec<u8>, Fault>> = asks.iter().map(|ask| Err(not_found(&ask.path))).collect();
        let mut reader = self.reader.borrow_mut();
        for ((at, number, record), ahead) in plan.into_iter().zip(ends) {
            if let (Some(ask), Some(answer)) = (asks.get(at), answers.get_mut(at)) {
                *answer = reader.read(Job { number, path: &ask.path, record, ahead }, ask.range.clone());
            }
        }
        answers
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
        Box::pin(std::future::ready(Ok(self.read_now(asks))))
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

/// For each of the spans, which ascend, where the run of neighbours ends that it belongs to.
fn joined_ends(spans: &[Range<u64>]) -> Vec<u64> {
    let mut ends: Vec<u64> = spans.iter().map(|span| span.end).collect();
    for at in (1..spans.len()).rev() {
        let (Some(before), Some(span)) = (spans.get(at - 1), spans.get(at)) else { continue };
        let joined = ends.get(at).copied().unwrap_or(span.end);
        if span.start <= before.end.saturating_add(GAP)
            && let Some(end) = ends.get_mut(at - 1)
        {
            *end = joined.max(*end);
        }
    }
    ends
}

fn not_found(path: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("There is no `{path}` in the archive."))
}

//! READING AN ENTRY: its local header, then its bytes, stored or inflated, from a window that slides over the file. What is
//! said of sizes and checksums is compared with what is there; what is there counts.

use super::catalogue::{Record, barred};
use super::wire::{LOCAL, Stated, u16_at};
use crate::model::{Reason, Report};
use crate::sources::archive::Allowance;
use crate::sources::archive::budget::Meter;
use crate::sources::archive::window::{SIP, Window};
use crate::sources::held::{Held, Room, Slice};
use crate::sources::{Bytes, Fault, FaultKind};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

/// How much is inflated, or asked for beyond what was planned, in one step, bytes.
const STEP: u64 = 1 << 20;
/// Size of a local header without name and extra fields, bytes.
pub const LOCAL_SIZE: u64 = 30;

/// An entry that is to be read.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Its number.
    pub number: u32,
    /// For notices.
    pub path: &'a str,
    /// Where it lies.
    pub record: &'a Record,
    /// Up to where the next jobs will want the file as well.
    pub ahead: u64,
}

/// How the packed bytes came to an end.
enum End {
    /// By themselves.
    Whole,
    /// The reader had what it wanted.
    Enough,
    /// The file, or the place where the next entry starts, came first.
    Cut,
}

/// Reads entries one after the other; quick when they come in the order of the file.
pub struct Reader {
    window: Window,
    inflate: Decompress,
    /// What was inflated so far.
    pub meter: Meter,
    /// Whether the archive has lost its end, so that its last entry may have lost its own.
    pub is_truncated: bool,
    /// What was wrong so far.
    pub report: Report,
    noted: HashSet<(u32, Reason)>,
}

impl Reader {
    /// Over an archive; nothing is read yet.
    pub fn new(bytes: Rc<dyn Bytes>, allowance: Allowance) -> Reader {
        Reader {
            window: Window::new(bytes),
            inflate: Decompress::new(false),
            meter: Meter::new(allowance),
            is_truncated: false,
            report: Report::default(),
            noted: HashSet::new(),
        }
    }

    /// The window over the file.
    pub fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// The bytes of `range` in an entry, cut at its end.
    ///
    /// # Errors
    /// What the file says; an entry that is encrypted, packed in an unknown way, damaged or over budget.
    pub fn read(&mut self, job: Job<'_>, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let (start, stated) = self.locate(job)?;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        match job.record.method {
            0 => self.stored(job, start, &stated, range),
            _ => self.inflated(job, start, range),
        }
    }

    /// A stored entry, as the stretch of the archive where it lies.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn slice(&mut self, job: Job<'_>) -> Result<Slice, Fault> {
        let (start, stated) = self.locate(job)?;
        let length = self.stored_length(job, start, &stated)?;
        Ok(Slice::new(self.window.file(), start..start.saturating_add(length)))
    }

    /// A deflated entry, inflated into memory as a whole.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn inflate_all(&mut self, job: Job<'_>, mut held: Held) -> Result<Held, Fault> {
        let (start, _) = self.locate(job)?;
        self.inflate(job, start, &(0..u64::MAX), &mut held)?;
        Ok(held)
    }

    /// Where the packed bytes of an entry start, and what its own header states.
    fn locate(&mut self, job: Job<'_>) -> Result<(u64, Stated), Fault> {
        let Job { number, path, record, ahead } = job;
        if let Some((_, message)) = barred(record.flags, record.method, path) {
            return Err(Fault::new(FaultKind::Unreadable, format!("{message} and can not be read.")));
        }
        if record.limit == 0 || self.meter.is_refused(number) {
            let message =
                format!("`{path}` would inflate beyond what is safe, or shares its bytes with another entry.");
            return Err(Fault::new(FaultKind::OverBudget, message));
        }
        if record.limit <= record.offset {
            return Err(self.damaged(job, "the directory says that it lies behind the end of the archive"));
        }
        let header = self.window.get(record.offset, LOCAL_SIZE, ahead)?;
        let local = header.get(..LOCAL_SIZE as usize).filter(|local| local.starts_with(LOCAL));
        let lengths = local.and_then(|local| Some((u16_at(local, 26)?, u16_at(local, 28)?, Stated::parse(local, 6)?)));
        let Some((name, extra, mut stated)) = lengths else {
            return Err(self.damaged(job, "there is no entry where the directory says"));
        };
        let extra_at = LOCAL_SIZE + u64::from(name);
        let start = record.offset + extra_at + u64::from(extra);
        if stated.packed.max(stated.size) == 0xffff_ffff {
            let header = self.window.get(record.offset, start - record.offset, ahead)?;
            let extra = header.get(extra_at as usize..(start - record.offset) as usize).unwrap_or(&[]);
            stated.widen(extra, None);
        }
        if !stated.is_streamed() && (stated.packed, stated.size) != (record.packed, record.size) {
            let message = format!(
                "`{path}`: the directory states {} bytes ({} packed), the entry itself {} ({} packed)",
                record.size, record.packed, stated.size, stated.packed
            );
            self.note(job, Reason::ArchiveSize, message);
        }
        Ok((start, stated))
    }

    /// Of several statements of a length, the largest that fits before the next entry.
    fn stored_length(&mut self, job: Job<'_>, start: u64, local: &Stated) -> Result<u64, Fault> {
        let Job { path, record, .. } = job;
        let room = record.limit.saturating_sub(start);
        let lengths = [record.size, record.packed, local.size, local.packed];
        let fitting = lengths.into_iter().filter(|length| *length <= room).max();
        let is_last = self.is_truncated && record.limit >= self.window.file_size();
        let length = match fitting.filter(|length| *length > 0 || record.size == 0) {
            Some(length) => length,
            None if is_last => room,
            None => return Err(self.overlaps(job)),
        };
        if length != record.size || record.packed != record.size {
            let message = format!("`{path}` holds {length} bytes where the archive states {}", record.size);
            self.note(job, if is_last { Reason::ArchiveTruncated } else { Reason::ArchiveSize }, message);
        }
        Ok(length)
    }

    fn stored(&mut self, job: Job<'_>, start: u64, local: &Stated, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let Job { path, record, ahead, .. } = job;
        let length = self.stored_length(job, start, local)?;
        let end = start.saturating_add(length.min(range.end));
        let out = self.window.copy(start.saturating_add(range.start)..end, ahead)?;
        let is_whole = range.start == 0 && range.end >= length;
        if is_whole && (length, record.packed) == (record.size, record.size) {
            let mut crc = Crc::new();
            crc.update(&out);
            if record.crc.is_some_and(|stated| stated != crc.sum()) {
                let message = format!("`{path}` does not have the checksum that the archive states");
                self.note(job, Reason::ArchiveDamaged, message);
            }
        }
        Ok(out)
    }

    fn inflated(&mut self, job: Job<'_>, start: u64, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.inflate(job, start, &range, &mut out)?;
        let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        out.truncate(wanted);
        if out.capacity() / 2 > out.len() + 64 {
            out.shrink_to_fit();
        }
        Ok(out)
    }

    /// Inflates until `range` is in `out`, and compares what came with what is said of it.
    fn inflate(&mut self, job: Job<'_>, start: u64, range: &Range<u64>, out: &mut dyn Room) -> Result<(), Fault> {
        let Job { number, path, record, .. } = job;
        let mut crc = Crc::new();
        let end = match self.inflate_into(job, start, range, out, &mut crc) {
            Ok(end) => end,
            Err(fault) => {
                if !self.meter.is_refused(number) {
                    self.meter.book(number, self.inflate.total_out(), self.inflate.total_in());
                }
                return Err(fault);
            }
        };
        let (read, packed) = (self.inflate.total_out(), self.inflate.total_in());
        self.meter.book(number, read, packed);
        match end {
            End::Whole => {
                if read != record.size || packed != record.packed {
                    let message = format!(
                        "`{path}` holds {read} bytes ({packed} packed) where the archive states {} ({} packed)",
                        record.size, record.packed
                    );
                    self.note_unless_streamed(job, message);
                }
                if record.crc.is_some_and(|stated| stated != crc.sum()) {
                    let message = format!("`{path}` does not have the checksum that the archive states");
                    self.note(job, Reason::ArchiveDamaged, message);
                }
            }
            End::Enough => {}
            End::Cut if self.is_truncated && record.limit >= self.window.file_size() => {
                let message = format!("`{path}` is cut off after {read} of {} bytes", record.size);
                self.note(job, Reason::ArchiveTruncated, message);
            }
            End::Cut if start.saturating_add(record.packed) > record.limit => return Err(self.overlaps(job)),
            End::Cut => return Err(self.damaged(job, "its packed bytes break off")),
        }
        Ok(())
    }

    /// Inflates until `range` is in `sink`; what comes before it is dropped on the way.
    fn inflate_into(
        &mut self,
        job: Job<'_>,
        start: u64,
        range: &Range<u64>,
        sink: &mut dyn Room,
        crc: &mut Crc,
    ) -> Result<End, Fault> {
        let Job { number, record, ahead, .. } = job;
        self.inflate.reset(false);
        let mut at = start;
        let mut room = record.size.min(range.end).min(STEP) + 16;
        loop {
            let ahead = ahead.max(at.saturating_add(SIP)).min(record.limit.max(ahead));
            let held = self.window.get(at, 1, ahead)?;
            let within = usize::try_from(record.limit.saturating_sub(at)).unwrap_or(usize::MAX).min(held.len());
            let input = held.get(..within).unwrap_or(&[]);
            if input.is_empty() {
                return Ok(End::Cut);
            }
            let out = match sink.room(usize::try_from(room).unwrap_or(0)) {
                Ok(out) => out,
                Err(why) => {
                    return Err(Fault::new(FaultKind::OverBudget, format!("`{}` was left out: {why}.", job.path)));
                }
            };
            let (in_before, out_before, kept) = (self.inflate.total_in(), self.inflate.total_out(), out.len());
            let status = self.inflate.decompress_vec(input, out, FlushDecompress::Finish);
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            crc.update(out.get(kept..).unwrap_or(&[]));
            if let Err(why) = self.meter.allows(number, written, read) {
                self.meter.refuse(number, written);
                return Err(self.over_budget(job, &why));
            }
            if out_before < range.start {
                let early = usize::try_from(range.start - out_before).unwrap_or(usize::MAX);
                out.drain(..early.min(out.len()));
            }
            room = (out.len() as u64).clamp(4 << 10, STEP);
            at += read - in_before;
            match status {
                Ok(Status::StreamEnd) => return Ok(End::Whole),
                Ok(_) if written >= range.end => return Ok(End::Enough),
                Ok(_) if read == in_before && written == out_before => return Ok(End::Cut),
                Ok(_) => {}
                Err(_) => return Err(self.damaged(job, "its packed bytes make no sense")),
            }
        }
    }

    /// Where the deflated bytes that start at `start` end; `None` when they do not, or are over budget.
    ///
    /// # Errors
    /// Those of the file.
    pub fn end_of_deflated(&mut self, number: u32, start: u64) -> Result<Option<u64>, Fault> {
        self.inflate.reset(false);
        let mut scratch = Vec::with_capacity(SIP as usize);
        let mut at = start;
        loop {
            let input = self.window.get(at, 1, at.saturating_add(STEP))?;
            if input.is_empty() {
                return Ok(None);
            }
            scratch.clear();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress_vec(input, &mut scratch, FlushDecompress::None);
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            at += read - in_before;
            if self.meter.allows(number, written, read).is_err() {
                return Ok(None);
            }
            match status {
                Ok(Status::StreamEnd) => {
                    self.meter.book(number, written, read);
                    return Ok(Some(at));
                }
                Ok(_) if read > in_before || written > out_before => {}
                _ => return Ok(None),
            }
        }
    }

    fn note(&mut self, job: Job<'_>, reason: Reason, message: String) {
        if self.noted.insert((job.number, reason)) {
            self.report.note(reason, job.path, None, message);
        }
    }

    /// Without a directory, an entry whose sizes follow it states none.
    fn note_unless_streamed(&mut self, job: Job<'_>, message: String) {
        if job.record.crc.is_some() {
            self.note(job, Reason::ArchiveSize, message);
        }
    }

    fn damaged(&mut self, job: Job<'_>, what: &str) -> Fault {
        let message = format!("`{}` is damaged: {what}", job.path);
        self.note(job, Reason::ArchiveDamaged, message.clone());
        Fault::new(FaultKind::Damaged, message)
    }

    fn over_budget(&mut self, job: Job<'_>, why: &str) -> Fault {
        let message = format!("`{}` was refused: {why}", job.path);
        self.note(job, Reason::ArchiveBudget, message.clone());
        Fault::new(FaultKind::OverBudget, message)
    }

    fn overlaps(&mut self, job: Job<'_>) -> Fault {
        self.meter.refuse(job.number, 0);
        self.over_budget(job, "it overlaps the next entry, as archive bombs do")
    }
}

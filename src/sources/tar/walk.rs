//! FROM HEADER TO HEADER: finds the entries of a tar, also beyond damage and after the end of a first archive. It must not know
//! who reads them.

use super::Record;
use super::header::{BLOCK, Header, Kind, Pax, is_zero, parse};
use crate::model::Reason;
use crate::sources::archive::listing::{EntryKind, Listing, Take};
use crate::sources::archive::window::{SIP, WINDOW, Window};
use crate::sources::archive::{Budget, name};
use crate::sources::{Fault, FaultKind};

/// Size of a block, bytes.
const STEP: u64 = BLOCK as u64;
/// Long names and PAX records beyond this are not read, bytes.
const EXTRA_LIMIT: u64 = 1 << 20;
/// After a content of this size the next header is asked for alone, bytes.
const LARGE: u64 = 1 << 20;

/// What a walk found.
pub struct Walked {
    /// Names, with notices.
    pub listing: Listing,
    /// By the numbers of the listing.
    pub records: Vec<Record>,
}

/// What the entries before say of the next one.
#[derive(Default)]
struct Pending {
    long_name: Option<Vec<u8>>,
    pax: Pax,
}

/// Walks through a whole archive.
///
/// # Errors
/// [`FaultKind::NotRecognised`] when it does not start with a header; what the file says.
pub fn walk(window: &mut Window, budget: Budget) -> Result<Walked, Fault> {
    let mut walked = Walked { listing: Listing::new(budget), records: Vec::new() };
    let size = window.file_size();
    if size == 0 {
        return Err(not_a_tar());
    }
    let mut pending = Pending::default();
    let (mut at, mut ahead) = (0_u64, WINDOW);
    let mut has_end = false;
    while at < size {
        let block = window.get(at, STEP, at.saturating_add(ahead))?;
        let block = block.get(..BLOCK.min(block.len())).unwrap_or(&[]);
        if is_zero(block) {
            has_end |= block.len() == BLOCK;
            let Some(next) = after_zeros(window, at)? else { break };
            at = next;
            continue;
        }
        if block.len() < BLOCK && at > 0 {
            // Less than a block behind the end mark is nobody's; before it, it was a header.
            if !has_end {
                walked.cut("the archive breaks off within a header");
            }
            has_end = true;
            break;
        }
        let Some(header) = parse(block) else {
            if at == 0 {
                return Err(not_a_tar());
            }
            // Behind the end mark lies what is no archive any more.
            let next = find_header(window, at + STEP)?;
            if !has_end || next.is_some() {
                let message = "the archive is damaged between two entries; what lies there was left out";
                walked.listing.report.note(Reason::ArchiveDamaged, ".", None, message);
            }
            pending = Pending::default();
            has_end |= next.is_none();
            let Some(next) = next else { break };
            at = next;
            continue;
        };
        has_end = false;
        let mut start = at + STEP;
        let mut has_more_holes = header.has_more_holes;
        while has_more_holes {
            has_more_holes = super::header::has_more_holes(window.get(start, STEP, start.saturating_add(SIP))?);
            start = start.saturating_add(STEP);
        }
        let content = match header.kind.has_content() {
            true => pending.pax.size.filter(|_| !is_about_next(header.kind)).unwrap_or(header.size),
            false => 0,
        };
        let there = content.min(size.saturating_sub(start));
        if is_about_next(header.kind) {
            pending.read(window, &header, start..start + there.min(EXTRA_LIMIT))?;
        } else if !walked.take(&header, &std::mem::take(&mut pending), Record { start, size: there }, content) {
            return Ok(walked);
        }
        ahead = if content > LARGE { SIP } else { WINDOW };
        // The padding of the last entry may be missing; what is missing of its content is said already.
        has_end |= there < content && !is_about_next(header.kind);
        let Some(next) = content.checked_next_multiple_of(STEP).and_then(|padded| start.checked_add(padded)) else {
            break;
        };
        at = next;
    }
    if !has_end {
        walked.cut("the archive has no end mark");
    }
    Ok(walked)
}

fn not_a_tar() -> Fault {
    Fault::new(FaultKind::NotRecognised, "This is not a tar archive.")
}

/// Whether an entry tells of the one that follows.
fn is_about_next(kind: Kind) -> bool {
    matches!(kind, Kind::LongName | Kind::Pax | Kind::Skipped)
}

impl Pending {
    fn read(&mut self, window: &mut Window, header: &Header, content: std::ops::Range<u64>) -> Result<(), Fault> {
        match header.kind {
            Kind::LongName => {
                let mut name = window.copy(content.clone(), content.end)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                self.long_name = Some(name);
            }
            Kind::Pax => self.pax = Pax::read(&window.copy(content.clone(), content.end)?),
            _ => {}
        }
        Ok(())
    }
}

impl Walked {
    fn cut(&mut self, message: &str) {
        let message = format!("{message}; {} entries were found", self.listing.found());
        self.listing.report.note(Reason::ArchiveTruncated, ".", None, message);
    }

    /// Takes an entry; `false` when the budget allows no more.
    fn take(&mut self, header: &Header, pending: &Pending, record: Record, stated: u64) -> bool {
        let raw_name = pending.pax.path.as_ref().or(pending.long_name.as_ref()).unwrap_or(&header.name);
        let name = name::decode(raw_name, true);
        let is_sparse = header.kind == Kind::Sparse || pending.pax.is_sparse;
        if is_sparse {
            let message = format!("`{name}` is stored with holes (sparse)");
            self.listing.report.note(Reason::ArchiveSparse, name, None, message);
            return true;
        }
        let kind = match header.kind {
            Kind::Other => return true,
            Kind::Link => EntryKind::Link,
            Kind::Folder => EntryKind::Folder,
            _ => EntryKind::ByName,
        };
        match self.listing.take(&name, kind) {
            Take::Taken(path) => {
                self.records.push(record);
                if record.size < stated {
                    let message = format!("`{path}` is cut off after {} of {stated} bytes", record.size);
                    self.listing.report.note(Reason::ArchiveTruncated, path, None, message);
                }
                true
            }
            Take::LeftOut => true,
            Take::Full => false,
        }
    }
}

/// Where the first block that is not zero starts, at `from` or later.
fn after_zeros(window: &mut Window, from: u64) -> Result<Option<u64>, Fault> {
    let mut at = from;
    loop {
        let bytes = window.get(at, STEP, at.saturating_add(WINDOW))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if let Some(place) = bytes.chunks(BLOCK).position(|block| !is_zero(block)) {
            return Ok(Some(at + (place * BLOCK) as u64));
        }
        at += bytes.len() as u64 / STEP * STEP;
        if (bytes.len() as u64) < STEP {
            return Ok(None);
        }
    }
}

/// Where the first header with the mark of POSIX or GNU starts, at `from` or later.
fn find_header(window: &mut Window, from: u64) -> Result<Option<u64>, Fault> {
    let mut at = from;
    loop {
        let bytes = window.get(at, STEP, at.saturating_add(WINDOW))?;
        let (blocks, _) = bytes.as_chunks::<BLOCK>();
        if blocks.is_empty() {
            return Ok(None);
        }
        let is_header = |block: &[u8; BLOCK]| block.get(257..262) == Some(b"ustar") && parse(block).is_some();
        if let Some(place) = blocks.iter().position(is_header) {
            return Ok(Some(at + (place * BLOCK) as u64));
        }
        at += (blocks.len() * BLOCK) as u64;
    }
}

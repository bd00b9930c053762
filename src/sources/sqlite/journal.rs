//! THE ROLLBACK JOURNAL (file format 3) of a transaction that was never finished: the pages as they were before it. It is
//! rolled back in memory; the files stay as they are.

use super::wire::u32_at;
use crate::sources::archive::window::{WINDOW, Window};
use crate::sources::{Bytes, Fault};
use std::collections::HashMap;
use std::rc::Rc;

const MAGIC: &[u8; 8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const HEADER: u64 = 28;
/// Number before and checksum after each page.
const RECORD_EXTRA: u64 = 8;

/// Whether the bytes of a file start as those of a journal do that was not wiped.
pub fn is_journal(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// What a hot journal says of its database.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Bytes of a page.
    pub page_size: u32,
    /// Pages before the transaction.
    pub pages: u32,
    /// Where the old image of each changed page starts.
    pub places: HashMap<u32, u64>,
}

/// One header: it stands at the start of a sector, its records in the sectors behind it.
struct Segment {
    records: u32,
    nonce: u32,
    pages: u32,
    sector_size: u32,
    page_size: u32,
}

impl Segment {
    fn parse(head: &[u8]) -> Option<Segment> {
        if !head.starts_with(MAGIC) {
            return None;
        }
        Some(Segment {
            records: u32_at(head, 8)?,
            nonce: u32_at(head, 12)?,
            pages: u32_at(head, 16)?,
            sector_size: u32_at(head, 20)?,
            page_size: u32_at(head, 24)?,
        })
    }
}

impl Journal {
    /// Reads it through. `Ok(None)` when it is not hot: empty, its header wiped, or no journal at all.
    ///
    /// # Errors
    /// Those of the file.
    pub fn read(bytes: Rc<dyn Bytes>) -> Result<Option<Journal>, Fault> {
        let mut window = Window::new(bytes);
        let size = window.file_size();
        let Some(first) = Segment::parse(window.get(0, HEADER, size)?) else { return Ok(None) };
        let is_size = |size: u32, least: u32| (least..=65_536).contains(&size) && size.is_power_of_two();
        if !is_size(first.page_size, 512) || !is_size(first.sector_size, 32) {
            return Ok(None);
        }
        let (sector, page_size) = (u64::from(first.sector_size), u64::from(first.page_size));
        let record_size = page_size + RECORD_EXTRA;
        let mut journal = Journal { page_size: first.page_size, pages: first.pages, places: HashMap::new() };
        let mut at = 0;
        while let Some(segment) = Segment::parse(window.get(at, HEADER, at.saturating_add(WINDOW))?) {
            at += sector;
            // Without a sync there is one header, and all that follows are records; with one, a count of zero means that the
            // records were not on disk before the database was touched, so that it was not.
            let records = match segment.records {
                u32::MAX => size.saturating_sub(at) / record_size,
                records => u64::from(records),
            };
            for _ in 0..records {
                let record = window.get(at, record_size, at.saturating_add(WINDOW))?;
                let Some(record) = record.get(..record_size as usize) else { return Ok(Some(journal)) };
                let page = record.get(4..4 + page_size as usize).unwrap_or_default();
                let number = u32_at(record, 0).unwrap_or(0);
                let stated = u32_at(record, 4 + page_size as usize);
                // From the first broken record on nothing can be trusted; the database was not touched for them either.
                if number == 0 || stated != Some(checksum(page, segment.nonce)) {
                    return Ok(Some(journal));
                }
                if number <= journal.pages {
                    journal.places.insert(number, at + 4);
                }
                at += record_size;
            }
            at = at.div_ceil(sector) * sector;
        }
        Ok(Some(journal))
    }
}

/// The nonce and every 200th byte, counted from the end (3).
fn checksum(page: &[u8], nonce: u32) -> u32 {
    let places = (1..).map(|step| page.len().checked_sub(step * 200)).map_while(|at| at.filter(|at| *at > 0));
    places.filter_map(|at| page.get(at)).fold(nonce, |sum, byte| sum.wrapping_add(u32::from(*byte)))
}

//! THE CENTRAL DIRECTORY: finds the end record, with or without zip64 and bytes before the archive, and walks the entries. It
//! must not know what becomes of them.

use super::catalogue::{Catalogue, Found};
use super::wire::{CENTRAL, END, END_64, LOCAL, LOCATOR_64, Stated, u16_at, u32_at, u64_at};
use crate::sources::Fault;
use crate::sources::archive::window::{WINDOW, Window};

/// Where the central directory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the file.
    pub start: u64,
    /// Where the end record starts.
    pub end: u64,
    /// How many entries it states.
    pub entries: u64,
    /// Whether `entries` is whole, rather than its lower 16 bits.
    pub is_wide: bool,
    /// Bytes before the archive, to be added to the offsets that it states.
    pub shift: u64,
}

impl Place {
    /// How many entries there can be and how many bytes their names have at most, as far as room for them is made at once: no
    /// more than the bytes of the directory allow, and not too much even so.
    pub fn room(&self) -> (usize, usize) {
        const ENTRIES: u64 = 1 << 20;
        const NAME_BYTES: u64 = 64 << 20;
        let length = self.end.saturating_sub(self.start);
        let entries = self.entries.min(length / CENTRAL_SIZE as u64);
        let name_bytes = length - entries * CENTRAL_SIZE as u64;
        (entries.min(ENTRIES) as usize, name_bytes.min(NAME_BYTES) as usize)
    }
}

/// How the search for a directory ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// There it is.
    Found(Place),
    /// There is an end record, but what it says is not so.
    Lost,
    /// There is no end record.
    NoEnd,
    /// The file is one part of a split archive.
    Split,
}

const END_SIZE: usize = 22;
const CENTRAL_SIZE: usize = 46;

/// Looks for the end record in the last 64 kB and checks what it says.
///
/// # Errors
/// Those of the file.
pub fn search(window: &mut Window) -> Result<Search, Fault> {
    let size = window.file_size();
    let tail_start = size.saturating_sub(END_SIZE as u64 + 0xffff);
    let tail = window.get(tail_start, size - tail_start, size)?.to_vec();
    let mut outcome = Search::NoEnd;
    for at in (0..tail.len().saturating_sub(END_SIZE - 1)).rev() {
        let Some(record) = tail.get(at..).filter(|record| record.starts_with(END)) else { continue };
        let comment = u16_at(record, 20).map_or(usize::MAX, usize::from);
        if END_SIZE + comment > record.len() {
            continue;
        }
        match place(window, tail_start + at as u64, record)? {
            Search::Found(place) => return Ok(Search::Found(place)),
            worse if outcome == Search::NoEnd => outcome = worse,
            _ => {}
        }
    }
    Ok(outcome)
}

/// What one end record at `end` says, checked against the file.
fn place(window: &mut Window, end: u64, record: &[u8]) -> Result<Search, Fault> {
    let numbers = || {
        let disks = (u16_at(record, 4)?, u16_at(record, 6)?);
        Some((disks, u64::from(u16_at(record, 10)?), u64::from(u32_at(record, 12)?), u64::from(u32_at(record, 16)?)))
    };
    let Some((disks, mut entries, mut length, mut offset)) = numbers() else { return Ok(Search::Lost) };
    let mut end = end;
    let mut is_wide = false;
    if let Some(wide) = wide_end(window, end)? {
        (entries, length, offset, end) = wide;
        is_wide = true;
    } else if disks != (0, 0) && disks != (0xffff, 0xffff) {
        return Ok(Search::Split);
    }
    let before_end = end.checked_sub(length).map(|start| (start, start.checked_sub(offset)));
    for candidate in [before_end, Some((offset, Some(0)))] {
        let Some((start, Some(shift))) = candidate else { continue };
        // An empty directory behind entries is an end record that someone wrote into a comment.
        let is_there = match entries {
            0 => start == end && length == 0 && !starts_with_entry(window)?,
            _ => start <= end && window.get(start, 4, end)?.starts_with(CENTRAL),
        };
        if is_there {
            return Ok(Search::Found(Place { start, end, entries, is_wide, shift }));
        }
    }
    Ok(Search::Lost)
}

/// The end record of zip64 that belongs to the end record at `end`: entries, length and offset of the directory, own place.
fn wide_end(window: &mut Window, end: u64) -> Result<Option<(u64, u64, u64, u64)>, Fault> {
    let Some(locator_at) = end.checked_sub(20) else { return Ok(None) };
    let locator = window.get(locator_at, 20, end)?;
    let stated = u64_at(locator, 8).filter(|_| locator.starts_with(LOCATOR_64));
    let Some(stated) = stated else { return Ok(None) };
    for at in [Some(stated), locator_at.checked_sub(56)].into_iter().flatten().filter(|at| *at < locator_at) {
        let record = window.get(at, 56, end)?;
        if record.starts_with(END_64) {
            let numbers = || Some((u64_at(record, 32)?, u64_at(record, 40)?, u64_at(record, 48)?, at));
            return Ok(numbers());
        }
    }
    Ok(None)
}

/// How a walk through the directory ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// At its end, or where the budget forbids more.
    Complete,
    /// At its end, with this many entries, which is not what the end record states.
    Miscounted(u64),
    /// Before its end.
    BrokeOff,
}

/// Hands all entries of the directory to the catalogue.
///
/// # Errors
/// Those of the file.
pub fn walk(window: &mut Window, place: Place, into: &mut Catalogue) -> Result<Walk, Fault> {
    let mut at = place.start;
    let mut read = 0_u64;
    loop {
        // A header is at most 46 + 3 * 65,535 bytes.
        let bytes = window.get(at, (CENTRAL_SIZE + 3 * 0xffff) as u64, (at + WINDOW).min(place.end))?;
        let within = usize::try_from(place.end.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
        let mut bytes = bytes.get(..within).unwrap_or(&[]);
        let mut moved = 0_u64;
        while let Some((found, length)) = parse(bytes, place.shift) {
            read += 1;
            moved += length as u64;
            bytes = bytes.get(length..).unwrap_or(&[]);
            if !into.add(&found) {
                return Ok(Walk::Complete);
            }
        }
        if moved == 0 {
            let counted = if place.is_wide { read } else { read & 0xffff };
            return Ok(match (counted == place.entries, at == place.end) {
                (true, _) => Walk::Complete,
                (false, true) => Walk::Miscounted(read),
                (false, false) => Walk::BrokeOff,
            });
        }
        at += moved;
    }
}

/// The entry at the start of `bytes` and how long its record is.
fn parse(bytes: &[u8], shift: u64) -> Option<(Found<'_>, usize)> {
    let fixed = bytes.get(..CENTRAL_SIZE).filter(|fixed| fixed.starts_with(CENTRAL))?;
    let length = |at: usize| u16_at(fixed, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let total = CENTRAL_SIZE + name + extra + comment;
    let raw_name = bytes.get(CENTRAL_SIZE..CENTRAL_SIZE + name)?;
    let extra = bytes.get(CENTRAL_SIZE + name..CENTRAL_SIZE + name + extra)?;
    bytes.get(..total)?;
    let mut stated = Stated::parse(fixed, 8)?;
    let mut offset = u64::from(u32_at(fixed, 42)?);
    stated.widen(extra, Some(&mut offset));
    let made_by_unix = matches!(fixed.get(5), Some(3 | 19));
    let unix_mode = u32_at(fixed, 38).map(|attributes| attributes >> 16).filter(|_| made_by_unix);
    let offset = offset.checked_add(shift)?;
    Some((Found { raw_name, extra, stated, offset, unix_mode, has_crc: true }, total))
}

/// Whether the file starts with an entry.
///
/// # Errors
/// Those of the file.
pub fn starts_with_entry(window: &mut Window) -> Result<bool, Fault> {
    Ok(window.get(0, 4, 4)?.starts_with(LOCAL))
}

//! THE WRITE-AHEAD LOG (file format 4): which pages it holds newer than the database, up to its last commit.

use super::wire::u32_at;
use crate::sources::archive::window::{WINDOW, Window};
use crate::sources::{Bytes, Fault};
use std::collections::HashMap;
use std::rc::Rc;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Whether sums in a log that starts so are over big-endian numbers; `None` when it is no log.
fn is_big_endian(head: &[u8]) -> Option<bool> {
    match u32_at(head, 0)? {
        0x377f_0682 => Some(false),
        0x377f_0683 => Some(true),
        _ => None,
    }
}

/// Whether the bytes of a file start as those of a log do.
pub fn is_log(head: &[u8]) -> bool {
    is_big_endian(head).is_some()
}

/// What a log adds to its database.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wal {
    /// Bytes of a page.
    pub page_size: u32,
    /// Pages of the database after the last commit.
    pub pages: u32,
    /// Where the newest image of each page starts.
    pub places: HashMap<u32, u64>,
}

/// The checksum of the log: two sums over pairs of 32-bit numbers (4.2).
#[derive(Clone, Copy, Default)]
struct Sum {
    a: u32,
    b: u32,
    is_big_endian: bool,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let number = |four: &[u8; 4]| match self.is_big_endian {
            true => u32::from_be_bytes(*four),
            false => u32::from_le_bytes(*four),
        };
        let (mut a, mut b) = (self.a, self.b);
        for pair in bytes.as_chunks::<8>().0 {
            let (Some(first), Some(second)) = (pair.first_chunk(), pair.last_chunk()) else { continue };
            a = a.wrapping_add(number(first)).wrapping_add(b);
            b = b.wrapping_add(number(second)).wrapping_add(a);
        }
        (self.a, self.b) = (a, b);
    }

    fn is(self, bytes: &[u8], at: usize) -> bool {
        u32_at(bytes, at) == Some(self.a) && u32_at(bytes, at + 4) == Some(self.b)
    }
}

impl Wal {
    /// Reads it through. `Ok(None)` when it holds no commit: empty, from before a checkpoint, or no log at all (4.1: the salts
    /// and checksums tell).
    ///
    /// # Errors
    /// Those of the file.
    pub fn read(bytes: Rc<dyn Bytes>) -> Result<Option<Wal>, Fault> {
        let mut window = Window::new(bytes);
        let size = window.file_size();
        let mut at = HEADER as u64;
        let header = window.get(0, at, size)?.to_vec();
        let number = |at: usize| u32_at(&header, at).unwrap_or(0);
        let Some(is_big_endian) = is_big_endian(&header) else { return Ok(None) };
        let mut sum = Sum { is_big_endian, ..Sum::default() };
        sum.add(header.get(..24).unwrap_or_default());
        let page_size = number(8);
        let has_sizes = (512..=65_536).contains(&page_size) && page_size.is_power_of_two();
        if number(4) != 3_007_000 || !has_sizes || !sum.is(&header, 24) {
            return Ok(None);
        }
        let salts = header.get(16..24).unwrap_or_default();
        let frame_size = FRAME_HEADER + page_size as usize;
        let mut wal = Wal { page_size, ..Wal::default() };
        // Frames since the last commit: they count when the next one comes.
        let mut open = Vec::new();
        loop {
            let frame = window.get(at, frame_size as u64, at.saturating_add(WINDOW))?;
            let Some((head, page)) = frame.get(..frame_size).and_then(|frame| frame.split_at_checked(FRAME_HEADER))
            else {
                break;
            };
            let number = u32_at(head, 0).unwrap_or(0);
            sum.add(head.get(..8).unwrap_or_default());
            sum.add(page);
            if number == 0 || head.get(8..16) != Some(salts) || !sum.is(head, 16) {
                break;
            }
            open.push((number, at + FRAME_HEADER as u64));
            let pages = u32_at(head, 4).unwrap_or(0);
            if pages > 0 {
                wal.pages = pages;
                wal.places.extend(open.drain(..));
            }
            at += frame_size as u64;
        }
        Ok((wal.pages > 0).then_some(wal))
    }
}

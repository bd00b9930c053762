//! The first hundred bytes of a database (file format 1.3), and what they say when there is no database behind them.

use super::wire::{u16_at, u32_at};
use crate::sources::{Fault, FaultKind};

/// Length of the header, bytes.
pub const HEADER: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// What is needed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 512 to 65,536, a power of two.
    pub page_size: u32,
    /// Of a page, without the bytes reserved at its end.
    pub usable: u32,
    /// Pages, where the header can be trusted in it.
    pub stated_pages: Option<u32>,
    /// The latest changes may lie in a `-wal` file.
    pub is_wal_mode: bool,
}

/// Whether the bytes of a file start as those of a database do.
pub fn is_database(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Whether the bytes of a file start as those of a database do whose latest changes may lie in a log.
pub fn is_wal_mode(head: &[u8]) -> bool {
    Header::read(head).is_ok_and(|header| header.is_wal_mode)
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`] with what the file seems to be instead; [`FaultKind::Unreadable`] for a database of a
    /// kind that is not read.
    pub fn read(head: &[u8]) -> Result<Header, Fault> {
        let unlike = |message: &str| Err(Fault::new(FaultKind::NotRecognised, message));
        let refuse = |message: String| Err(Fault::new(FaultKind::Unreadable, message));
        if head.is_empty() {
            return unlike("The database is empty: it has no bytes at all.");
        }
        if !is_database(head) {
            let distinct = head.iter().collect::<std::collections::BTreeSet<_>>().len();
            // A hundred random bytes have about eighty different ones, a text at most fifty.
            return unlike(if head.len() >= HEADER && distinct > 64 {
                "The file is not a SQLite database, or it is encrypted: its first bytes are noise."
            } else {
                "The file is not a SQLite database: it does not start with `SQLite format 3`."
            });
        }
        if head.len() < HEADER {
            return unlike("The database is cut off within its first hundred bytes. Copy it again.");
        }
        let byte = |at: usize| head.get(at).copied().unwrap_or(0);
        let number = |at: usize| u32_at(head, at).unwrap_or(0);
        let page_size = match u16_at(head, 16) {
            Some(1) => 65_536,
            size => u32::from(size.unwrap_or(0)),
        };
        let reserved = u32::from(byte(20));
        if !(512..=65_536).contains(&page_size) || !page_size.is_power_of_two() || page_size - reserved < 480 {
            return refuse(format!(
                "The database states a page size of {page_size} bytes, which there is none of: its header is damaged or encrypted."
            ));
        }
        if byte(19) > 2 {
            return refuse(format!("The database is of version {}, newer than any that is known.", byte(19)));
        }
        if (byte(21), byte(22), byte(23)) != (64, 32, 32) {
            return refuse("The header of the database is damaged or encrypted.".to_owned());
        }
        if let encoding @ 2.. = number(56) {
            let encoding = if encoding <= 3 { "UTF-16" } else { "an unknown encoding" };
            return refuse(format!(
                "The texts of the database are in {encoding}, not UTF-8. `sqlite3 OLD .dump | sqlite3 NEW` makes one that can be read."
            ));
        }
        // The count is that of whoever last changed the file, if they knew of it (1.3.7).
        let is_counted = number(28) > 0 && number(24) == number(92);
        Ok(Header {
            page_size,
            usable: page_size - reserved,
            stated_pages: is_counted.then_some(number(28)),
            is_wal_mode: byte(19) == 2,
        })
    }
}

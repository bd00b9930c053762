//! BYTES OF AN ARCHIVE: little-endian numbers that may not be there. It must not know what the numbers mean.

pub use crate::sources::window::{WINDOW, Window};

/// Signature of the header before each entry's data.
pub const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// Signature of an entry of the central directory.
pub const CENTRAL: &[u8; 4] = b"PK\x01\x02";
/// Signature of the end record.
pub const END: &[u8; 4] = b"PK\x05\x06";
/// Signature of the end record of zip64.
pub const END_64: &[u8; 4] = b"PK\x06\x06";
/// Signature of the record that says where the end record of zip64 is.
pub const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
/// Signature that mostly stands before sizes that follow the data.
pub const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";

/// The number at `at`.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

/// The number at `at`.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// The number at `at`.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// The content of the extra field `id`.
pub fn extra_field(mut extra: &[u8], id: u16) -> Option<&[u8]> {
    loop {
        let (found, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let content = extra.get(4..4 + length)?;
        if found == id {
            return Some(content);
        }
        extra = extra.get(4 + length..)?;
    }
}

/// What an entry says of itself in both kinds of header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stated {
    /// Bit 0: encrypted; bit 3: sizes follow the data; bit 11: the name is UTF-8.
    pub flags: u16,
    /// How it is compressed.
    pub method: u16,
    /// Of the unpacked bytes.
    pub crc: u32,
    /// Packed bytes.
    pub packed: u64,
    /// Unpacked bytes.
    pub size: u64,
}

impl Stated {
    /// From the fields that a header has in one row, starting with the flags at `at`.
    pub fn parse(header: &[u8], at: usize) -> Option<Stated> {
        Some(Stated {
            flags: u16_at(header, at)?,
            method: u16_at(header, at + 2)?,
            crc: u32_at(header, at + 8)?,
            packed: u64::from(u32_at(header, at + 12)?),
            size: u64::from(u32_at(header, at + 16)?),
        })
    }

    /// Puts the 64-bit numbers of a zip64 field in the place of those that are all ones; `offset` as well, if it is.
    pub fn widen(&mut self, extra: &[u8], offset: Option<&mut u64>) {
        const ALL_ONES: u64 = 0xffff_ffff;
        let Some(field) = extra_field(extra, 1) else { return };
        let mut at = 0;
        for number in [Some(&mut self.size), Some(&mut self.packed), offset].into_iter().flatten() {
            if *number == ALL_ONES {
                let Some(wide) = u64_at(field, at) else { return };
                *number = wide;
                at += 8;
            }
        }
    }

    /// Whether the bytes are encrypted in any way.
    pub fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether sizes and checksum follow the data instead of standing in the local header.
    pub fn is_streamed(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Whether the name is marked as UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.flags & 0x800 != 0
    }
}

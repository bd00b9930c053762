//! Archives made by hand for tests, well-formed or lying in any field.

use super::wire::{CENTRAL, DESCRIPTOR, END, END_64, LOCAL, LOCATOR_64};
use crate::sources::{Bytes, Fault};
use std::cell::Cell;
use std::io::Write;
use std::ops::Range;

/// A file in memory that counts what is read of it.
#[derive(Default)]
pub struct Memory {
    pub bytes: Vec<u8>,
    pub questions: Cell<u64>,
    pub longest: Cell<u64>,
}

impl Bytes for Memory {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        self.questions.set(self.questions.get() + 1);
        self.longest.set(self.longest.get().max(range.end - range.start));
        let end = (range.end as usize).min(self.bytes.len());
        Ok(self.bytes[(range.start as usize).min(end)..end].to_vec())
    }
}

/// Sizes and checksum as one of the two headers states them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Says {
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
}

/// One entry; every field can be made to lie.
#[derive(Clone, Debug)]
pub struct Piece {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub data: Vec<u8>,
    pub local: Says,
    pub central: Says,
    pub unix_mode: u32,
    /// Sizes in zip64 fields, in both headers.
    pub is_wide: bool,
    /// Sizes after the data, with or without signature.
    pub descriptor: Option<bool>,
    /// Bytes between the local header's name and the data.
    pub local_extra: Vec<u8>,
    pub extra: Vec<u8>,
    /// In the place of the true offset.
    pub offset: Option<u64>,
    /// Without local header and data.
    pub only_listed: bool,
}

pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

pub fn stored(name: &str, data: &[u8]) -> Piece {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let says = Says { crc: crc.sum(), packed: data.len() as u64, size: data.len() as u64 };
    Piece {
        name: name.as_bytes().to_vec(),
        method: 0,
        flags: 0,
        data: data.to_vec(),
        local: says,
        central: says,
        unix_mode: 0o100644,
        is_wide: false,
        descriptor: None,
        local_extra: Vec::new(),
        extra: Vec::new(),
        offset: None,
        only_listed: false,
    }
}

pub fn deflated(name: &str, data: &[u8]) -> Piece {
    let mut piece = stored(name, data);
    piece.data = deflate(data);
    piece.method = 8;
    piece.local.packed = piece.data.len() as u64;
    piece.central.packed = piece.data.len() as u64;
    piece
}

impl Piece {
    /// Changed by a function: one line a lie.
    pub fn with(mut self, change: impl FnOnce(&mut Piece)) -> Piece {
        change(&mut self);
        self
    }

    /// Sizes after the data; the local header states none.
    pub fn streamed(mut self, with_signature: bool) -> Piece {
        self.flags |= 8;
        self.local = Says { crc: 0, packed: 0, size: 0 };
        self.descriptor = Some(with_signature);
        self
    }

    fn row(&self, says: Says, is_wide: bool) -> Vec<u8> {
        let mut row = Vec::new();
        let narrow = |number: u64| if is_wide { u32::MAX } else { number as u32 };
        row.extend(self.flags.to_le_bytes());
        row.extend(self.method.to_le_bytes());
        row.extend([0; 4]);
        row.extend(says.crc.to_le_bytes());
        row.extend(narrow(says.packed).to_le_bytes());
        row.extend(narrow(says.size).to_le_bytes());
        row.extend((self.name.len() as u16).to_le_bytes());
        row
    }
}

/// How the archive as a whole is made.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Bytes before it that its offsets do not count.
    pub prefix: Vec<u8>,
    pub comment: Vec<u8>,
    /// With the end record of zip64.
    pub is_wide: bool,
    /// What the end record states instead of the true count of entries.
    pub entries: Option<u64>,
}

pub fn archive(pieces: &[Piece]) -> Vec<u8> {
    shaped(pieces, &Shape::default())
}

pub fn shaped(pieces: &[Piece], shape: &Shape) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for piece in pieces {
        let mut offset = out.len() as u64;
        if !piece.only_listed {
            let mut extra = piece.local_extra.clone();
            if piece.is_wide {
                extra.extend([1, 0, 16, 0]);
                extra.extend(piece.local.size.to_le_bytes());
                extra.extend(piece.local.packed.to_le_bytes());
            }
            out.extend(LOCAL);
            out.extend(20_u16.to_le_bytes());
            out.extend(piece.row(piece.local, piece.is_wide));
            out.extend((extra.len() as u16).to_le_bytes());
            out.extend(&piece.name);
            out.extend(extra);
            out.extend(&piece.data);
            if let Some(with_signature) = piece.descriptor {
                if with_signature {
                    out.extend(DESCRIPTOR);
                }
                out.extend(piece.central.crc.to_le_bytes());
                out.extend((piece.central.packed as u32).to_le_bytes());
                out.extend((piece.central.size as u32).to_le_bytes());
            }
        }
        offset = piece.offset.unwrap_or(offset);
        let mut extra = piece.extra.clone();
        if piece.is_wide {
            extra.extend([1, 0, 24, 0]);
            extra.extend(piece.central.size.to_le_bytes());
            extra.extend(piece.central.packed.to_le_bytes());
            extra.extend(offset.to_le_bytes());
        }
        directory.extend(CENTRAL);
        directory.extend([20, 3, 20, 0]);
        directory.extend(piece.row(piece.central, piece.is_wide));
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 6]);
        directory.extend((piece.unix_mode << 16).to_le_bytes());
        directory.extend((if piece.is_wide { u32::MAX } else { offset as u32 }).to_le_bytes());
        directory.extend(&piece.name);
        directory.extend(extra);
    }
    let (start, length) = (out.len() as u64, directory.len() as u64);
    let entries = shape.entries.unwrap_or(pieces.len() as u64);
    out.extend(directory);
    if shape.is_wide {
        let end = out.len() as u64;
        out.extend(END_64);
        out.extend(44_u64.to_le_bytes());
        out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [entries, entries, length, start] {
            out.extend(number.to_le_bytes());
        }
        out.extend(LOCATOR_64);
        out.extend([0; 4]);
        out.extend(end.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(END);
    out.extend([0; 4]);
    let narrow = |number: u64, most: u64| if shape.is_wide { most } else { number };
    out.extend((narrow(entries, 0xffff) as u16).to_le_bytes());
    out.extend((narrow(entries, 0xffff) as u16).to_le_bytes());
    out.extend((narrow(length, 0xffff_ffff) as u32).to_le_bytes());
    out.extend((narrow(start, 0xffff_ffff) as u32).to_le_bytes());
    out.extend((shape.comment.len() as u16).to_le_bytes());
    out.extend(&shape.comment);
    [shape.prefix.clone(), out].concat()
}

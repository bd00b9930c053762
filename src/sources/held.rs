//! BYTES AT HAND: in memory, in pieces that are never moved when more come; or a stretch of other bytes. It must not know what
//! is in them, nor how they were packed.

use super::archive::Allowance;
use crate::sources::{Bytes, Fault};
use std::ops::Range;
use std::rc::Rc;

/// Size of the first piece, bytes: most files are small.
const FIRST_PIECE: usize = 64 << 10;
/// Size of the others. wasm's memory never shrinks and a vector that grows is there twice while it moves: hence pieces.
const PIECE: usize = 1 << 20;

/// Takes bytes as they come out of a decoder.
pub trait Room {
    /// A vector with room for more bytes, about `wanted` of them; at least one.
    ///
    /// # Errors
    /// Why there is no more room, as the end of a sentence.
    fn room(&mut self, wanted: usize) -> Result<&mut Vec<u8>, String>;
}

impl Room for Vec<u8> {
    fn room(&mut self, wanted: usize) -> Result<&mut Vec<u8>, String> {
        self.reserve(wanted);
        Ok(self)
    }
}

/// Bytes in memory, under an [`Allowance`].
#[derive(Debug)]
pub struct Held {
    /// With the place in the whole where each starts.
    pieces: Vec<(u64, Vec<u8>)>,
    allowance: Allowance,
    booked: u64,
}

impl Held {
    /// No bytes yet.
    pub fn new(allowance: Allowance) -> Held {
        Held { pieces: Vec::new(), allowance, booked: 0 }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.allowance.release(self.booked);
    }
}

impl Room for Held {
    fn room(&mut self, _wanted: usize) -> Result<&mut Vec<u8>, String> {
        if self.pieces.last().is_none_or(|(_, piece)| piece.len() >= piece.capacity()) {
            let size = if self.pieces.is_empty() { FIRST_PIECE } else { PIECE };
            self.allowance.hold(size as u64)?;
            self.booked += size as u64;
            let mut piece = Vec::new();
            piece.try_reserve_exact(size).map_err(|_| "the memory of this machine is full".to_owned())?;
            self.pieces.push((self.size(), piece));
        }
        self.pieces.last_mut().map(|(_, piece)| piece).ok_or_else(String::new)
    }
}

impl Bytes for Held {
    fn size(&self) -> u64 {
        self.pieces.last().map_or(0, |(start, piece)| start + piece.len() as u64)
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let end = range.end.min(self.size());
        let mut out = Vec::with_capacity(usize::try_from(end.saturating_sub(range.start)).unwrap_or(0));
        let first = self.pieces.partition_point(|(start, _)| *start <= range.start).saturating_sub(1);
        for (start, piece) in self.pieces.iter().skip(first).take_while(|(start, _)| *start < end) {
            let within = |at: u64| usize::try_from(at.saturating_sub(*start)).unwrap_or(usize::MAX).min(piece.len());
            out.extend_from_slice(piece.get(within(range.start)..within(end)).unwrap_or(&[]));
        }
        Ok(out)
    }
}

/// A stretch of other bytes, as a file of its own.
pub struct Slice {
    bytes: Rc<dyn Bytes>,
    range: Range<u64>,
}

impl Slice {
    /// The bytes of `range`, cut at the end.
    pub fn new(bytes: Rc<dyn Bytes>, range: Range<u64>) -> Slice {
        let end = range.end.min(bytes.size());
        Slice { bytes, range: range.start.min(end)..end }
    }
}

impl Bytes for Slice {
    fn size(&self) -> u64 {
        self.range.end - self.range.start
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let place = |at: u64| self.range.start.saturating_add(at).min(self.range.end);
        let (start, end) = (place(range.start), place(range.end));
        if start < end { self.bytes.read(start..end) } else { Ok(Vec::new()) }
    }
}

/// A vector is a file as well.
impl Bytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        Ok(self.get(place(range.start)..place(range.end)).unwrap_or(&[]).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_PIECE, Held, PIECE, Room, Slice};
    use crate::sources::Bytes;
    use crate::sources::archive::{Allowance, Budget};
    use std::rc::Rc;

    #[test]
    fn pieces_read_as_one() {
        let allowance = Allowance::from(Budget { held: (FIRST_PIECE + 2 * PIECE) as u64, ..Budget::default() });
        let data: Vec<u8> = (0..FIRST_PIECE + PIECE + 9_000).map(|at| (at / 3 % 251) as u8).collect();
        let mut held = Held::new(allowance.clone());
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            let room = held.room(1).expect("room");
            let count = (room.capacity() - room.len()).min(rest.len()).min(50_000);
            room.extend_from_slice(&rest[..count]);
            rest = &rest[count..];
        }
        assert_eq!(held.size(), data.len() as u64);
        let ends = [0, 1, FIRST_PIECE, FIRST_PIECE + 1, FIRST_PIECE + PIECE, data.len(), data.len() + 5];
        for start in ends {
            for end in ends {
                let expected = data.get(start.min(data.len())..end.min(data.len())).unwrap_or(&[]);
                assert_eq!(held.read(start as u64..end as u64).expect("read"), expected, "{start}..{end}");
            }
        }
        assert!(Held::new(allowance.clone()).room(1).is_err(), "all is booked");
        let slice = Slice::new(Rc::new(held), 10..u64::MAX);
        assert_eq!(slice.read(0..4).expect("read"), data[10..14]);
        assert_eq!(slice.size(), data.len() as u64 - 10);
        assert_eq!(Slice::new(Rc::new(data.clone()), 5..7).read(1..9).expect("read"), data[6..7]);
        drop(slice);
        assert!(Held::new(allowance).room(1).is_ok(), "given back");
    }
}

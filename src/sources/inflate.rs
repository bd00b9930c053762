//! ONE COMPRESSED FILE (gzip, Zstandard) AS THE BYTES IT HOLDS, inflated into memory in pieces, under a budget. What is cut or
//! damaged gives what it holds. It must not know what that is.

use crate::model::{Reason, Report};
use crate::sources::archive::Allowance;
use crate::sources::archive::budget::Meter;
use crate::sources::archive::window::{WINDOW, Window};
use crate::sources::held::{Held, Room};
use crate::sources::{Bytes, Fault, FaultKind};
use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read;
use std::rc::Rc;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952, of one or more members.
    Gzip,
    /// RFC 8878, of one or more frames.
    Zstd,
}

/// What the compressor may look back to, bytes: what `zstd` writes without being told otherwise (`--ultra -22`).
const ZSTD_WINDOW: u64 = 128 << 20;

/// How many times better than deflate it may pack: many small files in a tar, mostly padding, were seen at 350.
const ZSTD_BETTER: u64 = 20;

/// How reading a stream ended.
enum End {
    Whole,
    Cut,
    Damaged(&'static str),
    /// After what was asked for, something else follows.
    Garbage,
}

/// The bytes that a compressed file holds, and what was wrong with it; `name` is for messages, the paths of notices are `.`.
///
/// # Errors
/// [`FaultKind::OverBudget`]; [`FaultKind::Unreadable`] when nothing came out of it; what the file says.
pub fn inflate(
    packing: Packing,
    bytes: Rc<dyn Bytes>,
    name: &str,
    allowance: &Allowance,
) -> Result<(Held, Report), Fault> {
    let mut stream = Stream {
        window: Window::new(bytes),
        at: 0,
        out: Held::new(allowance.clone()),
        meter: Meter::new(allowance.with(|budget| {
            if packing == Packing::Zstd {
                budget.ratio = budget.ratio.saturating_mul(ZSTD_BETTER);
            }
        })),
        name,
    };
    let end = match packing {
        Packing::Gzip => stream.gzip()?,
        Packing::Zstd => stream.zstd()?,
    };
    let mut report = Report::default();
    let read = stream.out.size();
    let (reason, what) = match end {
        End::Whole => return Ok((stream.out, report)),
        End::Cut => (Reason::ArchiveTruncated, "breaks off"),
        End::Damaged(what) => (Reason::ArchiveDamaged, what),
        End::Garbage => (Reason::ArchiveSize, "is followed by something else, which was left out"),
    };
    let message = format!("{name} {what}; {read} bytes came out of it");
    if read == 0 && !matches!(end, End::Garbage) {
        return Err(Fault::new(FaultKind::Unreadable, format!("{message}.")));
    }
    report.note(reason, ".", None, message);
    Ok((stream.out, report))
}

/// What the first bytes of a compressed file hold, as far as they go: up to `most` bytes.
pub fn peek(packing: Packing, head: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match packing {
        Packing::Gzip => {
            out.reserve_exact(most);
            // Whatever came out before an error is there.
            let _ = Decompress::new_gzip(15).decompress_vec(head, &mut out, FlushDecompress::Sync);
        }
        Packing::Zstd => {
            let mut rest = head;
            while let Some(length) = skipped_frame(rest) {
                rest = rest.get(usize::try_from(length).unwrap_or(usize::MAX)..).unwrap_or(&[]);
            }
            let mut decoder = FrameDecoder::new();
            if start_frame(&mut decoder, &mut rest).is_ok() {
                let _ = decode(&mut decoder, &mut rest, BlockDecodingStrategy::UptoBytes(most));
                if !decoder.is_finished() {
                    finish_early(&mut decoder);
                }
                out.resize(most, 0);
                let read = decoder.read(&mut out).unwrap_or(0);
                out.truncate(read);
            }
        }
    }
    out.truncate(most);
    out
}

/// How long the frame is that starts here, if it is one to be skipped (RFC 8878, 3.1.2), bytes.
fn skipped_frame(head: &[u8]) -> Option<u64> {
    match head {
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => Some(8 + u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => None,
    }
}

// The decoder is there once a kind of reader: hence one kind.
fn start_frame(decoder: &mut FrameDecoder, source: &mut dyn Read) -> Result<(), FrameDecoderError> {
    decoder.set_max_window_size(ZSTD_WINDOW);
    decoder.reset(source)
}

fn decode(
    decoder: &mut FrameDecoder,
    source: &mut dyn Read,
    strategy: BlockDecodingStrategy,
) -> Result<bool, FrameDecoderError> {
    decoder.decode_blocks(source, strategy)
}

/// The decoder keeps what later blocks may look back to until the frame ends: gives it an end (an empty last block, and a
/// checksum that nobody compares), so that all that was decoded can be taken.
fn finish_early(decoder: &mut FrameDecoder) {
    let mut end: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
    let _ = decode(decoder, &mut end, BlockDecodingStrategy::UptoBlocks(1));
}

struct Stream<'a> {
    window: Window,
    /// Where the next byte is read.
    at: u64,
    out: Held,
    meter: Meter,
    name: &'a str,
}

impl Stream<'_> {
    fn refused(&self, why: &str) -> Fault {
        Fault::new(
            FaultKind::OverBudget,
            format!("{} was not opened: {why}. Unpack it by hand and open the folder or file.", self.name),
        )
    }

    fn head(&mut self, want: u64) -> Result<&[u8], Fault> {
        self.window.get(self.at, want, self.at.saturating_add(WINDOW))
    }

    /// Whether all that is left is padding, as tapes and block devices add it.
    fn is_padding(&mut self) -> Result<bool, Fault> {
        loop {
            let bytes = self.head(1)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            self.at += bytes.len() as u64;
        }
    }

    fn gzip(&mut self) -> Result<End, Fault> {
        // Whole members so far.
        let (mut packed, mut inflated) = (0_u64, 0_u64);
        loop {
            match self.head(2)? {
                [] => return Ok(End::Whole),
                [0x1f, 0x8b, ..] => {}
                _ if packed == 0 => return Ok(End::Damaged("is not gzip")),
                _ => return Ok(if self.is_padding()? { End::Whole } else { End::Garbage }),
            }
            let mut member = Decompress::new_gzip(15);
            loop {
                let input = self.window.get(self.at, 1, self.at.saturating_add(WINDOW))?;
                if input.is_empty() {
                    return Ok(End::Cut);
                }
                let out = match self.out.room(1) {
                    Ok(out) => out,
                    Err(why) => return Err(self.refused(&why)),
                };
                let before = (member.total_in(), member.total_out());
                let status = member.decompress_vec(input, out, FlushDecompress::None);
                let (read, written) = (member.total_in(), member.total_out());
                self.at += read - before.0;
                if let Err(why) = self.meter.allows(0, inflated + written, packed + read) {
                    return Err(self.refused(&why));
                }
                match status {
                    Ok(Status::StreamEnd) => break,
                    Ok(_) if (read, written) != before => {}
                    Ok(_) => return Ok(End::Cut),
                    Err(_) if inflated + written == 0 && packed > 0 => return Ok(End::Garbage),
                    Err(_) => return Ok(End::Damaged("is damaged")),
                }
            }
            packed += member.total_in();
            inflated += member.total_out();
            self.meter.book(0, inflated, packed);
        }
    }

    fn zstd(&mut self) -> Result<End, Fault> {
        let mut decoder = FrameDecoder::new();
        let mut frames = 0_u64;
        loop {
            let head = self.head(8)?;
            if head.is_empty() {
                return Ok(End::Whole);
            }
            if let Some(length) = skipped_frame(head) {
                self.at = self.at.saturating_add(length);
                continue;
            }
            let frame_at = self.at;
            match self.feed(|source| start_frame(&mut decoder, source))? {
                Ok(()) => {}
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => {
                    return Err(self.refused("it was compressed with a window of more than 128 MB (`--long`)"));
                }
                Err(FrameDecoderError::DictNotProvided { .. }) => {
                    return Ok(End::Damaged("needs a dictionary that is not here"));
                }
                Err(_) if frames > 0 => {
                    self.at = frame_at;
                    return Ok(if self.is_padding()? { End::Whole } else { End::Garbage });
                }
                Err(_) if self.at >= self.window.file_size() => return Ok(End::Cut),
                Err(_) => return Ok(End::Damaged("is not Zstandard, or damaged at its start")),
            }
            loop {
                let block =
                    |source: &mut Source<'_>| decode(&mut decoder, source, BlockDecodingStrategy::UptoBlocks(1));
                let is_over = self.feed(block)?.is_err();
                let is_cut = self.at >= self.window.file_size();
                if is_over {
                    finish_early(&mut decoder);
                }
                self.collect(&mut decoder)?;
                if is_over {
                    return Ok(if is_cut { End::Cut } else { End::Damaged("is damaged") });
                }
                if decoder.is_finished() {
                    break;
                }
            }
            let stated = decoder.get_checksum_from_data();
            if stated.is_some() && stated != decoder.get_calculated_checksum() {
                return Ok(End::Damaged("does not have the checksum that it states"));
            }
            frames += 1;
        }
    }

    /// Lets `decode` read from here on; a fault of the file comes before what became of it.
    fn feed<T>(&mut self, decode: impl FnOnce(&mut Source<'_>) -> T) -> Result<T, Fault> {
        let mut source = Source { window: &mut self.window, at: &mut self.at, fault: None };
        let outcome = decode(&mut source);
        match source.fault {
            Some(fault) => Err(fault),
            None => Ok(outcome),
        }
    }

    /// Takes what the decoder will not need any more.
    fn collect(&mut self, decoder: &mut FrameDecoder) -> Result<(), Fault> {
        while decoder.can_collect() > 0 {
            let out = match self.out.room(1) {
                Ok(out) => out,
                Err(why) => return Err(self.refused(&why)),
            };
            let before = out.len();
            out.resize(out.capacity().min(before.saturating_add(decoder.can_collect())), 0);
            let read = out.get_mut(before..).and_then(|free| decoder.read(free).ok()).unwrap_or(0);
            out.truncate(before + read);
            if read == 0 {
                break;
            }
        }
        let (inflated, packed) = (self.out.size(), self.at);
        if let Err(why) = self.meter.allows(0, inflated, packed) {
            return Err(self.refused(&why));
        }
        self.meter.book(0, inflated, packed);
        Ok(())
    }
}

/// The rest of the file for a decoder that wants to read.
struct Source<'a> {
    window: &'a mut Window,
    at: &'a mut u64,
    fault: Option<Fault>,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.window.get(*self.at, buffer.len() as u64, self.at.saturating_add(WINDOW)) {
            Ok(bytes) => {
                let count = bytes.len().min(buffer.len());
                if let (Some(from), Some(to)) = (bytes.get(..count), buffer.get_mut(..count)) {
                    to.copy_from_slice(from);
                }
                *self.at += count as u64;
                Ok(count)
            }
            Err(fault) => {
                self.fault = Some(fault);
                Err(std::io::ErrorKind::Other.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Packing, inflate};
    use crate::sources::archive::examine::{mutated, random, whole};
    use crate::sources::archive::{Allowance, Budget};
    use crate::sources::zip::craft::Memory;
    use std::io::Write;
    use std::rc::Rc;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::GzBuilder::new().filename("x").write(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zstd(data: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn describe(packing: Packing, bytes: Vec<u8>, budget: Budget) -> String {
        match inflate(packing, Rc::new(Memory { bytes, ..Memory::default() }), "it", &Allowance::from(budget)) {
            Ok((held, report)) => {
                let bytes = whole(&held).expect("memory");
                let sum = bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
                let notices: Vec<&str> = report.notices().iter().map(|notice| notice.reason.word()).collect();
                format!("{} {:x} {}", bytes.len(), sum, notices.join(" "))
            }
            Err(fault) => format!("!{:?}", fault.kind),
        }
    }

    type Pack = fn(&[u8]) -> Vec<u8>;
    const BOTH: [(Packing, Pack); 2] = [(Packing::Gzip, gzip), (Packing::Zstd, zstd)];

    /// What it should say of so much of the text.
    fn said(data: &[u8], notice: &str) -> String {
        let sum = data.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        format!("{} {sum:x} {notice}", data.len())
    }

    fn text() -> Vec<u8> {
        (0..60_000_u32)
            .flat_map(|number| format!("{number} 0.{}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn all_members_and_frames_come_out() {
        let text = text();
        for (packing, pack) in BOTH {
            let check = |bytes: Vec<u8>, expected: String| {
                assert_eq!(describe(packing, bytes, Budget::default()), expected, "{packing:?}");
            };
            let packed = pack(&text);
            check(packed.clone(), said(&text, ""));
            check(pack(b""), said(b"", ""));
            check([packed.clone(), pack(b"more")].concat(), said(&[&text[..], b"more"].concat(), ""));
            check([packed.clone(), vec![0; 700]].concat(), said(&text, ""));
            check([&packed[..], b"garbage after it"].concat(), said(&text, "archive-size"));
            check(b"no such thing".to_vec(), "!Unreadable".to_owned());
            check(packed[..3].to_vec(), "!Unreadable".to_owned());
            let mut broken = packed.clone();
            let at = broken.len() - 2 - if packing == Packing::Gzip { 4 } else { 0 };
            broken[at] ^= 1;
            check(broken, said(&text, "archive-damaged"));
        }
        let skipped =
            [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9][..], &zstd(b"x"), &[0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]];
        assert_eq!(describe(Packing::Zstd, skipped.concat(), Budget::default()), said(b"x", ""));
    }

    #[test]
    fn what_is_cut_gives_what_it_holds() {
        let text = text();
        for (packing, pack) in BOTH {
            let packed = pack(&text);
            for end in [packed.len() - 1, packed.len() * 9 / 10, packed.len() / 2] {
                let memory = Rc::new(Memory { bytes: packed[..end].to_vec(), ..Memory::default() });
                let (held, report) = inflate(packing, memory, "it", &Allowance::default()).expect("something");
                let bytes = whole(&held).expect("memory");
                assert!(text.starts_with(&bytes), "{packing:?} {end}");
                let least = (end as f64 / packed.len() as f64 * text.len() as f64) as usize - 140_000;
                assert!(bytes.len() >= least, "{packing:?} {end}: {} of {least}", bytes.len());
                assert_eq!(report.notices()[0].reason.word(), "archive-truncated");
            }
        }
    }

    #[test]
    fn bombs_run_into_the_budget() {
        let zeros = vec![0; 8 << 20];
        for (packing, pack) in BOTH {
            let packed = pack(&zeros);
            let check =
                |budget: Budget, expected: &str| assert_eq!(describe(packing, packed.clone(), budget), expected);
            check(Budget { ratio: 100, ratio_from: 1 << 20, ..Budget::default() }, "!OverBudget");
            check(Budget { held: 4 << 20, ..Budget::default() }, "!OverBudget");
            check(Budget { inflated: 4 << 20, ..Budget::default() }, "!OverBudget");
            check(Budget::default(), &said(&zeros, ""));
        }
        let many: Vec<u8> = gzip(&zeros[..100_000]).repeat(80);
        let budget = Budget { ratio: 100, ratio_from: 1 << 20, ..Budget::default() };
        assert_eq!(describe(Packing::Gzip, many, budget), "!OverBudget");
        // A frame that wants to look back two gigabytes.
        let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 1, 0, 0];
        assert_eq!(describe(Packing::Zstd, window.to_vec(), Budget::default()), "!OverBudget");
    }

    #[test]
    fn no_change_of_bytes_brings_it_down() {
        let text = text();
        let mut random = random();
        let budget = Budget { inflated: 1 << 20, held: 1 << 20, ratio: 300, ratio_from: 100_000, ..Budget::default() };
        for (packing, pack) in BOTH {
            let real: &[u8] = match packing {
                Packing::Gzip => include_bytes!("../../tests/fixtures/archives/pax.tgz"),
                Packing::Zstd => include_bytes!("../../tests/fixtures/archives/gnu.tar.zst"),
            };
            let several = [pack(&text[..500]), pack(&[b'x'; 3_000]), pack(b"")].concat();
            let originals = [pack(&text[..20_000]), several, real.to_vec()];
            for round in 0..crate::sources::mutation_tests::rounds(3_000) {
                let bytes = mutated(&originals[round % 3], &mut random);
                let _ = super::peek(packing, &bytes, 4_096);
                let memory = Rc::new(Memory { bytes, ..Memory::default() });
                if let Ok((held, _)) = inflate(packing, memory, "it", &Allowance::from(budget)) {
                    assert!(whole(&held).expect("memory").len() <= 1 << 20);
                }
            }
        }
    }
}

//! WHAT IS THIS FILE? Told by its first bytes, never by its name. It must not know what becomes of it.

use crate::sources::inflate::{Packing, peek};
use crate::sources::tar::header;

/// How many first bytes tell, at most.
pub const HEAD: u64 = 4 << 10;
/// How many first bytes of a compressed file tell what is in it: a block of Zstandard comes as a whole or not at all.
pub const PACKED_HEAD: u64 = 160 << 10;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No bytes.
    Empty,
    /// A SQLite database (file format, 1.3).
    Sqlite,
    /// An archive that can be a folder.
    Zip,
    /// Likewise.
    Tar,
    /// A compressed file.
    Packed(Packing),
    /// An archive or compressed file that can not be read, by its name among people.
    Foreign(&'static str),
    /// Text that starts like a JSON object or array.
    Json,
    /// Text in lines with the same number of commas, semicolons or tabs.
    Csv,
    /// Other text.
    Text,
    /// Anything else.
    Other,
}

/// The first bytes of files that say what they are.
const MAGICS: &[(&[u8], Kind)] = &[
    (b"SQLite format 3\0", Kind::Sqlite),
    // An entry, the end of an empty archive, a split marker before the first entry (APPNOTE.TXT 4.3.7, 4.3.16, 8.5.4).
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"PK\x07\x08", Kind::Zip),
    (b"\x1f\x8b\x08", Kind::Packed(Packing::Gzip)),
    (b"\x28\xb5\x2f\xfd", Kind::Packed(Packing::Zstd)),
    (b"BZh", Kind::Foreign("bzip2")),
    (b"\xfd7zXZ\0", Kind::Foreign("xz")),
    (b"7z\xbc\xaf\x27\x1c", Kind::Foreign("7-Zip")),
    (b"Rar!\x1a\x07", Kind::Foreign("RAR")),
    (b"LZIP", Kind::Foreign("lzip")),
    (b"\x04\x22\x4d\x18", Kind::Foreign("LZ4")),
];

/// What a file is that starts with `head`, which holds [`HEAD`] bytes, or the whole file.
pub fn kind(head: &[u8]) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    if let Some((_, kind)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *kind;
    }
    // Frames of Zstandard that are to be skipped may come first (RFC 8878, 3.1.2).
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = head {
        return Kind::Packed(Packing::Zstd);
    }
    if !head.get(..header::BLOCK).is_none_or(header::is_zero) && header::parse(head).is_some() {
        return Kind::Tar;
    }
    text_kind(head)
}

/// What lies in a compressed file that starts with `head`, which holds [`PACKED_HEAD`] bytes, or the whole file.
pub fn kind_inside(packing: Packing, head: &[u8]) -> Kind {
    kind(&peek(packing, head, HEAD as usize))
}

fn text_kind(head: &[u8]) -> Kind {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        // The head may end within a character.
        Err(error) if error.error_len().is_none() => {
            text.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or("")
        }
        Err(_) => return Kind::Other,
    };
    if text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) {
        return Kind::Other;
    }
    let mut marks = text.chars().filter(|c| !c.is_ascii_whitespace());
    match (marks.next(), marks.next()) {
        (Some('{'), Some('"' | '}') | None) => Kind::Json,
        (Some('['), Some('{' | '[' | '"' | ']' | '-' | '0'..='9') | None) => Kind::Json,
        _ if is_table(text) => Kind::Csv,
        _ => Kind::Text,
    }
}

/// Whether the first two records have the same number of fields, more than one. The second may be cut where the head ends.
fn is_table(text: &str) -> bool {
    [',', ';', '\t'].into_iter().any(|mark| {
        let (mut counts, mut at_record, mut is_quoted) = ([0_u32; 2], 0_usize, false);
        for c in text.trim_end().chars() {
            match c {
                '"' => is_quoted = !is_quoted,
                '\n' if !is_quoted => at_record += 1,
                c if c == mark && !is_quoted => {
                    if let Some(count) = counts.get_mut(at_record) {
                        *count += 1;
                    }
                }
                _ => {}
            }
            if at_record == counts.len() {
                break;
            }
        }
        let [first, second] = counts;
        let is_whole = at_record >= counts.len() || text.len() < HEAD as usize / 2;
        first > 0 && at_record > 0 && (first == second || (!is_whole && second < first))
    })
}

#[cfg(test)]
mod tests {
    use super::{HEAD, Kind, kind, kind_inside};
    use crate::sources::inflate::Packing;
    use std::io::Write;

    #[test]
    fn content_tells() {
        let check = |head: &[u8], expected: Kind| {
            assert_eq!(kind(head), expected, "{:?}", String::from_utf8_lossy(&head[..head.len().min(60)]));
        };
        check(b"", Kind::Empty);
        check(b"SQLite format 3\0\x10\0", Kind::Sqlite);
        check(b"SQLite format 3", Kind::Text);
        check(b"PK\x03\x04rest", Kind::Zip);
        check(b"\x1f\x8b\x08\0", Kind::Packed(Packing::Gzip));
        check(b"\x28\xb5\x2f\xfd", Kind::Packed(Packing::Zstd));
        check(b"\x51\x2a\x4d\x18\0\0\0\0", Kind::Packed(Packing::Zstd));
        check(b"BZh91AY", Kind::Foreign("bzip2"));
        check(b"\xfd7zXZ\0\0", Kind::Foreign("xz"));
        check(b"7z\xbc\xaf\x27\x1c", Kind::Foreign("7-Zip"));
        check(b"Rar!\x1a\x07\x01\0", Kind::Foreign("RAR"));
        check(&[0; 1024], Kind::Other);
        check(b" {\"runs\": []}", Kind::Json);
        check(b"\xef\xbb\xbf[\n {\"a\": 1}]", Kind::Json);
        check(b"[section]\nkey = 1\n", Kind::Text);
        check(b"[1, 2]", Kind::Json);
        check(b"{{ template }}", Kind::Text);
        check(b"run_id,status\na,FINISHED\n", Kind::Csv);
        check(b"run_id;status;x\r\na;\"b;\n;c\";y\r\n", Kind::Csv);
        check(b"a\tb\n1\t2", Kind::Csv);
        check(b"Hello, world.\nHow are you?\n", Kind::Text);
        check(b"run_id,status\n", Kind::Text);
        check("größe,ü\n1,2\n".as_bytes(), Kind::Csv);
        check(b"\x89PNG\r\n\x1a\n", Kind::Other);
        check(b"plain\0text", Kind::Other);
        let long = format!("a,b,c\n1,\"{}", "ü\n".repeat(3_000));
        check(&long.as_bytes()[..HEAD as usize], Kind::Csv);
    }

    #[test]
    fn what_is_compressed_is_told_as_well() {
        let check = |content: &[u8], expected: Kind| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(content).expect("memory");
            let gzip = gzip.finish().expect("memory");
            let zstd = ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest);
            for (packing, whole) in [(Packing::Gzip, gzip), (Packing::Zstd, zstd)] {
                for length in [whole.len(), whole.len().min(150_000)] {
                    assert_eq!(kind(&whole), Kind::Packed(packing));
                    assert_eq!(kind_inside(packing, &whole[..length]), expected, "{packing:?} {length}");
                }
            }
        };
        check(b"run_id,status\na,FINISHED\n", Kind::Csv);
        let mut state = 1_u32;
        let mut noise = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let database: Vec<u8> = b"SQLite format 3\0".iter().copied().chain((0..400_000).map(&mut noise)).collect();
        check(&database, Kind::Sqlite);
        check(&database[20..], Kind::Other);
        check(b"", Kind::Empty);
    }
}

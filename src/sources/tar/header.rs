//! A HEADER OF A TAR: 512 bytes as POSIX, GNU and the old v7 write them, and the records of PAX. It must not know what follows.
//!
//! Format: POSIX.1-2017 `pax`, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".

/// Size of a block, bytes.
pub const BLOCK: usize = 512;

/// What a header says. Nothing of it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As stored, with the prefix of ustar.
    pub name: Vec<u8>,
    /// Of the content, in bytes, as stated.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// Whether blocks with more of GNU's map of holes lie before the content, see [`has_more_holes`].
    pub has_more_holes: bool,
}

/// What an entry is, by its type flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or anything unknown, which is to be taken for one.
    File,
    /// A folder.
    Folder,
    /// A hard or symbolic link.
    Link,
    /// A device or a pipe, the label of a volume: nothing that could be read.
    Other,
    /// A file with holes, as GNU wrote it before PAX.
    Sparse,
    /// The content is the name of the next entry.
    LongName,
    /// The content are PAX records for the next entry.
    Pax,
    /// The content is of no use here: a long link name, global PAX records, a list of files.
    Skipped,
}

impl Kind {
    fn of(flag: u8) -> Kind {
        match flag {
            b'1' | b'2' => Kind::Link,
            b'3' | b'4' | b'6' | b'V' => Kind::Other,
            b'5' => Kind::Folder,
            b'D' | b'K' | b'g' => Kind::Skipped,
            b'L' => Kind::LongName,
            b'S' => Kind::Sparse,
            b'x' | b'X' => Kind::Pax,
            _ => Kind::File,
        }
    }

    /// Whether blocks of content follow; those of links, folders and devices state sizes that mean nothing.
    pub fn has_content(self) -> bool {
        !matches!(self, Kind::Folder | Kind::Link | Kind::Other)
    }
}

/// The header in a block; `None` when its checksum says that it is none.
pub fn parse(block: &[u8]) -> Option<Header> {
    let block: &[u8; BLOCK] = block.first_chunk()?;
    let field = |start: usize, length: usize| block.get(start..start + length).unwrap_or(&[]);
    let stated = number(field(148, 8))?;
    // The sum counts its own field as spaces; old writers added signed bytes.
    let others = || block.iter().enumerate().filter(|(at, _)| !(148..156).contains(at)).map(|(_, byte)| *byte);
    let spaces = 8 * u64::from(b' ');
    let unsigned = spaces + others().map(u64::from).sum::<u64>();
    let signed = spaces as i64 + others().map(|byte| i64::from(byte.cast_signed())).sum::<i64>();
    if stated != unsigned && i64::try_from(stated) != Ok(signed) {
        return None;
    }
    let mut name = Vec::new();
    // GNU's magic has a space where POSIX has a zero, and other fields in the place of the prefix.
    let prefix = text(field(345, 155));
    if field(257, 6) == b"ustar\0" && !prefix.is_empty() {
        name.extend_from_slice(prefix);
        name.push(b'/');
    }
    name.extend_from_slice(text(field(0, 100)));
    let kind = Kind::of(block.get(156).copied().unwrap_or(0));
    let size = number(field(124, 12)).or((!kind.has_content()).then_some(0))?;
    let has_more_holes = kind == Kind::Sparse && block.get(482).is_some_and(|flag| *flag != 0);
    Some(Header { name, size, kind, has_more_holes })
}

/// Whether after this block of GNU's map of holes another one follows.
pub fn has_more_holes(block: &[u8]) -> bool {
    block.get(504).is_some_and(|flag| *flag != 0)
}

/// Whether a block holds nothing: two of them end an archive.
pub fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// Up to the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or(&[])
}

/// Octal digits among spaces and zeros, or, with the first bit set, a binary number. Nothing is zero.
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (0x80, rest) => rest.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte))),
        (0x81.., _) => None,
        _ => {
            let digits = text(field).trim_ascii();
            let digit = |byte: &u8| matches!(byte, b'0'..=b'7').then(|| u64::from(byte - b'0'));
            digits.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(8)?.checked_add(digit(byte)?))
        }
    }
}

/// What PAX records say of the next entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pax {
    /// Its name.
    pub path: Option<Vec<u8>>,
    /// Its size.
    pub size: Option<u64>,
    /// Whether it has holes.
    pub is_sparse: bool,
}

impl Pax {
    /// Reads `length key=value\n` records, as far as they make sense.
    pub fn read(mut records: &[u8]) -> Pax {
        let mut pax = Pax::default();
        while let Some((record, rest)) = split_record(records) {
            records = rest;
            let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
            let (key, value) = (record.get(..equals).unwrap_or(&[]), record.get(equals + 1..).unwrap_or(&[]));
            match key {
                b"path" => {
                    pax.path.get_or_insert_with(|| value.to_vec());
                }
                b"GNU.sparse.name" => pax.path = Some(value.to_vec()),
                b"size" => pax.size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
                _ => {}
            }
            pax.is_sparse |= key.starts_with(b"GNU.sparse.");
        }
        pax
    }
}

fn split_record(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(records.get(..space)?).ok()?.parse().ok()?;
    let record = records.get(space + 1..length)?;
    Some((record.strip_suffix(b"\n").unwrap_or(record), records.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::{Pax, number};

    #[test]
    fn numbers_are_octal_or_binary() {
        let check = |field: &[u8], expected: Option<u64>| assert_eq!(number(field), expected, "{field:?}");
        check(b"00000000017\0", Some(15));
        check(b"     17 \0", Some(15));
        check(b"\0\0\0\0", Some(0));
        check(b"0000018\0", None);
        check(b"7777777777777777777777777", None);
        check(&[0x80, 0, 0, 1, 0, 0], Some(1 << 16));
        check(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None);
        check(&[0xff; 12], None);
    }

    #[test]
    fn pax_records_count_themselves() {
        let path = |name: &str| Pax { path: Some(name.into()), ..Pax::default() };
        assert_eq!(Pax::read(b"12 path=a/b\n"), path("a/b"));
        assert_eq!(Pax::read(b"14 path=a\nb=c\n9 size=7\n"), Pax { size: Some(7), ..path("a\nb=c") });
        assert_eq!(Pax::read(b"11 path=a/b"), path("a/b"), "without line break");
        assert_eq!(Pax::read(b"99 path=a\n"), Pax::default());
        assert_eq!(Pax::read(b"0 path=a\n"), Pax::default());
        assert_eq!(Pax::read(b"3 path=a\n"), Pax::default());
        assert!(Pax::read(b"22 GNU.sparse.major=1\n21 GNU.sparse.name=x\n").is_sparse);
    }
}

//! WHAT AN ARCHIVE HOLDS: entries as they are found, each judged by its name and its kind. It must not know whether they were
//! found in the central directory or by walking from header to header, and reads nothing itself.

use super::wire::Stated;
use crate::model::{Reason, Report};
use crate::sources::archive::Budget;
use crate::sources::archive::listing::{EntryKind, Listing, Take};
use crate::sources::archive::name;
use crate::sources::index::PathIndex;

/// Where an entry lies and what is said of it. Nothing of it is trusted.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Of its local header in the file.
    pub offset: u64,
    /// Where the next header starts: no byte of this entry lies there or behind. Zero when it shares its place with another.
    pub limit: u64,
    /// Packed bytes, as stated.
    pub packed: u64,
    /// Unpacked bytes, as stated.
    pub size: u64,
    /// Of the unpacked bytes, where stated.
    pub crc: Option<u32>,
    /// How it is compressed.
    pub method: u16,
    /// As in [`Stated`].
    pub flags: u16,
}

/// An entry as a header names it.
pub struct Found<'a> {
    /// As stored.
    pub raw_name: &'a [u8],
    /// The extra fields.
    pub extra: &'a [u8],
    /// Sizes and kind.
    pub stated: Stated,
    /// Of its local header in the file.
    pub offset: u64,
    /// File type and permissions of Unix, where known.
    pub unix_mode: Option<u32>,
    /// Whether the checksum is known.
    pub has_crc: bool,
}

/// Collects entries.
pub struct Catalogue {
    listing: Listing,
    records: Vec<Record>,
    /// Where entries start that were left out; they bound the others all the same.
    bounds: Vec<u64>,
}

impl Catalogue {
    /// Without entries.
    pub fn new(budget: Budget) -> Catalogue {
        Catalogue { listing: Listing::new(budget), records: Vec::new(), bounds: Vec::new() }
    }

    /// The same with room for so many entries, whose names have so many bytes in all.
    pub fn with_room(budget: Budget, entries: usize, name_bytes: usize) -> Catalogue {
        Catalogue {
            listing: Listing::with_room(budget, entries, name_bytes),
            records: Vec::with_capacity(entries),
            bounds: Vec::with_capacity(entries),
        }
    }

    /// How many entries were found, left out or not.
    pub fn found(&self) -> u64 {
        self.listing.found()
    }

    /// The number that the next entry gets, if it is not left out.
    pub fn next_number(&self) -> u32 {
        self.listing.next_number()
    }

    /// Takes an entry, or leaves it out with a notice. `false` when the budget allows no more.
    pub fn add(&mut self, found: &Found<'_>) -> bool {
        let name = unicode_name(found).unwrap_or_else(|| name::decode(found.raw_name, found.stated.is_utf8()));
        let kind = match found.unix_mode.unwrap_or(0) & 0xf000 {
            0xa000 => EntryKind::Link,
            0x4000 => EntryKind::Folder,
            _ => EntryKind::ByName,
        };
        let path = match self.listing.take(&name, kind) {
            Take::Taken(path) => path,
            Take::LeftOut => {
                self.bounds.push(found.offset);
                return true;
            }
            Take::Full => return false,
        };
        self.bounds.push(found.offset);
        if !path.ends_with('/')
            && let Some((reason, message)) = barred(found.stated.flags, found.stated.method, &path)
        {
            self.listing.report.note(reason, path, None, message);
        }
        self.records.push(Record {
            offset: found.offset,
            limit: found.offset,
            packed: found.stated.packed,
            size: found.stated.size,
            crc: found.has_crc.then_some(found.stated.crc),
            method: found.stated.method,
            flags: found.stated.flags,
        });
        true
    }

    /// All entries in order, the last of each name. `end` is where the data of the last entry must end.
    pub fn finish(self, end: u64) -> (PathIndex, Vec<Record>, Report) {
        let Catalogue { listing, mut records, mut bounds } = self;
        bounds.sort_unstable();
        for record in &mut records {
            let next = bounds.partition_point(|start| *start <= record.offset);
            record.limit = bounds.get(next).copied().unwrap_or(end).min(end.max(record.offset));
        }
        let (index, mut report) = listing.finish();
        refuse_shared_places(&index, &mut records, &mut report);
        (index, records, report)
    }
}

/// Two names for one place in the file: only the later one can be read, since what inflates twice counts twice.
fn refuse_shared_places(index: &PathIndex, records: &mut [Record], report: &mut Report) {
    let mut numbers: Vec<u32> = index.numbers().to_vec();
    let offset = |records: &[Record], number: u32| records.get(number as usize).map_or(0, |record| record.offset);
    numbers.sort_unstable_by_key(|number| (offset(records, *number), *number));
    for pair in numbers.windows(2) {
        let [first, second] = pair else { continue };
        if offset(records, *first) == offset(records, *second) {
            let path = index.path(*first);
            let message = format!("`{path}` shares its bytes with `{}`, as archive bombs do", index.path(*second));
            report.note(Reason::ArchiveBudget, path, None, message);
            if let Some(record) = records.get_mut(*first as usize) {
                record.limit = 0;
            }
        }
    }
}

/// Why an entry can not be read, judged by its headers alone.
pub fn barred(flags: u16, method: u16, path: &str) -> Option<(Reason, String)> {
    if flags & 1 != 0 {
        return Some((Reason::ArchiveEncrypted, format!("`{path}` is encrypted")));
    }
    let name = match method {
        0 | 8 => return None,
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        9 => "Deflate64",
        10 => "PKWARE's implode",
        12 => "bzip2",
        14 => "LZMA",
        16 | 18 | 19 => "an IBM method",
        20 | 93 => "Zstandard",
        94 => "MP3",
        95 => "XZ",
        96 => "JPEG",
        97 => "WavPack",
        98 => "PPMd",
        99 => "AES encryption",
        _ => "an unknown method",
    };
    Some((Reason::ArchiveMethod, format!("`{path}` is packed with {name} (method {method})")))
}

/// The name from Info-ZIP's extra field for names in Unicode, if it belongs to the name in the header.
fn unicode_name(found: &Found<'_>) -> Option<String> {
    let field = super::wire::extra_field(found.extra, 0x7075)?;
    let mut crc = flate2::Crc::new();
    crc.update(found.raw_name);
    let belongs = field.first() == Some(&1) && super::wire::u32_at(field, 1) == Some(crc.sum());
    let name = std::str::from_utf8(field.get(5..)?).ok()?;
    (belongs && !name.is_empty()).then(|| name.to_string())
}

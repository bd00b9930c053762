//! AN ARCHIVE WITHOUT ITS DIRECTORY: walks from local header to local header, and finds what a cut or damaged archive still
//! holds. It must not know what was wrong with the directory.

use super::catalogue::{Catalogue, Found};
use super::entry::{LOCAL_SIZE, Reader};
use super::wire::{CENTRAL, DESCRIPTOR, LOCAL, Stated, u16_at};
use crate::sources::Fault;
use crate::sources::archive::window::{WINDOW, Window};

/// Hands all entries that have a local header to the catalogue.
///
/// # Errors
/// Those of the file.
pub fn scan(reader: &mut Reader, into: &mut Catalogue) -> Result<(), Fault> {
    let mut next = find(reader.window(), 0, &[LOCAL])?;
    while let Some(at) = next {
        let Some(header) = header(reader.window(), at)? else { return Ok(()) };
        let Header { raw_name, extra, mut stated } = header;
        let start = at + LOCAL_SIZE + (raw_name.len() + extra.len()) as u64;
        let size = reader.window().file_size();
        let stated_end = start.saturating_add(stated.packed);
        let is_unknown = stated.is_streamed() && stated.packed == 0;
        let is_inflatable = stated.method == 8 && !stated.is_encrypted();
        let end = if !is_unknown && stated_end <= size {
            stated_end
        } else if is_inflatable {
            reader.end_of_deflated(into.next_number(), start)?.unwrap_or(start)
        } else if is_unknown {
            let end = find(reader.window(), start, &[DESCRIPTOR, LOCAL, CENTRAL])?.unwrap_or(size);
            (stated.packed, stated.size) = (end - start, end - start);
            end
        } else {
            size
        };
        let has_crc = !stated.is_streamed();
        let found = Found { raw_name: &raw_name, extra: &extra, stated, offset: at, unix_mode: None, has_crc };
        if !into.add(&found) {
            return Ok(());
        }
        next = find(reader.window(), end.max(start), &[LOCAL])?;
    }
    Ok(())
}

struct Header {
    raw_name: Vec<u8>,
    extra: Vec<u8>,
    stated: Stated,
}

/// The local header at `at`; `None` when the file ends in it.
fn header(window: &mut Window, at: u64) -> Result<Option<Header>, Fault> {
    let bytes = window.get(at, LOCAL_SIZE + 2 * 0xffff, at.saturating_add(WINDOW))?;
    let fixed = LOCAL_SIZE as usize;
    let parse = || {
        let (name, extra) = (usize::from(u16_at(bytes, 26)?), usize::from(u16_at(bytes, 28)?));
        let raw_name = bytes.get(fixed..fixed + name)?.to_vec();
        let extra = bytes.get(fixed + name..fixed + name + extra)?.to_vec();
        let mut stated = Stated::parse(bytes, 6)?;
        stated.widen(&extra, None);
        Some(Header { raw_name, extra, stated })
    };
    Ok(parse())
}

/// Where the first of `signatures` starts, at `from` or later.
fn find(window: &mut Window, from: u64, signatures: &[&[u8; 4]]) -> Result<Option<u64>, Fault> {
    let mut at = from;
    loop {
        let bytes = window.get(at, 4, at.saturating_add(WINDOW))?;
        if bytes.len() < 4 {
            return Ok(None);
        }
        let mut rest = bytes;
        while let Some(letter) = rest.iter().position(|byte| *byte == b'P') {
            rest = rest.get(letter..).unwrap_or(&[]);
            if signatures.iter().any(|signature| rest.starts_with(*signature)) {
                return Ok(Some(at + (bytes.len() - rest.len()) as u64));
            }
            rest = rest.get(1..).unwrap_or(&[]);
        }
        at += bytes.len() as u64 - 3;
    }
}

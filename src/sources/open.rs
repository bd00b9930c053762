//! From things that were given (folders, files) to a source: archives become folders, several things become one tree.
//!
//! It must not know who gave them: the browser's worker and the command line come through here alike.

use crate::sources::mlruns::FileStores;
use crate::sources::mounts::mount;
use crate::sources::zip::{Budget, ZipFolder};
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk, Source};
use std::rc::Rc;

/// One thing that was given.
pub enum Part {
    /// A folder.
    Folder(Rc<dyn Folder>),
    /// A file: an archive, or anything else.
    File(Rc<dyn Bytes>),
}

/// Makes one source of all parts, each with its name.
///
/// # Errors
/// When a file can not be read; when an archive is none.
pub fn source(parts: Vec<(String, Part)>) -> Result<Rc<dyn Source>, Fault> {
    if parts.is_empty() {
        return Err(Fault::new(FaultKind::NotRecognised, "Nothing was given to open."));
    }
    let mut folders: Vec<(String, Rc<dyn Folder>)> = Vec::new();
    for (name, part) in parts {
        let folder: Rc<dyn Folder> = match part {
            Part::Folder(folder) => folder,
            Part::File(bytes) if is_zip(&*bytes)? => Rc::new(ZipFolder::open(bytes, Budget::default())?),
            Part::File(bytes) => Rc::new(Alone { name: name.clone(), bytes }),
        };
        folders.push((name, folder));
    }
    Ok(Rc::new(FileStores::new(mount(folders))))
}

/// Whether the first bytes are those of a zip: an entry, or the end of an empty archive (APPNOTE.TXT 4.3.7, 4.3.16), or a
/// split marker before the first entry (8.5.4).
fn is_zip(bytes: &dyn Bytes) -> Result<bool, Fault> {
    let head = bytes.read(0..4)?;
    Ok(matches!(head.as_slice(), [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] | [b'P', b'K', 7, 8]))
}

/// A single file as a folder that holds it alone.
struct Alone {
    name: String,
    bytes: Rc<dyn Bytes>,
}

impl Folder for Alone {
    fn list<'a>(&'a self, dirs: &'a [String], _with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        let entry = || Entry { name: self.name.clone(), is_folder: false, size: Some(self.bytes.size()) };
        let lists = dirs.iter().map(|dir| if dir.is_empty() { vec![entry()] } else { Vec::new() }).collect();
        Box::pin(async move { Ok(lists) })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        let read = |ask: &ReadAsk| {
            if ask.path == self.name {
                self.bytes.read(ask.range.clone())
            } else {
                Err(Fault::new(FaultKind::NotFound, format!("{} is not there.", ask.path)))
            }
        };
        let answers = asks.iter().map(read).collect();
        Box::pin(async move { Ok(answers) })
    }
}

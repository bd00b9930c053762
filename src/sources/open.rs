//! From things that were given (folders, files) to a source: archives become folders, several things become one tree.
//!
//! It must not know who gave them: the browser's worker and the command line come through here alike.

use crate::sources::archive::Allowance;
use crate::sources::mounts::mount;
use crate::sources::stores::Stores;
use crate::sources::unpack::unpack;
use crate::sources::{Bytes, Fault, FaultKind, Folder, Source};
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
/// When a file can not be read; when an archive is damaged from its start on, or over budget.
pub fn source(parts: Vec<(String, Part)>) -> Result<Rc<dyn Source>, Fault> {
    if parts.is_empty() {
        return Err(Fault::new(FaultKind::NotRecognised, "Nothing was given to open."));
    }
    let allowance = Allowance::default();
    let mut folders: Vec<(String, Rc<dyn Folder>)> = Vec::new();
    let mut alone = None;
    for (name, part) in parts {
        let folder = match part {
            Part::Folder(folder) => folder,
            Part::File(bytes) => {
                let unpacked = unpack(&name, bytes, &allowance)?;
                alone = unpacked.alone;
                unpacked.folder
            }
        };
        folders.push((name, folder));
    }
    let alone = alone.filter(|_| folders.len() == 1);
    Ok(Rc::new(Stores::over(Rc::new(mount(folders)), allowance).all_of(alone)))
}

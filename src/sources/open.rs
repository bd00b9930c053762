//! From things that were given (folders, files) to a source: archives become folders, several things become one tree.
//!
//! It must not know who gave them: the browser's worker and the command line come through here alike.

use crate::model::{Reason, Report};
use crate::sources::archive::Allowance;
use crate::sources::mounts::mount;
use crate::sources::stores::Stores;
use crate::sources::unpack::{Loose, Unpacked, unpack};
use crate::sources::{Bytes, Fault, FaultKind, Folder, Source};
use std::rc::Rc;

/// A file and its name.
pub type NamedFile = (String, Rc<dyn Bytes>);

/// One thing that was given.
pub enum Part {
    /// A folder.
    Folder(Rc<dyn Folder>),
    /// A file: an archive, or anything else.
    File(Rc<dyn Bytes>),
    /// A file of a folder that was looked at, with those that belong to it: they are no things of their own.
    FileWith(Rc<dyn Bytes>, Vec<NamedFile>),
}

/// Makes one source of all parts, each with its name.
///
/// # Errors
/// When a file can not be read; when an archive is damaged from its start on, or over budget.
pub fn source(parts: Vec<(String, Part)>) -> Result<Rc<dyn Source>, Fault> {
    if parts.is_empty() {
        return Err(Fault::new(FaultKind::NotRecognised, "Nothing was given to open."));
    }
    let is_alone = parts.len() == 1;
    let allowance = Allowance::default();
    let (mut folders, mut files, mut report) = (Vec::new(), Vec::new(), Report::default());
    let (mut beside, mut is_known_whole) = (Vec::new(), true);
    for (name, part) in parts {
        let unpacked = match part {
            Part::Folder(folder) => Ok(Unpacked::Folder(folder)),
            Part::File(bytes) => {
                is_known_whole = false;
                unpack(&name, bytes, &allowance)
            }
            Part::FileWith(bytes, own) => {
                beside.extend(own);
                // what was packed lay beside other things before
                let is_itself = |unpacked: &Unpacked| matches!(unpacked, Unpacked::File(inner, ..) if *inner == name);
                unpack(&name, bytes, &allowance).inspect(|unpacked| is_known_whole &= is_itself(unpacked))
            }
        };
        // one that is broken does not spoil the others
        let unpacked = match unpacked {
            Err(fault) if is_alone => return Err(fault),
            Err(fault) => {
                report.note(Reason::NotOpened, &name, None, fault.message);
                continue;
            }
            Ok(unpacked) => unpacked,
        };
        match unpacked {
            Unpacked::Folder(folder) => folders.push((name, folder)),
            Unpacked::File(name, bytes, wrong) => {
                report.merge(wrong.under(&name));
                files.push((name, bytes));
            }
        }
    }
    let alone = match (files.as_slice(), folders.is_empty()) {
        ([(name, _)], true) => Some(name.clone()),
        _ => None,
    };
    if !files.is_empty() {
        files.extend(beside);
    }
    let tree = mount(folders, Loose::new(files, report).known_whole(is_known_whole));
    Ok(Rc::new(Stores::over(Rc::new(tree), allowance).all_of(alone)))
}

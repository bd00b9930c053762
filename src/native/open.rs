//! From a path to a source: a folder is a folder, a file has to be an archive of one.

use crate::native::disk::{Disk, DiskFile, fault};
use crate::sources::open::{Part, source};
use crate::sources::{Fault, Source};
use std::path::Path;
use std::rc::Rc;

/// Opens the folder or archive at `path`.
///
/// # Errors
/// When there is nothing at `path`, or nothing that could be read.
pub fn open(path: &Path) -> Result<Rc<dyn Source>, Fault> {
    let shown = path.to_string_lossy();
    let metadata = std::fs::metadata(path).map_err(|error| fault(&shown, &error))?;
    let part = if metadata.is_dir() {
        Part::Folder(Rc::new(Disk::new(path)))
    } else {
        Part::File(Rc::new(DiskFile::open(path)?))
    };
    let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy());
    source(vec![(name.into_owned(), part)])
}

//! From a path to a source: a folder is a folder, a file has to be an archive of one.

use crate::model::Report;
use crate::native::disk::{Disk, DiskFile};
use crate::sources::mlruns::FileStores;
use crate::sources::zip::{Budget, ZipFolder};
use crate::sources::{Bytes, Fault, FaultKind, Folder, Source};
use std::path::Path;
use std::rc::Rc;

/// Something that was opened.
pub struct Opened {
    folder: Rc<dyn Folder>,
    /// What the carrier skipped until now.
    take_report: Box<dyn Fn() -> Report>,
}

impl Opened {
    /// The tracking data in it.
    pub fn source(&self) -> Rc<dyn Source> {
        Rc::new(FileStores::new(self.folder.clone()))
    }

    /// What the carrier (an archive) skipped; ask when all is read.
    pub fn carrier_report(&self) -> Report {
        (self.take_report)()
    }
}

/// Opens the folder or archive at `path`.
///
/// # Errors
/// When there is nothing at `path`, or a file that is no archive.
pub fn open(path: &Path) -> Result<Opened, Fault> {
    let metadata = std::fs::metadata(path).map_err(|error| super::disk::fault(&path.to_string_lossy(), &error))?;
    if metadata.is_dir() {
        let disk = Rc::new(Disk::new(path));
        return Ok(Opened { folder: disk.clone(), take_report: Box::new(move || disk.take_report()) });
    }
    open_archive(Rc::new(DiskFile::open(path)?))
}

/// A file is an archive of a folder, or nothing that can be opened.
fn open_archive(bytes: Rc<dyn Bytes>) -> Result<Opened, Fault> {
    let magic = bytes.read(0..16)?;
    if magic.as_slice() == b"SQLite format 3\0" {
        return Err(Fault::new(FaultKind::NotRecognised, "This is a SQLite database, which can not be read yet."));
    }
    let folder = Rc::new(ZipFolder::open(bytes, Budget::default())?);
    Ok(Opened { folder: folder.clone(), take_report: Box::new(move || folder.take_report()) })
}

//! Folders and files on disk, as the seams of the sources.

use crate::model::{Reason, Report};
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk, path};
use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;

/// A folder on disk. Links to files are followed, links to folders are not: they may lead round in a circle.
pub struct Disk {
    root: PathBuf,
    report: RefCell<Report>,
}

impl Disk {
    /// The folder at `root`, which may itself be a link.
    pub fn new(root: impl Into<PathBuf>) -> Disk {
        Disk { root: root.into(), report: RefCell::default() }
    }

    fn list_one(&self, dir: &str, with_sizes: bool) -> Result<Vec<Entry>, Fault> {
        let path = self.root.join(dir);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(error) if dir.is_empty() => return Err(fault(&path.to_string_lossy(), &error)),
            // One forbidden folder does not spoil the others.
            Err(error) => {
                let message = fault(dir, &error).message;
                self.report.borrow_mut().note(Reason::FileUnreadable, dir, None, message);
                return Ok(Vec::new());
            }
        };
        let entry_of = |entry: std::fs::DirEntry| self.entry_of(dir, &entry, with_sizes);
        let mut list: Vec<Entry> = entries.filter_map(|entry| entry_of(entry.ok()?)).collect();
        list.sort();
        Ok(list)
    }

    fn entry_of(&self, dir: &str, entry: &std::fs::DirEntry, with_sizes: bool) -> Option<Entry> {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut kind = entry.file_type().ok()?;
        if kind.is_symlink() {
            let target = std::fs::metadata(entry.path()).map(|metadata| metadata.file_type());
            if !target.as_ref().is_ok_and(std::fs::FileType::is_file) {
                let path = path::join(dir, &name);
                let message = format!("{path} is a link that is not followed; open what it leads to by itself.");
                self.report.borrow_mut().note(Reason::ArchiveLink, path, None, message);
                return None;
            }
            kind = target.ok()?;
        }
        if !(kind.is_file() || kind.is_dir()) {
            return None;
        }
        let size = (with_sizes && kind.is_file()).then(|| std::fs::metadata(entry.path()).ok()).flatten();
        Some(Entry { name, is_folder: kind.is_dir(), size: size.map(|metadata| metadata.len()) })
    }

    fn read_one(&self, ask: &ReadAsk) -> Result<Vec<u8>, Fault> {
        let file = File::open(self.root.join(&ask.path)).map_err(|error| fault(&ask.path, &error))?;
        read_range(&file, &ask.range).map_err(|error| fault(&ask.path, &error))
    }
}

impl Folder for Disk {
    /// What was left out since it was last asked.
    fn take_report(&self) -> Report {
        self.report.take()
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move { dirs.iter().map(|dir| self.list_one(dir, with_sizes)).collect() })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move { Ok(asks.iter().map(|ask| self.read_one(ask)).collect()) })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move {
            let file = DiskFile::open(&self.root.join(path))?;
            Ok(Rc::new(DiskFile { name: path.to_owned(), ..file }) as Rc<dyn Bytes>)
        })
    }
}

/// A file on disk that stays open.
pub struct DiskFile {
    file: Mutex<File>,
    size: u64,
    name: String,
}

impl DiskFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// As the system says.
    pub fn open(path: &Path) -> Result<DiskFile, Fault> {
        let name = path.to_string_lossy().into_owned();
        let file = File::open(path).map_err(|error| fault(&name, &error))?;
        let metadata = file.metadata().map_err(|error| fault(&name, &error))?;
        if metadata.is_dir() {
            return Err(Fault::new(FaultKind::NotFound, format!("{name} is a folder.")));
        }
        let size = metadata.len();
        Ok(DiskFile { file: Mutex::new(file), size, name })
    }
}

impl Bytes for DiskFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        read_range(&file, &(range.start..range.end.min(self.size))).map_err(|error| fault(&self.name, &error))
    }
}

/// The bytes of a stretch, cut at the end of the file. Memory grows with what is there, not with what is asked.
fn read_range(mut file: &File, range: &Range<u64>) -> std::io::Result<Vec<u8>> {
    if range.start > 0 || file.stream_position()? > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let mut bytes = Vec::new();
    file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The system's error as a fault.
pub(super) fn fault(path: &str, error: &std::io::Error) -> Fault {
    let kind = match error.kind() {
        ErrorKind::NotFound => FaultKind::NotFound,
        _ => FaultKind::Unreadable,
    };
    Fault::new(kind, format!("{path}: {error}."))
}

#[cfg(test)]
mod tests {
    use super::{Disk, DiskFile};
    use crate::sources::{Bytes, Folder, ReadAsk};

    #[test]
    fn a_folder_on_disk_answers_like_any_other() {
        let root = std::env::temp_dir().join(format!("runglass-disk-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/b")).expect("a folder");
        std::fs::write(root.join("a/x.txt"), "12345").expect("a file");
        let disk = Disk::new(&root);
        let lists = pollster::block_on(disk.list(&["a".into(), "none".into(), "a/x.txt".into()], true)).expect("lists");
        let names: Vec<_> = lists[0].iter().map(|entry| (entry.name.as_str(), entry.is_folder, entry.size)).collect();
        assert_eq!(names, [("b", true, None), ("x.txt", false, Some(5))]);
        assert!(lists[1].is_empty() && lists[2].is_empty());
        let asks =
            [ReadAsk { path: "a/x.txt".into(), range: 1..3 }, ReadAsk::up_to("a/none", 9), ReadAsk::up_to("a", 9)];
        let read = pollster::block_on(disk.read(&asks)).expect("answers");
        assert_eq!(read[0].as_deref(), Ok(&b"23"[..]));
        assert!(read[1].is_err() && read[2].is_err());
        let file = DiskFile::open(&root.join("a/x.txt")).expect("a file");
        assert_eq!(
            (file.size(), file.read(3..99), file.read(0..2), file.read(9..12)),
            (5, Ok(b"45".to_vec()), Ok(b"12".to_vec()), Ok(Vec::new()))
        );
        let opened = pollster::block_on(disk.open("a/x.txt")).expect("opens");
        assert_eq!((opened.size(), opened.read(1..3)), (5, Ok(b"23".to_vec())));
        assert!(["a/none", "a"].iter().all(|path| pollster::block_on(disk.open(path)).is_err()));
        assert!(disk.take_report().is_empty());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("a/x.txt"), root.join("file-link")).expect("a link");
            std::os::unix::fs::symlink(&root, root.join("circle")).expect("a link");
            let list = pollster::block_on(disk.list(&[String::new()], false)).expect("lists").remove(0);
            assert_eq!(list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "file-link"]);
            assert_eq!(disk.take_report().notices()[0].path, "circle");
        }
        std::fs::remove_dir_all(&root).expect("removed");
    }
}

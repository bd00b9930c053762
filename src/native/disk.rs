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
use std::time::UNIX_EPOCH;

/// A folder on disk. Links to files are followed, links to folders are not: they may lead round in a circle.
pub struct Disk {
    root: PathBuf,
    /// Whether nothing outside of `root` is given, for whoever does not trust those who ask.
    confined: bool,
    report: RefCell<Report>,
}

impl Disk {
    /// The folder at `root`, which may itself be a link.
    pub fn new(root: impl Into<PathBuf>) -> Disk {
        Disk { root: root.into(), confined: false, report: RefCell::default() }
    }

    /// The folder at `root`, and nothing outside of it: neither by a path nor by a link.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn confined(root: &Path) -> Result<Disk, Fault> {
        let real = root.canonicalize().map_err(|error| fault(&root.to_string_lossy(), &error))?;
        Ok(Disk { confined: true, ..Disk::new(real) })
    }

    /// Where on disk `path` is.
    fn place(&self, path: &str) -> std::io::Result<PathBuf> {
        let place = self.root.join(path);
        if !self.confined || path.is_empty() {
            return Ok(place);
        }
        if !path.split('/').all(is_plain) {
            return Err(ErrorKind::NotFound.into());
        }
        // links on the way are followed here, so that where they lead can be seen
        let real = place.canonicalize()?;
        let kind = std::fs::metadata(&real)?.file_type();
        // opening a pipe would wait for whoever writes to it
        let is_given = real.starts_with(&self.root) && (kind.is_file() || kind.is_dir());
        if is_given { Ok(real) } else { Err(ErrorKind::NotFound.into()) }
    }

    fn list_one(&self, dir: &str, with_sizes: bool) -> Result<Vec<Entry>, Fault> {
        let path = self.root.join(dir);
        let entries = match self.place(dir).and_then(std::fs::read_dir) {
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
            let target = self.place(&path::join(dir, &name)).and_then(std::fs::metadata);
            let target = target.map(|metadata| metadata.file_type());
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

    /// One file, with a stamp that changes when the file does.
    ///
    /// # Errors
    /// As the system says.
    pub fn open_stamped(&self, path: &str) -> Result<(DiskFile, String), Fault> {
        let file = DiskFile::open(&self.place(path).map_err(|error| fault(path, &error))?)?;
        let metadata = file.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner).metadata();
        let metadata = metadata.map_err(|error| fault(path, &error))?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let stamp = format!("{:x}-{:x}", changed.map_or(0, |since| since.as_nanos()), metadata.len());
        Ok((DiskFile { name: path.to_owned(), ..file }, stamp))
    }

    fn read_one(&self, ask: &ReadAsk) -> Result<Vec<u8>, Fault> {
        let file = self.place(&ask.path).and_then(File::open).map_err(|error| fault(&ask.path, &error))?;
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
            let (file, _) = self.open_stamped(path)?;
            Ok(Rc::new(file) as Rc<dyn Bytes>)
        })
    }
}

/// Whether a part of a path leads to what lies below, on every system.
fn is_plain(part: &str) -> bool {
    let leads_elsewhere = cfg!(windows) && part.contains(['\\', ':']);
    !matches!(part, "" | "." | "..") && !part.contains('\0') && !leads_elsewhere
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
        ErrorKind::NotFound | ErrorKind::NotADirectory => FaultKind::NotFound,
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

    #[test]
    fn a_confined_folder_gives_nothing_from_outside() {
        let outside = std::env::temp_dir().join(format!("runglass-outside-{}", std::process::id()));
        let root = outside.join("inside");
        std::fs::create_dir_all(root.join("a")).expect("a folder");
        std::fs::write(outside.join("secret"), "secret").expect("a file");
        std::fs::write(root.join("a/x"), "own").expect("a file");
        #[cfg(unix)]
        for (target, link) in
            [("../secret", "out"), ("a/x", "in"), ("..", "up"), ("/etc/hostname", "far"), ("a", "folder")]
        {
            std::os::unix::fs::symlink(target, root.join(link)).expect("a link");
        }
        let disk = Disk::confined(&root).expect("a folder");
        let read = |path: &str| {
            let read = pollster::block_on(disk.read(&[ReadAsk::up_to(path, 99)])).expect("answers").remove(0);
            let opened = pollster::block_on(disk.open(path)).map(|file| file.read(0..99).expect("bytes"));
            assert_eq!(read.is_ok(), opened.is_ok(), "{path}");
            read.ok()
        };
        let far = outside.join("secret").to_string_lossy().into_owned();
        for path in ["../secret", "a/../../secret", "./a/x", "a//x", "/a/x", "a/x\0", "up/secret", "out", "far", &far] {
            assert_eq!(read(path), None, "{path}");
        }
        assert_eq!(read("a/x").as_deref(), Some(&b"own"[..]));
        let lists =
            pollster::block_on(disk.list(&["..", "up", "a/..", "/", ""].map(str::to_owned), true)).expect("lists");
        assert!(lists[..4].iter().all(Vec::is_empty), "{lists:?}");
        #[cfg(unix)]
        {
            assert_eq!(lists[4].iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "in"]);
            assert_eq!(read("in").as_deref(), Some(&b"own"[..]));
            let report = disk.take_report();
            let left_out: Vec<&str> = report.notices().iter().map(|notice| notice.path.as_str()).collect();
            for link in ["out", "up", "far", "folder"] {
                assert!(left_out.contains(&link), "{link} in {left_out:?}");
            }
        }
        std::fs::remove_dir_all(&outside).expect("removed");
    }
}

//! FROM BYTES TO A FOLDER, by content: an archive is the folder that it holds, a compressed file is what it inflates to, anything
//! else is a folder that holds it alone. It must not know who asks, nor what the files mean.

use crate::model::{Reason, Report};
use crate::sources::archive::Allowance;
use crate::sources::inflate::inflate;
use crate::sources::mounts::{Mounts, free_name};
use crate::sources::sniff::{HEAD, Kind, kind};
use crate::sources::tar::TarFolder;
use crate::sources::zip::ZipFolder;
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How often a file may be compressed on top of itself.
const LAYERS: usize = 3;
/// How many archives deep an archive may lie.
const DEPTH: usize = 3;
/// What all archives inside what was opened may hold inflated in memory, bytes: most of them are not what is looked for.
const HELD_INSIDE: u64 = 256 << 20;

/// What a file became.
pub enum Unpacked {
    /// The archive that it is.
    Folder(Rc<dyn Folder>),
    /// Itself, or what it inflated to: its name and bytes, and what was wrong with them.
    File(String, Rc<dyn Bytes>, Report),
}

impl Unpacked {
    /// As a folder: a file lies in one alone.
    pub fn folder(self) -> Rc<dyn Folder> {
        match self {
            Unpacked::Folder(folder) => folder,
            Unpacked::File(name, bytes, report) => Rc::new(Loose::new(vec![(name, bytes)], report)),
        }
    }
}

/// What a file is, by its content.
///
/// # Errors
/// What the file says; what is damaged from its start on; what is over budget.
pub fn unpack(name: &str, bytes: Rc<dyn Bytes>, allowance: &Allowance) -> Result<Unpacked, Fault> {
    let (mut name, mut bytes, mut report) = (name.to_owned(), bytes, Report::default());
    for _ in 0..LAYERS {
        match kind(&bytes.read(0..HEAD)?) {
            Kind::Zip => {
                let zip = ZipFolder::open(bytes, allowance.clone())?;
                zip.note(report);
                return Ok(Unpacked::Folder(Rc::new(zip)));
            }
            Kind::Tar => {
                let tar = TarFolder::open(bytes, allowance, report)?;
                return Ok(Unpacked::Folder(Rc::new(tar)));
            }
            Kind::Packed(packing) => {
                let (held, wrong) = inflate(packing, bytes, &name, allowance)?;
                report.merge(wrong);
                bytes = Rc::new(held);
                name = unpacked_name(&name);
            }
            _ => break,
        }
    }
    Ok(Unpacked::File(name, bytes, report))
}

/// Puts the archive at `path` of a tree into its own place as a folder.
///
/// # Errors
/// Why not, as a notice.
pub async fn unpack_inside(tree: &Mounts, path: &str, allowance: &Allowance) -> Result<(), (Reason, String)> {
    if tree.depth(path) >= DEPTH {
        return Err((Reason::ArchiveBudget, format!("{path} lies in more than {DEPTH} archives")));
    }
    let name = crate::sources::path::name(path);
    let allowance = allowance.with(|budget| budget.held = budget.held.min(HELD_INSIDE));
    let opened = match tree.open(path).await {
        Ok(bytes) => unpack(name, bytes, &allowance).map(Unpacked::folder),
        Err(fault) => Err(fault),
    };
    let reason = |fault: &Fault| match fault.kind {
        FaultKind::OverBudget => Reason::ArchiveBudget,
        FaultKind::FileChanged => Reason::FileChanged,
        _ => Reason::ArchiveDamaged,
    };
    let folder = opened.map_err(|fault| (reason(&fault), fault.message))?;
    tree.add(path, folder);
    Ok(())
}

/// The name of what a compressed file holds.
fn unpacked_name(name: &str) -> String {
    let stem = [".gz", ".zst", ".zstd", ".GZ", ".ZST"].iter().find_map(|end| name.strip_suffix(end));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name).to_owned()
}

/// Single files as a folder that holds them side by side.
#[derive(Default)]
pub struct Loose {
    /// By name.
    files: BTreeMap<String, Rc<dyn Bytes>>,
    report: RefCell<Report>,
    /// Whether whoever gave them looked at what lay beside them.
    is_known_whole: bool,
}

impl Loose {
    /// Files with their names, and what was wrong with them.
    pub fn new(files: Vec<(String, Rc<dyn Bytes>)>, report: Report) -> Loose {
        let mut by_name = BTreeMap::new();
        for (name, bytes) in files {
            let name = free_name(&name, |name| by_name.contains_key(name));
            by_name.insert(name, bytes);
        }
        Loose { files: by_name, report: RefCell::new(report), is_known_whole: false }
    }

    /// The same, where whoever gives them may have looked at what lay beside them.
    #[must_use]
    pub fn known_whole(self, is_known_whole: bool) -> Loose {
        Loose { is_known_whole, ..self }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether nothing was wrong with them.
    pub fn has_no_report(&self) -> bool {
        self.report.borrow().is_empty()
    }

    /// Of the files, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn file(&self, path: &str) -> Result<&Rc<dyn Bytes>, Fault> {
        let missing = || Fault::new(FaultKind::NotFound, format!("{path} is not there."));
        self.files.get(path).ok_or_else(missing)
    }
}

impl Folder for Loose {
    fn list<'a>(&'a self, dirs: &'a [String], _with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        let entry = |(name, bytes): (&String, &Rc<dyn Bytes>)| Entry {
            name: name.clone(),
            is_folder: false,
            size: Some(bytes.size()),
        };
        let all = || self.files.iter().map(entry).collect();
        let lists = dirs.iter().map(|dir| if dir.is_empty() { all() } else { Vec::new() }).collect();
        Box::pin(std::future::ready(Ok(lists)))
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        let read = |ask: &ReadAsk| self.file(&ask.path)?.read(ask.range.clone());
        Box::pin(std::future::ready(Ok(asks.iter().map(read).collect())))
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(std::future::ready(self.file(path).cloned()))
    }

    fn is_gathered(&self, _dir: &str) -> bool {
        !self.is_known_whole
    }

    fn take_report(&self) -> Report {
        self.report.take()
    }
}

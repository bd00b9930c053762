//! THE FILES OF AN EXPORT, one after the other, whether one file was given or a folder full of them, among others that are none.
//!
//! It must not know how one is read.

use super::{HEAD_BYTES, Kind, recognise};
use crate::model::{Reason, Report};
use crate::sources::{Bytes, Entry, Fault, FaultKind, Folder, ReadAsk, path};
use std::collections::VecDeque;
use std::rc::Rc;

/// Files of a folder larger than this are left out: they are held in memory while they are read.
const FILE_LIMIT: u64 = 512 << 20;
/// Files whose starts are read at a time.
const BATCH: usize = 256;
/// Folders listed at a time.
const FOLDERS: usize = 512;
/// Deeper than this nothing is looked for.
const DEPTH: usize = 40;
/// Files beside which `artifacts` is a run's, a model's or a trace's, and not the name of something.
const WITH_ARTIFACTS: [&str; 3] = ["run.json", "logged_model.json", "trace.json"];

/// What was given to open.
pub enum Given {
    /// One file.
    File {
        /// Where it lies in what was opened.
        path: String,
        /// Its content.
        bytes: Rc<dyn Bytes>,
    },
    /// Files and folders.
    Paths {
        /// In which they lie.
        folder: Rc<dyn Folder>,
        /// Relative to it.
        paths: Vec<String>,
    },
}

/// The deepest folder around all paths; a single path is itself. `None` without paths.
pub fn around(paths: &[String]) -> Option<String> {
    let (first, rest) = paths.split_first()?;
    let mut around = first.as_str();
    while !rest.iter().all(|path| path::lies_in(path, around)) {
        around = path::parent(around);
    }
    Some(around.to_owned())
}

/// One file with its path.
pub struct OneFile {
    /// Where it lies in what was opened.
    pub path: String,
    /// Its content.
    pub bytes: Rc<dyn Bytes>,
    /// The folder of artifacts beside it, if there is one.
    pub artifacts: Option<String>,
}

/// The files that were given, in batches.
pub struct Files {
    single: Option<OneFile>,
    folder: Option<Rc<dyn Folder>>,
    /// Path, and the folder of artifacts beside it.
    left: VecDeque<(String, Option<String>)>,
    /// Those of them that are known to be long exports.
    long: VecDeque<(String, Option<String>)>,
    /// What a file of the folder has to be.
    kinds: &'static [Kind],
}

impl Files {
    /// Finds them. Files of a folder that are not of these kinds are passed over.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn find(given: Given, kinds: &'static [Kind]) -> Result<Files, Fault> {
        match given {
            Given::File { path, bytes } => Ok(Files {
                single: Some(OneFile { path, bytes, artifacts: None }),
                folder: None,
                left: VecDeque::new(),
                long: VecDeque::new(),
                kinds,
            }),
            Given::Paths { folder, paths } => {
                let left = walk(&*folder, paths).await?.into();
                Ok(Files { single: None, folder: Some(folder), left, long: VecDeque::new(), kinds })
            }
        }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        self.left.len() as u64 + u64::from(self.single.is_some())
    }

    /// The folder that they lie in.
    pub fn folder(&self) -> Option<Rc<dyn Folder>> {
        self.folder.clone()
    }

    /// Some of them; none when all are done. What can not be read is a notice.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn next(&mut self, report: &mut Report) -> Result<Vec<OneFile>, Fault> {
        if let Some(single) = self.single.take() {
            return Ok(vec![single]);
        }
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        while files.is_empty() {
            // Long files one by one: they are held in memory.
            if let Some((path, artifacts)) = self.long.pop_front() {
                let ask = ReadAsk::up_to(&path, FILE_LIMIT + 1);
                match folder.read(&[ask]).await?.pop() {
                    Some(Ok(bytes)) if bytes.len() as u64 > FILE_LIMIT => {
                        let message = format!("The file is larger than {} MB.", FILE_LIMIT >> 20);
                        report.note(Reason::TooLarge, path, None, message);
                    }
                    Some(Ok(bytes)) => files.push(OneFile { path, bytes: Rc::new(bytes), artifacts }),
                    Some(Err(fault)) => tell(&path, fault, report),
                    None => {}
                }
                continue;
            }
            if self.left.is_empty() {
                break;
            }
            let batch: Vec<(String, Option<String>)> = self.left.drain(..BATCH.min(self.left.len())).collect();
            // A folder may hold much that is no export: the start of a file tells, and is all of it mostly.
            let heads: Vec<ReadAsk> = batch.iter().map(|(path, _)| ReadAsk::up_to(path, HEAD_BYTES)).collect();
            for ((path, artifacts), head) in batch.into_iter().zip(folder.read(&heads).await?) {
                match head {
                    Ok(head) if !recognise(&head).is_some_and(|kind| self.kinds.contains(&kind)) => {}
                    Ok(head) if head.len() as u64 >= HEAD_BYTES => self.long.push_back((path, artifacts)),
                    Ok(head) => files.push(OneFile { path, bytes: Rc::new(head), artifacts }),
                    Err(fault) => tell(&path, fault, report),
                }
            }
        }
        report.merge(folder.take_report());
        Ok(files)
    }
}

/// What can not be read is a notice.
fn tell(path: &str, fault: Fault, report: &mut Report) {
    let reason = match fault.kind {
        FaultKind::FileChanged => Reason::FileChanged,
        FaultKind::OverBudget => Reason::ArchiveBudget,
        _ => Reason::FileUnreadable,
    };
    report.note(reason, path, None, fault.message);
}

/// All files below `paths`, but those among artifacts.
async fn walk(folder: &dyn Folder, paths: Vec<String>) -> Result<Vec<(String, Option<String>)>, Fault> {
    let mut files = Vec::new();
    let mut level = paths;
    for depth in 0..DEPTH {
        let mut below = Vec::new();
        for dirs in level.chunks(FOLDERS) {
            for (dir, entries) in dirs.iter().zip(folder.list(dirs, false).await?) {
                // What holds nothing is a file, if it is not an empty folder.
                if entries.is_empty() && depth == 0 && !dir.is_empty() {
                    files.push((dir.clone(), None));
                }
                judge(dir, entries, &mut files, &mut below);
            }
        }
        if below.is_empty() {
            break;
        }
        level = below;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn judge(dir: &str, entries: Vec<Entry>, files: &mut Vec<(String, Option<String>)>, below: &mut Vec<String>) {
    let owns_artifacts = entries.iter().any(|entry| !entry.is_folder && WITH_ARTIFACTS.contains(&entry.name.as_str()));
    let has_artifacts = entries.iter().any(|entry| entry.is_folder && entry.name == "artifacts");
    let artifacts = has_artifacts.then(|| path::join(dir, "artifacts"));
    for entry in entries {
        let path = path::join(dir, &entry.name);
        match (entry.is_folder, entry.name.as_str()) {
            (true, "artifacts") if owns_artifacts => {}
            (true, ".git" | "node_modules" | "__pycache__" | ".ipynb_checkpoints" | "__MACOSX") => {}
            (true, _) => below.push(path),
            (false, name) if name.starts_with('.') => {}
            (false, _) => files.push((path, artifacts.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{around, walk};
    use crate::sources::memory::Memory;

    #[test]
    fn the_folder_around() {
        let check = |paths: &[&str], expected: Option<&str>| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(around(&paths).as_deref(), expected, "{paths:?}");
        };
        check(&[], None);
        check(&["a/b.json"], Some("a/b.json"));
        check(&["a/b/c.json", "a/b/d/e.json"], Some("a/b"));
        check(&["a/b", "ab"], Some(""));
        check(&["", "x"], Some(""));
    }

    #[test]
    fn artifacts_are_not_looked_into() {
        let tree = Memory::parse(
            "//- 1/r/run.json\n//- 1/r/artifacts/x.json\n//- models/artifacts/model.json\n//- .DS_Store\n//- a.json",
        );
        let found = pollster::block_on(walk(&tree, vec![String::new(), "a.json".to_owned()])).expect("walked");
        let shown: Vec<_> = found.iter().map(|(path, artifacts)| (path.as_str(), artifacts.as_deref())).collect();
        assert_eq!(
            shown,
            [("1/r/run.json", Some("1/r/artifacts")), ("a.json", None), ("models/artifacts/model.json", None)]
        );
    }
}

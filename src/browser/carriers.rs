//! The worker's side of files: a File as [`Bytes`], picked files and directory handles as [`Folder`]s.
//!
//! Reading is bounded by the browser's process boundary, about half a millisecond a file: hence thousands of small files
//! are joined into one Blob and read at once.

use crate::browser::ahead::Ahead;
use crate::browser::lent::Lent;
use crate::model::{Reason, Report};
use crate::sources::index::{PathIndex, PathIndexBuilder};
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk};
use futures_util::future::join_all;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileReaderSync, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemHandleKind};

/// Bytes of one joined read.
const JOINED_BYTES: u64 = 16 << 20;
/// Files of one joined read.
const JOINED_FILES: usize = 1_024;
/// Directory handles asked at once.
const AT_ONCE: usize = 64;
/// Files that the page lends, read while it hands over the next ones.
const LENT_AT_ONCE: usize = 256;

/// One picked file.
pub struct FileBytes {
    file: File,
    /// Made when something is first announced; `None` in it where the browser can not.
    ahead: OnceCell<Option<Ahead>>,
}

impl FileBytes {
    /// Of a File that came from the page.
    pub fn new(file: File) -> FileBytes {
        FileBytes { file, ahead: OnceCell::new() }
    }

    fn ahead(&self) -> Option<&Ahead> {
        self.ahead.get().and_then(Option::as_ref)
    }
}

impl Bytes for FileBytes {
    fn size(&self) -> u64 {
        self.file.size() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        if let Some(bytes) = self.ahead().and_then(|ahead| ahead.take(&range)) {
            return Ok(bytes);
        }
        let blob = slice(&self.file, &range).map_err(|error| fault(&self.file.name(), &error))?;
        read_blob(&blob).map_err(|error| fault(&self.file.name(), &error))
    }

    fn announce(&self, ranges: &[Range<u64>]) {
        if let Some(ahead) = self.ahead.get_or_init(|| Ahead::of(&self.file)) {
            ahead.announce(ranges);
        }
    }

    fn arrived(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async move {
            if let Some(ahead) = self.ahead() {
                ahead.arrived().await;
            }
        })
    }
}

fn slice(file: &Blob, range: &Range<u64>) -> Result<Blob, JsValue> {
    file.slice_with_f64_and_f64(range.start as f64, range.end.min(1 << 52) as f64)
}

fn read_blob(blob: &Blob) -> Result<Vec<u8>, JsValue> {
    Ok(js_sys::Uint8Array::new(&FileReaderSync::new()?.read_as_array_buffer(blob)?.into()).to_vec())
}

/// The DOM's exception as a fault: a file written to after it was picked is not readable any more.
fn fault(path: &str, error: &JsValue) -> Fault {
    let name = js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
    let path = if path.is_empty() { "The folder" } else { path };
    match name.as_str() {
        "NotReadableError" => {
            Fault::new(FaultKind::FileChanged, format!("{path} changed on disk after it was picked. Drop it again."))
        }
        "NotFoundError" => Fault::new(FaultKind::NotFound, format!("{path} is not there any more.")),
        "NotAllowedError" => Fault::new(FaultKind::Unreadable, format!("The browser does not allow reading {path}.")),
        _ => Fault::new(FaultKind::Unreadable, format!("{path} could not be read ({name}).")),
    }
}

/// Files with their paths, as an `<input webkitdirectory>` or an older drop gives them; the page [lends](crate::browser::lent) them.
pub struct FileFolder {
    index: PathIndex,
    files: Rc<Lent>,
    report: RefCell<Report>,
    /// The browser did not hand out what was dropped at all.
    is_lost: bool,
}

impl FileFolder {
    /// Of files by their paths, parted by `/`, which number them, and of the paths of what the browser did not hand out.
    pub fn new(paths: &[String], files: Rc<Lent>, lost: &[String]) -> FileFolder {
        let mut report = Report::default();
        for path in lost.iter().filter(|path| !path.is_empty()) {
            report.note(Reason::FileUnreadable, path, None, "The browser did not hand it out.");
        }
        let mut builder = PathIndexBuilder::default();
        if let Some(path) = paths.iter().find(|path| builder.push(path).is_none()) {
            report.note(Reason::TooLarge, path, None, "There are more files than can be told apart.");
        }
        let (index, same) = builder.build();
        for number in same {
            report.note(Reason::FileUnreadable, index.path(number), None, "Another file has the same path.");
        }
        FileFolder { index, files, report: RefCell::new(report), is_lost: lost.iter().any(String::is_empty) }
    }

    async fn file(&self, path: &str) -> Result<File, Fault> {
        let file = match self.index.find(path) {
            Some(number) => self.files.file(number).await,
            None => None,
        };
        file.ok_or_else(|| not_found(path))
    }
}

impl Folder for FileFolder {
    fn take_report(&self) -> Report {
        self.report.take()
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            if self.is_lost && dirs.iter().any(String::is_empty) {
                let message =
                    "The browser did not hand out the folder that was dropped. Choose it with “Open a folder” instead.";
                return Err(Fault::new(FaultKind::Unreadable, message));
            }
            let mut lists = self.index.lists(dirs, |_| None);
            if with_sizes {
                let paths =
                    dirs.iter().zip(&lists).flat_map(|(dir, list)| list.iter().map(|entry| join(dir, &entry.name)));
                self.files.want(paths.filter_map(|path| self.index.find(&path)));
                fill_sizes(dirs, &mut lists, async |path| self.file(path).await).await;
            }
            Ok(lists)
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            self.files.want(asks.iter().filter_map(|ask| self.index.find(&ask.path)));
            let mut answers = Vec::with_capacity(asks.len());
            for some in asks.chunks(LENT_AT_ONCE) {
                let files = join_all(some.iter().map(|ask| self.file(&ask.path))).await;
                answers.extend(read_joined(some, files));
            }
            Ok(answers)
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move { Ok(Rc::new(FileBytes::new(self.file(path).await?)) as Rc<dyn Bytes>) })
    }
}

/// The sizes of the files in listings, each looked up; of one that can not be had none is known.
async fn fill_sizes(dirs: &[String], lists: &mut [Vec<Entry>], file: impl AsyncFn(&str) -> Result<File, Fault>) {
    for (dir, list) in dirs.iter().zip(lists) {
        for entry in list.iter_mut().filter(|entry| !entry.is_folder) {
            entry.size = file(&join(dir, &entry.name)).await.ok().map(|file| file.size() as u64);
        }
    }
}

fn not_found(path: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{path} is not there."))
}

/// Reads many stretches through few Blobs. A Blob that can not be read is taken apart, so that one bad file costs itself.
fn read_joined(asks: &[ReadAsk], files: Vec<Result<File, Fault>>) -> Vec<Result<Vec<u8>, Fault>> {
    let mut answers: Vec<Option<Result<Vec<u8>, Fault>>> = vec![None; asks.len()];
    let mut joined: Vec<(usize, Blob, u64)> = Vec::new();
    let mut bytes = 0_u64;
    for (at, (ask, file)) in asks.iter().zip(files).enumerate() {
        let part = file.and_then(|file| {
            let length = ask.range.end.min(file.size() as u64).saturating_sub(ask.range.start);
            slice(&file, &ask.range).map(|blob| (blob, length)).map_err(|error| fault(&ask.path, &error))
        });
        match part {
            Err(fault) => answers[at] = Some(Err(fault)),
            Ok((blob, length)) => {
                if joined.len() >= JOINED_FILES || bytes + length > JOINED_BYTES {
                    read_one_blob(&joined, asks, &mut answers);
                    joined.clear();
                    bytes = 0;
                }
                bytes += length;
                joined.push((at, blob, length));
            }
        }
    }
    read_one_blob(&joined, asks, &mut answers);
    answers.into_iter().zip(asks).map(|(answer, ask)| answer.unwrap_or_else(|| Err(not_found(&ask.path)))).collect()
}

fn read_one_blob(parts: &[(usize, Blob, u64)], asks: &[ReadAsk], answers: &mut [Option<Result<Vec<u8>, Fault>>]) {
    if parts.is_empty() {
        return;
    }
    let blobs: js_sys::Array = parts.iter().map(|(_, blob, _)| JsValue::from(blob)).collect();
    let whole = Blob::new_with_blob_sequence(&blobs).and_then(|blob| read_blob(&blob)).ok();
    let expected: u64 = parts.iter().map(|(.., length)| length).sum();
    match whole.filter(|whole| whole.len() as u64 == expected) {
        Some(whole) => {
            let mut start = 0;
            for (at, _, length) in parts {
                let end = start + *length as usize;
                answers[*at] = whole.get(start..end).map(|bytes| Ok(bytes.to_vec()));
                start = end;
            }
        }
        None => {
            for (at, blob, _) in parts {
                answers[*at] = Some(read_blob(blob).map_err(|error| fault(&asks[*at].path, &error)));
            }
        }
    }
}

/// A folder that the browser gave a handle for; walked only as far as somebody looks.
pub struct HandleFolder {
    folders: RefCell<HashMap<String, FileSystemDirectoryHandle>>,
    files: RefCell<HashMap<String, FileSystemFileHandle>>,
    report: RefCell<Report>,
}

impl HandleFolder {
    /// Of a handle that came from the page.
    pub fn new(root: FileSystemDirectoryHandle) -> HandleFolder {
        let folders = RefCell::new(HashMap::from([(String::new(), root)]));
        HandleFolder { folders, files: RefCell::default(), report: RefCell::default() }
    }

    async fn list_one(&self, dir: &str) -> Result<Vec<Entry>, Fault> {
        let Some(handle) = self.folder(dir).await else { return Ok(Vec::new()) };
        let failed = |error: JsValue| fault(dir, &error);
        let values = js_sys::Reflect::get(&handle, &"values".into()).map_err(failed)?;
        let values = values.dyn_into::<js_sys::Function>().map_err(failed)?.call0(&handle).map_err(failed)?;
        let values: js_sys::AsyncIterator = values.unchecked_into();
        let mut entries = Vec::new();
        loop {
            let next = JsFuture::from(values.next().map_err(failed)?).await.map_err(failed)?;
            let next: js_sys::IteratorNext = next.unchecked_into();
            if next.done() {
                break;
            }
            let child: web_sys::FileSystemHandle = next.value().unchecked_into();
            let name = child.name();
            let path = join(dir, &name);
            let is_folder = child.kind() == FileSystemHandleKind::Directory;
            if is_folder {
                self.folders.borrow_mut().insert(path, child.unchecked_into());
            } else {
                self.files.borrow_mut().insert(path, child.unchecked_into());
            }
            entries.push(Entry { name, is_folder, size: None });
        }
        entries.sort();
        Ok(entries)
    }

    /// The handle of a folder; its parents are opened on the way if nobody listed them.
    async fn folder(&self, dir: &str) -> Option<FileSystemDirectoryHandle> {
        let known = self.folders.borrow().get(dir).cloned();
        if known.is_some() {
            return known;
        }
        let mut at = String::new();
        let mut handle = self.folders.borrow().get("").cloned()?;
        for name in dir.split('/') {
            at = join(&at, name);
            let known = self.folders.borrow().get(&at).cloned();
            handle = match known {
                Some(known) => known,
                None => JsFuture::from(handle.get_directory_handle(name)).await.ok()?.unchecked_into(),
            };
            self.folders.borrow_mut().insert(at.clone(), handle.clone());
        }
        Some(handle)
    }

    async fn file(&self, path: &str) -> Result<File, Fault> {
        let known = self.files.borrow().get(path).cloned();
        let handle = match known {
            Some(known) => known,
            None => {
                let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
                let folder = self.folder(dir).await.ok_or_else(|| not_found(path))?;
                let found = JsFuture::from(folder.get_file_handle(name)).await;
                found.map_err(|error| fault(path, &error))?.unchecked_into()
            }
        };
        let file = JsFuture::from(handle.get_file()).await.map_err(|error| fault(path, &error))?;
        Ok(file.unchecked_into())
    }
}

fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

impl Folder for HandleFolder {
    fn take_report(&self) -> Report {
        self.report.take()
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            let mut lists = Vec::with_capacity(dirs.len());
            for some in dirs.chunks(AT_ONCE) {
                let listed = join_all(some.iter().map(|dir| self.list_one(dir))).await;
                for (dir, list) in some.iter().zip(listed) {
                    match list {
                        // without its root nothing is left
                        Err(fault) if dir.is_empty() => return Err(fault),
                        Err(fault) => {
                            self.report.borrow_mut().note(Reason::FileUnreadable, dir, None, fault.message);
                            lists.push(Vec::new());
                        }
                        Ok(list) => lists.push(list),
                    }
                }
            }
            if with_sizes {
                fill_sizes(dirs, &mut lists, async |path| self.file(path).await).await;
            }
            Ok(lists)
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            let mut files = Vec::with_capacity(asks.len());
            for some in asks.chunks(AT_ONCE) {
                files.extend(join_all(some.iter().map(|ask| self.file(&ask.path))).await);
            }
            Ok(read_joined(asks, files))
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move { Ok(Rc::new(FileBytes::new(self.file(path).await?)) as Rc<dyn Bytes>) })
    }
}

//! The page's side of files: what was picked or dropped, as things that a worker can be given.
//!
//! A directory handle is preferred, since it is walked only as far as somebody looks, and can be kept for the next visit;
//! older browsers give a walk of entries, an `<input>` a flat list of files.

use crate::browser::served::page_address;
use crate::browser::server::Connection;
use crate::sources::hosted::Served;
use futures_util::future::join_all;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry, FileSystemFileHandle,
};

/// One thing that is to be opened.
#[derive(Clone, Debug)]
pub enum Thing {
    /// A file, an archive mostly, with its handle where the browser gives one.
    File(File, Option<JsValue>),
    /// A directory handle, with its name.
    Handle(String, JsValue),
    /// The files of a folder, and its name.
    Files(String, Walked),
    /// A tracking server.
    Server(Connection),
    /// What the page's own server serves, with its name.
    Served(String, Served),
}

/// What a walk through a folder found.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// Files with their paths, the folder's own name not among them.
    files: Vec<(String, File)>,
    /// Paths of what the browser refused to hand out.
    lost: Vec<String>,
}

impl Thing {
    /// What the user knows it by.
    pub fn name(&self) -> String {
        match self {
            Thing::File(file, _) => file.name(),
            Thing::Handle(name, _) | Thing::Files(name, _) | Thing::Served(name, _) => name.clone(),
            Thing::Server(connection) => connection.address.base(),
        }
    }

    /// How it is reached, if it is a server.
    pub fn server(&self) -> Option<&Connection> {
        match self {
            Thing::Server(connection) => Some(connection),
            _ => None,
        }
    }

    /// Whether what lies on disk now can be had without asking the user.
    pub fn can_be_had_anew(&self) -> bool {
        !matches!(self, Thing::File(_, None) | Thing::Files(..))
    }

    /// The same as it is on disk now, where its handle gives it; else as it was.
    pub async fn anew(self) -> Thing {
        let Thing::File(_, Some(handle)) = &self else { return self };
        let file: &FileSystemFileHandle = handle.unchecked_ref();
        match JsFuture::from(file.get_file()).await {
            Ok(file) => Thing::File(file.unchecked_into(), Some(handle.clone())),
            Err(_) => self,
        }
    }

    /// As a part of the message `open` to the worker: `{name, file}`, `{name, handle}`, `{name, server}`, `{name, served, files}` with the page's
    /// address and no files where a folder is served, or `{name, paths, lost}` with the paths of the files of a flat list, which the
    /// page [lends](crate::browser::lent), and of what could not be had.
    pub fn message(&self) -> JsValue {
        let message = object(&[("name", &self.name().into())]);
        let put = |key: &str, value: &JsValue| {
            let _ = js_sys::Reflect::set(&message, &key.into(), value);
        };
        match self {
            Thing::File(file, _) => put("file", file),
            Thing::Handle(_, handle) => put("handle", handle),
            Thing::Server(connection) => put("server", &connection.message()),
            Thing::Served(_, served) => {
                put("served", &page_address().into());
                put(
                    "files",
                    &served.files().iter().map(|name| JsValue::from(name.as_str())).collect::<js_sys::Array>(),
                );
            }
            Thing::Files(_, Walked { files, lost }) => {
                let list = |paths: &mut dyn Iterator<Item = &str>| paths.map(JsValue::from).collect::<js_sys::Array>();
                put("paths", &list(&mut files.iter().map(|(path, _)| path.as_str())));
                put("lost", &list(&mut lost.iter().map(String::as_str)));
            }
        }
        message
    }

    /// The files of a flat list, in the order of their paths in the message.
    pub fn files(&self) -> Option<impl Iterator<Item = File> + '_> {
        match self {
            Thing::Files(_, walked) => Some(walked.files.iter().map(|(_, file)| file.clone())),
            Thing::File(..) | Thing::Handle(..) | Thing::Server(_) | Thing::Served(..) => None,
        }
    }
}

/// An object of these entries.
pub(super) fn object(entries: &[(&str, &JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (key, value) in entries {
        let _ = js_sys::Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

/// The name of several things together, the same in whatever order they were given.
pub fn name_of(things: &[Thing]) -> String {
    let mut names: Vec<String> = things.iter().map(Thing::name).collect();
    names.sort();
    match names.as_slice() {
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} more", rest.len()),
        few => few.join(" + "),
    }
}

/// Makes an `<input type=file>` ask for a folder.
pub fn ask_for_folders(input: &web_sys::HtmlInputElement) {
    let _ = input.set_attribute("webkitdirectory", "");
}

/// What the `<input type=file>` of a change event holds: with paths it is one folder, else single files. The input is emptied,
/// so that the same file can be picked again.
pub fn from_input(event: &web_sys::Event) -> Vec<Thing> {
    let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
    let list = input.as_ref().and_then(web_sys::HtmlInputElement::files);
    let files: Vec<File> =
        list.map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect()).unwrap_or_default();
    if let Some(input) = input {
        input.set_value("");
    }
    let relative = |file: &File| {
        let path = js_sys::Reflect::get(file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        path.filter(|path| !path.is_empty())
    };
    let mut folders: Vec<(String, Vec<(String, File)>)> = Vec::new();
    let mut things = Vec::new();
    for file in files {
        match relative(&file) {
            None => things.push(Thing::File(file, None)),
            Some(path) => {
                let (folder, rest) = path.split_once('/').unwrap_or(("", &path));
                match folders.last_mut().filter(|(name, _)| name == folder) {
                    Some((_, inside)) => inside.push((rest.to_owned(), file)),
                    None => folders.push((folder.to_owned(), vec![(rest.to_owned(), file)])),
                }
            }
        }
    }
    let walked = |files| Walked { files, lost: Vec::new() };
    things.extend(folders.into_iter().map(|(name, files)| Thing::Files(name, walked(files))));
    things
}

/// Whether something dragged over the window is a file.
pub fn holds_files(transfer: &DataTransfer) -> bool {
    transfer.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
}

/// What was dropped. To be called while the event is handled: the transfer is empty afterwards.
pub fn from_drop(transfer: &DataTransfer) -> impl Future<Output = Vec<Thing>> + 'static {
    let items = transfer.items();
    let mut waiting = Vec::new();
    for at in 0..items.length() {
        let Some(item) = items.get(at).filter(|item| item.kind() == "file") else { continue };
        let file = item.get_as_file().ok().flatten();
        // not in the typed bindings: File System Access, Chromium only
        let ask = js_sys::Reflect::get(&item, &"getAsFileSystemHandle".into()).ok();
        let handle = ask.and_then(|ask| ask.dyn_into::<js_sys::Function>().ok()).and_then(|ask| ask.call0(&item).ok());
        let entry = item.webkit_get_as_entry().ok().flatten();
        waiting.push((handle.and_then(|promise| promise.dyn_into::<js_sys::Promise>().ok()), entry, file));
    }
    async move {
        let mut things = Vec::new();
        for (handle, entry, file) in waiting {
            let is_folder = entry.as_ref().is_some_and(FileSystemEntry::is_directory);
            let handle = match handle {
                Some(promise) => JsFuture::from(promise).await.ok().filter(|handle| !handle.is_null()),
                None => None,
            };
            match (handle, entry, file) {
                (Some(handle), Some(entry), _) if is_folder => things.push(Thing::Handle(entry.name(), handle)),
                (_, Some(entry), _) if is_folder => {
                    let name = entry.name();
                    things.push(Thing::Files(name, walk(entry.unchecked_into()).await));
                }
                (handle, _, Some(file)) => things.push(Thing::File(file, handle)),
                _ => {}
            }
        }
        things
    }
}

/// All files below an entry, paths relative to it.
async fn walk(root: FileSystemDirectoryEntry) -> Walked {
    let mut walked = Walked::default();
    let mut folders = vec![(String::new(), root)];
    while let Some((path, folder)) = folders.pop() {
        let reader = folder.create_reader();
        loop {
            let batch = callback_future(|resolve, reject| {
                let _ = reader.read_entries_with_callback_and_callback(resolve, reject);
            });
            let Ok(batch) = batch.await else {
                walked.lost.push(path.clone());
                break;
            };
            let batch = js_sys::Array::from(&batch);
            if batch.length() == 0 {
                break;
            }
            let mut files = Vec::new();
            for entry in batch.iter() {
                let entry: FileSystemEntry = entry.unchecked_into();
                let below = if path.is_empty() { entry.name() } else { format!("{path}/{}", entry.name()) };
                match entry.is_directory() {
                    true => folders.push((below, entry.unchecked_into())),
                    false => files.push((below, entry.unchecked_into::<FileSystemFileEntry>())),
                }
            }
            let found = join_all(files.iter().map(|(_, entry)| {
                callback_future(|resolve, reject| entry.file_with_callback_and_callback(resolve, reject))
            }));
            let found = found.await;
            for ((below, _), file) in files.into_iter().zip(found) {
                match file {
                    Ok(file) => walked.files.push((below, file.unchecked_into())),
                    Err(_) => walked.lost.push(below),
                }
            }
        }
    }
    walked
}

/// An old two-callback interface as a future.
fn callback_future(
    start: impl FnOnce(&js_sys::Function, &js_sys::Function),
) -> impl Future<Output = Result<JsValue, JsValue>> {
    let start = RefCell::new(Some(start));
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        if let Some(start) = start.borrow_mut().take() {
            start(&resolve, &reject);
        }
    });
    async move { JsFuture::from(promise).await }
}

/// Asks for a folder with the browser's own picker. `None`: there is no such picker, use the `<input>`;
/// an empty list: the user thought better of it.
pub async fn pick_folder() -> Option<Vec<Thing>> {
    let window = web_sys::window()?;
    let picker =
        js_sys::Reflect::get(&window, &"showDirectoryPicker".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    let promise = picker.call0(&window).ok()?.dyn_into::<js_sys::Promise>().ok()?;
    match JsFuture::from(promise).await {
        Ok(handle) => {
            let name = js_sys::Reflect::get(&handle, &"name".into()).ok().and_then(|name| name.as_string());
            Some(vec![Thing::Handle(name.unwrap_or_default(), handle)])
        }
        Err(error) => {
            let name = js_sys::Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            if name.as_deref() == Some("AbortError") { Some(Vec::new()) } else { None }
        }
    }
}

/// Fetches a file that lies beside the page, as a File.
///
/// # Errors
/// One sentence for the user.
pub async fn fetch_beside(url: &str, name: &str) -> Result<Thing, String> {
    let failed = |_| format!("{name} could not be loaded. Is the page complete?");
    let window = web_sys::window().ok_or("There is no window.")?;
    let response: web_sys::Response =
        JsFuture::from(window.fetch_with_str(url)).await.map_err(failed)?.unchecked_into();
    if !response.ok() {
        return Err(format!("{name} could not be loaded: the host answered {}.", response.status()));
    }
    let blob = JsFuture::from(response.blob().map_err(failed)?).await.map_err(failed)?;
    let parts = js_sys::Array::of1(&blob);
    File::new_with_blob_sequence(&parts, name).map(|file| Thing::File(file, None)).map_err(failed)
}

/// A file that is gathered piece by piece in the browser's keeping, not in ours, and then given to the user.
#[derive(Debug, Default)]
pub struct Download {
    pieces: js_sys::Array,
}

impl Download {
    /// The next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pieces.push(&js_sys::Uint8Array::from(bytes));
    }

    /// All of it, under a name.
    pub fn save(self, name: &str) {
        let Some(url) = url_of(&self.pieces, "application/octet-stream") else { return };
        let link = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.create_element("a").ok())
            .map(JsCast::unchecked_into::<web_sys::HtmlAnchorElement>);
        if let Some(link) = link {
            link.set_href(url.address());
            link.set_download(name);
            link.click();
        }
        // the download has begun when the click returns; the bytes may go a little later
        gloo::timers::callback::Timeout::new(60_000, move || drop(url)).forget();
    }
}

/// An address of bytes in this page's memory; it ends with its last owner.
#[derive(Clone, Debug)]
pub struct ObjectUrl(Rc<Owned>);

#[derive(Debug)]
struct Owned(String);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = web_sys::Url::revoke_object_url(&self.0);
    }
}

impl ObjectUrl {
    /// The address.
    pub fn address(&self) -> &str {
        &self.0.0
    }
}

/// Puts bytes at an address of this page. The type is ours, never the data's.
pub fn object_url(bytes: &[u8], media_type: &str) -> Option<ObjectUrl> {
    url_of(&js_sys::Array::of1(&js_sys::Uint8Array::from(bytes)), media_type)
}

fn url_of(pieces: &js_sys::Array, media_type: &str) -> Option<ObjectUrl> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(pieces, &options).ok()?;
    web_sys::Url::create_object_url_with_blob(&blob).ok().map(|address| ObjectUrl(Rc::new(Owned(address))))
}

/// Puts text on the clipboard.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}

/// Calls `handle` for each event of this name on the window, for as long as the page lives.
pub fn on_window<E: JsCast + 'static>(name: &str, handle: impl Fn(E) + 'static) {
    let closure = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| handle(event.unchecked_into()));
    if let Some(window) = web_sys::window() {
        let _ = window.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    }
    closure.forget();
}

//! Handles of folders and files kept from visit to visit, so that a reload brings them back with one click. They live in
//! this browser's IndexedDB, by name; the browser asks the user again before a page may read.

use crate::browser::files::Thing;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemFileHandle, FileSystemHandle, FileSystemHandleKind, IdbDatabase, IdbRequest, IdbTransactionMode,
};

const DATABASE: &str = "runglass";
const HANDLES: &str = "handles";

/// Waits for an IndexedDB request.
async fn done(request: IdbRequest) -> Result<JsValue, JsValue> {
    let request = Rc::new(request);
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        let asked = request.clone();
        let success = Closure::once_into_js(move || {
            let _ = resolve.call1(&JsValue::NULL, &asked.result().unwrap_or(JsValue::UNDEFINED));
        });
        request.set_onsuccess(Some(success.unchecked_ref()));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await
}

async fn database() -> Result<IdbDatabase, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let request = window.indexed_db()?.ok_or(JsValue::NULL)?.open_with_u32(DATABASE, 1)?;
    let opening: IdbRequest = request.clone().unchecked_into();
    let create = Closure::once_into_js(move || {
        if let Ok(database) = request.result().map(JsCast::unchecked_into::<IdbDatabase>) {
            let _ = database.create_object_store(HANDLES);
        }
    });
    let upgrade: &web_sys::IdbOpenDbRequest = opening.unchecked_ref();
    upgrade.set_onupgradeneeded(Some(create.unchecked_ref()));
    Ok(done(opening).await?.unchecked_into())
}

/// Keeps the handle of a thing, if it has one, under the name that the link carries. A browser without room for it forgets;
/// nothing else is lost.
pub async fn keep(name: &str, thing: &Thing) {
    let (Thing::Handle(_, handle) | Thing::File(_, Some(handle))) = thing else { return };
    let kept = async {
        let database = database().await?;
        let store = database.transaction_with_str_and_mode(HANDLES, IdbTransactionMode::Readwrite)?;
        done(store.object_store(HANDLES)?.put_with_key(handle, &name.into())?).await
    };
    if kept.await.is_err() {
        leptos::logging::log!("the handle could not be kept for the next visit");
    }
}

/// A folder or file that this browser remembers, and may read once the user says so.
#[derive(Clone, Debug)]
pub struct Kept(JsValue);

impl Kept {
    /// As a thing to open; `None` when it is not there any more.
    pub async fn thing(&self) -> Option<Thing> {
        let handle: &FileSystemHandle = self.0.unchecked_ref();
        match handle.kind() {
            FileSystemHandleKind::Directory => Some(Thing::Handle(handle.name(), self.0.clone())),
            _ => {
                let handle: &FileSystemFileHandle = self.0.unchecked_ref();
                let file = JsFuture::from(handle.get_file()).await.ok()?;
                Some(Thing::File(file.unchecked_into(), Some(self.0.clone())))
            }
        }
    }
}

/// The handle kept under a name.
pub async fn find(name: &str) -> Option<Kept> {
    let found = async {
        let database = database().await?;
        let store = database.transaction_with_str(HANDLES)?.object_store(HANDLES)?;
        done(store.get(&name.into())?).await
    };
    found.await.ok().filter(|handle| !handle.is_undefined() && !handle.is_null()).map(Kept)
}

/// Asks the user whether the page may read a kept handle; to be called from a click.
pub async fn may_read(kept: &Kept) -> bool {
    let handle = &kept.0;
    let options = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&options, &"mode".into(), &"read".into());
    let ask = js_sys::Reflect::get(handle, &"requestPermission".into()).ok();
    let promise = ask
        .and_then(|ask| ask.dyn_into::<js_sys::Function>().ok())
        .and_then(|ask| ask.call1(handle, &options).ok())
        .and_then(|promise| promise.dyn_into::<js_sys::Promise>().ok());
    match promise {
        Some(promise) => {
            JsFuture::from(promise).await.ok().and_then(|word| word.as_string()).as_deref() == Some("granted")
        }
        None => false,
    }
}

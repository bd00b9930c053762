//! FILES THAT THE PAGE LENDS: of a flat list the worker knows the paths alone, and asks for a File when somebody reads it, since
//! handing one over costs a sixth of a millisecond and most of a store may never be looked at.
//!
//! It must not know what is read. The worker posts `{wanted: [numbers], list}`; the page answers with as many
//! `{give: [Files], numbers, list}` as it takes.

use crate::browser::files::{Thing, object};
use crate::browser::reader::post_message;
use futures_util::future::poll_fn;
use js_sys::Array;
use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

/// Files in one message: as many as go between two frames.
const AT_ONCE: usize = 20;

/// The page's end: what it can lend, by list.
#[derive(Default)]
pub struct Lender(Vec<Vec<File>>);

impl Lender {
    /// The flat lists among these things.
    pub fn of(things: &[Thing]) -> Lender {
        Lender(things.iter().filter_map(Thing::files).map(Iterator::collect).collect())
    }

    /// The answers to what the worker wants, each short enough to be sent between two frames; none if it wants no Files.
    pub fn answers(&self, wanted: &JsValue) -> Option<Vec<JsValue>> {
        let get = |key: &str| js_sys::Reflect::get(wanted, &key.into()).unwrap_or(JsValue::UNDEFINED);
        let numbers: Array = get("wanted").dyn_into().ok()?;
        let list = get("list");
        let files = self.0.get(list.as_f64()? as usize)?;
        let numbers: Vec<JsValue> = numbers.iter().collect();
        let answer = |numbers: &[JsValue]| {
            let file = |number: &JsValue| number.as_f64().and_then(|number| files.get(number as usize));
            let files: Array = numbers.iter().filter_map(file).map(JsValue::from).collect();
            object(&[("give", &files), ("numbers", &numbers.iter().collect::<Array>()), ("list", &list)])
        };
        Some(numbers.chunks(AT_ONCE).map(answer).collect())
    }
}

/// The worker's end: the Files of one list, by their numbers in it.
pub struct Lent {
    list: usize,
    files: RefCell<Vec<Slot>>,
    waiting: RefCell<Vec<Waker>>,
}

#[derive(Clone)]
enum Slot {
    Away,
    Wanted,
    Here(File),
}

impl Lent {
    /// So many files of a list, of which none is here.
    pub fn new(list: usize, count: usize) -> Rc<Lent> {
        Rc::new(Lent { list, files: RefCell::new(vec![Slot::Away; count]), waiting: RefCell::default() })
    }

    /// Asks for what was not asked for before; nobody waits.
    pub fn want(&self, numbers: impl IntoIterator<Item = u32>) {
        let mut files = self.files.borrow_mut();
        let wanted = Array::new();
        for number in numbers {
            if let Some(slot @ Slot::Away) = files.get_mut(number as usize) {
                *slot = Slot::Wanted;
                wanted.push(&number.into());
            }
        }
        if wanted.length() > 0 {
            post_message(&object(&[("wanted", &wanted), ("list", &JsValue::from(self.list as f64))]));
        }
    }

    /// One file, once it is here; `None` when there is no such number.
    pub async fn file(&self, number: u32) -> Option<File> {
        self.want([number]);
        let is_here = |context: &mut std::task::Context<'_>| match self.files.borrow().get(number as usize) {
            None => Poll::Ready(None),
            Some(Slot::Here(file)) => Poll::Ready(Some(file.clone())),
            Some(Slot::Away | Slot::Wanted) => {
                self.waiting.borrow_mut().push(context.waker().clone());
                Poll::Pending
            }
        };
        poll_fn(is_here).await
    }

    /// Takes a message of the page, if it gives Files of this list.
    pub fn take(&self, given: &JsValue) {
        let get = |key: &str| js_sys::Reflect::get(given, &key.into()).unwrap_or(JsValue::UNDEFINED);
        if get("list").as_f64() != Some(self.list as f64) {
            return;
        }
        let mut files = self.files.borrow_mut();
        for (number, file) in Array::from(&get("numbers")).iter().zip(Array::from(&get("give")).iter()) {
            let number = number.as_f64().map_or(usize::MAX, |number| number as usize);
            files.get_mut(number).into_iter().for_each(|slot| *slot = Slot::Here(file.clone().unchecked_into()));
        }
        drop(files);
        self.waiting.take().into_iter().for_each(Waker::wake);
    }
}

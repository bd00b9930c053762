//! A folder inside a folder, as a folder of its own.

use crate::model::Report;
use crate::sources::{Async, Bytes, Entry, Fault, Folder, ReadAsk, path};
use std::rc::Rc;

/// What lies under one path of another folder.
pub struct Sub {
    inner: Rc<dyn Folder>,
    prefix: String,
}

impl Sub {
    /// The folder at `prefix` of `inner`; empty when there is none.
    pub fn new(inner: Rc<dyn Folder>, prefix: impl Into<String>) -> Sub {
        Sub { inner, prefix: prefix.into() }
    }
}

impl Folder for Sub {
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            let dirs: Vec<String> = dirs.iter().map(|dir| path::join(&self.prefix, dir)).collect();
            self.inner.list(&dirs, with_sizes).await
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            let asks: Vec<ReadAsk> = asks
                .iter()
                .map(|ask| ReadAsk { path: path::join(&self.prefix, &ask.path), range: ask.range.clone() })
                .collect();
            self.inner.read(&asks).await
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move { self.inner.open(&path::join(&self.prefix, path)).await })
    }
}

/// A folder of something that was opened, of which whoever carries it tells what was wrong, by the path at which that lies.
pub struct Told {
    inner: Rc<dyn Folder>,
    carrier: Rc<dyn Folder>,
    at: String,
}

impl Told {
    /// The folder `inner`, of whose bytes `carrier` tells, which lies at `at` of what was opened.
    pub fn new(inner: Rc<dyn Folder>, carrier: Rc<dyn Folder>, at: impl Into<String>) -> Told {
        Told { inner, carrier, at: at.into() }
    }
}

impl Folder for Told {
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        self.inner.list(dirs, with_sizes)
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        self.inner.read(asks)
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        self.inner.open(path)
    }

    fn take_report(&self) -> Report {
        self.carrier.take_report().under(&self.at)
    }
}

//! What tests of databases share: databases that SQLite has open, whose files are copied in the middle of things; and dice, which
//! spoil them.

use super::DatabaseFiles;
use crate::sources::{Bytes, Fault};
use rusqlite::Connection;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file in memory.
struct Held(pub Vec<u8>);

impl Bytes for Held {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        let end = range.end.min(self.size()) as usize;
        Ok(self.0[(range.start as usize).min(end)..end].to_vec())
    }
}

pub(crate) fn held(bytes: Vec<u8>) -> Rc<dyn Bytes> {
    Rc::new(Held(bytes))
}

/// A database on disk that SQLite has open; removed when it is dropped.
pub(crate) struct Live {
    pub connection: Connection,
    dir: PathBuf,
}

impl Live {
    /// A new one.
    pub fn new(pragmas: &str) -> Live {
        let live = Live::of(&[]);
        live.run(pragmas);
        live
    }

    /// One whose file there is already.
    pub fn of(bytes: &[u8]) -> Live {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("runglass-sqlite-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        std::fs::write(dir.join("a.db"), bytes).expect("written");
        Live { connection: Connection::open(dir.join("a.db")).expect("a database"), dir }
    }

    pub fn path(&self, suffix: &str) -> PathBuf {
        self.dir.join(format!("a.db{suffix}"))
    }

    /// The files as they are now, as if somebody copied them.
    pub fn copy(&self) -> DatabaseFiles {
        let side = |path: &Path| std::fs::read(path).ok().map(held);
        DatabaseFiles {
            main: held(std::fs::read(self.path("")).expect("the database")),
            wal: side(&self.path("-wal")),
            journal: side(&self.path("-journal")),
        }
    }

    pub fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.dir).expect("removed");
    }
}

/// Numbers that follow from a seed.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn place(&mut self, sides: usize) -> usize {
        self.roll(sides as u64) as usize
    }

    /// Changes something in a file, mostly where numbers are: at the start of a page.
    pub fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let page = self.place(bytes.len() / 512 + 1) * 512;
        let inside = if self.roll(2) == 0 { 24 } else { 512 };
        let at = (page + self.place(inside)).min(bytes.len() - 1);
        match self.roll(6) {
            0 if self.roll(4) == 0 => bytes.truncate(at.max(1)),
            0 | 1 => bytes[at] = 0xff,
            2 | 3 => bytes[at] ^= 1 << self.roll(8),
            4 => bytes[at] = self.roll(256) as u8,
            _ => {
                let from = self.place(bytes.len());
                let length = self.place(600).min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + length, at);
            }
        }
    }
}

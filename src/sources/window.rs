//! A window that slides over a file which is read from its start to its end. It must not know what the bytes mean.

use crate::sources::{Bytes, Fault};
use std::rc::Rc;

/// How much is read at once, bytes.
pub const WINDOW: u64 = 8 << 20;

/// A stretch of the file in memory, moved on by whole windows.
pub struct Window {
    bytes: Rc<dyn Bytes>,
    size: u64,
    start: u64,
    data: Vec<u8>,
}

impl Window {
    /// Over a file; nothing is read yet.
    pub fn new(bytes: Rc<dyn Bytes>) -> Window {
        let size = bytes.size();
        Window { bytes, size, start: 0, data: Vec::new() }
    }

    /// Size of the file.
    pub fn file_size(&self) -> u64 {
        self.size
    }

    /// The bytes from `at` on: at least `want` of them, fewer only at the end of the file. When they are not in memory, all
    /// up to `ahead` is read with them, at most one [`WINDOW`].
    ///
    /// # Errors
    /// Those of the file.
    pub fn get(&mut self, at: u64, want: u64, ahead: u64) -> Result<&[u8], Fault> {
        let needed = at.saturating_add(want.min(WINDOW)).min(self.size);
        let held = self.start.saturating_add(self.data.len() as u64);
        if at < self.start || needed > held {
            let end = ahead.min(at.saturating_add(WINDOW)).max(needed).min(self.size);
            self.data = if at < end { self.bytes.read(at..end)? } else { Vec::new() };
            self.start = at;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.data.get(from..).unwrap_or(&[]))
    }
}

//! Reading many files through a folder in batches that fit the memory: a batch is as many files as gave about
//! 32 MiB so far, so that a thousand tiny params are one question and sixteen long histories are one too.

use crate::sources::{Fault, Folder, ReadAsk};
use std::cell::Cell;

/// Bytes that one batch should hold, about.
const BATCH_BYTES: u64 = 32 << 20;
/// Fewest and most files of a batch.
const BATCH_FILES: (u64, u64) = (16, 8192);
/// Files of the first batch, while nothing is known of their sizes.
const FIRST_BATCH: u64 = 128;

/// Counts what was read; the sizes seen so far decide how large the next batch is.
#[derive(Debug, Default)]
pub struct Tally {
    files: Cell<u64>,
    bytes: Cell<u64>,
}

impl Tally {
    /// Files read.
    pub fn files(&self) -> u64 {
        self.files.get()
    }

    /// Bytes read.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    fn batch_files(&self) -> usize {
        let files = match self.bytes().checked_div(self.files()) {
            None => FIRST_BATCH,
            Some(mean) => (BATCH_BYTES / mean.max(1)).clamp(BATCH_FILES.0, BATCH_FILES.1),
        };
        files as usize
    }

    /// Reads all `asks` in order and gives each answer with its place to `each`.
    ///
    /// # Errors
    /// Only when the folder as a whole fails; a file's own fault is an answer.
    pub async fn read_each(
        &self,
        folder: &dyn Folder,
        asks: &[ReadAsk],
        mut each: impl FnMut(usize, Result<Vec<u8>, Fault>),
    ) -> Result<(), Fault> {
        let mut done = 0;
        while let Some(rest) = asks.get(done..).filter(|rest| !rest.is_empty()) {
            let batch = rest.get(..self.batch_files()).unwrap_or(rest);
            for (place, answer) in folder.read(batch).await?.into_iter().enumerate() {
                if let Ok(bytes) = &answer {
                    self.files.set(self.files() + 1);
                    self.bytes.set(self.bytes() + bytes.len() as u64);
                }
                each(done + place, answer);
            }
            done += batch.len();
        }
        Ok(())
    }
}

//! Reading many files through a folder in batches that fit the memory, whatever their sizes turn out to be: first the
//! start of each, a thousand at a time, since nearly all are smaller than that; then the few long ones, a few at a time.

use crate::sources::{Fault, Folder, ReadAsk};
use std::cell::Cell;

/// Files of a batch of starts.
const BATCH_FILES: usize = 1024;
/// Bytes of a start: a batch holds 64 MiB at most.
const START_BYTES: u64 = 64 << 10;
/// Bytes that a batch of long files should hold, about.
const LONG_BATCH_BYTES: u64 = 32 << 20;
/// Most files of a batch of long files: no matter how their sizes change, a batch is 16 times the largest limit asked.
const LONG_BATCH_FILES: u64 = 16;

/// Reads, and counts what was read.
#[derive(Debug, Default)]
pub struct Tally {
    files: Cell<u64>,
    bytes: Cell<u64>,
    /// The same of long files alone: their mean size decides how many fit a batch.
    long_files: Cell<u64>,
    long_bytes: Cell<u64>,
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

    fn count(&self, bytes: &[u8]) {
        self.files.set(self.files() + 1);
        self.bytes.set(self.bytes() + bytes.len() as u64);
    }

    fn long_batch(&self) -> usize {
        let mean = self.long_bytes.get().checked_div(self.long_files.get()).unwrap_or(4 << 20);
        (LONG_BATCH_BYTES / mean.max(1)).clamp(1, LONG_BATCH_FILES) as usize
    }

    /// Reads all `asks`, each from the start of its file, and gives each answer with its place to `each`, in any order.
    ///
    /// # Errors
    /// Only when the folder as a whole fails; a file's own fault is an answer.
    pub async fn read_each(
        &self,
        folder: &dyn Folder,
        asks: &[ReadAsk],
        mut each: impl FnMut(usize, Result<Vec<u8>, Fault>),
    ) -> Result<(), Fault> {
        let mut long = Vec::new();
        for (batch, base) in asks.chunks(BATCH_FILES).zip((0..).step_by(BATCH_FILES)) {
            let starts: Vec<ReadAsk> =
                batch.iter().map(|ask| ReadAsk::up_to(&ask.path, ask.range.end.min(START_BYTES))).collect();
            for (at, answer) in folder.read(&starts).await?.into_iter().enumerate() {
                match (&answer, batch.get(at)) {
                    (Ok(bytes), Some(ask)) if bytes.len() as u64 == START_BYTES && ask.range.end > START_BYTES => {
                        long.push((base + at, ask.clone()));
                    }
                    (Ok(bytes), _) => {
                        self.count(bytes);
                        each(base + at, answer);
                    }
                    (Err(_), _) => each(base + at, answer),
                }
            }
        }
        let mut long = long.as_slice();
        while !long.is_empty() {
            let (batch, rest) = long.split_at(self.long_batch().min(long.len()));
            let (places, asks): (Vec<usize>, Vec<ReadAsk>) = batch.iter().cloned().unzip();
            for (place, answer) in places.into_iter().zip(folder.read(&asks).await?) {
                if let Ok(bytes) = &answer {
                    self.count(bytes);
                    self.long_files.set(self.long_files.get() + 1);
                    self.long_bytes.set(self.long_bytes.get() + bytes.len() as u64);
                }
                each(place, answer);
            }
            long = rest;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_FILES, START_BYTES, Tally};
    use crate::sources::ReadAsk;
    use crate::sources::memory::Memory;

    #[test]
    fn long_and_short_files_come_whole() {
        let sizes = |at: usize| match at {
            1_500 => START_BYTES as usize,
            at if at % 500 == 3 => START_BYTES as usize + at,
            at => at % 7,
        };
        let (mut memory, mut asks) = (Memory::new(), Vec::new());
        for at in 0..BATCH_FILES * 2 + 5 {
            memory.put(&format!("{at}"), vec![at as u8; sizes(at)]);
            asks.push(ReadAsk::up_to(format!("{at}"), if at == 1_003 { START_BYTES + 10 } else { u64::MAX }));
        }
        asks.push(ReadAsk::up_to("none", 9));
        let tally = Tally::default();
        let mut read = vec![None; asks.len()];
        pollster::block_on(tally.read_each(&memory, &asks, |at, answer| {
            assert!(read[at].replace(answer).is_none());
        }))
        .expect("read");
        let absent = read.pop().flatten().expect("an answer");
        assert!(absent.is_err());
        for (at, answer) in read.into_iter().enumerate() {
            let size = if at == 1_003 { START_BYTES as usize + 10 } else { sizes(at) };
            assert_eq!(answer, Some(Ok(vec![at as u8; size])), "{at}");
        }
        assert_eq!(tally.files(), BATCH_FILES as u64 * 2 + 5);
    }
}

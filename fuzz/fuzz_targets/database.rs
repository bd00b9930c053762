#![no_main]
//! A database with its log: the first two bytes say how long the log is, which follows the database.

use runglass::sources::memory::Memory;
use runglass::sources::mlflow_db::{Given, SqlStore};
use runglass::sources::sqlite::DatabaseFiles;
use runglass_fuzz::{bytes, read_all};
use std::rc::Rc;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (main, wal) = rest.split_at(rest.len() - length);
    let wal = (!wal.is_empty()).then(|| bytes(wal));
    let files = DatabaseFiles { main: bytes(main), wal, journal: None };
    let given = Given { name: "given.db".into(), files, is_folder_known: true, artifacts: Rc::new(Memory::new()) };
    if let Ok(store) = SqlStore::open(given) {
        read_all(&store);
    }
});

#![no_main]
//! CSV, as `search_runs()` writes it.

use runglass::sources::exports::{Kind, open_file};
use runglass_fuzz::{bytes, read_all};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(source) = open_file(Kind::Csv, "given.csv", bytes(data)) {
        read_all(&*source);
    }
});

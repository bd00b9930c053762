#![no_main]
//! JSON, as each of the exports that are JSON.

use runglass::sources::exports::{Kind, open_file, recognise};
use runglass_fuzz::{bytes, read_all};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    recognise(data);
    for kind in [Kind::Document, Kind::Answers, Kind::Frame, Kind::ExportImport] {
        if let Ok(source) = open_file(kind, "given.json", bytes(data)) {
            read_all(&*source);
        }
    }
});

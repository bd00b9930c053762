#![no_main]
//! A tar: its headers, long names and links.

use runglass::model::Report;
use runglass::sources::tar::TarFolder;
use runglass_fuzz::{allowance, bytes, look_through};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(folder) = TarFolder::open(bytes(data), &allowance(), Report::default()) {
        look_through(&folder);
    }
});

#![no_main]
//! A zip: its directory, or the entries found without it, and all that they inflate to.

use runglass::sources::zip::ZipFolder;
use runglass_fuzz::{allowance, bytes, look_through};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(folder) = ZipFolder::open(bytes(data), allowance()) {
        look_through(&folder);
    }
});

#![no_main]
//! Anything that can be given: told by its first bytes, inflated, walked through, read.

use runglass::sources::open::{Part, source};
use runglass_fuzz::{bytes, read_all};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(source) = source(vec![("given".to_owned(), Part::File(bytes(data)))]) {
        read_all(&*source);
    }
});

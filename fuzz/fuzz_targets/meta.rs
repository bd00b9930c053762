#![no_main]
//! A meta.yaml, wherever one may lie in a store.

use runglass::sources::memory::Memory;
use runglass::sources::stores::Stores;
use runglass_fuzz::read_all;
use std::rc::Rc;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let experiment = "experiment_id: '7'\nname: Seven\n";
    let mut memory = Memory::new().with("7/meta.yaml", experiment).with("7/a/metrics/m", "1 2 3\n");
    for path in [
        "7/a/meta.yaml",
        "7/a/inputs/i/meta.yaml",
        "7/datasets/d/meta.yaml",
        "7/models/m-1/meta.yaml",
        "7/traces/tr-1/trace_info.yaml",
        "8/meta.yaml",
        "models/m/meta.yaml",
        "models/m/version-1/meta.yaml",
        "anywhere/meta.yaml",
    ] {
        memory.put(path, data);
    }
    read_all(&Stores::new(Rc::new(memory)));
});

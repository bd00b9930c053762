#![no_main]
//! The lines of a metric file.

use runglass::sources::mlruns::metrics::read_points;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut told = 0;
    let series = read_points(data, &mut |line, message| {
        told += 1;
        assert!(line > 0 && message.len() < 1_000);
    });
    assert!(series.step.is_sorted() && series.len() + told <= data.split(|byte| *byte == b'\n').count());
    assert_eq!(series.summary().map_or(0, |summary| summary.count as usize), series.len());
});

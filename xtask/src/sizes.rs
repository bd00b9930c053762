//! What a first visit has to load, and the limit on it.

use crate::inputs::files_below;
use anyhow::{Result, bail};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Bytes of the first load when every file of it is compressed by `gzip -9`, as static hosts do.
pub const FIRST_LOAD_LIMIT: usize = 600_000;
/// Fetched only when asked for.
pub const LATER: &[&str] = &["licences.html", "sample.zip"];

/// Prints the sizes of what `dist` holds; an error when the first load is over its limit.
pub fn report(dist: &Path) -> Result<()> {
    let (mut raw_total, mut gzip_total) = (0, 0);
    println!("{:<36}{:>12}{:>12}", "first load, bytes", "raw", "gzip -9");
    for path in files_below(dist)? {
        let name = path.strip_prefix(dist)?.display().to_string();
        if LATER.iter().any(|later| path.ends_with(later)) {
            continue;
        }
        let bytes = fs::read(&path)?;
        let gzip = gzip_len(&bytes)?;
        println!("  {name:<34}{:>12}{gzip:>12}", bytes.len());
        raw_total += bytes.len();
        gzip_total += gzip;
    }
    println!("  {:<34}{raw_total:>12}{gzip_total:>12}", "together");
    if gzip_total > FIRST_LOAD_LIMIT {
        bail!("the first load is {gzip_total} bytes compressed, over its limit of {FIRST_LOAD_LIMIT}");
    }
    Ok(())
}

fn gzip_len(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

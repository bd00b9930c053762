//! What a first visit has to load, and the limit on it.

use crate::inputs::files_below;
use anyhow::{Result, bail};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Bytes of the first load when every file of it is compressed by `gzip -9`, as static hosts do.
pub const FIRST_LOAD_LIMIT: usize = 600_000;
/// Of all that the page ever runs: the first load and the parts that are fetched later.
pub const ALL_LIMIT: usize = 1_500_000;
/// Code that is fetched after the first load.
const LAZY: &str = "split_";
const LAZY_SHARED: &str = "chunk_";
/// Fetched only when asked for, and no code.
const DOCUMENTS: &[&str] = &["licences.html", "sample.zip"];

#[derive(Clone, Copy, Default)]
struct Size {
    raw: usize,
    gzip: usize,
}

/// Prints the sizes of what `dist` holds; an error when the first load or all code is over its limit.
pub fn report(dist: &Path, is_optimised: bool) -> Result<()> {
    let (mut first, mut later, mut documents) = (Vec::new(), Vec::new(), Vec::new());
    for path in files_below(dist)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let list = if DOCUMENTS.contains(&file.as_str()) {
            &mut documents
        } else if file.ends_with(".wasm") && (file.starts_with(LAZY) || file.starts_with(LAZY_SHARED)) {
            &mut later
        } else {
            &mut first
        };
        let bytes = fs::read(&path)?;
        let size = Size { raw: bytes.len(), gzip: gzip_len(&bytes)? };
        list.push((path.strip_prefix(dist)?.display().to_string(), size));
    }
    let first = print("first load", &first);
    let later = print("fetched ahead or by the worker", &later);
    print("only when asked for", &documents);
    let all = first.gzip + later.gzip;
    println!("first load {} of {FIRST_LOAD_LIMIT}, all {all} of {ALL_LIMIT} bytes, gzip -9", first.gzip);
    if !is_optimised {
        println!("Not held to the limits: the wasm is not optimised.");
        return Ok(());
    }
    if first.gzip > FIRST_LOAD_LIMIT {
        bail!("the first load is {} bytes compressed, over its limit of {FIRST_LOAD_LIMIT}", first.gzip);
    }
    if all > ALL_LIMIT {
        bail!("the page is {all} bytes compressed, over its limit of {ALL_LIMIT}");
    }
    Ok(())
}

/// One table, and its sum.
fn print(title: &str, files: &[(String, Size)]) -> Size {
    println!("{:<48}{:>12}{:>12}", format!("{title}, bytes"), "raw", "gzip -9");
    let mut sum = Size::default();
    for (name, size) in files {
        println!("  {name:<46}{:>12}{:>12}", size.raw, size.gzip);
        sum = Size { raw: sum.raw + size.raw, gzip: sum.gzip + size.gzip };
    }
    println!("  {:<46}{:>12}{:>12}", "together", sum.raw, sum.gzip);
    sum
}

fn gzip_len(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

//! What the page is made of, and a fingerprint of it, so that what is up to date is not built again.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files and directories of the checkout that a change in must lead to another page.
const INPUTS: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "index.html",
    "package-lock.json",
    "src",
    "style",
    "tests/fixtures/sample/sample.zip",
    "web",
    "xtask/Cargo.lock",
    "xtask/src",
];

/// FNV-1a with 64 bits: for names and stamps, not against anyone.
pub struct Fingerprint(u64);

impl Fingerprint {
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes one more part in; its length counts as well, so that parts can not run into each other.
    pub fn add(&mut self, part: &[u8]) -> &mut Self {
        for byte in part.iter().chain(&(part.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    /// Sixteen hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The fingerprint of the page's inputs.
pub fn fingerprint(root: &Path) -> Result<Fingerprint> {
    let mut all = Fingerprint::new();
    for path in input_files(root)? {
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        all.add(path.strip_prefix(root)?.to_string_lossy().as_bytes()).add(&bytes);
    }
    Ok(all)
}

/// The newest change among the page's inputs and their number: cheap enough to ask three times a second.
pub fn last_change(root: &Path) -> Result<(SystemTime, usize)> {
    let files = input_files(root)?;
    // A file can vanish between the two looks: an editor is saving it.
    let times = files.iter().filter_map(|path| fs::metadata(path).and_then(|m| m.modified()).ok());
    Ok((times.max().unwrap_or(SystemTime::UNIX_EPOCH), files.len()))
}

fn input_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in INPUTS {
        let path = root.join(input);
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// All files below `dir`, sorted.
pub fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("listing {}", dir.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { dirs.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let hex = |parts: &[&str]| {
            let mut all = Fingerprint::new();
            parts.iter().for_each(|part| {
                all.add(part.as_bytes());
            });
            all.hex()
        };
        assert_eq!(hex(&["ab", "c"]), hex(&["ab", "c"]));
        assert_ne!(hex(&["ab", "c"]), hex(&["a", "bc"]));
        assert_ne!(hex(&["ab"]), hex(&["ab", ""]));
    }
}

//! Builds what the benchmark measures, and starts it.

use crate::{build, tools};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// What is measured.
#[derive(Clone, Copy, PartialEq)]
pub enum Size {
    /// In a minute: `benches/browser.mjs` says what.
    Small,
    /// A database of a gigabyte and a zip of half a million files, in ten minutes: `benches/large.mjs` says what.
    Large,
}

/// Builds the command line and the page, then measures both.
pub fn run(root: &Path, size: Size) -> Result<()> {
    tools::node()?;
    tools::node_modules(root)?;
    let chromium = tools::chromium()?;
    let native = ["build", "--locked", "--release", "--no-default-features", "--bin", "runglass"];
    tools::run(tools::cargo(root).args(native))?;
    build::release(root)?;
    let script = if size == Size::Small { "benches/browser.mjs" } else { "benches/large.mjs" };
    tools::run(Command::new("node").arg(script).env("CHROMIUM", chromium).current_dir(root))
}

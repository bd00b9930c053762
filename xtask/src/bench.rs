//! Builds what the benchmark measures, and starts it.

use crate::{build, tools};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Builds the command line and the page, then measures both: `benches/browser.mjs` says what.
pub fn run(root: &Path) -> Result<()> {
    tools::node()?;
    tools::node_modules(root)?;
    let chromium = tools::chromium()?;
    let native = ["build", "--locked", "--release", "--no-default-features", "--bin", "runglass"];
    tools::run(tools::cargo(root).args(native))?;
    build::release(root)?;
    tools::run(Command::new("node").arg("benches/browser.mjs").env("CHROMIUM", chromium).current_dir(root))
}

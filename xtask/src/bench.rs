//! Builds what the benchmark measures, and starts it.

use crate::{build, servers, tools};
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
    /// A tracking server with 10,000 runs beside its own page, in twenty minutes: `benches/tracking.mjs` says what.
    Servers,
}

/// Builds the page, and the command line where it has a part in it, then measures.
pub fn run(root: &Path, size: Size) -> Result<()> {
    tools::node()?;
    tools::node_modules(root)?;
    let chromium = tools::chromium()?;
    let script = match size {
        Size::Small => "benches/browser.mjs",
        Size::Large => "benches/large.mjs",
        Size::Servers => "benches/tracking.mjs",
    };
    let mut command = Command::new("node");
    command.arg(script).env("CHROMIUM", chromium).current_dir(root);
    if size != Size::Small {
        command.env("RUNGLASS_PYTHON", servers::install(root)?);
    }
    if size != Size::Servers {
        let native = ["build", "--locked", "--release", "--no-default-features", "--bin", "runglass"];
        tools::run(tools::cargo(root).args(native))?;
    }
    build::release(root)?;
    tools::run(&mut command)
}

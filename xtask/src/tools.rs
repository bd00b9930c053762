//! What a command needs and the machine may lack: fetched when first needed, said, and not fetched twice.

use crate::inputs::Fingerprint;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const WASM: &str = "wasm32-unknown-unknown";

/// The cargo that runs us.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs to the end; an error when it can not be started or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("`{name}` can not be started"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// What it prints, trimmed; an error when it can not be started or fails.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stderr(Stdio::inherit()).output().with_context(|| format!("`{name}` can not be started"))?;
    if !out.status.success() {
        bail!("`{name}` failed ({})", out.status);
    }
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The compiler's own account of its version.
pub fn rustc_version() -> Result<String> {
    output(rustc().arg("-vV"))
}

/// Rust's standard library for wasm.
pub fn wasm_target() -> Result<()> {
    let dir = output(rustc().args(["--print", "target-libdir", "--target", WASM]))?;
    if Path::new(&dir).is_dir() {
        return Ok(());
    }
    println!("Fetching Rust's standard library for {WASM}: rustup target add {WASM}");
    run(Command::new("rustup").args(["target", "add", WASM]))
}

/// rustfmt and clippy, which rustup's minimal profile leaves out.
pub fn rust_components() -> Result<()> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let there =
            cargo(Path::new(".")).args([tool, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            println!("Fetching {component}: rustup component add {component}");
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// The npm packages of `package-lock.json`: wasm-opt, and what drives the tests in a browser.
pub fn node_modules(root: &Path) -> Result<()> {
    let lock = fs::read(root.join("package-lock.json")).context("reading package-lock.json")?;
    let wanted = Fingerprint::new().add(&lock).hex();
    let stamp = root.join("node_modules/.installed-for");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("Fetching the npm packages of package-lock.json: npm ci --ignore-scripts");
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(root))?;
    fs::write(stamp, wanted).context("writing the stamp of node_modules")
}

/// wasm-opt, or why it can not be had: the page works without it, larger by a third.
pub fn wasm_opt(root: &Path) -> Result<PathBuf> {
    node_modules(root)?;
    let path = root.join("node_modules/binaryen/bin/wasm-opt");
    if !path.is_file() {
        bail!("{} is missing", path.display());
    }
    Ok(path)
}

/// Node as the tests in a browser need it.
pub fn node() -> Result<()> {
    const OLDEST: u32 = 20;
    let version = output(Command::new("node").arg("--version")).context("the tests in a browser need Node")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        bail!("the tests in a browser need Node {OLDEST} or newer, this is {version}");
    }
    output(Command::new("npm").arg("--version"))
        .context("Node is here, but not npm; install it (Debian: apt install npm)")?;
    Ok(())
}

/// Chromium: `$CHROMIUM`, or where systems put it, or Debian's package.
pub fn chromium() -> Result<PathBuf> {
    const PLACES: &[&str] = &[
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(chosen.into());
    }
    let find = || PLACES.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(found) = find() {
        return Ok(found);
    }
    println!("Fetching Chromium for the tests in a browser: apt-get install chromium");
    apt_install(&["chromium", "fonts-liberation"])
        .context("no Chromium found; install it, or set CHROMIUM to its path")?;
    find().context("Chromium is still missing after its installation")
}

/// Debian's packages, without what they recommend.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    // Only root may install; elsewhere sudo asks.
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    let apt = |args: &[&str]| {
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.arg("apt-get");
        }
        run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-q"])?;
    apt(&[&["install", "-y", "-q", "--no-install-recommends"], packages].concat())
}

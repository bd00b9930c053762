//! From the checkout to a directory that any static host can serve: cargo, the splitter, bindgen, wasm-opt, and the files
//! round them.

use crate::tools::{self, WASM};
use crate::{inputs, licences, page, sizes};
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Files of `web/` that go beside the wasm.
const WEB: &[&str] = &["boot.js", "theme.js", "favicon.svg"];
/// How wasm-opt works. The levels differ by a hundredth in what is left, and this one takes the least time.
const WASM_OPT_LEVEL: &str = "-Os";
/// The command line that holds what lies in `dist/`.
const WITH_PAGE: [&str; 6] = ["--locked", "--no-default-features", "--features", "serve", "--bin", "runglass"];
const SAMPLE: &str = "tests/fixtures/sample/sample.zip";

#[derive(Clone, Copy, PartialEq)]
pub enum Profile {
    /// For visitors: optimised, measured, with its licences.
    Release,
    /// For the quick loop of changing and looking.
    Dev,
}

/// Builds the optimised page into `dist/`, unless it is up to date, and returns that directory.
pub fn release(root: &Path) -> Result<PathBuf> {
    let dist = root.join("dist");
    tools::wasm_target()?;
    let wasm_opt = tools::wasm_opt(root);
    if let Err(why) = &wasm_opt {
        println!("No wasm-opt ({why:#}): the page will work, but be larger than it need be.");
    }
    let wasm_opt = wasm_opt.ok();

    let mut inputs = inputs::fingerprint(root)?;
    inputs.add(tools::rustc_version()?.as_bytes()).add(&[u8::from(wasm_opt.is_some())]);
    let work = target_directory(root)?.join("xtask");
    let stamp_path = work.join("release.stamp");
    if let Ok(stamp) = fs::read_to_string(&stamp_path)
        && let Some((built_from, dir)) = stamp.split_once(' ')
        && built_from == inputs.hex()
        && fs::read_to_string(dist.join("index.html")).is_ok_and(|html| html.contains(dir))
        && dist.join(dir).join("app_bg.wasm").is_file()
    {
        println!("dist/ is up to date.");
        return Ok(dist);
    }

    let stage = stage(root, Profile::Release, &work)?;
    if let Some(wasm_opt) = &wasm_opt {
        optimise(wasm_opt, &stage)?;
    }
    let dir = publish(root, &stage, &dist)?;
    let licences = licences::page(root, &dir)?;
    fs::write(dist.join("licences.html"), licences)?;
    sizes::report(&dist, wasm_opt.is_some())?;
    fs::write(&stamp_path, format!("{} {dir}", inputs.hex()))?;
    println!("The page is in dist/.");
    Ok(dist)
}

/// Builds the page, then the command line with it inside.
pub fn binary(root: &Path) -> Result<()> {
    release(root)?;
    tools::run(tools::cargo(root).args(["build", "--release"]).args(WITH_PAGE))?;
    println!("The command line with the page inside is {}.", program(root, "release")?.display());
    Ok(())
}

/// The same, built quickly and with the page that is in `dist/`: for tests. Returns the program.
pub fn dev_binary(root: &Path) -> Result<PathBuf> {
    tools::run(tools::cargo(root).arg("build").args(WITH_PAGE))?;
    program(root, "debug")
}

fn program(root: &Path, profile: &str) -> Result<PathBuf> {
    Ok(target_directory(root)?.join(profile).join(format!("runglass{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds quickly, into a directory of its own. Returns it and the name of the build's directory in it.
pub fn dev(root: &Path) -> Result<(PathBuf, String)> {
    tools::wasm_target()?;
    let started = Instant::now();
    let work = target_directory(root)?.join("xtask");
    let dist = work.join("dev-dist");
    let stage = stage(root, Profile::Dev, &work)?;
    let dir = publish(root, &stage, &dist)?;
    println!("Built in {:.1} s.", started.elapsed().as_secs_f64());
    Ok((dist, dir))
}

fn target_directory(root: &Path) -> Result<PathBuf> {
    let mut command = tools::cargo(root);
    command.args(["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    let metadata: serde_json::Value = serde_json::from_str(&tools::output(&mut command)?)?;
    Ok(metadata["target_directory"].as_str().context("`cargo metadata` names no target directory")?.into())
}

/// Compiles the crate and puts everything that belongs beside the wasm into one directory.
fn stage(root: &Path, profile: Profile, work: &Path) -> Result<PathBuf> {
    let (name, cargo_dir) = match profile {
        Profile::Release => ("page", "page"),
        Profile::Dev => ("dev", "debug"),
    };
    let mut command = tools::cargo(root);
    command.args(["rustc", "--locked", "--lib", "--crate-type", "cdylib", "--target", WASM, "--profile", name]);
    // Leptos then erases the types of views: a third of the code, and a build that is as much faster. Joined to the flags of
    // .cargo/config.toml.
    command.args(["--config", &format!("target.{WASM}.rustflags=['--cfg=erase_components']")]);
    // The splitter follows the linker's relocations from one function to the next.
    command.args(["--", "-Clink-args=--emit-relocs"]);
    tools::run(&mut command)?;

    let stage = work.join(name);
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    let wasm = work.parent().unwrap_or(work).join(WASM).join(cargo_dir).join("runglass.wasm");
    let main_part = work.join(format!("{name}-main.wasm"));
    split(&wasm, &main_part, &stage)?;
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&main_part)
        .web(true)?
        // What the other parts import from the main one; without it they fail to link, in the browser.
        .keep_lld_exports(true)
        .typescript(false)
        .omit_default_module_path(false)
        .keep_debug(false)
        .out_name("app")
        .generate(&stage)
        .map_err(|error| anyhow!("wasm-bindgen: {error:#}"))?;

    for file in WEB {
        fs::copy(root.join("web").join(file), stage.join(file)).with_context(|| format!("copying web/{file}"))?;
    }
    fs::write(stage.join("app.css"), page::stylesheet(&root.join("style"))?)?;
    if root.join(SAMPLE).is_file() {
        fs::copy(root.join(SAMPLE), stage.join("sample.zip"))?;
    }
    Ok(stage)
}

/// Writes the lazy parts with their loader into `stage`, and what is loaded at once to `main_part`.
fn split(wasm: &Path, main_part: &Path, stage: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let mut options = wasm_split_cli_support::Options::new(&bytes);
    options.output_dir = stage;
    options.main_out_path = main_part;
    options.main_module = "./app.js";
    wasm_split_cli_support::transform(options).map_err(|error| anyhow!("splitting the wasm: {error:?}"))?;
    Ok(())
}

/// Every part by itself, all at the same time.
fn optimise(wasm_opt: &Path, stage: &Path) -> Result<()> {
    println!("Optimising the wasm ...");
    let started = Instant::now();
    let parts =
        inputs::files_below(stage)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    let start = |part: PathBuf| {
        let mut command = Command::new("node");
        command.arg(wasm_opt).arg(WASM_OPT_LEVEL).arg(&part).arg("-o").arg(&part);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("`node` can not be started")
    };
    let running = parts.map(start).collect::<Result<Vec<_>>>()?;
    for child in running {
        // The name of a section that it does not know makes it print a harmless line on standard error.
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("wasm-opt failed ({}):\n{}", out.status, String::from_utf8_lossy(&out.stderr));
        }
    }
    println!("... {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Moves the staged files into `dist`, in a directory named by what they hold, with an `index.html` that points at it.
/// Returns the name of the directory.
fn publish(root: &Path, stage: &Path, dist: &Path) -> Result<String> {
    let mut content = inputs::Fingerprint::new();
    let files = inputs::files_below(stage)?;
    for path in &files {
        content.add(path.strip_prefix(stage)?.to_string_lossy().as_bytes()).add(&fs::read(path)?);
    }
    let dir = format!("b-{}", content.hex());

    let template = fs::read_to_string(root.join("index.html")).context("reading index.html")?;
    let index = page::index(&template, &dir);
    let faults = page::faults(&index);
    if !faults.is_empty() {
        bail!("index.html: {}", faults.join(", "));
    }

    if dist.exists() {
        fs::remove_dir_all(dist)?;
    }
    for path in &files {
        let to = dist.join(&dir).join(path.strip_prefix(stage)?);
        fs::create_dir_all(to.parent().context("a file without a directory")?)?;
        fs::copy(path, to)?;
    }
    fs::write(dist.join("index.html"), index)?;
    Ok(dir)
}

//! `cargo xtask`: builds, serves and tests Runglass on a machine that has a stable Rust, Node and little else.
//! It must not know what the app does.

mod bench;
mod build;
mod inputs;
mod licences;
mod page;
mod serve;
mod servers;
mod sizes;
mod test;
mod tools;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask build                 the optimised page, into dist/: any static host can serve it, under any path
    --binary                      then the command line with the page inside, for `runglass serve`
cargo xtask serve                 builds it and serves it on this machine
    --dev                         a quick build instead, made again on every change; the page reloads itself
    --no-build                    serves dist/ as it is
    --port N                      another port than 8080; 0 takes a free one
cargo xtask test                  everything that must hold
    --only STEP                   one step of it: {steps}
cargo xtask bench                 how fast the command line and the page read generated data, and the bytes of the page
    --large                       a database of 1 GB and a zip of 500,000 files instead, beside SQLite and MLflow's own server
    --servers                     a tracking server with 10,000 runs instead, beside its own page";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<ExitCode> {
    let root = root();
    match args {
        ["build"] => build::release(&root).map(|_| ExitCode::SUCCESS),
        ["build", "--binary"] => build::binary(&root).map(|_| ExitCode::SUCCESS),
        ["serve", rest @ ..] => serve::run(&root, serve_options(rest)?).map(|()| ExitCode::SUCCESS),
        ["test"] => test::run(&root, None),
        ["bench"] => bench::run(&root, bench::Size::Small).map(|()| ExitCode::SUCCESS),
        ["bench", "--large"] => bench::run(&root, bench::Size::Large).map(|()| ExitCode::SUCCESS),
        ["bench", "--servers"] => bench::run(&root, bench::Size::Servers).map(|()| ExitCode::SUCCESS),
        ["test", "--only", step] => test::run(&root, Some(step)),
        [] | ["help" | "--help" | "-h"] => {
            println!("{}", HELP.replace("{steps}", &test::names().join(", ")));
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("`{}` is no command; `cargo xtask help` lists them", args.join(" ")),
    }
}

fn serve_options(mut args: &[&str]) -> Result<serve::Options> {
    let mut options = serve::Options::default();
    while let [first, rest @ ..] = args {
        args = rest;
        match (*first, rest) {
            ("--dev", _) => options.dev = true,
            ("--no-build", _) => options.no_build = true,
            ("--port", [port, rest @ ..]) => {
                options.port = Some(port.parse().with_context(|| format!("`{port}` is no port"))?);
                args = rest;
            }
            _ => bail!("`serve` does not know `{first}`; `cargo xtask help` lists what it knows"),
        }
    }
    if options.dev && options.no_build {
        bail!("--dev and --no-build exclude each other");
    }
    Ok(options)
}

/// The directory of the checkout: the parent of this crate's.
fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    xtask.parent().map_or(xtask.clone(), Path::to_path_buf)
}

//! Everything that must hold, step by step, each timed and named; then one closing line with the counts.

use crate::tools::{self, WASM};
use crate::{build, inputs, servers};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Tests that a step ran. A step without tests of its own has none of either.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
}

struct Outcome {
    counts: Counts,
    ok: bool,
}

struct Step {
    name: &'static str,
    run: fn(&Path) -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "clippy", run: clippy },
    Step { name: "xtask", run: |root| cargo_test(root, &["--manifest-path", "xtask/Cargo.toml"], |_| ()) },
    Step { name: "unit", run: unit },
    Step { name: "build", run: |root| build::release(root).map(|_| passed()) },
    Step { name: "e2e", run: e2e },
];

/// The names that `--only` knows.
pub fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs all steps, or `only` one; a failed step does not stop the next.
pub fn run(root: &Path, only: Option<&str>) -> Result<ExitCode> {
    let steps: Vec<_> = STEPS.iter().filter(|step| only.is_none_or(|only| step.name == only)).collect();
    if steps.is_empty() {
        bail!("there is no such step; there are {}", names().join(", "));
    }
    let mut total = Counts::default();
    let mut lines = Vec::new();
    for step in steps {
        println!("\n== {}", step.name);
        let started = Instant::now();
        let outcome = (step.run)(root).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome { counts: Counts::default(), ok: false }
        });
        let Counts { passed, mut failed } = outcome.counts;
        if !outcome.ok && failed == 0 {
            // A step that broke before it could count is one failure.
            failed = 1;
        }
        total.passed += passed;
        total.failed += failed;
        let word = if failed == 0 { "ok" } else { "FAILED" };
        lines.push(format!(
            "{:<8}{word:<8}{:>6.0} s{passed:>8} passed{failed:>6} failed",
            step.name,
            started.elapsed().as_secs_f64()
        ));
    }
    println!("\n{}", lines.join("\n"));
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn passed() -> Outcome {
    Outcome { counts: Counts::default(), ok: true }
}

fn fmt(root: &Path) -> Result<Outcome> {
    tools::rust_components()?;
    tools::run(tools::cargo(root).args(["fmt", "--check"]))?;
    tools::run(tools::cargo(root).args(["fmt", "--check", "--manifest-path", "xtask/Cargo.toml"]))?;
    Ok(passed())
}

fn clippy(root: &Path) -> Result<Outcome> {
    tools::rust_components()?;
    tools::wasm_target()?;
    for what in [
        &["--no-default-features", "--all-targets"][..],
        &["--lib", "--target", WASM],
        &["--manifest-path", "xtask/Cargo.toml", "--all-targets"],
    ] {
        println!("cargo clippy {}", what.join(" "));
        tools::run(tools::cargo(root).args(["clippy", "--locked"]).args(what).args(["--", "-D", "warnings"]))?;
    }
    Ok(passed())
}

fn unit(root: &Path) -> Result<Outcome> {
    let python = servers::install(root)?;
    // What starts real servers is left out unless it is asked for.
    cargo_test(root, &["--no-default-features"], |command| {
        command.args(["--", "--include-ignored"]).env(PYTHON, python);
    })
}

/// Says to tests which Python starts servers.
const PYTHON: &str = "RUNGLASS_PYTHON";

/// How many times as long as by themselves the tests go on that change bytes: about a minute in all.
const MUTATIONS: &str = "6";

fn cargo_test(root: &Path, what: &[&str], more: impl FnOnce(&mut Command)) -> Result<Outcome> {
    let mut command = tools::cargo(root);
    command.args(["test", "--locked", "--no-fail-fast"]).args(what).stdout(Stdio::piped());
    more(&mut command);
    if std::env::var_os("RUNGLASS_MUTATIONS").is_none() {
        command.env("RUNGLASS_MUTATIONS", MUTATIONS);
    }
    let mut child = command.spawn().context("`cargo test` can not be started")?;
    let mut counts = Counts::default();
    let mut terminal = std::io::stdout();
    let mut output = BufReader::new(child.stdout.take().context("`cargo test` has no output")?);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        terminal.write_all(&line)?;
        let more = cargo_counts(&String::from_utf8_lossy(&line));
        counts.passed += more.passed;
        counts.failed += more.failed;
        line.clear();
    }
    Ok(Outcome { counts, ok: child.wait()?.success() })
}

/// Counts of a line as `test result: ok. 12 passed; 0 failed; 0 ignored; ...`; other lines count nothing.
fn cargo_counts(line: &str) -> Counts {
    let Some((_, numbers)) = line.trim().strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
        return Counts::default();
    };
    let number = |word: &str| {
        let part = numbers.split(';').find_map(|part| part.trim().strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Counts { passed: number("passed").unwrap_or(0), failed: number("failed").unwrap_or(0) }
}

fn e2e(root: &Path) -> Result<Outcome> {
    tools::node()?;
    tools::node_modules(root)?;
    let python = servers::install(root)?;
    let chromium = tools::chromium()?;
    build::release(root)?;
    let program = build::dev_binary(root)?;
    let tests = inputs::files_below(&root.join("tests/e2e"))?;
    let tests = tests.iter().filter(|path| path.to_string_lossy().ends_with(".test.mjs"));
    // The second reporter writes what is counted; the first is for eyes.
    let report = root.join("target/xtask/e2e.tap");
    fs::create_dir_all(report.parent().context("a report without a directory")?)?;
    let ok = Command::new("node")
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec", "--test-reporter-destination=stdout"])
        .args(["--test-reporter=tap", &format!("--test-reporter-destination={}", report.display())])
        .args(tests)
        .env("CHROMIUM", chromium)
        .env(PYTHON, python)
        .env("RUNGLASS", program)
        .current_dir(root)
        .status()
        .context("`node` can not be started")?
        .success();
    Ok(Outcome { counts: tap_counts(&fs::read_to_string(report)?), ok })
}

/// Counts of the closing lines `# pass 12`, `# fail 0`, `# cancelled 0` of Node's TAP.
fn tap_counts(tap: &str) -> Counts {
    let number = |word: &str| {
        let value = |line: &str| line.strip_prefix("# ")?.strip_prefix(word)?.trim().parse::<u64>().ok();
        tap.lines().rev().find_map(value).unwrap_or(0)
    };
    Counts { passed: number("pass "), failed: number("fail ") + number("cancelled ") }
}

#[cfg(test)]
mod tests {
    use super::{Counts, cargo_counts, tap_counts};

    #[test]
    fn counts_are_read() {
        let counts = |passed, failed| Counts { passed, failed };
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s\n";
        assert_eq!(cargo_counts(line), counts(12, 0));
        assert_eq!(cargo_counts("test result: FAILED. 3 passed; 4 failed; 0 ignored"), counts(3, 4));
        assert_eq!(cargo_counts("test model::x ... ok"), counts(0, 0));
        assert_eq!(tap_counts("ok 1 - a\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n"), counts(3, 2));
    }

    #[test]
    fn both_lock_files_agree_on_wasm_bindgen() {
        let version = |lock: &str, package: &str| {
            let (_, rest) =
                lock.split_once(&format!("name = \"{package}\"\nversion = \"")).expect("the package is locked");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let page = version(include_str!("../../Cargo.lock"), "wasm-bindgen");
        assert_eq!(version(include_str!("../Cargo.lock"), "wasm-bindgen-cli-support"), page);
    }
}

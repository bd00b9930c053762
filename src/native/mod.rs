//! THE COMMAND LINE, and the std::fs twin of the browser's files.
//!
//! It must not know a format: it opens a folder or an archive, hands it to the sources, and prints plain data.

pub mod disk;
pub mod inspect;
mod open;

pub use open::open;

use crate::sources::FaultKind;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
Runglass opens MLflow tracking data.

Usage: runglass inspect PATH [--summary]

  inspect PATH   print what is in PATH (a folder, at any depth of which tracking data may lie, also in archives, or
                 a .zip, .tar, .tar.gz or .tar.zst of one) as one JSON document
  --summary      print counts only
  --help         print this text

Exit status: 0 when something was read (what was skipped is listed as notices), 2 when nothing was recognised,
1 for every other error.
";

/// Nothing of what was opened is tracking data.
const NOTHING_RECOGNISED: u8 = 2;

enum Command {
    Help,
    Inspect { path: String, summary: bool },
}

/// Runs the command line; `arguments` do not hold the program's name.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    match parse(arguments) {
        Err(mistake) => {
            eprint!("runglass: {mistake}\n\n{USAGE}");
            ExitCode::FAILURE
        }
        Ok(Command::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Command::Inspect { path, summary }) => inspect(Path::new(&path), summary),
    }
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let (mut words, mut summary) = (Vec::new(), false);
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" | "help" => return Ok(Command::Help),
            "--summary" => summary = true,
            option if option.starts_with("--") => return Err(format!("there is no option {option}")),
            _ => words.push(argument),
        }
    }
    let mut words = words.into_iter();
    match (words.next().as_deref(), words.next(), words.next()) {
        (Some("inspect"), Some(path), None) => Ok(Command::Inspect { path, summary }),
        (Some("inspect"), None, _) => Err("inspect needs a PATH".to_owned()),
        (Some("inspect"), ..) => Err("inspect takes one PATH".to_owned()),
        (Some(other), ..) => Err(format!("there is no command {other}")),
        (None, ..) => Err("a command is missing".to_owned()),
    }
}

fn inspect(path: &Path, summary: bool) -> ExitCode {
    let outcome = open(path).and_then(|source| pollster::block_on(inspect::read(&*source)));
    let inspected = match outcome {
        Ok(inspected) => inspected,
        Err(fault) => {
            eprintln!("runglass: {}: {fault}", path.display());
            return match fault.kind {
                FaultKind::NotRecognised => ExitCode::from(NOTHING_RECOGNISED),
                _ => ExitCode::FAILURE,
            };
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = match summary {
        true => inspected.write_summary(&mut out),
        false => inspected.write_document(&mut out),
    };
    match written.and_then(|()| out.flush()) {
        // Whoever reads may stop early: `runglass inspect mlruns | head`.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("runglass: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

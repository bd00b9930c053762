//! THE COMMAND LINE, and the std::fs twin of the browser's files.
//!
//! It must not know a format: it opens a folder, an archive or a server, hands it to the sources, and prints plain data.

pub mod disk;
pub mod export;
#[cfg(test)]
mod failing;
pub mod http;
pub mod inspect;
mod open;
pub mod serve;

pub use open::open;

use crate::native::export::Export;
use crate::native::serve::Serve;
use crate::sources::{Fault, FaultKind};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
Runglass opens MLflow tracking data.

Usage: runglass inspect PATH [--summary]
       runglass export PATH [-o FILE] [--force] [--experiment ID...] [--run ID...]
       runglass serve [PATH] [--proxy URL] [--address IP] [--port N] [--no-open] [--page DIR]

  inspect PATH   print what is in PATH (a folder, at any depth of which tracking data may lie, also in archives, or
                 a .zip, .tar, .tar.gz or .tar.zst of one; or the address of a tracking server, http://...) as one JSON
                 document
  --summary      print counts only
  export PATH    write what is in PATH, with every point of every metric, as one JSON document that Runglass opens again
  -o FILE        where to; standard output without it, or when FILE is -
  --force        replace FILE when it is there already
  --experiment ID...  only these experiments, by id or by path
  --run ID...         only these runs, by id or by path; both together add up
  serve [PATH]   serve the page on this machine and open it in a browser, with what is in PATH in it, read-only
  --proxy URL    let the page ask the tracking server at URL through its own origin, read-only
  --address IP   listen there instead of on 127.0.0.1; whoever reaches it can read all of this
  --port N       listen on this port; without it on 4747 or, where that is taken, on a free one
  --no-open      print the address only
  --page DIR     serve the built page in DIR instead of the one in this program
  --help         print this text

A tracking server is told who asks by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, and
MLFLOW_WORKSPACE, as MLflow's own client reads them; never by its address.

Exit status: 0 when something was read (what was skipped, and what a server did not give, is listed as notices), 2 when nothing was recognised,
1 for every other error.
";

/// Nothing of what was opened is tracking data.
const NOTHING_RECOGNISED: u8 = 2;

#[derive(Debug, PartialEq)]
enum Command {
    Help,
    Inspect { path: PathBuf, summary: bool },
    Export(Export),
    Serve(Serve),
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
        Ok(Command::Inspect { path, summary }) => inspect(&path, summary),
        Ok(Command::Export(export)) => match export::run(&export) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => failed(&export.path, &fault),
        },
        Ok(Command::Serve(serve)) => match serve::run(&serve) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                eprintln!("runglass: {fault}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Which words come next.
#[derive(Clone, Copy)]
enum Next {
    Words,
    Out,
    Experiments,
    Runs,
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|word| word == "serve").is_some() {
        let words: Vec<String> = arguments.collect();
        let wants_help = words.iter().any(|word| matches!(word.as_str(), "--help" | "-h"));
        return if wants_help { Ok(Command::Help) } else { serve::parse(words.into_iter()).map(Command::Serve) };
    }
    let (mut words, mut summary, mut export) = (Vec::new(), false, Export::default());
    let (mut options, mut next) = (Vec::new(), Next::Words);
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "help" if words.is_empty() => return Ok(Command::Help),
            "--summary" => summary = true,
            "--force" => export.force = true,
            "-o" => next = Next::Out,
            "--experiment" => next = Next::Experiments,
            "--run" => next = Next::Runs,
            option if option.starts_with("--") => return Err(format!("there is no option {option}")),
            _ => {
                match next {
                    Next::Words => words.push(argument),
                    Next::Out => export.out = Some(PathBuf::from(argument)).filter(|out| out.as_os_str() != "-"),
                    Next::Experiments => export.chosen.experiments.push(argument),
                    Next::Runs => export.chosen.runs.push(argument),
                }
                if matches!(next, Next::Out) {
                    next = Next::Words;
                }
                continue;
            }
        }
        if matches!(argument.as_str(), "--summary" | "--force") {
            next = Next::Words;
        }
        options.push(argument);
    }
    if matches!(next, Next::Out) {
        return Err("-o needs a FILE".to_owned());
    }
    let mut words = words.into_iter();
    let (command, path, more) = (words.next(), words.next().map(PathBuf::from), words.next());
    let (command, allowed): (_, &[&str]) = match command.as_deref() {
        Some("inspect") => ("inspect", &["--summary"]),
        Some("export") => ("export", &["-o", "--force", "--experiment", "--run"]),
        Some(other) => return Err(format!("there is no command {other}")),
        None => return Err("a command is missing".to_owned()),
    };
    if let Some(option) = options.iter().find(|option| !allowed.contains(&option.as_str())) {
        return Err(format!("{command} has no option {option}"));
    }
    match (path, more) {
        (Some(path), None) if command == "inspect" => Ok(Command::Inspect { path, summary }),
        (Some(path), None) => Ok(Command::Export(Export { path, ..export })),
        (None, _) => Err(format!("{command} needs a PATH")),
        _ => Err(format!("{command} takes one PATH")),
    }
}

fn failed(path: &Path, fault: &Fault) -> ExitCode {
    match open::is_address(&path.to_string_lossy()) {
        // A server's fault names the server; what was typed may hold a secret.
        true => eprintln!("runglass: {fault}"),
        false => eprintln!("runglass: {}: {fault}", path.display()),
    }
    for lines in &fault.remedy {
        eprintln!("\n{lines}");
    }
    match fault.kind {
        FaultKind::NotRecognised => ExitCode::from(NOTHING_RECOGNISED),
        _ => ExitCode::FAILURE,
    }
}

fn inspect(path: &Path, summary: bool) -> ExitCode {
    let outcome = open(path).and_then(|source| http::block_on(inspect::read(&*source))?);
    let inspected = match outcome {
        Ok(inspected) => inspected,
        Err(fault) => return failed(path, &fault),
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

#[cfg(test)]
mod tests {
    use super::{Command, Export, Serve, parse};
    use crate::sources::exports::document::Chosen;

    #[test]
    fn words_and_options() {
        let read = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        let inspect = |path: &str, summary: bool| Ok(Command::Inspect { path: path.into(), summary });
        assert_eq!(read("inspect a"), inspect("a", false));
        assert_eq!(read("inspect --summary a"), inspect("a", true));
        assert_eq!(read("inspect help"), inspect("help", false));
        assert_eq!(read("export -h"), Ok(Command::Help));
        let all = Export { path: "a".into(), ..Export::default() };
        assert_eq!(read("export a -o -"), Ok(Command::Export(all.clone())));
        let texts = |list: &str| list.split_whitespace().map(str::to_owned).collect();
        let chosen = Chosen { experiments: texts("1 2"), runs: texts("r") };
        let some = Export { out: Some("b.json".into()), force: true, chosen, ..all };
        assert_eq!(read("export a --experiment 1 2 --run r -o b.json --force"), Ok(Command::Export(some.clone())));
        assert_eq!(read("export --experiment 1 --experiment 2 --force a --run r -o b.json"), Ok(Command::Export(some)));
        assert_eq!(read("serve a"), Ok(Command::Serve(Serve { path: Some("a".into()), ..Serve::default() })));
        assert_eq!(read("serve --port -h"), Ok(Command::Help));
        for line in [
            "",
            "serve a --summary",
            "look a",
            "inspect",
            "inspect a b",
            "export",
            "export a -o",
            "inspect a --force",
            "export a --summary",
            "export a --all",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}

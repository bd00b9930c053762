//! `runglass export`: all that a source gives, or a chosen part of it, as Runglass's own document.
//!
//! It must not know a format: it writes what the sources write, to a file or to standard output.

use crate::native::{http, open};
use crate::sources::exports::document::{self, Chosen, Written};
use crate::sources::{Fault, FaultKind, Progress};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What to export, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// What to open.
    pub path: PathBuf,
    /// `None` is standard output.
    pub out: Option<PathBuf>,
    /// Whether an existing file is replaced.
    pub force: bool,
    /// Experiments and runs.
    pub chosen: Chosen,
}

/// Runs it; what was chosen and is not there is an error too, after the rest was written. Of a server that fails on the way what it
/// gave is written, and standard error says what is missing.
///
/// # Errors
/// When nothing is recognised or came, when the file is there already, when it can not be written.
pub fn run(export: &Export) -> Result<(), Fault> {
    let written = match &export.out {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            let written = write(export, &mut out);
            // Whoever reads may stop early: `runglass export mlruns | head`.
            match written
                .and_then(|written| out.flush().map(|()| written).map_err(|error| stop(&error, "standard output")))
            {
                Err(Stop::ReaderGone) => return Ok(()),
                Err(Stop::Fault(fault)) => return Err(fault),
                Ok(written) => written,
            }
        }
        Some(out) => to_file(export, out)?,
    };
    say(&written);
    match written.missing.as_slice() {
        [] => Ok(()),
        missing if !written.silences.is_empty() => {
            Err(Fault::new(FaultKind::NotFound, format!("there came no {}", missing.join(", no "))))
        }
        missing => Err(Fault::new(FaultKind::NotFound, format!("there is no {}", missing.join(", no ")))),
    }
}

/// How much was written, and what is missing in it.
fn say(written: &Written) {
    eprintln!("runglass: {} experiments, {} runs, {} points", written.experiments, written.runs, written.points);
    if !written.silences.is_empty() {
        eprintln!("runglass: THE EXPORT IS NOT WHOLE, as its notices say:");
        written.silences.iter().for_each(|silence| eprintln!("runglass: - {silence}"));
    }
}

enum Stop {
    ReaderGone,
    Fault(Fault),
}

fn stop(error: &io::Error, what: &str) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::ReaderGone,
        _ => Stop::Fault(Fault::new(FaultKind::Unreadable, format!("{what}: {error}"))),
    }
}

/// Through a file beside it, so that a failure leaves what was there; what is not whole stays beside it then.
fn to_file(export: &Export, out: &Path) -> Result<Written, Fault> {
    let is_taken = || !export.force && out.symlink_metadata().is_ok();
    let taken =
        || Fault::new(FaultKind::Unreadable, format!("{} is there already; --force replaces it", out.display()));
    if is_taken() {
        return Err(taken());
    }
    let part = beside(out, &format!("{}.part", std::process::id()));
    let fault = |error: io::Error| Fault::new(FaultKind::Unreadable, format!("{}: {error}", out.display()));
    let mut file = BufWriter::new(File::create_new(&part).map_err(fault)?);
    let written = write(export, &mut file).and_then(|written| {
        file.flush()
            .and_then(|()| file.get_ref().sync_all())
            .map_err(|error| stop(&error, &out.display().to_string()))?;
        if is_taken() {
            return Err(Stop::Fault(taken()));
        }
        if !written.silences.is_empty() && out.symlink_metadata().is_ok() {
            let partial = beside(out, "partial");
            fs::rename(&part, &partial).map_err(|error| Stop::Fault(fault(error)))?;
            say(&written);
            let message = format!("{} was left as it was; what came is in {}", out.display(), partial.display());
            return Err(Stop::Fault(Fault::new(FaultKind::Unreadable, message)));
        }
        fs::rename(&part, out).map_err(|error| Stop::Fault(fault(error)))?;
        Ok(written)
    });
    written.map_err(|stop| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
        match stop {
            Stop::Fault(fault) => fault,
            Stop::ReaderGone => Fault::new(FaultKind::Unreadable, format!("{}: nobody reads it", out.display())),
        }
    })
}

/// The file that is named like this one, and what it is.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{what}"));
    file.with_file_name(name)
}

fn write(export: &Export, out: &mut impl Write) -> Result<Written, Stop> {
    let source = open(&export.path).map_err(Stop::Fault)?;
    let mut failed = None;
    let mut meter = Meter::new();
    let mut sink = |piece: &str| {
        out.write_all(piece.as_bytes()).map_err(|error| {
            let fault = Fault::new(FaultKind::Unreadable, error.to_string());
            failed = Some(error);
            fault
        })
    };
    let mut heard = |progress| meter.tell(progress);
    let written =
        http::block_on(document::write(&*source, &export.chosen, &mut sink, &mut heard)).and_then(|written| written);
    meter.end();
    written.map_err(|fault| match failed {
        Some(error) => stop(&error, "writing"),
        None => Stop::Fault(fault),
    })
}

/// Progress, on a terminal alone.
struct Meter {
    is_shown: bool,
    last: Instant,
    is_line_open: bool,
}

impl Meter {
    fn new() -> Meter {
        Meter { is_shown: io::stderr().is_terminal(), last: Instant::now(), is_line_open: false }
    }

    fn tell(&mut self, progress: Progress) {
        if self.is_shown && self.last.elapsed() > Duration::from_millis(200) {
            self.last = Instant::now();
            self.is_line_open = true;
            let total = progress.runs_total.map_or(String::new(), |total| format!(" of {total}"));
            eprint!("\rrunglass: {}{total} runs, {} MB read ", progress.runs, progress.bytes >> 20);
        }
    }

    fn end(&mut self) {
        if self.is_line_open {
            eprintln!();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::native::failing::{Fails, dead, failed, tracking};
    use crate::sources::exports::document::{Chosen, Written, write};
    use crate::sources::{Fault, FaultKind};
    use serde_json::Value;

    fn written(fails: Fails) -> Result<(Written, Value), Fault> {
        let mut text = String::new();
        let mut sink = |piece: &str| {
            text.push_str(piece);
            Ok(())
        };
        let written = pollster::block_on(write(&tracking(fails), &Chosen::default(), &mut sink, &mut |_| {}))?;
        Ok((written, serde_json::from_str(&text).expect("JSON")))
    }

    #[test]
    fn what_a_server_gave_before_it_failed_is_written() {
        // What fails; runs and points that come all the same, and the first words of what is missing.
        let check = |fails: Fails, expected: [u64; 2], missing: &[&str]| {
            let (written, document) = written(fails).expect("something was read");
            assert_eq!([written.runs, written.points], expected, "{:?}", written.silences);
            assert_eq!(document["runs"].as_array().map(Vec::len), Some(expected[0] as usize));
            assert_eq!(document["experiments"][0]["name"], "one");
            let notices = document["notices"].as_array().into_iter().flatten();
            let silent = notices.filter(|notice| notice["reason"] == "server-silent");
            let silent: Vec<&str> = silent.filter_map(|notice| notice["message"].as_str()).collect();
            assert_eq!(silent, written.silences);
            assert_eq!(silent.len(), missing.len(), "{silent:?}");
            assert!(silent.iter().zip(missing).all(|(said, missing)| said.starts_with(missing)), "{silent:?}");
        };
        check(|_, _| None, [2, 12], &[]);
        check(
            |url, body| (url.contains("runs/search") && body.contains("page_token")).then(dead),
            [1, 6],
            &["Not all runs came: http://mlflow.test answered before", "Not all registered models"],
        );
        check(|url, _| url.contains("runs/search").then(failed), [0, 0], &["Not all runs came: The server at"]);
        // its last point is known
        let of_b: Fails = |url, _| (url.contains("run_id=r1") && url.contains("metric_key=b")).then(failed);
        check(of_b, [2, 11], &["The points of `b` did not come: The server at"]);
        let points = "The points of";
        let all: Fails = |url, _| url.contains("get-history").then(failed);
        check(all, [2, 6], &[points, points, points, points, "The histories after it were not asked for"]);
        let gone: Fails = |url, _| url.contains("get-history").then(dead);
        check(gone, [2, 6], &["The histories from this run on did not come: http://mlflow.test answered before"]);
        check(|url, _| url.contains("registered-models").then(failed), [2, 12], &["Not all registered models"]);
        let fault = written(|_, _| Some(failed())).expect_err("nothing was read");
        assert_eq!(fault.kind, FaultKind::Busy);
    }
}

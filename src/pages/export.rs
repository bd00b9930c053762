//! Saving what is open, or a part of it, as one document with every point, which opens again.

use crate::browser::files::Download;
use crate::browser::signs::Busy;
use crate::pages::state::App;
use crate::session::Session;
use crate::sources::exports::document::{self, Chosen};
use crate::sources::{Fault, Progress};
use crate::view::format::{count, counted};
use leptos::prelude::*;

/// Writes the chosen experiments or runs (all, when nothing is chosen) and gives the file to the user.
pub fn save(app: App, chosen: Chosen) {
    let chosen = app.session.with_value(|session| as_shown(session, chosen));
    let Some(source) = app.source.get_value() else { return };
    if app.is_saving.get_value() {
        app.say("An export is being written; one at a time");
        return;
    }
    app.is_saving.set_value(true);
    let opening = app.opening.get_value();
    let name = app.opened.get_untracked().unwrap_or_default();
    let stem = name.split(['.', '/', ' ']).find(|part| !part.is_empty()).unwrap_or("runs").to_owned();
    let busy = Busy::start();
    app.say("Writing the export …");
    leptos::task::spawn_local(async move {
        let mut download = Download::default();
        let mut piece = String::new();
        let closed = || Fault::new(crate::sources::FaultKind::NotFound, "Something else was opened meanwhile.");
        let mut sink = |text: &str| {
            if app.opening.get_value() != opening {
                return Err(closed());
            }
            piece.push_str(text);
            if piece.len() >= PIECE_BYTES {
                download.push(piece.as_bytes());
                piece.clear();
            }
            Ok(())
        };
        let mut told = 0;
        let mut heard = |progress: Progress| {
            if progress.runs >= told + TELL_EVERY_RUNS {
                told = progress.runs;
                app.say(format!("Writing the export: {} runs", count(progress.runs as i64)));
            }
        };
        let written = document::write(&*source, &chosen, &mut sink, &mut heard).await;
        match written {
            Ok(written) => {
                download.push(piece.as_bytes());
                download.save(&format!("{stem}.runglass.json"));
                let partly = written.silences.first().map(|why| format!("; it is not whole. {why}"));
                app.say(format!(
                    "Saved {} with {}{}",
                    counted(written.runs, "run", "runs"),
                    counted(written.points, "point", "points"),
                    partly.unwrap_or_default()
                ));
            }
            Err(fault) => app.say(format!("The export was not written: {}", fault.message)),
        }
        app.is_saving.set_value(false);
        drop(busy);
    });
}

/// The same choice as runs, where some of the source's are not shown since they come twice.
fn as_shown(session: &Session, chosen: Chosen) -> Chosen {
    if session.has_no_twice() || !chosen.runs.is_empty() {
        return chosen;
    }
    let is_chosen = |number: u32| {
        let experiment = session.experiments.get(number as usize);
        chosen.experiments.is_empty()
            || experiment.is_some_and(|experiment| chosen.experiments.contains(&experiment.path))
    };
    let runs = session.table.key.iter().zip(&session.table.experiment).filter(|(_, number)| is_chosen(**number));
    Chosen { runs: runs.map(|(key, _)| key.0.clone()).collect(), ..Chosen::default() }
}

/// Bytes that are handed to the browser at once.
const PIECE_BYTES: usize = 1 << 20;
/// Runs between two words of progress.
const TELL_EVERY_RUNS: u64 = 200;

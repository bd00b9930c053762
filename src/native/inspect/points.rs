//! POINTS TO COUNT: histories of which a source tells the last point alone are read whole.
//!
//! One history that a server can not give does not keep the others from coming. It must not know a format.

use crate::model::{Report, RunKey, RunTable};
use crate::sources::silence::{self, FAILURES, NARROWER, NOT_ASKED, is_gone, is_of_server};
use crate::sources::{Fault, HistoryAsk, Source, text};

/// Histories asked for at a time.
const HISTORIES: usize = 20_000;
/// Letters of a name that are shown.
const SHOWN: usize = 200;

/// Reads them, of the runs that are `counted`; of a server that is gone none.
///
/// # Errors
/// Those of files.
pub async fn count(
    source: &dyn Source,
    counted: &[bool],
    is_there: bool,
    runs: &mut RunTable,
    report: &mut Report,
) -> Result<(), Fault> {
    let keys: Vec<String> = runs.metrics.iter().map(|(key, _)| key.to_owned()).collect();
    let mut uncounted: Vec<(u32, &str)> = Vec::new();
    for key in &keys {
        let column = runs.metrics.get(key).into_iter().flat_map(|column| column.iter());
        uncounted.extend(
            column
                .filter(|(row, summary)| summary.count == 0 && counted.get(*row as usize) == Some(&true))
                .map(|(row, _)| (row, key.as_str())),
        );
    }
    uncounted.sort_unstable();
    let (mut left, mut most, mut failures) = (uncounted.as_slice(), HISTORIES, 0);
    if !is_there && !left.is_empty() {
        silence::note(report, "", &format!("{} histories did not come", left.len()), NOT_ASKED);
        return Ok(());
    }
    while !left.is_empty() {
        if failures == FAILURES {
            let missing = format!("{} more histories were not asked for", left.len());
            silence::note(report, "", &missing, "too many before them failed.");
            break;
        }
        let some = left.get(..most).unwrap_or(left);
        let (answered, asked) = ask(source, some, runs, report).await;
        let unanswered = some.len().saturating_sub(answered);
        left = left.get(answered..).unwrap_or_default();
        match asked {
            // Of what a source did not answer then, nothing is to come.
            Ok(()) => left = left.get(unanswered..).unwrap_or_default(),
            Err(fault) if !is_of_server(&fault) => return Err(fault),
            Err(fault) if is_gone(&fault) => {
                silence::note(report, "", &format!("{} histories did not come", left.len()), &fault.message);
                break;
            }
            Err(_) if unanswered > 1 => most = (unanswered / NARROWER).max(1),
            Err(fault) => {
                for (row, metric) in left.iter().take(unanswered) {
                    let run = text::visible(&key(runs, *row).0, SHOWN);
                    let missing = format!("The points of `{}` did not come", text::visible(metric, SHOWN));
                    silence::note(report, &run, &missing, &fault.message);
                }
                left = left.get(unanswered..).unwrap_or_default();
                failures += 1;
                most = HISTORIES;
            }
        }
    }
    Ok(())
}

fn key(runs: &RunTable, row: u32) -> RunKey {
    runs.key.get(row as usize).cloned().unwrap_or_else(|| RunKey(String::new()))
}

/// Takes what comes of `some`; how many were answered, and how it ended.
async fn ask(
    source: &dyn Source,
    some: &[(u32, &str)],
    runs: &mut RunTable,
    report: &mut Report,
) -> (usize, Result<(), Fault>) {
    let pairs = some.iter().map(|(row, metric)| (key(runs, *row), (*metric).to_owned())).collect();
    let mut ask = HistoryAsk { pairs, after: None, ..HistoryAsk::default() };
    let mut answered = 0;
    loop {
        let page = match source.history(ask.clone()).await {
            Ok(page) => page,
            Err(fault) => return (answered, Err(fault)),
        };
        report.merge(page.report);
        for (series, (row, metric)) in page.items.into_iter().zip(some.get(answered..).unwrap_or_default()) {
            answered += 1;
            if let Some(summary) = series.summary() {
                runs.metrics.entry(metric).set(*row, summary);
            }
        }
        ask.after = page.next;
        if ask.after.is_none() {
            return (answered, Ok(()));
        }
    }
}

//! Histories for a document, in the order in which its runs want them. One that a server can not give keeps none of the others
//! from coming, and has its last point all the same.

use crate::model::{MetricSeries, Report, RunKey};
use crate::sources::silence::{self, FAILURES, NARROWER};
use crate::sources::{Cursor, Fault, HistoryAsk, Source, text};
use std::collections::VecDeque;

/// Histories asked for at a time.
const MOST: usize = 256;
/// Letters of a name that are shown.
const SHOWN: usize = 200;

/// How a server bears the questions for histories.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Whether any are asked for still.
    is_asked: bool,
    failures: u32,
    most: usize,
}

impl Patience {
    pub(super) fn new() -> Patience {
        Patience { is_asked: true, failures: 0, most: MOST }
    }
}

/// Those of a page of runs, some at a time.
pub(super) struct Histories<'a> {
    source: &'a dyn Source,
    left: VecDeque<(RunKey, String)>,
    asked: Vec<(RunKey, String)>,
    answered: usize,
    after: Option<Cursor>,
    read: VecDeque<MetricSeries>,
    pub(super) patience: Patience,
}

impl<'a> Histories<'a> {
    pub(super) fn new(source: &'a dyn Source, pairs: Vec<(RunKey, String)>, patience: Patience) -> Histories<'a> {
        let left = if patience.is_asked { pairs.into() } else { VecDeque::new() };
        Histories { source, left, asked: Vec::new(), answered: 0, after: None, read: VecDeque::new(), patience }
    }

    /// The next one; `None` when no more come.
    pub(super) async fn next(&mut self, report: &mut Report) -> Result<Option<MetricSeries>, Fault> {
        loop {
            if let Some(series) = self.read.pop_front() {
                return Ok(Some(series));
            }
            if !self.more(report).await? {
                return Ok(None);
            }
        }
    }

    /// Reads on, which may give nothing for a while; whether there was anything left.
    async fn more(&mut self, report: &mut Report) -> Result<bool, Fault> {
        if self.after.is_none() {
            self.asked = self.left.drain(..self.patience.most.min(self.left.len())).collect();
            self.answered = 0;
            if self.asked.is_empty() {
                return Ok(false);
            }
        }
        let ask = HistoryAsk { pairs: self.asked.clone(), after: self.after.take(), ..HistoryAsk::default() };
        let page = match self.source.history(ask).await {
            Ok(page) => page,
            Err(fault) if silence::is_of_server(&fault) => {
                self.bear(&fault, report);
                return Ok(true);
            }
            Err(fault) => return Err(fault),
        };
        // What was told when the run was read is told again.
        for notice in page
            .report
            .notices()
            .iter()
            .filter(|notice| !report.notices().contains(notice))
            .cloned()
            .collect::<Vec<_>>()
        {
            report.note(notice.reason, notice.path, notice.line, notice.message);
        }
        self.after = page.next;
        self.answered += page.items.len();
        self.read.extend(page.items);
        if self.after.is_none() {
            // each keeps its place
            self.pass(self.asked.len().saturating_sub(self.answered));
        }
        Ok(true)
    }

    /// These come no more.
    fn pass(&mut self, count: usize) {
        self.read.extend(std::iter::repeat_n(MetricSeries::default(), count));
    }

    /// What was not answered is asked for in smaller questions, until the one that fails is found.
    fn bear(&mut self, fault: &Fault, report: &mut Report) {
        let unanswered = self.asked.split_off(self.answered.min(self.asked.len()));
        let first = unanswered.first().map_or(String::new(), |(run, _)| text::visible(&run.0, SHOWN));
        if silence::is_gone(fault) {
            silence::note(report, &first, "The histories from this run on did not come", &fault.message);
            return self.give_up();
        }
        if let [(_, metric)] = unanswered.as_slice() {
            let missing = format!("The points of `{}` did not come", text::visible(metric, SHOWN));
            silence::note(report, &first, &missing, &fault.message);
            self.pass(1);
            self.patience.failures += 1;
            self.patience.most = MOST;
            if self.patience.failures == FAILURES {
                silence::note(
                    report,
                    &first,
                    "The histories after it were not asked for",
                    "too many before them failed.",
                );
                self.give_up();
            }
            return;
        }
        self.patience.most = (unanswered.len() / NARROWER).max(1);
        unanswered.into_iter().rev().for_each(|pair| self.left.push_front(pair));
    }

    fn give_up(&mut self) {
        self.patience.is_asked = false;
        self.left.clear();
    }
}

//! Asking for metric histories: charts say what they want, and what is wanted is asked for in batches. What was asked of a server for
//! charts that are gone is dropped, and its requests with it, so that what the next page asks has its turn.
//!
//! It must not know what is drawn.

use crate::browser::signs;
use crate::model::{Reason, Report, RunKey};
use crate::pages::state::App;
use crate::session::{Histories, History, Session, Stretch, Want};
use crate::sources::{Fault, FaultKind, HistoryAsk, Source};
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;

/// Histories asked for in one question of files: few, so that what comes into sight is asked for soon.
const HISTORIES_AT_ONCE: usize = 24;
/// After a question that took long all the same, since its histories lie mixed with others, more share the next one.
const LONG_MS: f64 = 400.0;
const MORE_AT_ONCE: usize = 384;
/// Of a server, which is asked for many runs of one metric at once.
const HISTORIES_OF_SERVER: usize = 200;

/// Tasks that are under way, by number; copied freely.
#[derive(Clone, Copy)]
pub struct UnderWay {
    tasks: StoredValue<Vec<(u64, AbortHandle)>>,
    next_number: StoredValue<u64>,
}

impl UnderWay {
    /// None.
    pub fn new() -> UnderWay {
        UnderWay { tasks: StoredValue::new(Vec::new()), next_number: StoredValue::new(0) }
    }

    /// Starts one.
    pub fn start(self, task: impl Future<Output = ()> + 'static) {
        let (task, handle) = abortable(task);
        let number = self.next_number.get_value();
        self.next_number.set_value(number + 1);
        self.tasks.update_value(|tasks| tasks.push((number, handle)));
        leptos::task::spawn_local(async move {
            let _ = task.await;
            // whoever started it may be gone
            let _ = self.tasks.try_update_value(|tasks| tasks.retain(|(own, _)| *own != number));
        });
    }

    /// Ends all of them; each drops what it waits for.
    pub fn abort(self) {
        for (_, task) in self.tasks.try_update_value(std::mem::take).unwrap_or_default() {
            task.abort();
        }
    }

    /// Whether there is one.
    pub fn is_any(self) -> bool {
        self.tasks.with_value(|tasks| !tasks.is_empty())
    }
}

impl App {
    /// The history of a metric of a run; one that is not known is asked for.
    pub fn history(self, row: u32, metric: &str) -> History {
        let history = self.histories.try_update_value(|histories| histories.get(row, metric));
        if self.histories.with_value(Histories::has_wants) {
            self.ask_for_histories();
        }
        history.unwrap_or(History::Waiting)
    }

    /// More of a history that is here: another stretch of it, or all its points.
    pub fn more_of_history(self, row: u32, metric: &str, stretch: Stretch) {
        self.histories.update_value(|histories| histories.want_more(row, metric, stretch));
        if self.histories.with_value(Histories::has_wants) {
            self.ask_for_histories();
        }
    }

    /// Takes the wanted histories in batches. Files are asked by one task, since their reader answers one question after the other;
    /// of a server several are asked at once.
    fn ask_for_histories(self) {
        let is_server = self.session.with_value(Session::has_server);
        if !is_server && self.histories_asked.is_any() {
            return;
        }
        let Some(source) = self.source.get_value() else { return };
        let opening = self.opening.get_value();
        let busy = signs::Busy::start();
        self.histories_asked.start(async move {
            // charts that come into sight together ask together
            crate::browser::pause().await;
            let mut most = if is_server { HISTORIES_OF_SERVER } else { HISTORIES_AT_ONCE };
            loop {
                let asked_at = signs::now_ms();
                let wants = self.histories.try_update_value(|histories| histories.take_wants(most));
                let (stretch, mut wants) = wants.unwrap_or_default();
                // those of one source are asked together
                wants.sort_by(
                    |one, other| if is_server { (&one.1, one.0).cmp(&(&other.1, other.0)) } else { one.cmp(other) },
                );
                if wants.is_empty() {
                    break;
                }
                let key = |row: u32| self.session.with_value(|session| session.table.key.get(row as usize).cloned());
                let pairs = wants.iter().filter_map(|(row, metric)| Some((key(*row)?, metric.clone()))).collect();
                let last_step = self.session.with_value(|session| {
                    let of = |(row, metric): &Want| session.table.metric(*row, metric).map(|summary| summary.step);
                    wants.iter().filter_map(of).max()
                });
                let Stretch { steps, enough } = stretch;
                let mut ask = HistoryAsk { pairs, after: None, steps, enough, last_step };
                loop {
                    let answer = source.history(ask.clone()).await;
                    if self.opening.get_value() != opening {
                        return;
                    }
                    match answer {
                        Ok(page) => {
                            let answered = page.items.len().min(wants.len());
                            for (want, series) in wants.drain(..answered).zip(page.items) {
                                let is_lost = series.is_empty() && stretch.steps.is_none() && self.was_logged(&want);
                                let run = key(want.0).filter(|_| is_lost);
                                let fault = run.and_then(|run| unreadable(&page.report, &run, &want.1));
                                if stretch.steps.is_none() {
                                    self.session.update_value(|session| session.learn(want.0, &want.1, &series));
                                }
                                self.histories.update_value(|histories| match fault {
                                    Some(fault) => histories.fail(want, stretch, fault),
                                    None => histories.absorb(want, stretch, series),
                                });
                            }
                            self.session.update_value(|session| session.report.merge(page.report));
                            ask.after = page.next;
                        }
                        Err(fault) => {
                            self.asked.heed(&fault);
                            self.histories.update_value(|histories| {
                                for want in wants.drain(..) {
                                    histories.fail(want, stretch, fault.clone());
                                }
                            });
                            ask.after = None;
                        }
                    }
                    self.histories_changed.update(|count| *count += 1);
                    if ask.after.is_none() {
                        break;
                    }
                }
                if !is_server {
                    let is_long = signs::now_ms() - asked_at > LONG_MS;
                    most = if is_long { (most * 4).min(MORE_AT_ONCE) } else { HISTORIES_AT_ONCE };
                }
            }
            drop(busy);
        });
    }

    /// Nobody waits any more for the histories that were asked for: their requests end, and they are wanted again once somebody
    /// looks. Whether there were any. Files are read to the end of the question, since nobody else waits for a turn with them.
    pub fn leave_histories(self) -> bool {
        if !self.session.with_value(Session::has_server) {
            return false;
        }
        self.histories_asked.abort();
        self.histories.try_update_value(Histories::give_back).unwrap_or_default()
    }

    /// Whether histories are asked for and have not come.
    pub fn is_asking_for_histories(self) -> bool {
        self.histories_asked.is_any()
    }

    fn was_logged(self, (row, metric): &Want) -> bool {
        self.session.with_value(|session| session.table.metric(*row, metric).is_some())
    }
}

/// Why the file of a metric that was read before can not be read any more, as a fault for the place where its curve would
/// have stood.
fn unreadable(report: &Report, run: &RunKey, metric: &str) -> Option<Fault> {
    let kind = |reason: Reason| match reason {
        Reason::FileChanged => Some(FaultKind::FileChanged),
        Reason::FileUnreadable => Some(FaultKind::Unreadable),
        _ => None,
    };
    let is_its = |path: &str| path.starts_with(&run.0) && path.ends_with(metric);
    let mut notices = report.notices().iter().filter(|notice| is_its(&notice.path));
    notices.find_map(|notice| Some(Fault::new(kind(notice.reason)?, notice.message.clone())))
}

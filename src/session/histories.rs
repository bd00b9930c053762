//! The cache of metric histories. A chart says what it wants; whoever can ask takes the wanted ones in batches.

use crate::model::MetricSeries;
use crate::sources::Fault;
use std::collections::HashMap;
use std::sync::Arc;

/// One history as far as it is known.
#[derive(Clone, Debug)]
pub enum History {
    /// Nobody asked yet, or it was asked for and has not come.
    Waiting,
    /// All its points.
    Read(Arc<MetricSeries>),
    /// The question failed; `Histories::forget_failed` makes it wanted again.
    Failed(Fault),
}

/// What can be asked for: a row and a metric key.
pub type Want = (u32, String);

/// Points that are kept before the least recently used histories go: about 480 MB at 24 bytes a point.
const MOST_POINTS: usize = 20_000_000;

/// Histories by (row, metric).
#[derive(Debug, Default)]
pub struct Histories {
    known: HashMap<Want, Known>,
    wanted: Vec<Want>,
    points: usize,
    clock: u64,
}

#[derive(Debug)]
struct Known {
    history: History,
    used: u64,
}

impl Histories {
    /// The history of a metric of a run. One that is not known becomes wanted.
    pub fn get(&mut self, row: u32, metric: &str) -> History {
        self.clock += 1;
        let want = (row, metric.to_owned());
        if let Some(known) = self.known.get_mut(&want) {
            known.used = self.clock;
            return known.history.clone();
        }
        self.known.insert(want.clone(), Known { history: History::Waiting, used: self.clock });
        self.wanted.push(want);
        History::Waiting
    }

    /// Whether the history of a metric of a run is here.
    pub fn is_read(&self, row: u32, metric: &str) -> bool {
        let known = self.known.get(&(row, metric.to_owned()));
        known.is_some_and(|known| !matches!(known.history, History::Waiting))
    }

    /// Whether something is wanted that nobody has taken.
    pub fn has_wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Up to `most` wanted histories; whoever takes them answers with [`Histories::absorb`] or [`Histories::fail`].
    pub fn take_wants(&mut self, most: usize) -> Vec<Want> {
        let most = most.min(self.wanted.len());
        self.wanted.drain(..most).collect()
    }

    /// A history came.
    pub fn absorb(&mut self, want: Want, series: MetricSeries) {
        self.clock += 1;
        self.points += series.len();
        self.known.insert(want, Known { history: History::Read(Arc::new(series)), used: self.clock });
        if self.points > MOST_POINTS {
            self.drop_oldest();
        }
    }

    /// A question failed.
    pub fn fail(&mut self, want: Want, fault: Fault) {
        self.known.insert(want, Known { history: History::Failed(fault), used: self.clock });
    }

    /// Failed ones are wanted again when next looked at.
    pub fn forget_failed(&mut self) {
        self.known.retain(|_, known| !matches!(known.history, History::Failed(_)));
    }

    fn drop_oldest(&mut self) {
        let mut ages: Vec<(u64, Want, usize)> = Vec::new();
        for (want, known) in &self.known {
            if let History::Read(series) = &known.history {
                ages.push((known.used, want.clone(), series.len()));
            }
        }
        ages.sort();
        // the newest always stays, however large
        ages.pop();
        for (_, want, points) in ages {
            if self.points <= MOST_POINTS / 4 * 3 {
                break;
            }
            self.known.remove(&want);
            self.points -= points;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::FaultKind;

    fn series(points: usize) -> MetricSeries {
        MetricSeries { step: vec![0; points], time_ms: vec![0; points], value: vec![0.0; points], is_sampled: false }
    }

    #[test]
    fn what_is_looked_at_is_wanted_once() {
        let mut histories = Histories::default();
        for _ in 0..3 {
            assert!(matches!(histories.get(1, "loss"), History::Waiting));
        }
        assert_eq!(histories.take_wants(9), [(1, "loss".to_owned())]);
        assert!(!histories.has_wants());
        histories.absorb((1, "loss".to_owned()), series(3));
        assert!(matches!(histories.get(1, "loss"), History::Read(series) if series.len() == 3));
    }

    #[test]
    fn a_failed_history_can_be_asked_for_again() {
        let mut histories = Histories::default();
        histories.get(1, "loss");
        let want = histories.take_wants(1).remove(0);
        histories.fail(want, Fault::new(FaultKind::Unreadable, "gone"));
        assert!(matches!(histories.get(1, "loss"), History::Failed(_)));
        histories.forget_failed();
        assert!(matches!(histories.get(1, "loss"), History::Waiting));
        assert!(histories.has_wants());
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut histories = Histories::default();
        let name = |at: usize| (at as u32, "loss".to_owned());
        for at in 0..3 {
            histories.absorb(name(at), series(MOST_POINTS / 4));
        }
        histories.get(0, "loss");
        histories.absorb(name(3), series(MOST_POINTS / 4 + 1));
        assert!(matches!(histories.get(0, "loss"), History::Read(_)));
        assert!(matches!(histories.get(1, "loss"), History::Waiting));
        assert!(matches!(histories.get(3, "loss"), History::Read(_)));
    }
}

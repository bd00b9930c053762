//! The cache of metric histories. A chart says what it wants; whoever can ask takes the wanted ones in batches.

use crate::model::{MetricSeries, MetricSummary};
use crate::sources::Fault;
use std::collections::{BTreeSet, HashMap};
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

/// How much of a history is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// First and last step, both included; all without.
    pub steps: Option<(i64, i64)>,
    /// So many points are enough; all without.
    pub enough: Option<u32>,
}

/// Points that are kept before the least recently used histories go: about 480 MB at 24 bytes a point.
const MOST_POINTS: usize = 20_000_000;

/// Histories by (row, metric).
#[derive(Debug, Default)]
pub struct Histories {
    known: HashMap<Want, Known>,
    wanted: Vec<(Stretch, Want)>,
    /// Those that somebody took and has not answered.
    taken: BTreeSet<(Stretch, Want)>,
    /// So many points of a history are enough at first.
    enough: Option<u32>,
    points: usize,
    clock: u64,
}

#[derive(Debug)]
struct Known {
    history: History,
    used: u64,
    /// More of what is here that was given back: it is wanted when this is next looked at.
    owed: Vec<Stretch>,
}

impl Known {
    fn new(history: History, used: u64) -> Known {
        Known { history, used, owed: Vec::new() }
    }
}

impl Histories {
    /// Of a source for which so many points of a history are enough at first.
    pub fn sampled(enough: Option<u32>) -> Histories {
        Histories { enough, ..Histories::default() }
    }

    /// The history of a metric of a run. One that is not known becomes wanted.
    pub fn get(&mut self, row: u32, metric: &str) -> History {
        self.clock += 1;
        let want = (row, metric.to_owned());
        if let Some(known) = self.known.get_mut(&want) {
            known.used = self.clock;
            let (history, owed) = (known.history.clone(), std::mem::take(&mut known.owed));
            for stretch in owed {
                self.want_more(row, metric, stretch);
            }
            return history;
        }
        self.known.insert(want.clone(), Known::new(History::Waiting, self.clock));
        self.wanted.push((Stretch { steps: None, enough: self.enough }, want));
        History::Waiting
    }

    /// More of a history that is here: another stretch of it, or all of its points. What is here stays until it comes.
    pub fn want_more(&mut self, row: u32, metric: &str, stretch: Stretch) {
        let want = (row, metric.to_owned());
        let is_here = matches!(self.known.get(&want), Some(Known { history: History::Read(_), .. }));
        if is_here && !self.wanted.contains(&(stretch, want.clone())) {
            self.wanted.push((stretch, want));
        }
    }

    /// Those of a run that are here and end before the last point that is known of the metric, with what brings the others. What is
    /// logged without steps is all at step 0: there the time alone tells that there is more.
    pub fn behind(&self, row: u32, last: impl Fn(&str) -> Option<MetricSummary>) -> Vec<(String, Stretch)> {
        let of_row = self.known.iter().filter(|((own, _), _)| *own == row);
        let behind = of_row.filter_map(|((_, metric), known)| {
            let History::Read(series) = &known.history else { return None };
            let last = last(metric)?;
            let here = series.step.last().copied().zip(series.time_ms.last().copied());
            let is_behind = here.is_none_or(|here| (last.step, last.time_ms) > here);
            let from = here.map_or(i64::MIN, |(step, _)| step);
            is_behind.then(|| (metric.clone(), Stretch { steps: Some((from, i64::MAX)), enough: None }))
        });
        behind.collect()
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

    /// Up to `most` wanted histories of one stretch; whoever takes them answers with [`Histories::absorb`] or [`Histories::fail`].
    pub fn take_wants(&mut self, most: usize) -> (Stretch, Vec<Want>) {
        let Some(stretch) = self.wanted.first().map(|(stretch, _)| *stretch) else { return Default::default() };
        let mut taken = Vec::new();
        self.wanted.retain(|(own, want)| {
            let takes = *own == stretch && taken.len() < most;
            if takes {
                taken.push(want.clone());
            }
            !takes
        });
        self.taken.extend(taken.iter().map(|want| (stretch, want.clone())));
        (stretch, taken)
    }

    /// Nobody asks any more for what was taken, and for what is wanted only once it is looked at again. Whether there was any.
    pub fn give_back(&mut self) -> bool {
        let open: Vec<(Stretch, Want)> = self.wanted.drain(..).chain(std::mem::take(&mut self.taken)).collect();
        for (stretch, want) in &open {
            match self.known.get_mut(want) {
                Some(known) if matches!(known.history, History::Read(_)) => known.owed.push(*stretch),
                Some(Known { history: History::Waiting, .. }) => drop(self.known.remove(want)),
                _ => {}
            }
        }
        !open.is_empty()
    }

    /// A history came, or a stretch of one, which joins what is here.
    pub fn absorb(&mut self, want: Want, stretch: Stretch, series: MetricSeries) {
        self.clock += 1;
        let asked = (stretch, want);
        self.taken.remove(&asked);
        let want = asked.1;
        let here = match self.known.get(&want).map(|known| &known.history) {
            Some(History::Read(here)) => Some(here.clone()),
            _ => None,
        };
        self.points -= here.as_ref().map_or(0, |here| here.len()).min(self.points);
        let series = match here.filter(|_| stretch.steps.is_some()) {
            Some(here) => here.joined(&series),
            None => series,
        };
        self.points += series.len();
        let owed = self.known.get_mut(&want).map(|known| std::mem::take(&mut known.owed)).unwrap_or_default();
        let history = History::Read(Arc::new(series));
        self.known.insert(want, Known { owed, ..Known::new(history, self.clock) });
        if self.points > MOST_POINTS {
            self.drop_oldest();
        }
    }

    /// A question failed. What was here before stays.
    pub fn fail(&mut self, want: Want, stretch: Stretch, fault: Fault) {
        let asked = (stretch, want);
        self.taken.remove(&asked);
        let want = asked.1;
        if matches!(self.known.get(&want), Some(Known { history: History::Read(_), .. })) {
            return;
        }
        self.known.insert(want, Known::new(History::Failed(fault), self.clock));
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
        assert_eq!(histories.take_wants(9).1, [(1, "loss".to_owned())]);
        assert!(!histories.has_wants());
        histories.absorb((1, "loss".to_owned()), Stretch::default(), series(3));
        assert!(matches!(histories.get(1, "loss"), History::Read(series) if series.len() == 3));
    }

    #[test]
    fn a_failed_history_can_be_asked_for_again() {
        let mut histories = Histories::default();
        histories.get(1, "loss");
        let want = histories.take_wants(1).1.remove(0);
        histories.fail(want, Stretch::default(), Fault::new(FaultKind::Unreadable, "gone"));
        assert!(matches!(histories.get(1, "loss"), History::Failed(_)));
        histories.forget_failed();
        assert!(matches!(histories.get(1, "loss"), History::Waiting));
        assert!(histories.has_wants());
    }

    #[test]
    fn what_is_given_back_is_wanted_when_it_is_looked_at_again() {
        let mut histories = Histories::default();
        let loss = |row: u32| (row, "loss".to_owned());
        assert!(!histories.give_back());
        // one is here, one failed, one was taken, one is wanted
        for row in 0..3 {
            histories.get(row, "loss");
        }
        let (all, taken) = histories.take_wants(9);
        assert_eq!(taken.len(), 3);
        histories.absorb(loss(0), all, series(3));
        histories.fail(loss(1), all, Fault::new(FaultKind::Busy, "later"));
        histories.get(3, "loss");
        assert!(histories.give_back());
        assert!(!histories.has_wants());
        assert!(!histories.give_back());
        // only what is looked at is asked for again, and what was answered is not
        assert!(matches!(histories.get(0, "loss"), History::Read(_)));
        assert!(matches!(histories.get(1, "loss"), History::Failed(_)));
        assert!(!histories.has_wants());
        assert!(matches!(histories.get(2, "loss"), History::Waiting));
        assert_eq!(histories.take_wants(9), (all, vec![loss(2)]));
        histories.absorb(loss(2), all, series(3));
        assert!(matches!(histories.get(3, "loss"), History::Waiting));
        assert_eq!(histories.take_wants(9).1, [loss(3)]);
    }

    #[test]
    fn more_of_what_is_here_can_be_given_back() {
        let mut histories = Histories::default();
        let want = || (1, "loss".to_owned());
        histories.absorb(want(), Stretch::default(), series(3));
        let later = |first: i64| Stretch { steps: Some((first, i64::MAX)), enough: None };
        histories.want_more(1, "loss", later(3));
        histories.take_wants(9);
        histories.want_more(1, "loss", later(3));
        histories.want_more(1, "loss", later(7));
        assert!(histories.give_back());
        // what is here stays, and the rest is wanted once, however often it was asked for
        assert!(histories.is_read(1, "loss") && !histories.has_wants());
        for _ in 0..2 {
            assert!(matches!(histories.get(1, "loss"), History::Read(series) if series.len() == 3));
        }
        assert_eq!(histories.take_wants(9), (later(3), vec![want()]));
        assert_eq!(histories.take_wants(9), (later(7), vec![want()]));
        assert!(!histories.has_wants());
    }

    #[test]
    fn a_stretch_joins_what_is_here() {
        let mut histories = Histories::sampled(Some(3));
        histories.get(1, "loss");
        let (stretch, wants) = histories.take_wants(9);
        assert_eq!((stretch.enough, wants.len()), (Some(3), 1));
        let points = |steps: &[i64]| {
            let series = MetricSeries::from_points(steps.iter().map(|step| (*step, 0, 0.5)).collect());
            MetricSeries { is_sampled: true, ..series }
        };
        let want = || (1, "loss".to_owned());
        histories.absorb(want(), stretch, points(&[0, 50, 99]));
        let zoom = Stretch { steps: Some((40, 60)), enough: Some(3) };
        histories.want_more(1, "loss", zoom);
        histories.want_more(1, "loss", zoom);
        histories.want_more(1, "other", zoom);
        assert_eq!(histories.take_wants(9), (zoom, vec![want()]));
        histories.absorb(want(), zoom, points(&[40, 50, 60]));
        let steps = |histories: &mut Histories| match histories.get(1, "loss") {
            History::Read(series) => (series.step.clone(), series.is_sampled),
            other => panic!("{other:?}"),
        };
        assert_eq!(steps(&mut histories), (vec![0, 40, 50, 60, 99], true));
        // a stretch that does not come leaves what is here; all points take its place
        histories.fail(want(), Stretch::default(), Fault::new(FaultKind::Unreadable, "gone"));
        assert_eq!(steps(&mut histories).0.len(), 5);
        let all = MetricSeries { is_sampled: false, ..points(&[0, 1, 2]) };
        histories.absorb(want(), Stretch::default(), all);
        assert_eq!(steps(&mut histories), (vec![0, 1, 2], false));
    }

    #[test]
    fn what_ends_before_the_last_point_is_behind() {
        let want = || (1, "loss".to_owned());
        let here = |points: &[(i64, i64)]| {
            let mut histories = Histories::default();
            let points = points.iter().map(|(step, time_ms)| (*step, *time_ms, 0.5)).collect();
            histories.absorb(want(), Stretch::default(), MetricSeries::from_points(points));
            histories
        };
        // points that are here, the last one that is known, from which step on is asked
        let check = |points: &[(i64, i64)], last: (i64, i64), from: Option<i64>| {
            let last = MetricSummary::of_last(0.5, last.0, last.1);
            let behind = here(points).behind(1, |_| Some(last));
            let stretch = |from| Stretch { steps: Some((from, i64::MAX)), enough: None };
            let expected: Vec<_> = from.map(|from| ("loss".to_owned(), stretch(from))).into_iter().collect();
            assert_eq!(behind, expected, "{points:?} {last:?}");
        };
        check(&[(0, 10), (5, 20)], (5, 20), None);
        check(&[(0, 10), (5, 20)], (6, 30), Some(5));
        check(&[(0, 10), (5, 20)], (6, 10), Some(5));
        check(&[(0, 10), (5, 20)], (4, 90), None);
        check(&[(0, 10), (0, 20)], (0, 20), None);
        check(&[(0, 10), (0, 20)], (0, 30), Some(0));
        check(&[], (0, 10), Some(i64::MIN));
        assert_eq!(here(&[(0, 10)]).behind(2, |_| Some(MetricSummary::of_last(0.5, 9, 9))), []);
        assert_eq!(here(&[(0, 10)]).behind(1, |_| None), []);
        // points at a step that is known join those that are here
        let mut histories = here(&[(0, 10), (0, 20)]);
        let (_, stretch) = histories.behind(1, |_| Some(MetricSummary::of_last(0.5, 0, 30))).remove(0);
        let came = vec![(0, 20, 0.5), (0, 25, 0.5), (0, 30, 0.5)];
        histories.absorb(want(), stretch, MetricSeries::from_points(came));
        assert!(matches!(histories.get(1, "loss"), History::Read(series) if series.time_ms == [10, 20, 25, 30]));
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut histories = Histories::default();
        let name = |at: usize| (at as u32, "loss".to_owned());
        for at in 0..3 {
            histories.absorb(name(at), Stretch::default(), series(MOST_POINTS / 4));
        }
        histories.get(0, "loss");
        histories.absorb(name(3), Stretch::default(), series(MOST_POINTS / 4 + 1));
        assert!(matches!(histories.get(0, "loss"), History::Read(_)));
        assert!(matches!(histories.get(1, "loss"), History::Waiting));
        assert!(matches!(histories.get(3, "loss"), History::Read(_)));
    }
}

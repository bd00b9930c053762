//! HOW A LIST IS ASKED FOR: so many runs a page that it comes in about the same time, whatever a run costs, and so many pages at one
//! time as bring them sooner. Some servers answer several questions at once as fast as one, others one after the other, and then
//! more would only keep others waiting.
//!
//! It must not know how a question travels.

/// About so long a page takes, milliseconds.
const PAGE_MS: f64 = 1_500.0;
/// Runs of a page, if nothing is known.
const RUNS: u32 = 400;
/// Whatever is known.
const FEWEST_RUNS: u32 = 100;
const MOST_RUNS: u32 = 5_000;
/// A page has so many times the runs of the one in front of it at most.
const GROWTH: u32 = 4;
/// Pages at one time, where that is of use: who asks for curves has the other turns. Two may come to the same of a server's processes.
const AT_ONCE: u32 = 3;
/// Runs of a page, at most, while it is tried out: of a server that answers one after the other, all come together in the end.
const TRIAL_SIZE: u32 = 300;
/// They have to bring a run in this part of the time.
const SOONER: f64 = 0.8;

/// What is told of a page.
#[derive(Clone, Copy, Debug)]
pub struct Brought {
    /// Runs on it.
    pub runs: usize,
    /// From the page in front of it until it was taken in, milliseconds.
    pub ms: f64,
    /// Whether it was sent ahead and did not come.
    pub is_lost_ahead: bool,
}

/// What was seen of one server. Times are milliseconds.
#[derive(Clone, Debug)]
pub struct Pace {
    size: u32,
    /// A run comes so long after the one in front of it, the last pages counting most.
    run_ms: Option<f64>,
    trial: Trial,
}

/// Whether several pages at one time are of use.
#[derive(Clone, Copy, Debug)]
enum Trial {
    /// One at a time, to compare with.
    Alone,
    /// Several, and what came of it so far. A run took `alone_ms`.
    Together { alone_ms: f64, pages: u32, runs: u64, ms: f64 },
    /// It is known.
    Over { at_once: u32 },
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { size: RUNS, run_ms: None, trial: Trial::Alone }
    }
}

impl Pace {
    /// So many runs the next page should hold.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// So many pages are to be under way at one time, the one that is wanted first among them.
    pub fn at_once(&self) -> u32 {
        match self.trial {
            Trial::Alone => 1,
            Trial::Together { .. } => AT_ONCE,
            Trial::Over { at_once } => at_once,
        }
    }

    /// A page came; the first one of a list is short.
    pub fn learn(&mut self, is_first: bool, page: Brought) {
        if page.is_lost_ahead {
            self.trial = Trial::Over { at_once: 1 };
        }
        self.measure(page);
        match is_first {
            // what a short page costs is not what a run costs
            true => self.run_ms = None,
            false => self.judge(page),
        }
    }

    fn measure(&mut self, Brought { runs, ms, .. }: Brought) {
        // while it is tried out pages stay as they are
        if runs == 0 || matches!(self.trial, Trial::Together { .. }) {
            return;
        }
        let own = ms.max(1.0) / runs as f64;
        let run_ms = self.run_ms.map_or(own, |before| (before + own) / 2.0);
        self.run_ms = Some(run_ms);
        // of several at one time each is under way for longer than it is waited for: they are shorter, that less is lost with them
        let fitting = PAGE_MS / run_ms / if self.at_once() > 1 { 2.0 } else { 1.0 };
        let most = u32::try_from(runs).unwrap_or(MOST_RUNS).saturating_mul(GROWTH).min(MOST_RUNS);
        self.size = (fitting as u32).clamp(FEWEST_RUNS, most.max(FEWEST_RUNS));
    }

    fn judge(&mut self, page: Brought) {
        self.trial = match self.trial {
            Trial::Alone if page.runs == 0 => Trial::Alone,
            Trial::Alone => {
                self.size = self.size.min(TRIAL_SIZE);
                Trial::Together { alone_ms: page.ms / page.runs as f64, pages: 0, runs: 0, ms: 0.0 }
            }
            Trial::Together { alone_ms, pages, runs, ms } => {
                let (pages, runs, ms) = (pages + 1, runs + page.runs as u64, ms + page.ms);
                // the first few were sent at the same time: what they took together tells
                match pages < AT_ONCE {
                    true => Trial::Together { alone_ms, pages, runs, ms },
                    false if ms < alone_ms * SOONER * runs as f64 => Trial::Over { at_once: AT_ONCE },
                    false => Trial::Over { at_once: 1 },
                }
            }
            over @ Trial::Over { .. } => over,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(runs: u32, ms: f64) -> Brought {
        Brought { runs: runs as usize, ms, is_lost_ahead: false }
    }

    /// How many are asked for at one time in the end, of a server that takes `ms` for a run while so many are asked for.
    fn settled(ms: impl Fn(u32) -> f64) -> u32 {
        let mut pace = Pace::default();
        for _ in 0..10 {
            let runs = pace.size();
            pace.learn(false, page(runs, f64::from(runs) * ms(pace.at_once())));
        }
        assert!(matches!(pace.trial, Trial::Over { .. }), "{pace:?}");
        pace.at_once()
    }

    #[test]
    fn several_at_one_time_where_that_is_of_use() {
        assert_eq!(settled(|at_once| 2.0 / f64::from(at_once)), AT_ONCE, "a worker for each");
        assert_eq!(settled(|at_once| 2.0 / f64::from(at_once.min(2))), AT_ONCE, "two workers");
        assert_eq!(settled(|_| 2.0), 1, "one worker");
        assert_eq!(settled(f64::from), 1, "they are in each other's way");
    }

    #[test]
    fn one_worker_is_known_by_what_comes_in_bursts() {
        let mut pace = Pace::default();
        for at in 0..12 {
            let (runs, at_once) = (pace.size(), pace.at_once());
            let is_burst = at_once == 1 || at % AT_ONCE == 1;
            pace.learn(false, page(runs, if is_burst { f64::from(2 * runs * at_once) } else { 1.0 }));
        }
        assert_eq!(pace.at_once(), 1);
    }

    #[test]
    fn what_does_not_come_ahead_is_not_asked_for() {
        let mut pace = Pace::default();
        pace.learn(false, page(500, 1_000.0));
        assert_eq!(pace.at_once(), AT_ONCE);
        pace.learn(false, Brought { is_lost_ahead: true, ..page(500, 1_000.0) });
        pace.learn(false, page(500, 1.0));
        assert_eq!(pace.at_once(), 1);
    }

    #[test]
    fn pages_take_about_the_same_time() {
        let mut pace = Pace::default();
        let mut sizes = Vec::new();
        pace.learn(true, page(100, 300.0));
        for _ in 0..20 {
            sizes.push(pace.size());
            pace.learn(false, page(pace.size(), f64::from(pace.size()) * 2.0));
        }
        assert_eq!(sizes[..2], [400, 300], "a few times the page before at most, then those of the trial");
        assert_eq!(sizes.last(), Some(&750), "1.5 s: {sizes:?}");
        pace.learn(false, page(750, 750.0 * 40.0));
        assert_eq!(pace.size(), FEWEST_RUNS);
        for _ in 0..20 {
            pace.learn(false, page(pace.size(), 1.0));
        }
        assert_eq!(pace.size(), MOST_RUNS);
    }

    #[test]
    fn pages_without_runs_tell_nothing() {
        let mut pace = Pace::default();
        pace.learn(false, page(0, 1_000.0));
        assert_eq!(pace.at_once(), 1);
        pace.learn(false, page(10, 10.0));
        assert_eq!(pace.at_once(), AT_ONCE);
    }
}

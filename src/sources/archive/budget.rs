//! THE BUDGET AGAINST ARCHIVE BOMBS. It must not know how anything is inflated, only how much came out of how little.

use std::cell::Cell;
use std::rc::Rc;

/// How much an archive may ask of the machine. The defaults let through everything that was seen in the wild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that all entries together may inflate to; an entry that is read again counts once.
    pub inflated: u64,
    /// Inflated bytes a packed byte; flat metric files reach 200.
    pub ratio: u64,
    /// Inflated bytes of an entry, or of all, up to which the ratio does not count.
    pub ratio_from: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes of all names.
    pub names: u64,
    /// Bytes that may be held inflated in memory at one time.
    pub held: u64,
}

impl Default for Budget {
    fn default() -> Self {
        let (entries, names) = (5_000_000, 1 << 30);
        Budget { inflated: 4 << 30, ratio: 1_000, ratio_from: 64 << 20, entries, names, held: 1 << 30 }
    }
}

/// A budget and what was used of it, by one archive and by those inside it.
#[derive(Clone, Debug)]
pub struct Allowance {
    budget: Budget,
    used: Rc<Used>,
}

#[derive(Debug, Default)]
struct Used {
    inflated: Cell<u64>,
    held: Cell<u64>,
}

impl From<Budget> for Allowance {
    fn from(budget: Budget) -> Allowance {
        Allowance { budget, used: Rc::default() }
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Budget::default().into()
    }
}

impl Allowance {
    /// What may be asked of the machine.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// The same purse under another budget.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Budget)) -> Allowance {
        let mut budget = self.budget;
        change(&mut budget);
        Allowance { budget, used: self.used.clone() }
    }

    /// Books `bytes` that are going to be held in memory.
    ///
    /// # Errors
    /// Why not, as the end of a sentence.
    pub fn hold(&self, bytes: u64) -> Result<(), String> {
        let held = self.used.held.get().saturating_add(bytes);
        if held > self.budget.held {
            return Err(format!(
                "inflated it needs more than the {} MB that may be held in memory",
                self.budget.held >> 20
            ));
        }
        self.used.held.set(held);
        Ok(())
    }

    /// Gives back what was held.
    pub fn release(&self, bytes: u64) {
        self.used.held.set(self.used.held.get().saturating_sub(bytes));
    }
}

/// What was inflated so far, of which entry.
#[derive(Debug)]
pub struct Meter {
    allowance: Allowance,
    /// The most that came out of each entry, by number; absent means nothing. Their sum is booked on the allowance.
    seen: Vec<u64>,
    /// What came out of entries that kept to the ratio, and out of how many bytes.
    kept: (u64, u64),
    refused: std::collections::HashSet<u32>,
}

impl Meter {
    /// With nothing inflated.
    pub fn new(allowance: Allowance) -> Meter {
        Meter { allowance, seen: Vec::new(), kept: (0, 0), refused: std::collections::HashSet::new() }
    }

    /// Whether the entry was refused before.
    pub fn is_refused(&self, number: u32) -> bool {
        self.refused.contains(&number)
    }

    /// Whether `number` may go on after `out` bytes came out of `packed`.
    ///
    /// # Errors
    /// Why not, as the end of a sentence about the entry.
    pub fn allows(&self, number: u32, out: u64, packed: u64) -> Result<(), String> {
        let Budget { inflated, ratio, ratio_from, .. } = self.allowance.budget;
        let before = self.before(number);
        let fresh = out.saturating_sub(before);
        if fresh > 0 && self.allowance.used.inflated.get().saturating_add(fresh) > inflated {
            return Err(format!("the archive has inflated to {inflated} bytes already, which is its budget"));
        }
        let kept = if before == 0 { self.kept } else { (0, 0) };
        for (out, packed) in [(out, packed), (kept.0.saturating_add(out), kept.1.saturating_add(packed))] {
            if out > ratio_from && out > packed.saturating_mul(ratio) {
                return Err(format!("it inflates to more than {ratio} times its size, as archive bombs do"));
            }
        }
        Ok(())
    }

    /// Books an entry that was read, as far as it was.
    pub fn book(&mut self, number: u32, out: u64, packed: u64) {
        if self.before(number) == 0 {
            self.kept = (self.kept.0.saturating_add(out), self.kept.1.saturating_add(packed));
        }
        self.count(number, out);
    }

    /// Books an entry that was refused: it counts for the sum, yet does not spoil the ratio of the others.
    pub fn refuse(&mut self, number: u32, out: u64) {
        self.count(number, out);
        self.refused.insert(number);
    }

    fn before(&self, number: u32) -> u64 {
        self.seen.get(number as usize).copied().unwrap_or(0)
    }

    fn count(&mut self, number: u32, out: u64) {
        let at = number as usize;
        if self.seen.len() <= at {
            self.seen.resize(at + 1, 0);
        }
        if let Some(seen) = self.seen.get_mut(at) {
            let inflated = &self.allowance.used.inflated;
            inflated.set(inflated.get().saturating_add(out.saturating_sub(*seen)));
            *seen = out.max(*seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Budget, Meter};

    #[test]
    fn the_ratio_counts_late_and_reading_again_is_free() {
        let budget = Budget { inflated: 10_000, ratio: 100, ratio_from: 1_000, ..Budget::default() };
        let mut meter = Meter::new(budget.into());
        assert!(meter.allows(0, 1_000, 1).is_ok(), "under the threshold any ratio goes");
        assert!(meter.allows(0, 1_001, 1).is_err());
        assert!(meter.allows(0, 1_001, 11).is_ok());
        meter.book(0, 900, 1);
        assert!(meter.allows(1, 900, 1).is_err(), "many small bombs are one large one");
        meter.refuse(1, 900);
        assert!(meter.allows(2, 50, 40).is_ok(), "a refused entry does not spoil the next");
        assert!(meter.allows(0, 900, 1).is_ok(), "the same entry again");
        assert!(meter.allows(3, 8_200, 8_200).is_ok());
        assert!(meter.allows(3, 8_201, 8_201).is_err());
    }

    #[test]
    fn one_purse_serves_an_archive_and_those_inside_it() {
        let outer = Allowance::from(Budget { inflated: 1_000, held: 500, ..Budget::default() });
        let inner = outer.with(|budget| budget.held = 300);
        let mut meters = (Meter::new(outer.clone()), Meter::new(inner.clone()));
        meters.0.book(0, 700, 700);
        assert!(meters.1.allows(0, 300, 300).is_ok());
        assert!(meters.1.allows(0, 301, 301).is_err());
        assert!(outer.hold(250).is_ok());
        assert!(inner.hold(51).is_err(), "an archive inside may not take the rest");
        assert!(inner.hold(50).is_ok());
        assert!(outer.hold(201).is_err());
        inner.release(50);
        assert!(outer.hold(201).is_ok());
    }
}

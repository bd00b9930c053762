//! Whose turn it is to be asked for again, where more runs run than one question takes. It knows neither servers nor how often is asked.

/// Runs that are asked for again at one time.
const MOST: usize = 200;
/// So many of them are those that started last: they are looked at, and runs that never ended are old.
const NEWEST: usize = 100;

/// Goes round among runs that run: the newest come each time, the others in turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    /// The last of the others that had its turn: its start and its row.
    last: Option<(i64, u32)>,
}

impl Turns {
    /// Rows to ask for now, of all that run with their starts.
    pub fn next(&mut self, mut runs: Vec<(i64, u32)>) -> Vec<u32> {
        runs.sort_unstable_by(|a, b| b.cmp(a));
        if runs.len() > MOST {
            let others = runs.split_off(NEWEST);
            // runs end meanwhile, so that a place in the list says nothing of who had a turn
            let from = self.last.and_then(|last| others.iter().position(|run| *run < last)).unwrap_or(0);
            runs.extend(others.iter().cycle().skip(from).take(MOST - NEWEST));
            self.last = runs.last().copied();
        }
        runs.into_iter().map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_newest_come_each_time_and_all_others_in_turn() {
        // runs, rounds until each had a turn
        let check = |count: u32, rounds: usize| {
            // the newest stand anywhere among the rows
            let runs: Vec<(i64, u32)> = (0..count).map(|row| (i64::from(row * 7_919 % 10_007), row)).collect();
            let mut by_start = runs.clone();
            by_start.sort_unstable_by(|a, b| b.cmp(a));
            let mut turns = Turns::default();
            let mut had = HashSet::new();
            for _ in 0..rounds {
                assert!(had.len() < count as usize, "{count}: {rounds} rounds are too many");
                let asked = turns.next(runs.clone());
                let unlike: HashSet<u32> = asked.iter().copied().collect();
                assert_eq!((asked.len(), unlike.len()), (MOST.min(count as usize), asked.len()), "{count}");
                assert!(by_start.iter().take(NEWEST).all(|(_, row)| unlike.contains(row)), "{count}");
                had.extend(unlike);
            }
            assert_eq!(had.len(), count as usize, "{count}");
        };
        check(1, 1);
        check(200, 1);
        check(201, 2);
        check(300, 2);
        check(1_000, 9);
    }

    #[test]
    fn runs_that_end_take_no_turn_from_others() {
        let mut turns = Turns::default();
        let all = || (0..500_u32).map(|row| (i64::from(row), row));
        turns.next(all().collect());
        // the others were 399 to 0: those that had their turn, 399 to 300, ended
        let asked = turns.next(all().filter(|(_, row)| !(300..400).contains(row)).collect());
        assert_eq!(asked.get(NEWEST..), Some(&*(200..300).rev().collect::<Vec<u32>>()));
    }
}

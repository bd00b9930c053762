//! From row numbers to the lines of the runs table: which runs are in view, and nested runs under their parents.

use crate::model::{Lifecycle, RunTable};
use crate::view::Shown;
use std::collections::{HashMap, HashSet};

/// The tag that makes a run the child of another.
pub const PARENT_TAG: &str = "mlflow.parentRunId";

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Row number of the run.
    pub row: u32,
    /// 1 at the root.
    pub level: u32,
    /// Whether nested runs are shown under it; `None` without nested runs.
    pub open: Option<bool>,
    /// How many runs share its parent.
    pub set_size: u32,
    /// Its place among them, from 1.
    pub position: u32,
    /// How many runs are nested in it, at any depth, among those that match.
    pub inside: u32,
}

/// The runs of the chosen experiments in the chosen lifecycle. A run of a deleted experiment counts as deleted.
pub fn in_view(table: &RunTable, experiment_lifecycle: &[Lifecycle], experiments: &[u32], shown: Shown) -> Vec<u32> {
    let mut chosen = vec![false; experiments.iter().max().map_or(0, |last| *last as usize + 1)];
    experiments.iter().for_each(|number| chosen[*number as usize] = true);
    table
        .rows()
        .filter(|&row| {
            let experiment = table.experiment[row as usize];
            let trashed = experiment_lifecycle.get(experiment as usize) == Some(&Lifecycle::Deleted);
            let deleted = trashed || table.lifecycle[row as usize] == Lifecycle::Deleted;
            chosen.get(experiment as usize) == Some(&true)
                && match shown {
                    Shown::Active => !deleted,
                    Shown::Deleted => deleted,
                    Shown::All => true,
                }
        })
        .collect()
}

/// The parent row of each run that has one in the table: the tag names an id, looked for in the run's own experiment first.
pub fn parents(table: &RunTable) -> HashMap<u32, u32> {
    let Some(column) = table.tags.get(PARENT_TAG) else { return HashMap::new() };
    let wanted: HashSet<&str> = column.dictionary().iter().collect();
    let mut rows_of: HashMap<&str, Vec<u32>> = HashMap::new();
    for row in table.rows() {
        let id = table.id[row as usize].as_str();
        if wanted.contains(id) {
            rows_of.entry(id).or_default().push(row);
        }
    }
    let mut parents = HashMap::new();
    for (row, code) in column.codes() {
        let candidates = rows_of.get(column.text(code)).map_or(&[][..], Vec::as_slice);
        let home = table.experiment[row as usize];
        let near = candidates.iter().find(|&&parent| table.experiment[parent as usize] == home);
        if let Some(&parent) = near.or(candidates.first()).filter(|&&parent| parent != row) {
            parents.insert(row, parent);
        }
    }
    parents
}

/// Folds nested runs under their parents, keeping the given order among siblings. A run whose parent is not among
/// `ordered` stands at the root; so does one run of a circle of parents.
pub fn arrange(ordered: &[u32], parents: &HashMap<u32, u32>, closed: &HashSet<u32>) -> Vec<Line> {
    // without nesting there is nothing to look up
    let present: HashSet<u32> = if parents.is_empty() { HashSet::new() } else { ordered.iter().copied().collect() };
    let breakers = circle_breakers(ordered, parents, &present);
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut roots = Vec::new();
    for &row in ordered {
        match parents.get(&row).filter(|parent| present.contains(parent) && !breakers.contains(&row)) {
            Some(&parent) => children.entry(parent).or_default().push(row),
            None => roots.push(row),
        }
    }
    let mut lines = Vec::with_capacity(ordered.len());
    // (siblings, next of them, whether they are shown); a stack, since depth is the data's
    let mut stack: Vec<(Vec<u32>, usize, bool, Option<usize>)> = vec![(roots, 0, true, None)];
    let mut hidden_inside: Vec<u32> = Vec::new();
    while let Some((siblings, next, shown, line_of_parent)) = stack.last_mut() {
        let Some(&row) = siblings.get(*next) else {
            let parent = *line_of_parent;
            let finished = stack.pop();
            // what was inside of these siblings is inside of their parent too
            if let (Some(parent), Some((siblings, ..))) = (parent, finished) {
                let inside = hidden_inside.pop().unwrap_or(0) + siblings.len() as u32;
                if let Some(line) = lines.get_mut(parent) {
                    let line: &mut Line = line;
                    line.inside = inside;
                }
                if let Some(outer) = hidden_inside.last_mut() {
                    *outer += inside;
                }
            }
            continue;
        };
        *next += 1;
        let (position, set_size, shown) = (*next as u32, siblings.len() as u32, *shown);
        let level = stack.len() as u32;
        let nested = children.remove(&row);
        let open = nested.as_ref().map(|_| !closed.contains(&row));
        let at = lines.len();
        if shown {
            lines.push(Line { row, level, open, set_size, position, inside: 0 });
        }
        if let Some(nested) = nested {
            hidden_inside.push(0);
            stack.push((nested, 0, shown && open == Some(true), Some(if shown { at } else { usize::MAX })));
        }
    }
    lines
}

/// Of each circle of parents the smallest row: the one that stands at the root. Each row is looked at once.
fn circle_breakers(ordered: &[u32], parents: &HashMap<u32, u32>, present: &HashSet<u32>) -> HashSet<u32> {
    let mut breakers = HashSet::new();
    let mut seen_on_walk_from: HashMap<u32, u32> = HashMap::new();
    let parent_of = |row: u32| parents.get(&row).copied().filter(|parent| present.contains(parent));
    for &start in ordered.iter().filter(|row| parents.contains_key(row)) {
        let mut at = Some(start);
        while let Some(row) = at {
            match seen_on_walk_from.get(&row) {
                None => {
                    seen_on_walk_from.insert(row, start);
                    at = parent_of(row);
                }
                Some(&walk) if walk == start => {
                    let mut smallest = row;
                    let mut next = parent_of(row);
                    while let Some(other) = next.filter(|&other| other != row) {
                        smallest = smallest.min(other);
                        next = parent_of(other);
                    }
                    breakers.insert(smallest);
                    break;
                }
                Some(_) => break,
            }
        }
    }
    breakers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as text: two blanks a level, `v` open, `>` closed, number inside.
    fn check(ordered: &[u32], parents: &[(u32, u32)], closed: &[u32], expected: &str) {
        let lines = arrange(ordered, &parents.iter().copied().collect(), &closed.iter().copied().collect());
        let text: Vec<String> = lines
            .iter()
            .map(|line| {
                let mark = match line.open {
                    Some(true) => format!("v{} ", line.inside),
                    Some(false) => format!(">{} ", line.inside),
                    None => String::new(),
                };
                format!(
                    "{}{mark}{} {}/{}",
                    "  ".repeat(line.level as usize - 1),
                    line.row,
                    line.position,
                    line.set_size
                )
            })
            .collect();
        assert_eq!(text.join("\n"), expected.trim_matches('\n'));
    }

    #[test]
    fn nested_runs_stand_under_their_parent_in_the_given_order() {
        check(
            &[5, 1, 3, 2, 4],
            &[(1, 2), (3, 2), (4, 3)],
            &[],
            "
5 1/2
v3 2 2/2
  1 1/2
  v1 3 2/2
    4 1/1",
        );
    }

    #[test]
    fn closed_runs_hide_what_is_inside_and_count_it() {
        check(&[2, 1, 3, 4], &[(1, 2), (3, 2), (4, 3)], &[2], ">3 2 1/1");
        check(
            &[2, 1, 3, 4],
            &[(1, 2), (3, 2), (4, 3)],
            &[3],
            "
v3 2 1/1
  1 1/2
  >1 3 2/2",
        );
    }

    #[test]
    fn a_missing_parent_and_a_circle_leave_no_run_out() {
        check(
            &[7, 8],
            &[(7, 1)],
            &[],
            "
7 1/2
8 2/2",
        );
        check(
            &[1, 2, 3],
            &[(1, 2), (2, 1), (3, 1)],
            &[],
            "
v2 1 1/1
  2 1/2
  3 2/2",
        );
    }

    #[test]
    fn depth_is_no_danger() {
        let ordered: Vec<u32> = (0..20_000).collect();
        let parents: Vec<(u32, u32)> = (1..20_000).map(|row| (row, row - 1)).collect();
        let lines = arrange(&ordered, &parents.into_iter().collect(), &HashSet::new());
        assert_eq!(lines.last().map(|line| (line.level, line.row)), Some((20_000, 19_999)));
    }
}

//! All rows of several tables in one pass over the file. Tables that grew together lie mixed in it, so that reading them one
//! by one reads it once for each. Rows come in the order of their pages, which is no order at all.

use super::Database;
use super::pager::Pager;
use super::problem::Seen;
use super::record::{Decoder, Row, Shape};
use super::schema::Table;
use super::tree::{Budget, Plan, STEP, Tree};
use crate::sources::Fault;
use std::rc::Rc;

/// A pass that stands somewhere in its file. It holds no file: each step is told the database.
pub struct Sweep {
    parts: Vec<Part>,
    /// Pages with rows: in the order of the file, once all are known.
    leaves: Vec<Leaf>,
    is_sorted: bool,
    read: usize,
    /// How many of those that follow were announced.
    announced: usize,
    seen: Seen,
    decoder: Decoder,
}

struct Part {
    table: Rc<Table>,
    shape: Shape,
    /// Pages of one depth that are still to be looked into.
    level: Vec<u32>,
    depth: u8,
    /// What lies below those that were.
    below: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Leaf {
    page: u32,
    part: u16,
    depth: u8,
}

/// What is given for each row: the number of its table among those asked for, and the row.
pub type EachRow<'a> = &'a mut dyn FnMut(usize, &Row<'_>);

impl Sweep {
    pub(super) fn new(tables: Vec<(Rc<Table>, Shape)>) -> Sweep {
        let part = |(table, shape): (Rc<Table>, Shape)| {
            let level = vec![table.root];
            Part { table, shape, level, depth: 0, below: Vec::new() }
        };
        let mut seen = Seen::default();
        let mut parts: Vec<Part> = tables.into_iter().map(part).collect();
        for part in &mut parts {
            part.level.retain(|root| seen.insert(*root));
        }
        Sweep { parts, leaves: Vec::new(), is_sorted: false, read: 0, announced: 0, seen, decoder: Decoder::default() }
    }

    /// Reads on for about as much as `budget` allows; whether there is more. What can not be read is among
    /// [`Database::take_problems`].
    ///
    /// # Errors
    /// Those of the files; begin a new sweep then.
    pub fn step(&mut self, database: &Database, budget: Budget, each: EachRow<'_>) -> Result<bool, Fault> {
        let pager = &database.pager;
        if !self.is_sorted {
            self.look_into(pager, budget, each)?;
            return Ok(true);
        }
        let batch = match std::mem::take(&mut self.announced) {
            0 => self.planned(self.read, pager, budget),
            count => self.leaves.get(self.read..).unwrap_or_default().iter().take(count).copied().collect(),
        };
        pager.want_announced()?;
        pager.want(batch.iter().map(|leaf| leaf.page))?;
        let Sweep { parts, decoder, .. } = &mut *self;
        for (number, part) in parts.iter().enumerate() {
            let own: Vec<u32> =
                batch.iter().filter(|leaf| usize::from(leaf.part) == number).map(|leaf| leaf.page).collect();
            part.tree(pager).want_overflow(&own, decoder)?;
        }
        let following = self.planned(self.read + batch.len(), pager, budget);
        if !following.is_empty() {
            pager.announce(following.iter().map(|leaf| leaf.page));
        }
        self.announced = following.len();
        let Sweep { parts, leaves, seen, decoder, read, .. } = &mut *self;
        for leaf in &batch {
            *read += 1;
            let number = usize::from(leaf.part);
            let Some(part) = parts.get(number) else { continue };
            let tree = part.tree(pager);
            let Some(node) = tree.node(leaf.page)? else { continue };
            if node.is_interior() {
                // Leaves of an honest tree lie at one depth; these are read all the same.
                let below = (0..=node.cells).filter_map(|cell| tree.child(&node, cell, leaf.depth, seen));
                leaves.extend(below.map(|page| Leaf { page, part: leaf.part, depth: leaf.depth + 1 }));
                if !tree.is_index {
                    continue;
                }
            }
            for cell in 0..node.cells {
                tree.row(&node, cell, decoder, seen, &mut |row| each(number, row))?;
            }
        }
        Ok(self.read < self.leaves.len())
    }

    /// The leaves of one step, from this one on.
    fn planned(&self, from: usize, pager: &Pager, budget: Budget) -> Vec<Leaf> {
        let mut plan = Plan::new(budget);
        let rest = self.leaves.get(from..).unwrap_or_default();
        let planned = rest.iter().take_while(|leaf| {
            let goes_on = !plan.is_full();
            plan.add(pager, leaf.page);
            goes_on
        });
        planned.copied().collect()
    }

    /// Goes down one level of one table, or a part of it.
    fn look_into(&mut self, pager: &Pager, budget: Budget, each: EachRow<'_>) -> Result<(), Fault> {
        let Sweep { parts, leaves, seen, decoder, .. } = self;
        let Some((number, part)) = parts.iter_mut().enumerate().find(|(_, part)| !part.level.is_empty()) else {
            leaves.sort_by_key(|leaf| pager.place(leaf.page));
            self.is_sorted = true;
            return Ok(());
        };
        // Those of a level are all of one kind, which the first tells.
        let first = part.level.last().copied().unwrap_or(0);
        let is_leaf = match part.tree(pager).node(first)? {
            Some(node) => !node.is_interior(),
            None => {
                part.level.pop();
                part.go_down();
                return Ok(());
            }
        };
        if is_leaf {
            let (own, depth) = (u16::try_from(number).unwrap_or(u16::MAX), part.depth);
            leaves.extend(part.level.drain(..).map(|page| Leaf { page, part: own, depth }));
        } else {
            let most = usize::try_from(budget.bytes.clamp(1, STEP) / pager.page_size()).unwrap_or(1).max(1);
            let pages = part.level.split_off(part.level.len().saturating_sub(most));
            let tree = Tree::of_table(pager, &part.table, &part.shape);
            tree.pager.want(pages.iter().copied())?;
            for page in pages {
                let Some(node) = tree.node(page)? else { continue };
                if node.is_interior() {
                    part.below.extend((0..=node.cells).filter_map(|cell| tree.child(&node, cell, part.depth, seen)));
                }
                if tree.is_index || !node.is_interior() {
                    for cell in 0..node.cells {
                        tree.row(&node, cell, decoder, seen, &mut |row| each(number, row))?;
                    }
                }
            }
        }
        part.go_down();
        Ok(())
    }
}

impl Part {
    fn tree<'t>(&'t self, pager: &'t Pager) -> Tree<'t> {
        Tree::of_table(pager, &self.table, &self.shape)
    }

    fn go_down(&mut self) {
        if self.level.is_empty() {
            self.level = std::mem::take(&mut self.below);
            self.depth = self.depth.saturating_add(1);
        }
    }
}

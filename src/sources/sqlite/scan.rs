//! All rows of a table in their order or from the newest back, some at a time: a scan stops after each step and goes on
//! whenever it is asked to.

use super::node::Node;
use super::problem::Seen;
use super::record::{Decoder, Row, Shape};
use super::schema::Table;
use super::tree::{Budget, Plan, Tree};
use super::{Database, Order};
use crate::sources::Fault;
use std::rc::Rc;

/// Interior pages that are read together.
const AHEAD: usize = 32;

/// A scan that stands somewhere in its table. It holds no file: each step is told the database.
pub struct Scan {
    table: Rc<Table>,
    shape: Shape,
    order: Order,
    /// What is left, the next one last.
    pending: Vec<Place>,
    /// Below how many interior pages rows lie, once it is known.
    leaf_depth: Option<u8>,
    seen: Seen,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    page: u32,
    depth: u8,
    /// Of a record in an interior page.
    cell: Option<usize>,
}

impl Scan {
    pub(super) fn new(table: Rc<Table>, shape: Shape, order: Order) -> Scan {
        let mut seen = Seen::default();
        let pending = vec![Place { page: table.root, depth: 0, cell: None }];
        seen.insert(table.root);
        Scan { table, shape, order, pending, leaf_depth: None, seen, decoder: Decoder::default() }
    }

    /// Whether all was read.
    pub fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// Reads on for about as much as `budget` allows, at least one page; whether there may be more. What can not be read is
    /// among [`Database::take_problems`].
    ///
    /// # Errors
    /// Those of the files; begin a new scan then.
    pub fn step(&mut self, database: &Database, budget: Budget, each: &mut dyn FnMut(&Row<'_>)) -> Result<bool, Fault> {
        let Scan { table, shape, order, pending, leaf_depth, seen, decoder } = self;
        let tree = Tree::of_table(&database.pager, table, shape);
        let batch = gather(&tree, budget, *order, pending, leaf_depth, seen)?;
        let leaves: Vec<u32> = batch.iter().filter(|place| place.cell.is_none()).map(|place| place.page).collect();
        tree.pager.want(leaves.iter().copied())?;
        tree.want_overflow(&leaves, decoder)?;
        let mut batch = batch.into_iter();
        while let Some(place) = batch.next() {
            let Some(node) = tree.node(place.page)? else { continue };
            let cells = match place.cell {
                Some(cell) => cell..cell + 1,
                // Leaves of an honest tree lie at one depth; this one is read all the same.
                None if node.is_interior() => {
                    pending.extend(batch.rev());
                    expand(&tree, &node, place.depth, *order, seen, pending);
                    break;
                }
                None => 0..node.cells,
            };
            for at in 0..cells.len() {
                let cell = match order {
                    Order::OldestFirst => cells.start + at,
                    Order::NewestFirst => cells.end - 1 - at,
                };
                tree.row(&node, cell, decoder, seen, each)?;
            }
        }
        Ok(!pending.is_empty())
    }
}

/// Goes down interior pages until the batch is full of leaves.
fn gather(
    tree: &Tree<'_>,
    budget: Budget,
    order: Order,
    pending: &mut Vec<Place>,
    leaf_depth: &mut Option<u8>,
    seen: &mut Seen,
) -> Result<Vec<Place>, Fault> {
    let mut batch = Vec::new();
    let mut plan = Plan::new(budget);
    while !plan.is_full()
        && let Some(place) = pending.pop()
    {
        let is_leaf = place.cell.is_some() || *leaf_depth == Some(place.depth);
        if !is_leaf {
            let is_interior =
                |place: &&Place| place.cell.is_none() && leaf_depth.is_some_and(|leaf| place.depth < leaf);
            let ahead = pending.iter().rev().take(AHEAD).filter(is_interior).map(|place| place.page);
            let ahead: Vec<u32> = ahead.chain([place.page]).collect();
            if ahead.len() > 1 {
                tree.pager.want(ahead)?;
            }
            let Some(node) = tree.node(place.page)? else { continue };
            if node.is_interior() {
                expand(tree, &node, place.depth, order, seen, pending);
                continue;
            }
            leaf_depth.get_or_insert(place.depth);
        }
        plan.add(tree.pager, place.page);
        batch.push(place);
    }
    Ok(batch)
}

/// Puts what lies below an interior page on the stack.
fn expand(tree: &Tree<'_>, node: &Node, depth: u8, order: Order, seen: &mut Seen, pending: &mut Vec<Place>) {
    let mut below = Vec::new();
    for cell in 0..=node.cells {
        below.extend(tree.child(node, cell, depth, seen).map(|page| Place { page, depth: depth + 1, cell: None }));
        if tree.is_index && cell < node.cells {
            below.push(Place { page: node.number, depth, cell: Some(cell) });
        }
    }
    match order {
        Order::OldestFirst => pending.extend(below.into_iter().rev()),
        Order::NewestFirst => pending.extend(below),
    }
}

//! What scans and sweeps share: the pages below an interior page, and the rows of a leaf.

use super::node::{Checked, Kind, Node};
use super::pager::{GAP, Pager};
use super::problem::Seen;
use super::record::{Decoder, Row, Shape};
use super::schema::{Index, Table};
use crate::sources::Fault;

/// A tree of honest size is not deeper, whatever its pages hold.
pub const DEPTH: u8 = 20;

/// Most bytes of leaves of one step: they must fit the cache.
pub const STEP: u64 = 8 << 20;

const TWICE: &str = "is part of two places of the tree";
const DEEP: &str = "lies deeper in its tree than any tree is";
const OTHER: &str = "is a page of another kind of tree";
const NO_CHILD: &str = "holds an entry that leads nowhere";

/// How much one step of reading may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Separate reads, about.
    pub reads: u32,
    /// Bytes, those between the pages included.
    pub bytes: u64,
}

/// Counts planned pages against a [`Budget`].
pub struct Plan {
    budget: Budget,
    last: Option<(u8, u64)>,
    reads: u32,
    bytes: u64,
}

impl Plan {
    /// Nothing is planned yet.
    pub fn new(budget: Budget) -> Plan {
        Plan { budget, last: None, reads: 0, bytes: 0 }
    }

    /// Adds a page.
    pub fn add(&mut self, pager: &Pager, page: u32) {
        let place = pager.place(page);
        let distance = match (self.last, place) {
            (Some(last), Some(place)) if last.0 == place.0 => last.1.abs_diff(place.1),
            _ => u64::MAX,
        };
        let is_near = distance <= GAP + pager.page_size();
        self.reads += u32::from(!is_near);
        self.bytes += if is_near { distance.max(pager.page_size()) } else { pager.page_size() };
        self.last = place;
    }

    /// Whether the budget is used up.
    pub fn is_full(&self) -> bool {
        self.bytes >= self.budget.bytes.clamp(1, STEP) || self.reads >= self.budget.reads.max(1)
    }
}

/// A table or an index that is being read.
pub struct Tree<'t> {
    /// Its pages.
    pub pager: &'t Pager,
    /// For problems.
    pub name: &'t str,
    /// Holds records by their order, not rows by their number.
    pub is_index: bool,
    /// What is wanted of it.
    pub shape: &'t Shape,
}

impl<'t> Tree<'t> {
    /// Of a table.
    pub fn of_table(pager: &'t Pager, table: &'t Table, shape: &'t Shape) -> Tree<'t> {
        Tree { pager, name: &table.name, is_index: table.is_keyed, shape }
    }

    /// Of an index.
    pub fn of_index(pager: &'t Pager, index: &'t Index, shape: &'t Shape) -> Tree<'t> {
        Tree { pager, name: &index.name, is_index: true, shape }
    }

    /// Tells what is wrong with a page.
    pub fn note(&self, page: u32, what: &'static str) {
        self.pager.problems.note(page, self.name, what);
    }

    /// A page of the tree; what is wrong with it is told.
    pub fn node(&self, page: u32) -> Result<Option<Node>, Fault> {
        let is_own = |kind| self.is_index == matches!(kind, Kind::IndexLeaf | Kind::IndexInterior);
        match Node::read(self.pager, page)? {
            Ok(node) if is_own(node.kind) => return Ok(Some(node)),
            Ok(_) => self.note(page, OTHER),
            Err(what) => self.note(page, what),
        }
        Ok(None)
    }

    /// The page below a cell, if it was not seen before. `depth` is that of `node`.
    pub fn child(&self, node: &Node, cell: usize, depth: u8, seen: &mut Seen) -> Option<u32> {
        let Some(child) = node.child(cell) else {
            self.note(node.number, NO_CHILD);
            return None;
        };
        if depth >= DEPTH {
            self.note(child, DEEP);
        } else if child == 0 || child > self.pager.pages() {
            self.note(node.number, NO_CHILD);
        } else if seen.insert(child) {
            return Some(child);
        } else {
            self.note(child, TWICE);
        }
        None
    }

    /// Reads the overflow pages that the cells of these pages start with.
    pub fn want_overflow(&self, nodes: &[u32], decoder: &mut Decoder) -> Result<(), Fault> {
        let mut pages = Vec::new();
        for page in nodes {
            let Ok(node) = Node::read(self.pager, *page)? else { continue };
            let payloads = (0..node.cells).filter_map(|cell| node.payload(cell, self.pager).ok());
            pages.extend(payloads.filter_map(|(_, payload)| decoder.overflow_needed(&payload, self.shape)));
        }
        if pages.is_empty() { Ok(()) } else { self.pager.want(pages) }
    }

    /// The row of one cell.
    pub fn row(
        &self,
        node: &Node,
        cell: usize,
        decoder: &mut Decoder,
        seen: &mut Seen,
        each: &mut dyn FnMut(&Row<'_>),
    ) -> Result<(), Fault> {
        let row: Checked<Row<'_>> = match node.payload(cell, self.pager) {
            Ok(payload) => decoder.row(self.pager, payload, self.shape, seen)?,
            Err(what) => Err(what),
        };
        match row {
            Ok(row) => each(&row),
            Err(what) => self.note(node.number, what),
        }
        Ok(())
    }
}

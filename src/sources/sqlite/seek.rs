//! Rows by their numbers, and records of an index by how they start: many at once, going down level by level, so that each
//! level costs a few joined reads however many are looked for.

use super::Database;
use super::node::{Checked, Kind, Node};
use super::pager::Pager;
use super::problem::Seen;
use super::record::{Decoder, Row, Shape};
use super::schema::{Index, Table};
use super::sweep::EachRow;
use super::tree::{DEPTH, STEP, Tree};
use super::value::Value;
use crate::sources::Fault;
use std::cmp::Ordering;
use std::ops::Range;

/// Pages of a level, each with the range of what is looked for below it.
type Level = Vec<(u32, Range<usize>)>;

/// Whole pages of a level that are read together.
fn batches<'a>(level: &'a Level, pager: &Pager) -> impl Iterator<Item = Level> + use<'a> {
    let size = usize::try_from(STEP / pager.page_size()).unwrap_or(1).max(1);
    level.chunks(size).map(<[_]>::to_vec)
}

/// Reads the pages of a batch: few of them with what lies round them.
fn want(pager: &Pager, batch: &Level) -> Result<(), Fault> {
    const FEW: usize = 128;
    let pages = batch.iter().map(|(page, _)| *page);
    if batch.len() <= FEW { pager.want_blocks(pages) } else { pager.want(pages) }
}

/// Rows of `table` whose numbers are `rowids`, which ascend and are distinct; those that are not there are left out.
pub(super) fn rows(
    database: &Database,
    table: &Table,
    shape: &Shape,
    rowids: &[i64],
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Fault> {
    let pager = &database.pager;
    let tree = Tree::of_table(pager, table, shape);
    let (mut seen, mut decoder) = (Seen::default(), Decoder::default());
    let mut level: Level = vec![(table.root, 0..rowids.len())];
    for depth in 0..=DEPTH {
        let mut below: Level = Vec::new();
        for batch in batches(&level, pager) {
            want(pager, &batch)?;
            let mut found = Vec::new();
            for (page, range) in batch {
                let Some(node) = tree.node(page)? else { continue };
                let mut at = range.start;
                while let Some(wanted) = rowids.get(at).filter(|_| at < range.end) {
                    let cell = first_cell(node.cells, |cell| node.rowid(cell).map(|rowid| rowid.cmp(wanted)));
                    if !node.is_interior() {
                        found.extend((node.rowid(cell) == Some(*wanted)).then_some((page, cell)));
                        at += 1;
                        continue;
                    }
                    // All up to the cell's number lie below it.
                    let rest = rowids.get(at..range.end).unwrap_or_default();
                    let below_it =
                        node.rowid(cell).map_or(rest.len(), |last| rest.partition_point(|rowid| *rowid <= last));
                    let end = at + below_it.max(1);
                    below.extend(tree.child(&node, cell, depth, &mut seen).map(|child| (child, at..end)));
                    at = end;
                }
            }
            emit(&tree, &found, &mut decoder, &mut seen, each)?;
        }
        if below.is_empty() {
            break;
        }
        level = below;
    }
    Ok(())
}

/// The rows of cells, after the overflow pages of all of them were read together.
fn emit(
    tree: &Tree<'_>,
    found: &[(u32, usize)],
    decoder: &mut Decoder,
    seen: &mut Seen,
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Fault> {
    let mut overflow = Vec::new();
    for (page, cell) in found {
        let Some(node) = tree.node(*page)? else { continue };
        if let Ok((_, payload)) = node.payload(*cell, tree.pager) {
            overflow.extend(decoder.overflow_needed(&payload, tree.shape));
        }
    }
    tree.pager.want(overflow)?;
    for (page, cell) in found {
        if let Some(node) = tree.node(*page)? {
            tree.row(&node, *cell, decoder, seen, each)?;
        }
    }
    Ok(())
}

/// The first cell that is not below what is looked for. Where a cell can not be read the order is lost, and so is the rest.
fn first_cell(cells: usize, order: impl Fn(usize) -> Option<Ordering>) -> usize {
    let (mut low, mut high) = (0, cells);
    while low < high {
        let middle = low + (high - low) / 2;
        if order(middle) == Some(Ordering::Less) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Goes through an index for the records that start with each of `keys`. `each` is told the number of the key, and the
/// record as a row of the index's table.
pub(super) fn entries(
    database: &Database,
    index: &Index,
    shape: &Shape,
    keys: &[Vec<Value<'_>>],
    each: EachRow<'_>,
) -> Result<(), Fault> {
    let pager = &database.pager;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    let key = |at: usize| keys.get(at).map_or(&[][..], Vec::as_slice);
    // A key that another one starts with comes before it.
    order.sort_by(|a, b| order_of(key(*a).iter().copied(), key(*b)).then(key(*a).len().cmp(&key(*b).len())));
    let leading = Shape::leading(keys.iter().map(Vec::len).max().unwrap_or(0).min(index.columns.len()));
    let search = Search { tree: Tree::of_index(pager, index, shape), leading: &leading };
    let mut seen = Seen::default();
    seen.insert(index.root);
    let mut decoder = Decoder::default();
    let mut level: Level = vec![(index.root, 0..order.len())];
    for depth in 0..=DEPTH {
        let mut below: Level = Vec::new();
        for batch in batches(&level, pager) {
            want(pager, &batch)?;
            for (page, range) in batch {
                let Some(node) = search.tree.node(page)? else { continue };
                // Cells whose pages are already among those below, and where: neighbouring keys share them.
                let mut shared: Vec<(usize, Option<usize>)> = Vec::new();
                for at in range {
                    let Some(number) = order.get(at) else { continue };
                    let Some(cells) = search.matching(&node, key(*number), &mut decoder)? else { continue };
                    for cell in cells.clone() {
                        let mut own = Seen::default();
                        search.tree.row(&node, cell, &mut decoder, &mut own, &mut |row| {
                            each(*number, &row.numbered(row.field(index.width).int().unwrap_or(0)));
                        })?;
                    }
                    if node.kind != Kind::IndexInterior {
                        continue;
                    }
                    for cell in cells.start..=cells.end {
                        match shared
                            .iter()
                            .rev()
                            .take_while(|(known, _)| *known >= cell)
                            .find(|(known, _)| *known == cell)
                        {
                            Some((_, place)) => {
                                if let Some((_, range)) = place.and_then(|place| below.get_mut(place)) {
                                    range.end = at + 1;
                                }
                            }
                            None => {
                                let child = search.tree.child(&node, cell, depth, &mut seen);
                                shared.push((cell, child.map(|_| below.len())));
                                below.extend(child.map(|child| (child, at..at + 1)));
                            }
                        }
                    }
                }
            }
        }
        if below.is_empty() {
            break;
        }
        level = below;
    }
    Ok(())
}

struct Search<'t> {
    tree: Tree<'t>,
    /// The columns that are compared.
    leading: &'t Shape,
}

impl Search<'_> {
    /// The cells that start with `key`; `None` when a cell can not be read.
    fn matching(&self, node: &Node, key: &[Value<'_>], decoder: &mut Decoder) -> Result<Option<Range<usize>>, Fault> {
        let start = self.bound(node, key, decoder, |order| order == Ordering::Less)?;
        let end = self.bound(node, key, decoder, |order| order != Ordering::Greater)?;
        Ok(start.zip(end).map(|(start, end)| start..end.max(start)))
    }

    /// The first cell whose order towards the key is not `before`.
    fn bound(
        &self,
        node: &Node,
        key: &[Value<'_>],
        decoder: &mut Decoder,
        before: fn(Ordering) -> bool,
    ) -> Result<Option<usize>, Fault> {
        let (mut low, mut high) = (0, node.cells);
        while low < high {
            let middle = low + (high - low) / 2;
            let order = match self.compare(node, middle, key, decoder)? {
                Ok(order) => order,
                Err(what) => {
                    self.tree.note(node.number, what);
                    return Ok(None);
                }
            };
            if before(order) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Some(low))
    }

    fn compare(
        &self,
        node: &Node,
        cell: usize,
        key: &[Value<'_>],
        decoder: &mut Decoder,
    ) -> Result<Checked<Ordering>, Fault> {
        let payload = match node.payload(cell, self.tree.pager) {
            Ok(payload) => payload,
            Err(what) => return Ok(Err(what)),
        };
        let row = decoder.row(self.tree.pager, payload, self.leading, &mut Seen::default())?;
        Ok(row.map(|row| order_of((0..key.len()).map(|at| row.field(at)), key)))
    }
}

/// The order of two rows of values, as far as the second goes.
fn order_of<'a>(values: impl Iterator<Item = Value<'a>>, key: &[Value<'_>]) -> Ordering {
    values.zip(key).map(|(value, key)| value.order(*key)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// How many rows a table has: the cells of its pages, or of those of its smallest index, are counted, not read.
pub(super) fn count(database: &Database, table: &Table) -> Result<u64, Fault> {
    let pager = &database.pager;
    let shape = Shape::default();
    let (tree, root) = match table.indexes.iter().min_by_key(|index| index.width) {
        Some(index) => (Tree::of_index(pager, index, &shape), index.root),
        None => (Tree::of_table(pager, table, &shape), table.root),
    };
    let mut seen = Seen::default();
    seen.insert(root);
    let mut level: Level = vec![(root, 0..0)];
    let mut total = 0;
    for depth in 0..=DEPTH {
        let mut below: Level = Vec::new();
        for batch in batches(&level, pager) {
            pager.want(batch.iter().map(|(page, _)| *page))?;
            for (page, _) in batch {
                let Some(node) = tree.node(page)? else { continue };
                if node.is_interior() {
                    let children = (0..=node.cells).filter_map(|cell| tree.child(&node, cell, depth, &mut seen));
                    below.extend(children.map(|child| (child, 0..0)));
                }
                if tree.is_index || !node.is_interior() {
                    total += node.cells as u64;
                }
            }
        }
        if below.is_empty() {
            break;
        }
        level = below;
    }
    Ok(total)
}

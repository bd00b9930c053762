//! One page of a b-tree (file format 1.6). Every number in it is checked against the page before it is used.

use super::pager::{PageBytes, Pager};
use super::wire::{u16_at, u32_at, varint};
use crate::sources::Fault;

/// What a page of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rows by number.
    TableLeaf,
    /// Leads to rows by number.
    TableInterior,
    /// Records in their order.
    IndexLeaf,
    /// The same, and leads to more.
    IndexInterior,
}

/// A page of a tree.
pub struct Node {
    /// Of the page.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// How many cells it has.
    pub cells: usize,
    page: PageBytes,
    /// Where the pointers to the cells start.
    pointers: usize,
    right: u32,
}

/// A record, of which the first bytes lie in the page.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'p> {
    /// In the page.
    pub local: &'p [u8],
    /// Bytes in all.
    pub total: u64,
    /// The first page of the rest.
    pub overflow: Option<u32>,
}

/// A page of a tree, or what is wrong with it.
pub type Checked<T> = Result<T, &'static str>;

/// The page lies outside of the file.
pub const MISSING: &str = "is not in the file: it was cut off, or the number is wrong";
const NO_NODE: &str = "is no page of a table or an index";
const NO_CELL: &str = "holds an entry that lies outside of it";

impl Node {
    /// The page `number`.
    ///
    /// # Errors
    /// Those of the files.
    pub fn read(pager: &Pager, number: u32) -> Result<Checked<Node>, Fault> {
        Ok(pager.page(number)?.ok_or(MISSING).and_then(|page| Node::parse(page, number).ok_or(NO_NODE)))
    }

    fn parse(page: PageBytes, number: u32) -> Option<Node> {
        let start = if number == 1 { super::header::HEADER } else { 0 };
        let kind = match page.get(start)? {
            2 => Kind::IndexInterior,
            5 => Kind::TableInterior,
            10 => Kind::IndexLeaf,
            13 => Kind::TableLeaf,
            _ => return None,
        };
        let cells = usize::from(u16_at(&page, start + 3)?);
        let is_interior = matches!(kind, Kind::TableInterior | Kind::IndexInterior);
        let pointers = start + if is_interior { 12 } else { 8 };
        let right = if is_interior { u32_at(&page, start + 8)? } else { 0 };
        (pointers + 2 * cells <= page.len()).then_some(Node { number, kind, cells, page, pointers, right })
    }

    /// Whether it leads to further pages.
    pub fn is_interior(&self) -> bool {
        matches!(self.kind, Kind::TableInterior | Kind::IndexInterior)
    }

    fn start(&self, cell: usize) -> Option<usize> {
        (cell < self.cells).then(|| u16_at(&self.page, self.pointers + 2 * cell)).flatten().map(usize::from)
    }

    /// The page that a cell leads to; the one behind the last cell is that of all that is larger.
    pub fn child(&self, cell: usize) -> Option<u32> {
        if cell == self.cells {
            return Some(self.right);
        }
        u32_at(&self.page, self.start(cell)?)
    }

    /// The row number of a cell of a table.
    pub fn rowid(&self, cell: usize) -> Option<i64> {
        let start = self.start(cell)?;
        let at = match self.kind {
            Kind::TableLeaf => varint(&self.page, start)?.1,
            Kind::TableInterior => start + 4,
            Kind::IndexLeaf | Kind::IndexInterior => return None,
        };
        varint(&self.page, at).map(|(number, _)| number as i64)
    }

    /// The record of a cell, with the row's number in a table.
    pub fn payload(&self, cell: usize, pager: &Pager) -> Checked<(i64, Payload<'_>)> {
        let read = || {
            let start = self.start(cell)?;
            let at = if self.kind == Kind::IndexInterior { start + 4 } else { start };
            let (total, at) = varint(&self.page, at)?;
            let (rowid, at) = if self.kind == Kind::TableLeaf { varint(&self.page, at)? } else { (0, at) };
            let kept = local_size(total, pager.usable() as u64, self.kind)?;
            let end = at.checked_add(usize::try_from(kept).ok()?)?;
            let local = self.page.get(at..end)?;
            let overflow = if kept < total { Some(u32_at(&self.page, end)?) } else { None };
            (total <= pager.total_bytes()).then_some((rowid as i64, Payload { local, total, overflow }))
        };
        read().ok_or(NO_CELL)
    }
}

/// How many bytes of a payload of `total` lie in the page (1.6); `None` where there is no payload.
fn local_size(total: u64, usable: u64, kind: Kind) -> Option<u64> {
    let most = match kind {
        Kind::TableLeaf => usable - 35,
        Kind::IndexLeaf | Kind::IndexInterior => (usable - 12) * 64 / 255 - 23,
        Kind::TableInterior => return None,
    };
    if total <= most {
        return Some(total);
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let kept = least + (total - least) % (usable - 4);
    Some(if kept <= most { kept } else { least })
}

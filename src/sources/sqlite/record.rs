//! Records (file format 2.1): only what is asked for is decoded, and of a payload's overflow pages only those are read that
//! come before its end.

use super::node::{Checked, MISSING, Payload};
use super::pager::Pager;
use super::problem::Seen;
use super::schema::{Index, Table};
use super::value::{Affinity, Constant, Value, size_of};
use super::wire::{u32_at, varint};
use crate::sources::Fault;

/// A row whose wanted values end behind this is not read.
const ROW: u64 = 64 << 20;
/// The same of an index: its records are looked at again and again.
const ENTRY: u64 = 1 << 20;

const CUT: &str = "holds a record that ends before its values do";
const RESERVED: &str = "holds a record with a value of an unknown type";
const TOO_LARGE: &str = "holds a value larger than is safe to read";
const CHAIN: &str = "is part of two values";

/// Which columns of a table or an index are wanted, and where they lie in its records.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    wanted: Vec<Wanted>,
    /// Fields of a record up to the last one that is wanted.
    reach: usize,
    /// A field that is needed without being a wanted column.
    also: Option<usize>,
    /// Most bytes of a record that are read.
    limit: u64,
}

#[derive(Clone, Debug)]
struct Wanted {
    /// `None` is the row's number.
    field: Option<usize>,
    is_real: bool,
    default: Constant,
}

impl Shape {
    /// Of columns of a table by their numbers; one that there is none of gives NULL.
    pub fn of_table(table: &Table, columns: &[Option<usize>]) -> Shape {
        Shape::new(columns.iter().map(|number| {
            let column = number.and_then(|number| table.columns.get(number));
            Wanted {
                field: column.map_or(Some(usize::MAX), |column| column.field),
                is_real: column.is_some_and(|column| column.affinity == Affinity::Real),
                default: column.map(|column| column.default.clone()).unwrap_or_default(),
            }
        }))
    }

    /// The same of an index that holds them; those that it does not hold give NULL. The last field is the row's number.
    pub fn of_index(table: &Table, index: &Index, columns: &[Option<usize>]) -> Shape {
        let mut shape = Shape::new(columns.iter().map(|number| {
            let column = number.and_then(|number| table.columns.get(number));
            let is_rowid = column.is_some_and(|column| column.field.is_none());
            let field = index.columns.iter().position(|column| Some(*column) == *number).unwrap_or(usize::MAX);
            Wanted {
                field: (!is_rowid).then_some(field),
                is_real: column.is_some_and(|column| column.affinity == Affinity::Real),
                default: Constant::Null,
            }
        }));
        // The row's number, without being one of the wanted columns.
        shape.reach = index.width + 1;
        shape.also = Some(index.width);
        shape.limit = ENTRY;
        shape
    }

    /// The first fields of a record, whatever they are.
    pub fn leading(fields: usize) -> Shape {
        let wanted = |field| Wanted { field: Some(field), is_real: false, default: Constant::Null };
        Shape { limit: ENTRY, ..Shape::new((0..fields).map(wanted)) }
    }

    fn new(wanted: impl Iterator<Item = Wanted>) -> Shape {
        let wanted: Vec<Wanted> = wanted.collect();
        let fields = wanted.iter().filter_map(|wanted| wanted.field).filter(|field| *field < usize::MAX);
        Shape { reach: fields.max().map_or(0, |last| last + 1), wanted, also: None, limit: ROW }
    }

    fn is_wanted(&self, field: usize) -> bool {
        self.also == Some(field) || self.wanted.iter().any(|wanted| wanted.field == Some(field))
    }
}

/// One row, as far as it was asked for.
pub struct Row<'a> {
    /// Its number; 0 in a table that has none.
    pub rowid: i64,
    shape: &'a Shape,
    body: &'a [u8],
    fields: &'a [Field],
}

#[derive(Clone, Copy, Debug)]
struct Field {
    serial: u64,
    start: usize,
    end: usize,
}

impl<'a> Row<'a> {
    /// The value of the wanted column `at`.
    pub fn get(&self, at: usize) -> Value<'a> {
        let Some(wanted) = self.shape.wanted.get(at) else { return Value::Null };
        let Some(field) = wanted.field else { return Value::Int(self.rowid) };
        let Some(found) = self.fields.get(field) else { return wanted.default.value() };
        match found.value(self.body) {
            Value::Int(number) if wanted.is_real => Value::Real(number as f64),
            value => value,
        }
    }

    /// The same with another number.
    pub(super) fn numbered(&self, rowid: i64) -> Row<'a> {
        Row { rowid, shape: self.shape, body: self.body, fields: self.fields }
    }

    /// The value of a field of the record, wanted or not: what is not in memory is NULL.
    pub(super) fn field(&self, at: usize) -> Value<'a> {
        self.fields.get(at).map_or(Value::Null, |field| field.value(self.body))
    }
}

impl Field {
    fn value(self, body: &[u8]) -> Value<'_> {
        match body.get(self.start..self.end) {
            Some(bytes) => Value::decode(self.serial, bytes),
            None => Value::Null,
        }
    }
}

/// Takes records apart, one after the other, in the same memory.
#[derive(Debug, Default)]
pub struct Decoder {
    fields: Vec<Field>,
    whole: Vec<u8>,
}

impl Decoder {
    /// The row of a payload. `seen` holds the pages of the tree so far: none belongs to two things.
    ///
    /// # Errors
    /// Those of the files.
    pub fn row<'a>(
        &'a mut self,
        pager: &Pager,
        (rowid, payload): (i64, Payload<'a>),
        shape: &'a Shape,
        seen: &mut Seen,
    ) -> Result<Checked<Row<'a>>, Fault> {
        self.whole.clear();
        let mut next = payload.overflow;
        if shape.reach == 0 {
            return Ok(Ok(Row { rowid, shape, body: &[], fields: &[] }));
        }
        let header = varint(payload.local, 0).map_or(u64::MAX, |(length, _)| length);
        if header > payload.total {
            return Ok(Err(CUT));
        }
        if header > ENTRY {
            return Ok(Err(TOO_LARGE));
        }
        let mut is_whole = header <= payload.local.len() as u64;
        if !is_whole && let Err(what) = fill(pager, &mut self.whole, &payload, &mut next, header, seen)? {
            return Ok(Err(what));
        }
        let head = if is_whole { payload.local } else { &self.whole };
        let needed = match read_header(head, header, payload.total, shape, &mut self.fields) {
            Ok(needed) => needed,
            Err(what) => return Ok(Err(what)),
        };
        if needed > shape.limit.max(payload.local.len() as u64) {
            return Ok(Err(TOO_LARGE));
        }
        is_whole &= needed <= payload.local.len() as u64;
        if !is_whole && let Err(what) = fill(pager, &mut self.whole, &payload, &mut next, needed, seen)? {
            return Ok(Err(what));
        }
        let body = if is_whole { payload.local } else { &self.whole };
        Ok(Ok(Row { rowid, shape, body, fields: &self.fields }))
    }

    /// The first overflow page of a payload, where the wanted columns need it.
    pub fn overflow_needed(&mut self, payload: &Payload<'_>, shape: &Shape) -> Option<u32> {
        let overflow = payload.overflow?;
        if shape.reach == 0 {
            return None;
        }
        let header = varint(payload.local, 0).map_or(u64::MAX, |(length, _)| length);
        let has_header = header <= payload.local.len() as u64;
        let needed = read_header(payload.local, header, payload.total, shape, &mut self.fields);
        (!has_header || needed.is_ok_and(|needed| needed > payload.local.len() as u64)).then_some(overflow)
    }
}

/// Where the fields lie, as far as they are wanted, and the end of the last wanted one.
fn read_header(head: &[u8], header: u64, total: u64, shape: &Shape, fields: &mut Vec<Field>) -> Checked<u64> {
    fields.clear();
    let Some(serials) = head.get(..usize::try_from(header).unwrap_or(usize::MAX)) else { return Err(CUT) };
    let mut at = varint(serials, 0).map_or(usize::MAX, |(_, at)| at);
    let mut start = header;
    let mut needed = header;
    while fields.len() < shape.reach && at < serials.len() {
        let Some((serial, next)) = varint(serials, at) else { return Err(CUT) };
        let end = size_of(serial).ok_or(RESERVED)?.checked_add(start).filter(|end| *end <= total).ok_or(CUT)?;
        if shape.is_wanted(fields.len()) {
            needed = end;
        }
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        fields.push(Field { serial, start: place(start), end: place(end) });
        (at, start) = (next, end);
    }
    Ok(needed)
}

/// Puts the first `needed` bytes of a payload into `whole`, or a page more.
fn fill(
    pager: &Pager,
    whole: &mut Vec<u8>,
    payload: &Payload<'_>,
    next: &mut Option<u32>,
    needed: u64,
    seen: &mut Seen,
) -> Result<Checked<()>, Fault> {
    if whole.is_empty() {
        whole.extend_from_slice(payload.local);
    }
    while (whole.len() as u64) < needed {
        let number = next.unwrap_or(0);
        let Some(page) = pager.page(number)? else { return Ok(Err(MISSING)) };
        if !seen.insert(number) {
            return Ok(Err(CHAIN));
        }
        let rest = usize::try_from(payload.total - whole.len() as u64).unwrap_or(usize::MAX);
        let bytes = page.get(4..).unwrap_or_default();
        whole.extend_from_slice(bytes.get(..rest).unwrap_or(bytes));
        *next = u32_at(&page, 0).filter(|number| *number > 0);
    }
    Ok(Ok(()))
}

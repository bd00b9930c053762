//! What the `CREATE` statements of a database say (file format 2.3 to 2.6): tables with their columns in the order of their
//! records, and the indexes that can be searched.

use super::definition::{self, Definition, KeyPart};
use super::value::{Affinity, Constant};
use std::rc::Rc;

/// A table that can be read: no view, no virtual table.
#[derive(Clone, Debug)]
pub struct Table {
    /// As written.
    pub name: String,
    /// Those that are stored or are the row's number; computed ones are left out.
    pub columns: Vec<Column>,
    /// Those that can be searched by [`Database::entries`](super::Database::entries).
    pub indexes: Vec<Rc<Index>>,
    /// Where its tree starts.
    pub(super) root: u32,
    /// Keeps its rows in the tree of its primary key, which has no row numbers.
    pub(super) is_keyed: bool,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// As written.
    pub name: String,
    /// What values become in it.
    pub(super) affinity: Affinity,
    /// Of rows that are older than the column.
    pub(super) default: Constant,
    /// Where it lies in a record; `None` when it is the row's number.
    pub(super) field: Option<usize>,
}

/// An index whose first columns can be searched.
#[derive(Clone, Debug)]
pub struct Index {
    /// As written.
    pub name: String,
    /// Numbers of its table's columns that it starts with, as far as they ascend and collate as bytes.
    pub columns: Vec<usize>,
    /// Columns in all; the row's number follows them in a record.
    pub(super) width: usize,
    /// Where its tree starts.
    pub(super) root: u32,
}

impl Table {
    /// The number of a column; case does not matter.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// An index that starts with these columns, in this order; the narrowest, if there are several.
    pub fn index_on(&self, names: &[&str]) -> Option<&Rc<Index>> {
        let columns: Option<Vec<usize>> = names.iter().map(|name| self.column(name)).collect();
        let columns = columns?;
        self.indexes.iter().filter(|index| index.columns.starts_with(&columns)).min_by_key(|index| index.width)
    }
}

/// A row of the schema table.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub kind: String,
    pub name: String,
    pub table: String,
    pub root: u32,
    pub sql: Option<String>,
}

/// The schema table itself.
pub(super) fn schema_table() -> Table {
    let column = |(name, field): (&str, usize)| Column {
        name: name.to_owned(),
        affinity: Affinity::Blob,
        default: Constant::Null,
        field: Some(field),
    };
    Table {
        name: "sqlite_schema".to_owned(),
        columns: ["type", "name", "tbl_name", "rootpage", "sql"].into_iter().zip(0..).map(column).collect(),
        indexes: Vec::new(),
        root: 1,
        is_keyed: false,
    }
}

/// The tables of a schema. `note` is told the names of those whose statement is not understood.
pub(super) fn tables(entries: &[Entry], note: &mut dyn FnMut(&str)) -> Vec<Rc<Table>> {
    let mut tables = Vec::new();
    for entry in entries.iter().filter(|entry| entry.kind == "table" && entry.root > 0) {
        let sql = entry.sql.as_deref().unwrap_or_default();
        let Some(definition) = Definition::parse(sql).filter(|definition| !definition.columns.is_empty()) else {
            note(&entry.name);
            continue;
        };
        let mut table = table_of(entry, &definition);
        if !table.is_keyed {
            let own = |index: &&Entry| {
                index.kind == "index" && index.root > 0 && index.table.eq_ignore_ascii_case(&entry.name)
            };
            let indexes = entries.iter().filter(own);
            table.indexes = indexes.filter_map(|index| index_of(index, &definition, &table)).map(Rc::new).collect();
        }
        tables.push(Rc::new(table));
    }
    tables
}

fn table_of(entry: &Entry, definition: &Definition) -> Table {
    let position = |name: &str| definition.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
    // Records hold the stored columns in order, or those of the primary key first.
    let mut order: Vec<usize> = Vec::new();
    if definition.is_keyed {
        for part in definition.primary_key.iter().flatten() {
            order.extend(part.column.as_deref().and_then(position).filter(|at| !order.contains(at)));
        }
    }
    let rest = (0..definition.columns.len()).filter(|at| !order.contains(at)).collect::<Vec<_>>();
    order.extend(rest);
    order.retain(|at| definition.columns.get(*at).is_some_and(|column| !column.is_computed));
    let rowid = definition.rowid_column();
    let stored = definition.columns.iter().enumerate().filter(|(_, column)| !column.is_computed);
    let columns = stored.map(|(at, column)| {
        let affinity = Affinity::of(&column.declared, definition.is_strict);
        Column {
            name: column.name.clone(),
            affinity,
            default: Constant::parse(&column.default, affinity),
            field: order.iter().position(|stored| *stored == at).filter(|_| rowid != Some(at)),
        }
    });
    Table {
        name: entry.name.clone(),
        columns: columns.collect(),
        indexes: Vec::new(),
        root: entry.root,
        is_keyed: definition.is_keyed,
    }
}

/// `None` when it can not be searched: it leaves out rows, or its first column is computed, descends or collates otherwise.
fn index_of(entry: &Entry, definition: &Definition, table: &Table) -> Option<Index> {
    let parts: Vec<KeyPart> = match &entry.sql {
        Some(sql) => definition::index_parts(sql)?,
        // Made by a constraint: numbered in the order of those that need one of their own.
        None => {
            let number: usize = entry.name.rsplit('_').next()?.parse().ok()?;
            definition.constraints.get(number.checked_sub(1)?)?.clone()
        }
    };
    let width = parts.len();
    let plain = parts.iter().map_while(|part| {
        let column = part.column.as_deref()?;
        let own = definition.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column))?;
        let collation = part.collation.as_ref().or(own.collation.as_ref());
        let is_binary = collation.is_none_or(|name| name.eq_ignore_ascii_case("BINARY"));
        (is_binary && !part.descends).then(|| table.column(column)).flatten()
    });
    let columns: Vec<usize> = plain.collect();
    (!columns.is_empty()).then(|| Index { name: entry.name.clone(), columns, width, root: entry.root })
}

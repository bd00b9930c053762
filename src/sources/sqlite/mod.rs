//! SQLITE: one database file, read as its documented format says (sqlite.org/fileformat2.html), together with the `-wal` or the
//! hot `-journal` beside it. Nothing is written, nothing is copied into memory as a whole.
//!
//! It must not know what the tables are about. It runs no SQL: tables are scanned ([`Scan`]), several in one pass over the file
//! ([`Sweep`]), or looked into by number and by index, many at once. What is damaged is told ([`Problem`]) and the rest is read;
//! no number in the file is believed before it is checked against what the file has.

mod definition;
mod header;
#[cfg(test)]
mod hostile_tests;
mod journal;
#[cfg(test)]
pub(crate) mod live_tests;
mod node;
#[cfg(test)]
mod oracle_tests;
mod pager;
mod problem;
mod record;
mod scan;
mod schema;
mod seek;
mod sql;
mod sweep;
mod tree;
mod value;
mod wal;
mod wire;

pub use header::{is_database, is_wal_mode};
pub use problem::Problem;
pub use record::Row;
pub use scan::Scan;
pub use schema::{Column, Index, Table};
pub use sweep::{EachRow, Sweep};
pub use tree::Budget;
pub use value::Value;

use crate::sources::{Bytes, Fault};
use header::{HEADER, Header};
use journal::Journal;
use pager::{Files, Pager};
use record::Shape;
use schema::Entry;
use std::collections::HashMap;
use std::rc::Rc;
use wal::Wal;

/// In which order a [`Scan`] gives rows: by their numbers, or by their keys where they have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ascending.
    OldestFirst,
    /// Descending.
    NewestFirst,
}

/// The files of one database.
#[derive(Clone)]
pub struct DatabaseFiles {
    /// The database.
    pub main: Rc<dyn Bytes>,
    /// The file named after it with `-wal`.
    pub wal: Option<Rc<dyn Bytes>>,
    /// The file named after it with `-journal`.
    pub journal: Option<Rc<dyn Bytes>>,
}

/// What SQLite leaves beside a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// A write-ahead log.
    Log,
    /// A rollback journal.
    Journal,
}

/// What a file is that starts with `head`; `None` for anything else, and for what holds nothing.
pub fn leftover(head: &[u8]) -> Option<Leftover> {
    if wal::is_log(head) {
        return Some(Leftover::Log);
    }
    journal::is_journal(head).then_some(Leftover::Journal)
}

/// A database that is shorter than it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Bytes that there are.
    pub at: u64,
    /// Bytes that its header states.
    pub of: u64,
}

/// An open database.
pub struct Database {
    pager: Pager,
    tables: Vec<Rc<Table>>,
    is_wal_mode: bool,
    was_rolled_back: bool,
    cut: Option<Cut>,
}

impl Database {
    /// Opens a database and reads its schema.
    ///
    /// # Errors
    /// [`FaultKind::NotRecognised`](crate::sources::FaultKind::NotRecognised) when the file is no SQLite database,
    /// [`FaultKind::Unreadable`](crate::sources::FaultKind::Unreadable) when it is one that can not be read (UTF-16, a newer
    /// version, a broken header), and the files' own faults.
    pub fn open(files: DatabaseFiles) -> Result<Database, Fault> {
        let journal = files.journal.clone().map_or(Ok(None), Journal::read)?;
        let wal = files.wal.clone().map_or(Ok(None), Wal::read)?;
        let first_page = |places: &HashMap<u32, u64>, bytes: &Option<Rc<dyn Bytes>>| match (places.get(&1), bytes) {
            (Some(at), Some(bytes)) => bytes.read(*at..*at + HEADER as u64).map(Some),
            _ => Ok(None),
        };
        // The header too is the newest of those there are.
        let logged = wal.as_ref().map_or(Ok(None), |wal| first_page(&wal.places, &files.wal))?;
        let rolled_back = journal.as_ref().map_or(Ok(None), |journal| first_page(&journal.places, &files.journal))?;
        let own = match &rolled_back {
            Some(head) => head.clone(),
            None => files.main.read(0..HEADER as u64)?,
        };
        let own = Header::read(&own)?;
        let of_another = |page_size: Option<u32>| page_size.is_some_and(|size| size != own.page_size);
        let is_wal_strange = of_another(wal.as_ref().map(|wal| wal.page_size));
        let wal = wal.filter(|_| !is_wal_strange);
        let header = match (&wal, logged) {
            (Some(_), Some(head)) => Header::read(&head)?,
            _ => own,
        };
        let is_journal_strange = of_another(journal.as_ref().map(|journal| journal.page_size));
        let journal = journal.filter(|_| !is_journal_strange);
        let page_size = u64::from(header.page_size);
        let in_file = u32::try_from(files.main.size() / page_size).unwrap_or(u32::MAX - 1);
        let pages = match (&wal, &journal) {
            (Some(wal), _) => wal.pages,
            (None, Some(journal)) => journal.pages,
            (None, None) => in_file,
        };
        let mut moved = HashMap::new();
        moved.extend(journal.iter().flat_map(|journal| &journal.places).map(|(page, at)| (*page, (1, *at))));
        moved.extend(wal.iter().flat_map(|wal| &wal.places).map(|(page, at)| (*page, (2, *at))));
        // No more pages than the files together hold, whatever they state; free ones may be missing between them.
        let pages = pages.min(moved.keys().fold(in_file, |last, page| last.max(*page)));
        let was_rolled_back = journal.is_some();
        let is_alone = !was_rolled_back && wal.is_none();
        let stated = header.stated_pages.filter(|stated| is_alone && *stated > in_file);
        let cut = stated.map(|stated| Cut { at: files.main.size(), of: u64::from(stated) * page_size });
        let files = Files { files: [Some(files.main), files.journal, files.wal], moved };
        let pager = Pager::new(files, header.page_size, header.usable, pages);
        if cut.is_some() {
            pager.problems.note(0, "the file", "is shorter than its header states: it was cut off");
        }
        for (is_strange, name) in [(is_wal_strange, "the -wal file"), (is_journal_strange, "the -journal file")] {
            if is_strange {
                pager.problems.note(0, name, "belongs to another database and was not looked at");
            }
        }
        let is_wal_mode = header.is_wal_mode;
        let mut database = Database { pager, tables: Vec::new(), is_wal_mode, was_rolled_back, cut };
        database.read_schema()?;
        Ok(database)
    }

    fn read_schema(&mut self) -> Result<(), Fault> {
        let problems = &self.pager.problems;
        let mut entries = Vec::new();
        let mut scan = self.scan(&Rc::new(schema::schema_table()), &COLUMNS, Order::OldestFirst);
        while scan.step(self, Budget { reads: 64, bytes: 1 << 20 }, &mut |row| {
            let text = |at: usize| row.get(at).text().map(std::borrow::Cow::into_owned);
            let name = text(1).unwrap_or_default();
            let mut root = row.get(3).int().map_or(0, |root| u32::try_from(root).unwrap_or(u32::MAX));
            if root > self.pager.pages() {
                problems.note(0, &name, "starts at a page that is not in the file");
                root = 0;
            }
            let kind = text(0).unwrap_or_default();
            entries.push(Entry { kind, name, table: text(2).unwrap_or_default(), root, sql: text(4) });
        })? {}
        self.tables = schema::tables(&entries, &mut |name| {
            problems.note(0, name, "is a table whose statement is not understood")
        });
        Ok(())
    }

    /// Whether the header says that the latest changes may lie in a `-wal` file.
    pub fn is_wal_mode(&self) -> bool {
        self.is_wal_mode
    }

    /// Whether a hot journal was given: what is read is the state before the transaction that it belongs to.
    pub fn was_rolled_back(&self) -> bool {
        self.was_rolled_back
    }

    /// Where the file was cut off.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// All tables that can be read.
    pub fn tables(&self) -> &[Rc<Table>] {
        &self.tables
    }

    /// A table by its name; case does not matter.
    pub fn table(&self, name: &str) -> Option<&Rc<Table>> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// Bytes of a page.
    pub fn page_size(&self) -> u64 {
        self.pager.page_size()
    }

    /// Reads of the files so far, and the bytes that they brought.
    pub fn cost(&self) -> (u64, u64) {
        self.pager.cost()
    }

    /// Whether what a sweep reads next was announced to the files: it comes while something else is done.
    pub fn has_announced(&self) -> bool {
        self.pager.has_announced()
    }

    /// Until the files have what was announced to them.
    pub async fn arrived(&self) {
        self.pager.arrived().await;
    }

    /// How often something could not be read so far. When it grows while an index is used, the table itself may still hold all.
    pub fn problems_met(&self) -> u64 {
        self.pager.problems.met()
    }

    /// What could not be read since the last call.
    pub fn take_problems(&self) -> Vec<Problem> {
        self.pager.problems.take()
    }

    /// All rows of a table, of which the `columns` are wanted; one that there is none of gives NULL.
    pub fn scan(&self, table: &Rc<Table>, columns: &[&str], order: Order) -> Scan {
        Scan::new(table.clone(), shape(table, columns), order)
    }

    /// All rows of several tables in one pass, each with its wanted columns.
    pub fn sweep(&self, tables: &[(&Rc<Table>, &[&str])]) -> Sweep {
        Sweep::new(tables.iter().map(|(table, columns)| ((*table).clone(), shape(table, columns))).collect())
    }

    /// The rows with these numbers, which ascend and are distinct. Give them in thousands: each level of the tree costs a few
    /// reads however many are asked for.
    ///
    /// # Errors
    /// Those of the files.
    pub fn rows(
        &self,
        table: &Table,
        columns: &[&str],
        rowids: &[i64],
        each: &mut dyn FnMut(&Row<'_>),
    ) -> Result<(), Fault> {
        seek::rows(self, table, &shape(table, columns), rowids, each)
    }

    /// The records of an index that start with each of `keys`: `each` is told the number of the key, and the row's number with
    /// those of the wanted `columns` that the index holds, the others NULL. In no order.
    ///
    /// # Errors
    /// Those of the files.
    pub fn entries(
        &self,
        table: &Table,
        index: &Index,
        columns: &[&str],
        keys: &[Vec<Value<'_>>],
        each: EachRow<'_>,
    ) -> Result<(), Fault> {
        let numbers: Vec<Option<usize>> = columns.iter().map(|name| table.column(name)).collect();
        seek::entries(self, index, &Shape::of_index(table, index, &numbers), keys, each)
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// Those of the files.
    pub fn count(&self, table: &Table) -> Result<u64, Fault> {
        seek::count(self, table)
    }
}

const COLUMNS: [&str; 5] = ["type", "name", "tbl_name", "rootpage", "sql"];

fn shape(table: &Table, columns: &[&str]) -> Shape {
    let numbers: Vec<Option<usize>> = columns.iter().map(|name| table.column(name)).collect();
    Shape::of_table(table, &numbers)
}

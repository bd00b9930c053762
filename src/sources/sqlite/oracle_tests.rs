//! SQLite itself says what is in a database; the reader must say the same, in every way of reading: random tables, values,
//! page sizes and changes, logs that were not checkpointed, journals of transactions in their middle.

use super::live_tests::{Dice, Live};
use super::{Budget, Database, DatabaseFiles, Order, Row, Table, Value};
use proptest::prelude::*;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, params_from_iter};
use std::rc::Rc;

/// A value as both sides can show it.
fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes)),
        Value::Blob(bytes) => {
            let sum = bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            format!("{} bytes, {sum:x}", bytes.len())
        }
    }
}

fn shown_sql(value: ValueRef<'_>) -> String {
    shown(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(bytes),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    })
}

fn shown_row(row: &Row<'_>, columns: usize, is_keyed: bool) -> (i64, Vec<String>) {
    (if is_keyed { 0 } else { row.rowid }, (0..columns).map(|at| shown(row.get(at))).collect())
}

type Rows = Vec<(i64, Vec<String>)>;

fn query(connection: &Connection, table: &str, columns: &[&str], is_keyed: bool) -> Rows {
    let list = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let (rowid, order) = if is_keyed { ("0", "") } else { ("rowid", " ORDER BY rowid") };
    let mut statement =
        connection.prepare(&format!("SELECT {rowid}, {list} FROM \"{table}\"{order}")).expect("a statement");
    let rows = statement.query_map([], |row| {
        let values = (0..columns.len()).map(|at| Ok(shown_sql(row.get_ref(at + 1)?)));
        Ok((row.get(0)?, values.collect::<Result<Vec<_>, rusqlite::Error>>()?))
    });
    rows.expect("rows").collect::<Result<_, _>>().expect("rows")
}

const SMALL: Budget = Budget { reads: 2, bytes: 2_048 };

fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}

/// Everything that both say of every table.
pub(super) fn agree(connection: &Connection, files: DatabaseFiles) {
    let database = Database::open(files).expect("opens");
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
        .expect("a statement");
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names");
    let mut own: Vec<String> = database.tables().iter().map(|table| table.name.clone()).collect();
    own.sort();
    assert_eq!(own, names);
    for table in database.tables() {
        agree_on(connection, &database, table);
    }
    assert_eq!(database.take_problems(), []);
}

fn agree_on(connection: &Connection, database: &Database, table: &Rc<Table>) {
    let name = table.name.as_str();
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 2").expect("a statement");
    let stored: Vec<String> =
        statement.query_map([name], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names");
    assert_eq!(columns, stored, "{name}");
    let expected = query(connection, name, &columns, table.is_keyed);
    let count = columns.len();

    let mut rows = Rows::new();
    let mut scan = database.scan(table, &columns, Order::OldestFirst);
    while scan.step(database, SMALL, &mut |row| rows.push(shown_row(row, count, table.is_keyed))).expect("a step") {}
    if table.is_keyed {
        // The order of its key, which may be any.
        assert_eq!(sorted(rows), sorted(expected.clone()), "{name}");
    } else {
        assert_eq!(rows, expected, "{name}");
    }

    let mut rows = Rows::new();
    let mut scan = database.scan(table, &columns, Order::NewestFirst);
    while scan.step(database, SMALL, &mut |row| rows.push(shown_row(row, count, table.is_keyed))).expect("a step") {}
    rows.reverse();
    if !table.is_keyed {
        assert_eq!(rows, expected, "{name} from the newest back");
    }

    // One column alone, from one pass over this table twice named and all others.
    let last = columns.last().copied().unwrap_or_default();
    let mut asked: Vec<(&Rc<Table>, &[&str])> = database.tables().iter().map(|table| (table, &[][..])).collect();
    let own = database.tables().iter().position(|other| Rc::ptr_eq(other, table)).expect("is one of them");
    let wanted = [last, "none such"];
    asked[own].1 = &wanted;
    let mut sweep = database.sweep(&asked);
    let mut rows = Rows::new();
    while sweep
        .step(database, SMALL, &mut |part, row| {
            if part == own {
                rows.push(shown_row(row, 2, table.is_keyed));
            }
        })
        .expect("a step")
    {}
    let only = |(rowid, values): &(i64, Vec<String>)| (*rowid, vec![values[count - 1].clone(), "null".to_owned()]);
    assert_eq!(sorted(rows), sorted(expected.iter().map(only).collect()), "{name} in a sweep");
    assert_eq!(database.count(table).expect("a count"), expected.len() as u64, "{name}");
    if table.is_keyed {
        return;
    }

    // By number: every third, and some that are not there.
    let mut rowids: Vec<i64> = expected.iter().step_by(3).map(|(rowid, _)| *rowid).collect();
    let found: Rows = expected.iter().step_by(3).cloned().collect();
    rowids.extend([i64::MIN, i64::MAX]);
    rowids.sort_unstable();
    rowids.dedup();
    let mut rows = Rows::new();
    database.rows(table, &columns, &rowids, &mut |row| rows.push(shown_row(row, count, false))).expect("rows");
    rows.retain(|(rowid, _)| *rowid != i64::MIN && *rowid != i64::MAX);
    let found: Rows = found.into_iter().filter(|(rowid, _)| *rowid != i64::MIN && *rowid != i64::MAX).collect();
    assert_eq!(rows, found, "{name} by number");
    agree_on_indexes(connection, database, table, &expected);
}

fn agree_on_indexes(connection: &Connection, database: &Database, table: &Rc<Table>, expected: &Rows) {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno").expect("a statement");
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    for index in &table.indexes {
        let names: Vec<Option<String>> = statement
            .query_map([&index.name], |row| row.get(0))
            .expect("names")
            .collect::<Result<_, _>>()
            .expect("names");
        assert_eq!(names.len(), index.width, "{}", index.name);
        for (name, column) in names.iter().zip(&index.columns) {
            assert_eq!(name.as_deref(), Some(columns[*column]), "{}", index.name);
        }
        for length in 1..=index.columns.len() {
            let names: Vec<&str> = index.columns[..length].iter().map(|column| columns[*column]).collect();
            let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
            let mut keys = connection
                .prepare(&format!("SELECT {list} FROM \"{}\" ORDER BY rowid LIMIT 20", table.name))
                .expect("a statement");
            let mut keys: Vec<Vec<Sql>> = keys
                .query_map([], |row| (0..length).map(|at| row.get(at)).collect())
                .expect("keys")
                .collect::<Result<_, _>>()
                .expect("keys");
            keys.push(vec![Sql::Text("not there".to_owned()); length]);
            let values: Vec<Vec<Value<'_>>> = keys.iter().map(|key| key.iter().map(own_value).collect()).collect();
            let mut found: Vec<Rows> = vec![Rows::new(); keys.len()];
            let mut add = |key: usize, row: &Row<'_>| found[key].push(shown_row(row, length, false));
            database.entries(table, index, &names, &values, &mut add).expect("entries");
            let place = |name: &&str| columns.iter().position(|column| column == name).expect("a column");
            let places: Vec<usize> = names.iter().map(place).collect();
            let compare = names.iter().map(|name| format!("\"{name}\" COLLATE BINARY IS ?")).collect::<Vec<_>>();
            let sql = format!("SELECT rowid FROM \"{}\" WHERE {} ORDER BY rowid", table.name, compare.join(" AND "));
            let mut matching = connection.prepare(&sql).expect("a statement");
            for (key, found) in keys.iter().zip(found) {
                let rowids: Vec<i64> = matching
                    .query_map(params_from_iter(key), |row| row.get(0))
                    .expect("rows")
                    .collect::<Result<_, _>>()
                    .expect("rows");
                let row = |rowid: &i64| {
                    let at = expected.binary_search_by_key(rowid, |(rowid, _)| *rowid).expect("a row");
                    (*rowid, places.iter().map(|place| expected[at].1[*place].clone()).collect())
                };
                let rows: Rows = rowids.iter().map(row).collect();
                assert_eq!(sorted(found), rows, "{} {key:?}", index.name);
            }
        }
    }
}

fn own_value(value: &Sql) -> Value<'_> {
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(number) => Value::Int(*number),
        Sql::Real(number) => Value::Real(*number),
        Sql::Text(text) => Value::Text(text.as_bytes()),
        Sql::Blob(bytes) => Value::Blob(bytes),
    }
}

const TYPES: [&str; 10] =
    ["", "INTEGER", "TEXT", "REAL", "BLOB", "VARCHAR(10)", "FLOAT", "BIGINT", "BOOLEAN", "DECIMAL(10,2)"];
const DEFAULTS: [&str; 14] =
    ["NULL", "7", "-7", "1.5", "-2.25", "'text'", "'12'", "'1.5'", "x'00ff'", "(3)", "TRUE", "'0'", "+4", "\"word\""];

#[derive(Clone, Debug)]
struct Spec {
    key: u8,
    columns: Vec<usize>,
    unique: bool,
    computed: u8,
}

impl Spec {
    fn sql(&self, name: &str) -> String {
        let mut parts = Vec::new();
        let (first, last) = match self.key % 6 {
            0 => ("k", ""),
            1 => ("k INTEGER PRIMARY KEY", ""),
            2 => ("k TEXT PRIMARY KEY", ""),
            3 => ("k INTEGER", "CONSTRAINT p PRIMARY KEY (k)"),
            4 => ("k INTEGER PRIMARY KEY DESC", ""),
            _ => ("k", "PRIMARY KEY (c0, k)"),
        };
        parts.push(first.to_owned());
        for (at, kind) in self.columns.iter().enumerate() {
            let unique = if self.unique && at == 1 { " UNIQUE" } else { "" };
            parts.push(format!("c{at} {}{unique} /* {at}, */", TYPES[*kind % TYPES.len()]));
        }
        match self.computed % 4 {
            1 => parts.insert(1, "g TEXT GENERATED ALWAYS AS (c0 || ',') VIRTUAL".to_owned()),
            2 => parts.insert(1, "g AS (coalesce(c0, 1)) STORED".to_owned()),
            _ => {}
        }
        if !last.is_empty() {
            parts.push(last.to_owned());
        }
        let options = if self.key % 6 == 5 { " WITHOUT ROWID" } else { "" };
        format!("CREATE TABLE {name} ({}){options}", parts.join(", "))
    }
}

#[derive(Clone, Debug)]
enum Act {
    Insert { table: u8, rows: u8, seed: u64 },
    Update { table: u8, every: u8, seed: u64 },
    Delete { table: u8, every: u8 },
    AddColumn { table: u8, kind: usize, default: usize },
    Index { table: u8, columns: Vec<u8>, style: u8 },
    Vacuum,
    Drop { table: u8 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        5 => (0..3_u8, 1..60_u8, any::<u64>()).prop_map(|(table, rows, seed)| Act::Insert { table, rows, seed }),
        1 => (0..3_u8, 1..9_u8, any::<u64>()).prop_map(|(table, every, seed)| Act::Update { table, every, seed }),
        1 => (0..3_u8, 1..9_u8).prop_map(|(table, every)| Act::Delete { table, every }),
        1 => (0..3_u8, 0..TYPES.len(), 0..DEFAULTS.len())
            .prop_map(|(table, kind, default)| Act::AddColumn { table, kind, default }),
        1 => (0..3_u8, prop::collection::vec(0..4_u8, 1..4), any::<u8>())
            .prop_map(|(table, columns, style)| Act::Index { table, columns, style }),
        1 => Just(Act::Vacuum),
        1 => (0..9_u8).prop_map(|table| Act::Drop { table }),
    ];
    prop::collection::vec(act, 1..14)
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = (any::<u8>(), prop::collection::vec(0..TYPES.len(), 1..5), any::<bool>(), any::<u8>());
    prop::collection::vec(
        spec.prop_map(|(key, columns, unique, computed)| Spec { key, columns, unique, computed }),
        1..4,
    )
}

impl Dice {
    fn value(&mut self) -> Sql {
        match self.roll(12) {
            0 => Sql::Null,
            1 => Sql::Integer(self.roll(2) as i64),
            2 => Sql::Integer(self.roll(300) as i64 - 150),
            3 => Sql::Integer((self.0 as i64) >> self.roll(63)),
            4 => Sql::Real(self.roll(100) as f64),
            5 => Sql::Real(self.0 as f64 * 1e-9),
            6 => Sql::Real([f64::INFINITY, f64::MAX, -1e-300][self.roll(3) as usize]),
            7 => Sql::Blob(vec![self.roll(256) as u8; self.roll(40) as usize]),
            8 => Sql::Text("größe ".repeat(self.roll(600) as usize)),
            9 => Sql::Blob((0..self.roll(20_000)).map(|at| (at * 7) as u8).collect()),
            _ => Sql::Text(format!("t{}", self.roll(1_000))),
        }
    }
}

/// What SQLite refuses (a constraint, a table that was dropped) does not matter.
fn act(connection: &Connection, act: &Act) {
    let columns = |table: u8| -> Vec<String> {
        let sql = format!("SELECT name FROM pragma_table_xinfo('t{table}') WHERE hidden = 0");
        let mut statement = connection.prepare(&sql).expect("a statement");
        statement.query_map([], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names")
    };
    let run = |sql: String| drop(connection.execute_batch(&sql));
    match act {
        Act::Insert { table, rows, seed } => {
            let names = columns(*table);
            let marks = vec!["?"; names.len()].join(", ");
            let sql = format!("INSERT OR IGNORE INTO t{table} ({}) VALUES ({marks})", names.join(", "));
            let Ok(mut statement) = connection.prepare(&sql) else { return };
            let mut dice = Dice(*seed);
            for _ in 0..*rows {
                let mut values: Vec<Sql> = names.iter().map(|_| dice.value()).collect();
                if dice.roll(3) > 0 {
                    values[0] = Sql::Null;
                }
                drop(statement.execute(params_from_iter(values)));
            }
        }
        Act::Update { table, every, seed } => {
            let value = Dice(*seed).value();
            let sql = format!("UPDATE OR IGNORE t{table} SET c0 = ? WHERE abs(random()) % {every} = 0");
            drop(connection.execute(&sql, [value]));
        }
        Act::Delete { table, every } => run(format!("DELETE FROM t{table} WHERE abs(random()) % {every} = 0")),
        Act::AddColumn { table, kind, default } => {
            let number = columns(*table).len();
            run(format!("ALTER TABLE t{table} ADD COLUMN a{number} {} DEFAULT {}", TYPES[*kind], DEFAULTS[*default]));
        }
        Act::Index { table, columns: chosen, style } => {
            let names = columns(*table);
            let part = |(at, number): (usize, &u8)| {
                let name = names.get(usize::from(*number) % names.len().max(1)).cloned().unwrap_or_default();
                match (style >> at) & 7 {
                    0 => format!("{name} DESC"),
                    1 => format!("{name} COLLATE NOCASE"),
                    2 => format!("lower({name})"),
                    _ => name,
                }
            };
            let parts = chosen.iter().enumerate().map(part).collect::<Vec<_>>().join(", ");
            let only = if style % 9 == 0 { " WHERE c0 IS NOT NULL" } else { "" };
            run(format!("CREATE INDEX i{table}_{style} ON t{table} ({parts}){only}"));
        }
        Act::Vacuum => run("VACUUM".to_owned()),
        Act::Drop { table } => run(format!("DROP TABLE t{table}")),
    }
}

const PAGE_SIZES: [u32; 5] = [512, 1_024, 4_096, 32_768, 65_536];

fn build(live: &Live, specs: &[Spec], acts: &[Act]) {
    for (at, spec) in specs.iter().enumerate() {
        // Some are refused: a key on a column that there is none of.
        drop(live.connection.execute_batch(&spec.sql(&format!("t{at}"))));
    }
    acts.iter().for_each(|each| act(&live.connection, each));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 12, ..ProptestConfig::default() })]

    #[test]
    fn any_database(specs in specs(), acts in acts(), size in 0..5_usize, vacuum in 0..3_u8) {
        let size = PAGE_SIZES[size];
        let live = Live::new(&format!("PRAGMA page_size = {size}; PRAGMA auto_vacuum = {vacuum}; PRAGMA synchronous = OFF"));
        build(&live, &specs, &acts);
        // Without any change the file is empty.
        live.run("CREATE TABLE IF NOT EXISTS always (a)");
        agree(&live.connection, live.copy());
    }

    #[test]
    fn any_log(specs in specs(), before in acts(), after in acts(), open in acts(), size in 0..5_usize) {
        let size = PAGE_SIZES[size];
        let live = Live::new(&format!("PRAGMA page_size = {size}; PRAGMA synchronous = OFF; PRAGMA cache_size = 4"));
        live.run("CREATE TABLE always (a); PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
        build(&live, &specs, &before);
        live.run("PRAGMA wal_checkpoint(TRUNCATE)");
        let files = live.copy();
        prop_assert!(Database::open(files.clone()).expect("opens").is_wal_mode());
        agree(&live.connection, files);
        after.iter().for_each(|each| act(&live.connection, each));
        agree(&live.connection, live.copy());
        // The log starts anew over frames of before.
        live.run("PRAGMA wal_checkpoint(RESTART); INSERT INTO always VALUES (1)");
        agree(&live.connection, live.copy());
        // What is not committed does not count, though some of it is in the file.
        live.run("BEGIN");
        open.iter().for_each(|each| act(&live.connection, each));
        let files = live.copy();
        drop(live.connection.execute_batch("ROLLBACK"));
        agree(&live.connection, files);
    }

    #[test]
    fn any_journal(specs in specs(), before in acts(), open in acts(), size in 0..5_usize, is_synced in any::<bool>()) {
        let size = PAGE_SIZES[size];
        let synchronous = if is_synced { "FULL" } else { "OFF" };
        let live = Live::new(&format!("PRAGMA page_size = {size}; PRAGMA synchronous = OFF"));
        live.run("CREATE TABLE always (a)");
        build(&live, &specs, &before);
        // Little memory, so that pages are written before the transaction is done.
        live.run(&format!("PRAGMA synchronous = {synchronous}; PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN"));
        open.iter().for_each(|each| act(&live.connection, each));
        let files = live.copy();
        drop(live.connection.execute_batch("ROLLBACK"));
        agree(&live.connection, files);
    }
}

#[test]
fn large_tables_have_deep_trees() {
    let live = Live::new("PRAGMA page_size = 512; PRAGMA synchronous = OFF");
    live.run(
        "CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a, b)); CREATE INDEX i ON t (b);
         CREATE TABLE w (a TEXT, b INT, c, PRIMARY KEY (b, a)) WITHOUT ROWID;
         WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n LIMIT 20000)
         INSERT INTO t SELECT 'key' || (x * 7919 % 5000), x % 100 + x / 5000 * 100 FROM n;
         INSERT INTO w SELECT a, b, hex(a) FROM t;
         DELETE FROM t WHERE rowid % 7 = 3",
    );
    agree(&live.connection, live.copy());
}

#[test]
fn a_journal_that_was_rolled_back_is_told() {
    let live = Live::new("PRAGMA page_size = 1024");
    live.run("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))");
    assert!(!Database::open(live.copy()).expect("opens").was_rolled_back());
    live.run(
        "PRAGMA cache_size = 2; BEGIN; DELETE FROM t; INSERT INTO t SELECT zeroblob(50000) FROM (VALUES (1), (2), (3))",
    );
    let files = live.copy();
    assert!(Database::open(files.clone()).expect("opens").was_rolled_back());
    live.run("ROLLBACK");
    agree(&live.connection, files);
    // What is left of a journal that is kept is not hot.
    live.run("PRAGMA journal_mode = PERSIST; INSERT INTO t VALUES (1)");
    let files = live.copy();
    assert!(files.journal.is_some());
    assert!(!Database::open(files.clone()).expect("opens").was_rolled_back());
    agree(&live.connection, files);
}

//! Files that lie: cut, circular, with numbers that lead nowhere. Nothing panics, nothing runs for ever, what can be read is
//! read, and the rest is told.

use super::live_tests::{Dice, Live, held};
use super::{Budget, Database, DatabaseFiles, Order, Value};
use crate::sources::FaultKind;
use crate::sources::mutation_tests::rounds;

/// A database of two tables, one index, deep enough to have interior pages, with overflow.
fn sample(page_size: u32) -> Vec<u8> {
    let live = Live::new(&format!("PRAGMA page_size = {page_size}; PRAGMA synchronous = OFF"));
    live.run(
        "CREATE TABLE a (k INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL DEFAULT 1.5);
         CREATE TABLE b (k, v, PRIMARY KEY (k)) WITHOUT ROWID; CREATE INDEX i ON a (size, name);
         WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n LIMIT 3000)
         INSERT INTO a SELECT x, 'name ' || x, x * 0.25 FROM n;
         INSERT INTO b SELECT name, k FROM a WHERE k % 3 = 0;
         UPDATE a SET name = name || hex(zeroblob(2000)) WHERE k % 100 = 50",
    );
    std::fs::read(live.path("")).expect("the database")
}

fn alone(bytes: Vec<u8>) -> DatabaseFiles {
    DatabaseFiles { main: held(bytes), wal: None, journal: None }
}

/// Reads everything in every way: rows of each table, and the problems as `page inside what`.
fn read_all(files: DatabaseFiles) -> Result<(Vec<usize>, Vec<String>), String> {
    let database = Database::open(files).map_err(|fault| fault.message)?;
    let small = Budget { reads: 3, bytes: 4_096 };
    let mut rows = Vec::new();
    for table in database.tables() {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let mut rowids = Vec::new();
        let mut found = 0;
        let mut look = |row: &super::Row<'_>| {
            found += 1;
            rowids.push(row.rowid);
            (0..columns.len()).for_each(|at| drop(row.get(at).text()));
        };
        let mut scan = database.scan(table, &columns, Order::NewestFirst);
        while scan.step(&database, small, &mut look).expect("no fault") {}
        rows.push(found);
        rowids.sort_unstable();
        rowids.dedup();
        database.rows(table, &columns, &rowids, &mut |_| {}).expect("no fault");
        database.count(table).expect("no fault");
        for index in &table.indexes {
            let keys = vec![vec![Value::Text(b"name 7")], vec![Value::Real(2.5)], vec![]];
            database.entries(table, index, &columns, &keys, &mut |_, row| drop(row.get(0).text())).expect("no fault");
        }
    }
    let asked: Vec<_> = database.tables().iter().map(|table| (table, &["name", "v"][..])).collect();
    let mut sweep = database.sweep(&asked);
    while sweep.step(&database, small, &mut |_, row| drop(row.get(0).text())).expect("no fault") {}
    let problems = database.take_problems();
    Ok((rows, problems.iter().map(|problem| format!("{} {} {}", problem.page, problem.inside, problem.what)).collect()))
}

#[test]
fn a_whole_file_has_no_problem() {
    for page_size in [512, 4_096] {
        assert_eq!(read_all(alone(sample(page_size))), Ok((vec![3000, 1000], vec![])), "{page_size}");
    }
}

#[test]
fn what_is_no_database_says_what_it_is() {
    let check = |bytes: Vec<u8>, kind: FaultKind, part: &str| {
        let fault = Database::open(alone(bytes)).err().expect("a fault");
        assert_eq!(fault.kind, kind, "{}", fault.message);
        assert!(fault.message.contains(part), "{}", fault.message);
    };
    let changed = |at: usize, new: &[u8]| {
        let mut bytes = sample(4_096);
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    check(Vec::new(), FaultKind::NotRecognised, "empty");
    check(b"run_id,loss\n1,2\n".repeat(20), FaultKind::NotRecognised, "not a SQLite database");
    let noise: Vec<u8> = (0..4_096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    check(noise, FaultKind::NotRecognised, "encrypted");
    check(sample(4_096)[..60].to_vec(), FaultKind::NotRecognised, "cut off");
    for size in [[0, 0], [1, 0], [0, 2], [0x0f, 0x00], [0xff, 0xff]] {
        check(changed(16, &size), FaultKind::Unreadable, "page size");
    }
    let mut reserved = sample(512);
    reserved[20] = 40;
    check(reserved, FaultKind::Unreadable, "damaged");
    check(changed(19, &[3]), FaultKind::Unreadable, "version 3");
    check(changed(21, &[65]), FaultKind::Unreadable, "damaged");
    check(changed(56, &[0, 0, 0, 2]), FaultKind::Unreadable, "UTF-16");
    check(changed(56, &[9, 0, 0, 2]), FaultKind::Unreadable, "unknown encoding");
}

#[test]
fn sqlite_utf16_is_refused() {
    let live = Live::new("PRAGMA encoding = 'UTF-16le'");
    live.run("CREATE TABLE t (a)");
    let fault = Database::open(live.copy()).err().expect("a fault");
    assert!(fault.message.contains("UTF-16"), "{}", fault.message);
}

#[test]
fn a_cut_file_gives_what_it_has() {
    let whole = sample(512);
    let pages = whole.len() / 512;
    let mut last = 0;
    for kept in [2, pages / 8, pages / 4, pages / 2, pages - 1] {
        let (rows, problems) = read_all(alone(whole[..kept * 512 + 100].to_vec())).expect("opens");
        let sum: usize = rows.iter().sum();
        assert!(sum >= last && sum < 4000, "{kept}: {rows:?}");
        assert!(problems.iter().any(|problem| problem.contains("cut off")), "{problems:?}");
        last = sum;
    }
    assert!(last > 3500, "{last}");
}

/// The pages of the tree of table `a`, root first, by following first children.
fn spine(bytes: &[u8], page_size: usize) -> Vec<usize> {
    let database = Database::open(alone(bytes.to_vec())).expect("opens");
    let mut page = database.table("a").expect("a").root as usize;
    let mut spine = vec![page];
    while bytes[(page - 1) * page_size] == 5 {
        let start = (page - 1) * page_size;
        let cell = usize::from(u16::from_be_bytes([bytes[start + 12], bytes[start + 13]]));
        page = u32::from_be_bytes(bytes[start + cell..start + cell + 4].try_into().expect("four")) as usize;
        spine.push(page);
    }
    spine
}

#[test]
fn circles_and_numbers_that_lead_nowhere() {
    let whole = sample(512);
    let spine = spine(&whole, 512);
    assert!(spine.len() >= 3, "{spine:?}");
    let (root, middle, leaf) = (spine[0], spine[1], spine[spine.len() - 1]);
    let check = |what: &str, expected: &str, change: &dyn Fn(&mut [u8])| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        let (rows, problems) = read_all(alone(bytes)).expect("opens");
        assert!(rows[0] < 3000 && rows[1] == 1000, "{what}: {rows:?}");
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{what}: {problems:?}");
    };
    let first_cell = |bytes: &[u8], page: usize| {
        let start = (page - 1) * 512;
        let pointers = if bytes[start] == 5 { 12 } else { 8 };
        start + usize::from(u16::from_be_bytes([bytes[start + pointers], bytes[start + pointers + 1]]))
    };
    let put = |bytes: &mut [u8], at: usize, number: usize| {
        bytes[at..at + 4].copy_from_slice(&(number as u32).to_be_bytes());
    };
    let twice = "is part of two places of the tree";
    check("a page below itself", twice, &|bytes| put(bytes, first_cell(bytes, middle), middle));
    check("the root below a page", twice, &|bytes| put(bytes, first_cell(bytes, middle), root));
    check("one page twice", twice, &|bytes| put(bytes, (root - 1) * 512 + 8, middle));
    check("page 0", "leads nowhere", &|bytes| put(bytes, first_cell(bytes, middle), 0));
    check("far away", "leads nowhere", &|bytes| put(bytes, first_cell(bytes, middle), u32::MAX as usize));
    check("of no kind", "is no page of a table", &|bytes| bytes[(leaf - 1) * 512] = 77);
    check("of another kind", "another kind of tree", &|bytes| bytes[(leaf - 1) * 512] = 10);
    check("too many cells", "is no page of a table", &|bytes| bytes[(leaf - 1) * 512 + 3] = 0xff);
    check("a cell outside", "lies outside", &|bytes| bytes[(leaf - 1) * 512 + 8] = 0xff);
    check("a huge payload", "lies outside", &|bytes| {
        let at = first_cell(bytes, leaf);
        bytes[at..at + 9].fill(0xff);
    });
    check("a huge header", "ends before its values do", &|bytes| {
        let at = first_cell(bytes, leaf) + 2;
        bytes[at..at + 3].copy_from_slice(&[0xff, 0xff, 0x7f]);
    });
    check("a reserved type", "unknown type", &|bytes| bytes[first_cell(bytes, leaf) + 4] = 10);
    check("a long text", "ends before its values do", &|bytes| {
        let at = first_cell(bytes, leaf) + 4;
        bytes[at..at + 2].copy_from_slice(&[0xff, 0x7f]);
    });
}

#[test]
fn a_circle_of_overflow_pages_ends() {
    let mut bytes = sample(512);
    // Each page that looks like one of hexadecimal zeros follows itself.
    for page in 1..bytes.len() / 512 {
        let start = page * 512;
        if bytes[start + 4..start + 500].iter().all(|byte| *byte == b'0') {
            let number = (page as u32 + 1).to_be_bytes();
            bytes[start..start + 4].copy_from_slice(&number);
        }
    }
    let (rows, problems) = read_all(alone(bytes)).expect("opens");
    assert_eq!(rows, [2970, 1000]);
    assert!(problems.iter().all(|problem| problem.contains("part of two values")), "{problems:?}");
}

#[test]
fn a_stated_size_is_not_believed() {
    let mut bytes = sample(4_096);
    bytes[28..32].copy_from_slice(&u32::MAX.to_be_bytes());
    let (rows, problems) = read_all(alone(bytes.clone())).expect("opens");
    assert_eq!(rows, [3000, 1000]);
    assert_eq!(problems, ["0 the file is shorter than its header states: it was cut off"]);
    bytes[28..32].copy_from_slice(&1_u32.to_be_bytes());
    assert_eq!(read_all(alone(bytes)), Ok((vec![3000, 1000], vec![])));
}

#[test]
fn a_log_of_another_time_or_none_at_all_does_not_count() {
    let live = Live::new("PRAGMA page_size = 512");
    live.run(
        "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); PRAGMA wal_checkpoint(TRUNCATE)",
    );
    live.run("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)");
    let files = live.copy();
    let wal = std::fs::read(live.path("-wal")).expect("a log");
    let rows = |wal: Vec<u8>| {
        let files = DatabaseFiles { wal: Some(held(wal)), ..files.clone() };
        read_all(files).expect("opens").0
    };
    let frame = 512 + 24;
    assert_eq!(wal.len(), 32 + 2 * frame);
    assert_eq!(rows(wal.clone()), [2]);
    assert_eq!(rows(wal[..wal.len() - 1].to_vec()), [1], "the last frame is cut");
    assert_eq!(rows(wal[..10].to_vec()), [0], "hardly a header");
    assert_eq!(rows(b"not a log at all, but long enough to be looked at".repeat(30)), [0]);
    let changed = |at: usize| {
        let mut wal = wal.clone();
        wal[at] ^= 1;
        rows(wal)
    };
    assert_eq!(changed(20), [0], "a salt of the header");
    assert_eq!(changed(32 + 9), [0], "a salt of the first frame");
    assert_eq!(changed(32 + frame + 100), [1], "a byte of the second page");
    assert_eq!(changed(32 + frame + 17), [1], "its checksum");
}

#[test]
fn no_change_of_bytes_makes_it_fail() {
    let live = Live::new("PRAGMA page_size = 1024; PRAGMA synchronous = OFF");
    live.run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (name, v); INSERT INTO t VALUES (1, 2)");
    let wal = std::fs::read(live.path("-wal")).expect("a log");
    let hot = Live::new("PRAGMA page_size = 512; PRAGMA synchronous = OFF; PRAGMA cache_size = 2");
    hot.run("CREATE TABLE t (name, v); INSERT INTO t VALUES (zeroblob(9000), 1); BEGIN; DELETE FROM t; INSERT INTO t VALUES (zeroblob(9999), 2)");
    let (half, journal) =
        (std::fs::read(hot.path("")).expect("bytes"), std::fs::read(hot.path("-journal")).expect("bytes"));
    let wholes = [
        (sample(512), None, None),
        (sample(4_096), None, None),
        (std::fs::read(live.path("")).expect("bytes"), Some(wal), None),
        (half, None, Some(journal)),
    ];
    let mut dice = Dice(20_260_101);
    let rounds = rounds(100);
    let mut opened = 0;
    for round in 0..rounds {
        let (mut main, mut wal, mut journal) = wholes[round % wholes.len()].clone();
        for _ in 0..=dice.roll(12) {
            let file = dice.roll(3);
            dice.spoil(match (file, &mut wal, &mut journal) {
                (0, Some(wal), _) => wal,
                (0, _, Some(journal)) => journal,
                _ => &mut main,
            });
        }
        let files = DatabaseFiles { main: held(main), wal: wal.map(held), journal: journal.map(held) };
        opened += usize::from(read_all(files).is_ok());
    }
    assert!(opened > rounds / 3, "{opened} of {rounds} could be opened");
}

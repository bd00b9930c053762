//! Pages of runs: the newest few by index, so that the first rows of a large database need few reads; then all the others in
//! one pass over the file, which takes as many calls as it takes.

use super::found::{Found, Part};
use super::{Inner, Work};
use crate::model::{Report, RunKey, RunTable};
use crate::sources::Fault;
use crate::sources::sqlite::{Budget, Database, Order, Row, Sweep, Value};
use std::collections::HashSet;

/// Most runs of the first page: each costs some reads of its own.
const NEWEST: u32 = 50;
/// Most runs of any page: whoever shows them takes each in at once, in less than 50 ms.
const PAGE: u32 = 3_000;

/// Where reading stands.
pub enum Reading {
    /// Nothing is read.
    Start,
    /// The rest comes in one pass.
    Sweeping(Box<Pass>),
    /// All is found and waits to be given.
    Giving(Box<Found>),
    /// All was given.
    Done,
}

/// A pass over the tables of runs.
pub struct Pass {
    sweep: Sweep,
    parts: Vec<Part>,
    found: Found,
    given: HashSet<String>,
}

impl Reading {
    /// The next page of about `size` runs; empty while the pass is under way.
    ///
    /// # Errors
    /// Those of the files; it starts again then.
    pub fn next(&mut self, inner: &Inner, size: u32, report: &mut Report) -> Result<RunTable, Fault> {
        match std::mem::replace(self, Reading::Start) {
            Reading::Start => {
                let (table, is_all) = newest(inner, size.clamp(1, NEWEST), report)?;
                *self = if is_all {
                    Reading::Done
                } else {
                    Reading::Sweeping(Box::new(Pass::new(&inner.database, &table)))
                };
                Ok(table)
            }
            Reading::Sweeping(mut pass) => {
                *self = if pass.step(inner, report)? { Reading::Sweeping(pass) } else { pass.finish() };
                Ok(RunTable::default())
            }
            Reading::Giving(mut found) => {
                let table = inner.table(&mut found, size.clamp(1, PAGE) as usize, report)?;
                *self = if found.left() == 0 { Reading::Done } else { Reading::Giving(found) };
                Ok(table)
            }
            Reading::Done => {
                *self = Reading::Done;
                Ok(RunTable::default())
            }
        }
    }

    /// Whether all was given.
    pub fn is_done(&self) -> bool {
        matches!(self, Reading::Done)
    }

    /// How many runs wait to be given, once that is known.
    pub fn left(&self) -> Option<u64> {
        match self {
            Reading::Giving(found) => Some(found.left() as u64),
            Reading::Done => Some(0),
            Reading::Start | Reading::Sweeping(_) => None,
        }
    }
}

/// Whether what belongs to a run is found by index.
fn is_indexed(database: &Database) -> bool {
    let has = |part: &Part| match part.table(database) {
        Some(table) => {
            table.index_on(key_of(*part)).is_some() && (*part != Part::Metrics || table.name == "latest_metrics")
        }
        None => true,
    };
    OF_A_RUN.iter().all(has)
}

/// The newest runs with all that is theirs, and whether there are no others. Without sound indexes there are none.
fn newest(inner: &Inner, size: u32, report: &mut Report) -> Result<(RunTable, bool), Fault> {
    let database = &inner.database;
    let Some(runs) = Part::Runs.table(database) else { return Ok((RunTable::default(), true)) };
    if !is_indexed(database) {
        return Ok((RunTable::default(), false));
    }
    let met = database.problems_met();
    let mut found = Found::new(database);
    let mut seen = 0;
    let mut scan = database.scan(runs, Part::Runs.columns(), Order::NewestFirst);
    let few = Budget { reads: 4, bytes: 16 << 10 };
    let mut has_more = true;
    while has_more && seen <= size {
        has_more = scan.step(database, few, &mut |row| {
            seen += 1;
            found.add(Part::Runs, row, inner.file(), report);
        })?;
    }
    let mut newest = found.newest_first();
    let is_all = !has_more && newest.len() <= size as usize;
    newest.truncate(size as usize);
    complete(inner, &mut found, &newest, report)?;
    let table = sound(inner, found, newest, met, report)?;
    Ok(table.map_or((RunTable::default(), false), |table| (table, is_all)))
}

/// A page of the runs with these keys, from one of them on, and where it ends; `None` where no sound index leads to them.
pub fn named(
    inner: &Inner,
    keys: &[RunKey],
    from: usize,
    report: &mut Report,
) -> Result<Option<(RunTable, usize)>, Fault> {
    let database = &inner.database;
    let has_index = Part::Runs.table(database).is_some_and(|table| table.index_on(key_of(Part::Runs)).is_some());
    if !has_index || !is_indexed(database) {
        return Ok(None);
    }
    let met = database.problems_met();
    let end = from.saturating_add(NEWEST as usize).min(keys.len());
    let asked = keys.get(from..end).unwrap_or_default();
    let asked: Vec<Vec<Value<'_>>> = asked.iter().map(|key| run_key(Part::Runs, &key.0)).collect();
    let mut found = Found::new(database);
    look_up(database, Part::Runs, key_of(Part::Runs), &asked, &mut |row| {
        found.add(Part::Runs, row, inner.file(), report);
    })?;
    let runs = found.newest_first();
    complete(inner, &mut found, &runs, report)?;
    Ok(sound(inner, found, runs, met, report)?.map(|table| (table, end)))
}

/// These runs as a table; `None` when more problems than `met` came meanwhile: what a damaged index does not lead to may be in its table.
fn sound(
    inner: &Inner,
    mut found: Found,
    runs: Vec<u32>,
    met: u64,
    report: &mut Report,
) -> Result<Option<RunTable>, Fault> {
    if inner.database.problems_met() > met {
        return Ok(None);
    }
    let size = runs.len();
    found.settle(runs);
    inner.table(&mut found, size, report).map(Some)
}

/// Looks up what belongs to these runs.
fn complete(inner: &Inner, found: &mut Found, runs: &[u32], report: &mut Report) -> Result<(), Fault> {
    let database = &inner.database;
    let ids: Vec<String> = runs.iter().map(|run| found.id(*run).to_owned()).collect();
    for part in OF_A_RUN {
        let keys: Vec<Vec<Value<'_>>> = ids.iter().map(|id| run_key(part, id)).collect();
        look_up(database, part, key_of(part), &keys, &mut |row| found.add(part, row, inner.file(), report))?;
    }
    // Outputs start at the run, inputs end there; what an edge is for stands beside it.
    let outputs: Vec<Vec<Value<'_>>> =
        ids.iter().map(|id| vec![Value::Text(b"RUN_OUTPUT"), Value::Text(id.as_bytes())]).collect();
    let edge = &["source_type", "source_id"];
    look_up(database, Part::Inputs, edge, &outputs, &mut |row| found.add(Part::Inputs, row, inner.file(), report))?;
    let edges: Vec<String> = runs.iter().flat_map(|run| found.edges(*run)).map(str::to_owned).collect();
    let keys: Vec<Vec<Value<'_>>> = edges.iter().map(|edge| vec![Value::Text(edge.as_bytes())]).collect();
    look_up(database, Part::InputTags, &["input_uuid"], &keys, &mut |row| {
        found.add(Part::InputTags, row, inner.file(), report);
    })
}

/// What is looked up by a run's id.
const OF_A_RUN: [Part; 4] = [Part::Params, Part::Tags, Part::Metrics, Part::Inputs];

fn key_of(part: Part) -> &'static [&'static str] {
    match part {
        Part::Inputs => &["destination_type", "destination_id"],
        _ => &["run_uuid"],
    }
}

fn run_key(part: Part, id: &str) -> Vec<Value<'_>> {
    match part {
        Part::Inputs => vec![Value::Text(b"RUN"), Value::Text(id.as_bytes())],
        _ => vec![Value::Text(id.as_bytes())],
    }
}

/// Rows by index; none where the database has no such table.
fn look_up(
    database: &Database,
    part: Part,
    names: &[&str],
    keys: &[Vec<Value<'_>>],
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<(), Fault> {
    let Some(table) = part.table(database) else { return Ok(()) };
    let Some(index) = table.index_on(names) else { return Ok(()) };
    let mut rowids = Vec::new();
    database.entries(table, index, &[], keys, &mut |_, row| rowids.push(row.rowid))?;
    rowids.sort_unstable();
    rowids.dedup();
    database.rows(table, part.columns(), &rowids, each)
}

impl Pass {
    fn new(database: &Database, given: &RunTable) -> Pass {
        let parts: Vec<Part> = Part::ALL.into_iter().filter(|part| part.table(database).is_some()).collect();
        let asked: Vec<_> = parts.iter().filter_map(|part| Some((part.table(database)?, part.columns()))).collect();
        let given = given.id.iter().cloned().collect();
        Pass { sweep: database.sweep(&asked), parts, found: Found::new(database), given }
    }

    /// Goes on for one call's work; whether there is more.
    fn step(&mut self, inner: &Inner, report: &mut Report) -> Result<bool, Fault> {
        let Pass { sweep, parts, found, .. } = self;
        let work = Work::new(&inner.database);
        loop {
            let has_more = sweep.step(&inner.database, Work::STEP, &mut |part, row| {
                if let Some(part) = parts.get(part) {
                    found.add(*part, row, inner.file(), report);
                }
            })?;
            // what was announced comes between two calls
            if !has_more || inner.database.has_announced() || work.is_enough(&inner.database) {
                return Ok(has_more);
            }
        }
    }

    fn finish(self) -> Reading {
        let Pass { mut found, given, .. } = self;
        let mut order = found.newest_first();
        order.retain(|run| !given.contains(found.id(*run)));
        found.settle(order);
        if found.left() == 0 { Reading::Done } else { Reading::Giving(Box::new(found)) }
    }
}

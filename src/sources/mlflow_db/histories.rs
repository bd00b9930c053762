//! Histories of metrics: by the index on run and key, or on the run alone, or by the primary key, whichever the database has;
//! by one pass over all metrics when most of them are asked for.

use super::Inner;
use super::Work;
use super::rows::{Point, point};
use crate::model::{MetricSeries, RunKey};
use crate::sources::Fault;
use crate::sources::sqlite::{Budget, Index, Order, Row, Sweep, Table, Value};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Pairs that are looked up together, by the index on run and key; by others, which find more than is wanted.
const PAIRS: usize = 64;
const PAIRS_ROUNDABOUT: usize = 16;
/// Points after which a page ends.
const PAGE_POINTS: usize = 200_000;
/// Rows that are read together.
const ROWS: usize = 50_000;
/// A row of a point takes about this many bytes in its table, and in all with its indexes.
const ROW_BYTES: u64 = 80;
const POINT_BYTES: u64 = 400;
/// So much is read by index whatever a pass would cost.
const LITTLE_BYTES: u64 = 8 << 20;

const COLUMNS: [&str; 6] = ["", "key", "value", "timestamp", "step", "is_nan"];

type Pair = (RunKey, String);

/// A pass over all metrics for those of one question.
pub struct HistoryPass {
    /// Where in the question it started.
    pub from: usize,
    pairs: Vec<Pair>,
    sweep: Sweep,
    number_of: HashMap<String, HashMap<String, Vec<usize>>>,
    points: Vec<Vec<Point>>,
}

/// How histories can be looked up.
enum Way<'t> {
    /// By run and key.
    Pair(&'t Rc<Index>),
    /// By run.
    Run(&'t Rc<Index>),
    /// By key, among all runs.
    Key(&'t Rc<Index>),
}

fn way(table: &Table) -> Option<Way<'_>> {
    let by = |names: &[&str]| table.index_on(names);
    by(&["run_uuid", "key"])
        .map(Way::Pair)
        .or_else(|| by(&["run_uuid"]).map(Way::Run))
        .or_else(|| by(&["key"]).map(Way::Key))
}

/// The histories of the first of `pairs`, as many as make a page; `None` when one pass over everything is better.
pub fn read(inner: &Inner, pairs: &[Pair]) -> Result<Option<Vec<MetricSeries>>, Fault> {
    let Some(table) = inner.database.table("metrics") else {
        return Ok(Some(vec![MetricSeries::default(); pairs.len()]));
    };
    let Some(way) = way(table) else { return Ok(None) };
    let met = inner.database.problems_met();
    let mut page = Vec::new();
    let mut points = 0;
    let work = Work::new(&inner.database);
    let together = if matches!(way, Way::Pair(_)) { PAIRS } else { PAIRS_ROUNDABOUT };
    for chunk in pairs.chunks(together) {
        let rowids = look_up(inner, table, &way, chunk)?;
        if inner.database.problems_met() > met {
            // What a damaged index does not lead to may be in the table. What was read before is whole.
            return Ok((!page.is_empty()).then_some(page));
        }
        let found = rowids.len();
        if page.is_empty() && pairs.len() > together {
            // As if all pairs were like these; by run, all rows of the runs were found.
            let share = |pairs: &[Pair]| match way {
                Way::Run(_) => pairs.iter().map(|(run, _)| &run.0).collect::<HashSet<_>>().len(),
                _ => pairs.len(),
            };
            if is_better_passed(inner, table, &rowids, (share(pairs), share(chunk)))? {
                return Ok(None);
            }
        }
        page.extend(read_rows(inner, table, chunk, rowids)?);
        points += found;
        if points >= PAGE_POINTS || work.is_enough(&inner.database) {
            break;
        }
    }
    Ok(Some(page))
}

/// Whether one pass over all metrics reads less than looking all of them up, if `share.0` of them are like the `share.1` whose rows
/// these are: they are most of the database, or lie so mixed with others that the same pages would be read over and over.
fn is_better_passed(
    inner: &Inner,
    table: &Rc<Table>,
    rowids: &[(i64, usize)],
    share: (usize, usize),
) -> Result<bool, Fault> {
    let in_all = |count: usize| (count as u64).saturating_mul(share.0 as u64) / share.1.max(1) as u64;
    if in_all(rowids.len()).saturating_mul(POINT_BYTES) > inner.size {
        return Ok(true);
    }
    let page_bytes = inner.database.page_size();
    let page_of = |rowid: i64| rowid.cast_unsigned() / (page_bytes / ROW_BYTES).max(1);
    let touched = rowids.chunk_by(|one, next| page_of(one.0) == page_of(next.0)).count();
    if in_all(touched).saturating_mul(page_bytes) < LITTLE_BYTES {
        return Ok(false);
    }
    Ok(in_all(touched) > page_of(last_row(inner, table)?))
}

/// The number of the newest row of a table.
fn last_row(inner: &Inner, table: &Rc<Table>) -> Result<i64, Fault> {
    let mut newest = 0;
    let one_page = Budget { reads: 1, bytes: 0 };
    inner.database.scan(table, &[], Order::NewestFirst).step(&inner.database, one_page, &mut |row| {
        newest = newest.max(row.rowid);
    })?;
    Ok(newest)
}

/// Numbers of rows, ascending, each with the number of its pair, or that of any pair of its run.
fn look_up(inner: &Inner, table: &Table, way: &Way<'_>, pairs: &[Pair]) -> Result<Vec<(i64, usize)>, Fault> {
    let mut rowids = Vec::new();
    match way {
        Way::Pair(index) => {
            let keys: Vec<Vec<Value<'_>>> = pairs.iter().map(|(run, key)| vec![bytes(&run.0), bytes(key)]).collect();
            inner.database.entries(table, index, &[], &keys, &mut |pair, row| rowids.push((row.rowid, pair)))?;
        }
        Way::Run(index) => {
            let mut runs: Vec<usize> = (0..pairs.len()).collect();
            let run = |at: usize| pairs.get(at).map_or("", |(run, _)| run.0.as_str());
            runs.sort_by_key(|at| run(*at));
            runs.dedup_by_key(|at| run(*at));
            let keys: Vec<Vec<Value<'_>>> = runs.iter().map(|at| vec![bytes(run(*at))]).collect();
            inner.database.entries(table, index, &[], &keys, &mut |number, row| {
                rowids.extend(runs.get(number).map(|at| (row.rowid, *at)));
            })?;
        }
        Way::Key(index) => {
            let mut metrics: Vec<&str> = pairs.iter().map(|(_, key)| key.as_str()).collect();
            metrics.sort_unstable();
            metrics.dedup();
            let keys: Vec<Vec<Value<'_>>> = metrics.iter().map(|key| vec![bytes(key)]).collect();
            inner.database.entries(table, index, &["run_uuid"], &keys, &mut |number, row| {
                let Value::Text(run) = row.get(0) else { return };
                let is_it = |(own, key): &Pair| own.0.as_bytes() == run && Some(&key.as_str()) == metrics.get(number);
                rowids.extend(pairs.iter().position(is_it).map(|at| (row.rowid, at)));
            })?;
        }
    }
    rowids.sort_unstable();
    rowids.dedup_by_key(|(rowid, _)| *rowid);
    Ok(rowids)
}

fn bytes(text: &str) -> Value<'_> {
    Value::Text(text.as_bytes())
}

fn read_rows(
    inner: &Inner,
    table: &Table,
    pairs: &[Pair],
    rowids: Vec<(i64, usize)>,
) -> Result<Vec<MetricSeries>, Fault> {
    // A run may be asked for by several keys, and one pair more than once.
    let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (at, (run, key)) in pairs.iter().enumerate() {
        places.entry((run.0.as_str(), key.as_str())).or_default().push(at);
    }
    let mut points: Vec<Vec<Point>> = vec![Vec::new(); pairs.len()];
    for chunk in rowids.chunks(ROWS) {
        let numbers: Vec<i64> = chunk.iter().map(|(rowid, _)| *rowid).collect();
        inner.database.rows(table, &COLUMNS, &numbers, &mut |row| {
            let at = chunk.binary_search_by_key(&row.rowid, |(rowid, _)| *rowid).ok().and_then(|at| chunk.get(at));
            let run = at.and_then(|(_, at)| pairs.get(*at)).map_or("", |(run, _)| run.0.as_str());
            let Value::Text(key) = row.get(1) else { return };
            let key = String::from_utf8_lossy(key);
            for at in places.get(&(run, &*key)).into_iter().flatten() {
                points.get_mut(*at).into_iter().for_each(|points| points.push(point(row)));
            }
        })?;
    }
    Ok(points.into_iter().map(MetricSeries::from_points).collect())
}

impl HistoryPass {
    /// For the rest of a question, from the pair `from` on.
    pub fn new(inner: &Inner, pairs: &[Pair], from: usize) -> HistoryPass {
        let rest = pairs.get(from..).unwrap_or_default();
        let mut number_of: HashMap<String, HashMap<String, Vec<usize>>> = HashMap::new();
        for (at, (run, key)) in rest.iter().enumerate() {
            number_of.entry(run.0.clone()).or_default().entry(key.clone()).or_default().push(at);
        }
        let columns: &[&str] = &["run_uuid", "key", "value", "timestamp", "step", "is_nan"];
        let asked: Vec<_> = inner.database.table("metrics").map(|table| (table, columns)).into_iter().collect();
        HistoryPass {
            from,
            pairs: pairs.to_vec(),
            sweep: inner.database.sweep(&asked),
            number_of,
            points: vec![Vec::new(); rest.len()],
        }
    }

    /// Whether it is that of this question.
    pub fn is_of(&self, pairs: &[Pair], from: usize) -> bool {
        self.from == from && self.pairs == pairs
    }

    /// Goes on for one call's work; all histories, once it is through.
    pub fn step(&mut self, inner: &Inner) -> Result<Option<Vec<MetricSeries>>, Fault> {
        let HistoryPass { sweep, number_of, points, .. } = self;
        let work = Work::new(&inner.database);
        loop {
            let has_more = sweep.step(&inner.database, Work::STEP, &mut |_, row: &Row<'_>| {
                let (Some(run), Some(key)) = (row.get(0).text(), row.get(1).text()) else { return };
                let places = number_of.get(&*run).and_then(|keys| keys.get(&*key));
                for at in places.into_iter().flatten() {
                    points.get_mut(*at).into_iter().for_each(|points| points.push(point(row)));
                }
            })?;
            if !has_more {
                return Ok(Some(std::mem::take(points).into_iter().map(MetricSeries::from_points).collect()));
            }
            // what was announced comes between two calls
            if inner.database.has_announced() || work.is_enough(&inner.database) {
                return Ok(None);
            }
        }
    }
}

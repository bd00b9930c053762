//! Databases made here, with what one version or another lacks or has beside it, against what SQLite says is in them.

use super::SqlStore;
use super::rows::Point;
use super::tests::{All, alone, bytes, given, histories, open, read};
use crate::model::{Lifecycle, MetricSeries, Reason, RunKey, RunTable};
use crate::sources::mutation_tests::rounds;
use crate::sources::sqlite::live_tests::{Dice, Live};
use crate::sources::{Cursor, RunsAsk, Scope, Source, each_page};
use pollster::block_on;
use std::collections::HashMap;

/// A database of one version with more runs put into it, and what SQLite says that they are.
pub fn grown(name: &str, runs: u32) -> Live {
    let grown = Live::of(&bytes(&format!("{name}/mlflow.db")));
    grown.run("PRAGMA foreign_keys = OFF; BEGIN; INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (912345678901234567, 'long id', 'active')");
    for run in 0..runs {
        let id = format!("{:032x}", u128::from(run).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let experiment = if run % 3 == 0 { "912345678901234567" } else { "1" };
        grown.run(&format!(
            "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, experiment_id, user_id)
             VALUES ('{id}', '', 'RUNNING', {run}, 'active', '/x/{experiment}/{id}/artifacts', {experiment}, 'bob');
             INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', 'run {run}', '{id}')"
        ));
        for key in 0..6 {
            grown.run(&format!(
                "INSERT INTO params (key, value, run_uuid) VALUES ('p{key}', 'v{}', '{id}')",
                run * key % 50
            ));
        }
        for (key, step) in [("loss", 0), ("loss", 1), ("loss", 2), ("acc", 5), ("nan", 0), ("inf", 7)] {
            let value = match key {
                "inf" => "-1.7976931348623157e308".to_owned(),
                "nan" => "0.0".to_owned(),
                _ => format!("{}", f64::from(run) / 7.0 + f64::from(step)),
            };
            let is_nan = u8::from(key == "nan");
            grown.run(&format!(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('{key}', {value}, {}, '{id}', {step}, {is_nan});
                 INSERT OR REPLACE INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('{key}', {value}, {}, {step}, {is_nan}, '{id}')",
                step * 10, step * 10,
            ));
        }
    }
    grown.run("COMMIT");
    grown
}

/// One line a run, sorted: all that belongs to it.
fn lines(all: &All) -> Vec<String> {
    let runs = &all.runs;
    let line = |row: u32| {
        let at = row as usize;
        let mut parts: Vec<String> = Vec::new();
        for (key, column) in runs.params.iter() {
            parts.extend(column.get(row).map(|value| format!("p {key}={value}")));
        }
        for (key, column) in runs.tags.iter() {
            parts.extend(column.get(row).map(|value| format!("t {key}={value}")));
        }
        for (key, column) in runs.metrics.iter() {
            parts.extend(column.get(row).map(|last| format!("m {key}={:?} {} {}", last.last, last.step, last.time_ms)));
        }
        parts.sort();
        let experiment = &all.experiments[runs.experiment[at] as usize].id;
        format!("{} {experiment} {} {:?} {}", runs.id[at], runs.name[at], runs.start_ms[at], parts.join("; "))
    };
    let mut lines: Vec<String> = runs.rows().map(line).collect();
    lines.sort();
    lines
}

fn lines_of_sqlite(live: &Live) -> Vec<String> {
    let connection = &live.connection;
    let texts = |sql: &str, id: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("a statement");
        let rows = statement.query_map([id], |row| row.get::<_, String>(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    };
    let mut statement =
        connection.prepare("SELECT run_uuid, experiment_id, name, start_time FROM runs").expect("a statement");
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Option<String>>(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    });
    let line = |(id, experiment, name, start): (String, i64, Option<String>, Option<i64>)| {
        let mut parts = texts("SELECT 'p ' || key || '=' || value FROM params WHERE run_uuid = ?", &id);
        parts.extend(texts("SELECT 't ' || key || '=' || coalesce(value, '') FROM tags WHERE run_uuid = ?", &id));
        let mut metrics = connection
            .prepare("SELECT key, value, is_nan, step, timestamp FROM latest_metrics WHERE run_uuid = ?")
            .expect("a statement");
        let metrics = metrics.query_map([&id], |row| {
            let (key, value): (String, f64) = (row.get(0)?, row.get(1)?);
            let value = match (row.get::<_, bool>(2)?, value) {
                (true, _) => f64::NAN,
                (_, f64::MAX) => f64::INFINITY,
                (_, f64::MIN) => f64::NEG_INFINITY,
                (_, value) => value,
            };
            Ok(format!("m {key}={value:?} {} {}", row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
        });
        parts.extend(metrics.expect("rows").map(|line| line.expect("a row")));
        parts.sort();
        let tag = || texts("SELECT value FROM tags WHERE key = 'mlflow.runName' AND run_uuid = ?", &id).pop();
        let name = name.filter(|name| !name.is_empty()).or_else(tag).unwrap_or_default();
        format!("{id} {experiment} {name} {start:?} {}", parts.join("; "))
    };
    let mut lines: Vec<String> = rows.expect("rows").map(|row| line(row.expect("a row"))).collect();
    lines.sort();
    lines
}

#[test]
fn whatever_a_version_lacks_or_has_beside_the_runs_are_the_same() {
    let live = grown("sqlite-2.22.0", 150);
    let expected = lines_of_sqlite(&live);
    assert_eq!(expected.len(), 162);
    let check = |change: &str| {
        live.run(change);
        for size in [7, 25, 1_000] {
            let store = open(live.copy());
            let all = read(&store, size);
            assert_eq!(all.report.notices(), [], "{change}");
            assert_eq!(lines(&all), expected, "{change}");
            // Newest first, as far as their own rows go.
            let newest = all.runs.start_ms.iter().take(150).collect::<Vec<_>>();
            assert!(newest.is_sorted_by(|a, b| a >= b), "{change}");
            check_histories(&live, &store, &all);
        }
    };
    check("");
    check(
        "ALTER TABLE runs ADD COLUMN colour TEXT DEFAULT 'red'; CREATE TABLE runs_of_tomorrow (a, b); CREATE VIEW v AS SELECT 1",
    );
    check("CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, \"key\", step)");
    check("DROP INDEX index_metrics_run_uuid_key_step; DROP INDEX index_metrics_run_uuid");
    check("DROP INDEX index_params_run_uuid");
    check(
        "DROP TABLE registered_models; DROP TABLE input_tags; DROP TABLE inputs; DROP TABLE datasets; DROP TABLE trace_info",
    );
    // In no order of runs at all.
    check(
        "CREATE TABLE params_2 AS SELECT value, run_uuid, key FROM params ORDER BY value, run_uuid DESC; DROP TABLE params; ALTER TABLE params_2 RENAME TO params",
    );
    check("VACUUM");
    check("DROP TABLE latest_metrics");
    check(
        "CREATE TABLE metrics_2 AS SELECT is_nan, step, run_uuid, timestamp, value, key FROM metrics; DROP TABLE metrics; ALTER TABLE metrics_2 RENAME TO metrics",
    );
}

fn check_histories(live: &Live, store: &SqlStore, all: &All) {
    let mut pairs: Vec<(RunKey, String)> = Vec::new();
    for (key, column) in all.runs.metrics.iter() {
        pairs.extend(column.iter().map(|(row, _)| (all.runs.key[row as usize].clone(), key.to_owned())));
    }
    pairs.push((all.runs.key[0].clone(), "no such metric".to_owned()));
    pairs.push((RunKey("no such run".to_owned()), "loss".to_owned()));
    pairs.extend(pairs.first().cloned());
    let mut statement = live
        .connection
        .prepare("SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics")
        .expect("a statement");
    let mut rows = statement.query([]).expect("rows");
    let mut points: HashMap<(RunKey, String), Vec<Point>> = HashMap::new();
    while let Some(row) = rows.next().expect("a row") {
        let get = |at: usize| row.get::<_, i64>(at).expect("a number");
        let value = match row.get(4).expect("a number") {
            _ if get(5) == 1 => f64::NAN,
            f64::MIN => f64::NEG_INFINITY,
            f64::MAX => f64::INFINITY,
            value => value,
        };
        let pair = (RunKey(row.get(0).expect("a run")), row.get(1).expect("a key"));
        points.entry(pair).or_default().push((get(2), get(3), value));
    }
    let expected = |pair| MetricSeries::from_points(points.get(pair).cloned().unwrap_or_default());
    // Few at a time goes by index, all together in one pass.
    for asked in [&pairs[pairs.len() - 9..], &pairs[..]] {
        for (pair, series) in asked.iter().zip(histories(store, asked)) {
            assert_eq!(format!("{series:?}"), format!("{:?}", expected(pair)), "{pair:?}");
        }
    }
}

#[test]
fn mlflow_1_0_had_six_tables() {
    let live = Live::new("");
    live.run(
        "CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256),
           lifecycle_stage VARCHAR(32), CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), UNIQUE (name));
         CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500),
           entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(20), start_time BIGINT, end_time BIGINT,
           source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER,
           CONSTRAINT run_pk PRIMARY KEY (run_uuid));
         CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(250), run_uuid VARCHAR(32) NOT NULL,
           CONSTRAINT tag_pk PRIMARY KEY (key, run_uuid));
         CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
           CONSTRAINT param_pk PRIMARY KEY (key, run_uuid));
         CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
           step BIGINT DEFAULT '0' NOT NULL, CONSTRAINT metric_pk PRIMARY KEY (key, timestamp, step, run_uuid, value));
         CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
         INSERT INTO experiments VALUES (0, 'Default', './mlruns/0', 'active');
         INSERT INTO runs VALUES ('a', '', 'LOCAL', 's', '', 'ann', 'FINISHED', 1, 2, '', 'active', './mlruns/0/a/artifacts', 0);
         INSERT INTO runs VALUES ('b', '', 'LOCAL', 's', '', 'ann', 'nonsense', 'soon', NULL, '', 'deleted', '', 0);
         INSERT INTO runs VALUES ('c', '', 'LOCAL', 's', '', 'ann', 'FAILED', 1, 2, '', 'active', '', 7);
         INSERT INTO tags VALUES ('mlflow.runName', 'first', 'a'), ('mlflow.user', 'eve', 'a'), ('none', NULL, 'a');
         INSERT INTO metrics VALUES ('m', 3.0, 10, 'a', 1), ('m', 2.0, 20, 'a', 1), ('m', 9.0, 99, 'a', 0), ('m', 1.0, 20, 'a', 1);
         INSERT INTO params VALUES ('lost', '1', 'no such run')",
    );
    let store = open(live.copy());
    let all = read(&store, 10);
    assert_eq!(
        lines(&all),
        [
            "a 0 first Some(1) m m=2.0 1 20; t mlflow.runName=first; t mlflow.user=eve; t none=",
            "b 0  None ",
            "c 7  Some(1) ",
        ]
    );
    let runs = &all.runs;
    let row = |id: &str| runs.id.iter().position(|own| own == id).expect("a run");
    assert_eq!(runs.user.get(row("a") as u32), Some("eve"));
    assert_eq!(runs.user.get(row("b") as u32), Some("ann"));
    assert_eq!(runs.lifecycle[row("b")], Lifecycle::Deleted);
    let notices: Vec<&str> = all.report.notices().iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(
        notices,
        [
            "The database has runs of experiment 7, but not the experiment.",
            "Run b: status is `nonsense`, which is no state of a run.",
            "Run b: start_time is `soon`, which is no time in milliseconds.",
        ]
    );
    let series = histories(&store, &[(RunKey("a".to_owned()), "m".to_owned())]).remove(0);
    assert_eq!(series.value, [9.0, 3.0, 1.0, 2.0]);
    let shelf = block_on(store.stores()).expect("a store").remove(0);
    assert_eq!((shelf.registered_models.len(), shelf.logged_models, shelf.traces), (0, 0, 0));
}

#[test]
fn two_loops_do_not_disturb_each_other() {
    let live = grown("sqlite-1.30.1", 120);
    let store = open(live.copy());
    let (mut first, mut second) = (RunTable::default(), RunTable::default());
    let (mut after_first, mut after_second) = (None, None);
    loop {
        let page = block_on(store.runs(RunsAsk { after: after_first, size: 9, ..RunsAsk::default() })).expect("runs");
        first.append(page.items);
        after_first = page.next;
        if second.is_empty() || after_second.is_some() {
            let page =
                block_on(store.runs(RunsAsk { after: after_second, size: 40, ..RunsAsk::default() })).expect("runs");
            second.append(page.items);
            after_second = page.next;
        }
        if after_first.is_none() {
            break;
        }
    }
    assert_eq!((first.len(), second.len()), (132, 132));
    assert_eq!(first.id, second.id);
}

#[test]
fn a_loop_that_was_given_up_does_not_seem_to_end() {
    let live = grown("sqlite-1.30.1", 120);
    let store = open(live.copy());
    let page = |after: Option<Cursor>| block_on(store.runs(RunsAsk { after, size: 9, ..RunsAsk::default() }));
    let first = page(None).expect("runs").next;
    let others: Vec<_> = (0..4).map(|_| page(None).expect("runs").next).collect();
    assert!(page(first).is_err(), "it would be taken for the last page");
    // one that is used stays
    let kept = page(others[0].clone()).expect("runs").next;
    page(None).expect("runs");
    page(kept).expect("runs");
    assert!(page(others[1].clone()).is_err());
}

#[test]
fn some_runs_come_by_index() {
    let live = grown("sqlite-1.30.1", 120);
    let store = open(live.copy());
    let all = read(&store, 50).runs;
    let only: Vec<RunKey> = (0..all.len()).step_by(2).map(|at| all.key[at].clone()).collect();
    let mut found = RunTable::default();
    let scope = Scope { only: only.clone(), ..Scope::default() };
    block_on(each_page(
        |after| store.runs(RunsAsk { after, size: 1_000, scope: scope.clone() }),
        |page| {
            assert_eq!(page.read.runs_total, Some(only.len() as u64));
            found.append(page.items);
        },
    ))
    .expect("runs");
    let (mut keys, mut wanted) = (found.key.clone(), only.clone());
    keys.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    for row in found.rows() {
        let at = all.key.iter().position(|key| *key == found.key[row as usize]).expect("one of all") as u32;
        assert!(found.says_the_same(row, &all, at), "{:?}", found.key[row as usize]);
    }
}

#[test]
fn histories_that_lie_mixed_are_read_once() {
    let live = Live::of(&bytes("sqlite-2.22.0/mlflow.db"));
    live.run(
        "PRAGMA foreign_keys = OFF;
         CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, \"key\", step);
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299999)
         INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
         SELECT 'm' || (i % 4), i / 7.0, i, printf('%032x', i / 4 * 61 % 150), i / 600, 0 FROM n",
    );
    // Less than half of all points, so that their number alone does not speak for a pass.
    let pairs: Vec<(RunKey, String)> =
        (0..60).flat_map(|run| (0..4).map(move |key| (RunKey(format!("{run:032x}")), format!("m{key}")))).collect();
    let store = open(live.copy());
    let before = store.inner.database.cost().1;
    let all = histories(&store, &pairs);
    let read = store.inner.database.cost().1 - before;
    assert!(all.iter().all(|series| series.step == (0..500).collect::<Vec<i64>>()));
    let size = store.inner.size;
    assert!(read < 2 * size, "{} of {} MB", read >> 20, size >> 20);
}

#[test]
fn damaged_pages_cost_what_they_hold() {
    let live = grown("sqlite-2.22.0", 300);
    let whole = std::fs::read(live.path("")).expect("bytes");
    let mut least = usize::MAX;
    for page in (8..whole.len() / 4_096).step_by(7) {
        let mut bytes = whole.clone();
        bytes[page * 4_096] = 0x77;
        let store = open(alone(bytes));
        let all = read(&store, 50);
        least = least.min(all.runs.len());
        let pairs: Vec<_> = all.runs.key.iter().map(|key| (key.clone(), "loss".to_owned())).collect();
        histories(&store, &pairs);
        block_on(store.stores()).expect("a store");
    }
    assert!((200..312).contains(&least), "{least}");
    let mut bytes = whole.clone();
    bytes.truncate(whole.len() / 2);
    let all = read(&open(alone(bytes)), 50);
    assert!(all.report.count(Reason::DatabaseDamaged) > 1 && all.runs.len() > 10);
}

#[test]
fn a_damaged_index_costs_nothing_but_time() {
    let live = grown("sqlite-2.22.0", 150);
    let expected = lines_of_sqlite(&live);
    let whole = std::fs::read(live.path("")).expect("bytes");
    for index in
        ["index_params_run_uuid", "index_metrics_run_uuid", "sqlite_autoindex_metrics_1", "sqlite_autoindex_runs_1"]
    {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
        let root: u32 = live.connection.query_row(sql, [index], |row| row.get(0)).expect("an index");
        let mut bytes = whole.clone();
        bytes[(root as usize - 1) * 4_096] = 0x77;
        let store = open(alone(bytes));
        let all = read(&store, 25);
        assert_eq!(lines(&all), expected, "{index}");
        check_histories(&live, &store, &all);
    }
}

#[test]
fn no_change_of_bytes_makes_it_fail() {
    let wholes = [grown("sqlite-1.30.1", 60), grown("sqlite-2.22.0", 60)];
    let wholes = wholes.map(|live| std::fs::read(live.path("")).expect("bytes"));
    let mut dice = Dice(20_260_102);
    let (rounds, mut opened) = (rounds(60), 0);
    for round in 0..rounds {
        let mut bytes = wholes[round % 2].clone();
        (0..=dice.roll(20)).for_each(|_| dice.spoil(&mut bytes));
        let Ok(store) = SqlStore::open(given(alone(bytes))) else { continue };
        opened += 1;
        let all = read(&store, 20);
        let pairs: Vec<_> = all
            .runs
            .key
            .iter()
            .flat_map(|key| ["loss", "acc"].map(|metric| (key.clone(), metric.to_owned())))
            .collect();
        histories(&store, &pairs);
        block_on(store.stores()).expect("a store");
        store.logged_models(None).expect("models");
        store.traces(None).expect("traces");
    }
    assert!(opened > rounds / 3, "{opened} of {rounds} could be opened");
}

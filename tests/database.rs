//! Databases through the door that everything comes through: what the reader gives must reach whoever asks, also where a history
//! takes one pass over all of them.

use runglass::native::{inspect, open};
use rusqlite::Connection;
use std::path::Path;

const RUNS: i64 = 12;
const METRICS: i64 = 10;
const POINTS: i64 = 300;

/// A copy of a real database with more runs in it, whose metrics have histories.
fn grown(version: &str, dir: &Path) -> (std::path::PathBuf, u64) {
    let path = dir.join(format!("{version}.db"));
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version).join("mlflow.db");
    std::fs::copy(fixture, &path).expect("the fixture");
    let mut database = Connection::open(&path).expect("a database");
    let all = database.transaction().expect("begins");
    for run in 0..RUNS {
        let id = format!("{run:032x}");
        all.execute(
            "INSERT INTO runs (run_uuid, experiment_id, status, lifecycle_stage) VALUES (?1, 1, 'FINISHED', 'active')",
            [&id],
        )
        .expect("a run");
        for metric in 0..METRICS {
            let key = format!("grown_{metric}");
            for step in 0..POINTS {
                all.execute(
                    "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
                    (&key, step as f64, step, &id, step),
                )
                .expect("a point");
            }
            all.execute(
                "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?1, 0, ?2, ?3, ?2, 0)",
                (&key, POINTS - 1, &id),
            )
            .expect("a last point");
        }
    }
    let points = all.query_row("SELECT count(*) FROM metrics", [], |row| row.get::<_, i64>(0)).expect("a count");
    all.commit().expect("ends");
    (path, points.unsigned_abs())
}

#[test]
fn every_point_of_a_database_arrives() {
    let dir = std::env::temp_dir().join(format!("runglass-database-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    for version in ["sqlite-1.10.0", "sqlite-1.27.0", "sqlite-1.30.1", "sqlite-2.22.0", "sqlite-3.17.2"] {
        let (path, points) = grown(version, &dir);
        let source = open(&path).expect("opens");
        let inspected = pollster::block_on(inspect::read(&*source)).expect("read");
        let mut text = Vec::new();
        inspected.write_summary(&mut text).expect("written");
        let summary: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        // the same point may be there twice, which counts once
        let read = summary["metric_points"].as_u64().expect("a number");
        assert!(read <= points && read + 10 >= points, "{version}: {read} of {points}");
    }
    std::fs::remove_dir_all(&dir).expect("goes");
}

//! Databases: a generated one of 2,000 runs with a million points, natively, beside Python's sqlite3 reading the same tables.
//! `cargo bench --no-default-features --bench database`; `RUNGLASS_BENCH_RUNS`, `_POINTS` and `_LONG` make another size (each
//! hundredth run has `_LONG` points a metric). The data are those of `database.py`, made once under `target/bench-data`. Each time
//! is the least of several. Prints a table, then the same as one line of JSON.

use runglass::model::RunKey;
use runglass::native::disk::DiskFile;
use runglass::sources::memory::Memory;
use runglass::sources::mlflow_db::{Given, SqlStore};
use runglass::sources::sqlite::DatabaseFiles;
use runglass::sources::{Bytes, Fault, HistoryAsk, RunsAsk, Source};
use std::cell::Cell;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

const TIMES: u32 = 3;
/// Runs in the first page, as the page asks for them.
const FIRST_RUNS: u32 = 25;

/// Counts what is read.
struct Counted {
    file: DiskFile,
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

impl Bytes for Counted {
    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Fault> {
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + range.end - range.start);
        self.file.read(range)
    }
}

fn main() {
    // `cargo test --all-targets` starts benchmarks as well, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number =
        |name: &str, default: u32| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (runs, points) = (number("RUNGLASS_BENCH_RUNS", 2_000), number("RUNGLASS_BENCH_POINTS", 50));
    let long = number("RUNGLASS_BENCH_LONG", points);
    let database = data([runs, points, long]);
    println!("{runs} runs, {points} points of 10 metrics each, {} MB", fs::metadata(&database).unwrap().len() >> 20);
    println!("{:<34}{:>10}{:>10}{:>10}{:>14}", "", "ms", "reads", "MB read", "of the floor");
    let mut figures = serde_json::Map::new();
    let mut both = |what: &str, key: &str, act: &dyn Fn(&SqlStore)| {
        let floor = python(key, &database);
        println!("{:<34}{floor:>10.2}", format!("{what}: python sqlite3, the floor"));
        let ms = measure(what, &database, floor, act);
        figures.insert(key.to_owned(), serde_json::json!({ "floor_ms": floor, "ms": ms }));
    };
    both("all runs", "read", &|store| assert_eq!(read(store, u32::MAX), runs));
    both("first rows", "first", &|store| assert!(read(store, FIRST_RUNS) > 0));
    let newest = if runs.is_multiple_of(100) { long } else { points } as usize;
    both("one history (with first rows)", "history", &|store| assert_eq!(history(store, newest), newest));
    println!("peak of resident memory: {} MB", peak_kb() >> 10);
    figures.insert("peak_mb".to_owned(), (peak_kb() >> 10).into());
    println!("{}", serde_json::Value::Object(figures));
}

fn data(numbers: [u32; 3]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let numbers = numbers.map(|number| number.to_string());
    let path = root.join("target/bench-data").join(format!("database-{}.db", numbers.join("-")));
    if !path.exists() {
        fs::create_dir_all(root.join("target/bench-data")).unwrap();
        // Under another name first: what was broken off is not taken for the whole.
        let part = path.with_extension("part");
        let _ = fs::remove_file(&part);
        let mut python = Command::new("python3");
        python.arg(root.join("benches/database.py")).arg("make").arg(&part).args(numbers);
        assert!(python.status().is_ok_and(|status| status.success()), "python3 benches/database.py failed");
        fs::rename(part, &path).unwrap();
    }
    path
}

fn python(what: &str, database: &Path) -> f64 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/database.py");
    let output = Command::new("python3").arg(script).arg(what).arg(database).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn measure(what: &str, database: &Path, floor_ms: f64, act: &dyn Fn(&SqlStore)) -> f64 {
    let mut best = (Duration::MAX, 0, 0);
    for _ in 0..TIMES {
        let file =
            Rc::new(Counted { file: DiskFile::open(database).unwrap(), reads: Cell::new(0), bytes: Cell::new(0) });
        let start = Instant::now();
        let files = DatabaseFiles { main: file.clone(), wal: None, journal: None };
        let name = "bench.db".to_owned();
        let given = Given { name, files, is_folder_known: true, artifacts: Rc::new(Memory::new()) };
        act(&SqlStore::open(given).unwrap());
        best = best.min((start.elapsed(), file.reads.get(), file.bytes.get() >> 20));
    }
    let ms = best.0.as_secs_f64() * 1e3;
    let ratio = format!("{:.2}x", ms / floor_ms);
    println!("{what:<34}{ms:>10.1}{:>10}{:>10}{ratio:>14}", best.1, best.2);
    ms
}

/// Reads experiments and runs, at least `enough` of them if there are; how many were read.
fn read(store: &SqlStore, enough: u32) -> u32 {
    pollster::block_on(async {
        store.experiments(None).await.unwrap();
        let (mut count, mut after, mut longest) = (0, None, Duration::ZERO);
        loop {
            let start = Instant::now();
            let page = store.runs(RunsAsk { after, size: enough.min(1_000), ..RunsAsk::default() }).await.unwrap();
            longest = longest.max(start.elapsed());
            count += page.items.len() as u32;
            after = page.next;
            if after.is_none() || count >= enough {
                if std::env::var("RUNGLASS_BENCH_CALLS").is_ok() {
                    println!("  the longest call took {:.1} ms", longest.as_secs_f64() * 1e3);
                }
                return count;
            }
        }
    })
}

fn history(store: &SqlStore, expected: usize) -> usize {
    pollster::block_on(async {
        store.experiments(None).await.unwrap();
        let page = store.runs(RunsAsk { after: None, size: 1, ..RunsAsk::default() }).await.unwrap();
        let pair = (RunKey(page.items.id[0].clone()), "metric_3".to_owned());
        let start = Instant::now();
        let page = store.history(HistoryAsk { pairs: vec![pair], after: None, ..HistoryAsk::default() }).await.unwrap();
        if std::env::var("RUNGLASS_BENCH_CALLS").is_ok() {
            println!("  the history alone took {:.2} ms of {expected} points", start.elapsed().as_secs_f64() * 1e3);
        }
        page.items[0].len()
    })
}

/// Of this process since it began, as Linux tells.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|text| text.parse().ok()).unwrap_or(0)
}

//! Reading: a generated zip of 2,000 runs x 35 files and a folder of 200 runs, natively, beside `unzip -tq` of the same zip, the
//! floor. `cargo bench --no-default-features --bench read`. The data are those of `data.py`, made once under
//! `target/bench-data`. Each time is the least of several: what else the machine does can only add to it.

use runglass::native;
use runglass::sources::RunsAsk;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TIMES: u32 = 5;
/// Runs in the first page, as the page asks for them.
const FIRST_RUNS: u32 = 64;

fn main() {
    // `cargo test --all-targets` starts benchmarks as well, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let zip = data("runs-2000.zip", 2_000);
    let folder = data("runs-200", 200);
    println!("{:<34}{:>10}{:>12}{:>12}{:>14}", "", "ms", "MB/s", "runs/s", "of the floor");
    let floor = unzip(&zip);
    match floor {
        Some(floor) => line("zip: unzip -tq, the floor", floor, &zip, 2_000, Some(floor)),
        None => println!("zip: there is no unzip here to compare with"),
    }
    line("zip: all runs", least(|| assert_eq!(read(&zip, u32::MAX), 2_000)), &zip, 2_000, floor);
    line("zip: first rows", least(|| assert!(read(&zip, FIRST_RUNS) > 0)), &zip, FIRST_RUNS, floor);
    line("folder: all runs", least(|| assert_eq!(read(&folder, u32::MAX), 200)), &folder, 200, None);
    line("folder: first rows", least(|| assert!(read(&folder, FIRST_RUNS) > 0)), &folder, FIRST_RUNS, None);
}

/// Makes the data if they are not there yet.
fn data(name: &str, runs: u32) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("target/bench-data").join(name);
    if !path.exists() {
        fs::create_dir_all(root.join("target/bench-data")).unwrap();
        // Under another name first: what was broken off is not taken for the whole.
        let part = path.with_file_name(format!("part-{name}"));
        let python =
            Command::new("python3").arg(root.join("benches/data.py")).arg(&part).arg(runs.to_string()).status();
        assert!(python.is_ok_and(|status| status.success()), "python3 benches/data.py failed");
        fs::rename(part, &path).unwrap();
    }
    path
}

/// Opens, and reads experiments and runs, at least `enough` of them if there are; how many were read.
fn read(path: &Path, enough: u32) -> u32 {
    pollster::block_on(async {
        let source = native::open(path).unwrap();
        let mut after = None;
        loop {
            after = source.experiments(after).await.unwrap().next;
            if after.is_none() {
                break;
            }
        }
        let mut count = 0;
        loop {
            let page = source.runs(RunsAsk { after, size: enough.min(256), ..RunsAsk::default() }).await.unwrap();
            count += page.items.len() as u32;
            after = page.next;
            if after.is_none() || count >= enough {
                return count;
            }
        }
    })
}

fn unzip(zip: &Path) -> Option<Duration> {
    let test = || Command::new("unzip").arg("-tq").arg(zip).stdout(Stdio::null()).status();
    test().ok().filter(|status| status.success())?;
    Some(least(|| assert!(test().unwrap().success())))
}

fn least(act: impl Fn()) -> Duration {
    let time = || {
        let start = Instant::now();
        act();
        start.elapsed()
    };
    (0..TIMES).map(|_| time()).min().unwrap()
}

fn line(what: &str, time: Duration, input: &Path, runs: u32, floor: Option<Duration>) {
    let seconds = time.as_secs_f64();
    let is_part = what.ends_with("first rows");
    let rate = match is_part {
        true => "-".to_owned(),
        false => format!("{:.1}", bytes(input) as f64 / 1e6 / seconds),
    };
    let ratio =
        floor.filter(|_| !is_part).map_or("-".to_owned(), |floor| format!("{:.2}x", seconds / floor.as_secs_f64()));
    println!("{what:<34}{:>10.1}{rate:>12}{:>12.0}{ratio:>14}", seconds * 1e3, f64::from(runs) / seconds);
}

/// Bytes of all files, as they lie there.
fn bytes(path: &Path) -> u64 {
    match path.is_dir() {
        true => fs::read_dir(path).unwrap().map(|entry| bytes(&entry.unwrap().path())).sum(),
        false => fs::metadata(path).unwrap().len(),
    }
}

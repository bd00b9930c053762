//! Looking: filters and orders of 100,000 runs, what the page works out anew while they come, and the layout of charts of a
//! million points.
//! `cargo bench --no-default-features --bench look`. Each time is the least of several.

use runglass::chart::{Axis, LinePlot, Series, Size, line_layout};
use runglass::model::{Lifecycle, MetricSummary, RunKey, RunRow, RunStatus, RunTable};
use runglass::query::{OrderBy, parse, sort};
use runglass::view::columns;
use runglass::view::names::Names;
use runglass::view::rows::{arrange, parents};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TIMES: u32 = 7;
const RUNS: u32 = 100_000;

fn main() {
    // `cargo test --all-targets` starts benchmarks as well, without this word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let table = table();
    let rows: Vec<u32> = table.rows().collect();
    println!("{:<78}{:>10}", format!("{RUNS} runs"), "ms");
    for text in [
        "metrics.`val/acc` > 0.9",
        "params.model = 'gbm'",
        "params.model IN ('gbm', 'mlp') AND metrics.`val/acc` > 0.5 AND tags.team LIKE '%read%'",
        "run_name ILIKE '%99%'",
    ] {
        let parsed = parse(text);
        assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
        let mut found = 0;
        let time = least(|| found = parsed.query.select(&table, &rows, &[]).len());
        assert!(found > 0 && found < rows.len(), "{text} finds {found}");
        line(&format!("filter {text}"), time);
    }
    for text in ["start_time DESC", "metrics.`val/acc` DESC", "params.lr ASC", "run_name ASC"] {
        let order = [OrderBy::parse(text).unwrap()];
        line(&format!("sort {text}"), least(|| sort(&mut rows.clone(), &table, &order, &[])));
    }
    line("names", least(|| assert_eq!(Names::of_runs(&table).name(RUNS), "")));
    line("columns", least(|| assert!(columns::of(&table, &rows, &[], 900.0).len() > 20)));
    line("lines", least(|| assert_eq!(arrange(&rows, &parents(&table), &HashSet::new()).len(), rows.len())));
    println!();
    for (series, points) in [(1, 1_000_000), (10, 100_000), (40, 25_000)] {
        for (smoothing, what) in [(0.0, ""), (0.9, ", smoothed")] {
            let plot = plot(series, points, smoothing);
            let size = Size { width: 640.0, height: 240.0, density: 2.0 };
            let time = least(|| assert!(line_layout(&plot, size, &|text, _| text.len() as f64 * 6.0).points_drawn > 0));
            line(&format!("chart of {series} x {points} points, 640 px{what}"), time);
        }
    }
}

/// Numbers that look like chance, the same ones each time (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 to below 1.
    fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn table() -> RunTable {
    let (mut table, mut dice) = (RunTable::default(), Dice(7));
    for number in 0..RUNS {
        let text = |key: &str, value: String| (key.to_owned(), value);
        let metric = |key: &str, value: f64| {
            let summary =
                MetricSummary { last: value, step: 9, time_ms: 0, count: 10, min: value, max: value, first_step: 0 };
            (key.to_owned(), summary)
        };
        let model = ["logreg", "forest", "gbm", "mlp"][dice.roll() as usize % 4];
        let start_ms = 1_700_000_000_000 + (dice.roll() % 100_000_000_000) as i64;
        let mut params = vec![
            text("model", model.to_owned()),
            text("lr", format!("{}", 10_f64.powf(-4.0 * dice.share()))),
            text("seed", format!("{}", number % 5)),
        ];
        for at in 0..8 {
            params.push(text(&format!("few_{at}"), (dice.roll() % 100).to_string()));
            params.push(text(&format!("all_{at}"), (dice.roll() % 1_000_000).to_string()));
        }
        table.push(RunRow {
            key: RunKey(format!("1/{number:032x}")),
            id: format!("{number:032x}"),
            experiment: 0,
            name: format!("{model}-{number}"),
            status: RunStatus::Finished,
            lifecycle: Lifecycle::Active,
            start_ms: Some(start_ms),
            end_ms: Some(start_ms + 60_000),
            user: Some("alice".to_owned()),
            artifact_uri: None,
            params,
            tags: vec![text("team", ["reading", "vision"][dice.roll() as usize % 2].to_owned())],
            metrics: vec![metric("val/acc", dice.share()), metric("val/loss", dice.share() * 3.0)],
            datasets: Vec::new(),
            outputs: Vec::new(),
        });
    }
    table
}

fn plot(series: u32, points: u32, smoothing: f64) -> LinePlot {
    let mut dice = Dice(11);
    let xs: Arc<[f64]> = (0..points).map(f64::from).collect();
    let series = (0..series)
        .map(|id| Series {
            id,
            color: (id % 20) as u8,
            dash: (id / 20) as u8,
            label: format!("run {id}").into(),
            xs: xs.clone(),
            ys: xs.iter().map(|x| 3.0 / (1.0 + x / 1_000.0) + dice.share()).collect(),
        })
        .collect();
    LinePlot { series, x: Axis::Step, log_y: false, smoothing, x_window: None }
}

fn least(mut act: impl FnMut()) -> Duration {
    let mut time = || {
        let start = Instant::now();
        act();
        start.elapsed()
    };
    (0..TIMES).map(|_| time()).min().unwrap()
}

fn line(what: &str, time: Duration) {
    println!("{what:<78}{:>10.2}", time.as_secs_f64() * 1e3);
}

//! Real tracking servers through the same `Source` as everything else: what `runglass inspect` says of a server is what it says of
//! the server's own database, up to what a server does not tell (`tests/fixtures/rest/departures.json`).

#[path = "servers/mod.rs"]
mod servers;

use runglass::model::{MetricSeries, RunKey, RunTable};
use runglass::native::http::block_on;
use runglass::query::{OrderBy, parse, sort};
use runglass::sources::{Fault, HistoryAsk, ReadAsk, RunsAsk, Scope, Source};
use serde_json::{Map, Value, json};
use servers::Server;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Servers are heavy: each test waits for the one before.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    // A test that failed says so itself.
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks `runglass inspect`, with these variables and none else of MLflow's.
fn inspect(what: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runglass"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MLFLOW_")) {
        command.env_remove(name);
    }
    command.args(["inspect", what]).envs(variables.iter().copied()).output().expect("it starts")
}

fn document(what: &str, variables: &[(&str, &str)]) -> Value {
    let output = inspect(what, variables);
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn database(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers").join(version).join("mlflow.db")
}

/// By names, since each server gives ids of its own.
fn by_name(mut document: Value) -> Value {
    let runs = |document: &Value| -> Vec<Value> {
        let experiments = document["experiments"].as_array().expect("experiments");
        experiments.iter().flat_map(|experiment| experiment["runs"].as_array().expect("runs").clone()).collect()
    };
    let mut text = document.to_string();
    for run in runs(&document) {
        text = text.replace(
            run["id"].as_str().expect("an id"),
            run["name"].as_str().expect("a name").replace('"', "\\\"").as_str(),
        );
    }
    document = serde_json::from_str(&text).expect("JSON");
    let mut experiments = Map::new();
    for experiment in document["experiments"].as_array().expect("experiments") {
        let mut experiment = experiment.clone();
        let runs = runs(&json!({ "experiments": [experiment] }));
        let own = experiment.as_object_mut().expect("an object");
        for key in ["id", "store"] {
            own.remove(key);
        }
        own["runs"] = runs
            .into_iter()
            .map(|run| (run["name"].as_str().expect("a name").to_owned(), run))
            .collect::<Map<_, _>>()
            .into();
        experiments.insert(own["name"].as_str().expect("a name").to_owned(), experiment);
    }
    document["experiments"] = experiments.into();
    document
}

/// Where two documents differ, by JSON pointer.
fn differ(at: &str, ours: &Value, theirs: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let part = key.replace('~', "~0").replace('/', "~1");
                differ(&format!("{at}/{part}"), &ours[key.as_str()], &theirs[key.as_str()], found);
            }
        }
        _ if ours != theirs => found.push((at.to_owned(), ours.clone(), theirs.clone())),
        _ => {}
    }
}

/// Whether a pointer is one of a pattern, in which `*` is any part.
fn is_of(pattern: &str, at: &str) -> bool {
    let (pattern, at): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), at.split('/').collect());
    pattern.len() == at.len() && pattern.iter().zip(at).all(|(pattern, part)| *pattern == "*" || *pattern == part)
}

/// The server against a database of the same data: of its own, or of another server's.
fn says_the_same(version: &str, url: &str, database: &Path) {
    let mut found = Vec::new();
    let theirs = by_name(document(&database.to_string_lossy(), &[]));
    assert_eq!(theirs["experiments"]["main"]["runs"].as_object().map(Map::len), Some(29));
    differ("", &by_name(document(url, &[])), &theirs, &mut found);
    let table: Value = serde_json::from_str(include_str!("fixtures/rest/departures.json")).expect("JSON");
    let table = table.as_array().expect("a list");
    let listed: Vec<&str> = table
        .iter()
        .filter(|line| line["server"] == "*" || line["server"] == version)
        .map(|line| line["at"].as_str().expect("a pointer"))
        .collect();
    for pattern in &listed {
        assert!(found.iter().any(|(at, _, _)| is_of(pattern, at)), "{version}: nothing departs at {pattern} any more");
    }
    found.retain(|(at, _, _)| !listed.iter().any(|pattern| is_of(pattern, at)));
    assert!(found.is_empty(), "{version}: {found:#?}");
}

async fn all(source: &dyn Source, scope: &Scope) -> Result<(RunTable, bool), Fault> {
    let (mut table, mut after, mut is_ordered) = (RunTable::default(), None, true);
    loop {
        let page = source.runs(RunsAsk { after, size: 10, scope: scope.clone() }).await?;
        assert_eq!(page.report.total(), 0, "{:?}", page.report.notices());
        table.append(page.items);
        is_ordered &= page.ordered;
        after = page.next;
        if after.is_none() {
            return Ok((table, is_ordered));
        }
    }
}

const QUERIES: &[&str] = &[
    "metrics.loss < 0.2 AND params.opt = 'adam' AND tags.team ILIKE 'vision'",
    "metrics.odd != 0 AND status = 'FINISHED'",
    "params.`batch size` = '32' OR run_name LIKE 'odd%'",
    "tags.team IS NULL AND start_time > 1700000300000",
    "tags.`größe/日本` = '42'",
    "dataset.name = 'iris' AND metrics.loss > 0",
    "no query at all",
];

/// What a source over a real server gives of a scope, of histories, of artifacts.
async fn reads(version: &str, source: &dyn Source) -> Result<(), Fault> {
    let experiments = source.experiments(None).await?.items;
    assert_eq!(experiments.iter().filter(|one| one.name == "gone").count(), 1, "{version}: a deleted one is there");
    let main = experiments.iter().position(|one| one.name == "main").expect("main") as u32;
    let (whole, _) = all(source, &Scope::default()).await?;
    let rows: Vec<u32> = whole.rows().collect();
    let ids = |table: &RunTable, rows: &[u32]| {
        let mut ids: Vec<String> = rows.iter().map(|row| table.id[*row as usize].clone()).collect();
        ids.sort();
        ids
    };
    let mut fewer = 0;
    for query in QUERIES {
        let (some, _) = all(source, &Scope { query: (*query).to_owned(), ..Scope::default() }).await?;
        let parsed = parse(query).query;
        let some_rows: Vec<u32> = some.rows().collect();
        let ours = ids(&whole, &parsed.select(&whole, &rows, &[]));
        assert_eq!(ids(&some, &parsed.select(&some, &some_rows, &[])), ours, "{version}: {query}");
        fewer += usize::from(some.len() < whole.len());
    }
    assert!(fewer >= 3, "{version}: {fewer} queries narrow");
    for order in ["metrics.loss DESC", "start_time ASC"] {
        let order = vec![order.to_owned()];
        let scope = Scope { experiments: vec![main], order: order.clone(), ..Scope::default() };
        let (some, is_ordered) = all(source, &scope).await?;
        assert_eq!(is_ordered, version != "fasttrackml", "{version}: {order:?}");
        let mut sorted: Vec<u32> = some.rows().collect();
        sort(&mut sorted, &some, &[OrderBy::parse(&order[0]).expect("an order")], &[]);
        assert!(!is_ordered || sorted == some.rows().collect::<Vec<_>>(), "{version}: {order:?}");
        assert_eq!(some.len(), 29, "{version}");
    }
    let only: Vec<RunKey> = whole.key.iter().take(3).cloned().chain([RunKey("0".repeat(32))]).collect();
    let (some, _) = all(source, &Scope { only, ..Scope::default() }).await?;
    assert_eq!(some.len(), 3, "{version}: some alone");

    let long = whole.name.iter().position(|name| name == "long").expect("the long run");
    let other = whole.name.iter().position(|name| name == "run-08").expect("a run");
    let key = |row: usize| whole.key[row].clone();
    let of_loss = vec![(key(long), "loss".to_owned()), (key(other), "loss".to_owned())];
    let ask = |enough, steps| HistoryAsk { pairs: of_loss.clone(), enough, steps, ..HistoryAsk::default() };
    let is_whole = |series: &MetricSeries| series.len() == 12_000 && !series.is_sampled;
    let samples = matches!(version, "3.17" | "2.22");
    let histories = source.history(ask(Some(320), None)).await?.items;
    let given = (histories[0].len(), histories[0].is_sampled);
    assert!(
        if samples { (300..=330).contains(&given.0) && given.1 } else { is_whole(&histories[0]) },
        "{version}: {given:?}"
    );
    assert_eq!((histories[0].step.first(), histories[0].step.last()), (Some(&0), Some(&11_999)), "{version}");
    if version == "3.17" {
        assert_eq!((histories[1].len(), histories[1].is_sampled), (89, false), "{version}");
    }
    let window = source.history(ask(Some(320), Some((1_000, 1_100)))).await?.items;
    let inside = window[0].step.iter().filter(|step| (1_000..=1_100).contains(*step)).count();
    assert_eq!((inside, window[0].is_sampled), (101, false), "{version}");
    let pairs = vec![(key(other), "odd".to_owned()), (key(long), "loss".to_owned())];
    let below =
        source.history(HistoryAsk { pairs, enough: Some(2_000), ..HistoryAsk::default() }).await?.items.remove(0);
    assert_eq!((below.len(), below.step.first()), (10, Some(&-5)), "{version}");
    let mut whole_histories = Vec::new();
    let mut after = None;
    while whole_histories.len() < 2 {
        let page = source.history(HistoryAsk { after, ..ask(None, None) }).await?;
        whole_histories.extend(page.items);
        after = page.next;
    }
    assert!(is_whole(&whole_histories[0]) && whole_histories[1].len() == 89, "{version}");

    let run = whole.name.iter().position(|name| name == "run-00").expect("a run");
    let folder = source.artifacts(&key(run));
    let lists = folder.list(&[String::new(), "config".into(), "images".into(), "none".into()], true).await?;
    let names = |list: usize| lists[list].iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>();
    assert_eq!(
        (names(0), names(1)),
        (vec!["config", "images", "large.bin", "notes.txt"], vec!["deep", "table.csv"]),
        "{version}"
    );
    assert_eq!((names(2), names(3)), (vec!["red square.png"], vec![]), "{version}");
    assert_eq!(lists[0][2].size, Some(3_000_000), "{version}");
    let range = ReadAsk { path: "large.bin".into(), range: 2_999_990..4_000_000 };
    let asks = [
        ReadAsk::up_to("notes.txt", 99),
        range,
        ReadAsk::up_to("images/red square.png", 4),
        ReadAsk::up_to("nothing.txt", 9),
    ];
    let read = folder.read(&asks).await?;
    assert_eq!(read[0].as_deref(), Ok("Grüße\n".as_bytes()), "{version}");
    assert_eq!(read[1].as_deref(), Ok(&[0; 10][..]), "{version}");
    assert_eq!(read[2].as_deref(), Ok(&b"\x89PNG"[..]), "{version}");
    assert!(read[3].is_err(), "{version}");
    Ok(())
}

fn check(version: &str, told: &str, database: &Path) {
    let _turn = turn();
    if version == "fasttrackml" {
        // Its own database is none of MLflow's: the same was logged to both.
        drop(Server::start("2.22", &[]));
    }
    let server = Server::start(version, &[]);
    says_the_same(version, &server.url, database);
    let source = runglass::native::open(Path::new(&server.url)).expect("an address");
    block_on(async {
        let store = source.stores().await?.remove(0);
        let version_told = store.server.map(|server| (server.name, server.version));
        let told = told
            .split_once(' ')
            .map_or((told.to_owned(), None), |(name, version)| (name.to_owned(), Some(version.to_owned())));
        assert_eq!(version_told, Some(told));
        reads(version, &*source).await
    })
    .and_then(|read| read)
    .unwrap_or_else(|fault| panic!("{version}: {fault}"));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_3_17_is_its_database() {
    check("3.17", "MLflow 3.17.2", &database("3.17"));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_2_22_is_its_database() {
    check("2.22", "MLflow 2.22.0", &database("2.22"));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_1_30_is_its_database() {
    check("1.30", "MLflow", &database("1.30"));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn fasttrackml_has_the_data_of_another_server() {
    check("fasttrackml", "FastTrackML 0.6.0", &database("2.22"));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn who_asks_is_told_by_the_environment() {
    let _turn = turn();
    let server = Server::start("3.17", &["--auth"]);
    let (user, password) = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD");
    let good = document(&server.url, &[(user, "admin"), (password, "correct horse battery")]);
    assert_eq!(good["experiments"].as_array().map(Vec::len), Some(4));
    for (variables, words) in [
        (&[][..], "wants to know who asks: a user and a password"),
        (&[(user, "admin"), (password, "geheim-1234")], "does not take these credentials"),
        (&[("MLFLOW_TRACKING_TOKEN", "geheim-1234")], "does not take these credentials"),
    ] {
        let output = inspect(&server.url, variables);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(1) && said.contains(words) && !said.contains("geheim"), "{said}");
    }
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn a_base_path_and_a_workspace() {
    let _turn = turn();
    let server = Server::start("2.22", &["--base", "/ml/flow"]);
    let found = document(&format!("{}/#/experiments/1", server.url), &[]);
    assert_eq!(found["experiments"].as_array().map(Vec::len), Some(4));
    let above = inspect(server.url.trim_end_matches("/ml/flow"), &[]);
    assert!(String::from_utf8_lossy(&above.stderr).contains("no tracking server"), "{above:?}");
    drop(server);
    let server = Server::start("3.17", &["--workspaces"]);
    let names = |variables: &[(&str, &str)]| {
        let found = document(&server.url, variables);
        let list = found["experiments"].as_array().expect("a list").clone();
        list.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]).len(), 4);
    assert!(names(&[("MLFLOW_WORKSPACE", "team-b")]).contains(&"of team b".to_owned()));
    let source = runglass::native::open(Path::new(&server.url)).expect("an address");
    let store = block_on(source.stores()).and_then(|stores| stores).expect("a store").remove(0);
    assert_eq!(store.server.expect("a server").workspaces, ["default", "team-b"]);
}

//! The search language against what real MLflow answered (`fixtures/search`).

use runglass::model::{DatasetInput, Experiment, Lifecycle, MetricSeries, RunKey, RunRow, RunStatus, RunTable, Server};
use runglass::query::push::{self, Dialect};
use runglass::query::{OrderBy, parse, sort};
use serde_json::Value;

/// Where Runglass answers otherwise: case, its answer (`None`: rejected), and why. One that is no departure any more
/// fails the test.
const DEPARTURES: &[(&str, Option<&str>, &str)] = &[
    ("R120", Some("CAF"), LISTS),
    ("R121", Some("IGEDCB"), LISTS),
    ("R201", Some("DF"), LISTS),
    ("R216", Some("IHECAF"), LISTS),
    ("R254", Some("A"), LISTS),
    ("R380", Some("BAHDEFCIG"), "an order knows the same names of attributes as a filter"),
];
const LISTS: &str = "IN and NOT IN are for every text field, so that a chip of several values is text";

#[test]
fn filters_and_orders_answer_as_mlflow_does() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/search/runs.json")).expect("JSON");
    let (table, keys) = table(&fixture);
    let mut wrong = Vec::new();
    let (mut accepted, mut rejected) = (0, 0);
    for case in list(&fixture["cases"]) {
        let id = text(&case["id"]);
        let recorded = case["file"]["result"].as_str().map(str::to_owned);
        *(if recorded.is_some() { &mut accepted } else { &mut rejected }) += 1;
        let ours = answer(case, &table, &keys);
        let departure = DEPARTURES.iter().find(|(departing, ..)| *departing == id);
        let expected = departure.map_or(recorded.as_deref(), |(_, expected, _)| *expected);
        if ours.as_deref() != expected {
            wrong.push(format!("{id} {}: expected {expected:?}, got {ours:?}", case["filter"]));
        }
        if departure.is_some() && ours == recorded {
            wrong.push(format!("{id} {}: no departure any more", case["filter"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!((accepted, rejected), (164, 73));
}

/// Servers that were recorded: version, store, and what one of its kind says of its store. 3.17 is told apart by it;
/// before 2 not even the version is told.
const RECORDED: [(&str, &str, Option<&str>, Option<&str>); 6] = [
    ("3.17.2", "file", Some("3.17.2"), Some("FileStore")),
    ("3.17.2", "sqlite", Some("3.17.2"), Some("SqlStore")),
    ("2.22.0", "file", Some("2.22.0"), None),
    ("2.22.0", "sqlite", Some("2.22.0"), None),
    ("1.30.1", "file", None, None),
    ("1.30.1", "sqlite", None, None),
];

#[test]
fn servers_asked_for_less_lose_none_of_our_runs() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/search/runs.json")).expect("JSON");
    let (table, keys) = table(&fixture);
    let cases = list(&fixture["cases"]);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (version, store, told, store_type) in RECORDED {
        let server = Server { name: "MLflow".to_owned(), version: told.map(str::to_owned), ..Server::default() };
        let dialect = Dialect::of(&server, store_type);
        for case in cases {
            let Some(ours) = answer(case, &table, &keys) else { continue };
            let filter = case["filter"].as_str().unwrap_or("");
            let narrowed = push::narrow(filter, &dialect, &[]);
            let order: Vec<String> = list(&case["order_by"]).iter().map(|by| text(by).to_owned()).collect();
            let ordered = push::order(&order, &dialect);
            // All together, and each clause alone.
            let mut texts = narrowed.clauses.clone();
            texts.push(narrowed.filter());
            for pushed in texts {
                let theirs = recorded(cases, &pushed, &[], &case["view_type"], version, store);
                let Some(theirs) = theirs else { continue };
                checked += 1;
                // Refused, it is asked for again without.
                if theirs.is_some_and(|theirs| !ours.chars().all(|key| theirs.contains(key))) {
                    wrong.push(format!("{version}/{store} {filter:?} as {pushed:?}: {ours} is not in {theirs:?}"));
                }
            }
            if let Some(ordered) = ordered.filter(|_| filter.is_empty()) {
                let theirs = recorded(cases, "", &ordered, &case["view_type"], version, store);
                checked += usize::from(theirs.is_some());
                if theirs.is_some_and(|theirs| theirs != Some(ours.as_str())) {
                    wrong.push(format!("{version}/{store} {order:?} as {ordered:?}: {ours} became {theirs:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(checked > 500, "{checked} answers were recorded");
}

/// What a server answered to this very filter and order: run keys, or `None` if it refused. Versions from 2 on take the
/// names of attributes with and without the word in front, and all of them ASC and nothing.
fn recorded<'c>(
    cases: &'c [Value],
    filter: &str,
    order: &[String],
    view: &Value,
    version: &str,
    store: &str,
) -> Option<Option<&'c str>> {
    let plain = |text: &str| if version == "1.30.1" { text.to_owned() } else { text.replace("attributes.", "") };
    let case = cases.iter().find(|case| {
        let by: Vec<String> = list(&case["order_by"]).iter().map(|by| plain(text(by))).collect();
        plain(case["filter"].as_str().unwrap_or("")) == plain(filter)
            && by.len() == order.len()
            && by.iter().zip(order).all(|(by, order)| *by == plain(order) || plain(order) == format!("{by} ASC"))
            && case["view_type"] == *view
    })?;
    let now = if store == "sqlite" && !case["sqlite"].is_null() { &case["sqlite"] } else { &case["file"] };
    let older = &case["older"][format!("{version}/{store}")];
    Some(if older.is_null() { now } else { older }["result"].as_str())
}

/// The keys of the runs found, in order; `None` when the filter or the order has a problem.
fn answer(case: &Value, table: &RunTable, keys: &[char]) -> Option<String> {
    let view = case["view_type"].as_str().unwrap_or("ACTIVE_ONLY");
    let seen = |row: &u32| match (view, table.lifecycle[*row as usize]) {
        ("ALL", _) => true,
        ("DELETED_ONLY", lifecycle) => lifecycle == Lifecycle::Deleted,
        (_, lifecycle) => lifecycle == Lifecycle::Active,
    };
    let parsed = parse(case["filter"].as_str().unwrap_or(""));
    let order: Vec<_> = list(&case["order_by"]).iter().map(|by| OrderBy::parse(text(by))).collect();
    if !parsed.problems.is_empty() || order.iter().any(Result::is_err) {
        return None;
    }
    let order: Vec<OrderBy> = order.into_iter().flatten().collect();
    let experiments: [Experiment; 0] = [];
    let rows: Vec<u32> = table.rows().filter(seen).collect();
    let mut rows = parsed.query.select(table, &rows, &experiments);
    sort(&mut rows, table, &order, &experiments);
    Some(rows.iter().map(|row| keys[*row as usize]).collect())
}

fn table(fixture: &Value) -> (RunTable, Vec<char>) {
    let (mut table, mut keys) = (RunTable::default(), Vec::new());
    for run in list(&fixture["runs"]) {
        let id = text(&run["run_id"]).to_owned();
        let mut points: Vec<(String, MetricSeries)> = Vec::new();
        for (key, history) in run["metrics"].as_object().expect("metrics") {
            let point = |point: &Value| {
                let value = point[0].as_f64().unwrap_or_else(|| text(&point[0]).parse().expect("a float"));
                (point[2].as_i64().expect("step"), point[1].as_i64().expect("time"), value)
            };
            points.push((key.clone(), MetricSeries::from_points(list(history).iter().map(point).collect())));
        }
        let dataset = |dataset: &Value| DatasetInput {
            name: text(&dataset["name"]).to_owned(),
            digest: text(&dataset["digest"]).to_owned(),
            context: dataset["tags"]["mlflow.data.context"].as_str().map(str::to_owned),
            source_type: None,
            source: None,
            profile: None,
            schema: None,
        };
        table.push(RunRow {
            key: RunKey(format!("1/{id}")),
            experiment: 0,
            name: text(&run["run_name"]).to_owned(),
            status: RunStatus::parse(text(&run["status"])).expect("status"),
            lifecycle: if run["lifecycle_stage"] == "deleted" { Lifecycle::Deleted } else { Lifecycle::Active },
            start_ms: run["start_time"].as_i64(),
            end_ms: run["end_time"].as_i64(),
            user: run["user_id"].as_str().map(str::to_owned),
            artifact_uri: Some(format!("mlruns/1/{id}/artifacts")),
            params: pairs(&run["params"]),
            tags: pairs(&run["tags"]),
            metrics: points.into_iter().map(|(key, series)| (key, series.summary().expect("points"))).collect(),
            datasets: list(&run["datasets"]).iter().map(dataset).collect(),
            outputs: Vec::new(),
            id,
        });
        keys.extend(text(&run["key"]).chars());
    }
    (table, keys)
}

fn pairs(object: &Value) -> Vec<(String, String)> {
    object.as_object().expect("object").iter().map(|(key, value)| (key.clone(), text(value).to_owned())).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

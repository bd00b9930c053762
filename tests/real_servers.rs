//! What is pushed down to a server, asked of real ones: none of the runs that ours keeps may be missing from their answer,
//! and where an order is pushed, they have it.

#[path = "servers/mod.rs"]
mod servers;

use runglass::model::{DatasetInput, Lifecycle, MetricSeries, RunKey, RunRow, RunStatus, RunTable};
use runglass::query::push::{self, Dialect};
use runglass::query::{OrderBy, parse, sort};
use serde_json::{Value, json};
use servers::Server;
use std::io::{Read, Write};
use std::net::TcpStream;

const QUERIES: &[&str] = &[
    "",
    "metrics.loss < 0.2 AND params.opt = 'adam' AND tags.team ILIKE 'vision'",
    "metrics.loss >= 0.25 AND metrics.`val/acc` != 0.6",
    "metrics.odd != 0",
    "metrics.odd != 1",
    "metrics.odd = 0",
    "metrics.odd < 1e400",
    "metrics.odd > 1e300",
    "metrics.odd >= -1e300 AND metrics.odd <= 1.5e-300",
    "metrics.größe > 1e299",
    "metrics.m.dot < 1e-299",
    "metrics.`f1 score` = 0.5",
    "params.opt LIKE 'a%'",
    "params.opt LIKE '_dam'",
    "params.opt ILIKE 'ADAM'",
    "params.`batch size` = '32'",
    "params.`layers/0/units` = '64'",
    "params.größe = '日本'",
    "params.größe ILIKE '日%'",
    "params.lr = '0.1'",
    "params.`dash-key` != 'x'",
    "params.model.type LIKE 'Res.et'",
    "params.model.type LIKE 'Res%'",
    "tags.team != 'vision'",
    "tags.team = 'ünï'",
    "tags.team ILIKE 'ÜNÏ'",
    "tags.team ILIKE '%I%'",
    "tags.team IS NULL",
    "tags.team IS NOT NULL AND metrics.odd IS NOT NULL",
    "tags.lines LIKE 'line 1%'",
    "tags.lines LIKE '%line 2'",
    "tags.lines LIKE 'line_1'",
    "tags.note LIKE '%100\\%%'",
    "tags.note LIKE 'it%done'",
    "tags.`größe/日本` = '42'",
    "tags.`release candidate` = \"yes\"",
    "tags.turned LIKE 'abc%'",
    "tags.`mlflow.parentRunId` IS NULL",
    "run_name = 'run-03'",
    "run_name LIKE 'odd%'",
    "run_name ILIKE 'RUN-1_' AND status = 'FINISHED'",
    "user_id = 'alice'",
    "source = 'train.py'",
    "status = 'FAILED'",
    "status != 'FINISHED'",
    "status LIKE 'F%' AND status ILIKE 'finished'",
    "status IN ('FAILED', 'KILLED')",
    "start_time > 1700000300000",
    "start_time >= 1700000300000.5 AND start_time < 1.7000009e12",
    "end_time > 1700000300000",
    "end_time <= 1700000300000 AND duration > 3000",
    "dataset.name = 'iris'",
    "dataset.context = 'training' AND metrics.loss > 0",
    "dataset.context != 'training'",
    "dataset.digest LIKE 'abc%' AND params.opt = 'sgd'",
];

const ORDERS: &[&[&str]] = &[
    &[],
    &["metrics.loss DESC"],
    &["metrics.odd ASC"],
    &["metrics.odd DESC", "start_time ASC"],
    &["metrics.größe", "metrics.`val/acc` DESC"],
    &["start_time ASC"],
    &["end_time DESC"],
    &["status ASC", "metrics.loss DESC", "status DESC"],
    &["run_id DESC"],
    &["params.lr ASC"],
    &["run_name ASC"],
];

/// So many queries of the list are narrowed, and orders pushed, at least: fewer would mean that nothing is tried.
fn check(version: &str, name: &str, told: Option<&str>, store_type: Option<&str>, least: (usize, usize)) {
    let server = Server::start(version, &[]);
    let found = post(&server.url, "experiments/search", &json!({ "max_results": 100 }));
    let ids: Vec<&str> = list(&found["experiments"]).iter().map(|one| text(&one["experiment_id"])).collect();
    let search = |filter: &str, order: &[String]| {
        let ask = json!({ "experiment_ids": ids, "max_results": 1000, "filter": filter, "order_by": order });
        let answer = post(&server.url, "runs/search", &ask);
        match answer["error_code"].as_str() {
            None => Ok(list(&answer["runs"]).to_vec()),
            Some("INVALID_PARAMETER_VALUE") => Err(text(&answer["message"]).to_owned()),
            Some(_) => panic!("{version} {filter:?} {order:?}: {answer}"),
        }
    };
    let table = table(&search("", &[]).expect("runs"));
    assert_eq!(table.len(), 28, "{version}");
    let rows: Vec<u32> = table.rows().collect();
    let row_of = |run: &Value| rows.iter().copied().find(|row| table.id[*row as usize] == text(&run["info"]["run_id"]));
    let told = runglass::model::Server {
        name: name.to_owned(),
        version: told.map(str::to_owned),
        ..runglass::model::Server::default()
    };
    let dialect = Dialect::of(&told, store_type);
    let (mut narrowed, mut ordered, mut refused) = (0, 0, Vec::new());
    let [one, two] = [&table.id[3], &table.id[7]];
    let by_id = ["IN", "NOT IN"].map(|word| format!("run_id {word} ('{one}', '{two}')"));
    for query in QUERIES.iter().copied().chain(by_id.iter().map(String::as_str)) {
        let mut pushed = push::narrow(query, &dialect, &[]);
        let mut without = Vec::new();
        let answered = loop {
            match search(&pushed.filter(), &[]) {
                Ok(runs) => break runs,
                Err(message) => {
                    refused.push(message.clone());
                    without.extend(pushed.refused(&message));
                    let less = push::narrow(query, &dialect, &without);
                    assert!(less.clauses.len() < pushed.clauses.len(), "{version} {query:?}: {message}");
                    pushed = less;
                }
            }
        };
        narrowed += usize::from(!pushed.clauses.is_empty());
        let parsed = parse(query);
        if parsed.problems.is_empty() {
            let answered: Vec<Option<u32>> = answered.iter().map(row_of).collect();
            for row in parsed.query.select(&table, &rows, &[]) {
                let name = &table.name[row as usize];
                assert!(answered.contains(&Some(row)), "{version} {query:?} as {:?} lost {name}", pushed.filter());
            }
        }
    }
    for order in ORDERS {
        let texts: Vec<String> = order.iter().map(|text| (*text).to_owned()).collect();
        let Some(pushed) = push::order(&texts, &dialect) else { continue };
        ordered += 1;
        let columns: Vec<OrderBy> = texts.iter().map(|text| OrderBy::parse(text).expect("an order")).collect();
        let mut ours = rows.clone();
        sort(&mut ours, &table, &columns, &[]);
        let theirs: Vec<u32> = search("", &pushed).expect("a known order").iter().filter_map(row_of).collect();
        assert_eq!(theirs, ours, "{version} {pushed:?}");
    }
    assert!(
        narrowed >= least.0 && ordered >= least.1,
        "{version}: {narrowed} queries and {ordered} orders were pushed"
    );
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_3_17_loses_nothing() {
    check("3.17", "MLflow", Some("3.17.2"), Some("SqlStore"), (38, 9));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_3_17_on_files_loses_nothing() {
    check("3.17-files", "MLflow", Some("3.17.2"), Some("FileStore"), (41, 9));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_2_22_loses_nothing() {
    check("2.22", "MLflow", Some("2.22.0"), None, (32, 9));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn mlflow_1_30_loses_nothing() {
    check("1.30", "MLflow", None, None, (32, 9));
}

#[test]
#[ignore = "starts a real server: cargo xtask test"]
fn fasttrackml_loses_nothing() {
    check("fasttrackml", "FastTrackML", Some("0.6.0"), None, (26, 1));
}

/// As JSON of the answer, whatever its status.
fn post(url: &str, path: &str, body: &Value) -> Value {
    let host = url.strip_prefix("http://").expect("http");
    let body = body.to_string();
    let mut stream = TcpStream::connect(host).expect("the server is there");
    // Of version 1.0, so that the answer comes whole and ends with the connection.
    let head = format!(
        "POST /api/2.0/mlflow/{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("it listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{path} answered {body}"))
}

fn table(runs: &[Value]) -> RunTable {
    let mut table = RunTable::default();
    for run in runs {
        let (info, data) = (&run["info"], &run["data"]);
        let id = text(&info["run_id"]).to_owned();
        let pairs = |what: &str| -> Vec<(String, String)> {
            let pair = |pair: &Value| (text(&pair["key"]).to_owned(), pair["value"].as_str().unwrap_or("").to_owned());
            list(&data[what]).iter().map(pair).collect()
        };
        let tags = pairs("tags");
        let tag = |key: &str| tags.iter().find(|(own, _)| own == key).map(|(_, value)| value.clone());
        let metric = |metric: &Value| {
            let value = metric["value"].as_f64().or_else(|| metric["value"].as_str()?.parse().ok()).unwrap_or(0.0);
            // Databases keep an infinity as the largest number.
            let value = if value.abs() == f64::MAX { value.signum() * f64::INFINITY } else { value };
            let summary = MetricSeries::from_points(vec![(0, 0, value)]).summary().expect("a point");
            (text(&metric["key"]).to_owned(), summary)
        };
        let dataset = |input: &Value| DatasetInput {
            name: text(&input["dataset"]["name"]).to_owned(),
            digest: text(&input["dataset"]["digest"]).to_owned(),
            context: list(&input["tags"]).first().map(|tag| text(&tag["value"]).to_owned()),
            source_type: None,
            source: None,
            profile: None,
            schema: None,
        };
        let time = |key: &str| info[key].as_i64().filter(|time_ms| *time_ms > 0);
        table.push(RunRow {
            key: RunKey(id.clone()),
            experiment: 0,
            name: info["run_name"].as_str().map(str::to_owned).or_else(|| tag("mlflow.runName")).unwrap_or_default(),
            status: RunStatus::parse(text(&info["status"])).expect("status"),
            lifecycle: Lifecycle::Active,
            start_ms: time("start_time"),
            end_ms: time("end_time"),
            user: tag("mlflow.user"),
            artifact_uri: info["artifact_uri"].as_str().map(str::to_owned),
            params: pairs("params"),
            metrics: list(&data["metrics"]).iter().map(metric).collect(),
            datasets: list(&run["inputs"]["dataset_inputs"]).iter().map(dataset).collect(),
            outputs: Vec::new(),
            tags,
            id,
        });
    }
    table
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

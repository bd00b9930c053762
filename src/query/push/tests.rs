use super::*;
use crate::model::{DatasetInput, DatasetKey, MetricSeries, RunRow, RunStatus, RunTable, Server};
use crate::query::{Query, TextOp, is_numeric};
use proptest::prelude::*;

/// `MLflow 3.17.2 SqlStore`; a dash for what is not told.
fn dialect(text: &str) -> Dialect {
    let told = |part: Option<&str>| part.filter(|part| *part != "-").map(str::to_owned);
    let mut parts = text.split(' ');
    let server = Server {
        name: told(parts.next()).unwrap_or_default(),
        version: told(parts.next()),
        workspace: None,
        workspaces: Vec::new(),
    };
    Dialect::of(&server, parts.next())
}

const SERVERS: [&str; 10] = [
    "MLflow 3.17.2 SqlStore",
    "MLflow 3.17.2 FileStore",
    "MLflow 3.17.2",
    "MLflow 3.12.0 SqlStore",
    "MLflow 2.22.0",
    "MLflow -",
    "FastTrackML 0.6.0",
    "Databricks -",
    "GitLab 17.1",
    "-",
];

#[test]
fn clauses_go_to_servers_that_mean_at_least_the_same() {
    // The query, then one letter a server of `SERVERS`: `x` if it is asked for the text, `.` if it is asked for nothing.
    let check = |query: &str, servers: &str, text: &str| {
        for (server, letter) in SERVERS.iter().zip(servers.chars()) {
            let expected = if letter == 'x' { text } else { "" };
            assert_eq!(narrow(query, &dialect(server), &[]).filter(), expected, "{server}: {query}");
        }
        assert_eq!(servers.len(), SERVERS.len());
    };
    check("metrics.acc > 0.5", "xxxxxxxxxx", "metrics.acc > 0.5");
    check("metric.acc > .50 and params.opt = \"adam\"", "xxxxxxxxxx", "metrics.acc > 0.5 AND params.opt = 'adam'");
    check("metrics.`val/acc` > 0.5", "xxxxxxx...", "metrics.`val/acc` > 0.5");
    check("params.é = 'x'", "xxxxxxx...", "params.é = 'x'");
    check("tags.`it's` = 'x'", "..........", "");
    check("tags.` t` IS NULL", "..........", "");
    // NaN, infinities.
    check("metrics.acc != 0.5", "xxxxxxx...", "metrics.acc != 0.5");
    check("metrics.acc != 0", "xxx.......", "metrics.acc != 0");
    check("metrics.acc = 0", "xxxxxxxxxx", "metrics.acc = 0");
    check("metrics.acc = -0.0", "xxxxxxxxxx", "metrics.acc = 0");
    check("metrics.acc < 1e400", "..........", "");
    check("metrics.acc > 5e-324", "..........", "");
    check("metrics.acc > 1.7976931348623157e308", "..........", "");
    // Texts.
    check("params.opt != 'adam'", "..........", "");
    check("params.opt = ''", "..........", "");
    check("params.opt = \"it's\"", "xxxxxxxxxx", "params.opt = \"it's\"");
    check("params.opt = '\"it\"'", "..........", "");
    check("params.lr = '0.1'", "xxxxxx.x..", "params.lr = '0.1'");
    check("params.lr = 'inf'", "xxxxxx.x..", "params.lr = 'inf'");
    check("tags.lr = '0.1'", "xxxxxxxxxx", "tags.lr = '0.1'");
    check(r#"params.opt IN ('\'"')"#, "..........", "");
    check("params.opt IN ('a', 'b')", "..........", "");
    check("params.opt IN ('a', 'a')", "xxxxxxxxxx", "params.opt = 'a'");
    check("params.opt IS NULL", "xxxx......", "params.opt IS NULL");
    check("tags.t IS NOT NULL", "xxxx......", "tags.t IS NOT NULL");
    // Patterns.
    check("params.opt LIKE 'adam%'", "xxxxxx....", "params.opt LIKE 'adam%'");
    check("params.opt LIKE 'adam'", "xxxxxx....", "params.opt LIKE 'adam%'");
    check("params.opt LIKE 'a_m'", "xxxxxx....", "params.opt LIKE 'a%m%'");
    check(r"params.opt LIKE '100\%'", "xxxxxx....", "params.opt LIKE '100%'");
    check("params.opt LIKE '[a]d.m%'", "xxxxxx....", "params.opt LIKE '%a%d%'");
    check("params.opt LIKE 'a\nb'", "xxxxxx....", "params.opt LIKE 'a%'");
    check("params.opt LIKE '%'", "..........", "");
    check("params.opt LIKE ''", "..........", "");
    check("params.opt LIKE '_[%'", "..........", "");
    check("tags.t ILIKE 'Ünï-ask'", "xxxxxxx...", "tags.t ILIKE '%n%-as%'");
    check("tags.t LIKE 'Ünï-ask'", "xxxxxxx...", "tags.t LIKE 'Ünï-ask%'");
    // Attributes.
    check("status = 'FAILED'", "xxxxxxx...", "attributes.status = 'FAILED'");
    check("status != 'FAILED'", "xxxxxxx...", "attributes.status != 'FAILED'");
    check("run_id = 'a1'", "xxxxxxx...", "attributes.run_id = 'a1'");
    check("run_id IN ('a1', 'b2')", "xxxxx.x...", "attributes.run_id IN ('a1', 'b2')");
    check("run_id IN ('a1', 'it''s')", "xxxxx.x...", "attributes.run_id IN ('a1', 'its')");
    check("run_id IN ('a1', 'it\\'s')", "..........", "");
    check("run_name = 'alpha'", ".x........", "attributes.run_name = 'alpha'");
    check("user_id = 'alice'", "..........", "");
    check("artifact_uri LIKE 's3%'", "..........", "");
    check("start_time > 1600000003000", "xxxxxxx...", "attributes.start_time > 1600000003000");
    check("start_time > 1600000003000.5", "xxxxxxx...", "attributes.start_time > 1600000003000");
    check("start_time <= -1.5", "xxxxxxx...", "attributes.start_time <= -1");
    check("start_time = 1.5", "..........", "");
    check("start_time > 1e300", "..........", "");
    check("end_time < 1.6e12", "xxxxxx....", "attributes.end_time < 1600000000000");
    check("duration > 5", "..........", "");
    check("source = 'train.py'", "..........", "");
    check("experiment = 'e'", "..........", "");
    check("dataset.name = 'iris'", "xxx.......", "dataset.name = 'iris'");
    check("dataset.name != 'iris'", "..........", "");
    // What is not understood narrows nothing.
    check("metrics.acc > 0.5 OR params.opt = 'adam'", "..........", "");
    check("metrics.acc > 0.5 AND NOT params.opt = 'adam'", "..........", "");
    check("", "..........", "");
}

#[test]
fn refused_clauses_are_left_out() {
    let query = "duration > 1 AND metrics.acc > 0.5 AND params.`b c` = 'x' AND tags.t IS NULL";
    let ask = |without: &[usize]| narrow(query, &dialect(SERVERS[0]), without);
    assert_eq!(ask(&[]).numbers, [1, 2, 3]);
    assert_eq!(ask(&[2]).filter(), "metrics.acc > 0.5 AND tags.t IS NULL");
    let check = |message: &str, expected: &[usize]| assert_eq!(ask(&[]).refused(message), expected, "{message}");
    check("Invalid clause(s) in filter string: 'tags.t', 'IS', 'NULL'", &[3]);
    check("IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'acc'", &[1]);
    check("Invalid filter near params.`b c` = 'x'", &[2]);
    check("Bad request", &[1, 2, 3]);
}

#[test]
fn a_question_stays_short() {
    let count = |query: &str| narrow(query, &dialect(SERVERS[0]), &[]).clauses.len();
    let many: Vec<String> = (0..30).map(|number| format!("metrics.m{number} > 0")).collect();
    assert_eq!(count(&many.join(" AND ")), MOST_CLAUSES);
    assert_eq!(count(&format!("params.p = '{}'", "x".repeat(10_000))), 0);
    let list = |count: usize| format!("run_id IN ({})", vec!["'ab', 'cd'"; count / 2].join(", "));
    assert_eq!((count(&list(LONGEST_LIST)), count(&list(LONGEST_LIST + 2))), (1, 0));
}

#[test]
fn orders_go_to_servers_that_sort_alike() {
    let check = |order: &[&str], servers: &str, expected: &[&str]| {
        let order_texts: Vec<String> = order.iter().map(|text| (*text).to_owned()).collect();
        for (server, letter) in SERVERS.iter().zip(servers.chars()) {
            let found = super::order(&order_texts, &dialect(server));
            let expected = (letter == 'x').then(|| expected.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{server}: {order:?}");
        }
    };
    check(&[], "xxxxxxx...", &[]);
    check(&["metrics.loss DESC"], "xxxxxx....", &["metrics.loss DESC"]);
    check(
        &["metric.`val/loss`", "Created DESC"],
        "xxxxxx....",
        &["metrics.`val/loss` ASC", "attributes.start_time DESC"],
    );
    check(&["status", "metrics.a", "status DESC"], "xxxxxx....", &["attributes.status ASC", "metrics.a ASC"]);
    check(&["end_time DESC", "run_id"], "xxxxxx....", &["attributes.end_time DESC", "attributes.run_id ASC"]);
    for ours in
        ["params.lr", "tags.t", "run_name", "user_id", "artifact_uri", "duration", "experiment", "source", "x y z"]
    {
        check(&["metrics.loss", ours], "..........", &[]);
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[aAkKiIé%_ '\"\\\\\\[.*\n\u{212a}\u{130}1]{0,6}",
        1 => Just("FINISHED".to_owned()),
        1 => "[ab]",
    ]
}

fn any_field() -> impl Strategy<Value = Field> {
    let key = proptest::sample::select(vec!["a", "b", "val/acc", "é", "it's"]).prop_map(str::to_owned);
    (key, 0..8_usize, 0..11_usize).prop_map(|(key, kind, number)| match kind {
        0 | 1 => Field::Metric(key),
        2 | 3 => Field::Param(key),
        4 | 5 => Field::Tag(key),
        6 => Field::Dataset(DatasetKey::ALL[number % 3]),
        _ => Field::Attribute(Attribute::ALL[number]),
    })
}

fn any_number() -> impl Strategy<Value = f64> {
    let odd = vec![0.0, -0.0, 0.5, 1.0, -1.0, 1.5, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, 1e-300];
    proptest::sample::select(odd)
}

fn any_clause() -> impl Strategy<Value = Clause> {
    (any_field(), any_number(), 0..6_usize, text(), proptest::collection::vec(text(), 1..3), 0..5_u8, any::<bool>())
        .prop_map(|(field, value, op, text, values, kind, flag)| {
            let test = match kind {
                _ if is_numeric(&field) => Test::Number { op: NumberOp::ALL[op], value },
                0 => Test::Text { op: if flag { TextOp::Equal } else { TextOp::NotEqual }, value: text },
                1 | 2 if write::quoted(&text).is_some() => Test::Like { ignore_case: flag, pattern: text },
                3 if matches!(field, Field::Tag(_) | Field::Param(_)) => Test::Null { negated: flag },
                _ => Test::In { negated: flag, values },
            };
            Clause { field, test, at: 0..0 }
        })
}

fn any_run() -> impl Strategy<Value = RunRow> {
    let number = prop_oneof![any_number(), Just(f64::NAN)];
    (text(), text(), text(), proptest::option::of(-2..2_i64), number, 0..31_u32).prop_map(
        |(one, two, three, time_ms, value, has)| {
            let given =
                |bit: u32, pair: (&str, &String)| (has >> bit & 1 == 1).then(|| (pair.0.to_owned(), pair.1.clone()));
            let summary = MetricSeries::from_points(vec![(0, 0, value)]).summary();
            let dataset = DatasetInput {
                name: one.clone(),
                digest: two.clone(),
                context: given(0, ("", &three)).map(|(_, text)| text),
                source_type: None,
                source: None,
                profile: None,
                schema: None,
            };
            RunRow {
                name: three.clone(),
                status: RunStatus::ALL[has as usize % RunStatus::ALL.len()],
                start_ms: time_ms,
                end_ms: time_ms.filter(|_| has > 15),
                user: Some(two.clone()),
                artifact_uri: Some(one.clone()),
                params: [given(1, ("a", &one)), given(2, ("é", &two))].into_iter().flatten().collect(),
                tags: [given(3, ("a", &two)), given(4, ("val/acc", &three))].into_iter().flatten().collect(),
                metrics: summary.into_iter().filter(|_| has > 3).map(|summary| ("a".to_owned(), summary)).collect(),
                datasets: if has % 2 == 0 { vec![dataset] } else { Vec::new() },
                ..RunRow::of_id(if has & 1 == 1 { "a" } else { "b" })
            }
        },
    )
}

/// A text and a pattern that has a chance to match it: each sign as it is, in the other case, or behind a wildcard.
fn text_and_pattern() -> impl Strategy<Value = (String, String)> {
    (text(), proptest::collection::vec(0..8_u8, 6), 0..3_u8).prop_map(|(value, ways, end)| {
        let sign = |(c, way): (char, &u8)| match (way, c) {
            (0, _) => "%".to_owned(),
            (1, _) => "_".to_owned(),
            (2, 'k' | 'K') => "\u{212a}".to_owned(),
            (2 | 3, '\u{212a}') => "k".to_owned(),
            (2, c) => c.to_uppercase().to_string(),
            (3, c) => c.to_lowercase().to_string(),
            (_, c) => c.to_string(),
        };
        let pattern: String = value.chars().zip(&ways).map(sign).collect();
        (if end == 0 { format!("{value}\n") } else { value }, pattern)
    })
}

/// What SQLite answers to `sql` of two texts.
fn sqlite(connection: &rusqlite::Connection, sql: &str, one: &str, two: &str) -> bool {
    connection.query_row(sql, [one, two], |row| row.get(0)).expect("SQLite answers")
}

proptest! {
    #[test]
    fn what_is_pushed_holds_what_is_kept(
        clauses in proptest::collection::vec(any_clause(), 0..5),
        runs in proptest::collection::vec(any_run(), 1..8),
        server in proptest::sample::select(SERVERS.to_vec()),
        refused in 0..5_usize,
    ) {
        let query = Query { clauses }.to_string();
        let parsed = parse(&query);
        let narrowed = narrow(&query, &dialect(server), &[refused]);
        let pushed = parse(&narrowed.filter());
        prop_assert_eq!(&pushed.problems, &vec![], "{}", narrowed.filter());
        prop_assert_eq!(pushed.query.clauses.len(), narrowed.clauses.len());
        prop_assert_eq!(narrowed.numbers.len(), narrowed.clauses.len());
        prop_assert!(!narrowed.numbers.contains(&refused));
        for (clause, number) in pushed.query.clauses.iter().zip(&narrowed.numbers) {
            prop_assert_eq!(&clause.field, &parsed.query.clauses[*number].field);
        }
        // Asked again for what it answered, nothing changes.
        prop_assert_eq!(narrow(&narrowed.filter(), &dialect(server), &[]).clauses, narrowed.clauses.clone());
        let mut table = RunTable::default();
        for run in runs {
            table.push(run);
        }
        let rows: Vec<u32> = table.rows().collect();
        let answered = pushed.query.select(&table, &rows, &[]);
        let kept = parsed.query.select(&table, &rows, &[]);
        for row in &kept {
            prop_assert!(answered.contains(row), "{} lost a run of {}", narrowed.filter(), query);
        }
        // Of the answer we keep what we kept of all.
        prop_assert_eq!(parsed.query.select(&table, &answered, &[]), kept);
    }

    #[test]
    fn a_wider_pattern_matches_in_sqlite_what_ours_matches((value, pattern) in text_and_pattern(), ignore_case in any::<bool>()) {
        let ours = super::super::like::Pattern::new(&pattern, ignore_case).matches(&value);
        if let (true, Some(wider)) = (ours, wider(&pattern, ignore_case)) {
            let connection = rusqlite::Connection::open_in_memory().expect("SQLite opens");
            connection.execute_batch("PRAGMA case_sensitive_like = true").expect("SQLite obeys");
            let sql = if ignore_case { "SELECT lower(?1) LIKE lower(?2)" } else { "SELECT ?1 LIKE ?2" };
            prop_assert!(sqlite(&connection, sql, &value, &wider), "{:?} LIKE {:?} for {:?}", value, wider, pattern);
            // PostgreSQL and MySQL escape by a backslash.
            let sql = format!(r"{sql} ESCAPE '\'");
            prop_assert!(sqlite(&connection, &sql, &value, &wider), "{:?} LIKE {:?} for {:?}", value, wider, pattern);
        }
    }
}

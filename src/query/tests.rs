//! Mistakes drawn under their text, the reference read as test cases, chips and orders over a small table.

use super::properties::bare;
use super::*;
use crate::model::RunTable;

/// The text with carets under each problem, its message and its hint.
fn draw(text: &str) -> String {
    let mut drawn = format!("{text}\n");
    for problem in parse(text).problems {
        let before = text[..problem.at.start].chars().count();
        let under = text[problem.at.clone()].chars().count().max(1);
        drawn.push_str(&format!("{}{} {}\n", " ".repeat(before), "^".repeat(under), problem.message));
        drawn.push_str(&format!("{}{}\n", " ".repeat(before), problem.hint));
    }
    drawn
}

/// One or more texts, each followed by its problems as [`draw`] draws them; a fix, where there is one, must mend.
fn check(expected: &str) {
    let mut drawn = String::new();
    for block in expected.trim().split("\n\n") {
        let text = block.lines().next().unwrap_or("");
        drawn.push_str(&draw(text));
        drawn.push('\n');
        let parsed = parse(text);
        if let [Problem { at, fix: Some(fix), .. }] = parsed.problems.as_slice() {
            let mended = format!("{}{fix}{}", &text[..at.start], &text[at.end..]);
            assert_eq!(parse(&mended).problems, [], "{text} is mended to {mended}");
        }
    }
    assert_eq!(drawn.trim(), expected.trim(), "\n{drawn}");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    check(
        r###"
params.lr = 0.01
            ^^^^ A text value needs quotes
            Put the value in quotes: '0.01'

params.opt = adam AND metrics.acc > 1
             ^^^^ A text value needs quotes
             Put the value in quotes: 'adam'

params.opt = my model
             ^^^^^^^^ A text value needs quotes
             Put the value in quotes: 'my model'

params.opt = `adam`
             ^^^^^^ A text value needs quotes
             Put the value in quotes: 'adam'

params.opt = it's
             ^^^^ A text value needs quotes
             Put the value in quotes: "it's"

params.lr > '0.05'
          ^ `params.lr` is text: it can not be compared by size
          Use one of = != LIKE ILIKE IN; to see it by size, sort by its column.

params.opt NOT LIKE 'a%'
           ^^^^^^^^ NOT LIKE can not be used
           Use != or NOT IN with whole values.

params.opt RLIKE 'a.*'
           ^^^^^ Regular expressions can not be used
           LIKE knows % for any characters and _ for one.

params.opt IN 'adam'
              ^^^^^^ A list stands in parentheses
              Write ('adam')

params.opt IN ()
               ^ The list is empty
               Name at least one value: IN ('a')

params.opt IN ('a' 'b')
                  ^ A comma is missing between two values
                  Write IN ('a', 'b')

params.opt IN (adam, 'sgd')
               ^^^^ Values of a list need quotes
               Write 'adam'

params.opt IN ('a', 1)
                    ^ Values of a list need quotes
                    Write '1'

params.opt IN ('adam'
           ^^^^^^^^^^ The closing parenthesis is missing
           Write ) behind the last value

params.opt = ('adam')
           ^ A list is compared by IN
           Write IN ('a', 'b')

params.opt IS 'x'
           ^^ NULL is missing behind IS
           Write params.opt IS NULL or params.opt IS NOT NULL; to compare, use =

params.opt
^^^^^^^^^^ The clause ends behind its field
Compare it with something: params.opt = 'value'

params.opt AND tags.a = 'x'
^^^^^^^^^^ The clause ends behind its field
Compare it with something: params.opt = 'value'

params.opt =
^^^^^^^^^^^^ The value is missing
Write a text in quotes behind =

params.batch size = '32'
^^^^^^^^^^^^^^^^^ A key with a space needs backticks
Write params.`batch size`

params.dash-key = 'd'
^^^^^^^^^^^^^^^ The key `dash-key` needs backticks
Write params.`dash-key`

params.a.1 = 'x'
^^^^^^^^^^ The key `a.1` needs backticks
Write params.`a.1`

params.`a`.b = 'x'
^^^^^^^^^^^^ Quotes go round a whole key
Write params.a.b

metrics.acc == 0.9
            ^^ `==` is not a comparator
            Use =

metrics.acc <> 0.9
            ^^ `<>` is not a comparator
            Use !=

metrics.acc < > 0.9
            ^^^ `< >` is not a comparator
            Use !=

metrics.acc => 0.9
            ^^ `=>` is not a comparator
            Use >=

metrics.acc ~ 0.9
            ^ `~` is not a comparator
            Use one of = != < <= > >=

metrics.acc = inf
              ^^^ Infinity is written as a number too large
              Write 1e400

metrics.acc > -inf
              ^^^^ Infinity is written as a number too large
              Write -1e400

metrics.acc = nan
              ^^^ NaN equals nothing, not even itself
              Sort by the metric: NaN comes behind all numbers.

metrics.acc > 'x'
              ^^^ `metrics.acc` is a number: no quotes
              Write a number, as in metrics.acc > 0.5

metrics.acc > "0.5"
              ^^^^^ `metrics.acc` is a number: no quotes
              Write 0.5

metrics.acc > +0.5
              ^^^^ `+0.5` is not spelt as a number
              Write 0.5

metrics.acc > 1_000
              ^^^^^ `1_000` is not spelt as a number
              Write 1000

metrics.acc > 1e+5
              ^^^^ `1e+5` is not spelt as a number
              Write 1e5

metrics.acc > 0x1
              ^^^ `0x1` is not a number
              Numbers look like 1, -0.5 or 1e-3.

metrics.acc > metrics.loss
              ^^^^^^^^^^^^ `metrics.loss` is not a number
              A field is compared with a number such as 0.5 or 1e-3, not with another field.

metrics.acc IS NULL
            ^^^^^^^ IS NULL can be asked of tags and params only
            Sort by it: runs without it come last.

metrics.acc IS NOT NULL
            ^^^^^^^^^^^ IS NULL can be asked of tags and params only
            metrics.acc >= -1e400 keeps the runs that have it.

metrics.acc LIKE '1%'
            ^^^^ `metrics.acc` is a number: it has no LIKE
            Use one of = != < <= > >=

metrics.acc IN (1, 2)
            ^^ `metrics.acc` is a number: it has no IN
            Use metrics.acc = 1, or a range: metrics.acc >= 1 AND metrics.acc <= 2

metrics.acc BETWEEN 0 AND 1
^^^^^^^^^^^^^^^^^^^^^^^^^^^ BETWEEN can not be used
Write metrics.acc >= 0 AND metrics.acc <= 1

metrics.val/acc > 0.5 AND metrics.acc@5 > 1
^^^^^^^^^^^^^^^ The key `val/acc` needs backticks
Write metrics.`val/acc`
                          ^^^^^^^^^^^^^ The key `acc@5` needs backticks
                          Write metrics.`acc@5`

start_time > '1600000003000'
             ^^^^^^^^^^^^^^^ `start_time` is a number: no quotes
             Write 1600000003000

run_name IS NOT NULL
         ^^^^^^^^^^^ IS NULL can be asked of tags and params only
         run_name LIKE '%' keeps the runs that have it.

Metrics.acc > 0.5
^^^^^^^^^^^ `Metrics` is no kind of field
Did you mean metrics.acc?

metric.acc > 0.5 OR metrics.loss < 1
                 ^^ OR can not be used yet, only AND
                 For several values of one field use IN ('a', 'b').

(metrics.acc > 0.5) AND (metrics.loss < 1 OR metrics.a > 1)
^^^^^^^^^^^^^^^^^^^ Parentheses can not be used yet, only AND
Remove them; all clauses must hold.
                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ Parentheses can not be used yet, only AND
                        Remove them; all clauses must hold.

NOT status = 'FAILED'
^^^ NOT can not stand in front of a clause yet
Use !=, NOT IN or IS NOT NULL.

metrics.acc > 0.5, metrics.loss < 1
                 ^ A comma can not join clauses
                 Write AND between them.

metrics.acc > 0.5;
                 ^ A filter has no semicolons
                 Remove it.

metrics.acc > 0.5 -- good ones
                  ^^^^^^^^^^^^ Comments can not be used in a filter
                  Remove it.

0.5 < metrics.acc
^^^^^^^^^^^^^^^^^ The field comes first
Write metrics.acc > 0.5

> 0.5
^ A field is missing before >
Name one, as in metrics.loss < 0.5

1 = 1
^ The field comes first
Write the field, then a comparator, then the value: metrics.acc > 0.5

'a' = 'a'
^^^ The field comes first
Write the field, then a comparator, then the value: metrics.acc > 0.5

user = 'alice'
^^^^ A run has no attribute `user`
Did you mean user_id?

Status = 'FINISHED'
^^^^^^ A run has no attribute `Status`
Did you mean status?

acc > 0.5
^^^ A run has no attribute `acc`
Say what it is: metrics.acc, params.acc or tags.acc.

lifecycle_stage = 'active'
^^^^^^^^^^^^^^^ A run has no attribute `lifecycle_stage`
Active or deleted runs are chosen beside the filter, not in it.

models.name = 'x'
^^^^^^^^^^^ `models` is no kind of field
A field begins with metrics, params, tags, attributes or dataset, in lower case.

runs.status = 'FINISHED'
^^^^^^^^^^^ `runs` is no kind of field
Did you mean run.status?

datasets.source = 'x'
^^^^^^^^^^^^^^^ A dataset has no `source`
Search datasets by dataset.name, dataset.digest or dataset.context.

"metrics".acc > 0.5
^^^^^^^^^ Quotes go round the key alone
Write metrics.`val/acc`, without quotes round metrics.

`metrics.val/acc` > 0.5
^^^^^^^^^^^^^^^^^ `metrics` is no kind of field
Quote the key alone: metrics.`val/acc`

tags. = 'x'
^^^^^ After `tags.` a key is missing
Write the key behind the dot without a space: tags.KEY.

tags.a = 'x
         ^^ The closing ' is missing
         Close it; a text that holds ' stands in the other kind of quotes.

tags.`a = 'x'
^^^^^^^^^^^^^ The closing ` is missing
Close it; a text that holds ` stands in the other kind of quotes.

tags.a = 'C:\' AND tags.b = 'x'
         ^^^^^^^^^^^^^^^^^^^^ The backslash before a quote keeps this text open
         Write it as a list, where backslashes are doubled and the last is \x5c: IN ('C:\\dir\x5c')

日本 = '日本' AND params.日本 = 日本
^^ A run has no attribute `日本`
Say what it is: metrics.日本, params.日本 or tags.日本.
                          ^^ A text value needs quotes
                          Put the value in quotes: '日本'

tags.a IN ('C:\dir\x')
           ^^^^^^^^^^ A backslash here names no character
           In lists a backslash is written twice: '\\'

tags.a = 'x' tags
             ^^^^ A key is missing behind `tags`
             Write tags.KEY

SELECT * FROM runs
^^^^^^ A run has no attribute `SELECT`
Say what it is: metrics.SELECT, params.SELECT or tags.SELECT.

metrics.a > 1 > 2
              ^ A field is missing before >
              Name one, as in metrics.loss < 0.5
"###,
    );
}

#[test]
fn the_reference_tells_the_truth() {
    let mut seen = 0;
    for example in examples() {
        seen += 1;
        let Parsed { query, problems } = parse(example.text);
        assert_eq!(problems.is_empty(), example.standing != Standing::No, "{}: {problems:?}", example.text);
        if example.standing != Standing::No {
            assert_eq!(bare(&parse(&query.to_string()).query), bare(&query), "{query}");
        }
    }
    let rows = REFERENCE.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(seen, rows - 2, "every row of the table is an example");
}

#[test]
fn chips_edit_the_text_and_nothing_else() {
    let chip = |field: &str, values: &[&str]| {
        let field = Field::parse(field).expect("a field");
        Clause::one_of(field, values.iter().map(|value| (*value).to_owned()).collect())
    };
    let check = |text: &str, field: &str, values: &[&str], expected: &str| {
        assert_eq!(with(text, &chip(field, values)), expected, "{text} with {field} {values:?}");
    };
    check("", "tags.team", &["nlp"], "tags.team = 'nlp'");
    check("  ", "tags.team", &["nlp", "it's"], "tags.team IN ('nlp', \"it's\")");
    check("metrics.a>1  ", "status", &["FAILED"], "metrics.a>1 AND status = 'FAILED'");
    check("metrics.a>1 and", "status", &["FAILED"], "metrics.a>1 and status = 'FAILED'");
    check("tag.team='a'  and  metrics.a>1", "tags.team", &["b", "c"], "tags.team IN ('b', 'c')  and  metrics.a>1");
    check("tags.team LIKE 'a%'", "tags.team", &["b"], "tags.team LIKE 'a%' AND tags.team = 'b'");
    check("tags.team IN ('a') AND metrics.a > 1", "tags.team", &[], "metrics.a > 1");
    check("metrics.a > 1 AND tags.team IN ('a')", "tags.team", &[], "metrics.a > 1");
    check("metrics.a > 1", "tags.team", &[], "metrics.a > 1");
    check("metrics.a > x", "tags.team", &["b"], "metrics.a > x AND tags.team = 'b'");
    check(r"tags.a = 'C:\'", "tags.team", &["b"], r"tags.team = 'b' AND tags.a = 'C:\'");
    check("", "tags.a", &[r"C:\", "a\nb"], r"tags.a IN ('C:\x5c', 'a\nb')");
    check("", "params.batch size", &["32"], "params.`batch size` = '32'");

    let check = |text: &str, clause: usize, expected: &str| {
        assert_eq!(without(text, clause), expected, "{text} without {clause}");
    };
    check("metrics.a>1  AND metrics.b < 2 and metrics.c = 3", 0, "metrics.b < 2 and metrics.c = 3");
    check("metrics.a>1  AND metrics.b < 2 and metrics.c = 3", 1, "metrics.a>1  AND metrics.c = 3");
    check("metrics.a>1  AND metrics.b < 2 and metrics.c = 3", 2, "metrics.a>1  AND metrics.b < 2");
    check("metrics.a > 1 metrics.b < 2", 0, "metrics.b < 2");
    check("metrics.a > 1 metrics.b < 2", 1, "metrics.a > 1");
    check("oops = 1 AND metrics.b < 2", 0, "oops = 1");
    check("metrics.b < 2 AND oops = 1", 0, "oops = 1");
    check("metrics.b < 2", 7, "metrics.b < 2");
}

#[test]
fn chips_offer_what_the_rows_hold() {
    let table = table();
    let rows: Vec<u32> = table.rows().collect();
    let fields: Vec<String> = choosable(&table, &rows).iter().map(Field::to_string).collect();
    assert_eq!(fields, ["status", "user_id", "dataset.name", "dataset.digest", "tags.team", "params.lr"]);
    assert_eq!(choosable(&table, &[]), []);
    let check = |field: &str, rows: &[u32], expected: &[(&str, u32)]| {
        let field = Field::parse(field).expect("a field");
        let expected: Vec<_> = expected.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect();
        assert_eq!(values(&table, rows, &field, &[]), expected, "{field}");
    };
    check("params.lr", &rows, &[("10", 2), ("9", 1)]);
    check("params.lr", &[0, 99], &[("10", 1)]);
    check("tags.team", &rows, &[("a", 1), ("b", 1)]);
    check("dataset.name", &rows, &[("iris", 2)]);
    check("status", &rows, &[("FINISHED", 3), ("FAILED", 1)]);
    check("start_time", &rows, &[]);
    check("metrics.loss", &rows, &[]);
    check("params.none", &rows, &[]);
}

#[test]
fn rows_are_ordered_by_value_then_nan_then_missing() {
    let table = table();
    let check = |field: &str, ascending: &[u32], descending: &[u32]| {
        for (turned, expected) in [(false, ascending), (true, descending)] {
            let mut rows: Vec<u32> = table.rows().collect();
            let field = Field::parse(field).expect("a field");
            let order = OrderBy { field, descending: turned };
            sort(&mut rows, &table, std::slice::from_ref(&order), &[]);
            assert_eq!(rows, expected, "{order:?}");
        }
    };
    // Start times: 0 is oldest, 3 has none.
    check("start_time", &[0, 1, 2, 3], &[2, 1, 0, 3]);
    check("params.lr", &[1, 2, 0, 3], &[2, 0, 1, 3]);
    check("metrics.loss", &[2, 0, 1, 3], &[0, 2, 1, 3]);
    check("run_name", &[0, 2, 1, 3], &[2, 0, 1, 3]);
    check("metrics.none", &[2, 1, 0, 3], &[2, 1, 0, 3]);
    check("status", &[1, 2, 0, 3], &[2, 0, 3, 1]);
}

#[test]
fn our_own_fields_are_evaluated() {
    let table = table();
    let check = |text: &str, expected: &[u32]| {
        let Parsed { query, problems } = parse(text);
        assert_eq!(problems, [], "{text}");
        let rows = [3, 2, 1, 0, 9];
        assert_eq!(query.select(&table, &rows, &[]), expected, "{text}");
    };
    check("", &[3, 2, 1, 0]);
    check("   ", &[3, 2, 1, 0]);
    check("duration = 5", &[2, 1, 0]);
    check("duration > 5", &[]);
    check("source = 'train.py'", &[]);
    check("experiment LIKE '%'", &[]);
    check("run_name != 'x'", &[2, 0]);
    check("params.lr IS NULL", &[3]);
    check("params.none IS NULL", &[3, 2, 1, 0]);
    check("params.lr NOT IN ('9')", &[2, 0]);
    check("metrics.loss != 1", &[2, 1]);
    check("metrics.loss >= -1e400", &[2, 0]);
}

/// Four runs: one without a name, one with NaN, one with next to nothing.
fn table() -> RunTable {
    use crate::model::{DatasetInput, MetricSeries, RunRow, RunStatus};
    let mut table = RunTable::default();
    let runs = [
        ("a", Some(10), "10", Some(1.0), "a"),
        ("", Some(20), "9", Some(f64::NAN), ""),
        ("c", Some(30), "10", Some(-2.0), "b"),
        ("", None, "", None, ""),
    ];
    let some = |key: &str, text: &str| {
        (!text.is_empty()).then(|| (key.to_owned(), text.to_owned())).into_iter().collect::<Vec<_>>()
    };
    for (number, (name, start_ms, lr, loss, team)) in runs.into_iter().enumerate() {
        let metric = |value: f64| Some(("loss".to_owned(), MetricSeries::from_points(vec![(0, 0, value)]).summary()?));
        let dataset = DatasetInput {
            name: "iris".to_owned(),
            digest: number.to_string(),
            context: None,
            source_type: None,
            source: None,
            profile: None,
            schema: None,
        };
        table.push(RunRow {
            name: name.to_owned(),
            status: if number == 1 { RunStatus::Failed } else { RunStatus::Finished },
            start_ms,
            end_ms: start_ms.map(|start_ms| start_ms + 5),
            user: Some("alice".to_owned()),
            params: some("lr", lr),
            tags: some("team", team),
            metrics: loss.and_then(metric).into_iter().collect(),
            datasets: if number < 2 { vec![dataset] } else { Vec::new() },
            ..RunRow::of_id(number.to_string())
        });
    }
    table
}

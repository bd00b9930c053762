//! What holds for any text and any clause.

use super::*;
use crate::model::DatasetKey;
use proptest::prelude::*;

/// Clauses without their places, and with the two spellings of one list of one made equal.
pub(super) fn bare(query: &Query) -> Vec<(Field, Test)> {
    let test = |test: &Test| match test {
        Test::Text { op, value } if write::quoted(value).is_none() => {
            Test::In { negated: *op == TextOp::NotEqual, values: vec![value.clone()] }
        }
        test => test.clone(),
    };
    query.clauses.iter().map(|clause| (clause.field.clone(), test(&clause.test))).collect()
}

/// Text of the signs that matter to the lexer.
fn signs() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[ '\"`\\\\.()<>=!,;a1é\n-]",
        1 => proptest::sample::select(vec![
            "metrics.a", "tags.", " AND ", " OR ", " IN (", " LIKE ", " IS NOT NULL", "NOT", "params.`b c`", " = 'x'", "0.5", "1e", "--", "/*",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn any_field() -> impl Strategy<Value = Field> {
    let key = prop_oneof!["[a-z_][a-z0-9_.]{0,8}[a-z]", "[-a-z0-9_/ :.@é日\\\\'\"]{1,8}", Just("from".to_owned())];
    // MLflow allows no quote marks in keys; one kind at a time is still understood.
    let key = key.prop_filter("quotes of two kinds", |key| !(key.contains('\'') && key.contains('"')));
    (key, 0..5_usize, 0..10_usize).prop_map(|(key, kind, number)| match kind {
        0 => Field::Metric(key),
        1 => Field::Param(key),
        2 => Field::Tag(key),
        3 => Field::Dataset(DatasetKey::ALL[number % 3]),
        _ => Field::Attribute(Attribute::ALL[number]),
    })
}

fn any_clause() -> impl Strategy<Value = Clause> {
    let value = || prop_oneof![signs(), "[a-z0-9%_]{0,6}"];
    let number = prop_oneof![any::<f64>(), (-1000..1000_i32).prop_map(f64::from), Just(f64::INFINITY)];
    let number = number.prop_filter("NaN has no spelling", |value| !value.is_nan());
    let values = proptest::collection::vec(value(), 1..4);
    (any_field(), number, 0..6_usize, value(), values, 0..5_u8, any::<bool>()).prop_map(
        |(field, value, op, text, values, kind, flag)| {
            let nullable = matches!(field, Field::Tag(_) | Field::Param(_));
            let test = match kind {
                _ if is_numeric(&field) => Test::Number { op: NumberOp::ALL[op], value },
                0 => Test::Text { op: if flag { TextOp::Equal } else { TextOp::NotEqual }, value: text },
                1 if write::quoted(&text).is_some() => Test::Like { ignore_case: flag, pattern: text },
                2 if nullable => Test::Null { negated: flag },
                _ => Test::In { negated: flag, values },
            };
            Clause { field, test, at: 0..0 }
        },
    )
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in prop_oneof![signs(), ".{0,40}"]) {
        let parsed = parse(&text);
        for problem in &parsed.problems {
            prop_assert!(text.get(problem.at.clone()).is_some(), "{:?}", problem);
        }
        let mut end = 0;
        for (at, _) in tokens(&text) {
            prop_assert!(at.start >= end && !at.is_empty() && text.get(at.clone()).is_some());
            prop_assert_eq!(text[end..at.start].trim(), "");
            end = at.end;
        }
        prop_assert_eq!(text[end..].trim(), "");
        // What was read is written and read again.
        let again = parse(&parsed.query.to_string());
        prop_assert_eq!(&again.problems, &vec![]);
        prop_assert_eq!(again.query.clauses.len(), parsed.query.clauses.len());
        for number in 0..parsed.query.clauses.len() {
            let rest = parse(&without(&text, number));
            prop_assert!(rest.query.clauses.len() < parsed.query.clauses.len() || !parsed.problems.is_empty());
        }
        let _ = OrderBy::parse(&text);
    }

    #[test]
    fn what_is_written_reads_back(clauses in proptest::collection::vec(any_clause(), 0..4)) {
        let query = Query { clauses };
        let text = query.to_string();
        let parsed = parse(&text);
        prop_assert_eq!(&parsed.problems, &vec![], "{}", text);
        prop_assert_eq!(bare(&parsed.query), bare(&query), "{}", text);
    }

    #[test]
    fn a_chip_put_on_and_taken_off_leaves_the_rest(
        clauses in proptest::collection::vec(any_clause(), 0..3),
        field in any_field().prop_filter("text", |field| !is_numeric(field)),
        values in proptest::collection::vec(signs(), 1..3),
    ) {
        let clauses = clauses.into_iter().filter(|clause| clause.field != field).collect();
        let query = Query { clauses };
        let text = query.to_string();
        let chip = Clause::one_of(field.clone(), values);
        let on = with(&text, &chip);
        let parsed = parse(&on);
        prop_assert_eq!(&parsed.problems, &vec![], "{}", on);
        let number = parsed.query.clauses.iter().position(|clause| clause.field == field);
        let number = number.expect("the chip is there");
        prop_assert_eq!(bare(&Query { clauses: vec![parsed.query.clauses[number].clone()] }), bare(&Query { clauses: vec![chip] }));
        let off = without(&on, number);
        prop_assert_eq!(bare(&parse(&off).query), bare(&query), "{} -> {}", on, off);
    }
}

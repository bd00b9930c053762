//! How histories are asked for, and whether they are said to be all there is.

use super::{Script, absent, answer, error, json, pairs, server, wait};
use crate::model::Reason;
use crate::sources::http::{NoAnswer, Request};
use crate::sources::rest::Credentials;
use crate::sources::{HistoryAsk, Source};
use serde_json::{Value, json};

fn point(run: &str, step: i64) -> Value {
    json!({"key": "loss", "run_id": run, "step": step, "timestamp": 7, "value": 0.5})
}

#[test]
fn histories_say_whether_they_are_all() {
    // Version and store; points of two runs, how many are enough; whether each is sampled.
    let check = |version: &'static str, store: &'static str, steps: [Vec<i64>; 2], enough: u32, expected: [bool; 2]| {
        let (script, tracking) = Script::new(move |request| match request.url.as_str() {
            url if url.ends_with("/version") => answer(200, version),
            url if url.contains("server-info") => json(json!({ "store_type": store })),
            url if url.contains("get-history-bulk-interval") => {
                let of =
                    |run: &'static str, steps: &[i64]| steps.iter().map(|step| point(run, *step)).collect::<Vec<_>>();
                let points = [of("a", &steps[0]), of("b", &steps[1])].concat();
                json(json!({ "metrics": points }))
            }
            _ => absent(),
        })
        .tracking(Credentials::None);
        let ask = HistoryAsk {
            enough: Some(enough),
            steps: Some((-1, 9)),
            ..pairs(&[("a", "loss"), ("b", "loss"), ("a", "loss")])
        };
        let page = wait(tracking.history(ask)).expect("histories");
        let sampled: Vec<bool> = page.items.iter().map(|series| series.is_sampled).collect();
        assert_eq!(sampled, [expected[0], expected[1], expected[0]], "{version} {store}");
        let asked = script.paths().into_iter().find(|path| path.contains("interval")).expect("a question");
        assert!(
            asked.contains(&format!(
                "metric_key=loss&max_results={enough}&start_step=-1&end_step=9&run_ids=a&run_ids=b"
            )),
            "{asked}"
        );
    };
    check("3.17.2", "SqlStore", [vec![0, 1, 2], vec![0, 5]], 3, [true, false]);
    check("3.17.2", "SqlStore", [vec![0, 1], vec![2, 3]], 4, [false, false]);
    // Others choose among the steps of all runs together.
    check("3.17.2", "FileStore", [vec![0, 1], vec![2, 3]], 4, [true, true]);
    check("2.22.0", "", [vec![0, 1], vec![2, 3]], 5, [false, false]);
    check("3.14.0", "SqlStore", [vec![0, 1, 2], vec![2, 0]], 3, [true, true]);
}

#[test]
fn short_histories_come_whole_and_long_ones_sampled() {
    // The last step, the points of an answer that is whole; the ways that were asked, whether the histories are sampled.
    let check = |last_step: Option<i64>, held: usize, ways: &[&str], is_sampled: bool| {
        let (script, tracking) = server(move |request| match request.url.as_str() {
            url if url.contains("get-history-bulk?") => {
                json(json!({ "metrics": (0..held).map(|step| point("a", step as i64)).collect::<Vec<_>>() }))
            }
            url if url.contains("get-history-bulk-interval") => {
                json(json!({ "metrics": [point("a", 0), point("a", 5), point("b", 0)] }))
            }
            _ => absent(),
        })
        .tracking(Credentials::None);
        let ask = HistoryAsk { enough: Some(2), last_step, ..pairs(&[("a", "loss"), ("b", "loss")]) };
        let page = wait(tracking.history(ask)).expect("histories");
        let paths = script.paths();
        let asked = paths.iter().filter_map(|path| Some(path.split_once("get-history-bulk")?.1.split_once('?')?.0));
        assert_eq!(asked.collect::<Vec<_>>(), ways, "last step {last_step:?}, {held} points: {paths:?}");
        assert_eq!(page.items[0].is_sampled, is_sampled, "last step {last_step:?}, {held} points");
    };
    check(Some(3), 4, &[""], false);
    check(Some(12_498), 4, &[""], false);
    check(Some(12_499), 4, &["-interval"], true);
    check(None, 4, &["-interval"], true);
    // Steps may hold many points each: what is full may lack some.
    check(Some(0), 25_000, &["", "-interval"], true);
}

#[test]
fn histories_come_by_whatever_way_there_is() {
    let whole = |request: &Request| {
        let is_second = request.url.contains("page_token=t");
        let from = if is_second { 2 } else { 0 };
        let mut page =
            json!({"metrics": [{"key": "loss", "step": from}, {"key": "loss", "step": from + 1, "value": "NaN"}]});
        if !is_second {
            page["next_page_token"] = json!("t");
        }
        json(page)
    };
    for enough in [None, Some(10)] {
        let (script, tracking) = server(move |request| match request.url.as_str() {
            url if url.contains("bulk") => absent(),
            url if url.contains("get-history") => whole(request),
            _ => absent(),
        })
        .tracking(Credentials::None);
        for _ in 0..2 {
            let ask = HistoryAsk { enough, ..pairs(&[("a", "loss"), ("b", "loss")]) };
            let page = wait(tracking.history(ask)).expect("histories");
            assert!(
                page.items.iter().all(|series| series.step == [0, 1, 2, 3] && !series.is_sampled),
                "{:?}",
                page.items
            );
            assert!(page.items[0].value[1].is_nan() && page.items[0].value[0] == 0.0);
        }
        assert_eq!(
            script.count("bulk"),
            if enough.is_some() { 2 } else { 1 },
            "under both prefixes, and then never again: {:?}",
            script.paths()
        );
    }
    // A whole answer for many runs, with bare words that are no JSON; full, it may lack some.
    for (most, expected) in [(2, 1), (25_000, 3)] {
        let (script, tracking) = server(move |request| match request.url.as_str() {
            url if url.contains("get-history-bulk?") => {
                let points: Vec<String> = (0..most)
                    .map(|step| format!(r#"{{"key": "loss", "run_id": "a", "step": {step}, "value": NaN}}"#))
                    .collect();
                answer(200, &format!(r#"{{"metrics": [{}]}}"#, points.join(",")))
            }
            url if url.contains("get-history") => json(json!({"metrics": [{"step": 1, "value": 2}]})),
            _ => absent(),
        })
        .tracking(Credentials::None);
        let page = wait(tracking.history(pairs(&[("a", "loss"), ("b", "loss")]))).expect("histories");
        assert_eq!(script.count("get-history"), expected);
        assert_eq!(page.items[0].len(), if most == 2 { 2 } else { 1 });
    }
    // What stands before the server lets `/api` through alone.
    for refused in [answer(403, "no"), answer(200, "<html>log in"), answer(302, "")] {
        let (script, tracking) = server(move |request| match request.url.as_str() {
            url if url.contains("/ajax-api/") => refused.clone(),
            url if url.contains("get-history") => json(json!({"metrics": [{"step": 1, "value": 2}]})),
            _ => absent(),
        })
        .tracking(Credentials::None);
        for _ in 0..2 {
            let page = wait(tracking.history(pairs(&[("a", "loss"), ("b", "loss")]))).expect("histories");
            assert_eq!((page.items[0].len(), page.items[1].len()), (1, 1));
        }
        assert_eq!(script.count("/ajax-api/"), 1);
    }
    // One history that is too large leaves the others.
    let (_, tracking) = server(|request| match request.url.as_str() {
        url if url.contains("run_id=large") && !url.contains("bulk") => Err(NoAnswer::TooLarge),
        url if url.contains("get-history?") => json(json!({"metrics": [{"step": 1, "value": 2}]})),
        _ => absent(),
    })
    .tracking(Credentials::None);
    let page = wait(tracking.history(pairs(&[("a", "loss"), ("large", "loss")]))).expect("histories");
    assert_eq!((page.items[0].len(), page.items[1].is_sampled, page.report.count(Reason::TooLarge)), (1, true, 1));
    // A run that is gone leaves the others.
    let (_, tracking) = server(|request| match request.url.as_str() {
        url if url.contains("bulk") || url.contains("run_id=gone") => {
            error(404, "RESOURCE_DOES_NOT_EXIST", "Run gone not found")
        }
        url if url.contains("get-history") => json(json!({"metrics": [{"step": 1, "value": 2}]})),
        _ => absent(),
    })
    .tracking(Credentials::None);
    let page = wait(tracking.history(pairs(&[("a", "loss"), ("gone", "loss")]))).expect("histories");
    assert_eq!((page.items[0].len(), page.items[1].len(), page.report.count(Reason::ServerAnswer)), (1, 0, 1));
}

#[test]
fn negative_steps_are_asked_for_where_a_server_begins_at_0() {
    for (version, expected) in [("3.17.2", 0), ("2.22.0", 1)] {
        let (script, tracking) = Script::new(move |request| match request.url.as_str() {
            url if url.ends_with("/version") => answer(200, version),
            url if url.contains("server-info") => json(json!({"store_type": "SqlStore"})),
            url if url.contains("interval") => json(json!({"metrics": [point("a", -5)]})),
            _ => absent(),
        })
        .tracking(Credentials::None);
        let ask = HistoryAsk { enough: Some(10), ..pairs(&[("a", "loss")]) };
        assert_eq!(wait(tracking.history(ask)).expect("a history").items[0].step, [-5]);
        let range = "&start_step=-9223372036854775808&end_step=9223372036854775807";
        assert_eq!(script.count(range), expected, "{version}: {:?}", script.paths());
    }
}

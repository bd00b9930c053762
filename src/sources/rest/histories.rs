//! HISTORIES FROM A SERVER: of many runs in one question where it can, sampled where that is enough; else one by one.
//!
//! What a server can not do is found out once: it answers 404, 405 or 501.

use super::answers;
use super::call::{Call, Place, Refused};
use super::listing::Guard;
use super::tracking::Inner;
use crate::model::{MetricSeries, Reason, Report, RunKey};
use crate::sources::exports::json::{Bad, Broken, Json};
use crate::sources::{Cursor, Fault, HistoryAsk, Page, Progress};
use futures_util::future::try_join_all;
use serde::Deserialize;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Runs of one question, MLflow's own limit.
const RUNS: usize = 100;
/// Letters of ids in one question: what stands before a server takes addresses of 8 kB.
const ADDRESS: usize = 5_500;
/// Points of each run that a server samples at most.
const SAMPLED: u32 = 2_500;
/// Points of one page of a whole history.
const POINTS: u32 = 20_000;
/// Bytes of an answer: it is taken apart point by point. Servers before 3.3 give all points of a run at once.
const BYTES: u64 = 256 << 20;
/// Points of one history that are kept.
const MOST_POINTS: usize = 5_000_000;
/// Points that an answer should hold, about.
const PAGE_POINTS: u32 = 250_000;
/// Points of all runs together in one answer that holds whole histories, MLflow's own limit: with fewer it is complete.
const BULK: usize = 25_000;
/// Histories of an answer where all points are wanted, and where each is a question.
const WHOLE: usize = 200;
const SINGLE: usize = 32;

/// What this server was found to be able to do.
#[derive(Debug, Default)]
pub struct Abilities {
    has_no_samples: Cell<bool>,
    has_no_bulk: Cell<bool>,
}

/// What is asked of many runs at once.
#[derive(Clone, Copy)]
enum Wanted {
    /// So many points of each, from the first to the last step.
    Sampled(u32, Option<(i64, i64)>),
    /// All points.
    Whole,
}

/// An element of `metrics`, its numbers as texts.
#[derive(Deserialize)]
struct Row {
    run_id: Option<String>,
    step: Option<String>,
    timestamp: Option<String>,
    value: Option<String>,
}

/// (step, time in ms, value)
type Point = (i64, i64, f64);

impl Row {
    fn point(&self) -> Option<Point> {
        let whole = |text: &Option<String>| text.as_deref().map_or(Some(0), answers::integer);
        // Some servers leave out what is 0.
        let value = self.value.as_deref().map_or(Some(0.0), answers::float)?;
        Some((whole(&self.step)?, whole(&self.timestamp)?, value))
    }
}

/// Some pairs of an ask, all of one metric.
struct Batch<'a> {
    key: &'a str,
    /// Place of each pair among those asked, by run.
    places: BTreeMap<&'a str, Vec<usize>>,
}

/// One page: a prefix of the pairs that remain.
///
/// # Errors
/// When the server does not answer.
pub async fn page(inner: &Inner, ask: HistoryAsk) -> Result<Page<Vec<MetricSeries>>, Fault> {
    let start = Cursor::place(ask.after.as_ref());
    let pairs = ask.pairs.get(start..).unwrap_or_default();
    let sampled = ask.enough.filter(|enough| (1..=SAMPLED).contains(enough));
    let wanted = match sampled {
        Some(enough) if !inner.abilities.has_no_samples.get() => Wanted::Sampled(enough, ask.steps),
        _ => Wanted::Whole,
    };
    let most = match wanted {
        Wanted::Sampled(enough, _) => (PAGE_POINTS / enough).clamp(RUNS as u32, 2_000) as usize,
        Wanted::Whole if inner.abilities.has_no_bulk.get() => SINGLE,
        Wanted::Whole => WHOLE,
    };
    let pairs = pairs.get(..most).unwrap_or(pairs);
    let mut report = Report::default();
    let mut items = vec![MetricSeries::default(); pairs.len()];
    let batches = batches(pairs);
    let asked = batches.iter().map(|batch| one(inner, batch, ways(batch, wanted, ask.last_step)));
    for (series, notices) in try_join_all(asked).await? {
        report.merge(notices);
        for (place, series) in series {
            if let Some(item) = items.get_mut(place) {
                *item = series;
            }
        }
    }
    let next = Cursor::before_rest(start.saturating_add(items.len()), ask.pairs.len());
    Ok(Page::new(items, next, Progress::default(), report))
}

fn batches(pairs: &[(RunKey, String)]) -> Vec<Batch<'_>> {
    let mut by_key: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for (place, (run, key)) in pairs.iter().enumerate() {
        by_key.entry(key).or_default().entry(&run.0).or_default().push(place);
    }
    let mut batches = Vec::new();
    for (key, runs) in by_key {
        let (mut places, mut letters) = (BTreeMap::new(), 0);
        for (run, at) in runs {
            let own = run.len() + "&run_ids=".len();
            if places.len() >= RUNS || (letters + own > ADDRESS && !places.is_empty()) {
                batches.push(Batch { key, places: std::mem::take(&mut places) });
                letters = 0;
            }
            letters += own;
            places.insert(run, at);
        }
        batches.push(Batch { key, places });
    }
    batches
}

type Given = (Vec<(usize, MetricSeries)>, Report);

/// How a batch is asked for, one way after the other. Short histories come whole: a server reads them straight from its table, and
/// takes eight times as long to choose among the points of 100 runs.
fn ways(batch: &Batch<'_>, wanted: Wanted, last_step: Option<i64>) -> Vec<Wanted> {
    let points = |last: i64| last.saturating_add(1).saturating_mul(batch.places.len() as i64);
    let is_short = last_step.is_some_and(|last| points(last) < BULK as i64);
    match wanted {
        Wanted::Sampled(_, None) if is_short => vec![Wanted::Whole, wanted],
        _ => vec![wanted],
    }
}

async fn one(inner: &Inner, batch: &Batch<'_>, ways: Vec<Wanted>) -> Result<Given, Fault> {
    for wanted in ways {
        let has_none = match wanted {
            Wanted::Sampled(..) => &inner.abilities.has_no_samples,
            Wanted::Whole => &inner.abilities.has_no_bulk,
        };
        // One history whole is asked for by itself, in pages.
        let is_worth_it = matches!(wanted, Wanted::Sampled(..)) || batch.places.len() > 1;
        if !is_worth_it || has_none.get() {
            continue;
        }
        match many(inner, batch, wanted).await {
            Ok(Some(given)) => return Ok(given),
            Ok(None) => {}
            Err(refused) if refused.is_absent() => has_none.set(true),
            // One of the runs is gone, or the question is too long for what stands before the server.
            Err(refused) if refused.is_missing() || matches!(refused.status, Some(400 | 414 | 431)) => {}
            // Gateways may let `/api` through alone, and say something else of the rest.
            Err(refused) if matches!(wanted, Wanted::Whole) && matches!(refused.status, Some(200..=403)) => {
                has_none.set(true);
            }
            Err(refused) => return Err(refused.into()),
        }
    }
    let (mut series, mut report) = (Vec::new(), Report::default());
    let asked = batch.places.iter().map(|(run, places)| async move {
        whole(inner, run, batch.key).await.map(|(history, notices)| (places, history, notices))
    });
    for (places, history, notices) in try_join_all(asked).await? {
        report.merge(notices);
        series.extend(places.iter().map(|place| (*place, history.clone())));
    }
    Ok((series, report))
}

/// Of many runs at once; `None` when the answer does not hold all of them.
async fn many(inner: &Inner, batch: &Batch<'_>, wanted: Wanted) -> Result<Option<Given>, Refused> {
    let (place, name, most) = match wanted {
        Wanted::Sampled(most, _) => (Place::Api("metrics/get-history-bulk-interval"), "run_ids", most as usize),
        Wanted::Whole => (Place::Ajax("metrics/get-history-bulk"), "run_id", BULK),
    };
    let mut call = Call { most_bytes: BYTES, ..Call::get(place, &[("metric_key", batch.key)]) };
    call.query.push(("max_results", most.to_string()));
    let by_run = inner.identity().await.samples_by_run();
    if let Wanted::Sampled(_, steps) = wanted {
        // Unless it is told otherwise, a server that samples by steps begins at step 0.
        let steps = steps.or((!by_run).then_some((i64::MIN, i64::MAX)));
        if let Some((first, last)) = steps {
            call.query.extend([("start_step", first.to_string()), ("end_step", last.to_string())]);
        }
    }
    call.query.extend(batch.places.keys().map(|run| (name, (*run).to_owned())));
    let body = inner.client.walk(&call).await?;
    let mut report = Report::default();
    let mut points: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    let (mut strangers, mut union) = (0_u32, BTreeSet::new());
    read_points(inner, body, &mut report, &mut |row, point| match row
        .run_id
        .as_deref()
        .and_then(|run| batch.places.get_key_value(run))
    {
        Some((run, _)) => {
            points.entry(run).or_default().push(point);
            if union.len() < most {
                union.insert(point.0);
            }
        }
        None => strangers += 1,
    })?;
    if strangers > 0 {
        let message = format!("{strangers} points of runs that were not asked for were left out.");
        report.note(Reason::ServerAnswer, "", None, message);
    }
    let is_whole = matches!(wanted, Wanted::Whole);
    if is_whole && points.values().map(Vec::len).sum::<usize>() >= most {
        return Ok(None);
    }
    // What is no more than was asked for may be all there is, or not.
    let union_is_full = !is_whole && !by_run && union.len() >= most;
    let mut series = Vec::new();
    for (run, points) in points {
        let is_sampled = !is_whole && (union_is_full || points.len() >= most);
        let history = MetricSeries { is_sampled, ..MetricSeries::from_points(points) };
        let places = batch.places.get(run).into_iter().flatten();
        series.extend(places.map(|place| (*place, history.clone())));
    }
    Ok(Some((series, report)))
}

/// All points of one history, in pages where the server has pages.
async fn whole(inner: &Inner, run: &str, key: &str) -> Result<(MetricSeries, Report), Fault> {
    let (mut points, mut report) = (Vec::new(), Report::default());
    let (mut token, mut guard) = (String::new(), Guard::default());
    let mut is_cut = false;
    loop {
        let query = [("run_id", run), ("metric_key", key)];
        let mut call = Call { most_bytes: BYTES, ..Call::get(Place::Api("metrics/get-history"), &query) };
        call.query.push(("max_results", POINTS.to_string()));
        if !token.is_empty() {
            call.query.push(("page_token", token.clone()));
        }
        let body = match inner.client.walk(&call).await {
            Ok(body) => body,
            Err(refused) if refused.is_missing() => {
                report.note(Reason::ServerAnswer, inner.client.shown(run), None, refused.fault.message);
                break;
            }
            Err(refused) if refused.is_too_large() => {
                let message =
                    format!("The history of `{}` comes in one answer that is too large.", inner.client.shown(key));
                report.note(Reason::TooLarge, inner.client.shown(run), None, message);
                is_cut = true;
                break;
            }
            Err(refused) => return Err(refused.into()),
        };
        let before = points.len();
        let next = read_points(inner, body, &mut report, &mut |_, point| points.push(point))?;
        let Some(next) = next else { break };
        if points.len() > MOST_POINTS {
            report.note(
                Reason::TooLarge,
                inner.client.shown(run),
                None,
                format!("Of `{}` there are more points than can be held.", inner.client.shown(key)),
            );
            is_cut = true;
            break;
        }
        if !guard.goes_on(&token, &next, points.len() - before) {
            report.note(
                Reason::ServerPages,
                inner.client.shown(run),
                None,
                "The pages of a history repeat themselves.",
            );
            break;
        }
        token = next;
    }
    Ok((MetricSeries { is_sampled: is_cut, ..MetricSeries::from_points(points) }, report))
}

/// Gives each point of an answer to `each`; the token of the page that follows.
fn read_points(
    inner: &Inner,
    body: Vec<u8>,
    report: &mut Report,
    each: &mut dyn FnMut(&Row, Point),
) -> Result<Option<String>, Refused> {
    let broken = |broken: Broken| match broken {
        Broken::Fault(fault) => inner.client.bad(&fault.message),
        Broken::Text { message, .. } => inner.client.bad(message.trim_end_matches('.')),
    };
    let mut json = Json::new(Rc::new(body)).map_err(|fault| inner.client.bad(&fault.message))?;
    let (mut token, mut bad) = (None, 0_u32);
    if !json.enter(b'{').map_err(broken)? {
        return Err(inner.client.bad("it is no object"));
    }
    while let Some(key) = json.next_key().map_err(broken)? {
        match key.as_str() {
            "metrics" if json.enter(b'[').map_err(broken)? => {
                while json.next_item().map_err(broken)? {
                    let row: Result<Row, Bad> = json.parsed().map_err(broken)?;
                    match row.ok().and_then(|row| row.point().map(|point| (row, point))) {
                        Some((row, point)) => each(&row, point),
                        None => bad += 1,
                    }
                }
            }
            "next_page_token" => token = json.value().map_err(broken)?.ok().and_then(|value| answers::filled(&value)),
            _ => json.skip().map_err(broken)?,
        }
    }
    if bad > 0 {
        report.note(Reason::ServerAnswer, "", None, format!("{bad} points of a history are none and were left out."));
    }
    Ok(token)
}

//! The loading loop: all experiments, then all runs, then what was only counted.

use crate::model::{Experiment, RunTable, Store};
use crate::sources::{Async, Fault, Page, RunsAsk, Source};
use std::task::Poll;

/// One answer that the loop got.
#[derive(Debug)]
pub enum Step {
    /// More experiments.
    Experiments(Page<Vec<Experiment>>),
    /// More runs.
    Runs(Box<Page<RunTable>>),
    /// All was read.
    Stores(Vec<Store>),
    /// A question produced nothing; the loop ends.
    Failed(Fault),
}

/// Runs on the first page: few, so that the first rows stand at once.
const FIRST_RUNS: u32 = 25;
/// Runs on a page at least: smaller ones cost more than they show.
const LEAST_RUNS: f64 = 16.0;
/// What one page should take: long enough to be worth its journey and the reads it costs, short enough that a chart's
/// question is not kept waiting.
const PAGE_MS: f64 = 180.0;

/// Asks `source` for everything and hands each answer to `absorb`, which says whether to go on. The size of the pages
/// follows how long they take, by the caller's clock. `shown` comes when the first runs are on screen: nothing more is read until
/// then, since whoever shows them wants the machine for itself.
pub async fn load(
    source: &dyn Source,
    absorb: &mut dyn FnMut(Step) -> bool,
    now_ms: &dyn Fn() -> f64,
    shown: impl Future<Output = ()>,
) {
    if experiments(source, absorb).await && runs(source, absorb, now_ms, shown).await {
        stores(source, absorb).await;
    }
}

/// The same of a tracking server: its runs come when somebody asks for them. What it has beside them is counted when `idle` comes.
pub async fn load_experiments(
    source: &dyn Source,
    absorb: &mut dyn FnMut(Step) -> bool,
    idle: impl Future<Output = ()>,
) {
    if experiments(source, absorb).await {
        idle.await;
        stores(source, absorb).await;
    }
}

async fn stores(source: &dyn Source, absorb: &mut dyn FnMut(Step) -> bool) {
    match source.stores().await {
        Err(fault) => absorb(Step::Failed(fault)),
        Ok(stores) => absorb(Step::Stores(stores)),
    };
}

/// All experiments; whether to go on.
async fn experiments(source: &dyn Source, absorb: &mut dyn FnMut(Step) -> bool) -> bool {
    let mut after = None;
    loop {
        match source.experiments(after).await {
            Err(fault) => {
                absorb(Step::Failed(fault));
                return false;
            }
            Ok(page) => {
                after = page.next.clone();
                if !absorb(Step::Experiments(page)) {
                    return false;
                }
            }
        }
        if after.is_none() {
            return true;
        }
    }
}

/// All runs; whether to go on.
async fn runs(
    source: &dyn Source,
    absorb: &mut dyn FnMut(Step) -> bool,
    now_ms: &dyn Fn() -> f64,
    shown: impl Future<Output = ()>,
) -> bool {
    let ask = |after, size| source.runs(RunsAsk { after, size, ..RunsAsk::default() });
    let mut shown = Some(shown);
    let mut size = FIRST_RUNS;
    let mut coming = ask(None, size);
    loop {
        let start_ms = now_ms();
        match coming.await {
            Err(fault) => {
                absorb(Step::Failed(fault));
                return false;
            }
            Ok(page) => {
                let took_ms = (now_ms() - start_ms).max(1.0);
                size = (f64::from(size) * (PAGE_MS / took_ms).clamp(0.5, 4.0)).clamp(LEAST_RUNS, 5_000.0) as u32;
                let after = page.next.clone();
                let first = if page.items.is_empty() { None } else { shown.take() };
                // the next page is read while this one is taken in
                let next = match &after {
                    Some(after) if first.is_none() => Some(begun(ask(Some(after.clone()), size)).await),
                    _ => None,
                };
                if !absorb(Step::Runs(Box::new(page))) {
                    return false;
                }
                if let Some(shown) = first.filter(|_| after.is_some()) {
                    shown.await;
                }
                coming = match (next, after) {
                    (Some(next), _) => next,
                    (None, Some(after)) => ask(Some(after), size),
                    (None, None) => return true,
                };
            }
        }
    }
}

/// A question that was put: whoever answers is at work, though nobody waits yet.
async fn begun<'a, T: 'a>(mut question: Async<'a, T>) -> Async<'a, T> {
    let first = std::future::poll_fn(|context| Poll::Ready(question.as_mut().poll(context))).await;
    match first {
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
        Poll::Pending => question,
    }
}

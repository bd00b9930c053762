//! The loading loop: all experiments, then all runs, then what was only counted.

use crate::model::{Experiment, RunTable, Store};
use crate::sources::{Fault, Page, RunsAsk, Source};

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
/// What one page should take: long enough to be worth its journey, short enough that a chart's question is not kept waiting.
const PAGE_MS: f64 = 60.0;

/// Asks `source` for everything and hands each answer to `absorb`, which says whether to go on. The size of the pages
/// follows how long they take, by the caller's clock.
pub async fn load(source: &dyn Source, absorb: &mut dyn FnMut(Step) -> bool, now_ms: &dyn Fn() -> f64) {
    let mut after = None;
    loop {
        match source.experiments(after).await {
            Err(fault) => {
                absorb(Step::Failed(fault));
                return;
            }
            Ok(page) => {
                after = page.next.clone();
                if !absorb(Step::Experiments(page)) {
                    return;
                }
            }
        }
        if after.is_none() {
            break;
        }
    }
    let mut ask = RunsAsk { after: None, size: FIRST_RUNS };
    loop {
        let start_ms = now_ms();
        match source.runs(ask.clone()).await {
            Err(fault) => {
                absorb(Step::Failed(fault));
                return;
            }
            Ok(page) => {
                ask.after = page.next.clone();
                let got = page.items.len() as f64;
                if !absorb(Step::Runs(Box::new(page))) {
                    return;
                }
                let took_ms = (now_ms() - start_ms).max(1.0);
                ask.size = (got.max(1.0) * PAGE_MS / took_ms).clamp(4.0, 2_000.0) as u32;
            }
        }
        if ask.after.is_none() {
            break;
        }
    }
    match source.stores().await {
        Err(fault) => absorb(Step::Failed(fault)),
        Ok(stores) => absorb(Step::Stores(stores)),
    };
}

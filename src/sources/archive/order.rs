//! READING IN THE ORDER OF THE FILE, whatever the order of the questions: neighbours come through one window. It must not know
//! how an entry is read.

use crate::sources::{Fault, FaultKind, ReadAsk};
use std::ops::Range;

/// Entries nearer than this are read in one go, bytes: what lies between costs less than another question.
pub const GAP: u64 = 64 << 10;

/// Entries of an archive, by number.
pub trait Entries {
    /// Which entry an ask means, and which stretch of the file it needs, about.
    fn place(&self, ask: &ReadAsk) -> Option<(u32, Range<u64>)>;

    /// The answer to an ask; up to `ahead` the next ones will want the file as well.
    ///
    /// # Errors
    /// Those of the file and of the entry.
    fn read_entry(&self, ask: &ReadAsk, number: u32, ahead: u64) -> Result<Vec<u8>, Fault>;
}

/// Answers all `asks`.
pub fn read_in_order(entries: &dyn Entries, asks: &[ReadAsk]) -> Vec<Result<Vec<u8>, Fault>> {
    let mut plan: Vec<(usize, u32, Range<u64>)> = Vec::with_capacity(asks.len());
    for (at, ask) in asks.iter().enumerate() {
        if let Some((number, span)) = entries.place(ask) {
            plan.push((at, number, span));
        }
    }
    plan.sort_by_key(|(_, _, span)| span.start);
    let spans: Vec<Range<u64>> = plan.iter().map(|(_, _, span)| span.clone()).collect();
    let mut answers: Vec<Result<Vec<u8>, Fault>> = asks.iter().map(|ask| Err(not_found(&ask.path))).collect();
    for ((at, number, _), ahead) in plan.into_iter().zip(joined_ends(&spans)) {
        if let (Some(ask), Some(answer)) = (asks.get(at), answers.get_mut(at)) {
            *answer = entries.read_entry(ask, number, ahead);
        }
    }
    answers
}

/// For each of the spans, which ascend, where the run of neighbours ends that it belongs to.
fn joined_ends(spans: &[Range<u64>]) -> Vec<u64> {
    let mut ends: Vec<u64> = spans.iter().map(|span| span.end).collect();
    for at in (1..spans.len()).rev() {
        let (Some(before), Some(span)) = (spans.get(at - 1), spans.get(at)) else { continue };
        let joined = ends.get(at).copied().unwrap_or(span.end);
        if span.start <= before.end.saturating_add(GAP)
            && let Some(end) = ends.get_mut(at - 1)
        {
            *end = joined.max(*end);
        }
    }
    ends
}

/// The fault of a path that no entry has.
pub fn not_found(path: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("There is no `{path}` in the archive."))
}

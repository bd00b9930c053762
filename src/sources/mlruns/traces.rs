//! A page of traces: their folder is listed, and of each trace three small files are read. Its spans are not.

use super::layout::TracesPlace;
use super::meta::Meta;
use super::{SMALL_LIMIT, text_of};
use crate::model::{Reason, Report, Trace};
use crate::sources::gather::Tally;
use crate::sources::recognise::Traces;
use crate::sources::{Fault, FaultKind, Folder, ReadAsk, path, rest, times};
use std::cell::RefCell;
use std::rc::Rc;

/// Traces of a page.
const PAGE: usize = 1_000;
/// Where the fields of a trace lie in its folder. The metadata kept the name that it had before MLflow 3.
const FILES: [&str; 3] = ["trace_info.yaml", "tags/mlflow.traceName", "request_metadata/mlflow.sourceRun"];

/// A trace that is to be read.
pub(super) struct TracePlace {
    experiment: u32,
    dir: String,
}

/// Names of the traces of some folders in a row, from that number on: a folder of many pages is listed once.
#[derive(Debug, Default)]
pub(super) struct Listed(RefCell<(usize, Vec<Rc<Vec<String>>>)>);

impl Listed {
    /// The names of one folder. Where it is not listed yet, some of its neighbours are with it, up to about `room` traces.
    async fn names(
        &self,
        folder: &dyn Folder,
        places: &[TracesPlace],
        at: usize,
        room: usize,
    ) -> Result<Rc<Vec<String>>, Fault> {
        let known = |listed: &(usize, Vec<Rc<Vec<String>>>)| listed.1.get(at.checked_sub(listed.0)?).cloned();
        if let Some(names) = known(&self.0.borrow()) {
            return Ok(names);
        }
        let mut count = 0_u64;
        let is_wanted = |place: &&TracesPlace| {
            let is_room = count < room as u64;
            count += u64::from(place.traces.count);
            is_room
        };
        let places: Vec<&TracesPlace> = places.iter().skip(at).take_while(is_wanted).collect();
        let dirs: Vec<String> = places.iter().map(|place| place.dir.clone()).collect();
        let lists = folder.list(&dirs, false).await?;
        let names = places.iter().zip(lists).map(|(place, entries)| {
            let is_trace = |entry: &crate::sources::Entry| Traces::holds(place.traces.by_name, entry);
            Rc::new(entries.into_iter().filter(is_trace).map(|entry| entry.name).collect())
        });
        let listed = (at, names.collect());
        let names = known(&listed).unwrap_or_default();
        *self.0.borrow_mut() = listed;
        Ok(names)
    }

    /// The traces of the page that starts at a folder of `places` after so many of its traces, and where the next one starts.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn choose(
        &self,
        folder: &dyn Folder,
        places: &[TracesPlace],
        start: (usize, usize),
    ) -> Result<(Vec<TracePlace>, (usize, usize)), Fault> {
        let (mut at, mut given) = start;
        let mut chosen = Vec::new();
        while let (Some(place), true) = (places.get(at), chosen.len() < PAGE) {
            let room = PAGE - chosen.len();
            let names = self.names(folder, places, at, room).await?;
            let taken = names.iter().skip(given).take(room);
            given = given.saturating_add(taken.len());
            let dir = |name| path::join(&place.dir, name);
            chosen.extend(taken.map(|name| TracePlace { experiment: place.experiment, dir: dir(name) }));
            if given >= names.len() {
                (at, given) = (at + 1, 0);
            }
        }
        Ok((chosen, (at, given)))
    }

    /// Drops what was listed.
    pub fn forget(&self) {
        self.0.take();
    }
}

/// Reads the traces at `places`.
pub(super) async fn read(
    folder: &dyn Folder,
    tally: &Tally,
    places: &[TracePlace],
    report: &mut Report,
) -> Result<Vec<Trace>, Fault> {
    let files = |place: &TracePlace| FILES.map(|name| ReadAsk::up_to(path::join(&place.dir, name), SMALL_LIMIT + 1));
    let asks: Vec<ReadAsk> = places.iter().flat_map(files).collect();
    let new = |place: &TracePlace| Trace {
        experiment: place.experiment,
        id: path::name(&place.dir).to_owned(),
        ..Trace::default()
    };
    let mut traces: Vec<Trace> = places.iter().map(new).collect();
    tally
        .read_each(folder, &asks, |at, answer| {
            let (Some(trace), Some(ask)) = (traces.get_mut(at / FILES.len()), asks.get(at)) else { return };
            let is_info = at % FILES.len() == 0;
            if matches!(&answer, Err(fault) if fault.kind == FaultKind::NotFound) {
                if is_info {
                    let message = "The trace has no trace_info.yaml; its state and times are not known.";
                    report.note(Reason::MetaMissing, path::parent(&ask.path), None, message);
                }
                return;
            }
            let Some(text) = text_of(&ask.path, answer, SMALL_LIMIT, report) else { return };
            match at % FILES.len() {
                0 => absorb(trace, &ask.path, &text, report),
                1 => trace.name = text,
                _ => trace.run_id = Some(text).filter(|run| !run.is_empty()),
            }
        })
        .await?;
    Ok(traces)
}

/// What a trace_info.yaml says: `request_id`, `timestamp_ms`, `execution_time_ms`, `status` before MLflow 3, and `trace_id`,
/// `request_time` (RFC 3339), `execution_duration_ms`, `state` since.
fn absorb(trace: &mut Trace, file: &str, text: &str, report: &mut Report) {
    let read = Meta::read(text);
    if let Some((line, message)) = read.problem {
        report.note(Reason::MetaUnreadable, file, line, message);
    }
    let meta = read.meta;
    let first = |keys: &[&'static str]| keys.iter().find_map(|key| Some((*key, meta.filled(key)?)));
    if let Some((_, id)) = first(&["trace_id", "request_id"]) {
        if id != trace.id {
            report.note(Reason::IdMismatch, file, None, format!("The folder {} holds the trace {id}.", trace.id));
        }
        trace.id = id.to_owned();
    }
    trace.state = first(&["state", "status"]).map(|(_, state)| state.to_owned()).unwrap_or_default();
    let start = first(&["request_time", "timestamp_ms"]);
    trace.start_ms = start.and_then(|(key, text)| match key {
        "timestamp_ms" => meta.int(key).ok().flatten(),
        _ => times::parse_ms(text),
    });
    let duration = first(&["execution_duration_ms", "execution_time_ms", "execution_duration"]);
    trace.duration_ms = duration.and_then(|(key, text)| match key {
        "execution_duration" => rest::shelf::duration_ms(text),
        _ => meta.int(key).ok().flatten(),
    });
    for (read, stated) in [(trace.start_ms, start), (trace.duration_ms, duration)] {
        if let (None, Some((key, text))) = (read, stated) {
            report.note(Reason::FieldInvalid, file, None, format!("{key} is `{text}`, which is no time."));
        }
    }
}

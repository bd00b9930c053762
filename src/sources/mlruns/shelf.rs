//! What lies beside the runs, a page of one kind after the other: registered models, logged models, traces.
//!
//! It must not know how any of them is read.

use super::layout::Layout;
use super::models;
use super::traces::{self, Listed};
use crate::model::{Report, Shelf};
use crate::sources::gather::Tally;
use crate::sources::{Cursor, Fault, Folder};

/// Folders that a page of models reads, about: a model counts with its versions, all of which lie on one page.
const FOLDERS: usize = 512;

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Registered(usize),
    Logged(usize),
    /// A folder of traces, and how many of it were given.
    Traces(usize, usize),
}

impl Start {
    fn of(cursor: Option<&Cursor>) -> Option<Start> {
        let Some(Cursor(text)) = cursor else { return Some(Start::Registered(0)) };
        let (kind, place) = text.split_once(' ')?;
        match kind {
            "registered" => Some(Start::Registered(place.parse().ok()?)),
            "logged" => Some(Start::Logged(place.parse().ok()?)),
            "traces" => {
                let (folder, given) = place.split_once(' ')?;
                Some(Start::Traces(folder.parse().ok()?, given.parse().ok()?))
            }
            _ => None,
        }
    }

    fn cursor(self) -> Cursor {
        Cursor(match self {
            Start::Registered(at) => format!("registered {at}"),
            Start::Logged(at) => format!("logged {at}"),
            Start::Traces(folder, given) => format!("traces {folder} {given}"),
        })
    }

    /// The same, or where the next kind starts; `None` when nothing is left.
    fn settled(self, layout: &Layout) -> Option<Start> {
        match self {
            Start::Registered(at) if at >= layout.registered.len() => Start::Logged(0).settled(layout),
            Start::Logged(at) if at >= layout.logged.len() => Start::Traces(0, 0).settled(layout),
            Start::Traces(folder, _) if folder >= layout.traces.len() => None,
            place => Some(place),
        }
    }
}

/// What a page is read from.
pub(super) struct Ask<'a> {
    pub folder: &'a dyn Folder,
    pub tally: &'a Tally,
    pub layout: &'a Layout,
    pub listed: &'a Listed,
}

impl Ask<'_> {
    /// Reads a page, and tells where the next one starts.
    pub async fn page(&self, after: Option<Cursor>, report: &mut Report) -> Result<(Shelf, Option<Cursor>), Fault> {
        let Ask { folder, tally, layout, listed } = *self;
        let mut shelf = Shelf::default();
        let end = match Start::of(after.as_ref()).and_then(|start| start.settled(layout)) {
            None => None,
            Some(Start::Registered(start)) => {
                let (mut places, mut folders) = (layout.registered.get(start..).unwrap_or_default(), 0);
                let is_full = |place: &models::ModelPlace| {
                    folders += 1 + place.versions.len();
                    folders > FOLDERS
                };
                let count = places.iter().position(is_full).unwrap_or(places.len()).max(1);
                places = places.get(..count).unwrap_or(places);
                shelf.registered = models::registered(folder, tally, places, report).await?;
                Some(Start::Registered(start.saturating_add(places.len())))
            }
            Some(Start::Logged(start)) => {
                let end = start.saturating_add(FOLDERS).min(layout.logged.len());
                let places = layout.logged.get(start..end).unwrap_or_default();
                shelf.logged = models::logged(folder, tally, places, &layout.experiments, report).await?;
                Some(Start::Logged(end))
            }
            Some(Start::Traces(at, given)) => {
                let (chosen, (at, given)) = listed.choose(folder, &layout.traces, (at, given)).await?;
                shelf.traces = traces::read(folder, tally, &chosen, report).await?;
                Some(Start::Traces(at, given))
            }
        };
        let next = end.and_then(|end| end.settled(layout));
        if next.is_none() {
            listed.forget();
        }
        Ok((shelf, next.map(Start::cursor)))
    }
}

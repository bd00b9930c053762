//! A page of experiments: their tags are read, the rest is known from the walk.

use super::layout::{ExperimentPlace, Layout};
use super::parts::Parts;
use super::trees::{Tree, leaves};
use super::{SMALL_LIMIT, text_of};
use crate::model::{Experiment, Lifecycle, Reason, Report};
use crate::sources::gather::Tally;
use crate::sources::{Fault, Folder, ReadAsk, path};
use std::ops::Range;

/// Reads the experiments of `range`.
pub(super) async fn read(
    folder: &dyn Folder,
    tally: &Tally,
    layout: &Layout,
    range: Range<usize>,
    report: &mut Report,
) -> Result<Vec<Experiment>, Fault> {
    let places = layout.experiments.get(range).unwrap_or_default();
    let tagged = places.iter().enumerate().filter(|(_, place)| place.parts.has(Parts::TAGS));
    let trees = tagged.map(|(tag, place)| Tree { dir: path::join(&place.dir, "tags"), tag }).collect();
    let files = leaves(folder, trees).await?;
    let asks: Vec<ReadAsk> = files.iter().map(|file| ReadAsk::up_to(&file.path, SMALL_LIMIT + 1)).collect();
    let mut experiments: Vec<Experiment> = places.iter().map(|place| from_place(place, report)).collect();
    tally
        .read_each(folder, &asks, |at, answer| {
            let Some(file) = files.get(at) else { return };
            if let (Some(value), Some(experiment)) =
                (text_of(&file.path, answer, SMALL_LIMIT, report), experiments.get_mut(file.tag))
            {
                experiment.tags.push((file.key.clone(), value));
            }
        })
        .await?;
    for (experiment, place) in experiments.iter_mut().zip(places) {
        // The folder counts: MLflow copies tags into the meta only when it rewrites it, and forgets them there.
        if let (false, Some(read)) = (place.parts.has(Parts::TAGS), &place.meta) {
            experiment.tags.extend_from_slice(read.meta.map("tags"));
        }
        experiment.tags.sort();
    }
    Ok(experiments)
}

fn from_place(place: &ExperimentPlace, report: &mut Report) -> Experiment {
    let meta = place.meta.as_ref().map(|read| &read.meta);
    let text = |key: &str| meta.and_then(|meta| meta.filled(key));
    let file = path::join(&place.dir, "meta.yaml");
    let id = place.id().to_owned();
    let folder_name = path::name(&place.dir);
    if meta.is_some() && !folder_name.is_empty() && folder_name != id {
        let message = format!("The folder {folder_name} holds the experiment {id}.");
        report.note(Reason::IdMismatch, &file, None, message);
    }
    if let Some((line, message)) = place.meta.as_ref().and_then(|read| read.problem.as_ref()) {
        report.note(Reason::MetaUnreadable, &file, *line, message);
    }
    if let Some(oddity) = place.meta.as_ref().and_then(|read| read.oddity) {
        report.note(Reason::TextEncoding, &file, None, oddity.message());
    }
    let mut time = |key: &str| match meta.map_or(Ok(None), |meta| meta.int(key)) {
        Ok(time) => time,
        Err(text) => {
            report.note(
                Reason::FieldInvalid,
                &file,
                None,
                format!("{key} is `{text}`, which is no time in milliseconds."),
            );
            None
        }
    };
    let creation_ms = time("creation_time");
    let last_update_ms = time("last_update_time");
    let is_deleted = place.in_trash || text("lifecycle_stage") == Some("deleted");
    Experiment {
        store: place.store,
        name: text("name").unwrap_or(&id).to_owned(),
        id,
        path: path::shown(&place.dir).to_owned(),
        lifecycle: if is_deleted { Lifecycle::Deleted } else { Lifecycle::Active },
        artifact_location: text("artifact_location").map(str::to_owned),
        creation_ms,
        last_update_ms,
        tags: Vec::new(),
        origin: String::new(),
        runs_expected: place.runs,
    }
}

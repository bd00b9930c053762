//! A page of registered models, or of logged ones: folders with a meta.yaml and trees of small files, all read together.

use super::history::series_of;
pub(super) use super::layout::ModelPlace;
use super::layout::{ExperimentPlace, LoggedPlace};
use super::meta::Meta;
use super::parts::Parts;
use super::trees::{Leaf, Tree, leaves};
use super::{METRIC_LIMIT, SMALL_LIMIT, bytes_of, text_of};
use crate::model::{Lifecycle, LoggedModel, MetricSummary, ModelVersion, Reason, RegisteredModel, Report};
use crate::sources::gather::Tally;
use crate::sources::{Fault, Folder, ReadAsk, path};

/// What a file of a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Meta,
    Param,
    Tag,
    Metric,
    Alias,
}

/// A folder to read.
struct Place {
    dir: String,
    parts: Parts,
    has_aliases: bool,
}

/// What lies in it.
#[derive(Default)]
struct Held {
    meta: Meta,
    params: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    aliases: Vec<(String, String)>,
    metrics: Vec<(String, MetricSummary)>,
}

/// Reads each of `places`.
async fn read(folder: &dyn Folder, tally: &Tally, places: &[Place], report: &mut Report) -> Result<Vec<Held>, Fault> {
    const TREES: [(Parts, &str, Role); 3] = [
        (Parts::PARAMS, "params", Role::Param),
        (Parts::TAGS, "tags", Role::Tag),
        (Parts::METRICS, "metrics", Role::Metric),
    ];
    let (mut files, mut trees) = (Vec::new(), Vec::new());
    for (at, place) in places.iter().enumerate() {
        if place.parts.has(Parts::META) {
            let path = path::join(&place.dir, "meta.yaml");
            files.push(Leaf { path, key: String::new(), tag: (at, Role::Meta) });
        }
        let here = TREES.into_iter().filter(|(part, ..)| place.parts.has(*part));
        let aliases = place.has_aliases.then_some((Parts::OTHER, "aliases", Role::Alias));
        let tree = |(_, name, role)| Tree { dir: path::join(&place.dir, name), tag: (at, role) };
        trees.extend(here.chain(aliases).map(tree));
    }
    files.extend(leaves(folder, trees).await?);
    files.sort_by_key(|file| file.tag.0);
    let limit = |role: Role| if role == Role::Metric { METRIC_LIMIT } else { SMALL_LIMIT };
    let asks: Vec<ReadAsk> = files.iter().map(|file| ReadAsk::up_to(&file.path, limit(file.tag.1) + 1)).collect();
    let mut all: Vec<Held> = Vec::new();
    all.resize_with(places.len(), Held::default);
    tally
        .read_each(folder, &asks, |at, answer| {
            let Some(file) = files.get(at) else { return };
            if let Some(held) = all.get_mut(file.tag.0) {
                held.absorb(file, limit(file.tag.1), answer, report);
            }
        })
        .await?;
    for (held, place) in all.iter_mut().zip(places) {
        held.finish(place);
    }
    Ok(all)
}

impl Held {
    fn absorb(&mut self, file: &Leaf<(usize, Role)>, limit: u64, answer: Result<Vec<u8>, Fault>, report: &mut Report) {
        let (role, path, key) = (file.tag.1, &file.path, || file.key.clone());
        if role == Role::Metric {
            let series = bytes_of(path, answer, limit, report).map(|bytes| series_of(path, &bytes, report));
            self.metrics.extend(series.and_then(|series| series.summary()).map(|summary| (key(), summary)));
            return;
        }
        let Some(text) = text_of(path, answer, limit, report) else { return };
        match role {
            Role::Meta => {
                let read = Meta::read(&text);
                if let Some((line, message)) = read.problem {
                    report.note(Reason::MetaUnreadable, path, line, message);
                }
                self.meta = read.meta;
            }
            Role::Param => self.params.push((key(), text)),
            Role::Tag => self.tags.push((key(), text)),
            Role::Alias => self.aliases.push((key(), text.trim().to_owned())),
            Role::Metric => {}
        }
    }

    /// Folders count; what a meta.yaml says of the same is a copy, and may be all that is there.
    fn finish(&mut self, place: &Place) {
        if !place.parts.has(Parts::TAGS) {
            self.tags.extend_from_slice(self.meta.map("tags"));
        }
        if self.aliases.is_empty() && place.has_aliases {
            self.aliases.extend_from_slice(self.meta.map("aliases"));
        }
        for list in [&mut self.params, &mut self.tags, &mut self.aliases] {
            list.sort();
        }
        self.metrics.sort_by(|a, b| a.0.cmp(&b.0));
    }

    fn text(&self, key: &str) -> Option<String> {
        self.meta.filled(key).map(str::to_owned)
    }

    fn time(&self, key: &str, dir: &str, report: &mut Report) -> Option<i64> {
        self.meta.int(key).unwrap_or_else(|text| {
            let message = format!("{key} is `{text}`, which is no time in milliseconds.");
            report.note(Reason::FieldInvalid, path::join(dir, "meta.yaml"), None, message);
            None
        })
    }
}

/// Reads the registered models at `places`, with their versions.
pub(super) async fn registered(
    folder: &dyn Folder,
    tally: &Tally,
    places: &[ModelPlace],
    report: &mut Report,
) -> Result<Vec<RegisteredModel>, Fault> {
    let mut all = Vec::new();
    for place in places {
        all.push(Place { dir: place.dir.clone(), parts: place.parts, has_aliases: true });
        for (name, parts) in &place.versions {
            all.push(Place { dir: path::join(&place.dir, name), parts: *parts, has_aliases: false });
        }
    }
    let held = read(folder, tally, &all, report).await?;
    let mut rest = held.into_iter().zip(&all);
    let models = places.iter().map(|place| {
        let (held, _) = rest.next()?;
        let mut versions: Vec<ModelVersion> =
            rest.by_ref().take(place.versions.len()).map(|(held, place)| version(held, &place.dir, report)).collect();
        versions.sort_by_key(|version| version.version);
        Some(RegisteredModel {
            store: place.store,
            name: place.name.clone(),
            description: held.text("description"),
            creation_ms: held.time("creation_timestamp", &place.dir, report),
            last_update_ms: held.time("last_updated_timestamp", &place.dir, report),
            tags: held.tags,
            aliases: held.aliases,
            versions,
        })
    });
    Ok(models.flatten().collect())
}

fn version(held: Held, dir: &str, report: &mut Report) -> ModelVersion {
    let stated = held.meta.int("version").ok().flatten().and_then(|number| u64::try_from(number).ok());
    let named = || path::name(dir).strip_prefix("version-").and_then(|number| number.parse().ok());
    let number = stated.or_else(named).unwrap_or_else(|| {
        let message = "Neither the meta.yaml nor the folder's name tells the number of the version.";
        report.note(Reason::FieldInvalid, path::join(dir, "meta.yaml"), None, message);
        0
    });
    let source = held.text("source");
    let model_of_source = || ModelVersion::model_of(source.as_deref()?).map(str::to_owned);
    ModelVersion {
        version: number,
        stage: held.text("current_stage").filter(|stage| stage != "None"),
        status: held.text("status"),
        description: held.text("description"),
        user: held.text("user_id"),
        creation_ms: held.time("creation_timestamp", dir, report),
        last_update_ms: held.time("last_updated_timestamp", dir, report),
        run_id: held.text("run_id"),
        model_id: held.text("model_id").or_else(model_of_source),
        source,
        tags: held.tags,
    }
}

/// Reads the logged models at `places`.
pub(super) async fn logged(
    folder: &dyn Folder,
    tally: &Tally,
    places: &[LoggedPlace],
    experiments: &[ExperimentPlace],
    report: &mut Report,
) -> Result<Vec<LoggedModel>, Fault> {
    let place = |place: &LoggedPlace| Place { dir: place.dir.clone(), parts: place.parts, has_aliases: false };
    let held = read(folder, tally, &places.iter().map(place).collect::<Vec<_>>(), report).await?;
    let models = held.into_iter().zip(places).map(|(held, place)| {
        let file = path::join(&place.dir, "meta.yaml");
        let folder_name = path::name(&place.dir);
        let id = held.text("model_id").unwrap_or_else(|| folder_name.to_owned());
        if id != folder_name && !folder_name.is_empty() {
            report.note(Reason::IdMismatch, &file, None, format!("The folder {folder_name} holds the model {id}."));
        }
        let in_trash = experiments.get(place.experiment as usize).is_some_and(|experiment| experiment.in_trash);
        let is_deleted = in_trash || held.meta.text("lifecycle_stage") == Some("deleted");
        LoggedModel {
            experiment: place.experiment,
            name: held.text("name").unwrap_or_default(),
            status: status(held.meta.filled("status"), &file, report),
            lifecycle: if is_deleted { Lifecycle::Deleted } else { Lifecycle::Active },
            model_type: held.text("model_type"),
            run_id: held.text("source_run_id"),
            creation_ms: held.time("creation_timestamp", &place.dir, report),
            params: held.params,
            tags: held.tags,
            metrics: held.metrics,
            id,
        }
    });
    Ok(models.collect())
}

/// MLflow's `LoggedModelStatus`: a number in files, a word elsewhere.
fn status(stated: Option<&str>, file: &str, report: &mut Report) -> String {
    const WORDS: [&str; 4] = ["UNSPECIFIED", "PENDING", "READY", "UPLOAD_FAILED"];
    let text = stated.unwrap_or("0").trim();
    let text = text.strip_prefix("LOGGED_MODEL_").unwrap_or(text);
    let by_number = text.parse().ok().and_then(|number: usize| WORDS.get(number));
    let word = by_number.or_else(|| WORDS.iter().find(|word| **word == text)).copied().unwrap_or_else(|| {
        report.note(Reason::FieldInvalid, file, None, format!("status is `{text}`, which is no state of a model."));
        "UNSPECIFIED"
    });
    word.to_owned()
}

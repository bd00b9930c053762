//! A page of runs: their folders are listed level by level and their files read together, whatever their number.
//! Whatever is missing is missing; the run arrives.

use super::history::series_of;
use super::layout::{Layout, RunPlace};
use super::meta::{Kind, Meta, ReadMeta};
use super::parts::Parts;
use super::trees::{Leaf, Tree, leaves};
use super::{Datasets, METRIC_LIMIT, SMALL_LIMIT, bytes_of, text_of};
use crate::model::{DatasetInput, Lifecycle, MetricSummary, Reason, Report, RunKey, RunRow, RunStatus, RunTable};
use crate::sources::gather::Tally;
use crate::sources::{Fault, Folder, ReadAsk, Weight, path};

/// What a file of a run is.
#[derive(Clone, Copy, Debug)]
enum Role {
    Meta,
    Param,
    Metric,
    Tag,
    Input,
    Output,
}

/// A run while its files come in.
#[derive(Default)]
struct Draft {
    meta: Option<ReadMeta>,
    params: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    metrics: Vec<(String, MetricSummary)>,
    /// Meta of each input edge, with its path.
    inputs: Vec<(String, Meta)>,
    outputs: Vec<String>,
}

/// The folders and the file of a run that are read, with what they are.
fn pieces(place: &RunPlace) -> impl Iterator<Item = (String, Role)> + '_ {
    const PIECES: [(Parts, &str, Role); 6] = [
        (Parts::META, "meta.yaml", Role::Meta),
        (Parts::PARAMS, "params", Role::Param),
        (Parts::METRICS, "metrics", Role::Metric),
        (Parts::TAGS, "tags", Role::Tag),
        (Parts::INPUTS, "inputs", Role::Input),
        (Parts::OUTPUTS, "outputs", Role::Output),
    ];
    let here = PIECES.into_iter().filter(|(part, ..)| place.parts.has(*part));
    here.map(|(_, name, role)| (path::join(&place.dir, name), role))
}

/// How much there is to read of the runs at `places`, where the carrier knows.
pub(super) fn weigh(folder: &dyn Folder, places: &[RunPlace]) -> Option<Weight> {
    let paths: Vec<String> = places.iter().flat_map(pieces).map(|(path, _)| path).collect();
    folder.weigh(&paths)
}

/// What a page of runs gave.
pub(super) struct RunsRead {
    pub table: RunTable,
    /// Folders that turned out to hold no run.
    pub no_runs: u64,
}

/// Reads the runs at `places` of `layout`.
pub(super) async fn read(
    folder: &dyn Folder,
    tally: &Tally,
    places: &[RunPlace],
    layout: &Layout,
    datasets: &Datasets,
    report: &mut Report,
) -> Result<RunsRead, Fault> {
    let mut files: Vec<Leaf<(usize, Role)>> = Vec::new();
    let mut trees = Vec::new();
    for (at, place) in places.iter().enumerate() {
        for (path, role) in pieces(place) {
            match role {
                Role::Meta => files.push(Leaf { path, key: String::new(), tag: (at, role) }),
                _ => trees.push(Tree { dir: path, tag: (at, role) }),
            }
        }
    }
    files.extend(leaves(folder, trees).await?);
    files.retain(|file| match file.tag.1 {
        Role::Input | Role::Output => file.key.ends_with("/meta.yaml"),
        _ => true,
    });
    // A carrier is quick where neighbours are asked together, and archives are mostly written run by run.
    files.sort_by_key(|file| file.tag.0);
    let limit = |role: Role| if matches!(role, Role::Metric) { METRIC_LIMIT } else { SMALL_LIMIT };
    let asks: Vec<ReadAsk> = files.iter().map(|file| ReadAsk::up_to(&file.path, limit(file.tag.1) + 1)).collect();

    let mut drafts: Vec<Draft> = Vec::new();
    drafts.resize_with(places.len(), Draft::default);
    tally
        .read_each(folder, &asks, |at, answer| {
            let Some(file) = files.get(at) else { return };
            if let Some(draft) = drafts.get_mut(file.tag.0) {
                draft.absorb(file, limit(file.tag.1), answer, report);
            }
        })
        .await?;

    let wanted = drafts.iter().zip(places).flat_map(|(draft, place)| {
        let experiment = layout.experiments.get(place.experiment as usize);
        let dir = experiment.map_or("", |experiment| experiment.dir.as_str());
        draft.inputs.iter().filter_map(move |(_, meta)| dataset_dir(dir, meta))
    });
    datasets.read(folder, tally, wanted.collect(), report).await?;

    let mut read = RunsRead { table: RunTable::default(), no_runs: 0 };
    for (draft, place) in drafts.into_iter().zip(places) {
        let experiment = layout.experiments.get(place.experiment as usize);
        let (dir, id) = experiment.map_or(("", ""), |experiment| (experiment.dir.as_str(), experiment.id()));
        match draft.finish(place, dir, id, datasets, report) {
            Some(row) => {
                read.table.push(row);
            }
            None => read.no_runs += 1,
        }
    }
    Ok(read)
}

/// The folder of the dataset that an input edge names; `None` when the input is a model.
fn dataset_dir(experiment_dir: &str, input: &Meta) -> Option<String> {
    if input.text("source_type") == Some("MODEL") {
        return None;
    }
    let id = input.filled("source_id")?;
    Some(path::join(&path::join(experiment_dir, "datasets"), id))
}

impl Draft {
    fn absorb(&mut self, file: &Leaf<(usize, Role)>, limit: u64, answer: Result<Vec<u8>, Fault>, report: &mut Report) {
        let key = || file.key.clone();
        match file.tag.1 {
            Role::Param => self.params.extend(text_of(&file.path, answer, limit, report).map(|value| (key(), value))),
            Role::Tag => self.tags.extend(text_of(&file.path, answer, limit, report).map(|value| (key(), value))),
            Role::Output => {
                // The edge's folder is named after the model that it leads to.
                self.outputs.extend(file.key.split('/').next().map(str::to_owned));
            }
            Role::Meta => {
                self.meta = text_of(&file.path, answer, limit, report).map(|text| Meta::read(&text));
            }
            Role::Input => {
                if let Some(text) = text_of(&file.path, answer, limit, report) {
                    let read = Meta::read(&text);
                    if let Some((line, message)) = read.problem {
                        report.note(Reason::MetaUnreadable, &file.path, line, message);
                    }
                    self.inputs.push((file.path.clone(), read.meta));
                }
            }
            Role::Metric => {
                let Some(bytes) = bytes_of(&file.path, answer, limit, report) else { return };
                let series = series_of(&file.path, &bytes, report);
                self.metrics.extend(series.summary().map(|summary| (key(), summary)));
            }
        }
    }

    /// `None` when the folder holds no run after all.
    fn finish(
        mut self,
        place: &RunPlace,
        experiment_dir: &str,
        experiment_id: &str,
        datasets: &Datasets,
        report: &mut Report,
    ) -> Option<RunRow> {
        let shown = path::shown(&place.dir);
        let file = path::join(&place.dir, "meta.yaml");
        let has_logged = !(self.params.is_empty() && self.metrics.is_empty() && self.tags.is_empty());
        let meta = match self.meta.take() {
            Some(ReadMeta { meta, problem, .. }) => {
                let is_run = meta.kind() == Kind::Run || meta.has("run_id") || has_logged;
                match problem {
                    Some((line, message)) => report.note(Reason::MetaUnreadable, &file, line, message),
                    None if is_run => {}
                    None => report.note(Reason::FolderUnrecognised, shown, None, "The meta.yaml is not that of a run."),
                }
                if !is_run {
                    return None;
                }
                meta
            }
            None => {
                if !place.parts.has(Parts::META) {
                    let message = "The run has no meta.yaml; its name, state and times are not known.";
                    report.note(Reason::MetaMissing, shown, None, message);
                }
                Meta::default()
            }
        };
        let tag = |key: &str| self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let folder_name = path::name(&place.dir);
        let stated_id = meta.filled("run_id").or(meta.filled("run_uuid"));
        if let Some(id) = stated_id.filter(|id| *id != folder_name && !folder_name.is_empty()) {
            report.note(Reason::IdMismatch, &file, None, format!("The folder {folder_name} holds the run {id}."));
        }
        if let Some(stated) = meta.filled("experiment_id").filter(|stated| *stated != experiment_id) {
            let message =
                format!("The run says that it belongs to experiment {stated}, but it lies in {experiment_id}.");
            report.note(Reason::IdMismatch, &file, None, message);
        }
        let mut time = |key: &str| match meta.int(key) {
            Ok(time) => time,
            Err(text) => {
                let message = format!("{key} is `{text}`, which is no time in milliseconds.");
                report.note(Reason::FieldInvalid, &file, None, message);
                None
            }
        };
        let (start_ms, end_ms) = (time("start_time"), time("end_time"));
        let status = meta.filled("status").map(|text| (text, RunStatus::parse(text.trim())));
        if let Some((text, None)) = status {
            report.note(Reason::FieldInvalid, &file, None, format!("status is `{text}`, which is no state of a run."));
        }
        if let Some(text) = meta.filled("lifecycle_stage").filter(|text| !matches!(*text, "active" | "deleted")) {
            let message = format!("lifecycle_stage is `{text}`, which is neither active nor deleted.");
            report.note(Reason::FieldInvalid, &file, None, message);
        }
        let is_deleted = place.in_trash || meta.text("lifecycle_stage") == Some("deleted");
        let inputs = std::mem::take(&mut self.inputs);
        let named_datasets = inputs.into_iter().filter_map(|(edge, input)| {
            let dir = dataset_dir(experiment_dir, &input)?;
            match datasets.get(&dir) {
                Some(dataset) => {
                    let context = input.map("tags").iter().find(|(key, _)| key == "mlflow.data.context");
                    Some(DatasetInput { context: context.map(|(_, value)| value.clone()), ..dataset })
                }
                None => {
                    report.note(Reason::DatasetMissing, edge, None, format!("The dataset {dir} could not be read."));
                    None
                }
            }
        });
        let mut named_datasets: Vec<DatasetInput> = named_datasets.collect();
        named_datasets.sort();
        self.outputs.sort();
        Some(RunRow {
            key: RunKey(shown.to_owned()),
            id: stated_id.unwrap_or(folder_name).to_owned(),
            experiment: place.experiment,
            name: meta
                .filled("run_name")
                .or(meta.filled("name"))
                .map(str::to_owned)
                .or_else(|| tag("mlflow.runName"))
                .unwrap_or_default(),
            status: status.and_then(|(_, status)| status).unwrap_or(RunStatus::Running),
            lifecycle: if is_deleted { Lifecycle::Deleted } else { Lifecycle::Active },
            start_ms,
            end_ms,
            user: tag("mlflow.user").or_else(|| meta.filled("user_id").map(str::to_owned)),
            artifact_uri: meta.filled("artifact_uri").map(str::to_owned),
            params: self.params,
            tags: self.tags,
            metrics: self.metrics,
            datasets: named_datasets,
            outputs: self.outputs,
        })
    }
}

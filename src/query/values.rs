//! What a chip offers: the fields that have text values, and the values of one with their counts.

use super::select::{SOURCE_TAG, at, dataset_text, run_name};
use crate::model::{Attribute, DatasetKey, Experiment, Field, RunTable, TextColumn};
use std::collections::{BTreeSet, HashMap};

/// The values of a text field among `rows`, each with the number of rows that have it, most frequent first, equals by
/// text. Numeric fields have none to choose from.
pub fn values(table: &RunTable, rows: &[u32], field: &Field, experiments: &[Experiment]) -> Vec<(String, u32)> {
    let rows = rows.iter().copied().filter(|row| (*row as usize) < table.len());
    let mut counts: Vec<(&str, u32)> = match field {
        Field::Param(key) => count_column(table.params.get(key), rows),
        Field::Tag(key) => count_column(table.tags.get(key), rows),
        Field::Metric(_) => Vec::new(),
        Field::Dataset(key) => {
            // A run counts once for a value that several of its datasets share.
            let of_a_run = |row: u32| {
                let datasets = at(&table.datasets, row).map_or(&[][..], Vec::as_slice);
                datasets.iter().filter_map(|dataset| dataset_text(dataset, *key)).collect::<BTreeSet<&str>>()
            };
            count(rows.flat_map(of_a_run))
        }
        Field::Attribute(attribute) => match attribute {
            Attribute::UserId => count_column(Some(&table.user), rows),
            Attribute::Source => count_column(table.tags.get(SOURCE_TAG), rows),
            Attribute::StartTime | Attribute::EndTime | Attribute::Duration => Vec::new(),
            Attribute::RunId => count(rows.filter_map(|row| at(&table.id, row).map(String::as_str))),
            Attribute::RunName => count(rows.filter_map(|row| run_name(table, row))),
            Attribute::Status => count(rows.filter_map(|row| at(&table.status, row).map(|status| status.word()))),
            Attribute::ArtifactUri => count(rows.filter_map(|row| at(&table.artifact_uri, row)?.as_deref())),
            Attribute::Experiment => {
                let experiment = |row| at(&table.experiment, row).and_then(|number| at(experiments, *number));
                count(rows.filter_map(|row| experiment(row).map(|experiment| experiment.name.as_str())))
            }
            Attribute::Origin => {
                let experiment = |row| at(&table.experiment, row).and_then(|number| at(experiments, *number));
                count(rows.filter_map(|row| experiment(row).map(|experiment| experiment.origin.as_str())))
            }
        },
    };
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect()
}

fn count<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<(&'t str, u32)> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    counts.into_iter().collect()
}

fn count_column(column: Option<&TextColumn>, rows: impl Iterator<Item = u32>) -> Vec<(&str, u32)> {
    let Some(column) = column else { return Vec::new() };
    let mut counts = vec![0_u32; column.dictionary().len()];
    for code in rows.filter_map(|row| column.code(row)) {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let counted = column.dictionary().iter().zip(counts);
    counted.filter(|(_, count)| *count > 0).collect()
}

/// The fields that a chip can be made for, of which `rows` have a value: state, user, source, experiment, datasets, then
/// tags and params by name, MLflow's own tags last.
pub fn choosable(table: &RunTable, rows: &[u32]) -> Vec<Field> {
    let has = |column: &TextColumn| rows.iter().any(|row| column.code(*row).is_some());
    let mut fields = Vec::new();
    if !rows.is_empty() {
        fields.push(Field::Attribute(Attribute::Status));
    }
    if has(&table.user) {
        fields.push(Field::Attribute(Attribute::UserId));
    }
    if table.tags.get(SOURCE_TAG).is_some_and(has) {
        fields.push(Field::Attribute(Attribute::Source));
    }
    let mut experiments = rows.iter().filter_map(|row| at(&table.experiment, *row));
    let first = experiments.next();
    if experiments.any(|other| Some(other) != first) {
        fields.push(Field::Attribute(Attribute::Experiment));
    }
    let datasets = |row: &u32| at(&table.datasets, *row).map_or(&[][..], Vec::as_slice);
    let dataset_keys = DatasetKey::ALL
        .into_iter()
        .filter(|key| rows.iter().flat_map(datasets).any(|dataset| dataset_text(dataset, *key).is_some()));
    fields.extend(dataset_keys.map(Field::Dataset));
    let tags = table.tags.iter().filter(|(_, column)| has(column)).map(|(key, _)| key);
    let (mut system, mut tags): (Vec<&str>, Vec<&str>) = tags.partition(|key| key.starts_with("mlflow."));
    let mut params: Vec<&str> = table.params.iter().filter(|(_, column)| has(column)).map(|(key, _)| key).collect();
    for keys in [&mut system, &mut tags, &mut params] {
        keys.sort_unstable();
    }
    fields.extend(tags.into_iter().map(|key| Field::Tag(key.to_owned())));
    fields.extend(params.into_iter().map(|key| Field::Param(key.to_owned())));
    fields.extend(system.into_iter().map(|key| Field::Tag(key.to_owned())));
    fields
}

//! What a chip offers: the fields that have text values, and the values of one with their counts.

use super::select::{SOURCE_TAG, at, dataset_text, run_name};
use crate::model::{Attribute, DatasetKey, Experiment, Field, RunTable, TextColumn};
use std::collections::{BTreeMap, BTreeSet};

/// The values of a text field among `rows`, each with the number of rows that have it, most frequent first, equals by
/// text. Numeric fields have none to choose from.
pub fn values(table: &RunTable, rows: &[u32], field: &Field, experiments: &[Experiment]) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let rows = rows.iter().copied().filter(|row| (*row as usize) < table.len());
    match field {
        Field::Param(key) => count_column(&mut counts, table.params.get(key), rows),
        Field::Tag(key) => count_column(&mut counts, table.tags.get(key), rows),
        Field::Metric(_) => {}
        Field::Dataset(key) => {
            for row in rows {
                let datasets = at(&table.datasets, row).map_or(&[][..], Vec::as_slice);
                let texts: BTreeSet<&str> = datasets.iter().filter_map(|dataset| dataset_text(dataset, *key)).collect();
                texts.into_iter().for_each(|text| *counts.entry(text).or_default() += 1);
            }
        }
        Field::Attribute(attribute) => match attribute {
            Attribute::UserId => count_column(&mut counts, Some(&table.user), rows),
            Attribute::Source => count_column(&mut counts, table.tags.get(SOURCE_TAG), rows),
            Attribute::StartTime | Attribute::EndTime | Attribute::Duration => {}
            _ => {
                for row in rows {
                    let text = match attribute {
                        Attribute::RunId => at(&table.id, row).map(String::as_str),
                        Attribute::RunName => run_name(table, row),
                        Attribute::Status => at(&table.status, row).map(|status| status.word()),
                        Attribute::ArtifactUri => at(&table.artifact_uri, row).and_then(|uri| uri.as_deref()),
                        _ => at(&table.experiment, row)
                            .and_then(|number| at(experiments, *number))
                            .map(|experiment| experiment.name.as_str()),
                    };
                    if let Some(text) = text {
                        *counts.entry(text).or_default() += 1;
                    }
                }
            }
        },
    }
    let mut counts: Vec<(String, u32)> = counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1));
    counts
}

fn count_column<'t>(
    counts: &mut BTreeMap<&'t str, u32>,
    column: Option<&'t TextColumn>,
    rows: impl Iterator<Item = u32>,
) {
    let Some(column) = column else { return };
    let mut by_code = vec![0_u32; column.dictionary().len()];
    for code in rows.filter_map(|row| column.code(row)) {
        if let Some(count) = by_code.get_mut(code as usize) {
            *count += 1;
        }
    }
    for (text, count) in column.dictionary().iter().zip(by_code) {
        if count > 0 {
            *counts.entry(text).or_default() += count;
        }
    }
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
    if let Some(first) = experiments.next() {
        if experiments.any(|other| other != first) {
            fields.push(Field::Attribute(Attribute::Experiment));
        }
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

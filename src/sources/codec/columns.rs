//! RUN TABLES AND CURVES AS BYTES: column after column, each text once. It must not know who sends them where.

use super::pack::{Reader, Writer, spread};
use crate::model::{
    Cells, Columns, DatasetInput, Lifecycle, MetricSeries, MetricSummary, RunKey, RunStatus, RunTable, Summaries,
    TextColumn,
};
use std::collections::BTreeMap;

/// A table as bytes.
pub fn pack_table(table: &RunTable) -> Vec<u8> {
    let mut out = Writer::default();
    out.count(table.len());
    out.texts(table.key.iter().map(|key| key.0.as_str()));
    out.texts(table.id.iter().map(String::as_str));
    out.texts(table.name.iter().map(String::as_str));
    out.numbers(table.experiment.iter().copied(), u32::to_le_bytes);
    out.numbers(table.status.iter().map(|status| *status as u8), u8::to_le_bytes);
    out.numbers(table.lifecycle.iter().map(|lifecycle| *lifecycle as u8), u8::to_le_bytes);
    for times in [&table.start_ms, &table.end_ms] {
        let present = out.presence(times.iter().copied());
        out.numbers(present, i64::to_le_bytes);
    }
    pack_text(&mut out, &table.user, table.len());
    pack_optional_texts(&mut out, table.artifact_uri.iter().map(Option::as_deref));
    for columns in [&table.params, &table.tags] {
        pack_keys(&mut out, columns);
        for (_, column) in columns.iter() {
            pack_text(&mut out, column, table.len());
        }
    }
    pack_keys(&mut out, &table.metrics);
    for (_, column) in table.metrics.iter() {
        pack_summaries(&mut out, column, table.len());
    }
    pack_datasets(&mut out, &table.datasets);
    out.numbers(table.outputs.iter().map(|outputs| outputs.len() as u32), u32::to_le_bytes);
    out.texts(table.outputs.iter().flatten().map(String::as_str));
    out.into_bytes()
}

/// A table from its bytes; `None` if they are not one.
pub fn unpack_table(bytes: &[u8]) -> Option<RunTable> {
    let mut from = Reader::new(bytes);
    let rows = from.count()?;
    let owned = |texts: Vec<&str>| texts.into_iter().map(String::from).collect::<Vec<String>>();
    let table = RunTable {
        key: from.texts(rows)?.into_iter().map(|key| RunKey(key.to_string())).collect(),
        id: owned(from.texts(rows)?),
        name: owned(from.texts(rows)?),
        experiment: from.numbers(rows, u32::from_le_bytes)?,
        status: one_of(&RunStatus::ALL, from.numbers(rows, u8::from_le_bytes)?)?,
        lifecycle: one_of(&[Lifecycle::Active, Lifecycle::Deleted], from.numbers(rows, u8::from_le_bytes)?)?,
        start_ms: unpack_times(&mut from, rows)?,
        end_ms: unpack_times(&mut from, rows)?,
        user: unpack_text(&mut from, rows)?,
        artifact_uri: unpack_optional_texts(&mut from, rows)?,
        params: unpack_columns(&mut from, |from| unpack_text(from, rows))?,
        tags: unpack_columns(&mut from, |from| unpack_text(from, rows))?,
        metrics: unpack_columns(&mut from, |from| unpack_summaries(from, rows))?,
        datasets: unpack_datasets(&mut from, rows)?,
        outputs: {
            let counts = from.numbers(rows, u32::from_le_bytes)?;
            let texts = from.texts(sum(&counts)?)?;
            portions(&counts, texts.into_iter().map(String::from))
        },
    };
    from.is_done().then_some(table)
}

/// Curves as bytes.
pub fn pack_series(series: &[MetricSeries]) -> Vec<u8> {
    let mut out = Writer::default();
    out.count(series.len());
    for one in series {
        out.count(one.len());
        out.numbers([u8::from(one.is_sampled)], u8::to_le_bytes);
        out.numbers(one.step.iter().copied(), i64::to_le_bytes);
        out.numbers(one.time_ms.iter().copied(), i64::to_le_bytes);
        out.numbers(one.value.iter().copied(), f64::to_le_bytes);
    }
    out.into_bytes()
}

/// Curves from their bytes; `None` if they are not some.
pub fn unpack_series(bytes: &[u8]) -> Option<Vec<MetricSeries>> {
    let mut from = Reader::new(bytes);
    let count = from.count()?;
    let mut all = Vec::new();
    for _ in 0..count {
        let points = from.count()?;
        let is_sampled = from.numbers(1, u8::from_le_bytes)? == [1];
        all.push(MetricSeries {
            is_sampled,
            step: from.numbers(points, i64::from_le_bytes)?,
            time_ms: from.numbers(points, i64::from_le_bytes)?,
            value: from.numbers(points, f64::from_le_bytes)?,
        });
    }
    from.is_done().then_some(all)
}

fn one_of<T: Copy>(all: &[T], numbers: Vec<u8>) -> Option<Vec<T>> {
    numbers.into_iter().map(|number| all.get(usize::from(number)).copied()).collect()
}

fn unpack_times(from: &mut Reader<'_>, rows: usize) -> Option<Vec<Option<i64>>> {
    let (flags, present) = from.presence(rows)?;
    Some(spread(flags, from.numbers(present, i64::from_le_bytes)?))
}

fn pack_optional_texts<'a>(out: &mut Writer, texts: impl Iterator<Item = Option<&'a str>>) {
    let present = out.presence(texts);
    out.texts(present.iter().copied());
}

fn unpack_optional_texts(from: &mut Reader<'_>, count: usize) -> Option<Vec<Option<String>>> {
    let (flags, present) = from.presence(count)?;
    Some(spread(flags, from.texts(present)?.into_iter().map(String::from).collect()))
}

fn pack_text(out: &mut Writer, column: &TextColumn, rows: usize) {
    out.count(column.dictionary().len());
    out.texts(column.dictionary().iter());
    pack_rows(out, column.codes().map(|(row, _)| row), column.len(), rows);
    out.numbers(column.codes().map(|(_, code)| code), u32::to_le_bytes);
}

fn unpack_text(from: &mut Reader<'_>, rows: usize) -> Option<TextColumn> {
    let texts = from.count()?;
    let dictionary = from.texts(texts)?;
    let places = unpack_rows(from, rows)?;
    let codes = from.numbers(places.len(), u32::from_le_bytes)?;
    TextColumn::from_parts(dictionary, cells(places, codes))
}

/// Which of `rows` rows have a value, ascending; of all of them the count says enough.
fn pack_rows(out: &mut Writer, places: impl Iterator<Item = u32>, count: usize, rows: usize) {
    out.count(count);
    if count < rows {
        out.numbers(places, u32::to_le_bytes);
    }
}

fn unpack_rows(from: &mut Reader<'_>, rows: usize) -> Option<Vec<u32>> {
    let count = from.count()?;
    if count == rows {
        return Some((0..u32::try_from(rows).ok()?).collect());
    }
    let places = from.numbers(count, u32::from_le_bytes)?;
    let ascend = places.is_sorted_by(|a, b| a < b);
    let inside = places.last().is_none_or(|last| (*last as usize) < rows);
    (ascend && inside).then_some(places)
}

fn cells<T: Copy>(places: Vec<u32>, values: impl IntoIterator<Item = T>) -> Cells<T> {
    let mut cells = Cells::default();
    for (row, value) in places.into_iter().zip(values) {
        cells.set(row, value);
    }
    cells
}

fn pack_keys<C: Default>(out: &mut Writer, columns: &Columns<C>) {
    out.count(columns.len());
    let keys: Vec<&str> = columns.iter().map(|(key, _)| key).collect();
    out.texts(keys.into_iter());
}

fn unpack_columns<C: Default>(
    from: &mut Reader<'_>,
    mut column: impl FnMut(&mut Reader<'_>) -> Option<C>,
) -> Option<Columns<C>> {
    let count = from.count()?;
    let mut columns = Columns::default();
    for key in from.texts(count)? {
        *columns.entry(key) = column(from)?;
    }
    (columns.len() == count).then_some(columns)
}

/// Last points, then what else is known of those whose histories were read.
fn pack_summaries(out: &mut Writer, column: &Summaries, rows: usize) {
    pack_rows(out, column.iter().map(|(row, _)| row), column.len(), rows);
    let all = || column.iter().map(|(_, one)| one);
    out.numbers(all().map(|one| one.last), f64::to_le_bytes);
    out.numbers(all().map(|one| one.step), i64::to_le_bytes);
    out.numbers(all().map(|one| one.time_ms), i64::to_le_bytes);
    let (known, rest): (Vec<u32>, Vec<MetricSummary>) = column.iter().filter(|(_, one)| !one.is_last_alone()).unzip();
    pack_rows(out, known.iter().copied(), known.len(), rows);
    out.numbers(rest.iter().map(|one| one.count), u32::to_le_bytes);
    out.numbers(rest.iter().map(|one| one.min), f64::to_le_bytes);
    out.numbers(rest.iter().map(|one| one.max), f64::to_le_bytes);
    out.numbers(rest.iter().map(|one| one.first_step), i64::to_le_bytes);
}

fn unpack_summaries(from: &mut Reader<'_>, rows: usize) -> Option<Summaries> {
    let mut column = Summaries::default();
    let places = unpack_rows(from, rows)?;
    let last = from.numbers(places.len(), f64::from_le_bytes)?;
    let step = from.numbers(places.len(), i64::from_le_bytes)?;
    let time_ms = from.numbers(places.len(), i64::from_le_bytes)?;
    for (row, (last, (step, time_ms))) in places.into_iter().zip(last.into_iter().zip(step.into_iter().zip(time_ms))) {
        column.set(row, MetricSummary::of_last(last, step, time_ms));
    }
    let known = unpack_rows(from, rows)?;
    let counts = from.numbers(known.len(), u32::from_le_bytes)?;
    let min = from.numbers(known.len(), f64::from_le_bytes)?;
    let max = from.numbers(known.len(), f64::from_le_bytes)?;
    let first_step = from.numbers(known.len(), i64::from_le_bytes)?;
    let rest = counts.into_iter().zip(min).zip(max).zip(first_step);
    for (row, (((count, min), max), first_step)) in known.into_iter().zip(rest) {
        let last = column.get(row)?;
        column.set(row, MetricSummary { count, min, max, first_step, ..last });
    }
    Some(column)
}

/// The distinct datasets once, then their numbers for each run: most runs of an experiment read the same few.
fn pack_datasets(out: &mut Writer, datasets: &[Vec<DatasetInput>]) {
    let mut numbers = BTreeMap::new();
    let mut distinct: Vec<&DatasetInput> = Vec::new();
    let codes: Vec<u32> = datasets
        .iter()
        .flatten()
        .map(|dataset| {
            *numbers.entry(dataset).or_insert_with(|| {
                distinct.push(dataset);
                distinct.len() as u32 - 1
            })
        })
        .collect();
    out.count(distinct.len());
    out.texts(distinct.iter().map(|one| one.name.as_str()));
    out.texts(distinct.iter().map(|one| one.digest.as_str()));
    pack_optional_texts(out, distinct.iter().map(|one| one.context.as_deref()));
    pack_optional_texts(out, distinct.iter().map(|one| one.source_type.as_deref()));
    pack_optional_texts(out, distinct.iter().map(|one| one.source.as_deref()));
    pack_optional_texts(out, distinct.iter().map(|one| one.profile.as_deref()));
    pack_optional_texts(out, distinct.iter().map(|one| one.schema.as_deref()));
    out.numbers(datasets.iter().map(|inputs| inputs.len() as u32), u32::to_le_bytes);
    out.numbers(codes, u32::to_le_bytes);
}

fn unpack_datasets(from: &mut Reader<'_>, rows: usize) -> Option<Vec<Vec<DatasetInput>>> {
    let count = from.count()?;
    let names = from.texts(count)?;
    let digests = from.texts(count)?;
    let mut optional = [const { Vec::new() }; 5];
    for texts in &mut optional {
        *texts = unpack_optional_texts(from, count)?;
    }
    let [contexts, source_types, sources, profiles, schemas] = optional;
    let texts = names.into_iter().zip(digests).zip(contexts).zip(source_types).zip(sources).zip(profiles).zip(schemas);
    let distinct: Vec<DatasetInput> = texts
        .map(|((((((name, digest), context), source_type), source), profile), schema)| DatasetInput {
            name: name.to_string(),
            digest: digest.to_string(),
            context,
            source_type,
            source,
            profile,
            schema,
        })
        .collect();
    let counts = from.numbers(rows, u32::from_le_bytes)?;
    let codes = from.numbers(sum(&counts)?, u32::from_le_bytes)?;
    let inputs: Option<Vec<DatasetInput>> =
        codes.into_iter().map(|code| distinct.get(code as usize).cloned()).collect();
    Some(portions(&counts, inputs?.into_iter()))
}

fn sum(counts: &[u32]) -> Option<usize> {
    counts.iter().try_fold(0_usize, |sum, count| sum.checked_add(*count as usize))
}

/// Deals `values` out, as many to each as `counts` say.
fn portions<T>(counts: &[u32], mut values: impl Iterator<Item = T>) -> Vec<Vec<T>> {
    counts.iter().map(|count| values.by_ref().take(*count as usize).collect()).collect()
}

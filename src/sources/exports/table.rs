//! `mlflow.search_runs()` AS A TABLE: what its columns mean, and rows of cells to runs; the CSV is read here, the JSON of pandas in
//! `frame`. `mlflow experiments csv` writes the same CSV.
//!
//! An empty cell is absent. `None` and `nan` among params and tags are texts, since MLflow stores what `str()` makes of a value; among
//! metrics they are absent, as pandas means them.
//!
//! It must not know where the file lies.

use super::Kind;
use super::draft::Draft;
use super::files::{Files, Given, OneFile};
use super::frame;
use super::held::{Held, fault};
use super::json::{Broken, Json, as_utf8};
use super::pace::Pace;
use crate::model::{Lifecycle, MetricSummary, Reason, RunRow, RunStatus};
use crate::sources::rest::answers;
use crate::sources::{Bytes, Fault, FaultKind, path, times};
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    RunId,
    ExperimentId,
    Name,
    Status,
    Lifecycle,
    User,
    ArtifactUri,
    Start,
    End,
    Param(String),
    Metric(String),
    Tag(String),
    /// The row's number, or something of the user's own.
    Ignored,
}

impl Column {
    /// By its header; `None` when it is none of `search_runs`.
    pub fn of(header: &str) -> Option<Column> {
        Some(match header {
            "run_id" => Column::RunId,
            "experiment_id" => Column::ExperimentId,
            "run_name" => Column::Name,
            "status" => Column::Status,
            "lifecycle_stage" => Column::Lifecycle,
            "user_id" => Column::User,
            "artifact_uri" => Column::ArtifactUri,
            "start_time" => Column::Start,
            "end_time" => Column::End,
            // What pandas calls the column of row numbers.
            "" | "index" | "level_0" => Column::Ignored,
            _ if header.starts_with("Unnamed: ") => Column::Ignored,
            _ => match header.split_once('.')? {
                ("params", key) => Column::Param(key.to_owned()),
                ("metrics", key) => Column::Metric(key.to_owned()),
                ("tags", key) => Column::Tag(key.to_owned()),
                _ => return None,
            },
        })
    }

    /// Whether a header with these names is that of `search_runs`.
    pub fn is_header<'a>(names: impl Iterator<Item = &'a str>) -> bool {
        let columns: Vec<Column> = names.filter_map(Column::of).collect();
        let is_usual = |column: &Column| !matches!(column, Column::RunId | Column::Ignored);
        columns.contains(&Column::RunId) && columns.iter().any(is_usual)
    }
}

/// The columns of a file, by number.
#[derive(Default)]
pub struct Columns {
    columns: Vec<Column>,
    number_of: HashMap<String, u32>,
}

/// A cell: the number of its column, and its text.
pub type Cell = (u32, String);

/// Runs as they come out of rows.
pub struct Rows<'a> {
    /// Where they go.
    pub draft: Draft,
    /// Of the loading.
    pub pace: &'a Pace,
    /// The file that is being read.
    pub file: String,
    columns: Columns,
}

/// The experiment of tables that name none.
const NO_EXPERIMENT: &str = "unknown";

impl Rows<'_> {
    /// The number of the column with this header; one that is not known is told once.
    pub fn column(&mut self, header: &str) -> u32 {
        if let Some(number) = self.columns.number_of.get(header) {
            return *number;
        }
        let column = Column::of(header).unwrap_or_else(|| {
            let message = format!("The column `{header}` was left out.");
            self.draft.report.note(Reason::ColumnIgnored, &self.file, Some(1), message);
            Column::Ignored
        });
        let number = self.columns.columns.len() as u32;
        self.columns.columns.push(column);
        self.columns.number_of.insert(header.to_owned(), number);
        number
    }

    /// Takes a row; `label` is its run id where no column says it.
    pub fn take(&mut self, line: u64, label: Option<&str>, cells: Vec<Cell>) {
        let mut run = RunRow::of_id("");
        let (mut experiment, mut values, mut notes) = (String::new(), Vec::new(), Vec::new());
        let time = |name: &str, text: &str, notes: &mut Vec<String>| {
            let time = times::parse_any_ms(text);
            if time.is_none() && text != "NaT" {
                notes.push(format!("{name} is `{text}`, which is no time."));
            }
            time
        };
        for (number, text) in cells {
            let Some(column) = self.columns.columns.get(number as usize) else { continue };
            // JSON tells the empty text from what is absent.
            if text.is_empty() && !matches!(column, Column::Param(_) | Column::Tag(_)) {
                continue;
            }
            match column {
                Column::RunId => run.id = text,
                Column::ExperimentId => experiment = whole_number(text),
                Column::Name => run.name = text,
                Column::Status => match RunStatus::parse(&text) {
                    Some(status) => run.status = status,
                    None => notes.push(format!("status is `{text}`, which is no state of a run.")),
                },
                Column::Lifecycle if text == "deleted" => run.lifecycle = Lifecycle::Deleted,
                Column::User => run.user = Some(text),
                Column::ArtifactUri => run.artifact_uri = Some(text),
                Column::Start => run.start_ms = time("start_time", &text, &mut notes),
                Column::End => run.end_ms = time("end_time", &text, &mut notes),
                Column::Param(key) => run.params.push((key.clone(), text)),
                Column::Tag(key) => run.tags.push((key.clone(), text)),
                Column::Metric(key) => match answers::float(&text) {
                    Some(value) if !value.is_nan() => values.push((key.clone(), value)),
                    None if !matches!(text.as_str(), "None" | "NA" | "<NA>" | "null" | "NULL" | "N/A") => {
                        notes.push(format!("The metric {key} is `{text}`, which is no number."));
                    }
                    _ => {}
                },
                Column::Lifecycle | Column::Ignored => {}
            }
        }
        if run.id.is_empty() {
            run.id = label.unwrap_or_default().to_owned();
        }
        if run.id.is_empty() {
            self.draft.bad(&self.file, line, "The row has no run_id.");
            return;
        }
        for message in notes {
            self.draft.report.note(Reason::FieldInvalid, &self.file, Some(line), message);
        }
        let tag = |key: &str| run.tags.iter().find(|(name, _)| name == key).map(|(_, text)| text.clone());
        if run.name.is_empty() {
            run.name = tag("mlflow.runName").unwrap_or_default();
        }
        run.user = tag("mlflow.user").or(run.user);
        let time_ms = run.end_ms.or(run.start_ms).unwrap_or(0);
        let last = |(key, value)| (key, MetricSummary::of_last(value, 0, time_ms));
        run.metrics = values.into_iter().map(last).collect();
        self.draft.run(if experiment.is_empty() { NO_EXPERIMENT } else { &experiment }, run);
    }
}

/// Where a table lacks some ids pandas makes floats of the others.
fn whole_number(text: String) -> String {
    match text.strip_suffix(".0") {
        Some(whole) if whole.bytes().all(|byte| byte.is_ascii_digit()) => whole.to_owned(),
        _ => text,
    }
}

/// Reads all files that were given.
pub async fn load(kind: Kind, store: &str, given: Given, pace: &Pace) -> Result<Held, Fault> {
    let mut files = Files::find(given, &[Kind::Csv, Kind::Frame]).await?;
    pace.files_total(files.left());
    let draft = Draft::new(store, kind.word());
    let mut rows = Rows { draft, pace, file: String::new(), columns: Columns::default() };
    loop {
        let batch = files.next(&mut rows.draft.report).await?;
        if batch.is_empty() {
            break;
        }
        for file in batch {
            rows.file = file.path.clone();
            rows.columns = Columns::default();
            let mut json = Json::new(file.bytes.clone())?;
            match json.peek() {
                Ok(Some(b'{' | b'[')) => match frame::read(file.bytes, &mut rows).await {
                    Err(Broken::Fault(fault)) => return Err(fault),
                    Err(Broken::Text { line, message }) => {
                        rows.draft.report.note(Reason::JsonMalformed, &rows.file, Some(line), message);
                    }
                    Ok(()) => {}
                },
                _ => read_csv(file, &mut rows).await?,
            }
            pace.file_done();
        }
    }
    if rows.draft.is_empty() {
        return Err(fault(path::shown(store), "The table holds no run."));
    }
    Ok(rows.draft.finish(kind.not_carried(), None))
}

/// The separator of a header of `search_runs`: a comma from pandas, a semicolon or a tab from spreadsheets.
pub fn separator(head: &str) -> Option<u8> {
    let header = head.lines().next()?;
    b",;\t".iter().copied().find(|separator| {
        let names = header.split(char::from(*separator)).map(|name| name.trim_matches('"'));
        Column::is_header(names)
    })
}

/// How much of a CSV is looked at for its header.
const HEADER_BYTES: u64 = 1 << 20;

async fn read_csv(file: OneFile, rows: &mut Rows<'_>) -> Result<(), Fault> {
    let (bytes, start) = as_utf8(file.bytes)?;
    let head = bytes.read(start..start + HEADER_BYTES)?;
    let separator = separator(&String::from_utf8_lossy(&head)).unwrap_or(b',');
    let input = Stream { bytes, at: start };
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(separator).from_reader(input);
    let mut record = csv::ByteRecord::new();
    let mut columns: Option<Vec<u32>> = None;
    let (mut place, mut has_odd_bytes) = (0, false);
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(unreadable(&rows.file, &error)),
        }
        let line = record.position().map_or(1, csv::Position::line);
        let now = reader.position().byte();
        rows.pace.runs(rows.draft.table.len() as u64);
        rows.pace.took(now.saturating_sub(place)).await;
        place = now;
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        let Some(columns) = &columns else {
            columns = Some(record.iter().map(|field| rows.column(text(field).trim())).collect());
            continue;
        };
        if !has_odd_bytes && record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            has_odd_bytes = true;
            let message = crate::sources::text::Oddity::NotUtf8.message();
            rows.draft.report.note(Reason::TextEncoding, &rows.file, Some(line), message);
        }
        if record.len() != columns.len() {
            let message =
                format!("The row has {} fields, the header {}; it was left out.", record.len(), columns.len());
            rows.draft.bad(&rows.file, line, message);
            continue;
        }
        let cells = columns.iter().copied().zip(record.iter()).filter(|(_, field)| !field.is_empty());
        let cells = cells.map(|(number, field)| (number, text(field))).collect();
        rows.take(line, None, cells);
    }
}

fn unreadable(file: &str, error: &csv::Error) -> Fault {
    Fault::new(FaultKind::Unreadable, format!("{file}: {error}."))
}

/// Bytes as a stream.
struct Stream {
    bytes: Rc<dyn Bytes>,
    at: u64,
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let end = self.at.saturating_add(out.len() as u64);
        let read = self.bytes.read(self.at..end).map_err(|fault| io::Error::other(fault.message))?;
        let count = read.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), read.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

//! THE JSON OF PANDAS, as `DataFrame.to_json` writes it, to rows of cells:
//!
//! | orient | shape |
//! |---|---|
//! | `records` | `[{"run_id": …}, …]`, or one object a line |
//! | `columns` (the default) | `{"run_id": {"0": …}, …}` |
//! | `index` | `{"0": {"run_id": …}, …}` |
//! | `split` | `{"columns": […], "index": […], "data": [[…], …]}` |
//! | `table` | `{"schema": …, "data": [{"run_id": …}, …]}` |
//!
//! It must not know what a column means.

use super::json::{Bad, Broken, Json};
use super::table::{Cell, Column, Rows};
use crate::sources::Bytes;
use crate::sources::rest::answers;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::rc::Rc;

/// Reads a file in any orient.
pub async fn read(bytes: Rc<dyn Bytes>, rows: &mut Rows<'_>) -> Result<(), Broken> {
    let open = || Json::new(bytes.clone()).map_err(Broken::Fault);
    let mut json = open()?;
    if json.enter(b'[')? {
        return records(&mut json, rows, &Split::default()).await;
    }
    json.enter(b'{')?;
    let mut columns = ByColumn::default();
    let mut split = Split::default();
    let walked = object(&mut json, rows, &mut columns, &mut split).await;
    // What came before a break counts.
    columns.finish(rows);
    walked?;
    if split.data_first {
        let mut json = open()?;
        json.enter(b'{')?;
        while let Some(key) = json.next_key()? {
            match key == "data" && json.enter(b'[')? {
                true => records(&mut json, rows, &split).await?,
                false => json.skip()?,
            }
        }
    }
    Ok(())
}

/// The object at the top, which was entered.
async fn object(json: &mut Json, rows: &mut Rows<'_>, columns: &mut ByColumn, split: &mut Split) -> Result<(), Broken> {
    let mut line: Vec<Cell> = Vec::new();
    let first_line = json.line();
    while let Some(key) = json.next_key()? {
        match (key.as_str(), json.peek()?) {
            ("columns", Some(b'[')) => split.columns = texts(json, rows)?,
            ("index", Some(b'[')) => split.index = texts(json, rows)?,
            ("data", Some(b'[')) if split.columns.is_empty() && !split.has_schema => {
                // The names may come behind: then the data are read in a second walk.
                split.data_first = true;
                json.skip()?;
            }
            ("data", Some(b'[')) => {
                json.enter(b'[')?;
                records(json, rows, split).await?;
            }
            ("schema", Some(b'{')) => {
                split.has_schema = true;
                json.skip()?;
            }
            (_, Some(b'{')) if Column::of(&key).is_some_and(|column| column != Column::Ignored) => {
                columns.read(json, rows, &key).await?;
            }
            (_, Some(b'{')) => {
                let at = json.line();
                match json.value()? {
                    Ok(Value::Object(row)) => take(rows, at, Some(&key), row),
                    Ok(_) => {}
                    Err(bad) => tell(rows, &bad),
                }
                breathe(json, rows).await;
            }
            _ => match json.value()? {
                Ok(value) => line.extend(cell(rows, &key, &value)),
                Err(bad) => tell(rows, &bad),
            },
        }
    }
    if !line.is_empty() {
        rows.take(first_line, None, line);
        lines(json, rows).await?;
    }
    Ok(())
}

/// The parts of `split` and `table`.
#[derive(Default)]
struct Split {
    columns: Vec<String>,
    index: Vec<String>,
    has_schema: bool,
    data_first: bool,
}

async fn breathe(json: &mut Json, rows: &Rows<'_>) {
    rows.pace.runs(rows.draft.table.len() as u64);
    rows.pace.took(json.newly_read()).await;
}

fn tell(rows: &mut Rows<'_>, bad: &Bad) {
    let file = rows.file.clone();
    rows.draft.bad(&file, bad.line, bad.message.as_str());
}

/// `None` where nothing was logged.
fn cell(rows: &mut Rows<'_>, header: &str, value: &Value) -> Option<Cell> {
    let text = match value {
        Value::Null => return None,
        // A column of the user's own may hold lists.
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => answers::text(value)?.into_owned(),
    };
    Some((rows.column(header), text))
}

fn take(rows: &mut Rows<'_>, line: u64, label: Option<&str>, row: Map<String, Value>) {
    let cells = row.iter().filter_map(|(header, value)| cell(rows, header, value)).collect();
    rows.take(line, label, cells);
}

/// A list of texts that is not yet entered.
fn texts(json: &mut Json, rows: &mut Rows<'_>) -> Result<Vec<String>, Broken> {
    let mut list = Vec::new();
    json.enter(b'[')?;
    while json.next_item()? {
        match json.value()? {
            Ok(value) => list.push(answers::text(&value).map(|text| text.into_owned()).unwrap_or_default()),
            Err(bad) => {
                tell(rows, &bad);
                list.push(String::new());
            }
        }
    }
    Ok(list)
}

/// Rows of a list that was entered: objects, or lists with the names of `split`.
async fn records(json: &mut Json, rows: &mut Rows<'_>, split: &Split) -> Result<(), Broken> {
    let mut number = 0;
    while json.next_item()? {
        let line = json.line();
        let label = split.index.get(number).map(String::as_str);
        match json.value()? {
            Ok(Value::Object(row)) => take(rows, line, label, row),
            Ok(Value::Array(row)) => {
                if row.len() != split.columns.len() {
                    let message =
                        format!("The row has {} values, but there are {} columns.", row.len(), split.columns.len());
                    tell(rows, &Bad { line, message });
                } else {
                    let pairs = split.columns.iter().zip(&row);
                    let cells = pairs.filter_map(|(header, value)| cell(rows, header, value)).collect();
                    rows.take(line, label, cells);
                }
            }
            Ok(_) => tell(rows, &Bad { line, message: "A row is neither an object nor a list.".to_owned() }),
            Err(bad) => tell(rows, &bad),
        }
        number += 1;
        breathe(json, rows).await;
    }
    Ok(())
}

/// One object a line, behind the first.
async fn lines(json: &mut Json, rows: &mut Rows<'_>) -> Result<(), Broken> {
    while json.peek()? == Some(b'{') {
        let line = json.line();
        match json.value()? {
            Ok(Value::Object(row)) => take(rows, line, None, row),
            Ok(_) => {}
            Err(bad) => tell(rows, &bad),
        }
        breathe(json, rows).await;
    }
    Ok(())
}

/// Rows of `columns`, which come one column after the other.
#[derive(Default)]
struct ByColumn {
    row_of: HashMap<String, u32>,
    labels: Vec<String>,
    cells: Vec<Vec<(u32, Box<str>)>>,
    /// The line of the first column.
    line: u64,
}

impl ByColumn {
    async fn read(&mut self, json: &mut Json, rows: &mut Rows<'_>, header: &str) -> Result<(), Broken> {
        if self.line == 0 {
            self.line = json.line();
        }
        json.enter(b'{')?;
        while let Some(label) = json.next_key()? {
            let row = match self.row_of.get(&label) {
                Some(row) => *row as usize,
                None => {
                    let row = self.labels.len();
                    self.row_of.insert(label.clone(), row as u32);
                    self.labels.push(label);
                    self.cells.push(Vec::new());
                    row
                }
            };
            match json.value()? {
                Ok(value) => {
                    if let (Some((number, text)), Some(cells)) = (cell(rows, header, &value), self.cells.get_mut(row)) {
                        cells.push((number, text.into_boxed_str()));
                    }
                }
                Err(bad) => tell(rows, &bad),
            }
            breathe(json, rows).await;
        }
        Ok(())
    }

    fn finish(self, rows: &mut Rows<'_>) {
        for (label, cells) in self.labels.into_iter().zip(self.cells) {
            let cells = cells.into_iter().map(|(number, text)| (number, text.into_string())).collect();
            rows.take(self.line, Some(&label), cells);
        }
    }
}

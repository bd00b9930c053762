//! WHAT IS THIS FILE? By its first bytes, whatever its name; and which file of a folder to look at.
//!
//! It must not know how an export is read.

use super::Kind;
use super::json::{Broken, Json};
use super::table::{Column, separator};
use crate::sources::{Entry, text};
use serde_json::Value;
use std::rc::Rc;

/// How much of a file's start [`recognise`] wants to see.
pub const HEAD_BYTES: u64 = 64 << 10;

/// What a file is, by its start; `None` when it is no export.
pub fn recognise(head: &[u8]) -> Option<Kind> {
    let (decoded, _) = text::decode(head);
    let decoded = decoded.trim_start();
    if !decoded.starts_with(['{', '[']) {
        return separator(decoded).map(|_| Kind::Csv);
    }
    let mut json = Json::new(Rc::new(decoded.as_bytes().to_vec())).ok()?;
    let mut seen = Seen::default();
    // The start of a file ends in the middle: what was seen until there has to tell.
    let _ = seen.look(&mut json);
    seen.kind()
}

/// What there is at the start of a table or a JSON file that is no export, as a sentence without its end; `is_whole` when the file
/// ends with `head`.
pub fn instead(head: &[u8], is_whole: bool) -> Option<String> {
    let (decoded, _) = text::decode(head);
    if !decoded.trim_start().starts_with(['{', '[']) {
        let header = decoded.lines().next()?;
        let separator = [',', ';', '\t'].into_iter().find(|separator| header.contains(*separator))?;
        let names = header.split(separator).map(|name| name.trim_matches('"'));
        return Some(format!("Its columns are {}; a table of runs has run_id, experiment_id, status", listed(names)));
    }
    let mut seen = Seen::default();
    let looked = seen.look(&mut Json::new(Rc::new(decoded.as_bytes().to_vec())).ok()?);
    if let (Err(Broken::Text { line, message }), true) = (looked, is_whole) {
        return Some(format!("From line {line} on it is not JSON: {}", message.trim_end_matches('.')));
    }
    let keys = if seen.keys.is_empty() { &seen.inner.first()?.1 } else { &seen.keys };
    Some(format!(
        "Its keys are {}; an answer of MLflow has runs or experiments",
        listed(keys.iter().map(String::as_str))
    ))
}

/// The first few, each as far as a sentence bears it.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 6;
    const CHARS: usize = 40;
    let mut shown: Vec<String> = names.take(SHOWN + 1).map(|name| name.chars().take(CHARS).collect()).collect();
    if let Some(more) = shown.get_mut(SHOWN) {
        *more = "…".to_owned();
    }
    shown.join(", ")
}

/// The file that tells whether a folder with these entries is one of mlflow-export-import (the whole, an experiment, a run, a model):
/// if [`recognise`] says [`Kind::ExportImport`] of its start, all of the folder is. Such names are common, so they are no proof.
pub fn recognise_dir(entries: &[Entry]) -> Option<&Entry> {
    const NAMES: [&str; 7] = [
        "manifest.json",
        "experiments.json",
        "experiment.json",
        "run.json",
        "models.json",
        "model.json",
        "logged_model.json",
    ];
    NAMES.iter().find_map(|name| entries.iter().find(|entry| !entry.is_folder && entry.name == *name))
}

/// The keys at the top of a JSON file, as far as they were seen.
#[derive(Default)]
struct Seen {
    keys: Vec<String>,
    /// Of the first object in each list, or of each object: the key above and its own keys.
    inner: Vec<(String, Vec<String>)>,
    /// Texts of the list `columns`.
    columns: Vec<String>,
}

impl Seen {
    fn look(&mut self, json: &mut Json) -> Result<(), Broken> {
        if json.enter(b'[')? {
            self.look_inside(json, "")?;
            return Ok(());
        }
        json.enter(b'{')?;
        while let Some(key) = json.next_key()? {
            self.keys.push(key.clone());
            match json.peek()? {
                Some(b'[') if key == "columns" => {
                    json.enter(b'[')?;
                    while json.next_item()? {
                        if let Ok(Value::String(name)) = json.value()? {
                            self.columns.push(name);
                        }
                    }
                }
                Some(b'[') => {
                    json.enter(b'[')?;
                    self.look_inside(json, &key)?;
                    while json.next_item()? {
                        json.skip()?;
                    }
                }
                Some(b'{') => self.look_inside(json, &key)?,
                _ => json.skip()?,
            }
        }
        Ok(())
    }

    /// The keys of the object that comes next, noted as they are seen.
    fn look_inside(&mut self, json: &mut Json, above: &str) -> Result<(), Broken> {
        if json.enter(b'{')? {
            let at = self.inner.len();
            self.inner.push((above.to_owned(), Vec::new()));
            while let Some(key) = json.next_key()? {
                if let Some((_, keys)) = self.inner.get_mut(at) {
                    keys.push(key);
                }
                json.skip()?;
            }
        }
        Ok(())
    }

    fn kind(&self) -> Option<Kind> {
        let has = |key: &str| self.keys.iter().any(|seen| seen == key);
        let inside = |above: &str, keys: &[&str]| {
            let mut of = self.inner.iter().filter(|(name, _)| name == above);
            of.any(|(_, seen)| keys.iter().any(|key| seen.iter().any(|seen| seen == key)))
        };
        // Where run ids are the labels of the rows, no column is named so.
        let has_all = |keys: &[String]| {
            ["experiment_id", "status", "artifact_uri"].iter().all(|name| keys.iter().any(|key| key == name))
        };
        let is_row = |keys: &[String]| Column::is_header(keys.iter().map(String::as_str)) || has_all(keys);
        let is_run = inside("info", &["run_id", "run_uuid"]);
        let lists: [(&str, &[&str]); 13] = [
            ("", &["info"]),
            ("runs", &["info"]),
            ("run", &["info"]),
            ("experiments", &["experiment_id"]),
            ("experiment", &["experiment_id"]),
            ("metrics", &["key"]),
            ("registered_models", &["name"]),
            ("registered_model", &["name"]),
            ("model_versions", &["version"]),
            ("model_version", &["version"]),
            ("models", &["info"]),
            ("model", &["info"]),
            ("traces", &["trace_id", "request_id", "trace_info"]),
        ];
        if has("runglass") {
            Some(Kind::Document)
        } else if (has("system") && has("mlflow")) || has("export_info") || (is_run && has("params") && !has("data")) {
            Some(Kind::ExportImport)
        } else if (is_run && has("data")) || lists.iter().any(|(above, keys)| inside(above, keys)) {
            Some(Kind::Answers)
        } else if self.is_frame(is_row) {
            Some(Kind::Frame)
        } else {
            None
        }
    }

    fn is_frame(&self, is_row: impl Fn(&[String]) -> bool) -> bool {
        // `records` and its lines, `split`, `table`, `index`, then `columns`.
        let is_of_run_id = |(above, _): &(String, Vec<String>)| above == "run_id";
        is_row(&self.keys)
            || is_row(&self.columns)
            || self.inner.iter().any(|(_, keys)| is_row(keys))
            || (self.inner.iter().any(is_of_run_id) && self.keys.first().is_some_and(|key| Column::of(key).is_some()))
    }
}

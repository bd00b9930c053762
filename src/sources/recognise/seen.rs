//! What was seen on a walk, for the sentence that says that nothing was recognised.

use super::heads::{database_of, extension};
use crate::sources::mlruns::parts::is_litter;
use crate::sources::{Entry, path};
use std::collections::BTreeMap;

/// More lone files than these are not listed.
const LONE: usize = 100;

/// Counts, and a few examples.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Files, litter not among them.
    pub files: u64,
    /// Folders looked at.
    pub folders: u64,
    deepest: u16,
    by_kind: BTreeMap<String, u64>,
    /// Paths.
    pub databases: Vec<String>,
    /// Why the first was not read that looks encrypted.
    pub sealed: Option<String>,
    /// The first files named as SQLite names what it writes beside a database, without their databases.
    pub lone: Vec<String>,
    /// What there was in the first file that was looked at by itself.
    pub instead: Option<String>,
    /// How many were found to be looked into.
    pub archives: usize,
    /// Why the first of those was not that could not be opened.
    pub unopened: Option<String>,
    /// The first archive that can not be read, and what it is packed with.
    pub foreign: Option<(String, &'static str)>,
}

impl Seen {
    /// Counts a folder.
    pub fn look(&mut self, dir: &str, depth: u16, entries: &[Entry]) {
        self.folders += 1;
        self.deepest = self.deepest.max(depth);
        for entry in entries.iter().filter(|entry| !entry.is_folder && !is_litter(&entry.name)) {
            self.files += 1;
            let is_lone = |database: &&str| !entries.iter().any(|entry| entry.name == *database);
            if self.lone.len() < LONE && database_of(&entry.name).is_some_and(|database| is_lone(&database)) {
                self.lone.push(path::join(dir, &entry.name));
            }
            // Kinds are counted for a sentence: what is beyond some hundred kinds is noise.
            let kind = extension(&entry.name);
            if self.by_kind.len() < 256 || self.by_kind.contains_key(&kind) {
                *self.by_kind.entry(kind).or_default() += 1;
            }
        }
    }

    /// What was looked for and what was seen.
    pub fn sentence(&self) -> String {
        let plural = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let mut text =
            "No MLflow tracking data was found: no folder, at any depth and in any archive, holds the meta.yaml of \
                        an experiment or a run, and no file is an MLflow database or an export of runs (JSON, CSV)."
                .to_owned();
        text += &format!(" Seen: {} in {}", plural(self.files, "file"), plural(self.folders, "folder"));
        if self.deepest > 0 {
            text += &format!(", {} deep", plural(u64::from(self.deepest), "level"));
        }
        if self.archives > 0 {
            text += &format!(", {} among them", plural(self.archives as u64, "archive"));
        }
        let mut kinds: Vec<_> = self.by_kind.iter().collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), kind.len()));
        let shown: Vec<String> = kinds
            .iter()
            .take(5)
            .map(|(kind, count)| match kind.as_str() {
                "" => format!("{count} without extension"),
                kind => format!("{count} .{kind}"),
            })
            .collect();
        if !shown.is_empty() {
            text += &format!(" ({})", shown.join(", "));
        }
        text.push('.');
        if let Some(instead) = self.instead.as_ref().filter(|_| self.files == 1) {
            text += &format!(" {instead}.");
        }
        if let Some(database) = self.databases.first() {
            text += &format!(" {database} is a SQLite database, but has none of MLflow's tables.");
        }
        if let Some(message) = &self.sealed {
            text += &format!(" {message}");
        }
        if let Some(name) = self.lone.first().map(|at| path::name(at))
            && let Some(database) = database_of(name)
        {
            text += &format!(
                " {name} belongs to {database}, which is not here: open both together, or the folder that they lie in."
            );
        }
        if let Some(message) = &self.unopened {
            text += &format!(" {}.", message.trim_end_matches('.'));
        }
        if let Some((path, format)) = &self.foreign {
            text +=
                &format!(" {path} is packed with {format}, which can not be read; unpack it and open what it holds.");
        }
        text
    }
}

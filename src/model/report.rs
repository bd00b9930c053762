//! What could not be read. The rest still loads; each way of losing data is one [`Reason`], with its severity and advice.

use serde::{Deserialize, Serialize};

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing of the tracking data is missing.
    Info,
    /// Something small is missing or was guessed.
    Warning,
    /// A run, an experiment or a whole file is missing.
    Error,
}

macro_rules! reasons {
    ($($variant:ident $word:literal $severity:ident $advice:literal;)*) => {
        /// The closed list of reasons why something was skipped, guessed or healed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason { $(#[doc = $advice] #[serde(rename = $word)] $variant,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The stable word that `inspect` prints and the page carries in `data-notice`.
            pub fn word(self) -> &'static str { match self { $(Reason::$variant => $word,)* } }

            /// How much it matters.
            pub fn severity(self) -> Severity { match self { $(Reason::$variant => Severity::$severity,)* } }

            /// What the user can do about it.
            pub fn advice(self) -> &'static str { match self { $(Reason::$variant => $advice,)* } }
        }
    };
}

reasons! {
    MetaUnreadable "meta-unreadable" Error "Mend the file by hand: it must be YAML with one `key: value` a line. Everything else of this folder was read.";
    MetaMissing "meta-missing" Warning "The folder was read without its meta.yaml; put the file back to see names, states and times.";
    FieldInvalid "field-invalid" Warning "The value was left out; mend the field in the file named here.";
    MetricLineMalformed "metric-line-malformed" Warning "The line was skipped, the others count. A line is `timestamp value step`.";
    TextEncoding "text-encoding" Warning "The file is not UTF-8; what could not be decoded is shown as a replacement character.";
    IdMismatch "id-mismatch" Info "The folder's name differs from the id in its meta.yaml; the id is shown.";
    ArtifactsOnly "artifacts-only" Info "The folder holds artifacts without a run: its run lies in a database. Drop the mlflow.db that belongs to it.";
    DatasetMissing "dataset-missing" Warning "The run names a dataset whose folder is not here; copy the experiment's `datasets` folder as well.";
    FolderUnrecognised "folder-unrecognised" Info "The folder lies where a run is expected but holds none; nothing was lost.";
    DatabaseForeign "database-foreign" Info "A database of another program; nothing of MLflow is missing. MLflow's own is mostly called `mlflow.db`.";
    DatabaseDamaged "database-damaged" Error "This page of the database is damaged; the others were read. Copy the file again, or mend it: `sqlite3 FILE .recover | sqlite3 NEW`.";
    DatabaseUnreadable "database-unreadable" Error "The file could not be opened as a database. Copy it again from where it came, with nothing writing to it.";
    DatabaseWalMissing "database-wal-missing" Warning "The latest changes of the database may lie in the `-wal` file beside it. Open both together, or the folder that holds them.";
    DatabaseLogAlone "database-log-alone" Warning "Open it together with its database, under the names that they had: `mlflow.db` and `mlflow.db-wal`.";
    DatabaseLogRenamed "database-log-renamed" Info "The names differ, as when a browser saves a file a second time, and there is no other beside it. If they do not belong together, open the database by itself.";
    DatabaseRolledBack "database-rolled-back" Info "A change of the database was broken off; what was there before it is shown. The next program that opens the database does the same to the file.";
    ExperimentMissing "experiment-missing" Warning "The database has runs of an experiment that is not in it; they are shown under its id.";
    RunMissing "run-missing" Error "The run could not be shown: the experiment that it names is not in the database.";
    ArchiveInside "archive-inside" Info "An archive of this kind can not be read. Unpack it by hand and open the folder, or make a .zip or .tar.gz of it.";
    ArchiveTruncated "archive-truncated" Error "The archive ends too early; what it holds was read. Copy it again.";
    ArchiveDamaged "archive-damaged" Error "This entry is damaged; the others were read. Copy the archive again.";
    ArchiveEncrypted "archive-encrypted" Error "Encrypted entries can not be read. Make the archive again without a password.";
    ArchiveMethod "archive-method" Error "This compression can not be read. Make the archive again with the ordinary method (deflate).";
    ArchivePath "archive-path" Warning "The entry names a place outside the archive and was left out.";
    ArchiveLink "archive-link" Warning "Links are not followed; put the file itself into the archive.";
    ArchiveSparse "archive-sparse" Error "Files with holes can not be read. Make the archive again without `--sparse`.";
    ArchiveDuplicate "archive-duplicate" Warning "Two entries have one name; the last one counts.";
    ArchiveSize "archive-size" Warning "The size that the archive states is not the size that it holds; what is there was read.";
    ArchiveBudget "archive-budget" Error "The entry inflates beyond what is safe to open and was left out. Unpack it by hand if you trust it, and open the folder.";
    RunTwice "run-twice" Info "The run lies in two of the things that were opened; it is shown once, from the first.";
    ReadingStopped "reading-stopped" Warning "Open it again to see all of it.";
    NotOpened "not-opened" Error "What was open stays. Open it by itself to see more.";
    FileChanged "file-changed" Error "The file changed on disk after it was picked. Drop it again.";
    FileUnreadable "file-unreadable" Error "The browser or the system refused to read the file. Check its permissions and open it again.";
    FormatPartial "format-partial" Info "The format does not carry everything; open the store itself (folder, database or server) to see the rest.";
    JsonMalformed "json-malformed" Error "What stands before this place was read, the rest of the file was not. Save the file again.";
    PartMalformed "part-malformed" Warning "This part was left out, the others were read. Mend it in the file, or make the export again.";
    ColumnIgnored "column-ignored" Info "The column is none that `search_runs` makes. Name it `params.`, `metrics.` or `tags.` and its key to see it.";
    HistoryUnassigned "history-unassigned" Warning "Save the answer to `runs/search` beside it; where the points do not name their run, save them under a name that holds its id.";
    AnswerContinues "answer-continues" Warning "Save the pages that follow as well (`page_token`), or ask with a larger `max_results`.";
    ExportIncomplete "export-incomplete" Warning "The tool that made the export left this out; export it again.";
    ServerAnswer "server-answer" Warning "A part of the server's answer could not be taken as it is; the rest was. Whoever runs the server may want to know of it.";
    ServerPages "server-pages" Warning "The server's pages do not come to an end; what came so far is shown. Whoever runs the server may want to know of it.";
    ServerOrder "server-order" Info "All runs come, and rows that are here are sorted here. To see the first ones sooner, sort by another column, or narrow the search.";
    ServerSilent "server-silent" Error "What came before it is here. Ask again when the server is well; if it fails at the same place, its log says why.";
    TooLarge "too-large" Warning "The file is larger than what is safe to read at once and was left out.";
}

/// One thing that was skipped, guessed or healed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Notice {
    /// Why.
    pub reason: Reason,
    /// Relative to what was opened.
    pub path: String,
    /// 1-based line of a text file.
    pub line: Option<u64>,
    /// What was seen, in one sentence.
    pub message: String,
}

/// Notices collected while reading. It keeps [`Report::KEPT`] of each reason and counts the rest, so that a million
/// broken lines do not fill the memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    notices: Vec<Notice>,
    /// Per reason: how many were seen.
    counts: std::collections::BTreeMap<Reason, u64>,
}

impl Report {
    /// How many notices of one reason are kept whole.
    pub const KEPT: u64 = 1_000;

    /// Adds a notice.
    pub fn note(&mut self, reason: Reason, path: impl Into<String>, line: Option<u64>, message: impl Into<String>) {
        self.push(Notice { reason, path: path.into(), line, message: message.into() });
    }

    fn push(&mut self, notice: Notice) {
        let count = self.counts.entry(notice.reason).or_default();
        *count = count.saturating_add(1);
        if *count <= Report::KEPT {
            self.notices.push(notice);
        }
    }

    /// Takes over all of `other`.
    pub fn merge(&mut self, other: Report) {
        let mut unlisted = other.counts;
        for notice in other.notices {
            if let Some(count) = unlisted.get_mut(&notice.reason) {
                *count = count.saturating_sub(1);
            }
            self.push(notice);
        }
        for (reason, count) in unlisted {
            let own = self.counts.entry(reason).or_default();
            *own = own.saturating_add(count);
        }
    }

    /// With every path put under `folder`, which is where the thing reported on lies in what was opened; empty leaves all as
    /// it is.
    #[must_use]
    pub fn under(mut self, folder: &str) -> Report {
        if !folder.is_empty() {
            for notice in &mut self.notices {
                notice.path = match notice.path.as_str() {
                    "" | "." => folder.to_string(),
                    path => format!("{folder}/{path}"),
                };
            }
        }
        self
    }

    /// The notices that were kept, in the order in which they came.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// How many were seen, kept or not.
    pub fn total(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many of one reason were seen.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts.get(&reason).copied().unwrap_or(0)
    }

    /// Whether all was well.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Reason, Report};

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut all = Report::default();
        for _ in 0..3 {
            let mut part = Report::default();
            for line in 0..700 {
                part.note(Reason::MetricLineMalformed, "m", Some(line), "x");
            }
            all.merge(part);
        }
        assert_eq!(all.total(), 2_100);
        assert_eq!(all.notices().len() as u64, Report::KEPT);
        let mut twice = Report::default();
        twice.merge(all.clone());
        assert_eq!(twice, all);
    }

    #[test]
    fn words_are_unique() {
        let words: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}

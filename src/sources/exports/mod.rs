//! EXPORTS: what was saved of a store in another form. Each becomes a [`Held`](held::Held) store in memory, whatever it was.
//!
//! | kind | what | word |
//! |---|---|---|
//! | [`Kind::Document`] | Runglass's own JSON document (`document/document.md`) | `runglass` |
//! | [`Kind::Answers`] | answers of MLflow's REST interface, saved to files; `mlflow runs describe` | `rest-answers` |
//! | [`Kind::ExportImport`] | folders and files of mlflow-export-import | `export-import` |
//! | [`Kind::Csv`], [`Kind::Frame`] | `mlflow.search_runs()` as CSV or as JSON of pandas; `mlflow experiments csv` | `search-runs` |
//!
//! It must not know what carries the files, nor how a run is shown. Recognition goes by content.

pub mod document;
mod draft;
mod files;
mod frame;
pub mod held;
pub mod json;
mod pace;
mod parts;
mod recognise;
mod table;

pub use recognise::{HEAD_BYTES, instead, recognise, recognise_dir};

use crate::sources::{Bytes, Fault, FaultKind, Folder, Source};
use files::Given;
use held::Exported;
use pace::Loading;
use std::rc::Rc;

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Runglass's own document.
    Document,
    /// Saved answers of the REST interface.
    Answers,
    /// Of mlflow-export-import.
    ExportImport,
    /// `search_runs()` as CSV.
    Csv,
    /// `search_runs()` as JSON of pandas.
    Frame,
}

impl Kind {
    /// The word for [`Store::format`](crate::model::Store::format).
    pub fn word(self) -> &'static str {
        match self {
            Kind::Document => "runglass",
            Kind::Answers => "rest-answers",
            Kind::ExportImport => "export-import",
            Kind::Csv | Kind::Frame => "search-runs",
        }
    }

    /// What the format does not carry, as the notice says it; the table in ARCHITECTURE.md says the same.
    pub fn not_carried(self) -> &'static str {
        match self {
            Kind::Document => document::NOT_CARRIED,
            Kind::Answers => {
                "Answers of a server: of each metric the last point, and whole histories where `metrics/get-history` was saved \
                 beside them; no artifacts; what the questions left out (deleted runs, further pages) is not here."
            }
            Kind::ExportImport => {
                "An export of mlflow-export-import: deleted runs and experiments are mostly left out, and so are datasets and \
                 outputs before its version of 2026."
            }
            Kind::Csv => {
                "A table of search_runs: of each metric the last value, without its step and time (it stands at step 0 and at the \
                 run's end); NaN and what was not logged, empty texts and what is absent, are the same; no names of experiments, \
                 deleted runs, datasets, models or artifacts."
            }
            Kind::Frame => {
                "A table of search_runs: of each metric the last value, without its step and time (it stands at step 0 and at the \
                 run's end) and with ten digits; NaN, the infinities and what was not logged are the same; no names of experiments, deleted runs, \
                 datasets, models or artifacts."
            }
        }
    }
}

/// One file as a source. `path` is where it lies in what was opened (`.` when it is all of it); notices name it.
///
/// # Errors
/// None yet: what is wrong with the file comes with the first page.
pub fn open_file(kind: Kind, path: &str, bytes: Rc<dyn Bytes>) -> Result<Rc<dyn Source>, Fault> {
    open(kind, path, Given::File { path: path.to_owned(), bytes })
}

/// Several files and folders of one kind as one source: answers that belong together, or the parts of an export. Paths lie in
/// `folder`; folders are looked through at any depth, not into artifacts. The store's path is the deepest folder around them.
///
/// # Errors
/// When `paths` is empty.
pub fn open_paths(kind: Kind, folder: Rc<dyn Folder>, paths: Vec<String>) -> Result<Rc<dyn Source>, Fault> {
    let Some(around) = files::around(&paths) else {
        return Err(Fault::new(FaultKind::NotRecognised, "Nothing was given to open."));
    };
    open(kind, &around, Given::Paths { folder, paths })
}

fn open(kind: Kind, path: &str, given: Given) -> Result<Rc<dyn Source>, Fault> {
    let path = path.to_owned();
    Ok(Rc::new(Exported(Loading::new(move |pace| async move {
        match kind {
            Kind::Document => document::load(&path, given, &pace).await,
            Kind::Answers | Kind::ExportImport => parts::load(kind, &path, given, &pace).await,
            Kind::Csv | Kind::Frame => table::load(kind, &path, given, &pace).await,
        }
    }))))
}

//! Which of MLflow's parts a folder holds directly, in two bytes, so that no listing need be kept or asked for twice.

use crate::sources::Entry;

/// A set of parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u16);

impl Parts {
    /// `meta.yaml`
    pub const META: Parts = Parts(1);
    /// `params/`
    pub const PARAMS: Parts = Parts(1 << 1);
    /// `metrics/`
    pub const METRICS: Parts = Parts(1 << 2);
    /// `tags/`
    pub const TAGS: Parts = Parts(1 << 3);
    /// `inputs/`
    pub const INPUTS: Parts = Parts(1 << 4);
    /// `outputs/`
    pub const OUTPUTS: Parts = Parts(1 << 5);
    /// `artifacts/`
    pub const ARTIFACTS: Parts = Parts(1 << 6);
    /// Anything else.
    pub const OTHER: Parts = Parts(1 << 7);

    /// Of a listing.
    pub fn of(entries: &[Entry]) -> Parts {
        let part = |entry: &Entry| match (entry.is_folder, entry.name.as_str()) {
            (false, "meta.yaml") => Parts::META,
            (true, "params") => Parts::PARAMS,
            (true, "metrics") => Parts::METRICS,
            (true, "tags") => Parts::TAGS,
            (true, "inputs") => Parts::INPUTS,
            (true, "outputs") => Parts::OUTPUTS,
            (true, "artifacts") => Parts::ARTIFACTS,
            (_, name) if is_litter(name) => Parts::default(),
            _ => Parts::OTHER,
        };
        Parts(entries.iter().fold(0, |all, entry| all | part(entry).0))
    }

    /// Whether all of `parts` are here.
    pub fn has(self, parts: Parts) -> bool {
        self.0 & parts.0 == parts.0
    }

    /// The others.
    pub fn without(self, parts: Parts) -> Parts {
        Parts(self.0 & !parts.0)
    }

    /// How many of params, metrics and tags are here: the folders that hold what a run logged.
    pub fn logged(self) -> usize {
        [Parts::PARAMS, Parts::METRICS, Parts::TAGS].into_iter().filter(|part| self.has(*part)).count()
    }
}

/// What systems leave lying about; never tracking data. The `.ipynb_checkpoints` of notebooks are not among it: MLflow
/// reads the metrics and params in them, so they are read here.
pub fn is_litter(name: &str) -> bool {
    matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini" | "__MACOSX") || name.starts_with("._")
}

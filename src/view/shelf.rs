//! Lines of the pages of registered models and of traces.

use crate::model::{ModelVersion, RegisteredModel, Trace};
use std::collections::HashSet;

/// A version of a registered model, or a model that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLine {
    model: u32,
    version: Option<u32>,
    /// Whether it is the first line of its model.
    pub is_first: bool,
}

impl ModelLine {
    /// The model of the line.
    pub fn model(self, models: &[RegisteredModel]) -> Option<&RegisteredModel> {
        models.get(self.model as usize)
    }

    /// The version of the line.
    pub fn version(self, models: &[RegisteredModel]) -> Option<&ModelVersion> {
        self.model(models)?.versions.get(self.version? as usize)
    }
}

/// Whether every word of `search` occurs in one of `texts`.
fn matches<'a>(search: &str, texts: impl Iterator<Item = &'a str>) -> bool {
    if search.trim().is_empty() {
        return true;
    }
    let text = texts.collect::<Vec<_>>().join("\n").to_lowercase();
    search.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = &str> {
    pairs.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()])
}

/// One line a version, the newest version of a model first; models in the given order. What is searched for may stand in
/// the model or in the version.
pub fn model_lines(models: &[RegisteredModel], search: &str) -> Vec<ModelLine> {
    let mut lines = Vec::new();
    for (number, model) in (0..).zip(models) {
        let of_model = || {
            let own = [model.name.as_str(), model.description.as_deref().unwrap_or_default()];
            own.into_iter().chain(pairs(&model.tags))
        };
        let mut is_first = true;
        let mut push = |version| {
            lines.push(ModelLine { model: number, version, is_first });
            is_first = false;
        };
        if model.versions.is_empty() && matches(search, of_model()) {
            push(None);
        }
        for (at, version) in model.versions.iter().enumerate().rev() {
            let text = version.version.to_string();
            let aliases = model.aliases.iter().filter(|(_, of)| *of == text).map(|(alias, _)| alias.as_str());
            let own = [&version.stage, &version.status, &version.description, &version.user, &version.run_id];
            let of_version = own.into_iter().filter_map(|text| text.as_deref()).chain(pairs(&version.tags));
            if matches(search, of_model().chain(of_version).chain(aliases)) {
                push(u32::try_from(at).ok());
            }
        }
    }
    lines
}

/// Each trace once: of two copies of a store that were opened, the first.
pub fn once(traces: &[Trace]) -> Vec<Trace> {
    let mut known = HashSet::new();
    traces.iter().filter(|trace| known.insert((&trace.id, trace.start_ms))).cloned().collect()
}

/// Numbers of the traces that match, the newest first; those without a time last.
pub fn trace_lines(traces: &[Trace], search: &str) -> Vec<u32> {
    let of = |trace: &Trace| matches(search, [trace.name.as_str(), &trace.state, &trace.id].into_iter());
    let mut lines: Vec<u32> = (0..).zip(traces).filter(|(_, trace)| of(trace)).map(|(number, _)| number).collect();
    lines.sort_by_key(|number| std::cmp::Reverse(traces.get(*number as usize).and_then(|trace| trace.start_ms)));
    lines
}

#[cfg(test)]
mod tests {
    use super::{model_lines, once, trace_lines};
    use crate::model::{ModelVersion, RegisteredModel, Trace};

    #[test]
    fn models_are_lines_of_versions() {
        let version = |version: u64, stage: &str| ModelVersion {
            version,
            stage: Some(stage.to_owned()),
            ..ModelVersion::default()
        };
        let model = |name: &str, versions| RegisteredModel {
            name: name.to_owned(),
            aliases: vec![("champion".to_owned(), "2".to_owned())],
            versions,
            ..RegisteredModel::default()
        };
        let models = [model("a", vec![version(1, "Archived"), version(2, "Production")]), model("empty", Vec::new())];
        let check = |search: &str, expected: &str| {
            let lines = model_lines(&models, search);
            let text = lines.into_iter().map(|line| {
                let name = line.model(&models).map_or("", |model| &model.name);
                let version = line.version(&models).map_or(0, |version| version.version);
                format!("{name}{version}{}", if line.is_first { "!" } else { "" })
            });
            assert_eq!(text.collect::<Vec<_>>().join(" "), expected, "{search}");
        };
        check("", "a2! a1 empty0!");
        check("A prod", "a2!");
        check("archived", "a1!");
        check("CHAMPION", "a2!");
        check("empty", "empty0!");
        check("none", "");
    }

    #[test]
    fn the_newest_trace_comes_first() {
        let trace = |id: &str, start_ms| Trace { id: id.to_owned(), start_ms, ..Trace::default() };
        let traces = [trace("old", Some(1)), trace("unknown", None), trace("new", Some(2))];
        assert_eq!(trace_lines(&traces, ""), [2, 0, 1]);
        assert_eq!(trace_lines(&traces, "OL"), [0]);
    }

    #[test]
    fn a_trace_of_two_copies_is_one() {
        let trace =
            |id: &str, start_ms, experiment| Trace { id: id.to_owned(), start_ms, experiment, ..Trace::default() };
        let all = [trace("a", Some(1), 0), trace("b", None, 0), trace("a", Some(1), 4), trace("a", Some(2), 4)];
        let left: Vec<(String, u32)> = once(&all).into_iter().map(|trace| (trace.id, trace.experiment)).collect();
        assert_eq!(left, [("a".to_owned(), 0), ("b".to_owned(), 0), ("a".to_owned(), 4)]);
    }
}

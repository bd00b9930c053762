//! The list of experiments: counts, last activity, search and order.

use crate::model::{Experiment, Lifecycle, RunTable};
use crate::view::Shown;
use crate::view::columns::natural;
use std::cmp::{Ordering, Reverse};

/// What is counted of one experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs in use that were read.
    pub active: u32,
    /// Deleted runs that were read.
    pub deleted: u32,
    /// Latest start or end of a run, else the experiment's own last change; milliseconds.
    pub last_ms: Option<i64>,
}

/// Counts by experiment number.
pub fn counts(experiments: &[Experiment], table: &RunTable) -> Vec<Counts> {
    let mut counts: Vec<Counts> = vec![Counts::default(); experiments.len()];
    for row in table.rows() {
        let row = row as usize;
        let number = table.experiment[row] as usize;
        let (Some(count), Some(experiment)) = (counts.get_mut(number), experiments.get(number)) else { continue };
        let deleted = table.lifecycle[row] == Lifecycle::Deleted || experiment.lifecycle == Lifecycle::Deleted;
        if deleted {
            count.deleted += 1
        } else {
            count.active += 1
        }
        count.last_ms = count.last_ms.max(table.start_ms[row]).max(table.end_ms[row]);
    }
    for (count, experiment) in counts.iter_mut().zip(experiments) {
        count.last_ms = count.last_ms.or(experiment.last_update_ms).or(experiment.creation_ms);
    }
    counts
}

/// Columns of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Name.
    Name,
    /// Which of the things that were opened it lies in.
    Origin,
    /// Runs in use.
    Runs,
    /// Deleted runs.
    Deleted,
    /// Last activity.
    Last,
    /// Tags.
    Tags,
    /// Description.
    Description,
}

impl Column {
    /// All, as they stand.
    pub const ALL: [Column; 7] =
        [Column::Name, Column::Origin, Column::Runs, Column::Deleted, Column::Last, Column::Tags, Column::Description];

    /// The word in the link and in `data-column`.
    pub fn word(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Origin => "origin",
            Column::Runs => "runs",
            Column::Deleted => "deleted",
            Column::Last => "last",
            Column::Tags => "tags",
            Column::Description => "description",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.word() == word)
    }

    /// Whether the list can be sorted by it.
    pub fn sortable(self) -> bool {
        !matches!(self, Column::Tags | Column::Description)
    }
}

/// The tag that holds the description, as Markdown.
pub const NOTE_TAG: &str = "mlflow.note.content";

/// Tags that the user set.
pub fn user_tags(experiment: &Experiment) -> impl Iterator<Item = (&str, &str)> {
    let of_user = |(key, _): &&(String, String)| !crate::view::columns::is_system_tag(key);
    experiment.tags.iter().filter(of_user).map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Numbers of the experiments that are shown: every word of `search` occurs in name, id, a tag or the description.
/// Newest activity first unless told otherwise.
pub fn list(
    experiments: &[Experiment],
    counts: &[Counts],
    shown: Shown,
    search: &str,
    sort: Option<(Column, bool)>,
) -> Vec<u32> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let mut numbers: Vec<u32> = (0..experiments.len() as u32)
        .filter(|&number| {
            let experiment = &experiments[number as usize];
            let right_lifecycle = match shown {
                Shown::Active => experiment.lifecycle == Lifecycle::Active,
                Shown::Deleted => experiment.lifecycle == Lifecycle::Deleted,
                Shown::All => true,
            };
            right_lifecycle && (words.is_empty() || matches(experiment, &words))
        })
        .collect();
    let (column, descending) = sort.unwrap_or((Column::Last, true));
    let count = |number: u32| counts.get(number as usize).copied().unwrap_or_default();
    numbers.sort_by(|&a, &b| {
        let names = || natural(&experiments[a as usize].name, &experiments[b as usize].name, false);
        let turn = |order: Ordering| if descending { order.reverse() } else { order };
        let order = match column {
            Column::Runs => turn(count(a).active.cmp(&count(b).active)),
            Column::Deleted => turn(count(a).deleted.cmp(&count(b).deleted)),
            // what never ran comes last, both ways
            Column::Last => {
                let key = |number| Reverse(count(number).last_ms.is_some());
                key(a).cmp(&key(b)).then(turn(count(a).last_ms.cmp(&count(b).last_ms)))
            }
            Column::Origin => turn(experiments[a as usize].origin.cmp(&experiments[b as usize].origin)),
            Column::Name | Column::Tags | Column::Description => turn(names()),
        };
        order.then_with(names).then(a.cmp(&b))
    });
    numbers
}

fn matches(experiment: &Experiment, words: &[String]) -> bool {
    let mut text = format!("{} {}", experiment.name, experiment.id).to_lowercase();
    for (key, value) in &experiment.tags {
        text.push_str(&format!(" {key} {value}").to_lowercase());
    }
    words.iter().all(|word| text.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(name: &str, lifecycle: Lifecycle, tag: &str) -> Experiment {
        Experiment {
            store: 0,
            id: name.to_owned(),
            path: name.to_owned(),
            name: name.to_owned(),
            lifecycle,
            artifact_location: None,
            creation_ms: None,
            last_update_ms: None,
            tags: vec![("team".to_owned(), tag.to_owned())],
            origin: String::new(),
            runs_expected: 0,
        }
    }

    #[test]
    fn search_order_and_lifecycle() {
        let experiments = [
            experiment("b10", Lifecycle::Active, "Vision"),
            experiment("b2", Lifecycle::Active, "nlp"),
            experiment("old", Lifecycle::Deleted, "vision"),
        ];
        let counts = [
            Counts { active: 1, deleted: 0, last_ms: None },
            Counts { active: 5, deleted: 2, last_ms: Some(7) },
            Counts { active: 0, deleted: 9, last_ms: Some(9) },
        ];
        let check = |shown, search, sort, expected: &[u32]| {
            assert_eq!(list(&experiments, &counts, shown, search, sort), expected, "{search} {sort:?}");
        };
        check(Shown::Active, "", None, &[1, 0]);
        check(Shown::Active, "", Some((Column::Last, false)), &[1, 0]);
        check(Shown::All, "", None, &[2, 1, 0]);
        check(Shown::All, "VISION", None, &[2, 0]);
        check(Shown::All, "vision b10", None, &[0]);
        check(Shown::Deleted, "", None, &[2]);
        check(Shown::Active, "", Some((Column::Name, false)), &[1, 0]);
        check(Shown::Active, "", Some((Column::Runs, true)), &[1, 0]);
    }
}

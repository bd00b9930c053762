//! Names of runs and experiments in links and hooks: the id, or, where open ids collide (two stores, or one id at the root
//! and in `.trash`), the folder path.

use crate::model::{Experiment, RunTable};
use std::collections::HashMap;

/// Both directions for the runs of one table.
#[derive(Clone, Debug, Default)]
pub struct Names {
    name_of: Vec<String>,
    number_of: HashMap<String, u32>,
}

impl Names {
    /// Of runs by row number.
    pub fn of_runs(table: &RunTable) -> Names {
        Names::of(table.id.iter().map(String::as_str).zip(table.key.iter().map(|key| key.0.as_str())))
    }

    /// Of experiments by number.
    pub fn of_experiments(experiments: &[Experiment]) -> Names {
        Names::of(experiments.iter().map(|experiment| (experiment.id.as_str(), experiment.path.as_str())))
    }

    fn of<'a>(ids_and_paths: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Names {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for (id, _) in ids_and_paths.clone() {
            *seen.entry(id).or_default() += 1;
        }
        let name_of: Vec<String> = ids_and_paths
            .clone()
            .map(|(id, path)| if seen.get(id) == Some(&1) { id.to_owned() } else { path.to_owned() })
            .collect();
        let mut number_of: HashMap<String, u32> =
            name_of.iter().zip(0..).map(|(name, number)| (name.clone(), number)).collect();
        // while all is being read an id may stand for one run and collide later: what it named, it names; a path always does
        for ((id, path), number) in ids_and_paths.zip(0..) {
            for name in [id, path] {
                if !number_of.contains_key(name) {
                    number_of.insert(name.to_owned(), number);
                }
            }
        }
        Names { name_of, number_of }
    }

    /// The name of a row or experiment number; empty when there is none.
    pub fn name(&self, number: u32) -> &str {
        self.name_of.get(number as usize).map_or("", String::as_str)
    }

    /// The number behind a name.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.number_of.get(name).copied()
    }

    /// The numbers behind names, unknown ones left out.
    pub fn numbers(&self, names: &[String]) -> Vec<u32> {
        names.iter().filter_map(|name| self.number(name)).collect()
    }
}

/// What a run is called on screen: its name, else the start of its id.
pub fn run_label(table: &RunTable, row: u32) -> &str {
    let name = table.name.get(row as usize).map_or("", |name| name.trim());
    if name.is_empty() { table.id.get(row as usize).map_or("", |id| crate::view::format::short_id(id)) } else { name }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn colliding_ids_take_their_path() {
        let names = Names::of([("1", "1"), ("2", "2"), ("1", ".trash/1")].into_iter());
        assert_eq!([names.name(0), names.name(1), names.name(2), names.name(9)], ["1", "2", ".trash/1", ""]);
        assert_eq!(names.numbers(&["2".into(), ".trash/1".into(), "7".into()]), [1, 2]);
        let names = Names::of([("a", "one/a"), ("a", "two/a")].into_iter());
        assert_eq!((names.number("a"), names.number("two/a")), (Some(0), Some(1)));
    }
}

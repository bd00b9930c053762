//! Names of runs and experiments in links and hooks: the id, or, where open ids collide (two stores, or one id at the root
//! and in `.trash`), the folder path.

use crate::model::{Experiment, RunTable};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Both directions for the runs of one table.
#[derive(Clone, Debug, Default)]
pub struct Names {
    name_of: Vec<String>,
    /// Ids that are nobody's name, each with the first that has it.
    shared: Vec<(String, u32)>,
    /// The way back, made when it is first asked for: names change with every page of runs, and links name few.
    number_of: OnceLock<HashMap<String, u32>>,
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
        let mut first: HashMap<&str, (u32, bool)> = HashMap::with_capacity(ids_and_paths.size_hint().0);
        for ((id, _), number) in ids_and_paths.clone().zip(0..) {
            first.entry(id).and_modify(|(_, is_shared)| *is_shared = true).or_insert((number, false));
        }
        let is_shared = |id: &str| first.get(id).is_some_and(|(_, is_shared)| *is_shared);
        let name_of =
            ids_and_paths.map(|(id, path)| if is_shared(id) { path.to_owned() } else { id.to_owned() }).collect();
        let shared = first.iter().filter(|(_, (_, is_shared))| *is_shared);
        let shared = shared.map(|(id, (number, _))| ((*id).to_owned(), *number)).collect();
        Names { name_of, shared, number_of: OnceLock::new() }
    }

    fn number_of(&self) -> &HashMap<String, u32> {
        self.number_of.get_or_init(|| {
            // while all is being read an id may stand for one run and collide later: what it named, it names
            let mut number_of: HashMap<String, u32> = self.shared.iter().cloned().collect();
            number_of.extend(self.name_of.iter().cloned().zip(0..));
            number_of
        })
    }

    /// The name of a row or experiment number; empty when there is none.
    pub fn name(&self, number: u32) -> &str {
        self.name_of.get(number as usize).map_or("", String::as_str)
    }

    /// The number behind a name. A path of what has its id to itself is known by that id, with which it ends.
    pub fn number(&self, name: &str) -> Option<u32> {
        let by_id = || self.number_of().get(name.rsplit_once('/')?.1).copied();
        self.number_of().get(name).copied().or_else(by_id)
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

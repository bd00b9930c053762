//! What of a source goes into a document.
//!
//! It must not know how it is written.

use crate::model::{Experiment, RunKey};
use crate::sources::Scope;
use std::collections::{BTreeSet, HashSet};

/// What to write: the runs of `experiments` and the `runs`, by id or by path; all when both are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Ids or paths of experiments.
    pub experiments: Vec<String>,
    /// Ids or keys of runs.
    pub runs: Vec<String>,
}

/// Which experiments and runs are written, and the numbers that the experiments get.
pub(super) struct Choice {
    chosen: Chosen,
    pub(super) experiments: Vec<Experiment>,
    /// Whether the experiment was chosen as a whole.
    whole: Vec<bool>,
    /// Its number in the document, once something of it is written.
    number: Vec<Option<u32>>,
    /// By number in the document.
    pub(super) order: Vec<usize>,
    found: BTreeSet<String>,
    /// Ids of the runs that are written, where not all are.
    pub(super) runs: HashSet<String>,
}

impl Choice {
    pub(super) fn new(chosen: &Chosen, experiments: Vec<Experiment>) -> Choice {
        let count = experiments.len();
        let chosen = chosen.clone();
        let mut choice = Choice {
            chosen,
            experiments,
            whole: vec![false; count],
            number: vec![None; count],
            order: Vec::new(),
            found: BTreeSet::new(),
            runs: HashSet::new(),
        };
        for at in 0..count {
            let (Some(experiment), Some(whole)) = (choice.experiments.get(at), choice.whole.get_mut(at)) else {
                continue;
            };
            let named =
                choice.chosen.experiments.iter().find(|name| **name == experiment.id || **name == experiment.path);
            choice.found.extend(named.map(|name| format!("experiment {name}")));
            *whole = choice.chosen == Chosen::default() || named.is_some();
            if *whole {
                choice.number(at);
            }
        }
        choice
    }

    pub(super) fn is_all(&self) -> bool {
        self.chosen == Chosen::default()
    }

    /// The number in the document of an experiment of the source.
    pub(super) fn number(&mut self, at: usize) -> u32 {
        let next = self.order.len() as u32;
        match self.number.get_mut(at) {
            Some(Some(number)) => *number,
            Some(number) => {
                *number = Some(next);
                self.order.push(at);
                next
            }
            None => 0,
        }
    }

    pub(super) fn takes_run(&mut self, id: &str, key: &str, experiment: u32) -> bool {
        let named = self.chosen.runs.iter().find(|name| *name == id || *name == key);
        self.found.extend(named.map(|name| format!("run {name}")));
        let is_taken = named.is_some() || self.has_whole(experiment);
        if is_taken && !self.is_all() {
            self.runs.insert(id.to_owned());
        }
        is_taken
    }

    pub(super) fn has_whole(&self, experiment: u32) -> bool {
        self.whole.get(experiment as usize).copied().unwrap_or(false)
    }

    /// Whether what belongs to an experiment, and maybe to a run, goes with them; the experiment's number in the document.
    pub(super) fn takes(&self, experiment: u32, run: Option<&str>) -> Option<u32> {
        let is_taken = self.has_whole(experiment) || run.is_some_and(|run| self.runs.contains(run));
        self.number.get(experiment as usize).copied().flatten().filter(|_| is_taken)
    }

    /// What a server is asked for; files give all.
    pub(super) fn scope(&self) -> Scope {
        let numbers = 0..u32::try_from(self.number.len()).unwrap_or(u32::MAX);
        match (self.chosen.experiments.is_empty(), self.chosen.runs.is_empty()) {
            (false, true) => {
                Scope { experiments: numbers.filter(|number| self.has_whole(*number)).collect(), ..Scope::default() }
            }
            (true, false) => Scope { only: self.chosen.runs.iter().cloned().map(RunKey).collect(), ..Scope::default() },
            _ => Scope::default(),
        }
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let experiments = self.chosen.experiments.iter().map(|name| format!("experiment {name}"));
        let named = experiments.chain(self.chosen.runs.iter().map(|name| format!("run {name}")));
        named.filter(|name| !self.found.contains(name)).collect()
    }
}

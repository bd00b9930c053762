//! WHAT SQLITE LEAVES BESIDE DATABASES: which log and which journal belong to which, by their names. It must not know what the
//! databases are about.

use crate::model::{Reason, Report};
use crate::sources::sqlite::{self, Leftover};
use crate::sources::{Fault, Folder, ReadAsk, path};
use std::collections::BTreeMap;

/// How a log or a journal is named after its database.
const ENDS: [&str; 2] = ["-wal", "-journal"];
/// First bytes of a file that tell whether it is one of them.
const HEAD: u64 = 100;

/// The logs and journals in a tree.
#[derive(Debug, Default)]
pub struct Logs {
    /// Of each database, the paths of its log and its journal.
    of: BTreeMap<String, [Option<String>; 2]>,
    /// Those without a database, and what each is.
    strays: Vec<(String, Leftover)>,
    /// What belongs together though the names differ: databases with their logs.
    renamed: Vec<(String, String)>,
}

impl Logs {
    /// Those beside `databases`; `lone` are files that are named after a database which is not there.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn find(folder: &dyn Folder, databases: &[String], lone: &[String]) -> Result<Logs, Fault> {
        let mut logs = Logs::default();
        let dirs: Vec<String> = databases.iter().map(|at| path::parent(at).to_owned()).collect();
        for (at, beside) in databases.iter().zip(folder.list(&dirs, false).await?) {
            let file_of = |end: &str| {
                let name = format!("{}{end}", path::name(at));
                beside.iter().any(|entry| !entry.is_folder && entry.name == name).then(|| format!("{at}{end}"))
            };
            logs.of.insert(at.clone(), ENDS.map(file_of));
        }
        // An empty log holds nothing, and other files may be called so.
        for (at, head) in lone.iter().zip(heads(folder, lone).await?) {
            logs.strays.extend(sqlite::leftover(&head).map(|kind| (at.clone(), kind)));
        }
        logs.pair(folder).await?;
        Ok(logs)
    }

    /// A browser that saves a file a second time renames it, `mlflow (1).db`: a database without its log and a log without its
    /// database belong together where no others lie beside them and one is named like the other. Nothing in the files says so.
    async fn pair(&mut self, folder: &dyn Folder) -> Result<(), Fault> {
        let is_log = |stray: &&(String, Leftover)| stray.1 == Leftover::Log;
        let without: Vec<String> =
            self.of.iter().filter(|(_, [log, _])| log.is_none()).map(|(at, _)| at.clone()).collect();
        if without.is_empty() || !self.strays.iter().any(|stray| is_log(&stray)) {
            return Ok(());
        }
        let heads = heads(folder, &without).await?;
        let wanting: Vec<&String> =
            without.iter().zip(heads).filter(|(_, head)| sqlite::is_wal_mode(head)).map(|(at, _)| at).collect();
        for database in &wanting {
            let lies_here = |at: &str| path::parent(at) == path::parent(database);
            let mut here = self.strays.iter().filter(is_log).map(|(at, _)| at).filter(|at| lies_here(at));
            let (Some(log), None) = (here.next().cloned(), here.next()) else { continue };
            let is_only_one = wanting.iter().filter(|at| lies_here(at)).count() == 1;
            if is_only_one && is_akin(path::name(database), path::name(&log)) {
                self.strays.retain(|(at, _)| *at != log);
                self.renamed.push(((*database).clone(), log.clone()));
                if let Some([slot, _]) = self.of.get_mut(*database) {
                    *slot = Some(log);
                }
            }
        }
        Ok(())
    }

    /// The paths of the log and of the journal of a database.
    pub fn of(&self, database: &str) -> [Option<&str>; 2] {
        self.of.get(database).map_or([None; 2], |own| own.each_ref().map(Option::as_deref))
    }

    /// Says which were taken for another's, and which were not read.
    pub fn tell(&self, report: &mut Report) {
        for (database, log) in &self.renamed {
            let message = format!("{} was read as the log of {}.", path::name(log), path::name(database));
            report.note(Reason::DatabaseLogRenamed, database, None, message);
        }
        for (at, kind) in &self.strays {
            let name = path::name(at);
            let database = ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            let message = match kind {
                Leftover::Log => {
                    format!(
                        "{name} holds the latest changes of {database}, which is not beside it: they are not shown."
                    )
                }
                Leftover::Journal => {
                    format!("{name} holds what undoes a broken change of {database}, which is not beside it.")
                }
            };
            report.note(Reason::DatabaseLogAlone, at, None, message);
        }
    }
}

/// The first bytes of files; none of what can not be read.
async fn heads(folder: &dyn Folder, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
    let asks: Vec<ReadAsk> = paths.iter().map(|at| ReadAsk::up_to(at, HEAD)).collect();
    Ok(folder.read(&asks).await?.into_iter().map(Result::unwrap_or_default).collect())
}

/// Whether one name goes on where the other ends: `mlflow (1).db` and `mlflow.db-wal`.
fn is_akin(database: &str, log: &str) -> bool {
    let split = |name: &str| {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        (stem.to_lowercase(), extension.to_lowercase())
    };
    let log = log.strip_suffix("-wal").unwrap_or(log);
    let ((one, kind), (other, other_kind)) = (split(database), split(log));
    let is_start = |start: &str, of: &str| !start.is_empty() && of.starts_with(start);
    kind == other_kind && (is_start(&one, &other) || is_start(&other, &one))
}

#[cfg(test)]
mod tests {
    use super::is_akin;

    #[test]
    fn names_of_one_database() {
        let check = |database: &str, log: &str, expected: bool| {
            assert_eq!(is_akin(database, log), expected, "{database} {log}");
        };
        check("mlflow (1).db", "mlflow.db-wal", true);
        check("mlflow.db", "mlflow(2).db-wal", true);
        check("mlflow-2.db", "mlflow.db-wal", true);
        check("mlflow copy", "mlflow-wal", true);
        check("mlflow.db", "other.db-wal", false);
        check("mlflow.db", "mlflow.sqlite-wal", false);
        check("mlflow.db", "-wal", false);
    }
}

//! The artifacts of a run, found in a folder that was given with its database: not by the path that the database states, which
//! names another machine mostly, but by how that path ends.

use super::Inner;
use super::rows::filled;
use crate::model::RunKey;
use crate::sources::recognise::is_run_name;
use crate::sources::sqlite::Value;
use crate::sources::sub::Sub;
use crate::sources::{Async, Entry, Fault, Folder, ReadAsk, path};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Folders that are looked through at most, and how deep.
const FOLDERS: usize = 20_000;
const DEPTH: usize = 6;

/// Folders of what was given, by name: where each lies.
#[derive(Default)]
pub struct Places {
    above: HashMap<String, Vec<String>>,
}

impl Places {
    /// Looks through a folder, but not into what is named like a run.
    async fn walk(folder: &dyn Folder) -> Result<Places, Fault> {
        let mut places = Places::default();
        let mut level = vec![String::new()];
        let mut seen = 0;
        for _ in 0..DEPTH {
            level.truncate(FOLDERS.saturating_sub(seen));
            if level.is_empty() {
                break;
            }
            seen += level.len();
            let lists = folder.list(&level, false).await?;
            let mut below = Vec::new();
            for (dir, entries) in level.iter().zip(lists) {
                for entry in entries.into_iter().filter(|entry| entry.is_folder) {
                    if !is_id(&entry.name) && entry.name != "artifacts" {
                        below.push(path::join(dir, &entry.name));
                    }
                    places.above.entry(entry.name).or_default().push(dir.clone());
                }
            }
            level = below;
        }
        Ok(places)
    }

    /// Where the folder lies that a stated path `.../EXPERIMENT/RUN/artifacts` ends in: under a folder named as stated, or
    /// anywhere.
    fn find(&self, uri: &str) -> Option<String> {
        let uri = uri.replace('\\', "/");
        let mut parts = uri.trim_end_matches('/').rsplit('/');
        let (last, run, experiment) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
        let above = self.above.get(run)?;
        let dir = above.iter().find(|dir| path::name(dir) == experiment).or(above.first())?;
        Some(path::join(&path::join(dir, run), last))
    }
}

/// An id as MLflow makes them: of a run, of a model with `m-` before it, of a trace with `tr-`.
fn is_id(name: &str) -> bool {
    is_run_name(name.strip_prefix("m-").or(name.strip_prefix("tr-")).unwrap_or(name))
}

/// The folder of one run; it is looked for when it is first asked.
pub struct RunArtifacts {
    inner: Rc<Inner>,
    run: RunKey,
    found: RefCell<Option<Option<String>>>,
}

impl RunArtifacts {
    /// Nothing is read yet.
    pub fn new(inner: Rc<Inner>, run: RunKey) -> RunArtifacts {
        RunArtifacts { inner, run, found: RefCell::new(None) }
    }

    async fn folder(&self) -> Result<Option<Sub>, Fault> {
        let known = self.found.borrow().clone();
        let dir = match known {
            Some(dir) => dir,
            None => {
                let uri = stated(&self.inner, &self.run)?;
                let places = self.inner.places.borrow().clone();
                let places = match places {
                    Some(places) => places,
                    None => {
                        let places = Rc::new(Places::walk(&*self.inner.artifacts).await?);
                        *self.inner.places.borrow_mut() = Some(places.clone());
                        places
                    }
                };
                // A run whose path says nothing may lie by its id all the same.
                let by_id = || places.find(&format!("{}/artifacts", self.run.0));
                let dir = uri.as_deref().and_then(|uri| places.find(uri)).or_else(by_id);
                *self.found.borrow_mut() = Some(dir.clone());
                dir
            }
        };
        Ok(dir.map(|dir| Sub::new(self.inner.artifacts.clone(), dir)))
    }
}

/// Where the database says that the artifacts of a run lie.
fn stated(inner: &Inner, run: &RunKey) -> Result<Option<String>, Fault> {
    let Some(table) = inner.database.table("runs") else { return Ok(None) };
    let Some(index) = table.index_on(&["run_uuid"]) else { return Ok(None) };
    let mut rowids = Vec::new();
    let key = vec![Value::Text(run.0.as_bytes())];
    inner.database.entries(table, index, &[], &[key], &mut |_, row| rowids.push(row.rowid))?;
    rowids.truncate(1);
    let mut uri = None;
    inner.database.rows(table, &["artifact_uri"], &rowids, &mut |row| uri = filled(row.get(0)))?;
    Ok(uri)
}

impl Folder for RunArtifacts {
    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            match self.folder().await? {
                Some(folder) => folder.list(dirs, with_sizes).await,
                None => Ok(vec![Vec::new(); dirs.len()]),
            }
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            match self.folder().await? {
                Some(folder) => folder.read(asks).await,
                None => {
                    let missing = |ask: &ReadAsk| {
                        let message = format!("{} lies outside of what was opened.", ask.path);
                        Err(Fault::new(crate::sources::FaultKind::NotFound, message))
                    };
                    Ok(asks.iter().map(missing).collect())
                }
            }
        })
    }
}

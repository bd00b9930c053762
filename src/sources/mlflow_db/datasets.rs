//! Datasets by their ids, each read once however many runs name it.

use super::rows::filled;
use crate::model::{DatasetInput, Report};
use crate::sources::Fault;
use crate::sources::sqlite::{Budget, Database, Order, Value};
use std::cell::RefCell;
use std::collections::HashMap;

const COLUMNS: [&str; 7] =
    ["dataset_uuid", "name", "digest", "dataset_source_type", "dataset_source", "dataset_profile", "dataset_schema"];
/// Schemas and profiles are large, and kept once a run; beyond this many bytes they are left out.
const KEPT: usize = 64 << 20;

/// Datasets that were read.
#[derive(Default)]
pub struct Datasets {
    by_id: RefCell<HashMap<String, Option<DatasetInput>>>,
    bytes: RefCell<usize>,
}

impl Datasets {
    /// Reads those of `ids` that are not known yet.
    ///
    /// # Errors
    /// Those of the files.
    pub fn read<'a>(&self, database: &Database, ids: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
        let Some(table) = database.table("datasets") else { return Ok(()) };
        let mut new: Vec<&str> = ids.filter(|id| !self.by_id.borrow().contains_key(*id)).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        for id in &new {
            self.by_id.borrow_mut().insert((*id).to_owned(), None);
        }
        let mut add = |row: &crate::sources::sqlite::Row<'_>| {
            let text = |at: usize| filled(row.get(at));
            let (Some(id), Some(name)) = (text(0), text(1)) else { return };
            let Some(slot) = self.by_id.borrow_mut().get_mut(&id).map(|_| id) else { return };
            let mut dataset = DatasetInput {
                name,
                digest: text(2).unwrap_or_default(),
                context: None,
                source_type: text(3),
                source: text(4),
                profile: text(5),
                schema: text(6),
            };
            let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            *self.bytes.borrow_mut() += size(&dataset.profile) + size(&dataset.schema);
            if *self.bytes.borrow() > KEPT {
                (dataset.profile, dataset.schema) = (None, None);
            }
            self.by_id.borrow_mut().insert(slot, Some(dataset));
        };
        let Some(index) = table.index_on(&["dataset_uuid"]) else {
            let mut scan = database.scan(table, &COLUMNS, Order::OldestFirst);
            while scan.step(database, Budget { reads: 64, bytes: 4 << 20 }, &mut add)? {}
            return Ok(());
        };
        let keys: Vec<Vec<Value<'_>>> = new.iter().map(|id| vec![Value::Text(id.as_bytes())]).collect();
        let mut rowids = Vec::new();
        database.entries(table, index, &[], &keys, &mut |_, row| rowids.push(row.rowid))?;
        rowids.sort_unstable();
        rowids.dedup();
        database.rows(table, &COLUMNS, &rowids, &mut add)
    }

    /// A dataset as the input of a run; one that is not in the database is told.
    pub fn input(
        &self,
        id: &str,
        context: Option<String>,
        run: &str,
        file: &str,
        report: &mut Report,
    ) -> Option<DatasetInput> {
        let found = self.by_id.borrow().get(id).cloned().flatten();
        if found.is_none() {
            let message = format!("Run {run} names the dataset {id}, which is not in the database.");
            report.note(crate::model::Reason::DatasetMissing, file, None, message);
        }
        found.map(|dataset| DatasetInput { context, ..dataset })
    }
}

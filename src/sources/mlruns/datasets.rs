//! The datasets of experiments, each read once however many runs name it.

use super::meta::Meta;
use super::{SMALL_LIMIT, text_of};
use crate::model::{DatasetInput, Reason, Report};
use crate::sources::gather::Tally;
use crate::sources::{Fault, Folder, ReadAsk, path};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// Datasets by folder; absent ones are remembered as well.
#[derive(Debug, Default)]
pub struct Datasets {
    by_dir: RefCell<HashMap<String, Option<DatasetInput>>>,
}

impl Datasets {
    /// Reads those of `dirs` that are not known yet.
    ///
    /// # Errors
    /// When the folder as a whole can not be read.
    pub async fn read(
        &self,
        folder: &dyn Folder,
        tally: &Tally,
        dirs: BTreeSet<String>,
        report: &mut Report,
    ) -> Result<(), Fault> {
        let new: Vec<String> = dirs.into_iter().filter(|dir| !self.by_dir.borrow().contains_key(dir)).collect();
        let asks: Vec<ReadAsk> =
            new.iter().map(|dir| ReadAsk::up_to(path::join(dir, "meta.yaml"), SMALL_LIMIT + 1)).collect();
        tally
            .read_each(folder, &asks, |at, answer| {
                let (Some(dir), Some(ask)) = (new.get(at), asks.get(at)) else { return };
                // An absent file is the run's to tell: it names the dataset.
                let text = answer.ok().and_then(|bytes| text_of(&ask.path, Ok(bytes), SMALL_LIMIT, report));
                let dataset = text.and_then(|text| {
                    let read = Meta::read(&text);
                    if let Some((line, message)) = read.problem {
                        report.note(Reason::MetaUnreadable, &ask.path, line, message);
                    }
                    let field = |key: &str| read.meta.text(key).map(str::to_owned);
                    Some(DatasetInput {
                        name: field("name")?,
                        digest: field("digest").unwrap_or_default(),
                        context: None,
                        source_type: field("source_type"),
                        source: field("source"),
                        profile: field("profile"),
                        schema: field("schema"),
                    })
                });
                self.by_dir.borrow_mut().insert(dir.clone(), dataset);
            })
            .await
    }

    /// The dataset in that folder, without a context.
    pub fn get(&self, dir: &str) -> Option<DatasetInput> {
        self.by_dir.borrow().get(dir).cloned().flatten()
    }
}

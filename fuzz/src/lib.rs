//! What the targets share: all of a folder, and all that a source gives. Only the crate's own public seams are used.

use pollster::block_on;
use runglass::model::{RunKey, RunTable};
use runglass::sources::archive::{Allowance, Budget};
use runglass::sources::{Bytes, Cursor, Folder, HistoryAsk, Page, ReadAsk, RunsAsk, Source, path};
use std::rc::Rc;

/// Small, so that a bomb is met soon.
pub fn allowance() -> Allowance {
    let budget =
        Budget { inflated: 4 << 20, ratio: 100, ratio_from: 64 << 10, entries: 10_000, names: 1 << 20, held: 4 << 20 };
    budget.into()
}

/// The bytes as they come from a picked file.
pub fn bytes(data: &[u8]) -> Rc<dyn Bytes> {
    Rc::new(data.to_vec())
}

/// Lists all of a folder and reads the start of every file.
pub fn look_through(folder: &dyn Folder) {
    let mut dirs = vec![String::new()];
    let mut seen = 0;
    while !dirs.is_empty() && seen < 10_000 {
        let Ok(lists) = block_on(folder.list(&dirs, true)) else { return };
        let mut below = Vec::new();
        let mut asks = Vec::new();
        for (dir, entries) in dirs.iter().zip(lists) {
            for entry in entries {
                seen += 1;
                let path = path::join(dir, &entry.name);
                assert!(!path.split('/').any(|part| matches!(part, "" | "." | "..")), "{path}");
                if entry.is_folder {
                    below.push(path);
                } else {
                    asks.push(ReadAsk::up_to(path, 10_000));
                }
            }
        }
        let answers = block_on(folder.read(&asks)).expect("the folder itself");
        assert_eq!(answers.len(), asks.len());
        assert!(answers.iter().flatten().all(|bytes| bytes.len() <= 10_000));
        dirs = below;
    }
    folder.take_report();
}

/// Asks for page after page; whatever was opened, they end.
fn pages<T>(mut ask: impl FnMut(Option<Cursor>) -> Option<Page<T>>) {
    let mut after = None;
    for _ in 0..100_000 {
        match ask(after) {
            Some(Page { next: Some(next), .. }) => after = Some(next),
            _ => return,
        }
    }
    panic!("the pages do not end");
}

/// Everything that a source gives, twice where that matters.
pub fn read_all(source: &dyn Source) {
    let mut experiments = 0;
    pages(|after| {
        let page = block_on(source.experiments(after)).ok()?;
        experiments += page.items.len();
        Some(page)
    });
    let mut table = RunTable::default();
    pages(|after| {
        let page = block_on(source.runs(RunsAsk { after, size: 7, ..RunsAsk::default() })).ok()?;
        table.append(page.items.clone());
        Some(page)
    });
    assert!(table.experiment.iter().all(|number| (*number as usize) < experiments));
    let mut pairs: Vec<(RunKey, String)> = Vec::new();
    for (key, column) in table.metrics.iter() {
        pairs.extend(column.iter().filter_map(|(row, _)| Some((table.key.get(row as usize)?.clone(), key.to_owned()))));
    }
    let mut series = 0;
    pages(|after| {
        let page = block_on(source.history(HistoryAsk { pairs: pairs.clone(), after, ..HistoryAsk::default() })).ok()?;
        series += page.items.len();
        Some(page)
    });
    assert_eq!(series, pairs.len());
    let stores = block_on(source.stores()).map_or(0, |stores| stores.len());
    pages(|after| {
        let page = block_on(source.shelf(after)).ok()?;
        assert!(page.items.registered.iter().all(|model| (model.store as usize) < stores));
        assert!(page.items.traces.iter().all(|trace| (trace.experiment as usize) < experiments));
        Some(page)
    });
    if let Some(key) = table.key.first() {
        look_through(&*source.artifacts(key));
    }
}

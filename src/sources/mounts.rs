//! SEVERAL THINGS, ONE TREE: what was dropped together becomes one folder, each thing under its own name. It must not know what
//! kind of folder any of them is.

use crate::model::Report;
use crate::sources::{Async, Entry, Fault, FaultKind, Folder, ReadAsk, Weight};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Folders side by side, each under its own first path part.
pub struct Mounts {
    /// By name.
    parts: Vec<(String, Rc<dyn Folder>)>,
}

/// The things as one folder: a single one is itself, several stand under their names. Names are made unique, `runs.zip` and
/// `runs.zip (2)`.
pub fn mount(things: Vec<(String, Rc<dyn Folder>)>) -> Rc<dyn Folder> {
    if let [(_, only)] = things.as_slice() {
        return only.clone();
    }
    let mut taken = BTreeSet::new();
    let mut parts = Vec::new();
    for (wanted, folder) in things {
        let name = free_name(&wanted, &taken);
        taken.insert(name.clone());
        parts.push((name, folder));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    Rc::new(Mounts { parts })
}

/// One path part that is not taken.
fn free_name(wanted: &str, taken: &BTreeSet<String>) -> String {
    let wanted = wanted.replace(['/', '\\'], "_");
    let wanted = if matches!(wanted.as_str(), "" | "." | "..") { "unnamed".to_string() } else { wanted };
    if !taken.contains(&wanted) {
        return wanted;
    }
    let numbered = (2_u64..).map(|number| format!("{wanted} ({number})"));
    numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(wanted)
}

impl Mounts {
    /// The number of the thing in which `path` lies, and the path within it.
    fn resolve<'a>(&self, path: &'a str) -> Option<(usize, &'a str)> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let at = self.parts.binary_search_by(|(name, _)| name.as_str().cmp(first)).ok()?;
        Some((at, rest))
    }

    /// The questions for each thing, each with its place in the whole.
    fn sorted_out<'a, Q>(
        &self,
        questions: &'a [Q],
        path: impl Fn(&'a Q) -> &'a str,
        inner: impl Fn(&'a Q, &'a str) -> Q,
    ) -> Vec<(Vec<usize>, Vec<Q>)> {
        let mut parts: Vec<(Vec<usize>, Vec<Q>)> = self.parts.iter().map(|_| Default::default()).collect();
        for (place, question) in questions.iter().enumerate() {
            if let Some((at, rest)) = self.resolve(path(question))
                && let Some((places, asks)) = parts.get_mut(at)
            {
                places.push(place);
                asks.push(inner(question, rest));
            }
        }
        parts
    }

    fn root(&self) -> Vec<Entry> {
        self.parts.iter().map(|(name, _)| Entry { name: name.clone(), is_folder: true, size: None }).collect()
    }
}

impl Folder for Mounts {
    fn weigh(&self, dirs: &[String]) -> Option<Weight> {
        let parts = self.sorted_out(dirs, |dir| dir.as_str(), |_, rest| rest.to_string());
        let mut whole = Weight::default();
        for ((_, folder), (_, dirs)) in self.parts.iter().zip(parts) {
            let weight = if dirs.is_empty() { Weight::default() } else { folder.weigh(&dirs)? };
            whole.files += weight.files;
            whole.bytes = whole.bytes.saturating_add(weight.bytes);
        }
        Some(whole)
    }

    fn place(&self, dir: &str) -> Option<u64> {
        let (at, rest) = self.resolve(dir)?;
        let within = self.parts.get(at)?.1.place(rest).unwrap_or(0);
        Some((at as u64) << 48 | within.min((1 << 48) - 1))
    }

    fn take_report(&self) -> Report {
        let mut report = Report::default();
        for (name, folder) in &self.parts {
            report.merge(folder.take_report().under(name));
        }
        report
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            let lists = dirs.iter().map(|dir| if dir.is_empty() { self.root() } else { Vec::new() });
            let mut lists: Vec<Vec<Entry>> = lists.collect();
            let parts = self.sorted_out(dirs, |dir| dir.as_str(), |_, rest| rest.to_string());
            for ((_, folder), (places, dirs)) in self.parts.iter().zip(parts) {
                if !dirs.is_empty() {
                    for (place, list) in places.into_iter().zip(folder.list(&dirs, with_sizes).await?) {
                        if let Some(slot) = lists.get_mut(place) {
                            *slot = list;
                        }
                    }
                }
            }
            Ok(lists)
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            let none = |ask: &ReadAsk| Err(Fault::new(FaultKind::NotFound, format!("There is no `{}`.", ask.path)));
            let mut answers: Vec<Result<Vec<u8>, Fault>> = asks.iter().map(none).collect();
            let inner = |ask: &ReadAsk, rest: &str| ReadAsk { path: rest.to_string(), range: ask.range.clone() };
            let parts = self.sorted_out(asks, |ask| ask.path.as_str(), inner);
            for ((_, folder), (places, asks)) in self.parts.iter().zip(parts) {
                if asks.is_empty() {
                    continue;
                }
                let read = folder.read(&asks).await;
                let read = read.unwrap_or_else(|fault| asks.iter().map(|_| Err(fault.clone())).collect());
                for (place, answer) in places.into_iter().zip(read) {
                    if let Some(slot) = answers.get_mut(place) {
                        *slot = answer;
                    }
                }
            }
            Ok(answers)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::mount;
    use crate::sources::zip::craft::{Memory, archive, stored};
    use crate::sources::zip::{Budget, ZipFolder};
    use crate::sources::{FaultKind, Folder, ReadAsk};
    use std::rc::Rc;

    fn zip(path: &str, content: &str) -> Rc<dyn Folder> {
        let bytes = archive(&[stored(path, content.as_bytes())]);
        Rc::new(ZipFolder::open(Rc::new(Memory { bytes, ..Memory::default() }), Budget::default()).expect("opens"))
    }

    #[test]
    fn things_dropped_together_are_one_tree() {
        let things = [("b.zip", "x/1", "one"), ("a.zip", "x/2", "two"), ("b.zip", "3", "three"), ("..", "4", "four")];
        let things = things.map(|(name, path, content)| (name.to_string(), zip(path, content)));
        let folder = mount(things.into());
        let dirs = ["a.zip/x", "", "nowhere/x", "b.zip (2)", "b.zip", "a.zip/none"].map(String::from);
        let lists = pollster::block_on(folder.list(&dirs, false)).expect("lists");
        let names: Vec<String> = lists
            .iter()
            .map(|list| list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(names, ["2", "a.zip b.zip b.zip (2) unnamed", "", "3", "x", ""]);
        let asks = ["b.zip (2)/3", "a.zip/x/2", "b.zip/x/2", "x/1", "b.zip/x/1"].map(|path| ReadAsk::up_to(path, 9));
        let answers = pollster::block_on(folder.read(&asks)).expect("answers");
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let answers: Vec<_> =
            answers.iter().map(|answer| answer.as_ref().map(text).map_err(|fault| fault.kind)).collect();
        let none = || Err(FaultKind::NotFound);
        assert_eq!(answers, [Ok("three".to_string()), Ok("two".to_string()), none(), none(), Ok("one".to_string())]);
    }

    #[test]
    fn one_thing_is_itself() {
        let folder = mount(vec![("a.zip".to_string(), zip("x", "one"))]);
        let answers = pollster::block_on(folder.read(&[ReadAsk::up_to("x", 9)])).expect("answers");
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&b"one"[..])));
    }
}

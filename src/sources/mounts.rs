//! FOLDERS IN A FOLDER: one tree in which other folders stand at paths of their own. What was dropped together becomes one tree,
//! each thing under its own name; an archive inside becomes the folder at its path. It must not know what kind of folder any of
//! them is.

use crate::model::Report;
use crate::sources::unpack::Loose;
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk, Weight, path};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A folder with others at some of its paths, which hide what lies there.
pub struct Mounts {
    base: Rc<dyn Folder>,
    /// In the order of their paths.
    mounted: RefCell<Vec<(String, Rc<dyn Folder>)>>,
}

/// Folders under their names, beside the files that came with them; a single folder alone is itself. Names are made unique,
/// `runs.zip` and `runs.zip (2)`.
pub fn mount(folders: Vec<(String, Rc<dyn Folder>)>, files: Loose) -> Mounts {
    if let ([(_, only)], true) = (folders.as_slice(), files.is_empty() && files.has_no_report()) {
        return Mounts::over(only.clone());
    }
    let mut taken: BTreeSet<String> = files.names().map(str::to_owned).collect();
    let mounts = Mounts::over(Rc::new(files));
    for (wanted, folder) in folders {
        let name = free_name(&wanted, |name| taken.contains(name));
        mounts.add(&name, folder);
        taken.insert(name);
    }
    mounts
}

/// A path part like `wanted` that is not taken: `runs.zip`, `runs.zip (2)`, ...
pub fn free_name(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let wanted = wanted.replace(['/', '\\'], "_");
    let wanted = if matches!(wanted.as_str(), "" | "." | "..") { "unnamed".to_string() } else { wanted };
    if !is_taken(&wanted) {
        return wanted;
    }
    let numbered = (2_u64..).map(|number| format!("{wanted} ({number})"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or(wanted)
}

/// The questions that one folder answers, each with its place in the whole.
struct Share<'a, Q> {
    prefix: &'a str,
    folder: Rc<dyn Folder>,
    places: Vec<usize>,
    questions: Vec<Q>,
}

impl Mounts {
    /// A folder with nothing else in it yet.
    pub fn over(base: Rc<dyn Folder>) -> Mounts {
        Mounts { base, mounted: RefCell::default() }
    }

    /// Puts `folder` at `path`.
    pub fn add(&self, path: &str, folder: Rc<dyn Folder>) {
        let mut mounted = self.mounted.borrow_mut();
        let part = (path.to_owned(), folder);
        match find(&mounted, path) {
            Ok(at) => {
                if let Some(slot) = mounted.get_mut(at) {
                    *slot = part;
                }
            }
            Err(at) => mounted.insert(at, part),
        }
    }

    /// Takes away what was put at `path`.
    pub fn remove(&self, path: &str) {
        self.mounted.borrow_mut().retain(|(at, _)| at != path);
    }

    /// How many folders `path` lies in that were put here.
    pub fn depth(&self, path: &str) -> usize {
        let mounted = self.mounted.borrow();
        prefixes(path).filter(|prefix| find(&mounted, prefix).is_ok()).count()
    }

    /// The folder in which `path` lies, where that stands, and the path within it.
    fn resolve<'a>(&self, path: &'a str) -> (Rc<dyn Folder>, &'a str, &'a str) {
        let mounted = self.mounted.borrow();
        for prefix in prefixes(path) {
            if let Some((_, folder)) = find(&mounted, prefix).ok().and_then(|at| mounted.get(at)) {
                return (folder.clone(), prefix, path.get(prefix.len() + 1..).unwrap_or(""));
            }
        }
        (self.base.clone(), "", path)
    }

    fn shares<'a, Q>(
        &self,
        questions: &'a [Q],
        path: impl Fn(&'a Q) -> &'a str,
        inner: impl Fn(&'a Q, &'a str) -> Q,
    ) -> Vec<Share<'a, Q>> {
        let mut shares: Vec<Share<Q>> = Vec::new();
        for (place, question) in questions.iter().enumerate() {
            let (folder, prefix, rest) = self.resolve(path(question));
            // Neighbours mostly lie in the same folder.
            let at = shares.iter().rposition(|share| share.prefix == prefix).unwrap_or_else(|| {
                shares.push(Share { prefix, folder, places: Vec::new(), questions: Vec::new() });
                shares.len() - 1
            });
            if let Some(share) = shares.get_mut(at) {
                share.places.push(place);
                share.questions.push(inner(question, rest));
            }
        }
        shares
    }

    /// Makes folders of the entries where one stands, and adds those that stand where nothing was.
    fn mark(&self, dirs: &[String], lists: &mut [Vec<Entry>]) {
        for (path, _) in self.mounted.borrow().iter() {
            let (above, name) = (path::parent(path), path::name(path));
            for (_, list) in dirs.iter().zip(&mut *lists).filter(|(dir, _)| *dir == above) {
                let folder = Entry { name: name.to_owned(), is_folder: true, size: None };
                match list.binary_search_by(|entry| entry.name.as_str().cmp(name)) {
                    Ok(at) => {
                        if let Some(slot) = list.get_mut(at) {
                            *slot = folder;
                        }
                    }
                    Err(at) => list.insert(at, folder),
                }
            }
        }
    }
}

/// Where `path` stands, or would.
fn find(mounted: &[(String, Rc<dyn Folder>)], path: &str) -> Result<usize, usize> {
    mounted.binary_search_by(|(at, _)| at.as_str().cmp(path))
}

/// `a/b/c`, `a/b`, `a`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let whole = (!path.is_empty()).then_some(path);
    std::iter::successors(whole, |path| path.rsplit_once('/').map(|(parent, _)| parent))
}

impl Folder for Mounts {
    fn weigh(&self, dirs: &[String]) -> Option<Weight> {
        let mut whole = Weight::default();
        for share in self.shares(dirs, |dir| dir.as_str(), |_, rest| rest.to_owned()) {
            let weight = share.folder.weigh(&share.questions)?;
            whole.files += weight.files;
            whole.bytes = whole.bytes.saturating_add(weight.bytes);
        }
        Some(whole)
    }

    fn place(&self, dir: &str) -> Option<u64> {
        let (folder, prefix, rest) = self.resolve(dir);
        let within = folder.place(rest);
        let mounted = self.mounted.borrow();
        let at = mounted.iter().position(|(path, _)| path == prefix).map_or(0, |at| at as u64 + 1);
        match within {
            None if mounted.is_empty() => None,
            within => Some((at << 48) | within.unwrap_or(0).min((1 << 48) - 1)),
        }
    }

    fn is_gathered(&self, dir: &str) -> bool {
        let (folder, _, rest) = self.resolve(dir);
        folder.is_gathered(rest)
    }

    fn take_report(&self) -> Report {
        let mut report = self.base.take_report();
        for (path, folder) in self.mounted.borrow().iter() {
            report.merge(folder.take_report().under(path));
        }
        report
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        if self.mounted.borrow().is_empty() {
            return self.base.list(dirs, with_sizes);
        }
        Box::pin(async move {
            let mut lists: Vec<Vec<Entry>> = dirs.iter().map(|_| Vec::new()).collect();
            for Share { folder, places, questions, .. } in self.shares(dirs, String::as_str, |_, rest| rest.to_owned())
            {
                for (place, list) in places.into_iter().zip(folder.list(&questions, with_sizes).await?) {
                    if let Some(slot) = lists.get_mut(place) {
                        *slot = list;
                    }
                }
            }
            self.mark(dirs, &mut lists);
            Ok(lists)
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        if self.mounted.borrow().is_empty() {
            return self.base.read(asks);
        }
        Box::pin(async move {
            let none = |ask: &ReadAsk| Err(Fault::new(FaultKind::NotFound, format!("There is no `{}`.", ask.path)));
            let mut answers: Vec<Result<Vec<u8>, Fault>> = asks.iter().map(none).collect();
            let inner = |ask: &ReadAsk, rest: &str| ReadAsk { path: rest.to_owned(), range: ask.range.clone() };
            for Share { folder, places, questions, .. } in self.shares(asks, |ask| ask.path.as_str(), inner) {
                let read = folder.read(&questions).await;
                let read = read.unwrap_or_else(|fault| questions.iter().map(|_| Err(fault.clone())).collect());
                for (place, answer) in places.into_iter().zip(read) {
                    if let Some(slot) = answers.get_mut(place) {
                        *slot = answer;
                    }
                }
            }
            Ok(answers)
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        Box::pin(async move {
            let (folder, _, rest) = self.resolve(path);
            folder.open(rest).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::mount;
    use crate::sources::archive::Budget;
    use crate::sources::unpack::Loose;
    use crate::sources::zip::ZipFolder;
    use crate::sources::zip::craft::{Memory, archive, stored};
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
        let folder = mount(things.into(), Loose::default());
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
        let opened = pollster::block_on(folder.open("a.zip/x/2")).expect("opens");
        assert_eq!((opened.size(), opened.read(1..9)), (3, Ok(b"wo".to_vec())));
        assert!(pollster::block_on(folder.open("a.zip/none")).is_err());
        assert!(pollster::block_on(folder.open("none")).is_err());
        assert_eq!(answers, [Ok("three".to_string()), Ok("two".to_string()), none(), none(), Ok("one".to_string())]);
    }

    #[test]
    fn a_folder_stands_in_the_place_of_a_file() {
        let base = crate::sources::memory::Memory::parse("//- a/b.zip\nbytes\n//- a/c\nx\n//- z\ny");
        let mounts = super::Mounts::over(Rc::new(base));
        mounts.add("a/b.zip", zip("in.zip", "inner"));
        mounts.add("a/b.zip/in.zip", zip("x/2", "two"));
        assert_eq!(["a/c", "a/b.zip/x", "a/b.zip/in.zip/x/2"].map(|path| mounts.depth(path)), [0, 1, 2]);
        let dirs = ["", "a", "a/b.zip", "a/b.zip/in.zip/x", "a/b.zip/in.zip"].map(String::from);
        let lists = pollster::block_on(mounts.list(&dirs, false)).expect("lists");
        let shown = |entry: &crate::sources::Entry| format!("{}{}", entry.name, if entry.is_folder { "/" } else { "" });
        let shown: Vec<String> =
            lists.iter().map(|list| list.iter().map(shown).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(shown, ["a/ z", "b.zip/ c", "in.zip/", "2", "x/"]);
        let asks = ["a/b.zip/in.zip/x/2", "a/c", "z", "a/b.zip"].map(|path| ReadAsk::up_to(path, 3));
        let answers = pollster::block_on(mounts.read(&asks)).expect("answers");
        let answers: Vec<_> = answers.iter().map(|answer| answer.as_deref().map_err(|fault| fault.kind)).collect();
        assert_eq!(answers, [Ok(&b"two"[..]), Ok(b"x"), Ok(b"y"), Err(FaultKind::NotFound)]);
        mounts.remove("a/b.zip/in.zip");
        assert_eq!(mounts.depth("a/b.zip/in.zip/x/2"), 1);
    }

    #[test]
    fn one_thing_is_itself() {
        let folder = mount(vec![("a.zip".to_string(), zip("x", "one"))], Loose::default());
        let answers = pollster::block_on(folder.read(&[ReadAsk::up_to("x", 9)])).expect("answers");
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&b"one"[..])));
    }
}

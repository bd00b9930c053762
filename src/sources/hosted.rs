//! A FOLDER THAT IS SERVED: what `runglass serve PATH` gives the page from the page's own origin, as one more `Folder`. Both ends
//! of the wire stand here: questions as JSON, listings as JSON, many small files as one binary answer.
//!
//! It must not know how a request is sent, nor how the other end reads its disk.

use crate::model::Report;
use crate::sources::{Async, Bytes, Entry, Fault, FaultKind, Folder, ReadAsk};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// The name of the `<meta>` in which the server tells the page what it serves.
pub const META: &str = "runglass-served";
/// Below the page's address: what lies in folders.
pub const LIST: &str = "served/list";
/// Below the page's address: stretches of many files.
pub const READ: &str = "served/read";
/// Below the page's address: one file, by ranges; its path stands in the query.
pub const FILE: &str = "served/file";
/// Below the page's address: the one tracking server.
pub const SERVER: &str = "mlflow/";

/// Folders listed with one question.
const LISTED_AT_ONCE: usize = 1_024;
/// Files read with one question.
const READ_AT_ONCE: usize = 2_048;
/// After so many bytes an answer ends; the rest is asked for once more.
pub const ENOUGH_BYTES: u64 = 16 << 20;

/// What a server says of itself in the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Served {
    /// The name of the folder that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The name of the file that it serves instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Files that belong to it: the log of a database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Where the tracking server can be asked, relative to the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Which one that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

impl Served {
    /// What the user knows the served data by; absent when only a server is reached.
    pub fn name(&self) -> Option<&str> {
        self.folder.as_deref().or(self.file.as_deref())
    }

    /// The files to open, where it is not a folder.
    pub fn files(&self) -> Vec<String> {
        self.file.iter().chain(&self.beside).cloned().collect()
    }
}

/// A question for [`LIST`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ListQuestion {
    /// As [`Folder::list`] has them.
    pub dirs: Vec<String>,
    /// Whether sizes are wanted.
    pub with_sizes: bool,
}

/// Its answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ListAnswer {
    /// One list a folder.
    pub lists: Vec<Vec<Entry>>,
    /// What was left out: links that lead out.
    pub report: Report,
}

/// A question for [`READ`]. The answer may hold fewer than was asked for, from the first on, never none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReadQuestion {
    /// As [`Folder::read`] has them.
    pub asks: Vec<ReadAsk>,
}

/// What stands before the bytes of an answer: how many there are of each file, or why there are none.
#[derive(Debug, Serialize, Deserialize)]
enum Part {
    Bytes(u64),
    Fault(Fault),
}

/// Stretches of many files as one answer: the length of a JSON header (4 bytes, little end first), the header, the bytes.
pub fn pack(answers: &[Result<Vec<u8>, Fault>]) -> Vec<u8> {
    let parts = answers.iter().map(|answer| match answer {
        Ok(bytes) => Part::Bytes(bytes.len() as u64),
        Err(fault) => Part::Fault(fault.clone()),
    });
    let header = serde_json::to_vec(&parts.collect::<Vec<_>>()).unwrap_or_default();
    let mut packed = Vec::with_capacity(4 + header.len() + answers.iter().flatten().map(Vec::len).sum::<usize>());
    packed.extend((header.len() as u32).to_le_bytes());
    packed.extend(header);
    answers.iter().flatten().for_each(|bytes| packed.extend(bytes));
    packed
}

/// The inverse of [`pack`].
///
/// # Errors
/// [`FaultKind::BadAnswer`] when it is cut or no such answer.
pub fn unpack(packed: &[u8]) -> Result<Vec<Result<Vec<u8>, Fault>>, Fault> {
    let (length, rest) = packed.split_first_chunk::<4>().ok_or_else(bad_answer)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (header, mut rest) = rest.split_at_checked(length).ok_or_else(bad_answer)?;
    let parts: Vec<Part> = serde_json::from_slice(header).map_err(|_| bad_answer())?;
    let mut answers = Vec::with_capacity(parts.len());
    for part in parts {
        answers.push(match part {
            Part::Fault(fault) => Err(fault),
            Part::Bytes(size) => {
                let size = usize::try_from(size).map_err(|_| bad_answer())?;
                let (bytes, after) = rest.split_at_checked(size).ok_or_else(bad_answer)?;
                rest = after;
                Ok(bytes.to_vec())
            }
        });
    }
    if rest.is_empty() { Ok(answers) } else { Err(bad_answer()) }
}

fn bad_answer() -> Fault {
    Fault::new(FaultKind::BadAnswer, "The answer of `runglass serve` can not be understood. Reload the page.")
}

/// The address of one file, relative to the page.
pub fn file_address(path: &str) -> String {
    let mut address = format!("{FILE}?path=");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => address.push(char::from(byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

/// Whoever sends the questions.
pub trait Host {
    /// The answer to a question as JSON, at an address below the page's.
    fn ask<'a>(&'a self, address: &'a str, question: String) -> Async<'a, Vec<u8>>;

    /// One file, to be read by ranges.
    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>>;
}

/// The served folder.
pub struct Hosted<H> {
    host: H,
    report: RefCell<Report>,
}

impl<H: Host> Hosted<H> {
    /// The one that `host` knows.
    pub fn new(host: H) -> Hosted<H> {
        Hosted { host, report: RefCell::default() }
    }
}

impl<H: Host> Folder for Hosted<H> {
    fn take_report(&self) -> Report {
        self.report.take()
    }

    fn list<'a>(&'a self, dirs: &'a [String], with_sizes: bool) -> Async<'a, Vec<Vec<Entry>>> {
        Box::pin(async move {
            let mut lists = Vec::with_capacity(dirs.len());
            for some in dirs.chunks(LISTED_AT_ONCE) {
                let question = text(&ListQuestion { dirs: some.to_vec(), with_sizes })?;
                let answer = self.host.ask(LIST, question).await?;
                let answer: ListAnswer = serde_json::from_slice(&answer).map_err(|_| bad_answer())?;
                if answer.lists.len() != some.len() {
                    return Err(bad_answer());
                }
                self.report.borrow_mut().merge(answer.report);
                lists.extend(answer.lists);
            }
            Ok(lists)
        })
    }

    fn read<'a>(&'a self, asks: &'a [ReadAsk]) -> Async<'a, Vec<Result<Vec<u8>, Fault>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(asks.len());
            while let Some(left) = asks.get(answers.len()..).filter(|left| !left.is_empty()) {
                let some = left.get(..READ_AT_ONCE).unwrap_or(left);
                let question = text(&ReadQuestion { asks: some.to_vec() })?;
                let some_answers = unpack(&self.host.ask(READ, question).await?)?;
                // an answer that holds nothing would be asked for without end
                if some_answers.is_empty() || some_answers.len() > some.len() {
                    return Err(bad_answer());
                }
                answers.extend(some_answers);
            }
            Ok(answers)
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        self.host.open(path)
    }
}

fn text(question: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(question).map_err(|_| bad_answer())
}

#[cfg(test)]
mod tests {
    use super::{Host, Hosted, LIST, ListAnswer, ListQuestion, ReadQuestion, Served, file_address, pack, unpack};
    use crate::model::{Reason, Report};
    use crate::sources::memory::Memory;
    use crate::sources::{Async, Bytes, Fault, FaultKind, Folder, ReadAsk};
    use std::cell::Cell;
    use std::rc::Rc;

    /// The other end without a wire between; answers at most so many files at once.
    struct Near {
        folder: Memory,
        at_once: usize,
        asked: Cell<u32>,
    }

    impl Host for Near {
        fn ask<'a>(&'a self, address: &'a str, question: String) -> Async<'a, Vec<u8>> {
            self.asked.set(self.asked.get() + 1);
            Box::pin(async move {
                if address == LIST {
                    let question: ListQuestion = serde_json::from_str(&question).expect("a question");
                    let lists = self.folder.list(&question.dirs, question.with_sizes).await?;
                    let mut report = Report::default();
                    report.note(Reason::ArchiveLink, "out", None, "left out");
                    return Ok(serde_json::to_vec(&ListAnswer { lists, report }).expect("JSON"));
                }
                let question: ReadQuestion = serde_json::from_str(&question).expect("a question");
                let count = question.asks.len().min(self.at_once);
                Ok(pack(&self.folder.read(&question.asks[..count]).await?))
            })
        }

        fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
            self.folder.open(path)
        }
    }

    fn near(at_once: usize) -> Hosted<Near> {
        let folder = Memory::parse("\n//- a/x\none\n//- a/y\ntwo\n//- b\n\u{1F600}");
        Hosted::new(Near { folder, at_once, asked: Cell::new(0) })
    }

    #[test]
    fn it_answers_like_the_folder_behind_it() {
        for (at_once, questions) in [(9, 1), (2, 2), (1, 4)] {
            let hosted = near(at_once);
            let dirs = ["", "a", "none"].map(str::to_owned);
            let own = pollster::block_on(hosted.host.folder.list(&dirs, true)).expect("lists");
            assert_eq!(pollster::block_on(hosted.list(&dirs, true)).expect("lists"), own);
            assert_eq!(hosted.take_report().notices()[0].path, "out");
            let asks = [
                ReadAsk::up_to("a/x", 9),
                ReadAsk { path: "a/y".into(), range: 1..2 },
                ReadAsk::up_to("none", u64::MAX),
                ReadAsk::up_to("b", 9),
            ];
            let own = pollster::block_on(hosted.host.folder.read(&asks)).expect("answers");
            hosted.host.asked.set(0);
            assert_eq!(pollster::block_on(hosted.read(&asks)).expect("answers"), own);
            assert_eq!(hosted.host.asked.get(), questions);
        }
    }

    #[test]
    fn an_answer_without_anything_ends() {
        let fault = pollster::block_on(near(0).read(&[ReadAsk::up_to("a/x", 9)])).expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::BadAnswer);
    }

    #[test]
    fn what_is_cut_or_strange_is_refused() {
        let answers = vec![Ok(b"12345".to_vec()), Err(Fault::new(FaultKind::NotFound, "gone")), Ok(Vec::new())];
        let packed = pack(&answers);
        assert_eq!(unpack(&packed), Ok(answers));
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "{length} bytes");
        }
        let longer = [&packed[..], b"x"].concat();
        let large = [&26_u32.to_le_bytes()[..], br#"[{"Bytes":18446744073709}]"#].concat();
        assert!(unpack(&longer).is_err() && unpack(&large).is_err());
    }

    #[test]
    fn addresses_hold_any_name() {
        let check = |path: &str, expected: &str| assert_eq!(file_address(path), format!("served/file?path={expected}"));
        check("a/b-1_x.db", "a/b-1_x.db");
        check("a b&c=%#?+", "a%20b%26c%3D%25%23%3F%2B");
        check("\u{e9}", "%C3%A9");
    }

    #[test]
    fn what_is_served_is_read_from_a_line() {
        let read = |text: &str| serde_json::from_str::<Served>(text).ok();
        assert_eq!(read(r#"{"folder":"mlruns"}"#).expect("served").name(), Some("mlruns"));
        let database = read(r#"{"file":"m.db","beside":["m.db-wal"],"more":1}"#).expect("served");
        assert_eq!((database.name(), database.files()), (Some("m.db"), vec!["m.db".to_owned(), "m.db-wal".to_owned()]));
        assert_eq!(read(r#"{"server":"mlflow/","upstream":"http://h"}"#).expect("served").name(), None);
        assert_eq!(read("no"), None);
    }
}

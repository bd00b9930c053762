//! The arrows between the rooms, as `use crate::` and `crate::` paths draw them, against one table. A new arrow is a
//! decision: it goes into the table and into ARCHITECTURE.md together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may name. `crate::room` in a doc comment counts as well: who explains himself by a
/// room above knows too much.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("chart", &[]),
    ("query", &["model"]),
    ("sources", &["query", "model"]),
    ("session", &["sources", "query", "model"]),
    ("view", &["session", "sources", "query", "model", "chart"]),
    ("native", &["session", "view", "sources", "query", "model"]),
    ("browser", &["sources", "chart", "model"]),
    ("widgets", &["browser", "chart"]),
    ("pages", &["widgets", "browser", "view", "session", "sources", "query", "model", "chart"]),
];

/// Arrows that should not be: file, and the room that it names against the table. The list only shrinks.
const DEBTS: &[(&str, &str)] = &[];

/// Crates of the page alone, and the rooms that may name them.
const PAGE_CRATES: &[(&str, &[&str])] = &[
    ("web_sys", &["browser"]),
    ("js_sys", &["browser"]),
    ("wasm_bindgen", &["browser"]),
    ("wasm_bindgen_futures", &["browser"]),
    ("gloo", &["browser"]),
    ("plotters_canvas", &["browser"]),
    ("leptos", &["browser", "widgets", "pages"]),
];

/// Words that no pure room may hold: nothing there asks for the time or for the machine.
const IMPURE: &[&str] = &["std::time", "std::fs", "std::thread", "std::net", "std::process", "std::env"];
const PURE: &[&str] = &["model", "chart", "query", "sources", "session", "view"];

fn sources_of(room: &str) -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(dir).expect("a room is a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                files.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut files);
    files
}

/// All words that stand after `crate::`, in groups `crate::{a, b::c}` too.
fn named_rooms(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let first_word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let mut rooms = BTreeSet::new();
    for (at, found) in text.match_indices("crate::") {
        // `other_crate::` is another crate.
        if text[..at].chars().next_back().is_some_and(|c| is_word(c) || c == '$') {
            continue;
        }
        let rest = &text[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            rooms.insert(&rest[..first_word(rest)]);
            continue;
        };
        let mut depth = 1;
        let mut at_start = true;
        for (place, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => at_start = true,
                c if at_start && is_word(c) => {
                    rooms.insert(&group[place..place + first_word(&group[place..])]);
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    rooms
}

/// Code without its test modules: tests may reach further (a fixture, the disk).
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

#[test]
fn rooms_name_only_the_rooms_below_them() {
    let rooms: Vec<&str> = MAY_NAME.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    let mut unpaid = DEBTS.to_vec();
    for (room, may) in MAY_NAME {
        for (path, text) in sources_of(room) {
            for named in named_rooms(&text) {
                if !rooms.contains(&named) || named == *room || may.contains(&named) {
                    continue;
                }
                let debts = unpaid.len();
                unpaid.retain(|(file, owed)| !(path.ends_with(file) && *owed == named));
                if unpaid.len() == debts {
                    wrong.push(format!("{}: {room} may not name {named}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unpaid.is_empty(), "paid, so strike it from the list of debts: {unpaid:?}");
}

#[test]
fn every_folder_of_the_source_is_a_room() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(src).expect("src") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(MAY_NAME.iter().any(|(room, _)| *room == name), "{name} has no line in the table of arrows");
        }
    }
}

#[test]
fn the_table_has_no_circle() {
    for (place, (room, may)) in MAY_NAME.iter().enumerate() {
        for named in *may {
            let at = MAY_NAME.iter().position(|(room, _)| room == named);
            assert!(at.is_some_and(|at| at < place), "{room} -> {named}: the table is ordered from the ground up");
        }
    }
}

#[test]
fn only_the_page_knows_the_browser() {
    let mut wrong = Vec::new();
    for (room, _) in MAY_NAME {
        for (path, text) in sources_of(room) {
            for (name, rooms) in PAGE_CRATES {
                let named = text.contains(&format!("{name}::")) || text.contains(&format!("use {name}"));
                if named && !rooms.contains(room) {
                    wrong.push(format!("{}: {room} may not name {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_ask_neither_time_nor_machine() {
    let mut wrong = Vec::new();
    for room in PURE {
        for (path, text) in sources_of(room).into_iter().filter(|(path, _)| !is_test_file(path)) {
            for word in IMPURE.iter().filter(|word| shipped(&text).contains(**word)) {
                wrong.push(format!("{}: {room} may not name {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Modules that may be unsafe; each says why in its head.
const UNSAFE: &[&str] = &[];

#[test]
fn unsafe_stays_in_named_modules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = std::fs::read_to_string(src.join("lib.rs")).expect("lib.rs");
    let mut files = vec![(src.join("lib.rs"), lib)];
    files.extend(MAY_NAME.iter().flat_map(|(room, _)| sources_of(room)));
    for (path, text) in files {
        let is_named = UNSAFE.iter().any(|module| path.ends_with(module));
        for word in ["allow(unsafe_code", "expect(unsafe_code"] {
            assert!(is_named || !text.contains(word), "{} may not be unsafe", path.display());
        }
    }
}

#[test]
fn names_are_found_wherever_they_stand() {
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(named_rooms(text).into_iter().collect::<Vec<_>>(), expected, "{text}");
    };
    check("use crate::model::{Meta, Run};", &["model"]);
    check("use crate::{model, sources::{Folder, path}, view::rows};", &["model", "sources", "view"]);
    check("let x = crate::query::parse(); other_crate::view::x()", &["query"]);
    check("//! [`Folder`](crate::sources::Folder)", &["sources"]);
}

/// A worker made from an address is bound by no policy of the page; one from a blob is. The policy itself can not tell them
/// apart, since some browsers count what a worker imports as a worker's code.
#[test]
fn workers_start_in_one_place() {
    let makers =
        sources_of("").into_iter().filter(|(_, text)| text.contains("Worker::new") || text.contains("SharedWorker"));
    let makers: Vec<PathBuf> = makers.map(|(path, _)| path).collect();
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join("browser/worker.rs");
    assert_eq!(makers, [expected]);
}

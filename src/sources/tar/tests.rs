//! Archives that lie, against what must be read of them, as [`examine`] puts it.

use super::TarFolder;
use super::header::BLOCK;
use crate::model::Report;
use crate::sources::archive::examine::{self, files, mutated, random, read};
use crate::sources::archive::{Allowance, Budget};
use crate::sources::zip::craft::Memory;
use std::rc::Rc;

/// One header with its content; every field can be made to lie.
struct Piece {
    block: [u8; BLOCK],
    data: Vec<u8>,
}

fn piece(name: &str, flag: u8, data: &[u8]) -> Piece {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[156] = flag;
    Piece { block, data: data.to_vec() }.stating(data.len() as u64)
}

fn file(name: &str, data: &[u8]) -> Piece {
    piece(name, b'0', data)
}

impl Piece {
    fn stating(self, size: u64) -> Piece {
        self.with(124, format!("{size:011o}\0").as_bytes())
    }

    fn with(mut self, at: usize, bytes: &[u8]) -> Piece {
        self.block[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn bytes(mut self) -> Vec<u8> {
        self.block[148..156].fill(b' ');
        let sum: u64 = self.block.iter().map(|byte| u64::from(*byte)).sum();
        self.block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = [&self.block[..], &self.data].concat();
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }
}

fn archive(pieces: Vec<Piece>) -> Vec<u8> {
    let mut bytes: Vec<u8> = pieces.into_iter().flat_map(Piece::bytes).collect();
    bytes.extend([0; 2 * BLOCK]);
    bytes
}

fn opened(bytes: Vec<u8>) -> Result<TarFolder, crate::sources::Fault> {
    let allowance = Allowance::from(Budget { entries: 50, names: 1 << 16, ..Budget::default() });
    TarFolder::open(Rc::new(bytes), &allowance, Report::default())
}

#[track_caller]
fn check(bytes: Vec<u8>, expected: &str) {
    assert_eq!(examine::outcome(opened(bytes)), expected);
}

const HELLO: &[u8] = b"hello";

fn pair(second: Piece) -> Vec<u8> {
    archive(vec![file("a", HELLO), second])
}

#[test]
fn names_that_lead_outside_and_links_are_left_out() {
    check(pair(file("../x", HELLO)), "a=hello archive-path:../x");
    check(pair(file("/etc/passwd", HELLO)), "a=hello archive-path:/etc/passwd");
    check(pair(file("b/../../x", HELLO)), "a=hello archive-path:b/../../x");
    check(pair(file("./b/./c//d", HELLO)), "a=hello b/c/d=hello");
    check(pair(piece("link", b'2', b"").with(157, b"/etc/passwd")), "a=hello archive-link:link");
    check(pair(piece("link", b'1', b"").with(157, b"a").stating(5)), "a=hello archive-link:link");
    check(pair(piece("pipe", b'6', b"")), "a=hello");
    check(pair(piece("b", b'5', b"").stating(1 << 30)), "a=hello");
    check(pair(file("a", b"later")), "a=later archive-duplicate:a");
    check(pair(file("x", HELLO).with(0, b"gr\xf6\xdfe")), "a=hello gr\u{fffd}\u{fffd}e=hello");
    check(pair(file("b", HELLO).with(345, b"some/prefix")), "a=hello some/prefix/b=hello");
    check(pair(file("b", HELLO).with(257, b"ustar  \0").with(345, b"no prefix")), "a=hello b=hello");
    check(pair(file("old/", b"").with(257, &[0; 8]).with(156, &[0])), "a=hello");
}

#[test]
fn long_names_come_before_their_entry() {
    let long = format!("{}/x", "d".repeat(300));
    let gnu = |name: &str| piece("././@LongLink", b'L', format!("{name}\0").as_bytes());
    let expected = format!("a=hello {long}=hello");
    let after = |first: Piece| archive(vec![file("a", HELLO), first, file("cut", HELLO)]);
    check(after(gnu(&long)), &expected);
    let record = format!("{} path={long}\n", long.len() + 10);
    assert_eq!(record.len(), long.len() + 10);
    check(after(piece("PaxHeaders/x", b'x', record.as_bytes())), &expected);
    check(after(gnu("../out")), "a=hello archive-path:../out");
    check(after(piece("g", b'g', b"11 path=no\n")), "a=hello cut=hello");
    let twice = archive(vec![gnu(&long), file("x", HELLO), file("y", HELLO)]);
    check(twice, &format!("{long}=hello y=hello"));
    let endless = archive(vec![file("a", HELLO), gnu("x").stating(1 << 33), file("y", HELLO)]);
    check(endless, "a=hello archive-truncated:.");
}

#[test]
fn files_with_holes_are_named() {
    check(pair(piece("holes", b'S', HELLO)), "a=hello archive-sparse:holes");
    let map = [vec![0; BLOCK - 8], vec![1; 8], vec![0; BLOCK], HELLO.to_vec()].concat();
    let long = archive(vec![piece("holes", b'S', &map).stating(5).with(482, &[1]), file("b", HELLO)]);
    check(long, "b=hello archive-sparse:holes");
    let pax = piece("x", b'x', b"22 GNU.sparse.major=1\n26 GNU.sparse.name=holes\n");
    check(
        archive(vec![pax, file("GNUSparseFile.0/holes", HELLO), file("b", HELLO)]),
        "b=hello archive-sparse:GNUSparseFile.0/holes",
    );
}

#[test]
fn sizes_that_are_false_are_not_believed() {
    check(pair(file("x", HELLO).stating(1 << 32)), "a=hello x=(1536) archive-truncated:x");
    let binary = [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    check(pair(file("x", HELLO).with(124, &binary)), "a=hello x=(1536) archive-truncated:x");
    let after = |piece: Piece| archive(vec![file("a", HELLO), piece, file("b", HELLO)]);
    check(after(file("x", HELLO).with(124, b"nonsense")), "a=hello b=hello archive-damaged:.");
    check(after(file("x", HELLO).stating(0)), "a=hello b=hello x= archive-damaged:.");
    let pax = archive(vec![piece("p", b'x', b"9 size=5\n"), file("x", HELLO).stating(0), file("b", HELLO)]);
    check(pax, "b=hello x=hello");
}

#[test]
fn what_is_cut_or_damaged_gives_what_it_holds() {
    let whole = archive(vec![file("a", HELLO), file("b", &[7; 2_000]), file("c", HELLO)]);
    check(whole.clone(), "a=hello b=(2000) c=hello");
    check(whole[..1_024].to_vec(), "a=hello archive-truncated:.");
    check(whole[..1_100].to_vec(), "a=hello archive-truncated:.");
    check(whole[..2_000].to_vec(), "a=hello b=(464) archive-truncated:b");
    check(whole[..512 + 3].to_vec(), "a=hel archive-truncated:a");
    check(whole[..100].to_vec(), "!NotRecognised");
    check(Vec::new(), "!NotRecognised");
    check(vec![0; 10_240], "");
    check(b"no archive at all, whatever its name is".repeat(40), "!NotRecognised");
    let mut broken = whole.clone();
    broken[1_024] ^= 1;
    check(broken, "a=hello c=hello archive-damaged:.");
    check(
        [whole.clone(), vec![0; 9_216], whole[1_024..].to_vec()].concat(),
        "a=hello b=(2000) c=hello archive-duplicate:b archive-duplicate:c",
    );
    check([whole.clone(), b"garbage".repeat(200)].concat(), "a=hello b=(2000) c=hello");
    check(whole[..whole.len() - 1_024].to_vec(), "a=hello b=(2000) c=hello archive-truncated:.");
}

#[test]
fn more_entries_than_the_budget_are_left_out() {
    let outcome = examine::outcome(opened(archive((0..60).map(|number| file(&format!("{number:02}"), b"")).collect())));
    assert!(outcome.ends_with("48= 49= archive-budget:."), "{outcome}");
}

#[test]
fn headers_are_read_without_what_lies_between() {
    let pieces = (0..20).map(|number| file(&format!("{number}"), &vec![number as u8; 3 << 20])).collect();
    let memory = Rc::new(Memory { bytes: archive(pieces), ..Memory::default() });
    let folder = TarFolder::open(memory.clone(), &Allowance::default(), Report::default()).expect("opens");
    assert!(memory.questions.get() <= 24, "{} questions", memory.questions.get());
    let answers = read(&folder, &files(&folder), 4 << 20);
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|bytes| bytes.len() == 3 << 20)));
}

#[test]
fn no_change_of_bytes_brings_it_down() {
    let long = format!("{}/x", "d".repeat(200));
    let record = format!("{} path={long}\n", long.len() + 10);
    let original = archive(vec![
        file("mlruns/0/meta.yaml", HELLO),
        piece("p", b'x', record.as_bytes()),
        file("x", &[b'y'; 700]),
        piece("././@LongLink", b'L', long.as_bytes()),
        piece("z", b'5', b""),
        file("mlruns/1/b", HELLO),
    ]);
    let mut random = random();
    for _ in 0..crate::sources::mutation_tests::rounds(6_000) {
        let mut bytes = mutated(&original, &mut random);
        // Most changes only break a checksum: mend it in some.
        if random(2) == 0 {
            let at = random(bytes.len() / BLOCK) * BLOCK;
            if let Some(block) = bytes.get_mut(at..at + BLOCK) {
                let mut mended = Piece { block: block.try_into().expect("a block"), data: Vec::new() };
                mended.block[124 + random(12)] = random(256) as u8;
                block.copy_from_slice(&mended.bytes());
            }
        }
        let size = bytes.len() as u64;
        let memory = Rc::new(Memory { bytes, ..Memory::default() });
        let Ok(folder) = TarFolder::open(memory.clone(), &Allowance::default(), Report::default()) else { continue };
        for answer in read(&folder, &files(&folder), 5_000).into_iter().flatten() {
            assert!(answer.len() <= 5_000);
        }
        assert!(memory.longest.get() <= size, "asked for more than there is");
    }
}

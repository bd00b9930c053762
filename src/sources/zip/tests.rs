//! Archives that lie, against what must be read of them. An expectation is one line: `path=content` for each file that can be
//! read, `path!Kind` for each that can not, then `reason:path` for each notice.

use super::ZipFolder;
use super::craft::{Memory, Piece, Says, Shape, archive, deflate, deflated, shaped, stored};
use crate::sources::archive::Budget;
use crate::sources::archive::examine::{self, files, random, read};
use crate::sources::{Bytes, FaultKind, Folder, ReadAsk};
use std::rc::Rc;

fn small_budget() -> Budget {
    Budget { inflated: 1 << 20, ratio: 200, ratio_from: 100_000, entries: 50, names: 1 << 16, ..Budget::default() }
}

fn describe(bytes: Vec<u8>, budget: Budget) -> String {
    let memory = Rc::new(Memory { bytes, ..Memory::default() });
    examine::outcome(ZipFolder::open(memory, budget))
}

#[track_caller]
fn check(bytes: Vec<u8>, expected: &str) {
    assert_eq!(describe(bytes, small_budget()), expected);
}

const HELLO: &[u8] = b"hello";

fn pair(second: Piece) -> Vec<u8> {
    archive(&[deflated("a", HELLO), second])
}

#[test]
fn names_that_lead_outside_are_left_out() {
    check(pair(stored("../x", HELLO)), "a=hello archive-path:../x");
    check(pair(stored("/etc/passwd", HELLO)), "a=hello archive-path:/etc/passwd");
    check(pair(stored("C:\\x", HELLO)), "a=hello archive-path:C:\\x");
    check(pair(stored("b\\c\\d", HELLO)), "a=hello b/c/d=hello");
    check(pair(stored("b/./c//d", HELLO)), "a=hello b/c/d=hello");
    check(pair(stored("link", b"/etc/passwd").with(|piece| piece.unix_mode = 0o120777)), "a=hello archive-link:link");
    check(pair(stored("x", HELLO).with(|piece| piece.name = b"gr\x94\xe1e".to_vec())), "a=hello größe=hello");
    check(pair(stored("größe", HELLO)), "a=hello größe=hello");
    check(pair(stored("größe", HELLO).with(|piece| piece.flags |= 0x800)), "a=hello größe=hello");
    let unicode = |piece: &mut Piece| {
        let mut crc = flate2::Crc::new();
        crc.update(&piece.name);
        let field = [&[1], &crc.sum().to_le_bytes()[..], "größe".as_bytes()].concat();
        piece.extra = [&[0x75, 0x70, field.len() as u8, 0], &field[..]].concat();
    };
    check(pair(stored("gr?", HELLO).with(unicode)), "a=hello größe=hello");
}

#[test]
fn folders_may_be_listed_or_implied() {
    let pieces = [stored("b/", b""), deflated("b/c/x", HELLO), stored("d/e/", b""), stored("./", b"")];
    check(archive(&pieces), "b/c/x=hello");
    check(archive(&[]), "");
}

#[test]
fn of_two_entries_with_one_name_the_last_counts() {
    check(pair(stored("a", b"later")), "a=later archive-duplicate:a");
    check(pair(stored("a/b", b"inside")), "a/b=inside archive-duplicate:a");
}

#[test]
fn what_can_not_be_unpacked_is_named() {
    let method = |method: u16| pair(stored("x", HELLO).with(|piece| piece.method = method));
    for number in [1, 6, 9, 12, 14, 93, 95, 98, 99, 1234] {
        check(method(number), "a=hello x!Unreadable archive-method:x");
    }
    check(pair(deflated("x", HELLO).with(|piece| piece.flags |= 1)), "a=hello x!Unreadable archive-encrypted:x");
}

#[test]
fn sizes_that_are_false_are_not_believed() {
    let lie = |name: &str, change: fn(&mut Piece)| pair(deflated(name, b"hello hello hello").with(change));
    let whole = "a=hello x=hello hello hello archive-size:x";
    check(lie("x", |piece| piece.central.size = 3), whole);
    check(lie("x", |piece| piece.central.size = 1 << 31), whole);
    check(lie("x", |piece| piece.local.size = 7), whole);
    check(lie("x", |piece| piece.central.packed = 3), whole);
    check(lie("x", |piece| piece.central.packed += 1 << 30), whole);
    let lie = |change: fn(&mut Piece)| pair(stored("x", b"hello hello hello").with(change));
    check(lie(|piece| piece.central.size = 3), whole);
    check(lie(|piece| piece.central.packed = 3), whole);
    check(lie(|piece| piece.central = Says { packed: 1 << 30, size: 1 << 30, ..piece.central }), whole);
    check(lie(|piece| piece.local = Says { packed: 3, size: 3, ..piece.central }), whole);
}

#[test]
fn a_wrong_checksum_is_a_notice_and_broken_data_a_fault() {
    check(pair(deflated("x", HELLO).with(|piece| piece.central.crc ^= 1)), "a=hello x=hello archive-damaged:x");
    check(pair(stored("x", HELLO).with(|piece| piece.central.crc ^= 1)), "a=hello x=hello archive-damaged:x");
    check(
        pair(deflated("x", HELLO).with(|piece| piece.data = vec![0xff; piece.data.len()])),
        "a=hello x!Damaged archive-damaged:x",
    );
    check(pair(stored("x", HELLO).with(|piece| piece.offset = Some(40))), "a=hello x!Damaged archive-damaged:x");
    check(pair(stored("x", HELLO).with(|piece| piece.offset = Some(1 << 30))), "a=hello x!Damaged archive-damaged:x");
}

#[test]
fn sizes_may_follow_the_data() {
    check(archive(&[deflated("a", HELLO).streamed(true), stored("b", HELLO).streamed(true)]), "a=hello b=hello");
    check(archive(&[deflated("a", HELLO).streamed(false), stored("b", HELLO).streamed(false)]), "a=hello b=hello");
}

#[test]
fn wide_archives_are_read() {
    let wide = |piece: &mut Piece| piece.is_wide = true;
    let pieces = [deflated("a", HELLO).with(wide), stored("b", HELLO).with(wide), stored("c", HELLO)];
    let all = "a=hello b=hello c=hello";
    check(archive(&pieces), all);
    check(shaped(&pieces, &Shape { is_wide: true, ..Shape::default() }), all);
    check(shaped(&pieces, &Shape { is_wide: true, prefix: b"#!/bin/sh\n".to_vec(), ..Shape::default() }), all);
}

#[test]
fn bytes_before_and_after_the_archive_do_no_harm() {
    let pieces = [deflated("a", HELLO), stored("b", HELLO)];
    let all = "a=hello b=hello";
    check(shaped(&pieces, &Shape { prefix: vec![b'M'; 70_000], ..Shape::default() }), all);
    check(shaped(&pieces, &Shape { comment: vec![b'c'; 0xffff], ..Shape::default() }), all);
    let fake_end = [&b"PK\x05\x06"[..], &[0; 16], &[3, 0, b'a', b'b', b'c']].concat();
    check(shaped(&pieces, &Shape { comment: fake_end, ..Shape::default() }), all);
    check([archive(&pieces), vec![0; 300]].concat(), all);
    check([archive(&pieces), vec![0; 70_000]].concat(), "a=hello b=hello archive-truncated:.");
}

#[test]
fn a_false_count_of_entries_is_a_notice() {
    let pieces = [deflated("a", HELLO), stored("b", HELLO)];
    let all = "a=hello b=hello archive-size:.";
    check(shaped(&pieces, &Shape { entries: Some(1), ..Shape::default() }), all);
    check(shaped(&pieces, &Shape { entries: Some(u64::MAX), is_wide: true, ..Shape::default() }), all);
}

#[test]
fn a_cut_archive_gives_what_it_holds() {
    let inner = archive(&[stored("inner", HELLO)]);
    let text: String = (0..200).map(|number| format!("{number} {}\n", number * 7919 % 1009)).collect();
    let pieces = [
        deflated("a", HELLO),
        stored("b.zip", &inner),
        deflated("c", HELLO).streamed(true),
        stored("d", HELLO).streamed(true),
        deflated("e", text.as_bytes()),
    ];
    let whole = archive(&pieces);
    let found = |at: &[u8], skip: usize| {
        let places = whole.windows(4).enumerate().filter(|(_, window)| *window == at).map(|(at, _)| at);
        places.into_iter().nth(skip).expect("there")
    };
    let before_e = format!("a=hello b.zip=({}) c=hello d=hello", inner.len());
    // In the end record, in the directory, before the directory.
    let all = format!("{before_e} e=({}) archive-truncated:.", text.len());
    check(whole[..whole.len() - 1].to_vec(), &all);
    check(whole[..whole.len() - 40].to_vec(), &all);
    // The directory of the inner archive comes first.
    let directory = found(b"PK\x01\x02", 1);
    check(whole[..directory].to_vec(), &all);
    // In the last entry: what there is of it.
    let description = describe(whole[..directory - 100].to_vec(), small_budget());
    assert!(description.starts_with(&before_e) && description.contains("e=("), "{description}");
    assert!(description.ends_with("archive-truncated:. archive-truncated:e"), "{description}");
    // Right after the inner archive, whose own directory must not pass for the outer one.
    let c = found(b"PK\x03\x04", 3);
    check(whole[..c].to_vec(), &format!("a=hello b.zip=({}) archive-truncated:.", inner.len()));
    // In the first header: nothing.
    check(whole[..20].to_vec(), "!NotRecognised");
    // A stored entry.
    let stored_last = archive(&[deflated("a", HELLO), stored("b", b"0123456789")]);
    let end = stored_last.windows(4).position(|window| window == b"6789").expect("there");
    check(stored_last[..end].to_vec(), "a=hello b=012345 archive-truncated:. archive-truncated:b");
}

#[test]
fn a_damaged_directory_is_done_without() {
    let pieces = [deflated("a", HELLO), stored("b", HELLO), stored("c", HELLO)];
    let damage = |skip: usize| {
        let mut bytes = archive(&pieces);
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
        bytes[places[skip]] = b'X';
        bytes
    };
    check(damage(0), "a=hello b=hello c=hello archive-damaged:.");
    check(damage(1), "a=hello b=hello c=hello archive-damaged:.");
    let mut split = archive(&pieces);
    let end = split.len() - 22;
    split[end + 4] = 1;
    check(split, "a=hello b=hello c=hello archive-truncated:.");
    check(Vec::new(), "!NotRecognised");
    check(b"run_id,loss\nx,1\n".repeat(10_000), "!NotRecognised");
}

#[test]
fn bombs_are_refused() {
    // Past the threshold the ratio counts, for one entry and for many.
    let flat = vec![b'0'; 90_000];
    check(archive(&[deflated("a", &flat), deflated("b", HELLO)]), "a=(90000) b=hello");
    check(
        archive(&[deflated("a", &vec![b'0'; 110_000]), deflated("b", HELLO)]),
        "a!OverBudget b=hello archive-budget:a",
    );
    check(
        archive(&[deflated("a", &flat), deflated("b", &flat), deflated("c", HELLO)]),
        "a=(90000) b!OverBudget c=hello archive-budget:b",
    );
    // The sum counts whatever the ratio.
    let noise: Vec<u8> =
        (0..400_000_u32).flat_map(|number| [b'x', b'y', (number.wrapping_mul(2_654_435_761) >> 24) as u8]).collect();
    check(
        archive(&[deflated("a", &noise[..600_000]), deflated("b", &noise[..600_000]), stored("c", HELLO)]),
        "a=(600000) b!OverBudget c=hello archive-budget:b",
    );
    // Too many entries.
    let many: Vec<Piece> = (0..60).map(|number| stored(&format!("{number:02}"), b"")).collect();
    let description = describe(archive(&many), small_budget());
    assert!(description.contains("49= archive-budget:.") && !description.contains("50"), "{description}");
}

#[test]
fn entries_that_share_bytes_are_refused() {
    // Twice the same place.
    let twin = deflated("b", HELLO).with(|piece| (piece.offset, piece.only_listed) = (Some(0), true));
    check(archive(&[deflated("a", HELLO), twin]), "a!OverBudget b=hello archive-budget:a");
    // One entry's data contain the other: a stored block of deflate quotes the next header, as the well-known bomb does.
    let kernel = archive(&[deflated("kernel", &[b'0'; 2_000])]);
    let directory = kernel.windows(4).position(|window| window == b"PK\x01\x02").expect("there");
    let body = &kernel[..directory];
    let quoted = [&[0x00][..], &30_u16.to_le_bytes(), &(!30_u16).to_le_bytes(), &body[..36]].concat();
    let outer = stored("outer", b"").with(|piece| {
        piece.method = 8;
        piece.data = [&quoted[..5], body].concat();
        piece.central = Says { crc: 0, packed: piece.data.len() as u64, size: 4_000 };
        piece.local = piece.central;
    });
    let inner =
        deflated("kernel", &[b'0'; 2_000]).with(|piece| (piece.offset, piece.only_listed) = (Some(30 + 5 + 5), true));
    check(archive(&[outer, inner]), "kernel=(2000) outer!OverBudget archive-budget:outer");
}

#[test]
fn ranges_are_cut_from_stored_and_inflated_entries_alike() {
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| (number / 7 % 251) as u8).collect();
    let bytes = archive(&[stored("s", &data), deflated("d", &data)]);
    let folder = ZipFolder::open(Rc::new(Memory { bytes, ..Memory::default() }), Budget::default()).expect("opens");
    for range in [0..0, 0..1, 0..u64::MAX, 1_500_000..1_500_010, 2_999_999..3_000_001, 5_000_000..6_000_000] {
        let asks = ["d", "s"].map(|path| ReadAsk { path: path.to_string(), range: range.clone() });
        let (start, end) = (range.start.min(3_000_000) as usize, range.end.min(3_000_000) as usize);
        for answer in pollster::block_on(folder.read(&asks)).expect("answers") {
            assert_eq!(answer.expect("read"), data.get(start..end).unwrap_or(&[]), "{range:?}");
        }
    }
    assert!(folder.take_report().is_empty());
}

#[test]
fn many_small_entries_are_few_questions() {
    let pieces: Vec<Piece> =
        (0..3_000).map(|number| deflated(&format!("r/{}/m{number}", number % 50), HELLO)).collect();
    let memory = Rc::new(Memory { bytes: archive(&pieces), ..Memory::default() });
    let folder = ZipFolder::open(memory.clone(), Budget::default()).expect("opens");
    let mut paths = files(&folder);
    paths.push("r/0/none".to_string());
    paths.reverse();
    let before = memory.questions.get();
    let answers = read(&folder, &paths, 100);
    assert!(memory.questions.get() - before <= 2, "{} questions", memory.questions.get() - before);
    assert_eq!(
        answers.first().map(|answer| answer.as_ref().map_err(|fault| fault.kind)),
        Some(Err(FaultKind::NotFound))
    );
    assert!(answers.iter().skip(1).all(|answer| answer.as_deref() == Ok(HELLO)));
}

#[test]
fn no_change_of_bytes_brings_it_down() {
    let text: String = (0..300).map(|number| format!("{number} 0.{number} {number}\n")).collect();
    let wide = |piece: &mut Piece| piece.is_wide = true;
    let pieces = [
        deflated("mlruns/0/meta.yaml", HELLO),
        stored("mlruns/0/b.txt", text.as_bytes()),
        deflated("mlruns/0/c", text.as_bytes()).streamed(true),
        deflated("mlruns/0/d", text.as_bytes()).with(wide),
    ];
    let originals = [
        archive(&pieces),
        shaped(&pieces, &Shape { is_wide: true, prefix: b"MZ".to_vec(), comment: b"c".to_vec(), entries: None }),
    ];
    let mut random = random();
    for round in 0..crate::sources::mutation_tests::rounds(6_000) {
        let bytes = examine::mutated(&originals[round % 2], &mut random);
        let size = bytes.len() as u64;
        let memory = Rc::new(Memory { bytes, ..Memory::default() });
        let Ok(folder) = ZipFolder::open(memory.clone(), small_budget()) else { continue };
        let files = files(&folder);
        for answer in read(&folder, &files, 5_000).into_iter().flatten() {
            assert!(answer.len() <= 5_000);
        }
        assert!(memory.longest.get() <= size, "asked for more than there is");
        assert!(memory.size() == size);
    }
}

#[test]
fn deflate_without_end_is_cut_where_the_next_entry_starts() {
    let endless = deflated("x", HELLO).with(|piece| {
        let data = deflate(&HELLO.repeat(100));
        piece.data = data[..data.len() - 3].to_vec();
        piece.central.packed = piece.data.len() as u64;
        piece.local = piece.central;
    });
    check(archive(&[endless, stored("y", HELLO)]), "x!Damaged y=hello archive-damaged:x");
}

//! What is broken costs itself alone, and reading always ends.

use crate::{export, files_in, histories, inspected, runs, store, written};
use pollster::block_on;
use runglass::native::inspect;
use runglass::sources::FaultKind;
use runglass::sources::exports::document::Chosen;
use runglass::sources::exports::{HEAD_BYTES, Kind, open_file, recognise};
use std::fs;
use std::rc::Rc;

#[test]
fn broken_parts_cost_themselves_alone() {
    let check = |kind: Kind, text: &str, ids: &[&str], expected: &[(&str, Option<u64>)]| {
        let source = open_file(kind, "f", Rc::new(text.as_bytes().to_vec())).unwrap();
        let document = inspected(&*source);
        assert_eq!(runs(&document).keys().collect::<Vec<_>>(), ids, "{text}");
        let notices: Vec<(&str, Option<u64>)> = document["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| (notice["reason"].as_str().unwrap(), notice["line"].as_u64()))
            .filter(|(reason, _)| *reason != "format-partial")
            .collect();
        assert_eq!(notices, expected, "{text}");
    };
    let (bad, field, cut) = ("part-malformed", "field-invalid", "json-malformed");
    check(
        Kind::Csv,
        "run_id,metrics.a,mine\nr1,1,x\nr2,2\nr3,x,y\n,4,z\n",
        &["r1", "r3"],
        &[("column-ignored", Some(1)), (bad, Some(3)), (field, Some(4)), (bad, Some(5))],
    );
    check(
        Kind::Frame,
        "[{\"run_id\": \"a\"},\n{\"run_id\": 1 2},\n{\"run_id\": \"b\", \"status\": \"x\"}",
        &["a", "b"],
        &[(bad, Some(2)), (field, Some(3)), (cut, Some(3))],
    );
    check(
        Kind::Frame,
        "{\"data\": [[\"a\", 1], [2]],\n\"columns\": [\"run_id\", \"metrics.x\"]}",
        &["a"],
        &[(bad, Some(1))],
    );
    check(
        Kind::Answers,
        "{\"runs\": [\n{\"info\": {}}, {\"info\": {\"run_id\": \"a\", \"end_time\": \"soon\"}},\n{\"info\": {\"run_id\": \"b\"}}, }",
        &["a", "b"],
        &[(field, Some(2)), (field, Some(2)), (cut, Some(3))],
    );
    check(
        Kind::Document,
        "{\"runglass\": 1, \"new\": [{}],\n\"runs\": [{\"id\": \"a\", \"experiment\": 7, \"metrics\": {\"m\":\n{\"steps\": [0, x], \"times_ms\": [1], \"values\": [\"NaN\"]}}},\n{\"id\": \"a\"}, 3]}",
        &["a"],
        &[(bad, None), (bad, Some(3)), (bad, Some(4)), (bad, Some(4))],
    );
}

#[test]
fn what_can_not_be_opened_says_why() {
    let check = |kind: Kind, text: &str, expected: FaultKind, says: &str| {
        let source = open_file(kind, "f.json", Rc::new(text.as_bytes().to_vec())).unwrap();
        let fault = block_on(inspect::read(&*source)).err().expect("a fault");
        assert_eq!(fault.kind, expected, "{text}");
        assert!(fault.message.starts_with("f.json: ") && fault.message.contains(says), "{fault}");
    };
    check(Kind::Document, "{\"runglass\": 2, \"runs\": []}", FaultKind::Unreadable, "newer Runglass");
    check(Kind::Document, "{\"runglass\": \"x\"}", FaultKind::NotRecognised, "version");
    check(Kind::Document, "{}", FaultKind::NotRecognised, "version");
    check(Kind::Answers, "{\"runs\": []}", FaultKind::NotRecognised, "No experiment");
    check(Kind::Csv, "run_id,status\n", FaultKind::NotRecognised, "no run");
}

/// Whatever is in a file, reading it ends, without a panic.
#[test]
fn mutations() {
    let (text, _) = written(&store("mlruns-2.22.0"), &Chosen::default());
    let read = |name: &str| fs::read(export(name)).unwrap();
    let mut seeds: Vec<(Kind, Vec<u8>)> = vec![(Kind::Document, text.into_bytes())];
    for path in files_in(&export("search-runs")) {
        let kind = if path.extension().unwrap() == "csv" { Kind::Csv } else { Kind::Frame };
        seeds.push((kind, fs::read(path).unwrap()));
    }
    for name in [
        "runs-1.json",
        "experiments.json",
        "history-1.json",
        "registered-models.json",
        "logged-models.json",
        "traces.json",
    ] {
        seeds.push((Kind::Answers, read(&format!("answers/{name}"))));
    }
    seeds.push((Kind::ExportImport, read("export-import-2026/model/model.json")));
    seeds.push((
        Kind::ExportImport,
        read("export-import-2026/experiments/1/runs/ffdbaa519b9a4599820e12102eb1480f/run.json"),
    ));
    let times: usize = std::env::var("RUNGLASS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let rounds = 60 * times;
    let mut dice = Dice(0x5EED_u64);
    for (kind, bytes) in &seeds {
        for _ in 0..rounds {
            let mutant = dice.mutate(bytes);
            let _ = recognise(&mutant[..mutant.len().min(HEAD_BYTES as usize)]);
            let source = open_file(*kind, "mutant", Rc::new(mutant)).unwrap();
            if let Ok(inspected) = block_on(inspect::read(&*source)) {
                inspected.write_document(&mut Vec::new()).unwrap();
                histories(&*source);
                written(&*source, &Chosen::default());
            }
        }
    }
}

/// Numbers of a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        const WORDS: [&[u8]; 16] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b",",
            b":",
            b"NaN",
            b"1e999",
            b"-9223372036854775809",
            b"null",
            b"\\u",
            b"\n",
            b"\xFF",
            b"\0",
            b"4294967296",
        ];
        let mut mutant = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(mutant.len());
            let to = (at + self.below(40)).min(mutant.len());
            match self.below(5) {
                0 => mutant.truncate(at),
                1 => drop(mutant.drain(at..to)),
                2 => {
                    let word = WORDS[self.below(WORDS.len())];
                    mutant.splice(at..at, word.iter().copied());
                }
                3 => {
                    let part = mutant[at..to].to_vec();
                    let place = self.below(mutant.len());
                    mutant.splice(place..place, part);
                }
                _ => {
                    if let Some(byte) = mutant.get_mut(at) {
                        *byte = self.below(256) as u8;
                    }
                }
            }
        }
        mutant
    }
}

#[test]
fn a_long_file_is_loaded_in_steps() {
    let mut text = "run_id,metrics.a,params.long\n".to_owned();
    for at in 0..200 {
        text += &format!("r{at},{at},{}\n", "x".repeat(60_000));
    }
    let source = open_file(Kind::Csv, "f", Rc::new(text.into_bytes())).unwrap();
    let (mut after, mut steps, mut bytes) = (None, 0, 0);
    loop {
        let page = block_on(source.experiments(after)).unwrap();
        assert!(page.read.bytes >= bytes);
        (bytes, after, steps) = (page.read.bytes, page.next, steps + 1);
        if after.is_none() {
            assert_eq!(page.read.runs_total, Some(200));
            break;
        }
    }
    assert!(steps > 4, "{steps} steps");
}

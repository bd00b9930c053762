//! Each scalar as PyYAML writes it, read by the flat reader and by the events: both must say the same.

use super::meta::{Kind, Meta};
use super::yaml::{read_events, read_flat, salvage};
use proptest::prelude::*;

/// `written` stands after `name: `.
fn check(written: &str, expected: Option<&str>) {
    let text = format!("artifact_uri: a\nname: {written}\nstatus: 3\n");
    for (reader, meta) in [("flat", read_flat(&text)), ("events", read_events(&text).ok())] {
        let meta = meta.unwrap_or_else(|| panic!("{reader} refuses {written:?}"));
        assert_eq!(meta.text("name"), expected, "{reader} of {written:?}");
        assert_eq!(meta.int("status"), Ok(Some(3)), "{reader} of {written:?}");
    }
}

#[test]
fn a_name_is_text_whatever_it_looks_like() {
    for name in [
        "1e3",
        "1.5e3",
        "12e03",
        "-.5",
        "0o14",
        "NaN",
        "inf",
        "y",
        "n",
        "Y",
        "\\backslash\\n",
        "-x",
        "?x",
        "a:b",
        "x#y",
        "nan null",
    ] {
        check(name, Some(name));
    }
    for name in [
        "yes",
        "on",
        "null",
        "~",
        "1_000",
        "0x10",
        "012",
        "1:30",
        "2020-01-01",
        "a: b",
        "# hash",
        "- dash",
        "*star",
        "&anchor",
        "!tag",
        "{a: 1}",
        "[1]",
        "",
        " lead",
        "trail ",
    ] {
        check(&format!("'{name}'"), Some(name));
    }
    for null in ["null", "~", "", "Null"] {
        check(null, None);
    }
}

#[test]
fn folded_and_quoted_scalars_unfold() {
    check("'it''s'", Some("it's"));
    check("'one\n\n  two'", Some("one\ntwo"));
    check("'one\n\n\n  two'", Some("one\n\ntwo"));
    check("'long line\n  goes on'", Some("long line goes on"));
    check("long line\n  goes on\n  and on", Some("long line goes on and on"));
    check("'\n\n  starts with a newline'", Some("\nstarts with a newline"));
    check(
        r#""\ttab \a bell \N nel \L ls \uFEFF bom \U0001F389 \xE9""#,
        Some("\ttab \u{7} bell \u{85} nel \u{2028} ls \u{FEFF} bom 🎉 é"),
    );
    check("\"folded \\\n  \\ here\"", Some("folded  here"));
    check("\"quote \\\" and \\\\\"", Some("quote \" and \\"));
    check("'ünï 中'", Some("ünï 中"));
    check("\u{a0}", Some("\u{a0}"));
}

#[test]
fn maps_and_lists_are_passed() {
    let text = "a: {}\nb: []\ntags:\n  mlflow.data.context: training\n  other: 'x y'\nlist:\n- one\n- two\nend: 1\r\n";
    for meta in [read_flat(text), read_events(text).ok()] {
        let meta = meta.expect("both read it");
        assert_eq!(
            meta.map("tags"),
            [("mlflow.data.context", "training"), ("other", "x y")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!((meta.text("list"), meta.map("a"), meta.int("end")), (None, &[][..], Ok(Some(1))));
        assert!(meta.has("list") && !meta.has("one"));
    }
}

#[test]
fn what_is_not_flat_goes_to_the_events() {
    let check = |text: &str, key: &str, expected: Option<&str>| {
        assert_eq!(read_flat(text), None, "{text:?}");
        assert_eq!(Meta::read(text).meta.text(key), expected, "{text:?}");
        assert_eq!(Meta::read(text).problem, None, "{text:?}");
    };
    check("{a: 1, b: x}", "b", Some("x"));
    check("a: |\n  one\n  two\nb: x", "a", Some("one\ntwo\n"));
    check("a: >-\n  one\n  two", "a", Some("one two"));
    check("a: x # comment", "a", Some("x"));
    check("\"a\": x", "a", Some("x"));
    check("a: &n x\nb: *n", "a", Some("x"));
    check("? a\n: b", "a", Some("b"));
}

#[test]
fn maps_in_maps_are_passed_over() {
    let check = |text: &str| {
        let (flat, events) = (read_flat(text).expect("flat"), read_events(text).expect("events"));
        assert_eq!(flat, events, "{text:?}");
        assert_eq!(flat.text("z"), Some("e"), "{text:?}");
        assert!(flat.has("a") && flat.map("a").is_empty(), "{text:?}");
    };
    check("a:\n  b:\n    c: 1\nz: e");
    check("a:\n  b:\n    c: 1\n    d:\n      x: y\n  f: g\nz: e");
    check("a:\n  f: g\n  b:\n    c: 'two\n\n      lines: here'\nz: e");
    check("z: e\na:\n  b:\n    c: 1\n");
}

#[test]
fn broken_files_give_what_is_whole() {
    let check = |text: &str, key: &str, expected: Option<&str>| {
        let read = Meta::read(text);
        assert!(read.problem.is_some(), "{text:?}");
        assert_eq!(read.meta.text(key), expected, "{text:?}");
    };
    check("", "a", None);
    check("just text", "a", None);
    check("- a\n- b", "a", None);
    check("a: 1\nb: 'open\nc: 2", "c", Some("2"));
    check("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "b", Some("2"));
    check("a: 1\n\tb: 2\nc: [\n", "a", Some("1"));
    assert_eq!(salvage("a: b: c\nd: 1").text("d"), Some("1"));
}

#[test]
fn kinds_are_told_by_fields() {
    let check = |text: &str, expected: Kind| assert_eq!(Meta::read(text).meta.kind(), expected, "{text:?}");
    check("experiment_id: 0\nartifact_location: x\nname: Default", Kind::Experiment);
    check("experiment_id: 1\nrun_uuid: x\nname: ''", Kind::Run);
    check("experiment_id: '1'\nrun_id: x\nlifecycle_stage: active", Kind::Run);
    check("experiment_id: '1'\nmodel_id: m-1\nname: a\nartifact_location: x\nsource_run_id: null", Kind::LoggedModel);
    check("name: a\nversion: 1\nrun_id: x\nsource: y\ncurrent_stage: None", Kind::ModelVersion { deleted: false });
    check("name: a\ncreation_timestamp: 1\nlast_updated_timestamp: 2", Kind::RegisteredModel);
    check("digest: a\nname: b\nsource: c\nsource_type: local", Kind::Unknown);
    check("package:\n  name: x", Kind::Unknown);
}

#[test]
fn numbers_are_asked_for() {
    let read = Meta::read("a: 1700000000000\nb: 1.7e12\nc: x\nd: ''\ne: '5'");
    let int = |key| read.meta.int(key);
    assert_eq!(
        (int("a"), int("b"), int("c"), int("d"), int("e"), int("f")),
        (Ok(Some(1_700_000_000_000)), Ok(Some(1_700_000_000_000)), Err("x"), Ok(None), Ok(Some(5)), Ok(None))
    );
}

#[test]
fn deep_nesting_is_no_recursion() {
    for open in ["[", "{a: ", "- "] {
        Meta::read(&format!("a: {}", open.repeat(100_000)));
        Meta::read(&open.repeat(100_000));
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(text in "[a-c:'\"\\\\ \\n#\\-{}\\[\\]&*!|>%@`,?0-9\t\u{e9}]{0,80}") {
        Meta::read(&text);
        let nested = format!("name: {text}\nstatus: 3");
        Meta::read(&nested);
        // Where both read a text, they read the same.
        if let (Some(flat), Ok(events)) = (read_flat(&nested), read_events(&nested)) {
            prop_assert_eq!(flat.text("name"), events.text("name"), "{:?}", nested);
        }
    }
}

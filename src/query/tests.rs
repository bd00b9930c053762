//! Mistakes drawn under their text, the reference read as test cases, and properties of any text.

use super::*;
use crate::model::{DatasetKey, RunTable};
use proptest::prelude::*;

/// The text with carets under each problem, its message and its hint.
fn draw(text: &str) -> String {
    let mut drawn = format!("{text}\n");
    for problem in parse(text).problems {
        let before = text[..problem.at.start].chars().count();
        let under = text[problem.at.clone()].chars().count().max(1);
        drawn.push_str(&format!("{}{} {}\n", " ".repeat(before), "^".repeat(under), problem.message));
        drawn.push_str(&format!("{}{}\n", " ".repeat(before), problem.hint));
    }
    drawn
}

/// One or more texts, each followed by its problems as [`draw`] draws them; a fix, where there is one, must mend.
fn check(expected: &str) {
    let mut drawn = String::new();
    for line in expected.lines().filter(|line| !line.trim_start().starts_with('^')) {
        // Hints follow carets, texts start a block.
        let _ = line;
    }
    for block in expected.trim().split("\n\n") {
        let text = block.lines().next().unwrap_or("");
        drawn.push_str(&draw(text));
        drawn.push('\n');
        let parsed = parse(text);
        if let [Problem { at, fix: Some(fix), .. }] = parsed.problems.as_slice() {
            let mended = format!("{}{fix}{}", &text[..at.start], &text[at.end..]);
            assert_eq!(parse(&mended).problems, [], "{text} is mended to {mended}");
        }
    }
    assert_eq!(drawn.trim(), expected.trim(), "\n{drawn}");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    check("X");
}

//! The reference as data: one text is the help popover, and its rows are test cases.

/// The reference as a page of Markdown: an introduction, one table, and how columns sort.
pub const REFERENCE: &str = include_str!("reference.md");

/// Whether a text of the reference is part of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// MLflow reads it as well.
    Yes,
    /// Runglass reads it, MLflow does not.
    Ours,
    /// A mistake; the row says what to write instead.
    No,
}

/// One row of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// A filter.
    pub text: &'static str,
    /// Whether it is read.
    pub standing: Standing,
    /// What it means, in Markdown with code spans only.
    pub meaning: &'static str,
}

/// The rows of the reference, in order.
pub fn examples() -> impl Iterator<Item = Example> {
    REFERENCE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let (text, standing, meaning) = (cells.next()?, cells.next()?, cells.next()?);
        let standing = match standing {
            "yes" => Standing::Yes,
            "ours" => Standing::Ours,
            "no" => Standing::No,
            _ => return None,
        };
        Some(Example { text: text.trim_matches('`').trim(), standing, meaning })
    })
}

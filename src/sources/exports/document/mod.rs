#![doc = include_str!("document.md")]
//!
//! It must not know what was exported: whatever is a [`Source`](crate::sources::Source) can be written.

mod choice;
mod histories;
mod items;
mod read;
mod write;

pub use choice::Chosen;
pub use read::load;
pub use write::{Written, write};

/// The version that is written, and the largest that is read.
pub const VERSION: u64 = 1;
/// What the notice says of a document that is opened.
pub const NOT_CARRIED: &str = "Runglass's own document: everything but the artifacts.";

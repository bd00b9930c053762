//! WHAT THE SCREEN SAYS, without a screen: the view state and its link, columns, rows, cells as text, what charts there are.
//!
//! Pure functions of the session's table. It must not know of signals, elements or workers, and asks nobody for the time
//! or the zone: `now_ms` and [`format::Zone`] are arguments.
//!
//! The pipeline of the runs page, each stage a function from row numbers to row numbers:
//! 1. [`rows::in_view`]: the runs of the chosen experiments and lifecycle;
//! 2. the query selects (`query::Query::select`);
//! 3. the sort orders (`query::sort`);
//! 4. [`rows::arrange`] folds nested runs under their parents and closes what is closed;
//! 5. the eye picks ([`curves::with_eye`]), and [`curves::sections`] says which charts there are.

pub mod artifact;
pub mod columns;
pub mod curves;
pub mod experiments;
pub mod format;
pub mod link;
pub mod markdown;
pub mod names;
pub mod rows;
pub mod run;
pub mod shelf;
pub mod state;

pub use state::{Layout, PageName, Shown, ViewState, XAxis};

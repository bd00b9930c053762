//! WHAT WAS TRACKED: experiments, runs in columns, metric histories, and the report of what could not be read.
//!
//! A ground floor. It must not know where data comes from, how it is searched, or how it is shown; it uses `std` and
//! `serde` alone (the latter because two of its types travel as JSON headers between the page and its worker).

mod cells;
mod columns;
mod experiment;
mod field;
mod report;
mod run;
mod series;
mod shelf;
mod summaries;
mod table;
mod texts;

pub use cells::Cells;
pub use columns::{Columns, TextColumn};
pub use experiment::{Experiment, Server, Store};
pub use field::{Attribute, DatasetKey, Field};
pub use report::{Notice, Reason, Report, Severity};
pub use run::{DatasetInput, Lifecycle, RunKey, RunStatus};
pub use series::{MetricSeries, MetricSummary, point_order};
pub use shelf::{LoggedModel, ModelVersion, RegisteredModel, Shelf, Trace};
pub use summaries::Summaries;
pub use table::{RunRow, RunTable};
pub use texts::{TextList, Texts, hash};

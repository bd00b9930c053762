//! The one typed truth of what is shown. The link (`link.rs`) is its projection.

use crate::model::Field;

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewState {
    /// What is open: `sample`, or the name of what was dropped.
    pub source: Option<String>,
    /// The workspace of a server; its own choice without.
    pub workspace: Option<String>,
    /// Which page.
    pub page: PageName,
    /// Chosen experiments: names from [`crate::view::names`].
    pub experiments: Vec<String>,
    /// Active, deleted or both.
    pub shown: Shown,
    /// The run of the run page: a name from [`crate::view::names`].
    pub run: Option<String>,
    /// How table and charts share the runs page.
    pub layout: Layout,
    /// The query of the runs page, the search text of the experiments page; as typed.
    pub filter: String,
    /// Widths that the user gave to columns, in CSS pixels.
    pub widths: Vec<(String, u32)>,
    /// Column, and whether it descends.
    pub sort: Option<(String, bool)>,
    /// Chosen runs.
    pub selected: Vec<String>,
    /// Runs in charts; `None` = the first ten.
    pub eye: Option<Vec<String>>,
    /// The x axis of line charts.
    pub x: XAxis,
    /// Logarithmic y axis.
    pub log_y: bool,
    /// Weight of the running mean, 0 (none) to 0.99.
    pub smoothing: f64,
    /// The artifact that the run page previews, relative to the run's artifacts.
    pub artifact: Option<String>,
    /// Keys of the link that this version does not know; they survive.
    pub unknown: Vec<(String, String)>,
}

impl ViewState {
    /// The list of experiments: what named experiments or runs goes, how charts and tables are drawn stays.
    pub fn to_experiments(&mut self) {
        self.page = PageName::Experiments;
        self.experiments.clear();
        self.run = None;
        self.artifact = None;
        self.filter.clear();
        self.sort = None;
        self.selected.clear();
        self.eye = None;
    }

    /// The column that the runs page sorts by.
    pub fn sort_field(&self) -> Option<(Field, bool)> {
        self.sort.as_ref().and_then(|(field, descending)| Some((Field::parse(field)?, *descending)))
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them; the default is the first.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word in the link.
            pub fn word(self) -> &'static str { match self { $($name::$variant => $word,)* } }

            /// From the word in the link.
            pub fn parse(word: &str) -> Option<$name> { Self::ALL.iter().copied().find(|known| known.word() == word) }
        }
    };
}

words! {
    /// The pages.
    PageName {
        /// Where data is opened.
        #[default]
        Open "open",
        /// The list of experiments.
        Experiments "experiments",
        /// Table and charts of the runs of one or several experiments.
        Runs "runs",
        /// One run.
        Run "run",
        /// Registered models.
        Models "models",
        /// Traces.
        Traces "traces",
    }
}

words! {
    /// Which lifecycle is shown.
    Shown {
        /// Runs in use.
        #[default]
        Active "active",
        /// Deleted ones only.
        Deleted "deleted",
        /// Both.
        All "all",
    }
}

words! {
    /// How table and charts share the runs page.
    Layout {
        /// Side by side.
        #[default]
        Split "split",
        /// The table alone.
        Table "table",
        /// Charts with a narrow list.
        Charts "charts",
    }
}

words! {
    /// What runs along the x axis of a line chart.
    XAxis {
        /// The logged step.
        #[default]
        Step "step",
        /// Wall clock.
        Time "time",
        /// Time since the run's first point.
        Relative "relative",
    }
}

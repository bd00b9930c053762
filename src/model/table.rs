//! Runs as columns. Indices flow, tables stay: whoever filters, sorts or groups hands on row numbers of one [`RunTable`].

use crate::model::{Columns, DatasetInput, Lifecycle, MetricSummary, RunKey, RunStatus, Summaries, TextColumn};

/// One run as a reader hands it over; the table takes it apart into columns.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Unique within the source.
    pub key: RunKey,
    /// The id as MLflow knows it.
    pub id: String,
    /// Number of its experiment.
    pub experiment: u32,
    /// Given name, else the tag `mlflow.runName`, else empty.
    pub name: String,
    /// State.
    pub status: RunStatus,
    /// `Deleted` as well for what lies in `.trash`.
    pub lifecycle: Lifecycle,
    /// Milliseconds since 1970, UTC.
    pub start_ms: Option<i64>,
    /// Milliseconds since 1970, UTC.
    pub end_ms: Option<i64>,
    /// The tag `mlflow.user`, else the older `user_id`.
    pub user: Option<String>,
    /// As stored; may name another machine.
    pub artifact_uri: Option<String>,
    /// Key and text.
    pub params: Vec<(String, String)>,
    /// Key and text, system tags (`mlflow.`) included.
    pub tags: Vec<(String, String)>,
    /// Key and what is known of the history.
    pub metrics: Vec<(String, MetricSummary)>,
    /// Input datasets.
    pub datasets: Vec<DatasetInput>,
    /// Ids of logged models that the run made.
    pub outputs: Vec<String>,
}

impl RunRow {
    /// A run of experiment 0 of which its id alone is known, which is its key as well. It runs: so does one of whose state nothing is said.
    pub fn of_id(id: impl Into<String>) -> RunRow {
        let id = id.into();
        RunRow {
            key: RunKey(id.clone()),
            id,
            experiment: 0,
            name: String::new(),
            status: RunStatus::Running,
            lifecycle: Lifecycle::Active,
            start_ms: None,
            end_ms: None,
            user: None,
            artifact_uri: None,
            params: Vec::new(),
            tags: Vec::new(),
            metrics: Vec::new(),
            datasets: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

/// Runs in columns; a row number is a run. All attribute vectors have one entry a row.
#[derive(Clone, Debug, Default)]
pub struct RunTable {
    /// Unique within the source.
    pub key: Vec<RunKey>,
    /// The id as MLflow knows it.
    pub id: Vec<String>,
    /// Number of the run's experiment.
    pub experiment: Vec<u32>,
    /// May be empty.
    pub name: Vec<String>,
    /// State.
    pub status: Vec<RunStatus>,
    /// In use or deleted.
    pub lifecycle: Vec<Lifecycle>,
    /// Milliseconds since 1970, UTC.
    pub start_ms: Vec<Option<i64>>,
    /// Milliseconds since 1970, UTC.
    pub end_ms: Vec<Option<i64>>,
    /// Who ran it.
    pub user: TextColumn,
    /// As stored; may name another machine.
    pub artifact_uri: Vec<Option<String>>,
    /// Params by key.
    pub params: Columns<TextColumn>,
    /// Tags by key.
    pub tags: Columns<TextColumn>,
    /// Metrics by key.
    pub metrics: Columns<Summaries>,
    /// Input datasets of each run.
    pub datasets: Vec<Vec<DatasetInput>>,
    /// Ids of the logged models that each run made.
    pub outputs: Vec<Vec<String>>,
}

impl RunTable {
    /// Number of runs.
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Whether there is no run.
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// All row numbers.
    pub fn rows(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }

    /// Adds a run and answers its row number.
    pub fn push(&mut self, run: RunRow) -> u32 {
        let row = self.len() as u32;
        self.key.push(run.key);
        self.id.push(run.id);
        self.experiment.push(run.experiment);
        self.name.push(run.name);
        self.status.push(run.status);
        self.lifecycle.push(run.lifecycle);
        self.start_ms.push(run.start_ms);
        self.end_ms.push(run.end_ms);
        if let Some(user) = &run.user {
            self.user.set(row, user);
        }
        self.artifact_uri.push(run.artifact_uri);
        for (key, value) in &run.params {
            self.params.entry(key).set(row, value);
        }
        for (key, value) in &run.tags {
            self.tags.entry(key).set(row, value);
        }
        for (key, summary) in run.metrics {
            self.metrics.entry(&key).set(row, summary);
        }
        self.datasets.push(run.datasets);
        self.outputs.push(run.outputs);
        row
    }

    /// Makes room for `rows` in all, exactly: a table that grows by doubling holds twice its size while it does.
    pub fn reserve(&mut self, rows: usize) {
        fn room<T>(column: &mut Vec<T>, rows: usize) {
            column.reserve_exact(rows.saturating_sub(column.len()));
        }
        room(&mut self.key, rows);
        room(&mut self.id, rows);
        room(&mut self.experiment, rows);
        room(&mut self.name, rows);
        room(&mut self.status, rows);
        room(&mut self.lifecycle, rows);
        room(&mut self.start_ms, rows);
        room(&mut self.end_ms, rows);
        room(&mut self.artifact_uri, rows);
        room(&mut self.datasets, rows);
        room(&mut self.outputs, rows);
        self.user.reserve(rows);
        self.params.iter_mut().chain(self.tags.iter_mut()).for_each(|(_, column)| column.reserve(rows));
        self.metrics.iter_mut().for_each(|(_, column)| column.reserve(rows));
    }

    /// Puts the runs of `other` below the own ones; row `r` of `other` becomes row `self.len() + r`.
    pub fn append(&mut self, other: RunTable) {
        let base = self.len() as u32;
        self.key.extend(other.key);
        self.id.extend(other.id);
        self.experiment.extend(other.experiment);
        self.name.extend(other.name);
        self.status.extend(other.status);
        self.lifecycle.extend(other.lifecycle);
        self.start_ms.extend(other.start_ms);
        self.end_ms.extend(other.end_ms);
        self.artifact_uri.extend(other.artifact_uri);
        self.datasets.extend(other.datasets);
        self.outputs.extend(other.outputs);
        self.user.append(&other.user, base);
        for (key, column) in other.params.iter() {
            self.params.entry(key).append(column, base);
        }
        for (key, column) in other.tags.iter() {
            self.tags.entry(key).append(column, base);
        }
        for (key, column) in other.metrics.iter() {
            let own = self.metrics.entry(key);
            for (row, summary) in column.iter() {
                own.set(base + row, summary);
            }
        }
    }

    /// Whether the run at row `at` of `other` says all that the one at `row` says, and no more.
    pub fn says_the_same(&self, row: u32, other: &RunTable, at: u32) -> bool {
        fn are_same<T: PartialEq>(own: &[T], row: u32, other: &[T], at: u32) -> bool {
            own.get(row as usize) == other.get(at as usize)
        }
        fn texts(columns: &Columns<TextColumn>, row: u32) -> impl Iterator<Item = (&str, &str)> {
            columns.iter().filter_map(move |(key, column)| Some((key, column.get(row)?)))
        }
        let have_same_texts = |own: &Columns<TextColumn>, others: &Columns<TextColumn>| {
            let is_there = |(key, text)| others.get(key).and_then(|column| column.get(at)) == Some(text);
            texts(own, row).all(is_there) && texts(own, row).count() == texts(others, at).count()
        };
        let metrics =
            |of: &RunTable, row: u32| of.metrics.iter().filter(|(_, column)| column.get(row).is_some()).count();
        let has_same_last = |(key, column): (&str, &Summaries)| match (column.get(row), other.metric(at, key)) {
            (Some(own), Some(new)) => own.has_last_of(&new),
            (own, new) => own.is_none() && new.is_none(),
        };
        are_same(&self.name, row, &other.name, at)
            && are_same(&self.status, row, &other.status, at)
            && are_same(&self.lifecycle, row, &other.lifecycle, at)
            && are_same(&self.start_ms, row, &other.start_ms, at)
            && are_same(&self.end_ms, row, &other.end_ms, at)
            && are_same(&self.datasets, row, &other.datasets, at)
            && are_same(&self.outputs, row, &other.outputs, at)
            && have_same_texts(&self.params, &other.params)
            && have_same_texts(&self.tags, &other.tags)
            && metrics(self, row) == metrics(other, at)
            && self.metrics.iter().all(has_same_last)
    }

    /// Puts the run at row `at` of `other` in the place of the one at `row`: the same run, read again. What was learned of a
    /// history stays where its last point is still the same.
    pub fn replace(&mut self, row: u32, other: &RunTable, at: u32) {
        fn put<T: Clone>(own: &mut [T], row: u32, other: &[T], at: u32) {
            if let (Some(place), Some(value)) = (own.get_mut(row as usize), other.get(at as usize)) {
                place.clone_from(value);
            }
        }
        put(&mut self.key, row, &other.key, at);
        put(&mut self.id, row, &other.id, at);
        put(&mut self.experiment, row, &other.experiment, at);
        put(&mut self.name, row, &other.name, at);
        put(&mut self.status, row, &other.status, at);
        put(&mut self.lifecycle, row, &other.lifecycle, at);
        put(&mut self.start_ms, row, &other.start_ms, at);
        put(&mut self.end_ms, row, &other.end_ms, at);
        put(&mut self.artifact_uri, row, &other.artifact_uri, at);
        put(&mut self.datasets, row, &other.datasets, at);
        put(&mut self.outputs, row, &other.outputs, at);
        match other.user.get(at) {
            Some(user) => self.user.set(row, user),
            None => self.user.unset(row),
        }
        for (own, others) in [(&mut self.params, &other.params), (&mut self.tags, &other.tags)] {
            own.iter_mut().for_each(|(_, column)| column.unset(row));
            for (key, column) in others.iter() {
                if let Some(text) = column.get(at) {
                    own.entry(key).set(row, text);
                }
            }
        }
        for (key, own) in self.metrics.iter_mut() {
            let known = own.get(row);
            let is_same = |new: &MetricSummary| known.is_some_and(|known| known.has_last_of(new) && new.count == 0);
            match other.metric(at, key) {
                Some(new) if is_same(&new) => {}
                Some(new) => own.set(row, new),
                None => own.unset(row),
            }
        }
        for (key, column) in other.metrics.iter() {
            if let Some(new) = column.get(at)
                && self.metrics.get(key).is_none()
            {
                self.metrics.entry(key).set(row, new);
            }
        }
    }

    /// A table of some rows alone; row `rows.start` becomes row 0. Rows beyond the end are left out.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<u32>) -> RunTable {
        let end = rows.end.min(self.len() as u32);
        let rows = rows.start.min(end)..end;
        let places = rows.start as usize..rows.end as usize;
        let mut part = RunTable {
            key: self.key[places.clone()].to_vec(),
            id: self.id[places.clone()].to_vec(),
            experiment: self.experiment[places.clone()].to_vec(),
            name: self.name[places.clone()].to_vec(),
            status: self.status[places.clone()].to_vec(),
            lifecycle: self.lifecycle[places.clone()].to_vec(),
            start_ms: self.start_ms[places.clone()].to_vec(),
            end_ms: self.end_ms[places.clone()].to_vec(),
            artifact_uri: self.artifact_uri[places.clone()].to_vec(),
            datasets: self.datasets[places.clone()].to_vec(),
            outputs: self.outputs[places].to_vec(),
            ..RunTable::default()
        };
        slice_text(&self.user, &rows, || &mut part.user);
        for (key, column) in self.params.iter() {
            slice_text(column, &rows, || part.params.entry(key));
        }
        for (key, column) in self.tags.iter() {
            slice_text(column, &rows, || part.tags.entry(key));
        }
        for (key, column) in self.metrics.iter() {
            for (row, summary) in column.range(rows.clone()) {
                part.metrics.entry(key).set(row - rows.start, summary);
            }
        }
        part
    }

    /// The text of one tag of one run.
    pub fn tag(&self, row: u32, key: &str) -> Option<&str> {
        self.tags.get(key).and_then(|column| column.get(row))
    }

    /// The text of one param of one run.
    pub fn param(&self, row: u32, key: &str) -> Option<&str> {
        self.params.get(key).and_then(|column| column.get(row))
    }

    /// What is known of one metric of one run.
    pub fn metric(&self, row: u32, key: &str) -> Option<MetricSummary> {
        self.metrics.get(key).and_then(|column| column.get(row))
    }

    /// End minus start in milliseconds; `None` while either is unknown.
    pub fn duration_ms(&self, row: u32) -> Option<i64> {
        let (start, end) = (self.start_ms[row as usize]?, self.end_ms[row as usize]?);
        end.checked_sub(start)
    }
}

/// A column without any of the rows is not made.
fn slice_text<'a>(from: &TextColumn, rows: &std::ops::Range<u32>, to: impl FnOnce() -> &'a mut TextColumn) {
    let mut codes = from.codes_in(rows.clone()).peekable();
    if codes.peek().is_some() {
        let column = to();
        for (row, code) in codes {
            column.set(row - rows.start, from.text(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RunRow, RunTable};
    use crate::model::{Lifecycle, MetricSummary, RunKey, RunStatus};

    #[test]
    fn slices_put_together_are_the_table() {
        let mut whole = RunTable::default();
        for at in 0..300_i64 {
            let some = |every: i64, key: &str| (at % every == 0).then(|| (key.to_owned(), (at / 7).to_string()));
            whole.push(RunRow {
                key: RunKey(format!("r{at}")),
                id: at.to_string(),
                experiment: 0,
                name: String::new(),
                status: RunStatus::Finished,
                lifecycle: Lifecycle::Active,
                start_ms: Some(at),
                end_ms: None,
                user: some(3, "").map(|(_, user)| user),
                artifact_uri: None,
                params: some(1, "dense").into_iter().chain(some(50, "sparse")).collect(),
                tags: some(2, "tag").into_iter().collect(),
                metrics: vec![("m".to_owned(), MetricSummary::of_last(at as f64, at, 0))],
                datasets: Vec::new(),
                outputs: Vec::new(),
            });
        }
        let mut again = RunTable::default();
        for start in (0..300).step_by(70) {
            again.append(whole.slice(start..start + 70));
        }
        assert_eq!(again.key, whole.key);
        for row in whole.rows() {
            assert_eq!(again.user.get(row), whole.user.get(row), "{row}");
            for key in ["dense", "sparse"] {
                assert_eq!(again.param(row, key), whole.param(row, key), "{row}");
            }
            assert_eq!(again.tag(row, "tag"), whole.tag(row, "tag"), "{row}");
            assert_eq!(again.metric(row, "m").map(|m| m.last), whole.metric(row, "m").map(|m| m.last), "{row}");
        }
        // the runs of another table, put over these one by one, are those of that table
        let mut over = whole.slice(100..200);
        let others = whole.slice(0..100);
        for row in over.rows() {
            assert!(!over.says_the_same(row, &others, row), "{row}");
            over.replace(row, &others, row);
            assert!(over.says_the_same(row, &others, row), "{row}");
        }
        for row in others.rows() {
            assert_eq!(
                (&over.key[row as usize], over.user.get(row)),
                (&others.key[row as usize], others.user.get(row))
            );
            for key in ["dense", "sparse"] {
                assert_eq!(over.param(row, key), others.param(row, key), "{row}");
            }
            assert_eq!(over.tag(row, "tag"), others.tag(row, "tag"), "{row}");
            assert_eq!(over.metric(row, "m").map(|m| m.last), others.metric(row, "m").map(|m| m.last), "{row}");
        }
        assert!(whole.slice(290..900).len() == 10 && whole.slice(900..901).is_empty());
        assert!(whole.slice(1..2).params.get("sparse").is_none());
    }
}

//! `runglass inspect`: all that a [`Source`] gives, as one JSON document for terminals, CI and conformance tests.
//!
//! Ids are strings, times milliseconds, what is absent is null, NaN and infinities are strings. All lists are sorted, so
//! that two documents can be compared as text.

mod document;
mod points;

use crate::model::{Experiment, Lifecycle, Report, RunTable, Severity, Store};
use crate::sources::silence::{self, NOT_ASKED};
use crate::sources::{Fault, RunsAsk, Source, each_page};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Runs asked for at a time.
const PAGE: u32 = 256;

/// All that a source holds.
pub struct Inspected {
    stores: Vec<Store>,
    experiments: Vec<Experiment>,
    runs: RunTable,
    report: Report,
}

/// Reads everything. Of a server that fails on the way: what it gave, and a notice for each part that is missing.
///
/// # Errors
/// When nothing is recognised, a server gave nothing, or the carrier of files fails as a whole.
pub async fn read(source: &dyn Source) -> Result<Inspected, Fault> {
    let mut report = Report::default();
    let mut experiments = Vec::new();
    let asked = each_page(
        |after| source.experiments(after),
        |page| {
            experiments.extend(page.items);
            report.merge(page.report);
        },
    )
    .await;
    let has_some = !experiments.is_empty();
    let mut is_there = silence::goes_on(asked, has_some, "Not all experiments came, nor their runs", &mut report)?;
    let mut runs = RunTable::default();
    if is_there {
        let asked = each_page(
            |after| source.runs(RunsAsk { after, size: PAGE, ..RunsAsk::default() }),
            |page| {
                runs.append(page.items);
                report.merge(page.report);
            },
        )
        .await;
        is_there = silence::goes_on(asked, has_some, "Not all runs came", &mut report)?;
    } else {
        silence::note(&mut report, "", "No runs came", NOT_ASKED);
    }
    let mut stores = source.stores().await?;
    if stores.iter().any(|store| store.server.is_some()) {
        // A server tells how much there is beside the runs when all of it was given.
        let missing = "Registered models, logged models and traces were not all counted";
        if is_there {
            let asked = each_page(|after| source.shelf(after), |page| report.merge(page.report)).await;
            is_there = silence::goes_on(asked, has_some, missing, &mut report)?;
        } else {
            silence::note(&mut report, "", missing, NOT_ASKED);
        }
        if is_there {
            stores = source.stores().await?;
        }
    }
    // exports that know the last points alone have no others to count
    let is_counted = |experiment: &u32| {
        let store = experiments.get(*experiment as usize).and_then(|experiment| stores.get(experiment.store as usize));
        store.is_some_and(|store| matches!(store.format.as_str(), "sqlite" | "server"))
    };
    let counted: Vec<bool> = runs.experiment.iter().map(is_counted).collect();
    points::count(source, &counted, is_there, &mut runs, &mut report).await?;
    Ok(Inspected { stores, experiments, runs, report })
}

impl Inspected {
    /// Counts only.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_summary(&self, out: &mut impl Write) -> io::Result<()> {
        let deleted_experiments = self.experiments.iter().filter(|experiment| is_deleted(experiment.lifecycle)).count();
        let deleted_runs = self.runs.lifecycle.iter().filter(|lifecycle| is_deleted(**lifecycle)).count();
        let points = self.runs.metrics.iter().flat_map(|(_, column)| column.iter());
        let models = self.registered_models();
        let mut notices = BTreeMap::from([(Severity::Info, 0), (Severity::Warning, 0), (Severity::Error, 0)]);
        for reason in crate::model::Reason::ALL {
            *notices.entry(reason.severity()).or_default() += self.report.count(*reason);
        }
        let summary = serde_json::json!({
            "stores": self.stores.len(),
            "experiments": self.experiments.len(),
            "experiments_deleted": deleted_experiments,
            "runs": self.runs.len(),
            "runs_active": self.runs.len() - deleted_runs,
            "runs_deleted": deleted_runs,
            "params": self.runs.params.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "tags": self.runs.tags.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "metric_series": self.runs.metrics.iter().map(|(_, column)| column.len()).sum::<usize>(),
            "metric_points": points.map(|(_, summary)| u64::from(summary.count)).sum::<u64>(),
            "dataset_inputs": self.runs.datasets.iter().map(Vec::len).sum::<usize>(),
            "logged_models": self.stores.iter().map(|store| store.logged_models).sum::<u64>(),
            "traces": self.stores.iter().map(|store| store.traces).sum::<u64>(),
            "registered_models": models.len(),
            "model_versions": models.iter().map(|model| model.versions).sum::<u64>(),
            "notices": notices,
        });
        serde_json::to_writer_pretty(&mut *out, &summary)?;
        writeln!(out)
    }
}

fn is_deleted(lifecycle: Lifecycle) -> bool {
    lifecycle == Lifecycle::Deleted
}

#[cfg(test)]
mod tests {
    use crate::native::failing::{Fails, dead, failed, tracking};
    use crate::sources::memory::Memory;
    use crate::sources::stores::Stores;
    use crate::sources::{Fault, FaultKind};
    use std::rc::Rc;

    fn inspected(tree: &str) -> super::Inspected {
        let source = Stores::new(Rc::new(Memory::parse(tree)));
        pollster::block_on(super::read(&source)).expect("read")
    }

    const TREE: &str = "
//- b/2/meta.yaml
experiment_id: '2'
name: Two
//- a/10/meta.yaml
experiment_id: '10'
name: Ten
//- a/10/tags/team
vision
//- a/10/r2/meta.yaml
run_id: r2
run_name: second
status: 4
start_time: 5
end_time: 9
//- a/10/r1/meta.yaml
run_id: r1
lifecycle_stage: deleted
//- a/10/r1/tags/mlflow.parentRunId
r2
//- a/10/r1/params/lr
0.1
//- a/10/r1/metrics/loss
1700000000000 inf 0
1700000000001 nan 1
1700000000001 nan 1
broken
//- a/10/r1/metrics/acc
1700000000000 1 3
//- a/10/r1/outputs/m-1/meta.yaml
destination_id: m-1
";

    #[test]
    fn the_document_is_sorted_and_whole() {
        let mut out = Vec::new();
        inspected(TREE).write_document(&mut out).expect("written");
        let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({
            "stores": [{"path": "a", "format": "mlruns"}, {"path": "b", "format": "mlruns"}],
            "experiments": [
                {"store": "a", "id": "10", "name": "Ten", "lifecycle": "active", "tags": {"team": "vision"}, "runs": [
                    {"id": "r1", "name": null, "status": "RUNNING", "start_time": null, "end_time": null,
                     "lifecycle": "deleted", "parent": "r2", "params": {"lr": "0.1"},
                     "tags": {"mlflow.parentRunId": "r2"},
                     "metrics": {
                         "acc": {"count": 1, "last": 1.0, "step": 3, "timestamp": 1_700_000_000_000_u64},
                         "loss": {"count": 2, "last": "NaN", "step": 1, "timestamp": 1_700_000_000_001_u64}
                     },
                     "datasets": [], "outputs": ["m-1"]},
                    {"id": "r2", "name": "second", "status": "FAILED", "start_time": 5, "end_time": 9,
                     "lifecycle": "active", "parent": null, "params": {}, "tags": {}, "metrics": {}, "datasets": [],
                     "outputs": []}
                ]},
                {"store": "b", "id": "2", "name": "Two", "lifecycle": "active", "tags": {}, "runs": []}
            ],
            "registered_models": [], "logged_models": 0, "traces": 0,
            "notices": [{
                "severity": "warning", "reason": "metric-line-malformed", "path": "a/10/r1/metrics/loss", "line": 4,
                "message": "The line holds one field only: `broken`.",
                "advice": crate::model::Reason::MetricLineMalformed.advice()
            }]
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_summary_counts() {
        let mut out = Vec::new();
        inspected(TREE).write_summary(&mut out).expect("written");
        let summary: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let counts = ["stores", "experiments", "runs", "runs_active", "runs_deleted", "params", "metric_points"];
        assert_eq!(counts.map(|key| summary[key].as_u64()), [2, 2, 2, 1, 1, 1, 3].map(Some));
        assert_eq!(summary["notices"], serde_json::json!({"info": 0, "warning": 1, "error": 0}));
    }

    /// What both forms say of it.
    fn both(fails: Fails) -> Result<(serde_json::Value, serde_json::Value), Fault> {
        let inspected = pollster::block_on(super::read(&tracking(fails)))?;
        let (mut counts, mut document) = (Vec::new(), Vec::new());
        inspected.write_summary(&mut counts).expect("written");
        inspected.write_document(&mut document).expect("written");
        let value = |text: Vec<u8>| serde_json::from_slice(&text).expect("JSON");
        Ok((value(counts), value(document)))
    }

    #[test]
    fn what_a_server_gave_before_it_failed_is_given() {
        // What fails; runs, points and errors that come all the same, and words of one of these.
        let check = |fails: Fails, expected: [u64; 3], words: &str| {
            let (counts, document) = both(fails).expect("something was read");
            let found = [&counts["runs"], &counts["metric_points"], &counts["notices"]["error"]];
            assert_eq!(found.map(serde_json::Value::as_u64), expected.map(Some), "{document}");
            assert_eq!(document["experiments"][0]["name"], "one");
            let notices = document["notices"].as_array().expect("notices");
            let mut errors = notices.iter().filter(|notice| notice["severity"] == "error");
            let is_said = errors.any(|notice| notice["message"].as_str().is_some_and(|text| text.contains(words)));
            assert_eq!(is_said, expected[2] > 0, "{words}: {document}");
        };
        check(|_, _| None, [2, 12, 0], "");
        check(
            |url, body| (url.contains("runs/search") && body.contains("page_token")).then(dead),
            [1, 0, 3],
            "Not all runs came: http://mlflow.test answered before",
        );
        check(|url, _| url.contains("runs/search").then(failed), [0, 0, 1], "Not all runs came: ");
        check(
            |url, _| (url.contains("run_id=r1") && url.contains("metric_key=b")).then(failed),
            [2, 10, 1],
            "The points of `b` did not come: The server at http://mlflow.test failed",
        );
        check(|url, _| url.contains("get-history").then(failed), [2, 0, 5], "2 more histories were not asked for");
        check(|url, _| url.contains("get-history").then(dead), [2, 0, 1], "6 histories did not come: ");
        check(|url, _| url.contains("registered-models").then(failed), [2, 12, 1], "were not all counted: ");
        let fault = both(|_, _| Some(failed())).expect_err("nothing was read");
        assert_eq!(fault.kind, FaultKind::Busy);
    }
}

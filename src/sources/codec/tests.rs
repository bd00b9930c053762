//! What comes out at the far end is what a direct call gives, for tables and curves made at random; and garbage is a fault.

use super::{Answer, Packet, columns};
use crate::model::{
    DatasetInput, Experiment, Lifecycle, LoggedModel, MetricSeries, MetricSummary, ModelVersion, Reason,
    RegisteredModel, Report, RunKey, RunRow, RunStatus, RunTable, Shelf, Store, Trace,
};
use crate::sources::archive::Budget;
use crate::sources::remote::{Remote, Transport, answer};
use crate::sources::zip::ZipFolder;
use crate::sources::zip::craft::{Memory, archive, stored};
use crate::sources::{Async, Cursor, Fault, FaultKind, Folder, HistoryAsk, Page, Progress, ReadAsk, RunsAsk, Source};
use proptest::collection::vec;
use proptest::prelude::*;
use std::rc::Rc;

/// All that can be seen of a table, as text; numbers by their bits.
fn seen(table: &RunTable) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("{:?} {:?} {:?} {:?}", table.key, table.id, table.experiment, table.name));
    line(format!("{:?} {:?} {:?} {:?}", table.status, table.lifecycle, table.start_ms, table.end_ms));
    line(format!("{:?} {:?} {:?}", table.artifact_uri, table.datasets, table.outputs));
    line(format!(
        "user {:?} {:?}",
        table.user.dictionary().iter().collect::<Vec<_>>(),
        table.user.codes().collect::<Vec<_>>()
    ));
    for (name, columns) in [("params", &table.params), ("tags", &table.tags)] {
        for (key, column) in columns.iter() {
            line(format!(
                "{name} {key:?} {:?} {:?}",
                column.dictionary().iter().collect::<Vec<_>>(),
                column.codes().collect::<Vec<_>>()
            ));
        }
    }
    for (key, column) in table.metrics.iter() {
        line(format!("metrics {key:?}"));
        for (row, MetricSummary { last, step, time_ms, count, min, max, first_step }) in column.iter() {
            let bits = [last, min, max].map(f64::to_bits);
            line(format!("{row} {bits:x?} {step} {time_ms} {count} {first_step}"));
        }
    }
    out
}

fn seen_series(series: &[MetricSeries]) -> Vec<(Vec<i64>, Vec<i64>, Vec<u64>)> {
    let bits = |one: &MetricSeries| one.value.iter().map(|value| value.to_bits()).collect();
    series.iter().map(|one| (one.step.clone(), one.time_ms.clone(), bits(one))).collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,2}", "\\PC{0,12}", Just("größe\0\n\u{1f600}".to_string())]
}

fn number() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

fn summary() -> impl Strategy<Value = MetricSummary> {
    let numbers = (number(), number(), number());
    (numbers, any::<i64>(), any::<i64>(), any::<u32>(), any::<i64>()).prop_map(
        |((last, min, max), step, time_ms, count, first_step)| MetricSummary {
            last,
            step,
            time_ms,
            count,
            min,
            max,
            first_step,
        },
    )
}

fn dataset() -> impl Strategy<Value = DatasetInput> {
    let optional = || proptest::option::of(text());
    (text(), text(), optional(), optional(), optional(), optional(), optional()).prop_map(
        |(name, digest, context, source_type, source, profile, schema)| DatasetInput {
            name,
            digest,
            context,
            source_type,
            source,
            profile,
            schema,
        },
    )
}

fn run() -> impl Strategy<Value = RunRow> {
    let pairs = || vec((text(), text()), 0..4);
    let times = (proptest::option::of(any::<i64>()), proptest::option::of(any::<i64>()));
    let kind = (0..5_usize, any::<bool>(), any::<u32>());
    let texts = (text(), text(), text(), proptest::option::of(text()), proptest::option::of(text()));
    let inside = (pairs(), pairs(), vec((text(), summary()), 0..4), vec(dataset(), 0..3), vec(text(), 0..3));
    (texts, times, kind, inside).prop_map(|(texts, (start_ms, end_ms), (status, is_deleted, experiment), inside)| {
        let (key, id, name, user, artifact_uri) = texts;
        let (params, tags, metrics, datasets, outputs) = inside;
        RunRow {
            key: RunKey(key),
            id,
            experiment,
            name,
            status: RunStatus::ALL[status],
            lifecycle: if is_deleted { Lifecycle::Deleted } else { Lifecycle::Active },
            start_ms,
            end_ms,
            user,
            artifact_uri,
            params,
            tags,
            metrics,
            datasets,
            outputs,
        }
    })
}

fn table(runs: Vec<RunRow>) -> RunTable {
    let mut table = RunTable::default();
    for run in runs {
        table.push(run);
    }
    table
}

fn series() -> impl Strategy<Value = MetricSeries> {
    vec((any::<i64>(), any::<i64>(), number()), 0..30).prop_map(|points| MetricSeries {
        is_sampled: points.len() % 2 == 1,
        step: points.iter().map(|point| point.0).collect(),
        time_ms: points.iter().map(|point| point.1).collect(),
        value: points.iter().map(|point| point.2).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tables_survive(runs in vec(run(), 0..12)) {
        let before = table(runs);
        let after = columns::unpack_table(&columns::pack_table(&before)).expect("a table");
        prop_assert_eq!(seen(&after), seen(&before));
    }

    #[test]
    fn curves_survive(before in vec(series(), 0..6)) {
        let after = columns::unpack_series(&columns::pack_series(&before)).expect("curves");
        prop_assert_eq!(seen_series(&after), seen_series(&before));
    }

    #[test]
    fn changed_bytes_are_no_panic(runs in vec(run(), 0..4), changes in vec((any::<usize>(), any::<u8>()), 1..6), cut in any::<usize>()) {
        let mut bytes = columns::pack_table(&table(runs));
        let length = bytes.len();
        prop_assert!(columns::unpack_table(&bytes[..cut % length]).is_none(), "cut");
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        if let Some(table) = columns::unpack_table(&bytes) {
            seen(&table);
        }
        let _ = columns::unpack_series(&bytes);
    }
}

/// Answers everything, out of thin air; faults where asked to.
struct Fake;

fn page<T>(items: T) -> Page<T> {
    let mut report = Report::default();
    report.note(Reason::MetricLineMalformed, "1/run/metrics/loss", Some(7), "`x` is not a number");
    let read = Progress {
        files: 3,
        files_total: Some(u64::MAX),
        bytes: 1 << 60,
        bytes_total: None,
        runs: 2,
        runs_total: None,
    };
    Page::new(items, Some(Cursor("2|\"ö".to_string())), read, report)
}

fn fake_runs() -> RunTable {
    let mut runs = Vec::new();
    for number in 0..300_i64 {
        let series = MetricSeries::from_points(vec![(number, 5, f64::NAN), (0, 0, 0.5)]);
        let dataset = DatasetInput {
            name: "iris".to_string(),
            digest: "0a1b".to_string(),
            context: Some("training".to_string()),
            source_type: None,
            source: Some(String::new()),
            profile: None,
            schema: Some("{}".to_string()),
        };
        runs.push(RunRow {
            key: RunKey(format!("mlruns/1/{number}")),
            id: number.to_string(),
            experiment: 1,
            name: format!("run {}", number % 7),
            status: RunStatus::Finished,
            lifecycle: Lifecycle::Active,
            start_ms: Some(number),
            end_ms: None,
            user: (number % 2 == 0).then(|| "ada".to_string()),
            artifact_uri: None,
            params: vec![("lr".to_string(), format!("0.{}", number % 3))],
            tags: if number == 200 { vec![("rare".to_string(), "yes".to_string())] } else { Vec::new() },
            metrics: series.summary().map(|summary| ("loss".to_string(), summary)).into_iter().collect(),
            datasets: vec![dataset],
            outputs: vec![format!("m-{number}")],
        });
    }
    table(runs)
}

impl Source for Fake {
    fn experiments(&self, after: Option<Cursor>) -> Async<'_, Page<Vec<Experiment>>> {
        let experiment = Experiment {
            store: 0,
            id: "1".to_string(),
            path: "mlruns/1".to_string(),
            name: format!("{after:?}"),
            lifecycle: Lifecycle::Deleted,
            artifact_location: None,
            creation_ms: Some(i64::MIN),
            last_update_ms: None,
            tags: vec![("mlflow.note.content".to_string(), "# note\n".to_string())],
            origin: String::new(),
            runs_expected: 3,
        };
        Box::pin(async move { Ok(page(vec![experiment])) })
    }

    fn runs(&self, ask: RunsAsk) -> Async<'_, Page<RunTable>> {
        let fault = Fault::new(FaultKind::FileChanged, "`mlflow.db` changed on disk");
        Box::pin(async move { if ask.size == 0 { Err(fault) } else { Ok(page(fake_runs())) } })
    }

    fn ahead(&self, ask: RunsAsk) -> Async<'_, bool> {
        Box::pin(async move { Ok(ask.size > 0) })
    }

    fn history(&self, ask: HistoryAsk) -> Async<'_, Page<Vec<MetricSeries>>> {
        let one = |(run, key): &(RunKey, String)| {
            MetricSeries::from_points(vec![(run.0.len() as i64, 0, 1.0), (key.len() as i64, 0, f64::NAN)])
        };
        let series = ask.pairs.iter().map(one).collect();
        Box::pin(async move { Ok(page(series)) })
    }

    fn stores(&self) -> Async<'_, Vec<Store>> {
        let store = Store {
            path: ".".to_string(),
            format: "mlruns".to_string(),
            registered_models: vec![("m".to_string(), 2)],
            logged_models: 1,
            traces: u64::MAX,
            server: None,
        };
        Box::pin(async move { Ok(vec![store]) })
    }

    fn shelf(&self, after: Option<Cursor>) -> Async<'_, Page<Shelf>> {
        let version = ModelVersion { version: u64::MAX, stage: Some("Staging".to_string()), ..ModelVersion::default() };
        let summary = MetricSummary::of_last(0.1 + 0.2, i64::MIN, 7);
        let model = LoggedModel {
            experiment: 1,
            id: "m-1".to_string(),
            name: format!("{after:?}"),
            status: "READY".to_string(),
            lifecycle: Lifecycle::Deleted,
            model_type: None,
            run_id: None,
            creation_ms: Some(i64::MAX),
            params: Vec::new(),
            tags: vec![("ö".to_string(), String::new())],
            metrics: vec![("a".to_string(), summary), ("b".to_string(), MetricSummary { last: f64::NAN, ..summary })],
        };
        let items = Shelf {
            registered: vec![RegisteredModel { versions: vec![version], ..RegisteredModel::default() }],
            logged: vec![model],
            traces: vec![Trace { id: "tr-1".to_string(), duration_ms: Some(0), ..Trace::default() }],
        };
        Box::pin(async move { Ok(page(items)) })
    }

    fn artifacts(&self, run: &RunKey) -> Rc<dyn Folder> {
        let broken = stored("x\0ö", b"\xff\0").with(|piece| piece.central.crc ^= 1);
        let bytes = archive(&[stored("model/MLmodel", run.0.as_bytes()), stored("empty", b""), broken]);
        Rc::new(ZipFolder::open(Rc::new(Memory { bytes, ..Memory::default() }), Budget::default()).expect("opens"))
    }
}

/// No wire at all.
struct Loop;

impl Transport for Loop {
    fn ask(&self, question: String) -> Async<'_, Packet> {
        Box::pin(async move { Ok(answer(&Fake, &question).await) })
    }
}

fn check_page<T>(far: Result<Page<T>, Fault>, near: Result<Page<T>, Fault>, seen: impl Fn(&T) -> String) {
    let seen = |page: &Page<T>| format!("{} {:?} {:?} {:?}", seen(&page.items), page.next, page.read, page.report);
    assert_eq!(far.as_ref().map(seen), near.as_ref().map(seen));
}

#[test]
fn a_source_far_away_answers_like_one_nearby() {
    use pollster::block_on;
    let (far, near) = (Remote::new(Rc::new(Loop)), Fake);
    for after in [None, Some(Cursor("{}\n".to_string()))] {
        let seen = |items: &Vec<Experiment>| format!("{items:?}");
        check_page(block_on(far.experiments(after.clone())), block_on(near.experiments(after)), seen);
    }
    for size in [0, 100] {
        let ask = RunsAsk { after: Some(Cursor("x".to_string())), size, ..RunsAsk::default() };
        check_page(block_on(far.runs(ask.clone())), block_on(near.runs(ask.clone())), seen);
        assert_eq!(block_on(far.ahead(ask)), Ok(size > 0));
    }
    let pairs = vec![(RunKey("a".to_string()), "loss/ö".to_string()), (RunKey("bb".to_string()), String::new())];
    for pairs in [pairs, Vec::new()] {
        let ask = HistoryAsk { pairs, after: None, ..HistoryAsk::default() };
        let seen = |series: &Vec<MetricSeries>| format!("{:?}", seen_series(series));
        check_page(block_on(far.history(ask.clone())), block_on(near.history(ask)), seen);
    }
    assert_eq!(block_on(far.stores()), block_on(near.stores()));
    let after = Some(Cursor("1".to_string()));
    check_page(block_on(far.shelf(after.clone())), block_on(near.shelf(after)), |shelf| format!("{shelf:?}"));
    let run = RunKey("mlruns/1/r".to_string());
    let (far, near) = (far.artifacts(&run), near.artifacts(&run));
    let dirs = ["", "model", "none"].map(String::from);
    assert_eq!(block_on(far.list(&dirs, true)), block_on(near.list(&dirs, true)));
    let asks = ["empty", "model/MLmodel", "none", "x\0ö"].map(|path| ReadAsk::up_to(path, u64::MAX));
    assert_eq!(block_on(far.read(&asks)), block_on(near.read(&asks)));
    let told = far.take_report();
    assert_eq!((told.count(Reason::ArchiveDamaged), &told), (1, &near.take_report()));
    assert!(far.take_report().is_empty(), "said twice");
}

/// Gives the same packet whatever the question.
struct Stuck(Packet);

impl Transport for Stuck {
    fn ask(&self, _question: String) -> Async<'_, Packet> {
        Box::pin(async move { Ok(self.0.clone()) })
    }
}

#[test]
fn garbage_is_a_fault() {
    use pollster::block_on;
    let runs = Answer::Runs(Box::new(page(fake_runs()))).encode();
    let stores = Answer::Stores(Vec::new()).encode();
    let read = Answer::ArtifactRead(vec![Ok(vec![1]), Ok(vec![2])], Report::default()).encode();
    let changed = |packet: &Packet, change: fn(&mut Packet)| {
        let mut packet = packet.clone();
        change(&mut packet);
        packet
    };
    let packets = [
        Packet::default(),
        changed(&runs, |packet| packet.header.truncate(30)),
        changed(&runs, |packet| packet.buffers.clear()),
        changed(&runs, |packet| packet.buffers.push(Vec::new())),
        changed(&runs, |packet| packet.buffers[0].truncate(1_000)),
        changed(&runs, |packet| packet.buffers[0].push(0)),
        changed(&runs, |packet| packet.buffers[0][..4].fill(0xff)),
        changed(&runs, |packet| packet.header = "[".repeat(100_000)),
        changed(&read, |packet| packet.buffers.truncate(1)),
        read.clone(),
        stores,
    ];
    for packet in packets {
        let far = Remote::new(Rc::new(Stuck(packet)));
        let kind = block_on(far.runs(RunsAsk::default())).map_err(|fault| fault.kind);
        assert_eq!(kind.err(), Some(FaultKind::ReaderDied));
        let folder = far.artifacts(&RunKey(String::new()));
        assert!(block_on(folder.read(&[ReadAsk::up_to("one", 1)])).is_err());
        assert!(block_on(folder.list(&[String::new()], false)).is_err());
    }
    for question in ["", "{}", "{\"Runs\":{\"size\":-1}}", "\"Everything\""] {
        let answer = Answer::decode(block_on(answer(&Fake, question))).expect("an answer");
        assert!(matches!(answer, Answer::Fault(_)), "{question}");
    }
}

//! Whole histories: the metric files are read again, a page as many as fit the memory.

use super::metrics::read_points;
use super::{METRIC_LIMIT, bytes_of};
use crate::model::{MetricSeries, Reason, Report, RunKey};
use crate::sources::gather::Tally;
use crate::sources::{Fault, FaultKind, Folder, ReadAsk, path, text};

/// Most histories of a page.
const PAGE: usize = 256;
/// A page ends after about so many points: 24 bytes each.
const PAGE_POINTS: usize = 1 << 20;
/// Histories read between two looks at the size of the page.
const STEP: usize = 32;

/// Reads the histories of a prefix of `pairs`, at least one of them.
pub(super) async fn read(
    folder: &dyn Folder,
    tally: &Tally,
    pairs: &[(RunKey, String)],
    report: &mut Report,
) -> Result<Vec<MetricSeries>, Fault> {
    let mut page: Vec<MetricSeries> = Vec::new();
    let mut points = 0;
    for step in pairs.get(..PAGE).unwrap_or(pairs).chunks(STEP) {
        let file = |(run, key): &(RunKey, String)| path::join(&path::join(path::from_shown(&run.0), "metrics"), key);
        let files: Vec<String> = step.iter().map(file).collect();
        let mut series = vec![MetricSeries::default(); step.len()];
        let mut absent = Vec::new();
        let asks: Vec<ReadAsk> = files.iter().map(|file| ReadAsk::up_to(file, METRIC_LIMIT + 1)).collect();
        tally
            .read_each(folder, &asks, |at, answer| match (answer, files.get(at), series.get_mut(at)) {
                (Err(fault), ..) if fault.kind == FaultKind::NotFound => absent.push(at),
                (answer, Some(file), Some(series)) => *series = read_one(file, answer, report),
                _ => {}
            })
            .await?;
        // A key whose `/` is a `\` in the file's name (written on Windows).
        let odd: Vec<(usize, String)> = absent
            .into_iter()
            .filter_map(|at| step.get(at).filter(|(_, key)| key.contains('/')).map(|(run, key)| (at, run, key)))
            .map(|(at, run, key)| (at, file(&(run.clone(), key.replace('/', "\\")))))
            .collect();
        let asks: Vec<ReadAsk> = odd.iter().map(|(_, file)| ReadAsk::up_to(file, METRIC_LIMIT + 1)).collect();
        tally
            .read_each(folder, &asks, |at, answer| {
                let Some((place, file)) = odd.get(at) else { return };
                if let (Ok(bytes), Some(series)) = (answer, series.get_mut(*place)) {
                    *series = read_one(file, Ok(bytes), report);
                }
            })
            .await?;
        points += series.iter().map(MetricSeries::len).sum::<usize>();
        page.extend(series);
        if points >= PAGE_POINTS {
            break;
        }
    }
    Ok(page)
}

/// What is odd about the lines was told when the run was read; only a file that can not be read any more is told here.
fn read_one(file: &str, answer: Result<Vec<u8>, Fault>, report: &mut Report) -> MetricSeries {
    let bytes = bytes_of(file, answer, METRIC_LIMIT, report);
    bytes.map(|bytes| series_of(file, &bytes, &mut Report::default())).unwrap_or_default()
}

/// The points of one metric file; what is odd about it becomes notices.
pub(super) fn series_of(file: &str, bytes: &[u8], report: &mut Report) -> MetricSeries {
    // Numbers are ASCII, so that only marks at the start matter; broken bytes elsewhere break their line alone.
    let decoded = match text::decode(bytes.get(..3).unwrap_or(bytes)).1 {
        Some(text::Oddity::ByteOrderMark | text::Oddity::Utf16) => {
            let (decoded, oddity) = text::decode(bytes);
            report.note(Reason::TextEncoding, file, None, oddity.map_or("", text::Oddity::message));
            Some(decoded.into_owned())
        }
        _ => None,
    };
    read_points(decoded.as_deref().map_or(bytes, str::as_bytes), &mut |line, message| {
        report.note(Reason::MetricLineMalformed, file, Some(line), message);
    })
}

//! The examiner of archives in tests: all that a folder gives as one line, and seeded changes of bytes. An expectation is
//! `path=content` for each file that can be read, `path!Kind` for each that can not, then `reason:path` for each notice.

use crate::sources::{Bytes, Fault, Folder, ReadAsk, path};

/// The paths of all files, sorted.
pub fn files(folder: &dyn Folder) -> Vec<String> {
    let mut files = Vec::new();
    let mut dirs = vec![String::new()];
    while !dirs.is_empty() {
        let lists = pollster::block_on(folder.list(&dirs, true)).expect("lists");
        let mut inner = Vec::new();
        for (dir, entries) in dirs.iter().zip(lists) {
            for entry in entries {
                let path = path::join(dir, &entry.name);
                if entry.is_folder { inner.push(path) } else { files.push(path) }
            }
        }
        dirs = inner;
    }
    files.sort();
    files
}

/// The starts of files.
pub fn read(folder: &dyn Folder, paths: &[String], limit: u64) -> Vec<Result<Vec<u8>, Fault>> {
    let asks: Vec<ReadAsk> = paths.iter().map(|path| ReadAsk::up_to(path, limit)).collect();
    pollster::block_on(folder.read(&asks)).expect("answers")
}

/// What became of opening an archive, as one line. Opened by themselves, files say the same as read; a second look says nothing
/// new.
pub fn outcome<F: Folder>(opened: Result<F, Fault>) -> String {
    let folder = match opened {
        Ok(folder) => folder,
        Err(fault) => return format!("!{:?}", fault.kind),
    };
    let files = files(&folder);
    let mut words = Vec::new();
    for (path, answer) in files.iter().zip(read(&folder, &files, 1 << 20)) {
        words.push(match answer {
            Ok(bytes) if bytes.len() > 40 => format!("{path}=({})", bytes.len()),
            Ok(bytes) => format!("{path}={}", String::from_utf8_lossy(&bytes)),
            Err(fault) => format!("{path}!{:?}", fault.kind),
        });
    }
    let report = folder.take_report();
    for (path, answer) in files.iter().zip(read(&folder, &files, 1 << 20)) {
        let opened = pollster::block_on(folder.open(path)).and_then(|bytes| whole(&*bytes));
        assert_eq!(opened.map_err(|fault| fault.kind), answer.map_err(|fault| fault.kind), "{path} opened");
    }
    assert!(folder.take_report().is_empty(), "said twice");
    words.extend(report.notices().iter().map(|notice| format!("{}:{}", notice.reason.word(), notice.path)));
    words.join(" ")
}

/// All of a file, asked for in two pieces.
pub fn whole(bytes: &dyn Bytes) -> Result<Vec<u8>, Fault> {
    let middle = bytes.size() / 2;
    Ok([bytes.read(0..middle)?, bytes.read(middle..u64::MAX)?].concat())
}

/// Numbers below a bound, the same in every run.
pub fn random() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    }
}

/// The bytes cut, without their start, or with some others.
pub fn mutated(original: &[u8], random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = original.to_vec();
    match random(3) {
        0 => bytes.truncate(random(bytes.len())),
        1 => drop(bytes.drain(..random(200).min(bytes.len()))),
        _ => {}
    }
    for _ in 0..random(6) {
        let at = random(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = [0, 0xff, random(256) as u8, byte.wrapping_add(1)][random(4)];
        }
    }
    bytes
}

//! Every fixture meets the same examiner: `runglass inspect` reads it as a folder, in every archive, in archives inside others,
//! and renamed; the documents must be the same, and must say what MLflow's own client says (`tests/oracle/record.py`), but for the listed departures
//! (`tests/fixtures/departures.json`). A departure that no fixture shows any more fails as well.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn inspect_agrees_with_mlflow() {
    let mut examiner = Examiner::new();
    for oracle in oracles() {
        let found = examine(&oracle);
        let mut differences = BTreeMap::new();
        differ("", &by_key(&oracle.document), &by_key(&found), &mut differences);
        examiner.account(&oracle.name, differences);
    }
    examiner.finish();
}

#[test]
fn archives_of_other_tools_say_the_same() {
    let archives = fixtures().join("archives");
    let documents = [("ustar.tar.gz", ""), ("pax.tgz", ""), ("gnu.tar.zst", ""), ("inside.zip", "backup/renamed")];
    let documents = documents.map(|(name, inside)| match inside {
        "" => inspect(&archives.join(name)),
        inside => unprefixed(inspect(&archives.join(name)), inside),
    });
    let run = &documents[0]["experiments"][0]["runs"][0];
    assert_eq!((&run["name"], &run["params"]["größe"]), (&json!("packed"), &json!("12")));
    let metric = run["metrics"].as_object().unwrap().iter().next().unwrap();
    assert!(metric.0.len() > 100 && metric.1["count"] == 50, "{metric:?}");
    for document in &documents {
        assert_eq!((document, &document["notices"]), (&documents[0], &json!([])));
    }
}

/// What MLflow said of one fixture.
struct Oracle {
    name: String,
    opened: PathBuf,
    document: Value,
}

fn oracles() -> Vec<Oracle> {
    let mut oracles: Vec<Oracle> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".oracle.json")?.to_owned();
            let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let opened = fixtures().join(document["opened"].as_str().unwrap());
            for key in ["mlflow", "opened", "refused"] {
                document.as_object_mut().unwrap().remove(key);
            }
            Some(Oracle { name, opened, document })
        })
        .collect();
    oracles.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(oracles.len() >= 8, "no oracles in {}", fixtures().display());
    oracles
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Reads a fixture in every way; the document, without notices.
fn examine(oracle: &Oracle) -> Value {
    let work = Work::new(&oracle.name);
    let is_zip = oracle.opened.extension().is_some_and(|extension| extension == "zip");
    let folder = work.0.join("as folder/opened");
    fs::create_dir_all(&folder).unwrap();
    let zip = match is_zip {
        true => {
            unpack(&oracle.opened, &folder);
            oracle.opened.clone()
        }
        false => {
            copy(&oracle.opened, &folder);
            let zip = work.0.join("opened.zip");
            write_zip(&oracle.opened, &zip);
            zip
        }
    };
    let as_folder = inspect(&folder);
    assert_same(&oracle.name, "as a zip", &as_folder, &inspect(&zip));
    let check = |how: &str, file: &str, bytes: &[u8], inside: &str| {
        let path = work.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let document = match inside {
            "" => inspect(&path),
            "folder" => unprefixed(inspect(path.parent().unwrap()), path.file_name().unwrap().to_str().unwrap()),
            inside => unprefixed(inspect(&path), inside),
        };
        assert_same(&oracle.name, how, &as_folder, &document);
    };
    let (gnu, pax) = (tar_of(&folder, false), tar_of(&folder, true));
    let (tgz, zst) = (gzip(&gnu), zstd(&gnu));
    check("as a tar with GNU's names", "gnu.tar", &gnu, "");
    check("as a tar with PAX names", "pax", &pax, "");
    check("as a tar.gz", "opened.tgz", &tgz, "");
    check("as a tar.zst", "opened.tar.zst", &zst, "");
    check("as a zip in a folder", "in a folder/runs.zip", &fs::read(&zip).unwrap(), "folder");
    check("as a tar.gz in a zip", "outer.zip", &zip_of("a/b.tar.gz", &tgz), "a/b.tar.gz");
    let renamed = work.0.join("renamed");
    fs::create_dir_all(&renamed).unwrap();
    fs::rename(&folder, renamed.join("my data (2)")).unwrap();
    assert_same(&oracle.name, "renamed", &as_folder, &unprefixed(inspect(&renamed), "my data (2)"));
    let mut document = as_folder;
    document.as_object_mut().unwrap().remove("notices");
    document
}

/// A folder that goes when the test is over.
struct Work(PathBuf);

impl Work {
    fn new(name: &str) -> Work {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("inspect-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Work(path)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn inspect(path: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_runglass")).arg("inspect").arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// All files below `from`, relative, sorted.
fn files(from: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![from.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(from).unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        fs::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
        fs::copy(from.join(&file), to.join(&file)).unwrap();
    }
}

/// By the names as they stand: `extract` of the zip crate takes the colon of `a:b` for a drive.
fn unpack(from: &Path, to: &Path) {
    let mut archive = zip::ZipArchive::new(fs::File::open(from).unwrap()).unwrap();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let path = to.join(entry.name().unwrap().as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::copy(&mut entry, &mut fs::File::create(path).unwrap()).unwrap();
    }
}

fn write_zip(from: &Path, to: &Path) {
    let mut zip = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for (at, file) in files(from).into_iter().enumerate() {
        let method = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated][at % 2];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        let name = file.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/");
        zip.start_file(name, options).unwrap();
        zip.write_all(&fs::read(from.join(&file)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}

fn tar_of(from: &Path, is_pax: bool) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (at, file) in files(from).into_iter().enumerate() {
        let bytes = fs::read(from.join(&file)).unwrap();
        let mut header = if is_pax { tar::Header::new_ustar() } else { tar::Header::new_gnu() };
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if is_pax {
            archive.append_pax_extensions([("path", file.to_str().unwrap().as_bytes())]).unwrap();
            archive.append_data(&mut header, format!("short/{at}"), &bytes[..]).unwrap();
        } else {
            archive.append_data(&mut header, &file, &bytes[..]).unwrap();
        }
    }
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Takes a folder's name from the front of every path.
fn unprefixed(mut document: Value, folder: &str) -> Value {
    fn strip(path: &mut Value, folder: &str) {
        let text = path.as_str().unwrap();
        let rest = text.strip_prefix(folder).unwrap_or_else(|| panic!("{text} is not below {folder}"));
        *path = json!(if rest.is_empty() { "." } else { &rest[1..] });
    }
    for (list, key) in [("stores", "path"), ("experiments", "store"), ("notices", "path")] {
        for line in document[list].as_array_mut().unwrap() {
            strip(&mut line[key], folder);
        }
    }
    document
}

fn assert_same(name: &str, how: &str, folder: &Value, other: &Value) {
    // Messages may name a path, which is another one where the folder has another name.
    let without_messages = |document: &Value| {
        let mut document = by_key(document);
        for notice in document["notices"].as_array_mut().unwrap() {
            notice.as_object_mut().unwrap().remove("message");
        }
        document
    };
    let mut differences = BTreeMap::new();
    differ("", &without_messages(folder), &without_messages(other), &mut differences);
    assert!(differences.is_empty(), "{name} {how} says otherwise: {differences:#?}");
}

/// The document with its lists of experiments, runs, stores and models as maps, so that a difference has a name.
fn by_key(document: &Value) -> Value {
    fn map(list: &Value, key: impl Fn(&Value) -> String, inner: impl Fn(&Value) -> Value) -> Value {
        // Of two with one id, that in `.trash` comes second.
        let mut lines: Vec<&Value> = list.as_array().unwrap().iter().collect();
        lines.sort_by_key(|line| line["lifecycle"] == "deleted");
        let mut map = Map::new();
        for line in lines {
            let mut name = key(line);
            while map.contains_key(&name) {
                name += "+";
            }
            map.insert(name, inner(line));
        }
        Value::Object(map)
    }
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let run = |line: &Value| line.clone();
    let experiment = |line: &Value| {
        let mut line = line.clone();
        line["runs"] = map(&line["runs"], |run| text(run, "id"), run);
        line
    };
    let mut out = document.clone();
    out["stores"] = map(&document["stores"], |line| text(line, "path"), run);
    out["registered_models"] = map(&document["registered_models"], |line| text(line, "name"), run);
    let name = |line: &Value| format!("{}:{}", text(line, "store"), text(line, "id"));
    out["experiments"] = map(&document["experiments"], name, experiment);
    out
}

/// Every place where two documents differ, the smallest that has a name: (what `a` says, what `b` says), null for nothing.
fn differ(at: &str, a: &Value, b: &Value, found: &mut BTreeMap<String, (Value, Value)>) {
    match (a, b) {
        (Value::Object(a_map), Value::Object(b_map)) => {
            for key in a_map.keys().chain(b_map.keys().filter(|key| !a_map.contains_key(*key))) {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                differ(&at, a_map.get(key).unwrap_or(&Value::Null), b_map.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Number(x), Value::Number(y)) if x.as_f64() == y.as_f64() => {}
        _ if a == b => {}
        _ => {
            found.insert(at.to_owned(), (a.clone(), b.clone()));
        }
    }
}

/// Holds the differences against the list of departures.
struct Examiner {
    /// (fixture, place) -> (what MLflow says, what is right, reason).
    departures: BTreeMap<(String, String), (Value, Value, String)>,
    reasons: Map<String, Value>,
    /// Lines that the list of departures lacks, in its form.
    unlisted: Vec<Value>,
}

impl Examiner {
    fn new() -> Examiner {
        let text = fs::read_to_string(fixtures().join("departures.json")).unwrap();
        let list: Value = serde_json::from_str(&text).unwrap();
        let line = |line: &Value| {
            let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("{key} of {line}")).to_owned();
            ((text("fixture"), text("at")), (line["mlflow"].clone(), line["right"].clone(), text("reason")))
        };
        Examiner {
            departures: list["departures"].as_array().unwrap().iter().map(line).collect(),
            reasons: list["reasons"].as_object().unwrap().clone(),
            unlisted: Vec::new(),
        }
    }

    fn account(&mut self, fixture: &str, differences: BTreeMap<String, (Value, Value)>) {
        for (at, (mlflow, ours)) in differences {
            match self.departures.remove(&(fixture.to_owned(), at.clone())) {
                Some((said, right, reason)) if said == mlflow && right == ours => {
                    assert!(self.reasons.contains_key(&reason), "{fixture} {at}: there is no reason `{reason}`");
                }
                _ => self.unlisted.push(json!({"fixture": fixture, "at": at, "mlflow": mlflow, "right": ours})),
            }
        }
    }

    fn finish(self) {
        let unused: Vec<_> = self.departures.keys().collect();
        if !self.unlisted.is_empty() || !unused.is_empty() {
            let lines: Vec<String> = self.unlisted.iter().map(Value::to_string).collect();
            panic!("not as MLflow says, and not listed:\n{}\nlisted, and not so:\n{unused:#?}", lines.join("\n"));
        }
    }
}

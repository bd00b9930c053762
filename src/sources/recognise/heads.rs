//! THE FIRST BYTES OF FILES that lie where anything may lie. It must not know what becomes of what they tell.

use crate::sources::exports;
use crate::sources::gather::Tally;
use crate::sources::inflate::Packing;
use crate::sources::mlruns::parts::is_litter;
use crate::sources::sniff::{HEAD, Kind, PACKED_HEAD, kind, kind_inside};
use crate::sources::{Entry, Fault, Folder, ReadAsk};

/// In a folder of at most so many files every one is looked at, whatever its name.
const FEW: usize = 16;
/// After so many files, those whose name says that they are nothing of ours are not looked at.
const MANY: usize = 1_000;
/// After so many, only those whose name says that they may be.
const ENOUGH: usize = 10_000;
/// Heads of compressed files read at once.
const PACKED_AT_ONCE: usize = 64;

/// Chooses files, and counts those chosen.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    chosen: usize,
}

impl Heads {
    /// The names of files in a folder whose first bytes are worth reading.
    pub fn choose<'a>(&mut self, entries: &'a [Entry]) -> Vec<&'a str> {
        let files = || entries.iter().filter(|entry| !entry.is_folder);
        let count = files().count();
        let mut names = Vec::new();
        for name in files().map(|entry| entry.name.as_str()) {
            let is_worth_it = match self.chosen {
                ENOUGH.. => is_telling(name),
                MANY.. => !is_well_known(name),
                _ => count <= FEW || !is_well_known(name),
            };
            if is_worth_it && name != "meta.yaml" && !is_litter(name) && !is_companion(name) {
                self.chosen += 1;
                names.push(name);
            }
        }
        names
    }
}

/// What SQLite writes beside a database.
fn is_companion(name: &str) -> bool {
    database_of(name).is_some()
}

/// The database beside which SQLite writes a file of that name.
pub fn database_of(name: &str) -> Option<&str> {
    ["-wal", "-shm", "-journal"].iter().find_map(|end| name.strip_suffix(end))
}

/// In small letters; empty without one.
pub fn extension(name: &str) -> String {
    let found = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    found.map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
}

/// Names of what can be opened.
fn is_telling(name: &str) -> bool {
    matches!(
        extension(name).as_str(),
        "db" | "db3" | "sqlite" | "sqlite3" | "zip" | "tar" | "tgz" | "tzst" | "gz" | "zst" | "json" | "csv" | "tsv"
    )
}

/// Names of what fills folders and is never tracking data.
fn is_well_known(name: &str) -> bool {
    matches!(
        extension(name).as_str(),
        "c" | "cpp"
            | "css"
            | "dll"
            | "gif"
            | "go"
            | "h"
            | "h5"
            | "html"
            | "ipynb"
            | "java"
            | "jpeg"
            | "jpg"
            | "js"
            | "log"
            | "md"
            | "mp4"
            | "npy"
            | "npz"
            | "onnx"
            | "parquet"
            | "pdf"
            | "pkl"
            | "png"
            | "pt"
            | "pth"
            | "py"
            | "pyc"
            | "pyi"
            | "rs"
            | "rst"
            | "safetensors"
            | "sh"
            | "so"
            | "svg"
            | "tif"
            | "tiff"
            | "toml"
            | "ts"
            | "wav"
            | "webp"
            | "whl"
            | "yaml"
            | "yml"
    )
}

/// Whether the first bytes are noise where a database should be: a hundred random bytes have about eighty different ones, those of
/// other programs' databases far fewer.
fn is_sealed(path: &str, head: &[u8]) -> bool {
    let first = head.get(..100).unwrap_or_default();
    let is_named_so = matches!(extension(path).as_str(), "db" | "db3" | "sqlite" | "sqlite3");
    is_named_so && first.iter().collect::<std::collections::BTreeSet<_>>().len() > 64
}

/// What the first bytes of a file told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A SQLite database.
    Database,
    /// What is called a database, and looks encrypted.
    Sealed,
    /// An export, or a file of one.
    Document(exports::Kind),
    /// An archive, or a compressed file that holds one of these.
    Archive,
    /// A compressed file that holds who knows what.
    Packed(Packing),
    /// An archive that can not be read.
    Foreign(&'static str),
}

impl Sight {
    /// `None` for what is of no interest.
    pub fn of(path: &str, head: &[u8]) -> Option<Sight> {
        Some(match kind(head) {
            Kind::Sqlite => Sight::Database,
            Kind::Json | Kind::Csv => Sight::Document(exports::recognise(head)?),
            Kind::Zip | Kind::Tar => Sight::Archive,
            Kind::Packed(packing) => Sight::Packed(packing),
            Kind::Foreign(format) => Sight::Foreign(format),
            Kind::Other if is_sealed(path, head) => Sight::Sealed,
            Kind::Empty | Kind::Text | Kind::Other => return None,
        })
    }
}

/// What there is in a file that might have been an export and is of no interest, as a sentence without its end.
pub fn instead(head: &[u8]) -> Option<String> {
    matches!(kind(head), Kind::Json | Kind::Csv).then(|| exports::instead(head, (head.len() as u64) < HEAD)).flatten()
}

/// Makes archives of the compressed files among `sights` that hold something of interest, and drops the others.
///
/// # Errors
/// When the folder as a whole can not be read.
pub async fn look_inside(
    folder: &dyn Folder,
    tally: &Tally,
    sights: &mut Vec<(usize, String, Sight)>,
) -> Result<(), Fault> {
    let packed = |(at, (_, path, sight)): (usize, &(usize, String, Sight))| match sight {
        Sight::Packed(packing) => Some((at, *packing, ReadAsk::up_to(path, PACKED_HEAD))),
        _ => None,
    };
    let packed: Vec<(usize, Packing, ReadAsk)> = sights.iter().enumerate().filter_map(packed).collect();
    for some in packed.chunks(PACKED_AT_ONCE) {
        let asks: Vec<ReadAsk> = some.iter().map(|(.., ask)| ask.clone()).collect();
        tally
            .read_each(folder, &asks, |place, answer| {
                let (Some((at, packing, _)), Ok(head)) = (some.get(place), answer) else { return };
                let holds_something = matches!(
                    kind_inside(*packing, &head),
                    Kind::Sqlite | Kind::Json | Kind::Csv | Kind::Zip | Kind::Tar | Kind::Packed(_)
                );
                if let Some((.., sight)) = sights.get_mut(*at).filter(|_| holds_something) {
                    *sight = Sight::Archive;
                }
            })
            .await?;
    }
    sights.retain(|(.., sight)| !matches!(sight, Sight::Packed(_)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ENOUGH, FEW, Heads, MANY};
    use crate::sources::Entry;

    #[test]
    fn the_more_files_the_more_their_names_count() {
        let names = ["a.py", "runs", "x.DB", "meta.yaml", ".DS_Store", "x.db-wal", "table.csv", "picture.PNG"];
        let check = |chosen: usize, others: usize, expected: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).chain((0..others).map(|at| format!("{at}.py")));
            let entries: Vec<Entry> = names.map(|name| Entry { name, is_folder: false, size: None }).collect();
            let mut heads = Heads { chosen };
            assert_eq!(heads.choose(&entries), expected);
            assert_eq!(heads.chosen, chosen + expected.len());
        };
        check(0, 0, &["a.py", "runs", "x.DB", "table.csv", "picture.PNG"]);
        check(0, FEW, &["runs", "x.DB", "table.csv"]);
        check(MANY, 0, &["runs", "x.DB", "table.csv"]);
        check(ENOUGH, 0, &["x.DB", "table.csv"]);
    }
}

//! From a path or an address to a source: a folder is a folder, a file has to be an archive of one, an address is a tracking server.

use crate::native::disk::{Disk, DiskFile, fault};
use crate::native::http;
use crate::sources::open::{NamedFile, Part, source};
use crate::sources::rest::{Address, Credentials, Tracking};
use crate::sources::{Fault, FaultKind, Source};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Opens the folder or archive at `path`, or the tracking server whose address it is.
///
/// # Errors
/// When there is nothing at `path`, or nothing that could be read.
pub fn open(path: &Path) -> Result<Rc<dyn Source>, Fault> {
    let shown = path.to_string_lossy();
    if is_address(&shown) {
        return server(&shown);
    }
    let metadata = std::fs::metadata(path).map_err(|error| fault(&shown, &error))?;
    let part = if metadata.is_dir() {
        Part::Folder(Rc::new(Disk::new(path)))
    } else {
        Part::FileWith(Rc::new(DiskFile::open(path)?), logs_of(path)?)
    };
    let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy());
    source(vec![(name.into_owned(), part)])
}

/// What SQLite keeps beside a database, where `path` is one.
fn logs_of(path: &Path) -> Result<Vec<NamedFile>, Fault> {
    let mut logs: Vec<NamedFile> = Vec::new();
    for end in ["-wal", "-journal"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        let beside = PathBuf::from(beside);
        if let Some(name) = beside.file_name().filter(|_| beside.is_file()) {
            logs.push((name.to_string_lossy().into_owned(), Rc::new(DiskFile::open(&beside)?)));
        }
    }
    Ok(logs)
}

/// Whether it is the address of a server and no path.
pub fn is_address(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.starts_with("http://") || path.starts_with("https://")
}

fn server(address: &str) -> Result<Rc<dyn Source>, Fault> {
    let refused = |message: String| Fault::new(FaultKind::Refused, message);
    let address = Address::parse(address).map_err(refused)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let credentials = credentials(
        variable("MLFLOW_TRACKING_USERNAME"),
        variable("MLFLOW_TRACKING_PASSWORD"),
        variable("MLFLOW_TRACKING_TOKEN"),
    );
    let credentials = credentials.checked().map_err(refused)?;
    let http = Rc::new(http::Client::new()?);
    Ok(Rc::new(Tracking::new(http, address, credentials, variable("MLFLOW_WORKSPACE"))))
}

/// As MLflow's own client reads its variables: user and password come before a token.
fn credentials(user: Option<String>, password: Option<String>, token: Option<String>) -> Credentials {
    match (user, password, token) {
        (Some(user), Some(password), _) => Credentials::Password { user, password },
        (_, _, Some(token)) => Credentials::Bearer(token),
        _ => Credentials::None,
    }
}

#[cfg(test)]
mod tests {
    use super::{credentials, is_address, open};
    use crate::native::inspect;
    use crate::sources::rest::Credentials;

    #[test]
    fn a_database_is_read_with_the_log_that_lies_beside_it() {
        let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sqlite-wal");
        let dir = std::env::temp_dir().join(format!("runglass-open-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let document = |files: &[&str]| {
            for name in files {
                std::fs::copy(fixture.join(name), dir.join(name)).expect("copied");
            }
            let source = open(&dir.join("mlflow.db")).expect("opens");
            let mut text = Vec::new();
            let inspected = pollster::block_on(inspect::read(&*source)).expect("read");
            inspected.write_document(&mut text).expect("written");
            serde_json::from_slice::<serde_json::Value>(&text).expect("JSON")
        };
        let (without, with) = (document(&["mlflow.db"]), document(&["mlflow.db-wal"]));
        std::fs::remove_dir_all(&dir).expect("goes");
        let has_tag = |document: &serde_json::Value| document.to_string().contains("only-in-wal");
        assert_eq!((has_tag(&without), has_tag(&with)), (false, true));
        assert_eq!((&without["stores"], &without["notices"]), (&with["stores"], &with["notices"]));
        assert_eq!(with["stores"][0]["path"], ".");
        assert_eq!(with["notices"], serde_json::json!([]));
    }

    #[test]
    fn addresses_and_who_asks() {
        for (path, expected) in
            [("http://h", true), ("HTTPS://h/x", true), ("./http", false), ("http:", false), ("a/http://b", false)]
        {
            assert_eq!(is_address(path), expected, "{path}");
        }
        let some = |text: &str| Some(text.to_owned());
        let password = Credentials::Password { user: "u".into(), password: "p".into() };
        assert!(credentials(some("u"), some("p"), some("t")) == password);
        assert!(credentials(some("u"), None, some("t")) == Credentials::Bearer("t".into()));
        assert!(credentials(None, some("p"), None) == Credentials::None);
    }
}

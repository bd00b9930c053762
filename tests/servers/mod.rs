//! Real tracking servers for tests in Rust, through `serve.py`. It must not know what they answer.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One server at a time: they are large, and machines are small.
static ONE: Mutex<()> = Mutex::new(());

/// A server with the data of `seed.py`; dropped, it is gone. A second one waits for that.
pub struct Server {
    /// To connect to.
    pub url: String,
    child: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Server {
    /// Starts one and waits until it answers. `version` and `flags` are those of `serve.py`.
    ///
    /// # Panics
    /// Where it does not come up: the environments are installed by `cargo xtask test`.
    pub fn start(version: &str, flags: &[&str]) -> Server {
        let turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("RUNGLASS_PYTHON").unwrap_or_else(|| "python3".into());
        let mut child = Command::new(python)
            .arg(root.join("tests/servers/serve.py"))
            .args(["--version", version, "--data"])
            // Shared with the tests in a browser.
            .arg(root.join("target/servers").join(version))
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let said: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{version} did not start: it said {line:?}"));
        Server { url: said["url"].as_str().expect("url").to_owned(), child, _turn: turn }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

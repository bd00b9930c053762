//! A served page in a thread of its own, and HTTP as it stands on the wire.

use runglass::native::serve::{Serve, Server};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

pub const INDEX: &str = "<html><head><title>x</title></head></html>";

/// A directory that ends with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("runglass-serve-{}-{number}", std::process::id()));
        let page = dir.join("page/b-1");
        fs::create_dir_all(&page).expect("a folder");
        fs::write(dir.join("page/index.html"), INDEX).expect("a file");
        fs::write(page.join("app_bg.wasm"), "wasm").expect("a file");
        fs::write(dir.join("secret"), "secret").expect("a file");
        Scratch(dir)
    }

    pub fn file(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Serves on a free port for as long as the test runs.
pub fn start(scratch: &Scratch, path: Option<&Path>, proxy: Option<String>) -> SocketAddr {
    let serve = Serve {
        path: path.map(Path::to_owned),
        proxy,
        port: Some(0),
        page: Some(scratch.0.join("page")),
        ..Serve::default()
    };
    background(move |tell| async move {
        let server = Server::start(&serve).await.expect("starts");
        tell.send(server.address()).expect("told");
        server.run().await.expect("runs");
    })
}

/// Runs a server in a thread of its own; answers where it listens.
pub fn background<F: Future<Output = ()>>(
    run: impl FnOnce(mpsc::Sender<SocketAddr>) -> F + Send + 'static,
) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(run(tell));
    });
    told.recv_timeout(Duration::from_secs(20)).expect("it listens")
}

/// An answer, as it came over the wire.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)).is_some();
        self.head.lines().find(|own| line(own)).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}

/// A request exactly as it stands: no client mends its path. `Host` is added where `headers` have none.
pub fn raw(to: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    let host = if headers.contains("Host:") { String::new() } else { format!("Host: {to}\r\n") };
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    write!(stream, "{line} HTTP/1.1\r\n{host}{length}{headers}Connection: close\r\n\r\n").expect("sent");
    stream.write_all(body).expect("sent");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("an answer");
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut body = all[end + 4..].to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).expect("a size");
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

pub fn get(to: SocketAddr, path: &str) -> Answer {
    raw(to, &format!("GET {path}"), "", b"")
}

pub const JSON: &str = "Content-Type: application/json\r\n";

pub fn post(to: SocketAddr, path: &str, body: &str) -> Answer {
    raw(to, &format!("POST {path}"), JSON, body.as_bytes())
}

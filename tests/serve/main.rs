//! `runglass serve` over real HTTP: what it gives, to whom, and above all what it does not.

mod http;
mod proxy;

use http::{INDEX, JSON, Scratch, get, post, raw, start};
use runglass::native::serve::{Serve, Server};
use runglass::native::{inspect, open};
use runglass::sources::hosted::{Host, Hosted, Served, file_address};
use runglass::sources::open::{Part, source};
use runglass::sources::{Async, Bytes, Fault, FaultKind, Folder, ReadAsk, Source};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The page's end of a served folder, without a browser.
struct Wire(SocketAddr);

struct Ranged {
    to: SocketAddr,
    address: String,
    size: u64,
}

impl Host for Wire {
    fn ask<'a>(&'a self, address: &'a str, question: String) -> Async<'a, Vec<u8>> {
        let answer = post(self.0, &format!("/{address}"), &question);
        let answer =
            if answer.status == 200 { Ok(answer.body) } else { Err(Fault::new(FaultKind::Unreadable, answer.text())) };
        Box::pin(std::future::ready(answer))
    }

    fn open<'a>(&'a self, path: &'a str) -> Async<'a, Rc<dyn Bytes>> {
        let address = format!("/{}", file_address(path));
        let head = raw(self.0, &format!("HEAD {address}"), "", b"");
        assert!(head.body.is_empty());
        let opened = match head.header("content-length").and_then(|size| size.parse().ok()) {
            Some(size) if head.status == 200 => Ok(Rc::new(Ranged { to: self.0, address, size }) as Rc<dyn Bytes>),
            _ => Err(Fault::new(FaultKind::NotFound, path)),
        };
        Box::pin(std::future::ready(opened))
    }
}

impl Bytes for Ranged {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>, Fault> {
        let end = range.end.min(self.size);
        if range.start >= end {
            return Ok(Vec::new());
        }
        let headers = format!("Range: bytes={}-{}\r\n", range.start, end - 1);
        let answer = raw(self.to, &format!("GET {}", self.address), &headers, b"");
        assert_eq!((answer.status, answer.body.len() as u64), (206, end - range.start));
        Ok(answer.body)
    }
}

fn inspected(source: &dyn Source) -> String {
    let mut out = Vec::new();
    let inspected = pollster::block_on(inspect::read(source)).expect("read");
    inspected.write_document(&mut out).expect("written");
    String::from_utf8(out).expect("text")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn what_is_served_is_what_lies_on_disk() {
    let scratch = Scratch::new();
    for name in ["mlruns-2.22.0", "sqlite-wal", "hostile/tree", "exports"] {
        let path = fixture(name);
        let to = start(&scratch, Some(&path), None);
        let hosted = Rc::new(Hosted::new(Wire(to)));
        let served = source(vec![("x".to_owned(), Part::Folder(hosted))]).expect("opens");
        assert_eq!(inspected(&*served), inspected(&*open(&path).expect("opens")), "{name}");
    }
    for name in ["sample/sample.zip", "sqlite-3.17.2/mlflow.db"] {
        let path = fixture(name);
        let to = start(&scratch, Some(&path), None);
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let bytes = pollster::block_on(Wire(to).open(&file)).expect("opens");
        let served = source(vec![(file, Part::File(bytes))]).expect("opens");
        assert_eq!(inspected(&*served), inspected(&*open(&path).expect("opens")), "{name}");
    }
}

#[test]
fn the_page_and_what_it_is_told() {
    let scratch = Scratch::new();
    let data = scratch.file("runs \"&<1>/x", "1");
    let to = start(&scratch, data.parent(), Some("http://127.0.0.1:9/base/".to_owned()));
    let index = get(to, "/");
    assert_eq!((index.status, index.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    let (_, meta) = index.body.split_at(INDEX.find("</head>").expect("a head"));
    let meta = String::from_utf8_lossy(meta).into_owned();
    let content =
        meta.strip_prefix("<meta name=\"runglass-served\" content=\"").and_then(|meta| meta.split('"').next());
    let content = content.expect("a meta").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    let served: Served = serde_json::from_str(&content.replace("&amp;", "&")).expect("JSON");
    let (server, upstream) = (Some("mlflow/".to_owned()), Some("http://127.0.0.1:9/base".to_owned()));
    assert_eq!(served, Served { folder: Some("runs \"&<1>".to_owned()), server, upstream, ..Served::default() });
    let wasm = get(to, "/b-1/app_bg.wasm");
    assert_eq!((wasm.status, wasm.text().as_str()), (200, "wasm"));
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    assert_eq!(wasm.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let head = raw(to, "HEAD /", "", b"");
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, index.header("content-length")));
    for path in ["/none", "/../secret", "/%2e%2e/secret", "/b-1/../../secret", "//etc/passwd", "/b-1", "/.hidden"] {
        assert_eq!(get(to, path).status, 404, "{path}");
    }
    assert_eq!(raw(to, "POST /", JSON, b"{}").status, 405);
    assert_eq!(get(start(&scratch, None, None), "/").text(), INDEX);
}

#[test]
fn other_names_and_other_pages_are_refused() {
    let scratch = Scratch::new();
    let data = scratch.file("runs/x", "own");
    let to = start(&scratch, data.parent(), Some("http://127.0.0.1:9".to_owned()));
    let file = format!("GET /{}", file_address("x"));
    let check = |line: &str, headers: &str, expected: u16| {
        let answer = raw(to, line, headers, b"");
        assert_eq!(answer.status, expected, "{line} {headers}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        if expected >= 400 {
            assert!(answer.json()["message"].as_str().is_some_and(|text| text.ends_with('.')), "{}", answer.text());
        }
    };
    for line in [&file, "GET /", "GET /mlflow/version"] {
        check(line, "Host: evil.example\r\n", 403);
        check(line, "Host: evil.example:4747\r\n", 403);
    }
    check(&file, "Host: localhost:1\r\n", 200);
    let own = format!("Origin: http://{to}\r\nSec-Fetch-Site: same-origin\r\n");
    check(&file, &own, 200);
    check(&file, "Sec-Fetch-Site: none\r\n", 200);
    for line in [&file, "GET /mlflow/version"] {
        for headers in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Origin: http://127.0.0.1:1\r\n",
            "Origin: null\r\n",
            "Origin: https://evil.example\r\nSec-Fetch-Site: same-origin\r\n",
        ] {
            check(line, headers, 403);
        }
    }
    // a link from elsewhere may lead to the page
    check("GET /", "Sec-Fetch-Site: cross-site\r\n", 200);
    check("GET http://evil.example/", "", 400);
    let list = "{\"dirs\":[\"\"],\"with_sizes\":false}";
    assert_eq!(raw(to, "POST /served/list", JSON, list.as_bytes()).status, 200);
    assert_eq!(raw(to, "POST /served/list", "Content-Type: text/plain\r\n", list.as_bytes()).status, 415);
    assert_eq!(raw(to, "GET /served/list", "", b"").status, 405);
    assert_eq!(raw(to, "PUT /served/file?path=x", JSON, b"{}").status, 405);
    assert_eq!(raw(to, "POST /served/read", JSON, b"{\"asks\":3}").status, 400);
    assert_eq!(get(to, "/served/other").status, 404);
}

#[test]
fn nothing_outside_of_the_path_is_given() {
    let scratch = Scratch::new();
    let data = scratch.file("runs/a/x", "own");
    let root = scratch.0.join("runs");
    let to = start(&scratch, Some(&root), None);
    #[cfg(unix)]
    for (target, link) in [("../secret", "out"), ("a/x", "in"), ("..", "up"), ("/etc/passwd", "far")] {
        std::os::unix::fs::symlink(target, root.join(link)).expect("a link");
    }
    let hosted = Hosted::new(Wire(to));
    let far = scratch.0.join("secret").to_string_lossy().into_owned();
    for path in
        ["../secret", "a/../../secret", "./a/x", "/a/x", "up/secret", "out", "far", &far, "", "a", "a/x/y", "a/x\0"]
    {
        let read = pollster::block_on(hosted.read(&[ReadAsk::up_to(path, 99)])).expect("answers").remove(0);
        assert!(read.is_err(), "{path} gave {read:?}");
        assert!(pollster::block_on(hosted.open(path)).is_err(), "{path}");
        let whole = raw(to, &format!("GET /{}", file_address(path)), "", b"");
        assert_eq!(whole.status, 404, "{path} gave {}", whole.text());
    }
    for query in
        ["path=../secret", "path=%2e%2e/secret", "path=..%2Fsecret", "path=%2Fetc%2Fpasswd", "x=a/x", "", "path=%"]
    {
        assert_eq!(get(to, &format!("/served/file?{query}")).status, 404, "{query}");
    }
    let lists =
        pollster::block_on(hosted.list(&["..", "up", "a/../..", "/"].map(str::to_owned), false)).expect("lists");
    assert!(lists.iter().all(Vec::is_empty), "{lists:?}");
    #[cfg(unix)]
    {
        let list = pollster::block_on(hosted.list(&[String::new()], true)).expect("lists").remove(0);
        let names: Vec<_> = list.iter().map(|entry| (entry.name.as_str(), entry.size)).collect();
        assert_eq!(names, [("a", None), ("in", Some(3))]);
        assert!(hosted.take_report().notices().iter().any(|notice| notice.path == "out"));
    }
    // a file alone comes with its log, and with nothing else that lies beside it
    let alone = start(&scratch, Some(&data), None);
    scratch.file("runs/a/x-wal", "log");
    scratch.file("runs/a/y", "other");
    let status = |path: &str| get(alone, &format!("/{}", file_address(path))).status;
    assert_eq!(
        ["x", "x-wal", "x-journal", "y", "a/x", "../secret", ""].map(status),
        [200, 200, 404, 404, 404, 404, 404]
    );
    assert_eq!(post(alone, "/served/list", "{\"dirs\":[\"\"],\"with_sizes\":false}").status, 404);
    assert!(get(alone, "/").text().contains("[&quot;x-wal&quot;]"));
}

#[test]
fn files_come_by_ranges_and_whole() {
    let scratch = Scratch::new();
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 251) as u8).collect();
    let file = scratch.file("runs/large", &bytes);
    let to = start(&scratch, file.parent(), None);
    let line = format!("GET /{}", file_address("large"));
    let whole = raw(to, &line, "", b"");
    assert_eq!((whole.status, whole.body == bytes), (200, true));
    assert_eq!(whole.header("cache-control"), Some("no-store"));
    let check = |range: &str, status: u16, stated: Option<&str>, expected: &[u8]| {
        let answer = raw(to, &line, &format!("Range: bytes={range}\r\n"), b"");
        assert_eq!((answer.status, answer.header("content-range")), (status, stated), "{range}");
        assert!(status != 206 || answer.body == expected, "{range}");
    };
    check("0-0", 206, Some("bytes 0-0/5000000"), &bytes[..1]);
    check("3-2000000", 206, Some("bytes 3-2000000/5000000"), &bytes[3..2_000_001]);
    check("4999990-9999999", 206, Some("bytes 4999990-4999999/5000000"), &bytes[4_999_990..]);
    check("-5", 206, Some("bytes 4999995-4999999/5000000"), &bytes[4_999_995..]);
    check("5000000-5000001", 416, Some("bytes */5000000"), b"");
    // many small reads and one that is more than an answer holds
    scratch.file("runs/larger", vec![7; 20 << 20]);
    let hosted = Hosted::new(Wire(to));
    let mut asks: Vec<ReadAsk> = (0..5_000).map(|at| ReadAsk { path: "large".into(), range: at..at + 3 }).collect();
    asks.insert(10, ReadAsk::up_to("larger", u64::MAX));
    let read = pollster::block_on(hosted.read(&asks)).expect("answers");
    assert_eq!(read.len(), asks.len());
    for (at, (ask, read)) in asks.iter().zip(read).enumerate() {
        let read = read.expect("bytes");
        match ask.path.as_str() {
            "larger" => assert_eq!(read.len(), 20 << 20),
            _ => assert_eq!(read, bytes[ask.range.start as usize..ask.range.end as usize], "{at}"),
        }
    }
    // a file that changed is not mixed with what it was
    let stamp = whole.header("etag").expect("a stamp").to_owned();
    let still = |stamp: &str| raw(to, &line, &format!("If-Match: {stamp}\r\nRange: bytes=0-9\r\n"), b"").status;
    assert_eq!(still(&stamp), 206);
    scratch.file("runs/large", "other");
    assert_eq!(still(&stamp), 412);
}

#[test]
fn what_can_not_be_served_is_told_at_once() {
    let scratch = Scratch::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let page = Some(scratch.0.join("page"));
    let fault = |serve: Serve| {
        let started = runtime.block_on(Server::start(&Serve { port: serve.port.or(Some(0)), ..serve }));
        started.err().map(|fault| fault.message).unwrap_or_default()
    };
    let check = |serve: Serve, expected: &str| {
        let message = fault(serve);
        assert!(message.contains(expected), "{message}");
    };
    check(Serve { page: Some(scratch.0.clone()), ..Serve::default() }, "cargo xtask build --binary");
    check(Serve { page: page.clone(), path: Some(scratch.0.join("none")), ..Serve::default() }, "none");
    check(Serve { page: page.clone(), proxy: Some("http://u:p@h".to_owned()), ..Serve::default() }, "password");
    let taken = TcpListener::bind("127.0.0.1:0").expect("listens");
    let port = Some(taken.local_addr().expect("an address").port());
    check(Serve { page, port, ..Serve::default() }, "can not listen");
}

//! A small static server on this machine's own address, and the quick loop: build on change, reload the page.

use crate::{build, inputs};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

const DEFAULT_PORT: u16 = 8080;
/// A request's head that is longer is no browser's.
const HEAD_LIMIT: u64 = 64 * 1024;
/// How often the quick loop looks for changes.
const POLL: Duration = Duration::from_millis(300);
/// How often a page that waits for a build is sent something, so that one that has gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

const RELOAD_SCRIPT: &str = "\
// Reloads the page when the server has made another build.
let build;
new EventSource('dev-reload').onmessage = ({ data }) => {
  build ??= data;
  if (data !== build) location.reload();
};
";

#[derive(Default)]
pub struct Options {
    pub dev: bool,
    pub no_build: bool,
    pub port: Option<u16>,
}

/// What the quick loop last built; absent when serving a finished page.
type Builds = Option<Arc<(Mutex<String>, Condvar)>>;

/// Builds, then serves until it is stopped.
pub fn run(root: &Path, options: Options) -> Result<()> {
    let (dir, builds): (PathBuf, Builds) = if options.dev {
        let before = inputs::last_change(root)?;
        let (dir, build) = build::dev(root)?;
        let builds = Arc::new((Mutex::new(build), Condvar::new()));
        let (root, told) = (root.to_path_buf(), builds.clone());
        thread::spawn(move || rebuild_on_change(&root, before, &told));
        (dir, Some(builds))
    } else if options.no_build {
        (root.join("dist"), None)
    } else {
        (build::release(root)?, None)
    };
    if !dir.join("index.html").is_file() {
        bail!("there is no page in {}; `cargo xtask build` makes one", dir.display());
    }

    let listener = listen(options.port)?;
    println!("Runglass is at");
    println!("http://{}/", listener.local_addr()?);
    println!("Stop with Ctrl+C.");
    for stream in listener.incoming() {
        let (dir, builds) = (dir.clone(), builds.clone());
        // A browser that hangs up in the middle is nothing to tell of.
        thread::spawn(move || stream.map(|stream| answer(stream, &dir, &builds)));
    }
    Ok(())
}

fn listen(port: Option<u16>) -> Result<TcpListener> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match (bind(port.unwrap_or(DEFAULT_PORT)), port) {
        (Err(error), None) if error.kind() == ErrorKind::AddrInUse => {
            println!("Port {DEFAULT_PORT} is taken; this is a free one.");
            bind(0)
        }
        (listener, _) => listener,
    }
    .with_context(|| format!("listening on port {}", port.unwrap_or(DEFAULT_PORT)))
}

fn rebuild_on_change(root: &Path, mut seen: (std::time::SystemTime, usize), told: &(Mutex<String>, Condvar)) {
    loop {
        thread::sleep(POLL);
        let Ok(now) = inputs::last_change(root) else { continue };
        if now == seen {
            continue;
        }
        seen = now;
        match build::dev(root) {
            Ok((_, build)) => {
                *told.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = build;
                told.1.notify_all();
            }
            Err(error) => eprintln!("error: {error:#}"),
        }
    }
}

/// One request, one answer, one connection.
fn answer(mut stream: TcpStream, dir: &Path, builds: &Builds) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = BufReader::new((&stream).take(HEAD_LIMIT));
    let mut request = String::new();
    head.read_line(&mut request)?;
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }

    let mut words = request.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !matches!(method, "GET" | "HEAD") {
        return respond(&mut stream, "405 Method Not Allowed", "text/plain", "no-store", b"GET only\n", true);
    }
    let with_body = method == "GET";
    let Some(path) = local_path(target) else {
        return respond(&mut stream, "400 Bad Request", "text/plain", "no-store", b"no such address\n", with_body);
    };
    if let Some(builds) = builds {
        match path.as_str() {
            "dev-reload" => return send_builds(stream, builds),
            "dev-reload.js" => {
                let script = RELOAD_SCRIPT.as_bytes();
                return respond(&mut stream, "200 OK", mime(&path), "no-store", script, with_body);
            }
            _ => {}
        }
    }

    let path = if path.is_empty() { "index.html" } else { &path };
    match fs::read(dir.join(path)) {
        Ok(mut body) => {
            if builds.is_some() && path == "index.html" {
                let script = "<script type=\"module\" src=\"dev-reload.js\"></script>\n</head>";
                body = String::from_utf8_lossy(&body).replacen("</head>", script, 1).into_bytes();
            }
            // What lies in a build's own directory never changes.
            let cache = if path.starts_with("b-") { "max-age=31536000, immutable" } else { "no-cache" };
            respond(&mut stream, "200 OK", mime(path), cache, &body, with_body)
        }
        Err(_) => respond(&mut stream, "404 Not Found", "text/plain", "no-store", b"not found\n", with_body),
    }
}

fn respond(
    stream: &mut TcpStream,
    status: &str,
    mime: &str,
    cache: &str,
    body: &[u8],
    with_body: bool,
) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {mime}\r\nContent-Length: {length}\r\nCache-Control: {cache}\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )?;
    if with_body {
        stream.write_all(body)?;
    }
    stream.flush()
}

/// Sends the name of the present build, and of each that follows, until the page goes.
fn send_builds(mut stream: TcpStream, builds: &(Mutex<String>, Condvar)) -> std::io::Result<()> {
    let headers = "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close";
    write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\n\r\nretry: 500\n\n")?;
    loop {
        let build = builds.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        write!(stream, "data: {build}\n\n")?;
        stream.flush()?;
        let guard = builds.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let waited = builds.1.wait_timeout_while(guard, HEARTBEAT, |now| *now == build);
        drop(waited);
    }
}

/// The path below the served directory that a request's target names: decoded, without its query; nothing for what would
/// lead out of it.
fn local_path(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let hex = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
    (path.is_empty() || path.split('/').all(plain)).then_some(path)
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_what_is_below_is_served() {
        let check =
            |target: &str, expected: Option<&str>| assert_eq!(local_path(target).as_deref(), expected, "{target}");
        check("/", Some(""));
        check("/?src=x", Some(""));
        check("/b-1/app.js?x=/..", Some("b-1/app.js"));
        check("/a%20b/c", Some("a b/c"));
        check("/../secret", None);
        check("/a/%2e%2e/%2e%2e/secret", None);
        check("/a/..%2f..%2fsecret", None);
        check("//etc/passwd", None);
        check("/%2fetc/passwd", None);
        check("/c:%5cx", None);
        check("/%f", None);
        check("/%00", None);
        check("http://x/", None);
        check("", None);
    }
}

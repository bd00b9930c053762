//! WHERE A SERVER IS: from what a user types or pastes to the base of all its addresses.
//!
//! It must not know what is asked there, nor who asks: a secret never belongs into an address, so one that holds a password is
//! refused. Nothing that was typed is repeated in a message.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write;

/// All but what RFC 3986 calls unreserved.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where pages and interfaces of a server start, whose base is what stands before them.
const INSIDE: &[&str] = &["/api/2.0/", "/api/3.0/", "/ajax-api/", "/static-files/", "/get-artifact"];
/// Ends that name no folder of the server's own.
const ENDS: &[&str] = &["/index.html", "/health", "/version", "/api", "/api/2.0", "/ajax-api"];

/// The base of a tracking server: scheme, host, port and path, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// `http` or `https`.
    is_secure: bool,
    /// In small letters; an IPv6 address stands in brackets.
    host: String,
    /// `None` is the scheme's own.
    port: Option<u16>,
    /// Empty, or starting with a slash.
    path: String,
}

impl Address {
    /// Takes what was typed: without a scheme, with slashes at the end, with what a browser shows behind it.
    ///
    /// # Errors
    /// One sentence, without what was typed.
    pub fn parse(typed: &str) -> Result<Address, String> {
        let typed = typed.trim().trim_matches(['<', '>', '"', '\'', '`']).trim();
        if typed.is_empty() {
            return Err("Type the address of a tracking server, like `https://mlflow.example.com`.".to_owned());
        }
        if typed.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err("An address holds no spaces, backslashes or control characters.".to_owned());
        }
        let (scheme, rest) = match typed.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, typed.trim_start_matches('/')),
        };
        // The page of a server stands behind `#`, its question behind `?`: neither is of its base.
        let rest = rest.split(['#', '?']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains('@') {
            return Err(
                "An address holds no password: leave out what stands before the @, and give user and password (or a \
                        token) by themselves."
                    .to_owned(),
            );
        }
        let (host, port) = host_and_port(authority)?;
        let is_secure = match scheme.as_deref() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err("The address of a tracking server starts with http:// or https://.".to_owned()),
            // Servers that somebody started by hand speak http: on this machine, by number, at a port, by a bare name.
            None => host.contains('.') && !is_number(&host) && !is_here(&host) && port.is_none_or(|port| port == 443),
        };
        let port = port.filter(|port| *port != if is_secure { 443 } else { 80 });
        Ok(Address { is_secure, host, port, path: base_path(path)? })
    }

    /// `https://host:port`, as a browser writes it.
    pub fn origin(&self) -> String {
        let mut origin = format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.host);
        if let Some(port) = self.port {
            let _ = write!(origin, ":{port}");
        }
        origin
    }

    /// The whole, without a slash at its end.
    pub fn base(&self) -> String {
        self.origin() + &self.path
    }

    /// Host and port, as a server's check of hosts compares them.
    pub fn host(&self) -> String {
        self.origin().split_once("://").map(|(_, host)| host.to_owned()).unwrap_or_default()
    }

    /// Whether requests are encrypted.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        is_here(&self.host)
    }

    /// Whether it is this machine or one of the local network, by its number or name.
    pub fn is_local(&self) -> bool {
        let parts: Vec<u8> = self.host.split('.').filter_map(|part| part.parse().ok()).collect();
        let by_number = match (is_number(&self.host), parts.as_slice()) {
            (true, [10, ..] | [192, 168, ..] | [169, 254, ..]) => true,
            (true, [172, second, ..]) => (16..32).contains(second),
            _ => ["[fc", "[fd", "[fe80"].iter().any(|start| self.host.starts_with(start)),
        };
        by_number || is_here(&self.host) || self.host.ends_with(".local")
    }

    /// The address of something below the base, with its question.
    pub fn join(&self, below: &str, query: &[(&str, &str)]) -> String {
        let mut url = format!("{}/{}", self.base(), below.trim_start_matches('/'));
        for (at, (key, value)) in query.iter().enumerate() {
            let _ = write!(url, "{}{}={}", if at == 0 { '?' } else { '&' }, encoded(key), encoded(value));
        }
        url
    }

    /// Whether an address that came from elsewhere is of the same origin. A name that is not ASCII comes back in another
    /// spelling (`xn--`), which is not undone here.
    pub fn is_origin_of(&self, url: &str) -> bool {
        let Some(other) = Address::parse_origin(url) else { return false };
        let is_respelled = !self.host.is_ascii() && other.host.contains("xn--");
        (other.is_secure, other.port) == (self.is_secure, self.port) && (other.host == self.host || is_respelled)
    }

    fn parse_origin(url: &str) -> Option<Address> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Address::parse(&format!("{scheme}://{authority}")).ok()
    }
}

/// The origin of an absolute address; `None` for what is none.
pub fn origin_of(url: &str) -> Option<String> {
    Address::parse_origin(url).map(|address| address.origin())
}

/// As it stands in an address.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// A path as it stands in an address: its slashes part it.
pub fn encoded_path(path: &str) -> String {
    path.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn is_here(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "[::1]"
        || (is_number(host) && host.starts_with("127."))
}

fn is_number(host: &str) -> bool {
    host.starts_with('[') || host.parse::<core::net::Ipv4Addr>().is_ok()
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || "The address has no host that could be one: `https://host:port/path` is meant.".to_owned();
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (number, port) = rest.split_once(']').ok_or_else(wrong)?;
            // As browsers write it.
            let number: core::net::Ipv6Addr = number.parse().map_err(|_| wrong())?;
            (format!("[{number}]"), port.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_lowercase(), Some(port)),
            None => (authority.to_lowercase(), None),
        },
    };
    let is_of_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || (!host.starts_with('[') && !host.chars().all(is_of_host)) {
        return Err(wrong());
    }
    // A name whose last part is a number is one: `127.1` would be sent elsewhere than it reads.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit())
        && last.chars().all(|c| c.is_ascii_hexdigit() || c == 'x')
        && !is_number(&host)
    {
        return Err(wrong());
    }
    match port {
        None | Some("") => Ok((host, None)),
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            _ => Err("The port of an address is a number up to 65535.".to_owned()),
        },
    }
}

fn base_path(path: &str) -> Result<String, String> {
    let end = INSIDE.iter().filter_map(|inside| path.find(inside)).min().unwrap_or(path.len());
    let mut path = path.get(..end).unwrap_or(path).trim_end_matches('/');
    while let Some(before) = ENDS.iter().find_map(|end| path.strip_suffix(end)) {
        path = before.trim_end_matches('/');
    }
    let mut base = String::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return Err("An address leads down, never up: leave out `..`.".to_owned());
        }
        base.push('/');
        for c in part.chars() {
            match c {
                // What is encoded already stays as it is.
                '!'..='~' if !matches!(c, '"' | '<' | '>' | '`' | '{' | '}' | '^' | '|') => base.push(c),
                c => base.push_str(&encoded(c.encode_utf8(&mut [0; 4]))),
            }
        }
    }
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::{Address, origin_of};

    #[test]
    fn what_is_typed_becomes_a_base() {
        let check = |typed: &str, base: &str| {
            let address = Address::parse(typed).unwrap_or_else(|message| panic!("{typed}: {message}"));
            assert_eq!(address.base(), base, "{typed}");
            assert_eq!(Address::parse(&address.base()), Ok(address), "{typed}: read again");
        };
        check("localhost:5000", "http://localhost:5000");
        check(" 127.0.0.1:5000/ ", "http://127.0.0.1:5000");
        check("[::1]:5000", "http://[::1]:5000");
        check("http://[0:0:0:0:0:0:0:1]", "http://[::1]");
        check("mlflow", "http://mlflow");
        check("mlflow.example.com", "https://mlflow.example.com");
        check("mlflow.example.com:443", "https://mlflow.example.com");
        check("mlflow.example.com:8080", "http://mlflow.example.com:8080");
        check("10.0.0.7", "http://10.0.0.7");
        check("HTTPS://MLflow.Example.com:443//", "https://mlflow.example.com");
        check("http://host:80/mlflow/", "http://host/mlflow");
        check("http://host:443", "http://host:443");
        check("https://host/mlflow/#/experiments/1/runs/abc?x=1", "https://host/mlflow");
        check("https://host/#/experiments/1", "https://host");
        check("https://host/?workspace=a#/", "https://host");
        check("https://host/a/index.html", "https://host/a");
        check("https://host/api/2.0/mlflow", "https://host");
        check("https://host/base/api/2.0/mlflow/runs/search", "https://host/base");
        check("https://host/base/ajax-api/2.0/mlflow/", "https://host/base");
        check("https://host/base/api/", "https://host/base");
        check("https://gitlab.com/api/v4/projects/7/ml/mlflow", "https://gitlab.com/api/v4/projects/7/ml/mlflow");
        check(
            "https://gitlab.com/api/v4/projects/7/ml/mlflow/api/2.0/mlflow/",
            "https://gitlab.com/api/v4/projects/7/ml/mlflow",
        );
        check("https://dagshub.com/user/repo.mlflow", "https://dagshub.com/user/repo.mlflow");
        check("https://host//a///b/./c", "https://host/a/b/c");
        check("https://host/grün", "https://host/gr%C3%BCn");
        check("https://host/a%20b", "https://host/a%20b");
        check("<https://host/version>", "https://host");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for typed in [
            "",
            "  ",
            "http://",
            "https:///x",
            "ftp://host",
            "file:///home/secret",
            "http://host:port",
            "http://host:0",
            "http://host:70000",
            "http://[::1",
            "http://[x]:1",
            "http://ho st",
            "http://host\\secret",
            "http://a/../secret",
            "127.1:5000",
            "http://0x7f.1",
            "http://1",
            "https://alice:secret@host",
            "alice:secret@host/mlflow",
            "https://secret@host",
            "http://ho\u{7}st",
            "http://h|st",
        ] {
            let message = Address::parse(typed).expect_err(typed);
            assert!(!message.contains("secret") && message.ends_with('.'), "{typed}: {message}");
        }
    }

    #[test]
    fn origins_and_neighbourhood() {
        for (url, origin) in [
            ("https://a.b/c?d#e", Some("https://a.b")),
            ("HTTP://A:80/", Some("http://a")),
            ("https://u:p@h:1/x", Some("https://h:1")),
            ("/relative", None),
            ("", None),
        ] {
            assert_eq!(origin_of(url).as_deref(), origin, "{url}");
        }
        let is = |host: &str| {
            let address = Address::parse(&format!("http://{host}/")).expect(host);
            (address.is_loopback(), address.is_local())
        };
        for (host, expected) in [
            ("localhost", (true, true)),
            ("127.9.0.1", (true, true)),
            ("[::1]", (true, true)),
            ("x.localhost", (true, true)),
            ("10.1.2.3", (false, true)),
            ("192.168.0.2:5000", (false, true)),
            ("172.20.0.1", (false, true)),
            ("172.32.0.1", (false, false)),
            ("[fd00::1]", (false, true)),
            ("box.local", (false, true)),
            ("127.example.com", (false, false)),
            ("10.example.com", (false, false)),
            ("8.8.8.8", (false, false)),
        ] {
            assert_eq!(is(host), expected, "{host}");
        }
    }

    #[test]
    fn the_same_origin() {
        for (base, url, expected) in [
            ("https://h/x", "https://H:443/y?z", true),
            ("https://h", "http://h", false),
            ("https://h", "https://h:444", false),
            ("https://h", "https://h.evil", false),
            ("https://h", "https://h@evil/", false),
            ("https://h", "", false),
            ("https://grün.de", "https://xn--grn-hoa.de/x", true),
            ("https://grün.de", "https://evil.de/x", false),
        ] {
            assert_eq!(Address::parse(base).expect(base).is_origin_of(url), expected, "{base} {url}");
        }
    }

    #[test]
    fn questions_are_encoded() {
        let address = Address::parse("http://h/x").expect("an address");
        assert_eq!(address.join("/a/b", &[("k", "ä b&c"), ("p", "x/y")]), "http://h/x/a/b?k=%C3%A4%20b%26c&p=x%2Fy");
        assert_eq!(address.join("v", &[]), "http://h/x/v");
    }
}

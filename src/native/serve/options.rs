//! The words behind `runglass serve`.

use crate::native::serve::Serve;
use std::path::PathBuf;

/// Reads what stands behind `serve` on the command line.
///
/// # Errors
/// A mistake, in words.
pub fn parse(words: impl Iterator<Item = String>) -> Result<Serve, String> {
    let mut serve = Serve::default();
    let mut words = words;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--proxy" => serve.proxy = Some(value()?),
            "--page" => serve.page = Some(PathBuf::from(value()?)),
            "--no-open" => serve.open = false,
            "--port" => {
                let port = value()?;
                serve.port = Some(port.parse().map_err(|_| format!("{port} is no port"))?);
            }
            "--address" => {
                let address = value()?;
                serve.address = match address.as_str() {
                    "localhost" => Serve::default().address,
                    address => address.parse().map_err(|_| format!("{address} is no address, like 127.0.0.1"))?,
                };
            }
            option if option.starts_with('-') => return Err(format!("serve has no option {option}")),
            _ if serve.path.is_some() => return Err("serve takes one PATH".to_owned()),
            _ => serve.path = Some(PathBuf::from(word)),
        }
    }
    Ok(serve)
}

#[cfg(test)]
mod tests {
    use super::{Serve, parse};

    #[test]
    fn words_and_options() {
        let read = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        assert_eq!(read(""), Ok(Serve::default()));
        let folder = Serve { path: Some("a".into()), port: Some(0), open: false, ..Serve::default() };
        assert_eq!(read("a --port 0 --no-open"), Ok(folder));
        let server = Serve {
            proxy: Some("http://h".to_owned()),
            address: [0, 0, 0, 0].into(),
            page: Some("dist".into()),
            ..Serve::default()
        };
        assert_eq!(read("--proxy http://h --address 0.0.0.0 --page dist"), Ok(server));
        assert_eq!(read("--address localhost"), Ok(Serve::default()));
        for line in ["a b", "--port", "--port x", "--port 70000", "--address host", "--proxy", "--all", "-p 1"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}

//! Real tracking servers for the tests: their Python environments, nginx and openssl. What they hold and how they start is
//! `tests/servers`, which it must not know.

use crate::tools;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Has installed what is missing, once; each environment that it makes says its size and its time. Gives the Python that
/// starts servers.
pub fn install(root: &Path) -> Result<PathBuf> {
    let python = python()?;
    tools::run(Command::new(&python).arg(root.join("tests/servers/environments.py")))
        .with_context(|| format!("installing the tracking servers of the tests with {}", python.display()))?;
    nginx()?;
    openssl()?;
    Ok(python)
}

/// `$RUNGLASS_PYTHON`, or the first of those that can make environments and that the locks are for.
fn python() -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("RUNGLASS_PYTHON") {
        return Ok(chosen.into());
    }
    let serves = |program: &&str| {
        let code = "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))";
        let there = Command::new(program).args(["-c", code]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        there.is_ok_and(|status| status.success())
    };
    let find = || ["python3", "python3.13", "python3.12", "python3.11"].into_iter().find(serves);
    if let Some(found) = find() {
        return Ok(found.into());
    }
    println!("Fetching Python for the tracking servers of the tests: apt-get install python3-venv");
    tools::apt_install(&["python3-venv"])
        .context("the tests need Python 3.11 to 3.13 with venv; install it, or set RUNGLASS_PYTHON to its path")?;
    find()
        .map(PathBuf::from)
        .context("this system's Python is none of 3.11 to 3.13; set RUNGLASS_PYTHON to one of them")
}

fn nginx() -> Result<()> {
    let there = || {
        ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"]
            .iter()
            .any(|path| Path::new(path).exists())
    };
    if std::env::var_os("NGINX").is_some() || there() {
        return Ok(());
    }
    println!("Fetching nginx, which stands in front of servers in the tests: apt-get install nginx-light");
    tools::apt_install(&["nginx-light"]).context("no nginx found; install it, or set NGINX to its path")
}

fn openssl() -> Result<()> {
    let answer = Command::new("openssl").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if answer.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    println!("Fetching openssl, which makes the certificate of a page by https in the tests: apt-get install openssl");
    tools::apt_install(&["openssl"]).context("no openssl found; install it")
}

//! The licences of what is compiled into the page, as a page of its own.

use crate::tools::{self, WASM};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

struct Package {
    title: String,
    /// SPDX expression, as its manifest states it.
    expression: String,
    /// The texts that it comes with.
    texts: Vec<String>,
}

/// The HTML page: the packages first, then each text once, with the packages that it covers. `dir` is the build's own
/// directory beside it, where style sheet and theme lie.
pub fn page(root: &Path, dir: &str) -> Result<String> {
    let apache = fs::read_to_string(root.join("LICENSE")).context("reading LICENSE")?;
    let mut packages = vec![Package {
        title: "Rust's standard library".into(),
        expression: "MIT OR Apache-2.0".into(),
        texts: vec![apache.clone()],
    }];
    packages.extend(packages_of_the_page(root, &apache)?);
    Ok(render(&packages, dir))
}

/// Everything that ends in the page's wasm; what only runs while it is built (build scripts, macros) is left out.
fn packages_of_the_page(root: &Path, apache: &str) -> Result<Vec<Package>> {
    let mut command = tools::cargo(root);
    command.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", WASM]);
    let metadata: Value = serde_json::from_str(&tools::output(&mut command)?).context("reading `cargo metadata`")?;

    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: HashMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: HashMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let is_macro = |id: &str| {
        let targets = packages.get(id).map(|package| list(&package["targets"])).unwrap_or_default();
        targets.iter().any(|target| list(&target["kind"]).contains(&"proc-macro".into()))
    };

    let start = text(&metadata["resolve"]["root"]);
    let mut seen = BTreeSet::from([start.clone()]);
    let mut open = vec![start.clone()];
    while let Some(id) = open.pop() {
        for dep in nodes.get(&id).map(|node| list(&node["deps"])).unwrap_or_default() {
            let normal = list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let id = text(&dep["pkg"]);
            if normal && !is_macro(&id) && seen.insert(id.clone()) {
                open.push(id);
            }
        }
    }
    seen.remove(&start);

    let mut found = Vec::new();
    for id in &seen {
        let package = packages.get(id).with_context(|| format!("`cargo metadata` does not describe {id}"))?;
        let title = format!("{} {}", text(&package["name"]), text(&package["version"]));
        let expression = text(&package["license"]);
        let manifest = text(&package["manifest_path"]);
        let dir = Path::new(&manifest).parent().context("a manifest without a directory")?;
        let mut texts = texts_in(dir)?;
        if texts.is_empty() {
            let authors = list(&package["authors"]).iter().map(text).collect::<Vec<_>>().join(", ");
            texts.push(standard_text(&title, &expression, &authors, apache)?);
        }
        found.push(Package { title, expression, texts });
    }
    found.sort_by(|a, b| a.title.cmp(&b.title));
    Ok(found)
}

/// The texts of the files that are named like a licence or a notice.
fn texts_in(dir: &Path) -> Result<Vec<String>> {
    const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && NAMES.iter().any(|wanted| name.starts_with(wanted)) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())).collect()
}

/// For packages that name a licence and bring no text of it.
fn standard_text(title: &str, expression: &str, authors: &str, apache: &str) -> Result<String> {
    if expression.contains("Apache-2.0") {
        Ok(apache.to_owned())
    } else if expression.contains("MIT") {
        let holder = if authors.is_empty() { "The authors" } else { authors };
        Ok(format!("MIT License\n\nCopyright (c) {holder}\n\n{MIT}"))
    } else {
        bail!("{title} ({expression}) brings no licence text, and there is none for it here")
    }
}

const MIT: &str = r#"Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"#;

fn render(packages: &[Package], dir: &str) -> String {
    // Texts that differ in white space alone are one text.
    let mut texts: BTreeMap<String, (&str, Vec<&str>)> = BTreeMap::new();
    for package in packages {
        for text in &package.texts {
            let key = text.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(key).or_insert((text, Vec::new())).1.push(&package.title);
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by_key(|(_, titles)| std::cmp::Reverse(titles.len()));

    let rows: String = packages
        .iter()
        .map(|package| format!("<tr><td>{}<td>{}\n", escaped(&package.title), escaped(&package.expression)))
        .collect();
    let sections: String = texts
        .iter()
        .map(|(text, titles)| format!("<h2>{}</h2>\n<pre>{}</pre>\n", escaped(&titles.join(", ")), escaped(text)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Licences - Runglass</title>\n<link rel=\"icon\" href=\"{dir}/favicon.svg\">\n\
         <script src=\"{dir}/theme.js\"></script>\n<link rel=\"stylesheet\" href=\"{dir}/app.css\">\n</head>\n\
         <body>\n<main class=\"licences\">\n<h1>What Runglass is built with</h1>\n\
         <table>\n<thead><tr><th>Package<th>Licence</thead>\n<tbody>\n{rows}</tbody>\n</table>\n{sections}</main>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{Package, render};

    #[test]
    fn a_text_stands_once_and_is_escaped() {
        let package = |title: &str, text: &str| Package {
            title: title.into(),
            expression: "MIT".into(),
            texts: vec![text.into()],
        };
        let html = render(
            &[package("a 1", "Be <kind> & free"), package("b 2", "Be <kind>\n & free"), package("c 3", "Other")],
            "b-1",
        );
        assert_eq!(html.matches("Be &lt;kind&gt; &amp; free").count(), 1);
        assert!(html.contains("<h2>a 1, b 2</h2>") && html.contains("<h2>c 3</h2>"));
    }
}

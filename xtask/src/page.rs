//! The text files of the page: the style sheet put together, `index.html` pointed at its build, and the check that
//! nothing is inline. It must not know of cargo.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// What stands in `index.html` for the directory of the build.
const PLACEHOLDER: &str = "build/";
/// The sheets that others build on come first; the rest follow by name.
const FIRST_SHEETS: [&str; 2] = ["tokens.css", "base.css"];

/// All of `style/*.css` as one sheet.
pub fn stylesheet(style: &Path) -> Result<String> {
    let mut names: Vec<String> = fs::read_dir(style)
        .with_context(|| format!("listing {}", style.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".css"))
        .collect();
    names.sort_by_key(|name| (FIRST_SHEETS.iter().position(|first| first == name).unwrap_or(usize::MAX), name.clone()));
    let mut all = String::new();
    for name in names {
        all += &fs::read_to_string(style.join(&name)).with_context(|| format!("reading {name}"))?;
        all.push('\n');
    }
    Ok(all)
}

/// `index.html` with its addresses pointed at `dir`, a directory beside it.
pub fn index(template: &str, dir: &str) -> String {
    template.replace(&format!("\"{PLACEHOLDER}"), &format!("\"{dir}/"))
}

/// What in `html` the page's own policy would forbid, or would fail under a sub-path: one sentence each.
pub fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for tag in tags(html) {
        let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
        let attributes = attributes(&tag[name.len()..]);
        let has = |wanted: &str| attributes.iter().any(|(name, _)| name == wanted);
        if name == "style" || (name == "script" && !has("src")) {
            faults.push(format!("inline <{name}>"));
        }
        for (attribute, value) in &attributes {
            match attribute.as_str() {
                "style" => faults.push(format!("style attribute on <{name}>")),
                on if on.starts_with("on") => faults.push(format!("{on} handler on <{name}>")),
                "src" | "href" if value.starts_with('/') || value.contains(':') => {
                    faults.push(format!("{attribute} of <{name}> is not relative: {value}"));
                }
                _ => {}
            }
        }
    }
    faults
}

/// The opening tags of our own, well-formed HTML, without the angle brackets; comments left out.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = rest.split_once("-->").map_or("", |(_, after)| after);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let mut quoted = false;
            let end = rest
                .find(|c| {
                    quoted ^= c == '"';
                    c == '>' && !quoted
                })
                .unwrap_or(rest.len());
            tags.push(rest[..end].to_ascii_lowercase());
            rest = &rest[end..];
        }
    }
    tags
}

/// Names and values of attributes; values are in double quotes or absent.
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    for (n, part) in text.split('"').enumerate() {
        if n % 2 == 1 {
            if let Some((_, value)) = attributes.last_mut() {
                *value = part.to_owned();
            }
        } else {
            for name in part.split_whitespace().map(|name| name.trim_end_matches(['=', '/'])) {
                attributes.push((name.to_owned(), String::new()));
            }
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::{faults, index};

    #[test]
    fn inline_things_are_found() {
        let check = |html: &str, expected: &[&str]| assert_eq!(faults(html), expected, "{html}");
        check("<script src=\"a/b.js\"></script><p class=\"x > y\">a < b</p>", &[]);
        check("<!-- <script>old</script> --><b>x</b>", &[]);
        check("<script>alert(1)</script>", &["inline <script>"]);
        check("<SCRIPT type=\"module\">x</SCRIPT>", &["inline <script>"]);
        check("<style>p {}</style>", &["inline <style>"]);
        check("<p style=\"color: red\">", &["style attribute on <p>"]);
        check("<body\n onload=\"go()\">", &["onload handler on <body>"]);
        check("<link href=\"/app.css\">", &["href of <link> is not relative: /app.css"]);
        check(
            "<script src=\"https://cdn.example/x.js\">",
            &["src of <script> is not relative: https://cdn.example/x.js"],
        );
    }

    #[test]
    fn our_page_has_nothing_inline() {
        let page = index(include_str!("../../index.html"), "b-0123");
        assert_eq!(faults(&page), [""; 0]);
        assert!(page.contains("\"b-0123/boot.js\"") && !page.contains("\"build/"));
    }
}

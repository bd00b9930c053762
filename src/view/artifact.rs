//! What an artifact is, by its bytes first and its name second, and how it is previewed.

use crate::view::format::count;

/// Bytes of text, JSON or CSV that a preview reads.
pub const TEXT_BYTES: u64 = 512 * 1_024;
/// Bytes of a picture that a preview reads.
pub const IMAGE_BYTES: u64 = 32 << 20;
/// Rows of a table that a preview shows.
pub const TABLE_ROWS: usize = 200;
/// Columns of a table that a preview shows.
pub const TABLE_COLUMNS: usize = 60;

/// How an artifact is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// A picture of this media type.
    Image(&'static str),
    /// A table.
    Table {
        /// Names of its columns.
        head: Vec<String>,
        /// Cells; a row may be shorter or longer than the head.
        rows: Vec<Vec<String>>,
        /// What is not shown, in words.
        rest: Option<String>,
    },
    /// Text.
    Text {
        /// As it stands; JSON is indented.
        text: String,
        /// What is not shown, in words.
        rest: Option<String>,
    },
    /// Nothing that could be shown.
    Binary,
}

/// The media type of a picture, by its first bytes. Sources: PNG 1.2 3.1, JFIF 1.02, GIF89a 17, WebP container, BMP.
pub fn image_type(name: &str, bytes: &[u8]) -> Option<&'static str> {
    let by_bytes = match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'B', b'M', ..] if extension(name) == "bmp" => Some("image/bmp"),
        _ => None,
    };
    let is_svg = || extension(name) == "svg" && std::str::from_utf8(bytes).is_ok();
    by_bytes.or_else(|| is_svg().then_some("image/svg+xml"))
}

/// Whether the name promises a picture; its bytes are looked at before it is shown.
pub fn is_image_name(name: &str) -> bool {
    matches!(extension(name).as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "svg")
}

/// Whether the name promises a table.
pub fn is_table_name(name: &str) -> bool {
    matches!(extension(name).as_str(), "csv" | "tsv")
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// Reads what was loaded of an artifact: its first bytes, of `size` in all where that is known.
pub fn preview(name: &str, bytes: &[u8], is_whole: bool) -> Preview {
    if let Some(media_type) = image_type(name, bytes) {
        return if is_whole { Preview::Image(media_type) } else { Preview::Binary };
    }
    let Some(text) = as_text(bytes, is_whole) else { return Preview::Binary };
    let rest = (!is_whole).then(|| format!("the first {}", crate::view::format::bytes(bytes.len() as u64)));
    match extension(name).as_str() {
        "csv" => table(text.as_bytes(), b',', rest),
        "tsv" => table(text.as_bytes(), b'\t', rest),
        "json" | "mlmodel" | "ipynb" | "geojson" => match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(json) => match logged_table(&json) {
                Some((head, rows)) => cut_table(head, rows, rest),
                None => Preview::Text { text: serde_json::to_string_pretty(&json).unwrap_or(text), rest },
            },
            Err(_) => Preview::Text { text, rest },
        },
        _ => Preview::Text { text, rest },
    }
}

/// UTF-8 without control characters that no text has; a character cut at the end of a part is left out.
fn as_text(bytes: &[u8], is_whole: bool) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if !is_whole && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let strange = |char: char| char.is_control() && !matches!(char, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}');
    (!text.chars().any(strange)).then(|| text.trim_start_matches('\u{feff}').to_owned())
}

fn table(bytes: &[u8], delimiter: u8, rest: Option<String>) -> Preview {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(bytes);
    let mut rows = reader.records().map_while(Result::ok).map(|record| record.iter().map(str::to_owned).collect());
    let head = rows.next().unwrap_or_default();
    cut_table(head, rows.collect(), rest)
}

/// The shape of `mlflow.log_table`: `{"columns": [...], "data": [[...]]}`.
fn logged_table(json: &serde_json::Value) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let columns = json.get("columns")?.as_array()?.iter().map(text).collect();
    let rows = json.get("data")?.as_array()?;
    let rows = rows.iter().map(|row| Some(row.as_array()?.iter().map(text).collect())).collect::<Option<_>>()?;
    Some((columns, rows))
}

fn cut_table(mut head: Vec<String>, mut rows: Vec<Vec<String>>, rest: Option<String>) -> Preview {
    let mut parts: Vec<String> = rest.into_iter().collect();
    if rows.len() > TABLE_ROWS {
        parts.push(format!("{TABLE_ROWS} of {} rows", count(rows.len() as i64)));
        rows.truncate(TABLE_ROWS);
    }
    if head.len() > TABLE_COLUMNS {
        parts.push(format!("{TABLE_COLUMNS} of {} columns", count(head.len() as i64)));
        head.truncate(TABLE_COLUMNS);
        rows.iter_mut().for_each(|row| row.truncate(TABLE_COLUMNS));
    }
    Preview::Table { head, rows, rest: (!parts.is_empty()).then(|| parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_bytes_first_and_name_second() {
        let check = |name: &str, bytes: &[u8], is_whole: bool, expected: Preview| {
            assert_eq!(preview(name, bytes, is_whole), expected, "{name}");
        };
        let text =
            |text: &str, rest: Option<&str>| Preview::Text { text: text.to_owned(), rest: rest.map(str::to_owned) };
        check("a.txt", b"\x89PNG....", true, Preview::Image("image/png"));
        check("a.png", b"not a picture", true, text("not a picture", None));
        check("a.png", b"\x89PNG....", false, Preview::Binary);
        check("a.pkl", b"\x80\x04\x95", true, Preview::Binary);
        check("a.bin", b"a\0b", true, Preview::Binary);
        check("a.txt", "aé".as_bytes(), true, text("aé", None));
        check("a.txt", &"aé".as_bytes()[..2], false, text("a", Some("the first 2 B")));
        check("a.json", b"{\"a\":1}", true, text("{\n  \"a\": 1\n}", None));
        check("a.json", b"{bad", true, text("{bad", None));
        let table = |head: &[&str], rows: &[&[&str]]| Preview::Table {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect(),
            rest: None,
        };
        check("a.csv", b"a,b\n1,\"x,\ny\"\n2\n", true, table(&["a", "b"], &[&["1", "x,\ny"], &["2"]]));
        check("t.json", br#"{"columns":["q"],"data":[["a"],[2]]}"#, true, table(&["q"], &[&["a"], &["2"]]));
    }

    #[test]
    fn a_long_table_says_what_it_leaves_out() {
        let csv = "a\n".repeat(1_301);
        match preview("a.csv", csv.as_bytes(), true) {
            Preview::Table { rows, rest, .. } => {
                assert_eq!((rows.len(), rest.as_deref()), (TABLE_ROWS, Some("200 of 1,300 rows")));
            }
            other => panic!("{other:?}"),
        }
    }
}

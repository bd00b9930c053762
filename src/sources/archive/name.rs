//! THE NAME OF AN ENTRY: bytes to text, text to a safe path. It must not know where in the archive the name stood.

/// The upper half of code page 437, in which names without the UTF-8 mark were written for decades.
const UPPER_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The text of a stored name: UTF-8 where the bytes are that, marked or not (common tools forget the mark), else code page 437;
/// a name that is marked as UTF-8 and is not gets replacement characters.
pub fn decode(raw: &[u8], marked_utf8: bool) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_string(),
        Err(_) if marked_utf8 => String::from_utf8_lossy(raw).into_owned(),
        Err(_) => {
            let upper = |byte: u8| UPPER_437.chars().nth(usize::from(byte) - 128);
            raw.iter()
                .map(|&byte| if byte < 128 { char::from(byte) } else { upper(byte).unwrap_or('\u{fffd}') })
                .collect()
        }
    }
}

/// Why a name can not be a path inside the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// It starts at the root of a disk.
    Absolute,
    /// It starts with the letter of a drive.
    Drive,
    /// It climbs with `..`.
    Climbs,
}

impl Outside {
    /// As the end of a sentence about the entry.
    pub fn words(self) -> &'static str {
        match self {
            Outside::Absolute => "its name is an absolute path",
            Outside::Drive => "its name starts with a drive letter",
            Outside::Climbs => "its name climbs out with `..`",
        }
    }
}

/// The path with `/` between its parts (Windows tools write `\`), without empty parts and `.`; a folder's ends in `/`. Empty
/// for the archive's own root.
///
/// # Errors
/// A name that points outside.
pub fn safe_path(name: &str) -> Result<String, Outside> {
    let is_parting = |byte: char| byte == '/' || byte == '\\';
    let mut letters = name.bytes();
    if name.starts_with(is_parting) {
        return Err(Outside::Absolute);
    }
    if letters.next().is_some_and(|byte| byte.is_ascii_alphabetic()) && letters.next() == Some(b':') {
        return Err(Outside::Drive);
    }
    let mut path = String::with_capacity(name.len());
    for part in name.split(is_parting) {
        match part {
            "" | "." => {}
            ".." => return Err(Outside::Climbs),
            part => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    let is_folder = name.ends_with(is_parting) || name.ends_with("/.") || name == ".";
    if is_folder && !path.is_empty() {
        path.push('/');
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::{decode, safe_path};

    #[test]
    fn names_become_safe_paths() {
        let check = |name: &str, expected: Result<&str, &str>| {
            let found = safe_path(name);
            assert_eq!(found.as_deref().map_err(|outside| outside.words()), expected, "{name:?}");
        };
        let (absolute, drive, climbs) =
            ("its name is an absolute path", "its name starts with a drive letter", "its name climbs out with `..`");
        check("mlruns/0/meta.yaml", Ok("mlruns/0/meta.yaml"));
        check("mlruns\\0\\meta.yaml", Ok("mlruns/0/meta.yaml"));
        check("./mlruns//0/./a", Ok("mlruns/0/a"));
        check("mlruns/0/", Ok("mlruns/0/"));
        check("mlruns\\0\\", Ok("mlruns/0/"));
        check("./", Ok(""));
        check("", Ok(""));
        check("a..b/..c/d..", Ok("a..b/..c/d.."));
        check("metrics/a:b", Ok("metrics/a:b"));
        check("/etc/passwd", Err(absolute));
        check("\\\\host\\share\\x", Err(absolute));
        check("C:\\x", Err(drive));
        check("c:x", Err(drive));
        check("../x", Err(climbs));
        check("a/../../x", Err(climbs));
        check("a\\..\\x", Err(climbs));
        check("..", Err(climbs));
    }

    #[test]
    fn names_without_a_mark_may_be_utf8_or_the_old_code_page() {
        let check = |raw: &[u8], marked: bool, expected: &str| assert_eq!(decode(raw, marked), expected);
        check("größe.txt".as_bytes(), true, "größe.txt");
        check("größe.txt".as_bytes(), false, "größe.txt");
        check(b"gr\x94\xe1e.txt", false, "größe.txt");
        check(b"gr\x94\xe1e.txt", true, "gr\u{fffd}\u{fffd}e.txt");
        check(b"\x80\xff", false, "Ç\u{a0}");
    }
}

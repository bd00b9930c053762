//! Paths inside a [`Folder`](crate::sources::Folder): relative, parted by `/`, the root is the empty path.

/// `dir/name`, where either may be empty.
pub fn join(dir: &str, name: &str) -> String {
    match (dir, name) {
        ("", name) => name.to_owned(),
        (dir, "") => dir.to_owned(),
        (dir, name) => format!("{dir}/{name}"),
    }
}

/// What lies above; the root is its own parent.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The last part; empty for the root.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// As people read it: the root is `.`.
pub fn shown(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

/// The inverse of [`shown`].
pub fn from_shown(path: &str) -> &str {
    if path == "." { "" } else { path }
}

/// Whether `path` lies in `dir` or is `dir`.
pub fn lies_in(path: &str, dir: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

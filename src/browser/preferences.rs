//! What the browser remembers of the user between visits: the theme and switches, in local storage; never data.

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

const THEME: &str = "runglass.theme";
const SINGLE_KEYS: &str = "runglass.single-keys";
const LIVE_MS: &str = "runglass.live-ms";
/// How often what runs is looked at, milliseconds.
const LIVE_EVERY_MS: u32 = 5_000;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The remembered theme.
pub fn theme() -> Theme {
    match storage().and_then(|storage| storage.get_item(THEME).ok().flatten()).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Shows and remembers a theme.
pub fn set_theme(theme: Theme) {
    let word = match theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    let root = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = match word {
            Some(word) => root.set_attribute("data-theme", word),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Some(storage) = storage() {
        let _ = match word {
            Some(word) => storage.set_item(THEME, word),
            None => storage.remove_item(THEME),
        };
    }
}

/// How long between two looks at what runs on a server, milliseconds; 0 for never.
pub fn live_ms() -> u32 {
    let remembered = storage().and_then(|storage| storage.get_item(LIVE_MS).ok().flatten());
    remembered.and_then(|text| text.parse().ok()).filter(|ms| *ms == 0 || *ms >= 1_000).unwrap_or(LIVE_EVERY_MS)
}

/// Remembers it.
pub fn set_live_ms(live_ms: u32) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(LIVE_MS, &live_ms.to_string());
    }
}

/// Whether dark is what is shown now.
pub fn is_dark() -> bool {
    match theme() {
        Theme::Light => false,
        Theme::Dark => true,
        Theme::System => web_sys::window()
            .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten())
            .is_some_and(|query| query.matches()),
    }
}

/// Whether single letters are keys.
pub fn single_keys() -> bool {
    storage().and_then(|storage| storage.get_item(SINGLE_KEYS).ok().flatten()).as_deref() != Some("off")
}

/// Switches single-letter keys.
pub fn set_single_keys(on: bool) {
    if let Some(storage) = storage() {
        let _ = if on { storage.remove_item(SINGLE_KEYS) } else { storage.set_item(SINGLE_KEYS, "off") };
    }
}

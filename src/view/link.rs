//! The link is the view: one codec between [`ViewState`] and the URL's fragment (`exp=1&filter=...`).
//!
//! Each key falls back alone, unknown keys survive, defaults are not written. Values are percent-encoded as
//! `encodeURIComponent` does (RFC 3986 unreserved characters stay), items of a list are parted by a bare comma.

use crate::view::state::{Layout, PageName, Shown, ViewState, XAxis};

/// Longer links drop their chosen runs, then their eyes, since servers and chats cut them.
pub const LONGEST: usize = 4_096;

/// A fragment, and what had to be left out of it to stay short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Without the `#`.
    pub fragment: String,
    /// `sel`, `eye`.
    pub dropped: Vec<&'static str>,
}

/// Writes the state. Keys come in one fixed order, so that equal views have equal links.
pub fn write(state: &ViewState) -> Link {
    let mut dropped = Vec::new();
    loop {
        let fragment = write_without(state, &dropped);
        match dropped.len() {
            0 if fragment.len() > LONGEST && !state.selected.is_empty() => dropped.push("sel"),
            0 | 1 if fragment.len() > LONGEST && state.eye.is_some() && !dropped.contains(&"eye") => {
                dropped.push("eye")
            }
            _ => return Link { fragment, dropped },
        }
    }
}

fn write_without(state: &ViewState, dropped: &[&str]) -> String {
    let mut out = String::new();
    let mut put = |key: &str, value: String| {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(key);
        out.push('=');
        out.push_str(&value);
    };
    let list = |items: &[String]| items.iter().map(|item| encode(item)).collect::<Vec<_>>().join(",");
    if let Some(source) = &state.source {
        put("src", encode(source));
    }
    if let Some(workspace) = &state.workspace {
        put("ws", encode(workspace));
    }
    if state.page != PageName::default() {
        put("page", state.page.word().to_owned());
    }
    if !state.experiments.is_empty() {
        put("exp", list(&state.experiments));
    }
    if state.shown != Shown::default() {
        put("state", state.shown.word().to_owned());
    }
    if let Some(run) = &state.run {
        put("run", encode(run));
    }
    if state.layout != Layout::default() {
        put("layout", state.layout.word().to_owned());
    }
    if !state.filter.is_empty() {
        put("filter", encode(&state.filter));
    }
    if !state.widths.is_empty() {
        let items: Vec<String> = state.widths.iter().map(|(key, width)| format!("{}:{width}", encode(key))).collect();
        put("cols", items.join(","));
    }
    if let Some((field, descending)) = &state.sort {
        let field = encode(field);
        // a bare minus at the front says "descending"; one that belongs to the field is escaped
        let field = field.strip_prefix('-').map_or(field.clone(), |rest| format!("%2D{rest}"));
        put("sort", format!("{}{field}", if *descending { "-" } else { "" }));
    }
    if !state.selected.is_empty() && !dropped.contains(&"sel") {
        put("sel", list(&state.selected));
    }
    if let Some(eye) = state.eye.as_ref().filter(|_| !dropped.contains(&"eye")) {
        put("eye", list(eye));
    }
    if state.x != XAxis::default() {
        put("x", state.x.word().to_owned());
    }
    if state.log_y {
        put("y", "log".to_owned());
    }
    if state.smoothing > 0.0 {
        put("smooth", format!("{}", hundredths(state.smoothing)));
    }
    if let Some(artifact) = &state.artifact {
        put("file", encode(artifact));
    }
    for (key, value) in &state.unknown {
        put(key, value.clone());
    }
    out
}

/// Reads a fragment, with or without its `#`. Never fails: what is not understood keeps its default.
pub fn read(fragment: &str) -> ViewState {
    let mut state = ViewState::default();
    let list = |value: &str| -> Vec<String> { value.split(',').filter(|item| !item.is_empty()).map(decode).collect() };
    for pair in fragment.trim_start_matches('#').split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "src" => state.source = Some(decode(value)).filter(|name| !name.is_empty()),
            "ws" => state.workspace = Some(decode(value)).filter(|name| !name.is_empty()),
            "page" => state.page = PageName::parse(value).unwrap_or_default(),
            "exp" => state.experiments = list(value),
            "state" => state.shown = Shown::parse(value).unwrap_or_default(),
            "run" => state.run = Some(decode(value)).filter(|run| !run.is_empty()),
            "layout" => state.layout = Layout::parse(value).unwrap_or_default(),
            "filter" => state.filter = decode(value),
            "cols" => {
                let width = |item: &str| {
                    let (field, width) = item.rsplit_once(':')?;
                    Some((decode(field), width.parse::<u32>().ok()?.clamp(24, 2_000)))
                };
                state.widths = value.split(',').filter_map(width).collect();
            }
            "sort" => {
                let (descending, field) = match value.strip_prefix('-') {
                    Some(field) => (true, field),
                    None => (false, value),
                };
                state.sort = Some((decode(field), descending)).filter(|(field, _)| !field.is_empty());
            }
            "sel" => state.selected = list(value),
            "eye" => state.eye = Some(list(value)),
            "x" => state.x = XAxis::parse(value).unwrap_or_default(),
            "y" => state.log_y = value == "log",
            "smooth" => {
                let weight = value.parse::<f64>().ok().filter(|weight| (0.0..=0.99).contains(weight));
                state.smoothing = hundredths(weight.unwrap_or_default());
            }
            "file" => state.artifact = Some(decode(value)).filter(|path| !path.is_empty()),
            // a bare `#` has no place in a fragment (RFC 3986), and at its front it would be taken for the address's own
            _ => state.unknown.push((key.replace('#', "%23"), value.to_owned())),
        }
    }
    state
}

/// Weights are written with two digits.
fn hundredths(weight: f64) -> f64 {
    (weight * 100.0).round() / 100.0
}

/// A text as it stands in a link.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(hex.unwrap_or(byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_link_of_a_view() {
        let state = ViewState {
            source: Some("my runs.zip".into()),
            page: PageName::Runs,
            experiments: vec!["1".into(), ".trash/a,b".into()],
            filter: "params.lr = '0.1' AND metrics.\"val/acc\" > 0.9".into(),
            sort: Some(("metrics.val/acc".into(), true)),
            widths: vec![("params.lr".into(), 120)],
            eye: Some(vec![]),
            smoothing: 0.6,
            ..ViewState::default()
        };
        let link = write(&state);
        assert_eq!(
            link.fragment,
            "src=my%20runs.zip&page=runs&exp=1,.trash/a%2Cb&filter=params.lr%20%3D%20%270.1%27%20AND%20metrics.%22val/acc%22%20%3E%200.9\
             &cols=params.lr:120&sort=-metrics.val/acc&eye=&smooth=0.6"
        );
        assert_eq!(read(&link.fragment), state);
        assert_eq!(write(&ViewState::default()).fragment, "");
    }

    #[test]
    fn each_key_falls_back_alone() {
        let check = |fragment: &str, expected: ViewState| assert_eq!(read(fragment), expected, "{fragment}");
        check("#page=moon&layout=table", ViewState { layout: Layout::Table, ..ViewState::default() });
        check("smooth=2&x=time", ViewState { x: XAxis::Time, ..ViewState::default() });
        check("cols=a:b,c:50", ViewState { widths: vec![("c".into(), 50)], ..ViewState::default() });
        check("ws=team%20b&page=moon", ViewState { workspace: Some("team b".into()), ..ViewState::default() });
        check("ws=", ViewState::default());
        check("filter=%zz%4", ViewState { filter: "%zz%4".into(), ..ViewState::default() });
        check(
            "group=params.lr&=&src=",
            ViewState {
                unknown: vec![("group".into(), "params.lr".into()), (String::new(), String::new())],
                ..ViewState::default()
            },
        );
    }

    #[test]
    fn a_long_link_drops_the_chosen_runs_first() {
        let ids = |count: usize| (0..count).map(|id| format!("{id:032}")).collect::<Vec<_>>();
        let state = ViewState { selected: ids(200), eye: Some(ids(20)), ..ViewState::default() };
        assert_eq!(write(&state).dropped, ["sel"]);
        let state = ViewState { selected: ids(200), eye: Some(ids(200)), ..ViewState::default() };
        assert_eq!(write(&state).dropped, ["sel", "eye"]);
        let state = ViewState { eye: Some(ids(200)), ..ViewState::default() };
        assert_eq!(write(&state).dropped, ["eye"]);
        let state = ViewState { filter: "x".repeat(5_000), ..ViewState::default() };
        assert_eq!(write(&state).dropped, [""; 0]);
    }

    fn read_and_written_again(fragment: &str) {
        let state = read(fragment);
        assert_eq!(read(&write(&state).fragment), state, "{fragment:?}");
    }

    #[test]
    fn what_is_odd_survives() {
        for fragment in
            ["&#", "##", "#&##=#", "=", "&#=1&a#b=c", "smooth=0.123", "sort=--", "cols=:24", "eye=,", "%23=%"]
        {
            read_and_written_again(fragment);
        }
    }

    const KEYS: &str = "src|ws|page|exp|state|run|layout|filter|cols|sort|sel|eye|x|y|smooth|file|#|[a-z#%]{0,4}";

    proptest! {
        #[test]
        fn every_view_comes_back(
            text in "\\PC{0,40}", names in prop::collection::vec("\\PC{1,12}", 0..4), numbers in (0_usize..4, 0_usize..3, 0_usize..3, 0_u32..100),
        ) {
            let state = ViewState {
                source: Some(text.clone()).filter(|text| !text.is_empty()),
                workspace: names.first().cloned(),
                page: PageName::ALL[numbers.0],
                shown: Shown::ALL[numbers.1],
                layout: Layout::ALL[numbers.2],
                filter: text.clone(),
                experiments: names.clone(),
                selected: names.clone(),
                eye: Some(names.clone()),
                sort: names.first().map(|name| (name.clone(), numbers.0 == 1)),
                widths: names.iter().map(|name| (name.clone(), 40)).collect(),
                smoothing: f64::from(numbers.3) / 100.0,
                artifact: names.first().cloned(),
                run: names.last().cloned(),
                ..ViewState::default()
            };
            prop_assert_eq!(read(&write(&state).fragment), state);
        }

        #[test]
        fn any_fragment_can_be_read_and_written_again(fragment in "\\PC{0,80}") {
            read_and_written_again(&fragment);
        }

        #[test]
        fn any_pairs_can_be_read_and_written_again(
            pairs in prop::collection::vec((KEYS, "[-#%=:,.0-9a-z\u{e9}]{0,12}"), 0..6),
        ) {
            let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            read_and_written_again(&pairs.join("&"));
        }
    }
}

//! The icons: 16 px, one stroke of 1.5, drawn in the colour of the text around them.

use leptos::prelude::*;

/// Names of the drawings.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IconName {
    Logo,
    Folder,
    Zip,
    Database,
    Server,
    File,
    Image,
    Table,
    Search,
    Filter,
    Close,
    Plus,
    More,
    CaretDown,
    ChevronRight,
    ChevronLeft,
    Eye,
    EyeOff,
    Check,
    Finished,
    Failed,
    Running,
    Killed,
    Scheduled,
    Warning,
    Info,
    ShieldCheck,
    Sun,
    Moon,
    AutoTheme,
    Help,
    Link,
    Download,
    Copy,
    Split,
    Chart,
    Columns,
    SortUp,
    SortDown,
    Retry,
    Tree,
    GitBranch,
    Sliders,
    Note,
    Dataset,
    Clock,
    User,
    Trash,
    Drag,
    External,
    Expand,
    Pin,
    Equal,
    Code,
    Box,
    Lock,
}

impl IconName {
    /// The strokes, as an SVG path in a box of 16 by 16.
    fn path(self) -> &'static str {
        match self {
            IconName::Logo => {
                "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M3.2 10.4c1.6.3 2.4-1 3.2-2.6S8 4.9 9.3 5.2s1.5 2 3.4 1.6"
            }
            IconName::Folder => {
                "M1.75 4.25a1 1 0 0 1 1-1H6l1.5 1.75h5.75a1 1 0 0 1 1 1v6.25a1 1 0 0 1-1 1H2.75a1 1 0 0 1-1-1z"
            }
            IconName::Zip => "M3.75 1.75h6l2.5 2.5v10h-8.5zM7 2v1.5M8.5 4v1.5M7 6v1.5M6.5 9h2.5v3H6.5z",
            IconName::Server => {
                "M2.75 2.5h10.5a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1H2.75a1 1 0 0 1-1-1v-3a1 1 0 0 1 1-1M2.75 8.5h10.5a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1H2.75a1 1 0 0 1-1-1v-3a1 1 0 0 1 1-1M4.75 5h.01M4.75 11h.01M7.5 5h3.75M7.5 11h3.75"
            }
            IconName::Database => {
                "M8 1.75c2.9 0 5.25.9 5.25 2s-2.35 2-5.25 2-5.25-.9-5.25-2 2.35-2 5.25-2M2.75 3.75v8.5c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2v-8.5M2.75 8c0 1.1 2.35 2 5.25 2s5.25-.9 5.25-2"
            }
            IconName::File => "M3.75 1.75h5.5l3 3v9.5h-8.5zM9 2v3h3",
            IconName::Image => {
                "M3.25 2.75h9.5a1 1 0 0 1 1 1v8.5a1 1 0 0 1-1 1h-9.5a1 1 0 0 1-1-1v-8.5a1 1 0 0 1 1-1M5.5 5a1 1 0 1 0 0 2a1 1 0 1 0 0-2M3 12l3.5-3.5 2 2L10.75 8l2.75 2.75"
            }
            IconName::Table => {
                "M3.25 2.75h9.5a1 1 0 0 1 1 1v8.5a1 1 0 0 1-1 1h-9.5a1 1 0 0 1-1-1v-8.5a1 1 0 0 1 1-1M2.5 6.25h11M2.5 9.75h11"
            }
            IconName::Search => "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.5 10.5l3.25 3.25",
            IconName::Filter => "M2.25 3h11.5L9.5 8.25v4.5l-3 1.25V8.25z",
            IconName::Close => "M4 4l8 8M12 4l-8 8",
            IconName::Plus => "M8 3v10M3 8h10",
            IconName::More => "M3.5 8h.01M8 8h.01M12.5 8h.01",
            IconName::CaretDown => "M4 6.25l4 4 4-4",
            IconName::ChevronRight => "M6.25 4l4 4-4 4",
            IconName::ChevronLeft => "M9.75 4l-4 4 4 4",
            IconName::Eye => {
                "M1.5 8S4 3.75 8 3.75 14.5 8 14.5 8 12 12.25 8 12.25 1.5 8 1.5 8zM8 6.25a1.75 1.75 0 1 0 0 3.5a1.75 1.75 0 1 0 0-3.5"
            }
            IconName::EyeOff => {
                "M6.3 4C6.8 3.8 7.4 3.75 8 3.75 12 3.75 14.5 8 14.5 8s-.7 1.2-1.95 2.3M10.2 11.85c-.7.25-1.4.4-2.2.4C4 12.25 1.5 8 1.5 8s.9-1.5 2.4-2.7M2.5 2.5l11 11"
            }
            IconName::Check => "M3.25 8.5l3 3 6.5-7",
            IconName::Finished => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M5.5 8.2l1.8 1.8 3.3-3.7",
            IconName::Failed => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M6 6l4 4M10 6l-4 4",
            IconName::Running => "M8 2.25A5.75 5.75 0 1 1 2.25 8M8 7a1 1 0 1 0 0 2a1 1 0 1 0 0-2",
            IconName::Killed => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M5.5 8h5",
            IconName::Scheduled => {
                "M8 2.25h.01M12.07 3.93h.01M13.75 8h.01M12.07 12.07h.01M8 13.75h.01M3.93 12.07h.01M2.25 8h.01M3.93 3.93h.01M8 5.25V8l1.75 1.25"
            }
            IconName::Clock => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M8 4.75V8l2.25 1.5",
            IconName::Warning => "M8 2.25L14.25 13.25H1.75zM8 6.5v3M8 11.4v.01",
            IconName::Info => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M8 7.5v3.25M8 5.2v.01",
            IconName::ShieldCheck => "M8 1.75L13 3.5v4c0 3.2-2 5.5-5 6.75C5 13 3 10.7 3 7.5v-4zM5.9 7.9l1.5 1.5 2.8-3",
            IconName::Sun => {
                "M8 5.25a2.75 2.75 0 1 0 0 5.5a2.75 2.75 0 1 0 0-5.5M8 1.5v1.25M8 13.25v1.25M1.5 8h1.25M13.25 8h1.25M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"
            }
            IconName::Moon => "M13.5 9.6A5.75 5.75 0 0 1 6.4 2.5a5.75 5.75 0 1 0 7.1 7.1z",
            IconName::AutoTheme => "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5v11.5M10 3.2v9.6M12 4.4v7.2",
            IconName::Help => {
                "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M6.3 6.3c.1-1 .8-1.55 1.7-1.55s1.7.6 1.7 1.45c0 1.2-1.7 1.3-1.7 2.5M8 11.1v.01"
            }
            IconName::Link => {
                "M6.75 9.25a2.5 2.5 0 0 0 3.6.1l2.2-2.2a2.5 2.5 0 0 0-3.55-3.55l-.8.8M9.25 6.75a2.5 2.5 0 0 0-3.6-.1l-2.2 2.2a2.5 2.5 0 0 0 3.55 3.55l.8-.8"
            }
            IconName::Download => "M8 2v7.5M5 6.75l3 3 3-3M2.5 11v2.25h11V11",
            IconName::Copy => {
                "M6.25 5.25h6.5a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1h-6.5a1 1 0 0 1-1-1v-6.5a1 1 0 0 1 1-1M10.5 5V3.25a1 1 0 0 0-1-1h-6.25a1 1 0 0 0-1 1V9.5a1 1 0 0 0 1 1H5"
            }
            IconName::Split => {
                "M3.25 2.75h9.5a1 1 0 0 1 1 1v8.5a1 1 0 0 1-1 1h-9.5a1 1 0 0 1-1-1v-8.5a1 1 0 0 1 1-1M8 3v10"
            }
            IconName::Chart => "M2.25 2.25v11.5h11.5M4.5 10.5l2.75-3.25 2 1.5L13 4",
            IconName::Columns => {
                "M3.25 2.75h9.5a1 1 0 0 1 1 1v8.5a1 1 0 0 1-1 1h-9.5a1 1 0 0 1-1-1v-8.5a1 1 0 0 1 1-1M6.25 3v10M10 3v10"
            }
            IconName::SortUp => "M8 12.5v-9M4.25 7.25L8 3.5l3.75 3.75",
            IconName::SortDown => "M8 3.5v9M4.25 8.75L8 12.5l3.75-3.75",
            IconName::Retry => "M13.25 8A5.25 5.25 0 1 1 11.5 4.1M13.25 1.75v3.5h-3.5",
            IconName::Tree => "M2.5 3.75h4M4.5 4v8h3M4.5 8h3M9.5 8h4M9.5 12h4",
            IconName::GitBranch => {
                "M4.5 2.25a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3M4.5 10.75a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3M11.5 4.25a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3M4.5 5.25v5.5M11.5 7.25c0 2.25-2 2.5-4 2.75-1.5.2-3 .4-3 .8"
            }
            IconName::Sliders => {
                "M2.25 4.5h6.15M11.6 4.5h2.15M2.25 11.5h2.15M7.6 11.5h6.15M10 2.9a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2M6 9.9a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2"
            }
            IconName::Note => "M2.75 2.25h10.5v7.5l-4 4h-6.5zM9.25 13.5V9.75h3.75",
            IconName::Dataset => "M2.25 3.25h11.5v9.5H2.25zM2.25 6.5h11.5M6 6.5v6.25",
            IconName::User => {
                "M8 2.5a2.75 2.75 0 1 0 0 5.5a2.75 2.75 0 1 0 0-5.5M2.75 13.75c.4-2.6 2.4-4 5.25-4s4.85 1.4 5.25 4"
            }
            IconName::Trash => "M2.75 4.25h10.5M6.25 4V2.25h3.5V4M4.25 4.5l.6 9h6.3l.6-9",
            IconName::Drag => "M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01",
            IconName::External => "M9 2.5h4.5V7M13.25 2.75L7.5 8.5M11.5 9.5v3.75h-8.75V4.5H6.5",
            IconName::Expand => "M9.5 2.25h4.25V6.5M6.5 13.75H2.25V9.5M13.5 2.5L9.25 6.75M2.5 13.5l4.25-4.25",
            IconName::Pin => "M6 2.25h4l-.5 4 2.25 2.25h-7.5L6.5 6.25zM8 8.75v5",
            IconName::Equal => "M3.5 6.25h9M3.5 9.75h9",
            IconName::Code => "M3 4.5l3.5 3.5L3 11.5M8 12h5",
            IconName::Box => "M8 1.75l5.5 3v6.5l-5.5 3-5.5-3v-6.5zM2.75 4.9L8 7.75l5.25-2.85M8 7.75v6.25",
            IconName::Lock => {
                "M4.25 7h7.5a1 1 0 0 1 1 1v4.75a1 1 0 0 1-1 1h-7.5a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2"
            }
        }
    }
}

/// An icon. Without a `label` it is hidden from screen readers: the word beside it says the same.
#[component]
pub fn Icon(
    /// Which drawing.
    name: IconName,
    /// What it says, where no word stands beside it.
    #[prop(into, optional)]
    label: String,
    /// Classes beside `ic`: `caret`, `small`, a judgement.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let class = match (class.is_empty(), matches!(name, IconName::More | IconName::Drag)) {
        (true, false) => "ic".to_owned(),
        (_, heavy) => format!("ic {class}{}", if heavy { " heavy" } else { "" }),
    };
    let (role, hidden) = if label.is_empty() { (None, Some("true")) } else { (Some("img"), None) };
    let label = (!label.is_empty()).then_some(label);
    let title = label.clone();
    view! {
        <svg class=class viewBox="0 0 16 16" role=role aria-hidden=hidden aria-label=label>
            {title.map(|title| view! { <title>{title}</title> })}
            <path d=name.path()></path>
        </svg>
    }
}

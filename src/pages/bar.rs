//! The bar on top: where you are, what was skipped, what was sent, theme, help; and the line that says how far reading is.

use crate::browser::preferences::{self, Theme};
use crate::pages::asked::AskedOf;
use crate::pages::asking::Standing;
use crate::pages::connect;
use crate::pages::opening::{self, How};
use crate::pages::state::{App, Drawer};
use crate::session::{Phase, Session};
use crate::view::format::{bytes, count, counted, one_line};
use crate::view::names::run_label;
use crate::view::{PageName, ViewState};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::menu::{MenuItem, MenuLink, MenuTitle, PopoverButton};
use leptos::prelude::*;

/// The bar.
#[component]
pub fn Bar() -> impl IntoView {
    let app = App::get();
    let theme = RwSignal::new(preferences::theme());
    let turn_theme = move |_| {
        let next = match theme.get_untracked() {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        };
        preferences::set_theme(next);
        theme.set(next);
    };
    let theme_words = move || match theme.get() {
        Theme::System => "Theme: as the system",
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
    };
    let skipped = move || {
        app.changed.track();
        app.histories_changed.track();
        app.report_changed.track();
        app.session.with_value(|session| session.report.total())
    };
    let has_server = app.has_server();
    let toggle = move |drawer: Drawer| {
        app.drawer.update(|open| *open = if *open == Some(drawer) { None } else { Some(drawer) });
    };
    view! {
        <header class="bar">
            <a class="brand" href="#"><Icon name=IconName::Logo />"Runglass"</a>
            <Crumbs />
            <ServerMenu />
            <AddMenu />
            <span class="grow"></span>
            <span class="said" class:shown=move || !app.said.with(String::is_empty) aria-hidden="true">{move || app.said.get()}</span>
            {move || {
                let count = skipped();
                (count > 0).then(|| view! {
                    <button type="button" class="btn quiet sm warning" aria-expanded=move || (app.drawer.get() == Some(Drawer::Notices)).to_string()
                        title="What could not be read as it stands" on:click=move |_| toggle(Drawer::Notices)>
                        <Icon name=IconName::Warning />{counted(count, "notice", "notices")}
                    </button>
                })
            }}
            <button type="button" class="btn quiet sm" aria-expanded=move || (app.drawer.get() == Some(Drawer::Sent)).to_string()
                title=move || if has_server.get() { "Requests go to the server that is open" } else { "No request has left this tab" } on:click=move |_| toggle(Drawer::Sent)>
                {move || if has_server.get() {
                    view! { <Icon name=IconName::External /><span class="word">"Asks a server"</span> }.into_any()
                } else {
                    view! { <Icon name=IconName::ShieldCheck /><span class="word">"0 bytes sent"</span> }.into_any()
                }}
            </button>
            <button type="button" class="btn quiet sm icon" aria-label=theme_words title=theme_words on:click=turn_theme>
                {move || view! { <Icon name=match theme.get() {
                    Theme::System => IconName::AutoTheme,
                    Theme::Light => IconName::Sun,
                    Theme::Dark => IconName::Moon,
                } /> }}
            </button>
            <button type="button" class="btn quiet sm icon" aria-label="Keys and help" title="Keys and help (?)"
                aria-expanded=move || (app.drawer.get() == Some(Drawer::Help)).to_string() on:click=move |_| toggle(Drawer::Help)>
                <Icon name=IconName::Help />
            </button>
        </header>
    }
}

/// What the server says of itself, its workspaces, and how often what runs is looked at.
#[component]
fn ServerMenu() -> impl IntoView {
    let app = App::get();
    let server = Memo::new(move |_| {
        app.changed.track();
        app.phase.track();
        let is_open = app.view.with(|view| view.page != PageName::Open);
        let found = |session: &Session| session.stores.iter().find_map(|store| store.server.clone());
        app.session.with_value(|session| found(session).filter(|_| is_open && session.has_server()))
    });
    let live = app.asked.live_ms;
    move || {
        let server = server.get()?;
        let words = match (&server.version, &server.workspace) {
            (version, Some(workspace)) => {
                format!("{} {} · {workspace}", server.name, version.as_deref().unwrap_or_default())
            }
            (Some(version), None) => format!("{} {version}", server.name),
            (None, None) => server.name.clone(),
        };
        let workspaces = server.workspaces.clone();
        let now = server.workspace.clone();
        Some(view! {
            <PopoverButton label="The server" class="btn quiet sm" button=move || {
                let words = words.clone();
                view! {
                    <span class="live" class:on=move || live.get() != 0 && app.asked.is_live.get() class:lost=move || !app.asked.is_live.get() aria-hidden="true"></span>
                    <span class="word" data-server-version="">{one_line(&words, 60)}</span><Icon name=IconName::CaretDown class="small" />
                }
            }>
                <MenuTitle text="Look at what runs" />
                {[(2_000, "Every 2 seconds"), (5_000, "Every 5 seconds"), (30_000, "Every 30 seconds"), (0, "Never")].map(|(ms, label)| view! {
                    <MenuItem radio=true checked=Signal::derive(move || live.get() == ms) on_press=Callback::new(move |()| app.asked.look_every(ms))>{label}</MenuItem>
                }).collect_view()}
                {(!workspaces.is_empty()).then(|| view! { <MenuTitle text="Workspace" /> })}
                {workspaces.clone().into_iter().map(|workspace| {
                    let (is_now, to) = (now.as_ref() == Some(&workspace), workspace.clone());
                    view! {
                        <MenuItem radio=true checked=Signal::stored(is_now) on_press=Callback::new(move |()| connect::change_workspace(app, to.clone()))>{one_line(&workspace, 60)}</MenuItem>
                    }
                }).collect_view()}
            </PopoverButton>
        })
    }
}

/// What can join what is open.
#[component]
fn AddMenu() -> impl IntoView {
    let app = App::get();
    let can_add = Memo::new(move |_| {
        app.changed.track();
        app.phase.track();
        app.view.with(|view| view.page != PageName::Open) && opening::can_add(app)
    });
    move || {
        can_add.get().then(|| view! {
            <PopoverButton label="Add to what is open" class="btn quiet sm icon" icon_only=true button=|| view! { <Icon name=IconName::Plus /> }>
                <MenuTitle text="Add to what is open" />
                <MenuItem icon=IconName::Folder on_press=Callback::new(move |()| opening::pick_folder(app, How::Add))>"A folder"</MenuItem>
                <MenuItem icon=IconName::Zip on_press=Callback::new(move |()| opening::pick_files(app, How::Add))>"Files"</MenuItem>
                <MenuTitle />
                <MenuLink href="#">"Open something else"</MenuLink>
            </PopoverButton>
        })
    }
}

/// Source / experiments / runs / run, as real links.
#[component]
fn Crumbs() -> impl IntoView {
    let app = App::get();
    let source =
        Memo::new(move |_| app.opened.get().filter(|name| app.view.with(|view| view.source.as_ref() == Some(name))));
    let page = app.page();
    let experiments = move || {
        let chosen = app.experiments_in_view.get();
        let named = app.view.with(|view| !view.experiments.is_empty());
        match chosen.as_slice() {
            [only] => app.session.with_value(|session| {
                session.experiments.get(*only as usize).map_or(String::new(), |experiment| experiment.name.clone())
            }),
            several if named => format!("{} experiments", several.len()),
            _ => "All experiments".to_owned(),
        }
    };
    let run = move || {
        let name = app.view.with(|view| view.run.clone()).unwrap_or_default();
        let row = app.run_names.get().number(&name);
        app.session.with_value(|session| row.map_or(name, |row| run_label(&session.table, row).to_owned()))
    };
    move || {
        let name = source.get()?;
        let shown = if name == opening::SAMPLE { "Sample".to_owned() } else { name };
        let page = page.get();
        let list = app.href(ViewState::to_experiments);
        let deep = matches!(page, PageName::Runs | PageName::Run);
        Some(view! {
            <nav class="crumbs" aria-label="Where you are">
                <a class="btn quiet sm" class:strong=page == PageName::Experiments href=list aria-current=(page == PageName::Experiments).then_some("page") title="Experiments">
                    <Icon name=if connect::is_address(&shown) { IconName::Server } else { IconName::Folder } /><span class="cut">{shown}</span>
                </a>
                {deep.then(|| view! {
                    <span class="sep" aria-hidden="true">"/"</span>
                    <a class="btn quiet sm" class:strong=page == PageName::Runs href=app.href_of_runs()
                        aria-current=(page == PageName::Runs).then_some("page")>
                        <span class="cut">{experiments}</span>
                    </a>
                })}
                {matches!(page, PageName::Models | PageName::Traces).then(|| view! {
                    <span class="sep" aria-hidden="true">"/"</span>
                    <span class="btn quiet sm strong" aria-current="page">{if page == PageName::Models { "Models" } else { "Traces" }}</span>
                })}
                {(page == PageName::Run).then(|| view! {
                    <span class="sep" aria-hidden="true">"/"</span>
                    <span class="btn quiet sm strong" aria-current="page"><span class="cut">{run}</span></span>
                })}
            </nav>
        })
    }
}

/// How far reading has come; after it ended early, what can be done.
#[component]
pub fn Reading() -> impl IntoView {
    let app = App::get();
    let is_here =
        Memo::new(move |_| app.opened.get().is_some() && app.opened.get() == app.view.with(|view| view.source.clone()));
    let read = move || {
        app.changed.track();
        app.session.with_value(|session| (session.read, session.experiments.len()))
    };
    let share = move || {
        let (read, _) = read();
        let part = |some: u64, all: u64| (some as f64 / all.max(1) as f64 * 100.0).clamp(0.0, 100.0);
        let runs = read.runs_total.map(|all| part(read.runs, all));
        let bytes = read.bytes_total.map(|all| part(read.bytes, all));
        // a database is read before it gives its runs: the bar does not fall back then. Nothing is said while nobody knows how
        // much there is
        runs.into_iter().chain(bytes).reduce(f64::max)
    };
    let adding = move || app.session.with_value(|session| session.looking_into().map(|name| one_line(name, 80)));
    let words = move || {
        let (read, experiments) = read();
        if let Some(name) = adding() {
            let here = if read.runs == 1 { "is" } else { "are" };
            return format!("Looking into {name}; {} {here} here already", counted(read.runs, "run", "runs"));
        }
        let of = |some: String, all: Option<String>| all.map_or(some.clone(), |all| format!("{some} of {all}"));
        let number = |number: u64| count(number as i64);
        match read.runs_total {
            Some(total) => format!(
                "{} of {} runs, {} files, {}",
                number(read.runs),
                number(total),
                of(number(read.files), read.files_total.map(number)),
                of(bytes(read.bytes), read.bytes_total.map(bytes))
            ),
            None if read.runs > 0 => {
                format!("{}, {}", counted(read.runs, "run", "runs"), of(bytes(read.bytes), read.bytes_total.map(bytes)))
            }
            None if !app.asked.said.with(String::is_empty) => app.asked.said.get(),
            // a server has no files
            None if experiments == 0 && server_host(app).is_some() => {
                format!("Connecting to {}", one_line(&server_host(app).unwrap_or_default(), 80))
            }
            None => format!(
                "Looking: {}, {}",
                counted(read.files, "file", "files"),
                counted(experiments as u64, "experiment", "experiments")
            ),
        }
    };
    move || {
        if app.gathering.get() > 0 {
            return Some(
                view! {
                    <div class="reading" role="region" aria-label="Reading">
                        <div class="prog unknown" role="progressbar" aria-label="Looking at what was dropped"></div>
                        <div class="reading-words"><span class="strong">"Looking at what was dropped …"</span></div>
                    </div>
                }
                .into_any(),
            );
        }
        if !is_here.get() {
            return None;
        }
        match app.phase.get() {
            Phase::Done | Phase::Reading if app.asked.standing.get() != Standing::Idle => Some(view! { <AskedOf /> }.into_any()),
            // a server's experiments are all here; what is beside them is being counted
            Phase::Reading if app.session.with_value(Session::has_server) => None,
            Phase::Looking | Phase::Reading => Some(view! {
                <div class="reading" role="region" aria-label="Reading">
                    <div class="prog" role="progressbar" aria-label="Reading" aria-valuemin="0" aria-valuemax="100"
                        class:unknown=move || share().is_none()
                        aria-valuenow=move || share().map(|share| format!("{share:.0}"))>
                        <i style:width=move || share().map(|share| format!("{share}%"))></i>
                    </div>
                    <div class="reading-words">
                        <span class="strong">"Reading"</span><span>{words}</span>
                        <button type="button" class="btn sm" on:click=move |_| opening::cancel(app)>"Cancel, keep these"</button>
                    </div>
                </div>
            }.into_any()),
            Phase::Cancelled => Some(view! {
                <div class="msg warning" role="status">
                    <Icon name=IconName::Info /><span class="grow"><b>"Reading was cancelled."</b>" "{words}". What was read is here; drop it again to read all."</span>
                </div>
            }.into_any()),
            Phase::Failed(fault) if app.session.with_value(|session| !session.experiments.is_empty()) => Some(view! {
                <div class="msg failed" role="alert">
                    <Icon name=IconName::Failed /><span class="grow"><b>"Reading ended early."</b>" "{fault.message.clone()}" What was read stays."</span>
                    {opening::can_restart(app, &fault).then(|| view! {
                        <button type="button" class="btn sm" on:click=move |_| opening::restart(app)><Icon name=IconName::Retry />"Restart"</button>
                    })}
                </div>
            }.into_any()),
            _ => None,
        }
    }
}

/// The host of the server that is being opened, or is open, alone.
fn server_host(app: App) -> Option<String> {
    app.things.with_value(|things| match things.as_slice() {
        [thing] => thing.server().map(|connection| connection.address.host()),
        _ => None,
    })
}

//! The frame around all pages: the bar, what is dragged over the window, the inputs that open files, keys, drawers.

use crate::browser::{base_url, files, signs, worker};
use crate::pages::look::Look;
use crate::pages::opening::How;
use crate::pages::state::{App, Drawer, on_letters};
use crate::pages::{bar, help, notices, open, opening};
use crate::session::Phase;
use crate::view::{PageName, ViewState};
use leptos::ev;
use leptos::prelude::*;

/// What fills the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// Nothing is open.
    Open,
    /// The link names something that must be dropped again.
    Waiting,
    /// What was opened holds no tracking data, or could not be read at all.
    Failed,
    /// A page of what is open.
    Page(PageName),
    /// Nothing, for the blink of a change of pages.
    Nothing,
}

/// The whole app.
#[component]
pub fn Shell() -> impl IntoView {
    let app = App::new();
    provide_context(app);
    let dragged = RwSignal::new(None::<How>);
    watch_drops(app, dragged);
    watch_keys(app);
    let named = Memo::new(move |_| app.view.with(|view| (view.source.clone(), view.workspace.clone())));
    Effect::new(move |before: Option<()>| {
        // a link, or the way back: the sample, and what is served, can be opened without asking
        opening::open_by_itself(app, named.get().0.as_deref(), before.is_none());
    });
    // if nothing is in flight, the frame that shows the open page makes the page idle
    drop(signs::Busy::start());
    let content = Memo::new(move |_| {
        if app.leaving.get() > 0 {
            return Content::Nothing;
        }
        let (source, page) = app.view.with(|view| (view.source.clone(), view.page));
        let opened = app.opened.get();
        match (source, opened) {
            (None, _) => Content::Open,
            (Some(wanted), Some(opened)) if wanted == opened => match app.phase.get() {
                Phase::Failed(_) if app.session.with_value(|session| session.experiments.is_empty()) => Content::Failed,
                _ if page == PageName::Open => Content::Open,
                _ => Content::Page(page),
            },
            (Some(wanted), None) if opening::opens_by_itself(&wanted) && app.refused.with(Option::is_none) => {
                Content::Page(PageName::Experiments)
            }
            (Some(wanted), Some(_)) if opening::opens_by_itself(&wanted) => Content::Nothing,
            (Some(_), _) => Content::Waiting,
        }
    });
    let look = Look::new(app);
    signs::after_paint(move || {
        look.fetch();
        if app.opened.with_untracked(Option::is_none) {
            worker::fetch_ahead(&base_url());
        }
    });
    // a link that names data wants it before the first paint; a page that wants it tries once more what failed ahead
    Effect::new(move |_| {
        if matches!(content.get(), Content::Page(_) | Content::Waiting) {
            look.fetch();
        }
    });
    view! {
        <a class="skip" href="#main" on:click=move |event| {
            event.prevent_default();
            crate::browser::document::focus("#main");
        }>"Skip to the content"</a>
        <Inputs app=app />
        <bar::Bar />
        <bar::Reading />
        <main id="main" class="page" tabindex="-1">
            {move || match content.get() {
                Content::Open => view! { <open::Open waiting=false /> }.into_any(),
                Content::Waiting => view! { <open::Open waiting=true /> }.into_any(),
                Content::Nothing => ().into_any(),
                Content::Failed => view! { <open::Failed /> }.into_any(),
                Content::Page(name) => look.show(name),
            }}
        </main>
        <notices::Notices />
        <help::Help />
        <help::Sent />
        <div class="drop-over" class:shown=move || dragged.get().is_some() aria-hidden="true">
            {move || dragged.get().map(|how| {
                let sheet = move |of: How, big: &'static str, small: &'static str| view! {
                    <div class="drop-sheet" class:on=move || of == how>
                        <p class="drop-big">{big}</p>
                        <p>{small}</p>
                    </div>
                };
                if opening::can_add(app) {
                    view! {
                        {sheet(How::Replace, "Replace", "What is open is closed.")}
                        {sheet(How::Add, "Add", "It joins what is open, in the same tables.")}
                    }.into_any()
                } else {
                    sheet(How::Replace, "Let go to open it", "What it is shows as soon as it is dropped.").into_any()
                }
            })}
        </div>
        <p class="sr" role="status">{move || app.said.get()}</p>
    }
}

/// The two inputs that open files; always in the page, for buttons, tests and pages that embed us.
#[component]
fn Inputs(app: App) -> impl IntoView {
    let folder = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = folder.get() {
            files::ask_for_folders(&input);
        }
    });
    let changed = move |event: ev::Event| {
        let how = app.next_how.try_update_value(std::mem::take).unwrap_or_default();
        opening::open(app, files::from_input(&event), how);
    };
    // the next thing that is picked replaces again
    let forget = move |_: ev::Event| app.next_how.set_value(How::Replace);
    view! {
        <div hidden>
            <input type="file" data-open="files" multiple aria-label="Files to open" on:change=changed on:cancel=forget />
            <input type="file" data-open="folder" node_ref=folder aria-label="Folder to open" on:change=changed on:cancel=forget />
        </div>
    }
}

/// Files dragged anywhere over the window; dragged text and tabs are none of ours.
fn watch_drops(app: App, dragged: RwSignal<Option<How>>) {
    let holds_files =
        |event: &ev::DragEvent| event.data_transfer().is_some_and(|transfer| files::holds_files(&transfer));
    for name in ["dragenter", "dragover"] {
        files::on_window(name, move |event: ev::DragEvent| {
            if holds_files(&event) {
                event.prevent_default();
                let how = how_at(app, &event);
                if dragged.get_untracked() != Some(how) {
                    dragged.set(Some(how));
                }
            }
        });
    }
    files::on_window("dragleave", move |event: ev::DragEvent| {
        if event.related_target().is_none() {
            dragged.set(None);
        }
    });
    files::on_window("drop", move |event: ev::DragEvent| {
        if holds_files(&event) {
            event.prevent_default();
            dragged.set(None);
            if let Some(transfer) = event.data_transfer() {
                opening::open_when_walked(app, files::from_drop(&transfer), how_at(app, &event));
            }
        }
    });
    files::on_window("keydown", move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            dragged.set(None);
        }
    });
}

/// Dropped on the right half of the window, things join what is open.
fn how_at(app: App, event: &ev::DragEvent) -> How {
    let is_right = f64::from(event.client_x()) * 2.0 >= crate::browser::document::width_px();
    if is_right && opening::can_add(app) { How::Add } else { How::Replace }
}

/// Single letters outside text fields; they can be switched off.
fn watch_keys(app: App) {
    on_letters(move |letter| match letter {
        "?" => {
            app.drawer.update(|drawer| *drawer = if *drawer == Some(Drawer::Help) { None } else { Some(Drawer::Help) });
            true
        }
        "/" => crate::browser::document::focus("[data-query], [data-search]"),
        "e" if app.opened.with_untracked(Option::is_some) => {
            app.go(ViewState::to_experiments);
            true
        }
        "n" if app.session.with_value(|session| !session.report.is_empty()) => {
            app.drawer.set(Some(Drawer::Notices));
            true
        }
        _ => false,
    });
}

//! Opening: from things picked or dropped to a session that fills. A second opening replaces the first.

use crate::browser::files::{Thing, fetch_beside, name_of, pick_folder as pick_folder_handle};
use crate::browser::server::{self, Connection};
use crate::browser::worker::Reader;
use crate::browser::{base_url, document, handles, pause, policy, served, signs};
use crate::model::{Experiment, Lifecycle};
use crate::pages::connect;
use crate::pages::state::App;
use crate::session::{Histories, Opening, Phase, Session, Shelves, Step, load, load_experiments};
use crate::sources::hosted::Served;
use crate::sources::mounts::free_name;
use crate::sources::path;
use crate::sources::remote::Remote;
use crate::sources::rest::Address;
use crate::sources::union::Union;
use crate::sources::{Fault, FaultKind};
use crate::view::curves::Colours;
use crate::view::names::Names;
use crate::view::{PageName, Shown, ViewState};
use crate::widgets::turns::in_the_next_turn;
use leptos::prelude::*;
use std::rc::Rc;

/// Least time between two changes that the page is told of while runs come, in milliseconds.
const TELL_EVERY_MS: f64 = 250.0;
/// The page is told again after so many times as long as it took: the more runs there are, the longer.
const TELLING_SHARE: f64 = 8.0;
/// As long as there are so few, each page of runs is shown at once.
const FEW_RUNS: u64 = 60;

/// What the link calls the sample.
pub const SAMPLE: &str = "sample";

/// What becomes of what is open when something more is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// It is closed.
    #[default]
    Replace,
    /// It stays; the new joins it.
    Add,
}

/// Opens things once they were walked, which takes a while where the browser hands out a dropped folder file by file.
pub fn open_when_walked(app: App, things: impl Future<Output = Vec<Thing>> + 'static, how: How) {
    let busy = signs::Busy::start();
    let opening = app.opening.get_value();
    app.gathering.update(|count| *count += 1);
    leptos::task::spawn_local(async move {
        let things = things.await;
        app.gathering.update(|count| *count -= 1);
        // something else was opened meanwhile
        if app.opening.get_value() == opening {
            open(app, things, how);
        }
        drop(busy);
    });
}

/// Opens things; nothing happens for an empty list (the user thought better of it).
pub fn open(app: App, things: Vec<Thing>, how: How) {
    if things.is_empty() {
        return;
    }
    let name = match name_of(&things) {
        // the link's own word
        name if name == SAMPLE => format!("{SAMPLE} (yours)"),
        name => name,
    };
    if let [thing] = things.as_slice() {
        let (kept_as, thing) = (name.clone(), thing.clone());
        leptos::task::spawn_local(async move { handles::keep(&kept_as, &thing).await });
    }
    match how {
        How::Add if can_add(app) => add(app, name, things),
        _ => {
            app.act_first.set_value(Some(signs::Act::start("first-rows")));
            start(app, name, things);
        }
    }
}

/// Lets the user pick a folder, by the browser's own picker where there is one.
pub fn pick_folder(app: App, how: How) {
    leptos::task::spawn_local(async move {
        match pick_folder_handle().await {
            Some(things) => open(app, things, how),
            None => {
                app.next_how.set_value(how);
                document::click("input[data-open=folder]");
            }
        }
    });
}

/// Lets the user pick files.
pub fn pick_files(app: App, how: How) {
    app.next_how.set_value(how);
    document::click("input[data-open=files]");
}

/// Whether something can join what is open: it is, and what it holds is known.
pub fn can_add(app: App) -> bool {
    app.source.with_value(Option::is_some)
        && app.session.with_value(|session| {
            session.phase != Phase::Looking
                && !(session.experiments.is_empty() && matches!(session.phase, Phase::Failed(_)))
        })
}

/// Opens the sample that lies beside the page.
pub fn open_sample(app: App) {
    app.act_first.set_value(Some(signs::Act::start("first-rows")));
    let busy = signs::Busy::start();
    let opening = app.opening.get_value();
    leptos::task::spawn_local(async move {
        match fetch_beside(&format!("{}sample.zip", base_url()), SAMPLE).await {
            // something else was opened meanwhile
            Ok(_) if app.opening.get_value() != opening => {}
            Ok(thing) => start(app, SAMPLE.to_owned(), vec![thing]),
            Err(message) => app.refused.set(Some(message)),
        }
        drop(busy);
    });
}

/// What the page's own server serves, with the name that the link knows it by.
fn served() -> Option<(String, Served)> {
    let served = served::served()?;
    let name = match served.name()? {
        // the link's own word
        SAMPLE => format!("{SAMPLE} (served)"),
        name => name.to_owned(),
    };
    Some((name, served))
}

/// Whether a link to this name opens without the user giving anything.
pub fn opens_by_itself(name: &str) -> bool {
    name == SAMPLE
        || served().is_some_and(|(served, _)| served == name)
        || own_server().is_some_and(|own| own.base() == name)
}

/// Opens what a link names, where that needs nobody; a page that was just loaded opens what is served with it.
pub fn open_by_itself(app: App, named: Option<&str>, is_start: bool) {
    if named.is_some() && app.opened.with_untracked(|opened| opened.as_deref() == named) {
        return connect::follow_workspace(app);
    }
    if named == Some(SAMPLE) {
        return open_sample(app);
    }
    match served() {
        Some((name, served)) if named == Some(&*name) || (named.is_none() && is_start) => {
            app.act_first.set_value(Some(signs::Act::start("first-rows")));
            // with a server at hand too, data comes first; a link to the server leads there
            return start(app, name.clone(), vec![Thing::Served(name, served)]);
        }
        _ => {}
    }
    if let Some(address) = own_server().filter(|own| named.map_or(is_start, |named| own.base() == named)) {
        let credentials = server::kept(&address);
        let workspace = connect::named_workspace(app, &address);
        connect::connect(app, Connection { address, credentials, workspace });
    }
}

/// The tracking server that the page's own server reaches for it.
fn own_server() -> Option<Address> {
    let below = served::served()?.server?;
    Address::parse(&format!("{}{below}", served::page_address())).ok()
}

/// Asks for what the browser keeps under this name and opens it.
pub fn open_again(app: App, name: String, kept: handles::Kept) {
    leptos::task::spawn_local(async move {
        if handles::may_read(&kept).await
            && let Some(thing) = kept.thing().await
        {
            start(app, name, vec![thing]);
        } else {
            app.refused.set(Some(format!("The browser was not allowed to read {name}.")));
        }
    });
}

/// Whether opening the same things once more may help after `fault`: a file that changed on disk has to be had anew.
pub fn can_restart(app: App, fault: &Fault) -> bool {
    let may_help = |thing: &Thing| fault.kind != FaultKind::FileChanged || thing.can_be_had_anew();
    fault.kind != FaultKind::NotRecognised
        && app.things.with_value(|things| !things.is_empty() && things.iter().all(may_help))
}

/// Opens the same things again, as they are now.
pub fn restart(app: App) {
    let opening = app.opening.get_value();
    leptos::task::spawn_local(async move {
        let mut things = Vec::new();
        for thing in app.things.get_value() {
            things.push(thing.anew().await);
        }
        if let Some(name) = app.opened.get_untracked().filter(|_| app.opening.get_value() == opening) {
            start(app, name, things);
        }
    });
}

/// Stops loading; what was read stays.
pub fn cancel(app: App) {
    app.session.update_value(Session::cancel);
    app.show_phase(app.session.with_value(|session| session.phase.clone()));
    // what came since the page was told last
    app.changed.update(|count| *count += 1);
}

/// Opens things under a name; what was open is closed.
pub fn start(app: App, name: String, things: Vec<Thing>) {
    app.after_leaving(pause(), move || start_now(app, name, things));
}

fn start_now(app: App, name: String, things: Vec<Thing>) {
    let is_server = is_server(&things);
    if !is_server {
        policy::forbid_connections();
    }
    let act = app.act_first.get_value().unwrap_or_else(|| signs::Act::start("first-rows"));
    app.act_first.set_value(Some(act));
    app.act_all.set_value(Some(signs::Act::start("all-rows")));
    let opening = app.opening.get_value() + 1;
    app.opening.set_value(opening);
    app.histories_asked.abort();
    app.source.set_value(None);
    app.session.set_value(Session::default());
    app.histories.set_value(Histories::sampled(is_server.then_some(ENOUGH_POINTS)));
    app.asked.forget();
    app.shelf.update_value(Shelves::forget);
    app.colours.set_value(Colours::default());
    app.refused.set(None);
    app.said.set(String::new());
    app.drawer.set(None);
    app.show_phase(Phase::Looking);
    app.changed.update(|count| *count += 1);
    app.opened.set(Some(name.clone()));
    app.things.set_value(things.clone());
    signs::set_failed(false);
    signs::set_runs(0, None);
    // the view of a link waits for this name; another name starts afresh
    let workspace = things.iter().find_map(Thing::server).and_then(|connection| connection.workspace.clone());
    let is_waited_for = app.view.with_untracked(|view| {
        let is_of_it = !is_server || view.workspace == workspace;
        is_of_it && view.source.as_deref() == Some(&*name) && view.page != PageName::Open
    });
    if !is_waited_for {
        app.go(|view| {
            let source = Some(name.clone());
            *view = ViewState { source, workspace, page: PageName::Experiments, ..ViewState::default() }
        });
    }
    let whole = Rc::new(Union::new());
    app.source.set_value(Some(whole.clone()));
    let opening = Opening { name, things: things.len(), is_server, ..Opening::default() };
    read(app, whole, opening, things, !is_waited_for);
}

fn is_server(things: &[Thing]) -> bool {
    things.iter().any(|thing| thing.server().is_some())
}

/// Opens things beside what is open: they join the tables, with their name in a column.
fn add(app: App, name: String, things: Vec<Thing>) {
    let Some(whole) = app.source.get_value() else { return };
    let prefix = app.session.with_value(|session| {
        let is_taken = |name: &str| {
            let lies_there = |experiment: &Experiment| path::lies_in(&experiment.path, name);
            session.openings.iter().any(|opening| opening.prefix == name) || session.experiments.iter().any(lies_there)
        };
        free_name(&name, is_taken)
    });
    let name = if app.session.with_value(|session| session.openings.iter().any(|opening| opening.name == name)) {
        prefix.clone()
    } else {
        name
    };
    app.act_all.set_value(Some(signs::Act::start("all-rows")));
    app.things.update_value(|all| all.extend(things.iter().cloned()));
    name_together(app);
    app.say(format!("Adding {name}"));
    app.shelf.update_value(Shelves::forget);
    let opening = Opening { name, prefix, things: things.len(), is_server: is_server(&things), ..Opening::default() };
    read(app, whole, opening, things, false);
}

/// So many points of a curve are asked of a server at first: more than a chart has pixels.
const ENOUGH_POINTS: u32 = 1_000;
/// What a server has beside its runs is counted after so many milliseconds, if it still answers other questions then.
const COUNTED_AFTER_MS: f64 = 5_000.0;
/// The first runs may take so long to show, in milliseconds, before the others are read.
const SHOWN_MS: f64 = 400.0;

/// Reads an opening in a worker of its own, as a part of the whole.
fn read(app: App, whole: Rc<Union>, opening: Opening, things: Vec<Thing>, choose_page: bool) {
    let number = app.opening.get_value();
    let busy = signs::Busy::start();
    let prefix = opening.prefix.clone();
    let at = app.session.try_update_value(|session| session.start(opening)).unwrap_or_default();
    app.show_phase(app.session.with_value(|session| session.phase.clone()));
    leptos::task::spawn_local(async move {
        let opened = async {
            let reader = Reader::start(&base_url())?;
            reader.listen(move |sentence| app.asked.said.set(sentence));
            reader.open(&things).await?;
            Ok(reader)
        };
        let opened = opened.await;
        let is_open = move || app.opening.get_value() == number;
        match opened {
            _ if !is_open() => {}
            Ok(reader) => {
                let source = Rc::new(Remote::new(Rc::new(reader.clone())));
                let part = whole.clone().part(whole.add(&prefix, source));
                let mut take = |step: Step| {
                    if !is_open() {
                        return false;
                    }
                    if at > 0
                        && let Step::Failed(fault) = &step
                    {
                        if fault.kind == FaultKind::NotRecognised && may_belong(app, &things) {
                            join(app);
                            return false;
                        }
                        leave_out(app, things.len());
                    }
                    absorb(app, at, step, choose_page);
                    app.session.with_value(|session| session.wants(at))
                };
                if is_server(&things) {
                    let part = Rc::new(part);
                    app.asked.add(at, part.clone(), reader);
                    // what is only counted waits for what is looked at
                    load_experiments(&*part, &mut take, signs::quiet(COUNTED_AFTER_MS, 1)).await;
                } else {
                    load(&part, &mut take, &signs::now_ms, signs::quiet(SHOWN_MS, 1)).await;
                }
                let is_read =
                    app.session.with_value(|session| session.openings.get(at).is_some_and(|opening| opening.is_read));
                if at > 0 && is_open() && is_read {
                    app.say(format!("{prefix} was added"));
                }
            }
            Err(fault) => {
                if at > 0 {
                    leave_out(app, things.len());
                }
                absorb(app, at, Step::Failed(fault), false);
            }
        }
        drop(busy);
    });
}

/// Whether what holds no runs of its own may be a part of what is open: the log of a database, or a folder of artifacts.
fn may_belong(app: App, things: &[Thing]) -> bool {
    let has_others = app.session.with_value(|session| session.stores.iter().any(|store| store.format != "mlruns"));
    things.iter().any(|thing| {
        let name = thing.name();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let is_tree = !matches!(thing, Thing::File(..)) || ends(&[".zip", ".tar", ".tgz", ".gz", ".zst"]);
        ends(&["-wal", "-journal"]) || (is_tree && has_others)
    })
}

/// All that is open is read once more, together; the view stays.
fn join(app: App) {
    let (experiments, runs) = (app.experiment_names.get_untracked(), app.run_names.get_untracked());
    app.session.with_value(|session| {
        let experiment = |name: &String| {
            let number = experiments.number(name)?;
            Some(session.place_together(number, &session.experiments.get(number as usize)?.path))
        };
        let run = |name: &String| {
            let row = runs.number(name)? as usize;
            Some(session.place_together(*session.table.experiment.get(row)?, &session.table.key.get(row)?.0))
        };
        app.tune(|view| {
            view.experiments = view.experiments.iter().filter_map(experiment).collect();
            view.run = view.run.as_ref().and_then(run);
            view.selected = view.selected.iter().filter_map(run).collect();
            view.eye = view.eye.as_ref().map(|eye| eye.iter().filter_map(run).collect());
        });
    });
    restart(app);
    app.say("It holds no runs of its own: reading it together with what is open");
}

/// What is open, and the link, are called after all things that are open.
fn name_together(app: App) {
    let together = name_of(&app.things.get_value());
    app.opened.set(Some(together.clone()));
    app.tune(|view| view.source = Some(together));
}

/// What was added could not be opened: it is a part of what is open no more.
fn leave_out(app: App, things: usize) {
    app.things.update_value(|all| all.truncate(all.len().saturating_sub(things)));
    name_together(app);
    app.say("It could not be opened: see the notices");
}

/// Takes one step into the session and tells the page.
fn absorb(app: App, opening: usize, step: Step, choose_page: bool) {
    let last_experiments = matches!(&step, Step::Experiments(page) if page.next.is_none());
    if !app.session.with_value(|session| session.wants(opening)) {
        return;
    }
    app.session.update_value(|session| session.absorb(opening, step));
    let (phase, read) = app.session.with_value(|session| (session.phase.clone(), session.read));
    signs::set_runs(read.runs, read.runs_total);
    signs::set_failed(matches!(phase, Phase::Failed(_)));
    if last_experiments {
        if choose_page {
            let opening = app.opening.get_value();
            in_the_next_turn(move || {
                if app.opening.get_value() == opening {
                    choose(app);
                    app.changed.update(|count| *count += 1);
                }
            });
        } else {
            leave_what_is_not_here(app);
        }
    }
    let done = phase == Phase::Done;
    let is_told_by_choosing = last_experiments && choose_page;
    let is_news = !phase.is_loading() || read.runs <= FEW_RUNS;
    if app.phase.with_untracked(|shown| *shown != phase) {
        app.show_phase(phase);
    }
    if !is_told_by_choosing {
        tell(app, is_news);
    }
    // all runs of a server are here when asking ends
    if done
        && !app.session.with_value(Session::has_server)
        && let Some(act) = app.act_all.get_value()
    {
        act.shown();
    }
}

/// Tells the page that the session has more: at once, or after a while, since pages come faster than anybody can look, and telling
/// costs more the more runs there are.
pub fn tell(app: App, is_news: bool) {
    let now_ms = signs::now_ms();
    let (told_ms, took_ms) = app.told.get_value();
    let is_time = now_ms - told_ms >= TELL_EVERY_MS.max(took_ms * TELLING_SHARE);
    if is_news || is_time {
        app.told.set_value((now_ms, took_ms));
        app.changed.update(|count| *count += 1);
        in_the_next_turn(move || app.told.set_value((now_ms, signs::now_ms() - now_ms)));
    }
}

/// A link may name experiments that what was given does not hold, most of all another folder of the same name.
fn leave_what_is_not_here(app: App) {
    let named = app.view.with_untracked(|view| view.experiments.clone());
    let names = app.session.with_value(|session| Names::of_experiments(&session.experiments));
    if !named.is_empty() && names.numbers(&named).is_empty() {
        app.say("The link names experiments that are not here; all that are here are listed");
        app.tune(|view| {
            let (source, workspace) = (view.source.take(), view.workspace.take());
            *view = ViewState { source, workspace, page: PageName::Experiments, ..ViewState::default() };
        });
    }
}

/// A single experiment with runs needs no list: its runs are shown at once. Where all is deleted, deleted is shown.
fn choose(app: App) {
    let (only, all_deleted) = app.session.with_value(|session| {
        let mut full = (0..).zip(&session.experiments).filter(|(_, experiment)| experiment.runs_expected > 0);
        // the memo of names is told of these experiments after this
        let name = |number| Names::of_experiments(&session.experiments).name(number).to_owned();
        let only = match (full.next(), full.next()) {
            (Some((number, _)), None) => Some(name(number)),
            _ => None,
        };
        let deleted = |experiment: &Experiment| experiment.lifecycle == Lifecycle::Deleted;
        (only, !session.experiments.is_empty() && session.experiments.iter().all(deleted))
    });
    app.tune(|view| {
        if all_deleted {
            view.shown = Shown::All;
        }
        if let Some(only) = only {
            view.page = PageName::Runs;
            view.experiments = vec![only];
        }
    });
}

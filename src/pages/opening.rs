//! Opening: from things picked or dropped to a session that fills. A second opening replaces the first.

use crate::browser::files::{Thing, fetch_beside, name_of};
use crate::browser::worker::Reader;
use crate::browser::{base_url, handles, pause, policy, signs};
use crate::pages::state::App;
use crate::session::{Histories, Phase, Session, Step, load};
use crate::sources::Fault;
use crate::sources::remote::Remote;
use crate::view::curves::Colours;
use crate::view::{PageName, Shown, ViewState};
use crate::widgets::turns::in_the_next_turn;
use leptos::prelude::*;
use std::rc::Rc;

/// Least time between two changes that the page is told of while runs come, in milliseconds.
const TELL_EVERY_MS: f64 = 250.0;
/// As long as there are so few, each page of runs is shown at once.
const FEW_RUNS: u64 = 60;

/// What the link calls the sample.
pub const SAMPLE: &str = "sample";

/// Opens things once they were walked, which takes a while where the browser hands out a dropped folder file by file.
pub fn open_when_walked(app: App, things: impl Future<Output = Vec<Thing>> + 'static) {
    let busy = signs::Busy::start();
    let opening = app.opening.get_value();
    app.gathering.update(|count| *count += 1);
    leptos::task::spawn_local(async move {
        let things = things.await;
        app.gathering.update(|count| *count -= 1);
        // something else was opened meanwhile
        if app.opening.get_value() == opening {
            open(app, things);
        }
        drop(busy);
    });
}

/// Opens things; nothing happens for an empty list (the user thought better of it).
pub fn open(app: App, things: Vec<Thing>) {
    if !things.is_empty() {
        app.act_first.set_value(Some(signs::Act::start("first-rows")));
        let name = match name_of(&things) {
            // the link's own word
            name if name == SAMPLE => format!("{SAMPLE} (yours)"),
            name => name,
        };
        if let [thing] = things.as_slice() {
            let (kept_as, thing) = (name.clone(), thing.clone());
            leptos::task::spawn_local(async move { handles::keep(&kept_as, &thing).await });
        }
        start(app, name, things);
    }
}

/// Opens the sample that lies beside the page.
pub fn open_sample(app: App) {
    app.act_first.set_value(Some(signs::Act::start("first-rows")));
    let busy = signs::Busy::start();
    let opening = app.opening.get_value();
    leptos::task::spawn_local(async move {
        match fetch_beside(&format!("{}sample.zip", base_url()), "sample.zip").await {
            // something else was opened meanwhile
            Ok(_) if app.opening.get_value() != opening => {}
            Ok(thing) => start(app, SAMPLE.to_owned(), vec![thing]),
            Err(message) => app.refused.set(Some(message)),
        }
        drop(busy);
    });
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

/// Whether the same things can be opened once more, after a reader died.
pub fn can_restart(app: App) -> bool {
    app.things.with_value(|things| !things.is_empty())
}

/// Opens the same things again.
pub fn restart(app: App) {
    let things = app.things.get_value();
    if let Some(name) = app.opened.get_untracked() {
        start(app, name, things);
    }
}

/// Stops loading; what was read stays.
pub fn cancel(app: App) {
    app.session.update_value(Session::cancel);
    app.phase.set(app.session.with_value(|session| session.phase.clone()));
    // what came since the page was told last
    app.changed.update(|count| *count += 1);
}

fn start(app: App, name: String, things: Vec<Thing>) {
    app.after_leaving(pause(), move || start_now(app, name, things));
}

fn start_now(app: App, name: String, things: Vec<Thing>) {
    policy::forbid_connections();
    let act = app.act_first.get_value().unwrap_or_else(|| signs::Act::start("first-rows"));
    app.act_first.set_value(Some(act));
    app.act_all.set_value(Some(signs::Act::start("all-rows")));
    let opening = app.opening.get_value() + 1;
    app.opening.set_value(opening);
    app.source.set_value(None);
    app.session.set_value(Session::default());
    app.histories.set_value(Histories::default());
    app.colours.set_value(Colours::default());
    app.refused.set(None);
    app.drawer.set(None);
    app.phase.set(Phase::Looking);
    app.changed.update(|count| *count += 1);
    app.opened.set(Some(name.clone()));
    app.things.set_value(things.clone());
    signs::set_failed(false);
    signs::set_runs(0, None);
    // the view of a link waits for this name; another name starts afresh
    let is_waited_for =
        app.view.with_untracked(|view| view.source.as_deref() == Some(&*name) && view.page != PageName::Open);
    if !is_waited_for {
        app.go(|view| {
            *view = ViewState { source: Some(name.clone()), page: PageName::Experiments, ..ViewState::default() }
        });
    }
    let busy = signs::Busy::start();
    leptos::task::spawn_local(async move {
        match read(app, opening, things, !is_waited_for).await {
            Ok(()) => {}
            Err(fault) if app.opening.get_value() == opening => absorb(app, Step::Failed(fault), false),
            Err(_) => {}
        }
        drop(busy);
    });
}

async fn read(app: App, opening: u64, things: Vec<Thing>, choose_page: bool) -> Result<(), Fault> {
    let reader = Reader::start(&base_url())?;
    reader.open(&things).await?;
    let source: Rc<dyn crate::sources::Source> = Rc::new(Remote::new(Rc::new(reader)));
    if app.opening.get_value() != opening {
        return Ok(());
    }
    app.source.set_value(Some(source.clone()));
    let mut take = |step: Step| {
        if app.opening.get_value() != opening {
            return false;
        }
        absorb(app, step, choose_page);
        app.session.with_value(|session| session.phase.is_loading())
    };
    load(&*source, &mut take, &signs::now_ms).await;
    Ok(())
}

/// Takes one step into the session and tells the page.
fn absorb(app: App, step: Step, choose_page: bool) {
    let last_experiments = matches!(&step, Step::Experiments(page) if page.next.is_none());
    if app.session.with_value(|session| session.phase == Phase::Cancelled) {
        return;
    }
    app.session.update_value(|session| session.absorb(step));
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
    // pages come faster than anybody can look, and telling costs more the more runs there are
    let is_told_by_choosing = last_experiments && choose_page;
    let is_news = !phase.is_loading() || (read.runs <= FEW_RUNS && !is_told_by_choosing);
    if app.phase.with_untracked(|shown| *shown != phase) {
        app.phase.set(phase);
    }
    let now_ms = signs::now_ms();
    if is_news || (now_ms - app.told_ms.get_value() >= TELL_EVERY_MS && !is_told_by_choosing) {
        app.told_ms.set_value(now_ms);
        app.changed.update(|count| *count += 1);
    }
    if done && let Some(act) = app.act_all.get_value() {
        act.shown();
    }
}

/// A link may name experiments that what was given does not hold, most of all another folder of the same name.
fn leave_what_is_not_here(app: App) {
    let named = app.view.with_untracked(|view| view.experiments.clone());
    let names = app.session.with_value(|session| crate::view::names::Names::of_experiments(&session.experiments));
    if !named.is_empty() && names.numbers(&named).is_empty() {
        app.say("The link names experiments that are not here; all that are here are listed");
        app.tune(|view| {
            *view = ViewState { source: view.source.take(), page: PageName::Experiments, ..ViewState::default() };
        });
    }
}

/// A single experiment with runs needs no list: its runs are shown at once. Where all is deleted, deleted is shown.
fn choose(app: App) {
    let (names, all_deleted) = app.session.with_value(|session| {
        let with_runs = |experiment: &&(u32, &crate::model::Experiment)| experiment.1.runs_expected > 0;
        let listed: Vec<(u32, &crate::model::Experiment)> = (0..).zip(&session.experiments).collect();
        let full: Vec<u32> = listed.iter().filter(with_runs).map(|(number, _)| *number).collect();
        let deleted = |experiment: &crate::model::Experiment| experiment.lifecycle == crate::model::Lifecycle::Deleted;
        (full, !session.experiments.is_empty() && session.experiments.iter().all(deleted))
    });
    let experiment_names =
        crate::view::names::Names::of_experiments(&app.session.with_value(|session| session.experiments.clone()));
    app.tune(|view| {
        if all_deleted {
            view.shown = Shown::All;
        }
        if let [only] = names.as_slice() {
            view.page = PageName::Runs;
            view.experiments = vec![experiment_names.name(*only).to_owned()];
        }
    });
}

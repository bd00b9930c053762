//! What all pages share: the view state with its two verbs, the session behind a counter of changes, and the questions
//! that are under way.

use crate::browser::files::Thing;
use crate::browser::{address, document, dom, preferences, signs, turns};
use crate::model::Report;
use crate::pages::asking::Asked;
use crate::pages::histories::UnderWay;
use crate::pages::opening::How;
use crate::session::{Histories, Phase, Session, Shelves};
use crate::sources::Source;
use crate::sources::union::Union;
use crate::view::curves::Colours;
use crate::view::format::Zone;
use crate::view::names::Names;
use crate::view::{PageName, ViewState, link};
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// The user's zone.
pub fn zone() -> Zone {
    Zone { offset_minutes: crate::browser::zone_minutes }
}

/// Handles to everything that pages share; copied freely.
#[derive(Clone, Copy)]
pub struct App {
    /// The one truth of what is shown.
    pub view: RwSignal<ViewState>,
    /// The next view, while the page that stands is taken down.
    pub coming: StoredValue<Option<ViewState>>,
    /// Above 0 while a page is taken down.
    pub leaving: RwSignal<u32>,
    /// What is open. Read it inside something that also reads `changed`.
    pub session: StoredValue<Session, LocalStorage>,
    /// Grows when the session has more runs or experiments.
    pub changed: RwSignal<u64>,
    /// When the page was last told that the session has more, in milliseconds since it was opened, and how long it took.
    pub told: StoredValue<(f64, f64)>,
    /// Where loading stands.
    pub phase: RwSignal<Phase>,
    /// The name of what is open; `None` when nothing is.
    pub opened: RwSignal<Option<String>>,
    /// The things that were opened, to open them again when the reader died.
    pub things: StoredValue<Vec<Thing>, LocalStorage>,
    /// Grows with each opening: late answers of an earlier one are dropped by this number.
    pub opening: StoredValue<u64>,
    /// Where data comes from: all that was opened, as one.
    pub source: StoredValue<Option<Rc<Union>>, LocalStorage>,
    /// What lies beside the runs, as far as it was asked for.
    pub shelf: StoredValue<Shelves, LocalStorage>,
    /// Grows when something of it came.
    pub shelf_changed: RwSignal<u64>,
    /// Grows when something that is not read with the runs could not be read.
    pub report_changed: RwSignal<u64>,
    /// What is asked of servers, and where that stands.
    pub asked: Asked,
    /// Read and wanted histories.
    pub histories: StoredValue<Histories, LocalStorage>,
    /// The tasks that ask for histories.
    pub histories_asked: UnderWay,
    /// Grows when a history came.
    pub histories_changed: RwSignal<u64>,
    /// Colours of runs.
    pub colours: StoredValue<Colours>,
    /// Names of experiments in the link.
    pub experiment_names: Memo<Arc<Names>>,
    /// Names of runs in the link.
    pub run_names: Memo<Arc<Names>>,
    /// Numbers of the experiments that the view names; all when it names none.
    pub experiments_in_view: Memo<Vec<u32>>,
    /// Whether what is open comes from several things.
    pub has_origins: Memo<bool>,
    /// The user's act that waits for its first painted rows.
    pub act_first: StoredValue<Option<signs::Act>, LocalStorage>,
    /// The user's act that waits for all rows.
    pub act_all: StoredValue<Option<signs::Act>, LocalStorage>,
    /// Which drawer stands open.
    pub drawer: RwSignal<Option<Drawer>>,
    /// What stands in the bar for a while after an act: "Link copied".
    pub said: RwSignal<String>,
    /// What becomes of what is open when the next thing is picked.
    pub next_how: StoredValue<How>,
    /// How many drops are being walked.
    pub gathering: RwSignal<u32>,
    /// Files that could not be opened, in words; stands on the open page.
    pub refused: RwSignal<Option<String>>,
    /// Whether an export is being written.
    pub is_saving: StoredValue<bool>,
}

/// Drawers at the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawer {
    /// What was skipped.
    Notices,
    /// Keys and the search language.
    Help,
    /// What was sent.
    Sent,
}

impl App {
    /// The state of a page that was just loaded: the view of its address, nothing open.
    pub fn new() -> App {
        address::take_entries();
        let view = RwSignal::new(link::read(&address::fragment()));
        let session = StoredValue::new_local(Session::default());
        let changed = RwSignal::new(0);
        let names = move |of: fn(&Session) -> Names| {
            Memo::new_with_compare(
                move |_| {
                    changed.track();
                    Arc::new(session.with_value(of))
                },
                |_, _| true,
            )
        };
        let experiment_names = names(|session| Names::of_experiments(&session.experiments));
        let experiments_in_view = Memo::new(move |_| {
            let names = experiment_names.get();
            let named = view.with(|view| view.experiments.clone());
            if named.is_empty() {
                changed.track();
                (0..session.with_value(|session| session.experiments.len() as u32)).collect()
            } else {
                names.numbers(&named)
            }
        });
        let app = App {
            view,
            coming: StoredValue::new(None),
            leaving: RwSignal::new(0),
            session,
            changed,
            told: StoredValue::new((0.0, 0.0)),
            phase: RwSignal::new(Phase::default()),
            opened: RwSignal::new(None),
            things: StoredValue::new_local(Vec::new()),
            opening: StoredValue::new(0),
            source: StoredValue::new_local(None),
            shelf: StoredValue::new_local(Shelves::default()),
            shelf_changed: RwSignal::new(0),
            report_changed: RwSignal::new(0),
            asked: Asked::new(),
            histories: StoredValue::new_local(Histories::default()),
            histories_asked: UnderWay::new(),
            histories_changed: RwSignal::new(0),
            colours: StoredValue::new(Colours::default()),
            experiment_names,
            run_names: names(|session| Names::of_runs(&session.table)),
            experiments_in_view,
            has_origins: Memo::new(move |_| {
                changed.track();
                session.with_value(Session::has_origins)
            }),
            act_first: StoredValue::new_local(None),
            act_all: StoredValue::new_local(None),
            drawer: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            next_how: StoredValue::new(How::Replace),
            gathering: RwSignal::new(0),
            refused: RwSignal::new(None),
            is_saving: StoredValue::new(false),
        };
        address::on_change(move || app.show(link::read(&address::fragment())));
        app
    }

    /// From the context that the shell gives.
    pub fn get() -> App {
        expect_context::<App>()
    }

    /// The view as it will be once what is under way is done.
    fn coming(self) -> ViewState {
        self.coming.get_value().unwrap_or_else(|| self.view.get_untracked())
    }

    /// Changes the view with a new entry in the history.
    pub fn go(self, change: impl FnOnce(&mut ViewState)) {
        let mut next = self.coming();
        change(&mut next);
        address::go(&self.written(&next));
        self.show(next);
    }

    /// Changes the view in place.
    pub fn tune(self, change: impl FnOnce(&mut ViewState)) {
        let mut next = self.coming();
        change(&mut next);
        address::tune(&self.written(&next));
        self.show(next);
    }

    /// The fragment of a view; what it is too long for is told when that begins.
    fn written(self, next: &ViewState) -> String {
        let link = link::write(next);
        let was_whole = self.view.with_untracked(|view| link::write(view).dropped.is_empty());
        if was_whole && !link.dropped.is_empty() {
            self.say(format!("The link is too long now: it goes on {}", left_out(&link.dropped)));
        }
        link.fragment
    }

    /// Shows a view. Another page takes two steps, since leptos may run an effect once more after its page is gone: first
    /// the page that stands is taken down, then what it read changes.
    fn show(self, next: ViewState) {
        let is_same_page = self.view.with_untracked(|view| view.page == next.page && view.source == next.source);
        if is_same_page && self.coming.with_value(Option::is_none) {
            self.change_to(next);
            return;
        }
        let is_first = self.coming.with_value(Option::is_none);
        self.coming.set_value(Some(next));
        if is_first {
            self.after_leaving(leptos::task::tick(), move || {
                if let Some(next) = self.coming.try_update_value(Option::take).flatten() {
                    self.change_to(next);
                    signs::after_paint(document::focus_main_if_lost);
                }
            });
        }
    }

    /// Changes the view. What charts of another page, or of other experiments, asked a server for is not waited for.
    fn change_to(self, next: ViewState) {
        let (is_other_page, is_other_runs) = self.view.with_untracked(|view| {
            let is_other_runs = match next.page {
                PageName::Run => view.run != next.run,
                _ => view.experiments != next.experiments,
            };
            (view.page != next.page, is_other_runs)
        });
        let has_left = (is_other_page || is_other_runs) && self.leave_histories();
        let charts_stand = !is_other_page && next.page == PageName::Runs;
        self.view.set(next);
        if has_left && charts_stand {
            // those that stay in sight ask again
            self.histories_changed.update(|count| *count += 1);
        }
    }

    /// Takes down the page that stands, waits, does something, then shows the page that the view names. The least that will do
    /// is a tick.
    pub fn after_leaving(self, wait: impl Future<Output = ()> + 'static, then: impl FnOnce() + 'static) {
        let busy = signs::Busy::start();
        self.leaving.update(|count| *count += 1);
        leptos::task::spawn_local(async move {
            wait.await;
            then();
            self.leaving.update(|count| *count -= 1);
            drop(busy);
        });
    }

    /// The address of a view that differs from the present one, and follows it: for real links, so that middle click works.
    pub fn href(
        self,
        change: impl Fn(&mut ViewState) + Clone + Send + 'static,
    ) -> impl Fn() -> String + Clone + Send + 'static {
        move || {
            self.view.track();
            let mut view = self.coming();
            change(&mut view);
            format!("#{}", link::write(&view).fragment)
        }
    }

    /// The address of the runs of the experiments in view.
    pub fn href_of_runs(self) -> impl Fn() -> String + Clone + Send + 'static {
        self.href(|view| {
            view.page = PageName::Runs;
            view.run = None;
            view.artifact = None;
        })
    }

    /// Whether runs are still to come, read or asked for.
    pub fn is_loading(self) -> Memo<bool> {
        Memo::new(move |_| self.phase.with(Phase::is_loading) || self.asked.is_asking())
    }

    /// Whether some of what is open is a tracking server.
    pub fn has_server(self) -> Memo<bool> {
        Memo::new(move |_| {
            self.phase.track();
            self.opened.track();
            self.session.with_value(Session::has_server)
        })
    }

    /// Tells the page where loading stands. While much is read its turns are short.
    pub fn show_phase(self, phase: Phase) {
        turns::keep_short(phase.is_loading());
        self.phase.set(phase);
    }

    /// The present page.
    pub fn page(self) -> Memo<PageName> {
        Memo::new(move |_| self.view.with(|view| view.page))
    }

    /// Asks for what lies beside the runs, once.
    pub fn ask_for_shelf(self) {
        let Some(source) = self.source.get_value() else { return };
        let Some(number) = self.shelf.try_update_value(Shelves::begin).flatten() else { return };
        let busy = signs::Busy::start();
        leptos::task::spawn_local(async move {
            let mut after = None;
            loop {
                let answer = source.shelf(after).await;
                if !self.shelf.with_value(|shelf| shelf.is_wanted(number)) {
                    break;
                }
                match answer {
                    Ok(mut page) => {
                        self.hear(std::mem::take(&mut page.report));
                        after = self.shelf.try_update_value(|shelf| shelf.absorb(number, page)).flatten();
                    }
                    Err(fault) => {
                        self.shelf.update_value(|shelf| shelf.fail(number, fault));
                        after = None;
                    }
                }
                self.shelf_changed.update(|count| *count += 1);
                if after.is_none() {
                    break;
                }
            }
            drop(busy);
        });
    }

    /// Takes what could not be read beside the runs and their histories to the notices.
    pub fn hear(self, report: Report) {
        if !report.is_empty() {
            self.session.update_value(|session| session.report.merge(report));
            self.report_changed.update(|count| *count += 1);
        }
    }

    /// Says something in the bar, and to screen readers.
    pub fn say(self, text: impl Into<String>) {
        self.said.set(text.into());
    }

    /// Copies the address of the present view, and says so with what had to be left out.
    pub fn copy_link(self) {
        let link = self.view.with_untracked(link::write);
        let address = address::with_fragment(&link.fragment);
        leptos::task::spawn_local(async move {
            let copied = crate::browser::files::copy(&address).await;
            self.say(if copied && link.dropped.is_empty() {
                "Link copied".to_owned()
            } else if copied {
                format!("Link copied {}: it would be too long", left_out(&link.dropped))
            } else {
                "The browser does not allow copying here; take the address from the address bar".to_owned()
            });
        });
    }
}

/// What a link had to leave out, in words.
fn left_out(dropped: &[&str]) -> &'static str {
    match dropped {
        ["sel"] => "without the chosen runs",
        ["eye"] => "without the eyes",
        _ => "without chosen runs and eyes",
    }
}

/// Calls `pressed` for single letters outside text fields, as long as the present page stands and the user wants letters to
/// be keys. It says whether the letter was one of its own.
pub fn on_letters(pressed: impl Fn(&str) -> bool + 'static) {
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let is_in_text = dom::target_element(&event).is_some_and(|element| dom::takes_text(&element));
        let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if !is_in_text && is_plain && preferences::single_keys() && pressed(&event.key()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || keys.remove());
}

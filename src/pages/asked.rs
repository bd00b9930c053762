//! How far a server was asked, in words: the strip above what it gave, and what stands in a table to which it gave nothing.

use crate::browser::{document, signs};
use crate::pages::asking::Standing;
use crate::pages::connect;
use crate::pages::state::App;
use crate::session::Sorted;
use crate::sources::{Fault, FaultKind};
use crate::view::format::counted;
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// The strip is another now and the button that had the focus is gone: the keyboard goes on from the new one's.
fn go_on_from_strip() {
    signs::after_paint(|| document::focus_if_lost("[data-strip] button"));
}

fn go_on(app: App) {
    app.asked.go_on();
    go_on_from_strip();
}

/// What can be done about a server that failed.
struct WaysOn {
    /// What happened, in short.
    title: &'static str,
    /// The address of the server, where it helps to say who asks.
    sign_in_at: Option<String>,
    can_retry: bool,
}

impl WaysOn {
    fn of(app: App, fault: &Fault) -> WaysOn {
        let is_refused = matches!(fault.kind, FaultKind::Unauthorised | FaultKind::Forbidden);
        let sign_in_at = connect::open_server(app).filter(|_| is_refused).map(|server| server.address.base());
        WaysOn {
            title: match fault.kind {
                FaultKind::Unauthorised => "The server asks who you are.",
                FaultKind::Forbidden => "The server refuses.",
                _ => "The server stopped answering.",
            },
            // who is not let in is not let in again by asking once more
            can_retry: fault.kind != FaultKind::Unauthorised || sign_in_at.is_none(),
            sign_in_at,
        }
    }

    fn buttons(&self, app: App) -> impl IntoView + use<> {
        let signs_in = app.asked.signs_in;
        let turn = move |_| {
            signs_in.update(|signs_in| *signs_in = !*signs_in);
            if signs_in.get_untracked() {
                signs::after_paint(|| _ = document::focus("[data-signs-in] :is([data-secret-name], [data-secret])"));
            }
        };
        view! {
            {self.sign_in_at.is_some().then(|| view! {
                <button type="button" class="btn sm" data-sign-in="" aria-expanded=move || signs_in.get().to_string() on:click=turn>"Sign in"</button>
            })}
            {self.can_retry.then(|| view! {
                <button type="button" class="btn sm" on:click=move |_| go_on(app)><Icon name=IconName::Retry />"Retry"</button>
            })}
        }
    }
}

/// How far a server was asked for what the view shows.
#[component]
pub fn AskedOf() -> impl IntoView {
    let app = App::get();
    let asked = app.asked;
    let words = move || {
        app.changed.track();
        let runs = app.session.with_value(|session| counted(session.read.runs, "run", "runs"));
        match asked.sorted.get() {
            Sorted::AmongLoaded => format!("{runs} loaded, sorted among these"),
            Sorted::AtTheTop | Sorted::Wholly => format!("{runs} loaded"),
        }
    };
    let stop = move |_| {
        asked.stop();
        go_on_from_strip();
    };
    move || {
        match asked.standing.get() {
        Standing::Idle => None,
        Standing::Asking => Some(view! {
            <div class="reading" role="region" aria-label="Loading" data-strip="">
                <div class="prog unknown" role="progressbar" aria-label="Loading runs"></div>
                <div class="reading-words">
                    <span class="strong">"Loading"</span><span data-asked="asking">{words}</span>
                    <span class="sub" role="status" data-asked-again="">{move || asked.said.get()}</span>
                    <button type="button" class="btn sm" on:click=stop>"Stop, keep these"</button>
                </div>
            </div>
        }.into_any()),
        Standing::Stopped => Some(view! {
            <div class="msg warning" role="status" data-strip="">
                <Icon name=IconName::Info /><span class="grow" data-asked="stopped"><b>"Loading was stopped."</b>" "{words}"; the server has more."</span>
                <button type="button" class="btn sm" on:click=move |_| go_on(app)><Icon name=IconName::Retry />"Go on"</button>
            </div>
        }.into_any()),
        Standing::Failed(fault) => {
            let ways = WaysOn::of(app, &fault);
            let (title, buttons) = (ways.title, ways.buttons(app));
            asked.signs_in.set(false);
            Some(view! {
                <div class="msg failed" role="alert" data-strip="" data-fault=format!("{:?}", fault.kind)>
                    <Icon name=IconName::Failed /><span class="grow" data-asked="failed"><b>{title}</b>" "{fault.message}" "{words}"."</span>
                    {buttons}
                </div>
                {move || ways.sign_in_at.clone().filter(|_| asked.signs_in.get()).map(|at| view! {
                    <section class="card-box" aria-label="Sign in" data-signs-in=""><connect::Connect at=at asks_who=true is_fixed=true signs_in=true /></section>
                })}
            }.into_any())
        }
    }
    }
}

/// In the place of a table to which nothing came: why, and the way on. `None` where that is not for a server that broke off.
pub fn none_came(app: App) -> Option<AnyView> {
    let (why, buttons) = match app.asked.standing.get() {
        Standing::Idle | Standing::Asking => return None,
        Standing::Stopped => {
            let go_on = view! { <button type="button" class="btn" on:click=move |_| go_on(app)><Icon name=IconName::Retry />"Go on"</button> };
            ("Loading was stopped before the first one came.", go_on.into_any())
        }
        Standing::Failed(fault) => {
            let ways = WaysOn::of(app, &fault);
            let why = match ways.sign_in_at {
                Some(_) => ways.title,
                None => "The server stopped answering before the first one came.",
            };
            (why, ways.buttons(app).into_any())
        }
    };
    let view = view! {
        <div class="empty">
            <Icon name=IconName::Info />
            <h2>"No run was loaded"</h2>
            <p>{why}</p>
            <p class="line wrap centre">{buttons}</p>
        </div>
    };
    Some(view.into_any())
}

//! Connecting to a tracking server: the form, what is said when it does not work, and the question that a link which names a server
//! asks first. A secret goes from here into the connection and nowhere else.

use crate::browser::files::{self, Thing};
use crate::browser::server::{self, Connection};
use crate::browser::{address, document, policy, signs};
use crate::pages::opening;
use crate::pages::state::App;
use crate::session::Histories;
use crate::sources::rest::{Address, Credentials};
use crate::sources::{Fault, FaultKind};
use crate::view::format::one_line;
use crate::view::{ViewState, link};
use crate::widgets::icon::{Icon, IconName};
use crate::widgets::segmented::{Segment, Segmented};
use leptos::ev;
use leptos::prelude::*;

/// How somebody says who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Who {
    #[default]
    Nobody,
    Password,
    Token,
    Header,
}

impl Who {
    fn of(credentials: &Credentials) -> Who {
        match credentials {
            Credentials::None => Who::Nobody,
            Credentials::Password { .. } => Who::Password,
            Credentials::Bearer(_) => Who::Token,
            Credentials::Header { .. } => Who::Header,
        }
    }

    /// The labels of the two fields; the second is the secret.
    fn fields(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Who::Nobody => (None, None),
            Who::Password => (Some("User"), Some("Password")),
            Who::Token => (None, Some("Token")),
            Who::Header => (Some("Name of the header"), Some("Value")),
        }
    }
}

/// Whether the name of what a link waits for is the address of a server.
pub fn is_address(name: &str) -> bool {
    (name.starts_with("http://") || name.starts_with("https://")) && Address::parse(name).is_ok()
}

/// Connects; what was open is closed.
pub fn connect(app: App, connection: Connection) {
    app.act_first.set_value(Some(signs::Act::start("first-rows")));
    opening::start(app, connection.address.base(), vec![Thing::Server(connection)]);
}

/// How the server that is open is reached.
pub fn open_server(app: App) -> Option<Connection> {
    app.things.with_value(|things| things.iter().find_map(|thing| thing.server().cloned()))
}

/// The server that is open is asked by somebody else from now on: what is loaded stays, and what was refused is asked for again.
fn sign_in(app: App, credentials: Credentials) {
    let change = |thing: &mut Thing| match thing {
        Thing::Server(connection) => connection.credentials = credentials.clone(),
        Thing::File(..) | Thing::Handle(..) | Thing::Files(..) | Thing::Served(..) => {}
    };
    app.things.update_value(|things| things.iter_mut().for_each(change));
    app.histories.update_value(Histories::forget_failed);
    app.asked.sign_in(&credentials);
    app.histories_changed.update(|count| *count += 1);
    signs::after_paint(document::focus_main_if_lost);
}

/// The workspace of the server that is open becomes another; the view starts afresh.
pub fn change_workspace(app: App, workspace: String) {
    if let Some(connection) = open_server(app) {
        app.view.update(|view| view.source = None);
        connect(app, Connection { workspace: Some(workspace), ..connection });
    }
}

/// The workspace that the link names, if it is one of this server.
pub fn named_workspace(app: App, address: &Address) -> Option<String> {
    let base = address.base();
    app.view.with_untracked(|view| view.workspace.clone().filter(|_| view.source.as_deref() == Some(&*base)))
}

/// The way back, or a link, may lead to another workspace of the server that is open.
pub fn follow_workspace(app: App) {
    let connection = app.things.with_value(|things| match things.as_slice() {
        [thing] => thing.server().cloned(),
        _ => None,
    });
    if let Some(connection) = connection {
        let workspace = named_workspace(app, &connection.address);
        if workspace != connection.workspace {
            connect(app, Connection { workspace, ..connection });
        }
    }
}

/// The form. With an address of a link or of what failed it stands filled.
#[component]
pub fn Connect(
    /// What stands in the address field at first.
    #[prop(optional, into)]
    at: String,
    /// Whether the server wants to know who asks.
    #[prop(optional)]
    asks_who: bool,
    /// Whether the address stands fast: that of a link.
    #[prop(optional)]
    is_fixed: bool,
    /// Whether the server is open and only who asks is to change.
    #[prop(optional)]
    signs_in: bool,
) -> impl IntoView {
    let app = App::get();
    let kept = Address::parse(&at).map(|address| server::kept(&address)).unwrap_or_default();
    let typed = RwSignal::new(at);
    let who = RwSignal::new(match Who::of(&kept) {
        Who::Nobody if asks_who => Who::Password,
        who => who,
    });
    let is_kept = RwSignal::new(!kept.is_none());
    let is_open = RwSignal::new(asks_who || !kept.is_none());
    // secrets are read from their fields when the form is sent, and stand in no signal
    let kept = StoredValue::new(kept);
    let name = NodeRef::<leptos::html::Input>::new();
    let secret = NodeRef::<leptos::html::Input>::new();
    let wrong = RwSignal::new(None::<String>);
    let must_reload = RwSignal::new(None::<Address>);
    let value = |of: NodeRef<leptos::html::Input>| of.get_untracked().map(|input| input.value()).unwrap_or_default();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        wrong.set(None);
        must_reload.set(None);
        let address = match Address::parse(&typed.get_untracked()) {
            Ok(address) => address,
            Err(message) => return wrong.set(Some(message)),
        };
        let given = match who.get_untracked() {
            Who::Nobody => Credentials::None,
            Who::Password => Credentials::Password { user: value(name), password: value(secret) },
            Who::Token => Credentials::Bearer(value(secret).trim().to_owned()),
            Who::Header => Credentials::Header { name: value(name).trim().to_owned(), value: value(secret) },
        };
        let is_as_kept = value(secret).is_empty() && kept.with_value(|kept| Who::of(kept) == who.get_untracked());
        let credentials = match if is_as_kept { Ok(kept.get_value()) } else { given.checked() } {
            Ok(credentials) => credentials,
            Err(message) => return wrong.set(Some(message)),
        };
        server::keep(&address, is_kept.get_untracked().then_some(&credentials));
        if signs_in {
            return sign_in(app, credentials);
        }
        if policy::forbids_connections() && document::origin() != address.origin() {
            return must_reload.set(Some(address));
        }
        let workspace = named_workspace(app, &address);
        connect(app, Connection { address, credentials, workspace });
    };
    let reload = move |_| {
        if let Some(address) = must_reload.get_untracked() {
            let (source, workspace) = (Some(address.base()), named_workspace(app, &address));
            let named = ViewState { source, workspace, ..ViewState::default() };
            address::reload_at(&link::write(&named).fragment);
        }
    };
    let option = |who: Who, word: &str| Segment::word(who, word);
    view! {
        <form class="connect" on:submit=submit aria-label="Connect to a tracking server">
            <div class="line wrap">
                <label class="input grow lg">
                    <Icon name=IconName::Server />
                    <input type="text" inputmode="url" autocomplete="off" autocapitalize="off" spellcheck="false" data-server="" placeholder="http://localhost:5000"
                        aria-label="Address of the tracking server" readonly=is_fixed prop:value=move || typed.get() on:input:target=move |event| typed.set(event.target().value()) />
                </label>
                <button type="submit" class="btn lg" class:primary=is_fixed data-connect="">{if signs_in { "Sign in" } else { "Connect" }}</button>
            </div>
            {move || if is_open.get() {
                let (first, second) = who.get().fields();
                view! {
                    <div class="line wrap who">
                        <Segmented label="Who asks" class="sm" options=vec![option(Who::Nobody, "Nobody"), option(Who::Password, "Password"), option(Who::Token, "Token"), option(Who::Header, "Header")]
                            value=who on_change=Callback::new(move |to: Who| who.set(to)) />
                        {first.map(|label| view! {
                            <label class="input"><input type="text" node_ref=name autocomplete="off" spellcheck="false" placeholder=label aria-label=label data-secret-name="" /></label>
                        })}
                        {second.map(|label| view! {
                            <label class="input"><input type="password" node_ref=secret autocomplete="off" placeholder=label aria-label=label data-secret="" /></label>
                        })}
                        {second.is_some().then(|| view! {
                            <label class="line"><input type="checkbox" class="check" data-keep="" prop:checked=move || is_kept.get() on:change:target=move |event| is_kept.set(event.target().checked()) />
                                <span class="sub">"Keep it until this tab is closed"</span></label>
                        })}
                    </div>
                }.into_any()
            } else {
                view! { <p class="sub"><button type="button" class="link" data-who="" on:click=move |_| is_open.set(true)>"It wants a password or a token"</button></p> }.into_any()
            }}
            {move || wrong.get().map(|message| view! {
                <div class="msg failed" role="alert"><Icon name=IconName::Failed /><span>{message}</span></div>
            })}
            {move || must_reload.get().map(|address| view! {
                <div class="msg warning" role="alert">
                    <Icon name=IconName::Info />
                    <span class="grow">"Files were opened in this tab, so the browser lets it connect nowhere any more. After a reload it can ask "<b>{address.base()}</b>"."</span>
                    <button type="button" class="btn sm" on:click=reload>"Reload and connect"</button>
                </div>
            })}
        </form>
    }
}

/// A link names a server: nothing is asked of it before the user says so.
#[component]
pub fn AskFirst(name: String) -> impl IntoView {
    let app = App::get();
    let address = Address::parse(&name).ok();
    let workspace = address.as_ref().and_then(|address| named_workspace(app, address));
    let host = address.map(|address| address.host().to_owned()).unwrap_or_default();
    view! {
        <div class="asks" data-ask-first="">
            <h1>"Connect to "<span class="quote">{host.clone()}</span>"?"</h1>
            <p class="lead">"This link shows data of a tracking server"{workspace.map(|name| view! { ", of its workspace "<b>{one_line(&name, 60)}</b> })}". Nothing was sent yet. When you connect, this tab asks "{host}" for experiments and runs, and writes nothing."</p>
            <div class="card-box"><Connect at=name is_fixed=true /></div>
            <p class="sub"><a href="#">"Open something else"</a></p>
        </div>
    }
}

/// Why a server could not be read, with what mends it to copy, and the form to try again.
#[component]
pub fn Unreached(fault: Fault, name: String) -> impl IntoView {
    let asks_who = matches!(fault.kind, FaultKind::Unauthorised | FaultKind::Forbidden);
    view! {
        <div class="card-box">
            <Remedy lines=fault.remedy.clone() />
            <Connect at=name asks_who=asks_who />
        </div>
    }
}

/// Lines to copy.
#[component]
pub fn Remedy(lines: Vec<String>) -> impl IntoView {
    let app = App::get();
    let one = move |line: String| {
        let copied = line.clone();
        let copy = move |_| {
            let text = copied.clone();
            leptos::task::spawn_local(async move {
                let is_copied = files::copy(&text).await;
                app.say(if is_copied { "Copied" } else { "The browser does not allow copying here" });
            });
        };
        view! {
            <div class="remedy">
                <pre class="code" data-remedy="">{line}</pre>
                <button type="button" class="btn sm" on:click=copy>"Copy"</button>
            </div>
        }
    };
    (!lines.is_empty()).then(|| view! { <div class="remedies">{lines.into_iter().map(one).collect_view()}</div> })
}

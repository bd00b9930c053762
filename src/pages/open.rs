//! Where data is opened: nothing is open, a link waits for a name, or what was opened holds nothing.

use crate::browser::handles;
use crate::pages::connect::{AskFirst, Connect, Unreached, is_address};
use crate::pages::opening::{self, How};
use crate::pages::state::{App, Drawer};
use crate::session::Phase;
use crate::sources::FaultKind;
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// The open page; `waiting` when the link names something that must be dropped again.
#[component]
pub fn Open(waiting: bool) -> impl IntoView {
    let app = App::get();
    let wanted = app.view.with_untracked(|view| view.source.clone()).filter(|_| waiting).unwrap_or_default();
    let asks = waiting && is_address(&wanted);
    view! {
        <div class="start">
            {if asks {
                view! { <AskFirst name=wanted /> }.into_any()
            } else if waiting {
                view! { <Waiting name=wanted /> }.into_any()
            } else {
                view! {
                    <div>
                        <h1>"See which version gave which result"</h1>
                        <p class="lead">"Opens what MLflow wrote: experiments, runs, metrics, artifacts. From any version, without a server."</p>
                    </div>
                }.into_any()
            }}
            {move || app.refused.get().map(|message| view! {
                <div class="msg failed" role="alert"><Icon name=IconName::Failed /><span>{message}</span></div>
            })}
            {(!asks).then(|| view! { <Drop /> })}
            {(!waiting).then(|| view! { <Sample /> })}
            {(!waiting).then(|| view! {
                <section class="card-box" aria-label="Tracking server">
                    <h2>"Is it on a server?"</h2>
                    <p class="sub">"Any MLflow tracking server that lets this page ask it. Filters, order and paging are the server's; nothing is written to it."</p>
                    <Connect />
                </section>
            })}
            {(!waiting).then(|| view! { <Where /> })}
            <p class="priv">
                <Icon name=IconName::ShieldCheck />
                <span>
                    <b>"Nothing leaves this tab."</b>" Files are read on your machine and never changed. Bytes sent: 0, unless you connect to a server. "
                    <button type="button" class="link" on:click=move |_| app.drawer.set(Some(Drawer::Sent))>"How to check it yourself"</button>
                </span>
            </p>
        </div>
    }
}

/// The sheet that says what can be dropped, with the two pickers.
#[component]
fn Drop() -> impl IntoView {
    let app = App::get();
    view! {
        <section class="opener" aria-label="Open">
            <div class="glyphs"><Icon name=IconName::Folder /><Icon name=IconName::Database /><Icon name=IconName::Zip /></div>
            <div>
                <p class="big">"Drop it anywhere on this window"</p>
                <p class="sub">"an "<code>"mlruns"</code>" folder, "<code>"mlflow.db"</code>", a zip or tar of either, or an export (JSON, CSV): several at once, at any depth, under any name"</p>
            </div>
            <div class="line wrap centre">
                <button type="button" class="btn primary lg" on:click=move |_| opening::pick_folder(app, How::Replace)><Icon name=IconName::Folder />"Pick a folder"</button>
                <button type="button" class="btn lg" on:click=move |_| opening::pick_files(app, How::Replace)>
                    <Icon name=IconName::Zip />"Pick files"
                </button>
            </div>
        </section>
    }
}

#[component]
fn Sample() -> impl IntoView {
    let app = App::get();
    view! {
        <section class="sample" aria-label="Sample data">
            <svg class="sample-curves" viewBox="0 0 80 40" aria-hidden="true">
                <path class="c1" d="M2 36C14 12 30 8 78 5" /><path class="c2" d="M2 37C16 18 34 14 78 11" /><path class="c3" d="M2 38C18 24 38 20 78 17" />
            </svg>
            <span class="grow">
                <span class="strong">"No data at hand? Look at the sample."</span><br />
                <span class="sub">"One model through four versions with five seeds each, long training curves, a sweep, a failed run, images."</span>
            </span>
            <button type="button" class="btn" data-open="sample" on:click=move |_| opening::open_sample(app)>"Open the sample"</button>
        </section>
    }
}

/// Where people find their data.
#[component]
fn Where() -> impl IntoView {
    view! {
        <section class="two" aria-label="Where the data lies">
            <div class="card-box">
                <h2>"Where is my data?"</h2>
                <p class="sub">"In "<code>"mlflow.db"</code>" (since MLflow 3.7) or the folder "<code>"mlruns"</code>" beside the script that trains, or where "<code>"MLFLOW_TRACKING_URI"</code>" points. Drop the database with its folder of artifacts."</p>
            </div>
            <div class="card-box">
                <h2>"Is it large?"</h2>
                <p class="sub">"A database opens at any size. A zip opens about forty times as fast as a folder of small files:"</p>
                <pre class="code">"zip -qr mlruns.zip mlruns"</pre>
            </div>
        </section>
    }
}

/// A link names something that only the user can give again.
#[component]
fn Waiting(name: String) -> impl IntoView {
    let app = App::get();
    let handle = RwSignal::new_local(None);
    let wanted = name.clone();
    leptos::task::spawn_local(async move { handle.set(handles::find(&wanted).await) });
    let shown = name.clone();
    view! {
        <div>
            <h1>"Open "<span class="quote">{shown}</span>" again"</h1>
            <p class="lead">"A page can not read files after a reload until you give them once more. The view of this link comes back as it was."</p>
            {move || handle.get().map(|handle| {
                let wanted = name.clone();
                view! {
                    <p class="line wrap">
                        <button type="button" class="btn primary lg" on:click=move |_| opening::open_again(app, wanted.clone(), handle.clone())>
                            <Icon name=IconName::Folder />"Open "{name.clone()}
                        </button>
                        <span class="sub">"or drop it on the window"</span>
                    </p>
                }
            })}
            <p class="sub"><a href="#">"Open something else"</a></p>
        </div>
    }
}

/// What was opened could not be read, or holds no tracking data.
#[component]
pub fn Failed() -> impl IntoView {
    let app = App::get();
    let fault = match app.phase.get_untracked() {
        Phase::Failed(fault) => fault,
        _ => return ().into_any(),
    };
    let name = app.opened.get_untracked().unwrap_or_default();
    let is_server = app.things.with_value(|things| things.iter().any(|thing| thing.server().is_some()));
    let title = match fault.kind {
        FaultKind::NotRecognised => format!("No runs found in “{name}”"),
        FaultKind::FileChanged => format!("“{name}” changed on disk"),
        FaultKind::ReaderDied => "The reader stopped".to_owned(),
        FaultKind::Unauthorised => format!("Sign in to {name}"),
        FaultKind::Forbidden => format!("{name} refuses"),
        _ if is_server => format!("{name} can not be read"),
        _ => format!("“{name}” could not be opened"),
    };
    let notices = app.session.with_value(|session| session.report.notices().to_vec());
    let (of_server, at) = (fault.clone(), name.clone());
    view! {
        <div class="start">
            <div role="alert" class="failed-open" data-fault=format!("{:?}", fault.kind)>
                <h1>{title}</h1>
                <p class="lead">{fault.message.clone()}</p>
                <ul class="lines">
                    {notices.into_iter().take(5).map(|notice| view! {
                        <li data-notice=notice.reason.word()><b class="mono">{notice.path}</b>" "{notice.message}" "<span class="sub">{notice.reason.advice()}</span></li>
                    }).collect_view()}
                </ul>
                {(!is_server && opening::can_restart(app, &fault)).then(|| view! {
                    <p><button type="button" class="btn" on:click=move |_| opening::restart(app)><Icon name=IconName::Retry />"Restart"</button></p>
                })}
            </div>
            {if is_server {
                view! { <Unreached fault=of_server name=at /> }.into_any()
            } else {
                view! { <Drop /> <Sample /> }.into_any()
            }}
        </div>
    }.into_any()
}

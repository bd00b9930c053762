//! Two drawers: keys and the search language; what was sent, and how to check it.

use crate::browser::{policy, preferences, served};
use crate::pages::state::App;
use crate::query::{Standing, examples};
use crate::widgets::drawer::Drawer;
use leptos::prelude::*;

/// All keys, by place.
const KEYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Everywhere",
        &[
            ("?", "this help"),
            ("/", "search or filter"),
            ("e", "experiments"),
            ("n", "notices"),
            ("Esc", "close, clear"),
        ],
    ),
    (
        "Tables",
        &[
            ("↑ ↓ ← →", "move; → opens and ← closes nested runs"),
            ("Home End", "first, last column; with Ctrl first, last row"),
            ("Space or X", "choose; with Shift a range"),
            ("Enter", "open the run or experiment; on a head: sort"),
            ("Alt ← →", "on a head: narrower, wider"),
        ],
    ),
    ("Runs", &[("t", "table"), ("s", "table and charts"), ("c", "charts"), ("v", "eye of the focused run")]),
    ("Charts", &[("← →", "crosshair along the points"), ("+ −", "zoom"), ("0", "all of it")]),
    ("One run", &[("[ ]", "previous, next run in view"), ("u", "back to the runs")]),
];

/// Keys and the search language.
#[component]
pub fn Help() -> impl IntoView {
    let app = App::get();
    let close = Callback::new(move |()| app.drawer.set(None));
    let single = RwSignal::new(preferences::single_keys());
    view! {
        <Drawer open=Signal::derive(move || app.drawer.get() == Some(crate::pages::state::Drawer::Help)) title="Keys and help" on_close=close>
            <div class="help">
                {KEYS.iter().map(|(place, keys)| view! {
                    <section>
                        <h3>{*place}</h3>
                        <dl class="keys">
                            {keys.iter().map(|(key, what)| view! {
                                <dt>{key.split(' ').map(|part| if part == "or" || part == "with" {
                                    view! { <span>" "{part}" "</span> }.into_any()
                                } else {
                                    view! { <kbd>{part}</kbd> }.into_any()
                                }).collect_view()}</dt>
                                <dd>{*what}</dd>
                            }).collect_view()}
                        </dl>
                    </section>
                }).collect_view()}
                <p class="sub">"Runglass is free software, Apache-2.0. "<a href="licences.html">"Licences of the libraries in it"</a></p>
                <label class="line">
                    <input type="checkbox" class="check" prop:checked=single on:change=move |event| {
                        let on = event_target_checked(&event);
                        preferences::set_single_keys(on);
                        single.set(on);
                    } />
                    "Single letters are keys"
                </label>
                <section>
                    <h3>"The filter"</h3>
                    <p class="sub">"MLflow's own search language for runs; text goes in quotes, clauses are joined by AND."</p>
                    <dl class="examples">
                        {examples().filter(|example| example.standing != Standing::No).map(|example| view! {
                            <dt><code>{example.text}</code></dt><dd>{example.meaning}</dd>
                        }).collect_view()}
                    </dl>
                </section>
            </div>
        </Drawer>
    }
}

/// What was sent.
#[component]
pub fn Sent() -> impl IntoView {
    let app = App::get();
    let close = Callback::new(move |()| app.drawer.set(None));
    let has_server = app.has_server();
    let served = served::served().filter(|served| served.name().is_some());
    view! {
        <Drawer open=Signal::derive(move || app.drawer.get() == Some(crate::pages::state::Drawer::Sent)) title=Signal::derive(move || if has_server.get() { "What is sent" } else { "0 bytes sent" }.to_owned()) on_close=close>
            <div class="help">
                {move || has_server.get().then(|| {
                    let bases = app.things.with_value(|things| things.iter().filter_map(|thing| thing.server().map(|server| server.address.base())).collect::<Vec<_>>());
                    view! {
                        <p>"This tab is connected: it asks "<b>{bases.join(", ")}</b>" for what you look at, and writes nothing there. A password or token goes to that server alone. What of it was asked the developer tools show (F12, tab Network)."</p>
                        <p class="sub">"Files that you add now are still read here only; but since this tab may connect, the browser does not forbid it to send. For that, open them in a tab of their own."</p>
                    }
                })}
                <p>{match &served {
                    Some(_) => "Runglass reads what comes with this page in this tab, in a worker, and draws it here. Its server only gives: it is asked for listings and bytes, and nothing else is sent to it.",
                    None => "Runglass reads your files in this tab, in a worker, and draws them here. There is no server behind it.",
                }}</p>
                <section>
                    <h3>"How that is made sure"</h3>
                    <p class="sub">
                        "Before the first file is opened the page adds a Content-Security-Policy, "<code>"connect-src 'self'"</code>
                        ". From then on the browser itself refuses every connection to another host, for the page and for its reader, until you close the tab."
                    </p>
                </section>
                <section>
                    <h3>"How to check it"</h3>
                    <ol class="steps">
                        <li>{match &served {
                            Some(_) => "Open the developer tools (F12), tab Network, and use the page: every address is this page's own.",
                            None => "Open the developer tools (F12), tab Network, and use the page: nothing is added.",
                        }}</li>
                        {served.is_none().then(|| view! { <li>"Or load the page, switch the network off, and open your files: all works."</li> })}
                    </ol>
                </section>
                <section>
                    <h3>"All that this page has loaded"</h3>
                    <ul class="requests">
                        {policy::requests().into_iter().map(|name| view! { <li><code class="path">{name}</code></li> }).collect_view()}
                    </ul>
                </section>
            </div>
        </Drawer>
    }
}

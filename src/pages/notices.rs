//! The drawer of notices: what was skipped, guessed or healed, by reason, with path, line and advice.

use crate::model::{Notice, Reason, Severity};
use crate::pages::state::App;
use crate::view::format::{count, counted, one_line};
use crate::widgets::drawer::Drawer;
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;

/// Notices of one reason that are listed; the rest is a count.
const LISTED: usize = 50;

/// The drawer.
#[component]
pub fn Notices() -> impl IntoView {
    let app = App::get();
    let close = Callback::new(move |()| app.drawer.set(None));
    let groups = Memo::new(move |_| {
        app.changed.track();
        app.histories_changed.track();
        app.report_changed.track();
        app.session.with_value(|session| {
            let mut reasons: Vec<Reason> =
                Reason::ALL.iter().copied().filter(|reason| session.report.count(*reason) > 0).collect();
            reasons.sort_by_key(|reason| std::cmp::Reverse(reason.severity()));
            let notices = |reason| -> Vec<Notice> {
                session.report.notices().iter().filter(|notice| notice.reason == reason).take(LISTED).cloned().collect()
            };
            reasons
                .into_iter()
                .map(|reason| (reason, session.report.count(reason), notices(reason)))
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Drawer open=Signal::derive(move || app.drawer.get() == Some(crate::pages::state::Drawer::Notices)) title="Notices" on_close=close>
            <div class="notices">
                <p class="sub">"Everything else was read. Nothing on your disk was changed."</p>
                {move || groups.get().is_empty().then(|| view! { <p>"Nothing was skipped."</p> })}
                {move || groups.get().into_iter().map(|(reason, total, notices)| view! {
                    <section class="notice-group" data-notice=reason.word()>
                        <h3>
                            <span class=severity_class(reason.severity())><Icon name=severity_icon(reason.severity()) /></span>
                            {title(reason)}<span class="n">{count(total as i64)}</span>
                        </h3>
                        <p class="sub">{reason.advice()}</p>
                        <ul>
                            {notices.iter().map(|notice| view! {
                                <li>
                                    <code class="path">{one_line(&notice.path, 300)}{notice.line.map(|line| format!(":{line}"))}</code>
                                    <span class="sub">{one_line(&notice.message, 300)}</span>
                                </li>
                            }).collect_view()}
                        </ul>
                        {(total > notices.len() as u64).then(|| view! {
                            <p class="dim">{counted(total - notices.len() as u64, "more like this", "more like this")}</p>
                        })}
                    </section>
                }).collect_view()}
            </div>
        </Drawer>
    }
}

fn severity_icon(severity: Severity) -> IconName {
    match severity {
        Severity::Info => IconName::Info,
        Severity::Warning => IconName::Warning,
        Severity::Error => IconName::Failed,
    }
}

fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "finished",
        Severity::Warning => "warning",
        Severity::Error => "failed",
    }
}

/// The reason's word as a heading: `metric-line-malformed` becomes `Metric line malformed`.
fn title(reason: Reason) -> String {
    let words = reason.word().replace('-', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

//! A message in the place that it speaks of. It does not float, and does not go away by itself.

use super::icon::{Icon, IconName};
use leptos::prelude::*;

/// What a message is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    #[default]
    Plain,
    /// Something goes on.
    Running,
    /// Something is good.
    Better,
    /// Something needs a look.
    Warning,
    /// Something went wrong.
    Failed,
}

/// An icon, words, and what can be done at the right.
#[component]
pub fn Message(
    /// What it is about.
    #[prop(optional)]
    tone: Tone,
    /// Another drawing than the tone's own.
    #[prop(optional)]
    icon: Option<IconName>,
    /// Whether screen readers say it at once, since it answers what the user did.
    #[prop(default = false)]
    aloud: bool,
    /// What can be done.
    #[prop(into, optional)]
    acts: ViewFn,
    /// The words; the first of them `<b>`.
    children: Children,
) -> impl IntoView {
    let (class, own) = match tone {
        Tone::Plain => ("msg", IconName::Info),
        Tone::Running => ("msg running", IconName::Running),
        Tone::Better => ("msg better", IconName::Finished),
        Tone::Warning => ("msg warning", IconName::Warning),
        Tone::Failed => ("msg failed", IconName::Failed),
    };
    let role = match (aloud, tone) {
        (false, _) => None,
        (true, Tone::Failed) => Some("alert"),
        (true, _) => Some("status"),
    };
    view! {
        <div class=class role=role>
            <Icon name=icon.unwrap_or(own) />
            <div class="words">{children()}</div>
            <div class="acts">{acts.run()}</div>
        </div>
    }
}

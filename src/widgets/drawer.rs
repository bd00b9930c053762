//! A drawer at the right side. It is not modal: the page beside it stays in use.

use super::icon::{Icon, IconName};
use crate::browser::dom;
use leptos::prelude::*;
use leptos::{ev, html, task};

/// The drawer: in the page while `open`. The focus moves into it, and back to where it was.
#[component]
pub fn Drawer(
    /// Whether it is there.
    #[prop(into)]
    open: Signal<bool>,
    /// Escape or the cross was pressed.
    #[prop(into)]
    on_close: Callback<()>,
    /// Its title.
    #[prop(into)]
    title: Signal<String>,
    /// Beside the title: a count, a button.
    #[prop(into, optional)]
    beside: ViewFn,
    /// Its content; made anew each time.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let beside = StoredValue::new(beside);
    move || {
        open.get().then(|| {
            view! {
                <Opened on_close=on_close title=title beside=beside>
                    {children.with_value(|children| children())}
                </Opened>
            }
        })
    }
}

#[component]
fn Opened(
    on_close: Callback<()>,
    title: Signal<String>,
    beside: StoredValue<ViewFn>,
    children: Children,
) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    let before = StoredValue::new_local(dom::focused());
    Effect::new(move || {
        let Some(body) = body.get() else { return };
        task::spawn_local(async move {
            task::tick().await;
            dom::focus(&body);
        });
    });
    // Back to where the focus was, unless the user has moved it out of the drawer.
    on_cleanup(move || {
        let inside = body.try_get_untracked().flatten().is_none_or(|body| match dom::focused() {
            Some(focused) => body.contains(Some(&focused)),
            None => true,
        });
        if let Some(Some(before)) = before.try_update_value(Option::take).filter(|_| inside) {
            dom::focus(&before);
        }
    });
    let keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() {
            event.prevent_default();
            event.stop_propagation();
            on_close.run(());
        }
    };
    view! {
        <div
            class="drawer"
            node_ref=body
            role="dialog"
            aria-modal="false"
            aria-label=move || title.get()
            tabindex="-1"
            on:keydown=keydown
        >
            <header>
                <h2 class="grow cut">{move || title.get()}</h2>
                {beside.with_value(ViewFn::run)}
                <button type="button" class="btn quiet icon" aria-label="Close" title="Close (Esc)" on:click=move |_| on_close.run(())>
                    <Icon name=IconName::Close />
                </button>
            </header>
            <div class="body" tabindex="0" role="group" aria-label=move || title.get()>{children()}</div>
        </div>
    }
}

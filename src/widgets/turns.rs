//! Many things, a few a turn: what takes long to build comes in steps, and the browser gets its turn between them.

use crate::browser::pause;
use crate::browser::signs::Busy;
use leptos::prelude::*;

/// Does something in the next turn of the browser. Until then the page is busy.
pub fn in_the_next_turn(then: impl FnOnce() + 'static) {
    let busy = Busy::start();
    leptos::task::spawn_local(async move {
        pause().await;
        then();
        drop(busy);
    });
}

/// What is built in a turn of its own, a little after what stands round it.
#[component]
pub fn Later(children: ChildrenFn) -> impl IntoView {
    let is_due = RwSignal::new(false);
    in_the_next_turn(move || {
        is_due.try_set(true);
    });
    move || is_due.get().then(|| children())
}

/// How many of `all` things may stand by now: none at first, `step` more a turn.
pub fn in_turns(all: Memo<usize>, step: usize) -> RwSignal<usize> {
    let allowed = RwSignal::new(0);
    Effect::new(move || {
        let now = allowed.get();
        if now < all.get() {
            in_the_next_turn(move || {
                allowed.try_set(now + step);
            });
        }
    });
    allowed
}

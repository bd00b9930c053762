//! The page's tasks, a few milliseconds a turn: what signals set off (effects, parts of views) waits in one queue, and the browser
//! gets its turn between two of them. Without it all that follows from one change is one long task.
//!
//! It must not know what the tasks are.

use crate::browser::pause;
use crate::browser::signs::{Busy, now_ms};
use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use async_executor::LocalExecutor;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;

/// What a turn may take while much is read, milliseconds; the task that passes it is the turn's last. On a busy machine a turn lasts
/// several times as long as it works.
const SHORT_MS: f64 = 6.0;
/// What a turn may take otherwise: nearly all that follows from an act of the user, so that no frame shows half of it.
const LONG_MS: f64 = 40.0;
/// What building many things may take of a turn.
const BUILDING_MS: f64 = 12.0;
/// What comes within so many milliseconds belongs to the turn before: nothing else had its chance yet.
const SAME_TURN_MS: f64 = 0.5;

thread_local! {
    /// When the turn began, milliseconds since the page was opened.
    static BEGAN_MS: Cell<f64> = const { Cell::new(0.0) };
    static MOST_MS: Cell<f64> = const { Cell::new(LONG_MS) };
}

/// Turns are short from now on, or no longer.
pub fn keep_short(are_short: bool) {
    MOST_MS.set(if are_short { SHORT_MS } else { LONG_MS });
}

/// Whether who builds many things should go on in another turn.
pub fn is_long() -> bool {
    now_ms() - BEGAN_MS.get() > MOST_MS.get().min(BUILDING_MS)
}

fn is_over() -> bool {
    now_ms() - BEGAN_MS.get() > MOST_MS.get()
}

fn begin() {
    BEGAN_MS.set(now_ms());
}

struct Turns(Rc<LocalExecutor<'static>>);

impl CustomExecutor for Turns {
    fn spawn(&self, task: PinnedFuture<()>) {
        self.0.spawn(task).detach();
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        self.0.spawn(task).detach();
    }

    fn poll_local(&self) {
        while self.0.try_tick() {}
    }
}

/// From now on the page's tasks come in turns. Once, before the page is built.
pub fn start() {
    let tasks = Rc::new(LocalExecutor::new());
    if Executor::init_local_custom_executor(Turns(tasks.clone())).is_err() {
        return;
    }
    wasm_bindgen_futures::spawn_local(async move {
        begin();
        loop {
            let mut first = pin!(tasks.tick());
            let mut waits_since_ms = None;
            poll_fn(|context| {
                if waits_since_ms.is_some_and(|since_ms| now_ms() - since_ms > SAME_TURN_MS) {
                    begin();
                }
                let polled = first.as_mut().poll(context);
                waits_since_ms = Some(now_ms());
                polled
            })
            .await;
            loop {
                if is_over() {
                    let busy = Busy::start();
                    pause().await;
                    drop(busy);
                    begin();
                }
                if !tasks.try_tick() {
                    break;
                }
            }
        }
    });
}

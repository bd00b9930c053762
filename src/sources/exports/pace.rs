//! LOADING IN STEPS. A file is read from its start to its end by one future; whoever asked gets a page with the progress every half
//! megabyte, and asks on, so that an answer never takes long and a cancel is heard.
//!
//! It must not know what is loaded.

use crate::sources::exports::held::Held;
use crate::sources::{Async, Fault, Progress};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// A step takes in about so many bytes.
const STEP_BYTES: u64 = 512 << 10;

/// How far a loading has come; shared by the loading and the one who asks.
#[derive(Default)]
pub struct Pace {
    paused: Cell<bool>,
    since_pause: Cell<u64>,
    bytes: Cell<u64>,
    files: Cell<u64>,
    files_total: Cell<Option<u64>>,
    runs: Cell<u64>,
}

impl Pace {
    /// Counts `bytes` that were taken in, and rests when it is time.
    pub async fn took(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        self.since_pause.set(self.since_pause.get().saturating_add(bytes));
        if self.since_pause.get() >= STEP_BYTES {
            self.since_pause.set(0);
            let mut rested = false;
            poll_fn(|_| match std::mem::replace(&mut rested, true) {
                true => Poll::Ready(()),
                false => {
                    self.paused.set(true);
                    Poll::Pending
                }
            })
            .await;
        }
    }

    /// Counts a file that is done.
    pub fn file_done(&self) {
        self.files.set(self.files.get() + 1);
    }

    /// How many files there are.
    pub fn files_total(&self, files: u64) {
        self.files_total.set(Some(files));
    }

    /// How many runs were read so far.
    pub fn runs(&self, runs: u64) {
        self.runs.set(runs);
    }

    fn progress(&self) -> Progress {
        Progress {
            files: self.files.get(),
            files_total: self.files_total.get(),
            bytes: self.bytes.get(),
            bytes_total: None,
            runs: self.runs.get(),
            ..Progress::default()
        }
    }
}

enum State {
    Running(Pin<Box<dyn Future<Output = Result<Held, Fault>>>>),
    Done(Result<Rc<Held>, Fault>),
}

/// Something that loads when it is first asked for.
pub struct Loading {
    pace: Rc<Pace>,
    state: RefCell<State>,
}

impl Loading {
    /// `load` is not begun before it is asked for.
    pub fn new<F: Future<Output = Result<Held, Fault>> + 'static>(load: impl FnOnce(Rc<Pace>) -> F) -> Loading {
        let pace = Rc::new(Pace::default());
        let state = RefCell::new(State::Running(Box::pin(load(pace.clone()))));
        Loading { pace, state }
    }

    /// One step; `None` while there are more.
    pub fn step(&self) -> Async<'_, Option<Rc<Held>>> {
        Box::pin(poll_fn(|context| {
            let mut state = self.state.borrow_mut();
            let done = match &mut *state {
                State::Done(done) => return Poll::Ready(done.clone().map(Some)),
                State::Running(load) => load.as_mut().poll(context),
            };
            match done {
                Poll::Ready(done) => {
                    let done = done.map(Rc::new);
                    *state = State::Done(done.clone());
                    Poll::Ready(done.map(Some))
                }
                Poll::Pending if self.pace.paused.take() => Poll::Ready(Ok(None)),
                Poll::Pending => Poll::Pending,
            }
        }))
    }

    /// All steps.
    pub fn whole(&self) -> Async<'_, Rc<Held>> {
        Box::pin(async move {
            loop {
                if let Some(held) = self.step().await? {
                    return Ok(held);
                }
            }
        })
    }

    /// What came of it, once it is done.
    pub fn loaded(&self) -> Option<Result<Rc<Held>, Fault>> {
        match &*self.state.borrow() {
            State::Done(done) => Some(done.clone()),
            State::Running(_) => None,
        }
    }

    /// Of the steps so far.
    pub fn progress(&self) -> Progress {
        self.pace.progress()
    }
}

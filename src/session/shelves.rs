//! What lies beside the runs, read when somebody first looks: registered models, logged models, traces.

use crate::model::Shelf;
use crate::sources::{Cursor, Fault, Page};

/// As much of it as is known.
#[derive(Debug, Default)]
pub struct Shelves {
    /// What came so far.
    pub all: Shelf,
    /// Why no more comes.
    pub fault: Option<Fault>,
    state: State,
    /// Grows when all is forgotten: late pages are dropped by this number.
    number: u64,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    Unasked,
    Coming,
    Done,
}

impl Shelves {
    /// Whether all came.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The number of the asking that now begins; `None` when it was begun already.
    pub fn begin(&mut self) -> Option<u64> {
        if self.state != State::Unasked {
            return None;
        }
        self.state = State::Coming;
        Some(self.number)
    }

    /// Takes in a page, and answers where the next one starts.
    pub fn absorb(&mut self, number: u64, page: Page<Shelf>) -> Option<Cursor> {
        if number != self.number {
            return None;
        }
        self.all.registered.extend(page.items.registered);
        self.all.logged.extend(page.items.logged);
        self.all.traces.extend(page.items.traces);
        if page.next.is_none() {
            self.state = State::Done;
        }
        page.next
    }

    /// A question failed: what came stays, and no more comes.
    pub fn fail(&mut self, number: u64, fault: Fault) {
        if number == self.number {
            self.fault = Some(fault);
            self.state = State::Done;
        }
    }

    /// Something else is open now.
    pub fn forget(&mut self) {
        *self = Shelves { number: self.number + 1, ..Shelves::default() };
    }
}

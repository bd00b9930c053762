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

    /// Whether what an asking of that number brings is still wanted.
    pub fn is_wanted(&self, number: u64) -> bool {
        number == self.number && self.state == State::Coming
    }

    /// Takes in a page, and answers where the next one starts.
    pub fn absorb(&mut self, number: u64, page: Page<Shelf>) -> Option<Cursor> {
        if !self.is_wanted(number) {
            return None;
        }
        self.all.append(page.items);
        if page.next.is_none() {
            self.state = State::Done;
        }
        page.next
    }

    /// A question failed: what came stays, and no more comes.
    pub fn fail(&mut self, number: u64, fault: Fault) {
        if self.is_wanted(number) {
            self.fault = Some(fault);
            self.state = State::Done;
        }
    }

    /// Something else is open now.
    pub fn forget(&mut self) {
        *self = Shelves { number: self.number + 1, ..Shelves::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::Shelves;
    use crate::model::{Report, Shelf, Trace};
    use crate::sources::{Cursor, Fault, FaultKind, Page, Progress};

    fn page(id: &str, next: Option<&str>) -> Page<Shelf> {
        let trace = Trace { id: id.to_owned(), ..Trace::default() };
        let items = Shelf { traces: vec![trace], ..Shelf::default() };
        Page::new(items, next.map(|next| Cursor(next.to_owned())), Progress::default(), Report::default())
    }

    fn ids(shelves: &Shelves) -> Vec<&str> {
        shelves.all.traces.iter().map(|trace| trace.id.as_str()).collect()
    }

    #[test]
    fn it_is_asked_for_once_and_comes_in_pages() {
        let mut shelves = Shelves::default();
        let number = shelves.begin().expect("the first asking");
        assert_eq!(shelves.begin(), None);
        assert_eq!(shelves.absorb(number, page("a", Some("1"))), Some(Cursor("1".to_owned())));
        assert!(!shelves.is_done());
        assert_eq!(shelves.absorb(number, page("b", None)), None);
        assert!(shelves.is_done() && shelves.begin().is_none());
        assert_eq!(ids(&shelves), ["a", "b"]);
    }

    #[test]
    fn what_came_before_a_fault_stays() {
        let mut shelves = Shelves::default();
        let number = shelves.begin().expect("an asking");
        shelves.absorb(number, page("a", Some("1")));
        shelves.fail(number, Fault::new(FaultKind::Unreadable, "gone"));
        assert!(shelves.is_done() && shelves.fault.is_some());
        assert_eq!(shelves.absorb(number, page("b", Some("2"))), None);
        assert_eq!(ids(&shelves), ["a"]);
    }

    #[test]
    fn late_pages_of_what_was_open_are_dropped() {
        let mut shelves = Shelves::default();
        let old = shelves.begin().expect("an asking");
        shelves.absorb(old, page("old", Some("1")));
        shelves.forget();
        assert_eq!(shelves.absorb(old, page("late", Some("2"))), None);
        shelves.fail(old, Fault::new(FaultKind::ReaderDied, "died"));
        assert!(!shelves.is_done() && shelves.fault.is_none() && !shelves.is_wanted(old));
        let new = shelves.begin().expect("another asking");
        assert_eq!(shelves.absorb(old, page("later", None)), None);
        shelves.absorb(new, page("new", None));
        assert_eq!(ids(&shelves), ["new"]);
    }
}

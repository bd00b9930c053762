//! PAGES THAT WERE SENT AHEAD: of one list, before the page in front of them named them. Each counts only if that page then names
//! just its place; any other is dropped unread, so that a list is what it is without them.
//!
//! It must not know what stands on the pages, nor how they are asked for.

use serde_json::Value;
use std::cell::RefCell;

/// What was sent of one list, by place.
#[derive(Debug, Default)]
pub struct Ahead {
    pages: RefCell<Vec<Sent>>,
}

/// Where a page of a list lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// How often the list was begun anew before.
    pub round: u32,
    /// Which of its questions.
    pub group: usize,
    /// So many things of it lie in front.
    pub items: u64,
}

#[derive(Debug)]
struct Sent {
    spot: Spot,
    /// Things that it was asked for.
    size: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Asked for by whoever wants it now, or by then.
    Wanted,
    Coming,
    Here(Value),
}

impl Ahead {
    /// A page is asked for that is wanted now; what lies in front of it is forgotten.
    pub fn want(&self, spot: Spot, size: u32) {
        let mut pages = self.pages.borrow_mut();
        pages.retain(|page| is_behind(&page.spot, &spot));
        pages.push(Sent { spot, size, state: State::Wanted });
    }

    /// The answer that is here of a page that is wanted now.
    pub fn take(&self, spot: Spot) -> Option<Value> {
        let mut pages = self.pages.borrow_mut();
        pages.retain(|page| page.spot == spot || is_behind(&page.spot, &spot));
        let page = pages.iter_mut().find(|page| page.spot == spot && matches!(page.state, State::Here(_)))?;
        match std::mem::replace(&mut page.state, State::Wanted) {
            State::Here(answer) => Some(answer),
            State::Wanted | State::Coming => None,
        }
    }

    /// The list, or this part of it, is at its end.
    pub fn forget(&self) {
        self.pages.borrow_mut().clear();
    }

    /// Where the first page starts that was not asked for, behind the one at `spot` and those that lie behind it without a gap.
    pub fn next(&self, spot: Spot) -> Option<Spot> {
        let pages = self.pages.borrow();
        let mut next = None;
        let mut at = spot;
        while let Some(page) = pages.iter().find(|page| page.spot == at) {
            at = Spot { items: at.items.saturating_add(u64::from(page.size.max(1))), ..at };
            next = Some(at);
        }
        next
    }

    /// A page is sent ahead. Unless it is [kept](Coming::keep), nothing is known of it in the end.
    pub fn send(&self, spot: Spot, size: u32) -> Coming<'_> {
        self.pages.borrow_mut().push(Sent { spot, size, state: State::Coming });
        Coming { ahead: self, spot }
    }
}

fn is_behind(page: &Spot, spot: &Spot) -> bool {
    (page.round, page.group) == (spot.round, spot.group) && page.items > spot.items
}

/// A page that is under way.
pub struct Coming<'a> {
    ahead: &'a Ahead,
    spot: Spot,
}

impl Coming<'_> {
    /// It came. Whether anybody may still want it.
    pub fn keep(self, answer: Value) -> bool {
        let mut pages = self.ahead.pages.borrow_mut();
        let own = pages.iter_mut().find(|page| page.spot == self.spot && matches!(page.state, State::Coming));
        own.map(|page| page.state = State::Here(answer)).is_some()
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        let is_own = |page: &Sent| page.spot == self.spot && matches!(page.state, State::Coming);
        self.ahead.pages.borrow_mut().retain(|page| !is_own(page));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(items: u64) -> Spot {
        Spot { round: 0, group: 0, items }
    }

    #[test]
    fn pages_lie_one_behind_the_other() {
        let ahead = Ahead::default();
        assert_eq!(ahead.next(spot(0)), None, "nothing is asked for to be ahead of");
        ahead.want(spot(0), 100);
        assert_eq!(ahead.next(spot(0)), Some(spot(100)));
        let first = ahead.send(spot(100), 50);
        let second = ahead.send(spot(150), 50);
        assert_eq!(ahead.next(spot(0)), Some(spot(200)));
        assert!(second.keep(Value::Bool(true)));
        drop(first);
        assert_eq!(ahead.next(spot(0)), Some(spot(100)), "the gap");
        assert!(ahead.send(spot(100), 50).keep(Value::Bool(false)));
        assert_eq!(ahead.next(spot(0)), Some(spot(200)));
        assert_eq!(ahead.take(spot(100)), Some(Value::Bool(false)));
        assert_eq!(ahead.take(spot(100)), None, "it is given once");
        assert_eq!(ahead.next(spot(100)), Some(spot(200)), "its size is still known");
        assert_eq!(ahead.take(spot(150)), Some(Value::Bool(true)));
    }

    #[test]
    fn what_lies_elsewhere_is_forgotten() {
        let ahead = Ahead::default();
        ahead.want(spot(0), 100);
        assert!(ahead.send(spot(100), 100).keep(Value::Null));
        let late = ahead.send(spot(200), 100);
        // the server gave fewer than it was asked for
        assert_eq!(ahead.take(spot(60)), None);
        ahead.want(spot(60), 100);
        assert_eq!(ahead.next(spot(60)), Some(spot(160)));
        assert_eq!(ahead.take(Spot { round: 1, ..spot(60) }), None);
        assert_eq!(ahead.next(spot(60)), None, "the list was begun anew");
        assert!(!late.keep(Value::Null), "nobody wants it");
    }
}

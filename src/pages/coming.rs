//! Pages of runs that are on their way from servers. A page is asked for once, whoever comes to wait for it; one that is of no use to
//! what is shown any more is dropped, and its request with it. The same of those that are sent ahead.
//!
//! It must not know how runs are taken in.

use crate::browser::signs;
use crate::session::{Brought, serves};
use crate::sources::{Fault, Scope};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Aborted, LocalBoxFuture, RemoteHandle, Shared, abortable};
use leptos::prelude::*;

/// A page to come: what it brought, once it was taken in.
pub type Page = Shared<LocalBoxFuture<'static, Result<Result<Brought, Fault>, Aborted>>>;

/// A page that was sent ahead: whether it is here. Dropping it drops the request.
pub type Ahead = RemoteHandle<bool>;

/// Those that are under way; copied freely.
#[derive(Clone, Copy)]
pub struct Coming {
    pages: StoredValue<Vec<UnderWay>, LocalStorage>,
    /// By opening and list, of each in the order in which they will be wanted.
    ahead: StoredValue<Vec<(usize, Scope, Ahead)>, LocalStorage>,
    next_number: StoredValue<u64>,
}

struct UnderWay {
    number: u64,
    opening: usize,
    list: Scope,
    page: Page,
    handle: AbortHandle,
}

impl Coming {
    /// None.
    pub fn new() -> Coming {
        Coming {
            pages: StoredValue::new_local(Vec::new()),
            ahead: StoredValue::new_local(Vec::new()),
            next_number: StoredValue::new(0),
        }
    }

    /// The page of a list that is under way.
    pub fn of(self, opening: usize, list: &Scope) -> Option<Page> {
        let is_its = |under_way: &&UnderWay| under_way.opening == opening && under_way.list == *list;
        self.pages.with_value(|pages| pages.iter().find(is_its).map(|under_way| under_way.page.clone()))
    }

    /// Asks for a page of a list; it comes even if nobody waits for it any more.
    pub fn start(
        self,
        opening: usize,
        list: Scope,
        taken: impl Future<Output = Result<Brought, Fault>> + 'static,
    ) -> Page {
        let number = self.next_number.get_value();
        self.next_number.set_value(number + 1);
        let (page, handle) = abortable(async move {
            let taken = taken.await;
            // before anybody hears of it: the next page of its list is another
            let _ = self.pages.try_update_value(|pages| pages.retain(|under_way| under_way.number != number));
            taken
        });
        let page = page.boxed_local().shared();
        let under_way = UnderWay { number, opening, list, page: page.clone(), handle };
        self.pages.update_value(|pages| pages.push(under_way));
        let (busy, coming) = (signs::Busy::start(), page.clone());
        leptos::task::spawn_local(async move {
            let _ = coming.await;
            drop(busy);
        });
        page
    }

    /// Sends a page of a list ahead, behind those that were.
    pub fn send_ahead(self, opening: usize, list: Scope, is_here: impl Future<Output = bool> + 'static) {
        let (task, page) = is_here.remote_handle();
        self.ahead.update_value(|ahead| ahead.push((opening, list, page)));
        leptos::task::spawn_local(task);
    }

    /// The first page of a list that was sent ahead: whoever wants it now waits for it.
    pub fn take_ahead(self, opening: usize, list: &Scope) -> Option<Ahead> {
        let take = |ahead: &mut Vec<(usize, Scope, Ahead)>| {
            let at = ahead.iter().position(|(of, own, _)| *of == opening && own == list)?;
            Some(ahead.remove(at).2)
        };
        self.ahead.try_update_value(take).flatten()
    }

    /// How many pages of a list were sent ahead and not wanted so far.
    pub fn count_ahead(self, opening: usize, list: &Scope) -> u32 {
        let is_its = |(of, own, _): &&(usize, Scope, Ahead)| *of == opening && own == list;
        self.ahead.with_value(|ahead| ahead.iter().filter(is_its).count() as u32)
    }

    /// Of a list nothing that was sent ahead is wanted any more.
    pub fn drop_ahead(self, opening: usize, list: &Scope) {
        self.ahead.update_value(|ahead| ahead.retain(|(of, own, _)| *of != opening || own != list));
    }

    /// Drops those that are of no use to what is wanted.
    pub fn keep(self, wanted: &[(usize, Scope)]) {
        let is_wanted =
            |of: usize, list: &Scope| wanted.iter().any(|(opening, scope)| *opening == of && serves(list, scope));
        self.pages.update_value(|pages| {
            let dropped = pages.extract_if(.., |under_way| !is_wanted(under_way.opening, &under_way.list));
            dropped.for_each(|under_way| under_way.handle.abort());
        });
        self.ahead.update_value(|ahead| ahead.retain(|(of, list, _)| is_wanted(*of, list)));
    }
}

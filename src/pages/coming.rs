//! Pages of runs that are on their way from servers. A page is asked for once, whoever comes to wait for it; one that is of no use to
//! what is shown any more is dropped, and its request with it.
//!
//! It must not know how runs are taken in.

use crate::browser::signs;
use crate::session::serves;
use crate::sources::{Fault, Scope};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Aborted, LocalBoxFuture, Shared, abortable};
use leptos::prelude::*;

/// A page to come: how long it took in milliseconds, once it was taken in.
pub type Page = Shared<LocalBoxFuture<'static, Result<Result<f64, Fault>, Aborted>>>;

/// Those that are under way; copied freely.
#[derive(Clone, Copy)]
pub struct Coming {
    pages: StoredValue<Vec<UnderWay>, LocalStorage>,
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
        Coming { pages: StoredValue::new_local(Vec::new()), next_number: StoredValue::new(0) }
    }

    /// The page of a list that is under way.
    pub fn of(self, opening: usize, list: &Scope) -> Option<Page> {
        let is_its = |under_way: &&UnderWay| under_way.opening == opening && under_way.list == *list;
        self.pages.with_value(|pages| pages.iter().find(is_its).map(|under_way| under_way.page.clone()))
    }

    /// Asks for a page of a list; it comes even if nobody waits for it any more.
    pub fn start(self, opening: usize, list: Scope, taken: impl Future<Output = Result<f64, Fault>> + 'static) -> Page {
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

    /// Drops those that are of no use to what is wanted.
    pub fn keep(self, wanted: &[(usize, Scope)]) {
        let is_wanted = |under_way: &UnderWay| {
            wanted.iter().any(|(opening, scope)| *opening == under_way.opening && serves(&under_way.list, scope))
        };
        self.pages.update_value(|pages| {
            pages.extract_if(.., |under_way| !is_wanted(under_way)).for_each(|under_way| under_way.handle.abort());
        });
    }
}

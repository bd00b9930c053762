//! WHAT IS ASKED OF SERVERS: for what a view shows, the next question that brings more of it, until all of it is here. Nothing that
//! is here is asked for again.
//!
//! It must not know how a question travels, nor what a query means.

use crate::sources::{Cursor, Page, RunsAsk, Scope};
use std::collections::HashMap;

/// Runs of the first page of a list: a screenful, since somebody waits for it.
const FIRST_RUNS: u32 = 100;
/// Runs at the top of an order of its own; what lies below comes with the others.
const TOP_RUNS: u32 = 200;

/// How far one list was read.
#[derive(Clone, Debug, Default, PartialEq)]
struct Read {
    /// Where it goes on; `None` before its first page.
    after: Option<Cursor>,
    /// Whether nothing comes any more.
    is_whole: bool,
    /// Whether it came in the order that was asked for.
    is_ordered: bool,
}

/// How the rows of a view are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sorted {
    /// All are here.
    Wholly,
    /// The first are those that the server puts first.
    AtTheTop,
    /// Among those that are here.
    AmongLoaded,
}

/// Lists of runs by opening and scope.
#[derive(Debug, Default)]
pub struct Asking {
    lists: HashMap<(usize, Scope), Read>,
}

/// The whole of a scope, in the server's own order.
fn unordered(scope: &Scope) -> Scope {
    Scope { order: Vec::new(), ..scope.clone() }
}

/// Whether `whole` holds all that `part` does.
fn covers(whole: &Scope, part: &Scope) -> bool {
    let has = |number: &u32| whole.experiments.contains(number);
    // mostly the same list, which may be long
    let has_experiments = whole.experiments.is_empty()
        || whole.experiments == part.experiments
        || (!part.experiments.is_empty() && part.experiments.iter().all(has));
    let has_lifecycle = whole.lifecycle.is_none() || whole.lifecycle == part.lifecycle;
    let has_query = whole.query.is_empty() || whole.query == part.query;
    let has_runs =
        whole.only.is_empty() || (!part.only.is_empty() && part.only.iter().all(|run| whole.only.contains(run)));
    has_experiments && has_lifecycle && has_query && has_runs
}

/// Whether a page of a list that is under way is still of use to who wants `scope`: the list holds all of it, so that it will be
/// asked to its end or was narrowed for a while. The top of an order is of use to this order alone: what it holds comes with the rest.
pub fn serves(list: &Scope, scope: &Scope) -> bool {
    covers(list, scope) && (list.order.is_empty() || list.order == scope.order)
}

impl Asking {
    /// Whether all runs of a scope are here.
    pub fn is_whole(&self, opening: usize, scope: &Scope) -> bool {
        let holds =
            |((own, list), read): (&(usize, Scope), &Read)| *own == opening && read.is_whole && covers(list, scope);
        self.lists.iter().any(holds)
    }

    /// The next question for a scope; `None` when all of it is here. Of an order first the top, then the rest as the server has it.
    pub fn next(&self, opening: usize, scope: &Scope, size: u32) -> Option<RunsAsk> {
        if self.is_whole(opening, scope) {
            return None;
        }
        let read = |scope: &Scope| self.lists.get(&(opening, scope.clone()));
        if !scope.order.is_empty() && read(scope).is_none() {
            return Some(RunsAsk { after: None, size: TOP_RUNS, scope: scope.clone() });
        }
        let scope = unordered(scope);
        let after = read(&scope).and_then(|read| read.after.clone());
        let size = if after.is_none() { FIRST_RUNS } else { size };
        Some(RunsAsk { after, size, scope })
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// An answer came.
    pub fn answered<T>(&mut self, opening: usize, ask: &RunsAsk, page: &Page<T>) {
        let read = self.lists.entry((opening, ask.scope.clone())).or_default();
        read.after = page.next.clone();
        read.is_whole = page.next.is_none();
        read.is_ordered = page.ordered;
    }

    /// How the rows of a scope are sorted.
    pub fn sorted(&self, opening: usize, scope: &Scope) -> Sorted {
        let read = self.lists.get(&(opening, scope.clone()));
        match read {
            _ if self.is_whole(opening, scope) => Sorted::Wholly,
            // the server's own order is ours: the latest first
            Some(read) if read.is_ordered || scope.order.is_empty() => Sorted::AtTheTop,
            None if scope.order.is_empty() => Sorted::AtTheTop,
            _ => Sorted::AmongLoaded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lifecycle, Report};
    use crate::sources::{Progress, RunsAsk};

    fn scope(experiments: &[u32], query: &str, order: &[&str]) -> Scope {
        Scope {
            experiments: experiments.to_vec(),
            lifecycle: Some(Lifecycle::Active),
            query: query.to_owned(),
            order: order.iter().map(|text| (*text).to_owned()).collect(),
            ..Scope::default()
        }
    }

    fn page(next: Option<&str>, ordered: bool) -> Page<()> {
        let next = next.map(|next| Cursor(next.to_owned()));
        Page { ordered, ..Page::new((), next, Progress::default(), Report::default()) }
    }

    /// What is asked for, page after page, each list being so many pages long: order and cursor.
    fn questions(asking: &mut Asking, scope: &Scope, pages: usize) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(ask) = asking.next(0, scope, 1_000) {
            let RunsAsk { after, scope, .. } = &ask;
            let at = after.as_ref().map_or(0, |after| after.0.parse().unwrap_or(0));
            all.push(format!("{} {at}", scope.order.join(",")).trim().to_owned());
            let next = (at + 1 < pages).then(|| (at + 1).to_string());
            asking.answered(0, &ask, &page(next.as_deref(), true));
            assert!(all.len() < 20, "{all:?}");
        }
        all
    }

    #[test]
    fn the_top_of_an_order_comes_first_and_the_rest_once() {
        let mut asking = Asking::default();
        assert_eq!(
            questions(&mut asking, &scope(&[1], "", &["metrics.m DESC"]), 3),
            ["metrics.m DESC 0", "0", "1", "2"]
        );
        // all is here: another order, a query, fewer experiments need nothing
        for (query, order) in [("", "metrics.n"), ("params.a = '1'", "metrics.m DESC")] {
            assert_eq!(questions(&mut asking, &scope(&[1], query, &[order]), 3), Vec::<String>::new());
        }
        assert_eq!(asking.sorted(0, &scope(&[1], "", &["metrics.n"])), Sorted::Wholly);
        assert_eq!(questions(&mut asking, &scope(&[1, 2], "", &[]), 1), ["0"]);
        assert!(asking.next(1, &scope(&[1], "", &[]), 1).is_some(), "another server");
    }

    #[test]
    fn a_short_list_is_whole_with_its_first_page() {
        let mut asking = Asking::default();
        assert_eq!(questions(&mut asking, &scope(&[1], "params.a = '1'", &["metrics.m"]), 1), ["metrics.m 0"]);
        assert!(!asking.is_whole(0, &scope(&[1], "", &[])));
    }

    #[test]
    fn a_page_under_way_is_of_use_to_what_its_list_holds() {
        let check = |list: Scope, wanted: Scope, expected: bool| {
            assert_eq!(serves(&list, &wanted), expected, "{list:?} for {wanted:?}");
        };
        let all = || scope(&[1, 2], "", &[]);
        check(all(), all(), true);
        check(all(), scope(&[1, 2], "params.a = '1'", &["metrics.m"]), true);
        check(all(), scope(&[2], "", &["metrics.m"]), true);
        check(scope(&[1], "", &["metrics.m"]), scope(&[1], "params.a = '1'", &["metrics.m"]), true);
        // its runs come with the rest, or may be none of those that are wanted
        check(scope(&[1], "", &["metrics.m"]), scope(&[1], "", &["metrics.n"]), false);
        check(scope(&[1], "", &["metrics.m"]), scope(&[1], "", &[]), false);
        check(scope(&[1], "params.a = '1'", &[]), scope(&[1], "", &[]), false);
        check(scope(&[1], "params.a = '1'", &[]), scope(&[1], "params.a = '12'", &[]), false);
        check(scope(&[1], "", &[]), all(), false);
        check(scope(&[1], "", &[]), scope(&[3], "", &[]), false);
        check(scope(&[1], "", &[]), Scope { lifecycle: None, ..scope(&[1], "", &[]) }, false);
        check(scope(&[1], "", &[]), Scope { only: vec![crate::model::RunKey("r".into())], ..Scope::default() }, false);
    }

    #[test]
    fn what_was_left_goes_on_where_it_stopped() {
        let mut asking = Asking::default();
        let all = scope(&[1], "", &[]);
        let first = asking.next(0, &all, 1_000).expect("a question");
        asking.answered(0, &first, &page(Some("1"), false));
        assert_eq!(questions(&mut asking, &scope(&[1], "params.a = '1'", &[]), 1), ["0"]);
        assert_eq!(asking.sorted(0, &all), Sorted::AtTheTop);
        assert_eq!(asking.sorted(0, &scope(&[1], "", &["metrics.m"])), Sorted::AmongLoaded);
        assert_eq!(questions(&mut asking, &all, 3), ["1", "2"]);
    }
}

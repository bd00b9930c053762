//! Children of an element in ascending order of a key, which come and go but are never moved: an element that is moved
//! loses the focus, and leptos' own `For` may move those that stay.

use crate::browser::dom::Element;
use leptos::prelude::*;

/// The role of an element that only groups. A constant, since a directive on an element with nothing but literals is lost.
pub(super) const NO_ROLE: &str = "presentation";

struct Child<K, S> {
    key: K,
    state: S,
    owner: Owner,
}

impl<K, S: Mountable> Child<K, S> {
    fn remove(mut self) {
        self.state.unmount();
        self.owner.cleanup();
    }
}

/// A directive (`use:`) that fills its element with a `view` for each of `keys`, which must ascend.
pub(super) fn ascending<K, V>(
    keys: impl Fn() -> Vec<K> + Copy + 'static,
    view: impl Fn(K) -> V + Copy + 'static,
) -> impl Fn(Element) + Clone + 'static
where
    K: Ord + Clone + 'static,
    V: IntoView + 'static,
{
    let parent = Owner::current().unwrap_or_default();
    let kept = StoredValue::new_local(None);
    move |element: Element| {
        let parent = parent.clone();
        let build = move |key: &K| {
            let owner = parent.with(Owner::new);
            let state = untrack(|| owner.with(|| view(key.clone()).build()));
            Child { key: key.clone(), state, owner }
        };
        let effect = RenderEffect::new(move |before: Option<Vec<Child<K, V::State>>>| {
            let keys = keys();
            let (mut stay, go): (Vec<Child<K, V::State>>, Vec<_>) =
                before.unwrap_or_default().into_iter().partition(|child| keys.binary_search(&child.key).is_ok());
            go.into_iter().for_each(Child::remove);
            let mut all: Vec<Child<K, V::State>> = Vec::with_capacity(keys.len());
            // From the last to the first, so that the next sibling is always there.
            for key in keys.iter().rev() {
                if stay.last().is_some_and(|child| child.key == *key) {
                    all.extend(stay.pop());
                    continue;
                }
                let mut child = build(key);
                match all.last() {
                    Some(next) => next.state.insert_before_this_or_marker(&element, &mut child.state, None),
                    None => child.state.mount(&element, None),
                }
                all.push(child);
            }
            all.reverse();
            all
        });
        kept.set_value(Some(effect));
    }
}

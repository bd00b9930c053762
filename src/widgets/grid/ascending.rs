//! Children of an element in ascending order of a key, which come and go but are never moved: an element that is moved
//! loses the focus, and leptos' own `For` may move those that stay.

use crate::browser::dom::Element;
use crate::browser::turns;
use crate::widgets::turns::in_the_next_turn;
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

/// A directive (`use:`) that fills its element with a `view` for each of `keys`, which must ascend. What takes long to build
/// comes in several turns, the first keys first.
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
    let turn = RwSignal::new(());
    move |element: Element| {
        let parent = parent.clone();
        let build = move |key: &K| {
            let owner = parent.with(Owner::new);
            let state = untrack(|| owner.with(|| view(key.clone()).build()));
            Child { key: key.clone(), state, owner }
        };
        let effect = RenderEffect::new(move |before: Option<Vec<Child<K, V::State>>>| {
            turn.track();
            let (keys, is_first) = (keys(), before.is_none());
            let (mut stay, go): (Vec<Child<K, V::State>>, Vec<_>) =
                before.unwrap_or_default().into_iter().partition(|child| keys.binary_search(&child.key).is_ok());
            go.into_iter().for_each(Child::remove);
            let mut built: Vec<Child<K, V::State>> = Vec::new();
            for key in keys.iter().filter(|key| stay.binary_search_by(|child| child.key.cmp(key)).is_err()) {
                // the first time in the turn of whoever builds the grid, then in turns of its own
                if (is_first || !built.is_empty()) && turns::is_long() {
                    in_the_next_turn(move || {
                        turn.try_set(());
                    });
                    break;
                }
                built.push(build(key));
            }
            // From the last to the first, so that the next sibling is always there.
            let mut all: Vec<Child<K, V::State>> = Vec::with_capacity(stay.len() + built.len());
            while let Some(mut child) = built.pop() {
                while stay.last().is_some_and(|other| other.key > child.key) {
                    all.extend(stay.pop());
                }
                match all.last() {
                    Some(next) => next.state.insert_before_this_or_marker(&element, &mut child.state, None),
                    None => child.state.mount(&element, None),
                }
                all.push(child);
            }
            all.extend(stay.into_iter().rev());
            all.reverse();
            all
        });
        kept.set_value(Some(effect));
    }
}

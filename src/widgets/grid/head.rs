//! The head of the grid: a line of groups over a line of columns.

use super::ascending::{NO_ROLE, ascending};
use super::keys;
use super::state::{Slot, State};
use crate::widgets::icon::{Icon, IconName};
use leptos::prelude::*;
use std::sync::Arc;

/// Neighbouring columns under one head.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    name: Arc<str>,
    first: usize,
    count: usize,
    pinned: bool,
    left_px: f64,
    width_px: f64,
}

/// Over a narrower group no word can be read; it is said all the same.
const TINY_PX: f64 = 40.0;

/// The line of groups.
pub(super) fn groups(state: State) -> impl IntoView {
    let groups = Memo::new(move |_| {
        let space = state.space.get();
        let mut groups: Vec<Group> = Vec::new();
        state.columns.with(|columns| {
            for (i, column) in columns.iter().enumerate() {
                let pinned = i < space.pinned();
                let base = if pinned { 0.0 } else { space.pinned_px() };
                match groups.last_mut() {
                    Some(last) if last.name == column.group && last.pinned == pinned => {
                        last.count += 1;
                        last.width_px += space.width_px(i);
                    }
                    _ => groups.push(Group {
                        name: column.group.clone(),
                        first: i,
                        count: 1,
                        pinned,
                        left_px: space.edge_px(i) - base,
                        width_px: space.width_px(i),
                    }),
                }
            }
        });
        groups
    });
    let part = move |pinned: bool| {
        let of_part = groups.get().into_iter().filter(move |group| group.pinned == pinned);
        of_part
            .map(|group| {
                let words = match group.name.split_once(' ') {
                    Some((word, rest)) => {
                        view! { {word.to_owned()} " " <span class="dim">{rest.to_owned()}</span> }.into_any()
                    }
                    None => group.name.to_string().into_any(),
                };
                view! {
                    <div
                        class="grid-group"
                        class:first={group.first > 0 && !group.pinned}
                        role="columnheader"
                        aria-colindex=group.first + 1
                        aria-colspan=group.count
                        style:left=format!("{}px", group.left_px)
                        style:width=format!("{}px", group.width_px)
                    >
                        <span class="grid-group-name" class:sr={group.width_px < TINY_PX}>{words}</span>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div class="grid-groups" role="row" aria-rowindex="1">
            <div class="grid-pinned" role="presentation">{move || part(true)}</div>
            <div class="grid-rest" role="presentation">{move || part(false)}</div>
        </div>
    }
}

/// The line of columns.
pub(super) fn labels(state: State, head_rows: Memo<usize>) -> impl IntoView {
    let pinned = ascending(move || state.shown.with(|s| s.pinned.clone()), move |slot| label(state, slot));
    let rest = ascending(move || state.shown.with(|s| s.rest.clone()), move |slot| label(state, slot));
    view! {
        <div class="grid-labels" role="row" aria-rowindex=move || head_rows.get()>
            <div class="grid-pinned" role=NO_ROLE use:pinned></div>
            <div class="grid-rest" role=NO_ROLE use:rest></div>
        </div>
    }
}

fn label(state: State, slot: Slot) -> impl IntoView {
    let index = slot.index;
    let column = Memo::new(move |_| state.columns.with(|columns| columns.get(index).cloned()).unwrap_or_default());
    let direction = Memo::new(move |_| {
        let key = column.with(|c| c.key.clone());
        state.sort.with(|sort| sort.as_ref().filter(|(sorted, _)| *sorted == key).map(|(_, descends)| *descends))
    });
    let aria_sort = move || match direction.get() {
        Some(true) => Some("descending"),
        Some(false) => Some("ascending"),
        None => column.with(|c| c.sortable).then_some("none"),
    };
    let focused = Memo::new(move |_| state.at.with(|at| at.row.is_none() && at.column == index));
    let tabindex = move || if focused.get() { "0" } else { "-1" };
    let content = if slot.choose {
        view! {
            <input
                type="checkbox"
                class="check"
                class:part=move || state.all_selected.get().is_none()
                tabindex="-1"
                aria-label="Choose all"
                prop:checked=move || state.all_selected.get() == Some(true)
                prop:indeterminate=move || state.all_selected.get().is_none()
            />
        }
        .into_any()
    } else {
        view! {
            {move || column.with(|c| c.icon).map(|name| view! { <Icon name=name /> })}
            <span class=if slot.narrow { "sr" } else { "grid-label cut" }>
                {move || column.with(|c| if c.label.is_empty() { c.hint.clone() } else { c.label.clone() })}
                {move || {
                    let unit = column.with(|c| c.unit.clone());
                    (!unit.is_empty()).then(|| view! { " " <span class="unit">{unit}</span> })
                }}
            </span>
            {move || {
                direction
                    .get()
                    .map(|descends| {
                        let name = if descends { IconName::SortDown } else { IconName::SortUp };
                        view! { <Icon name=name class="small arrow" /> }
                    })
            }}
        }
        .into_any()
    };
    view! {
        <div
            class=slot.class()
            class:sortable=move || column.with(|c| c.sortable)
            class:sorted=move || direction.get().is_some()
            role="columnheader"
            aria-colindex=index + 1
            aria-sort=aria_sort
            data-cell=index
            data-column=move || column.with(|c| c.key.clone())
            title=move || column.with(|c| (!c.hint.is_empty()).then(|| c.hint.clone()))
            tabindex=tabindex
            style:grid-column-start=format!("c{index}")
        >
            {content}
            {move || {
                column.with(|c| c.resizable).then(|| view! {
                    <span
                        class="grid-grip"
                        aria-hidden="true"
                        on:pointerdown=move |event| keys::grip_taken(state, index, &event)
                        on:pointermove=move |event| keys::grip_moved(state, index, &event)
                        on:pointerup=move |event| keys::grip_left(state, index, &event)
                        on:pointercancel=move |_| state.drag.set(None)
                        on:dblclick=move |_| keys::fit(state, index)
                    ></span>
                })
            }}
        </div>
    }
}

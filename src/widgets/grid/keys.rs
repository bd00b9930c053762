//! What the keyboard and the mouse do in the grid.

use super::SelectHow;
use super::state::{Place, State, place_of};
use crate::browser::dom;
use crate::view::window::{MAX_COLUMN_PX, MIN_COLUMN_PX};
use leptos::ev;
use leptos::prelude::*;

/// How much one key press widens a column.
const KEY_STEP_PX: f64 = 8.0;

/// What the grid tells its owner.
#[derive(Clone, Copy)]
pub(super) struct Acts {
    pub on_sort: Option<Callback<String>>,
    pub on_select: Option<Callback<(usize, SelectHow)>>,
    pub on_select_all: Option<Callback<bool>>,
    pub on_open: Option<Callback<usize>>,
    pub on_toggle: Option<Callback<usize>>,
    pub on_resize: Option<Callback<(String, f64)>>,
    pub on_key: Option<Callback<(usize, String), bool>>,
}

/// A key went down somewhere in the grid.
pub(super) fn pressed(state: State, event: &ev::KeyboardEvent) {
    let Some(target) = dom::target_element(event) else { return };
    if event.default_prevented() || event.is_composing() || dom::takes_text(&target) {
        return;
    }
    let Some(place) = place_of(&target) else { return };
    let key = event.key();
    // A link or button that was clicked keeps its own keys.
    let on_cell = target.has_attribute("data-cell") || target.has_attribute("data-choose");
    if !on_cell && matches!(key.as_str(), "Enter" | " ") {
        return;
    }
    let done = match place.row {
        None => head_key(state, place, &key, event),
        Some(row) => row_key(state, place, row, &key, event),
    };
    if done {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn head_key(state: State, place: Place, key: &str, event: &ev::KeyboardEvent) -> bool {
    let resize = event.shift_key() || event.alt_key();
    match key {
        "ArrowLeft" | "ArrowRight" if resize => {
            let by = if key == "ArrowRight" { KEY_STEP_PX } else { -KEY_STEP_PX };
            let width = state.space.with_untracked(|space| space.width_px(place.column));
            resized(state, place.column, width + by);
            true
        }
        "Enter" | " " => head_pressed(state, place.column),
        "ArrowDown" => {
            state.go(Place { row: Some(0), ..place });
            true
        }
        _ => moved(state, place, key, event),
    }
}

fn row_key(state: State, place: Place, row: usize, key: &str, event: &ev::KeyboardEvent) -> bool {
    let plain = !event.ctrl_key() && !event.alt_key() && !event.meta_key();
    if plain && state.acts.on_key.is_some_and(|on_key| on_key.run((row, key.to_owned()))) {
        return true;
    }
    let in_tree = place.column <= state.tree_column();
    match key {
        " " | "x" | "X" if plain => choose(state, row, event.shift_key()),
        "a" | "A" if event.ctrl_key() || event.meta_key() => {
            state.acts.on_select_all.inspect(|select| select.run(true)).is_some()
        }
        "Enter" if plain => state.acts.on_open.inspect(|open| open.run(row)).is_some(),
        "ArrowUp" | "ArrowDown" if event.shift_key() && state.acts.on_select.is_some() => {
            let from = state.anchor.get_value().unwrap_or(row);
            state.anchor.set_value(Some(from));
            let last = state.row_count.get_untracked().saturating_sub(1);
            let to = if key == "ArrowUp" { row.saturating_sub(1) } else { (row + 1).min(last) };
            select(state, to, SelectHow::Range { from });
            state.go(Place { row: Some(to), ..place });
            true
        }
        "ArrowRight" if plain && in_tree && state.row_now(row).expanded == Some(false) => toggle(state, row),
        "ArrowLeft" if plain && in_tree && state.row_now(row).expanded == Some(true) => toggle(state, row),
        "ArrowLeft" if plain && place.column == 0 => {
            if let Some(parent) = parent(state, row) {
                state.go(Place { row: Some(parent), ..place });
            }
            true
        }
        _ => moved(state, place, key, event),
    }
}

/// Moves the focus, where the key says so.
fn moved(state: State, place: Place, key: &str, event: &ev::KeyboardEvent) -> bool {
    if event.alt_key() || event.meta_key() {
        return false;
    }
    let rows = state.rows.get_untracked();
    let last_row = rows.count.checked_sub(1);
    let last_column = state.columns.with_untracked(|columns| columns.len()).saturating_sub(1);
    let column = place.column;
    let place = match key {
        "ArrowLeft" => Place { column: column.saturating_sub(1), ..place },
        "ArrowRight" => Place { column: column + 1, ..place },
        "ArrowUp" => Place { row: place.row.and_then(|row| row.checked_sub(1)), ..place },
        "ArrowDown" => Place { row: place.row.map_or(Some(0), |row| Some(row + 1)), ..place },
        "PageUp" => Place { row: place.row.map(|row| row.saturating_sub(rows.page().max(2) - 1)), ..place },
        "PageDown" => {
            Place { row: Some(place.row.map_or(0, |row| row.saturating_add(rows.page().max(2) - 1))), ..place }
        }
        "Home" if event.ctrl_key() => Place { row: last_row.map(|_| 0), column: 0 },
        "End" if event.ctrl_key() => Place { row: last_row, column: last_column },
        "Home" => Place { column: 0, ..place },
        "End" => Place { column: last_column, ..place },
        _ => return false,
    };
    state.go(place);
    true
}

/// The row above that this one hangs under.
fn parent(state: State, row: usize) -> Option<usize> {
    let level = state.row_now(row).level;
    if level <= 1 {
        return None;
    }
    (0..row).rev().find(|above| state.row_now(*above).level < level)
}

fn select(state: State, row: usize, how: SelectHow) -> bool {
    state.acts.on_select.inspect(|select| select.run((row, how))).is_some()
}

fn choose(state: State, row: usize, to_here: bool) -> bool {
    match state.anchor.get_value() {
        Some(from) if to_here => select(state, row, SelectHow::Range { from }),
        _ => {
            state.anchor.set_value(Some(row));
            select(state, row, SelectHow::Toggle)
        }
    }
}

fn toggle(state: State, row: usize) -> bool {
    state.acts.on_toggle.inspect(|toggle| toggle.run(row)).is_some()
}

fn head_pressed(state: State, index: usize) -> bool {
    let Some(column) = state.column_now(index) else { return false };
    if column.choose {
        let all = state.all_selected.get_untracked() == Some(true);
        return state.acts.on_select_all.inspect(|select| select.run(!all)).is_some();
    }
    column.sortable && state.acts.on_sort.inspect(|sort| sort.run(column.key)).is_some()
}

/// A click somewhere in the grid.
pub(super) fn clicked(state: State, event: &ev::MouseEvent) {
    let Some(target) = dom::target_element(event) else { return };
    let Some(place) = place_of(&target) else { return };
    let Some(row) = place.row else {
        if dom::closest(event, ".grid-grip").is_none() {
            head_pressed(state, place.column);
        }
        return;
    };
    let choosing = state.column_now(place.column).is_some_and(|column| column.choose);
    if dom::closest(event, "[data-toggle]").is_some() && state.row_now(row).expanded.is_some() {
        toggle(state, row);
    } else if choosing || (event.shift_key() && dom::closest(event, "a, button, input").is_none()) {
        choose(state, row, event.shift_key());
    } else if (event.ctrl_key() || event.meta_key()) && dom::closest(event, "a, button, input").is_none() {
        choose(state, row, false);
    }
}

/// The pointer rests on something: a text that is cut gets its whole as a title.
pub(super) fn pointed(event: &ev::PointerEvent) {
    if let Some(cut) = dom::closest(event, ".cut, .cell") {
        dom::title_if_cut(&cut);
    }
}

/// The edge of a head was taken.
pub(super) fn grip_taken(state: State, index: usize, event: &ev::PointerEvent) {
    if event.button() != 0 {
        return;
    }
    event.prevent_default();
    if let Some(grip) = dom::target_element(event) {
        dom::capture_pointer(&grip, event.pointer_id());
    }
    state.drag.set(Some((index, state.space.with_untracked(|space| space.width_px(index)))));
}

/// The edge of a head is being dragged.
pub(super) fn grip_moved(state: State, index: usize, event: &ev::PointerEvent) {
    let Some((dragged, _)) = state.drag.get_untracked() else { return };
    let Some(head) = dom::closest(event, "[data-cell]").filter(|_| dragged == index) else { return };
    let width = f64::from(event.client_x()) - dom::rect_px(&head).0;
    state.drag.set(Some((index, width.clamp(MIN_COLUMN_PX, MAX_COLUMN_PX).round())));
}

/// The edge of a head was let go.
pub(super) fn grip_left(state: State, index: usize, _event: &ev::PointerEvent) {
    let Some((dragged, width)) = state.drag.get_untracked().filter(|(dragged, _)| *dragged == index) else { return };
    let before = state.column_now(dragged).map(|column| column.width_px);
    if before != Some(width) {
        resized(state, dragged, width);
    }
    state.drag.set(None);
}

/// Makes a column as wide as what is in sight of it.
pub(super) fn fit(state: State, index: usize) {
    let Some(root) = state.root.get_untracked() else { return };
    let cells = dom::all(&root, &format!("[data-cell='{index}']"));
    resized(state, index, dom::natural_width_px(&cells).ceil() + 1.0);
}

fn resized(state: State, index: usize, width_px: f64) {
    let Some(column) = state.column_now(index).filter(|column| column.resizable) else { return };
    if let Some(on_resize) = state.acts.on_resize {
        on_resize.run((column.key, width_px.clamp(MIN_COLUMN_PX, MAX_COLUMN_PX)));
    }
}

//! The rows of the grid that are in sight, and the one with the focus.

use super::GridRow;
use super::ascending::{NO_ROLE, ascending};
use super::state::{Slot, State};
use crate::widgets::icon::{Icon, IconName};
use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

/// The box of the rows: as high as all of them, with only a few inside.
pub(super) fn body(state: State, is_tree: bool, row_attribute: &'static str, head_rows: Memo<usize>) -> impl IntoView {
    let rows =
        ascending(move || state.shown_rows.get(), move |index| row(state, index, is_tree, row_attribute, head_rows));
    view! {
        <div
            class="grid-body"
            role="rowgroup"
            style:height=move || format!("{}px", state.rows.get().height_px())
            use:rows
        ></div>
    }
}

/// What a cell needs of its row, besides its content.
#[derive(Clone, Copy)]
struct Row {
    index: usize,
    /// Another id means another row in this place, another revision the same with something new: its cells are asked for again.
    shown: Memo<(String, u32)>,
    info: Memo<GridRow>,
    /// The column that Tab reaches, if it is in this row.
    focused: Memo<Option<usize>>,
}

fn row(
    state: State,
    index: usize,
    is_tree: bool,
    row_attribute: &'static str,
    head_rows: Memo<usize>,
) -> impl IntoView {
    let info =
        Memo::new(move |_| if index < state.row_count.get() { state.row.run(index) } else { GridRow::default() });
    // one memo for both: with a second one over `info`, rows that changed places were not told
    let shown = Memo::new(move |_| info.with(|row| (row.id.clone(), row.revision)));
    let focused = Memo::new(move |_| state.at.with(|at| (at.row == Some(index)).then_some(at.column)));
    let row = Row { index, shown, info, focused };
    let top = Memo::new(move |_| {
        // Only where the rows are higher than a browser can be does their place depend on the scroll position.
        let rows = state.rows.get();
        let scroll = if rows.height_px() < rows.count as f64 * rows.row_px { state.scroll_top_px.get() } else { 0.0 };
        rows.top_px(index, scroll)
    });
    let pinned = ascending(move || state.shown.with(|s| s.pinned.clone()), move |slot| cell(state, row, slot));
    let rest = ascending(move || state.shown.with(|s| s.rest.clone()), move |slot| cell(state, row, slot));
    let id_attribute = custom_attribute(row_attribute, move || shown.with(|(id, _)| id.clone()));
    let level =
        custom_attribute("aria-level", move || info.with(|row| is_tree.then_some(row.level.max(1).to_string())));
    view! {
        <div
            class="grid-row"
            class:selected=move || info.with(|row| row.selected)
            class:dimmed=move || info.with(|row| row.dimmed)
            role="row"
            data-index=index
            aria-rowindex=move || index + 1 + head_rows.get()
            aria-expanded=move || info.with(|row| row.expanded.map(|open| if open { "true" } else { "false" }))
            aria-setsize=move || info.with(|row| (is_tree && row.set_size > 0).then_some(row.set_size))
            aria-posinset=move || info.with(|row| (is_tree && row.set_size > 0).then_some(row.position))
            aria-selected=move || info.with(|row| if row.selected { "true" } else { "false" })
            style:top=move || format!("{}px", top.get())
            {..id_attribute}
            {..level}
        >
            <div class="grid-pinned" role=NO_ROLE use:pinned></div>
            <div class="grid-rest" role=NO_ROLE use:rest></div>
        </div>
    }
}

fn cell(state: State, row: Row, slot: Slot) -> impl IntoView {
    let (index, column) = (row.index, slot.index);
    let tabindex = move || if row.focused.get() == Some(column) { "0" } else { "-1" };
    let content = move || {
        row.shown.track();
        if slot.choose {
            choose_box(row).into_any()
        } else if index < state.row_count.get_untracked() {
            state.cell.run((index, column))
        } else {
            ().into_any()
        }
    };
    view! {
        <div
            class=slot.class()
            role=if slot.tree { "rowheader" } else { "gridcell" }
            aria-colindex=column + 1
            data-cell=column
            tabindex=tabindex
            style:grid-column-start=format!("c{column}")
        >
            {slot.tree.then(|| twisty(row))}
            {content}
        </div>
    }
}

fn choose_box(row: Row) -> impl IntoView {
    view! {
        <input
            type="checkbox"
            class="check"
            tabindex="-1"
            data-choose=""
            aria-label=move || format!("Choose {}", row.info.with(|row| row.name.clone()))
            prop:checked=move || row.info.with(|row| row.selected)
        />
    }
}

/// The indent of a tree's row, and the mark that opens it.
fn twisty(row: Row) -> impl IntoView {
    let level = move || row.info.with(|row| row.level.max(1) - 1).to_string();
    let expanded = Memo::new(move |_| row.info.with(|row| row.expanded));
    view! {
        <span class="twisty" class:open=move || expanded.get() == Some(true) data-toggle="" style:--level=level aria-hidden="true">
            {move || expanded.get().map(|_| view! { <Icon name=IconName::ChevronRight class="small" /> })}
        </span>
    }
}

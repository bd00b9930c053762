//! What of the grid is in sight, and where its focus is.

use super::keys::Acts;
use super::{GridColumn, GridRow};
use crate::browser::dom;
use crate::widgets::window::{ColumnSpace, ColumnWidth, RowSpace};
use leptos::prelude::*;
use leptos::{ev, html, task};
use std::sync::Arc;

/// Rows kept ready above and below the view.
const SPARE_ROWS: usize = 6;
/// How often the cell that gets the focus is looked for.
const FOCUS_TURNS: usize = 20;
/// Columns kept ready at each side of the view.
const SPARE_COLUMNS: usize = 1;

/// A cell, by row (none: the head) and column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub row: Option<usize>,
    pub column: usize,
}

/// A column that is in the page; ordered by its index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub index: usize,
    key: String,
    pub align_right: bool,
    pub tree: bool,
    pub choose: bool,
    pub narrow: bool,
    /// First of its group: a line stands before it.
    pub first: bool,
}

impl Slot {
    /// The classes of its cells: one text, since a table has many cells.
    pub fn class(&self) -> String {
        let marks =
            [(self.align_right, " num"), (self.narrow, " narrow"), (self.first, " first"), (self.tree, " tree")];
        let on = marks.into_iter().filter_map(|(on, class)| on.then_some(class));
        std::iter::once("cell").chain(on).collect()
    }
}

/// The columns that are in the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shown {
    pub pinned: Vec<Slot>,
    pub rest: Vec<Slot>,
    pub pinned_tracks: String,
    pub rest_tracks: String,
}

/// The signals that the parts of one grid share.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub columns: Signal<Arc<Vec<GridColumn>>>,
    pub row_count: Signal<usize>,
    pub row: Callback<usize, GridRow>,
    pub cell: Callback<(usize, usize), AnyView>,
    pub sort: Signal<Option<(String, bool)>>,
    pub all_selected: Signal<Option<bool>>,
    pub acts: Acts,

    pub root: NodeRef<html::Div>,
    pub head: NodeRef<html::Div>,
    pub probe: NodeRef<html::Div>,

    /// Width and height of the view.
    size_px: RwSignal<(f64, f64)>,
    head_px: RwSignal<f64>,
    row_px: RwSignal<f64>,
    pub scroll_top_px: RwSignal<f64>,
    pub scroll_left_px: RwSignal<f64>,
    /// The column whose edge is being dragged, and its width.
    pub drag: RwSignal<Option<(usize, f64)>>,

    pub rows: Memo<RowSpace>,
    pub space: Memo<Arc<ColumnSpace>>,
    /// The rows that are in the page, ascending.
    pub shown_rows: Memo<Vec<usize>>,
    pub shown: Memo<Arc<Shown>>,

    /// The cell that Tab reaches, or has the focus.
    pub at: RwSignal<Place>,
    /// The cell that still has the focus while it moves to another: it must stay in the page until then.
    held: RwSignal<Place>,
    /// Whether the focus is in the grid.
    inside: StoredValue<bool>,
    /// Whether it ever was.
    touched: StoredValue<bool>,
    /// The row that was chosen or pressed last: a range by Shift and a click or Space begins there.
    pub anchor: StoredValue<Option<usize>>,
    /// Where a range that Shift and the arrows stretch began.
    pub stretched_from: StoredValue<Option<usize>>,
}

impl State {
    pub fn new(
        columns: Signal<Arc<Vec<GridColumn>>>,
        row_count: Signal<usize>,
        row: Callback<usize, GridRow>,
        cell: Callback<(usize, usize), AnyView>,
        sort: Signal<Option<(String, bool)>>,
        all_selected: Signal<Option<bool>>,
        acts: Acts,
    ) -> State {
        let size_px = RwSignal::new((0.0_f64, 0.0_f64));
        let (head_px, row_px) = (RwSignal::new(0.0_f64), RwSignal::new(0.0_f64));
        let (scroll_top_px, scroll_left_px) = (RwSignal::new(0.0_f64), RwSignal::new(0.0_f64));
        let drag = RwSignal::new(None);
        let first_row = if row_count.get_untracked() > 0 { Some(0) } else { None };
        let first_column = columns.with_untracked(|columns| columns.iter().position(|c| c.tree).unwrap_or(0));
        let at = RwSignal::new(Place { row: first_row, column: first_column });
        let held = RwSignal::new(at.get_untracked());

        let rows = Memo::new(move |_| RowSpace {
            count: row_count.get(),
            row_px: row_px.get(),
            view_px: (size_px.get().1 - head_px.get()).max(0.0),
        });
        let space = Memo::new(move |_| {
            let drag = drag.get();
            let widths: Vec<ColumnWidth> = columns.with(|columns| {
                let dragged = |i: usize| drag.filter(|(column, _)| *column == i).map(|(_, width_px)| width_px);
                let width = |(i, c): (usize, &GridColumn)| ColumnWidth {
                    width_px: dragged(i).unwrap_or(c.width_px),
                    pinned: c.pinned,
                    shrinks: c.tree && dragged(i).is_none(),
                };
                columns.iter().enumerate().map(width).collect()
            });
            Arc::new(ColumnSpace::new(&widths, size_px.get().0))
        });
        let shown_rows = Memo::new(move |_| {
            let rows = rows.get();
            let mut shown: Vec<usize> = rows.visible(scroll_top_px.get(), SPARE_ROWS).collect();
            for row in [at.get().row, held.get().row].into_iter().flatten().filter(|row| *row < rows.count) {
                if let Err(place) = shown.binary_search(&row) {
                    shown.insert(place, row);
                }
            }
            shown
        });
        let shown_columns = Memo::new(move |_| {
            space.with(|space| {
                let mut shown: Vec<usize> = space.visible(scroll_left_px.get(), SPARE_COLUMNS).collect();
                for column in [at.get().column, held.get().column] {
                    if column >= space.pinned()
                        && column < space.count()
                        && let Err(place) = shown.binary_search(&column)
                    {
                        shown.insert(place, column);
                    }
                }
                shown
            })
        });
        let shown = Memo::new(move |_| {
            let space = space.get();
            let rest = shown_columns.get();
            let pinned: Vec<usize> = (0..space.pinned()).collect();
            columns.with(|columns| {
                let slot = |index: &usize| {
                    let column = columns.get(*index)?;
                    let before = index.checked_sub(1).and_then(|i| columns.get(i)).map(|c| &c.group);
                    Some(Slot {
                        index: *index,
                        key: column.key.clone(),
                        align_right: column.align_right,
                        tree: column.tree,
                        choose: column.choose,
                        narrow: column.narrow || column.choose,
                        first: before.is_some_and(|group| *group != column.group),
                    })
                };
                Arc::new(Shown {
                    pinned_tracks: space.tracks(0, &pinned),
                    rest_tracks: space.tracks(space.pinned(), &rest),
                    pinned: pinned.iter().filter_map(slot).collect(),
                    rest: rest.iter().filter_map(slot).collect(),
                })
            })
        });

        State {
            columns,
            row_count,
            row,
            cell,
            sort,
            all_selected,
            acts,
            root: NodeRef::new(),
            head: NodeRef::new(),
            probe: NodeRef::new(),
            size_px,
            head_px,
            row_px,
            scroll_top_px,
            scroll_left_px,
            drag,
            rows,
            space,
            shown_rows,
            shown,
            at,
            held,
            inside: StoredValue::new(false),
            touched: StoredValue::new(false),
            anchor: StoredValue::new(None),
            stretched_from: StoredValue::new(None),
        }
    }

    /// Takes what was measured, where it changed.
    pub fn measured(self, size_px: (f64, f64), row_px: f64, head_px: f64) {
        let set = |signal: RwSignal<f64>, value: f64| {
            if signal.try_get_untracked().is_some_and(|old| old != value) {
                signal.set(value);
            }
        };
        if self.size_px.try_get_untracked().is_some_and(|old| old != size_px) {
            self.size_px.set(size_px);
        }
        set(self.row_px, row_px);
        set(self.head_px, head_px);
    }

    /// Takes the scroll position from the page.
    pub fn scrolled(self) {
        let Some(root) = self.root.get_untracked() else { return };
        let (top, left) = (f64::from(root.scroll_top()), f64::from(root.scroll_left()));
        if self.scroll_top_px.get_untracked() != top {
            self.scroll_top_px.set(top);
        }
        if self.scroll_left_px.get_untracked() != left {
            self.scroll_left_px.set(left);
        }
    }

    /// What is in row `index` now; an empty one where there is none.
    pub fn row_now(self, index: usize) -> GridRow {
        untrack(|| if index < self.row_count.get() { self.row.run(index) } else { GridRow::default() })
    }

    /// Column `index`.
    pub fn column_now(self, index: usize) -> Option<GridColumn> {
        self.columns.with_untracked(|columns| columns.get(index).cloned())
    }

    /// The column with the rows' names, or the first.
    pub fn tree_column(self) -> usize {
        self.columns.with_untracked(|columns| columns.iter().position(|c| c.tree).unwrap_or(0))
    }

    /// Moves the focus to a cell, and scrolls so that it is seen.
    pub fn go(self, place: Place) {
        let columns = self.columns.with_untracked(|columns| columns.len());
        let rows = self.row_count.get_untracked();
        let place = Place {
            row: place.row.and_then(|row| rows.checked_sub(1).map(|last| row.min(last))),
            column: place.column.min(columns.saturating_sub(1)),
        };
        self.reveal(place);
        self.at.set(place);
        self.focus_later(false);
    }

    fn reveal(self, place: Place) {
        let Some(root) = self.root.get_untracked() else { return };
        let top = place.row.and_then(|row| self.rows.get_untracked().reveal(row, self.scroll_top_px.get_untracked()));
        // The first column shows the beginning of all of them, even if it never went out of sight.
        let left = match place.column {
            0 => (self.scroll_left_px.get_untracked() > 0.0).then_some(0.0),
            column => self.space.with_untracked(|s| s.reveal(column, self.scroll_left_px.get_untracked())),
        };
        if let Some(top) = top {
            root.set_scroll_top(top.round() as i32);
        }
        if let Some(left) = left {
            root.set_scroll_left(left.round() as i32);
        }
        if top.is_some() || left.is_some() {
            self.scrolled();
        }
    }

    /// Gives the focus to the cell it belongs to, when that is in the page: at once, or only if the focus was lost.
    fn focus_later(self, only_if_lost: bool) {
        task::spawn_local(async move {
            task::tick().await;
            // its row may be built a few turns later
            for _ in 0..FOCUS_TURNS {
                let Some(Some(root)) = self.root.try_get_untracked() else { return };
                if only_if_lost && dom::focused().is_some() {
                    return;
                }
                let Some(place) = self.at.try_get_untracked() else { return };
                let selector = match place.row {
                    Some(row) => format!("[data-index='{row}'] [data-cell='{}']", place.column),
                    None => format!(".grid-labels [data-cell='{}']", place.column),
                };
                if let Some(cell) = dom::first(&root, &selector) {
                    dom::focus(&cell);
                    return;
                }
                crate::browser::pause().await;
            }
        });
    }

    /// The focus came to something in the grid.
    pub fn focus_came(self, event: &ev::FocusEvent) {
        self.inside.set_value(true);
        self.touched.set_value(true);
        let Some(place) = dom::target_element(event).and_then(|element| place_of(&element)) else { return };
        if self.at.get_untracked() != place {
            self.at.set(place);
        }
        if self.held.get_untracked() != place {
            self.held.set(place);
        }
    }

    /// The focus left an element of the grid; if only because that element went, it comes back.
    pub fn focus_went(self, event: &ev::FocusEvent) {
        // Also comes when the whole grid goes with the focus in it.
        let Some(Some(root)) = self.root.try_get_untracked() else { return };
        if event.related_target().is_some() {
            let _ = self.inside.try_set_value(dom::holds(&root, event.related_target()));
            return;
        }
        let target = dom::target_element(event);
        task::spawn_local(async move {
            task::tick().await;
            if target.is_some_and(|target| target.is_connected()) {
                let _ = self.inside.try_set_value(dom::focused().is_some_and(|e| root.contains(Some(&e))));
            }
        });
    }

    /// Keeps the focus on something that is there: on the same row when the order changes, on the nearest when it went.
    pub fn follow(self, locate: Option<Callback<String, Option<usize>>>) {
        let known = StoredValue::new((Place::default(), String::new()));
        Effect::new(move || {
            let place = self.at.get();
            let columns = self.columns.with(|columns| columns.len());
            let count = self.row_count.get();
            let id = |row: Option<usize>| row.filter(|row| *row < count).map(|row| self.row.run(row).id);
            let (known_place, known_id) = known.get_value();
            let (mut row, mut column) = (place.row, place.column);
            let mut moves = false;
            if !self.touched.get_value() {
                // Tab comes to the name of the first row.
                (row, column) = (Some(0), self.tree_column());
            } else if let (Some(locate), Some(id)) = (locate, id(row))
                && self.inside.get_value()
                && known_place == place
                && known_id != id
                && let Some(found) = untrack(|| locate.run(known_id))
            {
                // Another row is where the focus was, though the focus did not move: the order changed.
                (row, moves) = (Some(found), true);
            }
            row = row.and_then(|row| count.checked_sub(1).map(|last| row.min(last)));
            column = column.min(columns.saturating_sub(1));
            let now = Place { row, column };
            known.set_value((now, untrack(|| id(row)).unwrap_or_default()));
            if now != place {
                self.at.set(now);
                self.held.set(now);
            }
            if self.inside.get_value() {
                self.focus_later(!moves);
            }
        });
    }
}

/// The cell that an element lies in.
pub(super) fn place_of(element: &crate::browser::dom::Element) -> Option<Place> {
    let column = dom::closest_number(element, "data-cell")?;
    Some(Place { row: dom::closest_number(element, "data-index"), column })
}

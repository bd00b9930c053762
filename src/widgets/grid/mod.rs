//! A table that is virtual in rows and columns: only what is in sight is in the page, so that 100,000 rows of 1,000
//! columns scroll like ten.
//!
//! It must not know what a row is: it asks for row `n`, and for the view of a cell. Those callbacks run inside the row and
//! the cell: a signal that they read paints that row or that cell again, and nothing else. They must answer any index.
//!
//! `mod` has the vocabulary and the frame, `state` what is in sight and where the focus is, `head` and `body` the two
//! parts, `keys` the keyboard and the mouse, `ascending` the children that come and go while one scrolls.

mod ascending;
mod body;
mod head;
mod keys;
mod state;

use crate::browser::dom;
use crate::widgets::icon::IconName;
use leptos::prelude::*;
use state::State;
use std::sync::Arc;

/// One column. What it does not say is off: build it with `..Default::default()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridColumn {
    /// What it is called in callbacks; becomes `data-column` of its head.
    pub key: String,
    /// The head over it, e.g. "Params 4 of 31"; neighbours with the same share one. Empty: none.
    pub group: Arc<str>,
    /// Its head.
    pub label: String,
    /// Shown when the pointer rests on the head.
    pub hint: String,
    /// Unit or statistic, quiet beside the label.
    pub unit: String,
    /// For numbers.
    pub align_right: bool,
    /// Width in pixels.
    pub width_px: f64,
    /// Stays at the left; only leading columns can.
    pub pinned: bool,
    /// Pressing the head calls `on_sort`.
    pub sortable: bool,
    /// The head's edge can be dragged.
    pub resizable: bool,
    /// Carries the names of the rows: indent by level and the twisty; shrinks first on a narrow view. One column at most.
    pub tree: bool,
    /// Is the column of check boxes, drawn by the grid; the cell callback is not asked.
    pub choose: bool,
    /// Is about an icon wide: no padding, centred, its label for screen readers only.
    pub narrow: bool,
    /// Stands in the head instead of the label.
    pub icon: Option<IconName>,
}

/// One row. What it does not say is off: build it with `..Default::default()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridRow {
    /// Goes into the attribute named by `row_attribute`.
    pub id: String,
    /// Another number, and its cells are asked for again.
    pub revision: u32,
    /// For screen readers, e.g. of its check box.
    pub name: String,
    /// Depth in the tree, from 1; 0 counts as 1.
    pub level: u32,
    /// Open or closed, where it has children.
    pub expanded: Option<bool>,
    /// Chosen.
    pub selected: bool,
    /// Quiet: deleted, not in the charts.
    pub dimmed: bool,
    /// Of its level, under the same parent: how many rows; 0 for unknown.
    pub set_size: u32,
    /// Of its level, under the same parent: which, from 1.
    pub position: u32,
}

/// How a row was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectHow {
    /// Turn this one round.
    Toggle,
    /// Choose all from `from` to this one, both included (either may be the greater).
    Range {
        /// Row where the range began.
        from: usize,
    },
}

/// The table. Its own element scrolls: give it a height by the box around it.
///
/// Things to press inside a cell need `tabindex="-1"`; the keyboard reaches them through `on_key`. The mark
/// `data-toggle` on one of them opens and closes the row.
#[component]
pub fn Grid(
    /// Its name for screen readers.
    #[prop(into)]
    label: Signal<String>,
    /// `treegrid`, or `grid` where rows have no children.
    #[prop(default = "treegrid")]
    role: &'static str,
    /// The attribute that carries a row's id.
    #[prop(default = "data-row")]
    row_attribute: &'static str,
    /// Becomes `data-runs-matching`, where given.
    #[prop(into, optional)]
    matching: Option<Signal<usize>>,
    /// The columns, pinned ones first.
    #[prop(into)]
    columns: Signal<Arc<Vec<GridColumn>>>,
    /// How many rows.
    #[prop(into)]
    row_count: Signal<usize>,
    /// Row `n`.
    #[prop(into)]
    row: Callback<usize, GridRow>,
    /// The content of a cell: row index, column index.
    #[prop(into)]
    cell: Callback<(usize, usize), AnyView>,
    /// Column key and whether it descends.
    #[prop(into, default = Signal::stored(None))]
    sort: Signal<Option<(String, bool)>>,
    /// A head was pressed.
    #[prop(into, optional)]
    on_sort: Option<Callback<String>>,
    /// A row is to be chosen; without it rows can not be chosen.
    #[prop(into, optional)]
    on_select: Option<Callback<(usize, SelectHow)>>,
    /// The head's check box: all chosen, none, or some (`None`).
    #[prop(into, default = Signal::stored(Some(false)))]
    all_selected: Signal<Option<bool>>,
    /// All or none are to be chosen.
    #[prop(into, optional)]
    on_select_all: Option<Callback<bool>>,
    /// Enter on a row.
    #[prop(into, optional)]
    on_open: Option<Callback<usize>>,
    /// A row is to be opened or closed in the tree.
    #[prop(into, optional)]
    on_toggle: Option<Callback<usize>>,
    /// A column got another width, in pixels.
    #[prop(into, optional)]
    on_resize: Option<Callback<(String, f64)>>,
    /// A key without Ctrl, Alt or Meta on a row, before the grid looks at it: whether it is dealt with.
    #[prop(into, optional)]
    on_key: Option<Callback<(usize, String), bool>>,
    /// Where the row of this id is now, so that the focus can follow it when the order changes.
    #[prop(into, optional)]
    locate: Option<Callback<String, Option<usize>>>,
) -> impl IntoView {
    let acts = keys::Acts { on_sort, on_select, on_select_all, on_open, on_toggle, on_resize, on_key };
    let state = State::new(columns, row_count, row, cell, sort, all_selected, acts);
    state.follow(locate);

    // What was measured once the grid is in the page, and again whenever a size changes.
    let watch = StoredValue::new_local(None::<dom::SizeWatch>);
    Effect::new(move || {
        let (Some(root), Some(probe), Some(head)) = (state.root.get(), state.probe.get(), state.head.get()) else {
            return;
        };
        let measure = {
            let (root, probe, head) = (root.clone(), probe.clone(), head.clone());
            move || state.measured(dom::inner_size_px(&root), dom::size_px(&probe).1, dom::size_px(&head).1)
        };
        measure();
        watch.set_value(Some(dom::watch_size(&[&root, &probe, &head], measure)));
    });
    on_cleanup(move || {
        let _ = watch.try_update_value(|watch| watch.take());
    });

    let has_groups = Memo::new(move |_| columns.with(|columns| columns.iter().any(|c| !c.group.is_empty())));
    let head_rows = Memo::new(move |_| 1 + usize::from(has_groups.get()));
    let scrolled = Memo::new(move |_| state.scroll_left_px.get() > 0.0);
    let width = move || format!("{}px", state.space.with(|space| space.whole_px()));

    view! {
        <div
            class="grid"
            node_ref=state.root
            role=role
            aria-label=move || label.get()
            aria-rowcount=move || row_count.get() + head_rows.get()
            aria-colcount=move || columns.with(|columns| columns.len())
            aria-multiselectable=on_select.is_some().then_some("true")
            data-runs-matching=move || matching.map(|matching| matching.get())
            class:is-scrolled=scrolled
            class:is-resizing=move || state.drag.with(Option::is_some)
            style:--grid-pinned=move || state.shown.with(|shown| shown.pinned_tracks.clone())
            style:--grid-rest=move || state.shown.with(|shown| shown.rest_tracks.clone())
            style:--grid-pinned-width=move || format!("{}px", state.space.with(|space| space.pinned_px()))
            style:--grid-width=width
            on:scroll=move |_| state.scrolled()
            on:keydown=move |event| keys::pressed(state, &event)
            on:mousedown=move |event| keys::held_down(state, &event)
            on:click=move |event| keys::clicked(state, &event)
            on:pointerover=move |event| keys::pointed(&event)
            on:focusin=move |event| state.focus_came(&event)
            on:focusout=move |event| state.focus_went(&event)
        >
            <div class="grid-probe" node_ref=state.probe role="presentation"></div>
            <div class="grid-head" node_ref=state.head role="rowgroup">
                {move || has_groups.get().then(|| head::groups(state))}
                {head::labels(state, head_rows)}
            </div>
            {body::body(state, role == "treegrid", row_attribute, head_rows)}
        </div>
    }
}

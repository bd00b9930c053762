//! The card of a line chart.

use super::board::Board;
use super::tip::{Place, tip_view};
use super::{Painted, color_token, measure};
use crate::browser::dom;
use crate::chart::{
    Emphasis, Hover, LineLayout, LinePlot, Size, Theme, dragged, end_labels, format, hover, hover_sentence,
    line_layout, line_sentence, next_x, paint_brush, paint_cross, paint_line, stepped, tip, whole_x, window_text,
    x_text,
};
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use plotters::drawing::IntoDrawingArea;
use std::sync::Arc;

/// A drag shorter than this is a click.
const DRAG_PX: f64 = 4.0;

/// What a layout was made of.
type Made = (Arc<LinePlot>, Size, Arc<Theme>);

/// What the handlers of one card share.
#[derive(Clone, Copy)]
struct Card {
    board: Board,
    plot: Signal<Arc<LinePlot>>,
    layout: RwSignal<Option<Arc<LineLayout>>>,
    made_of: StoredValue<Option<Made>>,
    cursor: RwSignal<Option<f64>>,
    raised: RwSignal<Option<u32>>,
    /// Raised before the pointer came.
    raised_before: StoredValue<Option<u32>>,
    /// The pointer, or the keyboard, is on this chart.
    is_pointed: RwSignal<bool>,
    pointer_y: RwSignal<Option<f64>>,
    brush: RwSignal<Option<(f64, f64)>>,
    read: RwSignal<Option<Arc<Hover>>>,
    said: RwSignal<String>,
    painted: RwSignal<Painted>,
    on_zoom: Callback<Option<(f64, f64)>>,
}

/// A line chart. Drag along x zooms, a double click shows all again; the keyboard does both, and reads values.
#[component]
pub fn LineChart(
    /// Becomes `data-chart`, e.g. `metrics.loss`.
    name: String,
    /// Its head.
    #[prop(into)]
    title: String,
    /// What is drawn. A memo, or a signal that is set: a new `Arc` is a new layout.
    #[prop(into)]
    plot: Signal<Arc<LinePlot>>,
    /// The crosshair's x, shared by charts of one axis.
    cursor: RwSignal<Option<f64>>,
    /// The series that stands out, shared by all.
    raised: RwSignal<Option<u32>>,
    /// Another part of x is wanted, or (`None`) all of it.
    #[prop(into)]
    on_zoom: Callback<Option<(f64, f64)>>,
    /// Set by the chart: only then is it painted, and need its points be read.
    in_sight: RwSignal<bool>,
    /// What is not ready yet, in words.
    #[prop(into, optional)]
    status: MaybeProp<String>,
    /// What was done to the points or the axis, in words.
    #[prop(into, optional)]
    foot: MaybeProp<String>,
    /// Told after each painting.
    #[prop(into, optional)]
    on_painted: Option<Callback<Painted>>,
    /// Controls at the right of its head.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let card = Card {
        board: Board::new(in_sight),
        plot,
        layout: RwSignal::new(None),
        made_of: StoredValue::new(None),
        cursor,
        raised,
        raised_before: StoredValue::new(None),
        is_pointed: RwSignal::new(false),
        pointer_y: RwSignal::new(None),
        brush: RwSignal::new(None),
        read: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        painted: RwSignal::new(Painted::default()),
        on_zoom,
    };
    let board = card.board;
    board.on_frame(
        true,
        move || {
            plot.track();
            board.size.track();
            board.theme.track();
            raised.track();
            card.is_pointed.track();
        },
        move || {
            card.paint();
            if let Some(on_painted) = on_painted {
                on_painted.run(card.painted.get_untracked());
            }
        },
    );
    Effect::new(move |_| card.read_cursor());
    board.on_frame(
        false,
        move || {
            card.read.track();
            card.brush.track();
            card.layout.track();
            raised.track();
        },
        move || card.paint_over(),
    );

    let title = StoredValue::new(title);
    let sentence = move || {
        let plot = plot.get();
        let title = title.get_value();
        card.layout.get().map_or_else(|| title.clone(), |layout| line_sentence(&title, &plot, &layout))
    };
    let zoomed = move || {
        let plot = plot.get();
        plot.x_window.map(|window| {
            let text = window_text(plot.x, window);
            view! {
                <span class="chart-chip">
                    {text}
                    <button type="button" aria-label=move || format!("reset: show all of {}", title.get_value())
                        on:click=move |_| on_zoom.run(None)>"reset"</button>
                </span>
            }
        })
    };
    let reading = move || {
        let row = card.read.get().filter(|_| !card.is_pointed.get()).and_then(|read| {
            let id = raised.get()?;
            read.rows.iter().find(|row| row.id == id).cloned()
        });
        row.map(|row| {
            view! {
                <span class="chart-reading">
                    <i class="chart-dot" style:background-color=color_token(row.color)></i>
                    {format::short(row.value)}
                </span>
            }
        })
    };
    let foot = move || {
        let painted = card.painted.get();
        foot.get().or_else(|| {
            let (drawn, total) = (format::fixed(painted.drawn as f64, 0), format::fixed(painted.total as f64, 0));
            (painted.drawn < painted.total)
                .then(|| format!("{drawn} of {total} points drawn: first, smallest, largest, last of each pixel"))
        })
    };
    view! {
        <figure class="chart" data-chart=name
            data-runs=move || plot.with(|plot| plot.series.len())
            data-points-total=move || card.painted.get().total
            data-points-drawn=move || card.painted.get().drawn
            data-revision=move || card.painted.get().revision>
            <figcaption class="chart-head">
                <span class="chart-title">{title.get_value()}</span>
                {move || plot.with(|plot| plot.log_y).then(|| view! { <span class="chart-tag">"log"</span> })}
                <span class="chart-space"></span>
                {reading}
                {zoomed}
                {children.map(|children| children())}
            </figcaption>
            <div class="chart-box">
                <div class="chart-plot" role="img" tabindex="0" aria-label=sentence node_ref=board.frame
                    on:pointerenter=move |_| card.raised_before.set_value(raised.get_untracked())
                    on:pointerdown=move |event| card.pointer_down(&event)
                    on:pointermove=move |event| card.pointer_move(&event)
                    on:pointerup=move |event| card.pointer_up(&event)
                    on:pointercancel=move |_| card.brush.set(None)
                    on:pointerleave=move |event| card.pointer_leave(&event)
                    on:dblclick=move |_| on_zoom.run(None)
                    on:blur=move |_| card.leave()
                    on:keydown=move |event| card.key(&event)>
                    {board.canvases()}
                </div>
                {move || card.tip_view(title.get_value())}
                {move || status.get().map(|status| view! { <p class="chart-status" role="status">{status}</p> })}
            </div>
            <p class="chart-said" aria-live="polite">{move || card.said.get()}</p>
            {move || foot().map(|foot| view! { <p class="chart-foot">{foot}</p> })}
        </figure>
    }
}

impl Card {
    fn emphasis(self) -> Emphasis {
        Emphasis { raised: self.raised.get_untracked(), lowers_others: self.is_pointed.get_untracked() }
    }

    fn paint(self) {
        let Some(size) = self.board.size.get_untracked() else { return };
        let (plot, theme) = (self.plot.get_untracked(), self.board.theme.get_untracked());
        let is_same = self.made_of.with_value(|made| {
            made.as_ref()
                .is_some_and(|made| Arc::ptr_eq(&made.0, &plot) && made.1 == size && Arc::ptr_eq(&made.2, &theme))
        });
        let known = self.layout.get_untracked().filter(|_| is_same);
        let measure = measure(&theme.font);
        let is_new = known.is_none();
        let layout = known.unwrap_or_else(|| Arc::new(line_layout(&plot, size, &measure)));
        let labels = end_labels(&layout, self.raised.get_untracked(), &measure);
        let Some(mut pen) = self.board.base(size) else { return };
        let Some(backend) = pen.backend() else { return };
        let root = backend.into_drawing_area();
        if let Err(error) = paint_line(&layout, &labels, self.emphasis(), &theme, &root, &mut pen) {
            leptos::logging::warn!("a chart could not be painted: {error}");
        }
        self.painted.update(|painted| {
            (painted.total, painted.drawn) = (layout.points_total, layout.points_drawn);
            painted.revision += 1;
        });
        if is_new {
            self.made_of.set_value(Some((plot, size, theme.clone())));
            self.layout.set(Some(layout));
        }
    }

    /// Reads all lines at the shared crosshair, where it lies in this chart's range.
    fn read_cursor(self) {
        let pointer_y = self.pointer_y.get();
        let read = self.cursor.get().zip(self.layout.get()).and_then(|(x, layout)| {
            let is_inside = (layout.x.low..=layout.x.high).contains(&x);
            let plot = self.plot.get_untracked();
            is_inside.then(|| {
                let mut read = hover(&plot, &layout, x, pointer_y);
                // Without a pointer the raised line is the one that is meant.
                let raised = self.raised.get();
                read.nearest = read.nearest.or_else(|| read.rows.iter().position(|row| Some(row.id) == raised));
                Arc::new(read)
            })
        });
        if read.is_some() || self.read.with_untracked(Option::is_some) {
            self.read.set(read);
        }
    }

    fn paint_over(self) {
        let (Some(size), Some(layout)) = (self.board.size.get_untracked(), self.layout.get_untracked()) else { return };
        let Some(mut pen) = self.board.over(size) else { return };
        let theme = self.board.theme.get_untracked();
        if let Some((from, to)) = self.brush.get_untracked() {
            paint_brush(&layout.plot, from, to, &theme, &mut pen);
        }
        let read = self.read.get_untracked();
        if let Some((read, x)) = read.zip(self.cursor.get_untracked()) {
            let raised = self.raised.get_untracked();
            let marked = read.nearest.and_then(|nearest| read.rows.get(nearest));
            let marked = marked.or_else(|| read.rows.iter().find(|row| Some(row.id) == raised));
            let dots: Vec<((f64, f64), u8)> = marked.and_then(|row| Some((row.at?, row.color))).into_iter().collect();
            paint_cross(&layout.plot, layout.x.px(x), &dots, &theme, &mut pen);
        }
    }

    fn pointer_down(self, event: &PointerEvent) {
        self.pointer_move(event);
        if event.pointer_type() != "touch" && event.button() == 0 {
            let x = f64::from(event.offset_x());
            self.brush.set(Some((x, x)));
            if let Some(frame) = self.board.frame.get_untracked() {
                dom::capture_pointer(&frame, event.pointer_id());
            }
        }
    }

    fn pointer_move(self, event: &PointerEvent) {
        let Some(layout) = self.layout.get_untracked() else { return };
        let (px, py) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        if let Some((from, _)) = self.brush.get_untracked() {
            self.brush.set(Some((from, px)));
        }
        let x = layout.x.value(px.clamp(layout.plot.left, layout.plot.right));
        let found = hover(&self.plot.get_untracked(), &layout, x, Some(py));
        let nearest = found.nearest.and_then(|nearest| found.rows.get(nearest));
        let snapped = nearest.map(|row| row.x).filter(|x| (layout.x.low..=layout.x.high).contains(x));
        self.pointer_y.set(Some(py));
        self.point(Some(snapped.unwrap_or(x)), nearest.map(|row| row.id));
    }

    /// Moves crosshair and emphasis; writes only what changes, since every write reaches every chart.
    fn point(self, x: Option<f64>, id: Option<u32>) {
        if !self.is_pointed.get_untracked() {
            self.is_pointed.set(true);
        }
        if self.cursor.get_untracked() != x {
            self.cursor.set(x);
        }
        if id.is_some() && self.raised.get_untracked() != id {
            self.raised.set(id);
        }
    }

    fn pointer_up(self, event: &PointerEvent) {
        let Some((from, _)) = self.brush.get_untracked() else { return };
        self.brush.set(None);
        let to = f64::from(event.offset_x());
        let Some(layout) = self.layout.get_untracked() else { return };
        if (to - from).abs() >= DRAG_PX
            && let Some(window) = dragged(&self.plot.get_untracked(), layout.x.value(from), layout.x.value(to))
        {
            self.on_zoom.run(Some(window));
        }
    }

    fn pointer_leave(self, event: &PointerEvent) {
        // A finger that was lifted left what it wanted to read.
        if event.pointer_type() != "touch" {
            self.leave();
        }
    }

    fn leave(self) {
        if !self.is_pointed.get_untracked() {
            return;
        }
        self.is_pointed.set(false);
        self.pointer_y.set(None);
        self.cursor.set(None);
        self.said.set(String::new());
        self.raised.set(self.raised_before.get_value());
    }

    fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let Some(layout) = self.layout.get_untracked() else { return };
        let plot = self.plot.get_untracked();
        let (cursor, raised) = (self.cursor.get_untracked(), self.raised.get_untracked());
        let jump = if event.shift_key() { 10 } else { 1 };
        let along = |ahead: bool| (0..jump).fold(cursor, |from, _| next_x(&plot, &layout, raised, from, ahead));
        let window = plot.x_window.unwrap_or_else(|| whole_x(&plot));
        let key = event.key();
        match key.as_str() {
            "ArrowLeft" | "ArrowRight" => self.read_aloud(&plot, &layout, along(key == "ArrowRight"), raised),
            "Home" | "End" => {
                let from = if key == "Home" { window.0 } else { window.1 };
                let x = next_x(&plot, &layout, raised, None, key == "Home");
                self.read_aloud(&plot, &layout, x.or(Some(from)), raised);
            }
            "ArrowUp" | "ArrowDown" => {
                let Some(x) = cursor else { return };
                let read = hover(&plot, &layout, x, None);
                let at = read.rows.iter().position(|row| Some(row.id) == raised);
                let next = match (at, key == "ArrowUp") {
                    (Some(at), true) => at.saturating_sub(1),
                    (Some(at), false) => at + 1,
                    (None, _) => 0,
                };
                let id = read.rows.get(next).map(|row| row.id).or(raised);
                self.read_aloud(&plot, &layout, cursor, id);
            }
            "+" | "=" => self.on_zoom.run(stepped(&plot, true, cursor)),
            "-" if plot.x_window.is_some() => self.on_zoom.run(stepped(&plot, false, cursor)),
            "0" if plot.x_window.is_some() => self.on_zoom.run(None),
            "Escape" if plot.x_window.is_some() => self.on_zoom.run(None),
            "Escape" if cursor.is_some() => self.leave(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn read_aloud(self, plot: &LinePlot, layout: &LineLayout, x: Option<f64>, id: Option<u32>) {
        if !self.is_pointed.get_untracked() {
            self.raised_before.set_value(self.raised.get_untracked());
        }
        self.pointer_y.set(None);
        self.point(x, id.or_else(|| plot.series.first().map(|series| series.id)));
        let Some(x) = x else { return };
        let mut read = hover(plot, layout, x, None);
        let raised = self.raised.get_untracked();
        read.nearest = read.rows.iter().position(|row| Some(row.id) == raised);
        self.said.set(hover_sentence(&read, plot.x, x));
    }

    fn tip_view(self, title: String) -> Option<impl IntoView> {
        let read = self.read.get().filter(|_| self.is_pointed.get() && self.brush.get().is_none_or(|(a, b)| a == b))?;
        let (layout, x) = (self.layout.get_untracked()?, self.cursor.get_untracked()?);
        let card = dom::rect_px(self.board.frame.get_untracked()?.as_ref());
        let place = Place::of(card, &layout.plot, layout.has_label_room);
        let lead = (!layout.has_label_room && place != Place::Under).then_some(title);
        let axis = self.plot.with_untracked(|plot| plot.x);
        Some(tip_view(tip(&read, place.rows(layout.size.height)), x_text(axis, x), lead, place))
    }
}

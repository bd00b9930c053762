//! The card of a chart of one value a run.

use super::board::Board;
use super::tip::{Place, tip_view};
use super::{Painted, measure};
use crate::browser::dom;
use crate::chart::{
    BarLayout, BarPlot, Emphasis, Form, Tip, TipRow, bar_at, bar_height, bar_layout, bars_sentence, paint_bars,
};
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use plotters::drawing::IntoDrawingArea;
use std::sync::Arc;

#[derive(Clone, Copy)]
struct Card {
    board: Board,
    plot: Signal<Arc<BarPlot>>,
    layout: RwSignal<Option<Arc<BarLayout>>>,
    raised: RwSignal<Option<u32>>,
    raised_before: StoredValue<Option<u32>>,
    /// Number of the row under the pointer or the keyboard.
    pointed: RwSignal<Option<usize>>,
    said: RwSignal<String>,
    painted: RwSignal<Painted>,
}

/// Bars, dots or, of many runs, a strip.
#[component]
pub fn OneValueChart(
    /// Becomes `data-chart`, e.g. `metrics.accuracy`.
    name: String,
    /// Its head.
    #[prop(into)]
    title: String,
    /// What is drawn.
    #[prop(into)]
    plot: Signal<Arc<BarPlot>>,
    /// The run that stands out, shared by all charts.
    raised: RwSignal<Option<u32>>,
    /// Bars or dots are wanted.
    #[prop(into)]
    on_form: Callback<Form>,
    /// Set by the chart.
    in_sight: RwSignal<bool>,
    /// What is not ready yet, in words.
    #[prop(into, optional)]
    status: MaybeProp<String>,
    /// Controls at the right of its head.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let card = Card {
        board: Board::new(in_sight),
        plot,
        layout: RwSignal::new(None),
        raised,
        raised_before: StoredValue::new(None),
        pointed: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        painted: RwSignal::new(Painted::default()),
    };
    let board = card.board;
    board.on_frame(
        true,
        move || {
            plot.track();
            board.size.track();
            board.theme.track();
            raised.track();
        },
        move || card.paint(),
    );
    let title = StoredValue::new(title);
    let sentence = move || {
        let (plot, title) = (plot.get(), title.get_value());
        card.layout.get().map_or_else(|| title.clone(), |layout| bars_sentence(&title, &plot, &layout))
    };
    let is_strip = Memo::new(move |_| plot.with(|plot| plot.is_strip()));
    let form = Memo::new(move |_| plot.with(|plot| plot.form()));
    let switch = move || {
        (!is_strip.get()).then(|| {
            let button = move |wanted: Form, word: &'static str| {
                view! {
                    <button type="button" aria-pressed=move || (form.get() == wanted).to_string()
                        on:click=move |_| on_form.run(wanted)>{word}</button>
                }
            };
            view! {
                <span class="chart-switch" role="group" aria-label=format!("Draw {} as", title.get_value())>
                    {button(Form::Bars, "Bars")} {button(Form::Dots, "Dots")}
                </span>
            }
        })
    };
    view! {
        <figure class="chart" data-chart=name
            data-runs=move || plot.with(|plot| plot.bars.len())
            data-points-total=move || card.painted.get().total
            data-points-drawn=move || card.painted.get().drawn
            data-revision=move || card.painted.get().revision>
            <figcaption class="chart-head">
                <span class="chart-title">{title.get_value()}</span>
                <span class="chart-space"></span>
                {switch}
                {children.map(|children| children())}
            </figcaption>
            <div class="chart-box">
                <div class="chart-plot bars" role="img" tabindex="0" aria-label=sentence node_ref=board.frame
                    style:height=move || format!("{:.0}px", plot.with(|plot| bar_height(plot)))
                    on:pointerenter=move |_| card.raised_before.set_value(raised.get_untracked())
                    on:pointerdown=move |event| card.pointer(&event)
                    on:pointermove=move |event| card.pointer(&event)
                    on:pointerleave=move |event| if event.pointer_type() != "touch" { card.leave() }
                    on:blur=move |_| card.leave()
                    on:keydown=move |event| card.key(&event)>
                    {board.canvases()}
                </div>
                {move || card.tip_view(title.get_value())}
                {move || status.get().map(|status| view! { <p class="chart-status" role="status">{status}</p> })}
            </div>
            <p class="chart-said" aria-live="polite">{move || card.said.get()}</p>
        </figure>
    }
}

impl Card {
    fn paint(self) {
        let Some(size) = self.board.size.get_untracked() else { return };
        let (plot, theme) = (self.plot.get_untracked(), self.board.theme.get_untracked());
        let layout = Arc::new(bar_layout(&plot, size, &measure(&theme.font)));
        let Some(mut pen) = self.board.base(size) else { return };
        let Some(backend) = pen.backend() else { return };
        let root = backend.into_drawing_area();
        let emphasis = Emphasis { raised: self.raised.get_untracked(), lowers_others: false };
        if let Err(error) = paint_bars(&layout, emphasis, &theme, &root, &mut pen) {
            leptos::logging::warn!("a chart could not be painted: {error}");
        }
        let count = plot.bars.iter().filter(|bar| bar.value.is_some()).count() as u64;
        self.painted.update(|painted| {
            (painted.total, painted.drawn) = (count, count);
            painted.revision += 1;
        });
        self.layout.set(Some(layout));
    }

    fn pointer(self, event: &PointerEvent) {
        let Some(layout) = self.layout.get_untracked() else { return };
        let found = bar_at(&layout, f64::from(event.offset_x()), f64::from(event.offset_y()));
        match found {
            Some(found) => self.point(&layout, found),
            None => self.leave(),
        }
    }

    fn point(self, layout: &BarLayout, row: usize) {
        if self.pointed.get_untracked() != Some(row) {
            self.pointed.set(Some(row));
        }
        let id = layout.rows.get(row).map(|row| row.id);
        if self.raised.get_untracked() != id {
            self.raised.set(id);
        }
    }

    fn leave(self) {
        if self.pointed.get_untracked().is_some() {
            self.pointed.set(None);
            self.said.set(String::new());
            self.raised.set(self.raised_before.get_value());
        }
    }

    fn key(self, event: &KeyboardEvent) {
        let Some(layout) = self.layout.get_untracked() else { return };
        let Some(last) = layout.rows.len().checked_sub(1) else { return };
        let pointed = self.pointed.get_untracked();
        let row = match event.key().as_str() {
            "ArrowUp" | "ArrowLeft" => pointed.map_or(0, |row| row.saturating_sub(1)),
            "ArrowDown" | "ArrowRight" => pointed.map_or(0, |row| (row + 1).min(last)),
            "Home" => 0,
            "End" => last,
            "Escape" if pointed.is_some() => {
                event.stop_propagation();
                return self.leave();
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if pointed.is_none() {
            self.raised_before.set_value(self.raised.get_untracked());
        }
        self.point(&layout, row);
        if let Some(row) = layout.rows.get(row) {
            let value = if row.text.is_empty() { "no number" } else { &row.text };
            self.said.set(format!("{}: {value}", row.name));
        }
    }

    /// Rows say their values themselves; the dots of a strip can not.
    fn tip_view(self, title: String) -> Option<impl IntoView> {
        let row = self.pointed.get()?;
        let layout = self.layout.get_untracked().filter(|layout| layout.is_strip)?;
        let card = dom::rect_px(self.board.frame.get_untracked()?.as_ref());
        let row = layout.rows.get(row)?;
        let (id, color, label) = (row.id, row.color, row.name.clone());
        let rows = vec![TipRow { id, color, label, value: row.text.clone(), is_nearest: true }];
        let place = Place::of(card, &layout.plot, false);
        Some(tip_view(Tip { rows, rest: String::new() }, title, None, place))
    }
}

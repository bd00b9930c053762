//! Charts in a page: a card with a head, two canvases and what the crosshair reads.
//!
//! It must not know what a line stands for, nor how marks are laid out: `chart` says that. `board` owns the canvases and
//! when they are painted, `line` and `bars` are the two kinds of chart, `tip` is what the crosshair reads.

mod bars;
mod board;
mod line;
mod tip;

pub use bars::OneValueChart;
pub use line::LineChart;

use crate::chart::Weight;

/// What was painted, for whoever says it in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Painted {
    /// Points in the window.
    pub total: u64,
    /// Of those, drawn; the others lie in the same pixels.
    pub drawn: u64,
    /// Grows by one with each painting.
    pub revision: u64,
}

/// The token of a run's colour, for an element's style.
fn color_token(color: u8) -> String {
    format!("var(--run-{})", usize::from(color) % crate::chart::COLORS + 1)
}

fn measure(font: &str) -> impl Fn(&str, Weight) -> f64 + '_ {
    move |text, weight| crate::browser::canvas::text_width_px(text, weight, font)
}

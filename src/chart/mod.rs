//! NUMBERS TO MARKS. Three verbs, apart: a model ([`LinePlot`], [`BarPlot`]) is what to show; `layout` turns it into marks at
//! pixels; `paint` puts marks on a surface. plotters draws mesh, axes and texts; curves go as `f64` points to a [`Pen`]: one
//! drawing serves the canvas of a page and an SVG text.
//!
//! A ground floor. It must not know runs, metrics, where numbers come from, or the browser: a series has a number, a colour's
//! number, a label and points. It asks for neither the time nor the zone nor a font: widths of texts are a [`Measure`].

mod bar;
mod bounds;
mod decimate;
pub mod format;
mod hover;
mod labels;
mod line;
mod paint;
mod scale;
mod smooth;
mod strip;
mod svg;
#[cfg(test)]
mod tests;
mod theme;
mod ticks;
mod time;
mod window;
mod words;

pub use bar::{Bar, BarLayout, BarPlot, BarRow, Drawn, Form, bar_height, bar_layout};
pub use bounds::all_on_one_x;
pub use hover::{Hover, HoverRow, bar_at, hover, next_x};
pub use labels::{EndLabel, end_labels};
pub use line::{Axis, Curve, LineLayout, LinePlot, Mark, MarkShape, Note, Polyline, Series, line_layout};
pub use paint::{Emphasis, Pen, Stroke, paint_bars, paint_brush, paint_cross, paint_line};
pub use scale::{Scale, ScaleKind};
pub use svg::{Svg, bars_svg, line_svg};
pub use theme::{COLORS, Rgb, Theme};
pub use ticks::Tick;
pub use time::{clock_text, duration_text};
pub use window::{dragged, stepped, whole_x};
pub use words::{Tip, TipRow, bars_sentence, hover_sentence, line_sentence, tip, window_text, x_text};

/// Width in pixels of a text in the charts' font (11 px), plain or strong.
pub type Measure<'a> = &'a dyn Fn(&str, Weight) -> f64;

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Ticks, labels.
    Plain,
    /// The label of what is raised.
    Strong,
}

/// A surface, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// CSS pixels.
    pub width: f64,
    /// CSS pixels.
    pub height: f64,
    /// Device pixels in one CSS pixel: decimation is exact at these.
    pub density: f64,
}

/// A box in CSS pixels, y downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Area {
    /// Never negative.
    pub fn width(&self) -> f64 {
        (self.right - self.left).max(0.0)
    }

    /// Never negative.
    pub fn height(&self) -> f64 {
        (self.bottom - self.top).max(0.0)
    }
}

/// `text`, or as much of its beginning as `width` pixels hold, with `…`.
pub fn cut(text: &str, width: f64, weight: Weight, measure: Measure<'_>) -> String {
    if measure(text, weight) <= width {
        return text.to_owned();
    }
    // A label is shown, not stored: more of it than this never fits a card.
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).take(200).collect();
    let cut_at = |count: usize| {
        let head = starts.get(count).and_then(|&end| text.get(..end)).unwrap_or_default();
        format!("{}…", head.trim_end())
    };
    let fits = starts.partition_point(|&end| {
        let head = text.get(..end).unwrap_or_default();
        measure(&format!("{}…", head.trim_end()), weight) <= width
    });
    cut_at(fits.saturating_sub(1))
}

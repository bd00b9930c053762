//! A chart as SVG text: both plotters' backend and the pen of the curves, on one text.

use super::bar::{BarLayout, BarPlot, bar_layout};
use super::labels::end_labels;
use super::line::{LineLayout, LinePlot, line_layout};
use super::paint::{Emphasis, Pen, Stroke, paint_bars, paint_line};
use super::theme::{Rgb, Theme};
use super::{Area, Measure, Size};
use plotters::drawing::IntoDrawingArea;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::rc::Rc;

/// An SVG being written; clones write to the same text.
#[derive(Clone, Debug)]
pub struct Svg {
    text: Rc<RefCell<String>>,
    size: (u32, u32),
    clips: u32,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Two decimals, none that say nothing.
fn short(px: f64) -> f64 {
    (px * 100.0).round() / 100.0
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::with_capacity(points.len() * 12);
    for (number, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if number == 0 { 'M' } else { 'L' }, short(*x), short(*y));
    }
    path
}

impl Svg {
    /// An empty picture of a size, on its ground.
    pub fn new(size: Size, theme: &Theme) -> Svg {
        let (width, height) = (size.width.ceil(), size.height.ceil());
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"{}\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            escape(&theme.font),
            theme.ground.hex()
        );
        Svg { text: Rc::new(RefCell::new(text)), size: (width as u32, height as u32), clips: 0 }
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text.take() + "</svg>\n"
    }

    fn put(&self, line: &str) {
        let mut text = self.text.borrow_mut();
        text.push_str(line);
        text.push('\n');
    }
}

impl Pen for Svg {
    fn clip(&mut self, area: Option<Area>) {
        let Some(area) = area else { return self.put("</g>") };
        self.clips += 1;
        self.put(&format!(
            "<clipPath id=\"clip{0}\"><rect x=\"{1}\" y=\"{2}\" width=\"{3}\" height=\"{4}\"/></clipPath><g clip-path=\"url(#clip{0})\">",
            self.clips,
            short(area.left),
            short(area.top),
            short(area.width()),
            short(area.height())
        ));
    }

    fn stroke(&mut self, points: &[(f64, f64)], style: &Stroke) {
        if points.len() < 2 {
            return;
        }
        let mut more = String::new();
        if style.alpha < 1.0 {
            let _ = write!(more, " stroke-opacity=\"{}\"", style.alpha);
        }
        if !style.dash.is_empty() {
            let dash: Vec<String> = style.dash.iter().map(f64::to_string).collect();
            let _ = write!(more, " stroke-dasharray=\"{}\"", dash.join(" "));
        }
        self.put(&format!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{more}/>",
            path(points),
            style.color.hex(),
            style.width
        ));
    }

    fn fill(&mut self, outline: &[(f64, f64)], color: Rgb, alpha: f64) {
        self.put(&format!("<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"{alpha}\"/>", path(outline), color.hex()));
    }

    fn dot(&mut self, middle: (f64, f64), radius: f64, color: Rgb, rim: Option<Rgb>, alpha: f64) {
        let rim = rim.map_or(String::new(), |rim| format!(" stroke=\"{}\" stroke-width=\"1.5\"", rim.hex()));
        self.put(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{}\" fill-opacity=\"{alpha}\"{rim}/>",
            short(middle.0),
            short(middle.1),
            color.hex()
        ));
    }
}

type Drawing = Result<(), DrawingErrorKind<Infallible>>;

fn hex(color: BackendColor) -> String {
    Rgb(color.rgb.0, color.rgb.1, color.rgb.2).hex()
}

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawing {
        Ok(())
    }

    fn present(&mut self) -> Drawing {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawing {
        self.put(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"{}\"/>", hex(color)));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> Drawing {
        let points: Vec<(f64, f64)> =
            points.into_iter().map(|(x, y)| (f64::from(x) - 0.5, f64::from(y) - 0.5)).collect();
        let color = style.color().rgb;
        let width = f64::from(style.stroke_width());
        self.stroke(&points, &Stroke { color: Rgb(color.0, color.1, color.2), width, alpha: 1.0, dash: &[] });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawing {
        let side = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let size = style.size();
        let down = match style.anchor().v_pos {
            VPos::Top => size * 0.9,
            VPos::Center => size * 0.35,
            VPos::Bottom => -size * 0.2,
        };
        let weight = if matches!(style.style(), FontStyle::Bold) { " font-weight=\"600\"" } else { "" };
        self.put(&format!(
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"{side}\" font-size=\"{size}\"{weight} fill=\"{}\">{}</text>",
            short(f64::from(y) + down),
            hex(style.color()),
            escape(text)
        ));
        Ok(())
    }
}

/// A line chart as SVG.
pub fn line_svg(plot: &LinePlot, size: Size, emphasis: Emphasis, theme: &Theme, measure: Measure<'_>) -> String {
    let layout: LineLayout = line_layout(plot, size, measure);
    let labels = end_labels(&layout, emphasis.raised, measure);
    let mut svg = Svg::new(size, theme);
    let root = svg.clone().into_drawing_area();
    // Infallible: only text is written.
    let _ = paint_line(&layout, &labels, emphasis, theme, &root, &mut svg);
    drop(root);
    svg.finish()
}

/// A chart of one value a run as SVG.
pub fn bars_svg(plot: &BarPlot, size: Size, emphasis: Emphasis, theme: &Theme, measure: Measure<'_>) -> String {
    let layout: BarLayout = bar_layout(plot, size, measure);
    let mut svg = Svg::new(size, theme);
    let root = svg.clone().into_drawing_area();
    let _ = paint_bars(&layout, emphasis, theme, &root, &mut svg);
    drop(root);
    svg.finish()
}

//! Marks to a surface. plotters draws mesh, axes and texts at whole pixels, where they are crisp; what is a curve goes to a
//! [`Pen`] in `f64`, because whole pixels show as steps in it. It must not decide anything about the data.

use super::bar::{BarLayout, Drawn, Form};
use super::labels::EndLabel;
use super::line::{LineLayout, MarkShape};
use super::theme::{Rgb, Theme};
use super::{Area, Weight};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::PathElement;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, RGBColor, ShapeStyle, TextStyle};

/// A line's look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub color: Rgb,
    /// CSS pixels.
    pub width: f64,
    /// 0 to 1.
    pub alpha: f64,
    /// Lengths of line and gap in turn; empty is solid.
    pub dash: &'static [f64],
}

/// What can draw in fractions of pixels.
pub trait Pen {
    /// Keeps all that follows within an area; `None` ends it.
    fn clip(&mut self, area: Option<Area>);
    /// An open line.
    fn stroke(&mut self, points: &[(f64, f64)], style: &Stroke);
    /// A filled outline.
    fn fill(&mut self, outline: &[(f64, f64)], color: Rgb, alpha: f64);
    /// A filled circle, with a rim if it has to be told from what it lies on.
    fn dot(&mut self, middle: (f64, f64), radius: f64, color: Rgb, rim: Option<Rgb>, alpha: f64);
}

/// What stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Emphasis {
    /// The series that is drawn last and wide.
    pub raised: Option<u32>,
    /// The others step back: the chart under the pointer does so.
    pub lowers_others: bool,
}

const TEXT_PX: f64 = 11.0;
const LINE: f64 = 1.5;
const LINE_RAISED: f64 = 2.5;
const LINE_RAW: f64 = 1.0;
const RAW_ALPHA: f64 = 0.22;
const LOWERED_ALPHA: f64 = 0.3;
/// Ground on both sides of a line, so that lines which cross can be told apart; of more lines than these only the raised
/// one has it, since it would eat its neighbours.
const CASING: f64 = 0.75;
const CASED_UP_TO: usize = 12;
const DASHES: [&[f64]; 3] = [&[], &[6.0, 3.0], &[2.0, 3.0]];

type Painted<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// plotters' side of the drawing.
struct Furniture<'a, DB: DrawingBackend> {
    root: &'a DrawingArea<DB, Shift>,
    theme: &'a Theme,
}

fn plotters_color(color: Rgb) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

/// plotters' backends put a horizontal or vertical line in the pixel before its coordinate.
fn pixel(px: f64) -> i32 {
    px.round().clamp(-1e6, 1e6) as i32 + 1
}

impl<DB: DrawingBackend> Furniture<'_, DB> {
    fn line(&self, from: (f64, f64), to: (f64, f64), color: Rgb) -> Painted<DB> {
        let points = [(pixel(from.0), pixel(from.1)), (pixel(to.0), pixel(to.1))];
        self.root.draw(&PathElement::new(points, ShapeStyle::from(plotters_color(color)).stroke_width(1)))
    }

    fn text(&self, text: &str, at: (f64, f64), side: HPos, color: Rgb, weight: Weight) -> Painted<DB> {
        let face = match weight {
            Weight::Plain => FontStyle::Normal,
            Weight::Strong => FontStyle::Bold,
        };
        let ink = plotters_color(color);
        let style =
            TextStyle::from((self.theme.font.as_str(), TEXT_PX, face)).color(&ink).pos(Pos::new(side, VPos::Center));
        let whole = |px: f64| px.round().clamp(-1e6, 1e6) as i32;
        self.root.draw_text(text, &style, (whole(at.0), whole(at.1)))
    }
}

/// Draws a line chart. The surface is empty or of the ground's colour.
///
/// # Errors
/// Those of the backend.
pub fn paint_line<DB: DrawingBackend, P: Pen>(
    layout: &LineLayout,
    labels: &[EndLabel],
    emphasis: Emphasis,
    theme: &Theme,
    root: &DrawingArea<DB, Shift>,
    pen: &mut P,
) -> Painted<DB> {
    let area = &layout.plot;
    let furniture = Furniture { root, theme };
    for tick in &layout.y_ticks {
        if tick.px < area.bottom - 1.0 {
            furniture.line((area.left, tick.px), (area.right, tick.px), theme.grid)?;
        }
        furniture.text(&tick.text, (area.left - 6.0, tick.text_px), HPos::Right, theme.text, Weight::Plain)?;
    }
    furniture.line((area.left, area.bottom), (area.right, area.bottom), theme.axis)?;
    for tick in &layout.x_ticks {
        if layout.x_ticks.iter().any(|tick| tick.below.is_some()) {
            furniture.line((tick.px, area.bottom), (tick.px, area.bottom + 4.0), theme.axis)?;
        }
        furniture.text(&tick.text, (tick.text_px, area.bottom + 11.0), HPos::Center, theme.text, Weight::Plain)?;
        if let Some(below) = &tick.below {
            furniture.text(below, (tick.text_px, area.bottom + 25.0), HPos::Center, theme.ink_2, Weight::Plain)?;
        }
    }
    paint_curves(layout, emphasis, theme, pen);
    paint_marks(layout, theme, pen);
    for label in labels {
        let color = label.curve.and_then(|curve| layout.curves.get(curve)).map(|curve| theme.run(curve.color));
        let dash: &[f64] = if label.is_early { &[1.0, 3.0] } else { &[] };
        let style = Stroke { color: color.unwrap_or(theme.text), width: 1.0, alpha: 1.0, dash };
        pen.stroke(&label.lead, &style);
        let (ink, weight) = match (label.is_raised, label.curve) {
            (true, _) => (theme.ink, Weight::Strong),
            (false, Some(_)) => (theme.ink_2, Weight::Plain),
            (false, None) => (theme.text, Weight::Plain),
        };
        furniture.text(&label.text, label.at, HPos::Left, ink, weight)?;
    }
    for note in &layout.notes {
        // Lines that pass behind words would be read as part of them.
        let (left, right) = (note.at.0 - 2.0, note.at.0 + note.width + 2.0);
        let (top, bottom) = (note.at.1 - 7.0, note.at.1 + 7.0);
        pen.fill(&[(left, top), (right, top), (right, bottom), (left, bottom)], theme.ground, 0.8);
        furniture.text(&note.text, note.at, HPos::Left, theme.ink, Weight::Plain)?;
    }
    Ok(())
}

fn paint_curves<P: Pen>(layout: &LineLayout, emphasis: Emphasis, theme: &Theme, pen: &mut P) {
    let area = layout.plot;
    let is_raised = |ids: &[u32]| emphasis.raised.is_some_and(|id| ids.contains(&id));
    let has_raised = layout.curves.iter().any(|curve| is_raised(&curve.ids));
    let lowers = emphasis.lowers_others && has_raised;
    pen.clip(Some(Area {
        left: area.left - 1.0,
        top: area.top - 4.0,
        right: area.right + 1.0,
        bottom: area.bottom + 1.0,
    }));
    for curve in layout.curves.iter().rev() {
        if lowers && !is_raised(&curve.ids) {
            continue;
        }
        let style = Stroke { color: theme.run(curve.color), width: LINE_RAW, alpha: RAW_ALPHA, dash: &[] };
        for stretch in curve.raw.stretches() {
            pen.stroke(stretch, &style);
        }
    }
    let (raised, others): (Vec<_>, Vec<_>) = layout.curves.iter().rev().partition(|curve| is_raised(&curve.ids));
    for (curves, width) in [(others, LINE), (raised, LINE_RAISED)] {
        for curve in curves {
            let alpha = if lowers && width < LINE_RAISED { LOWERED_ALPHA } else { 1.0 };
            let dash = DASHES[usize::from(curve.dash) % DASHES.len()];
            let style = Stroke { color: theme.run(curve.color), width, alpha, dash };
            let is_cased = width > LINE || layout.curves.len() <= CASED_UP_TO;
            let casing = Stroke { color: theme.ground, width: width + 2.0 * CASING, alpha: 1.0, dash: &[] };
            for stretch in curve.line.stretches() {
                if is_cased && alpha == 1.0 && stretch.len() > 1 {
                    pen.stroke(stretch, &casing);
                }
            }
            for stretch in curve.line.stretches() {
                match stretch {
                    [point] => pen.dot(*point, width + 1.0, style.color, Some(theme.ground), alpha),
                    _ => pen.stroke(stretch, &style),
                }
            }
        }
    }
    pen.clip(None);
}

fn paint_marks<P: Pen>(layout: &LineLayout, theme: &Theme, pen: &mut P) {
    for mark in &layout.marks {
        let ((x, y), color) = (mark.at, theme.run(mark.color));
        match mark.shape {
            MarkShape::Cross => {
                let style = Stroke { color, width: 1.5, alpha: 1.0, dash: &[] };
                pen.stroke(&[(x - 3.0, y - 3.0), (x + 3.0, y + 3.0)], &style);
                pen.stroke(&[(x - 3.0, y + 3.0), (x + 3.0, y - 3.0)], &style);
            }
            MarkShape::Up => pen.fill(&[(x - 4.0, y + 3.0), (x + 4.0, y + 3.0), (x, y - 3.0)], color, 1.0),
            MarkShape::Down => pen.fill(&[(x - 4.0, y - 3.0), (x + 4.0, y - 3.0), (x, y + 3.0)], color, 1.0),
        }
    }
}

/// Draws bars, dots or a strip.
///
/// # Errors
/// Those of the backend.
pub fn paint_bars<DB: DrawingBackend, P: Pen>(
    layout: &BarLayout,
    emphasis: Emphasis,
    theme: &Theme,
    root: &DrawingArea<DB, Shift>,
    pen: &mut P,
) -> Painted<DB> {
    let area = &layout.plot;
    let furniture = Furniture { root, theme };
    for tick in &layout.ticks {
        furniture.line((tick.px, area.top), (tick.px, area.bottom), theme.grid)?;
        furniture.text(&tick.text, (tick.text_px, area.bottom + 12.0), HPos::Center, theme.text, Weight::Plain)?;
    }
    if layout.is_strip {
        furniture.line((area.left, area.bottom), (area.right, area.bottom), theme.axis)?;
    } else if layout.form == Form::Bars && !layout.ticks.is_empty() {
        let zero = layout.x.px(0.0);
        furniture.line((zero, area.top), (zero, area.bottom), theme.axis)?;
    }
    for row in &layout.rows {
        let is_raised = emphasis.raised == Some(row.id);
        let alpha = if emphasis.lowers_others && emphasis.raised.is_some() && !is_raised { LOWERED_ALPHA } else { 1.0 };
        let color = theme.run(row.color);
        if !layout.is_strip {
            let (ink, weight) = if is_raised { (theme.ink, Weight::Strong) } else { (theme.ink_2, Weight::Plain) };
            let label = if is_raised { &row.strong_label } else { &row.label };
            furniture.text(label, (area.left - 8.0, row.middle), HPos::Right, ink, weight)?;
            furniture.text(&row.text, (layout.size.width, row.middle), HPos::Right, ink, weight)?;
        }
        match row.drawn {
            Drawn::Words(words) => {
                furniture.text(words, (area.left + 6.0, row.middle), HPos::Left, theme.text, Weight::Plain)?;
            }
            Drawn::Bar { from, to } => {
                let half = (layout.pitch * 0.28).clamp(2.0, 5.0);
                let (top, bottom) = (row.middle - half, row.middle + half);
                // A value of zero still is a value.
                let to = to.max(from + 1.0);
                pen.fill(&[(from, top), (to, top), (to, bottom), (from, bottom)], color, alpha);
            }
            Drawn::Dot { at, radius } if !layout.is_strip => {
                furniture.line((area.left, row.middle), (area.right, row.middle), theme.grid)?;
                pen.dot(at, if is_raised { radius + 1.0 } else { radius }, color, Some(theme.ground), alpha);
            }
            Drawn::Dot { at, radius } if !is_raised => pen.dot(at, radius, color, Some(theme.ground), alpha),
            Drawn::Dot { .. } => {}
        }
    }
    let raised = layout.rows.iter().find(|row| layout.is_strip && emphasis.raised == Some(row.id));
    if let Some((Drawn::Dot { at, radius }, color)) = raised.map(|row| (&row.drawn, theme.run(row.color))) {
        pen.dot(*at, radius + 1.5, color, Some(theme.ground), 1.0);
    }
    if let Some(note) = &layout.note {
        furniture.text(note, (area.left, area.top + 8.0), HPos::Left, theme.text, Weight::Plain)?;
    }
    Ok(())
}

/// Draws the crosshair at a pixel, with a dot for each point given, over a chart.
pub fn paint_cross<P: Pen>(area: &Area, x: f64, dots: &[((f64, f64), u8)], theme: &Theme, pen: &mut P) {
    let x = x.floor() + 0.5;
    let style = Stroke { color: theme.cross, width: 1.0, alpha: 1.0, dash: &[2.0, 2.0] };
    pen.stroke(&[(x, area.top), (x, area.bottom)], &style);
    for (at, color) in dots {
        pen.dot(*at, 4.0, theme.run(*color), Some(theme.ground), 1.0);
    }
}

/// Draws the part that a drag would zoom to.
pub fn paint_brush<P: Pen>(area: &Area, from: f64, to: f64, theme: &Theme, pen: &mut P) {
    let (left, right) = (from.min(to).max(area.left), from.max(to).min(area.right));
    let outline = [(left, area.top), (right, area.top), (right, area.bottom), (left, area.bottom)];
    pen.fill(&outline, theme.accent, 0.1);
    for x in [left, right] {
        let style = Stroke { color: theme.accent, width: 1.0, alpha: 1.0, dash: &[] };
        pen.stroke(&[(x.floor() + 0.5, area.top), (x.floor() + 0.5, area.bottom)], &style);
    }
}

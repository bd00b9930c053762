//! Line charts: from series to marks at pixels. Which line is raised is no part of it: that changes with the pointer, and a
//! layout of a million points should not.

use super::bounds::{LARGEST, exact, extent, is_drawable, with_air};
use super::decimate::{Kept, Window, decimate};
use super::format::short;
use super::scale::{Scale, ScaleKind};
use super::smooth::smooth;
use super::ticks::{self, Tick};
use super::{Area, Measure, Size, Weight};
use std::sync::Arc;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Names it for whoever gave it.
    pub id: u32,
    /// Which of the run colours, from 0.
    pub color: u8,
    /// Which dash, from 0 (solid): tells lines apart once colours repeat.
    pub dash: u8,
    /// Shown at its end.
    pub label: Arc<str>,
    /// In the axis' numbers, in the order of logging; may go back.
    pub xs: Arc<[f64]>,
    /// As many; may hold NaN and infinities.
    pub ys: Arc<[f64]>,
}

/// What x means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Whole numbers.
    Step,
    /// The order of logging, where nothing else tells points apart.
    Index,
    /// Milliseconds since a start.
    Relative,
    /// Milliseconds since 1970, shown in a zone.
    Wall {
        /// East of UTC.
        zone_minutes: i32,
    },
}

/// A line chart to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct LinePlot {
    /// The first is drawn uppermost.
    pub series: Vec<Series>,
    /// What x means.
    pub x: Axis,
    /// Logarithmic y.
    pub log_y: bool,
    /// Weight of the moving average, 0 to below 1.
    pub smoothing: f64,
    /// Part of x that is shown; all of it otherwise.
    pub x_window: Option<(f64, f64)>,
}

/// Stretches of a line in pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polyline {
    /// All stretches one after the other.
    pub points: Vec<(f64, f64)>,
    /// Where each begins.
    pub starts: Vec<usize>,
}

impl Polyline {
    /// The stretches; one of a single point is a dot.
    pub fn stretches(&self) -> impl Iterator<Item = &[(f64, f64)]> {
        let ends = self.starts.iter().skip(1).copied().chain([self.points.len()]);
        self.starts.iter().zip(ends).filter_map(|(&start, end)| self.points.get(start..end))
    }
}

/// Series that are drawn as one line because they are equal; one, as a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Those that it stands for.
    pub ids: Vec<u32>,
    /// Of the first of them.
    pub color: u8,
    /// Of the first of them.
    pub dash: u8,
    /// Of the first of them.
    pub label: Arc<str>,
    /// As logged; empty without smoothing.
    pub raw: Polyline,
    /// The line.
    pub line: Polyline,
    /// Where it leaves the plot or ends.
    pub end: Option<(f64, f64)>,
    /// It ends before the plot does.
    pub ends_early: bool,
}

/// What a point that is no number looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkShape {
    /// NaN: a cross on the axis.
    Cross,
    /// Infinity: a triangle at the top.
    Up,
    /// −Infinity: a triangle at the foot.
    Down,
}

/// A point that is no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Cross or triangle.
    pub shape: MarkShape,
    /// Its middle.
    pub at: (f64, f64),
    /// Of its series.
    pub color: u8,
}

/// Words in the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Left edge and middle of the text.
    pub at: (f64, f64),
    /// Of the text.
    pub width: f64,
    /// What stands there.
    pub text: String,
}

/// A tick with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedTick {
    /// Of the tick itself.
    pub px: f64,
    /// Of the middle of its text.
    pub text_px: f64,
    /// What stands there.
    pub text: String,
    /// The second line.
    pub below: Option<String>,
}

/// A line chart at pixels.
#[derive(Clone, Debug)]
pub struct LineLayout {
    /// Of the surface.
    pub size: Size,
    /// Where lines are.
    pub plot: Area,
    /// Horizontal.
    pub x: Scale,
    /// Vertical.
    pub y: Scale,
    /// At the foot.
    pub x_ticks: Vec<PlacedTick>,
    /// At the left.
    pub y_ticks: Vec<PlacedTick>,
    /// In the order of the series.
    pub curves: Vec<Curve>,
    /// What is no number.
    pub marks: Vec<Mark>,
    /// Words in the plot.
    pub notes: Vec<Note>,
    /// Names right of the plot have room.
    pub has_label_room: bool,
    /// Points in the window.
    pub points_total: u64,
    /// Of those, how many are drawn; the rest lies in the same pixels.
    pub points_drawn: u64,
    /// What each series' line goes through: the values, or their moving average.
    pub drawn: Vec<Arc<[f64]>>,
    /// Whether the xs of each series never go back.
    pub is_sorted: Vec<bool>,
}

/// Cards from this width keep room for names right of the plot.
pub const LABELS_FROM: f64 = 360.0;
/// Raw lines of more series than these are not drawn: nothing could be read in them.
const RAW_UP_TO: usize = 20;
const TOP: f64 = 8.0;
const LEFT: f64 = 38.0;
const TICK_GAP: f64 = 10.0;

/// Lays a line chart out on a surface.
pub fn line_layout(plot: &LinePlot, size: Size, measure: Measure<'_>) -> LineLayout {
    let kind = if plot.log_y { ScaleKind::Log } else { ScaleKind::Linear };
    let finite_x = |x: &f64| x.abs() <= LARGEST;
    let all_x = extent(plot.series.iter().flat_map(|series| series.xs.iter().copied().filter(finite_x)));
    let x_range = exact(plot.x_window.filter(|(low, high)| low < high).or(all_x));
    let in_window = |x: f64| x_range.0 <= x && x <= x_range.1;
    let shown = plot.series.iter().flat_map(|series| {
        let points = series.xs.iter().zip(series.ys.iter());
        points.filter(|(x, y)| in_window(**x) && is_drawable(**y, kind)).map(|(_, y)| *y)
    });
    let y_extent = extent(shown);
    let y_range = with_air(y_extent, kind);

    let foot = if matches!(plot.x, Axis::Wall { .. }) { 34.0 } else { 20.0 };
    let bottom = (size.height - foot).max(TOP + 10.0);
    let y_scale = |low_px: f64| Scale::new(kind, y_range, (low_px, TOP));
    let y = y_scale(bottom);
    let y_target = ((bottom - TOP) / 36.0).clamp(3.0, 5.5);
    let raw_ticks = match (y_extent, kind) {
        (None, _) => Vec::new(),
        (_, ScaleKind::Linear) => ticks::linear(y.low, y.high, y_target),
        (_, ScaleKind::Log) => ticks::log(y.low, y.high, y_target + 0.5),
    };
    let widest = raw_ticks.iter().map(|tick| measure(&tick.text, Weight::Plain)).fold(0.0, f64::max);
    let left = (widest + 8.0).clamp(LEFT, (size.width * 0.4).max(LEFT)).ceil();
    // a line alone is named by its chart
    let has_label_room = size.width >= LABELS_FROM && plot.series.len() > 1;
    let label_room = if has_label_room { (size.width * 0.305).clamp(104.0, 136.0).round() } else { 6.0 };
    let right = (size.width - label_room).max(left + 10.0);
    let area = Area { left, top: TOP, right, bottom };
    let x = Scale::new(ScaleKind::Linear, x_range, (left, right));
    let y_ticks = raw_ticks
        .into_iter()
        .map(|tick| {
            let px = y.px(tick.value);
            PlacedTick { px, text_px: px, text: tick.text, below: None }
        })
        .collect();

    let mut layout = LineLayout {
        size,
        plot: area,
        x,
        y,
        x_ticks: place_x_ticks(plot, &x, &area, measure),
        y_ticks,
        curves: Vec::new(),
        marks: Vec::new(),
        notes: Vec::new(),
        has_label_room,
        points_total: 0,
        points_drawn: 0,
        drawn: Vec::new(),
        is_sorted: Vec::new(),
    };
    let columns = (area.width() * size.density.clamp(0.1, 8.0)).round().clamp(1.0, 65_536.0) as u32;
    let window = Window::new(x_range.0, x_range.1, columns);
    let mut leaders: Vec<(usize, Counts)> = Vec::new();
    for (number, series) in plot.series.iter().enumerate() {
        layout.is_sorted.push(series.xs.is_sorted());
        let same = leaders.iter().position(|(leader, _)| is_equal(&plot.series[*leader], series));
        let Some(same) = same else {
            let counts = layout.add_curve(plot, series, window, kind);
            leaders.push((number, counts));
            continue;
        };
        if let Some(curve) = layout.curves.get_mut(same) {
            curve.ids.push(series.id);
        }
        let drawn = layout.drawn.get(leaders[same].0).cloned().unwrap_or_default();
        layout.drawn.push(drawn);
    }
    // Equal lines are drawn as one, yet all their points are there.
    for (curve, (_, counts)) in layout.curves.iter().zip(&leaders) {
        layout.points_total += counts.total * curve.ids.len() as u64;
        layout.points_drawn += counts.drawn * curve.ids.len() as u64;
    }
    let noted: Vec<&Counts> = leaders.iter().map(|(_, counts)| counts).collect();
    layout.notes = notes(plot.x, &layout, &noted, measure);
    layout
}

/// What one series has in the window.
struct Counts {
    total: u64,
    drawn: u64,
    /// Points without a place, by shape: how many, the first x, whether all later ones are so too.
    marks: Vec<(MarkShape, usize, f64, bool)>,
}

impl LineLayout {
    fn add_curve(&mut self, plot: &LinePlot, series: &Series, window: Window, kind: ScaleKind) -> Counts {
        let is_shown = |value: f64| is_drawable(value, kind);
        let is_smoothed = plot.smoothing > 0.0;
        let drawn: Arc<[f64]> = match is_smoothed {
            true => smooth(&series.ys, plot.smoothing).into(),
            false => series.ys.clone(),
        };
        let kept = decimate(&series.xs, &drawn, window, is_shown);
        let line = self.polyline(&series.xs, &drawn, &kept);
        let raw = match is_smoothed && plot.series.len() <= RAW_UP_TO {
            true => self.polyline(&series.xs, &series.ys, &decimate(&series.xs, &series.ys, window, is_shown)),
            false => Polyline::default(),
        };
        let end = line.points.last().copied();
        self.curves.push(Curve {
            ids: vec![series.id],
            color: series.color,
            dash: series.dash,
            label: series.label.clone(),
            raw,
            line,
            end,
            ends_early: end.is_some_and(|end| end.0 < self.plot.right - 3.0),
        });
        let mut counts = Counts { total: kept.total, drawn: kept.drawn, marks: Vec::new() };
        let mut last_px = [f64::NEG_INFINITY; 3];
        let shape_of = |y: f64| match y {
            y if y.is_nan() => MarkShape::Cross,
            y if y > 0.0 => MarkShape::Up,
            _ => MarkShape::Down,
        };
        for &at in &kept.marks {
            let (Some(&x), Some(&y)) = (series.xs.get(at), series.ys.get(at)) else { continue };
            let shape = shape_of(y);
            let height = match shape {
                MarkShape::Cross => self.plot.bottom,
                MarkShape::Up => self.plot.top + 4.0,
                MarkShape::Down => self.plot.bottom - 4.0,
            };
            match counts.marks.iter_mut().find(|mark| mark.0 == shape) {
                Some(mark) => mark.1 += 1,
                None => {
                    let later = series.ys.get(at..).unwrap_or_default().iter();
                    let lasts = later.copied().all(|y| !is_shown(y) && shape_of(y) == shape);
                    counts.marks.push((shape, 1, x, lasts));
                }
            }
            let px = self.x.px(x);
            let last_px = &mut last_px[shape as usize];
            if (px - *last_px).abs() >= 5.0 {
                *last_px = px;
                self.marks.push(Mark { shape, at: (px, height), color: series.color });
            }
        }
        self.drawn.push(drawn);
        counts
    }

    /// Kept points as pixels, cut at the plot's sides.
    fn polyline(&self, xs: &[f64], ys: &[f64], kept: &Kept) -> Polyline {
        let (left, right) = (self.plot.left, self.plot.right);
        let side = |px: f64| if px < left - 1e-6 { -1 } else { i32::from(px > right + 1e-6) };
        // Where the way from `from` to `to` crosses the side that `out` lies on.
        let crossing = |from: (f64, f64), to: (f64, f64), out: i32| {
            let edge = if out < 0 { left } else { right };
            let share = (edge - from.0) / (to.0 - from.0);
            let height = from.1 + share * (to.1 - from.1);
            height.is_finite().then_some((edge, height))
        };
        let mut line = Polyline::default();
        for stretch in kept.stretches() {
            let mut before: Option<(f64, f64)> = None;
            let mut is_open = false;
            for &at in stretch {
                let (Some(&x), Some(&y)) = (xs.get(at), ys.get(at)) else { continue };
                // Far outside, a canvas loses its footing.
                let point = (self.x.px(x), self.y.px(y).clamp(-1e5, 1e5));
                let here = side(point.0);
                let there = before.map_or(0, |before| side(before.0));
                let enters = there != 0 && there != here;
                let entry = before.filter(|_| enters).and_then(|from| crossing(from, point, there));
                if let Some(entry) = entry {
                    line.starts.push(line.points.len());
                    line.points.push(entry);
                    is_open = true;
                }
                if here == 0 {
                    if !is_open {
                        line.starts.push(line.points.len());
                        is_open = true;
                    }
                    line.points.push(point);
                } else if let (Some(from), true) = (before, is_open) {
                    line.points.extend(crossing(from, point, here));
                    is_open = false;
                }
                before = Some(point);
            }
        }
        line
    }
}

fn is_equal(a: &Series, b: &Series) -> bool {
    let same = |a: &Arc<[f64]>, b: &Arc<[f64]>| {
        Arc::ptr_eq(a, b)
            || (a.len() == b.len()
                && a.last().map(|a| a.to_bits()) == b.last().map(|b| b.to_bits())
                && a.iter().zip(b.iter()).all(|(a, b)| a.to_bits() == b.to_bits()))
    };
    !a.ys.is_empty() && same(&a.ys, &b.ys) && same(&a.xs, &b.xs)
}

/// Places ticks; where two texts would collide the inner one goes, the ends of a step axis stay.
fn place_x_ticks(plot: &LinePlot, x: &Scale, area: &Area, measure: Measure<'_>) -> Vec<PlacedTick> {
    if plot.series.iter().all(|series| series.xs.is_empty()) {
        return Vec::new();
    }
    let keeps_ends = matches!(plot.x, Axis::Step | Axis::Index);
    let most = (area.width() / 52.0).clamp(2.0, 6.0);
    let make = |target: f64| match plot.x {
        Axis::Step | Axis::Index => ticks::steps(x.low, x.high, target),
        Axis::Relative => ticks::durations(x.low, x.high, target),
        Axis::Wall { zone_minutes } => ticks::clock(x.low, x.high, target, zone_minutes),
    };
    let place = |tick: Tick| {
        let below = tick.below.as_deref().map_or(0.0, |below| measure(below, Weight::Plain));
        let half = measure(&tick.text, Weight::Plain).max(below) / 2.0;
        let px = x.px(tick.value);
        let text_px = px.min(area.right - half).max(area.left + half);
        (half, PlacedTick { px, text_px, text: tick.text, below: tick.below })
    };
    let collide = |a: &(f64, PlacedTick), b: &(f64, PlacedTick)| b.1.text_px - b.0 - TICK_GAP < a.1.text_px + a.0;
    let mut target = most;
    loop {
        let mut ticks: Vec<(f64, PlacedTick)> = make(target).into_iter().map(place).collect();
        let last = ticks.len().saturating_sub(1);
        let inner = ticks.windows(2).enumerate();
        let clash =
            inner.filter(|(at, _)| !keeps_ends || (*at > 0 && at + 1 < last)).any(|(_, two)| collide(&two[0], &two[1]));
        if clash && target > 2.0 {
            target -= 1.0;
            continue;
        }
        if keeps_ends && ticks.len() > 2 {
            let (first, end) = (ticks[0].clone(), ticks[last].clone());
            let mut at = 0;
            ticks.retain(|tick| {
                at += 1;
                at == 1 || at == last + 1 || (!collide(&first, tick) && !collide(tick, &end))
            });
        }
        let mut placed: Vec<(f64, PlacedTick)> = Vec::with_capacity(ticks.len());
        for (at, tick) in ticks.into_iter().enumerate() {
            let is_clear = placed.last().is_none_or(|before| !collide(before, &tick));
            if is_clear || (keeps_ends && at == 0) {
                placed.push(tick);
            }
        }
        return placed.into_iter().map(|(_, tick)| tick).collect();
    }
}

/// Says of what is no number what it is and since when, and of an empty plot that it is empty.
fn notes(axis: Axis, layout: &LineLayout, counts: &[&Counts], measure: Measure<'_>) -> Vec<Note> {
    let area = &layout.plot;
    if layout.curves.iter().all(|curve| curve.line.points.is_empty()) && layout.marks.is_empty() {
        let text = if layout.curves.is_empty() { "Nothing logged" } else { "No points in this range" };
        let width = measure(text, Weight::Plain);
        let at = ((area.left + area.right - width) / 2.0, (area.top + area.bottom) / 2.0);
        return vec![Note { at, width, text: text.to_owned() }];
    }
    let place = |x: f64| match axis {
        Axis::Step | Axis::Index => short(x),
        Axis::Relative => super::duration_text(x),
        Axis::Wall { zone_minutes } => super::time::moment(x, zone_minutes).clock(false),
    };
    let mut notes = Vec::new();
    for (shape, height) in
        [(MarkShape::Cross, area.bottom - 10.0), (MarkShape::Up, area.top + 4.0), (MarkShape::Down, area.bottom - 10.0)]
    {
        let of_shape: Vec<&(MarkShape, usize, f64, bool)> =
            counts.iter().flat_map(|counts| &counts.marks).filter(|mark| mark.0 == shape).collect();
        let word = match (shape, layout.y.kind()) {
            (MarkShape::Cross, _) => "NaN",
            (MarkShape::Up, _) => "Inf",
            (MarkShape::Down, ScaleKind::Linear) => "−Inf",
            (MarkShape::Down, ScaleKind::Log) => "0 or less",
        };
        let text = match of_shape.as_slice() {
            [] => continue,
            [(_, count, first, true)] if *count > 1 => format!("{word} from {}", place(*first)),
            [(_, 1, first, _)] => format!("{word} at {}", place(*first)),
            [(_, count, _, _)] => format!("{word}, {count} points"),
            many => format!("{word} in {} lines", many.len()),
        };
        let marks = layout.marks.iter().filter(|mark| mark.shape == shape).map(|mark| mark.at.0);
        let Some((first, last)) = extent(marks) else { continue };
        let width = measure(&text, Weight::Plain);
        let at = if last + 8.0 + width <= area.right {
            last + 8.0
        } else if first - 8.0 - width >= area.left {
            first - 8.0 - width
        } else {
            (area.right - width).max(area.left)
        };
        notes.push(Note { at: (at, height), width, text });
    }
    notes
}

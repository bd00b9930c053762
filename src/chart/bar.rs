//! One value a run: a row each, as bars from zero or, where the values differ by less than a fifth, as dots; more than
//! twenty become one strip. What has no value says so in words.

use super::bounds::{LARGEST, extent, with_air};
use super::format::{Shape, no_number};
use super::line::PlacedTick;
use super::scale::{Scale, ScaleKind};
use super::{Area, Measure, Size, Weight, cut, strip, ticks};
use std::cmp::Ordering;
use std::sync::Arc;

/// More rows than these are drawn as a strip.
pub const ROWS_UP_TO: usize = 20;
const FOOT: f64 = 22.0;
const PITCH: (f64, f64) = (14.4, 22.0);

/// One run's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Names it for whoever gave it.
    pub id: u32,
    /// Which of the run colours, from 0.
    pub color: u8,
    /// At the left of its row.
    pub label: Arc<str>,
    /// `None` where it was not logged.
    pub value: Option<f64>,
}

/// How rows are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As the values ask for.
    #[default]
    Auto,
    /// From zero.
    Bars,
    /// On a range as narrow as the values.
    Dots,
}

/// A chart of one value a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarPlot {
    /// In any order.
    pub bars: Vec<Bar>,
    /// As asked for.
    pub form: Form,
    /// The smallest value first.
    pub ascending: bool,
}

/// What stands in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawn {
    /// Between two x.
    Bar {
        /// Left end.
        from: f64,
        /// Right end.
        to: f64,
    },
    /// A dot.
    Dot {
        /// Its middle.
        at: (f64, f64),
        /// Pixels.
        radius: f64,
    },
    /// No number: why.
    Words(&'static str),
}

/// One row; in a strip one dot.
#[derive(Clone, Debug, PartialEq)]
pub struct BarRow {
    /// Of the bar.
    pub id: u32,
    /// Of the bar.
    pub color: u8,
    /// Whole.
    pub name: Arc<str>,
    /// As much of the name as there is room for.
    pub label: String,
    /// The same when its text is strong.
    pub strong_label: String,
    /// Of the row.
    pub middle: f64,
    /// The number as text; empty where there is none.
    pub text: String,
    /// Mark or words.
    pub drawn: Drawn,
}

/// A chart of one value a run, at pixels.
#[derive(Clone, Debug)]
pub struct BarLayout {
    /// Of the surface.
    pub size: Size,
    /// Where bars and dots are.
    pub plot: Area,
    /// Horizontal.
    pub x: Scale,
    /// At the foot.
    pub ticks: Vec<PlacedTick>,
    /// In the order shown.
    pub rows: Vec<BarRow>,
    /// Between rows.
    pub pitch: f64,
    /// Bars or dots, never `Auto`.
    pub form: Form,
    /// One strip instead of rows.
    pub is_strip: bool,
    /// What a strip can not show, in words.
    pub note: Option<String>,
}

impl BarPlot {
    /// Bars or dots: dots where the values differ by less than a fifth of the largest.
    pub fn form(&self) -> Form {
        let range = extent(self.values());
        match (self.form, range) {
            (Form::Auto, Some((low, high))) if high - low < high.abs().max(low.abs()) / 5.0 && high > low => Form::Dots,
            (Form::Auto, _) => Form::Bars,
            (form, _) => form,
        }
    }

    /// Whether there are too many for rows.
    pub fn is_strip(&self) -> bool {
        self.bars.len() > ROWS_UP_TO
    }

    pub(super) fn values(&self) -> impl Iterator<Item = f64> + Clone {
        self.bars.iter().filter_map(|bar| bar.value).filter(|value| value.abs() <= LARGEST)
    }

    /// By value; then what is no number, then what is not logged.
    fn sorted(&self) -> Vec<&Bar> {
        let rank = |bar: &Bar| bar.value.map_or(2, |value| i32::from(value.abs() > LARGEST || value.is_nan()));
        let mut bars: Vec<&Bar> = self.bars.iter().collect();
        bars.sort_by(|a, b| {
            let by_value = match (a.value, b.value) {
                (Some(a), Some(b)) if self.ascending => a.total_cmp(&b),
                (Some(a), Some(b)) => b.total_cmp(&a),
                _ => Ordering::Equal,
            };
            rank(a).cmp(&rank(b)).then(by_value)
        });
        bars
    }
}

/// Height in CSS pixels that the chart asks for.
pub fn bar_height(plot: &BarPlot) -> f64 {
    let rows = plot.bars.len() as f64;
    match plot.is_strip() {
        true => strip::HEIGHT,
        false => (rows * PITCH.1 + FOOT).min((rows * PITCH.0 + FOOT).max(182.0)).max(60.0).ceil(),
    }
}

/// Ticks at the foot, as many as have room.
pub(super) fn x_ticks(x: &Scale, room: (f64, f64), measure: Measure<'_>) -> Vec<PlacedTick> {
    let mut target = ((x.high_px - x.low_px) / 60.0).clamp(2.0, 5.0);
    loop {
        let place = |tick: ticks::Tick| {
            let (px, half) = (x.px(tick.value), measure(&tick.text, Weight::Plain) / 2.0);
            let text_px = px.min(room.1 - half).max(room.0 + half);
            (half, PlacedTick { px, text_px, text: tick.text, below: None })
        };
        let ticks: Vec<(f64, PlacedTick)> = ticks::linear(x.low, x.high, target).into_iter().map(place).collect();
        let clash = ticks.windows(2).any(|two| two[0].1.text_px + two[0].0 + 8.0 > two[1].1.text_px - two[1].0);
        if !clash || target <= 2.0 {
            let step = if clash { 2 } else { 1 };
            return ticks.into_iter().step_by(step).map(|(_, tick)| tick).collect();
        }
        target -= 1.0;
    }
}

/// Lays the chart out on a surface.
pub fn bar_layout(plot: &BarPlot, size: Size, measure: Measure<'_>) -> BarLayout {
    if plot.is_strip() {
        return strip::layout(plot, &plot.sorted(), size, measure);
    }
    let (form, bars) = (plot.form(), plot.sorted());
    let shape = Shape::of(plot.values());
    let widest = |texts: &mut dyn Iterator<Item = f64>, most: f64| texts.fold(0.0, f64::max).min(most);
    let name_room =
        widest(&mut bars.iter().map(|bar| measure(&bar.label, Weight::Strong)), (size.width * 0.32).min(160.0));
    let value_room = widest(&mut plot.values().map(|value| measure(&shape.text(value), Weight::Strong)), 110.0);
    let left = (name_room + 10.0).ceil();
    let right = (size.width - value_room - 10.0).max(left + 20.0);
    let count = bars.len().max(1) as f64;
    let pitch = ((size.height - FOOT) / count).clamp(PITCH.0.min((size.height / count).max(1.0)), PITCH.1);
    let area = Area { left, top: 0.0, right, bottom: pitch * bars.len() as f64 + 2.0 };
    let (x, reach) = match form {
        Form::Dots => (with_air(extent(plot.values()), ScaleKind::Linear), (left + 8.0, right - 8.0)),
        _ => {
            let (low, high) = extent(plot.values()).unwrap_or((0.0, 1.0));
            let range = (low.min(0.0), high.max(0.0));
            (
                with_air(Some(range).filter(|(low, high)| low < high).or(Some((0.0, 1.0))), ScaleKind::Linear),
                (left, right),
            )
        }
    };
    let x = Scale::new(ScaleKind::Linear, x, reach);
    let zero = x.px(0.0);
    let rows = bars.iter().enumerate().map(|(number, bar)| {
        let middle = area.top + pitch * (number as f64 + 0.5) + 1.0;
        let (drawn, text) = match bar.value {
            None => (Drawn::Words("not logged"), String::new()),
            Some(value) if value.is_nan() || value.abs() > LARGEST => {
                let infinite = if value > 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
                let word = no_number(if value.is_nan() { value } else { infinite });
                (Drawn::Words(word.unwrap_or("NaN")), String::new())
            }
            Some(value) => {
                let px = x.px(value);
                let drawn = match form {
                    Form::Dots => Drawn::Dot { at: (px, middle), radius: 4.0 },
                    _ => Drawn::Bar { from: zero.min(px), to: zero.max(px) },
                };
                (drawn, shape.text(value))
            }
        };
        BarRow {
            id: bar.id,
            color: bar.color,
            name: bar.label.clone(),
            label: cut(&bar.label, name_room, Weight::Plain, measure),
            strong_label: cut(&bar.label, name_room, Weight::Strong, measure),
            middle,
            text,
            drawn,
        }
    });
    BarLayout {
        size,
        plot: area,
        x,
        ticks: if extent(plot.values()).is_some() {
            x_ticks(&x, (left - 12.0, size.width), measure)
        } else {
            Vec::new()
        },
        rows: rows.collect(),
        pitch,
        form,
        is_strip: false,
        note: bars.is_empty().then(|| "Nothing logged".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(values: &[Option<f64>], form: Form) -> BarPlot {
        let bar = |(number, value): (usize, &Option<f64>)| Bar {
            id: number as u32,
            color: number as u8,
            label: format!("run-{number}").into(),
            value: *value,
        };
        BarPlot { bars: values.iter().enumerate().map(bar).collect(), form, ascending: false }
    }

    fn laid_out(plot: &BarPlot) -> BarLayout {
        let size = Size { width: 427.0, height: bar_height(plot), density: 1.0 };
        bar_layout(plot, size, &|text, _| text.chars().count() as f64 * 6.0)
    }

    #[test]
    fn dots_where_values_are_close() {
        for (values, expected) in [
            (&[Some(0.95), Some(0.94)][..], Form::Dots),
            (&[Some(0.2), Some(0.9)], Form::Bars),
            (&[Some(-0.95), Some(-0.94)], Form::Dots),
            (&[Some(-0.1), Some(0.1)], Form::Bars),
            (&[Some(0.5), Some(0.5)], Form::Bars),
            (&[Some(3.0), None], Form::Bars),
            (&[None], Form::Bars),
            (&[], Form::Bars),
        ] {
            assert_eq!(plot(values, Form::Auto).form(), expected, "{values:?}");
        }
        assert_eq!(plot(&[Some(0.95), Some(0.94)], Form::Bars).form(), Form::Bars);
    }

    #[test]
    fn sorted_with_words_last() {
        let values =
            [None, Some(1.0), Some(f64::NAN), Some(3.0), Some(f64::INFINITY), Some(-2.0), Some(f64::NEG_INFINITY)];
        let layout = laid_out(&plot(&values, Form::Auto));
        let rows: Vec<String> = layout
            .rows
            .iter()
            .map(|row| match &row.drawn {
                Drawn::Words(words) => (*words).to_owned(),
                _ => row.text.clone(),
            })
            .collect();
        assert_eq!(&rows[..3], ["3", "1", "−2"]);
        assert_eq!(rows[6], "not logged");
        assert!(rows.contains(&"NaN".to_owned()) && rows.contains(&"Inf".to_owned()));
        let zero = layout.x.px(0.0);
        for row in &layout.rows[..3] {
            let Drawn::Bar { from, to } = row.drawn else { panic!("a bar") };
            assert!((from - zero).abs() < 1e-9 || (to - zero).abs() < 1e-9);
            assert!(layout.plot.left <= from && from <= to && to <= layout.plot.right);
        }
    }

    #[test]
    fn over_twenty_is_a_strip() {
        let values: Vec<Option<f64>> = (0..300).map(|n| (n % 7 != 0).then_some(f64::from(n % 13))).collect();
        let layout = laid_out(&plot(&values, Form::Auto));
        assert!(layout.is_strip);
        assert_eq!(layout.rows.len(), 257);
        assert_eq!(layout.note.as_deref(), Some("43 not logged"));
        for row in &layout.rows {
            let Drawn::Dot { at, .. } = row.drawn else { panic!("a dot") };
            assert!((layout.plot.left..=layout.plot.right).contains(&at.0));
            assert!((layout.plot.top..=layout.plot.bottom).contains(&at.1));
        }
    }

    #[test]
    fn any_size_and_any_value() {
        for width in [0.0, 10.0, 100.0, 5000.0] {
            for values in [&[][..], &[None], &[Some(f64::MAX), Some(f64::MIN)], &[Some(1e300), Some(-1e300)]] {
                let plot = plot(values, Form::Auto);
                bar_layout(&plot, Size { width, height: 20.0, density: 2.0 }, &|text, _| text.len() as f64 * 6.0);
            }
        }
    }
}

//! Whole charts, from series to SVG. Set `RUNGLASS_PICTURES` to a folder to have them written there and look at them.

use super::*;
use std::sync::Arc;

const CARD: Size = Size { width: 427.0, height: 184.0, density: 1.0 };
const NARROW: Size = Size { width: 278.0, height: 170.0, density: 2.0 };
const NAMES: [&str; 11] = [
    "bright-crane-412",
    "silent-otter-88",
    "amused-finch-230",
    "stoic-heron-17",
    "nimble-wasp-901",
    "resnet18-randaug-n2m9-long",
    "calm-lynx-55",
    "grumpy-shark-640",
    "vaunted-moose-3",
    "honest-mule-721",
    "merciful-eel-7",
];

/// About as wide as Liberation Sans at 11 px.
fn measure(text: &str, weight: Weight) -> f64 {
    let one = |letter: char| match letter {
        'i' | 'l' | 'j' | '.' | ',' | ' ' | '|' | '\'' => 3.0,
        'm' | 'w' | 'M' | 'W' | '…' => 9.2,
        'A'..='Z' => 7.6,
        _ => 6.1,
    };
    text.chars().map(one).sum::<f64>() * if weight == Weight::Strong { 1.06 } else { 1.0 }
}

/// The same noise on every machine.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }
}

fn series(number: usize, xs: Vec<f64>, value: impl FnMut(f64) -> f64) -> Series {
    let ys: Arc<[f64]> = xs.iter().copied().map(value).collect();
    let label = NAMES.get(number).map_or_else(|| format!("run {number}"), |name| (*name).to_owned());
    Series {
        id: number as u32,
        color: (number % 20) as u8,
        dash: (number / 20) as u8,
        label: label.into(),
        xs: xs.into(),
        ys,
    }
}

fn steps(count: u32) -> Vec<f64> {
    (0..=count).map(|at| f64::from(at) * 391.0).collect()
}

fn plot(series: Vec<Series>) -> LinePlot {
    LinePlot { series, x: Axis::Step, log_y: false, smoothing: 0.0, x_window: None }
}

fn accuracy() -> LinePlot {
    let curve = |number: usize| {
        let (mut noise, top) = (noise(number as u64 + 1), 0.945 + 0.0015 * number as f64);
        let count = if number == 7 { 60 } else { 120 };
        series(number, steps(count), move |x| top - 0.1 * (-x / 9000.0).exp() + 0.006 * noise())
    };
    plot((0..11).map(curve).collect())
}

fn loss() -> LinePlot {
    let curve = |number: usize| {
        let mut noise = noise(number as u64 + 40);
        let speed = 7000.0 + 300.0 * number as f64;
        series(number, steps(120), move |x| (2.0 * (-x / speed).exp() + 0.03) * (1.0 + 0.1 * noise()))
    };
    LinePlot { log_y: true, smoothing: 0.6, ..plot((0..10).map(curve).collect()) }
}

fn grad_norm() -> LinePlot {
    let mut all = loss();
    all.smoothing = 0.0;
    let broken = series(8, steps(62), |x| match x {
        x if x > 21_000.0 => f64::NAN,
        x if x > 19_500.0 => f64::INFINITY,
        x => 0.8 + x / 9000.0,
    });
    all.series.push(broken);
    all
}

fn schedule() -> LinePlot {
    let rate =
        |top: f64| move |x: f64| if x < 2000.0 { top * x / 2000.0 } else { top * 0.5 * (1.0 + (x / 15_000.0).cos()) };
    let mut all: Vec<Series> = (0..10).map(|number| series(number, steps(120), rate(0.05))).collect();
    all.push(series(10, steps(55), rate(0.4)));
    plot(all)
}

fn wall() -> LinePlot {
    let start = 1_795_202_430_000.0;
    let curve = |number: usize| {
        let begin = start + number as f64 * 3.1e6;
        let xs = (0..200).map(|at| begin + f64::from(at) * 21_000.0).collect();
        series(number, xs, move |x| 2.0 * (-(x - begin) / 1e6).exp() + 0.05)
    };
    LinePlot { x: Axis::Wall { zone_minutes: 60 }, log_y: true, ..plot((0..8).map(curve).collect()) }
}

fn points() -> LinePlot {
    let dots = series(0, steps(8), |x| if ((x / 391.0) as u32).is_multiple_of(2) { 3.0 + x } else { f64::NAN });
    plot(vec![dots, series(1, vec![1200.0], |_| 900.0)])
}

fn bars(values: &[f64], form: Form) -> BarPlot {
    let bar = |(number, value): (usize, &f64)| Bar {
        id: number as u32,
        color: (number % 20) as u8,
        label: NAMES.get(number).map_or_else(|| format!("run {number}"), |name| (*name).to_owned()).into(),
        value: (*value != 0.0).then_some(*value),
    };
    BarPlot { bars: values.iter().enumerate().map(bar).collect(), form, ascending: false }
}

fn layout(plot: &LinePlot, size: Size) -> LineLayout {
    line_layout(plot, size, &measure)
}

#[test]
fn pictures() {
    let folder = std::env::var_os("RUNGLASS_PICTURES");
    let raised = |id: u32, lowers_others: bool| Emphasis { raised: Some(id), lowers_others };
    let zoomed = LinePlot { x_window: Some((20_000.0, 30_500.0)), smoothing: 0.6, ..accuracy() };
    let many = LinePlot {
        smoothing: 0.5,
        ..plot(
            (0..40)
                .map(|number| {
                    let mut noise = noise(number as u64 + 7);
                    series(number, steps(120), move |x| 0.9 - 0.02 * number as f64 * (x / 46_920.0) + 0.05 * noise())
                })
                .collect(),
        )
    };
    let lines: [(&str, LinePlot, Size, Emphasis); 11] = [
        ("accuracy", accuracy(), CARD, raised(0, true)),
        ("zoomed", zoomed, CARD, raised(2, false)),
        ("loss", loss(), CARD, raised(0, false)),
        ("loss-narrow", loss(), NARROW, raised(0, false)),
        ("grad-norm", grad_norm(), CARD, raised(0, false)),
        ("schedule", schedule(), CARD, raised(3, false)),
        ("wall", wall(), CARD, Emphasis::default()),
        ("relative", LinePlot { x: Axis::Relative, ..accuracy() }, NARROW, Emphasis::default()),
        ("points", points(), CARD, Emphasis::default()),
        ("empty", plot(Vec::new()), NARROW, Emphasis::default()),
        ("many", many, CARD, raised(30, false)),
    ];
    let mut pictures: Vec<(String, String)> = Vec::new();
    for is_dark in [false, true] {
        let theme = theme::tests::theme(is_dark);
        let name = |name: &str| format!("{name}-{}.svg", if is_dark { "dark" } else { "light" });
        for (title, plot, size, emphasis) in &lines {
            pictures.push((name(title), line_svg(plot, *size, *emphasis, &theme, &measure)));
        }
        let close = [0.9556, 0.9539, 0.9537, 0.9521, 0.9543, 0.9527, 0.954, 0.0, 0.0, 0.9509, 0.9473];
        let apart = [0.022, 0.0228, 0.0221, 0.0222, 0.0236, 0.0397, 0.0381, 0.0, 0.0, 0.0382, 0.0217];
        let mut noise = noise(5);
        let crowd: Vec<f64> = (0..120).map(|_| 0.9 + 0.1 * (noise() + noise() + noise())).collect();
        for (title, values, width) in [
            ("dots", &close[..], 427.0),
            ("bars", &apart, 427.0),
            ("bars-few", &apart[..3], 278.0),
            ("strip", &crowd, 427.0),
        ] {
            let plot = bars(values, Form::Auto);
            let size = Size { width, height: bar_height(&plot), density: 1.0 };
            pictures.push((name(title), bars_svg(&plot, size, raised(0, false), &theme, &measure)));
        }
    }
    for (name, picture) in &pictures {
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"), "{name}");
        let marks = picture.replace(">NaN", "").replace(">Inf", "");
        assert!(!marks.contains("NaN") && !marks.contains("inf"), "{name}");
        if let Some(folder) = &folder {
            std::fs::write(std::path::Path::new(folder).join(name), picture).expect("a folder for pictures");
        }
    }
    let all = |name: &str| pictures.iter().find(|picture| picture.0 == name).map_or("", |picture| &picture.1);
    assert!(all("grad-norm-light.svg").contains(">NaN from 21.1k<"));
    assert!(all("grad-norm-light.svg").contains(">Inf, 4 points<"));
    assert!(all("schedule-dark.svg").contains(">10 the same<"));
    assert!(all("empty-light.svg").contains(">Nothing logged<"));
    assert!(all("bars-light.svg").contains(">not logged<"));
    assert!(all("many-light.svg").contains(" more<"));
    assert!(!all("loss-narrow-light.svg").contains("bright-crane"), "no names on narrow cards");
}

#[test]
fn facts_of_a_layout() {
    let found = layout(&accuracy(), CARD);
    assert_eq!(found.plot, Area { left: 38.0, top: 8.0, right: 297.0, bottom: 164.0 });
    assert_eq!((found.points_total, found.points_drawn), (10 * 121 + 61, 10 * 121 + 61));
    let texts: Vec<&str> = found.x_ticks.iter().map(|tick| tick.text.as_str()).collect();
    assert_eq!((texts[0], texts[texts.len() - 1]), ("0", "46.9k"));
    assert!((3..=6).contains(&found.y_ticks.len()));
    assert!(found.curves[7].ends_early && !found.curves[0].ends_early);
    let labels = end_labels(&found, Some(0), &measure);
    assert_eq!(labels.len(), 11);
    assert_eq!(labels.iter().filter(|label| label.is_raised).count(), 1);
    assert!(labels.iter().all(|label| label.at.0 + measure(&label.text, Weight::Plain) <= CARD.width));
    assert!(labels.windows(2).all(|two| two[1].at.1 - two[0].at.1 >= 13.5 - 1e-9));
    assert!(end_labels(&layout(&accuracy(), NARROW), None, &measure).is_empty());

    let same = layout(&schedule(), CARD);
    assert_eq!(same.curves.len(), 2);
    assert_eq!(same.curves[0].ids, (0..10).collect::<Vec<u32>>());
    assert_eq!(same.points_total, 10 * 121 + 56);
}

#[test]
fn a_long_series_is_decimated_and_whole_when_zoomed() {
    let xs: Vec<f64> = (0..200_000).map(f64::from).collect();
    let mut long = plot(vec![series(0, xs, |x| (x / 700.0).sin())]);
    let found = layout(&long, CARD);
    assert_eq!(found.points_total, 200_000);
    assert!(found.points_drawn <= 4 * 259 && found.points_drawn > 259);
    long.x_window = Some((1000.0, 1500.0));
    let found = layout(&long, CARD);
    assert_eq!((found.points_total, found.points_drawn), (501, 501));
    let line = &found.curves[0].line;
    assert_eq!(line.starts.len(), 1);
    assert!(line.points.iter().all(|(x, _)| (found.plot.left..=found.plot.right).contains(x)));
    long.x_window = Some((1000.2, 1000.8));
    let found = layout(&long, CARD);
    assert_eq!((found.points_total, found.curves[0].line.points.len()), (0, 2), "a line passes through");
}

#[test]
fn hostile_numbers() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324, 1e300, -1e300, 1.0];
    let xs: Vec<f64> = odd.iter().rev().copied().collect();
    for log_y in [false, true] {
        for x in [Axis::Step, Axis::Relative, Axis::Wall { zone_minutes: -720 }] {
            for (width, height) in [(0.0, 0.0), (50.0, 20.0), (427.0, 184.0), (5000.0, 3000.0)] {
                for x_window in [None, Some((0.0, 1e-300)), Some((f64::NAN, 1.0)), Some((-1e300, 1e300))] {
                    let mut at = 0;
                    let value = |_| {
                        at += 1;
                        odd[at % odd.len()]
                    };
                    let series = vec![series(0, xs.clone(), value), series(1, Vec::new(), |x| x)];
                    let plot = LinePlot { series, x, log_y, smoothing: 0.9, x_window };
                    let size = Size { width, height, density: 3.0 };
                    let theme = theme::tests::theme(false);
                    line_svg(&plot, size, Emphasis::default(), &theme, &measure);
                    hover(&plot, &layout(&plot, size), 1.0, Some(3.0));
                }
            }
        }
    }
}

#[test]
fn cut_texts() {
    for (text, width, expected) in [
        ("calm-lynx", 200.0, "calm-lynx"),
        ("calm lynx", 34.0, "calm…"),
        ("calm-lynx", 3.0, "…"),
        ("日本語の名前", 30.0, "日本語…"),
        ("", 0.0, ""),
    ] {
        assert_eq!(cut(text, width, Weight::Plain, &measure), expected);
    }
}

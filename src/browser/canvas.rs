//! Charts on a canvas: the pen, plotters' backend, widths of texts, and the colours of the page's theme.
//!
//! It must not know what is drawn. Sizes are CSS pixels; the context is scaled by the density of the screen, so that text
//! and mesh stay crisp.

use crate::chart::{Area, Pen, Rgb, Size, Stroke, Theme, Weight};
use gloo::events::EventListener;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};
use plotters_canvas::CanvasBackend;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, MutationObserver, MutationObserverInit};

/// Pixels of the charts' texts.
const TEXT_PX: u32 = 11;
/// Widths remembered before all are forgotten.
const WIDTHS: usize = 8_192;
/// Browsers refuse larger canvases, some without a word.
const LARGEST_PX: f64 = 8_192.0;

/// A cleared canvas.
#[derive(Clone)]
pub struct Surface {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    size: Size,
}

fn context_of(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Device pixels in a CSS pixel.
pub fn density() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(0.25, 8.0)
}

impl Surface {
    /// The canvas in that size, cleared; `None` where the browser gives no context.
    pub fn new(canvas: &HtmlCanvasElement, size: Size) -> Option<Surface> {
        let context = context_of(canvas)?;
        let device = |px: f64| (px * size.density).round().clamp(1.0, LARGEST_PX) as u32;
        let (width, height) = (device(size.width), device(size.height));
        // Setting a size clears the canvas and its memory: only when it changed.
        if canvas.width() != width || canvas.height() != height {
            canvas.set_width(width);
            canvas.set_height(height);
        }
        let style = canvas.style();
        let _ = style.set_property("width", &format!("{}px", size.width));
        let _ = style.set_property("height", &format!("{}px", size.height));
        let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
        let _ = context.set_transform(size.density, 0.0, 0.0, size.density, 0.0, 0.0);
        context.set_line_join("round");
        Some(Surface { canvas: canvas.clone(), context, size })
    }

    /// The same canvas for plotters.
    pub fn backend(&self) -> Option<Backend> {
        let inner = CanvasBackend::with_canvas_object(self.canvas.clone())?;
        Some(Backend { inner, size: (self.size.width.ceil() as u32, self.size.height.ceil() as u32) })
    }

    fn path(&self, points: &[(f64, f64)]) {
        self.context.begin_path();
        for (number, (x, y)) in points.iter().enumerate() {
            match number {
                0 => self.context.move_to(*x, *y),
                _ => self.context.line_to(*x, *y),
            }
        }
    }
}

impl Pen for Surface {
    fn clip(&mut self, area: Option<Area>) {
        let Some(area) = area else { return self.context.restore() };
        self.context.save();
        self.context.begin_path();
        self.context.rect(area.left, area.top, area.width(), area.height());
        self.context.clip();
    }

    fn stroke(&mut self, points: &[(f64, f64)], style: &Stroke) {
        if points.len() < 2 {
            return;
        }
        let context = &self.context;
        context.set_stroke_style_str(&style.color.hex());
        context.set_line_width(style.width);
        context.set_global_alpha(style.alpha);
        if !style.dash.is_empty() {
            let dash: js_sys::Array = style.dash.iter().map(|px| JsValue::from_f64(*px)).collect();
            let _ = context.set_line_dash(&dash);
        }
        self.path(points);
        context.stroke();
        if !style.dash.is_empty() {
            let _ = context.set_line_dash(&js_sys::Array::new());
        }
        context.set_global_alpha(1.0);
    }

    fn fill(&mut self, outline: &[(f64, f64)], color: Rgb, alpha: f64) {
        self.context.set_fill_style_str(&color.hex());
        self.context.set_global_alpha(alpha);
        self.path(outline);
        self.context.close_path();
        self.context.fill();
        self.context.set_global_alpha(1.0);
    }

    fn dot(&mut self, middle: (f64, f64), radius: f64, color: Rgb, rim: Option<Rgb>, alpha: f64) {
        let context = &self.context;
        context.set_global_alpha(alpha);
        context.begin_path();
        let _ = context.arc(middle.0, middle.1, radius, 0.0, std::f64::consts::TAU);
        context.set_fill_style_str(&color.hex());
        context.fill();
        if let Some(rim) = rim {
            context.set_stroke_style_str(&rim.hex());
            context.set_line_width(1.5);
            context.stroke();
        }
        context.set_global_alpha(1.0);
    }
}

/// plotters' canvas, told the size in CSS pixels, and how wide texts are: left to itself it adds an element to the page for
/// each text, which forces a layout, is refused by a strict `style-src`, and panics in a worker.
pub struct Backend {
    inner: CanvasBackend,
    size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

impl DrawingBackend for Backend {
    type ErrorType = <CanvasBackend as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Drawn {
        self.inner.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.inner.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.inner.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        self.inner.draw_rect(from, to, style, fill)
    }

    /// Segment by segment, because only its lines are moved to the middle of their pixels.
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut path = path.into_iter();
        let Some(mut from) = path.next() else { return Ok(()) };
        for to in path {
            self.inner.draw_line(from, to, style)?;
            from = to;
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        self.inner.draw_circle(center, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.inner.fill_polygon(path, style)
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        self.inner.draw_text(text, style, at)
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Self::ErrorType>> {
        let weight = if matches!(style.style(), FontStyle::Bold) { Weight::Strong } else { Weight::Plain };
        let scale = style.size() / f64::from(TEXT_PX);
        Ok(((text_width_px(text, weight, style.family().as_str()) * scale).ceil() as u32, style.size().ceil() as u32))
    }
}

#[derive(Default)]
struct Ruler {
    context: Option<CanvasRenderingContext2d>,
    font: String,
    widths: HashMap<(Weight, String), f64>,
}

thread_local! {
    static RULER: RefCell<Ruler> = RefCell::default();
}

/// Width of a text of 11 px in a list of faces; measured once.
pub fn text_width_px(text: &str, weight: Weight, font: &str) -> f64 {
    RULER.with_borrow_mut(|ruler| {
        if ruler.font != font || ruler.widths.len() > WIDTHS {
            ruler.font = font.to_owned();
            ruler.widths.clear();
        }
        let key = (weight, text.to_owned());
        if let Some(width) = ruler.widths.get(&key) {
            return *width;
        }
        if ruler.context.is_none() {
            let canvas = web_sys::window().and_then(|window| window.document()?.create_element("canvas").ok());
            ruler.context = canvas.and_then(|canvas| context_of(canvas.dyn_ref()?));
        }
        let face = if weight == Weight::Strong { "bold" } else { "normal" };
        let measured = ruler.context.as_ref().and_then(|context| {
            context.set_font(&format!("{face} {TEXT_PX}px {font}"));
            context.measure_text(text).ok()
        });
        let width = measured.map_or(text.chars().count() as f64 * 6.1, |measured| measured.width());
        ruler.widths.insert(key, width);
        width
    })
}

/// The colours that the page has now.
pub fn theme_now() -> Theme {
    let style = web_sys::window().and_then(|window| {
        let root = window.document()?.document_element()?;
        window.get_computed_style(&root).ok()?
    });
    Theme::from_tokens(|name| {
        let value = style.as_ref()?.get_property_value(name).ok()?;
        (!value.is_empty()).then_some(value)
    })
}

/// Watches the theme until it is dropped.
pub struct ThemeWatch {
    observer: Option<MutationObserver>,
    _changed: Closure<dyn FnMut()>,
    _system: Option<EventListener>,
}

impl Drop for ThemeWatch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// Calls `changed` when another theme is chosen, or the system changes its own.
pub fn watch_theme(changed: impl Fn() + Clone + 'static) -> ThemeWatch {
    let window = web_sys::window();
    let query = window.as_ref().and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten());
    let system = query.map(|query| {
        let changed = changed.clone();
        EventListener::new(&query, "change", move |_| changed())
    });
    let changed = Closure::<dyn FnMut()>::new(changed);
    let observer = MutationObserver::new(changed.as_ref().unchecked_ref()).ok();
    let root = window.and_then(|window| window.document()?.document_element());
    if let (Some(observer), Some(root)) = (&observer, root) {
        let options = MutationObserverInit::new();
        options.set_attributes(true);
        options.set_attribute_filter(&js_sys::Array::of1(&"data-theme".into()));
        let _ = observer.observe_with_options(&root, &options);
    }
    ThemeWatch { observer, _changed: changed, _system: system }
}

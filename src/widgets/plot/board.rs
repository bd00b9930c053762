//! Two canvases on each other, and when they are painted: at most once a frame, and only in sight. What lies under the
//! pointer has the upper one to itself, so that a move of the mouse does not paint the lines again.

use crate::browser::canvas::{self, Surface, ThemeWatch};
use crate::browser::dom::{self, SizeWatch};
use crate::browser::sight::{self, SightWatch};
use crate::browser::signs::Busy;
use crate::chart::{Size, Theme};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Charts this near to what is seen are read and painted.
const MARGIN_PX: u32 = 200;

struct Watches {
    _size: SizeWatch,
    _theme: ThemeWatch,
    _sight: SightWatch,
}

/// The canvases of one chart.
#[derive(Clone, Copy)]
pub struct Board {
    /// The box that both canvases fill.
    pub frame: NodeRef<Div>,
    base: NodeRef<Canvas>,
    over: NodeRef<Canvas>,
    /// Of the box; `None` until it is in the page, or while it has no extent.
    pub size: RwSignal<Option<Size>>,
    /// Of the page, now.
    pub theme: RwSignal<Arc<Theme>>,
    in_sight: RwSignal<bool>,
}

impl Board {
    /// Watches size, theme and sight as long as the owner lives. `in_sight` is told what is found.
    pub fn new(in_sight: RwSignal<bool>) -> Board {
        let board = Board {
            frame: NodeRef::new(),
            base: NodeRef::new(),
            over: NodeRef::new(),
            size: RwSignal::new(None),
            theme: RwSignal::new(Arc::new(canvas::theme_now())),
            in_sight,
        };
        let watches = StoredValue::new_local(None::<Watches>);
        Effect::new(move |_| {
            let Some(frame) = board.frame.get() else { return };
            let measured = frame.clone();
            let size = dom::watch_size(&[frame.as_ref()], move || {
                let (width, height) = dom::inner_size_px(measured.as_ref());
                let size = Size { width, height, density: canvas::density() };
                let size = (width >= 1.0 && height >= 1.0).then_some(size);
                if board.size.try_get_untracked().is_some_and(|known| known != size) {
                    board.size.try_set(size);
                }
            });
            let theme = canvas::watch_theme(move || {
                board.theme.try_set(Arc::new(canvas::theme_now()));
            });
            let sight = sight::watch_sight(frame.as_ref(), MARGIN_PX, move |found| {
                if board.in_sight.try_get_untracked().is_some_and(|known| known != found) {
                    board.in_sight.try_set(found);
                }
            });
            watches.set_value(Some(Watches { _size: size, _theme: theme, _sight: sight }));
        });
        on_cleanup(move || {
            watches.try_set_value(None);
        });
        board
    }

    /// Runs `work` in the next frame after anything changed that `track` reads, while in sight; what changed out of sight
    /// is done when it comes into sight. `is_content` keeps the page busy until then; what follows the pointer does not.
    pub fn on_frame(self, is_content: bool, track: impl Fn() + 'static, work: impl Fn() + Clone + 'static) {
        let is_planned = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::new(AtomicBool::new(false));
        let cleanup = is_gone.clone();
        on_cleanup(move || cleanup.store(true, Ordering::Relaxed));
        Effect::new(move |_| {
            track();
            if !self.in_sight.get() || is_planned.swap(true, Ordering::Relaxed) {
                return;
            }
            let (is_planned, is_gone, work) = (is_planned.clone(), is_gone.clone(), work.clone());
            let busy = is_content.then(Busy::start);
            request_animation_frame(move || {
                is_planned.store(false, Ordering::Relaxed);
                if !is_gone.load(Ordering::Relaxed) {
                    work();
                }
                drop(busy);
            });
        });
    }

    /// The lower canvas, cleared.
    pub fn base(self, size: Size) -> Option<Surface> {
        Surface::new(&self.base.get_untracked()?, size)
    }

    /// The upper canvas, cleared.
    pub fn over(self, size: Size) -> Option<Surface> {
        Surface::new(&self.over.get_untracked()?, size)
    }

    /// Both canvases.
    pub fn canvases(self) -> impl IntoView {
        view! {
            <canvas class="chart-canvas" aria-hidden="true" node_ref=self.base></canvas>
            <canvas class="chart-canvas" aria-hidden="true" node_ref=self.over></canvas>
        }
    }
}

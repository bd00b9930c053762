//! What the crosshair reads: a list beside the plot, never on it, that does not follow the pointer. On a wide card it takes
//! the place of the names at the ends of the lines; a narrow card has it over its neighbour, a narrow window under the plot.

use super::color_token;
use crate::browser::dom;
use crate::chart::{Area, Tip};
use leptos::prelude::*;

/// Pixels of one row.
pub const ROW_PX: f64 = 17.0;
/// Head, foot and padding.
const REST_PX: f64 = 2.0 * ROW_PX + 10.0;
const BESIDE_PX: f64 = 180.0;
const GAP_PX: f64 = 8.0;

/// Where the list stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In the card, from this x on, this wide.
    InCard {
        /// From the card's left edge.
        left: f64,
        /// Of the list.
        width: f64,
    },
    /// Over a neighbour: in the window, so that no scrolling box cuts it.
    Beside {
        /// From the window's left edge.
        left: f64,
        /// From the window's upper edge.
        top: f64,
    },
    /// Under the plot, as wide as the card.
    Under,
}

impl Place {
    /// For a card at this place in the window (left, top, right, bottom) with this plot; `has_label_room` says that names
    /// stand right of it.
    pub fn of(card: (f64, f64, f64, f64), plot: &Area, has_label_room: bool) -> Place {
        let (card_left, card_top, card_right, _) = card;
        let (window_width, _) = dom::window_size_px();
        if has_label_room {
            let left = plot.right + 4.0;
            // Into the gutter, where there is one.
            let more = (window_width - card_right - 4.0).clamp(0.0, 24.0);
            return Place::InCard { left, width: card_right - card_left - left + more };
        }
        if window_width - card_right >= BESIDE_PX + GAP_PX * 2.0 {
            Place::Beside { left: card_right + GAP_PX, top: card_top }
        } else if card_left >= BESIDE_PX + GAP_PX * 2.0 {
            Place::Beside { left: card_left - BESIDE_PX - GAP_PX, top: card_top }
        } else {
            Place::Under
        }
    }

    /// Rows that fit into a card of this height.
    pub fn rows(self, height: f64) -> usize {
        match self {
            Place::Under => 8,
            _ => ((height + ROW_PX - REST_PX) / ROW_PX).floor().clamp(3.0, 30.0) as usize,
        }
    }
}

/// The list. `head` names the place, `lead` what is read where that is not plain.
pub fn tip_view(tip: Tip, head: String, lead: Option<String>, place: Place) -> impl IntoView {
    let px = |px: f64| format!("{px:.0}px");
    let (class, left, top, width) = match place {
        Place::InCard { left, width } => ("chart-tip in-card", px(left), String::new(), px(width)),
        Place::Beside { left, top } => ("chart-tip beside", px(left), px(top), px(BESIDE_PX)),
        Place::Under => ("chart-tip under", String::new(), String::new(), String::new()),
    };
    let row = |row: crate::chart::TipRow| {
        view! {
            <li class="chart-tip-row" class:is-near=row.is_nearest>
                <i class="chart-dot" style:background-color=color_token(row.color)></i>
                <span class="chart-tip-name">{row.label.to_string()}</span>
                <span class="chart-tip-value">{row.value}</span>
            </li>
        }
    };
    view! {
        <div class=class aria-hidden="true" style:left=left style:top=top style:width=width>
            <div class="chart-tip-head">
                {lead.map(|lead| view! { <span class="chart-tip-lead">{lead}</span> })} <span>{head}</span>
            </div>
            <ul>{tip.rows.into_iter().map(row).collect_view()}</ul>
            {(!tip.rest.is_empty()).then(|| view! { <div class="chart-tip-rest">{tip.rest}</div> })}
        </div>
    }
}

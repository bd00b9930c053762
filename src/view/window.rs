//! Which rows and columns of a large table lie in sight, and where: plain arithmetic on pixels.
//!
//! It must not know what a row holds, nor who paints it. All lengths are CSS pixels.

use std::ops::Range;

/// The greatest height that a browser is asked for. Firefox stops at 17.8 million, others at 33 million; past this, one
/// scrolled pixel stands for more than one pixel of rows.
pub const MAX_HEIGHT_PX: f64 = 15_000_000.0;

/// A column is never made narrower than this.
pub const MIN_COLUMN_PX: f64 = 40.0;
/// A column is never made wider than this.
pub const MAX_COLUMN_PX: f64 = 1_200.0;

/// The share of the view that pinned columns may take.
const PINNED_SHARE: f64 = 0.6;
/// The least that is left of a column which shrinks so that the pinned ones fit.
const SHRUNK_PX: f64 = 120.0;

/// Rows of one height below each other, and the part of the view that is theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowSpace {
    /// All rows.
    pub count: usize,
    /// Height of one row.
    pub row_px: f64,
    /// Height of the view, without the head that stays in it.
    pub view_px: f64,
}

impl RowSpace {
    fn whole_px(&self) -> f64 {
        self.count as f64 * self.row_px
    }

    /// The height that the browser is asked for.
    pub fn height_px(&self) -> f64 {
        self.whole_px().min(MAX_HEIGHT_PX)
    }

    /// How far the view's top lies below the top of the first row.
    pub fn offset_px(&self, scroll_px: f64) -> f64 {
        let (whole, height) = (self.whole_px(), self.height_px());
        if whole <= height {
            return scroll_px;
        }
        let (most, most_scrolled) = ((whole - self.view_px).max(0.0), (height - self.view_px).max(1.0));
        (scroll_px / most_scrolled).clamp(0.0, 1.0) * most
    }

    /// Where row `index` is painted, from the top of the rows' box.
    pub fn top_px(&self, index: usize, scroll_px: f64) -> f64 {
        index as f64 * self.row_px - (self.offset_px(scroll_px) - scroll_px)
    }

    /// The rows in sight, and `spare` more on each side.
    pub fn visible(&self, scroll_px: f64, spare: usize) -> Range<usize> {
        if self.row_px <= 0.0 || self.count == 0 {
            return 0..0;
        }
        let offset = self.offset_px(scroll_px).max(0.0);
        // `as` saturates, so a scroll position past the end is harmless.
        let first = ((offset / self.row_px).floor() as usize).saturating_sub(spare);
        let end = ((offset + self.view_px) / self.row_px).ceil() as usize;
        let end = end.saturating_add(spare).min(self.count);
        first.min(end)..end
    }

    /// Rows that fit into the view, at least one.
    pub fn page(&self) -> usize {
        if self.row_px <= 0.0 { 1 } else { ((self.view_px / self.row_px).floor() as usize).max(1) }
    }

    /// The least change of the scroll position that brings the whole of a row into view; `None` when it is.
    pub fn reveal(&self, index: usize, scroll_px: f64) -> Option<f64> {
        let (top, offset) = (index as f64 * self.row_px, self.offset_px(scroll_px));
        let wanted = if top < offset {
            top
        } else if top + self.row_px > offset + self.view_px {
            (top + self.row_px - self.view_px).min(top)
        } else {
            return None;
        };
        let (whole, height) = (self.whole_px(), self.height_px());
        if whole <= height {
            return Some(wanted);
        }
        let (most, most_scrolled) = ((whole - self.view_px).max(1.0), (height - self.view_px).max(1.0));
        Some(wanted / most * most_scrolled)
    }
}

/// What the layout needs to know of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColumnWidth {
    /// As asked for.
    pub width_px: f64,
    /// Stays at the left when the others scroll; only the leading columns can.
    pub pinned: bool,
    /// May be narrowed so that the pinned columns leave room for the others.
    pub shrinks: bool,
}

/// Columns beside each other: first those that stay, then those that scroll.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSpace {
    widths_px: Vec<f64>,
    /// Left edges, and the right edge of the last.
    edges_px: Vec<f64>,
    pinned: usize,
    view_px: f64,
}

impl ColumnSpace {
    /// Lays out `columns` in a view of the given width. On a narrow one, pinned columns shrink where they may, then the
    /// last of them come loose.
    pub fn new(columns: &[ColumnWidth], view_px: f64) -> ColumnSpace {
        let mut widths_px: Vec<f64> = columns.iter().map(|c| c.width_px.clamp(1.0, MAX_COLUMN_PX)).collect();
        let mut pinned = columns.iter().take_while(|c| c.pinned).count();
        let limit = (view_px * PINNED_SHARE).max(1.0);
        let over = widths_px.iter().take(pinned).sum::<f64>() - limit;
        if view_px > 0.0 && over > 0.0 {
            let shrinking = columns.iter().zip(&mut widths_px).take(pinned).find(|(c, _)| c.shrinks);
            if let Some((_, width)) = shrinking {
                *width = (*width - over).max(SHRUNK_PX.min(*width));
            }
            while pinned > 0 && widths_px.iter().take(pinned).sum::<f64>() > limit + 0.5 {
                pinned -= 1;
            }
        }
        let mut edges_px = Vec::with_capacity(widths_px.len() + 1);
        let mut edge = 0.0;
        edges_px.push(edge);
        for width in &widths_px {
            edge += width;
            edges_px.push(edge);
        }
        ColumnSpace { widths_px, edges_px, pinned, view_px }
    }

    /// All columns.
    pub fn count(&self) -> usize {
        self.widths_px.len()
    }

    /// How many of them stay.
    pub fn pinned(&self) -> usize {
        self.pinned
    }

    /// Left edge of a column from the left edge of the first; the end of the last for what is past it.
    pub fn edge_px(&self, index: usize) -> f64 {
        self.edges_px.get(index).or(self.edges_px.last()).copied().unwrap_or_default()
    }

    /// Width of a column, 0 for what is not there.
    pub fn width_px(&self, index: usize) -> f64 {
        self.widths_px.get(index).copied().unwrap_or_default()
    }

    /// Width of the columns that stay.
    pub fn pinned_px(&self) -> f64 {
        self.edge_px(self.pinned)
    }

    /// Width of all columns.
    pub fn whole_px(&self) -> f64 {
        self.edge_px(self.count())
    }

    /// The scrolling columns in sight, and `spare` more on each side.
    pub fn visible(&self, scroll_px: f64, spare: usize) -> Range<usize> {
        let (left, right) = (self.pinned_px() + scroll_px.max(0.0), scroll_px.max(0.0) + self.view_px);
        let first = self.edges_px.partition_point(|edge| *edge <= left).saturating_sub(1 + spare);
        let end = self.edges_px.partition_point(|edge| *edge < right).saturating_add(spare);
        let end = end.min(self.count());
        first.max(self.pinned).min(end)..end
    }

    /// The least change of the scroll position that brings a column into view, as far as it fits; `None` when it is.
    pub fn reveal(&self, index: usize, scroll_px: f64) -> Option<f64> {
        if index < self.pinned || index >= self.count() {
            return None;
        }
        let (left, right) = (self.edge_px(index) - self.pinned_px(), self.edge_px(index + 1));
        if left < scroll_px {
            Some(left)
        } else if right > scroll_px + self.view_px {
            Some((right - self.view_px).min(left))
        } else {
            None
        }
    }

    /// The columns `shown` (ascending) as a value of CSS `grid-template-columns`: column 7 starts at the line `c7`, gaps
    /// stand for what is not shown. `from` is the first column of the part that is laid out.
    pub fn tracks(&self, from: usize, shown: &[usize]) -> String {
        let mut tracks = String::new();
        let mut edge = self.edge_px(from);
        for &index in shown {
            let gap = self.edge_px(index) - edge;
            if gap > 0.0 {
                tracks.push_str(&format!("{gap}px "));
            }
            tracks.push_str(&format!("[c{index}] {}px ", self.width_px(index)));
            edge = self.edge_px(index + 1);
        }
        tracks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_sight() {
        #[track_caller]
        fn check(count: usize, scroll_px: f64, spare: usize, expected: Range<usize>) {
            assert_eq!(RowSpace { count, row_px: 28.0, view_px: 280.0 }.visible(scroll_px, spare), expected);
        }
        check(0, 0.0, 4, 0..0);
        check(5, 0.0, 4, 0..5);
        check(100, 0.0, 0, 0..10);
        check(100, 14.0, 0, 0..11);
        check(100, 28.0, 2, 0..13);
        check(100, 2520.0, 2, 88..100);
        check(100, 1e12, 2, 100..100);
        check(100, f64::NAN, 2, 0..12);
    }

    #[test]
    fn a_row_comes_into_sight() {
        #[track_caller]
        fn check(index: usize, scroll_px: f64, expected: Option<f64>) {
            let rows = RowSpace { count: 100, row_px: 28.0, view_px: 280.0 };
            assert_eq!(rows.reveal(index, scroll_px), expected);
        }
        check(0, 0.0, None);
        check(9, 0.0, None);
        check(10, 0.0, Some(28.0));
        check(3, 280.0, Some(84.0));
        check(99, 0.0, Some(2520.0));
    }

    #[test]
    fn millions_of_rows_fit_into_a_browser() {
        let rows = RowSpace { count: 3_000_000, row_px: 28.0, view_px: 700.0 };
        assert_eq!(rows.height_px(), MAX_HEIGHT_PX);
        assert_eq!(rows.visible(MAX_HEIGHT_PX - 700.0, 0), 2_999_975..3_000_000);
        for index in [0, 1, 1_234_567, 2_999_999] {
            let scroll = rows.reveal(index, 5_000_000.0).unwrap_or(5_000_000.0);
            assert!(rows.visible(scroll, 0).contains(&index), "{index}");
            let in_view = rows.top_px(index, scroll) - scroll;
            assert!((-0.01..=672.01).contains(&in_view), "{index} lies at {in_view}");
        }
    }

    fn columns(widths: &[f64], pinned: usize) -> Vec<ColumnWidth> {
        widths
            .iter()
            .enumerate()
            .map(|(i, &width_px)| ColumnWidth { width_px, pinned: i < pinned, shrinks: i == 1 })
            .collect()
    }

    #[test]
    fn columns_in_sight() {
        #[track_caller]
        fn check(scroll_px: f64, spare: usize, expected: Range<usize>) {
            let space = ColumnSpace::new(&columns(&[30.0, 170.0, 100.0, 100.0, 100.0, 100.0, 100.0], 2), 400.0);
            assert_eq!(space.visible(scroll_px, spare), expected);
        }
        check(0.0, 0, 2..4);
        check(50.0, 0, 2..5);
        check(100.0, 0, 3..5);
        check(100.0, 1, 2..6);
        check(300.0, 0, 5..7);
        check(1e9, 0, 7..7);
    }

    #[test]
    fn a_column_comes_into_sight() {
        #[track_caller]
        fn check(index: usize, scroll_px: f64, expected: Option<f64>) {
            let space = ColumnSpace::new(&columns(&[30.0, 170.0, 100.0, 100.0, 900.0, 100.0], 2), 400.0);
            assert_eq!(space.reveal(index, scroll_px), expected);
        }
        check(0, 500.0, None);
        check(3, 0.0, None);
        check(2, 90.0, Some(0.0));
        check(4, 0.0, Some(200.0));
        check(5, 0.0, Some(1000.0));
        check(99, 0.0, None);
    }

    #[test]
    fn pinned_columns_leave_room() {
        #[track_caller]
        fn check(view_px: f64, expected_pinned: usize, expected_name_px: f64) {
            let space = ColumnSpace::new(&columns(&[30.0, 218.0, 90.0, 100.0], 3), view_px);
            assert_eq!((space.pinned(), space.width_px(1)), (expected_pinned, expected_name_px));
        }
        check(1000.0, 3, 218.0);
        check(500.0, 3, 180.0);
        check(390.0, 2, 120.0);
        check(100.0, 1, 120.0);
        check(0.0, 3, 218.0);
    }

    #[test]
    fn tracks_leave_gaps() {
        let space = ColumnSpace::new(&columns(&[30.0, 170.0, 100.0, 50.0, 60.0, 70.0], 2), 400.0);
        assert_eq!(space.tracks(0, &[0, 1]), "[c0] 30px [c1] 170px ");
        assert_eq!(space.tracks(2, &[3, 5]), "100px [c3] 50px 60px [c5] 70px ");
        assert_eq!(space.tracks(2, &[]), "");
    }
}

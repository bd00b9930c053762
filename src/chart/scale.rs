//! From values to pixels and back, linear or logarithmic. It must not know ticks or texts.

/// How a scale bends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleKind {
    /// Equal steps are equal lengths.
    Linear,
    /// Equal ratios are equal lengths; nothing at or under zero has a place.
    Log,
}

/// Values from `low` to `high` over pixels from `low_px` to `high_px` (y grows downwards, so there `low_px > high_px`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    kind: ScaleKind,
    /// Smallest value shown.
    pub low: f64,
    /// Largest value shown.
    pub high: f64,
    /// Where `low` lies.
    pub low_px: f64,
    /// Where `high` lies.
    pub high_px: f64,
}

impl Scale {
    /// `low < high`, both finite and, on a log scale, positive; what is not so becomes 0..1 (1..10).
    pub fn new(kind: ScaleKind, (low, high): (f64, f64), (low_px, high_px): (f64, f64)) -> Scale {
        let is_sound = low < high && (high - low).is_finite() && (kind == ScaleKind::Linear || low > 0.0);
        let (low, high) = match (is_sound, kind) {
            (true, _) => (low, high),
            (false, ScaleKind::Linear) => (0.0, 1.0),
            (false, ScaleKind::Log) => (1.0, 10.0),
        };
        Scale { kind, low, high, low_px, high_px }
    }

    /// Linear or log.
    pub fn kind(&self) -> ScaleKind {
        self.kind
    }

    /// Pixel of a value; NaN where it has no place.
    pub fn px(&self, value: f64) -> f64 {
        let share = match self.kind {
            ScaleKind::Linear => (value - self.low) / (self.high - self.low),
            ScaleKind::Log if value > 0.0 => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            ScaleKind::Log => f64::NAN,
        };
        self.low_px + share * (self.high_px - self.low_px)
    }

    /// Value at a pixel.
    pub fn value(&self, px: f64) -> f64 {
        let share = (px - self.low_px) / (self.high_px - self.low_px);
        match self.kind {
            ScaleKind::Linear => self.low + share * (self.high - self.low),
            ScaleKind::Log => (self.low.ln() + share * (self.high.ln() - self.low.ln())).exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, ScaleKind};

    #[test]
    fn there_and_back() {
        for (kind, low, high) in [
            (ScaleKind::Linear, -3.0, 5.0),
            (ScaleKind::Linear, -1e300, 1e300),
            (ScaleKind::Log, 1e-7, 1e3),
            (ScaleKind::Linear, 2.0, 2.0),
            (ScaleKind::Log, -1.0, 2.0),
        ] {
            let scale = Scale::new(kind, (low, high), (164.0, 8.0));
            assert!((scale.px(scale.low) - 164.0).abs() < 1e-9 && (scale.px(scale.high) - 8.0).abs() < 1e-9);
            let middle = scale.value(86.0);
            assert!((scale.px(middle) - 86.0).abs() < 1e-6, "{kind:?} {low} {high}: {middle}");
        }
        assert!(Scale::new(ScaleKind::Log, (1.0, 10.0), (0.0, 1.0)).px(-1.0).is_nan());
    }
}

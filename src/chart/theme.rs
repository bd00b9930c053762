//! Colours of a chart, as the page's tokens give them. It must not know where tokens come from.

/// How many run colours there are.
pub const COLORS: usize = 20;

/// A colour without transparency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Of `#rgb` or `#rrggbb`.
    pub fn parse(text: &str) -> Option<Rgb> {
        let digits = text.trim().strip_prefix('#')?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            6 => Some(Rgb((value >> 16) as u8, (value >> 8) as u8, value as u8)),
            3 => {
                let twice = |digit: u32| (digit as u8 & 15) * 17;
                Some(Rgb(twice(value >> 8), twice(value >> 4), twice(value)))
            }
            _ => None,
        }
    }

    /// `#rrggbb`
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// What a chart is drawn with.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Of the runs, in order.
    pub runs: Vec<Rgb>,
    /// Mesh lines.
    pub grid: Rgb,
    /// The line at the foot.
    pub axis: Rgb,
    /// Ticks.
    pub text: Rgb,
    /// Crosshair.
    pub cross: Rgb,
    /// Behind everything.
    pub ground: Rgb,
    /// The label of what is raised; words in the plot.
    pub ink: Rgb,
    /// Other labels.
    pub ink_2: Rgb,
    /// A bar's zero.
    pub ink_3: Rgb,
    /// The zoom brush.
    pub accent: Rgb,
    /// A CSS list of faces.
    pub font: String,
}

impl Theme {
    /// Reads the tokens (`--run-1`, `--chart-grid`, ...) by `token`; one that is missing or no colour is a middle grey,
    /// which can be seen on any ground.
    pub fn from_tokens(token: impl Fn(&str) -> Option<String>) -> Theme {
        let color = |name: &str| token(name).and_then(|text| Rgb::parse(&text)).unwrap_or(Rgb(128, 128, 128));
        Theme {
            runs: (1..=COLORS).map(|number| color(&format!("--run-{number}"))).collect(),
            grid: color("--chart-grid"),
            axis: color("--chart-axis"),
            text: color("--chart-text"),
            cross: color("--chart-cross"),
            ground: color("--bg-chart"),
            ink: color("--ink"),
            ink_2: color("--ink-2"),
            ink_3: color("--ink-3"),
            accent: color("--accent"),
            font: token("--font").filter(|font| !font.trim().is_empty()).unwrap_or_else(|| "sans-serif".to_owned()),
        }
    }

    /// Of a run's colour number; they repeat.
    pub fn run(&self, number: u8) -> Rgb {
        let count = self.runs.len().max(1);
        self.runs.get(usize::from(number) % count).copied().unwrap_or(self.ink)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Rgb, Theme};

    /// The light theme, or the dark one, as the page's style sheet has it.
    pub(crate) fn theme(is_dark: bool) -> Theme {
        let sheet = include_str!("../../style/tokens.css");
        let block = if is_dark { "\n[data-theme=\"dark\"]" } else { ":root, [data-theme=\"light\"]" };
        let block = sheet.split_once(block).and_then(|(_, rest)| rest.split_once('}')).map_or("", |(block, _)| block);
        Theme::from_tokens(|name| {
            let place = if name == "--font" { sheet } else { block };
            let (_, rest) = place.split_once(&format!("{name}:"))?;
            Some(rest.split_once(';')?.0.trim().to_owned())
        })
    }

    #[test]
    fn the_style_sheet_has_every_token() {
        for theme in [theme(false), theme(true)] {
            let all = [theme.grid, theme.axis, theme.text, theme.cross, theme.ground, theme.ink, theme.accent];
            assert!(all.iter().chain(&theme.runs).all(|color| *color != Rgb(128, 128, 128)));
            assert!(theme.font.contains("sans-serif"));
        }
        assert_eq!(theme(false).run(0), Rgb(0x14, 0x6d, 0xb7));
        assert_eq!(theme(true).run(21), Rgb(0xdd, 0xf3, 0x53));
    }

    #[test]
    fn hex() {
        assert_eq!(Rgb::parse(" #eceef1"), Some(Rgb(0xec, 0xee, 0xf1)));
        assert_eq!(Rgb::parse("#fa0").map(Rgb::hex), Some("#ffaa00".to_owned()));
        for text in ["", "#", "#12", "red", "#ggg", "#é", "#+12345"] {
            let _ = Rgb::parse(text);
        }
        assert_eq!(Rgb::parse("red"), None);
    }
}

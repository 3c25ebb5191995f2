//! Colours, dashes and markers.
//!
//! Colours are those of Okabe and Ito (Color Universal Design, 2008), which remain distinct in the common
//! kinds of colour blindness; two of them are darkened so that every line and marker stands out from the page
//! by at least 3 to 1 (WCAG 2.2, 1.4.11). Colour never stands alone: each series also has its own dash and
//! marker, each filled area its own hatching.

/// A colour by its role. The drawing carries the light value; the page's style sheet may replace it through
/// the class, which is how dark mode works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    /// Text, axes and real data.
    Ink,
    /// Secondary text.
    Muted,
    /// Grid lines and quiet areas.
    Grid,
    /// The page.
    Paper,
    /// Synthetic data.
    Blue,
    /// Held-out real data.
    Vermillion,
    /// Further series.
    Green,
    /// Further series.
    Purple,
    /// Further series.
    Amber,
    /// Further series.
    Sky,
    /// Small squares of ECG paper.
    PaperFine,
    /// Large squares of ECG paper.
    PaperBold,
}

impl Hue {
    /// All hues.
    pub const ALL: [Self; 12] = [
        Self::Ink,
        Self::Muted,
        Self::Grid,
        Self::Paper,
        Self::Blue,
        Self::Vermillion,
        Self::Green,
        Self::Purple,
        Self::Amber,
        Self::Sky,
        Self::PaperFine,
        Self::PaperBold,
    ];

    /// The name of its classes: `f-` and `s-` before it for fill and stroke.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Muted => "muted",
            Self::Grid => "grid",
            Self::Paper => "paper",
            Self::Blue => "blue",
            Self::Vermillion => "vermillion",
            Self::Green => "green",
            Self::Purple => "purple",
            Self::Amber => "amber",
            Self::Sky => "sky",
            Self::PaperFine => "ecg1",
            Self::PaperBold => "ecg5",
        }
    }

    /// On a white page.
    pub fn light(self) -> &'static str {
        match self {
            Self::Ink => "#1f2328",
            Self::Muted => "#59626c",
            Self::Grid => "#dfe3e7",
            Self::Paper => "#ffffff",
            Self::Blue => "#0072b2",
            Self::Vermillion => "#d55e00",
            Self::Green => "#008560",
            Self::Purple => "#b85c93",
            Self::Amber => "#a87400",
            Self::Sky => "#2b8cc4",
            Self::PaperFine => "#f8dfdb",
            Self::PaperBold => "#efb9b1",
        }
    }

    /// On a dark page.
    pub fn dark(self) -> &'static str {
        match self {
            Self::Ink => "#e6e8ea",
            Self::Muted => "#a9b1ba",
            Self::Grid => "#353c44",
            Self::Paper => "#15191d",
            Self::Blue => "#56b4e9",
            Self::Vermillion => "#f08a3c",
            Self::Green => "#2cc295",
            Self::Purple => "#dd9cc4",
            Self::Amber => "#e6b422",
            Self::Sky => "#8fd0f5",
            Self::PaperFine => "#332325",
            Self::PaperBold => "#57353a",
        }
    }
}

/// The pattern of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Without gaps.
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots.
    DashDot,
    /// Long dashes.
    Long,
}

impl Dash {
    /// As `stroke-dasharray`.
    pub fn array(self) -> Option<&'static str> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some("6 3"),
            Self::Dotted => Some("1.5 3"),
            Self::DashDot => Some("7 3 1.5 3"),
            Self::Long => Some("12 4"),
        }
    }
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// ●
    Circle,
    /// ■
    Square,
    /// ◆
    Diamond,
    /// ▲
    Triangle,
    /// ▼
    Wedge,
    /// ✕
    Cross,
}

/// The filling of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hatch {
    /// Flat.
    None,
    /// Lines rising to the right.
    Rising,
    /// Lines falling to the right.
    Falling,
    /// Both.
    Crossed,
}

/// How one series looks in every figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Its colour.
    pub hue: Hue,
    /// Its lines.
    pub dash: Dash,
    /// Its points.
    pub marker: Marker,
    /// Its areas.
    pub hatch: Hatch,
}

impl Style {
    /// Real data that a generator learnt from.
    pub const REAL: Self =
        Self { hue: Hue::Ink, dash: Dash::Solid, marker: Marker::Circle, hatch: Hatch::None };
    /// Synthetic data.
    pub const SYNTHETIC: Self =
        Self { hue: Hue::Blue, dash: Dash::Dashed, marker: Marker::Square, hatch: Hatch::Rising };
    /// Real data that nothing learnt from.
    pub const HOLDOUT: Self =
        Self { hue: Hue::Vermillion, dash: Dash::Dotted, marker: Marker::Diamond, hatch: Hatch::Falling };

    /// The style of series `index` where the series are methods, arms or runs. Beyond six, hues come again
    /// with the next dash and marker.
    pub fn of(index: usize) -> Self {
        const HUES: [Hue; 6] = [Hue::Blue, Hue::Vermillion, Hue::Green, Hue::Purple, Hue::Amber, Hue::Ink];
        const DASHES: [Dash; 5] = [Dash::Solid, Dash::Dashed, Dash::DashDot, Dash::Dotted, Dash::Long];
        const MARKERS: [Marker; 6] =
            [Marker::Circle, Marker::Square, Marker::Diamond, Marker::Triangle, Marker::Wedge, Marker::Cross];
        const HATCHES: [Hatch; 4] = [Hatch::None, Hatch::Rising, Hatch::Falling, Hatch::Crossed];
        let turn = index / HUES.len();
        Self {
            hue: HUES[index % HUES.len()],
            dash: DASHES[(index + turn) % DASHES.len()],
            marker: MARKERS[(index + turn) % MARKERS.len()],
            hatch: HATCHES[(index + turn) % HATCHES.len()],
        }
    }
}

/// Relative luminance of an sRGB colour (WCAG 2.2).
pub(crate) fn luminance([r, g, b]: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// A colour between two, mixed in sRGB; `share` of the second.
pub(crate) fn mix(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| {
        (f64::from(from[i]) + (f64::from(to[i]) - f64::from(from[i])) * share).round() as u8
    })
}

/// Diverging colours for `[-1, 1]`: orange, near-white, blue. Safe in the common kinds of colour blindness.
pub(crate) fn diverging(value: f64) -> [u8; 3] {
    const MIDDLE: [u8; 3] = [247, 247, 247];
    const LOW: [[u8; 3]; 2] = [[240, 163, 94], [166, 77, 0]];
    const HIGH: [[u8; 3]; 2] = [[103, 169, 214], [0, 78, 138]];
    let ends = if value < 0.0 { LOW } else { HIGH };
    let depth = value.abs().min(1.0) * 2.0;
    if depth <= 1.0 { mix(MIDDLE, ends[0], depth) } else { mix(ends[0], ends[1], depth - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(hex: &str) -> [u8; 3] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[1 + 2 * i..3 + 2 * i], 16).unwrap())
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(rgb(a)) + 0.05, luminance(rgb(b)) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn everything_drawn_stands_out_on_light_and_dark_pages() {
        let quiet = |h: &Hue| matches!(h, Hue::Grid | Hue::Paper | Hue::PaperFine | Hue::PaperBold);
        for hue in Hue::ALL.into_iter().filter(|h| !quiet(h)) {
            let needed = if matches!(hue, Hue::Ink | Hue::Muted) { 4.5 } else { 3.0 };
            assert!(contrast(hue.light(), Hue::Paper.light()) >= needed, "{hue:?} on light");
            assert!(contrast(hue.dark(), Hue::Paper.dark()) >= needed, "{hue:?} on dark");
        }
    }

    #[test]
    fn thirty_series_never_look_the_same() {
        for i in 0..30 {
            for j in 0..i {
                assert_ne!(Style::of(i), Style::of(j), "{i} and {j}");
            }
        }
    }
}

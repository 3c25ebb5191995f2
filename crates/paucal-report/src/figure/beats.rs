//! Beats side by side: prototypes, clusters, beats to look at.

use super::canvas::{Canvas, Drawing, Pen, Type};
use super::frame::nothing;
use super::paper::{nice, usual_range};
use super::simplify::simplified;
use super::style::{Dash, Hue};
use super::text_width::fitted;
use crate::number;

/// Space between two beats, and height of the words above each and of the paper below them.
const GAP: f64 = 12.0;
const WORDS: f64 = 32.0;
const PAPER: f64 = 104.0;
/// Height of the line that says how to read the squares.
const FOOT: f64 = 22.0;
/// Members that are drawn behind a wave, at most.
const MOST_MEMBERS: usize = 40;
/// Seconds of a square.
const SQUARE: f64 = 0.1;

/// One beat with its words.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatTile {
    title: String,
    detail: String,
    wave: Vec<f32>,
    members: Vec<Vec<f32>>,
}

impl BeatTile {
    /// A wave under a title.
    pub fn new(title: impl Into<String>, wave: Vec<f32>) -> Self {
        Self { title: title.into(), detail: String::new(), wave, members: Vec::new() }
    }

    /// With a second, quiet line.
    pub fn detail(mut self, words: impl Into<String>) -> Self {
        self.detail = words.into();
        self
    }

    /// With the waves it stands for, thin behind it.
    pub fn members(mut self, waves: impl IntoIterator<Item = Vec<f32>>) -> Self {
        self.members.extend(waves.into_iter().take(MOST_MEMBERS));
        self
    }
}

/// Small beats on one common scale.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatGallery {
    unit: String,
    rate: f64,
    peak: usize,
    columns: usize,
    brief: bool,
    tiles: Vec<BeatTile>,
}

/// From samples and values to the pixels of a tile.
struct Layout {
    width: f64,
    samples: usize,
    low: f64,
    high: f64,
    square: f64,
}

impl BeatGallery {
    /// A gallery of waves in a unit ("" if not known) at a rate, whose R peak is sample `peak`.
    pub fn new(unit: impl Into<String>, rate: f64, peak: usize) -> Self {
        Self { unit: unit.into(), rate, peak, columns: 4, brief: false, tiles: Vec::new() }
    }

    /// So many side by side.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.clamp(1, 6);
        self
    }

    /// Without words above the beats and with few below: where the figure stands in a line of others.
    pub fn brief(mut self) -> Self {
        self.brief = true;
        self
    }

    /// With one more beat.
    pub fn tile(mut self, tile: BeatTile) -> Self {
        self.tiles.push(tile);
        self
    }

    /// With more beats.
    pub fn tiles(self, tiles: impl IntoIterator<Item = BeatTile>) -> Self {
        tiles.into_iter().fold(self, Self::tile)
    }

    /// The drawing over the full width.
    pub fn draw(&self) -> Drawing {
        self.draw_small(super::FULL_WIDTH)
    }

    /// The drawing in less width.
    pub fn draw_small(&self, width: f64) -> Drawing {
        let Some(layout) = self.layout(width) else { return nothing("No beats to show.") };
        let rows = self.tiles.len().div_ceil(self.columns);
        let row_height = self.words_above() + PAPER + GAP;
        let mut canvas = Canvas::new(width, rows as f64 * row_height + FOOT - GAP);
        for (i, tile) in self.tiles.iter().enumerate() {
            let x = (i % self.columns) as f64 * (layout.width + GAP);
            let y = (i / self.columns) as f64 * row_height;
            self.draw_tile(&mut canvas, tile, &layout, (x, y));
        }
        let words = fitted(&self.words(&layout), 11.0, width);
        canvas.text((0.0, rows as f64 * row_height - GAP + 16.0), Type::QUIET.size(11.0), &words);
        canvas.finish()
    }

    /// Room for the words above each beat.
    fn words_above(&self) -> f64 {
        if self.brief { 6.0 } else { WORDS }
    }

    fn layout(&self, width: f64) -> Option<Layout> {
        if !(1e-3..=1e6).contains(&self.rate) {
            return None;
        }
        let of = |tile: &BeatTile| usual_range(&tile.wave);
        let ranges: Vec<(f64, f64)> = self.tiles.iter().filter_map(of).collect();
        let (low, high) = ranges.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let air = ((high - low) * 0.08).max(high.abs().max(1e-6) * 1e-3);
        let (low, high) = (low - air, high + air);
        let samples = self.tiles.iter().map(|tile| tile.wave.len()).max().unwrap_or(0);
        let width = (width - GAP * (self.columns as f64 - 1.0)) / self.columns as f64;
        Some(Layout { width, samples, low, high, square: nice((high - low) / 8.0) })
    }

    fn words(&self, layout: &Layout) -> String {
        let square = number::significant(layout.square, 1);
        let unit = match self.unit.as_str() {
            "" => "in an unknown unit, not mV".to_owned(),
            unit if unit.eq_ignore_ascii_case("mV") => "mV".to_owned(),
            unit => format!("({unit}, not mV)"),
        };
        if self.brief {
            return format!("square {SQUARE} s × {square} {unit}");
        }
        let peak = if self.peak < layout.samples { " The dashed line is the R peak." } else { "" };
        format!("All on one scale: a square is {SQUARE} s × {square} {unit}.{peak}")
    }

    fn draw_tile(&self, canvas: &mut Canvas, tile: &BeatTile, layout: &Layout, (x, y): (f64, f64)) {
        if !self.brief {
            canvas.text((x, y + 12.0), Type::PLAIN.bold(), &fitted(&tile.title, 13.2, layout.width));
            canvas.text((x, y + 26.0), Type::QUIET.size(11.0), &fitted(&tile.detail, 11.0, layout.width));
        }
        let area = [x, y + self.words_above(), layout.width, PAPER];
        self.draw_paper(canvas, layout, area);
        let draw = |canvas: &mut Canvas, wave: &[f32], pen: Pen| {
            let points: Vec<(f64, f64)> = wave
                .iter()
                .enumerate()
                .filter(|(_, v)| v.is_finite())
                .map(|(i, v)| (layout.px(area, i as f64), layout.py(area, f64::from(*v))))
                .collect();
            canvas.trace(&simplified(&points), pen);
        };
        canvas.clipped(area, |canvas| {
            if !tile.members.is_empty() {
                canvas.faint(|canvas| {
                    tile.members.iter().for_each(|wave| draw(canvas, wave, Pen::new(Hue::Muted, 0.8)));
                });
            }
            let thick = if tile.members.is_empty() { 1.4 } else { 2.0 };
            draw(canvas, &tile.wave, Pen::new(Hue::Ink, thick));
        });
    }

    /// Squares that meet at the R peak and at zero.
    fn draw_paper(&self, canvas: &mut Canvas, layout: &Layout, area: [f64; 4]) {
        let [x, y, width, height] = area;
        let pen = |bold: bool| Pen::new(if bold { Hue::PaperBold } else { Hue::PaperFine }, 0.8);
        let peak = layout.px(area, self.peak as f64);
        let across = width * SQUARE * self.rate / (layout.samples.max(2) - 1) as f64;
        let zero = layout.py(area, 0.0);
        let down = layout.square / (layout.high - layout.low) * height;
        // Not more lines than can be told apart; squares meet at the peak and at zero.
        if across > 3.0 && down > 3.0 {
            let first = [(peak - x).rem_euclid(across), (zero - y).rem_euclid(down)];
            canvas.rules(area, [across, down], first, pen(false));
        }
        if (y..=y + height).contains(&zero) {
            canvas.line((x, zero), (x + width, zero), pen(true));
        }
        canvas.outline(area, pen(true));
        if self.peak < layout.samples {
            canvas.line((peak, y), (peak, y + height), Pen::new(Hue::Muted, 0.8).dash(Dash::Dashed));
        }
    }
}

impl Layout {
    fn px(&self, area: [f64; 4], sample: f64) -> f64 {
        area[0] + sample / (self.samples.max(2) - 1) as f64 * area[2]
    }

    fn py(&self, area: [f64; 4], value: f64) -> f64 {
        area[1] + (self.high - value) / (self.high - self.low) * area[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_beats_share_one_scale_and_squares_say_what_they_are() {
        let wave = |top: f32| (0..40).map(|i| if i == 20 { top } else { 0.0 }).collect::<Vec<f32>>();
        let gallery = BeatGallery::new("mV", 100.0, 20)
            .tile(BeatTile::new("P1", wave(1.0)).detail("n = 3"))
            .tile(BeatTile::new("P2", wave(3.0)).members([wave(2.9), wave(3.1)]));
        let svg = gallery.draw().inline("x", "a", "b");
        assert!(svg.contains("a square is 0.1 s × 0.5 mV"), "{svg}");
        assert!(svg.contains("opacity=\"0.3\"") && svg.contains(">n = 3</text>"));
        let z = BeatGallery::new("z", 100.0, 20).tile(BeatTile::new("P1", wave(1.0))).draw();
        assert!(z.inline("x", "a", "b").contains("(z, not mV)"));
    }
}

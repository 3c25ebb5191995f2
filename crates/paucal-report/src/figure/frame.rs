//! The frame that figures with two axes share: title of the vertical axis on top, legend above the data,
//! quiet grid lines, ticks, and the title of the horizontal axis below.

use super::canvas::{Anchor, Canvas, Fill, Pen, Type};
use super::scale::Scale;
use super::style::{Dash, Hue, Style};

/// Width of a figure that fills the text column.
pub const FULL_WIDTH: f64 = 720.0;

/// What a legend shows for a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A line.
    Line,
    /// A line with a marker.
    Point,
    /// A marker alone.
    Dot,
    /// An area.
    Area,
    /// A line above an area: the series appears as either.
    Swatch,
    /// A thin upright line: a reference.
    Reference,
}

/// One entry of a legend.
pub(crate) struct Entry<'a> {
    pub name: &'a str,
    pub style: Style,
    pub key: Key,
}

/// Height of a line of the legend.
const LEGEND_LINE: f64 = 19.0;

/// Positions of the entries, and the height of all lines.
fn legend_places(entries: &[Entry<'_>], width: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let needed = 32.0 + Type::PLAIN.width(entry.name) + 18.0;
        if x > 0.0 && x + needed - 18.0 > width {
            (x, y) = (0.0, y + LEGEND_LINE);
        }
        places.push((x, y));
        x += needed;
    }
    (places, if entries.is_empty() { 0.0 } else { y + LEGEND_LINE })
}

/// Height that a legend takes at a width.
pub(crate) fn legend_height(entries: &[Entry<'_>], width: f64) -> f64 {
    legend_places(entries, width).1
}

/// Draws a legend with its upper left corner at `(x, y)`.
pub(crate) fn draw_legend(canvas: &mut Canvas, entries: &[Entry<'_>], x: f64, y: f64, width: f64) {
    let (places, _) = legend_places(entries, width);
    for (entry, (dx, dy)) in entries.iter().zip(places) {
        let (left, middle) = (x + dx, y + dy + 8.0);
        let style = entry.style;
        let pen = Pen::new(style.hue, 2.0).dash(style.dash);
        match entry.key {
            Key::Line => canvas.line((left, middle), (left + 26.0, middle), pen),
            Key::Point => {
                canvas.line((left, middle), (left + 26.0, middle), Pen::new(style.hue, 1.6));
                canvas.marker((left + 13.0, middle), style.marker, 4.0, style.hue);
            }
            Key::Dot => canvas.marker((left + 13.0, middle), style.marker, 4.5, style.hue),
            Key::Area => canvas.bar([left + 2.0, middle - 6.0, 22.0, 12.0], style.hue, style.hatch),
            Key::Swatch => {
                canvas.line((left, middle - 5.0), (left + 26.0, middle - 5.0), pen);
                canvas.bar([left, middle, 26.0, 7.0], style.hue, style.hatch);
            }
            Key::Reference => {
                canvas.line((left + 13.0, middle - 7.0), (left + 13.0, middle + 7.0), pen);
            }
        }
        let room = width - dx - 32.0;
        let name = super::text_width::fitted(entry.name, 12.0, room.max(20.0));
        canvas.text((left + 32.0, middle + 4.0), Type::PLAIN, &name);
    }
}

/// The plotting area with its two scales.
pub(crate) struct Frame {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Horizontal scale.
    pub across: Scale,
    /// Vertical scale.
    pub up: Scale,
}

impl Frame {
    /// Room that the ticks of a vertical scale need to its left.
    pub fn tick_room(up: &Scale) -> f64 {
        let widest = up.ticks().iter().map(|t| Type::QUIET.width(&up.tick_text(*t))).fold(0.0, f64::max);
        widest + 10.0
    }

    /// Horizontal pixel of a value.
    pub fn px(&self, value: f64) -> f64 {
        self.x + self.across.share(value) * self.width
    }

    /// Vertical pixel of a value.
    pub fn py(&self, value: f64) -> f64 {
        self.y + (1.0 - self.up.share(value)) * self.height
    }

    /// Pixels of a point.
    pub fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.px(x), self.py(y))
    }

    /// Pixels of the points that are numbers.
    pub fn points(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).map(|p| self.point(*p)).collect()
    }

    /// The plotting area as `[x, y, width, height]`.
    pub fn area(&self) -> [f64; 4] {
        [self.x, self.y, self.width, self.height]
    }

    /// Grid lines, ticks and the base line.
    pub fn draw(&self, canvas: &mut Canvas) {
        self.draw_up(canvas);
        self.draw_across(canvas);
    }

    /// Horizontal grid lines with the ticks of the vertical scale.
    pub fn draw_up(&self, canvas: &mut Canvas) {
        for &tick in self.up.ticks() {
            let y = self.py(tick);
            canvas.line((self.x, y), (self.x + self.width, y), Pen::new(Hue::Grid, 1.0));
            canvas.text((self.x - 7.0, y + 4.0), Type::QUIET.end(), &self.up.tick_text(tick));
        }
    }

    /// The base line with the ticks of the horizontal scale.
    pub fn draw_across(&self, canvas: &mut Canvas) {
        let base = self.y + self.height;
        canvas.line((self.x, base), (self.x + self.width, base), Pen::new(Hue::Muted, 1.0));
        let ticks = self.across.ticks();
        let widest =
            ticks.iter().map(|t| Type::QUIET.width(&self.across.tick_text(*t))).fold(0.0, f64::max) + 8.0;
        let room = self.width / ticks.len().max(1) as f64;
        let stride = (widest / room).ceil().max(1.0) as usize;
        for (i, &tick) in ticks.iter().enumerate() {
            let x = self.px(tick);
            canvas.line((x, base), (x, base + 4.0), Pen::new(Hue::Muted, 1.0));
            if i % stride == 0 {
                canvas.text((x, base + 17.0), Type::QUIET.middle(), &self.across.tick_text(tick));
            }
        }
    }

    /// The title of the horizontal axis, below its ticks.
    pub fn title_across(&self, canvas: &mut Canvas, title: &str) {
        let at = (self.x + self.width / 2.0, self.y + self.height + 37.0);
        canvas.text(at, Type::QUIET.middle(), &super::text_width::fitted(title, 12.0, self.width * 1.2));
    }

    /// A dashed horizontal line at a value with words above it, at its start or its end.
    pub fn level(&self, canvas: &mut Canvas, value: f64, words: &str, side: Anchor) {
        if !self.up.contains(value) {
            return;
        }
        let y = self.py(value);
        let pen = Pen::new(Hue::Muted, 1.3).dash(Dash::Dashed);
        canvas.line((self.x, y), (self.x + self.width, y), pen);
        let above = if y - self.y < 16.0 { y + 14.0 } else { y - 5.0 };
        let x = if side == Anchor::Start { self.x + 4.0 } else { self.x + self.width - 3.0 };
        canvas.text_over((x, above), Type { anchor: side, ..Type::QUIET }, words);
    }
}

/// A figure that says why it is empty.
pub(crate) fn nothing(words: &str) -> super::Drawing {
    let mut canvas = Canvas::new(FULL_WIDTH, 60.0);
    canvas.rect([0.0, 0.0, FULL_WIDTH, 60.0], Fill::Pale(Hue::Grid, 0.35));
    canvas.text((FULL_WIDTH / 2.0, 34.0), Type::QUIET.middle(), words);
    canvas.finish()
}

//! What figures with one line per item share: names to the left, one scale across, printed values to the
//! right.

use super::canvas::{Canvas, Pen, Type};
use super::frame::FULL_WIDTH;
use super::scale::Scale;
use super::style::Hue;
use super::text_width::{fitted, wrapped};

/// The layout of a figure with one line per item.
pub(crate) struct Rows {
    /// Left edge of the scale.
    pub x: f64,
    /// Width of the scale.
    pub width: f64,
    /// Upper edge of the first line.
    pub y: f64,
    /// Height of one line.
    pub step: f64,
    /// Number of lines.
    pub count: usize,
    /// The scale.
    pub scale: Scale,
    /// Width of the whole figure.
    pub total: f64,
    label_width: f64,
    value_width: f64,
}

impl Rows {
    /// Lays out lines for `labels` and, to the right, `values`; `top` pixels stay free above.
    pub fn new(labels: &[&str], values: &[String], scale: Scale, top: f64, step: f64) -> Self {
        Self::within(FULL_WIDTH, labels, values, scale, top, step)
    }

    /// As [`Rows::new`] in a figure of another width.
    pub fn within(total: f64, labels: &[&str], values: &[String], scale: Scale, top: f64, step: f64) -> Self {
        let widest =
            |words: &mut dyn Iterator<Item = &str>| words.map(|w| Type::PLAIN.width(w)).fold(0.0, f64::max);
        let label_width = widest(&mut labels.iter().copied()).clamp(30.0, (total * 0.31).max(30.0));
        let value_width = widest(&mut values.iter().map(String::as_str)).min(total * 0.45);
        let right = if value_width > 0.0 { value_width + 14.0 } else { 14.0 };
        let x = label_width + 12.0;
        let width = (total - x - right).max(60.0);
        Self { x, width, y: top, step, count: labels.len(), scale, total, label_width, value_width }
    }

    /// Height of the whole figure with `below` pixels under the scale.
    pub fn height(&self, below: f64) -> f64 {
        self.bottom() + below
    }

    /// Where the scale stands.
    pub fn bottom(&self) -> f64 {
        self.y + self.step * self.count as f64
    }

    /// Horizontal pixel of a value.
    pub fn px(&self, value: f64) -> f64 {
        self.x + self.scale.share(value) * self.width
    }

    /// Horizontal pixel of a value, held within the scale.
    pub fn px_within(&self, value: f64) -> f64 {
        self.x + self.scale.share(value).clamp(0.0, 1.0) * self.width
    }

    /// Vertical middle of a line.
    pub fn middle(&self, row: usize) -> f64 {
        self.y + self.step * (row as f64 + 0.5)
    }

    /// Upright grid lines, ticks and the title of the scale.
    pub fn draw_scale(&self, canvas: &mut Canvas, title: &str) {
        let (top, bottom) = (self.y, self.bottom());
        let ticks = self.scale.ticks();
        let widest =
            ticks.iter().map(|t| Type::QUIET.width(&self.scale.tick_text(*t))).fold(0.0, f64::max) + 8.0;
        let stride = (widest * ticks.len() as f64 / self.width).ceil().max(1.0) as usize;
        for (i, &tick) in ticks.iter().enumerate() {
            let x = self.px(tick);
            canvas.line((x, top), (x, bottom), Pen::new(Hue::Grid, 1.0));
            if i % stride == 0 {
                canvas.text((x, bottom + 17.0), Type::QUIET.middle(), &self.scale.tick_text(tick));
            }
        }
        canvas.line((self.x, bottom), (self.x + self.width, bottom), Pen::new(Hue::Muted, 1.0));
        canvas.text((self.x + self.width / 2.0, bottom + 37.0), Type::QUIET.middle(), title);
    }

    /// The name of a line, in two lines where one is too short.
    pub fn draw_label(&self, canvas: &mut Canvas, row: usize, label: &str, bold: bool) {
        let look = if bold { Type::PLAIN.bold() } else { Type::PLAIN };
        let room = self.label_width / if bold { 1.1 } else { 1.0 } + 0.5;
        let lines = wrapped(label, 12.0, room, if self.step >= 28.0 { 2 } else { 1 });
        let middle = self.middle(row) + 4.0;
        let top = middle - (lines.len() as f64 - 1.0) * 6.5;
        for (i, line) in lines.iter().enumerate() {
            canvas.text((self.x - 10.0, top + i as f64 * 13.0), look.end(), line);
        }
    }

    /// The printed value of a line.
    pub fn draw_value(&self, canvas: &mut Canvas, row: usize, value: &str) {
        let words = fitted(value, 12.0, self.value_width + 0.5);
        canvas.text((self.total - 2.0, self.middle(row) + 4.0), Type::PLAIN.end(), &words);
    }
}

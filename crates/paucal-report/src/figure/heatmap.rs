//! Heat maps of associations: real, synthetic and their difference, side by side on one colour scale.

use super::canvas::{Canvas, Drawing, Fill, Pen, Type};
use super::frame::nothing;
use super::style::{Hue, diverging};
use super::text_width::fitted;
use crate::number;

/// Colour of a cell without value.
const UNKNOWN: [u8; 3] = [214, 214, 214];

/// One square of a heat map.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Its title.
    pub title: String,
    /// Values in `[-1, 1]` by row and column; what is not finite is shown as unknown.
    pub values: Vec<Vec<f64>>,
}

/// Square matrices over the same columns, side by side, with one diverging scale from −1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    labels: Vec<String>,
    panels: Vec<Panel>,
    measure: String,
}

/// Where the squares stand.
struct Layout {
    per_row: usize,
    label: f64,
    cell: f64,
    side: f64,
    gap: f64,
}

impl HeatMap {
    /// A heat map of `measure` over columns.
    pub fn new(measure: impl Into<String>, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let labels = labels.into_iter().map(Into::into).collect();
        Self { labels, panels: Vec::new(), measure: measure.into() }
    }

    /// With one more square.
    pub fn panel(mut self, title: impl Into<String>, values: Vec<Vec<f64>>) -> Self {
        self.panels.push(Panel { title: title.into(), values });
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.labels.is_empty() || self.panels.is_empty() {
            return nothing("No pairs of columns to show.");
        }
        let layout = self.layout();
        let lines = self.panels.len().div_ceil(layout.per_row);
        let foot = layout.label;
        let line_height = 24.0 + layout.side + foot + 12.0;
        let mut canvas = Canvas::new(super::FULL_WIDTH, line_height * lines as f64 + 46.0);
        for (i, panel) in self.panels.iter().enumerate() {
            let (line, column) = (i / layout.per_row, i % layout.per_row);
            let x = layout.label + column as f64 * (layout.side + layout.gap);
            let y = 24.0 + line as f64 * line_height;
            canvas.text((x, y - 9.0), Type::TITLE, &fitted(&panel.title, 14.0, layout.side));
            self.draw_cells(&mut canvas, panel, &layout, x, y);
            if column == 0 {
                self.draw_row_labels(&mut canvas, &layout, x, y);
            }
            self.draw_column_labels(&mut canvas, &layout, x, y, foot);
        }
        self.draw_key(&mut canvas, line_height * lines as f64 + 8.0);
        canvas.finish()
    }

    fn layout(&self) -> Layout {
        let widest = self.labels.iter().map(|l| Type::PLAIN.size(11.0).width(l)).fold(0.0, f64::max);
        let label = (widest + 8.0).clamp(30.0, 130.0);
        let gap = 14.0;
        let room = super::FULL_WIDTH - label - 2.0;
        let n = self.labels.len() as f64;
        // As many side by side as leave cells large enough to see.
        let fitting = (1..=self.panels.len().min(3))
            .rev()
            .find(|k| (room - gap * (*k as f64 - 1.0)) / *k as f64 / n >= 5.5);
        let per_row = fitting.unwrap_or(1);
        let side = ((room - gap * (per_row as f64 - 1.0)) / per_row as f64).min(n * 44.0);
        Layout { per_row, label, cell: side / n, side, gap }
    }

    fn draw_cells(&self, canvas: &mut Canvas, panel: &Panel, layout: &Layout, x: f64, y: f64) {
        let n = self.labels.len();
        let cell = layout.cell;
        let gap = if cell >= 10.0 { 1.0 } else { 0.0 };
        for row in 0..n {
            for column in 0..n {
                let value = panel.values.get(row).and_then(|r| r.get(column)).copied().unwrap_or(f64::NAN);
                let colour = if value.is_finite() { diverging(value) } else { UNKNOWN };
                let area = [x + column as f64 * cell, y + row as f64 * cell, cell - gap, cell - gap];
                let written = if value.is_finite() { number::fixed(value, 2) } else { "not computed".into() };
                let title = format!("{} × {}: {written}", self.labels[row], self.labels[column]);
                canvas.titled_rect(area, Fill::Rgb(colour), &title);
                if cell >= 30.0 && value.is_finite() {
                    let at = (area[0] + cell / 2.0, area[1] + cell / 2.0 + 3.5);
                    canvas.text_on(at, 10.5, colour, &number::fixed(value, 2));
                }
            }
        }
    }

    /// Every how many labels there is room for one.
    fn stride(layout: &Layout) -> usize {
        (12.0 / layout.cell).ceil().max(1.0) as usize
    }

    fn draw_row_labels(&self, canvas: &mut Canvas, layout: &Layout, x: f64, y: f64) {
        for (i, label) in self.labels.iter().enumerate().step_by(Self::stride(layout)) {
            let at = (x - 6.0, y + (i as f64 + 0.5) * layout.cell + 3.5);
            canvas.text(at, Type::PLAIN.size(11.0).end(), &fitted(label, 11.0, layout.label - 6.0));
        }
    }

    fn draw_column_labels(&self, canvas: &mut Canvas, layout: &Layout, x: f64, y: f64, foot: f64) {
        for (i, label) in self.labels.iter().enumerate().step_by(Self::stride(layout)) {
            let at = (x + (i as f64 + 0.5) * layout.cell + 3.5, y + layout.side + 6.0);
            canvas.text_up(at, Type::PLAIN.size(11.0).end(), &fitted(label, 11.0, foot - 6.0));
        }
    }

    fn draw_key(&self, canvas: &mut Canvas, y: f64) {
        const WIDTH: f64 = 240.0;
        const STEPS: usize = 48;
        let x = (super::FULL_WIDTH - WIDTH) / 2.0;
        let step = WIDTH / STEPS as f64;
        for i in 0..STEPS {
            let value = (i as f64 + 0.5) / STEPS as f64 * 2.0 - 1.0;
            // Half a pixel more than needed, so that no seam shows.
            canvas.rect([x + i as f64 * step, y, step + 0.5, 10.0], Fill::Rgb(diverging(value)));
        }
        canvas.outline([x, y, WIDTH, 10.0], Pen::new(Hue::Muted, 0.75));
        for (at, words) in [(0.0, "−1"), (0.5, "0"), (1.0, "+1")] {
            canvas.text((x + at * WIDTH, y + 25.0), Type::QUIET.middle(), words);
        }
        canvas.text((x - 14.0, y + 9.0), Type::QUIET.end(), &fitted(&self.measure, 12.0, x - 16.0));
        if self.panels.iter().flat_map(|p| p.values.iter().flatten()).any(|v| !v.is_finite()) {
            canvas.rect([x + WIDTH + 26.0, y, 10.0, 10.0], Fill::Rgb(UNKNOWN));
            canvas.text((x + WIDTH + 42.0, y + 9.0), Type::QUIET, "not computed");
        }
    }
}

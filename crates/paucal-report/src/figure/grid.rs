//! Many small figures in rows and columns under one legend.

use super::canvas::{Canvas, Drawing};
use super::frame::{Entry, FULL_WIDTH, Key, draw_legend, legend_height, nothing};
use super::style::Style;

/// Space between two figures.
const GAP: f64 = 22.0;

/// Small figures side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    columns: usize,
    legend: Vec<(String, Style)>,
    cells: Vec<Drawing>,
}

impl Grid {
    /// A grid with so many figures side by side.
    pub fn new(columns: usize) -> Self {
        Self { columns: columns.clamp(1, 6), legend: Vec::new(), cells: Vec::new() }
    }

    /// Width that one figure has.
    pub fn cell_width(&self) -> f64 {
        (FULL_WIDTH - GAP * (self.columns as f64 - 1.0)) / self.columns as f64
    }

    /// With one more entry in the common legend.
    pub fn legend(mut self, name: impl Into<String>, style: Style) -> Self {
        self.legend.push((name.into(), style));
        self
    }

    /// With one more figure.
    pub fn cell(mut self, drawing: Drawing) -> Self {
        self.cells.push(drawing);
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.cells.is_empty() {
            return nothing("No columns to show.");
        }
        let entries: Vec<Entry<'_>> =
            self.legend.iter().map(|(name, style)| Entry { name, style: *style, key: Key::Swatch }).collect();
        let mut top = legend_height(&entries, FULL_WIDTH);
        if top > 0.0 {
            top += 10.0;
        }
        let lines: Vec<&[Drawing]> = self.cells.chunks(self.columns).collect();
        let tallest = |line: &[Drawing]| line.iter().map(|cell| cell.height).fold(0.0, f64::max);
        let height: f64 = lines.iter().map(|line| tallest(line) + GAP).sum::<f64>() - GAP;
        let mut canvas = Canvas::new(FULL_WIDTH, top + height);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, FULL_WIDTH);
        let mut y = top;
        for line in lines {
            for (i, cell) in line.iter().enumerate() {
                canvas.place(i as f64 * (self.cell_width() + GAP), y, cell);
            }
            y += tallest(line) + GAP;
        }
        canvas.finish()
    }
}

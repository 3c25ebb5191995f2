//! Forest plot: differences with their intervals around the line of no difference.

use super::canvas::{Canvas, Drawing, Fill, Pen, Type};
use super::frame::{FULL_WIDTH, nothing};
use super::rows::Rows;
use super::scale::{Scale, TickText};
use super::style::{Dash, Hue, Marker};
use super::text_width::fitted;
use crate::Estimate;

/// Width that the notes of the lines get at most.
const NOTE_WIDTH: f64 = 150.0;

/// One line of a forest plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    label: String,
    difference: Estimate,
    note: String,
    emphasised: bool,
}

impl ForestRow {
    /// A difference against the baseline.
    pub fn new(label: impl Into<String>, difference: Estimate) -> Self {
        Self { label: label.into(), difference, note: String::new(), emphasised: false }
    }

    /// With words after the printed interval, e.g. a p-value.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Standing out: the arm that was asked about.
    pub fn emphasised(mut self) -> Self {
        self.emphasised = true;
        self
    }
}

/// Differences with their intervals, one line per arm, around the line of no difference.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestPlot {
    title: String,
    below: String,
    above: String,
    rows: Vec<ForestRow>,
    margin: Option<f64>,
}

impl ForestPlot {
    /// A plot of differences in `measure`.
    pub fn new(measure: impl Into<String>) -> Self {
        Self {
            title: measure.into(),
            below: String::new(),
            above: String::new(),
            rows: Vec::new(),
            margin: None,
        }
    }

    /// Says which side favours what.
    pub fn sides(mut self, below: impl Into<String>, above: impl Into<String>) -> Self {
        (self.below, self.above) = (below.into(), above.into());
        self
    }

    /// Marks the differences up to `margin`, either way, as too small to matter.
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = Some(margin.abs());
        self
    }

    /// With one more line.
    pub fn row(mut self, row: ForestRow) -> Self {
        self.rows.push(row);
        self
    }

    /// With more lines.
    pub fn rows(mut self, rows: impl IntoIterator<Item = ForestRow>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.rows.is_empty() {
            return nothing("No differences to show.");
        }
        let notes = self.rows.iter().map(|row| Type::PLAIN.width(&row.note)).fold(0.0, f64::max);
        let notes = notes.min(NOTE_WIDTH);
        let gap = if notes > 0.0 { 16.0 } else { 0.0 };
        let values = self.printed();
        let labels: Vec<&str> = self.rows.iter().map(|row| row.label.as_str()).collect();
        let rows = Rows::within(FULL_WIDTH - notes - gap, &labels, &values, self.scale(), 12.0, 30.0);
        let arrows = !(self.below.is_empty() && self.above.is_empty());
        let mut canvas = Canvas::new(FULL_WIDTH, rows.height(if arrows { 66.0 } else { 46.0 }));
        for (i, row) in self.rows.iter().enumerate() {
            if row.emphasised {
                let y = rows.y + rows.step * i as f64;
                canvas.rect([0.0, y, FULL_WIDTH, rows.step], Fill::Pale(Hue::Grid, 0.45));
            }
        }
        self.draw_margin(&mut canvas, &rows);
        rows.draw_scale(&mut canvas, &self.title);
        let zero = rows.px(0.0);
        canvas.line((zero, rows.y - 4.0), (zero, rows.bottom()), Pen::new(Hue::Ink, 1.2));
        for (i, (row, value)) in self.rows.iter().zip(&values).enumerate() {
            rows.draw_label(&mut canvas, i, &row.label, row.emphasised);
            draw_difference(&mut canvas, &rows, i, row);
            rows.draw_value(&mut canvas, i, value);
            canvas.text(
                (FULL_WIDTH - 2.0, rows.middle(i) + 4.0),
                Type::PLAIN.end(),
                &fitted(&row.note, 12.0, notes + 0.5),
            );
        }
        if arrows {
            self.draw_sides(&mut canvas, &rows);
        }
        canvas.finish()
    }

    /// The differences in words, with as many decimals as the narrowest interval needs, so that they compare.
    fn printed(&self) -> Vec<String> {
        let known = |row: &&ForestRow| row.difference.value.is_finite();
        let decimals = self.rows.iter().filter(known).map(|row| row.difference.decimals()).max().unwrap_or(0);
        let words = |row: &ForestRow| {
            if row.difference.value.is_finite() {
                row.difference.signed_text_with(decimals)
            } else {
                "not computed".into()
            }
        };
        self.rows.iter().map(words).collect()
    }

    fn scale(&self) -> Scale {
        let ends = self.rows.iter().flat_map(|row| {
            let Estimate { value, interval } = row.difference;
            let (low, high) = interval.unwrap_or((value, value));
            [value, low, high]
        });
        let margin = self.margin.unwrap_or(0.0);
        Scale::around(ends.chain([0.0, margin, -margin]), 5).text(TickText::Signed)
    }

    fn draw_margin(&self, canvas: &mut Canvas, rows: &Rows) {
        let Some(margin) = self.margin.filter(|m| *m > 0.0) else { return };
        let (left, right) = (rows.px_within(-margin), rows.px_within(margin));
        let area = [left, rows.y, right - left, rows.bottom() - rows.y];
        canvas.rect(area, Fill::Pale(Hue::Muted, 0.14));
        for x in [left, right] {
            canvas.line((x, rows.y), (x, rows.bottom()), Pen::new(Hue::Muted, 1.0).dash(Dash::Dotted));
        }
    }

    /// "← favours baseline" and "favours augmentation →" to either side of zero.
    fn draw_sides(&self, canvas: &mut Canvas, rows: &Rows) {
        let y = rows.bottom() + 57.0;
        let zero = rows.px(0.0).clamp(rows.x, rows.x + rows.width);
        if !self.below.is_empty() {
            let words = format!("← {}", self.below);
            let end = (zero - 8.0).max(Type::PLAIN.width(&words));
            canvas.text((end, y), Type::PLAIN.end(), &words);
        }
        if !self.above.is_empty() {
            let words = format!("{} →", self.above);
            let start = (zero + 8.0).min(FULL_WIDTH - Type::PLAIN.width(&words));
            canvas.text((start, y), Type::PLAIN, &words);
        }
    }
}

fn draw_difference(canvas: &mut Canvas, rows: &Rows, i: usize, row: &ForestRow) {
    let Estimate { value, interval } = row.difference;
    let y = rows.middle(i);
    if let Some((low, high)) = interval.filter(|(l, h)| l.is_finite() && h.is_finite()) {
        let pen = Pen::new(Hue::Blue, 2.0);
        canvas.line((rows.px_within(low), y), (rows.px_within(high), y), pen);
        for end in [low, high] {
            let x = rows.px_within(end);
            canvas.line((x, y - 4.0), (x, y + 4.0), pen);
        }
    }
    if value.is_finite() {
        let marker = if row.emphasised { Marker::Diamond } else { Marker::Square };
        canvas.marker((rows.px_within(value), y), marker, 5.0, Hue::Blue);
    }
}

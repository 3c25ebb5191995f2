//! Scores with intervals, one line per score, beside the score that real held-out data reach.

use super::canvas::{Canvas, Drawing, Pen};
use super::frame::{Entry, Key, draw_legend, legend_height, nothing};
use super::rows::Rows;
use super::scale::{Scale, TickText};
use super::style::{Dash, Hatch, Hue, Marker, Style};
use crate::Estimate;

/// How the reference of a line looks.
const REFERENCE: Style =
    Style { hue: Hue::Ink, dash: Dash::Solid, marker: Marker::Cross, hatch: Hatch::None };

#[derive(Debug, Clone, PartialEq)]
struct Line {
    label: String,
    scores: Vec<Option<Estimate>>,
    reference: Option<f64>,
}

/// Scores with intervals: one line per score, one point per series.
#[derive(Debug, Clone, PartialEq)]
pub struct DotPlot {
    title: String,
    series: Vec<(String, Style)>,
    reference: String,
    lines: Vec<Line>,
    range: Option<(f64, f64)>,
    ticks: TickText,
}

impl DotPlot {
    /// A plot with a title for its scale.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            series: Vec::new(),
            reference: "Real hold-out".into(),
            lines: Vec::new(),
            range: None,
            ticks: TickText::Number,
        }
    }

    /// With one more series; lines give their scores in the order of the series.
    pub fn series(mut self, name: impl Into<String>) -> Self {
        let style = Style::of(self.series.len());
        self.series.push((name.into(), style));
        self
    }

    /// Names the reference; "Real hold-out" without it.
    pub fn reference(mut self, name: impl Into<String>) -> Self {
        self.reference = name.into();
        self
    }

    /// Fixes the ends of the scale.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Writes the scale otherwise.
    pub fn ticks(mut self, ticks: TickText) -> Self {
        self.ticks = ticks;
        self
    }

    /// With one more line: its scores by series and its reference.
    pub fn line(
        mut self,
        label: impl Into<String>,
        scores: impl IntoIterator<Item = Option<Estimate>>,
        reference: Option<f64>,
    ) -> Self {
        let scores = scores.into_iter().collect();
        self.lines.push(Line { label: label.into(), scores, reference });
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        if self.lines.is_empty() {
            return nothing("No scores to show.");
        }
        let has_reference = self.lines.iter().any(|line| line.reference.is_some());
        let mut entries: Vec<Entry<'_>> = Vec::new();
        if self.series.len() > 1 || has_reference {
            entries.extend(self.series.iter().map(|(name, style)| Entry {
                name,
                style: *style,
                key: Key::Point,
            }));
        }
        if has_reference {
            entries.push(Entry { name: &self.reference, style: REFERENCE, key: Key::Reference });
        }
        let legend = legend_height(&entries, super::FULL_WIDTH);
        let labels: Vec<&str> = self.lines.iter().map(|line| line.label.as_str()).collect();
        let values = self.printed();
        let step = (14.0 * self.series.len().max(1) as f64 + 8.0).max(28.0);
        let rows = Rows::new(&labels, &values, self.scale(), legend + 8.0, step);
        let mut canvas = Canvas::new(super::FULL_WIDTH, rows.height(46.0));
        draw_legend(&mut canvas, &entries, 0.0, 0.0, super::FULL_WIDTH);
        rows.draw_scale(&mut canvas, &self.title);
        for (i, line) in self.lines.iter().enumerate() {
            if i > 0 {
                let y = rows.y + rows.step * i as f64;
                canvas.line((0.0, y), (rows.x + rows.width, y), Pen::new(Hue::Grid, 1.0));
            }
            rows.draw_label(&mut canvas, i, &line.label, false);
            self.draw_line(&mut canvas, &rows, i, line);
            if let Some(value) = values.get(i) {
                rows.draw_value(&mut canvas, i, value);
            }
        }
        canvas.finish()
    }

    /// Printed scores; with more than one series they would not be told apart.
    fn printed(&self) -> Vec<String> {
        if self.series.len() > 1 {
            return Vec::new();
        }
        let text = |line: &Line| match line.scores.first().copied().flatten() {
            Some(score) if score.value.is_finite() => score.text(),
            _ => "not computed".into(),
        };
        self.lines.iter().map(text).collect()
    }

    fn scale(&self) -> Scale {
        if let Some((low, high)) = self.range {
            return Scale::fixed(low, high, 5).text(self.ticks);
        }
        let ends = self.lines.iter().flat_map(|line| {
            let scores = line.scores.iter().flatten().flat_map(|score| {
                let (low, high) = score.interval.unwrap_or((score.value, score.value));
                [score.value, low, high]
            });
            scores.chain(line.reference)
        });
        Scale::around(ends, 5).text(self.ticks)
    }

    fn draw_line(&self, canvas: &mut Canvas, rows: &Rows, i: usize, line: &Line) {
        if let Some(reference) = line.reference.filter(|r| r.is_finite()) {
            let (x, y) = (rows.px_within(reference), rows.y + rows.step * i as f64);
            canvas.line((x, y + 3.0), (x, y + rows.step - 3.0), Pen::new(REFERENCE.hue, 2.0));
        }
        let scores = line.scores.iter().zip(&self.series).enumerate();
        for (k, (score, (_, style))) in scores {
            let Some(score) = score.filter(|s| s.value.is_finite()) else { continue };
            let offset = (k as f64 - (self.series.len() as f64 - 1.0) / 2.0) * 14.0;
            let y = rows.middle(i) + offset;
            if let Some((low, high)) = score.interval.filter(|(l, h)| l.is_finite() && h.is_finite()) {
                let pen = Pen::new(style.hue, 1.8);
                canvas.line((rows.px_within(low), y), (rows.px_within(high), y), pen);
            }
            canvas.marker((rows.px_within(score.value), y), style.marker, 4.5, style.hue);
        }
    }
}

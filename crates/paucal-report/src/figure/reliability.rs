//! Reliability diagram: do predicted risks come true as often as they say?

use super::canvas::{Canvas, Drawing, Pen, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::Scale;
use super::style::{Dash, Hatch, Hue, Marker, Style};
use crate::Estimate;

/// Cases whose predicted risk is alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskBin {
    /// Their mean predicted risk, in `[0, 1]`.
    pub predicted: f64,
    /// The share of them that is of the rare class.
    pub observed: Estimate,
    /// How many they are.
    pub count: usize,
}

/// Observed against predicted risk, one line per model, with the count of cases below.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    models: Vec<(String, Vec<RiskBin>)>,
}

/// The line on which predicted risks come true.
const IDEAL: Style = Style { hue: Hue::Muted, dash: Dash::Dashed, marker: Marker::Cross, hatch: Hatch::None };
/// Width of the figure.
const WIDTH: f64 = 460.0;
/// Sides of the diagram and of the counts below it.
const SIDE: f64 = 360.0;
const STRIP: f64 = 60.0;

impl Default for Reliability {
    fn default() -> Self {
        Self::new()
    }
}

impl Reliability {
    /// A diagram without models.
    pub fn new() -> Self {
        Self { models: Vec::new() }
    }

    /// With one more model.
    pub fn model(mut self, name: impl Into<String>, bins: Vec<RiskBin>) -> Self {
        self.models.push((name.into(), bins));
        self
    }

    /// The drawing, 460 pixels wide.
    pub fn draw(&self) -> Drawing {
        if self.models.iter().all(|(_, bins)| bins.is_empty()) {
            return nothing("No predictions to show.");
        }
        let mut entries: Vec<Entry<'_>> = self
            .models
            .iter()
            .enumerate()
            .map(|(i, (name, _))| Entry { name, style: Style::of(i), key: Key::Point })
            .collect();
        entries.push(Entry { name: "as predicted", style: IDEAL, key: Key::Line });
        let legend = legend_height(&entries, WIDTH);
        let most = self.models.iter().flat_map(|(_, bins)| bins).map(|bin| bin.count).max().unwrap_or(1);
        let counts = Scale::around([0.0, most as f64], 2);
        let x = Frame::tick_room(&counts).max(40.0);
        let unit = || Scale::fixed(0.0, 1.0, 5);
        let width = WIDTH - x - 16.0;
        let square = Frame { x, y: legend + 30.0, width, height: SIDE, across: unit(), up: unit() };
        let y = square.y + SIDE + 54.0;
        let strip = Frame { x, y, width, height: STRIP, across: unit(), up: counts };
        let mut canvas = Canvas::new(WIDTH, y + STRIP + 46.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, WIDTH);
        canvas.text((0.0, legend + 14.0), Type::QUIET, "Observed share of rare cases");
        canvas.text((0.0, y - 12.0), Type::QUIET, "Cases per bin");
        square.draw(&mut canvas);
        strip.draw(&mut canvas);
        strip.title_across(&mut canvas, "Predicted risk");
        let pen = Pen::new(IDEAL.hue, 1.3).dash(IDEAL.dash);
        canvas.line(square.point((0.0, 0.0)), square.point((1.0, 1.0)), pen);
        for (i, (_, bins)) in self.models.iter().enumerate() {
            draw_model(&mut canvas, &square, bins, Style::of(i), self.offset(i));
            self.draw_counts(&mut canvas, &strip, bins, i);
        }
        canvas.finish()
    }

    /// Pixels by which a model's marks stand aside, so that intervals do not hide each other.
    fn offset(&self, model: usize) -> f64 {
        (model as f64 - (self.models.len() as f64 - 1.0) / 2.0) * 5.0
    }

    fn draw_counts(&self, canvas: &mut Canvas, strip: &Frame, bins: &[RiskBin], model: usize) {
        const BAR: f64 = 6.0;
        let base = strip.py(0.0);
        let offset = (model as f64 - self.models.len() as f64 / 2.0) * (BAR + 1.0);
        for bin in bins.iter().filter(|bin| (0.0..=1.0).contains(&bin.predicted)) {
            let y = strip.py(bin.count as f64);
            let area = [strip.px(bin.predicted) + offset, y, BAR, base - y];
            canvas.bar(area, Style::of(model).hue, Hatch::None);
        }
    }
}

fn draw_model(canvas: &mut Canvas, frame: &Frame, bins: &[RiskBin], style: Style, offset: f64) {
    let shown = |bin: &&RiskBin| bin.predicted.is_finite() && bin.observed.value.is_finite();
    let points: Vec<(f64, f64)> =
        bins.iter().filter(shown).map(|bin| (bin.predicted, bin.observed.value)).collect();
    let line: Vec<(f64, f64)> = frame.points(&points).iter().map(|(x, y)| (x + offset, *y)).collect();
    canvas.path(&line, Pen::new(style.hue, 1.4).dash(style.dash));
    for bin in bins.iter().filter(shown) {
        let (x, y) = frame.point((bin.predicted, bin.observed.value));
        let at = (x + offset, y);
        if let Some((low, high)) = bin.observed.interval.filter(|(l, h)| l.is_finite() && h.is_finite()) {
            let (low, high) = (frame.py(low.max(0.0)), frame.py(high.min(1.0)));
            canvas.line((at.0, low), (at.0, high), Pen::new(style.hue, 1.6));
        }
        canvas.marker(at, style.marker, 4.5, style.hue);
    }
}

//! Curves over steps: losses and scores during training.

use super::canvas::{Anchor, Canvas, Drawing, Pen, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::Scale;
use super::style::Style;

/// One curve over steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Curves over steps, with optional smoothing and logarithmic scale.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlot {
    across: String,
    up: String,
    series: Vec<Series>,
    levels: Vec<(f64, String)>,
    smoothing: f64,
    log: bool,
}

/// Points beyond which a curve is thinned: more than two per pixel are never seen.
const MOST_POINTS: usize = 1200;

impl LinePlot {
    /// A plot with the titles of its axes.
    pub fn new(across: impl Into<String>, up: impl Into<String>) -> Self {
        Self {
            across: across.into(),
            up: up.into(),
            series: Vec::new(),
            levels: Vec::new(),
            smoothing: 0.0,
            log: false,
        }
    }

    /// With one more curve through points `(step, value)`.
    pub fn series(mut self, name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series { name: name.into(), points });
        self
    }

    /// With a reference level.
    pub fn level(mut self, value: f64, words: impl Into<String>) -> Self {
        self.levels.push((value, words.into()));
        self
    }

    /// Smooths by an exponential moving average of weight `smoothing` in `[0, 1)`, corrected for its start;
    /// the raw values stay visible behind.
    pub fn smoothed(mut self, smoothing: f64) -> Self {
        self.smoothing = if smoothing.is_finite() { smoothing.clamp(0.0, 0.999) } else { 0.0 };
        self
    }

    /// With a logarithmic vertical scale; values that are not positive are left out.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        let shown = |v: f64| v.is_finite() && (!self.log || v > 0.0);
        let curves: Vec<Vec<(f64, f64)>> = self
            .series
            .iter()
            .map(|s| s.points.iter().copied().filter(|(x, y)| x.is_finite() && shown(*y)).collect())
            .collect();
        if curves.iter().all(Vec::is_empty) {
            return nothing("No steps to show.");
        }
        let entries: Vec<Entry<'_>> = self
            .series
            .iter()
            .enumerate()
            .map(|(i, s)| Entry { name: &s.name, style: Style::of(i), key: Key::Line })
            .collect();
        let legend = if entries.len() > 1 { legend_height(&entries, super::FULL_WIDTH) } else { 0.0 };
        let frame = self.frame(&curves, legend + 26.0);
        let mut canvas = Canvas::new(super::FULL_WIDTH, frame.y + frame.height + 46.0);
        if entries.len() > 1 {
            draw_legend(&mut canvas, &entries, 0.0, 0.0, super::FULL_WIDTH);
        }
        canvas.text((0.0, legend + 12.0), Type::QUIET, &self.up);
        frame.draw(&mut canvas);
        frame.title_across(&mut canvas, &self.across);
        canvas.clipped(frame.area(), |canvas| {
            for (i, points) in curves.iter().enumerate() {
                self.draw_curve(canvas, &frame, points, Style::of(i));
            }
        });
        for (value, words) in &self.levels {
            frame.level(&mut canvas, *value, words, Anchor::End);
        }
        canvas.finish()
    }

    fn frame(&self, curves: &[Vec<(f64, f64)>], y: f64) -> Frame {
        let values = || {
            let levels = self.levels.iter().map(|(value, _)| *value);
            curves.iter().flatten().map(|(_, y)| *y).chain(levels)
        };
        let up = if self.log { Scale::log_around(values()) } else { Scale::around(values(), 5) };
        let steps = curves.iter().flatten().map(|(x, _)| *x);
        let (low, high) = steps.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
        let x = Frame::tick_room(&up);
        let width = super::FULL_WIDTH - x - 14.0;
        Frame { x, y, width, height: 260.0, across: Scale::fixed(low, high, 6), up }
    }

    fn draw_curve(&self, canvas: &mut Canvas, frame: &Frame, points: &[(f64, f64)], style: Style) {
        if self.smoothing > 0.0 {
            canvas.faint(|canvas| canvas.path(&frame.points(&thinned(points)), Pen::new(style.hue, 1.0)));
        }
        let line = thinned(&smooth(points, self.smoothing));
        canvas.path(&frame.points(&line), Pen::new(style.hue, 2.0).dash(style.dash));
    }
}

/// Exponential moving average, divided by the weight seen so far so that it starts at the first value.
fn smooth(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let (mut mean, mut seen) = (0.0, 0.0);
    points
        .iter()
        .map(|&(x, y)| {
            mean = weight * mean + (1.0 - weight) * y;
            seen = weight * seen + (1.0 - weight);
            (x, mean / seen)
        })
        .collect()
}

/// Every so many points, so that few enough remain; the last one always does.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let stride = points.len().div_ceil(MOST_POINTS).max(1);
    let mut kept: Vec<_> = points.iter().copied().step_by(stride).collect();
    if let Some(last) = points.last()
        && !(points.len() - 1).is_multiple_of(stride)
    {
        kept.push(*last);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_keeps_constants() {
        let constant: Vec<_> = (0..50).map(|i| (f64::from(i), 3.0)).collect();
        assert!(smooth(&constant, 0.9).iter().all(|(_, y)| (y - 3.0).abs() < 1e-12));
        let rising: Vec<_> = (0..5).map(|i| (f64::from(i), f64::from(i))).collect();
        assert_eq!(smooth(&rising, 0.0), rising);
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let many: Vec<_> = (0..10_001).map(|i| (f64::from(i), 0.0)).collect();
        let few = thinned(&many);
        assert!(few.len() <= MOST_POINTS + 1);
        assert_eq!((few[0], few[few.len() - 1]), (many[0], many[10_000]));
    }
}

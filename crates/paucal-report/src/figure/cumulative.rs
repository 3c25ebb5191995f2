//! Cumulative distributions: how far synthetic and held-out rows lie from the nearest training row.

use super::canvas::{Canvas, Drawing, Pen, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::{Scale, TickText};
use super::style::Style;

/// Steps beyond which a curve is thinned.
const MOST_STEPS: usize = 500;

/// Empirical cumulative distributions of several samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Cumulative {
    title: String,
    samples: Vec<(String, Style, Vec<f64>)>,
}

impl Cumulative {
    /// A plot over a quantity, e.g. "Distance to the closest training row".
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), samples: Vec::new() }
    }

    /// With one more sample, in any order.
    pub fn sample(mut self, name: impl Into<String>, style: Style, mut values: Vec<f64>) -> Self {
        values.retain(|v| v.is_finite());
        values.sort_by(f64::total_cmp);
        self.samples.push((name.into(), style, values));
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Drawing {
        let values = || self.samples.iter().flat_map(|(_, _, values)| values).copied();
        if values().next().is_none() {
            return nothing("No distances to show.");
        }
        let entries: Vec<Entry<'_>> = self
            .samples
            .iter()
            .map(|(name, style, _)| Entry { name, style: *style, key: Key::Line })
            .collect();
        let legend = legend_height(&entries, super::FULL_WIDTH);
        let up = Scale::fixed(0.0, 1.0, 4).text(TickText::Percent);
        // Distances are read against zero.
        let from_zero = values().all(|v| v >= 0.0).then_some(0.0);
        let across = Scale::around(values().chain(from_zero), 6);
        let x = Frame::tick_room(&up);
        let width = super::FULL_WIDTH - x - 16.0;
        let frame = Frame { x, y: legend + 30.0, width, height: 240.0, across, up };
        let mut canvas = Canvas::new(super::FULL_WIDTH, frame.y + frame.height + 46.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, super::FULL_WIDTH);
        canvas.text((0.0, legend + 14.0), Type::QUIET, "Share of rows that lie nearer");
        frame.draw(&mut canvas);
        frame.title_across(&mut canvas, &self.title);
        for (_, style, values) in &self.samples {
            let steps = steps(values, frame.across.low(), frame.across.high());
            canvas.path(&frame.points(&steps), Pen::new(style.hue, 2.0).dash(style.dash));
        }
        canvas.finish()
    }
}

/// Corners of the staircase through sorted values, thinned to what can be seen.
fn steps(sorted: &[f64], low: f64, high: f64) -> Vec<(f64, f64)> {
    if sorted.is_empty() {
        return Vec::new();
    }
    let n = sorted.len();
    let stride = n.div_ceil(MOST_STEPS);
    let mut corners = vec![(low, 0.0)];
    let mut before = 0.0;
    for i in (0..n).filter(|i| (i + 1) % stride == 0 || i + 1 == n) {
        let share = (i + 1) as f64 / n as f64;
        corners.extend([(sorted[i], before), (sorted[i], share)]);
        before = share;
    }
    corners.push((high, 1.0));
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_staircase_climbs_from_none_to_all() {
        let corners = steps(&[1.0, 2.0], 0.0, 4.0);
        assert_eq!(corners, [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (4.0, 1.0)]);
        let many: Vec<f64> = (0..99_999).map(f64::from).collect();
        assert!(steps(&many, 0.0, 1e5).len() <= 2 * MOST_STEPS + 2);
    }
}

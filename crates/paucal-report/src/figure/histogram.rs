//! One numeric column in real, synthetic and held-out data, as overlaid histograms.

use super::canvas::{Canvas, Drawing, Fill, Pen, Type};
use super::frame::{Entry, Frame, Key, draw_legend, legend_height, nothing};
use super::scale::{Scale, TickText};
use super::style::Style;

/// One sample of the column.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    style: Style,
    shares: Vec<f64>,
}

/// Histograms of one column over the same bins: shares of rows, so that samples of unlike size compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    title: String,
    edges: Vec<f64>,
    samples: Vec<Sample>,
}

impl Histogram {
    /// A histogram over bins with these edges, ascending, one more than there are bins.
    pub fn new(title: impl Into<String>, edges: Vec<f64>) -> Self {
        Self { title: title.into(), edges, samples: Vec::new() }
    }

    /// With one more sample: its share of rows per bin, in `[0, 1]`.
    pub fn sample(mut self, name: impl Into<String>, style: Style, shares: Vec<f64>) -> Self {
        self.samples.push(Sample { name: name.into(), style, shares });
        self
    }

    /// The drawing at full width.
    pub fn draw(&self) -> Drawing {
        let entries: Vec<Entry<'_>> = self
            .samples
            .iter()
            .map(|sample| Entry { name: &sample.name, style: sample.style, key: Key::Line })
            .collect();
        let legend = legend_height(&entries, super::FULL_WIDTH);
        let plot = self.draw_small(super::FULL_WIDTH, 240.0);
        let mut canvas = Canvas::new(super::FULL_WIDTH, plot.height + legend + 6.0);
        draw_legend(&mut canvas, &entries, 0.0, 0.0, super::FULL_WIDTH);
        canvas.place(0.0, legend + 6.0, &plot);
        canvas.finish()
    }

    /// The drawing in any size and without legend, for a grid of many.
    pub fn draw_small(&self, width: f64, height: f64) -> Drawing {
        let rising = self.edges.windows(2).all(|w| w[0] < w[1]) && self.edges.iter().all(|e| e.is_finite());
        if self.edges.len() < 2 || !rising || self.samples.is_empty() {
            return nothing("No values to show.");
        }
        let tallest = self.samples.iter().flat_map(|s| &s.shares).copied().filter(|s| s.is_finite());
        let up = Scale::around(tallest.chain([0.0]), 3).text(TickText::Percent);
        let across = Scale::fixed(self.edges[0], self.edges[self.edges.len() - 1], 5);
        let left = Frame::tick_room(&up);
        let frame = Frame { x: left, y: 26.0, width: width - left - 12.0, height: height - 52.0, across, up };
        let mut canvas = Canvas::new(width, height);
        canvas.text((0.0, 12.0), Type::TITLE, &super::text_width::fitted(&self.title, 14.0, width));
        frame.draw(&mut canvas);
        canvas.clipped([frame.x, frame.y - 2.0, frame.width, frame.height + 2.0], |canvas| {
            for (i, sample) in self.samples.iter().enumerate() {
                self.draw_sample(canvas, &frame, sample, i == 0);
            }
        });
        canvas.finish()
    }

    /// A stepped outline; the first sample is filled, as the ground against which the others are seen.
    fn draw_sample(&self, canvas: &mut Canvas, frame: &Frame, sample: &Sample, filled: bool) {
        let base = frame.py(0.0);
        let mut outline = vec![(frame.px(self.edges[0]), base)];
        for (bin, share) in self.edges.windows(2).zip(&sample.shares) {
            let y = frame.py(if share.is_finite() { *share } else { 0.0 });
            outline.extend([(frame.px(bin[0]), y), (frame.px(bin[1]), y)]);
        }
        let last = outline[outline.len() - 1].0;
        outline.push((last, base));
        if filled {
            canvas.area(&outline, Fill::Pale(sample.style.hue, 0.13));
        }
        canvas.path(&outline, Pen::new(sample.style.hue, 1.8).dash(sample.style.dash));
    }
}

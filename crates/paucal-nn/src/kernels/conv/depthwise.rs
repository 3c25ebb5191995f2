//! Convolutions of each channel with a kernel of its own.
//!
//! The cells of a kernel go over whole lines, all channels at once: every loop runs along memory.

use rayon::prelude::*;

use super::Shape;
use super::forward::Ending;
use crate::layers::Window;

/// Samples that have a gradient of the weights each are summed in so many groups.
const GROUPS: usize = 32;

/// A place of the output and the place of the input that a cell of the kernel sees from there.
struct Pairs {
    cells: Vec<[usize; 2]>,
    window: Window,
    size: [usize; 2],
}

impl Pairs {
    fn new(shape: &Shape) -> Self {
        let [height, width] = shape.window.kernel;
        let cells = (0..height * width).map(|i| [i / width, i % width]).collect();
        Self { cells, window: shape.window, size: shape.size }
    }

    /// The place along one direction, if it lies in the image.
    fn seen(&self, d: usize, position: usize, cell: usize) -> Option<usize> {
        let Window { stride, padding, dilation, .. } = self.window;
        (position * stride[d] + cell * dilation[d]).checked_sub(padding[d]).filter(|&at| at < self.size[d])
    }

    /// Calls `each(cell, place of the input, place of the output)` for a line of the output.
    fn of_line(&self, line: usize, across: usize, mut each: impl FnMut(usize, usize, usize)) {
        for (cell, &[down, right]) in self.cells.iter().enumerate() {
            let Some(y) = self.seen(0, line, down) else { continue };
            for position in 0..across {
                if let Some(x) = self.seen(1, position, right) {
                    each(cell, y * self.size[1] + x, position);
                }
            }
        }
    }
}

/// Weights `[channels, cells]` as `[cells, channels]`.
fn by_cell(weight: &[f32], channels: usize) -> Vec<f32> {
    let cells = weight.len() / channels;
    (0..weight.len()).map(|i| weight[i % channels * cells + i / channels]).collect()
}

/// Fills the outputs.
pub fn forward(shape: &Shape, x: &[f32], weight: &[f32], ending: Ending<'_>, out: &mut [f32]) {
    let [down, across] = shape.positions();
    let channels = shape.inputs;
    let (weight, pairs) = (by_cell(weight, channels), Pairs::new(shape));
    out.par_chunks_mut(across * channels).enumerate().for_each(|(line, out)| {
        let x = &x[line / down * shape.input_len()..][..shape.input_len()];
        ending.begin(out, channels);
        pairs.of_line(line % down, across, |cell, from, to| {
            let out = &mut out[to * channels..][..channels];
            let (x, w) = (&x[from * channels..][..channels], &weight[cell * channels..][..channels]);
            for c in 0..channels {
                out[c] = x[c].mul_add(w[c], out[c]);
            }
        });
        ending.finish(out);
    });
}

/// Fills the gradient of the inputs.
pub fn input_gradient(shape: &Shape, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    let [down, across] = shape.positions();
    let channels = shape.inputs;
    let (weight, pairs) = (by_cell(weight, channels), Pairs::new(shape));
    dx.par_chunks_mut(shape.input_len()).zip(dy.par_chunks(shape.output_len())).for_each(|(dx, dy)| {
        dx.fill(0.0);
        for line in 0..down {
            let dy = &dy[line * across * channels..][..across * channels];
            pairs.of_line(line, across, |cell, from, to| {
                let dx = &mut dx[from * channels..][..channels];
                let (dy, w) = (&dy[to * channels..][..channels], &weight[cell * channels..][..channels]);
                for c in 0..channels {
                    dx[c] = dy[c].mul_add(w[c], dx[c]);
                }
            });
        }
    });
}

/// Gradient of the weights, `[channels, cells]`.
pub fn weight_gradient(shape: &Shape, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let [down, across] = shape.positions();
    let (channels, cells) = (shape.inputs, shape.cells());
    let pairs = Pairs::new(shape);
    let samples = x.len() / shape.input_len();
    let group = samples.div_ceil(GROUPS);
    let parts: Vec<Vec<f32>> = x
        .par_chunks(group * shape.input_len())
        .zip(dy.par_chunks(group * shape.output_len()))
        .map(|(x, dy)| {
            let mut sum = vec![0.0; cells * channels];
            let images = x.chunks_exact(shape.input_len()).zip(dy.chunks_exact(shape.output_len()));
            for (x, dy) in images {
                for line in 0..down {
                    let dy = &dy[line * across * channels..][..across * channels];
                    pairs.of_line(line, across, |cell, from, to| {
                        let sum = &mut sum[cell * channels..][..channels];
                        let (x, dy) = (&x[from * channels..][..channels], &dy[to * channels..][..channels]);
                        for c in 0..channels {
                            sum[c] = x[c].mul_add(dy[c], sum[c]);
                        }
                    });
                }
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; cells * channels];
    for part in &parts {
        total.iter_mut().zip(part).for_each(|(total, v)| *total += v);
    }
    (0..total.len()).map(|i| total[i % cells * channels + i / cells]).collect()
}

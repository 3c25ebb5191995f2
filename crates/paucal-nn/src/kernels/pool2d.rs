//! Pooling of images laid out `[height, width, channels]`.
//!
//! Where the largest value of a window lies is found again on the way back from the input, which is kept anyway: cheaper
//! than writing places down. Samples are independent.

use std::ops::Range;

use rayon::prelude::*;

use super::spare;

/// Sizes of a pooling, `[down, across]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Cells of the input.
    pub size: [usize; 2],
    /// Cells of the output.
    pub positions: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// Cells of a window.
    pub kernel: [usize; 2],
    /// Distance of a window from the next.
    pub stride: [usize; 2],
    /// Cells around the input.
    pub padding: [usize; 2],
}

impl Shape {
    /// Values of a sample before and after.
    fn sizes(&self) -> [usize; 2] {
        [self.size, self.positions].map(|[height, width]| (height * width * self.channels).max(1))
    }

    /// The part of a window that lies in the input, in one direction.
    fn inside(&self, d: usize, position: usize) -> Range<usize> {
        let first = position * self.stride[d];
        let end = (first + self.kernel[d]).saturating_sub(self.padding[d]).min(self.size[d]);
        first.saturating_sub(self.padding[d]).min(end)..end
    }

    /// Calls `each(position, rows)` for every window with the stretches of the input, in values, that it covers: one per
    /// row.
    fn windows(&self, mut each: impl FnMut(usize, &mut dyn Iterator<Item = Range<usize>>)) {
        let [down, across] = self.positions;
        for p in 0..down {
            for q in 0..across {
                let columns = self.inside(1, q);
                let mut rows = self.inside(0, p).map(|row| {
                    let first = row * self.size[1];
                    (first + columns.start) * self.channels..(first + columns.end) * self.channels
                });
                each(p * across + q, &mut rows);
            }
        }
    }
}

/// The largest of each channel in each window.
pub fn largest(shape: Shape, x: &[f32]) -> Vec<f32> {
    pooled(shape, x, |x, out| {
        shape.windows(|at, rows| {
            let out = &mut out[at * shape.channels..][..shape.channels];
            out.fill(f32::NEG_INFINITY);
            for cells in rows {
                for cell in x[cells].chunks_exact(shape.channels) {
                    out.iter_mut().zip(cell).for_each(|(y, &x)| *y = y.max(x));
                }
            }
        });
    })
}

/// Gradient of the input of [`largest`], whose output is `y`: all of it to the first of equals.
pub fn largest_backward(shape: Shape, x: &[f32], y: &[f32], dy: &[f32]) -> Vec<f32> {
    let [from, to] = shape.sizes();
    let channels = shape.channels;
    let mut dx = spare::room(x.len());
    let samples =
        dx.par_chunks_mut(from).zip(x.par_chunks(from)).zip(y.par_chunks(to).zip(dy.par_chunks(to)));
    samples.for_each_init(
        // What is still to be given away.
        || vec![0.0; channels],
        |open, ((dx, x), (y, dy))| {
            dx.fill(0.0);
            shape.windows(|at, rows| {
                let here = at * channels..(at + 1) * channels;
                open.copy_from_slice(&dy[here.clone()]);
                for cells in rows {
                    let pairs =
                        dx[cells.clone()].chunks_exact_mut(channels).zip(x[cells].chunks_exact(channels));
                    pairs.for_each(|(dx, x)| give(dx, x, &y[here.clone()], open));
                }
            });
        },
    );
    dx
}

/// Gives one cell what is open for those of its channels that hold the largest value.
fn give(dx: &mut [f32], x: &[f32], y: &[f32], open: &mut [f32]) {
    for (((dx, &x), &y), open) in dx.iter_mut().zip(x).zip(y).zip(open) {
        let given = if x == y { *open } else { 0.0 };
        *dx += given;
        *open -= given;
    }
}

/// The mean of each channel in each window; cells outside count as zeros.
pub fn mean(shape: Shape, x: &[f32]) -> Vec<f32> {
    let share = shape.share();
    pooled(shape, x, |x, out| {
        shape.windows(|at, rows| {
            let out = &mut out[at * shape.channels..][..shape.channels];
            out.fill(0.0);
            for cells in rows {
                for cell in x[cells].chunks_exact(shape.channels) {
                    out.iter_mut().zip(cell).for_each(|(y, &x)| *y += x);
                }
            }
            out.iter_mut().for_each(|y| *y *= share);
        });
    })
}

/// Gradient of the input of [`mean`].
pub fn mean_backward(shape: Shape, dy: &[f32]) -> Vec<f32> {
    let [from, to] = shape.sizes();
    let (channels, share) = (shape.channels, shape.share());
    let mut dx = spare::room(dy.len() / to * from);
    dx.par_chunks_mut(from).zip(dy.par_chunks(to)).for_each(|(dx, dy)| {
        dx.fill(0.0);
        shape.windows(|at, rows| {
            let dy = &dy[at * channels..][..channels];
            for cells in rows {
                for cell in dx[cells].chunks_exact_mut(channels) {
                    cell.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx = dy.mul_add(share, *dx));
                }
            }
        });
    });
    dx
}

impl Shape {
    fn share(&self) -> f32 {
        1.0 / (self.kernel[0] * self.kernel[1]) as f32
    }
}

/// Every sample by itself.
fn pooled(shape: Shape, x: &[f32], each: impl Fn(&[f32], &mut [f32]) + Sync) -> Vec<f32> {
    let [from, to] = shape.sizes();
    let mut out = spare::room(x.len() / from * to);
    out.par_chunks_mut(to).zip(x.par_chunks(from)).for_each(|(out, x)| each(x, out));
    out
}

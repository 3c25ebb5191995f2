//! Pooling of images laid out `[height, width, channels]`.
//!
//! Where the largest value of a window lies is found again on the way back from the input, which is kept anyway: cheaper
//! than writing places down. Samples are independent.

use std::ops::Range;

use rayon::prelude::*;

use super::lanes::{Lanes, WIDTH, blocks};
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

    /// Calls `each(position, window)` for every window.
    fn windows(&self, mut each: impl FnMut(usize, &Covered)) {
        (0..self.positions[0]).for_each(|line| self.windows_of(line, &mut each));
    }

    /// The same for a line of windows.
    fn windows_of(&self, line: usize, mut each: impl FnMut(usize, &Covered)) {
        let across = self.positions[1];
        for q in 0..across {
            let (rows, columns) = (self.inside(0, line), self.inside(1, q));
            each(line * across + q, &Covered { rows, columns, width: self.size[1], channels: self.channels });
        }
    }
}

/// The cells of an input that a window covers.
struct Covered {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Cells of a row of the input.
    width: usize,
    channels: usize,
}

impl Covered {
    /// Where their values lie, row by row.
    fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        self.rows.clone().map(|row| {
            let first = row * self.width;
            (first + self.columns.start) * self.channels..(first + self.columns.end) * self.channels
        })
    }
}

/// The largest of each channel in each window.
pub fn largest(shape: Shape, x: &[f32]) -> Vec<f32> {
    pooled(shape, x, |x, out| {
        shape.windows(|at, covered| {
            let out = &mut out[at * shape.channels..][..shape.channels];
            out.fill(f32::NEG_INFINITY);
            for cells in covered.stretches() {
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
    let line = shape.size[1] * shape.channels;
    let mut dx = spare::room(x.len());
    let samples =
        dx.par_chunks_mut(from).zip(x.par_chunks(from)).zip(y.par_chunks(to).zip(dy.par_chunks(to)));
    samples.for_each(|((dx, x), (y, dy))| {
        let mut back = Back { x, y, dy, dx, channels: shape.channels };
        // Lines are cleared when the first window reaches them, so that they are still in the cache.
        let mut cleared = 0;
        for p in 0..shape.positions[0] {
            let reached = (shape.inside(0, p).end * line).max(cleared);
            back.dx[cleared..reached].fill(0.0);
            cleared = reached;
            shape.windows_of(p, |at, covered| back.window(at, covered));
        }
        back.dx[cleared..].fill(0.0);
    });
    dx
}

/// A sample on the way back through [`largest`].
struct Back<'a> {
    x: &'a [f32],
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    channels: usize,
}

impl Back<'_> {
    fn window(&mut self, at: usize, covered: &Covered) {
        blocks!(self.channels, WHOLE, channel => self.give::<WHOLE>(at, covered, channel));
    }

    /// Gives the gradient of some channels of a window to the cells that hold the largest value.
    fn give<const WHOLE: bool>(&mut self, at: usize, covered: &Covered, channel: usize) {
        let (here, width) = (at * self.channels + channel, WIDTH.min(self.channels - channel));
        let largest = Lanes::load::<WHOLE>(self.y, here, width);
        // What is still to be given away.
        let mut open = Lanes::load::<WHOLE>(self.dy, here, width);
        for cells in covered.stretches() {
            let (x, dx) = (&self.x[cells.clone()], &mut self.dx[cells]);
            for cell in 0..x.len() / self.channels {
                let place = cell * self.channels + channel;
                let given = open.where_equal(Lanes::load::<WHOLE>(x, place, width), largest);
                (Lanes::load::<WHOLE>(dx, place, width) + given).store::<WHOLE>(dx, place, width);
                open = open - given;
            }
        }
    }
}

/// The mean of each channel in each window; cells outside count as zeros.
pub fn mean(shape: Shape, x: &[f32]) -> Vec<f32> {
    let share = shape.share();
    pooled(shape, x, |x, out| {
        shape.windows(|at, covered| {
            let out = &mut out[at * shape.channels..][..shape.channels];
            out.fill(0.0);
            for cells in covered.stretches() {
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
        shape.windows(|at, covered| {
            let dy = &dy[at * channels..][..channels];
            for cells in covered.stretches() {
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

//! Pooling of sequences laid out `[positions, channels]`, with the normalisation and the ReLU before it.
//!
//! Where the largest value of a window lies is found again on the way back from the input, which is kept anyway:
//! cheaper than writing places down. Sums over the batch are taken within fixed groups of samples and then over the
//! groups in order.

use rayon::prelude::*;

use super::spare;

/// Groups of samples with sums of their own.
const GROUPS: usize = 32;

/// Sizes of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Positions of the input.
    pub length: usize,
    /// Channels.
    pub channels: usize,
    /// Positions of a window.
    pub kernel: usize,
    /// Distance of a window from the next.
    pub stride: usize,
}

impl Shape {
    /// Positions of the output; 0 where no window fits.
    pub fn positions(&self) -> usize {
        if self.length < self.kernel { 0 } else { (self.length - self.kernel) / self.stride + 1 }
    }

    /// Values of a sample before and after.
    fn sizes(&self) -> (usize, usize) {
        (self.length * self.channels, self.positions() * self.channels)
    }
}

/// What is done to each value before pooling: `max(scale · x + shift, floor)`, channel by channel.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// One factor per channel.
    pub scale: &'a [f32],
    /// One summand per channel.
    pub shift: &'a [f32],
    /// 0 for a ReLU, −∞ for none.
    pub floor: f32,
}

impl Before<'_> {
    /// Writes the largest of each channel over the positions of a window.
    fn largest(&self, window: &[f32], out: &mut [f32]) {
        out.fill(self.floor);
        for row in window.chunks_exact(out.len()) {
            let columns = row.iter().zip(self.scale).zip(self.shift);
            out.iter_mut().zip(columns).for_each(|(y, ((x, a), b))| *y = y.max(a.mul_add(*x, *b)));
        }
    }
}

/// The largest of each window, `[samples, positions, channels]`.
pub fn forward(shape: Shape, x: &[f32], before: Before<'_>) -> Vec<f32> {
    let (from, to) = shape.sizes();
    let mut out = spare::room(x.len() / from.max(1) * to);
    if to > 0 {
        out.par_chunks_mut(to).zip(x.par_chunks(from)).for_each(|(out, x)| {
            for (l, out) in out.chunks_exact_mut(shape.channels).enumerate() {
                let first = l * shape.stride * shape.channels;
                before.largest(&x[first..first + shape.kernel * shape.channels], out);
            }
        });
    }
    out
}

/// Adds the gradient of a sample's pooled values to where each came from, the first of equals; nothing where it is the
/// floor.
fn scatter(shape: Shape, x: &[f32], before: Before<'_>, dy: &[f32], dx: &mut [f32], room: &mut [f32]) {
    let channels = shape.channels;
    let (largest, open) = room.split_at_mut(channels);
    // Slices of the length that the loop runs over need no checks within it.
    let (open, scale, shift) = (&mut open[..channels], &before.scale[..channels], &before.shift[..channels]);
    for (l, dy) in dy.chunks_exact(channels).enumerate() {
        let window = l * shape.stride * channels..(l * shape.stride + shape.kernel) * channels;
        before.largest(&x[window.clone()], largest);
        // What is still to be given away.
        open.copy_from_slice(dy);
        let rows = x[window.clone()].chunks_exact(channels).zip(dx[window].chunks_exact_mut(channels));
        for (x, dx) in rows {
            for c in 0..channels {
                let given = if scale[c].mul_add(x[c], shift[c]) == largest[c] { open[c] } else { 0.0 };
                dx[c] += given;
                open[c] -= given;
            }
        }
    }
}

/// Gradient of the input of [`forward`] (before scale and shift) if nothing is done before pooling.
pub fn backward(shape: Shape, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let (from, to) = shape.sizes();
    let (ones, zeros) = (vec![1.0; shape.channels], vec![0.0; shape.channels]);
    let before = Before { scale: &ones, shift: &zeros, floor: f32::NEG_INFINITY };
    let mut dx = vec![0.0; x.len()];
    if to > 0 {
        dx.par_chunks_mut(from).zip(x.par_chunks(from)).zip(dy.par_chunks(to)).for_each_init(
            || vec![0.0; 2 * shape.channels],
            |room, ((dx, x), dy)| scatter(shape, x, before, dy, dx, room),
        );
    }
    dx
}

/// What was normalised, and how.
#[derive(Clone, Copy)]
pub struct Normalised<'a> {
    /// The input.
    pub x: &'a [f32],
    /// Mean of each channel.
    pub mean: &'a [f32],
    /// `1 / √(variance + ε)` of each channel.
    pub inverse: &'a [f32],
    /// γ of each channel.
    pub weight: &'a [f32],
    /// Scale, shift and ReLU that this came to.
    pub before: Before<'a>,
}

/// Gradients of the input, of γ and of β through pooling, ReLU and batch normalisation: with `d` the gradient of the
/// normalised values, `dβ = Σ d`, `dγ = Σ d x̂` and `dx = γ/σ (d − dβ/n − x̂ dγ/n)`.
pub fn normalised_backward(shape: Shape, of: Normalised<'_>, dy: &[f32]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let channels = shape.channels;
    let (from, to) = shape.sizes();
    let samples = of.x.len() / from.max(1);
    let group = samples.div_ceil(GROUPS).max(1);
    // Every sample is cleared before it is added to.
    let mut dx = if to > 0 { spare::room(of.x.len()) } else { vec![0.0; of.x.len()] };
    let one = |dx: &mut [f32], x: &[f32], dy: &[f32]| {
        let mut sums = vec![0.0; 2 * channels];
        let mut room = vec![0.0; 2 * channels];
        for ((dx, x), dy) in dx.chunks_exact_mut(from).zip(x.chunks_exact(from)).zip(dy.chunks_exact(to)) {
            dx.fill(0.0);
            scatter(shape, x, of.before, dy, dx, &mut room);
            let (bias, weight) = sums.split_at_mut(channels);
            let (weight, mean, inverse) =
                (&mut weight[..channels], &of.mean[..channels], &of.inverse[..channels]);
            for (x, d) in x.chunks_exact(channels).zip(dx.chunks_exact(channels)) {
                for c in 0..channels {
                    bias[c] += d[c];
                    weight[c] += d[c] * (x[c] - mean[c]) * inverse[c];
                }
            }
        }
        sums
    };
    let mut sums = vec![0.0; 2 * channels];
    if to > 0 {
        let groups: Vec<Vec<f32>> = dx
            .par_chunks_mut(group * from)
            .zip(of.x.par_chunks(group * from))
            .zip(dy.par_chunks(group * to))
            .map(|((dx, x), dy)| one(dx, x, dy))
            .collect();
        groups.iter().for_each(|group| sums.iter_mut().zip(group).for_each(|(sum, v)| *sum += v));
    }
    let (bias, weight) = (sums[..channels].to_vec(), sums[channels..].to_vec());
    // dx = a d + b x + c with one triple per channel.
    let n = (samples * shape.length) as f32;
    let mut triples = vec![0.0; 3 * channels];
    for c in 0..channels {
        let a = of.weight[c] * of.inverse[c];
        let b = -a * weight[c] * of.inverse[c] / n;
        (triples[c], triples[channels + c]) = (a, b);
        triples[2 * channels + c] = -a * bias[c] / n - b * of.mean[c];
    }
    let (a, bc) = triples.split_at(channels);
    let (b, shift) = bc.split_at(channels);
    let shift = &shift[..channels];
    dx.par_chunks_mut(from.max(1)).zip(of.x.par_chunks(from.max(1))).for_each(|(dx, x)| {
        for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for c in 0..channels {
                dx[c] = a[c].mul_add(dx[c], b[c].mul_add(x[c], shift[c]));
            }
        }
    });
    (dx, weight, bias)
}

/// Means over the positions of `max(x, floor)`, `[samples, channels]`.
pub fn mean(length: usize, channels: usize, x: &[f32], floor: f32) -> Vec<f32> {
    let mut out = vec![0.0; x.len() / length.max(1)];
    let share = 1.0 / length.max(1) as f32;
    out.par_chunks_mut(channels).zip(x.par_chunks(length * channels)).for_each(|(out, x)| {
        for row in x.chunks_exact(channels) {
            out.iter_mut().zip(row).for_each(|(sum, &v)| *sum += v.max(floor));
        }
        out.iter_mut().for_each(|sum| *sum *= share);
    });
    out
}

/// Gradient of the input of [`mean`].
pub fn mean_backward(length: usize, channels: usize, x: &[f32], floor: f32, dy: &[f32]) -> Vec<f32> {
    let mut dx = spare::room(x.len());
    let share = 1.0 / length.max(1) as f32;
    let size = length * channels;
    dx.par_chunks_mut(size).zip(x.par_chunks(size)).zip(dy.par_chunks(channels)).for_each(|((dx, x), dy)| {
        for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
                *dx = if x > floor { share * dy } else { 0.0 };
            }
        }
    });
    dx
}

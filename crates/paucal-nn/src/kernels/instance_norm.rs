//! Instance normalisation of samples laid out `[positions, channels]`, with the LeakyReLU that follows it.
//!
//! Per sample and channel, with `m` the mean over the N positions,
//!
//! ```text
//! n = (x − μ)/σ        u = γ n + β        y = φ(u)        s = φ'(u)        J v = γ/σ (v − m(v) − n m(n v))
//! ```
//!
//! J is symmetric. The gradient of the input is `J (s ∘ dy)`, a change `t` of the input moves the output by
//! `s ∘ J t`. As J depends on the input through μ, σ and n, so does that movement: for fixed t and d = s ∘ dy the product
//! `⟨d, J t⟩ = γ N/σ (A − q r)`, where `A = m(d t) − m(d) m(t)`, `q = m(d n)`, `r = m(n t)`, has the gradient
//!
//! ```text
//! ∂/∂γ = N/σ (A − q r)
//! ∂/∂x = −γ/σ² [ (A − q r) n + r (d − m(d) − n q) + q (t − m(t) − n r) ]
//! ```
//!
//! (φ is piecewise linear, so that s counts as constant). Slopes are found again from `u`, which costs less than keeping
//! them. Samples are independent and sums run over the positions in order.

use std::array::from_fn;

use rayon::prelude::*;

use super::lanes::{Rows, sums, update};
use super::spare;

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// What was normalised, and how.
#[derive(Clone, Copy)]
pub struct Normalised<'a> {
    /// The input, `[samples, positions, channels]`.
    pub x: &'a [f32],
    /// Mean of each sample and channel.
    pub mean: &'a [f32],
    /// `1 / √(variance + ε)` of each sample and channel.
    pub inverse: &'a [f32],
    /// γ and β of each channel, and the slope below zero.
    pub layer: Layer<'a>,
}

/// Parameters of the layer.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// γ of each channel.
    pub weight: &'a [f32],
    /// β of each channel.
    pub bias: &'a [f32],
    /// Slope of the LeakyReLU below zero; 1 for none.
    pub slope: f32,
}

/// Gradients of γ and β by sample, `[samples, channels]`.
pub struct Sums {
    /// Of γ.
    pub weight: Vec<f32>,
    /// Of β.
    pub bias: Vec<f32>,
}

impl Sums {
    fn of(samples: Vec<[Vec<f32>; 2]>) -> Self {
        let (bias, weight): (Vec<_>, Vec<_>) =
            samples.into_iter().map(|[bias, weight]| (bias, weight)).unzip();
        Self { weight: weight.concat(), bias: bias.concat() }
    }
}

/// The activated output, and mean and `1 / √(variance + ε)` of each sample and channel.
pub fn forward(x: &[f32], positions: usize, layer: Layer<'_>) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let size = (positions * layer.weight.len()).max(1);
    let mut y = spare::room(x.len());
    let samples: Vec<(Vec<f32>, Vec<f32>)> = y
        .par_chunks_mut(size)
        .zip(x.par_chunks(size))
        .map(|(y, x)| {
            let (mean, inverse) = statistics(x, positions, layer.weight.len());
            let sample = Sample::new(x, &mean, &inverse, layer);
            update(y, mean.len(), [sample.x], sample.constants(), |_, [x], [mean, a, b]| {
                let u = (x - mean).mul_add(a, b);
                u.through(u, layer.slope)
            });
            (mean, inverse)
        })
        .collect();
    let (mean, inverse): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
    (y, mean.concat(), inverse.concat())
}

/// Gradient of the input from that of the activated output.
pub fn backward(of: Normalised<'_>, dy: &[f32]) -> (Vec<f32>, Sums) {
    let mut dx = spare::room(of.x.len());
    let each = |(dx, sample): (&mut [f32], Sample<'_>), dy: &[f32]| sample.jacobian::<true>(dy, dx);
    let sums = of.samples(&mut dx).zip(dy.par_chunks(of.size())).map(|(at, dy)| each(at, dy)).collect();
    (dx, Sums::of(sums))
}

/// How a change `t` of the input moves the activated output.
pub fn tangent(of: Normalised<'_>, t: &[f32]) -> Vec<f32> {
    let mut out = spare::room(of.x.len());
    of.samples(&mut out).zip(t.par_chunks(of.size())).for_each(|((out, sample), t)| {
        sample.jacobian::<false>(t, out);
    });
    out
}

/// Gradient of the input of `⟨dy, tangent(t)⟩`, and of the activated output if one comes from above.
pub fn tangent_backward(
    of: Normalised<'_>,
    dy: &[f32],
    t: &[f32],
    above: Option<&[f32]>,
) -> (Vec<f32>, Sums) {
    let size = of.size();
    let channels = of.layer.weight.len();
    let mut dx = spare::room(of.x.len());
    let each = |i: usize, dx: &mut [f32], sample: Sample<'_>, dy: &[f32], t: &[f32]| {
        let mut sums = match above {
            Some(above) => sample.jacobian::<true>(&above[i * size..][..size], dx),
            None => {
                dx.fill(0.0);
                from_fn(|_| vec![0.0; channels])
            }
        };
        let weight = sample.add_curvature(dy, t, dx);
        sums[1].iter_mut().zip(weight).for_each(|(sum, v)| *sum += v);
        sums
    };
    let pairs = dy.par_chunks(size).zip(t.par_chunks(size));
    let sums = of
        .samples(&mut dx)
        .zip(pairs)
        .enumerate()
        .map(|(i, ((dx, sample), (dy, t)))| each(i, dx, sample, dy, t))
        .collect();
    (dx, Sums::of(sums))
}

impl<'a> Normalised<'a> {
    /// Values of a sample.
    fn size(&self) -> usize {
        let samples = self.mean.len() / self.layer.weight.len().max(1);
        self.x.len().checked_div(samples).unwrap_or(0).max(1)
    }

    /// Every sample beside its part of an output.
    fn samples<'o>(
        &self,
        out: &'o mut [f32],
    ) -> impl IndexedParallelIterator<Item = (&'o mut [f32], Sample<'a>)> {
        let (layer, size, channels) = (self.layer, self.size(), self.layer.weight.len().max(1));
        let statistics = self.mean.par_chunks(channels).zip(self.inverse.par_chunks(channels));
        let samples = self.x.par_chunks(size).zip(statistics);
        let made = samples.map(move |(x, (mean, inverse))| Sample::new(x, mean, inverse, layer));
        out.par_chunks_mut(size).zip(made)
    }
}

/// One sample.
struct Sample<'a> {
    x: Rows<'a>,
    mean: &'a [f32],
    inverse: &'a [f32],
    layer: Layer<'a>,
    /// `γ/σ`.
    scale: Vec<f32>,
}

impl<'a> Sample<'a> {
    fn new(x: &'a [f32], mean: &'a [f32], inverse: &'a [f32], layer: Layer<'a>) -> Self {
        let scale: Vec<f32> =
            layer.weight.iter().zip(inverse).map(|(weight, inverse)| weight * inverse).collect();
        Self { x: Rows::dense(x, mean.len()), mean, inverse, layer, scale }
    }

    /// What makes `u` of `x`: mean, factor and summand. The mean is taken off first, as it may be much larger than σ.
    fn constants(&self) -> [&[f32]; 3] {
        [self.mean, &self.scale, self.layer.bias]
    }

    /// `1 / N`.
    fn share(&self) -> f32 {
        1.0 / self.x.count as f32
    }

    /// `J (s ∘ v)` for the way back and `s ∘ J v` for the way forth; returns `Σ w` and `Σ w n` of what J is applied to.
    fn jacobian<const BACK: bool>(&self, v: &[f32], out: &mut [f32]) -> [Vec<f32>; 2] {
        let (slope, share, v) = (self.layer.slope, self.share(), Rows::dense(v, self.mean.len()));
        let [sum, mut normal] = sums([self.x, v], self.constants(), |[x, v], [mean, a, b]| {
            let x = x - mean;
            let w = if BACK { v.through(x.mul_add(a, b), slope) } else { v };
            [w, w * x]
        });
        normal.iter_mut().zip(self.inverse).for_each(|(v, inverse)| *v *= inverse);
        let middle: Vec<f32> = sum.iter().map(|v| v * share).collect();
        let along: Vec<f32> =
            normal.iter().zip(self.inverse).map(|(v, inverse)| v * inverse * share).collect();
        let [mean, scale, bias] = self.constants();
        let constants = [mean, scale, bias, &middle, &along];
        update(out, mean.len(), [self.x, v], constants, |_, [x, v], [mean, a, b, middle, along]| {
            let x = x - mean;
            let u = x.mul_add(a, b);
            let w = if BACK { v.through(u, slope) } else { v };
            let moved = a * (w - middle - x * along);
            if BACK { moved } else { moved.through(u, slope) }
        });
        [sum, normal]
    }

    /// Adds `∂/∂x ⟨s ∘ dy, J t⟩` and returns `∂/∂γ`.
    fn add_curvature(&self, dy: &[f32], t: &[f32], out: &mut [f32]) -> Vec<f32> {
        let (slope, share) = (self.layer.slope, self.share());
        let [dy, t] = [dy, t].map(|of| Rows::dense(of, self.mean.len()));
        let means = sums([self.x, dy, t], self.constants(), |[x, dy, t], [mean, a, b]| {
            let x = x - mean;
            let d = dy.through(x.mul_add(a, b), slope);
            [d, t, d * t, d * x, t * x]
        });
        let channels = self.mean.len();
        let [mut of_x, mut of_d, mut of_t, mut rest, mut weight]: [Vec<f32>; 5] =
            from_fn(|_| vec![0.0; channels]);
        for c in 0..channels {
            let [d, t, product, q, r] = from_fn(|k| means[k][c] * share);
            let inverse = self.inverse[c];
            let (q, r) = (q * inverse, r * inverse);
            let k = self.layer.weight[c] * inverse * inverse;
            weight[c] = inverse / share * (product - d * t - q * r);
            of_x[c] = k * inverse * (product - d * t - 3.0 * q * r);
            of_d[c] = k * r;
            of_t[c] = k * q;
            rest[c] = -k * (r * d + q * t);
        }
        let [mean, scale, bias] = self.constants();
        let constants = [mean, scale, bias, &of_x, &of_d, &of_t, &rest];
        update(
            out,
            mean.len(),
            [self.x, dy, t],
            constants,
            |old, [x, dy, t], [mean, a, b, of_x, of_d, of_t, rest]| {
                let x = x - mean;
                let d = dy.through(x.mul_add(a, b), slope);
                old - (of_x * x + of_d * d + of_t * t + rest)
            },
        );
        weight
    }
}

/// Mean and `1 / √(variance + ε)` of each channel.
fn statistics(x: &[f32], positions: usize, channels: usize) -> (Vec<f32>, Vec<f32>) {
    let share = 1.0 / positions as f32;
    let x = Rows::dense(x, channels);
    let [mut mean] = sums([x], [], |[x], []| [x]);
    mean.iter_mut().for_each(|sum| *sum *= share);
    let [mut inverse] = sums([x], [&*mean], |[x], [mean]| [(x - mean) * (x - mean)]);
    inverse.iter_mut().for_each(|sum| *sum = 1.0 / (*sum * share + EPSILON).sqrt());
    (mean, inverse)
}

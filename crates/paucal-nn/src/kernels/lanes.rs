//! Channels side by side: sums over the positions of a sample `[positions, channels]` and changes of its values, by
//! formulae on a few channels at a time.
//!
//! A formula is a closure on [`Lanes`], whose operators become vector instructions; one on single values would as often as
//! not be compiled to single instructions, at twenty times the cost. Every sum is a chain over the positions in order.

use std::array::from_fn;
use std::ops::{Add, Mul, Sub};

/// Channels at a time: sums of several formulae stay in registers.
const WIDTH: usize = 16;

/// Values of neighbouring channels at one position.
#[derive(Clone, Copy)]
pub struct Lanes([f32; WIDTH]);

impl Add for Lanes {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] + other.0[i]))
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] - other.0[i]))
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] * other.0[i]))
    }
}

impl Lanes {
    /// `self · factor + summand`, rounded once.
    #[inline]
    pub fn mul_add(self, factor: Self, summand: Self) -> Self {
        Self(from_fn(|i| self.0[i].mul_add(factor.0[i], summand.0[i])))
    }

    /// `self` times the slope of a LeakyReLU at `u`, which is `slope` where `u` is not above zero.
    #[inline]
    pub fn through(self, u: Self, slope: f32) -> Self {
        Self(from_fn(|i| if u.0[i] > 0.0 { self.0[i] } else { slope * self.0[i] }))
    }

    /// The values from `at` on; fewer, with zeros behind, where they are not `WHOLE`.
    #[inline]
    fn load<const WHOLE: bool>(values: &[f32], at: usize, width: usize) -> Self {
        let mut lanes = [0.0; WIDTH];
        if WHOLE {
            lanes.copy_from_slice(&values[at..at + WIDTH]);
        } else {
            lanes[..width].copy_from_slice(&values[at..at + width]);
        }
        Self(lanes)
    }

    #[inline]
    fn store<const WHOLE: bool>(self, values: &mut [f32], at: usize, width: usize) {
        if WHOLE {
            values[at..at + WIDTH].copy_from_slice(&self.0);
        } else {
            values[at..at + width].copy_from_slice(&self.0[..width]);
        }
    }
}

/// Sums over the positions of `term(values, constants of the channel)`, channel by channel.
pub fn sums<const I: usize, const J: usize, const K: usize>(
    values: [&[f32]; I],
    constants: [&[f32]; J],
    term: impl Fn([Lanes; I], [Lanes; J]) -> [Lanes; K],
) -> [Vec<f32>; K] {
    let channels = constants[0].len();
    let mut out = from_fn(|_| Vec::with_capacity(channels));
    for first in (0..channels).step_by(WIDTH) {
        let width = WIDTH.min(channels - first);
        let block = if width == WIDTH {
            block_sums::<true, I, J, K>(values, constants, first, &term)
        } else {
            block_sums::<false, I, J, K>(values, constants, first, &term)
        };
        out.iter_mut().zip(&block).for_each(|(out, sums)| out.extend(&sums.0[..width]));
    }
    out
}

fn block_sums<const WHOLE: bool, const I: usize, const J: usize, const K: usize>(
    values: [&[f32]; I],
    constants: [&[f32]; J],
    first: usize,
    term: &impl Fn([Lanes; I], [Lanes; J]) -> [Lanes; K],
) -> [Lanes; K] {
    let channels = constants[0].len();
    let width = WIDTH.min(channels - first);
    let constants: [Lanes; J] = from_fn(|j| Lanes::load::<WHOLE>(constants[j], first, width));
    let mut out = [Lanes([0.0; WIDTH]); K];
    for at in (first..values[0].len()).step_by(channels) {
        let row: [Lanes; I] = from_fn(|i| Lanes::load::<WHOLE>(values[i], at, width));
        let terms = term(row, constants);
        for k in 0..K {
            out[k] = out[k] + terms[k];
        }
    }
    out
}

/// Replaces every value by `term(itself, values, constants of the channel)`.
pub fn update<const I: usize, const J: usize>(
    out: &mut [f32],
    values: [&[f32]; I],
    constants: [&[f32]; J],
    term: impl Fn(Lanes, [Lanes; I], [Lanes; J]) -> Lanes,
) {
    let channels = constants[0].len();
    for first in (0..channels).step_by(WIDTH) {
        if channels - first >= WIDTH {
            update_block::<true, I, J>(out, values, constants, first, &term);
        } else {
            update_block::<false, I, J>(out, values, constants, first, &term);
        }
    }
}

fn update_block<const WHOLE: bool, const I: usize, const J: usize>(
    out: &mut [f32],
    values: [&[f32]; I],
    constants: [&[f32]; J],
    first: usize,
    term: &impl Fn(Lanes, [Lanes; I], [Lanes; J]) -> Lanes,
) {
    let channels = constants[0].len();
    let width = WIDTH.min(channels - first);
    let constants: [Lanes; J] = from_fn(|j| Lanes::load::<WHOLE>(constants[j], first, width));
    for at in (first..out.len()).step_by(channels) {
        let row: [Lanes; I] = from_fn(|i| Lanes::load::<WHOLE>(values[i], at, width));
        let old = Lanes::load::<WHOLE>(out, at, width);
        term(old, row, constants).store::<WHOLE>(out, at, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_channels_is_summed_and_changed() {
        for channels in [1, 5, 16, 17, 40] {
            let positions = 3;
            let x: Vec<f32> = (0..positions * channels).map(|i| (i % 7) as f32 - 3.0).collect();
            let mean: Vec<f32> = (0..channels).map(|c| c as f32).collect();
            let [sum, squares] = sums([&x], [&mean], |[x], [mean]| [x, (x - mean) * (x - mean)]);
            let mut out = x.clone();
            update(&mut out, [&x], [&mean], |old, [x], [mean]| x.mul_add(mean, old).through(x, 0.5));
            for c in 0..channels {
                let column = || (0..positions).map(|p| x[p * channels + c]);
                assert_eq!(sum[c], column().sum::<f32>());
                assert_eq!(squares[c], column().map(|x| (x - mean[c]).powi(2)).sum::<f32>());
                for (p, x) in column().enumerate() {
                    let want = (x * mean[c] + x) * if x > 0.0 { 1.0 } else { 0.5 };
                    assert_eq!(out[p * channels + c], want);
                }
            }
        }
    }
}

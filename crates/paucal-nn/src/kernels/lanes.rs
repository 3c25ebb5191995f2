//! Channels side by side: sums over the positions of a sample `[positions, channels]` and changes of its values, by
//! formulae on a few channels at a time.
//!
//! A formula is a closure on [`Lanes`], whose operators become vector instructions; one on single values would as often as
//! not be compiled to single instructions, at twenty times the cost. Every sum is a chain over the positions in order.

#![allow(clippy::inline_always, reason = "a call per operation would keep its operands in memory")]

use std::array::from_fn;
use std::ops::{Add, Mul, Sub};

/// Channels at a time: sums of several formulae stay in registers.
const WIDTH: usize = 16;

/// Values of neighbouring channels at one position.
#[derive(Clone, Copy)]
pub struct Lanes([f32; WIDTH]);

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a += b;
        }
        self
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a -= b;
        }
        self
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a *= b;
        }
        self
    }
}

impl Lanes {
    const ZERO: Self = Self([0.0; WIDTH]);

    /// `self · factor + summand`, rounded once.
    #[inline(always)]
    pub fn mul_add(mut self, factor: Self, summand: Self) -> Self {
        for (x, (a, b)) in self.0.iter_mut().zip(factor.0.iter().zip(&summand.0)) {
            *x = x.mul_add(*a, *b);
        }
        self
    }

    /// `self` times the slope of a LeakyReLU at `u`, which is `slope` where `u` is not above zero.
    #[inline(always)]
    pub fn through(mut self, u: Self, slope: f32) -> Self {
        for (x, u) in self.0.iter_mut().zip(&u.0) {
            *x = if *u > 0.0 { *x } else { slope * *x };
        }
        self
    }

    /// The values from `at` on; fewer, with zeros behind, where they are not `WHOLE`.
    #[inline(always)]
    fn load<const WHOLE: bool>(values: &[f32], at: usize, width: usize) -> Self {
        let mut lanes = [0.0; WIDTH];
        if WHOLE {
            lanes.copy_from_slice(&values[at..at + WIDTH]);
        } else {
            lanes[..width].copy_from_slice(&values[at..at + width]);
        }
        Self(lanes)
    }

    #[inline(always)]
    fn store<const WHOLE: bool>(self, values: &mut [f32], at: usize, width: usize) {
        if WHOLE {
            values[at..at + WIDTH].copy_from_slice(&self.0);
        } else {
            values[at..at + width].copy_from_slice(&self.0[..width]);
        }
    }
}

/// What stands from `at` on in each of several memories.
#[inline(always)]
fn row<const WHOLE: bool, const N: usize>(values: [&[f32]; N], at: usize, width: usize) -> [Lanes; N] {
    let mut row = [Lanes::ZERO; N];
    for (lanes, values) in row.iter_mut().zip(values) {
        *lanes = Lanes::load::<WHOLE>(values, at, width);
    }
    row
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
    let constants = row::<WHOLE, J>(constants, first, width);
    let mut out = [Lanes::ZERO; K];
    for at in (first..values[0].len()).step_by(channels) {
        let terms = term(row::<WHOLE, I>(values, at, width), constants);
        for (sum, term) in out.iter_mut().zip(terms) {
            *sum = *sum + term;
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
    let constants = row::<WHOLE, J>(constants, first, width);
    for at in (first..out.len()).step_by(channels) {
        let old = Lanes::load::<WHOLE>(out, at, width);
        term(old, row::<WHOLE, I>(values, at, width), constants).store::<WHOLE>(out, at, width);
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

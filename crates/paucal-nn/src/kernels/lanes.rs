//! Channels side by side: sums over the positions of a sample `[positions, channels]`, or over the rows of a matrix, and
//! changes of its values, by formulae on a few channels at a time.
//!
//! A formula is a closure on [`Lanes`], whose operators become vector instructions; one on single values would as often as
//! not be compiled to single instructions, at twenty times the cost. Every sum is a chain over the positions in order.

#![allow(clippy::inline_always, reason = "a call per operation would keep its operands in memory")]

use std::array::from_fn;
use std::ops::{Add, Mul, Range, Sub};

use rayon::prelude::*;

use super::host::Matrix;
use super::{PARALLEL_FROM, for_row_blocks};
use crate::layers::Activation;

/// Channels at a time: sums of several formulae stay in registers.
pub const WIDTH: usize = 16;
/// Channels of a task of [`by_columns`].
const COLUMNS: usize = 64;
/// Values of each matrix that are taken together.
const TILE: usize = 1 << 13;

/// Calls something for every block of channels, from its first one on: `blocks!(channels, WHOLE, first => f::<WHOLE>(first))`.
/// `WHOLE` is `false` for a last block of fewer than [`WIDTH`] channels.
macro_rules! blocks {
    ($channels:expr, $whole:ident, $first:ident => $call:expr) => {
        for $first in (0..$channels).step_by($crate::kernels::lanes::WIDTH) {
            if $channels - $first >= $crate::kernels::lanes::WIDTH {
                const $whole: bool = true;
                $call;
            } else {
                const $whole: bool = false;
                $call;
            }
        }
    };
}
pub(crate) use blocks;

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

    /// `self` where `a` and `b` are the same, 0 elsewhere.
    #[inline(always)]
    pub fn where_equal(mut self, a: Self, b: Self) -> Self {
        for (x, (a, b)) in self.0.iter_mut().zip(a.0.iter().zip(&b.0)) {
            *x = if a == b { *x } else { 0.0 };
        }
        self
    }

    /// What an activation makes of it.
    #[inline(always)]
    pub fn activated(mut self, activation: Activation) -> Self {
        self.0.iter_mut().for_each(|x| *x = activation.value(*x));
        self
    }

    /// `self` times the derivative of an activation where its output is `y`.
    #[inline(always)]
    pub fn back(mut self, activation: Activation, y: Self) -> Self {
        for (x, y) in self.0.iter_mut().zip(y.0) {
            *x *= activation.derivative_from_output(y);
        }
        self
    }

    /// The values from `at` on; fewer, with zeros behind, where they are not `WHOLE`.
    #[inline(always)]
    pub fn load<const WHOLE: bool>(values: &[f32], at: usize, width: usize) -> Self {
        // Without a copy in between, which would go through memory.
        if WHOLE && let Some(lanes) = values[at..].first_chunk() {
            return Self(*lanes);
        }
        let mut lanes = [0.0; WIDTH];
        lanes[..width].copy_from_slice(&values[at..at + width]);
        Self(lanes)
    }

    /// Writes them there.
    #[inline(always)]
    pub fn store<const WHOLE: bool>(self, values: &mut [f32], at: usize, width: usize) {
        if WHOLE {
            values[at..at + WIDTH].copy_from_slice(&self.0);
        } else {
            values[at..at + width].copy_from_slice(&self.0[..width]);
        }
    }
}

/// Positions of a sample, or rows of a matrix, which may be a slice of longer ones.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// From the first value on.
    pub values: &'a [f32],
    /// Distance between the starts of two rows.
    pub stride: usize,
    /// How many.
    pub count: usize,
    /// Channels.
    pub columns: usize,
}

impl<'a> From<&'a Matrix> for Rows<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        let (stride, count, columns) = (matrix.stride(), matrix.rows, matrix.columns);
        Self { values: matrix.values(), stride, count, columns }
    }
}

impl<'a> Rows<'a> {
    /// Rows without gaps.
    pub fn dense(values: &'a [f32], columns: usize) -> Self {
        Self { values, stride: columns, count: values.len() / columns.max(1), columns }
    }

    /// Some of the rows.
    pub fn slice(self, rows: Range<usize>) -> Self {
        Self { values: &self.values[rows.start * self.stride..], count: rows.len(), ..self }
    }

    /// Some of the channels.
    pub fn channels(self, columns: Range<usize>) -> Self {
        Self { values: &self.values[columns.start..], columns: columns.len(), ..self }
    }
}

/// What stands from `first` on in row `i` of each of several memories.
#[inline(always)]
fn row<const WHOLE: bool, const N: usize>(
    of: [Rows<'_>; N],
    i: usize,
    first: usize,
    width: usize,
) -> [Lanes; N] {
    of.map(|rows| Lanes::load::<WHOLE>(rows.values, i * rows.stride + first, width))
}

/// Sums over the rows of `term(values, constants of the channel)`, channel by channel.
pub fn sums<const I: usize, const J: usize, const K: usize>(
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    term: impl Fn([Lanes; I], [Lanes; J]) -> [Lanes; K],
) -> [Vec<f32>; K] {
    let Rows { count, columns, .. } = values[0];
    let mut out = from_fn(|_| vec![0.0; columns]);
    for tile in tiles(count, columns) {
        let values = values.map(|rows| rows.slice(tile.clone()));
        blocks!(columns, WHOLE, first => add_block::<WHOLE, I, J, K>(&mut out, values, constants, first, &term));
    }
    out
}

fn add_block<const WHOLE: bool, const I: usize, const J: usize, const K: usize>(
    out: &mut [Vec<f32>; K],
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    first: usize,
    term: &impl Fn([Lanes; I], [Lanes; J]) -> [Lanes; K],
) {
    let width = WIDTH.min(values[0].columns - first);
    let constants = constants.map(|of| Lanes::load::<WHOLE>(of, first, width));
    let mut sums: [Lanes; K] = from_fn(|k| Lanes::load::<WHOLE>(&out[k], first, width));
    for i in 0..values[0].count {
        let terms = term(row::<WHOLE, I>(values, i, first, width), constants);
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = *sum + term;
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        sum.store::<WHOLE>(out, first, width);
    }
}

/// [`sums`] on all threads if the matrices are large.
pub fn parallel_sums<const I: usize, const J: usize, const K: usize>(
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    term: impl Fn([Lanes; I], [Lanes; J]) -> [Lanes; K] + Sync,
) -> [Vec<f32>; K] {
    let Rows { count, columns, .. } = values[0];
    by_columns(columns, count * columns * passes(I), |range| {
        let values = values.map(|rows| rows.channels(range.clone()));
        sums(values, constants.map(|of| &of[range.clone()]), &term)
    })
}

/// What `each` makes of some columns, joined: on all threads if so many operations are worth it.
pub fn by_columns<const K: usize>(
    columns: usize,
    operations: usize,
    each: impl Fn(Range<usize>) -> [Vec<f32>; K] + Sync,
) -> [Vec<f32>; K] {
    if operations < PARALLEL_FROM {
        return each(0..columns);
    }
    let range = |i: usize| i * COLUMNS..((i + 1) * COLUMNS).min(columns);
    let parts: Vec<_> = (0..columns.div_ceil(COLUMNS)).into_par_iter().map(|i| each(range(i))).collect();
    from_fn(|k| parts.iter().flat_map(|part| &part[k]).copied().collect())
}

/// What a formula on so many matrices costs per value: memory is what takes the time.
fn passes(matrices: usize) -> usize {
    matrices.div_ceil(2).max(1)
}

/// Rows that are taken together, so that all their channels are read while they are in the cache.
fn tiles(count: usize, columns: usize) -> impl Iterator<Item = Range<usize>> {
    let step = (TILE / columns.max(1)).max(1);
    (0..count).step_by(step).map(move |first| first..(first + step).min(count))
}

/// [`update`] of a matrix by a term of such a cost, on all threads if that is worth it.
pub fn update_rows<const I: usize, const J: usize>(
    out: &mut [f32],
    columns: usize,
    cost: usize,
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    term: impl Fn(Lanes, [Lanes; I], [Lanes; J]) -> Lanes + Sync,
) {
    for_row_blocks(out, columns, cost * passes(I), |first, block| {
        for tile in tiles(block.len() / columns, columns) {
            let out = &mut block[tile.start * columns..tile.end * columns];
            let rows = first + tile.start..first + tile.end;
            update(out, columns, values.map(|of| of.slice(rows.clone())), constants, &term);
        }
    });
}

/// Replaces every value of rows without gaps by `term(itself, values, constants of the channel)`.
pub fn update<const I: usize, const J: usize>(
    out: &mut [f32],
    columns: usize,
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    term: impl Fn(Lanes, [Lanes; I], [Lanes; J]) -> Lanes,
) {
    blocks!(columns, WHOLE, first => update_block::<WHOLE, I, J>(out, columns, values, constants, first, &term));
}

fn update_block<const WHOLE: bool, const I: usize, const J: usize>(
    out: &mut [f32],
    columns: usize,
    values: [Rows<'_>; I],
    constants: [&[f32]; J],
    first: usize,
    term: &impl Fn(Lanes, [Lanes; I], [Lanes; J]) -> Lanes,
) {
    let width = WIDTH.min(columns - first);
    let constants = constants.map(|of| Lanes::load::<WHOLE>(of, first, width));
    for i in 0..out.len() / columns {
        let at = i * columns + first;
        let old = Lanes::load::<WHOLE>(out, at, width);
        term(old, row::<WHOLE, I>(values, i, first, width), constants).store::<WHOLE>(out, at, width);
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
            let rows = Rows::dense(&x, channels);
            let [sum, squares] = sums([rows], [&mean], |[x], [mean]| [x, (x - mean) * (x - mean)]);
            let mut out = x.clone();
            update(&mut out, channels, [rows], [&mean], |old, [x], [mean]| {
                x.mul_add(mean, old).through(x, 0.5)
            });
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

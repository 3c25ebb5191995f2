//! Batch normalisation of a matrix, column by column, with the activation that follows it.

use std::ops::Range;

use rayon::prelude::*;

use super::host::Matrix;
use super::{cost, for_row_blocks, map_column_blocks, spare};
use crate::layers::Activation;

/// Mean and biased variance of a column.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Mean.
    pub mean: f32,
    /// Mean squared deviation.
    pub variance: f32,
}

/// Rows whose moments are taken together; those of more rows are merged in order.
const BLOCK: usize = 1024;

/// Moments of every column: in two passes over each block of rows, blocks merged by the formula of Chan, Golub and
/// LeVeque (1983, The American Statistician 37).
pub fn moments(x: &Matrix) -> Vec<Moments> {
    let ranges = blocks(x.rows);
    let blocks = of_blocks(&ranges, |rows| sums(x, rows));
    let mut merged = vec![(0.0_f32, 0.0_f32); x.columns];
    for (rows, block) in ranges.iter().zip(&blocks) {
        let (before, here) = (rows.start as f32, rows.len() as f32);
        for ((mean, squares), &(its_mean, its_squares)) in merged.iter_mut().zip(block) {
            let step = its_mean - *mean;
            *mean = if rows.start == 0 { its_mean } else { *mean + step * here / (before + here) };
            *squares += its_squares + step * step * before * here / (before + here);
        }
    }
    let n = x.rows as f32;
    merged.into_iter().map(|(mean, squares)| Moments { mean, variance: squares / n }).collect()
}

/// The blocks of so many rows.
fn blocks(rows: usize) -> Vec<Range<usize>> {
    (0..rows).step_by(BLOCK).map(|first| first..(first + BLOCK).min(rows)).collect()
}

/// Of every block what `each` makes of it, on all threads if there are several.
fn of_blocks<T: Send>(ranges: &[Range<usize>], each: impl Fn(&Range<usize>) -> T + Sync + Send) -> Vec<T> {
    if ranges.len() > 1 { ranges.par_iter().map(each).collect() } else { ranges.iter().map(each).collect() }
}

/// Mean and sum of squared deviations of each column over some rows.
fn sums(x: &Matrix, rows: &Range<usize>) -> Vec<(f32, f32)> {
    let n = rows.len() as f32;
    map_column_blocks(x.columns, rows.len() * x.columns, |range| {
        let mut means = vec![0.0_f32; range.len()];
        for i in rows.clone() {
            for (sum, &v) in means.iter_mut().zip(&x.row(i)[range.clone()]) {
                *sum += v;
            }
        }
        means.iter_mut().for_each(|sum| *sum /= n);
        let mut squares = vec![0.0_f32; range.len()];
        for i in rows.clone() {
            for ((square, &mean), &v) in squares.iter_mut().zip(&means).zip(&x.row(i)[range.clone()]) {
                *square += (v - mean) * (v - mean);
            }
        }
        means.into_iter().zip(squares).collect()
    })
}

/// `activation(scale · x + shift + added)`, column by column.
pub fn scale_shift(
    x: &Matrix,
    scale: &[f32],
    shift: &[f32],
    added: Option<&[f32]>,
    activation: Activation,
) -> Vec<f32> {
    let columns = x.columns;
    let mut out = spare::room(x.rows * columns);
    for_row_blocks(&mut out, columns, cost::ARITHMETIC, |first, block| {
        for (i, row) in block.chunks_exact_mut(columns).enumerate() {
            let values = row.iter_mut().zip(x.row(first + i)).zip(scale).zip(shift);
            match added {
                None => values.for_each(|(((y, &x), &a), &b)| *y = activation.value(a.mul_add(x, b))),
                Some(added) => {
                    let added = &added[(first + i) * columns..][..columns];
                    values.zip(added).for_each(|((((y, &x), &a), &b), &more)| {
                        *y = activation.value(a.mul_add(x, b) + more);
                    });
                }
            }
        }
    });
    out
}

/// What the backward pass of a normalised and activated matrix needs from the forward pass.
pub struct Saved<'a> {
    /// The input.
    pub x: &'a Matrix,
    /// The activated output.
    pub y: &'a Matrix,
    /// Mean of each column.
    pub mean: &'a [f32],
    /// `1 / √(variance + ε)` of each column.
    pub inverse: &'a [f32],
    /// The activation.
    pub activation: Activation,
}

/// Gradients of the input, the scale γ and the shift β from that of the activated output:
/// with `d` the gradient before the activation and `x̂` the normalised input,
/// `dβ = Σ d`, `dγ = Σ d x̂`, `dx = γ/σ (d − dβ/n − x̂ dγ/n)`.
pub fn backward(saved: &Saved, weight: &[f32], dy: &Matrix) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (x, y) = (saved.x, saved.y);
    let ranges = blocks(x.rows);
    let parts = of_blocks(&ranges, |rows| {
        map_column_blocks(x.columns, rows.len() * x.columns, |range| {
            let mut sums = vec![(0.0_f32, 0.0_f32); range.len()];
            for i in rows.clone() {
                let (x, y, dy) =
                    (&x.row(i)[range.clone()], &y.row(i)[range.clone()], &dy.row(i)[range.clone()]);
                let columns = saved.mean[range.clone()].iter().zip(&saved.inverse[range.clone()]);
                for ((sum, (&mean, &inverse)), ((&x, &y), &dy)) in
                    sums.iter_mut().zip(columns).zip(x.iter().zip(y).zip(dy))
                {
                    let d = dy * saved.activation.derivative_from_output(y);
                    sum.0 += d;
                    sum.1 += d * (x - mean) * inverse;
                }
            }
            sums
        })
    });
    let (mut bias_gradient, mut weight_gradient) = (vec![0.0; x.columns], vec![0.0; x.columns]);
    for part in &parts {
        for ((bias, weight), of) in bias_gradient.iter_mut().zip(&mut weight_gradient).zip(part) {
            *bias += of.0;
            *weight += of.1;
        }
    }
    // dx = a d + b x + c with one triple per column.
    let n = x.rows as f32;
    let triples: Vec<(f32, f32, f32)> = (0..x.columns)
        .map(|j| {
            let a = weight[j] * saved.inverse[j];
            let b = -a * weight_gradient[j] * saved.inverse[j] / n;
            (a, b, -a * bias_gradient[j] / n - b * saved.mean[j])
        })
        .collect();
    let mut out = spare::room(x.rows * x.columns);
    for_row_blocks(&mut out, x.columns, cost::ARITHMETIC, |first, block| {
        for (i, row) in block.chunks_exact_mut(x.columns).enumerate() {
            let (x, y, dy) = (x.row(first + i), y.row(first + i), dy.row(first + i));
            for ((dx, &(a, b, c)), ((&x, &y), &dy)) in
                row.iter_mut().zip(&triples).zip(x.iter().zip(y).zip(dy))
            {
                let d = dy * saved.activation.derivative_from_output(y);
                *dx = a.mul_add(d, b.mul_add(x, c));
            }
        }
    });
    (out, weight_gradient, bias_gradient)
}

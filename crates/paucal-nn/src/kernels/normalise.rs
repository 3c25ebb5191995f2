//! Batch normalisation of a matrix, column by column, with the activation that follows it.

use std::ops::Range;

use rayon::prelude::*;

use super::host::Matrix;
use super::lanes::{Rows, by_columns, parallel_sums, sums, update_rows};
use super::{cost, spare};
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
    let blocks = of_blocks(&ranges, |rows| centred(Rows::from(x).slice(rows.clone())));
    let mut merged = vec![(0.0_f32, 0.0_f32); x.columns];
    for (rows, [means, squares]) in ranges.iter().zip(&blocks) {
        let (before, here) = (rows.start as f32, rows.len() as f32);
        for ((mean, squares), (&its_mean, &its_squares)) in merged.iter_mut().zip(means.iter().zip(squares)) {
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

/// Mean and sum of squared deviations of each column.
fn centred(x: Rows<'_>) -> [Vec<f32>; 2] {
    by_columns(x.columns, 2 * x.count * x.columns, |columns| {
        let x = x.channels(columns);
        let [mut means] = sums([x], [], |[x], []| [x]);
        means.iter_mut().for_each(|sum| *sum /= x.count as f32);
        let [squares] = sums([x], [&means], |[x], [mean]| [(x - mean) * (x - mean)]);
        [means, squares]
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
    let mut out = spare::room(x.rows * x.columns);
    let (columns, constants, x) = (x.columns, [scale, shift], Rows::from(x));
    match added {
        None => {
            update_rows(&mut out, columns, activation.cost(), [x], constants, |_, [x], [a, b]| {
                x.mul_add(a, b).activated(activation)
            });
        }
        Some(added) => {
            let added = Rows::dense(added, columns);
            update_rows(
                &mut out,
                columns,
                activation.cost(),
                [x, added],
                constants,
                |_, [x, added], [a, b]| (x.mul_add(a, b) + added).activated(activation),
            );
        }
    }
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
    let (values, activation) = ([saved.x, saved.y, dy].map(Rows::from), saved.activation);
    let (rows, columns) = (saved.x.rows, saved.x.columns);
    let parts = of_blocks(&blocks(rows), |rows| {
        let some = values.map(|of| of.slice(rows.clone()));
        parallel_sums(some, [saved.mean, saved.inverse], |[x, y, dy], [mean, inverse]| {
            let d = dy.back(activation, y);
            [d, d * (x - mean) * inverse]
        })
    });
    let [mut of_bias, mut of_weight] = [(); 2].map(|()| vec![0.0; columns]);
    for [bias, weight] in &parts {
        of_bias.iter_mut().zip(bias).for_each(|(sum, v)| *sum += v);
        of_weight.iter_mut().zip(weight).for_each(|(sum, v)| *sum += v);
    }
    // dx = a d + b x + c, channel by channel.
    let n = rows as f32;
    let [mut a, mut b, mut c] = [(); 3].map(|()| vec![0.0; columns]);
    for j in 0..columns {
        a[j] = weight[j] * saved.inverse[j];
        b[j] = -a[j] * of_weight[j] * saved.inverse[j] / n;
        c[j] = -a[j] * of_bias[j] / n - b[j] * saved.mean[j];
    }
    let mut out = spare::room(rows * columns);
    update_rows(&mut out, columns, cost::ARITHMETIC, values, [&a, &b, &c], |_, [x, y, dy], [a, b, c]| {
        dy.back(activation, y).mul_add(a, x.mul_add(b, c))
    });
    (out, of_weight, of_bias)
}

//! What the kernels of recurrent layers share.
//!
//! Rows of a sequence do not know of each other, so that a task takes a block of rows through all steps: threads meet
//! once per layer, not once per step. Arrays are `[steps, rows, ·]`. The products are those of [`tile`](super::tile),
//! whose sums do not depend on how rows are cut into blocks.

use rayon::prelude::*;

use super::PARALLEL_FROM;
use super::host::Matrix;
use super::spare;
use super::tile::{self, Panel, Windows, padded};

/// Rows per block.
const ROWS: usize = 16;

/// Sizes of a recurrent layer and its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Steps of the sequence.
    pub steps: usize,
    /// Rows that go through it side by side.
    pub rows: usize,
    /// Values per row and step.
    pub inputs: usize,
    /// Width of the state.
    pub units: usize,
}

/// The weights of a layer with some gates.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// Inputs to gates, `[gates · units, inputs]`.
    pub input: &'a [f32],
    /// What is added to them.
    pub input_bias: &'a [f32],
    /// State to gates, `[gates · units, units]`.
    pub recurrent: &'a [f32],
    /// What is added to them.
    pub recurrent_bias: &'a [f32],
}

/// A right factor of products with rows, in the layout that [`tile`] reads.
pub struct Packed {
    values: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl Packed {
    /// A matrix `[depth, columns]`.
    pub fn plain(matrix: &[f32], columns: usize) -> Self {
        let (depth, stride) = (matrix.len() / columns.max(1), padded(columns));
        let mut values = vec![0.0; depth * stride];
        for (to, from) in values.chunks_exact_mut(stride.max(1)).zip(matrix.chunks_exact(columns.max(1))) {
            to[..columns].copy_from_slice(from);
        }
        Self { values, depth, columns }
    }

    /// A matrix `[columns, depth]`.
    pub fn transposed(matrix: &[f32], depth: usize) -> Self {
        let columns = matrix.len() / depth.max(1);
        let stride = padded(columns);
        let mut values = vec![0.0; depth * stride];
        for (column, from) in matrix.chunks_exact(depth.max(1)).enumerate() {
            for (i, &v) in from.iter().enumerate() {
                values[i * stride + column] = v;
            }
        }
        Self { values, depth, columns }
    }

    /// `out += rows · self`, for rows without gaps.
    pub fn add_product(&self, out: &mut [f32], rows: &[f32]) {
        let count = out.len() / self.columns.max(1);
        let a = Windows { values: rows, row: self.depth, inner: 1 };
        let b = Panel { values: &self.values, depth: self.depth, stride: padded(self.columns) };
        tile::add_product(out, count, self.columns, a, b);
    }
}

/// What one task may write of an array `[steps, rows, ·]`: its rows of every step.
pub type Block<'a> = Vec<&'a mut [f32]>;

/// The blocks of an array `[steps, rows, width]`.
pub fn blocks(array: &mut [f32], rows: usize, width: usize) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = (0..rows.div_ceil(ROWS)).map(|_| Vec::new()).collect();
    for step in array.chunks_exact_mut((rows * width).max(1)) {
        for (block, part) in blocks.iter_mut().zip(step.chunks_mut((ROWS * width).max(1))) {
            block.push(part);
        }
    }
    blocks
}

/// Where the rows of a block lie in an array `[steps, rows, width]` at a step.
pub fn place(sizes: Sizes, block: usize, step: usize, width: usize) -> std::ops::Range<usize> {
    let first = block * ROWS;
    let count = ROWS.min(sizes.rows - first);
    let start = (step * sizes.rows + first) * width;
    start..start + count * width
}

/// Calls `each(block, parts)` for the parts of every block, on all threads if `sums` multiplications are worth it.
pub fn for_blocks<T: Send>(parts: Vec<T>, sums: usize, each: impl Fn(usize, T) + Sync + Send) {
    // A product makes some sixteen multiplications in the time of one of the operations that this is measured in.
    if sums / 16 < PARALLEL_FROM {
        parts.into_iter().enumerate().for_each(|(block, part)| each(block, part));
    } else {
        parts.into_par_iter().enumerate().with_max_len(1).for_each(|(block, part)| each(block, part));
    }
}

/// An array `[steps + 1, rows, ·]` that starts with `first` and is to be filled.
pub fn started(first: &[f32], steps: usize) -> Vec<f32> {
    let mut values = spare::room((steps + 1) * first.len());
    values[..first.len()].copy_from_slice(first);
    values
}

/// Adds the given rows of a matrix to rows without gaps.
pub fn add_rows(sums: &mut [f32], matrix: &Matrix, rows: std::ops::Range<usize>) {
    for (sums, i) in sums.chunks_exact_mut(matrix.columns.max(1)).zip(rows) {
        sums.iter_mut().zip(matrix.row(i)).for_each(|(sum, v)| *sum += v);
    }
}

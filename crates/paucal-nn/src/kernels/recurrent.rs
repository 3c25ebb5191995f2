//! What the kernels of recurrent layers share.
//!
//! Rows of a sequence do not know of each other, so that a task takes a block of rows through all steps: threads meet
//! once per layer, not once per step. Arrays are `[steps, rows, ·]`. The products are those of [`product`],
//! whose sums do not depend on how rows are cut into blocks.

use rayon::prelude::*;

use super::PARALLEL_FROM;
use super::host::Matrix;
use super::product::{self, Packing, Picked};
use super::spare;

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

/// A right factor of products with rows, in the layout that [`product`] reads.
pub struct Packed {
    values: Vec<f32>,
    packing: Packing,
    columns: usize,
    /// The places of the values of a row.
    inner: Vec<u32>,
    /// Where the rows of a block start in the left factor and in the product.
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Packed {
    /// A matrix `[depth, columns]`.
    pub fn plain(matrix: &[f32], columns: usize) -> Self {
        Self::new(matrix.len() / columns.max(1), columns, |i, column| matrix[i * columns + column])
    }

    /// A matrix `[columns, depth]`.
    pub fn transposed(matrix: &[f32], depth: usize) -> Self {
        Self::new(depth, matrix.len() / depth.max(1), |i, column| matrix[column * depth + i])
    }

    fn new(depth: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let packing = Packing::new(depth, columns);
        let mut values = vec![0.0; packing.len];
        for i in 0..depth {
            for column in 0..columns {
                values[packing.at(i, column)] = value(i, column);
            }
        }
        let every = |width: usize| (0..ROWS).map(|row| (row * width) as u32).collect();
        let inner = (0..depth as u32).collect();
        Self { values, packing, columns, inner, starts: every(depth), places: every(columns) }
    }

    /// `out += rows · self`, for the rows of a block without gaps.
    pub fn add_product(&self, out: &mut [f32], rows: &[f32]) {
        let count = out.len() / self.columns.max(1);
        let a = Picked { values: rows, rows: &self.starts[..count], inner: &self.inner };
        let b = self.packing.panel(&self.values);
        product::add_product(out, &self.places[..count], self.columns, a, b);
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

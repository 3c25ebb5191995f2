//! Dense layers: matrix products, bias, activation.

use super::host::Matrix;
use super::{cost, for_row_blocks, map_column_blocks, spare};
use crate::layers::Activation;

/// One factor of a product.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    matrix: &'a Matrix,
    transposed: bool,
}

/// The matrix as it is.
pub fn plain(matrix: &Matrix) -> Factor<'_> {
    Factor { matrix, transposed: false }
}

/// The matrix transposed.
pub fn transposed(matrix: &Matrix) -> Factor<'_> {
    Factor { matrix, transposed: true }
}

impl Factor<'_> {
    fn rows(self) -> usize {
        if self.transposed { self.matrix.columns } else { self.matrix.rows }
    }

    fn columns(self) -> usize {
        if self.transposed { self.matrix.rows } else { self.matrix.columns }
    }

    /// Distance between neighbours in a column and in a row.
    fn strides(self) -> (isize, isize) {
        let stride = self.matrix.stride() as isize;
        if self.transposed { (1, stride) } else { (stride, 1) }
    }

    /// Values the factor reaches into, so that the product never reads past its memory.
    fn extent(self) -> usize {
        let m = self.matrix;
        if m.rows == 0 || m.columns == 0 { 0 } else { (m.rows - 1) * m.stride() + m.columns }
    }
}

/// Products below this many multiplications run on one thread: some fifty microseconds.
const PARALLEL_FROM: usize = 1 << 23;

/// `out += a b`, row-major.
pub fn add_product(out: &mut [f32], a: Factor, b: Factor) {
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    assert_eq!(k, b.rows(), "the inner sizes of a product agree");
    assert_eq!(out.len(), m * n, "the output of a product fits");
    assert!(a.matrix.values().len() >= a.extent() && b.matrix.values().len() >= b.extent());
    if m * n == 0 || k == 0 {
        return;
    }
    let parallelism =
        if m * n * k < PARALLEL_FROM { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(0) };
    let ((a_rs, a_cs), (b_rs, b_cs)) = (a.strides(), b.strides());
    // SAFETY: the sizes and strides describe memory inside the three slices, as asserted above; `out` is
    // borrowed exclusively and therefore overlaps neither factor.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.matrix.values().as_ptr(),
            a_cs,
            a_rs,
            b.matrix.values().as_ptr(),
            b_cs,
            b_rs,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `a b`, row-major.
pub fn product(a: Factor, b: Factor) -> Vec<f32> {
    let mut out = spare::room(a.rows() * b.columns());
    out.fill(0.0);
    add_product(&mut out, a, b);
    out
}

/// `activation(x wᵀ + bias)`.
pub fn linear(x: &Matrix, weight: &Matrix, bias: &[f32], activation: Activation) -> Vec<f32> {
    let mut out = spare::room(x.rows * bias.len());
    out.chunks_exact_mut(bias.len().max(1)).for_each(|row| row.copy_from_slice(bias));
    add_product(&mut out, plain(x), transposed(weight));
    activate(&mut out, activation);
    out
}

/// Applies an activation in place.
pub fn activate(values: &mut [f32], activation: Activation) {
    if activation != Activation::Identity {
        let cost = match activation {
            Activation::Tanh | Activation::Sigmoid => cost::TRANSCENDENTAL,
            _ => cost::ARITHMETIC,
        };
        for_row_blocks(values, 1, cost, |_, block| block.iter_mut().for_each(|y| *y = activation.value(*y)));
    }
}

/// `gradient · activation'`, the derivative taken from the activation's output.
pub fn activation_gradient(output: &Matrix, gradient: &Matrix, activation: Activation) -> Vec<f32> {
    let columns = output.columns;
    let mut out = spare::room(output.rows * columns);
    for_row_blocks(&mut out, columns, cost::ARITHMETIC, |first, block| {
        for (i, row) in block.chunks_exact_mut(columns).enumerate() {
            let (y, dy) = (output.row(first + i), gradient.row(first + i));
            for ((dx, &y), &dy) in row.iter_mut().zip(y).zip(dy) {
                *dx = dy * activation.derivative_from_output(y);
            }
        }
    });
    out
}

/// The sum of each column, rows added from the first to the last.
pub fn column_sums(x: &Matrix) -> Vec<f32> {
    map_column_blocks(x.columns, x.rows * x.columns, |range| {
        let mut sums = vec![0.0_f32; range.len()];
        for i in 0..x.rows {
            for (sum, &v) in sums.iter_mut().zip(&x.row(i)[range.clone()]) {
                *sum += v;
            }
        }
        sums
    })
}

//! Matrices side by side.

use burn::tensor::Tensor;

use crate::kernels::host::{self, Matrix};
use crate::kernels::{cost, for_row_blocks, spare};

/// `[left, right]`, row by row.
///
/// # Panics
/// Panics unless both have as many rows.
pub(crate) fn beside(left: &Tensor<2>, right: &Tensor<2>) -> Tensor<2> {
    let (Some(a), Some(b)) = (Matrix::of(left), Matrix::of(right)) else {
        return Tensor::cat(vec![left.clone(), right.clone()], 1);
    };
    let [rows, other] = [left, right].map(|matrix| matrix.dims()[0]);
    assert_eq!(rows, other, "matrices side by side have as many rows");
    let columns = a.columns + b.columns;
    let mut out = spare::room(rows * columns);
    for_row_blocks(&mut out, columns, cost::ARITHMETIC, |first, rows| {
        for (i, row) in rows.chunks_exact_mut(columns).enumerate() {
            let (left, right) = row.split_at_mut(a.columns);
            left.copy_from_slice(a.row(first + i));
            right.copy_from_slice(b.row(first + i));
        }
    });
    host::tensor(out, [rows, columns])
}

//! Stacks of samples.

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::kernels::host::{self, Dense, Owned};
use crate::kernels::spare;

/// Samples one below the other.
pub(super) fn stacked(parts: &[&Tensor<4>]) -> Tensor<4> {
    let mut dims = parts[0].dims();
    dims[0] = parts.iter().map(|part| part.dims()[0]).sum();
    let lent: Option<Vec<Dense>> = parts.iter().map(|part| Dense::of(part)).collect();
    let Some(lent) = lent else {
        return Tensor::cat(parts.iter().map(|&part| part.clone()).collect(), 0);
    };
    let mut out = spare::room(dims.iter().product());
    let mut rest = &mut out[..];
    let mut pieces = Vec::with_capacity(lent.len());
    for part in &lent {
        let (piece, behind) = rest.split_at_mut(part.len());
        pieces.push((piece, part));
        rest = behind;
    }
    pieces.into_par_iter().for_each(|(to, from)| to.copy_from_slice(from));
    host::tensor(out, dims)
}

/// The stack with the last samples replaced.
pub(super) fn with_last(mut stack: Tensor<4>, last: &Tensor<4>) -> Tensor<4> {
    let kept = stack.dims()[0] - last.dims()[0];
    if let Some(lent) = Dense::of(last)
        && let Some(mut memory) = Owned::take(&mut stack)
    {
        let values = memory.values_mut();
        let from = values.len() - lent.len();
        values[from..].copy_from_slice(&lent);
        return memory.tensor();
    }
    Tensor::cat(vec![stack.narrow(0, 0, kept), last.clone()], 0)
}

/// Every sample as a row.
pub(super) fn flat(x: &Tensor<4>) -> Tensor<2> {
    let [rows, height, width, channels] = x.dims();
    x.clone().reshape([rows, height * width * channels])
}

//! Moving averages of tensors.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::PARALLEL_FROM;
use super::host::{Matrix, Owned};

/// Values per task.
const CHUNK: usize = 1 << 15;

/// Moves `tensor` the given share of the way towards the flat `goal` of the same size.
pub fn move_towards<const D: usize>(tensor: &mut Tensor<D>, goal: Tensor<1>, share: f32) {
    let shape = tensor.dims();
    if let Some(goal) = Matrix::of(&goal)
        && let Some(mut memory) = Owned::take(tensor)
    {
        let (values, goal) = (memory.values_mut(), goal.row(0));
        if values.len() < PARALLEL_FROM {
            move_chunk(values, goal, share);
        } else {
            let chunks = values.par_chunks_mut(CHUNK).zip(goal.par_chunks(CHUNK));
            chunks.for_each(|(values, goal)| move_chunk(values, goal, share));
        }
        *tensor = memory.tensor();
    } else {
        tensor.inplace(|t| t * (1.0 - share) + goal.reshape(shape) * share);
    }
}

/// Moves `values` the given share of the way towards `goal`, on one thread.
pub fn move_chunk(values: &mut [f32], goal: &[f32], share: f32) {
    values.iter_mut().zip(goal).for_each(|(v, g)| *v = (g - *v).mul_add(share, *v));
}

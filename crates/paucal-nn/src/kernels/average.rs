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
    *tensor = match (Owned::of(tensor.extract()), Matrix::of(&goal)) {
        (Ok(mut memory), Some(goal)) => {
            let (values, goal) = (memory.values_mut(), goal.row(0));
            if values.len() < PARALLEL_FROM {
                move_chunk(values, goal, share);
            } else {
                let chunks = values.par_chunks_mut(CHUNK).zip(goal.par_chunks(CHUNK));
                chunks.for_each(|(values, goal)| move_chunk(values, goal, share));
            }
            memory.tensor()
        }
        (Ok(memory), None) => composed(memory.tensor(), goal.reshape(shape), share),
        (Err(tensor), _) => composed(tensor, goal.reshape(shape), share),
    };
}

fn move_chunk(values: &mut [f32], goal: &[f32], share: f32) {
    values.iter_mut().zip(goal).for_each(|(v, g)| *v = (g - *v).mul_add(share, *v));
}

fn composed<const D: usize>(tensor: Tensor<D>, goal: Tensor<D>, share: f32) -> Tensor<D> {
    tensor * (1.0 - share) + goal * share
}

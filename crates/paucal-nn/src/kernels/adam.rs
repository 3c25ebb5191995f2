//! One pass of Adam over a parameter.

use rayon::prelude::*;

use super::PARALLEL_FROM;

/// Values per task: four arrays of this size stay in a core's second-level cache.
const CHUNK: usize = 1 << 14;

/// The numbers of one update, bias corrections included.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Learning rate over the first bias correction.
    pub rate: f32,
    /// Reciprocal square root of the second bias correction.
    pub scale: f32,
    /// Added to the root of the corrected second moment.
    pub epsilon: f32,
    /// Added to the gradient per unit of weight.
    pub weight_decay: f32,
}

/// Updates a parameter and its moments in place.
pub fn update(parameter: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32], u: Update) {
    if parameter.len() < PARALLEL_FROM {
        return update_chunk(parameter, first, second, gradient, u);
    }
    parameter
        .par_chunks_mut(CHUNK)
        .zip(first.par_chunks_mut(CHUNK))
        .zip(second.par_chunks_mut(CHUNK))
        .zip(gradient.par_chunks(CHUNK))
        .for_each(|(((p, m), v), g)| update_chunk(p, m, v, g, u));
}

fn update_chunk(parameter: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32], u: Update) {
    for (((p, m), v), &g) in parameter.iter_mut().zip(first).zip(second).zip(gradient) {
        let g = u.weight_decay.mul_add(*p, g);
        *m = (1.0 - u.beta1).mul_add(g - *m, *m);
        *v = u.beta2.mul_add(*v, (1.0 - u.beta2) * g * g);
        *p -= u.rate * *m / v.sqrt().mul_add(u.scale, u.epsilon);
    }
}

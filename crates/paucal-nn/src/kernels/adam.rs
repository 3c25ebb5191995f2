//! One pass of Adam over a parameter, and of the moving average of its values.

use rayon::prelude::*;

use super::PARALLEL_FROM;
use super::average::move_chunk;

/// Values per task: five arrays of this size stay in a core's second-level cache.
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
    /// What every weight keeps of itself before the update.
    pub keep: f32,
}

/// A parameter and what belongs to it, all of one size.
pub struct Values<'a> {
    /// The parameter.
    pub parameter: &'a mut [f32],
    /// Its moments.
    pub moments: [&'a mut [f32]; 2],
    /// Its gradient.
    pub gradient: &'a [f32],
    /// A moving average of it, and the share of the way that it goes.
    pub average: Option<(&'a mut [f32], f32)>,
}

impl<'a> Values<'a> {
    /// Pieces of some values each.
    fn chunks(self) -> Vec<Values<'a>> {
        let [first, second] = self.moments.map(|moment| moment.chunks_mut(CHUNK));
        let (mut averages, share) = match self.average {
            Some((average, share)) => (average.chunks_mut(CHUNK), share),
            None => (<&mut [f32]>::default().chunks_mut(CHUNK), 0.0),
        };
        let parts = self.parameter.chunks_mut(CHUNK).zip(first.zip(second)).zip(self.gradient.chunks(CHUNK));
        let part = |((parameter, (first, second)), gradient)| Values {
            parameter,
            moments: [first, second],
            gradient,
            average: averages.next().map(|average| (average, share)),
        };
        parts.map(part).collect()
    }
}

/// Updates a parameter and its moments in place, then its average.
pub fn update(values: Values<'_>, u: Update) {
    if values.parameter.len() < PARALLEL_FROM {
        values.chunks().into_iter().for_each(|chunk| update_chunk(chunk, u));
    } else {
        values.chunks().into_par_iter().for_each(|chunk| update_chunk(chunk, u));
    }
}

fn update_chunk(values: Values<'_>, u: Update) {
    let Values { parameter, moments: [first, second], gradient, average } = values;
    for (((p, m), v), &g) in parameter.iter_mut().zip(first).zip(second).zip(gradient) {
        *p *= u.keep;
        let g = u.weight_decay.mul_add(*p, g);
        *m = (1.0 - u.beta1).mul_add(g - *m, *m);
        *v = u.beta2.mul_add(*v, (1.0 - u.beta2) * g * g);
        *p -= u.rate * *m / v.sqrt().mul_add(u.scale, u.epsilon);
    }
    if let Some((average, share)) = average {
        move_chunk(average, parameter, share);
    }
}

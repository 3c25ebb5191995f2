//! A gated recurrent unit over a whole sequence and back.

use super::host::Matrix;
use super::math::{sigmoid, tanh};
use super::recurrent::{Packed, Sizes, Weights, add_rows, blocks, for_blocks, place, started};
use super::spare;

/// What a sequence leaves, arrays `[steps, rows, ·]`.
pub struct Made {
    /// `r`, `z`, `n` side by side, `3 · units` wide.
    pub gates: Vec<f32>,
    /// What `r` is multiplied with: the state's share of the sums of `n`.
    pub recalled: Vec<f32>,
    /// The states, the first one given: one step more.
    pub states: Vec<f32>,
}

/// Takes the inputs `[steps, rows, inputs]` through the layer, from a state `[rows, units]`.
pub fn forward(sizes: Sizes, weights: Weights<'_>, x: &[f32], state: &[f32]) -> Made {
    let Sizes { steps, rows, inputs, units } = sizes;
    let wide = 3 * units;
    let from_input = Packed::transposed(weights.input, inputs);
    let from_state = Packed::transposed(weights.recurrent, units);
    let mut made = Made {
        gates: spare::room(steps * rows * wide),
        recalled: spare::room(steps * rows * units),
        states: started(state, steps),
    };
    let parts = blocks(&mut made.gates, rows, wide)
        .into_iter()
        .zip(blocks(&mut made.recalled, rows, units))
        .zip(blocks(&mut made.states, rows, units));
    let sums = steps * rows * wide * (inputs + units);
    for_blocks(parts.collect(), sums, |block, ((mut gates, mut recalled), mut states)| {
        let mut of_state = vec![0.0; place(sizes, block, 0, wide).len()];
        for t in 0..steps {
            let gates = &mut *gates[t];
            gates.chunks_exact_mut(wide).for_each(|row| row.copy_from_slice(weights.input_bias));
            of_state.chunks_exact_mut(wide).for_each(|row| row.copy_from_slice(weights.recurrent_bias));
            from_input.add_product(gates, &x[place(sizes, block, t, inputs)]);
            let (before, after) = states.split_at_mut(t + 1);
            from_state.add_product(&mut of_state, before[t]);
            step(gates, &of_state, before[t], Out { recalled: recalled[t], state: after[0] }, units);
        }
    });
    made
}

/// What a step makes, `[rows, units]`.
struct Out<'a> {
    recalled: &'a mut [f32],
    state: &'a mut [f32],
}

/// Turns the sums of the gates, from the input in `gates` and from the state, into the gates, and makes the step. One
/// loop per operation, as in [`lstm`](super::lstm).
fn step(gates: &mut [f32], of_state: &[f32], state: &[f32], out: Out<'_>, units: usize) {
    let rows = gates.chunks_exact_mut(3 * units).zip(of_state.chunks_exact(3 * units));
    let Out { recalled, state: next } = out;
    let outs = recalled.chunks_exact_mut(units).zip(next.chunks_exact_mut(units));
    for (((gates, of_state), h), (recalled, next)) in rows.zip(state.chunks_exact(units)).zip(outs) {
        let (reset_and_update, n) = gates.split_at_mut(2 * units);
        let (of_both, of_n) = of_state.split_at(2 * units);
        reset_and_update.iter_mut().zip(of_both).for_each(|(v, from_state)| *v = sigmoid(*v + from_state));
        recalled.copy_from_slice(of_n);
        let (r, z) = reset_and_update.split_at(units);
        n.iter_mut().zip(r.iter().zip(of_n)).for_each(|(n, (r, from_state))| *n = r.mul_add(*from_state, *n));
        n.iter_mut().for_each(|n| *n = tanh(*n));
        next.iter_mut().zip(h.iter().zip(&*n)).for_each(|(next, (h, n))| *next = h - n);
        next.iter_mut().zip(z.iter().zip(&*n)).for_each(|(next, (z, n))| *next = z.mul_add(*next, *n));
    }
}

/// What the way back needs of [`Made`].
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The gates.
    pub gates: &'a [f32],
    /// What `r` was multiplied with.
    pub recalled: &'a [f32],
    /// The states, the first one given.
    pub states: &'a [f32],
}

/// Gradients of the sums of the gates, `[steps, rows, 3 · units]` each.
pub struct OfSums {
    /// From the input.
    pub input: Vec<f32>,
    /// From the state.
    pub state: Vec<f32>,
}

/// Gradients of the sums from those of the last states, `[·, rows, units]`; those of the states before do not count.
pub fn backward(sizes: Sizes, recurrent: &[f32], saved: Saved<'_>, of_states: &Matrix) -> OfSums {
    let Sizes { steps, rows, units, .. } = sizes;
    let wide = 3 * units;
    let to_state = Packed::plain(recurrent, units);
    let silent = steps - of_states.rows / rows.max(1);
    let room = || spare::room(steps * rows * wide);
    let mut out = OfSums { input: room(), state: room() };
    let parts = blocks(&mut out.input, rows, wide).into_iter().zip(blocks(&mut out.state, rows, wide));
    for_blocks(parts.collect(), steps * rows * wide * units, |block, (mut of_input, mut of_sums)| {
        let mut of_state = vec![0.0; place(sizes, block, 0, units).len()];
        for t in (0..steps).rev() {
            if t >= silent {
                add_rows(&mut of_state, of_states, place(sizes, block, t - silent, 1));
            }
            let saved = Saved {
                gates: &saved.gates[place(sizes, block, t, wide)],
                recalled: &saved.recalled[place(sizes, block, t, units)],
                states: &saved.states[place(sizes, block, t, units)],
            };
            step_backward(saved, &mut of_state, of_input[t], of_sums[t], units);
            if t > 0 {
                to_state.add_product(&mut of_state, of_sums[t]);
            }
        }
    });
    out
}

/// Gradients of the sums of a step from that of the state after it, which becomes the part of the one before that does
/// not go through the sums.
fn step_backward(
    saved: Saved<'_>,
    of_state: &mut [f32],
    of_input: &mut [f32],
    of_sums: &mut [f32],
    units: usize,
) {
    let rows = of_input.chunks_exact_mut(3 * units).zip(of_sums.chunks_exact_mut(3 * units));
    let rows = rows.zip(saved.gates.chunks_exact(3 * units)).zip(saved.recalled.chunks_exact(units));
    let rows = rows.zip(saved.states.chunks_exact(units)).zip(of_state.chunks_exact_mut(units));
    for (((((of_input, of_sums), gates), recalled), h), dh) in rows {
        let [all_r, all_z, all_n] = [0, 1, 2].map(|gate| &gates[gate * units..][..units]);
        let (da_r, rest) = of_input.split_at_mut(units);
        let (da_z, da_n) = rest.split_at_mut(units);
        let da_n = &mut da_n[..units];
        for k in 0..units {
            let (r, z, n) = (all_r[k], all_z[k], all_n[k]);
            da_n[k] = dh[k] * (1.0 - z) * (1.0 - n * n);
            da_z[k] = dh[k] * (h[k] - n) * z * (1.0 - z);
            da_r[k] = da_n[k] * recalled[k] * r * (1.0 - r);
            dh[k] *= z;
        }
        of_sums.copy_from_slice(of_input);
        of_sums[2 * units..].iter_mut().zip(all_r).for_each(|(v, r)| *v *= r);
    }
}

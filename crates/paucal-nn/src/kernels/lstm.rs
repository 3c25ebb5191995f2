//! Long short-term memory over a whole sequence and back.

use super::host::Matrix;
use super::math::{sigmoid, tanh};
use super::recurrent::{Packed, Sizes, Weights, add_rows, blocks, for_blocks, place, started};
use super::spare;

/// What a sequence leaves, arrays `[steps, rows, ·]`.
pub struct Made {
    /// `i`, `f`, `g`, `o` side by side, `4 · units` wide.
    pub gates: Vec<f32>,
    /// The cells, the first one given: one step more.
    pub cells: Vec<f32>,
    /// Hyperbolic tangents of the cells after each step.
    pub squashed: Vec<f32>,
    /// The states, the first one given: one step more.
    pub states: Vec<f32>,
}

/// Takes the inputs `[steps, rows, inputs]` through the layer, from a state and a cell `[rows, units]`.
pub fn forward(sizes: Sizes, weights: Weights<'_>, x: &[f32], state: &[f32], cell: &[f32]) -> Made {
    let Sizes { steps, rows, inputs, units } = sizes;
    let wide = 4 * units;
    let from_input = Packed::transposed(weights.input, inputs);
    let from_state = Packed::transposed(weights.recurrent, units);
    let bias: Vec<f32> = weights.input_bias.iter().zip(weights.recurrent_bias).map(|(a, b)| a + b).collect();
    let mut made = Made {
        gates: spare::room(steps * rows * wide),
        cells: started(cell, steps),
        squashed: spare::room(steps * rows * units),
        states: started(state, steps),
    };
    let parts = blocks(&mut made.gates, rows, wide)
        .into_iter()
        .zip(blocks(&mut made.cells, rows, units))
        .zip(blocks(&mut made.squashed, rows, units))
        .zip(blocks(&mut made.states, rows, units));
    let sums = steps * rows * wide * (inputs + units);
    for_blocks(parts.collect(), sums, |block, (((mut gates, mut cells), mut squashed), mut states)| {
        for t in 0..steps {
            let gates = &mut *gates[t];
            gates.chunks_exact_mut(wide).for_each(|row| row.copy_from_slice(&bias));
            from_input.add_product(gates, &x[place(sizes, block, t, inputs)]);
            let (before, after) = states.split_at_mut(t + 1);
            from_state.add_product(gates, before[t]);
            let (cell, next) = cells.split_at_mut(t + 1);
            let out = Out { cell: next[0], squashed: squashed[t], state: after[0] };
            step(gates, cell[t], out, units);
        }
    });
    made
}

/// What a step makes, `[rows, units]`.
struct Out<'a> {
    cell: &'a mut [f32],
    squashed: &'a mut [f32],
    state: &'a mut [f32],
}

/// Turns the sums of the gates into the gates, and makes the step. One loop per operation: loops over many slices at once
/// do not become vector instructions.
fn step(gates: &mut [f32], cell: &[f32], out: Out<'_>, units: usize) {
    let rows = gates.chunks_exact_mut(4 * units).zip(cell.chunks_exact(units));
    let Out { cell: next, squashed, state } = out;
    let outs = next.chunks_exact_mut(units).zip(squashed.chunks_exact_mut(units));
    for (((gates, cell), (next, squashed)), state) in rows.zip(outs).zip(state.chunks_exact_mut(units)) {
        let (input_and_forget, rest) = gates.split_at_mut(2 * units);
        let (g, o) = rest.split_at_mut(units);
        input_and_forget.iter_mut().for_each(|v| *v = sigmoid(*v));
        g.iter_mut().for_each(|v| *v = tanh(*v));
        o.iter_mut().for_each(|v| *v = sigmoid(*v));
        let (i, f) = input_and_forget.split_at(units);
        next.iter_mut().zip(i.iter().zip(&*g)).for_each(|(next, (i, g))| *next = i * g);
        next.iter_mut().zip(f.iter().zip(cell)).for_each(|(next, (f, c))| *next = f.mul_add(*c, *next));
        squashed.iter_mut().zip(&*next).for_each(|(s, c)| *s = tanh(*c));
        state.iter_mut().zip(o.iter().zip(&*squashed)).for_each(|(h, (o, s))| *h = o * s);
    }
}

/// What the way back needs of [`Made`].
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The gates.
    pub gates: &'a [f32],
    /// The cells, the first one given.
    pub cells: &'a [f32],
    /// Hyperbolic tangents of the cells after each step.
    pub squashed: &'a [f32],
}

/// Gradients of the gates' sums, `[steps, rows, 4 · units]`, from those of the last states, `[·, rows, units]`; those of
/// the states before do not count.
pub fn backward(sizes: Sizes, recurrent: &[f32], saved: Saved<'_>, of_states: &Matrix) -> Vec<f32> {
    let Sizes { steps, rows, units, .. } = sizes;
    let wide = 4 * units;
    let to_state = Packed::plain(recurrent, units);
    let silent = steps - of_states.rows / rows.max(1);
    let mut out = spare::room(steps * rows * wide);
    let sums = out.len() * units;
    for_blocks(blocks(&mut out, rows, wide), sums, |block, mut da| {
        let size = place(sizes, block, 0, units).len();
        let (mut of_state, mut of_cell) = (vec![0.0; size], vec![0.0; size]);
        for t in (0..steps).rev() {
            if t >= silent {
                add_rows(&mut of_state, of_states, place(sizes, block, t - silent, 1));
            }
            let saved = Saved {
                gates: &saved.gates[place(sizes, block, t, wide)],
                cells: &saved.cells[place(sizes, block, t, units)],
                squashed: &saved.squashed[place(sizes, block, t, units)],
            };
            step_backward(saved, &of_state, &mut of_cell, da[t], units);
            of_state.fill(0.0);
            if t > 0 {
                to_state.add_product(&mut of_state, da[t]);
            }
        }
    });
    out
}

/// Gradients of the gates' sums from those of the state and the cell after a step; that of the cell becomes the one of
/// the cell before.
fn step_backward(saved: Saved<'_>, of_state: &[f32], of_cell: &mut [f32], out: &mut [f32], units: usize) {
    let rows = out.chunks_exact_mut(4 * units).zip(saved.gates.chunks_exact(4 * units));
    let rows = rows.zip(saved.cells.chunks_exact(units)).zip(saved.squashed.chunks_exact(units));
    let rows = rows.zip(of_state.chunks_exact(units)).zip(of_cell.chunks_exact_mut(units));
    for (((((da, gates), cell), squashed), dh), dc) in rows {
        let [i, f, g, o] = [0, 1, 2, 3].map(|gate| &gates[gate * units..][..units]);
        let (da_i, rest) = da.split_at_mut(units);
        let (da_f, rest) = rest.split_at_mut(units);
        let (da_g, da_o) = rest.split_at_mut(units);
        let through = dh.iter().zip(o).zip(squashed);
        dc.iter_mut().zip(through).for_each(|(dc, ((dh, o), s))| *dc = (dh * o).mul_add(1.0 - s * s, *dc));
        let each = dc.iter().zip(i).zip(g);
        da_i.iter_mut().zip(each).for_each(|(da, ((dc, i), g))| *da = dc * g * i * (1.0 - i));
        let each = dc.iter().zip(f).zip(cell);
        da_f.iter_mut().zip(each).for_each(|(da, ((dc, f), c))| *da = dc * c * f * (1.0 - f));
        let each = dc.iter().zip(i).zip(g);
        da_g.iter_mut().zip(each).for_each(|(da, ((dc, i), g))| *da = dc * i * (1.0 - g * g));
        let each = dh.iter().zip(o).zip(squashed);
        da_o.iter_mut().zip(each).for_each(|(da, ((dh, o), s))| *da = dh * s * o * (1.0 - o));
        dc.iter_mut().zip(f).for_each(|(dc, f)| *dc *= f);
    }
}

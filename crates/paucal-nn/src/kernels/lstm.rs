//! One step of long short-term memory, element by element.

use rayon::prelude::*;

use super::host::Matrix;
use super::math::{sigmoid, tanh};
use super::{PARALLEL_FROM, cost};

/// Rows per task.
const ROWS: usize = 16;

/// What a step makes of the gates' sums and the cell before it.
pub struct Made {
    /// The cell after it, `[rows, units]`.
    pub cell: Vec<f32>,
    /// Its hyperbolic tangent.
    pub squashed: Vec<f32>,
    /// The state.
    pub state: Vec<f32>,
}

/// Turns the sums `(i, f, g, o)` in `gates`, `[rows, 4 · units]`, into the gates themselves, and makes the step.
pub fn step(gates: &mut [f32], cell: &[f32], units: usize) -> Made {
    let mut made =
        Made { cell: vec![0.0; cell.len()], squashed: vec![0.0; cell.len()], state: vec![0.0; cell.len()] };
    let one = |((((gates, cell), next), squashed), state): Part<'_>| {
        let rows = gates.chunks_exact_mut(4 * units).zip(cell.chunks_exact(units));
        let out = next.chunks_exact_mut(units).zip(squashed.chunks_exact_mut(units));
        for (((gates, cell), (next, squashed)), state) in rows.zip(out).zip(state.chunks_exact_mut(units)) {
            let (i, rest) = gates.split_at_mut(units);
            let (f, rest) = rest.split_at_mut(units);
            let (g, o) = rest.split_at_mut(units);
            // Slices of the length that the loop runs over need no checks within it.
            let o = &mut o[..units];
            for k in 0..units {
                (i[k], f[k], g[k], o[k]) = (sigmoid(i[k]), sigmoid(f[k]), tanh(g[k]), sigmoid(o[k]));
                next[k] = f[k].mul_add(cell[k], i[k] * g[k]);
                squashed[k] = tanh(next[k]);
                state[k] = o[k] * squashed[k];
            }
        }
    };
    let size = if gates.len() * cost::TRANSCENDENTAL < PARALLEL_FROM { cell.len() } else { ROWS * units };
    let size = size.max(1);
    gates
        .par_chunks_mut(4 * size)
        .zip(cell.par_chunks(size))
        .zip(made.cell.par_chunks_mut(size))
        .zip(made.squashed.par_chunks_mut(size))
        .zip(made.state.par_chunks_mut(size))
        .for_each(one);
    made
}

type Part<'a> = ((((&'a mut [f32], &'a [f32]), &'a mut [f32]), &'a mut [f32]), &'a mut [f32]);

/// What a step was made of.
#[derive(Clone, Copy)]
pub struct Saved<'a> {
    /// The gates.
    pub gates: &'a [f32],
    /// The cell before.
    pub cell: &'a [f32],
    /// The hyperbolic tangent of the cell after.
    pub squashed: &'a [f32],
}

/// Gradients of the gates' sums from those of the state and the cell after the step; that of the cell becomes the one
/// of the cell before.
pub fn step_backward(saved: Saved<'_>, of_state: &Matrix, of_cell: &mut [f32]) -> Vec<f32> {
    let units = of_state.columns;
    let mut out = vec![0.0; saved.gates.len()];
    let rows = out.chunks_exact_mut(4 * units).zip(saved.gates.chunks_exact(4 * units));
    let rows = rows.zip(saved.cell.chunks_exact(units)).zip(saved.squashed.chunks_exact(units));
    let rows = rows.zip((0..of_state.rows).map(|i| of_state.row(i))).zip(of_cell.chunks_exact_mut(units));
    for (((((da, gates), cell), squashed), dh), of_cell) in rows {
        let (da_i, rest) = da.split_at_mut(units);
        let (da_f, rest) = rest.split_at_mut(units);
        let (da_g, da_o) = rest.split_at_mut(units);
        let da_o = &mut da_o[..units];
        let [all_i, all_f, all_g, all_o] = [0, 1, 2, 3].map(|gate| &gates[gate * units..][..units]);
        for k in 0..units {
            let (i, f, g, o) = (all_i[k], all_f[k], all_g[k], all_o[k]);
            let dc = (dh[k] * o).mul_add(1.0 - squashed[k] * squashed[k], of_cell[k]);
            da_i[k] = dc * g * i * (1.0 - i);
            da_f[k] = dc * cell[k] * f * (1.0 - f);
            da_g[k] = dc * i * (1.0 - g * g);
            da_o[k] = dh[k] * squashed[k] * o * (1.0 - o);
            of_cell[k] = dc * f;
        }
    }
    out
}

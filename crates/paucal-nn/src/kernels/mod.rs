//! CPU kernels over tensor memory.
//!
//! [`host`] lends the memory of tensors that live on the CPU device outside any graph; the other modules are
//! plain functions on slices. A layer asks for the memory, and where it gets none (another device, a
//! recorded graph) it falls back on tensor operations that mean the same.
//!
//! Work is split by rows or columns of the output, and a sum only into fixed pieces that are added in order: results
//! do not depend on the number of threads.

pub mod adam;
pub mod average;
pub mod conv;
pub mod dense;
pub mod gate;
pub mod gru;
pub mod host;
pub mod instance_norm;
pub mod lanes;
pub mod lstm;
pub mod math;
pub mod normalise;
pub mod pool;
pub mod pool2d;
pub mod product;
pub mod recurrent;
pub mod spans;
pub mod spare;

use rayon::prelude::*;

/// Operations below which waking a second thread costs more than it saves (some tens of microseconds).
pub const PARALLEL_FROM: usize = 1 << 17;

/// Rough costs of handling one value, in the unit of [`PARALLEL_FROM`].
pub mod cost {
    /// A few arithmetic operations.
    pub const ARITHMETIC: usize = 1;
    /// An exponential or a hyperbolic tangent.
    pub const TRANSCENDENTAL: usize = 4;
    /// A random number.
    pub const RANDOM: usize = 8;
}

/// Calls `each(first_row, rows)` on blocks of whole rows of a row-major matrix, on all threads if that is worth it.
pub fn for_row_blocks(out: &mut [f32], columns: usize, cost: usize, each: impl Fn(usize, &mut [f32]) + Sync) {
    if columns == 0 {
        return;
    }
    if out.len() * cost < PARALLEL_FROM {
        return each(0, out);
    }
    let rows = out.len() / columns;
    let block = rows.div_ceil(2 * rayon::current_num_threads()).max(1);
    out.par_chunks_mut(block * columns).enumerate().for_each(|(i, rows)| each(i * block, rows));
}

/// Calls `each(room, index, chunk)` on chunks of so many values, on all threads if that is worth it for so many
/// operations in all; every thread has a room of its own.
pub fn for_chunks<R>(
    out: &mut [f32],
    chunk: usize,
    operations: usize,
    room: impl Fn() -> R + Sync + Send,
    each: impl Fn(&mut R, usize, &mut [f32]) + Sync + Send,
) {
    if operations < PARALLEL_FROM || out.len() <= chunk {
        let mut room = room();
        return out.chunks_mut(chunk).enumerate().for_each(|(i, chunk)| each(&mut room, i, chunk));
    }
    out.par_chunks_mut(chunk).enumerate().for_each_init(room, |room, (i, chunk)| each(room, i, chunk));
}

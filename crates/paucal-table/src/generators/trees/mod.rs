//! What the generators made of trees share.

mod columns;
mod spikes;
mod tables;
mod tensors;
#[cfg(test)]
mod tests;

pub(super) use columns::{Columns, Learnt};
pub(super) use spikes::spikes;
pub(super) use tables::Tables;
pub(super) use tensors::{counts, take_counts, take_numbers, tensor};

use crate::error::TableError;
use crate::generator::FitContext;

/// Rows that share a random stream.
pub(super) const CHUNK: usize = 512;

/// An error if a stop was asked for.
pub(super) fn go_on(context: &FitContext<'_>) -> Result<(), TableError> {
    if context.observer.cancelled() { Err(TableError::Interrupted) } else { Ok(()) }
}

/// An index by running sums of weights that are not all zero, at the uniform `u`.
pub(super) fn pick(running: &[f64], u: f64) -> usize {
    let total = running.last().copied().unwrap_or_default();
    running.partition_point(|&sum| sum <= u * total).min(running.len().saturating_sub(1))
}

/// Running sums.
pub(super) fn running(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    weights
        .map(|weight| {
            total += weight;
            total
        })
        .collect()
}

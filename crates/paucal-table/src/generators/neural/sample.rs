//! Drawing rows from a trained network.

use paucal_core::Seed;
use paucal_data::Table;
use paucal_nn::{Device, Tensor};

use super::conditions::vectors;
use crate::condition::{ConditionLayout, Conditions, Frequency, Pick};
use crate::error::TableError;
use crate::transform::RowEncoder;

/// Rows drawn at a time.
pub const BLOCK: usize = 2000;

/// The wanted levels of `rows` rows: the conditions, or without any one column's level per row as it occurs in the
/// data.
pub fn draw_wanted(
    layout: &ConditionLayout,
    fixed: &[Pick],
    rows: usize,
    frequency: Frequency,
    seed: Seed,
) -> Vec<Vec<Pick>> {
    if !fixed.is_empty() || layout.is_empty() {
        return vec![fixed.to_vec(); rows];
    }
    let mut stream = seed.stream("neural/wanted", 0);
    (0..rows).map(|_| vec![layout.draw(frequency, &mut stream)]).collect()
}

/// Draws exactly `rows` rows under conditions. `network` turns condition vectors and a block's seed into activated
/// rows.
///
/// Networks follow a condition nearly always. What is left is put right by construction: the span of a wanted level is
/// set to it before decoding, so that conditional drawing costs what free drawing does.
pub fn sample_rows(
    encoder: &RowEncoder,
    layout: &ConditionLayout,
    rows: usize,
    conditions: &Conditions,
    frequency: Frequency,
    block: usize,
    seed: Seed,
    network: impl Fn(Tensor<2>, Seed) -> Result<Tensor<2>, TableError>,
) -> Result<Table, TableError> {
    let device = Device::flex();
    let fixed = layout.fixed(encoder, conditions);
    let width = encoder.layout().width;
    let mut drawn = Vec::with_capacity(rows * width);
    for (index, first) in (0..rows).step_by(block).enumerate() {
        let count = block.min(rows - first);
        let seed = seed.child("neural/block", index as u64);
        let wanted = draw_wanted(layout, &fixed, count, frequency, seed);
        let activated = network(vectors(&wanted, layout, &device), seed)?;
        let mut values = activated.into_data().try_into_vec::<f32>().map_err(|_| TableError::NotFinite)?;
        for (row, picks) in values.chunks_exact_mut(width).zip(&wanted) {
            for pick in picks {
                let span = &encoder.layout().spans[layout.slots()[pick.slot].span];
                let bits = &mut row[span.offset..span.offset + span.width];
                bits.fill(0.0);
                bits[pick.level] = 1.0;
            }
        }
        drawn.extend(values);
    }
    encoder.decode(&drawn, rows, seed)
}

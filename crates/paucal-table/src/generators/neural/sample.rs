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

/// What drawing needs besides the network.
pub struct Drawing<'a> {
    /// The encoding of rows.
    pub encoder: &'a RowEncoder,
    /// The encoding of wanted levels.
    pub conditions: &'a ConditionLayout,
    /// Rows drawn at a time.
    pub block: usize,
}

impl Drawing<'_> {
    /// Draws exactly `rows` rows under conditions. `network` turns condition vectors and a block's seed into activated
    /// rows.
    ///
    /// Networks follow a condition nearly always. What is left is put right by construction: the span of a wanted level
    /// is set to it before decoding, so that conditional drawing costs what free drawing does.
    pub fn draw(
        &self,
        rows: usize,
        conditions: &Conditions,
        seed: Seed,
        network: impl Fn(&Tensor<2>, Seed) -> Result<Tensor<2>, TableError>,
    ) -> Result<Table, TableError> {
        let fixed = self.conditions.fixed(self.encoder, conditions);
        let mut drawn = Vec::with_capacity(rows * self.encoder.layout().width);
        for (index, first) in (0..rows).step_by(self.block).enumerate() {
            let seed = seed.child("neural/block", index as u64);
            let wanted = self.wanted(&fixed, self.block.min(rows - first), seed);
            let activated = network(&vectors(&wanted, self.conditions, &Device::flex()), seed)?;
            let mut values =
                activated.into_data().try_into_vec::<f32>().map_err(|_| TableError::NotFinite)?;
            self.enforce(&mut values, &wanted);
            drawn.extend(values);
        }
        self.encoder.decode(&drawn, rows, seed)
    }

    /// The wanted levels of `rows` rows: the conditions, or without any one column's level per row as it occurs in
    /// the data.
    fn wanted(&self, fixed: &[Pick], rows: usize, seed: Seed) -> Vec<Vec<Pick>> {
        if !fixed.is_empty() || self.conditions.is_empty() {
            return vec![fixed.to_vec(); rows];
        }
        let mut stream = seed.stream("neural/wanted", 0);
        (0..rows).map(|_| vec![self.conditions.draw(Frequency::Empirical, &mut stream)]).collect()
    }

    /// Sets the spans of wanted levels to them.
    fn enforce(&self, values: &mut [f32], wanted: &[Vec<Pick>]) {
        let layout = self.encoder.layout();
        for (row, picks) in values.chunks_exact_mut(layout.width).zip(wanted) {
            for pick in picks {
                let span = &layout.spans[self.conditions.slots()[pick.slot].span];
                let bits = &mut row[span.offset..span.offset + span.width];
                bits.fill(0.0);
                bits[pick.level] = 1.0;
            }
        }
    }
}

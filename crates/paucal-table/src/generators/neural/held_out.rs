//! Rows kept aside while a network learns, to judge it by and to keep its best state.
//!
//! A loss says little about a GAN. What counts is whether drawn rows look like rows the network has not seen, so that
//! is measured: the similarity of the objective, half from the columns' distributions, half from their associations.

use std::borrow::Cow;

use paucal_core::Seed;
use paucal_data::Table;

use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::hold_out::hold_out;
use crate::judge::similarity;

/// Fewest rows drawn for a judgement: scores of few rows are mostly chance.
const FEWEST_DRAWN: usize = 1000;

/// The held-out rows.
pub struct HeldOut {
    rows: Table,
    seed: Seed,
}

impl HeldOut {
    /// Splits a share of the rows off, whole groups and every class in proportion where the table has them. None
    /// are split off for a share of 0.
    pub fn split(
        table: &Table,
        share: f64,
        seed: Seed,
    ) -> Result<(Cow<'_, Table>, Option<Self>), TableError> {
        if share == 0.0 {
            return Ok((Cow::Borrowed(table), None));
        }
        let seed = seed.child("held-out", 0);
        let (train, rows) = if table.schema().target.is_some() {
            let parts = hold_out(table, share, seed)?;
            (parts.train, parts.test)
        } else {
            let order = seed.stream("order", 0).permutation(table.rows());
            let (held, kept) = order.split_at((share * table.rows() as f64).round() as usize);
            (table.take(kept), table.take(held))
        };
        Ok((Cow::Owned(train), Some(Self { rows, seed })))
    }

    /// How alike held-out rows and rows drawn from `model` are, 0 to 1; `None` when that cannot be said.
    pub fn judge(&self, model: &dyn FittedGenerator, step: u64) -> Result<Option<f64>, TableError> {
        let count = self.rows.rows().max(FEWEST_DRAWN);
        let drawn = model.sample(count, &[], self.seed.child("drawn", step))?;
        Ok(similarity(&self.rows, &drawn))
    }
}

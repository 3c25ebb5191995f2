//! Training rows in the encoding of a network, with what is drawn from them.

use paucal_core::{Observer, Seed, Stream};
use paucal_data::Table;
use paucal_nn::{Device, Tensor};

use super::cells::CellEncoder;
use super::common::Common;
use super::held_out::HeldOut;
use super::labelled::draw_class;
use super::one_hot;
use crate::condition::{ConditionLayout, Frequency};
use crate::error::TableError;
use crate::transform::{Encoded, Plan, RowEncoder};

/// How often levels are drawn in training.
pub fn frequency(log: bool) -> Frequency {
    if log { Frequency::Log } else { Frequency::Empirical }
}

/// Rows as scalars and one-hots.
pub struct SpanRows {
    /// The encoding.
    pub encoder: RowEncoder,
    /// The rows.
    pub encoded: Encoded,
    /// The encoding of wanted levels.
    pub conditions: ConditionLayout,
}

impl SpanRows {
    /// Encodes a table but for its held-out rows.
    pub fn new(
        table: &Table,
        common: &Common,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<(Self, Option<HeldOut>), TableError> {
        let (table, held_out) = HeldOut::split(table, common.hold_out, seed)?;
        let encoder = RowEncoder::fit(&table, common.missing, seed, observer)?;
        let encoded = encoder.encode(&table, seed.child("encode", 0))?;
        let conditions = ConditionLayout::new(&encoder);
        Ok((Self { encoder, encoded, conditions }, held_out))
    }
}

/// Rows as one number per column, by class.
pub struct CellRows {
    /// The encoding.
    pub encoder: CellEncoder,
    /// The rows, row-major.
    pub cells: Vec<f32>,
    /// Rows of each class.
    members: Vec<Vec<usize>>,
}

impl CellRows {
    /// Encodes a table but for its held-out rows.
    pub fn new(
        table: &Table,
        common: &Common,
        seed: Seed,
        observer: &dyn Observer,
    ) -> Result<(Self, Option<HeldOut>), TableError> {
        let (table, held_out) = HeldOut::split(table, common.hold_out, seed)?;
        let encoder = CellEncoder::new(Plan::new(&table, observer)?, common.missing)?;
        let cells = encoder.encode(&table, seed.child("encode", 0));
        let mut members = vec![Vec::new(); encoder.classes().max(1)];
        let classes = encoder.classes_of(&table);
        classes.iter().enumerate().for_each(|(row, &class)| members[class as usize].push(row));
        Ok((Self { encoder, cells, members }, held_out))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.cells.len() / self.encoder.width()
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.encoder.width();
        &self.cells[row * width..(row + 1) * width]
    }

    /// The rows of a class.
    pub fn of_class(&self, class: u32) -> &[usize] {
        &self.members[class as usize]
    }

    /// Draws classes.
    pub fn draw_classes(&self, count: usize, log_frequency: bool, stream: &mut Stream) -> Vec<u32> {
        let frequency = frequency(log_frequency);
        (0..count).map(|_| draw_class(&self.encoder, frequency, stream)).collect()
    }

    /// One-hots of classes.
    pub fn bits(&self, classes: &[u32], device: &Device) -> Tensor<2> {
        one_hot(classes, self.encoder.classes(), device)
    }
}

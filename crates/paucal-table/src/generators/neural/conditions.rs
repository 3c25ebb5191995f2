//! Conditions on several columns at once.
//!
//! CTGAN trains with one bit of the condition vector set. A generator that has only ever seen single bits has not
//! learnt what two of them mean together. Here a share of the training conditions carries further columns, whose
//! levels are those of the real row that goes with the condition: combinations as they occur, rare ones included,
//! because the row was drawn for its rare level.

use paucal_core::Seed;
use paucal_nn::{Device, Tensor};

use super::matrix;
use crate::condition::{ConditionLayout, ConditionSampler, Frequency, Pick};
use crate::transform::{Activation, Encoded};

/// The wanted levels of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Picks of each row of the batch; empty where there is nothing to condition on.
    pub picks: Vec<Vec<Pick>>,
    /// A real row for each that has these levels.
    pub rows: Vec<usize>,
}

/// Draws wanted levels with real rows for training.
pub struct WantedSampler<'a> {
    sampler: ConditionSampler<'a>,
    layout: &'a ConditionLayout,
    encoded: &'a Encoded,
    several: f64,
}

impl<'a> WantedSampler<'a> {
    /// `several` is the share of conditions with more than one column.
    pub fn new(
        layout: &'a ConditionLayout,
        encoded: &'a Encoded,
        frequency: Frequency,
        several: f64,
    ) -> Self {
        Self { sampler: ConditionSampler::new(layout, encoded, frequency), layout, encoded, several }
    }

    /// The batch of `size` of a step, from the stream (`purpose`, `step`).
    pub fn batch(&self, size: usize, seed: Seed, purpose: &str, step: u64) -> Wanted {
        let drawn = self.sampler.batch(size, seed, purpose, step);
        let slots = self.layout.slots().len();
        if slots == 0 {
            return Wanted { picks: vec![Vec::new(); size], rows: drawn.rows };
        }
        let mut stream = seed.child(purpose, step).stream("several", 0);
        let mut widen = |first: Pick, row: usize| {
            let mut picks = vec![first];
            if slots > 1 && stream.uniform() < self.several {
                let count = 1 + stream.index(slots - 1);
                let others = stream.choose(slots - 1, count);
                // The chosen numbers count the other slots: those from the first on stand one further.
                let others = others.into_iter().map(|slot| slot + usize::from(slot >= first.slot));
                picks.extend(others.map(|slot| Pick { slot, level: self.level(row, slot) }));
            }
            picks
        };
        let picks = drawn.picks.iter().zip(&drawn.rows).map(|(&pick, &row)| widen(pick, row)).collect();
        Wanted { picks, rows: drawn.rows }
    }

    /// The level that a real row has in a slot.
    fn level(&self, row: usize, slot: usize) -> usize {
        self.encoded.code(row, self.layout.slots()[slot].span) as usize
    }

    /// The real rows in the given order, encoded.
    pub fn real(&self, rows: &[usize], device: &Device) -> Tensor<2> {
        let width = self.encoded.layout().width;
        let mut values = vec![0.0; rows.len() * width];
        self.encoded.write(rows, &mut values);
        matrix(values, width, device)
    }
}

impl Wanted {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    /// The same in another order.
    pub fn reordered(&self, order: &[usize]) -> Self {
        Self {
            picks: order.iter().map(|&i| self.picks[i].clone()).collect(),
            rows: order.iter().map(|&i| self.rows[i]).collect(),
        }
    }

    /// Condition vectors, `[rows, layout.width()]`.
    pub fn vectors(&self, layout: &ConditionLayout, device: &Device) -> Tensor<2> {
        vectors(&self.picks, layout, device)
    }

    /// What the cross-entropy of the condition needs: one-hot targets `[rows, row width]` in the spans of the picks, and
    /// weights `[rows, one-hot spans]` that are 1 there.
    pub fn targets(
        &self,
        layout: &ConditionLayout,
        encoded: &Encoded,
        device: &Device,
    ) -> (Tensor<2>, Tensor<2>) {
        let row_layout = encoded.layout();
        // The place of each span among the one-hot ones.
        let mut place = Vec::with_capacity(row_layout.spans.len());
        let mut one_hot = 0;
        for span in &row_layout.spans {
            place.push(one_hot);
            one_hot += usize::from(span.activation == Activation::Softmax);
        }
        let mut targets = vec![0.0; self.len() * row_layout.width];
        let mut weights = vec![0.0; self.len() * one_hot];
        for (row, picks) in self.picks.iter().enumerate() {
            for pick in picks {
                let span = layout.slots()[pick.slot].span;
                targets[row * row_layout.width + row_layout.spans[span].offset + pick.level] = 1.0;
                weights[row * one_hot + place[span]] = 1.0;
            }
        }
        (matrix(targets, row_layout.width, device), matrix(weights, one_hot, device))
    }
}

/// Condition vectors of the picks of each row.
pub fn vectors(picks: &[Vec<Pick>], layout: &ConditionLayout, device: &Device) -> Tensor<2> {
    let width = layout.width();
    let mut values = vec![0.0; picks.len() * width];
    for (row, picks) in picks.iter().enumerate() {
        for &pick in picks {
            values[row * width + layout.bit(pick)] = 1.0;
        }
    }
    Tensor::from_data(paucal_nn::TensorData::new(values, [picks.len(), width]), device)
}

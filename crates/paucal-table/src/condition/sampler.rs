//! The condition vector and how its bits are drawn (CTGAN, Xu et al. 2019, section 4.3).
//!
//! The vector is the one-hots of all modelled discrete columns, one after the other; bits of mixture
//! modes are not part of it. In training one column is drawn uniformly, then one of its levels with
//! probability ∝ ln(count + 1), which shows rare levels often enough to be learnt, then a real row that
//! has it. At generation levels are drawn by their empirical counts, so that unconditioned rows keep the
//! frequencies of the data.

use paucal_core::{Seed, Stream};
use serde::{Deserialize, Serialize};

use crate::condition::Conditions;
use crate::transform::{Encoded, Role, RowEncoder};

/// How often levels are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// ∝ count: as in the data.
    #[default]
    Empirical,
    /// ∝ ln(count + 1): rare levels more often than in the data.
    Log,
}

/// One discrete column in the condition vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Index of the column in the schema.
    pub column: usize,
    /// Index of its span in the row layout.
    pub span: usize,
    /// First bit in the condition vector.
    pub offset: usize,
    /// Bits: the levels that occur in training, in schema order, missing last.
    pub width: usize,
    /// Cumulative counts of the levels.
    empirical: Vec<f64>,
    /// Cumulative ln(count + 1) of the levels.
    log: Vec<f64>,
}

/// One level of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Index of the slot.
    pub slot: usize,
    /// Level within the slot, `0..width`.
    pub level: usize,
}

/// Where each discrete column's bits stand in the condition vector, and how often its levels occur.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionLayout {
    slots: Vec<Slot>,
    width: usize,
}

impl ConditionLayout {
    /// The slots of all discrete columns of an encoder, in schema order. There are none when no discrete
    /// column has two levels.
    pub fn new(encoder: &RowEncoder) -> Self {
        let mut width = 0;
        let mut slots = Vec::new();
        for (index, span) in encoder.layout().spans.iter().enumerate() {
            let Some(levels) = encoder.plan().levels(span.column).filter(|_| span.role == Role::Level) else {
                continue;
            };
            slots.push(Slot {
                column: span.column,
                span: index,
                offset: width,
                width: span.width,
                empirical: cumulative(&levels.counts, |count| count),
                log: cumulative(&levels.counts, f64::ln_1p),
            });
            width += span.width;
        }
        Self { slots, width }
    }

    /// The slots in order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Length of the condition vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether there is nothing to condition on.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Position of a level's bit in the condition vector.
    pub fn bit(&self, pick: Pick) -> usize {
        self.slots[pick.slot].offset + pick.level
    }

    /// Draws a slot uniformly and one of its levels by `frequency`. There must be a slot.
    pub fn draw(&self, frequency: Frequency, stream: &mut Stream) -> Pick {
        let slot = stream.index(self.slots.len());
        let cumulative = match frequency {
            Frequency::Empirical => &self.slots[slot].empirical,
            Frequency::Log => &self.slots[slot].log,
        };
        Pick { slot, level: draw_cumulative(cumulative, stream) }
    }

    /// The picks that resolved conditions ask for. Conditions on columns that are not modelled (constant
    /// ones) need no bit. `encoder` is the one the layout was made from.
    pub fn fixed(&self, encoder: &RowEncoder, conditions: &Conditions) -> Vec<Pick> {
        let pick = |(slot, column): (usize, usize)| {
            let code = conditions.code(column)?;
            let level = encoder.plan().levels(column)?.position(code)?;
            Some(Pick { slot, level })
        };
        self.slots.iter().enumerate().filter_map(|(index, slot)| pick((index, slot.column))).collect()
    }

    /// Writes the condition vectors of `picks`, one bit a row, into `out` (rows × width, overwritten).
    pub fn write(&self, picks: &[Pick], out: &mut [f32]) {
        out.fill(0.0);
        for (row, &pick) in picks.iter().enumerate() {
            out[row * self.width + self.bit(pick)] = 1.0;
        }
    }
}

/// Running sums of a weight of each count.
fn cumulative(counts: &[usize], weight: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut total = 0.0;
    let add = |&count: &usize| {
        total += weight(count as f64);
        total
    };
    counts.iter().map(add).collect()
}

/// An index drawn by running sums that are not all zero.
fn draw_cumulative(cumulative: &[f64], stream: &mut Stream) -> usize {
    let total = cumulative.last().copied().unwrap_or_default();
    let wanted = stream.uniform() * total;
    cumulative.partition_point(|&sum| sum <= wanted).min(cumulative.len().saturating_sub(1))
}

/// Draws conditions with real rows that fulfil them, for training.
#[derive(Debug, Clone)]
pub struct ConditionSampler<'a> {
    layout: &'a ConditionLayout,
    frequency: Frequency,
    rows: usize,
    /// Per slot: the rows sorted by level, and where each level begins.
    lists: Vec<RowLists>,
}

#[derive(Debug, Clone)]
struct RowLists {
    rows: Vec<u32>,
    starts: Vec<usize>,
}

/// A batch of conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionBatch {
    /// The condition of each entry; empty when there is nothing to condition on.
    pub picks: Vec<Pick>,
    /// A real row for each entry that fulfils it.
    pub rows: Vec<usize>,
}

impl<'a> ConditionSampler<'a> {
    /// Indexes the training rows by the levels of every slot; 4 bytes per row and slot. `encoded` must be the
    /// training table, with at least one row.
    pub fn new(layout: &'a ConditionLayout, encoded: &Encoded, frequency: Frequency) -> Self {
        let list = |slot: &Slot| {
            let mut starts = vec![0; slot.width + 1];
            for row in 0..encoded.rows() {
                starts[encoded.code(row, slot.span) as usize + 1] += 1;
            }
            for level in 0..slot.width {
                starts[level + 1] += starts[level];
            }
            let mut next = starts.clone();
            let mut rows = vec![0; encoded.rows()];
            for row in 0..encoded.rows() {
                let place = &mut next[encoded.code(row, slot.span) as usize];
                rows[*place] = row as u32;
                *place += 1;
            }
            RowLists { rows, starts }
        };
        Self { layout, frequency, rows: encoded.rows(), lists: layout.slots.iter().map(list).collect() }
    }

    /// A row uniformly among those with the picked level; among all if there is none.
    pub fn row(&self, pick: Pick, stream: &mut Stream) -> usize {
        let list = &self.lists[pick.slot];
        let rows = &list.rows[list.starts[pick.level]..list.starts[pick.level + 1]];
        if rows.is_empty() { stream.index(self.rows) } else { rows[stream.index(rows.len())] as usize }
    }

    /// The batch of `size` for training step `step`: conditions and rows from the stream
    /// (`purpose`, `step`) of `seed`. Without slots, rows are uniform and there are no picks.
    pub fn batch(&self, size: usize, seed: Seed, purpose: &str, step: u64) -> ConditionBatch {
        let mut stream = seed.stream(purpose, step);
        if self.layout.is_empty() {
            let rows = (0..size).map(|_| stream.index(self.rows)).collect();
            return ConditionBatch { picks: Vec::new(), rows };
        }
        let draw = |_| {
            let pick = self.layout.draw(self.frequency, &mut stream);
            (pick, self.row(pick, &mut stream))
        };
        let (picks, rows) = (0..size).map(draw).unzip();
        ConditionBatch { picks, rows }
    }
}

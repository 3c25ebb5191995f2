//! Drawing rows step by step, and beginning more of them under conditions.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use rayon::prelude::*;

use super::FittedCart;
use super::steps::{Leaf, Step};
use crate::condition::Conditions;
use crate::error::TableError;
use crate::generators::trees::{CHUNK, Columns, Learnt, pick, running};

/// Rows begun per wanted row under conditions, and the fewest and most in all.
const BEGUN_PER_ROW: usize = 4;
const FEWEST_BEGUN: usize = 4096;
const MOST_BEGUN: usize = 1 << 18;
/// Rows' worth of the whole table that every leaf is granted, so that no wanted level is impossible.
const GRANTED: f64 = 1e-6;

/// Draws `rows` rows.
pub(super) fn sample(
    model: &FittedCart,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Table, TableError> {
    let columns = Columns::new(&model.plan);
    let width = columns.len();
    let wanted = wanted(&columns, conditions);
    // Steps up to the last under a condition.
    let first = model.steps.iter().rposition(|step| wanted[step.column].is_some()).map_or(0, |last| last + 1);
    let (begin, finish) = model.steps.split_at(first);
    let begun = if first == 0 || rows == 0 {
        Begun::none(width)
    } else {
        Begun::new(begin, rows, &columns, &wanted, seed)
    };
    let mut cells = vec![0.0; rows * width];
    cells.par_chunks_mut((CHUNK * width).max(1)).enumerate().for_each(|(chunk, cells)| {
        let mut stream = seed.stream("cart/rows", chunk as u64);
        for row in cells.chunks_exact_mut(width) {
            begun.copy(row, &mut stream);
            finish.iter().for_each(|step| step.draw(row, &columns.learnt, &mut stream));
        }
    });
    columns.table(rows, &cells)
}

/// The level (position) that each learnt column must have.
fn wanted(columns: &Columns<'_>, conditions: &Conditions) -> Vec<Option<usize>> {
    let level = |at: usize| match columns.learnt[at] {
        Learnt::Level(levels) => levels.position(conditions.code(columns.places[at])?),
        Learnt::Number { .. } => None,
    };
    (0..columns.len()).map(level).collect()
}

/// Rows in which all wanted levels stand, with the running sum of their weights.
struct Begun {
    width: usize,
    cells: Vec<f64>,
    running: Vec<f64>,
}

impl Begun {
    /// Nothing has to be begun.
    fn none(width: usize) -> Self {
        Self { width, cells: Vec::new(), running: Vec::new() }
    }

    /// Draws the first steps of many rows; wanted levels are set and weigh with their probability.
    fn new(steps: &[Step], rows: usize, columns: &Columns<'_>, wanted: &[Option<usize>], seed: Seed) -> Self {
        let width = columns.len();
        // Steps that are all under conditions leave nothing to chance.
        let free = steps.iter().any(|step| wanted[step.column].is_none());
        let begun = if free { (rows * BEGUN_PER_ROW).clamp(FEWEST_BEGUN, MOST_BEGUN) } else { 1 };
        let mut cells = vec![0.0; begun * width];
        let mut weights = vec![1.0; begun];
        let chunks = cells.par_chunks_mut(CHUNK * width).zip(weights.par_chunks_mut(CHUNK));
        chunks.enumerate().for_each(|(chunk, (cells, weights))| {
            let mut stream = seed.stream("cart/begun", chunk as u64);
            for (row, weight) in cells.chunks_exact_mut(width).zip(weights) {
                for step in steps {
                    match (wanted[step.column], &step.leaf) {
                        (Some(level), Leaf::Level(tables)) => {
                            let leaf = step.leaf_of(row, &columns.learnt);
                            let Learnt::Level(levels) = columns.learnt[step.column] else { continue };
                            let overall =
                                levels.counts[level] as f64 / levels.counts.iter().sum::<usize>() as f64;
                            let count = tables.count(leaf, level) as f64;
                            *weight *= (count + GRANTED * overall) / (tables.rows(leaf) as f64 + GRANTED);
                            row[step.column] = level as f64;
                        }
                        _ => step.draw(row, &columns.learnt, &mut stream),
                    }
                }
            }
        });
        // Products of many small probabilities are kept from vanishing together.
        let most = weights.iter().copied().fold(0.0, f64::max);
        let weight = |weight: f64| if most > 0.0 { weight / most } else { 1.0 };
        Self { width, cells, running: running(weights.into_iter().map(weight)) }
    }

    /// Writes one of them, by weight, over a row.
    fn copy(&self, row: &mut [f64], stream: &mut Stream) {
        if !self.running.is_empty() {
            let at = pick(&self.running, stream.uniform()) * self.width;
            row.copy_from_slice(&self.cells[at..at + self.width]);
        }
    }
}

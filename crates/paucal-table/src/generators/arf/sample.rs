//! Drawing leaves and, in each, its columns one by one.

use paucal_core::Seed;
use paucal_data::Table;
use rayon::prelude::*;

use super::FittedArf;
use super::leaves::{Content, Leaves};
use crate::condition::Conditions;
use crate::error::TableError;
use crate::generators::trees::{CHUNK, Columns, Learnt, Tables, pick, running};
use crate::transform::Levels;

/// Rows' worth of the whole table that every leaf is granted when the wanted levels share no leaf.
const GRANTED: f64 = 0.1;

/// Draws `rows` rows.
pub(super) fn sample(
    model: &FittedArf,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
) -> Result<Table, TableError> {
    let columns = Columns::new(&model.plan);
    let width = columns.len();
    let wanted: Vec<Option<usize>> = (0..width)
        .map(|at| match columns.learnt[at] {
            Learnt::Level(levels) => levels.position(conditions.code(columns.places[at])?),
            Learnt::Number { .. } => None,
        })
        .collect();
    let running = running(weights(&model.leaves, &columns, &wanted).into_iter());
    let mut cells = vec![0.0; rows * width];
    cells.par_chunks_mut((CHUNK * width).max(1)).enumerate().for_each(|(chunk, cells)| {
        let mut stream = seed.stream("arf/rows", chunk as u64);
        for row in cells.chunks_exact_mut(width) {
            let leaf = pick(&running, stream.uniform());
            for ((cell, content), wanted) in row.iter_mut().zip(&model.leaves.contents).zip(&wanted) {
                *cell = wanted.map_or_else(|| content.draw(leaf, &mut stream), |level| level as f64);
            }
        }
    });
    columns.table(rows, &cells)
}

/// Probability of every leaf and the wanted levels in it, up to a factor.
fn weights(leaves: &Leaves, columns: &Columns<'_>, wanted: &[Option<usize>]) -> Vec<f64> {
    let tables: Vec<(&Tables, &Levels, usize)> = leaves
        .contents
        .iter()
        .zip(&columns.learnt)
        .zip(wanted)
        .filter_map(|((content, learnt), wanted)| match (content, learnt) {
            (Content::Levels(tables), Learnt::Level(levels)) => Some((tables, *levels, (*wanted)?)),
            _ => None,
        })
        .collect();
    let weigh = |granted: f64| -> Vec<f64> {
        let share = |leaf: usize| {
            tables.iter().map(move |(tables, levels, level)| {
                let overall = levels.counts[*level] as f64 / levels.counts.iter().sum::<usize>() as f64;
                let rows = tables.rows(leaf) as f64;
                (tables.count(leaf, *level) as f64 + granted * overall) / (rows + granted)
            })
        };
        let weight = |(leaf, &rows): (usize, &usize)| rows as f64 * share(leaf).product::<f64>();
        leaves.rows.iter().enumerate().map(weight).collect()
    };
    let exact = weigh(0.0);
    if exact.iter().any(|&weight| weight > 0.0) { exact } else { weigh(GRANTED) }
}

//! Drawing rows from a network that is given the class and nothing else.

use paucal_core::{Seed, Stream};
use paucal_data::Table;

use super::BLOCK;
use super::cells::CellEncoder;
use crate::condition::{Conditions, Frequency};
use crate::error::TableError;

/// Rounds of drawing until rows fulfil conditions by themselves.
const ROUNDS: u64 = 10;
/// Fewest rows drawn in a round under conditions.
const FEWEST: usize = 256;

/// A class drawn by its counts; 0 where there are none.
pub fn draw_class(encoder: &CellEncoder, frequency: Frequency, stream: &mut Stream) -> u32 {
    let Some((_, levels)) = encoder.class() else { return 0 };
    let weight = |&count: &usize| match frequency {
        Frequency::Empirical => count as f64,
        Frequency::Log => (count as f64).ln_1p(),
    };
    let weights: Vec<f64> = levels.counts.iter().map(weight).collect();
    stream.weighted(&weights) as u32
}

/// Draws exactly `rows` rows under conditions. `network` turns classes and a seed into rows of cells.
///
/// The class is given to the network. For other conditions, rows that do not fulfil them are drawn again, up to ten
/// times; in what is left the wanted levels are put in their place, so that the count is exact however rare they are.
pub fn draw(
    encoder: &CellEncoder,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
    network: impl Fn(&[u32], Seed) -> Result<Vec<f32>, TableError>,
) -> Result<Table, TableError> {
    let (width, wanted) = (encoder.width(), encoder.wanted(conditions));
    let mut kept: Vec<f32> = Vec::with_capacity(rows * width);
    let mut spare = Vec::new();
    for round in 0..ROUNDS {
        let left = rows - kept.len() / width;
        if left == 0 {
            break;
        }
        let count = if wanted.is_empty() { left } else { left.max(FEWEST) };
        let drawn = candidates(encoder, count, conditions, seed.child("labelled/round", round), &network)?;
        spare.clear();
        for row in drawn.chunks_exact(width) {
            let fits = wanted.iter().all(|&(place, level)| encoder.is_at(place, row[place], level));
            let target = if fits && kept.len() < rows * width { &mut kept } else { &mut spare };
            target.extend_from_slice(row);
        }
    }
    for row in spare.chunks_exact_mut(width).take(rows - kept.len() / width) {
        for &(place, level) in &wanted {
            row[place] = encoder.level(place, level);
        }
        kept.extend_from_slice(row);
    }
    encoder.decode(&kept, rows, seed)
}

/// Rows of the wanted class, or of classes as they occur.
fn candidates(
    encoder: &CellEncoder,
    rows: usize,
    conditions: &Conditions,
    seed: Seed,
    network: &impl Fn(&[u32], Seed) -> Result<Vec<f32>, TableError>,
) -> Result<Vec<f32>, TableError> {
    let class = encoder.class();
    let given = class.and_then(|(cell, levels)| {
        Some(levels.position(conditions.code(encoder.cells()[cell].column)?)? as u32)
    });
    let mut drawn = Vec::with_capacity(rows * encoder.width());
    for (index, first) in (0..rows).step_by(BLOCK).enumerate() {
        let seed = seed.child("labelled/block", index as u64);
        let mut stream = seed.stream("classes", 0);
        let draw = |_| given.unwrap_or_else(|| draw_class(encoder, Frequency::Empirical, &mut stream));
        let classes: Vec<u32> = (first..rows.min(first + BLOCK)).map(draw).collect();
        let mut values = network(&classes, seed)?;
        if let Some((cell, _)) = class {
            for (row, &class) in values.chunks_exact_mut(encoder.width()).zip(&classes) {
                row[cell] = encoder.level(cell, class as usize);
            }
        }
        drawn.extend(values);
    }
    Ok(drawn)
}

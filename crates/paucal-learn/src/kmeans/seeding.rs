//! Greedy k-means++ of several starts at once.
//!
//! Every step reads the rows twice, block by block, and does the work of all starts on a block while it lies in
//! the cache: once for the potentials of the candidates, once for the distances to those that were chosen.

use paucal_core::Stream;
use rayon::prelude::*;

use super::points::{LANES, Points, each_row};
use super::{BLOCK, Data};

/// One start on its way.
struct Start {
    stream: Stream,
    /// The rows chosen as centres.
    chosen: Vec<usize>,
    /// Sum of the masses of each block.
    sums: Vec<f64>,
}

/// Masses of a block of rows: for each start the weighted squared distance of every row to the nearest centre.
type Masses = Vec<Vec<f64>>;

/// The rows from which each start begins.
pub(super) fn seeds(data: &Data<'_>, clusters: usize, streams: Vec<Stream>) -> Vec<Vec<usize>> {
    let candidates = 2 + (clusters as f64).ln() as usize;
    let start = |stream| Start { stream, chosen: Vec::with_capacity(clusters), sums: Vec::new() };
    let mut starts: Vec<Start> = streams.into_iter().map(start).collect();
    let empty = |block: &[f64]| vec![vec![f64::INFINITY; block.len()]; starts.len()];
    let mut masses: Vec<Masses> = data.weights.chunks(BLOCK).map(empty).collect();
    let weight: Vec<f64> = data.weights.chunks(BLOCK).map(|block| block.iter().sum()).collect();
    for step in 0..clusters {
        let draws = if step == 0 { 1 } else { candidates };
        let drawn: Vec<Vec<usize>> = starts
            .iter_mut()
            .enumerate()
            .map(|(at, start)| start.candidates(draws, at, data, &masses, &weight))
            .collect();
        let best = if draws == 1 { vec![0; starts.len()] } else { least_potential(data, &masses, &drawn) };
        for (start, (drawn, best)) in starts.iter_mut().zip(drawn.iter().zip(best)) {
            start.chosen.push(drawn[best]);
        }
        take(data, &mut masses, &mut starts);
    }
    starts.into_iter().map(|start| start.chosen).collect()
}

impl Start {
    /// Rows drawn in proportion to their masses; at first, and once every row is a centre and no mass is left, to
    /// their weights.
    fn candidates(
        &mut self,
        draws: usize,
        at: usize,
        data: &Data<'_>,
        masses: &[Masses],
        weight: &[f64],
    ) -> Vec<usize> {
        let left = !self.chosen.is_empty() && self.sums.iter().any(|&sum| sum > 0.0);
        let by_mass = |block: usize| masses[block][at].as_slice();
        let by_weight = |block: usize| data.weights.chunks(BLOCK).nth(block).unwrap_or_default();
        let stream = &mut self.stream;
        let draw = |_| {
            if left { draw(stream, &self.sums, by_mass) } else { draw(stream, weight, by_weight) }
        };
        (0..draws).map(draw).collect()
    }
}

/// A row drawn in proportion to the numbers of the blocks, whose sums are known.
fn draw<'a>(stream: &mut Stream, sums: &[f64], numbers: impl Fn(usize) -> &'a [f64]) -> usize {
    let mut left = stream.uniform() * sums.iter().sum::<f64>();
    let mut last = 0;
    for (block, &sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
        last = block;
        if left < sum {
            break;
        }
        left -= sum;
    }
    let within = numbers(last);
    let reached = within.iter().position(|&number| {
        left -= number;
        left < 0.0
    });
    // Rounding can leave a sliver: the last row with a number.
    let place = reached.or_else(|| within.iter().rposition(|&number| number > 0.0));
    last * BLOCK + place.unwrap_or(0)
}

/// For each start the first candidate that leaves the least mass.
fn least_potential(data: &Data<'_>, masses: &[Masses], drawn: &[Vec<usize>]) -> Vec<usize> {
    let points: Vec<Points> = drawn.iter().map(|rows| data.points(rows)).collect();
    let of_block = |(block, masses): (usize, &Masses)| -> Vec<Vec<f64>> {
        let (rows, weights) = data.block(block);
        let potentials = |(points, mass): (&Points, &Vec<f64>)| {
            let group = |group: usize| {
                let mut sums = [0.0; LANES];
                each_row(points, group, rows, |row, distances| {
                    for (sum, distance) in sums.iter_mut().zip(distances) {
                        *sum += mass[row].min(weights[row] * distance);
                    }
                });
                sums
            };
            (0..points.groups()).flat_map(group).collect()
        };
        points.iter().zip(masses).map(potentials).collect()
    };
    let blocks: Vec<Vec<Vec<f64>>> = masses.par_iter().enumerate().map(of_block).collect();
    let best = |(start, drawn): (usize, &Vec<usize>)| {
        let potential = |candidate: usize| blocks.iter().map(|block| block[start][candidate]).sum::<f64>();
        let all = (0..drawn.len()).map(|candidate| (candidate, potential(candidate)));
        all.reduce(|best, next| if next.1 < best.1 { next } else { best }).map_or(0, |best| best.0)
    };
    drawn.iter().enumerate().map(best).collect()
}

/// Lowers the masses by the centres chosen last.
fn take(data: &Data<'_>, masses: &mut [Masses], starts: &mut [Start]) {
    let newest: Vec<usize> = starts.iter().filter_map(|start| start.chosen.last().copied()).collect();
    let points = data.points(&newest);
    let of_block = |(block, masses): (usize, &mut Masses)| -> Vec<f64> {
        let (rows, weights) = data.block(block);
        for (group, masses) in masses.chunks_mut(LANES).enumerate() {
            each_row(&points, group, rows, |row, distances| {
                for (mass, distance) in masses.iter_mut().zip(distances) {
                    mass[row] = mass[row].min(weights[row] * distance);
                }
            });
        }
        masses.iter().map(|mass| mass.iter().sum()).collect()
    };
    let sums: Vec<Vec<f64>> = masses.par_iter_mut().enumerate().map(of_block).collect();
    for (at, start) in starts.iter_mut().enumerate() {
        start.sums = sums.iter().map(|block| block[at]).collect();
    }
}

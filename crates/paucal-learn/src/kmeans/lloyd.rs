//! Lloyd's iterations without the distances that cannot matter.
//!
//! Of every row an upper bound u of the distance to its own centre is kept, and for each group of centres a lower
//! bound l of the distances to the others in it (Ding et al.: *Yinyang K-Means*, 2015; with one group it is the
//! method of Hamerly, 2010). When centres move, u grows by the movement of the own centre and l shrinks by the largest
//! movement in the group. As long as u < l nothing of the group can be nearer, and no distance to it is computed. The
//! outcome is that of the plain method.
//!
//! Bounds are not touched while they hold: what has been added up of the movements is taken off when a bound is
//! stored, and added when it is used.

use ndarray::Array2;
use rayon::prelude::*;

use super::points::{LANES, Points};
use super::{BLOCK, Data, KMeans};
use crate::vector::add_scaled;

/// Blocks of rows that one task takes at least.
const TASK: usize = 8;
/// A bound must hold by more than rounding: relative room between an upper and a lower one.
const ROOM: f64 = 1.0 + 1e-9;

/// A row that goes from one cluster to another.
struct Move {
    row: usize,
    from: usize,
    to: usize,
}

/// Labels and bounds of a block of rows.
struct Bounds {
    labels: Vec<u32>,
    /// Of the distance to the own centre, less its movements up to now.
    upper: Vec<f64>,
    /// Rows × groups: of the distances to the centres of a group but the own one, plus its movements up to now.
    lower: Vec<f64>,
}

/// Centres and what they have moved since the beginning.
struct Centres {
    values: Array2<f64>,
    points: Points,
    moved: Vec<f64>,
    moved_most: Vec<f64>,
}

impl Centres {
    fn new(values: Array2<f64>) -> Self {
        let points = points(&values);
        Self { moved: vec![0.0; values.nrows()], moved_most: vec![0.0; points.groups()], points, values }
    }

    /// Moves the centres; the sum of their squared movements.
    fn move_to(&mut self, next: Array2<f64>) -> f64 {
        let differences = &next - &self.values;
        let squares: Vec<f64> =
            differences.rows().into_iter().map(|row| row.iter().map(|d| d * d).sum()).collect();
        self.moved.iter_mut().zip(&squares).for_each(|(moved, square)| *moved += square.sqrt());
        for (most, group) in self.moved_most.iter_mut().zip(squares.chunks(LANES)) {
            *most += group.iter().copied().fold(0.0, f64::max).sqrt();
        }
        self.points = points(&next);
        self.values = next;
        squares.iter().sum()
    }
}

fn points(centres: &Array2<f64>) -> Points {
    Points::new(centres.ncols(), centres.rows().into_iter().map(|row| row.to_slice().unwrap_or_default()))
}

/// One start of the method.
pub(super) struct Start {
    centres: Centres,
    blocks: Vec<Bounds>,
    /// Weighted sums of the rows of each cluster, their weights and their number.
    sums: Array2<f64>,
    masses: Vec<f64>,
    counts: Vec<usize>,
    iterations: usize,
}

/// The outcome of one start.
pub(super) struct Run {
    pub centres: Array2<f64>,
    pub inertia: f64,
    pub iterations: usize,
}

/// Runs the method from each of the given centres (clusters × features).
pub(super) fn lloyd(settings: &KMeans, data: &Data<'_>, centres: Vec<Array2<f64>>) -> Vec<Run> {
    let stop = settings.tolerance * data.mean_variance();
    let mut starts = begin(data, centres);
    starts.par_iter_mut().for_each(|start| start.iterate(settings, data, stop));
    let inertia = inertia(data, &starts);
    let run = |(start, inertia): (Start, f64)| Run {
        centres: start.centres.values,
        inertia,
        iterations: start.iterations,
    };
    starts.into_iter().zip(inertia).map(run).collect()
}

/// First labels and bounds. All starts take a block of rows while it lies in the cache.
fn begin(data: &Data<'_>, centres: Vec<Array2<f64>>) -> Vec<Start> {
    let centres: Vec<Centres> = centres.into_iter().map(Centres::new).collect();
    let of_block = |block: usize| -> Vec<(Bounds, Array2<f64>)> {
        let (rows, weights) = data.block(block);
        let of_start = |centres: &Centres| {
            let mut bounds = Bounds {
                labels: vec![0; weights.len()],
                upper: vec![f64::INFINITY; weights.len()],
                lower: vec![f64::NEG_INFINITY; weights.len() * centres.points.groups()],
            };
            bounds.assign(centres, rows, data.features, |_, _, _| {});
            let mut sums = Array2::zeros(centres.values.raw_dim());
            for ((row, &label), &weight) in rows.chunks_exact(data.features).zip(&bounds.labels).zip(weights)
            {
                add_row(&mut sums, label as usize, weight, row);
            }
            (bounds, sums)
        };
        centres.iter().map(of_start).collect()
    };
    let blocks: Vec<_> = (0..data.blocks()).into_par_iter().map(of_block).collect();
    let mut starts: Vec<Start> = centres.into_iter().map(Start::new).collect();
    for (block, of_starts) in blocks.into_iter().enumerate() {
        let (_, weights) = data.block(block);
        for (start, (bounds, sums)) in starts.iter_mut().zip(of_starts) {
            start.sums += &sums;
            for (&label, &weight) in bounds.labels.iter().zip(weights) {
                start.masses[label as usize] += weight;
                start.counts[label as usize] += 1;
            }
            start.blocks.push(bounds);
        }
    }
    starts
}

/// The weighted sum of squared distances to the nearest centre, of each start.
fn inertia(data: &Data<'_>, starts: &[Start]) -> Vec<f64> {
    let of_block = |block: usize| -> Vec<f64> {
        let (rows, weights) = data.block(block);
        let of_start = |start: &Start| {
            let labels = &start.blocks[block].labels;
            let terms = rows.chunks_exact(data.features).zip(labels).zip(weights);
            terms.map(|((row, &label), weight)| weight * start.centres.distance(row, label as usize)).sum()
        };
        starts.iter().map(of_start).collect()
    };
    let blocks: Vec<Vec<f64>> = (0..data.blocks()).into_par_iter().map(of_block).collect();
    (0..starts.len()).map(|start| blocks.iter().map(|block| block[start]).sum()).collect()
}

impl Centres {
    /// Squared distance of a row to a centre.
    fn distance(&self, row: &[f64], centre: usize) -> f64 {
        self.points.of_row(centre / LANES, row)[centre % LANES]
    }
}

impl Bounds {
    /// Gives every row its nearest centre and calls `moved` with the rows for which it is another than before.
    fn assign(
        &mut self,
        centres: &Centres,
        rows: &[f64],
        features: usize,
        mut moved: impl FnMut(usize, usize, usize),
    ) {
        let groups = centres.points.groups();
        let bounds = self.upper.iter_mut().zip(self.lower.chunks_exact_mut(groups));
        for (at, (label, (upper, lower))) in self.labels.iter_mut().zip(bounds).enumerate() {
            let own = *label as usize;
            let most = (*upper + centres.moved[own]) * ROOM;
            if lower.iter().zip(&centres.moved_most).all(|(lower, moved)| most < lower - moved) {
                continue;
            }
            let nearest = Nearest::of(&rows[at * features..][..features], own, centres, lower);
            *upper = nearest.square.sqrt() - centres.moved[nearest.centre];
            if nearest.centre != own {
                *label = nearest.centre as u32;
                moved(at, own, nearest.centre);
            }
        }
    }
}

/// The nearest centre seen so far.
struct Nearest {
    square: f64,
    centre: usize,
}

impl Nearest {
    /// The nearest centre of a row, at first its `own`; the lower bounds are brought up to date.
    fn of(row: &[f64], own: usize, centres: &Centres, lower: &mut [f64]) -> Self {
        let home = own / LANES;
        let distances = centres.points.of_row(home, row);
        let mut nearest = Self { square: distances[own % LANES], centre: own };
        nearest.look(home, distances, &centres.moved_most, lower);
        for group in (0..lower.len()).filter(|&group| group != home) {
            if nearest.square.sqrt() * ROOM < lower[group] - centres.moved_most[group] {
                continue;
            }
            nearest.look(group, centres.points.of_row(group, row), &centres.moved_most, lower);
        }
        nearest
    }

    /// Looks at the centres of a group. Of equally near ones the lower is taken.
    fn look(&mut self, group: usize, distances: [f64; LANES], moved: &[f64], lower: &mut [f64]) {
        let mut others = f64::INFINITY;
        for (lane, square) in distances.into_iter().enumerate() {
            let centre = group * LANES + lane;
            if centre == self.centre {
                continue;
            }
            let nearer = square < self.square || (square == self.square && centre < self.centre);
            if !nearer {
                others = others.min(square);
                continue;
            }
            let passed = std::mem::replace(self, Self { square, centre });
            let home = passed.centre / LANES;
            if home == group {
                others = others.min(passed.square);
            } else {
                lower[home] = lower[home].min(passed.square.sqrt() + moved[home]);
            }
        }
        lower[group] = others.sqrt() + moved[group];
    }
}

impl Start {
    fn new(centres: Centres) -> Self {
        let clusters = centres.values.nrows();
        Self {
            sums: Array2::zeros(centres.values.raw_dim()),
            centres,
            blocks: Vec::new(),
            masses: vec![0.0; clusters],
            counts: vec![0; clusters],
            iterations: 0,
        }
    }

    /// Iterates until no row moves, or the centres hardly do. Afterwards the labels are those of the centres.
    fn iterate(&mut self, settings: &KMeans, data: &Data<'_>, stop: f64) {
        loop {
            self.iterations += 1;
            let means = self.means(data);
            let movement = self.centres.move_to(means);
            let moves = self.assign(data);
            if movement <= stop || moves.is_empty() || self.iterations == settings.max_iterations {
                return;
            }
            self.apply(data, &moves);
        }
    }

    /// Gives every row its nearest centre; the moves in the order of the rows.
    fn assign(&mut self, data: &Data<'_>) -> Vec<Move> {
        let (centres, features) = (&self.centres, data.features);
        let of_block = |(block, bounds): (usize, &mut Bounds)| {
            let mut moves = Vec::new();
            bounds.assign(centres, data.block(block).0, features, |at, from, to| {
                moves.push(Move { row: block * BLOCK + at, from, to });
            });
            moves
        };
        let blocks = self.blocks.par_iter_mut().enumerate().with_min_len(TASK);
        blocks.map(of_block).collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Takes rows from the sums of one cluster to those of another.
    fn apply(&mut self, data: &Data<'_>, moves: &[Move]) {
        for &Move { row, from, to } in moves {
            let weight = data.weights[row];
            for (cluster, sign) in [(from, -1.0), (to, 1.0)] {
                add_row(&mut self.sums, cluster, sign * weight, data.row(row));
                self.masses[cluster] += sign * weight;
            }
            self.counts[from] -= 1;
            self.counts[to] += 1;
        }
        for (cluster, _) in self.counts.iter().enumerate().filter(|(_, count)| **count == 0) {
            self.sums.row_mut(cluster).fill(0.0);
            self.masses[cluster] = 0.0;
        }
    }

    /// Weighted means of the clusters; an empty one gets the row farthest from its centre.
    fn means(&self, data: &Data<'_>) -> Array2<f64> {
        let empty = self.counts.iter().filter(|count| **count == 0).count();
        let mut farthest = if empty > 0 { self.farthest(data, empty) } else { Vec::new() }.into_iter();
        let mut means = self.sums.clone();
        for (cluster, mut mean) in means.rows_mut().into_iter().enumerate() {
            if self.counts[cluster] > 0 {
                mean /= self.masses[cluster];
            } else if let (Some(row), Some(mean)) = (farthest.next(), mean.as_slice_mut()) {
                mean.copy_from_slice(data.row(row));
            }
        }
        means
    }

    /// The rows farthest from their centres, the first of equal ones first.
    fn farthest(&self, data: &Data<'_>, count: usize) -> Vec<usize> {
        let labels = self.blocks.iter().flat_map(|block| &block.labels);
        let distance = |(row, &label): (usize, &u32)| self.centres.distance(data.row(row), label as usize);
        let distances: Vec<f64> = labels.enumerate().map(distance).collect();
        let mut rows: Vec<usize> = (0..distances.len()).collect();
        rows.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]).then(a.cmp(&b)));
        rows.truncate(count);
        rows
    }
}

/// Adds a weighted row to the sum of a cluster.
fn add_row(sums: &mut Array2<f64>, cluster: usize, weight: f64, row: &[f64]) {
    if let Some(sum) = sums.row_mut(cluster).as_slice_mut() {
        add_scaled(sum, weight, row);
    }
}

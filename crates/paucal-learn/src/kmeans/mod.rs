//! k-means.
//!
//! Lloyd: *Least Squares Quantization in PCM* (1982), started by k-means++ (Arthur, Vassilvitskii 2007) in
//! its greedy form, which tries 2 + ⌊ln k⌋ candidates per centre and keeps the best. Minimises the
//! inertia Σᵢ wᵢ ‖xᵢ − centre‖². A cluster that loses all its rows moves to the row farthest from its
//! centre. Restart r draws from the stream (`kmeans/start`, r); the restart of least inertia is kept.
//!
//! Distances are computed for several centres at a time ([`points`]), the starts share every pass over the rows
//! ([`seeding`]), and distances that cannot change a label are not computed ([`mod@lloyd`]).

mod lloyd;
mod points;
mod seeding;

use ndarray::{Array2, ArrayView2, Axis};
use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::lloyd::{Run, lloyd};
use self::points::{LANES, Points, each_row};
use crate::LearnError;
use crate::error::require;
use crate::input::{Missing, Weighted, standard};

/// Rows per unit of parallel work; sums are taken block by block in order.
const BLOCK: usize = 256;
/// Starts that share the passes over the rows; more would only take memory.
const TOGETHER: usize = 10;
/// Inertias that differ by less than this share are of the same clusters, added up in another order.
const SAME: f64 = 1e-12;

/// Parameters of k-means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KMeans {
    /// Number of clusters.
    pub clusters: usize,
    /// Independent starts.
    pub restarts: usize,
    /// Most iterations per start.
    pub max_iterations: usize,
    /// Stop once the squared movement of all centres is at most this fraction of the mean variance
    /// of the features.
    pub tolerance: f64,
}

impl Default for KMeans {
    fn default() -> Self {
        Self { clusters: 8, restarts: 10, max_iterations: 300, tolerance: 1e-4 }
    }
}

/// A clustering of the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// Clusters × features.
    pub centres: Array2<f64>,
    /// Cluster of each training row, those of weight 0 included.
    pub labels: Vec<usize>,
    /// Weighted sum of squared distances to the nearest centre.
    pub inertia: f64,
    /// Iterations of the start that was kept.
    pub iterations: usize,
}

impl KMeans {
    /// Name in the registry.
    pub const NAME: &'static str = "kmeans";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        require(self.clusters >= 1, Self::NAME, "clusters", self.clusters, "at least 1")?;
        require(self.restarts >= 1, Self::NAME, "restarts", self.restarts, "at least 1")?;
        require(self.max_iterations >= 1, Self::NAME, "max_iterations", self.max_iterations, "at least 1")?;
        require(self.tolerance >= 0.0, Self::NAME, "tolerance", self.tolerance, "at least 0")
    }

    /// Clusters the rows of `x` (rows × features).
    pub fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Clusters, LearnError> {
        let rows = self.prepare(x, weights)?;
        let data = Data::new(&rows)?;
        let restarts: Vec<usize> = (0..self.restarts).collect();
        let runs = restarts.chunks(TOGETHER).flat_map(|restarts| {
            let streams = restarts.iter().map(|&restart| seed.stream("kmeans/start", restart as u64));
            let seeds = seeding::seeds(&data, self.clusters, streams.collect());
            lloyd(self, &data, seeds.iter().map(|seeds| rows.x.select(Axis(0), seeds)).collect())
        });
        best(runs).map(|run| run.clusters(x)).ok_or(LearnError::NoRows)
    }

    /// Clusters from given centres (clusters × features); only the stopping rules are used.
    pub fn fit_from(
        &self,
        x: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        centres: ArrayView2<'_, f64>,
    ) -> Result<Clusters, LearnError> {
        let settings = Self { clusters: centres.nrows(), ..self.clone() };
        let rows = settings.prepare(x, weights)?;
        crate::input::same_length("a centre", centres.ncols(), x.ncols())?;
        let runs = lloyd(&settings, &Data::new(&rows)?, vec![standard(centres).into_owned()]);
        best(runs.into_iter()).map(|run| run.clusters(x)).ok_or(LearnError::NoRows)
    }

    fn prepare<'a>(
        &self,
        x: ArrayView2<'a, f64>,
        weights: Option<&[f64]>,
    ) -> Result<Weighted<'a>, LearnError> {
        self.check()?;
        let rows = Weighted::new(x, weights, Missing::Refuse)?;
        let available = rows.x.nrows();
        if self.clusters > available {
            let wanted = self.clusters;
            return Err(LearnError::TooMany { method: Self::NAME, what: "clusters", wanted, available });
        }
        Ok(rows)
    }
}

/// The first of the best.
fn best(runs: impl Iterator<Item = Run>) -> Option<Run> {
    runs.reduce(|best, next| if next.inertia < best.inertia * (1.0 - SAME) { next } else { best })
}

impl Run {
    fn clusters(self, x: ArrayView2<'_, f64>) -> Clusters {
        let Self { centres, inertia, iterations } = self;
        let mut clusters = Clusters { centres, labels: Vec::new(), inertia, iterations };
        clusters.labels = clusters.assign(x);
        clusters
    }
}

impl Clusters {
    /// The nearest centre of each row; ties go to the lower one. `x` must have as many columns as
    /// there were features.
    pub fn assign(&self, x: ArrayView2<'_, f64>) -> Vec<usize> {
        assert_eq!(x.ncols(), self.centres.ncols(), "as many features as at fitting");
        let centres = standard(self.centres.view());
        let features = centres.ncols();
        let rows = centres.rows();
        let points = Points::new(features, rows.into_iter().map(|row| row.to_slice().unwrap_or_default()));
        let of_block = |block: &[f64]| {
            let mut nearest = vec![(f64::INFINITY, 0); block.len() / features];
            for group in 0..points.groups() {
                each_row(&points, group, block, |row, distances| {
                    for (lane, distance) in distances.into_iter().enumerate() {
                        if distance < nearest[row].0 {
                            nearest[row] = (distance, group * LANES + lane);
                        }
                    }
                });
            }
            nearest.into_iter().map(|near| near.1).collect::<Vec<usize>>()
        };
        let x = standard(x);
        let blocks = x.as_slice().unwrap_or_default().par_chunks(BLOCK * features);
        blocks.map(of_block).collect::<Vec<_>>().concat()
    }
}

/// Rows one after the other, and their weights.
struct Data<'a> {
    features: usize,
    values: &'a [f64],
    weights: &'a [f64],
}

impl<'a> Data<'a> {
    fn new(of: &'a Weighted<'_>) -> Result<Self, LearnError> {
        let values = of.x.as_slice().ok_or(LearnError::NoRows)?;
        Ok(Self { features: of.x.ncols(), values, weights: &of.weights })
    }

    fn row(&self, row: usize) -> &'a [f64] {
        &self.values[row * self.features..][..self.features]
    }

    fn blocks(&self) -> usize {
        self.weights.len().div_ceil(BLOCK)
    }

    /// Rows and weights of a block.
    fn block(&self, block: usize) -> (&'a [f64], &'a [f64]) {
        let (first, end) = (block * BLOCK, ((block + 1) * BLOCK).min(self.weights.len()));
        (&self.values[first * self.features..end * self.features], &self.weights[first..end])
    }

    /// Some rows as points.
    fn points(&self, rows: &[usize]) -> Points {
        Points::new(self.features, rows.iter().map(|&row| self.row(row)))
    }

    /// The mean over the features of their variance, whatever the weights.
    fn mean_variance(&self) -> f64 {
        let n = self.weights.len() as f64;
        let mean: Vec<f64> = self.sums(|value, _| value).into_iter().map(|sum| sum / n).collect();
        let squares = self.sums(|value, feature| (value - mean[feature]).powi(2));
        squares.into_iter().sum::<f64>() / n / self.features as f64
    }

    /// The sum over the rows of a function of each value and the number of its feature.
    fn sums(&self, term: impl Fn(f64, usize) -> f64 + Sync) -> Vec<f64> {
        let of_block = |block: &[f64]| {
            let mut sums = vec![0.0; self.features];
            for row in block.chunks_exact(self.features) {
                for (feature, (sum, &value)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += term(value, feature);
                }
            }
            sums
        };
        let blocks: Vec<Vec<f64>> = self.values.par_chunks(BLOCK * self.features).map(of_block).collect();
        (0..self.features).map(|feature| blocks.iter().map(|sums| sums[feature]).sum()).collect()
    }
}

#[cfg(test)]
mod tests;

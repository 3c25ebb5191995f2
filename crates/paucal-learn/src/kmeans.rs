//! k-means.
//!
//! Lloyd: *Least Squares Quantization in PCM* (1982), started by k-means++ (Arthur, Vassilvitskii 2007) in
//! its greedy form, which tries 2 + ⌊ln k⌋ candidates per centre and keeps the best. Minimises the
//! inertia Σᵢ wᵢ ‖xᵢ − centre‖². A cluster that loses all its rows moves to the row farthest from its
//! centre. Restart r draws from the stream (`kmeans/start`, r); the restart of least inertia is kept.

use ndarray::{Array2, ArrayView2, Axis};
use paucal_core::{Seed, Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::error::require;
use crate::input::{Missing, Weighted, standard};
use crate::vector::{add_scaled, squared_distance};

/// Rows per unit of parallel work; sums are taken block by block in order.
const BLOCK: usize = 1024;

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
        let (rows, weights) = self.prepare(x, weights)?;
        let one_start = |restart: usize| {
            let mut stream = seed.stream("kmeans/start", restart as u64);
            let centres = plus_plus(&rows, &weights, self.clusters, &mut stream);
            self.lloyd(&rows, &weights, centres)
        };
        let all: Vec<Run> = (0..self.restarts).into_par_iter().map(one_start).collect();
        // The first of the best.
        let best = all.into_iter().reduce(|best, next| if next.inertia < best.inertia { next } else { best });
        best.map(|run| run.clusters(x)).ok_or(LearnError::NoRows)
    }

    /// Clusters from given centres (clusters × features); only the stopping rules are used.
    pub fn fit_from(
        &self,
        x: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
        centres: ArrayView2<'_, f64>,
    ) -> Result<Clusters, LearnError> {
        let settings = Self { clusters: centres.nrows(), ..self.clone() };
        let (rows, weights) = settings.prepare(x, weights)?;
        crate::input::same_length("a centre", centres.ncols(), x.ncols())?;
        Ok(settings.lloyd(&rows, &weights, standard(centres).into_owned()).clusters(x))
    }

    fn prepare(
        &self,
        x: ArrayView2<'_, f64>,
        weights: Option<&[f64]>,
    ) -> Result<(Array2<f64>, Vec<f64>), LearnError> {
        self.check()?;
        let Weighted { x, weights, .. } = Weighted::new(x, weights, Missing::Refuse)?;
        let available = x.nrows();
        if self.clusters > available {
            let wanted = self.clusters;
            return Err(LearnError::TooMany { method: Self::NAME, what: "clusters", wanted, available });
        }
        Ok((x.into_owned(), weights))
    }

    fn lloyd(&self, x: &Array2<f64>, weights: &[f64], mut centres: Array2<f64>) -> Run {
        let stop = self.tolerance * x.var_axis(Axis(0), 0.0).mean().unwrap_or(0.0);
        let mut iterations = 0;
        let mut labels: Vec<usize> = Vec::new();
        while iterations < self.max_iterations {
            let nearest = assign(x, &centres);
            let next: Vec<usize> = nearest.iter().map(|near| near.0).collect();
            if next == labels {
                break;
            }
            labels = next;
            iterations += 1;
            let moved = update(x, weights, &nearest, &centres);
            let movement = (&moved - &centres).iter().map(|d| d * d).sum::<f64>();
            centres = moved;
            if movement <= stop {
                break;
            }
        }
        let inertia = assign(x, &centres).iter().zip(weights).map(|(near, weight)| near.1 * weight).sum();
        Run { centres, inertia, iterations }
    }
}

/// The outcome of one start.
struct Run {
    centres: Array2<f64>,
    inertia: f64,
    iterations: usize,
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
        assign(&standard(x).into_owned(), &self.centres).into_iter().map(|near| near.0).collect()
    }
}

/// Nearest centre of each row and the squared distance to it.
fn assign(x: &Array2<f64>, centres: &Array2<f64>) -> Vec<(usize, f64)> {
    let near = |row: usize| {
        let point = x.row(row);
        let point = point.as_slice().unwrap_or_default();
        let mut best = (0, f64::INFINITY);
        for (k, centre) in centres.rows().into_iter().enumerate() {
            let distance = squared_distance(point, centre.as_slice().unwrap_or_default());
            if distance < best.1 {
                best = (k, distance);
            }
        }
        best
    };
    if x.len() * centres.nrows() < 100_000 {
        (0..x.nrows()).map(near).collect()
    } else {
        (0..x.nrows()).into_par_iter().with_min_len(BLOCK).map(near).collect()
    }
}

/// Squared distance of a row to a point.
fn between(x: &Array2<f64>, row: usize, point: &[f64]) -> f64 {
    squared_distance(x.row(row).as_slice().unwrap_or_default(), point)
}

/// Weighted means of the clusters; an empty one gets the row farthest from its centre.
fn update(x: &Array2<f64>, weights: &[f64], nearest: &[(usize, f64)], old: &Array2<f64>) -> Array2<f64> {
    let mut sums = Array2::zeros(old.raw_dim());
    let mut masses = vec![0.0; old.nrows()];
    for ((row, &(k, _)), &weight) in x.rows().into_iter().zip(nearest).zip(weights) {
        if let (Some(sum), Some(row)) = (sums.row_mut(k).as_slice_mut(), row.as_slice()) {
            add_scaled(sum, weight, row);
        }
        masses[k] += weight;
    }
    let mut farthest: Vec<usize> = Vec::new();
    for (k, mut sum) in sums.rows_mut().into_iter().enumerate() {
        if masses[k] > 0.0 {
            sum /= masses[k];
            continue;
        }
        if farthest.is_empty() {
            farthest = (0..x.nrows()).collect();
            // Ascending, so that the farthest is taken from the end.
            farthest.sort_by(|&a, &b| nearest[a].1.total_cmp(&nearest[b].1).then(b.cmp(&a)));
        }
        if let Some(row) = farthest.pop() {
            sum.assign(&x.row(row));
        }
    }
    sums
}

/// Greedy k-means++.
fn plus_plus(x: &Array2<f64>, weights: &[f64], clusters: usize, stream: &mut Stream) -> Array2<f64> {
    let candidates = 2 + (clusters as f64).ln() as usize;
    let mut centres = Array2::zeros((clusters, x.ncols()));
    let mut mass = vec![f64::INFINITY; x.nrows()];
    for k in 0..clusters {
        let draws = if k == 0 { 1 } else { candidates };
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..draws {
            // Once every row is a centre no mass is left: any row will do.
            let left = mass.iter().any(|&m| m > 0.0);
            let row = stream.weighted(if k == 0 || !left { weights } else { &mass });
            let point = x.row(row);
            let point = point.as_slice().unwrap_or_default();
            let closer = |(i, &old): (usize, &f64)| old.min(weights[i] * between(x, i, point));
            let new: Vec<f64> = mass.iter().enumerate().map(closer).collect();
            let inertia = new.iter().sum();
            if best.as_ref().is_none_or(|best| inertia < best.0) {
                best = Some((inertia, row, new));
            }
        }
        if let Some((_, row, new)) = best {
            centres.row_mut(k).assign(&x.row(row));
            mass = new;
        }
    }
    centres
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn separate_clouds_are_found_and_labelled() {
        let x = array![[0.0, 0.0], [0.1, 0.0], [9.0, 9.0], [9.1, 9.0], [0.0, 9.0]];
        let clusters = KMeans { clusters: 3, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap();
        assert!((clusters.inertia - 0.01).abs() < 1e-12);
        assert_eq!(clusters.labels[0], clusters.labels[1]);
        assert_ne!(clusters.labels[0], clusters.labels[2]);
        assert_eq!(clusters.assign(array![[8.0, 8.5]].view())[0], clusters.labels[2]);
    }

    #[test]
    fn weights_repeat_rows() {
        let mut stream = Seed(3).stream("kmeans", 0);
        let x = Array2::from_shape_fn((40, 2), |_| stream.normal());
        let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
        let repeated: Vec<usize> = (0..40).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
        let start = x.select(Axis(0), &[1, 2, 4]);
        let weighted = KMeans::default().fit_from(x.view(), Some(&weights), start.view()).unwrap();
        let plain =
            KMeans::default().fit_from(x.select(Axis(0), &repeated).view(), None, start.view()).unwrap();
        assert!((weighted.inertia - plain.inertia).abs() < 1e-9);
    }

    #[test]
    fn as_many_clusters_as_rows_and_duplicates() {
        let x = array![[1.0], [1.0], [1.0], [2.0]];
        let clusters = KMeans { clusters: 4, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap();
        assert_eq!(clusters.inertia, 0.0);
        let error = KMeans { clusters: 5, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap_err();
        assert!(matches!(error, LearnError::TooMany { wanted: 5, available: 4, .. }));
    }
}

//! Nearest neighbours in Euclidean distance, and classification by their vote.
//!
//! Cover, Hart: *Nearest Neighbor Pattern Classification* (1967). The search compares every pair, in
//! parallel over the queries; ties in distance go to the lower row.

use ndarray::{Array2, ArrayView2};
use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::input::{Classes, Missing, Task, check_values, standard};
use crate::vector::squared_distance;
use crate::{Classifier, FittedClassifier, LearnError};

/// Rows that can be searched for neighbours.
#[derive(Debug, Clone)]
pub struct Neighbours {
    rows: Array2<f64>,
}

impl Neighbours {
    /// Takes the rows to search among (rows × features).
    pub fn new(x: ArrayView2<'_, f64>) -> Result<Self, LearnError> {
        check_values(x, Missing::Refuse)?;
        Ok(Self { rows: standard(x).into_owned() })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// Never true: there is at least one row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The `k` nearest rows of each query and their distances, nearest first. Fewer if there are
    /// fewer rows. `queries` must have as many columns as there are features.
    pub fn nearest(&self, queries: ArrayView2<'_, f64>, k: usize) -> Vec<Vec<(usize, f64)>> {
        assert_eq!(queries.ncols(), self.rows.ncols(), "as many features as at construction");
        let queries = standard(queries);
        let search = |i: usize| self.search(queries.row(i).as_slice().unwrap_or_default(), k, None);
        self.map(queries.nrows(), search)
    }

    /// The `k` nearest other rows of each row and their distances, nearest first.
    pub fn nearest_others(&self, k: usize) -> Vec<Vec<(usize, f64)>> {
        self.map(self.len(), |i| self.search(self.rows.row(i).as_slice().unwrap_or_default(), k, Some(i)))
    }

    fn map<T: Send>(&self, queries: usize, search: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
        if queries * self.rows.len() < 100_000 {
            (0..queries).map(search).collect()
        } else {
            (0..queries).into_par_iter().map(search).collect()
        }
    }

    /// Keeps the `k` best so far in order: for the small `k` of practice quicker than a heap.
    fn search(&self, query: &[f64], k: usize, skip: Option<usize>) -> Vec<(usize, f64)> {
        let k = k.min(self.len() - usize::from(skip.is_some()));
        let mut best: Vec<(usize, f64)> = Vec::with_capacity(k + 1);
        let mut worst = f64::INFINITY;
        for (i, row) in self.rows.rows().into_iter().enumerate() {
            let distance = squared_distance(row.as_slice().unwrap_or_default(), query);
            // An overflowing distance still fills a place that is free.
            if Some(i) == skip || k == 0 || (best.len() == k && distance >= worst) {
                continue;
            }
            let at = best.partition_point(|other| other.1 <= distance);
            best.insert(at, (i, distance));
            best.truncate(k);
            worst = best[best.len() - 1].1;
        }
        for near in &mut best {
            near.1 = near.1.sqrt();
        }
        best
    }
}

/// How much the vote of a neighbour counts, besides its row weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// All alike.
    #[default]
    Uniform,
    /// The inverse of the distance; if some are at distance 0, only they count.
    Distance,
}

/// Parameters of nearest-neighbour classification. Bring features to a common scale first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NearestNeighbours {
    /// Number of neighbours.
    pub k: usize,
    /// How much a neighbour's vote counts.
    pub vote: Vote,
}

impl Default for NearestNeighbours {
    fn default() -> Self {
        Self { k: 5, vote: Vote::Uniform }
    }
}

impl NearestNeighbours {
    /// Name in the registry.
    pub const NAME: &'static str = "neighbours";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        require(self.k >= 1, Self::NAME, "k", self.k, "at least 1")
    }
}

impl Classifier for NearestNeighbours {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        _seed: Seed,
    ) -> Result<Box<dyn FittedClassifier>, LearnError> {
        self.check()?;
        let task = Task::new(x, y, classes, weights, Missing::Refuse)?;
        let available = task.y.len();
        if self.k > available {
            let wanted = self.k;
            return Err(LearnError::TooMany { method: Self::NAME, what: "neighbours", wanted, available });
        }
        let Task { x, y, weights, classes, .. } = task;
        let rows = Neighbours { rows: x.into_owned() };
        Ok(Box::new(Voters { settings: self.clone(), rows, y, weights, classes }))
    }
}

/// The training rows, ready to vote.
struct Voters {
    settings: NearestNeighbours,
    rows: Neighbours,
    y: Vec<usize>,
    weights: Vec<f64>,
    classes: Classes,
}

impl FittedClassifier for Voters {
    fn features(&self) -> usize {
        self.rows.rows.ncols()
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut narrow = Array2::zeros((x.nrows(), self.classes.present.len()));
        for (near, mut p) in self.rows.nearest(x, self.settings.k).iter().zip(narrow.rows_mut()) {
            let touching = near.iter().any(|&(_, distance)| distance == 0.0);
            for &(row, distance) in near {
                let vote = match self.settings.vote {
                    Vote::Uniform => 1.0,
                    Vote::Distance if touching => f64::from(u8::from(distance == 0.0)),
                    Vote::Distance => near[0].1 / distance,
                };
                p[self.y[row]] += self.weights[row] * vote;
            }
            let total = p.sum();
            p /= total;
        }
        self.classes.widen(narrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn neighbours_come_nearest_first_and_ties_by_row() {
        let rows = Neighbours::new(array![[0.0], [1.0], [-1.0], [5.0]].view()).unwrap();
        assert_eq!(rows.nearest(array![[0.0]].view(), 3)[0], [(0, 0.0), (1, 1.0), (2, 1.0)]);
        assert_eq!(rows.nearest_others(1), [[(1, 1.0)], [(0, 1.0)], [(0, 1.0)], [(1, 4.0)]]);
        assert_eq!(rows.nearest(array![[0.0]].view(), 9)[0].len(), 4);
    }

    #[test]
    fn votes_count_by_distance_and_weight() {
        let x = array![[0.0], [3.0]];
        let fit = |vote, weights: Option<&[f64]>| {
            let settings = NearestNeighbours { k: 2, vote };
            settings.fit(x.view(), &[0, 1], 2, weights, Seed(0)).unwrap().predict_proba(array![[1.0]].view())
        };
        assert_eq!(fit(Vote::Uniform, None)[[0, 0]], 0.5);
        assert!((fit(Vote::Distance, None)[[0, 0]] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(fit(Vote::Uniform, Some(&[3.0, 1.0]))[[0, 0]], 0.75);
    }

    #[test]
    fn more_neighbours_than_rows_are_refused() {
        let error =
            NearestNeighbours::default().fit(array![[1.0]].view(), &[0], 1, None, Seed(0)).err().unwrap();
        assert!(matches!(error, LearnError::TooMany { wanted: 5, available: 1, .. }));
    }
}

//! The rounds of boosting, and the sum of trees they leave.

use ndarray::{Array2, ArrayView2};
use paucal_core::Seed;
use serde::{Deserialize, Serialize};

use super::Boosting;
use super::grow::{Derivatives, Grower, Tree};
use crate::bins::Binned;
use crate::input::map_rows;
use crate::logistic::{sigmoid, softmax};

/// What the scores are to approach.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss<'a> {
    /// Nothing: a single class.
    None,
    /// Class 0 or 1 of each row.
    Logistic(&'a [usize]),
    /// Class of each row and number of classes.
    Softmax(&'a [usize], usize),
    /// Target of each row.
    Squared(&'a [f64]),
}

impl Loss<'_> {
    fn outputs(self) -> usize {
        match self {
            Self::None => 0,
            Self::Logistic(_) | Self::Squared(_) => 1,
            Self::Softmax(_, classes) => classes,
        }
    }

    /// The constant scores that fit best.
    fn base(self, weights: &[f64]) -> Vec<f64> {
        let total: f64 = weights.iter().sum();
        let share = |class: usize, y: &[usize]| {
            let of_class = y.iter().zip(weights).filter(|(own, _)| **own == class);
            of_class.map(|(_, weight)| weight).sum::<f64>() / total
        };
        match self {
            Self::None => Vec::new(),
            Self::Logistic(y) => vec![(share(1, y) / share(0, y)).ln()],
            Self::Softmax(y, classes) => (0..classes).map(|class| share(class, y).ln()).collect(),
            Self::Squared(y) => vec![y.iter().zip(weights).map(|(y, weight)| y * (weight / total)).sum()],
        }
    }

    /// First and second derivatives by each output of the loss of each row, times its weight.
    fn derivatives(self, scores: &Array2<f64>, weights: &[f64]) -> Vec<Derivatives> {
        let rows = scores.nrows();
        let mut all = vec![Derivatives { g: vec![0.0; rows], h: vec![0.0; rows] }; self.outputs()];
        let mut p = vec![0.0; self.outputs()];
        for (row, (score, &weight)) in scores.rows().into_iter().zip(weights).enumerate() {
            match self {
                Self::None => {}
                Self::Logistic(y) => {
                    let p = sigmoid(score[0]);
                    all[0].g[row] = weight * (p - y[row] as f64);
                    all[0].h[row] = weight * p * (1.0 - p);
                }
                Self::Softmax(y, _) => {
                    p.iter_mut().zip(score).for_each(|(p, score)| *p = *score);
                    softmax(&mut p);
                    for (k, (one, &p)) in all.iter_mut().zip(&p).enumerate() {
                        one.g[row] = weight * (p - f64::from(u8::from(y[row] == k)));
                        one.h[row] = weight * p * (1.0 - p);
                    }
                }
                Self::Squared(y) => {
                    all[0].g[row] = weight * (score[0] - y[row]);
                    all[0].h[row] = weight;
                }
            }
        }
        all
    }
}

/// Boosts on checked inputs. Rows of weight 0 are left out.
pub(super) fn train(
    settings: &Boosting,
    bins: &Binned,
    loss: Loss<'_>,
    weights: &[f64],
    seed: Seed,
) -> Ensemble {
    let base = loss.base(weights);
    let outputs = base.len();
    let mut trees = vec![Vec::with_capacity(settings.rounds); outputs];
    let mut scores = Array2::from_shape_fn((bins.rows(), outputs), |(_, k)| base[k]);
    let there: Vec<u32> = (0..bins.rows() as u32).filter(|&row| weights[row as usize] > 0.0).collect();
    let mut grower = Grower::new(settings, bins);
    for round in 0..if outputs == 0 { 0 } else { settings.rounds } {
        let derivatives = loss.derivatives(&scores, weights);
        let sampled = sample_rows(settings, &there, seed, round);
        for (k, derivatives) in derivatives.iter().enumerate() {
            let features = sample_features(settings, bins.features(), seed, round * outputs + k);
            let grown = grower.grow(&sampled, &features, derivatives);
            for (row, score) in scores.column_mut(k).iter_mut().enumerate() {
                *score += grown.value_of_coded(bins, row);
            }
            trees[k].push(grown.tree);
        }
    }
    Ensemble { features: bins.features(), base, trees }
}

/// The rows a round sees, in ascending order.
fn sample_rows(settings: &Boosting, rows: &[u32], seed: Seed, round: usize) -> Vec<u32> {
    if settings.subsample >= 1.0 {
        return rows.to_vec();
    }
    let wanted = ((settings.subsample * rows.len() as f64).round() as usize).max(1);
    let mut drawn = seed.stream("boosting/rows", round as u64).choose(rows.len(), wanted);
    drawn.sort_unstable();
    drawn.into_iter().map(|at| rows[at]).collect()
}

/// The features a tree sees, in ascending order.
fn sample_features(settings: &Boosting, features: usize, seed: Seed, tree: usize) -> Vec<usize> {
    if settings.feature_fraction >= 1.0 {
        return (0..features).collect();
    }
    let wanted = ((settings.feature_fraction * features as f64).round() as usize).max(1);
    let mut drawn = seed.stream("boosting/features", tree as u64).choose(features, wanted);
    drawn.sort_unstable();
    drawn
}

/// An [`Ensemble`] as plain arrays, for compact files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnsembleParts {
    /// Number of features.
    pub features: usize,
    /// Score of each output before any tree.
    pub base: Vec<f64>,
    /// Trees of each output.
    pub trees: Vec<usize>,
    /// Nodes of each tree, root first.
    pub sizes: Vec<usize>,
    /// Per node: split point, or value of a leaf.
    pub numbers: Vec<f32>,
    /// Per node: twice the feature, plus one if missing values go left; −1 in a leaf.
    pub features_of: Vec<f32>,
    /// Per node: the left child within its tree, the right one coming after it; 0 in a leaf.
    pub children: Vec<f32>,
}

/// A sum of trees per output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    features: usize,
    /// Score of each output before any tree.
    base: Vec<f64>,
    /// The trees of each output.
    trees: Vec<Vec<Tree>>,
}

impl Ensemble {
    /// Number of features.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of outputs: 1 for least squares.
    pub fn outputs(&self) -> usize {
        self.base.len()
    }

    /// The same with split points and leaf values in single precision, which
    /// [`to_parts`](Self::to_parts) then loses nothing of.
    pub fn rounded(mut self) -> Self {
        self.trees.iter_mut().flatten().for_each(Tree::round);
        self
    }

    /// The ensemble as plain arrays. Split points and leaf values are rounded to single precision.
    pub fn to_parts(&self) -> EnsembleParts {
        let mut parts =
            EnsembleParts { features: self.features, base: self.base.clone(), ..Default::default() };
        for trees in &self.trees {
            parts.trees.push(trees.len());
            for tree in trees {
                tree.append(&mut parts);
            }
        }
        parts
    }

    /// The ensemble that some arrays describe; `None` if they do not hold together.
    pub fn from_parts(parts: &EnsembleParts) -> Option<Self> {
        if parts.trees.len() != parts.base.len() || parts.sizes.len() != parts.trees.iter().sum::<usize>() {
            return None;
        }
        let mut start = 0;
        let mut sizes = parts.sizes.iter();
        let mut tree = || {
            let nodes = start..start + *sizes.next()?;
            start = nodes.end;
            Tree::read(parts, nodes)
        };
        let trees = parts.trees.iter().map(|&trees| (0..trees).map(|_| tree()).collect::<Option<_>>());
        let trees = trees.collect::<Option<_>>()?;
        Some(Self { features: parts.features, base: parts.base.clone(), trees })
    }

    /// The scores, rows × outputs. `x` must have [`features`](Self::features) columns and may hold NaN.
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(x.ncols(), self.features, "as many features as at fitting");
        let trees: usize = self.trees.iter().map(Vec::len).sum();
        map_rows(x, self.base.len(), 8 * trees, |row, out| {
            for ((out, base), trees) in out.iter_mut().zip(&self.base).zip(&self.trees) {
                *out = base + trees.iter().map(|tree| tree.value(row)).sum::<f64>();
            }
        })
    }
}

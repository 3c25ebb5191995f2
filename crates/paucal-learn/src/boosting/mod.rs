//! Gradient boosting of regression trees: classification (logistic and softmax) and least squares.
//!
//! Friedman: *Greedy Function Approximation*, Annals of Statistics 29 (2001); second-order steps of Chen,
//! Guestrin: *XGBoost*, KDD 2016; histograms and best-first growth of Ke et al.: *LightGBM*, NeurIPS 2017.
//! Round by round, with g and h the first and second derivatives of each row's loss times its
//! weight, one tree per output is added whose splits maximise
//!
//! gain = G_L² / (H_L + λ) + G_R² / (H_R + λ) − G² / (H + λ)
//!
//! and whose leaves hold −η G / (H + λ). Losses: −ln p with p the logistic function of one score
//! (two classes: g = p − y, h = p (1 − p)) or softmax of one score per class (the same g and h per
//! class), and ½ (y − f)² (g = f − y, h = 1). Scores start at the prior: log-odds, log-frequencies, mean.
//!
//! Features are coded into at most 255 quantile bins ([`crate::bins`]). NaN is a missing value: each
//! split sends it to the side where the gain is larger, or to the fuller side if the node has none.

mod ensemble;
mod grow;

use ndarray::{Array2, ArrayView2};
use paucal_core::Seed;
use serde::{Deserialize, Serialize};

use crate::bins::Binned;
use crate::error::require;
use crate::input::{Classes, Missing, Task, Weighted, check_values, same_length};
use crate::logistic::{sigmoid, softmax};
use crate::{Classifier, FittedClassifier, LearnError};

pub use ensemble::{Ensemble, EnsembleParts};
use ensemble::{Loss, train};

/// Parameters of gradient boosting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boosting {
    /// Rounds; each adds one tree per output.
    pub rounds: usize,
    /// Shrinkage η of each tree.
    pub learning_rate: f64,
    /// Most leaves of a tree; the leaf with the largest gain is split next.
    pub max_leaves: usize,
    /// Depth limit; the root has depth 0. No limit if `None`.
    pub max_depth: Option<usize>,
    /// Fewest rows in a leaf.
    pub min_leaf: usize,
    /// Least sum of second derivatives in a leaf.
    pub min_child_weight: f64,
    /// Least gain of a split; the gain must exceed it.
    pub min_gain: f64,
    /// L2 penalty λ on leaf values.
    pub lambda: f64,
    /// Fraction of the rows each round sees, drawn without replacement.
    pub subsample: f64,
    /// Fraction of the features each tree sees.
    pub feature_fraction: f64,
}

impl Default for Boosting {
    fn default() -> Self {
        Self {
            rounds: 100,
            learning_rate: 0.1,
            max_leaves: 31,
            max_depth: Some(6),
            min_leaf: 1,
            min_child_weight: 1.0,
            min_gain: 0.0,
            lambda: 1.0,
            subsample: 1.0,
            feature_fraction: 1.0,
        }
    }
}

impl Boosting {
    /// Name in the registry.
    pub const NAME: &'static str = "boosting";

    /// Most codes per feature, NaN not counted.
    pub const BINS: usize = 255;

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        let at_least =
            |value: usize, least: usize, name, range| require(value >= least, Self::NAME, name, value, range);
        let non_negative = |value: f64, name| {
            require(value >= 0.0 && value.is_finite(), Self::NAME, name, value, "at least 0 and finite")
        };
        let fraction =
            |value: f64, name| require(value > 0.0 && value <= 1.0, Self::NAME, name, value, "in (0, 1]");
        at_least(self.rounds, 1, "rounds", "at least 1")?;
        at_least(self.max_leaves, 2, "max_leaves", "at least 2")?;
        at_least(self.min_leaf, 1, "min_leaf", "at least 1")?;
        require(self.max_depth != Some(0), Self::NAME, "max_depth", 0, "at least 1, or absent for no limit")?;
        fraction(self.learning_rate, "learning_rate")?;
        fraction(self.subsample, "subsample")?;
        fraction(self.feature_fraction, "feature_fraction")?;
        non_negative(self.min_child_weight, "min_child_weight")?;
        non_negative(self.min_gain, "min_gain")?;
        non_negative(self.lambda, "lambda")
    }

    /// Fits class probabilities; see [`Classifier::fit`] for the inputs, except that NaN is accepted.
    pub fn classify(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<BoostedClassifier, LearnError> {
        self.check()?;
        let task = Task::new(x, y, classes, weights, Missing::Accept)?;
        let bins = Binned::new(task.x.view(), Self::BINS);
        let loss = match task.classes.present.len() {
            1 => Loss::None,
            2 => Loss::Logistic(&task.y),
            classes => Loss::Softmax(&task.y, classes),
        };
        let ensemble = train(self, &bins, loss, &task.weights, seed);
        Ok(BoostedClassifier { ensemble, classes: task.classes })
    }

    /// Fits `y`, one number per row, by least squares. The ensemble has one output. NaN is accepted in `x`.
    pub fn regress(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Ensemble, LearnError> {
        same_length("y", y.len(), x.nrows())?;
        let Weighted { x, weights, rows } = Weighted::new(x, weights, Missing::Accept)?;
        let y: Vec<f64> = rows.iter().map(|&row| y[row]).collect();
        self.regress_binned(&Self::bin(x.view())?, &y, Some(&weights), seed)
    }

    /// The codes [`regress_binned`](Self::regress_binned) takes.
    pub fn bin(x: ArrayView2<'_, f64>) -> Result<Binned, LearnError> {
        check_values(x, Missing::Accept)?;
        Ok(Binned::new(x, Self::BINS))
    }

    /// As [`regress`](Self::regress), on features coded once for many targets.
    pub fn regress_binned(
        &self,
        bins: &Binned,
        y: &[f64],
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Ensemble, LearnError> {
        self.check()?;
        same_length("y", y.len(), bins.rows())?;
        if let Some((row, &value)) = y.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(LearnError::Target { row, value });
        }
        let ones;
        let weights = if let Some(weights) = weights {
            same_length("weights", weights.len(), bins.rows())?;
            crate::input::check_weights(weights)?;
            weights
        } else {
            ones = vec![1.0; y.len()];
            &ones
        };
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(LearnError::NoRows);
        }
        Ok(train(self, bins, Loss::Squared(y), weights, seed))
    }
}

impl Classifier for Boosting {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Box<dyn FittedClassifier>, LearnError> {
        Ok(Box::new(self.classify(x, y, classes, weights, seed)?))
    }
}

/// Boosted trees whose scores are turned into class probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoostedClassifier {
    ensemble: Ensemble,
    classes: Classes,
}

impl BoostedClassifier {
    /// The trees. Their outputs are log-odds of the higher class (two classes present), one score
    /// per class present (more), or nothing (one).
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }
}

impl FittedClassifier for BoostedClassifier {
    fn features(&self) -> usize {
        self.ensemble.features()
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let scores = self.ensemble.predict(x);
        let mut narrow = Array2::ones((x.nrows(), self.classes.present.len()));
        for (score, mut p) in scores.rows().into_iter().zip(narrow.rows_mut()) {
            if score.len() == 1 {
                (p[0], p[1]) = (sigmoid(-score[0]), sigmoid(score[0]));
            } else if let Some(p) = p.as_slice_mut().filter(|_| score.len() > 1) {
                p.iter_mut().zip(score).for_each(|(p, score)| *p = *score);
                softmax(p);
            }
        }
        self.classes.widen(narrow)
    }
}

#[cfg(test)]
mod tests;

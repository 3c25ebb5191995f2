//! Logistic regression, binary and multinomial, with an L2 penalty.
//!
//! Minimises the objective of scikit-learn's `LogisticRegression`,
//!
//! C · Σᵢ wᵢ · ℓ(yᵢ, W xᵢ + b) + ½ ‖W‖²,
//!
//! with ℓ the negative log-likelihood. Two classes use one linear function and the logistic
//! function, more use one per class and softmax (with Σ b = 0, which the objective leaves open). The
//! intercept b is not penalised. Bring features to a common scale first ([`crate::StandardScaler`]),
//! or the penalty means something else for each of them.
//!
//! Solved by Newton's method with conjugate gradients for the step (Lin, Weng, Keerthi: *Trust
//! Region Newton Method for Large-Scale Logistic Regression*, JMLR 9, 2008), here with a diagonal
//! preconditioner and a backtracking line search. The problem is convex, so the solution does not depend on a seed.

use ndarray::{Array2, ArrayView2};
use paucal_core::Seed;
use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::input::{Classes, Missing, Task, map_rows};
use crate::vector::dot;
use crate::{Classifier, FittedClassifier, LearnError};

mod newton;

/// Parameters of logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logistic {
    /// Weight C of the likelihood against the penalty: smaller means more shrinkage.
    pub c: f64,
    /// Most Newton steps.
    pub max_iterations: usize,
    /// Stop once the objective is this close to its minimum, as a fraction of 1 + objective.
    pub tolerance: f64,
}

impl Default for Logistic {
    fn default() -> Self {
        Self { c: 1.0, max_iterations: 100, tolerance: 1e-9 }
    }
}

impl Logistic {
    /// Name in the registry.
    pub const NAME: &'static str = "logistic";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        require(self.c > 0.0 && self.c.is_finite(), Self::NAME, "c", self.c, "positive and finite")?;
        require(self.max_iterations >= 1, Self::NAME, "max_iterations", self.max_iterations, "at least 1")?;
        require(self.tolerance > 0.0, Self::NAME, "tolerance", self.tolerance, "positive")
    }

    /// Solves; see [`Classifier::fit`] for the inputs.
    pub fn solve(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<LogisticModel, LearnError> {
        self.check()?;
        let task = Task::new(x, y, classes, weights, Missing::Refuse)?;
        let features = task.x.ncols();
        let (linear, converged) = newton::minimise(self, &task);
        Ok(LogisticModel { linear, features, classes: task.classes, converged })
    }
}

impl Classifier for Logistic {
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
        Ok(Box::new(self.solve(x, y, classes, weights)?))
    }
}

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogisticModel {
    /// One row per linear function, features first, then the intercept. No row for a single class,
    /// one for two classes, otherwise one per class present.
    linear: Vec<Vec<f64>>,
    features: usize,
    classes: Classes,
    converged: bool,
}

impl LogisticModel {
    /// Coefficients: one row per linear function (one for two classes, where it speaks for the
    /// higher code; otherwise one per class present, ascending; none for a single class).
    pub fn coefficients(&self) -> Vec<&[f64]> {
        self.linear.iter().map(|row| &row[..self.features]).collect()
    }

    /// The intercept of each linear function.
    pub fn intercepts(&self) -> Vec<f64> {
        self.linear.iter().map(|row| row[self.features]).collect()
    }

    /// Whether the tolerance was met within the allowed steps.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

impl FittedClassifier for LogisticModel {
    fn features(&self) -> usize {
        self.features
    }

    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(x.ncols(), self.features, "as many features as at fitting");
        let width = self.classes.present.len();
        let narrow = map_rows(x, width, self.features * width, |row, out| {
            for (out, linear) in out.iter_mut().zip(&self.linear) {
                *out = dot(row, &linear[..self.features]) + linear[self.features];
            }
            if width == 2 {
                (out[0], out[1]) = (sigmoid(-out[0]), sigmoid(out[0]));
            } else {
                softmax(out);
            }
        });
        self.classes.widen(narrow)
    }
}

/// 1 / (1 + e⁻ˣ).
pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Replaces logits by probabilities; returns ln Σ exp(logit).
pub(crate) fn softmax(logits: &mut [f64]) -> f64 {
    let whole = ln_sum_exp(logits);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = (*logit - whole).exp();
        sum += *logit;
    }
    for p in logits {
        *p /= sum;
    }
    whole
}

/// ln Σ exp(logit), without overflow.
pub(crate) fn ln_sum_exp(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests;

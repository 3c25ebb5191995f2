//! Variational Gaussian mixture in one dimension with a truncated Dirichlet process over the
//! components: the mode finder of mode-specific normalisation (Xu et al.: *Modeling Tabular Data
//! using Conditional GAN*, NeurIPS 2019).
//!
//! Blei, Jordan: *Variational Inference for Dirichlet Process Mixtures*, Bayesian Analysis 1 (2006);
//! Bishop: *Pattern Recognition and Machine Learning*, section 10.2. With N values x of mean m₀ and variance
//! W₀ (divisor N − 1) and concentration α, one iteration is
//!
//! - N_k = Σ r_nk, x̄_k = Σ r_nk x_n / N_k, S_k = Σ r_nk (x_n − x̄_k)² / N_k + floor;
//! - a_k = 1 + N_k, b_k = α + Σ_{j>k} N_j;
//! - κ_k = 1 + N_k, m_k = (m₀ + N_k x̄_k) / κ_k, ν_k = 1 + N_k,
//!   v_k = (W₀ + N_k S_k + (N_k / κ_k)(x̄_k − m₀)²) / ν_k;
//! - E ln π_k = ψ(a_k) − ψ(a_k + b_k) + Σ_{j<k} [ψ(b_j) − ψ(a_j + b_j)];
//! - ln r_nk = E ln π_k + ln 𝒩(x_n; m_k, v_k) − ½ ln ν_k + ½ (ln 2 + ψ(ν_k/2) − 1/κ_k) − floor / 2v_k,
//!   normalised over k.
//!
//! The weight of a component is a_k/(a_k+b_k) · Π_{j<k} b_j/(a_j+b_j), normalised. These are the updates of
//! scikit-learn's `BayesianGaussianMixture`, with five differences:
//!
//! - The column is standardised first, so the floor is a fraction of its variance and the result
//!   does not depend on units (scikit-learn's floor is absolute).
//! - The last term of ln r makes the updates ascend a true lower bound although there is a floor.
//! - Starts: equal-mass groups of the sorted values, then k-means++ with several keyed streams. Components
//!   are put in falling order of size, since stick-breaking favours that order. The start with the
//!   best lower bound is kept and iterated until it really converges.
//! - The tolerance is per thousand values, not for the column as a whole, so that it asks the same of
//!   short and long columns.
//! - Equal values are handled once, with their count, which changes nothing but the time. Columns of
//!   more than 1024 distinct values choose among starts and converge on 1024 groups of neighbouring
//!   values first, and then converge once more on the values themselves.

mod fit;
mod start;

use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::error::require;

/// Parameters of the mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mixture {
    /// Most components; never more than there are distinct values.
    pub components: usize,
    /// Concentration α of the Dirichlet process: smaller means fewer components.
    pub concentration: f64,
    /// Most iterations of the start that is kept.
    pub max_iterations: usize,
    /// Stop once an iteration raises the lower bound by less than this per thousand values.
    pub tolerance: f64,
    /// Added to the variance of each component, as a fraction of the column's variance.
    pub floor: f64,
    /// k-means++ starts besides the quantile start.
    pub restarts: usize,
    /// Most iterations of each start before the best is chosen.
    pub start_iterations: usize,
}

impl Default for Mixture {
    fn default() -> Self {
        Self {
            components: 10,
            concentration: 0.001,
            max_iterations: 1000,
            tolerance: 1e-3,
            floor: 1e-6,
            restarts: 4,
            start_iterations: 50,
        }
    }
}

impl Mixture {
    /// Name in the registry.
    pub const NAME: &'static str = "mixture";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        require(self.components >= 1, Self::NAME, "components", self.components, "at least 1")?;
        require(positive(self.concentration), Self::NAME, "concentration", self.concentration, "positive")?;
        require(self.max_iterations >= 1, Self::NAME, "max_iterations", self.max_iterations, "at least 1")?;
        require(positive(self.tolerance), Self::NAME, "tolerance", self.tolerance, "positive")?;
        require(positive(self.floor), Self::NAME, "floor", self.floor, "positive")?;
        require(
            self.start_iterations >= 1,
            Self::NAME,
            "start_iterations",
            self.start_iterations,
            "at least 1",
        )
    }

    /// Fits one column of finite values.
    pub fn fit(&self, values: &[f64], seed: Seed) -> Result<MixtureModel, LearnError> {
        self.check()?;
        if values.is_empty() {
            return Err(LearnError::NoRows);
        }
        if let Some((row, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(LearnError::NotFinite { row, column: 0, value });
        }
        Ok(fit::fit(self, values, seed))
    }

    /// Fits several columns in parallel; column i draws from `seed.child("mixture/column", i)`.
    pub fn fit_columns(&self, columns: &[&[f64]], seed: Seed) -> Result<Vec<MixtureModel>, LearnError> {
        let fit_one = |(i, column): (usize, &&[f64])| {
            let fitted = self.fit(column, seed.child("mixture/column", i as u64));
            fitted.map_err(|error| match error {
                LearnError::NotFinite { row, value, .. } => LearnError::NotFinite { row, column: i, value },
                other => other,
            })
        };
        columns.par_iter().enumerate().map(fit_one).collect()
    }
}

/// One Gaussian of a fitted mixture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Share of the data, in [0, 1]; the shares sum to 1.
    pub weight: f64,
    /// Mean, in the units of the column.
    pub mean: f64,
    /// Standard deviation, in the units of the column; positive.
    pub deviation: f64,
    /// E ln π_k plus the parts of E ln 𝒩 that do not depend on x, up to a constant shared by all
    /// components.
    offset: f64,
}

/// A fitted mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixtureModel {
    components: Vec<Component>,
    lower_bound: f64,
    iterations: usize,
    converged: bool,
}

impl MixtureModel {
    /// A component at or below this weight is not a mode of the column.
    pub const LEAST_WEIGHT: f64 = 0.005;

    /// All components, empty ones included.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The indices of the components heavier than [`LEAST_WEIGHT`](Self::LEAST_WEIGHT), or of the heaviest
    /// one should none be. Never empty.
    pub fn modes(&self) -> Vec<usize> {
        let heavy: Vec<usize> =
            (0..self.components.len()).filter(|&k| self.components[k].weight > Self::LEAST_WEIGHT).collect();
        if heavy.is_empty() {
            let by_weight = |&a: &usize, &b: &usize| {
                self.components[a].weight.total_cmp(&self.components[b].weight).then(b.cmp(&a))
            };
            return (0..self.components.len()).max_by(by_weight).into_iter().collect();
        }
        heavy
    }

    /// Posterior probability of each component given `value`, into `out` (as long as
    /// [`components`](Self::components)).
    pub fn posterior(&self, value: f64, out: &mut [f64]) {
        for (out, component) in out.iter_mut().zip(&self.components) {
            let z = (value - component.mean) / component.deviation;
            *out = component.offset - 0.5 * z * z;
        }
        crate::logistic::softmax(out);
    }

    /// ln Σ_k weight_k 𝒩(value; mean_k, deviation_k²).
    pub fn ln_density(&self, value: f64) -> f64 {
        let terms: Vec<f64> = self
            .components
            .iter()
            .map(|c| {
                let z = (value - c.mean) / c.deviation;
                c.weight.ln() - 0.5 * (std::f64::consts::TAU.ln() + z * z) - c.deviation.ln()
            })
            .collect();
        crate::logistic::ln_sum_exp(&terms)
    }

    /// The variational lower bound at the end, up to a constant that depends only on the column and
    /// the number of components.
    pub fn lower_bound(&self) -> f64 {
        self.lower_bound
    }

    /// Iterations of the start that was kept, on the values themselves.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Whether the tolerance was met.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

#[cfg(test)]
mod tests;

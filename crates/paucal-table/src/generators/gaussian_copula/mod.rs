//! Gaussian copula: every column through its own distribution to a standard normal, one correlation matrix
//! for all of them.
//!
//! Sklar (1959); Song (2000), *Multivariate dispersion models generated from Gaussian copula*; Patki, Wedge
//! and Veeramachaneni (2016), *The Synthetic Data Vault*.
//!
//! A row is a normal vector z with correlation R. A numeric column is F⁻¹(Φ(z)); a level is the interval of
//! the real line into which z falls; whether a number is missing is a level of its own. R is estimated so
//! that the intervals reproduce the observed associations ([`scores`]). A condition on a discrete column
//! confines its z to an interval, and the rest follows from the conditional normal ([`sample`]): no row is
//! thrown away, whatever the level's share.

mod correlation;
mod fit;
mod sample;
mod scores;
#[cfg(test)]
mod tests;

use ndarray::Array2;
use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use crate::artefact::{Artefact, Tensor, TensorData};
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter};
use crate::parameters::{Parameters, require};
use crate::transform::{Marginal, Marginals, MissingModel, Plan};

const NAME: &str = "gaussian-copula";
const CORRELATION: &str = "correlation";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "Gaussian copula",
    paper: "Patki, Wedge and Veeramachaneni 2016, The Synthetic Data Vault (DSAA); Song 2000 \
            (Scandinavian Journal of Statistics 27)",
    summary: "Keeps each column's distribution and the strength with which columns rise and fall together. \
              Fits in well under a second, needs few rows, cannot learn relations that bend or turn. \
              Conditions are exact and cost nothing.",
    parameters: GaussianCopula::LIST,
    space,
    build: |table| Ok(Box::new(GaussianCopula::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedCopula::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GaussianCopula {
    /// How numeric columns are estimated.
    pub marginals: Marginals,
    /// How missing values of numeric columns are modelled.
    pub missing: MissingModel,
    /// Share of the identity that is mixed into the correlation matrix, 0 to 1.
    pub shrinkage: f64,
}

/// Its few parameters.
fn space(_: &Facts) -> Space {
    Space::new()
        .with(
            "marginals",
            Distribution::choice(["empirical", "parametric"]),
            "quantiles follow any shape; a fitted distribution is smoother in small tables",
        )
        .with(
            "shrinkage",
            Distribution::float(0.0, 0.3),
            "weaker correlations help when there are few rows per pair of columns",
        )
}

impl Parameters for GaussianCopula {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "marginals",
            default: "\"empirical\"",
            meaning: "\"empirical\": smoothed quantiles, any shape; \"parametric\": the closest of normal, \
                      log-normal, gamma and beta; \"closest\": of those and a kernel density",
        },
        Parameter {
            name: "missing",
            default: "\"joint\"",
            meaning: "\"joint\": missingness is part of the row; \"random\": each cell on its own, as SDV does",
        },
        Parameter {
            name: "shrinkage",
            default: "0.0",
            meaning: "weakens all correlations by this share, 0 to 1; useful when rows are fewer than columns",
        },
    ];

    fn check(&self) -> Result<(), String> {
        let share = (0.0..=1.0).contains(&self.shrinkage);
        require(share, "shrinkage", &self.shrinkage, "0 to 1")
    }
}

impl Generator for GaussianCopula {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        Ok(Box::new(fit::fit(self, plan, train)))
    }
}

/// One coordinate of the normal vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Latent {
    /// A number: its place in its distribution.
    Number {
        /// Index of the column.
        column: usize,
        /// The distribution.
        marginal: Marginal,
    },
    /// A level: the interval between two neighbouring cuts.
    Level {
        /// Index of the column.
        column: usize,
        /// Level codes from the lowest interval to the highest.
        codes: Vec<u32>,
        /// Ends of the intervals but for ±∞, ascending; one fewer than codes.
        cuts: Vec<f64>,
    },
    /// Whether numbers are missing: above the cut.
    Missing {
        /// Indices of the columns, which are always missing together.
        columns: Vec<usize>,
        /// Where the missing rows begin.
        cut: f64,
    },
}

impl Latent {
    /// Whether it says something about a column.
    fn concerns(&self, index: usize) -> bool {
        match self {
            Self::Number { column, .. } | Self::Level { column, .. } => *column == index,
            Self::Missing { columns, .. } => columns.contains(&index),
        }
    }

    /// Whether every level has its interval.
    fn is_sound(&self) -> bool {
        match self {
            Self::Level { codes, cuts, .. } => codes.len() == cuts.len() + 1 && cuts.is_sorted(),
            Self::Number { .. } | Self::Missing { .. } => true,
        }
    }
}

/// What is saved as JSON.
#[derive(Serialize, Deserialize)]
struct State {
    plan: Plan,
    missing: MissingModel,
    latents: Vec<Latent>,
}

/// A fitted Gaussian copula.
pub struct FittedCopula {
    plan: Plan,
    missing: MissingModel,
    latents: Vec<Latent>,
    /// Correlation of the latents, positive definite.
    correlation: Array2<f64>,
}

impl FittedCopula {
    fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { plan, missing, latents } = artefact.state()?;
        if !latents.iter().all(Latent::is_sound) {
            return Err(TableError::damaged("model.json", "a column has other intervals than levels"));
        }
        let d = latents.len();
        let entries = artefact.f64s(CORRELATION, &[d, d])?.to_vec();
        let damaged = |message: &str| TableError::damaged("model.safetensors", message);
        let correlation = Array2::from_shape_vec((d, d), entries).map_err(|_| damaged("wrong shape"))?;
        if correlation::cholesky(&correlation).is_none() {
            return Err(damaged("the correlation matrix is not positive definite"));
        }
        Ok(Self { plan, missing, latents, correlation })
    }
}

impl FittedGenerator for FittedCopula {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.plan.schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        sample::sample(self, rows, &self.plan.resolve(conditions)?, seed)
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let (plan, latents) = (self.plan.clone(), self.latents.clone());
        let mut artefact = Artefact::new(&State { plan, missing: self.missing, latents })?;
        let shape = self.correlation.shape().to_vec();
        let data = TensorData::F64(self.correlation.iter().copied().collect());
        artefact.tensors.insert(CORRELATION.into(), Tensor { shape, data });
        Ok(artefact)
    }
}

//! Sequential trees: one column after the other, each given those before it.
//!
//! Nowok, Raab, Dibben (2016), *synthpop: Bespoke Creation of Synthetic Data in R*, Journal of Statistical Software
//! 74(11); the trees are those of Breiman, Friedman, Olshen, Stone (1984). The first column is drawn from its own
//! distribution. For each further column a tree splits the training rows by the columns before it, and a new row
//! draws from the training values of the leaf in which it ends.
//!
//! Order: the target if it has levels, the other columns with levels, then numbers, each in schema order. A number
//! with missing values comes in two steps: whether it is there, then which it is.
//!
//! Differences from the paper: numbers are *never* training values as they stand (synthpop's `smoothing` is off by
//! default). A leaf holds cells between the midpoints of neighbouring values, and a draw falls uniformly into its
//! cell; only a value that at least 5 % of all rows share is kept. Trees see levels in the order of the mean of
//! what they predict. A column with more than [`MANY`] levels is split by how its levels go with
//! the first column.
//!
//! Conditions: because columns with levels come first, only they have to be drawn until all wanted levels stand. More
//! rows than needed are begun, each weighted with the probability of the wanted levels on its way (likelihood
//! weighting, Fung and Chang 1990), and those that go on are drawn by weight (sampling-importance resampling, Rubin
//! 1988). Numbers are drawn once per row, so that rows begun alike still differ.

mod cells;
mod fit;
mod sample;
mod saved;
mod steps;
#[cfg(test)]
mod tests;

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter};
use crate::parameters::{Parameters, require};
use crate::transform::Plan;
use steps::Step;

const NAME: &str = "cart";

/// Levels beyond which a column is not split by class.
pub(crate) const MANY: usize = 64;

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "Sequential trees (CART)",
    paper: "Nowok, Raab and Dibben 2016 (J Stat Soft 74(11)); trees: Breiman et al. 1984",
    summary: "Draws one column after the other from trees on the columns before it, as synthpop does, with blurred \
              numbers. A hard baseline to beat for likeness; small leaves stay close to patients, so look at the \
              privacy part of the report.",
    parameters: Cart::LIST,
    space,
    build: |table| Ok(Box::new(Cart::parse(table)?)),
    load: |artefact| Ok(Box::new(saved::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cart {
    /// Fewest training rows of a leaf.
    pub min_leaf: usize,
}

impl Default for Cart {
    fn default() -> Self {
        Self { min_leaf: 5 }
    }
}

/// Its one parameter.
fn space(facts: &Facts) -> Space {
    let most = (facts.rows as i64 / 20).clamp(5, 60);
    Space::new().with(
        "min_leaf",
        Distribution::int(5, most, 1),
        "large leaves blur, small ones hold close to single patients",
    )
}

impl Parameters for Cart {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[Parameter {
        name: "min_leaf",
        default: "5",
        meaning: "fewest training rows of a leaf, at least 2; more keeps further from single patients and blurs",
    }];

    fn check(&self) -> Result<(), String> {
        require(self.min_leaf >= 2, "min_leaf", &self.min_leaf, "at least 2")
    }
}

impl Generator for Cart {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        let steps = fit::fit(*self, &plan, train, context)?;
        Ok(Box::new(FittedCart { plan, steps }))
    }
}

/// The trees in the order in which they are used.
pub struct FittedCart {
    plan: Plan,
    steps: Vec<Step>,
}

impl FittedGenerator for FittedCart {
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
        saved::save(self)
    }
}

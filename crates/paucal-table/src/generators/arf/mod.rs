//! Adversarial random forest: leaves in which the columns are independent.
//!
//! Watson, Blesch, Kapar, Wright (2023), *Adversarial Random Forests for Density Estimation and Generative
//! Modeling*, AISTATS (arXiv 2205.09435). A forest learns to tell real rows from rows whose columns were drawn on
//! their own. Where it succeeds, its leaves cut the table along the relations of the columns; new rows are drawn
//! column by column within the leaves, and a new forest has to tell those. When it no longer can (out-of-bag
//! accuracy of a half), the columns are independent within leaves, and the table is a mixture over leaves of
//!
//! p(row) = Σ_leaf (rows in leaf / rows) · Π_column p(column | leaf),
//!
//! truncated normals within the cuts for numbers, tables for levels, for missing numbers and for values that at least
//! 5 % of all rows share (zeros of a titre).
//!
//! Differences from the paper, all for patients: a cut that would leave fewer than `min_leaf` *real* rows on one
//! side is undone (its rows go with the other side), so that no leaf describes a single patient; nor
//! does a normal shrink to the value of one. Missing numbers are learnt (the trees see them below all others).
//!
//! Conditions on any discrete columns are exact: leaves are weighted with the probability of the wanted levels in
//! them, then the columns are fixed. Levels that share no leaf are wanted with a small probability everywhere.

mod fit;
mod leaves;
mod sample;
mod saved;
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
use leaves::Leaves;

const NAME: &str = "arf";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "Adversarial random forest",
    paper: "Watson, Blesch, Kapar and Wright 2023 (AISTATS, arXiv 2205.09435)",
    summary: "Cuts the table with random forests until the columns are independent within leaves, then draws \
              column by column. Fits in seconds, keeps mixed columns and missing values; conditions are exact. \
              Strong correlations of many numbers come out weaker.",
    parameters: Arf::LIST,
    space,
    build: |table| Ok(Box::new(Arf::parse(table)?)),
    load: |artefact| Ok(Box::new(saved::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arf {
    /// Trees of each forest.
    pub trees: usize,
    /// Fewest real rows of a leaf.
    pub min_leaf: usize,
    /// Most forests grown one after the other.
    pub rounds: usize,
    /// How far above a half the out-of-bag accuracy may stay.
    pub tolerance: f64,
}

impl Default for Arf {
    fn default() -> Self {
        Self { trees: 30, min_leaf: 5, rounds: 10, tolerance: 0.0 }
    }
}

/// Its few parameters.
fn space(facts: &Facts) -> Space {
    let most = (facts.rows as i64 / 20).clamp(5, 40);
    Space::new()
        .with("trees", Distribution::int(10, 100, 10), "more trees smooth the density and cost time")
        .with(
            "min_leaf",
            Distribution::int(5, most, 1),
            "large leaves blur, small ones hold close to single patients",
        )
        .with("rounds", Distribution::int(1, 10, 1), "further rounds unlearn what a first forest gives away")
}

impl Parameters for Arf {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        Parameter { name: "trees", default: "30", meaning: "trees of the forest, at least 1" },
        Parameter {
            name: "min_leaf",
            default: "5",
            meaning: "fewest real rows of a leaf, at least 2; more keeps further from single patients and blurs",
        },
        Parameter {
            name: "rounds",
            default: "10",
            meaning: "most forests grown one after the other, at least 1; fewer if real rows can no longer be told",
        },
        Parameter {
            name: "tolerance",
            default: "0.0",
            meaning: "how far above a half the out-of-bag accuracy may stay, 0 to 0.5",
        },
    ];

    fn check(&self) -> Result<(), String> {
        require(self.trees >= 1, "trees", &self.trees, "at least 1")?;
        require(self.min_leaf >= 2, "min_leaf", &self.min_leaf, "at least 2")?;
        require(self.rounds >= 1, "rounds", &self.rounds, "at least 1")?;
        require((0.0..=0.5).contains(&self.tolerance), "tolerance", &self.tolerance, "between 0 and 0.5")
    }
}

impl Generator for Arf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        let leaves = fit::fit(self, &plan, train, context)?;
        Ok(Box::new(FittedArf { plan, leaves }))
    }
}

/// The mixture over leaves.
pub struct FittedArf {
    plan: Plan,
    leaves: Leaves,
}

impl FittedGenerator for FittedArf {
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

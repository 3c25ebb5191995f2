//! Flow matching with boosted trees: noise is carried to rows step by step.
//!
//! Jolicoeur-Martineau, Fatras, Kachman (2024), *Generating and Imputing Tabular Data via Diffusion and Flow-based
//! Gradient-Boosted Trees*, AISTATS (arXiv 2309.09968), the flow ("ForestFlow"). With x₁ a real row, x₀ standard
//! normal noise and x_t = t x₁ + (1 − t) x₀, trees learn for each of some times t
//!
//! v_t(x) = E[x₁ − x₀ | x_t = x],
//!
//! by least squares over many noised copies of the rows; each coordinate has its own boosted trees. A new row starts
//! as noise and follows v in Euler steps from t = 0 to 1. At t = 0 the answer is known, v₀(x) = E\[x₁\] − x, and no
//! tree is needed.
//!
//! - Numbers are scaled to −1…1 by the range of their class, levels are 0/1 columns (as −1 and 1). A column of
//!   more than 16 levels is one standard normal coordinate on which every level has an interval as probable as its share.
//! - A discrete target is the *condition* of the flow: every class has its own trees. Classes with fewer than 20
//!   rows, and all but the 20 commonest, share trees that are fitted on all rows and see the class as a column:
//!   trees fitted on a handful of patients would repeat them.
//! - A missing number is NaN in x_t, which the trees route by themselves. Which numbers of a new row are missing is
//!   drawn first, from the patterns of its class, so that the rest of the row can depend on it. (An indicator beside
//!   the number cannot be learnt: while the number is NaN, the indicator has nothing left to tell.)
//! - Conditions: the class by its own trees, exactly. Other levels by making rows and keeping those that fit, as long as
//!   that takes at most some 30 tries each; the rest with the wanted coordinates held on their way
//!   t x₁ + (1 − t) x₀ at every step (inpainting, which is approximate: the other columns follow the wanted levels, as
//!   far as the trees know them).
//!
//! The saved model holds trees only. Whether they follow single patients too closely is a matter of `replications`,
//! `rounds` and `min_leaf`: look at the privacy part of the report.

mod coding;
mod fit;
mod flow;
mod gaps;
mod groups;
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
use groups::Group;

const NAME: &str = "forest-flow";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "Forest flow",
    paper: "Jolicoeur-Martineau, Fatras and Kachman 2024 (AISTATS, arXiv 2309.09968)",
    summary: "Carries noise to rows with gradient-boosted trees, class by class. The best of the published methods on \
              small tables, without a network. Time and memory grow with the square of the number of columns.",
    parameters: ForestFlow::LIST,
    space,
    build: |table| Ok(Box::new(ForestFlow::parse(table)?)),
    load: |artefact| Ok(Box::new(saved::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForestFlow {
    /// Times between 0 and 1 at which there are trees; also the number of Euler steps.
    pub noise_levels: usize,
    /// Noised copies of each row.
    pub replications: usize,
    /// Noised rows per class at which the copies become fewer.
    pub noised_rows: usize,
    /// Trees per coordinate and noise level.
    pub rounds: usize,
    /// Shrinkage of each tree.
    pub learning_rate: f64,
    /// Most leaves of a tree.
    pub max_leaves: usize,
    /// Fewest noised rows of a leaf.
    pub min_leaf: usize,
}

impl Default for ForestFlow {
    fn default() -> Self {
        Self {
            noise_levels: 20,
            replications: 30,
            noised_rows: 20_000,
            rounds: 30,
            learning_rate: 0.3,
            max_leaves: 16,
            min_leaf: 20,
        }
    }
}

/// What decides quality and time.
fn space(_: &Facts) -> Space {
    Space::new()
        .with("noise_levels", Distribution::int(10, 40, 5), "finer paths from noise to rows, for more time")
        .with("replications", Distribution::int(10, 50, 5), "smoother targets, for more time")
        .with("rounds", Distribution::int(10, 60, 10), "trees per level and coordinate")
        .with(
            "learning_rate",
            Distribution::log_float(0.1, 0.5),
            "with rounds decides how closely trees follow",
        )
        .with("max_leaves", Distribution::int(8, 48, 8), "interactions that a tree can follow")
        .with("min_leaf", Distribution::log_int(5, 100), "large leaves keep further from single patients")
}

impl Parameters for ForestFlow {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "noise_levels",
            default: "20",
            meaning: "times between noise and row at which trees are fitted, at least 2; more is finer and slower",
        },
        Parameter {
            name: "replications",
            default: "30",
            meaning: "noised copies of each row, at least 1; more is smoother and slower",
        },
        Parameter {
            name: "noised_rows",
            default: "20000",
            meaning: "noised rows per class, at least 1; beyond it rows have fewer copies, but one at least",
        },
        Parameter {
            name: "rounds",
            default: "30",
            meaning: "trees per coordinate and noise level, at least 1",
        },
        Parameter {
            name: "learning_rate",
            default: "0.3",
            meaning: "shrinkage of each tree, above 0 up to 1",
        },
        Parameter { name: "max_leaves", default: "16", meaning: "most leaves of a tree, at least 2" },
        Parameter {
            name: "min_leaf",
            default: "20",
            meaning: "fewest noised rows of a leaf, at least 1; more keeps further from single patients",
        },
    ];

    fn check(&self) -> Result<(), String> {
        require(self.noise_levels >= 2, "noise_levels", &self.noise_levels, "at least 2")?;
        require(self.replications >= 1, "replications", &self.replications, "at least 1")?;
        require(self.noised_rows >= 1, "noised_rows", &self.noised_rows, "at least 1")?;
        require(self.rounds >= 1, "rounds", &self.rounds, "at least 1")?;
        let rate = self.learning_rate > 0.0 && self.learning_rate <= 1.0;
        require(rate, "learning_rate", &self.learning_rate, "above 0 and at most 1")?;
        require(self.max_leaves >= 2, "max_leaves", &self.max_leaves, "at least 2")?;
        require(self.min_leaf >= 1, "min_leaf", &self.min_leaf, "at least 1")
    }
}

impl Generator for ForestFlow {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        let groups = fit::fit(self, &plan, train, context)?;
        Ok(Box::new(FittedForestFlow { plan, groups }))
    }
}

/// The trees of every class.
pub struct FittedForestFlow {
    plan: Plan,
    groups: Vec<Group>,
}

impl FittedGenerator for FittedForestFlow {
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

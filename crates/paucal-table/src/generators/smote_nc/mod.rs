//! SMOTE-NC: points on the line between a case and one of its nearest neighbours of the same class.
//!
//! Chawla, Bowyer, Hall and Kegelmeyer (2002), *SMOTE: Synthetic Minority Over-sampling Technique*, JAIR 16,
//! section 6.1. Differences from the paper, all for clinical tables:
//!
//! - Numbers are divided by their standard deviation before distances are taken; the paper leaves the units
//!   to the user, and a column in the thousands would decide alone.
//! - A missing number is a value of its own: two missing ones are equal, one missing one costs as much as
//!   a different level. The case decides whether the new row's number is missing.
//! - A class with a single case has no neighbour: one is borrowed from all rows and the new row stays in the
//!   nearer half of the way. The fit warns of it.
//! - Whole numbers are rounded, and every column is written as in the data.
//!
//! The fitted model *is* the training rows. It serves within one process and is saved only for those who ask
//! for it (`keep_rows`), because whoever gets the saved model gets the rows.

mod neighbours;
mod sample;
mod saved;
#[cfg(test)]
mod tests;

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use crate::artefact::Artefact;
use crate::condition::{Condition, level_name};
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter};
use crate::parameters::{Parameters, require};
use crate::transform::Plan;
use neighbours::Features;

const NAME: &str = "smote-nc";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "SMOTE-NC",
    paper: "Chawla, Bowyer, Hall and Kegelmeyer 2002 (JAIR 16), section 6.1",
    summary: "Puts new rows between a case and one of its nearest neighbours of the same class. Simple and \
              strong for augmentation, but every row lies close to real ones: never share its output as \
              anonymous data. The fitted model is made of the training rows; 'fit' saves it with keep_rows only.",
    parameters: SmoteNc::LIST,
    space,
    build: |table| Ok(Box::new(SmoteNc::parse(table)?)),
    load: |artefact| Ok(Box::new(saved::load(artefact)?)),
};

/// How the level of a discrete column is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nominal {
    /// The commonest among the neighbours, as in the paper. Rare levels become rarer.
    #[default]
    Majority,
    /// That of the case or of the neighbour, by chance, the nearer one more often. Rare levels stay.
    Parent,
}

/// The generator and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmoteNc {
    /// Number of nearest neighbours from which one is drawn.
    pub neighbours: usize,
    /// How levels are chosen.
    pub nominal: Nominal,
    /// Whether the fitted model may be saved although it holds the training rows.
    pub keep_rows: bool,
}

impl Default for SmoteNc {
    fn default() -> Self {
        Self { neighbours: 5, nominal: Nominal::default(), keep_rows: false }
    }
}

/// Its few parameters.
fn space(facts: &Facts) -> Space {
    let most = (facts.rarest as i64 - 1).clamp(2, 15);
    Space::new()
        .with(
            "neighbours",
            Distribution::int(1, most, 1),
            "more neighbours spread wider; at most as many as the rarest class has other cases",
        )
        .with(
            "nominal",
            Distribution::choice(["majority", "parent"]),
            "a vote makes rare levels rarer, a parent's level keeps them",
        )
}

impl Parameters for SmoteNc {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        Parameter {
            name: "neighbours",
            default: "5",
            meaning: "nearest neighbours from which one is drawn, at least 1; smaller classes use all they have",
        },
        Parameter {
            name: "nominal",
            default: "\"majority\"",
            meaning: "\"majority\": levels by vote of the neighbours, as in the paper; \"parent\": from the case \
                      or its neighbour, which keeps rare levels",
        },
        Parameter {
            name: "keep_rows",
            default: "false",
            meaning: "true: 'fit' saves the model although it holds your rows; guard the run folder like the data",
        },
    ];

    fn check(&self) -> Result<(), String> {
        require(self.neighbours >= 1, "neighbours", &self.neighbours, "at least 1")
    }
}

impl Generator for SmoteNc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn can_be_saved(&self) -> Result<(), TableError> {
        if self.keep_rows { Ok(()) } else { Err(TableError::HoldsRows(NAME)) }
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        let fitted = FittedSmote::new(*self, plan, train.clone())?;
        let (plan, class) = (&fitted.plan, fitted.class);
        if let Some((column, levels)) = class.and_then(|column| Some((column, plan.levels(column)?))) {
            for (&code, _) in levels.codes.iter().zip(&levels.counts).filter(|&(_, &count)| count == 1) {
                context.observer.warn(format!(
                    "{} = {} has a single case: its synthetic rows lie on the way to the nearest row of another class",
                    train.schema().columns[column].name,
                    level_name(train.schema(), column, code)
                ));
            }
        }
        Ok(Box::new(fitted))
    }
}

/// The training rows, ready for interpolation.
pub struct FittedSmote {
    parameters: SmoteNc,
    plan: Plan,
    train: Table,
    /// The target column, if it has levels.
    class: Option<usize>,
    features: Features,
}

impl FittedSmote {
    fn new(parameters: SmoteNc, plan: Plan, train: Table) -> Result<Self, TableError> {
        let target = train.schema().target.as_deref().map(|name| train.schema().index(name)).transpose()?;
        let class = target.filter(|&column| plan.levels(column).is_some());
        let features = Features::new(&train, &plan, class);
        Ok(Self { parameters, plan, train, class, features })
    }
}

impl FittedGenerator for FittedSmote {
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
        self.parameters.can_be_saved()?;
        saved::save(self)
    }
}

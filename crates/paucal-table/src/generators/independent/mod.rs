//! Every column drawn on its own from its own distribution: the floor that every other generator has to
//! beat.
//!
//! All relations between columns are lost, on purpose. A score that does not fall on this table does not
//! see relations.

use paucal_core::{Seed, Stream};
use paucal_data::{Schema, Table, Values};
use paucal_tune::Space;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, Generator, Method};
use crate::parameters::Parameters;
use crate::transform::{Levels, Marginal, Marginals, Plan, Treatment};

const NAME: &str = "independent";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "Independent columns",
    paper: "none: the product of the marginals",
    summary: "Draws every column on its own. Keeps each column's distribution and destroys every relation: \
              the honest floor for all scores. A condition fixes its column and changes nothing else.",
    parameters: Independent::LIST,
    space: |_| Space::new(),
    build: |table| Ok(Box::new(Independent::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedIndependent::load(artefact)?)),
};

/// The generator; it has no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Independent {}

impl Parameters for Independent {
    const METHOD: &'static str = NAME;
    const LIST: &'static [crate::Parameter] = &[];

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Generator for Independent {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        let plan = Plan::new(train, context.observer)?;
        let marginals = plan.marginals(train, Marginals::Empirical);
        Ok(Box::new(FittedIndependent { plan, marginals }))
    }
}

/// The distribution of every column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedIndependent {
    plan: Plan,
    marginals: Vec<Option<Marginal>>,
}

impl FittedIndependent {
    fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let state: Self = artefact.state()?;
        if state.marginals.len() != state.plan.treatments().len() {
            return Err(TableError::damaged("model.json", "there must be one marginal entry per column"));
        }
        Ok(state)
    }
}

impl FittedGenerator for FittedIndependent {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.plan.schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let conditions = self.plan.resolve(conditions)?;
        let draw = |column: usize| {
            let mut stream = seed.stream("independent/column", column as u64);
            match &self.plan.treatments()[column] {
                Treatment::Levels(levels) => Some(match conditions.code(column) {
                    Some(code) => Values::Code(vec![code; rows]),
                    None => Values::Code(draw_levels(levels, rows, &mut stream)),
                }),
                Treatment::Numbers(numbers) => {
                    let marginal = self.marginals[column].as_ref()?;
                    let mut values: Vec<f64> =
                        (0..rows).map(|_| marginal.quantile(stream.uniform())).collect();
                    self.plan.lose_at_random(column, numbers, &mut values, seed);
                    Some(Values::Number(values))
                }
                _ => None,
            }
        };
        let drawn = (0..self.plan.treatments().len()).into_par_iter().map(draw).collect();
        self.plan.assemble(rows, drawn)
    }

    fn save(&self) -> Result<Artefact, TableError> {
        Artefact::new(self)
    }
}

/// Level codes by their counts.
fn draw_levels(levels: &Levels, rows: usize, stream: &mut Stream) -> Vec<u32> {
    let total: usize = levels.counts.iter().sum();
    let mut sum = 0;
    let ends: Vec<usize> = levels
        .counts
        .iter()
        .map(|count| {
            sum += count;
            sum
        })
        .collect();
    (0..rows)
        .map(|_| {
            let row = stream.index(total);
            levels.codes[ends.partition_point(|&end| end <= row)]
        })
        .collect()
}

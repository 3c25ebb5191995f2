//! A trained CopulaGAN.

use paucal_core::Seed;
use paucal_data::{Schema, Table, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::NAME;
use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::ctgan::FittedCtgan;
use crate::transform::{NormalScores, Plan, Treatment};

/// What CopulaGAN has learnt: the distributions of the numbers and a CTGAN of their scores.
pub struct FittedCopulaGan {
    pub(super) plan: Plan,
    pub(super) scores: NormalScores,
    pub(super) ctgan: FittedCtgan,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    plan: Plan,
    scores: NormalScores,
    ctgan: serde_json::Value,
}

impl FittedCopulaGan {
    /// Brings a saved model back.
    pub(super) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { plan, scores, ctgan } = artefact.state()?;
        let inner = Artefact { json: ctgan, tensors: artefact.tensors.clone() };
        let ctgan = FittedCtgan::load(&inner)?;
        let same_columns = ctgan.schema().names().eq(plan.schema().names());
        if !(scores.fits(&plan) && same_columns) {
            return Err(TableError::damaged("model.json", "scores and columns do not belong together"));
        }
        Ok(Self { plan, scores, ctgan })
    }

    /// A drawn column in the units of the data.
    fn values(&self, column: usize, drawn: &Table) -> Option<Values> {
        let drawn = drawn.at(column);
        match (&self.plan.treatments()[column], drawn.numbers()) {
            (Treatment::Numbers(_), Some(scores)) => {
                Some(Values::Number(scores.iter().map(|&z| self.scores.value(column, z)).collect()))
            }
            (Treatment::Levels(_), _) => Some(drawn.values.clone()),
            _ => None,
        }
    }
}

impl FittedGenerator for FittedCopulaGan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.plan.schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        // In the terms of the user's columns; CTGAN's are all plain numbers.
        self.plan.resolve(conditions)?;
        let drawn = self.ctgan.sample(rows, conditions, seed)?;
        let columns = 0..self.plan.treatments().len();
        self.plan.assemble(rows, columns.into_par_iter().map(|column| self.values(column, &drawn)).collect())
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let inner = self.ctgan.save()?;
        let state = State { plan: self.plan.clone(), scores: self.scores.clone(), ctgan: inner.json };
        Ok(Artefact { tensors: inner.tensors, ..Artefact::new(&state)? })
    }
}

//! A trained TableGAN.

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_nn::{Device, noise};
use serde::{Deserialize, Serialize};

use super::network::Maker;
use super::{NAME, TableGan};
use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::neural::cells::CellEncoder;
use crate::generators::neural::{self, beside, labelled, one_hot};
use crate::transform::Plan;

/// What TableGAN has learnt: the generator's weights and the encoding of rows.
pub struct FittedTableGan {
    pub(super) parameters: TableGan,
    pub(super) side: usize,
    pub(super) encoder: CellEncoder,
    pub(super) maker: Maker,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    parameters: TableGan,
    plan: Plan,
}

impl FittedTableGan {
    /// Brings a saved model back.
    pub(super) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { parameters, plan } = artefact.state()?;
        let encoder = CellEncoder::new(plan, parameters.common.missing)?;
        let side = super::side_of(&encoder)?;
        // The weights are replaced at once; any stream will do.
        let mut stream = Seed(0).stream("initial", 0);
        let mut maker = parameters.maker(&encoder, side, &mut stream, &Device::flex())?;
        neural::load(artefact, "generator", &mut maker)?;
        Ok(Self { parameters, side, encoder, maker })
    }

    /// Rows of cells for classes.
    fn rows(&self, classes: &[u32], seed: Seed) -> Result<Vec<f32>, TableError> {
        let device = Device::flex();
        let z = noise::normal(seed, "noise", 0, [classes.len(), self.parameters.noise], &device);
        let input = beside(z, &one_hot(classes, self.encoder.classes(), &device));
        let squares = self.maker.forward(input);
        let squares = neural::values(squares)?;
        let rows = squares.chunks_exact(self.side * self.side);
        Ok(rows.flat_map(|square| &square[..self.encoder.width()]).copied().collect())
    }
}

impl FittedGenerator for FittedTableGan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.encoder.plan().schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let conditions = self.encoder.plan().resolve(conditions)?;
        labelled::draw(&self.encoder, rows, &conditions, seed, |classes, seed| self.rows(classes, seed))
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let state = State { parameters: self.parameters.clone(), plan: self.encoder.plan().clone() };
        neural::artefact(&state, "generator", &self.maker)
    }
}

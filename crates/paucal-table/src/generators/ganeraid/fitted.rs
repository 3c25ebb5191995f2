//! A trained GANerAid.

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_nn::Device;
use serde::{Deserialize, Serialize};

use super::network::{SetGenerator, Shape, Start};
use super::{GanerAid, NAME};
use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::neural::cells::CellEncoder;
use crate::generators::neural::{self, labelled, one_hot};
use crate::transform::Plan;

/// Sets drawn at a time.
const SETS: usize = 32;

/// What GANerAid has learnt: the generator's weights and the encoding of rows.
pub struct FittedGanerAid {
    pub(super) parameters: GanerAid,
    pub(super) shape: Shape,
    pub(super) encoder: CellEncoder,
    pub(super) generator: SetGenerator,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    parameters: GanerAid,
    plan: Plan,
}

impl FittedGanerAid {
    /// Brings a saved model back.
    pub(super) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { parameters, plan } = artefact.state()?;
        let encoder = CellEncoder::new(plan, parameters.common.missing)?;
        let shape = parameters.shape(&encoder, encoder.plan().rows());
        // The weights are replaced at once; any stream will do.
        let mut generator = SetGenerator::new(shape, &mut Seed(0).stream("initial", 0), &Device::flex());
        neural::load(artefact, "generator", &mut generator)?;
        Ok(Self { parameters, shape, encoder, generator })
    }

    /// Rows of cells for classes: sets of one class each, of which the last may be cut short.
    fn rows(&self, classes: &[u32], seed: Seed) -> Result<Vec<f32>, TableError> {
        let device = Device::flex();
        let (width, rows) = (self.encoder.width(), self.shape.rows);
        let count = self.shape.classes.max(1) as u32;
        let places: Vec<Vec<usize>> = (0..count)
            .map(|class| (0..classes.len()).filter(|&row| classes[row] == class).collect())
            .collect();
        let of_set: Vec<(u32, &[usize])> = (0..count)
            .zip(&places)
            .flat_map(|(class, places)| places.chunks(rows).map(move |chunk| (class, chunk)))
            .collect();
        let mut values = vec![0.0; classes.len() * width];
        for (block, sets) in of_set.chunks(SETS).enumerate() {
            let classes: Vec<u32> = sets.iter().map(|(class, _)| *class).collect();
            let class = one_hot(&classes, self.shape.classes, &device);
            let start = Start::draw(self.shape, &class, seed, "sets", block as u64, &device);
            let (drawn, _) = self.generator.forward_train(self.shape, start);
            for ((_, places), set) in sets.iter().zip(neural::values(drawn)?.chunks_exact(rows * width)) {
                for (&place, row) in places.iter().zip(set.chunks_exact(width)) {
                    values[place * width..(place + 1) * width].copy_from_slice(row);
                }
            }
        }
        Ok(values)
    }
}

impl FittedGenerator for FittedGanerAid {
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
        neural::artefact(&state, "generator", &self.generator)
    }
}

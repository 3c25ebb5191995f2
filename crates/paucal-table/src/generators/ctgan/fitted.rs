//! A trained CTGAN.

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_nn::generator::Generator;
use paucal_nn::{Device, Tensor, noise};
use serde::{Deserialize, Serialize};

use super::{Ctgan, NAME};
use crate::artefact::Artefact;
use crate::condition::{Condition, ConditionLayout};
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::neural::{self, BLOCK, Drawing, beside};
use crate::transform::RowEncoder;

/// What CTGAN has learnt: the generator's weights and the encoding of rows.
pub struct FittedCtgan {
    pub(super) parameters: Ctgan,
    /// Rows per training step.
    pub(super) batch: usize,
    pub(super) encoder: RowEncoder,
    pub(super) conditions: ConditionLayout,
    pub(super) generator: Generator,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    parameters: Ctgan,
    batch: usize,
    encoder: RowEncoder,
}

impl FittedCtgan {
    /// Brings a saved model back.
    pub(in crate::generators) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { parameters, batch, encoder } = artefact.state()?;
        let conditions = ConditionLayout::new(&encoder);
        // The weights are replaced at once; any stream will do.
        let mut stream = Seed(0).stream("initial", 0);
        let inputs = parameters.noise + conditions.width();
        let width = encoder.layout().width;
        let mut generator =
            Generator::new(inputs, &parameters.generator, width, &mut stream, &Device::flex());
        neural::load(artefact, "generator", &mut generator)?;
        Ok(Self { parameters, batch, encoder, conditions, generator })
    }

    /// Activated rows for condition vectors.
    fn rows(&self, condition: &Tensor<2>, seed: Seed) -> Result<Tensor<2>, TableError> {
        let device = Device::flex();
        let rows = condition.dims()[0];
        let raw = if self.parameters.batch_statistics {
            // Statistics need a batch: a short block is filled up with its own conditions.
            let full = self.batch.max(rows);
            let condition = condition.clone().repeat_dim(0, full.div_ceil(rows)).narrow(0, 0, full);
            let z = noise::normal(seed, "noise", 0, [full, self.parameters.noise], &device);
            let (raw, _) = self.generator.clone().forward_train(&beside(z, &condition));
            raw.narrow(0, 0, rows)
        } else {
            let z = noise::normal(seed, "noise", 0, [rows, self.parameters.noise], &device);
            self.generator.forward(&beside(z, condition))
        };
        let gumbel = noise::gumbel(seed, "gumbel", 0, raw.dims(), &device);
        let layout = neural::layout(self.encoder.layout(), &device)?;
        Ok(layout.activate(&raw, Some(&gumbel), self.parameters.temperature as f32))
    }
}

impl FittedGenerator for FittedCtgan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.encoder.plan().schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let conditions = self.encoder.plan().resolve(conditions)?;
        let block = if self.parameters.batch_statistics { self.batch } else { BLOCK };
        let drawing = Drawing { encoder: &self.encoder, conditions: &self.conditions, block };
        drawing.draw(rows, &conditions, seed, |condition, seed| self.rows(condition, seed))
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let Self { parameters, batch, encoder, .. } = self;
        let state = State { parameters: parameters.clone(), batch: *batch, encoder: encoder.clone() };
        neural::artefact(&state, "generator", &self.generator)
    }
}

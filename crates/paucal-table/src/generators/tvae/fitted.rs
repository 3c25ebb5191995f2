//! A trained TVAE.

use paucal_core::Seed;
use paucal_data::{Schema, Table};
use paucal_nn::{Device, Tensor, noise};
use serde::{Deserialize, Serialize};

use super::train::Networks;
use super::{NAME, Tvae};
use crate::artefact::Artefact;
use crate::condition::{Condition, ConditionLayout};
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::neural::{self, BLOCK, Drawing, beside};
use crate::transform::RowEncoder;

/// What TVAE has learnt: the decoder's weights and the encoding of rows.
pub struct FittedTvae {
    pub(super) parameters: Tvae,
    pub(super) encoder: RowEncoder,
    pub(super) conditions: ConditionLayout,
    pub(super) networks: Networks,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    parameters: Tvae,
    encoder: RowEncoder,
}

impl FittedTvae {
    /// Brings a saved model back.
    pub(super) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { parameters, encoder } = artefact.state()?;
        let conditions = ConditionLayout::new(&encoder);
        // The weights are replaced at once; any stream will do.
        let mut stream = Seed(0).stream("initial", 0);
        let width = encoder.layout().width;
        let mut networks =
            Networks::new(&parameters, width, conditions.width(), &mut stream, &Device::flex());
        neural::load(artefact, "", &mut networks)?;
        Ok(Self { parameters, encoder, conditions, networks })
    }

    /// Activated rows for condition vectors: scalars with the decoder's normal noise, levels drawn or likeliest.
    fn rows(&self, condition: &Tensor<2>, seed: Seed) -> Result<Tensor<2>, TableError> {
        let device = Device::flex();
        let rows = condition.dims()[0];
        let z = noise::normal(seed, "noise", 0, [rows, self.parameters.latent], &device);
        let raw = self.networks.decoder.forward(&beside(z, condition));
        let layout = neural::layout(self.encoder.layout(), &device)?;
        let gumbel =
            self.parameters.draw_levels.then(|| noise::gumbel(seed, "gumbel", 0, raw.dims(), &device));
        let activated = layout.activate(&raw, gumbel.as_ref(), 1.0);
        // The noise on one-hot columns is left out: it could change which is the largest.
        let spread = noise::normal(seed, "spread", 0, raw.dims(), &device)
            * self.networks.sigma.clone().unsqueeze()
            * layout.scalar_columns();
        Ok(activated + spread)
    }
}

impl FittedGenerator for FittedTvae {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.encoder.plan().schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let conditions = self.encoder.plan().resolve(conditions)?;
        let drawing = Drawing { encoder: &self.encoder, conditions: &self.conditions, block: BLOCK };
        drawing.draw(rows, &conditions, seed, |condition, seed| self.rows(condition, seed))
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let state = State { parameters: self.parameters.clone(), encoder: self.encoder.clone() };
        neural::artefact(&state, "", &self.networks)
    }
}

//! TVAE: a variational autoencoder for tables, made conditional.
//!
//! Xu, Skoularidou, Cuesta-Infante and Veeramachaneni (2019), *Modeling Tabular Data using Conditional GAN*, NeurIPS,
//! arXiv 1907.00503, section 5. An encoder turns a row into a distribution over a latent vector, a decoder turns the
//! vector back: scalars as normals with one learnt deviation per column, modes and levels as softmaxes. Differences
//! from the authors' program:
//!
//! - Encoder and decoder see wanted levels, drawn as for CTGAN, so that conditions are native and rare levels are seen
//!   often enough (Sohn, Lee and Yan 2015, conditional VAE).
//! - The budget is a number of optimiser steps.
//! - Levels can be drawn from the decoder's softmax, which keeps rare ones, or be its likeliest, as the authors do.

mod fitted;
mod space;
mod train;

use paucal_data::Table;
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, Generator, Method, Parameter, parameter};
use crate::generators::neural::common::{self, Common};
use crate::parameters::{Parameters, above_zero, at_least, share, widths};

pub use fitted::FittedTvae;

const NAME: &str = "tvae";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "TVAE",
    paper: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (arXiv 1907.00503), section 5",
    summary: "A variational autoencoder: learns to squeeze rows through a narrow vector and back, then decodes random \
              vectors, under conditions if wanted. Fast and steady on small tables; rows are smoother than real ones.",
    parameters: Tvae::LIST,
    space: space::space,
    build: |table| Ok(Box::new(Tvae::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedTvae::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tvae {
    /// Optimiser steps.
    pub steps: u64,
    /// Rows per step; 0 lets the table decide.
    pub batch: usize,
    /// Size of the latent vector.
    pub latent: usize,
    /// Widths of the encoder's hidden layers.
    pub encoder: Vec<usize>,
    /// Widths of the decoder's hidden layers.
    pub decoder: Vec<usize>,
    /// Adam's rate.
    pub rate: f64,
    /// L2 weight decay.
    pub weight_decay: f64,
    /// Weight of the reconstruction against the divergence.
    pub loss_factor: f64,
    /// Draw training rows for levels drawn by ln(count + 1).
    pub log_frequency: bool,
    /// Share of training conditions with several columns.
    pub several: f64,
    /// Draw levels from the softmax instead of taking the likeliest.
    pub draw_levels: bool,
    /// What every network has.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for Tvae {
    fn default() -> Self {
        Self {
            steps: 5_000,
            batch: 0,
            latent: 128,
            encoder: vec![128, 128],
            decoder: vec![128, 128],
            rate: 1e-3,
            weight_decay: 1e-5,
            loss_factor: 2.0,
            log_frequency: true,
            several: 0.5,
            draw_levels: true,
            common: Common::default(),
        }
    }
}

impl Parameters for Tvae {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        parameter("steps", "5000", "optimiser steps, at least 1"),
        parameter("batch", "0", "rows per step; 0: a quarter of the rows, at most 500"),
        parameter("latent", "128", "size of the latent vector, at least 1"),
        parameter("encoder", "[128, 128]", "widths of the encoder's hidden layers"),
        parameter("decoder", "[128, 128]", "widths of the decoder's hidden layers"),
        parameter("rate", "0.001", "Adam's learning rate, above 0"),
        parameter("weight_decay", "0.00001", "L2 weight decay, at least 0"),
        parameter("loss_factor", "2.0", "weight of the reconstruction against the divergence, above 0"),
        common::LOG_FREQUENCY_OF_LEVELS,
        common::SEVERAL,
        parameter(
            "draw_levels",
            "true",
            "draw levels from the decoder's softmax instead of taking the likeliest",
        ),
        common::HOLD_OUT,
        common::JUDGE_EVERY,
        common::PATIENCE,
        common::MISSING,
        common::DEVICE,
    ];

    fn check(&self) -> Result<(), String> {
        at_least("steps", self.steps, 1)?;
        at_least("latent", self.latent, 1)?;
        widths("encoder", &self.encoder)?;
        widths("decoder", &self.decoder)?;
        above_zero("rate", self.rate)?;
        at_least("weight_decay", self.weight_decay, 0.0)?;
        above_zero("loss_factor", self.loss_factor)?;
        share("several", self.several)?;
        self.common.check()
    }

    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        Common::read(table)
    }
}

impl Generator for Tvae {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        Ok(Box::new(train::fit(self, train, context)?))
    }
}

//! CTGAN: a conditional Wasserstein GAN for tables.
//!
//! Xu, Skoularidou, Cuesta-Infante and Veeramachaneni (2019), *Modeling Tabular Data using Conditional GAN*, NeurIPS,
//! arXiv 1907.00503. A generator of residual dense blocks turns noise and a wanted level into an encoded row; a critic
//! judges packs of rows with their wanted levels. Differences from the authors' program, all for small tables with rare
//! classes:
//!
//! - The budget is a number of optimiser steps. Epochs of one batch, as small tables have them, leave the networks
//!   all but untrained.
//! - Batch and pac follow the number of rows ([`batch_and_pac`](super::neural::batch_and_pac)).
//! - A share of the conditions has several columns, so that several can be asked for at once.
//! - Rows are drawn in evaluation mode, from a moving average of the generator's weights. Statistics of the drawn batch,
//!   as the authors use them, shift when all rows have one condition; `batch_statistics` brings them back.
//! - Unconditioned rows have the levels' frequencies of the data. Training draws levels by ln(count + 1), as in the
//!   paper.

mod fitted;
mod space;
mod train;

use paucal_data::Table;
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, Generator, Method, Parameter, parameter};
use crate::generators::neural::common::{self, Common};
use crate::parameters::{Parameters, above_zero, at_least, below_one, share, widths};
pub(super) use space::space;

pub use fitted::FittedCtgan;

const NAME: &str = "ctgan";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "CTGAN",
    paper: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (arXiv 1907.00503)",
    summary: "A conditional GAN: a generator learns to make rows that a critic cannot tell from real ones, each for a \
              wanted level. Learns any relation between columns, needs some thousand steps, and follows conditions on \
              any discrete column, several at once.",
    parameters: Ctgan::LIST,
    space,
    build: |table| Ok(Box::new(Ctgan::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedCtgan::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ctgan {
    /// Generator steps.
    pub steps: u64,
    /// Rows per step; 0 lets the table decide.
    pub batch: usize,
    /// Rows that the critic sees together.
    pub pac: usize,
    /// Size of the noise.
    pub noise: usize,
    /// Widths of the generator's hidden layers.
    pub generator: Vec<usize>,
    /// Widths of the critic's hidden layers.
    pub critic: Vec<usize>,
    /// Adam's rate, generator.
    pub generator_rate: f64,
    /// Adam's rate, critic.
    pub critic_rate: f64,
    /// L2 weight decay of both.
    pub weight_decay: f64,
    /// Critic steps per generator step.
    pub critic_steps: u64,
    /// Weight of the gradient penalty.
    pub penalty: f64,
    /// Temperature of the Gumbel-softmax.
    pub temperature: f64,
    /// Dropout of the critic.
    pub dropout: f64,
    /// Draw levels in training by ln(count + 1).
    pub log_frequency: bool,
    /// Share of training conditions with several columns.
    pub several: f64,
    /// Weight that the moving average keeps per step; 0 uses the last weights.
    pub average: f64,
    /// Draw rows with the statistics of their batch.
    pub batch_statistics: bool,
    /// What every network has.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for Ctgan {
    fn default() -> Self {
        Self {
            steps: 5_000,
            batch: 0,
            pac: 10,
            noise: 128,
            generator: vec![256, 256],
            critic: vec![256, 256],
            generator_rate: 2e-4,
            critic_rate: 2e-4,
            weight_decay: 1e-6,
            critic_steps: 1,
            penalty: 10.0,
            temperature: 0.2,
            dropout: 0.5,
            log_frequency: true,
            several: 0.5,
            average: 0.999,
            batch_statistics: false,
            common: Common::default(),
        }
    }
}

impl Parameters for Ctgan {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        parameter("steps", "5000", "generator steps, at least 1"),
        parameter(
            "batch",
            "0",
            "rows per step, brought up to a multiple of pac; 0: a quarter of the rows, at most 500",
        ),
        parameter(
            "pac",
            "10",
            "rows that the critic sees together, at least 1; fewer in small automatic batches",
        ),
        parameter("noise", "128", "size of the noise, at least 1"),
        parameter("generator", "[256, 256]", "widths of the generator's hidden layers"),
        parameter("critic", "[256, 256]", "widths of the critic's hidden layers"),
        parameter("generator_rate", "0.0002", "Adam's learning rate of the generator, above 0"),
        parameter("critic_rate", "0.0002", "Adam's learning rate of the critic, above 0"),
        parameter("weight_decay", "0.000001", "L2 weight decay, at least 0"),
        parameter("critic_steps", "1", "critic steps per generator step, at least 1"),
        parameter("penalty", "10.0", "weight of the gradient penalty, at least 0"),
        parameter("temperature", "0.2", "temperature of the Gumbel-softmax, above 0"),
        parameter("dropout", "0.5", "dropout of the critic, 0 to below 1"),
        common::LOG_FREQUENCY_OF_LEVELS,
        common::SEVERAL,
        common::average("0.999"),
        parameter(
            "batch_statistics",
            "false",
            "draw rows with batch norm of the drawn batch, as the authors' program does",
        ),
        common::HOLD_OUT,
        common::JUDGE_EVERY,
        common::PATIENCE,
        common::MISSING,
        common::DEVICE,
    ];

    fn check(&self) -> Result<(), String> {
        at_least("steps", self.steps, 1)?;
        at_least("pac", self.pac, 1)?;
        at_least("noise", self.noise, 1)?;
        widths("generator", &self.generator)?;
        widths("critic", &self.critic)?;
        above_zero("generator_rate", self.generator_rate)?;
        above_zero("critic_rate", self.critic_rate)?;
        at_least("weight_decay", self.weight_decay, 0.0)?;
        at_least("critic_steps", self.critic_steps, 1)?;
        at_least("penalty", self.penalty, 0.0)?;
        above_zero("temperature", self.temperature)?;
        below_one("dropout", self.dropout)?;
        share("several", self.several)?;
        below_one("average", self.average)?;
        self.common.check()
    }

    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        Common::read(table)
    }
}

impl Ctgan {
    /// Learns from a table, for a method of that name that is built upon this one.
    pub(super) fn learn(
        &self,
        name: &str,
        train: &Table,
        context: &FitContext<'_>,
    ) -> Result<FittedCtgan, TableError> {
        train::fit(self, name, train, context)
    }
}

impl Generator for Ctgan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        Ok(Box::new(self.learn(NAME, train, context)?))
    }
}

//! TabDDPM: a diffusion model for tables, given the class.
//!
//! Kotelnikov, Baranchuk, Rubachev and Babenko (2023), *TabDDPM: Modelling Tabular Data with Diffusion Models*, ICML,
//! arXiv 2209.15421. Noise is added to rows in many small steps until nothing is left of them; a network learns to tell
//! the noise, and so to go back from pure noise to rows that never were. Numbers are mapped to normal scores and diffuse
//! as Gaussians (Ho, Jain and Abbeel 2020, arXiv 2006.11239), levels as multinomials (Hoogeboom et al. 2021, arXiv
//! 2102.05379). The class is given to the network and does not diffuse: rows of a rare class are drawn by asking for it.
//! Differences from the authors' program:
//!
//! - The table decides the batch, and times are spread evenly over it, for few rows.
//! - Rows are drawn in fewer steps (`sampling_steps`), evenly spaced, with the exact posterior between them (Nichol and
//!   Dhariwal 2021, arXiv 2102.09672); guessed scores are kept within those of the training rows on the way.
//! - Conditions on other columns hold from the first step back to the last: wanted levels stand in their place
//!   throughout. That alone (Lugmayr et al. 2022, arXiv 2201.09865) gives weak relations to them, so a share of the
//!   training rows has some levels without noise too, and the network is told which.
//! - Missing numbers have an indicator that diffuses like a level.

mod encoder;
mod fitted;
mod levels;
mod network;
mod schedule;
mod train;

use paucal_core::Stream;
use paucal_data::Table;
use paucal_nn::Device;
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter, parameter};
use crate::generators::neural::common::{self, Common};
use crate::generators::neural::tunable::{budget, layers, rate};
use crate::parameters::{Parameters, above_zero, at_least, below_one, share, widths};
use encoder::Encoder;
use network::Network;

pub use fitted::FittedTabDdpm;

const NAME: &str = "tabddpm";

/// Largest batch that is chosen without being asked for.
const LARGEST_BATCH: usize = 256;

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "TabDDPM",
    paper: "Kotelnikov, Baranchuk, Rubachev and Babenko 2023 (arXiv 2209.15421)",
    summary: "A diffusion model: learns to take noise off rows step by step, then turns pure noise into new rows, for \
              each class as wanted. Rows that are close to real ones without being copies; drawing takes many passes.",
    parameters: TabDdpm::LIST,
    space,
    build: |table| Ok(Box::new(TabDdpm::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedTabDdpm::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TabDdpm {
    /// Optimiser steps.
    pub steps: u64,
    /// Rows per step; 0 lets the table decide.
    pub batch: usize,
    /// Steps of the diffusion.
    pub timesteps: usize,
    /// Steps in which rows are drawn; 0 for all.
    pub sampling_steps: usize,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Share of training rows in which some levels are given.
    pub given: f64,
    /// AdamW's rate at the beginning.
    pub rate: f64,
    /// AdamW's weight decay.
    pub weight_decay: f64,
    /// Weight that the moving average keeps per step; 0 uses the last weights.
    pub average: f64,
    /// What every network has.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for TabDdpm {
    fn default() -> Self {
        Self {
            steps: 5_000,
            batch: 0,
            timesteps: 1000,
            sampling_steps: 100,
            hidden: vec![256, 256],
            given: 0.5,
            rate: 1e-3,
            weight_decay: 0.0,
            average: 0.999,
            common: Common::default(),
        }
    }
}

/// Training budget, sizes and the length of the diffusion.
fn space(facts: &Facts) -> Space {
    let space = budget(Space::new(), facts)
        .with("rate", rate(), "step size of AdamW at the start")
        .with("timesteps", Distribution::int(200, 1000, 200), "steps from a row to noise")
        .with("weight_decay", Distribution::log_float(1e-6, 1e-2), "holds weights small in small tables");
    layers(space, "hidden")
}

impl Parameters for TabDdpm {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        parameter("steps", "5000", "optimiser steps, at least 1"),
        parameter("batch", "0", "rows per step; 0: as many as the table has, at most 256"),
        parameter("timesteps", "1000", "steps from a row to pure noise, at least 1"),
        parameter(
            "sampling_steps",
            "100",
            "steps in which rows are drawn, evenly spaced; 0: all, which takes as many times longer",
        ),
        parameter("hidden", "[256, 256]", "widths of the network's hidden layers"),
        parameter(
            "given",
            "0.5",
            "share of the training rows in which levels are given as if by a condition, 0 to 1",
        ),
        parameter("rate", "0.001", "AdamW's learning rate, above 0; it falls in a straight line to 0"),
        parameter("weight_decay", "0.0", "AdamW's weight decay, at least 0"),
        common::average("0.999"),
        common::HOLD_OUT,
        common::JUDGE_EVERY,
        common::PATIENCE,
        common::MISSING,
        common::DEVICE,
    ];

    fn check(&self) -> Result<(), String> {
        at_least("steps", self.steps, 1)?;
        at_least("timesteps", self.timesteps, 1)?;
        widths("hidden", &self.hidden)?;
        share("given", self.given)?;
        above_zero("rate", self.rate)?;
        at_least("weight_decay", self.weight_decay, 0.0)?;
        below_one("average", self.average)?;
        self.common.check()
    }

    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        Common::read(table)
    }
}

impl TabDdpm {
    /// Rows per training step for a table of `rows`.
    fn batch_of(&self, rows: usize) -> usize {
        if self.batch > 0 { self.batch } else { rows.min(LARGEST_BATCH) }
    }

    /// Steps in which rows are drawn.
    fn kept_steps(&self) -> usize {
        if self.sampling_steps > 0 { self.sampling_steps } else { self.timesteps }
    }

    /// A network with random weights.
    fn network(&self, encoder: &Encoder, stream: &mut Stream, device: &Device) -> Network {
        let classes = encoder.classes().map_or(0, |(_, levels)| levels.len());
        Network::new(encoder.inputs(), encoder.width(), classes, &self.hidden, stream, device)
    }
}

impl Generator for TabDdpm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        Ok(Box::new(train::fit(self, train, context)?))
    }
}

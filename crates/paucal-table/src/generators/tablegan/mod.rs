//! TableGAN: rows as little images.
//!
//! Park, Mohammadi, Gorde, Jajodia, Park and Kim (2018), *Data Synthesis based on Generative Adversarial Networks*,
//! PVLDB 11, arXiv 1806.03384. Every column is one cell of a square, convolutions make and judge the squares, and besides
//! the discriminator two losses guide the generator: an information loss on the discriminator's last features, with
//! slack for privacy, and a classifier that must recognise the class a row was made for. The layout is that of the
//! CTGAN paper's baseline: the smallest square of side 4, 8, 16, 24 or 32, spare cells 0, convolutions of 4 × 4 that
//! halve the side. Differences from the authors' program:
//!
//! - The class is given to the generator beside its noise, and the classifier takes any number of classes.
//! - Means and deviations of features are those of the batch; theirs are moving averages.
//! - One generator step per discriminator step; the budget is a number of steps, and the table decides the batch.
//! - Half as many channels (theirs are 64) for twice the steps: better rows from small tables in less time.
//! - Rows are drawn from a moving average of the generator's weights.
//! - Conditions on columns other than the class are fulfilled by drawing again, and at last by putting the level in
//!   its place.

mod fitted;
mod information;
mod network;
mod train;

use paucal_core::Stream;
use paucal_data::Table;
use paucal_nn::{Device, NnError};
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use super::neural::cells::CellEncoder;
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter, parameter};
use crate::generators::neural::common::{self, Common};
use crate::generators::neural::tunable::{batch, rate};
use crate::parameters::{Parameters, above_zero, at_least, below_one, require};
use network::Maker;

pub use fitted::FittedTableGan;

const NAME: &str = "tablegan";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "TableGAN",
    paper: "Park, Mohammadi, Gorde, Jajodia, Park and Kim 2018 (arXiv 1806.03384)",
    summary: "A GAN of convolutions that sees each row as a little image, with a classifier that keeps rows true to \
              their class. Neighbouring columns are learnt best; other conditions than the class are met by drawing \
              again.",
    parameters: TableGan::LIST,
    space,
    build: |table| Ok(Box::new(TableGan::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedTableGan::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableGan {
    /// Steps of all networks.
    pub steps: u64,
    /// Rows per step; 0 lets the table decide.
    pub batch: usize,
    /// Size of the noise.
    pub noise: usize,
    /// Channels of the first convolution.
    pub width: usize,
    /// Adam's rate.
    pub rate: f64,
    /// L2 weight decay.
    pub weight_decay: f64,
    /// Slack of the features' means.
    pub delta_mean: f64,
    /// Slack of the features' deviations.
    pub delta_sd: f64,
    /// Draw classes in training by ln(count + 1).
    pub log_frequency: bool,
    /// Weight that the moving average keeps per step; 0 uses the last weights.
    pub average: f64,
    /// What every network has.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for TableGan {
    fn default() -> Self {
        Self {
            steps: 2_000,
            batch: 0,
            noise: 100,
            width: 32,
            rate: 2e-4,
            weight_decay: 1e-5,
            delta_mean: 0.0,
            delta_sd: 0.0,
            log_frequency: true,
            average: 0.99,
            common: Common::default(),
        }
    }
}

/// Training budget, size, rate and how closely the features must agree.
fn space(facts: &Facts) -> Space {
    let space = Space::new().with(
        "steps",
        Distribution::log_int(500, 4_000),
        "training too short is the commonest fault",
    );
    batch(space, facts)
        .with(
            "width",
            Distribution::int(16, 64, 16),
            "channels of the first convolution; wide ones cost time",
        )
        .with("rate", rate(), "step size of Adam")
        .with(
            "delta_mean",
            Distribution::float(0.0, 0.3),
            "slack of the information loss: more is more private",
        )
        .with("delta_sd", Distribution::float(0.0, 0.3), "the same for standard deviations")
}

impl Parameters for TableGan {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        parameter("steps", "2000", "steps of all networks, at least 1"),
        parameter("batch", "0", "rows per step, not 1; 0: a quarter of the rows, at most 500"),
        parameter("noise", "100", "size of the noise, at least 1"),
        parameter(
            "width",
            "32",
            "channels of the first convolution, at least 1; each further one has twice as many",
        ),
        parameter("rate", "0.0002", "Adam's learning rate, above 0"),
        parameter("weight_decay", "0.00001", "L2 weight decay, at least 0"),
        parameter(
            "delta_mean",
            "0.0",
            "difference in the features' means that is not punished, at least 0; more is more private",
        ),
        parameter("delta_sd", "0.0", "the same for their standard deviations"),
        common::LOG_FREQUENCY_OF_CLASSES,
        common::average("0.99"),
        common::HOLD_OUT,
        common::JUDGE_EVERY,
        common::PATIENCE,
        common::MISSING,
        common::DEVICE,
    ];

    fn check(&self) -> Result<(), String> {
        at_least("steps", self.steps, 1)?;
        require(self.batch != 1, "batch", &self.batch, "0 or at least 2")?;
        at_least("noise", self.noise, 1)?;
        at_least("width", self.width, 1)?;
        above_zero("rate", self.rate)?;
        at_least("weight_decay", self.weight_decay, 0.0)?;
        at_least("delta_mean", self.delta_mean, 0.0)?;
        at_least("delta_sd", self.delta_sd, 0.0)?;
        below_one("average", self.average)?;
        self.common.check()
    }

    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        Common::read(table)
    }
}

impl TableGan {
    /// A generator with random weights.
    fn maker(
        &self,
        encoder: &CellEncoder,
        side: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Maker, NnError> {
        Maker::new(self.noise + encoder.classes(), side, self.width, stream, device)
    }
}

/// The side of the square that holds a row.
fn side_of(encoder: &CellEncoder) -> Result<usize, TableError> {
    let cells = encoder.width();
    let wide =
        || NnError::Setting(format!("{cells} columns do not fit into tablegan's largest square, 32 × 32"));
    Ok(network::side(cells).ok_or_else(wide)?)
}

impl Generator for TableGan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        Ok(Box::new(train::fit(self, train, context)?))
    }
}

//! GANerAid: a GAN that makes and judges sets of rows, for small medical tables.
//!
//! Krenmayr, Frank, Drobig, Braungart, Seidel, Schaudt, von Schwerin and Stucke-Straub (2022), *GANerAid: Realistic
//! synthetic patient data for clinical trials*, Informatics in Medicine Unlocked 35. A bidirectional LSTM runs over the
//! columns and puts out a set of rows at once; the discriminator judges whole sets, which shows it distributions and
//! not only rows. Differences from the authors' program:
//!
//! - The number of sets per step is the one that is asked for, and the budget is a number of steps.
//! - The class is given: its one-hot stands beside the noise of every step and beside the set that is judged, and all
//!   rows of a set are of one class, so that rare classes can be asked for.
//! - Both directions of the LSTM are read, and the loss is Wasserstein's with gradient penalty (Gulrajani et al. 2017,
//!   arXiv 1704.00028). There, the rows' shares are cut from the forward half alone, and the loss is the cross-entropy,
//!   which on small tables swings instead of settling; `compat` does the same.
//! - The discriminator has no dropout. It keeps one that answers yes or no from being sure, which the penalty does here;
//!   what is left of it is noise on what the generator learns from, and relations between columns get lost in it.
//! - Rows per set and the width of the LSTM follow the table: few rows or many columns make smaller sets.
//! - The rates are CTGAN's (theirs are 0.0005), and rows are drawn from a moving average of the generator's weights:
//!   with their rates this one still swings after thousands of steps.
//! - A saved model holds no training rows.
//! - The levels of a column stand at even distances in schema order. Conditions on columns other than the class are
//!   fulfilled by drawing again, and at last by putting the level in its place.
//!
//! The order of the rows in a set still matters to the discriminator; real sets are shuffled.

mod fitted;
mod network;
mod train;

use paucal_data::Table;
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use super::neural::cells::CellEncoder;
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter, parameter};
use crate::generators::neural::common::{self, Common};
use crate::generators::neural::tunable::rate;
use crate::parameters::{Parameters, above_zero, at_least, below_one, require};
use network::Shape;

pub use fitted::FittedGanerAid;

const NAME: &str = "ganeraid";

/// Rows per set in tables that have enough.
const ROWS: usize = 25;
/// Sets that a table should fill at least.
const FEWEST_SETS: usize = 40;
/// Most sets of an automatic batch.
const MOST_SETS: usize = 32;
/// Values of a set from which on an automatic one does not grow: the discriminator has about their square in weights.
const MOST_VALUES: usize = 1000;
/// Width of the LSTM per row of a set.
const WIDTH_PER_ROW: usize = 8;

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "GANerAid",
    paper: "Krenmayr, Frank, Drobig, Braungart, Seidel, Schaudt, von Schwerin and Stucke-Straub 2022 (Informatics in \
            Medicine Unlocked 35)",
    summary: "A GAN for small tables: a recurrent network makes sets of rows at once, and the discriminator judges \
              whole sets. Follows the class; other conditions are met by drawing again.",
    parameters: GanerAid::LIST,
    space,
    build: |table| Ok(Box::new(GanerAid::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedGanerAid::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GanerAid {
    /// Steps of both networks.
    pub steps: u64,
    /// Sets per step; 0 lets the table decide.
    pub batch: usize,
    /// Rows per set; 0 lets the table decide.
    pub rows_per_set: usize,
    /// Width of the LSTM; 0 for eight times the rows per set.
    pub hidden: usize,
    /// Noise values per column.
    pub noise: usize,
    /// Cross-entropy, and only the forward half of the LSTM.
    pub compat: bool,
    /// Adam's rate, generator.
    pub generator_rate: f64,
    /// Adam's rate, discriminator.
    pub critic_rate: f64,
    /// L2 weight decay of the generator.
    pub weight_decay: f64,
    /// Dropout of the discriminator.
    pub dropout: f64,
    /// Largest noise on real choices between two.
    pub binary_noise: f64,
    /// Draw classes in training by ln(count + 1).
    pub log_frequency: bool,
    /// Weight that the moving average keeps per step; 0 uses the last weights.
    pub average: f64,
    /// What every network has.
    #[serde(flatten)]
    pub common: Common,
}

impl Default for GanerAid {
    fn default() -> Self {
        Self {
            steps: 2_500,
            batch: 0,
            rows_per_set: 0,
            hidden: 0,
            noise: 5,
            compat: false,
            generator_rate: 2e-4,
            critic_rate: 2e-4,
            weight_decay: 1e-5,
            dropout: 0.0,
            binary_noise: 0.2,
            log_frequency: true,
            average: 0.999,
            common: Common::default(),
        }
    }
}

/// Training budget, rates and what keeps the discriminator honest.
fn space(_: &Facts) -> Space {
    Space::new()
        .with("steps", Distribution::log_int(500, 3_000), "training too short is the commonest fault")
        .with("generator_rate", rate(), "with the discriminator's rate decides who learns faster")
        .with("critic_rate", rate(), "see generator_rate")
        .with("noise", Distribution::int(2, 10, 1), "freedom of the generator, per column")
        .with("dropout", Distribution::float(0.0, 0.6), "keeps the discriminator from learning rows by heart")
        .with("binary_noise", Distribution::float(0.05, 0.6), "hides that real choices are exact")
}

impl Parameters for GanerAid {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &[
        parameter("steps", "2500", "steps of both networks, at least 1"),
        parameter("batch", "0", "sets per step; 0: as many as the table fills, at most 32"),
        parameter(
            "rows_per_set",
            "0",
            "rows that are made and judged together; 0: 25, fewer in tables of few rows or many columns",
        ),
        parameter("hidden", "0", "width of the LSTM, a multiple of the rows per set; 0: eight times those"),
        parameter("noise", "5", "noise values per column, at least 1"),
        parameter(
            "compat",
            "false",
            "cross-entropy, and only the forward half of the LSTM, as in the authors' program",
        ),
        parameter("generator_rate", "0.0002", "Adam's learning rate of the generator, above 0"),
        parameter("critic_rate", "0.0002", "Adam's learning rate of the discriminator, above 0"),
        parameter("weight_decay", "0.00001", "L2 weight decay of the generator, at least 0"),
        parameter("dropout", "0.0", "dropout of the discriminator, 0 to below 1; the authors use 0.3"),
        parameter("binary_noise", "0.2", "largest noise on real choices between two, 0 to below 1"),
        common::LOG_FREQUENCY_OF_CLASSES,
        common::average("0.999"),
        common::HOLD_OUT,
        common::JUDGE_EVERY,
        common::PATIENCE,
        common::MISSING,
        common::DEVICE,
    ];

    fn check(&self) -> Result<(), String> {
        at_least("steps", self.steps, 1)?;
        let fits =
            self.hidden == 0 || (self.rows_per_set > 0 && self.hidden.is_multiple_of(self.rows_per_set));
        require(fits, "hidden", &self.hidden, "0, or a multiple of rows_per_set, which must then be given")?;
        at_least("noise", self.noise, 1)?;
        above_zero("generator_rate", self.generator_rate)?;
        above_zero("critic_rate", self.critic_rate)?;
        at_least("weight_decay", self.weight_decay, 0.0)?;
        below_one("dropout", self.dropout)?;
        below_one("binary_noise", self.binary_noise)?;
        below_one("average", self.average)?;
        self.common.check()
    }

    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        Common::read(table)
    }
}

impl GanerAid {
    /// Sizes of the generator for a table of `rows` rows.
    fn shape(&self, encoder: &CellEncoder, rows: usize) -> Shape {
        let cells = encoder.width();
        let automatic = ROWS.min(rows / FEWEST_SETS).min(MOST_VALUES / cells).max(1);
        let rows = if self.rows_per_set > 0 { self.rows_per_set } else { automatic };
        let hidden = if self.hidden > 0 { self.hidden } else { WIDTH_PER_ROW * rows };
        let classes = encoder.classes();
        Shape { cells, classes, rows, hidden, noise: self.noise, compat: self.compat }
    }

    /// Sets per step for a table of `rows` rows.
    fn sets(&self, shape: Shape, rows: usize) -> usize {
        if self.batch > 0 { self.batch } else { (rows / shape.rows).clamp(1, MOST_SETS) }
    }
}

impl Generator for GanerAid {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        Ok(Box::new(train::fit(self, train, context)?))
    }
}

//! From tables to what models learn, and back.
//!
//! - [`Plan`]: what becomes of each column, for all generators: which are learnt, which are constant, which
//!   are regenerated. It puts sampled columns back together into a table like the training table.
//! - [`RowEncoder`]: rows as `f32` vectors for networks: mode-specific normalisation of numbers, one-hot
//!   levels, missing indicators.
//! - [`Marginal`]: one numeric column as a distribution with a CDF and quantiles, for copulas.
//! - [`NormalScores`]: all numeric columns as normal scores.
//! - [`NumberFormat`] and [`Serial`]: decimals, ranges and fresh ids.

mod encoded;
mod encoder;
mod format;
pub mod gauss;
mod layout;
mod marginal;
mod modes;
mod plan;
mod scores;
mod serial;
#[cfg(test)]
mod tests;

pub use encoded::Encoded;
pub use encoder::RowEncoder;
pub use format::{NumberFormat, Rounding};
pub use layout::{Activation, Role, RowLayout, Span};
pub use marginal::{Family, Marginal, Marginals, Quantiles};
pub use modes::Modes;
pub use plan::{Constant, Levels, Numbers, Plan, Treatment};
pub use scores::NormalScores;
use serde::{Deserialize, Serialize};
pub use serial::Serial;

/// How missing values of numeric columns are modelled. Missing values of discrete columns are always a level
/// of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingModel {
    /// As a part of the row, jointly with everything else: a test that is done only in the sick stays so.
    #[default]
    Joint,
    /// Each cell on its own with the rate of its column (missing completely at random), as SDV does by
    /// default. Informative missingness is lost.
    Random,
}

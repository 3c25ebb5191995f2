//! The experiment: arms × folds × repeats on common splits and seeds.
//!
//! An [`Arm`] is one way to treat the rare class (none, class weights, threshold moving, SMOTE-NC, a
//! generator …). A [`Cell`] is one training and test set. Every arm runs in every cell with the same rows
//! and the same seed, so that differences are paired. Cells run in parallel; each finished one is
//! appended to a file, and a run that was cut short continues from there. A cell that fails is
//! recorded with its reason and never becomes a number.

mod runner;
mod store;

use std::collections::BTreeMap;

use paucal_core::{Observer, Seed};
use serde::{Deserialize, Serialize};

pub use runner::{Experiment, RunOptions};

/// Why an arm failed in a cell, in words.
pub type ArmError = Box<dyn std::error::Error + Send + Sync>;

/// One way to treat the rare class.
pub trait Arm: Send + Sync {
    /// Name, unique in an experiment.
    fn name(&self) -> &str;

    /// One sentence for the report.
    fn describe(&self) -> String;

    /// Learns from the training rows of the cell and predicts its test rows. Everything that is chosen
    /// (settings, ratios, the threshold) is chosen inside the training rows; everything random comes
    /// from the seed of the cell.
    fn run(&self, cell: &Cell<'_>) -> Result<ArmOutcome, ArmError>;
}

/// One training and test set.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold within the repeat, from 0.
    pub fold: usize,
    /// Rows to learn from, ascending.
    pub train: &'a [usize],
    /// Rows to predict, ascending.
    pub test: &'a [usize],
    /// The seed, the same for all arms of the cell.
    pub seed: Seed,
    /// Tells whether to stop; other events are dropped, because many cells run at once.
    pub observer: &'a dyn Observer,
}

/// What an arm hands back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmOutcome {
    /// Probability of the positive class for each test row, in \[0, 1\].
    pub probabilities: Vec<f64>,
    /// A row counts as positive from this probability on; chosen inside training.
    pub threshold: f64,
    /// What else was chosen inside training, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, serde_json::Value>,
    /// Sentences worth reading.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl ArmOutcome {
    /// An outcome without settings and notes.
    pub fn new(probabilities: Vec<f64>, threshold: f64) -> Self {
        Self { probabilities, threshold, settings: BTreeMap::new(), notes: Vec::new() }
    }

    /// Why this is no outcome for `rows` test rows, if it is none.
    fn fault(&self, rows: usize) -> Option<String> {
        if self.probabilities.len() != rows {
            return Some(format!("{} probabilities for {rows} test rows", self.probabilities.len()));
        }
        let outside = self.probabilities.iter().find(|p| !(0.0..=1.0).contains(*p));
        match outside {
            Some(p) => Some(format!("{p} is not a probability")),
            None if self.threshold.is_finite() => None,
            None => Some("the threshold is not a finite number".into()),
        }
    }
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum CellResult {
    /// With predictions.
    Done(ArmOutcome),
    /// Without.
    Failed {
        /// What the arm said.
        reason: String,
    },
}

/// One arm in one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// Name of the arm.
    pub arm: String,
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold within the repeat, from 0.
    pub fold: usize,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// How it ended.
    pub result: CellResult,
}

impl CellRecord {
    /// The outcome of a cell that did not fail.
    pub fn outcome(&self) -> Option<&ArmOutcome> {
        match &self.result {
            CellResult::Done(outcome) => Some(outcome),
            CellResult::Failed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;

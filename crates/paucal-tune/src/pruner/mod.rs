//! Pruners: whether a running trial still promises enough to go on.
//!
//! A trial reports intermediate values by step. What a step is depends on the pruner: for [`Median`] and [`Hyperband`] a
//! budget that grows (training steps), for [`Wilcoxon`] one of several repeats (folds, seeds).

mod hyperband;
mod median;
mod wilcoxon;

use crate::trial::{Direction, Trial};

pub use hyperband::Hyperband;
pub use median::Median;
pub use wilcoxon::Wilcoxon;

/// What a pruner may look at.
pub struct Race<'a> {
    /// Name of the study.
    pub study: &'a str,
    /// All other trials.
    pub others: &'a [Trial],
    /// What the study wants.
    pub direction: Direction,
}

/// Decides about running trials after each report.
pub trait Pruner: Send + Sync {
    /// Name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// What to do with a trial that has just reported.
    fn judge(&self, trial: &Trial, race: &Race<'_>) -> Judgement;
}

/// What becomes of a running trial.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// Whether to stop it.
    pub prune: bool,
    /// Attributes to store with the trial, by which other workers judge theirs.
    pub attributes: Vec<(String, f64)>,
}

impl Judgement {
    fn of(prune: bool) -> Self {
        Self { prune, attributes: Vec::new() }
    }
}

/// Never stops a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Never;

impl Pruner for Never {
    fn name(&self) -> &'static str {
        "none"
    }

    fn judge(&self, _: &Trial, _: &Race<'_>) -> Judgement {
        Judgement::default()
    }
}

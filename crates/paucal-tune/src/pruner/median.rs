//! The median rule (Golovin et al. 2017, *Google Vizier*, KDD): stop what is worse than half of the trials were at
//! the same step.

use super::{Judgement, Pruner, Race};
use crate::trial::{State, Trial};

/// Stops a trial whose best value so far is worse than the median of the complete trials at this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Median {
    /// Complete trials before which nothing is stopped.
    pub startup: usize,
    /// Steps before which nothing is stopped.
    pub warmup: i64,
}

impl Default for Median {
    fn default() -> Self {
        Self { startup: 5, warmup: 0 }
    }
}

impl Pruner for Median {
    fn name(&self) -> &'static str {
        "median"
    }

    fn judge(&self, trial: &Trial, race: &Race<'_>) -> Judgement {
        let complete: Vec<&Trial> = race.others.iter().filter(|t| t.state == State::Complete).collect();
        let Some((step, _)) = trial.last_report() else { return Judgement::default() };
        if complete.len() < self.startup || step < self.warmup {
            return Judgement::default();
        }
        let losses = trial.reports.values().map(|&v| race.direction.loss(v)).filter(|loss| !loss.is_nan());
        let Some(best) = losses.min_by(f64::total_cmp) else { return Judgement::of(true) };
        let at_step = complete.iter().filter_map(|t| t.reports.get(&step));
        let mut rivals: Vec<f64> =
            at_step.map(|&v| race.direction.loss(v)).filter(|loss| !loss.is_nan()).collect();
        if rivals.is_empty() {
            return Judgement::default();
        }
        rivals.sort_by(f64::total_cmp);
        let middle = rivals.len() / 2;
        let median = if rivals.len() % 2 == 1 {
            rivals[middle]
        } else {
            f64::midpoint(rivals[middle - 1], rivals[middle])
        };
        Judgement::of(best > median)
    }
}

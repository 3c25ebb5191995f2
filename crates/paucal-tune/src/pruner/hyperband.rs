//! Hyperband (Li et al. 2018, JMLR 18(185)) over asynchronous successive halving (Li et al. 2020, MLSys).
//!
//! Each trial belongs to a bracket by its number; in bracket s it is judged for the first time at
//! `least · reductionˢ` steps and goes on at every rung if it is among the best `1 / reduction` of those that were
//! judged there.

use super::{Judgement, Pruner, Race};
use crate::trial::Trial;

/// The pruner and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hyperband {
    /// Steps at the first rung of the first bracket, at least 1.
    pub least: i64,
    /// Steps of a whole trial.
    pub most: i64,
    /// One in this many goes on; at least 2.
    pub reduction: i64,
}

impl Hyperband {
    /// Trials of up to `most` steps, one in three goes on.
    pub fn new(most: i64) -> Self {
        Self { least: 1, most: most.max(1), reduction: 3 }
    }

    /// Number of brackets.
    fn brackets(&self) -> u32 {
        let mut brackets = 1;
        while self.least * self.reduction.pow(brackets) <= self.most {
            brackets += 1;
        }
        brackets
    }

    /// The bracket of a trial: drawn by zlib's checksum of study and number, as Optuna does, early brackets more often.
    fn bracket(&self, study: &str, number: u64) -> u32 {
        let brackets = self.brackets();
        let budget = |id: u32| {
            let s = brackets - 1 - id;
            let eta = self.reduction as f64;
            (f64::from(brackets) * eta.powi(s as i32) / f64::from(s + 1)).ceil() as u32
        };
        let total: u32 = (0..brackets).map(budget).sum();
        let mut left = crc32fast::hash(format!("{study}_{number}").as_bytes()) % total;
        for id in 0..brackets {
            if left < budget(id) {
                return id;
            }
            left -= budget(id);
        }
        brackets - 1
    }

    fn rung_steps(&self, bracket: u32, rung: u32) -> i64 {
        self.least.saturating_mul(self.reduction.saturating_pow(bracket + rung))
    }
}

/// Key under which the value at a rung is kept.
fn key(rung: u32) -> String {
    format!("completed_rung_{rung}")
}

impl Pruner for Hyperband {
    fn name(&self) -> &'static str {
        "hyperband"
    }

    fn judge(&self, trial: &Trial, race: &Race<'_>) -> Judgement {
        let Some((step, value)) = trial.last_report() else { return Judgement::default() };
        let bracket = self.bracket(race.study, trial.number);
        let mut judgement = Judgement::default();
        let mut rung = (0..u32::MAX).find(|&rung| !trial.system.contains_key(&key(rung))).unwrap_or(0);
        // A trial that reports rarely may pass several rungs at once.
        while step >= self.rung_steps(bracket, rung) && self.rung_steps(bracket, rung) < self.most {
            if value.is_nan() {
                return Judgement::of(true);
            }
            judgement.attributes.push((key(rung), value));
            let peers = race.others.iter().filter(|t| self.bracket(race.study, t.number) == bracket);
            let mut losses: Vec<f64> = peers
                .filter_map(|t| t.system.get(&key(rung))?.as_f64())
                .chain([value])
                .map(|v| race.direction.loss(v))
                .collect();
            losses.sort_by(f64::total_cmp);
            let promoted = (losses.len() / self.reduction as usize).max(1);
            if race.direction.loss(value) > losses[promoted - 1] {
                judgement.prune = true;
                return judgement;
            }
            rung += 1;
        }
        judgement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_as_many_as_the_budget_allows_and_early_ones_are_fuller() {
        let hyperband = Hyperband { least: 1, most: 27, reduction: 3 };
        assert_eq!(hyperband.brackets(), 4);
        let mut counts = [0; 4];
        (0..1000).for_each(|number| counts[hyperband.bracket("study", number) as usize] += 1);
        assert!(counts[0] > counts[3] && counts.iter().all(|&n| n > 20), "{counts:?}");
    }
}

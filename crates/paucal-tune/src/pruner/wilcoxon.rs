//! Repeats that go badly: a signed-rank test of a running trial against the best one on the folds or seeds they share.
//!
//! Wilcoxon (1945), *Individual comparisons by ranking methods*, Biometrics Bulletin 1(6). The test is repeated at every
//! step, so its p is nominal only.

use std::f64::consts::FRAC_1_SQRT_2;

use statrs::function::erf::erfc;

use super::{Judgement, Pruner, Race};
use crate::trial::{Trial, best};

/// The pruner and its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// Stops below this p.
    pub threshold: f64,
    /// Shared steps before which nothing is stopped; at least 2 are needed.
    pub startup: usize,
}

impl Default for Wilcoxon {
    fn default() -> Self {
        Self { threshold: 0.1, startup: 2 }
    }
}

impl Pruner for Wilcoxon {
    fn name(&self) -> &'static str {
        "wilcoxon"
    }

    fn judge(&self, trial: &Trial, race: &Race<'_>) -> Judgement {
        let Some(best) = best(race.others, race.direction) else { return Judgement::default() };
        let finite = |t: &Trial, step: &i64| t.reports.get(step).copied().filter(|v| v.is_finite());
        let excess: Vec<f64> = trial
            .reports
            .keys()
            .filter_map(|step| {
                Some(race.direction.loss(finite(trial, step)?) - race.direction.loss(finite(best, step)?))
            })
            .collect();
        if excess.len() < self.startup.max(2) {
            return Judgement::default();
        }
        // What is better on the whole goes on, whatever the ranks say.
        if mean_loss(trial, race) < mean_loss(best, race) {
            return Judgement::default();
        }
        Judgement::of(p_greater(&excess) < self.threshold)
    }
}

fn mean_loss(trial: &Trial, race: &Race<'_>) -> f64 {
    trial.reports.values().map(|&v| race.direction.loss(v)).sum::<f64>() / trial.reports.len().max(1) as f64
}

/// p of the one-sided test that differences tend to be positive. Half of the ranks of zero differences count for each
/// side; exact up to 50 differences without ties or zeros, else by the normal approximation.
pub fn p_greater(differences: &[f64]) -> f64 {
    let n = differences.len();
    let mut sizes: Vec<f64> = differences.iter().map(|d| d.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let rank = |size: f64| {
        let below = sizes.partition_point(|&s| s < size);
        let through = sizes.partition_point(|&s| s <= size);
        (below + through + 1) as f64 / 2.0
    };
    let share = |d: f64| {
        if d > 0.0 {
            1.0
        } else if d == 0.0 {
            0.5
        } else {
            0.0
        }
    };
    let positive: f64 = differences.iter().map(|&d| rank(d.abs()) * share(d)).sum();
    let tied = sizes.windows(2).any(|pair| pair[0] == pair[1]) || sizes.first() == Some(&0.0);
    if n <= 50 && !tied { exact(positive as usize, n) } else { approximate(positive, &sizes, rank) }
}

/// P(W ≥ w): the share of the 2ⁿ sign patterns whose positive ranks sum to at least w.
///
/// The test of `paucal-evidence` has a recursion like this one over tied ranks, for two sides and without zeros. Neither
/// crate stands above the other, and no crate below both is about tests, so each keeps its own few lines.
fn exact(w: usize, n: usize) -> f64 {
    let most = n * (n + 1) / 2;
    let mut shares = vec![0.0; most + 1];
    shares[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..=most).rev() {
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = 0.5 * (shares[sum] + with);
        }
    }
    shares[w.min(most)..].iter().sum::<f64>().min(1.0)
}

fn approximate(positive: f64, sizes: &[f64], rank: impl Fn(f64) -> f64) -> f64 {
    let n = sizes.len() as f64;
    let zeros = sizes.iter().take_while(|&&size| size == 0.0).count();
    // Every rank moves the sum up or down by half of itself; those of zeros do not move it.
    let variance: f64 = sizes[zeros..].iter().map(|&size| rank(size).powi(2)).sum::<f64>() / 4.0;
    if variance == 0.0 {
        return 1.0;
    }
    let z = (positive - n * (n + 1.0) / 4.0) / variance.sqrt();
    0.5 * erfc(z * FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{Direction, State};

    #[test]
    fn p_is_that_of_scipy() {
        // scipy.stats.wilcoxon(d, alternative="greater", zero_method="zsplit")
        assert!((p_greater(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 0.03125).abs() < 1e-12);
        assert!((p_greater(&[-1.0, 2.0, 3.0, -4.0, 5.0, 6.0]) - 0.15625).abs() < 1e-12);
        assert!((p_greater(&[-1.0, -2.0, -3.0]) - 1.0).abs() < 1e-12);
        assert_eq!(p_greater(&[0.0, 0.0]), 1.0);
    }

    #[test]
    fn a_trial_that_loses_on_every_fold_is_stopped_and_a_better_one_is_not() {
        let trial = |number: u64, values: &[f64]| {
            let mut trial = Trial::new(number as i64, number);
            trial.reports = values.iter().enumerate().map(|(i, &v)| (i as i64, v)).collect();
            trial
        };
        let mut done = trial(0, &[0.8, 0.9, 0.85, 0.87, 0.9]);
        (done.state, done.value) = (State::Complete, Some(0.86));
        let race = Race { study: "s", others: &[done], direction: Direction::Maximise };
        let judge = |values: &[f64]| Wilcoxon::default().judge(&trial(1, values), &race).prune;
        assert!(!judge(&[0.5]), "too early");
        assert!(judge(&[0.5, 0.6, 0.55, 0.5]));
        assert!(!judge(&[0.81, 0.93, 0.88, 0.9]));
    }
}

//! The bootstrap over patients and seeds.
//!
//! Each replicate draws patients of the hold-out with replacement, within classes, and seeds of the generator with
//! replacement, and averages the scores of the drawn seeds on the drawn patients. The patients of a replicate are the same for
//! all generators on a table, so that differences between generators are paired. Percentile intervals; see
//! Efron, Tibshirani: *An Introduction to the Bootstrap* (1993), ch. 13. With three seeds their scatter is
//! understated by about a fifth: resampling n values shows (n − 1)/n of their variance.

use std::collections::BTreeMap;

use paucal_core::Seed;
use paucal_metrics::Score;
use paucal_metrics::column::quantile;
use paucal_metrics::interval::Interval;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::judge::{Evaluation, Measured, Patients};

/// Coverage of the intervals.
pub const LEVEL: f64 = 0.95;
/// Share of replicates in which a score must be defined for an interval.
const DEFINED: f64 = 0.5;

type Pick = fn(&Measured) -> &Score;

/// The scores that have intervals, by their path in `result.json`.
const MEASURES: [(&str, Pick); 8] = [
    (OBJECTIVE, |m| &m.objective.value),
    ("objective.similarity", |m| &m.objective.similarity),
    ("objective.accuracy", |m| &m.objective.accuracy),
    ("utility.tstr.balanced_accuracy", |m| &m.tstr.balanced_accuracy),
    ("utility.tstr.macro_f1", |m| &m.tstr.macro_f1),
    ("utility.tstr.auprc", |m| &m.tstr.auprc),
    ("utility.tstr.minority_recall", |m| &m.tstr.minority_recall),
    ("utility.tstr.auroc", |m| &m.tstr.auroc),
];

/// The score by which generators are ranked.
pub const OBJECTIVE: &str = "objective.score";

/// Values of the scores over the replicates.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Replicates {
    values: BTreeMap<String, Vec<Option<f64>>>,
}

impl Replicates {
    /// Draws `count` replicates. `evaluations` are those of one generator's seeds.
    pub fn draw(evaluations: &[Evaluation], patients: &Patients, count: usize, seed: Seed) -> Self {
        let rows: Vec<[Option<f64>; MEASURES.len()]> = (0..count as u64)
            .into_par_iter()
            .map(|step| replicate(evaluations, patients, seed, step))
            .collect();
        let column = |at: usize| rows.iter().map(|row| row[at]).collect();
        let values = MEASURES.iter().enumerate().map(|(at, (name, _))| ((*name).to_owned(), column(at)));
        Self { values: values.collect() }
    }

    /// The values of the objective, replicate by replicate.
    pub fn objective(&self) -> &[Option<f64>] {
        self.values.get(OBJECTIVE).map_or(&[], Vec::as_slice)
    }

    /// The interval of a score.
    pub fn interval(&self, name: &str) -> Option<Interval> {
        interval(self.values.get(name)?.iter().copied())
    }
}

/// The percentile interval of replicates; `None` when the score was undefined in most.
pub fn interval(values: impl ExactSizeIterator<Item = Option<f64>>) -> Option<Interval> {
    let all = values.len();
    let mut defined: Vec<f64> = values.flatten().collect();
    if defined.is_empty() || (defined.len() as f64) < DEFINED * all as f64 {
        return None;
    }
    defined.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval { low: quantile(&defined, tail), high: quantile(&defined, 1.0 - tail), level: LEVEL })
}

/// Mean scores of drawn seeds on drawn patients.
fn replicate(
    evaluations: &[Evaluation],
    patients: &Patients,
    seed: Seed,
    step: u64,
) -> [Option<f64>; MEASURES.len()] {
    let rows = patients.draw(seed, step);
    let mut stream = seed.stream("compare/seeds", step);
    let mut times = vec![0_u32; evaluations.len()];
    evaluations.iter().for_each(|_| times[stream.index(evaluations.len())] += 1);
    let drawn: Vec<(u32, Measured)> = times
        .iter()
        .zip(evaluations)
        .filter(|(times, _)| **times > 0)
        .map(|(times, evaluation)| (*times, evaluation.measure(&rows)))
        .collect();
    MEASURES.map(|(_, pick)| {
        let sum =
            drawn.iter().try_fold(0.0, |sum, (times, m)| Some(sum + f64::from(*times) * pick(m).value()?));
        sum.map(|sum| sum / evaluations.len() as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_defined_replicates() {
        let values: Vec<Option<f64>> = (0..=100).map(|i| Some(f64::from(i))).collect();
        let found = interval(values.into_iter()).unwrap();
        assert!((found.low - 2.5).abs() < 1e-9 && (found.high - 97.5).abs() < 1e-9);
        assert_eq!(found.level, 0.95);
        assert_eq!(interval(vec![None, None, Some(1.0)].into_iter()), None);
    }
}

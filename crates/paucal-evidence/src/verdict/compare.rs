//! One arm against the baseline, cell by cell.

use paucal_core::Seed;
use paucal_metrics::Score;
use serde::{Deserialize, Serialize};

use super::scores::{Metric, PerCell, repeat_means};
use super::{Evidence, VerdictOptions};
use crate::experiment::ArmOutcome;
use crate::ranked::{Measure, Ranked};
use crate::significance::{
    Bootstrap, BootstrapInterval, CorrectedT, McNemar, SignFlip, Wilcoxon, clustered_bootstrap, corrected_t,
    mcnemar, sign_flip, wilcoxon,
};
use crate::split::Fold;

/// The bootstrap may look at this many predictions in all; with more, there are fewer replicates.
const MOST_VISITS: usize = 2_000_000_000;

/// The power behind every "could have been seen".
const POWER: f64 = 0.8;

/// The difference of one measure, arm minus baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricDifference {
    /// Which measure.
    pub metric: Metric,
    /// Mean and Nadeau–Bengio interval; absent when fewer than two cells have the measure in both arms.
    pub difference: Option<CorrectedT>,
}

/// An arm against the baseline. Differences are arm minus baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Cells that count: both arms finished.
    pub cells: usize,
    /// AUPRC: mean difference, Nadeau–Bengio interval and p-value over all cells.
    pub difference: Option<CorrectedT>,
    /// The Nadeau–Bengio p-value after Holm's correction over the arms.
    pub p_holm: Option<f64>,
    /// AUPRC: sign-flip test on the means of the repeats.
    pub sign_flip: Option<SignFlip>,
    /// AUPRC: signed-rank test on the means of the repeats.
    pub wilcoxon: Option<Wilcoxon>,
    /// AUPRC: bootstrap interval over patients (over rows, without groups).
    pub bootstrap: Option<BootstrapInterval>,
    /// The least true difference of AUPRC that would have been significant with 80 % probability.
    pub detectable: Option<f64>,
    /// Positives found: `first` is the arm, `second` the baseline. A positive patient (row, without
    /// groups) is found when the arm says positive in more than half of its tests over rows and repeats.
    pub found: McNemar,
    /// The difference of every measure.
    pub differences: Vec<MetricDifference>,
    /// Whether the probabilities are the baseline's in every cell, as when only the threshold moves.
    pub same_ranking: bool,
}

/// An arm's finished cells: fold and outcome in order of repeat and fold, `None` where it failed.
pub(super) struct Run<'a> {
    pub outcomes: Vec<Option<&'a ArmOutcome>>,
    /// Values per measure, in the order of [`Metric::ALL`], of the finished cells.
    pub scores: Vec<PerCell>,
}

/// Compares `arm` with `baseline`.
pub(super) fn compare(
    evidence: &Evidence<'_>,
    clusters: &Clusters,
    arm: &Run<'_>,
    baseline: &Run<'_>,
    options: &VerdictOptions,
    seed: Seed,
) -> Comparison {
    let cells = common(&evidence.splits.all, arm, baseline);
    let ratio = test_over_train(&evidence.splits.all);
    let paired = |at: usize| paired_differences(&cells, evidence, Metric::ALL[at]);
    let test = |d: &[(usize, f64)]| corrected_t(&values(d), ratio, options.level).ok();
    let primary = paired(0);
    let repeats = repeat_means(&primary);
    let difference = test(&primary);
    Comparison {
        cells: cells.len(),
        p_holm: None,
        sign_flip: sign_flip(&repeats, seed).ok(),
        wilcoxon: wilcoxon(&repeats).ok(),
        bootstrap: bootstrap(evidence, clusters, &cells, &options.bootstrap, seed),
        detectable: difference.as_ref().and_then(|d| d.detectable(options.significance, POWER).ok()),
        difference,
        found: found(evidence, clusters, &cells),
        differences: (0..Metric::ALL.len())
            .map(|at| MetricDifference { metric: Metric::ALL[at], difference: test(&paired(at)) })
            .collect(),
        same_ranking: cells.iter().all(|c| c.arm.probabilities == c.baseline.probabilities),
    }
}

/// A cell in which both arms finished.
struct Pair<'a> {
    fold: &'a Fold,
    arm: &'a ArmOutcome,
    baseline: &'a ArmOutcome,
}

fn common<'a>(folds: &'a [Fold], arm: &Run<'a>, baseline: &Run<'a>) -> Vec<Pair<'a>> {
    let both = arm.outcomes.iter().zip(&baseline.outcomes).zip(folds);
    both.filter_map(|((a, b), fold)| Some(Pair { fold, arm: (*a)?, baseline: (*b)? })).collect()
}

/// Repeat and difference of every cell where the measure is defined in both arms.
fn paired_differences(cells: &[Pair<'_>], evidence: &Evidence<'_>, metric: Metric) -> Vec<(usize, f64)> {
    let one = |cell: &Pair<'_>| {
        let truth = evidence.truth(cell.fold);
        let value = |outcome| Score::from(metric.of(&truth, outcome)).value();
        Some((cell.fold.repeat, value(cell.arm)? - value(cell.baseline)?))
    };
    cells.iter().filter_map(one).collect()
}

fn values(pairs: &[(usize, f64)]) -> Vec<f64> {
    pairs.iter().map(|(_, d)| *d).collect()
}

/// Test rows per training row, over all folds.
fn test_over_train(folds: &[Fold]) -> f64 {
    let sum = |rows: fn(&Fold) -> usize| folds.iter().map(rows).sum::<usize>() as f64;
    sum(|f| f.test.len()) / sum(|f| f.train.len())
}

/// Patients (rows, without groups), and which of them are positive.
pub(super) struct Clusters {
    /// Cluster of each row.
    pub of_row: Vec<usize>,
    /// For each cluster 1 if it holds a positive row, else 0.
    pub strata: Vec<usize>,
}

impl Clusters {
    pub fn new(labels: &[bool], groups: Option<&[usize]>) -> Self {
        let of_row: Vec<usize> = groups.map_or_else(|| (0..labels.len()).collect(), <[usize]>::to_vec);
        let mut strata = vec![0; of_row.iter().max().map_or(0, |c| c + 1)];
        for (&cluster, &label) in of_row.iter().zip(labels) {
            strata[cluster] = strata[cluster].max(usize::from(label));
        }
        Self { of_row, strata }
    }

    pub fn positives(&self) -> usize {
        self.strata.iter().sum()
    }
}

/// The interval of the mean difference of AUPRC when patients are drawn anew.
fn bootstrap(
    evidence: &Evidence<'_>,
    clusters: &Clusters,
    cells: &[Pair<'_>],
    options: &Bootstrap,
    seed: Seed,
) -> Option<BootstrapInterval> {
    let rank = |cell: &Pair<'_>, outcome: &ArmOutcome| {
        let row = |at: usize| cell.fold.test[at];
        Ranked::new(&outcome.probabilities, |at| evidence.labels[row(at)], |at| clusters.of_row[row(at)])
    };
    let ranked: Vec<(Ranked, Ranked)> =
        cells.iter().map(|cell| (rank(cell, cell.arm), rank(cell, cell.baseline))).collect();
    let statistic = |weights: &[f64]| {
        let one = |(arm, baseline): &(Ranked, Ranked)| {
            Some(arm.measure(Measure::Auprc, weights)? - baseline.measure(Measure::Auprc, weights)?)
        };
        let defined: Vec<f64> = ranked.iter().filter_map(one).collect();
        (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
    };
    let visits = 2 * cells.iter().map(|cell| cell.fold.test.len()).sum::<usize>().max(1);
    let affordable = (MOST_VISITS / visits).max(200);
    let options = Bootstrap { replicates: options.replicates.min(affordable), ..options.clone() };
    clustered_bootstrap(&clusters.strata, statistic, &options, seed).ok()
}

/// McNemar's test on whether each positive patient was found by either arm.
fn found(evidence: &Evidence<'_>, clusters: &Clusters, cells: &[Pair<'_>]) -> McNemar {
    // Per cluster: tests of positive rows, and how often each arm said positive.
    let mut tallies = vec![(0_usize, 0_usize, 0_usize); clusters.strata.len()];
    for cell in cells {
        for (at, &row) in cell.fold.test.iter().enumerate().filter(|&(_, &row)| evidence.labels[row]) {
            let said = |outcome: &ArmOutcome| usize::from(outcome.probabilities[at] >= outcome.threshold);
            let tally = &mut tallies[clusters.of_row[row]];
            tally.0 += 1;
            tally.1 += said(cell.arm);
            tally.2 += said(cell.baseline);
        }
    }
    let tested: Vec<_> = tallies.into_iter().filter(|t| t.0 > 0).collect();
    let by_arm: Vec<bool> = tested.iter().map(|t| 2 * t.1 > t.0).collect();
    let by_baseline: Vec<bool> = tested.iter().map(|t| 2 * t.2 > t.0).collect();
    mcnemar(&by_arm, &by_baseline)
}

//! From finished cells to a verdict.
//!
//! The primary measure is AUPRC. An arm is compared with the baseline arm in every cell both finished.
//! The rule, with significance 0.05 and margin 0.02 unless set otherwise:
//!
//! * **helped**: the mean difference is positive, its Nadeau–Bengio p-value is below the significance
//!   after Holm's correction over the arms, **and** the bootstrap interval over patients lies above 0;
//! * **harmed**: the same below 0;
//! * **did not help**: neither, and the Nadeau–Bengio interval ends below the margin: a gain that matters
//!   is ruled out;
//! * **cannot tell**: anything else. The difference that could have been seen is stated;
//! * **failed**: the arm failed in at least one cell. Its numbers are those of the cells it finished,
//!   which may be the easy ones, so nothing is concluded.
//!
//! Sign-flip, Wilcoxon and McNemar's test stand beside the verdict and do not decide it: the first two
//! speak of these patients only, the last of one threshold.

mod compare;
mod scores;
mod words;

use paucal_core::Seed;
use paucal_metrics::Score;
use serde::{Deserialize, Serialize};

pub use compare::{Comparison, MetricDifference};
pub use scores::{Metric, MetricSummary};

use crate::EvidenceError;
use crate::experiment::{CellRecord, CellResult};
use crate::significance::{Bootstrap, detectable, holm};
use crate::split::{Fold, Splits};
use compare::{Clusters, Run};

/// Parameters of the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictOptions {
    /// Two-sided significance level after Holm's correction, in (0, 1).
    pub significance: f64,
    /// Coverage of the Nadeau–Bengio intervals, in (0, 1).
    pub level: f64,
    /// The least gain of AUPRC that matters, in (0, 1).
    pub margin: f64,
    /// The bootstrap over patients.
    pub bootstrap: Bootstrap,
}

impl Default for VerdictOptions {
    fn default() -> Self {
        Self { significance: 0.05, level: 0.95, margin: 0.02, bootstrap: Bootstrap::default() }
    }
}

/// What a verdict is made from.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Whether each row is positive.
    pub labels: &'a [bool],
    /// Group of each row, dense, or `None`.
    pub groups: Option<&'a [usize]>,
    /// The training and test sets of the experiment.
    pub splits: &'a Splits,
    /// The records of the experiment, all cells of all arms.
    pub records: &'a [CellRecord],
    /// Name of the arm that the others are compared with.
    pub baseline: &'a str,
}

impl Evidence<'_> {
    /// The labels of the test rows of a fold.
    fn truth(&self, fold: &Fold) -> Vec<bool> {
        fold.test.iter().map(|&row| self.labels[row]).collect()
    }
}

/// What came out for an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is what the others are compared with.
    Baseline,
    /// A gain that is clear over splits and patients.
    Helped,
    /// No gain that matters.
    DidNotHelp,
    /// A loss that is clear over splits and patients.
    Harmed,
    /// Too few cases, or too much spread.
    CannotTell,
    /// At least one cell has no result.
    Failed,
}

/// A cell without result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCell {
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold within the repeat, from 0.
    pub fold: usize,
    /// What the arm said.
    pub reason: String,
}

/// The verdict on one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmVerdict {
    /// Name of the arm.
    pub arm: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Plain sentences, the ranking first, then the decisions.
    pub sentences: Vec<String>,
    /// Measures in the order of [`Metric::ALL`], means over the finished cells.
    pub scores: Vec<MetricSummary>,
    /// The comparison with the baseline; absent for the baseline itself.
    pub comparison: Option<Comparison>,
    /// Finished cells.
    pub cells: usize,
    /// Cells that failed.
    pub failed: Vec<FailedCell>,
    /// Mean wall-clock seconds per finished cell.
    pub seconds: f64,
}

/// The verdict of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// One sentence over all arms.
    pub summary: String,
    /// What to keep in mind when reading it.
    pub warnings: Vec<String>,
    /// The arms in the order of the experiment.
    pub arms: Vec<ArmVerdict>,
    /// Name of the baseline arm.
    pub baseline: String,
    /// Rows.
    pub rows: usize,
    /// Positive rows.
    pub positives: usize,
    /// Whether rows are grouped.
    pub grouped: bool,
    /// Groups with a positive row; positive rows, without groups.
    pub positive_clusters: usize,
    /// Share of positive rows: the AUPRC of guessing.
    pub prevalence: f64,
    /// The least change of sensitivity that a paired comparison of these positives can show at 5 % with 80 %
    /// power; absent when none can.
    pub detectable_sensitivity: Option<f64>,
    /// Folds per repeat.
    pub folds: usize,
    /// Repeats.
    pub repeats: usize,
    /// The rule's parameters.
    pub options: VerdictOptions,
}

/// Judges every arm of an experiment.
pub fn judge(
    evidence: &Evidence<'_>,
    options: &VerdictOptions,
    seed: Seed,
) -> Result<Verdict, EvidenceError> {
    check(evidence, options)?;
    let names = arm_names(evidence.records);
    let base = names.iter().position(|name| *name == evidence.baseline);
    let base = base.ok_or_else(|| EvidenceError::UnknownArm(evidence.baseline.into()))?;
    let runs: Vec<Run<'_>> = names.iter().map(|name| gather(evidence, name)).collect();
    let clusters = Clusters::new(evidence.labels, evidence.groups);
    let mut comparisons: Vec<Option<Comparison>> = (0..runs.len())
        .map(|at| {
            let child = seed.child("verdict/arm", at as u64);
            (at != base)
                .then(|| compare::compare(evidence, &clusters, &runs[at], &runs[base], options, child))
        })
        .collect();
    correct(&mut comparisons);
    let baseline_scores = summaries(&runs[base]);
    let arms = names.iter().zip(&runs).zip(comparisons).map(|((name, run), comparison)| {
        let context = words::Context {
            arm: name,
            baseline: evidence.baseline,
            positives: clusters.positives(),
            grouped: evidence.groups.is_some(),
            options,
        };
        arm_verdict(evidence, run, comparison, &baseline_scores, &context)
    });
    let arms: Vec<ArmVerdict> = arms.collect();
    let positives = evidence.labels.iter().filter(|&&l| l).count();
    let mut verdict = Verdict {
        summary: words::summary(&arms, evidence.baseline),
        warnings: evidence.splits.warnings.clone(),
        arms,
        baseline: evidence.baseline.into(),
        rows: evidence.labels.len(),
        positives,
        grouped: evidence.groups.is_some(),
        positive_clusters: clusters.positives(),
        prevalence: positives as f64 / evidence.labels.len() as f64,
        detectable_sensitivity: detectable_sensitivity(clusters.positives()),
        folds: evidence.splits.folds,
        repeats: evidence.splits.repeats,
        options: options.clone(),
    };
    verdict.warnings.extend(words::warnings(&verdict));
    Ok(verdict)
}

fn detectable_sensitivity(positives: usize) -> Option<f64> {
    detectable::paired(positives, detectable::SIGNIFICANCE, detectable::POWER).ok().flatten()
}

fn check(evidence: &Evidence<'_>, options: &VerdictOptions) -> Result<(), EvidenceError> {
    let rows = evidence.labels.len();
    let highest = evidence.splits.all.iter().flat_map(|f| &f.test).max().map_or(0, |row| row + 1);
    EvidenceError::require(
        highest <= rows && rows > 0,
        "rows of the splits",
        &highest,
        "the number of labels",
    )?;
    if let Some(groups) = evidence.groups {
        EvidenceError::same_length("the list of groups", groups.len(), rows)?;
    }
    for (name, value) in
        [("significance", options.significance), ("level", options.level), ("margin", options.margin)]
    {
        EvidenceError::require(value > 0.0 && value < 1.0, name, &value, "between 0 and 1, exclusive")?;
    }
    Ok(())
}

/// Names of the arms in order of appearance.
fn arm_names(records: &[CellRecord]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for record in records {
        if !names.contains(&record.arm.as_str()) {
            names.push(&record.arm);
        }
    }
    names
}

/// The outcomes of an arm in the order of the folds, and its measures in the finished ones.
fn gather<'a>(evidence: &Evidence<'a>, arm: &str) -> Run<'a> {
    let mut run = Run { outcomes: Vec::new(), scores: vec![Vec::new(); Metric::ALL.len()] };
    for fold in &evidence.splits.all {
        let cell = |r: &&CellRecord| r.arm == arm && (r.repeat, r.fold) == (fold.repeat, fold.fold);
        let outcome = evidence.records.iter().find(cell).and_then(CellRecord::outcome);
        let outcome = outcome.filter(|o| o.probabilities.len() == fold.test.len());
        if let Some(outcome) = outcome {
            let truth = evidence.truth(fold);
            for (values, metric) in run.scores.iter_mut().zip(Metric::ALL) {
                values.push((fold.repeat, Score::from(metric.of(&truth, outcome))));
            }
        }
        run.outcomes.push(outcome);
    }
    run
}

/// Holm's correction of the primary p-values over the arms.
fn correct(comparisons: &mut [Option<Comparison>]) {
    let p = |c: &Comparison| c.difference.as_ref().map(|d| d.p);
    let raw: Vec<f64> = comparisons.iter().flatten().filter_map(p).collect();
    let tested = comparisons.iter_mut().flatten().filter(|c| c.difference.is_some());
    for (comparison, adjusted) in tested.zip(holm(&raw)) {
        comparison.p_holm = Some(adjusted);
    }
}

fn summaries(run: &Run<'_>) -> Vec<MetricSummary> {
    Metric::ALL.into_iter().zip(&run.scores).map(|(metric, cells)| scores::summarise(metric, cells)).collect()
}

fn arm_verdict(
    evidence: &Evidence<'_>,
    run: &Run<'_>,
    comparison: Option<Comparison>,
    baseline: &[MetricSummary],
    context: &words::Context<'_>,
) -> ArmVerdict {
    let own = || evidence.records.iter().filter(|r| r.arm == context.arm);
    let failed: Vec<FailedCell> = own()
        .filter_map(|r| match &r.result {
            CellResult::Failed { reason } => {
                Some(FailedCell { repeat: r.repeat, fold: r.fold, reason: reason.clone() })
            }
            CellResult::Done(_) => None,
        })
        .collect();
    let cells = run.outcomes.iter().flatten().count();
    let scores = summaries(run);
    let (outcome, mut sentences) = match &comparison {
        None => (Outcome::Baseline, Vec::new()),
        Some(c) => {
            let outcome = words::outcome(c, context.options);
            (outcome, words::sentences(outcome, c, &scores, baseline, context))
        }
    };
    let (mut outcome, all) = (outcome, run.outcomes.len());
    if cells < all {
        let reason = failed.first().map_or("no record", |f| f.reason.as_str());
        let said = format!("{} failed in {} of {all} cells: {reason}.", context.arm, all - cells);
        sentences = vec![said];
        outcome = if outcome == Outcome::Baseline { outcome } else { Outcome::Failed };
    }
    let seconds: Vec<f64> = own().filter(|r| r.outcome().is_some()).map(|r| r.seconds).collect();
    let mean_seconds = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64;
    ArmVerdict {
        arm: context.arm.into(),
        outcome,
        sentences,
        scores,
        comparison,
        cells,
        failed,
        seconds: mean_seconds,
    }
}

#[cfg(test)]
mod tests;

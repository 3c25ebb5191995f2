//! The lines of a comparison: what a generator scored on a table, with intervals, and what stands behind it.

use paucal_metrics::Score;
use paucal_metrics::interval::Interval;
use serde::{Deserialize, Serialize};

use super::Curve;
use super::replicates::Replicates;
use crate::judge::{Judgement, Performance};
use crate::tune::{Course, Finalist, Neighbour, SpaceLine, TrialFacts};

/// A generator on a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the table.
    pub data: String,
    /// Name of the generator.
    pub model: String,
    /// Why there are no scores.
    pub failed: Option<String>,
    /// Whether its parameters were searched.
    pub tuned: bool,
    /// The scores, unless it failed.
    #[serde(flatten)]
    pub scores: Option<RowScores>,
}

/// Means over the seeds, and intervals over patients and seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowScores {
    /// 0.6 × similarity + 0.4 × accuracy.
    pub objective: ObjectiveRow,
    /// Objective of the default parameters, with the same seeds.
    pub default_objective: Score,
    /// Similarity of single columns and of pairs, and how well a forest tells the rows from real ones.
    pub fidelity: FidelityRow,
    /// What classifiers learn.
    pub utility: UtilityRow,
    /// Nearness to the training rows.
    pub privacy: PrivacyRow,
    /// Wall seconds of the entry in all.
    pub seconds: f64,
    /// Of these, the search.
    pub search_seconds: f64,
    /// Seconds of one fit with the parameters found, other fits running beside it.
    pub fit_seconds: f64,
    /// Peak resident memory of the program while it worked on this entry, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// The objective and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRow {
    /// The objective.
    pub score: Score,
    /// Its interval.
    pub score_interval: Option<Interval>,
    /// Similarity.
    pub similarity: Score,
    /// Its interval.
    pub similarity_interval: Option<Interval>,
    /// Accuracy.
    pub accuracy: Score,
    /// Its interval.
    pub accuracy_interval: Option<Interval>,
    /// The objective by seed.
    pub by_seed: Vec<Score>,
}

/// Fidelity in short; the judgement in the details has the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FidelityRow {
    /// Mean similarity of single columns.
    pub univariate: Score,
    /// Similarity of the association matrices.
    pub bivariate: Score,
    /// AUC of a forest that tells the rows from real ones; 0.5 is best.
    pub c2st: Score,
}

/// Utility by the headline classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtilityRow {
    /// Train on synthetic, test on real.
    pub tstr: TstrRow,
    /// Train on real, test on real.
    pub trtr: Performance,
}

/// Train on synthetic, test on real.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TstrRow {
    /// The scores.
    #[serde(flatten)]
    pub scores: Performance,
    /// Interval of the balanced accuracy.
    pub balanced_accuracy_interval: Option<Interval>,
    /// Interval of the macro-F1.
    pub macro_f1_interval: Option<Interval>,
    /// Interval of the average precision.
    pub auprc_interval: Option<Interval>,
    /// Interval of the recall of the positive class.
    pub minority_recall_interval: Option<Interval>,
    /// Interval of the area under the ROC curve.
    pub auroc_interval: Option<Interval>,
}

/// Privacy in short. The intervals hold those of every seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrivacyRow {
    /// Share of rows closer to a training row than to an unseen row; 0.5 is ideal.
    pub dcr_closer_to_train: Score,
    /// Its interval.
    pub dcr_closer_to_train_interval: Option<Interval>,
    /// AUC of the membership attack; 0.5 is ideal.
    pub membership_auc: Score,
    /// Its interval.
    pub membership_auc_interval: Option<Interval>,
    /// Mean number of rows that equal a training row.
    pub exact_copies: Score,
    /// Their share.
    pub exact_copy_share: Score,
    /// 5th percentile of the distance ratio.
    pub nndr_p5: Score,
    /// Share of real rows that a synthetic row singles out.
    pub identifiability: Score,
}

/// What stands behind a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Name of the table.
    pub data: String,
    /// Name of the generator.
    pub model: String,
    /// The parameters of the final fits, as far as they are not the default.
    pub parameters: toml::Table,
    /// What was searched.
    pub space: Vec<SpaceLine>,
    /// Every trial.
    pub trials: Vec<TrialFacts>,
    /// The course of the search.
    pub course: Option<Course>,
    /// The best trials scored again.
    pub finalists: Vec<Finalist>,
    /// What moving each parameter costs; empty unless asked for.
    pub sensitivity: Vec<Neighbour>,
    /// Shares of the parameters in what made good trials good; empty with too few trials.
    pub importances: Vec<(String, f64)>,
    /// Training curves of the first seed.
    pub curves: Vec<Curve>,
    /// The judgement of the first seed.
    pub judgement: Option<Judgement>,
}

impl Detail {
    /// Of an entry about which nothing is known yet.
    pub fn empty(data: &str, model: &str) -> Self {
        Self {
            data: data.into(),
            model: model.into(),
            parameters: toml::Table::new(),
            space: Vec::new(),
            trials: Vec::new(),
            course: None,
            finalists: Vec::new(),
            sensitivity: Vec::new(),
            importances: Vec::new(),
            curves: Vec::new(),
            judgement: None,
        }
    }
}

impl ObjectiveRow {
    /// From the judgements of the seeds.
    pub fn of(seeds: &[Judgement], replicates: &Replicates) -> Self {
        Self {
            score: mean(seeds, |j| &j.scores.objective.score),
            score_interval: replicates.interval("objective.score"),
            similarity: mean(seeds, |j| &j.scores.objective.similarity),
            similarity_interval: replicates.interval("objective.similarity"),
            accuracy: mean(seeds, |j| &j.scores.objective.accuracy),
            accuracy_interval: replicates.interval("objective.accuracy"),
            by_seed: seeds.iter().map(|j| j.scores.objective.score.clone()).collect(),
        }
    }
}

impl FidelityRow {
    /// From the judgements of the seeds.
    pub fn of(seeds: &[Judgement]) -> Self {
        Self {
            univariate: mean(seeds, |j| &j.scores.fidelity.univariate),
            bivariate: mean(seeds, |j| &j.scores.fidelity.bivariate),
            c2st: mean(seeds, |j| &j.scores.fidelity.c2st),
        }
    }
}

impl UtilityRow {
    /// From the judgements of the seeds.
    pub fn of(seeds: &[Judgement], replicates: &Replicates) -> Self {
        let tstr: Vec<_> = seeds.iter().map(|j| &j.scores.utility.headline.tstr).collect();
        let trtr: Vec<_> = seeds.iter().map(|j| &j.scores.utility.headline.trtr).collect();
        let tstr = TstrRow {
            scores: Performance::mean_of(&tstr),
            balanced_accuracy_interval: replicates.interval("utility.tstr.balanced_accuracy"),
            macro_f1_interval: replicates.interval("utility.tstr.macro_f1"),
            auprc_interval: replicates.interval("utility.tstr.auprc"),
            minority_recall_interval: replicates.interval("utility.tstr.minority_recall"),
            auroc_interval: replicates.interval("utility.tstr.auroc"),
        };
        Self { tstr, trtr: Performance::mean_of(&trtr) }
    }
}

impl PrivacyRow {
    /// From the judgements of the seeds.
    pub fn of(seeds: &[Judgement]) -> Self {
        let attacks = seeds.iter().map(|j| j.scores.privacy.membership.as_ref().map(|m| m.interval));
        Self {
            dcr_closer_to_train: mean(seeds, |j| &j.scores.privacy.dcr_closer_to_train),
            dcr_closer_to_train_interval: hull(
                seeds.iter().map(|j| j.scores.privacy.dcr_closer_to_train_interval),
            ),
            membership_auc: mean(seeds, |j| &j.scores.privacy.membership_auc),
            membership_auc_interval: hull(attacks),
            exact_copies: mean(seeds, |j| &j.scores.privacy.exact_copies),
            exact_copy_share: mean(seeds, |j| &j.scores.privacy.exact_copy_share),
            nndr_p5: mean(seeds, |j| &j.scores.privacy.nndr_p5),
            identifiability: mean(seeds, |j| &j.scores.privacy.identifiability),
        }
    }
}

fn mean(seeds: &[Judgement], pick: fn(&Judgement) -> &Score) -> Score {
    Score::mean(seeds.iter().map(pick))
}

/// The smallest interval that holds all.
fn hull(mut intervals: impl Iterator<Item = Option<Interval>>) -> Option<Interval> {
    let first = intervals.next()??;
    intervals.try_fold(first, |hull, next| {
        let next = next?;
        Some(Interval { low: hull.low.min(next.low), high: hull.high.max(next.high), ..hull })
    })
}

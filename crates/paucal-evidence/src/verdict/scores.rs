//! The measures of an arm, cell by cell and in the mean.

use paucal_metrics::classification::{
    Bins, Confusion, auroc, average_precision, brier, expected_calibration_error,
};
use paucal_metrics::{Result, Score, score};
use serde::{Deserialize, Serialize};

use crate::experiment::ArmOutcome;

/// Bins of equal width of the expected calibration error.
const ECE_BINS: usize = 10;

/// A measure of an arm in a cell. Classes are "positive" and "the rest".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the precision–recall curve (average precision): the primary measure. Guessing scores
    /// the prevalence.
    Auprc,
    /// Area under the ROC curve; guessing scores 0.5.
    Auroc,
    /// Mean of sensitivity and specificity at the arm's threshold.
    BalancedAccuracy,
    /// Mean F1 of both classes at the arm's threshold.
    MacroF1,
    /// Share of positives found at the arm's threshold: the recall of the rare class.
    Sensitivity,
    /// Share of the others left in peace at the arm's threshold.
    Specificity,
    /// Mean squared error of the probabilities; lower is better.
    Brier,
    /// Mean distance of stated probability and observed share, 10 bins of equal width; lower is better.
    Ece,
}

impl Metric {
    /// All, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Auprc,
        Self::Auroc,
        Self::BalancedAccuracy,
        Self::MacroF1,
        Self::Sensitivity,
        Self::Specificity,
        Self::Brier,
        Self::Ece,
    ];

    /// The name in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Auprc => "AUPRC",
            Self::Auroc => "AUROC",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::MacroF1 => "macro F1",
            Self::Sensitivity => "sensitivity",
            Self::Specificity => "specificity",
            Self::Brier => "Brier score",
            Self::Ece => "ECE",
        }
    }

    /// Whether higher is better.
    pub fn higher_is_better(self) -> bool {
        !matches!(self, Self::Brier | Self::Ece)
    }

    /// The measure of the predictions of some test rows.
    pub fn of(self, truth: &[bool], outcome: &ArmOutcome) -> Result<f64> {
        let p = &outcome.probabilities;
        match self {
            Self::Auprc => average_precision(truth, p),
            Self::Auroc => auroc(truth, p),
            Self::Brier => brier(truth, p),
            Self::Ece => expected_calibration_error(truth, p, Bins::EqualWidth(ECE_BINS)),
            decision => {
                let code = |positive: bool| u32::from(positive);
                let truth: Vec<u32> = truth.iter().map(|&t| code(t)).collect();
                let said: Vec<u32> = p.iter().map(|&p| code(p >= outcome.threshold)).collect();
                let table = Confusion::new(&truth, &said, 2)?;
                match decision {
                    Self::BalancedAccuracy => table.balanced_accuracy(),
                    Self::MacroF1 => table.macro_f1(),
                    Self::Sensitivity => table.recall(1),
                    _ => table.recall(0),
                }
            }
        }
    }
}

/// A measure of an arm over all its cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Which measure.
    pub metric: Metric,
    /// Mean over the cells where it is defined.
    pub mean: Score,
    /// Standard deviation between the means of the repeats; absent with fewer than two repeats.
    pub deviation: Option<f64>,
    /// Cells where it is undefined.
    pub undefined: usize,
}

/// One value per cell of an arm, with its repeat.
pub(super) type PerCell = Vec<(usize, Score)>;

/// Means over cells and their deviation between repeats.
pub(super) fn summarise(metric: Metric, cells: &PerCell) -> MetricSummary {
    let scores: Vec<&Score> = cells.iter().map(|(_, s)| s).collect();
    let defined: Vec<(usize, f64)> = cells.iter().filter_map(|(r, s)| Some((*r, s.value()?))).collect();
    let repeats = repeat_means(&defined);
    let deviation = (repeats.len() > 1).then(|| {
        let mean = repeats.iter().sum::<f64>() / repeats.len() as f64;
        (repeats.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (repeats.len() - 1) as f64).sqrt()
    });
    let undefined = cells.len() - defined.len();
    MetricSummary { metric, mean: score::mean_of_defined(scores).into(), deviation, undefined }
}

/// The mean of each repeat, in order of the repeats; `values` come in that order.
pub(super) fn repeat_means(values: &[(usize, f64)]) -> Vec<f64> {
    values
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| chunk.iter().map(|(_, v)| v).sum::<f64>() / chunk.len() as f64)
        .collect()
}

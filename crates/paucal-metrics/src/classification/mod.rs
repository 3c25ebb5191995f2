//! How good are a classifier's decisions, rankings and probabilities?
//!
//! Decisions are class codes ([`confusion`]), rankings and probabilities are scores of the positive
//! class ([`ranking`], [`calibration`]). With rare classes accuracy says little: look at balanced
//! accuracy, minority recall, and the precision–recall curve.

pub mod calibration;
pub mod confusion;
pub mod ranking;

pub use calibration::{
    Bins, CalibrationLine, ReliabilityBin, brier, brier_multiclass, calibration_line,
    expected_calibration_error, log_loss, log_loss_multiclass, reliability,
};
pub use confusion::Confusion;
pub use ranking::{
    CurvePoint, augmentation_efficacy, auroc, auroc_one_vs_rest, average_precision, precision_at_recall,
    precision_recall_curve, recall_at_precision, roc_curve, true_positive_rate_at,
};

use crate::column::check_lengths;
use crate::{Result, Undefined};

/// Checks a binary problem and returns its numbers of positives and negatives.
pub(crate) fn check_binary(truth: &[bool], score: &[f64]) -> Result<(usize, usize)> {
    check_lengths(truth.len(), score.len())?;
    if truth.is_empty() {
        return Err(Undefined::Empty);
    }
    if score.iter().any(|s| !s.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let positives = truth.iter().filter(|&&t| t).count();
    Ok((positives, truth.len() - positives))
}

/// As [`check_binary`], and the scores must be probabilities.
pub(crate) fn check_probabilities(truth: &[bool], probability: &[f64]) -> Result<(usize, usize)> {
    let counts = check_binary(truth, probability)?;
    match probability.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        Some(&value) => Err(Undefined::OutOfRange { value }),
        None => Ok(counts),
    }
}

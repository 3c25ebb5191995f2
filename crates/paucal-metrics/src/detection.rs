//! Can real and synthetic rows be told apart? Formulae on the output of a classifier that was trained
//! to do so with cross-validation on fixed folds and sets of equal size (classifier two-sample test).

use crate::column::mean;
use crate::{Result, Undefined};

/// SDMetrics' detection score from the cross-validated AUROC, `1 - (2 max(½, AUC) - 1)`. In `[0, 1]`,
/// higher is better: 1 means that the classifier can only guess.
pub fn detection_score(auc: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&auc) {
        return Err(Undefined::OutOfRange { value: auc });
    }
    Ok(2.0 - 2.0 * auc.max(0.5))
}

/// Propensity score mean squared error (Woo et al. 2009), `mean (p - c)²` where `p` is each row's
/// stated probability of being synthetic and `c` the share of synthetic rows. In `[0, max(c, 1-c)²]`,
/// lower is better.
pub fn propensity_error(probability: &[f64], synthetic_share: f64) -> Result<f64> {
    if probability.is_empty() {
        return Err(Undefined::Empty);
    }
    let outside = |p: &f64| !(0.0..=1.0).contains(p);
    if let Some(&value) = probability.iter().chain([&synthetic_share]).find(|p| outside(p)) {
        return Err(Undefined::OutOfRange { value });
    }
    let squares: Vec<f64> = probability.iter().map(|p| (p - synthetic_share).powi(2)).collect();
    Ok(mean(&squares))
}

/// [`propensity_error`] over its expectation when both tables come from one distribution and the
/// classifier is a logistic regression with `parameters` coefficients, the constant included:
/// `(k - 1) (1 - c)² c / N` (Snoke et al. 2018). In `[0, ∞)`, near 1 is ideal.
pub fn propensity_ratio(probability: &[f64], synthetic_share: f64, parameters: usize) -> Result<f64> {
    let error = propensity_error(probability, synthetic_share)?;
    if parameters < 2 {
        return Err(Undefined::TooFew { needed: 2, found: parameters });
    }
    let (c, n) = (synthetic_share, probability.len() as f64);
    let expected = (parameters - 1) as f64 * (1.0 - c).powi(2) * c / n;
    if expected > 0.0 { Ok(error / expected) } else { Err(Undefined::OneClass) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_the_best_a_detector_may_do() {
        assert_eq!(detection_score(0.5), Ok(1.0));
        assert_eq!(detection_score(0.2), Ok(1.0));
        assert_eq!(detection_score(1.0), Ok(0.0));
        assert_eq!(detection_score(1.1), Err(Undefined::OutOfRange { value: 1.1 }));
    }

    #[test]
    fn propensity_by_hand() {
        assert_eq!(propensity_error(&[0.5, 0.5], 0.5), Ok(0.0));
        assert_eq!(propensity_error(&[0.0, 1.0], 0.5), Ok(0.25));
        // Expected: 2 · 0.25 · 0.5 / 4 = 0.0625; observed 0.0625.
        assert_eq!(propensity_ratio(&[0.25, 0.75, 0.25, 0.75], 0.5, 3), Ok(1.0));
        assert_eq!(propensity_ratio(&[0.5], 0.0, 3), Err(Undefined::OneClass));
        assert_eq!(propensity_error(&[], 0.5), Err(Undefined::Empty));
    }
}

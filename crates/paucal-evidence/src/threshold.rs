//! The threshold from which a row counts as positive, chosen on training rows.
//!
//! Choose it on predictions of rows the model has not seen (out-of-bag, or inner folds), never on the
//! test rows and not on fitted ones. Moving the threshold changes decisions and leaves the ranking, and
//! with it AUPRC, AUROC and calibration, as they are (van den Goorbergh et al., JAMIA 2022).

use serde::{Deserialize, Serialize};

/// What the threshold maximises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Mean of sensitivity and specificity (Youden's index).
    #[default]
    BalancedAccuracy,
    /// F1 of the positive class.
    F1,
}

/// The best threshold: halfway between two neighbouring distinct probabilities, or below all of them. Of
/// equally good ones the one nearest 0.5. Without both classes, 0.5.
pub fn choose(truth: &[bool], probabilities: &[f64], criterion: Criterion) -> f64 {
    const USUAL: f64 = 0.5;
    let mut rows: Vec<(f64, bool)> =
        probabilities.iter().copied().zip(truth.iter().copied()).filter(|(p, _)| p.is_finite()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = rows.iter().filter(|row| row.1).count() as f64;
    let negatives = rows.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return USUAL;
    }
    let (mut hits, mut alarms, mut at) = (0.0, 0.0, 0);
    let (mut best, mut threshold) = (f64::NEG_INFINITY, USUAL);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let found = tied.iter().filter(|row| row.1).count() as f64;
        hits += found;
        alarms += tied.len() as f64 - found;
        at += tied.len();
        let cut = rows.get(at).map_or(0.0, |next| f64::midpoint(tied[0].0, next.0));
        let value = match criterion {
            Criterion::BalancedAccuracy => hits / positives - alarms / negatives,
            Criterion::F1 => 2.0 * hits / (positives + hits + alarms),
        };
        if value > best || (value == best && (cut - USUAL).abs() < (threshold - USUAL).abs()) {
            (best, threshold) = (value, cut);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_separates_what_can_be_separated() {
        let truth = [false, false, true, true];
        let cut = choose(&truth, &[0.1, 0.2, 0.3, 0.9], Criterion::BalancedAccuracy);
        assert!((cut - 0.25).abs() < 1e-12, "{cut}");
        let cut = choose(&truth, &[0.1, 0.7, 0.3, 0.9], Criterion::F1);
        assert!((cut - 0.2).abs() < 1e-12, "{cut}");
    }

    #[test]
    fn one_class_keeps_the_usual_threshold() {
        assert_eq!(choose(&[true, true], &[0.1, 0.2], Criterion::F1), 0.5);
        assert_eq!(choose(&[], &[], Criterion::F1), 0.5);
    }
}

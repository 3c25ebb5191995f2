//! How well do scores order positives above negatives? Curves and their summaries.
//!
//! Scores may be any finite numbers, higher meaning more likely positive. Rows with one score form
//! one point of a curve, so ties favour nobody.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::association::average_ranks;
use crate::classification::check_binary;
use crate::column::{check_lengths, mean};
use crate::{Result, Undefined};

/// One point of a ROC or precision–recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// False positive rate (ROC) or recall (precision–recall).
    pub x: f64,
    /// True positive rate (ROC) or precision (precision–recall).
    pub y: f64,
    /// Rows scoring at least this are called positive; `None` is the point where nobody is.
    pub threshold: Option<f64>,
}

/// Area under the ROC curve: the chance that a random positive outranks a random negative, ties
/// counting half (Mann–Whitney). In `[0, 1]`, higher is better, 0.5 is guessing. One class is
/// undefined.
///
/// ```
/// use paucal_metrics::classification::auroc;
/// assert_eq!(auroc(&[false, true, true, false], &[0.1, 0.9, 0.4, 0.4]), Ok(0.875));
/// ```
pub fn auroc(truth: &[bool], score: &[f64]) -> Result<f64> {
    let (positives, negatives) = check_binary(truth, score)?;
    if positives == 0 || negatives == 0 {
        return Err(Undefined::OneClass);
    }
    let ranks = average_ranks(score);
    let sum: f64 = ranks.iter().zip(truth).filter(|(_, t)| **t).map(|(rank, _)| rank).sum();
    let (p, n) = (positives as f64, negatives as f64);
    Ok((sum - p * (p + 1.0) / 2.0) / (p * n))
}

/// Macro-averaged one-against-rest AUROC over the classes that have both positives and negatives.
/// `probability[(row, class)]`.
pub fn auroc_one_vs_rest(truth: &[u32], probability: &Array2<f64>) -> Result<f64> {
    check_lengths(truth.len(), probability.nrows())?;
    let classes = probability.ncols();
    if let Some(&code) = truth.iter().find(|&&t| t as usize >= classes) {
        return Err(Undefined::BadCode { code, levels: classes });
    }
    let mut areas = Vec::new();
    for class in 0..classes {
        let positive: Vec<bool> = truth.iter().map(|&t| t as usize == class).collect();
        match auroc(&positive, &probability.column(class).to_vec()) {
            Ok(area) => areas.push(area),
            Err(Undefined::OneClass) => {}
            Err(reason) => return Err(reason),
        }
    }
    if areas.is_empty() { Err(Undefined::OneClass) } else { Ok(mean(&areas)) }
}

/// Cumulative counts at one threshold: rows at or above it.
struct Step {
    threshold: f64,
    true_positives: usize,
    false_positives: usize,
}

/// One step per distinct score, highest first.
fn steps(truth: &[bool], score: &[f64]) -> Vec<Step> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_unstable_by(|&i, &j| (score[j] + 0.0).total_cmp(&(score[i] + 0.0)));
    let (mut true_positives, mut false_positives) = (0, 0);
    order
        .chunk_by(|&i, &j| score[i] == score[j])
        .map(|tied| {
            let positives = tied.iter().filter(|&&i| truth[i]).count();
            true_positives += positives;
            false_positives += tied.len() - positives;
            Step { threshold: score[tied[0]], true_positives, false_positives }
        })
        .collect()
}

/// The ROC curve from (0, 0) to (1, 1), one point per distinct score.
pub fn roc_curve(truth: &[bool], score: &[f64]) -> Result<Vec<CurvePoint>> {
    let (positives, negatives) = check_binary(truth, score)?;
    if positives == 0 || negatives == 0 {
        return Err(Undefined::OneClass);
    }
    let origin = CurvePoint { x: 0.0, y: 0.0, threshold: None };
    let points = steps(truth, score).into_iter().map(|step| CurvePoint {
        x: step.false_positives as f64 / negatives as f64,
        y: step.true_positives as f64 / positives as f64,
        threshold: Some(step.threshold),
    });
    Ok(std::iter::once(origin).chain(points).collect())
}

/// The precision–recall curve from recall 0 (precision 1 by convention, as scikit-learn) to recall
/// 1, one point per distinct score. Undefined without positives.
pub fn precision_recall_curve(truth: &[bool], score: &[f64]) -> Result<Vec<CurvePoint>> {
    let (positives, _) = check_binary(truth, score)?;
    if positives == 0 {
        return Err(Undefined::OneClass);
    }
    let origin = CurvePoint { x: 0.0, y: 1.0, threshold: None };
    let points = steps(truth, score).into_iter().map(|step| CurvePoint {
        x: step.true_positives as f64 / positives as f64,
        y: step.true_positives as f64 / (step.true_positives + step.false_positives) as f64,
        threshold: Some(step.threshold),
    });
    Ok(std::iter::once(origin).chain(points).collect())
}

/// Average precision, `Σ (R_n - R_{n-1}) P_n`: the area under the precision–recall curve without
/// interpolation, as scikit-learn. In `[0, 1]`, higher is better; guessing scores the prevalence.
pub fn average_precision(truth: &[bool], score: &[f64]) -> Result<f64> {
    let curve = precision_recall_curve(truth, score)?;
    Ok(curve.windows(2).map(|pair| (pair[1].x - pair[0].x) * pair[1].y).sum())
}

/// The highest recall among thresholds whose precision is at least `precision`. In `[0, 1]`, higher
/// is better; undefined when no threshold is that precise.
pub fn recall_at_precision(truth: &[bool], score: &[f64], precision: f64) -> Result<f64> {
    check_share(precision)?;
    let curve = precision_recall_curve(truth, score)?;
    best(curve[1..].iter().filter(|p| p.y >= precision).map(|p| p.x))
}

/// The highest precision among thresholds whose recall is at least `recall`. In `[0, 1]`, higher is
/// better.
pub fn precision_at_recall(truth: &[bool], score: &[f64], recall: f64) -> Result<f64> {
    check_share(recall)?;
    let curve = precision_recall_curve(truth, score)?;
    best(curve[1..].iter().filter(|p| p.x >= recall).map(|p| p.y))
}

/// The highest true positive rate among thresholds whose false positive rate is at most
/// `false_positive_rate`: what an attacker finds while hardly ever being wrong (Carlini et al. 2022).
pub fn true_positive_rate_at(truth: &[bool], score: &[f64], false_positive_rate: f64) -> Result<f64> {
    check_share(false_positive_rate)?;
    let curve = roc_curve(truth, score)?;
    best(curve.iter().filter(|p| p.x <= false_positive_rate).map(|p| p.y))
}

/// SDMetrics' augmentation efficacy: `0.5 + (augmented - baseline) / 2`, where both are the recall at
/// a fixed precision (or the precision at a fixed recall) of the minority class on real validation
/// rows. In `[0, 1]`, higher is better, above 0.5 augmentation helped.
pub fn augmentation_efficacy(augmented: f64, baseline: f64) -> Result<f64> {
    check_share(augmented)?;
    check_share(baseline)?;
    Ok(0.5 + (augmented - baseline) / 2.0)
}

/// The scores of the positive and of the negative rows.
pub(crate) fn class_scores(truth: &[bool], score: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let of = |class| truth.iter().zip(score).filter(|(t, _)| **t == class).map(|(_, s)| *s).collect();
    (of(true), of(false))
}

fn check_share(value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(Undefined::OutOfRange { value }) }
}

fn best(values: impl Iterator<Item = f64>) -> Result<f64> {
    values.max_by(f64::total_cmp).ok_or(Undefined::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn constant_scores_are_guessing() {
        let truth = [true, false, false, true, false];
        assert_eq!(auroc(&truth, &[0.3; 5]), Ok(0.5));
        assert_eq!(average_precision(&truth, &[0.3; 5]), Ok(0.4));
        assert_eq!(roc_curve(&truth, &[0.3; 5]).unwrap().len(), 2);
    }

    #[test]
    fn degenerate_problems_are_undefined() {
        assert_eq!(auroc(&[true, true], &[0.1, 0.2]), Err(Undefined::OneClass));
        assert_eq!(average_precision(&[false], &[0.1]), Err(Undefined::OneClass));
        assert_eq!(auroc(&[], &[]), Err(Undefined::Empty));
        assert_eq!(auroc(&[true, false], &[0.1, f64::NAN]), Err(Undefined::NotFinite));
        let (truth, score) = ([true, false], [0.1, 0.9]);
        assert_eq!(recall_at_precision(&truth, &score, 0.9), Err(Undefined::Unreachable));
        assert_eq!(recall_at_precision(&truth, &score, 1.9), Err(Undefined::OutOfRange { value: 1.9 }));
    }

    #[test]
    fn an_attack_that_is_never_wrong() {
        let truth = [true, true, false, false];
        assert_eq!(true_positive_rate_at(&truth, &[0.9, 0.5, 0.5, 0.1], 0.01), Ok(0.5));
        assert_eq!(true_positive_rate_at(&truth, &[0.1, 0.2, 0.3, 0.4], 0.01), Ok(0.0));
    }

    #[test]
    fn efficacy_of_no_change_is_one_half() {
        assert_eq!(augmentation_efficacy(0.4, 0.4), Ok(0.5));
        assert_eq!(augmentation_efficacy(1.0, 0.0), Ok(1.0));
    }

    fn problem() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
        prop::collection::vec((any::<bool>(), (-8_i8..8).prop_map(f64::from)), 2..40)
            .prop_map(|rows| rows.into_iter().unzip())
            .prop_filter("both classes", |(truth, _): &(Vec<bool>, Vec<f64>)| {
                truth.contains(&true) && truth.contains(&false)
            })
    }

    proptest! {
        #[test]
        fn auroc_ignores_monotone_maps_and_mirrors((truth, score) in problem()) {
            let area = auroc(&truth, &score).unwrap();
            let mapped: Vec<f64> = score.iter().map(|s| (s / 2.0).exp() + 3.0).collect();
            let negated: Vec<f64> = score.iter().map(|s| -s).collect();
            prop_assert_eq!(auroc(&truth, &mapped).unwrap(), area);
            prop_assert!((auroc(&truth, &negated).unwrap() - (1.0 - area)).abs() < 1e-12);
        }

        #[test]
        fn auroc_is_the_area_under_its_curve((truth, score) in problem()) {
            let curve = roc_curve(&truth, &score).unwrap();
            let trapezia: f64 =
                curve.windows(2).map(|p| (p[1].x - p[0].x) * (p[1].y + p[0].y) / 2.0).sum();
            prop_assert!((auroc(&truth, &score).unwrap() - trapezia).abs() < 1e-12);
        }

        #[test]
        fn average_precision_stays_above_zero_and_below_one((truth, score) in problem()) {
            let area = average_precision(&truth, &score).unwrap();
            prop_assert!(area > 0.0 && area <= 1.0 + 1e-12);
            let perfect: Vec<f64> = truth.iter().map(|&t| f64::from(u8::from(t))).collect();
            prop_assert!((average_precision(&truth, &perfect).unwrap() - 1.0).abs() < 1e-12);
        }
    }
}

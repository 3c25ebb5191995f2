//! The confusion matrix and everything read off it.

use serde::{Deserialize, Serialize};

use crate::column::check_lengths;
use crate::{Result, Undefined};

/// Counts of (true class, predicted class).
///
/// ```
/// use paucal_metrics::classification::Confusion;
/// let confusion = Confusion::new(&[0, 0, 0, 1], &[0, 0, 1, 1], 2).unwrap();
/// assert_eq!(confusion.accuracy(), Ok(0.75));
/// assert_eq!(confusion.recall(1), Ok(1.0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// `counts[t][p]` rows of true class `t` were predicted as `p`.
    counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// Counts `truth` against `predicted`, both codes below `classes`.
    pub fn new(truth: &[u32], predicted: &[u32], classes: usize) -> Result<Self> {
        check_lengths(truth.len(), predicted.len())?;
        if truth.is_empty() {
            return Err(Undefined::Empty);
        }
        if let Some(&code) = truth.iter().chain(predicted).find(|&&code| code as usize >= classes) {
            return Err(Undefined::BadCode { code, levels: classes });
        }
        let mut counts = vec![vec![0; classes]; classes];
        for (&t, &p) in truth.iter().zip(predicted) {
            counts[t as usize][p as usize] += 1;
        }
        Ok(Self { counts })
    }

    /// The counts, true classes down, predicted classes across.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    fn hits(&self, class: usize) -> u64 {
        self.counts[class][class]
    }

    /// Rows of this true class.
    fn support(&self, class: usize) -> u64 {
        self.counts[class].iter().sum()
    }

    /// Rows predicted as this class.
    fn predicted(&self, class: usize) -> u64 {
        self.counts.iter().map(|row| row[class]).sum()
    }

    /// Share of right decisions. In `[0, 1]`, higher is better; misleading with rare classes.
    pub fn accuracy(&self) -> Result<f64> {
        ratio((0..self.classes()).map(|c| self.hits(c)).sum(), self.total()).ok_or(Undefined::Empty)
    }

    /// Mean recall over the classes that have true cases, as scikit-learn. In `[0, 1]`, higher is
    /// better; a majority-class guess scores one over the number of classes.
    pub fn balanced_accuracy(&self) -> Result<f64> {
        mean_defined((0..self.classes() as u32).map(|c| self.recall(c)))
    }

    /// Mean F1 over the classes that occur in truth or prediction, as scikit-learn. In `[0, 1]`,
    /// higher is better.
    pub fn macro_f1(&self) -> Result<f64> {
        mean_defined((0..self.classes() as u32).map(|c| self.f1(c)))
    }

    /// Share of the true cases of `class` that were found (recall, sensitivity). Undefined without
    /// true cases.
    pub fn recall(&self, class: u32) -> Result<f64> {
        let c = self.index(class)?;
        ratio(self.hits(c), self.support(c)).ok_or(Undefined::NoCase { class })
    }

    /// Share of the decisions for `class` that were right (precision, positive predictive value).
    /// Undefined when the class was never predicted.
    pub fn precision(&self, class: u32) -> Result<f64> {
        let c = self.index(class)?;
        ratio(self.hits(c), self.predicted(c)).ok_or(Undefined::NoCase { class })
    }

    /// Share of the rows of other classes that were not called `class` (specificity).
    pub fn specificity(&self, class: u32) -> Result<f64> {
        let c = self.index(class)?;
        let others = self.total() - self.support(c);
        let false_alarms = self.predicted(c) - self.hits(c);
        ratio(others - false_alarms, others).ok_or(Undefined::NoCase { class })
    }

    /// `2 TP / (2 TP + FP + FN)`, the harmonic mean of precision and recall; 0 when the class has
    /// cases or predictions but no hit.
    pub fn f1(&self, class: u32) -> Result<f64> {
        let c = self.index(class)?;
        ratio(2 * self.hits(c), self.support(c) + self.predicted(c)).ok_or(Undefined::NoCase { class })
    }

    /// The rarest class among those with true cases; the lowest code when several tie.
    pub fn minority_class(&self) -> Result<u32> {
        (0..self.classes())
            .filter(|&c| self.support(c) > 0)
            .min_by_key(|&c| self.support(c))
            .map(|c| c as u32)
            .ok_or(Undefined::Empty)
    }

    /// Recall of the rarest class that has true cases. In `[0, 1]`, higher is better.
    pub fn minority_recall(&self) -> Result<f64> {
        self.recall(self.minority_class()?)
    }

    /// Matthews correlation coefficient, for many classes in Gorodkin's form (2004). In `[-1, 1]`,
    /// higher is better, 0 is guessing. One true class is undefined; constant predictions give 0,
    /// the limit and scikit-learn's value.
    pub fn matthews(&self) -> Result<f64> {
        let n = self.total() as f64;
        let sides: Vec<(f64, f64)> =
            (0..self.classes()).map(|c| (self.support(c) as f64, self.predicted(c) as f64)).collect();
        let hits: f64 = (0..self.classes()).map(|c| self.hits(c) as f64).sum();
        let covariance = hits * n - sides.iter().map(|(t, p)| t * p).sum::<f64>();
        let truth = n * n - sides.iter().map(|(t, _)| t * t).sum::<f64>();
        let predicted = n * n - sides.iter().map(|(_, p)| p * p).sum::<f64>();
        if truth == 0.0 {
            return Err(Undefined::OneClass);
        }
        if predicted == 0.0 { Ok(0.0) } else { Ok(covariance / (truth * predicted).sqrt()) }
    }

    /// Cohen's kappa: agreement beyond chance, `(p_o - p_e) / (1 - p_e)`. In `[-1, 1]`, higher is
    /// better, 0 is guessing. Undefined when chance agreement is certain.
    pub fn kappa(&self) -> Result<f64> {
        let n = self.total() as f64;
        let by_chance: f64 =
            (0..self.classes()).map(|c| self.support(c) as f64 * self.predicted(c) as f64 / (n * n)).sum();
        if by_chance >= 1.0 {
            return Err(Undefined::OneClass);
        }
        Ok((self.accuracy()? - by_chance) / (1.0 - by_chance))
    }

    fn index(&self, class: u32) -> Result<usize> {
        let index = class as usize;
        if index < self.classes() {
            Ok(index)
        } else {
            Err(Undefined::BadCode { code: class, levels: self.classes() })
        }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean_defined(rates: impl Iterator<Item = Result<f64>>) -> Result<f64> {
    let rates: Vec<f64> = rates.filter_map(Result::ok).collect();
    if rates.is_empty() { Err(Undefined::Empty) } else { Ok(crate::column::mean(&rates)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_majority_guess_is_unmasked() {
        let truth = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let confusion = Confusion::new(&truth, &[0; 10], 2).unwrap();
        assert_eq!(confusion.accuracy(), Ok(0.9));
        assert_eq!(confusion.balanced_accuracy(), Ok(0.5));
        assert_eq!(confusion.minority_recall(), Ok(0.0));
        assert_eq!(confusion.precision(1), Err(Undefined::NoCase { class: 1 }));
        assert_eq!(confusion.f1(1), Ok(0.0));
        assert_eq!(confusion.matthews(), Ok(0.0));
        assert_eq!(confusion.specificity(1), Ok(1.0));
    }

    #[test]
    fn absent_classes_are_left_out_of_means() {
        let confusion = Confusion::new(&[0, 1], &[0, 1], 5).unwrap();
        assert_eq!(confusion.balanced_accuracy(), Ok(1.0));
        assert_eq!(confusion.macro_f1(), Ok(1.0));
        assert_eq!(confusion.recall(4), Err(Undefined::NoCase { class: 4 }));
        assert_eq!(confusion.recall(5), Err(Undefined::BadCode { code: 5, levels: 5 }));
    }

    #[test]
    fn bad_labels_are_refused() {
        assert_eq!(Confusion::new(&[], &[], 2), Err(Undefined::Empty));
        assert_eq!(Confusion::new(&[0, 2], &[0, 0], 2), Err(Undefined::BadCode { code: 2, levels: 2 }));
        assert_eq!(Confusion::new(&[1, 1], &[0, 1], 2).unwrap().matthews(), Err(Undefined::OneClass));
    }

    proptest! {
        #[test]
        fn rates_stay_in_range_and_do_not_depend_on_row_order(
            rows in prop::collection::vec((0_u32..3, 0_u32..3), 1..40),
        ) {
            let count = |rows: &[(u32, u32)]| {
                let (t, p): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
                Confusion::new(&t, &p, 3).unwrap()
            };
            let confusion = count(&rows);
            let mut reversed = rows.clone();
            reversed.reverse();
            prop_assert_eq!(&confusion, &count(&reversed));
            for rate in [confusion.accuracy(), confusion.balanced_accuracy(), confusion.macro_f1()] {
                prop_assert!((0.0..=1.0).contains(&rate.unwrap()));
            }
            for rate in [confusion.matthews(), confusion.kappa()].into_iter().flatten() {
                prop_assert!((-1.000_000_001..=1.000_000_001).contains(&rate));
            }
        }
    }
}

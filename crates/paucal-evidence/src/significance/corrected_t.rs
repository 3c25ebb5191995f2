//! The corrected resampled t-test.
//!
//! Nadeau, Bengio: *Inference for the generalization error*, Machine Learning 52 (2003), eq. 11;
//! for repeated k-fold cross-validation Bouckaert, Frank: *Evaluating the replicability of
//! significance tests for comparing learning algorithms*, PAKDD 2004.
//!
//! Of J differences d_j (one per fold and repeat) with mean d̄ and variance s² (J − 1), training sets
//! overlap, so s²/J is far too small. The correction is
//!
//! ```text
//! se² = s² (1/J + n_test / n_train),   t = d̄ / se   with J − 1 degrees of freedom.
//! ```

use paucal_metrics::{Result, Undefined};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean difference with its corrected interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectedT {
    /// Mean difference d̄.
    pub mean: f64,
    /// Corrected standard error of the mean.
    pub standard_error: f64,
    /// J − 1.
    pub degrees: usize,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Two-sided p-value of "no difference": 1 when all differences are 0, and in the limit 0 when
    /// they are equal and not 0.
    pub p: f64,
}

/// Tests the mean of `differences`, at least two, one per fold and repeat. `test_over_train` is
/// n_test / n_train, 1 / (k − 1) for k folds; `level` the coverage of the interval, e.g. 0.95.
pub fn corrected_t(differences: &[f64], test_over_train: f64, level: f64) -> Result<CorrectedT> {
    super::check(differences, 2)?;
    super::check_share(level)?;
    if !(test_over_train >= 0.0 && test_over_train.is_finite()) {
        return Err(Undefined::OutOfRange { value: test_over_train });
    }
    let count = differences.len() as f64;
    let mean = super::mean(differences);
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let standard_error = (variance * (1.0 / count + test_over_train)).sqrt();
    let degrees = differences.len() - 1;
    let half = quantile(degrees, f64::midpoint(1.0, level))? * standard_error;
    let p = if standard_error > 0.0 {
        2.0 * students_t(degrees)?.sf((mean / standard_error).abs())
    } else {
        f64::from(u8::from(mean == 0.0))
    };
    Ok(CorrectedT { mean, standard_error, degrees, low: mean - half, high: mean + half, p })
}

impl CorrectedT {
    /// The smallest true difference that this experiment, with this spread between folds, would have
    /// shown to be significant (two-sided, at `significance`) with probability `power`:
    /// (t_{1−α/2} + t_{power}) · se.
    pub fn detectable(&self, significance: f64, power: f64) -> Result<f64> {
        super::check_share(significance)?;
        super::check_share(power)?;
        let sum = quantile(self.degrees, 1.0 - significance / 2.0)? + quantile(self.degrees, power)?;
        Ok(sum.max(0.0) * self.standard_error)
    }
}

fn students_t(degrees: usize) -> Result<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees as f64).map_err(|_| Undefined::TooFew { needed: 2, found: 1 })
}

fn quantile(degrees: usize, probability: f64) -> Result<f64> {
    Ok(students_t(degrees)?.inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_correction_it_is_the_t_test_and_the_correction_widens() {
        let d = [0.02, -0.01, 0.03, 0.04, 0.00, 0.01];
        let plain = corrected_t(&d, 0.0, 0.95).unwrap();
        let corrected = corrected_t(&d, 0.25, 0.95).unwrap();
        // (1/6 + 1/4) / (1/6) = 2.5
        assert!((corrected.standard_error / plain.standard_error - 2.5_f64.sqrt()).abs() < 1e-12);
        assert!(corrected.p > plain.p && corrected.low < plain.low);
    }

    #[test]
    fn equal_arms_have_p_1() {
        let none = corrected_t(&[0.0; 10], 0.25, 0.95).unwrap();
        assert_eq!((none.p, none.low, none.high), (1.0, 0.0, 0.0));
        assert_eq!(none.detectable(0.05, 0.8), Ok(0.0));
    }

    #[test]
    fn what_cannot_be_tested_says_why() {
        assert_eq!(corrected_t(&[0.1], 0.25, 0.95), Err(Undefined::TooFew { needed: 2, found: 1 }));
        assert_eq!(corrected_t(&[0.1, f64::NAN], 0.25, 0.95), Err(Undefined::NotFinite));
        assert!(corrected_t(&[0.1, 0.2], 0.25, 1.0).is_err());
        assert!(corrected_t(&[0.1, 0.2], -1.0, 0.9).is_err());
    }
}

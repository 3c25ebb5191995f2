//! The sign-flip test: Fisher's paired randomisation.
//!
//! Fisher: *The Design of Experiments* (1935), §21; Good: *Permutation, Parametric and Bootstrap
//! Tests of Hypotheses* (2005). If two arms are alike, each difference could as well have had the other
//! sign. The p-value is the share of the 2ⁿ sign patterns whose |sum| is at least the observed one.
//!
//! Give it **one value per repeat** (the mean over the folds), because folds of one repeat share
//! training rows and are not exchangeable. Repeats still share the patients: the test tells a
//! difference from luck of split and seed, and says nothing of other patients.

use paucal_core::Seed;
use paucal_metrics::Result;
use serde::{Deserialize, Serialize};

/// All patterns are tried up to this many values (a million patterns), random ones above.
const EXACT_UP_TO: usize = 20;

/// Patterns drawn when there are too many to try all.
const DRAWS: u64 = 100_000;

/// The outcome of a sign-flip test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignFlip {
    /// Number of values; with n values no p-value below 2^(1 − n) is possible.
    pub values: usize,
    /// Two-sided p-value.
    pub p: f64,
    /// Whether all patterns were tried; otherwise p = (1 + hits) / (1 + draws).
    pub exact: bool,
}

/// Tests whether `differences` (at least one) are centred on 0.
pub fn sign_flip(differences: &[f64], seed: Seed) -> Result<SignFlip> {
    super::check(differences, 1)?;
    let magnitudes: Vec<f64> = differences.iter().map(|d| d.abs()).collect();
    // Sums of the same numbers in another order differ in the last bits; those are ties.
    let observed = differences.iter().sum::<f64>().abs() - 1e-12 * magnitudes.iter().sum::<f64>();
    let exact = differences.len() <= EXACT_UP_TO;
    let p = if exact { all_patterns(&magnitudes, observed) } else { drawn(&magnitudes, observed, seed) };
    Ok(SignFlip { values: differences.len(), p, exact })
}

fn all_patterns(magnitudes: &[f64], observed: f64) -> f64 {
    let patterns = 1_u64 << magnitudes.len();
    let signed = |pattern: u64| {
        let sign = |i: usize| if pattern >> i & 1 == 1 { 1.0 } else { -1.0 };
        magnitudes.iter().enumerate().map(|(i, m)| sign(i) * m).sum::<f64>()
    };
    let hits = (0..patterns).filter(|&pattern| signed(pattern).abs() >= observed).count();
    hits as f64 / patterns as f64
}

fn drawn(magnitudes: &[f64], observed: f64, seed: Seed) -> f64 {
    let mut stream = seed.stream("significance/sign-flip", 0);
    let mut hits = 0_u64;
    for _ in 0..DRAWS {
        let sum: f64 = magnitudes.iter().map(|m| if stream.bits() & 1 == 1 { *m } else { -m }).sum();
        hits += u64::from(sum.abs() >= observed);
    }
    (1 + hits) as f64 / (1 + DRAWS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_sign_have_the_smallest_p_there_is() {
        let test = sign_flip(&[0.1, 0.2, 0.3, 0.4, 0.5], Seed(1)).unwrap();
        assert_eq!((test.p, test.exact), (2.0 / 32.0, true));
        assert_eq!(sign_flip(&[0.0; 4], Seed(1)).unwrap().p, 1.0);
    }

    #[test]
    fn drawn_patterns_agree_with_all_patterns() {
        let mut stream = Seed(5).stream("values", 0);
        let values: Vec<f64> = (0..20).map(|_| stream.normal() + 0.4).collect();
        let magnitudes: Vec<f64> = values.iter().map(|d| d.abs()).collect();
        let observed = values.iter().sum::<f64>().abs();
        let (all, some) =
            (all_patterns(&magnitudes, observed - 1e-12), drawn(&magnitudes, observed, Seed(2)));
        assert!((all - some).abs() < 4.0 * (all * (1.0 - all) / DRAWS as f64).sqrt() + 1e-5, "{all} {some}");
        let many: Vec<f64> = values.iter().chain(&values).copied().collect();
        assert_eq!(sign_flip(&many, Seed(2)).unwrap(), sign_flip(&many, Seed(2)).unwrap());
        assert!(!sign_flip(&many, Seed(2)).unwrap().exact);
    }
}

//! Wilcoxon's signed-rank test for paired differences.
//!
//! Wilcoxon: *Individual comparisons by ranking methods*, Biometrics Bulletin 1 (1945). Zero
//! differences are dropped; the rest are ranked by magnitude, ties sharing the mean rank; W⁺ is the
//! rank sum of the positive ones. Up to 50 differences the p-value is exact given the (tied) ranks, by
//! counting sign patterns per rank sum; above, the normal approximation
//!
//! ```text
//! z = (W⁺ − n(n+1)/4) / √(n(n+1)(2n+1)/24 − Σ(t³ − t)/48),   t the sizes of tied sets,
//! ```
//!
//! without continuity correction. Give it one value per repeat, as [`super::sign_flip()`].

use paucal_metrics::{Result, Undefined};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The exact distribution is used up to this many differences that are not 0.
const EXACT_UP_TO: usize = 50;

/// The outcome of a signed-rank test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wilcoxon {
    /// Differences that are not 0.
    pub values: usize,
    /// Differences that are 0, left out.
    pub zeros: usize,
    /// Rank sum of the positive differences, W⁺.
    pub positive_ranks: f64,
    /// Two-sided p-value; 1 when every difference is 0.
    pub p: f64,
    /// Whether the p-value is exact.
    pub exact: bool,
}

/// Tests whether `differences` (at least one) are symmetric around 0.
pub fn wilcoxon(differences: &[f64]) -> Result<Wilcoxon> {
    super::check(differences, 1)?;
    let mut kept: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    kept.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (doubled, ties) = doubled_ranks(&kept);
    let positive: u64 = doubled.iter().zip(&kept).filter(|(_, d)| **d > 0.0).map(|(r, _)| r).sum();
    let exact = kept.len() <= EXACT_UP_TO;
    let p = if exact { exact_p(&doubled, positive) } else { normal_p(kept.len(), positive, ties)? };
    let zeros = differences.len() - kept.len();
    Ok(Wilcoxon { values: kept.len(), zeros, positive_ranks: positive as f64 / 2.0, p, exact })
}

/// Twice the mean rank of each of the magnitudes, which ascend, and Σ(t³ − t).
fn doubled_ranks(sorted: &[f64]) -> (Vec<u64>, f64) {
    let (mut ranks, mut ties) = (Vec::with_capacity(sorted.len()), 0.0);
    for tied in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let (before, size) = (ranks.len() as u64, tied.len() as u64);
        ranks.extend(std::iter::repeat_n(2 * before + size + 1, tied.len()));
        ties += (size.pow(3) - size) as f64;
    }
    (ranks, ties)
}

/// Share of sign patterns whose rank sum is at least as far from its centre as the observed one.
fn exact_p(doubled: &[u64], positive: u64) -> f64 {
    let total: u64 = doubled.iter().sum();
    // Probability of each doubled rank sum.
    let mut law = vec![0.0; total as usize + 1];
    law[0] = 1.0;
    for &rank in doubled {
        for sum in (0..law.len()).rev() {
            let with = if sum as u64 >= rank { law[sum - rank as usize] } else { 0.0 };
            law[sum] = f64::midpoint(law[sum], with);
        }
    }
    let distance = (2 * positive).abs_diff(total);
    let far = |&(sum, _): &(usize, &f64)| (2 * sum as u64).abs_diff(total) >= distance;
    law.iter().enumerate().filter(far).map(|(_, share)| share).sum::<f64>().min(1.0)
}

fn normal_p(count: usize, positive: u64, ties: f64) -> Result<f64> {
    let n = count as f64;
    let centre = n * (n + 1.0) / 4.0;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (positive as f64 / 2.0 - centre) / variance.sqrt();
    let normal = Normal::new(0.0, 1.0).map_err(|_| Undefined::NotFinite)?;
    Ok(2.0 * normal.sf(z.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_by_hand() {
        // All five positive: two of 32 patterns are as extreme.
        let test = wilcoxon(&[0.1, 0.2, 0.3, 0.4, 0.5]).unwrap();
        assert_eq!((test.positive_ranks, test.p, test.exact), (15.0, 2.0 / 32.0, true));
        // Ties share ranks: |d| = 1, 1, 2 has ranks 1.5, 1.5, 3; W+ = 4.5 is one of {0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6}.
        let tied = wilcoxon(&[1.0, -1.0, 2.0]).unwrap();
        assert_eq!((tied.positive_ranks, tied.p), (4.5, 0.75));
    }

    #[test]
    fn zeros_are_left_out_and_counted() {
        let test = wilcoxon(&[0.0, 0.5, 0.0, -0.0]).unwrap();
        assert_eq!((test.values, test.zeros, test.p), (1, 3, 1.0));
        assert_eq!(wilcoxon(&[0.0]).unwrap().p, 1.0);
        assert!(wilcoxon(&[]).is_err());
    }
}

//! How sure can one be? Intervals for shares, areas under curves and anything that can be resampled.

use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::association::average_ranks;
use crate::classification::{auroc, ranking::class_scores};
use crate::column::{mean, quantile};
use crate::{Result, Undefined};

/// A two-sided confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, 0.95 for a 95 % interval.
    pub level: f64,
}

/// Which ends of the bootstrap distribution are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The plain percentiles (Efron 1979).
    Percentile,
    /// Bias-corrected and accelerated (Efron 1987): second-order accurate, at the price of one more
    /// evaluation per row.
    Bca,
}

/// A keyed bootstrap. Repeat `i` draws from the stream ("bootstrap", `i`) of `seed`, so the result
/// does not depend on the number of threads.
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap {
    /// Number of resamples; 1000 or more for a 95 % interval.
    pub repeats: usize,
    /// Confidence level in (0, 1).
    pub level: f64,
    /// Where the draws come from.
    pub seed: Seed,
}

impl Bootstrap {
    /// A 95 % interval from 1000 resamples.
    pub fn new(seed: Seed) -> Self {
        Self { repeats: 1000, level: 0.95, seed }
    }

    /// The interval of `statistic`, which is called with row indices.
    ///
    /// Rows are the concatenation of strata with the given sizes; each stratum is resampled on its
    /// own, so class counts stay fixed. Resamples on which the statistic is undefined are left out;
    /// when they are the majority, the first reason is returned.
    ///
    /// ```
    /// use paucal_core::Seed;
    /// use paucal_metrics::interval::{Bootstrap, Ends};
    /// let x = [2.0, 4.0, 6.0, 8.0];
    /// let mean = |rows: &[usize]| Ok(rows.iter().map(|&i| x[i]).sum::<f64>() / 4.0);
    /// let interval = Bootstrap::new(Seed(1)).interval(&[4], Ends::Percentile, mean).unwrap();
    /// assert!(interval.low < 5.0 && 5.0 < interval.high);
    /// ```
    pub fn interval(
        &self,
        strata: &[usize],
        ends: Ends,
        statistic: impl Fn(&[usize]) -> Result<f64> + Sync,
    ) -> Result<Interval> {
        check_level(self.level)?;
        if strata.contains(&0) || strata.is_empty() {
            return Err(Undefined::Empty);
        }
        let replicates = self.replicates(strata, &statistic)?;
        let tail = (1.0 - self.level) / 2.0;
        let (low, high) = match ends {
            Ends::Percentile => (tail, 1.0 - tail),
            Ends::Bca => bca_ends(strata.iter().sum(), tail, &replicates, &statistic)?,
        };
        Ok(Interval { low: quantile(&replicates, low), high: quantile(&replicates, high), level: self.level })
    }

    /// The defined resampled values, ascending.
    fn replicates(
        &self,
        strata: &[usize],
        statistic: &(impl Fn(&[usize]) -> Result<f64> + Sync),
    ) -> Result<Vec<f64>> {
        let all: Vec<Result<f64>> = (0..self.repeats as u64)
            .into_par_iter()
            .map(|repeat| {
                let mut stream = self.seed.stream("bootstrap", repeat);
                let mut rows = Vec::with_capacity(strata.iter().sum());
                let mut first = 0;
                for &size in strata {
                    rows.extend((0..size).map(|_| first + stream.index(size)));
                    first += size;
                }
                statistic(&rows).and_then(crate::score::finite)
            })
            .collect();
        let reason = all.iter().find_map(|r| r.as_ref().err().cloned());
        let mut defined: Vec<f64> = all.into_iter().filter_map(Result::ok).collect();
        if defined.len() * 2 <= self.repeats {
            return Err(reason.unwrap_or(Undefined::TooFew { needed: 1, found: 0 }));
        }
        defined.sort_unstable_by(f64::total_cmp);
        Ok(defined)
    }
}

/// The percentiles that correct for bias and skewness.
fn bca_ends(
    rows: usize,
    tail: f64,
    replicates: &[f64],
    statistic: &(impl Fn(&[usize]) -> Result<f64> + Sync),
) -> Result<(f64, f64)> {
    let everything: Vec<usize> = (0..rows).collect();
    let estimate = statistic(&everything)?;
    let below = replicates.partition_point(|r| *r < estimate);
    let tied = replicates.partition_point(|r| *r <= estimate) - below;
    let share = (below as f64 + tied as f64 / 2.0) / replicates.len() as f64;
    // A share of 0 or 1 would give an infinite correction; stay half a replicate away.
    let edge = 0.5 / replicates.len() as f64;
    let bias = standard_normal().inverse_cdf(share.clamp(edge, 1.0 - edge));
    let acceleration = acceleration(rows, statistic)?;
    let end = |q: f64| {
        let z = bias + standard_normal().inverse_cdf(q);
        standard_normal().cdf(bias + z / (1.0 - acceleration * z))
    };
    Ok((end(tail), end(1.0 - tail)))
}

/// One sixth of the jackknife skewness.
fn acceleration(rows: usize, statistic: &(impl Fn(&[usize]) -> Result<f64> + Sync)) -> Result<f64> {
    let left_out: Result<Vec<f64>> = (0..rows)
        .into_par_iter()
        .map(|out| statistic(&(0..rows).filter(|&i| i != out).collect::<Vec<usize>>()))
        .collect();
    let left_out = left_out?;
    let centre = mean(&left_out);
    let squares: f64 = left_out.iter().map(|v| (centre - v).powi(2)).sum();
    let cubes: f64 = left_out.iter().map(|v| (centre - v).powi(3)).sum();
    Ok(if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 })
}

/// Wilson's score interval for a share (1927): good coverage at small counts and near 0 and 1.
pub fn wilson(successes: u64, trials: u64, level: f64) -> Result<Interval> {
    check_level(level)?;
    if trials == 0 {
        return Err(Undefined::Empty);
    }
    if successes > trials {
        return Err(Undefined::OutOfRange { value: successes as f64 / trials as f64 });
    }
    let z = standard_normal().inverse_cdf(0.5 + level / 2.0);
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let shrink = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the bound is exact; rounding must not blur it.
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Ok(Interval { low, high, level })
}

/// `estimate ± z · sqrt(variance)`, without clipping.
pub fn normal_interval(estimate: f64, variance: f64, level: f64) -> Result<Interval> {
    check_level(level)?;
    if variance.is_nan() || variance < 0.0 {
        return Err(Undefined::OutOfRange { value: variance });
    }
    let half = standard_normal().inverse_cdf(0.5 + level / 2.0) * variance.sqrt();
    Ok(Interval { low: estimate - half, high: estimate + half, level })
}

/// Variance of an AUROC from its value and the class counts alone, under exponential scores (Hanley
/// and McNeil 1982).
pub fn hanley_variance(auc: f64, positives: usize, negatives: usize) -> Result<f64> {
    if !(0.0..=1.0).contains(&auc) {
        return Err(Undefined::OutOfRange { value: auc });
    }
    if positives == 0 || negatives == 0 {
        return Err(Undefined::OneClass);
    }
    let (p, n) = (positives as f64, negatives as f64);
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let spread = (p - 1.0) * (q1 - auc * auc) + (n - 1.0) * (q2 - auc * auc);
    Ok((auc * (1.0 - auc) + spread) / (p * n))
}

/// Variance of an AUROC from the scores themselves (DeLong et al. 1988). Needs two rows of each
/// class.
pub fn delong_variance(truth: &[bool], score: &[f64]) -> Result<f64> {
    let placements = Placements::new(truth, score)?;
    placements.covariance(&placements)
}

/// Difference of the AUROCs of two scores on the same rows, `first - second`, and its variance, which
/// accounts for their correlation (DeLong et al. 1988).
pub fn delong_difference(truth: &[bool], first: &[f64], second: &[f64]) -> Result<(f64, f64)> {
    let (a, b) = (Placements::new(truth, first)?, Placements::new(truth, second)?);
    let variance = a.covariance(&a)? + b.covariance(&b)? - 2.0 * a.covariance(&b)?;
    Ok((auroc(truth, first)? - auroc(truth, second)?, variance.max(0.0)))
}

/// DeLong's structural components: for every positive the share of negatives below it, and for every
/// negative the share of positives above it, ties counting half.
struct Placements {
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

impl Placements {
    fn new(truth: &[bool], score: &[f64]) -> Result<Self> {
        auroc(truth, score)?;
        let (p, n) = class_scores(truth, score);
        if p.len().min(n.len()) < 2 {
            return Err(Undefined::TooFew { needed: 2, found: p.len().min(n.len()) });
        }
        // Rank among all minus rank within the own class counts the other class below.
        let pooled = average_ranks(&[p.clone(), n.clone()].concat());
        let below = |ranks: &[f64], own: &[f64]| -> Vec<f64> {
            ranks.iter().zip(average_ranks(own)).map(|(all, own)| all - own).collect()
        };
        let (np, nn) = (p.len() as f64, n.len() as f64);
        Ok(Self {
            positives: below(&pooled[..p.len()], &p).into_iter().map(|count| count / nn).collect(),
            negatives: below(&pooled[p.len()..], &n).into_iter().map(|count| 1.0 - count / np).collect(),
        })
    }

    fn covariance(&self, other: &Self) -> Result<f64> {
        let class = |a: &[f64], b: &[f64]| {
            let (ma, mb) = (mean(a), mean(b));
            let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
            sum / ((a.len() - 1) * a.len()) as f64
        };
        crate::score::finite(
            class(&self.positives, &other.positives) + class(&self.negatives, &other.negatives),
        )
    }
}

/// Overlap of a statistic's real and synthetic confidence intervals, the mean of the overlap's share of
/// each (Karr et al. 2006). At most 1, higher is better; negative when they are disjoint.
pub fn interval_overlap(real: &Interval, synthetic: &Interval) -> Result<f64> {
    let overlap = real.high.min(synthetic.high) - real.low.max(synthetic.low);
    let (r, s) = (real.high - real.low, synthetic.high - synthetic.low);
    if r > 0.0 && s > 0.0 { Ok(0.5 * (overlap / r + overlap / s)) } else { Err(Undefined::Constant) }
}

fn standard_normal() -> Normal {
    Normal::standard()
}

fn check_level(level: f64) -> Result<()> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(Undefined::OutOfRange { value: level }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_of_small_counts() {
        // Newcombe 1998, table I: 15 of 148 and 0 of 20.
        let interval = wilson(15, 148, 0.95).unwrap();
        assert!((interval.low - 0.0624).abs() < 5e-5 && (interval.high - 0.1605).abs() < 5e-5);
        let interval = wilson(0, 20, 0.95).unwrap();
        assert!(interval.low == 0.0 && (interval.high - 0.1611).abs() < 5e-5);
        assert_eq!(wilson(0, 0, 0.95), Err(Undefined::Empty));
        assert_eq!(wilson(1, 2, 1.0), Err(Undefined::OutOfRange { value: 1.0 }));
    }

    #[test]
    fn bootstrap_is_keyed_and_covers_a_mean() {
        let x: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let mean_of = |rows: &[usize]| Ok(rows.iter().map(|&i| x[i]).sum::<f64>() / rows.len() as f64);
        for ends in [Ends::Percentile, Ends::Bca] {
            let bootstrap = |seed| Bootstrap::new(Seed(seed)).interval(&[100], ends, mean_of).unwrap();
            assert_eq!(bootstrap(1), bootstrap(1));
            assert_ne!(bootstrap(1), bootstrap(2));
            // 4.5 ± 1.96 · 2.87 / 10.
            assert!((bootstrap(1).low - 3.94).abs() < 0.1 && (bootstrap(1).high - 5.06).abs() < 0.1);
        }
    }

    #[test]
    fn bca_leans_towards_the_long_tail() {
        let x: Vec<f64> = (1..=40).map(|i| (f64::from(i) / 8.0).exp()).collect();
        let mean_of = |rows: &[usize]| Ok(rows.iter().map(|&i| x[i]).sum::<f64>() / rows.len() as f64);
        let of = |ends| Bootstrap::new(Seed(3)).interval(&[40], ends, mean_of).unwrap();
        let (plain, corrected) = (of(Ends::Percentile), of(Ends::Bca));
        assert!(corrected.low > plain.low && corrected.high > plain.high);
    }

    #[test]
    fn strata_keep_their_sizes() {
        let positives = |rows: &[usize]| Ok(rows.iter().filter(|&&i| i < 3).count() as f64);
        let interval = Bootstrap::new(Seed(1)).interval(&[3, 7], Ends::Percentile, positives).unwrap();
        assert_eq!((interval.low, interval.high), (3.0, 3.0));
    }

    #[test]
    fn a_statistic_that_mostly_fails_has_no_interval() {
        let failing = |_: &[usize]| Err(Undefined::OneClass);
        let interval = Bootstrap::new(Seed(1)).interval(&[5], Ends::Percentile, failing);
        assert_eq!(interval, Err(Undefined::OneClass));
    }

    #[test]
    fn overlap_of_intervals() {
        let interval = |low, high| Interval { low, high, level: 0.95 };
        assert_eq!(interval_overlap(&interval(0.0, 2.0), &interval(1.0, 3.0)), Ok(0.5));
        assert_eq!(interval_overlap(&interval(0.0, 1.0), &interval(2.0, 3.0)), Ok(-1.0));
        assert_eq!(interval_overlap(&interval(0.0, 0.0), &interval(0.0, 1.0)), Err(Undefined::Constant));
    }

    #[test]
    fn the_same_score_differs_by_nothing() {
        let truth = [true, false, true, false, true];
        let score = [0.9, 0.2, 0.6, 0.7, 0.4];
        let (difference, variance) = delong_difference(&truth, &score, &score).unwrap();
        assert!(difference == 0.0 && variance.abs() < 1e-12);
        assert_eq!(hanley_variance(1.0, 5, 5), Ok(0.0));
    }
}

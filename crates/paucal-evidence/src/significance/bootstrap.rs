//! The bootstrap over patients.
//!
//! Efron, Tibshirani: *An Introduction to the Bootstrap* (1993), ch. 13 (percentile) and 14 (BCa);
//! resampling whole clusters: Field, Welsh: *Bootstrapping clustered data*, JRSS B 69 (2007). Rows of
//! one patient are not independent, so patients are drawn, with all their rows, and within strata
//! (patients with and without a positive row), so that a replicate has as many positive patients as the
//! data.

use paucal_core::Seed;
use paucal_metrics::{Result, Undefined};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// Delete-a-block jackknife: at most this many blocks of patients estimate BCa's acceleration.
const BLOCKS: usize = 200;

/// How the ends of the interval are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// Quantiles of the replicates.
    #[default]
    Percentile,
    /// Bias-corrected and accelerated quantiles.
    Bca,
}

/// Parameters of the bootstrap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// Number of replicates, at least 100.
    pub replicates: usize,
    /// Coverage, in (0, 1).
    pub level: f64,
    /// How the ends are found.
    pub kind: IntervalKind,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 2_000, level: 0.95, kind: IntervalKind::Percentile }
    }
}

/// An estimate with its bootstrap interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// The statistic of the data.
    pub estimate: f64,
    /// Standard deviation of the replicates.
    pub standard_error: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Replicates in which the statistic was defined.
    pub replicates: usize,
    /// Number of patients.
    pub clusters: usize,
}

/// Bootstraps a statistic of patients. `strata` holds the stratum of each patient; `statistic` takes how
/// often each patient is counted (all 1 for the data themselves) and returns `None` where it is undefined.
pub fn clustered_bootstrap(
    strata: &[usize],
    statistic: impl Fn(&[f64]) -> Option<f64> + Sync,
    options: &Bootstrap,
    seed: Seed,
) -> Result<BootstrapInterval> {
    if strata.len() < 2 {
        return Err(Undefined::TooFew { needed: 2, found: strata.len() });
    }
    if options.replicates < 100 {
        return Err(Undefined::TooFew { needed: 100, found: options.replicates });
    }
    super::check_share(options.level)?;
    let estimate = statistic(&vec![1.0; strata.len()]).ok_or(Undefined::NothingContributes)?;
    let resampler = Resampler::new(strata);
    let mut replicates: Vec<f64> = (0..options.replicates as u64)
        .into_par_iter()
        .filter_map(|step| statistic(&resampler.draw(seed, step)))
        .collect();
    if replicates.len() < 100 {
        return Err(Undefined::TooFew { needed: 100, found: replicates.len() });
    }
    let centre = super::mean(&replicates);
    let variance =
        replicates.iter().map(|r| (r - centre).powi(2)).sum::<f64>() / (replicates.len() - 1) as f64;
    replicates.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - options.level) / 2.0;
    let (lower, upper) = match options.kind {
        IntervalKind::Percentile => (tail, 1.0 - tail),
        IntervalKind::Bca => accelerated(&replicates, estimate, &jackknife(strata.len(), &statistic), tail)?,
    };
    Ok(BootstrapInterval {
        estimate,
        standard_error: variance.sqrt(),
        low: quantile(&replicates, lower),
        high: quantile(&replicates, upper),
        replicates: replicates.len(),
        clusters: strata.len(),
    })
}

/// Draws patients with replacement, stratum by stratum.
#[derive(Debug, Clone)]
pub struct Resampler {
    /// The patients of each stratum.
    members: Vec<Vec<usize>>,
    patients: usize,
}

impl Resampler {
    /// For patients with these strata.
    pub fn new(strata: &[usize]) -> Self {
        let mut members = vec![Vec::new(); strata.iter().max().map_or(0, |s| s + 1)];
        strata.iter().enumerate().for_each(|(patient, &stratum)| members[stratum].push(patient));
        Self { members, patients: strata.len() }
    }

    /// How often each patient is counted in replicate `step`.
    pub fn draw(&self, seed: Seed, step: u64) -> Vec<f64> {
        let mut stream = seed.stream("significance/bootstrap", step);
        let mut counts = vec![0.0; self.patients];
        for stratum in &self.members {
            for _ in 0..stratum.len() {
                counts[stratum[stream.index(stratum.len())]] += 1.0;
            }
        }
        counts
    }
}

/// The statistic without each of up to [`BLOCKS`] blocks of patients (patient i is in block i mod count).
fn jackknife(clusters: usize, statistic: &(impl Fn(&[f64]) -> Option<f64> + Sync)) -> Vec<f64> {
    let blocks = clusters.min(BLOCKS);
    let without = |block: usize| -> Vec<f64> {
        (0..clusters).map(|cluster| f64::from(u8::from(cluster % blocks != block))).collect()
    };
    (0..blocks).into_par_iter().filter_map(|block| statistic(&without(block))).collect()
}

/// The BCa levels of both ends (eq. 14.9–14.15).
fn accelerated(sorted: &[f64], estimate: f64, left_out: &[f64], tail: f64) -> Result<(f64, f64)> {
    let normal = Normal::new(0.0, 1.0).map_err(|_| Undefined::NotFinite)?;
    // Replicates equal to the estimate count half, so that a discrete statistic is not called biased.
    let below = sorted.iter().filter(|r| **r < estimate).count() as f64;
    let equal = sorted.iter().filter(|r| **r == estimate).count() as f64;
    let edge = 0.5 / sorted.len() as f64;
    let bias = normal.inverse_cdf(((below + equal / 2.0) / sorted.len() as f64).clamp(edge, 1.0 - edge));
    let centre = super::mean(left_out);
    let power = |k: i32| left_out.iter().map(|v| (centre - v).powi(k)).sum::<f64>();
    let spread = power(2).powf(1.5);
    let acceleration = if spread > 0.0 { power(3) / (6.0 * spread) } else { 0.0 };
    let level = |tail: f64| {
        let z = bias + normal.inverse_cdf(tail);
        normal.cdf(bias + z / (1.0 - acceleration * z))
    };
    Ok((level(tail), level(1.0 - tail)))
}

/// The quantile by linear interpolation (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted_mean(values: &[f64]) -> impl Fn(&[f64]) -> Option<f64> + Sync + '_ {
        |weights| {
            let total: f64 = weights.iter().sum();
            (total > 0.0).then(|| values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total)
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_the_textbook_one() {
        let mut stream = Seed(3).stream("values", 0);
        let values: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
        let spread =
            (values.iter().map(|v| v * v).sum::<f64>() / 200.0 - super::super::mean(&values).powi(2)).sqrt();
        let expected = 1.96 * spread / 200.0_f64.sqrt();
        for kind in [IntervalKind::Percentile, IntervalKind::Bca] {
            let options = Bootstrap { replicates: 4_000, kind, ..Bootstrap::default() };
            let got = clustered_bootstrap(&[0; 200], weighted_mean(&values), &options, Seed(1)).unwrap();
            assert!(((got.high - got.low) / 2.0 / expected - 1.0).abs() < 0.06, "{got:?} {expected}");
            assert_eq!(
                got,
                clustered_bootstrap(&[0; 200], weighted_mean(&values), &options, Seed(1)).unwrap()
            );
        }
    }

    #[test]
    fn bca_leans_with_the_skew() {
        let mut stream = Seed(4).stream("values", 0);
        let values: Vec<f64> = (0..60).map(|_| (1.5 * stream.normal()).exp()).collect();
        let ends = |kind| {
            let options = Bootstrap { kind, ..Bootstrap::default() };
            clustered_bootstrap(&[0; 60], weighted_mean(&values), &options, Seed(1)).unwrap()
        };
        let (plain, bca) = (ends(IntervalKind::Percentile), ends(IntervalKind::Bca));
        assert!(bca.low > plain.low && bca.high > plain.high, "{plain:?} {bca:?}");
    }

    #[test]
    fn strata_keep_their_sizes() {
        let strata = [0, 0, 0, 1, 1];
        let sizes = |w: &[f64]| Some(w[3] + w[4]);
        let got = clustered_bootstrap(&strata, sizes, &Bootstrap::default(), Seed(1)).unwrap();
        assert_eq!((got.low, got.high, got.standard_error), (2.0, 2.0, 0.0));
        assert!(clustered_bootstrap(&[0], sizes, &Bootstrap::default(), Seed(1)).is_err());
    }
}

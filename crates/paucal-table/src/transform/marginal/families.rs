//! Parametric marginals, chosen by the Kolmogorov–Smirnov distance.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF, Gamma, LogNormal, Normal};
use statrs::function::gamma::digamma;

use super::{Quantiles, kernel};

/// Knots of the table of a parametric quantile function.
const KNOTS: usize = 257;

/// Where a marginal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// The training values, smoothed.
    Empirical,
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Log-normal, for positive values.
    LogNormal {
        /// Mean of the logarithms.
        mean: f64,
        /// Standard deviation of the logarithms.
        deviation: f64,
    },
    /// Gamma, for positive values; maximum likelihood (Minka 2002).
    Gamma {
        /// Shape.
        shape: f64,
        /// Rate.
        rate: f64,
    },
    /// Beta stretched over the range of the data; by moments, because its four-parameter likelihood is
    /// ill-conditioned on skewed columns.
    Beta {
        /// First shape.
        alpha: f64,
        /// Second shape.
        beta: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A Gaussian kernel density.
    Kernel {
        /// Its bandwidth.
        bandwidth: f64,
    },
}

impl Family {
    /// The family closest to ascending values. A column of one value, or one no family fits, stays
    /// empirical.
    pub fn choose(sorted: &[f64]) -> Self {
        Self::among(&[normal(sorted), log_normal(sorted), gamma(sorted), beta(sorted)], sorted)
    }

    /// The same with a kernel density among the candidates. A column of few values stays empirical.
    pub fn closest(sorted: &[f64]) -> Self {
        if Quantiles::has_few_values(sorted) {
            return Self::Empirical;
        }
        let kernel = kernel::bandwidth(sorted).map(|bandwidth| Self::Kernel { bandwidth });
        Self::among(&[normal(sorted), log_normal(sorted), gamma(sorted), beta(sorted), kernel], sorted)
    }

    fn among(candidates: &[Option<Self>], sorted: &[f64]) -> Self {
        candidates
            .iter()
            .flatten()
            .filter_map(|family| Some((family.distance(sorted)?, *family)))
            .min_by(|(a, _), (b, _)| a.total_cmp(b))
            .map_or(Self::Empirical, |(_, family)| family)
    }

    /// The quantile function between the smallest and the largest of ascending values.
    pub fn table(self, sorted: &[f64]) -> Quantiles {
        if let Self::Kernel { bandwidth } = self {
            return kernel::table(sorted, bandwidth);
        }
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        match self.distribution() {
            None => Quantiles::empirical(sorted),
            Some(d) => Quantiles::tabulate(KNOTS, |p| match p {
                p if p <= 0.0 => min,
                p if p >= 1.0 => max,
                p => d.quantile(p).clamp(min, max),
            }),
        }
    }

    /// Kolmogorov–Smirnov distance to ascending values.
    fn distance(self, sorted: &[f64]) -> Option<f64> {
        let distance = if let Self::Kernel { bandwidth } = self {
            let table = kernel::table(sorted, bandwidth);
            kolmogorov_smirnov(sorted, |x| table.cdf(x))
        } else {
            let distribution = self.distribution()?;
            kolmogorov_smirnov(sorted, |x| distribution.cdf(x))
        };
        distance.is_finite().then_some(distance)
    }

    fn distribution(self) -> Option<Distribution> {
        Some(match self {
            Self::Empirical | Self::Kernel { .. } => return None,
            Self::Normal { mean, deviation } => Distribution::Normal(Normal::new(mean, deviation).ok()?),
            Self::LogNormal { mean, deviation } => {
                Distribution::LogNormal(LogNormal::new(mean, deviation).ok()?)
            }
            Self::Gamma { shape, rate } => Distribution::Gamma(Gamma::new(shape, rate).ok()?),
            Self::Beta { alpha, beta, low, high } => {
                Distribution::Beta { unit: Beta::new(alpha, beta).ok()?, low, high }
            }
        })
    }
}

/// The checked distributions.
enum Distribution {
    Normal(Normal),
    LogNormal(LogNormal),
    Gamma(Gamma),
    Beta { unit: Beta, low: f64, high: f64 },
}

impl Distribution {
    fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Normal(d) => d.cdf(x),
            Self::LogNormal(d) => d.cdf(x),
            Self::Gamma(d) => d.cdf(x),
            Self::Beta { unit, low, high } => unit.cdf((x - low) / (high - low)),
        }
    }

    fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Normal(d) => d.inverse_cdf(p),
            Self::LogNormal(d) => d.inverse_cdf(p),
            Self::Gamma(d) => d.inverse_cdf(p),
            Self::Beta { unit, low, high } => low + (high - low) * unit.inverse_cdf(p),
        }
    }
}

/// The largest gap between the distribution of ascending values and a distribution function.
fn kolmogorov_smirnov(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = sorted.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let f = cdf(x);
        (f - i as f64 / n).max((i + 1) as f64 / n - f)
    };
    sorted.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// Mean and population standard deviation.
pub fn moments(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    (mean, (values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt())
}

fn normal(sorted: &[f64]) -> Option<Family> {
    let (mean, deviation) = moments(sorted.iter().copied());
    (deviation > 0.0 && deviation.is_finite()).then_some(Family::Normal { mean, deviation })
}

fn log_normal(sorted: &[f64]) -> Option<Family> {
    if sorted[0] <= 0.0 {
        return None;
    }
    let (mean, deviation) = moments(sorted.iter().map(|x| x.ln()));
    (deviation > 0.0).then_some(Family::LogNormal { mean, deviation })
}

/// Maximum likelihood by Minka's generalised Newton iteration on the shape.
fn gamma(sorted: &[f64]) -> Option<Family> {
    if sorted[0] <= 0.0 {
        return None;
    }
    let (mean, deviation) = moments(sorted.iter().copied());
    let (log_mean, _) = moments(sorted.iter().map(|x| x.ln()));
    let gap = mean.ln() - log_mean;
    if !(gap > 1e-12 && deviation > 0.0) {
        return None;
    }
    let mut shape = 0.5 / gap;
    for _ in 0..50 {
        let slope = trigamma_like(shape);
        let inverse =
            1.0 / shape + (shape.ln() - digamma(shape) - gap) / (shape * shape * (1.0 / shape - slope));
        let next = 1.0 / inverse;
        if !(next.is_finite() && next > 0.0) {
            return None;
        }
        let done = (next - shape).abs() < 1e-10 * shape;
        shape = next;
        if done {
            break;
        }
    }
    Some(Family::Gamma { shape, rate: shape / mean })
}

/// ψ′(x) by a central difference of ψ.
fn trigamma_like(x: f64) -> f64 {
    let h = 1e-4 * x;
    (digamma(x + h) - digamma(x - h)) / (2.0 * h)
}

fn beta(sorted: &[f64]) -> Option<Family> {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    // Half a row's share beyond the data on both sides.
    let margin = (max - min) / (2.0 * sorted.len() as f64);
    let (low, high) = (min - margin, max + margin);
    let (mean, deviation) = moments(sorted.iter().map(|x| (x - low) / (high - low)));
    let total = mean * (1.0 - mean) / (deviation * deviation) - 1.0;
    (total.is_finite() && total > 0.0).then_some(Family::Beta {
        alpha: mean * total,
        beta: (1.0 - mean) * total,
        low,
        high,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    fn draws(quantile: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut stream = Seed(8).stream("draws", 0);
        let mut values: Vec<f64> = (0..2000).map(|_| quantile(stream.uniform())).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    #[test]
    fn the_family_that_made_the_data_is_found() {
        let values = draws(|p| LogNormal::new(1.0, 0.8).unwrap().inverse_cdf(p));
        assert!(
            matches!(Family::choose(&values), Family::LogNormal { mean, .. } if (mean - 1.0).abs() < 0.06)
        );
        let values = draws(|p| Gamma::new(2.0, 0.5).unwrap().inverse_cdf(p));
        assert!(matches!(Family::choose(&values), Family::Gamma { shape, .. } if (shape - 2.0).abs() < 0.2));
        let values = draws(|p| Normal::new(-3.0, 2.0).unwrap().inverse_cdf(p));
        assert!(matches!(Family::choose(&values), Family::Normal { .. } | Family::Beta { .. }));
        let values = draws(|p| 5.0 + Beta::new(0.5, 0.5).unwrap().inverse_cdf(p));
        assert!(matches!(Family::choose(&values), Family::Beta { .. }));
        assert_eq!(Family::choose(&[2.0, 2.0]), Family::Empirical);
        let values = draws(|p| if p < 0.5 { 4.0 * p } else { 100.0 + 4.0 * p });
        assert!(matches!(Family::closest(&values), Family::Kernel { .. }));
        assert_eq!(Family::closest(&[[0.0; 10], [1.0; 10]].concat()), Family::Empirical);
    }

    #[test]
    fn tables_stay_in_range_and_close_to_the_family() {
        let values = draws(|p| Gamma::new(2.0, 0.5).unwrap().inverse_cdf(p));
        let family = gamma(&values).unwrap();
        let (table, exact) = (family.table(&values), family.distribution().unwrap());
        for p in [0.01, 0.2, 0.5, 0.9, 0.99] {
            assert!((table.quantile(p) - exact.quantile(p)).abs() < 0.01 * exact.quantile(p), "{p}");
        }
        assert_eq!((table.quantile(0.0), table.quantile(1.0)), (values[0], values[1999]));
    }
}

//! A Gaussian kernel density as a marginal.

use super::Quantiles;
use super::families::moments;
use crate::transform::gauss;

/// Points at which the distribution function is evaluated.
const POINTS: usize = 513;
/// Most kernels; a longer column is represented by evenly spaced order statistics.
const MOST: usize = 1000;
/// Bandwidths from its centre beyond which a kernel is 0 or 1.
const REACH: f64 = 6.0;

/// Scott's bandwidth (1992) of ascending values, `h = σ n^(−1/5)`; `None` for values that are all equal.
pub fn bandwidth(sorted: &[f64]) -> Option<f64> {
    let (_, deviation) = moments(sorted.iter().copied());
    let h = deviation * (sorted.len() as f64).powf(-0.2);
    (h > 0.0 && h.is_finite()).then_some(h)
}

/// `F(x) = mean Φ((x − xᵢ)/h)` between the smallest and the largest of ascending values. What lies beyond is put at
/// the ends.
pub fn table(sorted: &[f64], h: f64) -> Quantiles {
    let count = sorted.len().min(MOST);
    let centre = |k: usize| sorted[(2 * k + 1) * sorted.len() / (2 * count)];
    let centres: Vec<f64> = (0..count).map(centre).collect();
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let place = |k: usize| min + (max - min) * k as f64 / (POINTS - 1) as f64;
    let values: Vec<f64> = (0..POINTS).map(place).collect();
    let at = values.iter().map(|&x| {
        let below = centres.partition_point(|&c| c < x - REACH * h);
        let near = centres[below..].iter().take_while(|&&c| c <= x + REACH * h);
        (below as f64 + near.map(|c| gauss::cdf((x - c) / h)).sum::<f64>()) / count as f64
    });
    Quantiles::of_distribution(at.collect(), values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    #[test]
    fn the_density_of_two_humps_is_followed() {
        let mut stream = Seed(3).stream("humps", 0);
        let mut values: Vec<f64> =
            (0..2000).map(|i| if i % 2 == 0 { stream.normal() } else { 20.0 + stream.normal() }).collect();
        values.sort_unstable_by(f64::total_cmp);
        let h = bandwidth(&values).unwrap();
        let table = table(&values, h);
        assert!((table.cdf(10.0) - 0.5).abs() < 0.01);
        // The variance of a hump grows by h².
        assert!((table.cdf(0.0) - 0.25).abs() < 0.02);
        assert!((table.quantile(0.25)).abs() < 0.3 && (table.quantile(0.75) - 20.0).abs() < 0.3);
        assert_eq!((table.quantile(0.0), table.quantile(1.0)), (values[0], values[1999]));
        assert_eq!(bandwidth(&[2.0, 2.0]), None);
    }
}

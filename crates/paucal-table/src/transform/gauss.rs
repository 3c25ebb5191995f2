//! The standard normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use statrs::function::erf::{erfc, erfc_inv};

/// Smallest and largest probability that are told from 0 and 1.
const LOWEST: f64 = 1e-300;
const HIGHEST: f64 = 1.0 - 1e-16;

/// Φ(z).
pub fn cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

/// Φ⁻¹(p), finite for every p: p is kept between 1e-300 and 1 − 1e-16.
pub fn quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p.clamp(LOWEST, HIGHEST))
}

/// φ(z), 0 at ±∞.
pub fn density(z: f64) -> f64 {
    const NORM: f64 = 0.398_942_280_401_432_7;
    NORM * (-0.5 * z * z).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.norm.ppf and .cdf.
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (1e-10, -6.361_340_902_404_056)] {
            assert!((quantile(p) - z).abs() < 1e-9, "{p}");
            assert!((cdf(z) - p).abs() < 1e-10, "{z}");
        }
        assert!(quantile(0.0).is_finite() && quantile(1.0).is_finite());
        assert_eq!(density(f64::INFINITY), 0.0);
    }
}

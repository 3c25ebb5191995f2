//! One column as a curve over another, by least squares.

use serde::{Deserialize, Serialize};

/// A curve with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Curve {
    /// y = offset + slope · x.
    Line {
        /// Value at 0.
        offset: f64,
        /// Rise per unit.
        slope: f64,
    },
    /// y = factor · x^power for positive numbers, fitted to logarithms.
    Power {
        /// ln of the value at 1.
        log_factor: f64,
        /// The power.
        power: f64,
    },
}

impl Curve {
    /// The curve that explains most of the variance of `y`, and the share it explains. Missing pairs are skipped; none is
    /// found where a side does not vary.
    pub fn fit(x: &[f64], y: &[f64]) -> Option<(Self, f64)> {
        let pairs: Vec<(f64, f64)> =
            x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(&x, &y)| (x, y)).collect();
        let line = least_squares(&pairs).map(|(offset, slope)| Self::Line { offset, slope });
        let positive = pairs.iter().all(|&(x, y)| x > 0.0 && y > 0.0);
        let power = positive.then(|| {
            let logs: Vec<(f64, f64)> = pairs.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
            least_squares(&logs).map(|(log_factor, power)| Self::Power { log_factor, power })
        });
        let scored =
            [line, power.flatten()].into_iter().flatten().map(|curve| (curve, curve.explains(&pairs)));
        scored.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// What is left of `y` beside the curve: a difference, or the logarithm of a ratio.
    pub fn residual(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Line { .. } => y - self.at(x),
            Self::Power { .. } => (y / self.at(x)).ln(),
        }
    }

    /// `y` from what is left beside the curve.
    pub fn value(self, x: f64, residual: f64) -> f64 {
        match self {
            Self::Line { .. } => self.at(x) + residual,
            Self::Power { .. } => self.at(x) * residual.exp(),
        }
    }

    fn at(self, x: f64) -> f64 {
        match self {
            Self::Line { offset, slope } => offset + slope * x,
            Self::Power { log_factor, power } => (log_factor + power * x.ln()).exp(),
        }
    }

    /// R² on the scale of `y`.
    fn explains(self, pairs: &[(f64, f64)]) -> f64 {
        let mean = pairs.iter().map(|p| p.1).sum::<f64>() / pairs.len() as f64;
        let left: f64 = pairs.iter().map(|&(x, y)| (y - self.at(x)).powi(2)).sum();
        1.0 - left / pairs.iter().map(|p| (p.1 - mean).powi(2)).sum::<f64>()
    }
}

/// Offset and slope of the least-squares line; none where a side does not vary.
fn least_squares(pairs: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for &(x, y) in pairs {
        xx += (x - mx) * (x - mx);
        xy += (x - mx) * (y - my);
        yy += (y - my) * (y - my);
    }
    let slope = xy / xx;
    (xx > 0.0 && yy > 0.0 && slope.is_finite()).then_some((my - slope * mx, slope))
}

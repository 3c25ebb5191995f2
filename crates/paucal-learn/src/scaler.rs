//! Standard scaling: z = (x − mean) / standard deviation, feature by feature.
//!
//! The deviation is that of the population (divisor n, as in scikit-learn's `StandardScaler`); a
//! constant feature is only centred.

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::input::{Missing, check_values};

/// Means and deviations learnt from training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StandardScaler {
    /// Mean of each feature.
    pub means: Vec<f64>,
    /// Divisor of each feature: its standard deviation, or 1 if it is constant.
    pub scales: Vec<f64>,
}

impl StandardScaler {
    /// Learns from `x` (rows × features).
    pub fn fit(x: ArrayView2<'_, f64>) -> Result<Self, LearnError> {
        check_values(x, Missing::Refuse)?;
        let (means, scales) = x.columns().into_iter().map(moments).unzip();
        Ok(Self { means, scales })
    }

    /// The scaled rows. `x` must have as many columns as there were features.
    pub fn transform(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        self.apply(x, |value, mean, scale| (value - mean) / scale)
    }

    /// Undoes [`transform`](Self::transform).
    pub fn inverse(&self, z: ArrayView2<'_, f64>) -> Array2<f64> {
        self.apply(z, |value, mean, scale| value * scale + mean)
    }

    fn apply(&self, x: ArrayView2<'_, f64>, change: impl Fn(f64, f64, f64) -> f64) -> Array2<f64> {
        assert_eq!(x.ncols(), self.means.len(), "as many features as at fitting");
        let mut out = x.to_owned();
        for (mut column, (&mean, &scale)) in
            out.columns_mut().into_iter().zip(self.means.iter().zip(&self.scales))
        {
            column.mapv_inplace(|value| change(value, mean, scale));
        }
        out
    }
}

/// Mean and divisor of one feature.
fn moments(column: ArrayView1<'_, f64>) -> (f64, f64) {
    let n = column.len() as f64;
    let mean = column.sum() / n;
    let variance = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    // What rounding alone leaves of a constant is no variance (scikit-learn's bound).
    let noise = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
    (mean, if variance <= noise { 1.0 } else { variance.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn scales_to_mean_zero_and_deviation_one_and_back() {
        let x = array![[1.0, 0.1], [2.0, 0.1], [6.0, 0.1]];
        let scaler = StandardScaler::fit(x.view()).unwrap();
        let z = scaler.transform(x.view());
        assert!(z.column(0).sum().abs() < 1e-12);
        assert!((z.column(0).mapv(|v| v * v).sum() / 3.0 - 1.0).abs() < 1e-12);
        assert!(z.column(1).iter().all(|v| v.abs() < 1e-15), "a constant is only centred");
        let back = scaler.inverse(z.view());
        assert!((back - x).iter().all(|d| d.abs() < 1e-12));
    }

    #[test]
    fn refuses_missing_values() {
        let error = StandardScaler::fit(array![[1.0], [f64::NAN]].view()).unwrap_err();
        assert!(matches!(error, LearnError::NotFinite { row: 1, column: 0, .. }));
    }
}

//! Principal components.
//!
//! Pearson (1901); Hotelling (1933). The components are the eigenvectors of the covariance matrix
//! (divisor n − 1) of the centred rows, by falling eigenvalue. With fewer rows than features they are
//! found from the rows × rows inner products instead: X Xᵀ u = s² u gives the component Xᵀ u / s.
//! Signs are chosen as in scikit-learn: the entry of largest absolute value is positive.

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::eigen::symmetric;
use crate::error::require;
use crate::input::{Missing, check_values};

/// Stretches of rows whose inner products are taken side by side.
const STRETCHES: usize = 16;

/// Parameters of principal component analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pca {
    /// How many components to keep; as many as the data can have if `None`: the smaller of features
    /// and rows − 1.
    pub components: Option<usize>,
}

impl Pca {
    /// Name in the registry.
    pub const NAME: &'static str = "pca";

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        require(self.components != Some(0), Self::NAME, "components", 0, "at least 1, or absent for all")
    }

    /// Finds the components of `x` (at least two rows × features).
    pub fn fit(&self, x: ArrayView2<'_, f64>) -> Result<Components, LearnError> {
        self.check()?;
        check_values(x, Missing::Refuse)?;
        let (rows, features) = x.dim();
        let available = features.min(rows - 1);
        let wanted = self.components.unwrap_or(available);
        if wanted > available || available == 0 {
            let wanted = wanted.max(1);
            return Err(LearnError::TooMany { method: Self::NAME, what: "components", wanted, available });
        }
        let means = x.mean_axis(Axis(0)).unwrap_or_default();
        let centred = &x - &means;
        let divisor = (rows - 1) as f64;
        let total: f64 = centred.iter().map(|v| v * v).sum::<f64>() / divisor;
        let (values, mut axes) = if rows > features {
            symmetric((inner_products(&centred) / divisor).view())
        } else {
            from_inner_products(&centred, divisor)
        };
        for mut axis in axes.rows_mut() {
            if largest(axis.iter()) < 0.0 {
                axis.mapv_inplace(|v| -v);
            }
        }
        // Rounding can push a variance of 0 just below it.
        let kept = Slice::from(..wanted);
        let variances = values.slice_axis(Axis(0), kept).mapv(|v| v.max(0.0));
        let ratios = variances.mapv(|v| if total > 0.0 { v / total } else { 0.0 });
        Ok(Components { means, axes: axes.slice_axis(Axis(0), kept).to_owned(), variances, ratios })
    }
}

/// Xᵀ X, the sum of those of some stretches of rows, in their order: the stretches do not depend on the threads.
fn inner_products(centred: &Array2<f64>) -> Array2<f64> {
    let rows = centred.nrows().div_ceil(STRETCHES);
    let stretches: Vec<_> = centred.axis_chunks_iter(Axis(0), rows).collect();
    let products: Vec<Array2<f64>> = stretches.par_iter().map(|rows| rows.t().dot(rows)).collect();
    let zero = Array2::zeros((centred.ncols(), centred.ncols()));
    products.into_iter().fold(zero, |sum, product| sum + product)
}

/// Variances and components of a wide table. Directions without variance are zero vectors.
fn from_inner_products(centred: &Array2<f64>, divisor: f64) -> (Array1<f64>, Array2<f64>) {
    let (values, vectors) = symmetric((centred.dot(&centred.t()) / divisor).view());
    let mut axes = vectors.dot(centred);
    let negligible = values[0] * f64::EPSILON * values.len() as f64;
    for (mut axis, &value) in axes.rows_mut().into_iter().zip(&values) {
        let length = axis.dot(&axis).sqrt();
        let scale = if value > negligible { 1.0 / length } else { 0.0 };
        axis.mapv_inplace(|v| v * scale);
    }
    (values, axes)
}

/// The entry of largest absolute value; the first of several.
fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.fold(0.0, |best: f64, &v| if v.abs() > best.abs() { v } else { best })
}

/// Fitted principal components.
#[derive(Debug, Clone, PartialEq)]
pub struct Components {
    means: Array1<f64>,
    axes: Array2<f64>,
    variances: Array1<f64>,
    ratios: Array1<f64>,
}

impl Components {
    /// Mean of each feature.
    pub fn means(&self) -> &Array1<f64> {
        &self.means
    }

    /// Unit vectors, components × features.
    pub fn axes(&self) -> &Array2<f64> {
        &self.axes
    }

    /// Variance along each component, falling.
    pub fn variances(&self) -> &Array1<f64> {
        &self.variances
    }

    /// Share of each component in the total variance.
    pub fn ratios(&self) -> &Array1<f64> {
        &self.ratios
    }

    /// Coordinates of rows along the components: rows × components. `x` must have as many columns
    /// as there were features.
    pub fn transform(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        (&x - &self.means).dot(&self.axes.t())
    }

    /// The rows nearest to given coordinates in the space the components span.
    pub fn inverse(&self, coordinates: ArrayView2<'_, f64>) -> Array2<f64> {
        coordinates.dot(&self.axes) + &self.means
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_line_has_one_component() {
        let x = array![[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]];
        let pca = Pca::default().fit(x.view()).unwrap();
        assert!((pca.axes()[[0, 1]] - 2.0 / 5.0_f64.sqrt()).abs() < 1e-12);
        assert!((pca.variances()[0] - 5.0).abs() < 1e-12 && pca.variances()[1].abs() < 1e-12);
        let back = pca.inverse(pca.transform(x.view()).view());
        assert!((back - x).iter().all(|d| d.abs() < 1e-12));
    }

    #[test]
    fn constant_rows_have_no_variance() {
        for x in [Array2::ones((5, 2)), Array2::ones((3, 8))] {
            let pca = Pca::default().fit(x.view()).unwrap();
            assert!(pca.ratios().iter().all(|&r| r == 0.0) && pca.axes().iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn too_many_components_are_refused() {
        let error =
            Pca { components: Some(3) }.fit(array![[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]].view()).unwrap_err();
        assert!(matches!(error, LearnError::TooMany { available: 1, .. }));
        assert!(Pca::default().fit(array![[1.0, 2.0]].view()).is_err());
    }
}

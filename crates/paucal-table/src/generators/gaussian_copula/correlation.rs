//! The correlation matrix of the latents: estimated pair by pair, then made positive definite.

use ndarray::Array2;
use paucal_learn::eigen;
use rayon::prelude::*;

use super::scores::{Scores, latent_correlation};

/// Fewest rows in which both of two columns have a value for their correlation to be estimated.
const FEWEST_ROWS: f64 = 3.0;
/// Smallest eigenvalue kept: it lets columns be all but copies of each other (radius and perimeter).
const SMALLEST: f64 = 1e-6;
/// Variance of scores below which they are constant.
const CONSTANT: f64 = 1e-12;
/// Most rounds of completing unknown correlations.
const ROUNDS: usize = 50;
/// Work (cubes of the number of latents) that completing may take.
const WORK: usize = 200_000_000;

/// The correlation of every pair, from the rows in which both have a value; NaN where these rows say nothing,
/// as for a number and its own missing indicator.
pub fn pairwise(columns: &[Scores]) -> Array2<f64> {
    let d = columns.len();
    let n = columns.first().map_or(0, |c| c.of_row.len());
    let scores = Array2::from_shape_fn((n, d), |(row, column)| columns[column].of_row[row]);
    let present = Array2::from_shape_fn((n, d), |(row, column)| columns[column].present[row]);
    let both = present.t().dot(&present);
    let sums = scores.t().dot(&present);
    let squares = scores.mapv(|s| s * s).t().dot(&present);
    let products = scores.t().dot(&scores);
    // Whether column i varies in the rows in which j has a value too.
    let varies = |i: usize, j: usize| {
        let mean = sums[[i, j]] / both[[i, j]];
        squares[[i, j]] / both[[i, j]] - mean * mean > CONSTANT
    };
    let row = |i: usize| {
        let pair = |j: usize| {
            let rows = both[[i, j]];
            if rows < FEWEST_ROWS || !varies(i, j) || !varies(j, i) {
                return f64::NAN;
            }
            let covariance = products[[i, j]] / rows - sums[[i, j]] / rows * (sums[[j, i]] / rows);
            latent_correlation(covariance, &columns[i], &columns[j])
        };
        (0..i).map(pair).collect::<Vec<f64>>()
    };
    let lower: Vec<Vec<f64>> = (0..d).into_par_iter().map(row).collect();
    Array2::from_shape_fn((d, d), |(i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Equal => 1.0,
        std::cmp::Ordering::Greater => lower[i][j],
        std::cmp::Ordering::Less => lower[j][i],
    })
}

/// Mixes the identity in: R ← (1 − λ) R + λ I.
pub fn shrink(correlation: &mut Array2<f64>, share: f64) {
    for ((i, j), r) in correlation.indexed_iter_mut() {
        if i != j {
            *r *= 1.0 - share;
        }
    }
}

/// Lower triangular L with L Lᵀ = R; `None` if R is not positive definite.
pub fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let d = matrix.nrows();
    let mut lower = Array2::<f64>::zeros((d, d));
    for i in 0..d {
        for j in 0..=i {
            let known = lower.row(i).iter().zip(lower.row(j)).take(j).map(|(a, b)| a * b).sum::<f64>();
            let rest = matrix[[i, j]] - known;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                lower[[i, i]] = rest.sqrt();
            } else {
                lower[[i, j]] = rest / lower[[j, j]];
            }
        }
    }
    Some(lower)
}

/// A positive definite correlation matrix close to `matrix`, whose unknown entries (NaN) may become anything.
/// Pairwise estimates need this, because each pair is estimated without regard to the others.
///
/// Unknown entries start at 0 and repeatedly take the value they have in the nearest matrix, so that they do
/// not pull at the known ones.
pub fn positive_definite(mut matrix: Array2<f64>) -> Array2<f64> {
    let d = matrix.nrows();
    let unknown: Vec<(usize, usize)> =
        matrix.indexed_iter().filter(|(_, r)| r.is_nan()).map(|(place, _)| place).collect();
    for &place in &unknown {
        matrix[place] = 0.0;
    }
    let rounds = if unknown.is_empty() { 0 } else { (WORK / (d * d * d).max(1)).min(ROUNDS) };
    for _ in 0..rounds {
        let Some(near) = nearest(&matrix) else { break };
        for &place in &unknown {
            matrix[place] = near[place];
        }
    }
    let mut repaired = nearest(&matrix).unwrap_or(matrix);
    let mut share = SMALLEST;
    while cholesky(&repaired).is_none() && share < 1.0 {
        shrink(&mut repaired, share);
        share *= 2.0;
    }
    repaired
}

/// The matrix with eigenvalues below 10⁻⁶ raised to it and the diagonal brought back to 1; `None` if there are
/// no such eigenvalues.
fn nearest(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let (values, vectors) = eigen::symmetric(matrix.view());
    if values.iter().all(|&value| value >= SMALLEST) {
        return None;
    }
    let raised = Array2::from_diag(&values.mapv(|value| value.max(SMALLEST)));
    let whole = vectors.t().dot(&raised).dot(&vectors);
    let scale: Vec<f64> = whole.diag().iter().map(|&r| r.sqrt()).collect();
    // Both halves from one triangle, so that rounding leaves no asymmetry.
    let entry = |(i, j): (usize, usize)| {
        if i == j { 1.0 } else { whole[[i.max(j), i.min(j)]] / (scale[i] * scale[j]) }
    };
    Some(Array2::from_shape_fn(matrix.dim(), entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn cholesky_agrees_with_numpy() {
        // numpy.linalg.cholesky([[4, 2, 0.6], [2, 5, 1], [0.6, 1, 3]])
        let matrix = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let expected = [[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.3, 0.35, 1.669_580_785_706_400_2]];
        let lower = cholesky(&matrix).unwrap();
        for (i, row) in expected.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                assert!((lower[[i, j]] - value).abs() < 1e-12, "{lower}");
            }
        }
        assert!(cholesky(&array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }

    #[test]
    fn impossible_correlations_become_possible_ones_nearby() {
        let impossible = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        let repaired = positive_definite(impossible.clone());
        assert!(cholesky(&repaired).is_some());
        assert!(repaired.diag().iter().all(|&r| r == 1.0));
        assert!((&repaired - &impossible).iter().all(|d| d.abs() < 0.45), "{repaired}");
        let possible = array![[1.0, 0.999], [0.999, 1.0]];
        assert_eq!(positive_definite(possible.clone()), possible);
        assert_eq!(positive_definite(Array2::zeros((0, 0))).len(), 0);
    }

    #[test]
    fn unknown_correlations_give_way_to_known_ones() {
        let nan = f64::NAN;
        let partial = array![[1.0, 0.9, nan], [0.9, 1.0, 0.9], [nan, 0.9, 1.0]];
        let completed = positive_definite(partial);
        assert!(cholesky(&completed).is_some());
        assert!(
            (completed[[0, 1]] - 0.9).abs() < 0.02 && (completed[[1, 2]] - 0.9).abs() < 0.02,
            "{completed}"
        );
        // With 0 in its place the nearest matrix has 0.73 for the known ones; 2 · 0.81 − 1 would keep them whole.
        assert!(completed[[0, 2]] > 0.5, "{completed}");
    }
}

//! Least squares on correlations: which few columns give another one exactly?
//!
//! With standardised columns, R² = bᵀ C⁻¹ b, C the correlations of the sources and b theirs with the
//! target. Sources are then dropped one by one, the last first, as long as the unexplained share of
//! variance does not grow tenfold.

use super::{FUNCTION, Relation};
use crate::audit::{constraints, text};

/// Added to the diagonal so that sources that depend on each other do not stop the solver.
const RIDGE: f64 = 1e-10;
/// A share of unexplained variance below this is rounding of the arithmetic.
const ROUNDING: f64 = 1e-8;
/// Rows needed per source.
const ROWS_PER_SOURCE: usize = 10;
/// A relation to more columns than this is not worth a sentence.
const MOST_SOURCES: usize = 30;

/// Means, deviations and correlations of transformed columns; a column that cannot be transformed in
/// every row takes no part.
pub(super) struct Moments {
    rows: usize,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Row-major correlations, columns × columns.
    correlation: Vec<f64>,
    fits: Vec<bool>,
}

/// A target as a linear combination of transformed sources.
pub(super) struct Fit {
    target_mean: f64,
    /// Column, coefficient and mean of each source.
    terms: Vec<(usize, f64, f64)>,
    r_squared: f64,
}

impl Moments {
    pub fn new(columns: &[Vec<f64>], transform: impl Fn(f64) -> Option<f64>) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        let (mut mean, mut deviation, mut fits) = (Vec::new(), Vec::new(), Vec::new());
        let mut standard: Vec<Vec<f64>> = Vec::new();
        for column in columns {
            let moved: Option<Vec<f64>> = column.iter().map(|&x| transform(x)).collect();
            let mut values = moved.clone().unwrap_or_default();
            let centre = values.iter().sum::<f64>() / rows as f64;
            let spread = (values.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / rows as f64).sqrt();
            for x in &mut values {
                *x = (*x - centre) / spread;
            }
            fits.push(moved.is_some() && spread > 0.0);
            mean.push(centre);
            deviation.push(spread);
            standard.push(values);
        }
        let p = columns.len();
        let mut correlation = vec![0.0; p * p];
        for i in (0..p).filter(|&i| fits[i]) {
            for j in (0..=i).filter(|&j| fits[j]) {
                let r = standard[i].iter().zip(&standard[j]).map(|(a, b)| a * b).sum::<f64>() / rows as f64;
                correlation[i * p + j] = r;
                correlation[j * p + i] = r;
            }
        }
        Self { rows, mean, deviation, correlation, fits }
    }

    fn r(&self, i: usize, j: usize) -> f64 {
        self.correlation[i * self.fits.len() + j]
    }

    /// The smallest set of `sources`, dropping later ones first, that still gives column `y`.
    pub fn fit(&self, y: usize, sources: &[usize]) -> Option<Fit> {
        let mut kept: Vec<usize> = sources.iter().copied().filter(|&x| self.fits[x]).collect();
        if !self.fits[y] || kept.is_empty() || self.rows < ROWS_PER_SOURCE * kept.len().min(MOST_SOURCES) {
            return None;
        }
        let (mut weights, unexplained) = self.solve(y, &kept)?;
        let allowed = (10.0 * unexplained).clamp(ROUNDING, 1.0 - FUNCTION);
        if unexplained > allowed || self.rows < 2 * kept.len() {
            return None;
        }
        let mut left = unexplained;
        for at in (0..kept.len()).rev() {
            let mut fewer = kept.clone();
            fewer.remove(at);
            match self.solve(y, &fewer) {
                Some((w, u)) if u <= allowed => (kept, weights, left) = (fewer, w, u),
                _ => {}
            }
        }
        if kept.is_empty() || kept.len() > MOST_SOURCES || self.rows < ROWS_PER_SOURCE * kept.len() {
            return None;
        }
        let term = |(&x, w): (&usize, &f64)| (x, w * self.deviation[y] / self.deviation[x], self.mean[x]);
        let terms = kept.iter().zip(&weights).map(term).collect();
        Some(Fit { target_mean: self.mean[y], terms, r_squared: 1.0 - left })
    }

    /// Standardised coefficients and the unexplained share of variance.
    fn solve(&self, y: usize, sources: &[usize]) -> Option<(Vec<f64>, f64)> {
        let p = sources.len();
        let mut matrix = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..p {
                matrix[i * p + j] = self.r(sources[i], sources[j]) + if i == j { RIDGE } else { 0.0 };
            }
        }
        let right: Vec<f64> = sources.iter().map(|&x| self.r(x, y)).collect();
        let weights = cholesky_solve(matrix, right.clone())?;
        // Variance of the residual: 1 − 2 wᵀb + wᵀCw, which does not suffer from the ridge.
        let mut residual = 1.0;
        for i in 0..p {
            residual -= 2.0 * weights[i] * right[i];
            residual += weights[i] * (0..p).map(|j| self.r(sources[i], sources[j]) * weights[j]).sum::<f64>();
        }
        Some((weights, residual.max(0.0)))
    }
}

/// Solves a symmetric positive definite system, row-major.
fn cholesky_solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let p = b.len();
    for i in 0..p {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i * p + k] * a[j * p + k]).sum();
            let rest = a[i * p + j] - dot;
            if i == j {
                if rest <= 0.0 {
                    return None;
                }
                a[i * p + i] = rest.sqrt();
            } else {
                a[i * p + j] = rest / a[j * p + j];
            }
        }
    }
    for i in 0..p {
        let dot: f64 = (0..i).map(|k| a[i * p + k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * p + i];
    }
    for i in (0..p).rev() {
        let dot: f64 = (i + 1..p).map(|k| a[k * p + i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * p + i];
    }
    Some(b)
}

impl Fit {
    /// "0.3333 × 'a' + 0.6667 × 'b' + 2".
    pub fn as_sum(&self, names: &[String]) -> Relation {
        let shift = self.target_mean - self.terms.iter().map(|(_, slope, mean)| slope * mean).sum::<f64>();
        let scale: f64 = self.terms.iter().map(|(_, slope, mean)| (slope * mean).abs()).sum();
        let terms: Vec<(f64, &str)> =
            self.terms.iter().map(|&(column, slope, _)| (slope, names[column].as_str())).collect();
        // An offset within rounding of the terms is none.
        let shift = if shift.abs() > 1e-3 * scale { shift } else { 0.0 };
        let formulae = constraints::sums(&self.named(names), self.target_mean);
        self.relation(names, text::sum(&terms, shift), formulae)
    }

    /// "1.5 × 'a' × 'b'^-2", from a fit of logarithms.
    pub fn as_product(&self, names: &[String]) -> Relation {
        let shift = self.target_mean - self.terms.iter().map(|(_, power, mean)| power * mean).sum::<f64>();
        let mut factors: Vec<String> = Vec::new();
        let formulae = constraints::products(&self.named(names), self.target_mean);
        let factor = text::number(shift.exp());
        if factor != "1" {
            factors.push(factor);
        }
        for (column, power, _) in &self.terms {
            let power = text::number((power * 1000.0).round() / 1000.0);
            factors.push(if power == "1" {
                names[*column].clone()
            } else {
                format!("{}^{power}", names[*column])
            });
        }
        self.relation(names, factors.join(" × "), formulae)
    }

    /// The terms by name.
    fn named<'a>(&self, names: &'a [String]) -> Vec<constraints::Term<'a>> {
        self.terms.iter().map(|&(column, slope, mean)| (slope, names[column].as_str(), mean)).collect()
    }

    fn relation(&self, names: &[String], formula: String, formulae: Vec<String>) -> Relation {
        let sources = self.terms.iter().map(|&(column, ..)| names[column].clone()).collect();
        Relation { sources, formula, formulae, r_squared: self.r_squared }
    }
}

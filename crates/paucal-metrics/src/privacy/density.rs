//! The density-ratio membership attack, after DOMIAS (van Breugel et al. 2023).
//!
//! A record is suspicious where the generator puts more mass than the population does:
//! `score(x) = ln p_S(x) - ln p_ref(x)`. Both densities are Gaussian kernel estimates with Scott's
//! bandwidth per axis, in a space of at most [`LARGEST_DIMENSION`] principal axes of the synthetic
//! and the reference rows together. Numbers enter in units of the reference's range (missing ones at
//! its mean), categories as indicators. Unlike the original, no flow is trained.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use crate::column::Table;
use crate::interval::Bootstrap;
use crate::linalg::symmetric_eigen;
use crate::privacy::gower::{Rows, encode};
use crate::privacy::membership::{Attack, judge_attack};
use crate::{Result, Undefined};

/// Kernel estimates are useless in many dimensions; further axes are dropped.
pub const LARGEST_DIMENSION: usize = 10;

/// Runs the attack. `reference` holds real rows that are neither members nor non-members: the
/// attacker's knowledge of the population.
pub fn density_ratio_attack(
    members: &Table<'_>,
    non_members: &Table<'_>,
    synthetic: &Table<'_>,
    reference: &Table<'_>,
    bootstrap: &Bootstrap,
) -> Result<Attack> {
    let [members, non_members, synthetic, reference] =
        encode(reference, [members, non_members, synthetic, reference])?;
    if synthetic.len() < 2 || reference.len() < 2 {
        return Err(Undefined::TooFew { needed: 2, found: synthetic.len().min(reference.len()) });
    }
    let features = Features::of(&reference);
    let (s, r) = (features.of_rows(&synthetic), features.of_rows(&reference));
    let axes = Axes::fit(&s, &r)?;
    let (s, r) = (Density::fit(axes.project(&s)), Density::fit(axes.project(&r)));
    let suspicion = |rows: &Rows| -> Vec<f64> {
        let points = axes.project(&features.of_rows(rows));
        (0..points.nrows())
            .into_par_iter()
            .map(|i| {
                let x = points.row(i).to_vec();
                s.ln_density(&x) - r.ln_density(&x)
            })
            .collect()
    };
    judge_attack(&suspicion(&members), &suspicion(&non_members), bootstrap)
}

/// How encoded rows become points of a Euclidean space.
struct Features {
    /// Per column: the mean of a number column, or the occurring codes of a category column.
    columns: Vec<Feature>,
}

enum Feature {
    Number { mean: f64 },
    Category { codes: Vec<f64> },
}

impl Features {
    fn of(reference: &Rows) -> Self {
        let column = |c: usize| {
            let mut present: Vec<f64> = reference.column(c).flatten().collect();
            if reference.is_categorical(c) {
                present.sort_unstable_by(f64::total_cmp);
                present.dedup();
                Feature::Category { codes: present }
            } else {
                let mean = if present.is_empty() { 0.0 } else { crate::column::mean(&present) };
                Feature::Number { mean }
            }
        };
        Self { columns: (0..reference.columns()).map(column).collect() }
    }

    fn of_rows(&self, rows: &Rows) -> Array2<f64> {
        let mut axes: Vec<Vec<f64>> = Vec::new();
        for (c, feature) in self.columns.iter().enumerate() {
            match feature {
                // Far outliers would blow up the covariance; three ranges away is far enough.
                Feature::Number { mean } => {
                    axes.push(rows.column(c).map(|v| v.unwrap_or(*mean).clamp(-3.0, 4.0)).collect());
                }
                // Two different categories are then one unit apart, as in Gower's distance.
                Feature::Category { codes } => axes.extend(codes.iter().map(|code| {
                    let indicator = |v: Option<f64>| f64::from(v == Some(*code)) / 2.0_f64.sqrt();
                    rows.column(c).map(indicator).collect()
                })),
            }
        }
        Array2::from_shape_fn((rows.len(), axes.len()), |(i, j)| axes[j][i])
    }
}

/// Principal axes of two clouds together.
struct Axes {
    centre: Array1<f64>,
    /// One axis per column.
    directions: Array2<f64>,
}

impl Axes {
    fn fit(a: &Array2<f64>, b: &Array2<f64>) -> Result<Self> {
        let total = (a.nrows() + b.nrows()) as f64;
        let centre = (a.sum_axis(Axis(0)) + b.sum_axis(Axis(0))) / total;
        let scatter = |x: &Array2<f64>| {
            let centred = x - &centre;
            centred.t().dot(&centred)
        };
        let covariance = (scatter(a) + scatter(b)) / total;
        let (values, vectors) = symmetric_eigen(covariance);
        let largest = values.first().copied().unwrap_or(0.0);
        let kept = values.iter().take(LARGEST_DIMENSION).filter(|v| **v > largest * 1e-9).count();
        if kept == 0 {
            return Err(Undefined::Constant);
        }
        Ok(Self { centre, directions: vectors.slice_move(ndarray::s![.., ..kept]) })
    }

    fn project(&self, points: &Array2<f64>) -> Array2<f64> {
        (points - &self.centre).dot(&self.directions)
    }
}

/// A Gaussian kernel estimate with one bandwidth per axis.
struct Density {
    points: Array2<f64>,
    bandwidth: Vec<f64>,
    ln_norm: f64,
}

impl Density {
    fn fit(points: Array2<f64>) -> Self {
        let (n, d) = (points.nrows() as f64, points.ncols() as f64);
        let scott = n.powf(-1.0 / (d + 4.0));
        let bandwidth: Vec<f64> =
            points.std_axis(Axis(0), 1.0).iter().map(|sd| (sd * scott).max(1e-6)).collect();
        let volume: f64 = bandwidth.iter().map(|h| h.ln()).sum();
        let ln_norm = -n.ln() - volume - d / 2.0 * std::f64::consts::TAU.ln();
        Self { points, bandwidth, ln_norm }
    }

    fn ln_density(&self, x: &[f64]) -> f64 {
        let exponent = |point: ndarray::ArrayView1<'_, f64>| -> f64 {
            point.iter().zip(x).zip(&self.bandwidth).map(|((p, x), h)| -0.5 * ((p - x) / h).powi(2)).sum()
        };
        let exponents: Vec<f64> = self.points.rows().into_iter().map(exponent).collect();
        let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + exponents.iter().map(|e| (e - largest).exp()).sum::<f64>().ln() + self.ln_norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Column;
    use paucal_core::Seed;

    fn sample(step: u64, n: usize) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
        let mut stream = Seed(9).stream("density test", step);
        let x: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let y = x.iter().map(|x| 0.5 * x + stream.normal()).collect();
        let z = (0..n).map(|_| stream.index(3) as u32).collect();
        (x, y, z)
    }

    fn table((x, y, z): &(Vec<f64>, Vec<f64>, Vec<u32>)) -> Table<'_> {
        Table::new(vec![Column::Number(x), Column::Number(y), Column::Category { codes: z, levels: 3 }])
            .unwrap()
    }

    #[test]
    fn copies_are_found_and_a_fresh_sample_is_not() {
        let sets: Vec<_> = (0..4).map(|i| sample(i, if i == 3 { 300 } else { 40 })).collect();
        let [members, others, fresh, reference] = [0, 1, 2, 3].map(|i| table(&sets[i]));
        let bootstrap = Bootstrap { repeats: 100, ..Bootstrap::new(Seed(1)) };
        let copied = density_ratio_attack(&members, &others, &members, &reference, &bootstrap).unwrap();
        assert!(copied.auc > 0.75, "{copied:?}");
        let honest = density_ratio_attack(&members, &others, &fresh, &reference, &bootstrap).unwrap();
        assert!((0.35..0.65).contains(&honest.auc), "{honest:?}");
        assert!(honest.auc_interval.low < 0.5 && honest.auc_interval.high > 0.5);
    }

    #[test]
    fn a_kernel_density_integrates_to_one() {
        let density = Density::fit(Array2::from_shape_vec((4, 1), vec![0.0, 1.0, 1.5, 4.0]).unwrap());
        let step = 0.01;
        let area: f64 = (-2000..3000).map(|i| density.ln_density(&[f64::from(i) * step]).exp() * step).sum();
        assert!((area - 1.0).abs() < 1e-6);
    }
}

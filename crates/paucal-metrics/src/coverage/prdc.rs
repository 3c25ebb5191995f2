//! Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::privacy::gower::{Rows, check, nearest_sums_within, sum_below};

/// The four shares. Every row carries a ball that reaches to its `k`-th nearest row of its own set;
/// a point on the rim is outside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prdc {
    /// Share of synthetic rows inside at least one real ball. In `[0, 1]`, higher is better.
    pub precision: f64,
    /// Share of real rows inside at least one synthetic ball. In `[0, 1]`, higher is better; a few
    /// far synthetic rows with large balls inflate it.
    pub recall: f64,
    /// Mean number of real balls around a synthetic row, over `k`. In `[0, ∞)`, about 1 when the
    /// distributions agree.
    pub density: f64,
    /// Share of real rows whose ball holds at least one synthetic row. In `[0, 1]`, higher is better;
    /// the robust form of recall.
    pub coverage: f64,
}

/// Computes the four shares with `k` neighbours (5 is usual). Each set needs more than `k` rows.
pub fn prdc(real: &Rows, synthetic: &Rows, k: usize) -> Result<Prdc> {
    check(synthetic, real)?;
    let radii = |rows: &Rows| -> Result<Vec<f64>> {
        Ok(nearest_sums_within(rows, k.max(1))?.iter().map(|sums| sums[sums.len() - 1]).collect())
    };
    let (real_radii, synthetic_radii) = (radii(real)?, radii(synthetic)?);
    let inside = |s: usize, r: usize, radius: f64| sum_below(synthetic.row(s), real.row(r), radius).is_some();
    let balls: Vec<usize> = (0..synthetic.len())
        .into_par_iter()
        .map(|s| (0..real.len()).filter(|&r| inside(s, r, real_radii[r])).count())
        .collect();
    let reached: Vec<(bool, bool)> = (0..real.len())
        .into_par_iter()
        .map(|r| {
            let recalled = (0..synthetic.len()).any(|s| inside(s, r, synthetic_radii[s]));
            let covered = (0..synthetic.len()).any(|s| inside(s, r, real_radii[r]));
            (recalled, covered)
        })
        .collect();
    let (n_r, n_s) = (real.len() as f64, synthetic.len() as f64);
    Ok(Prdc {
        precision: balls.iter().filter(|&&b| b > 0).count() as f64 / n_s,
        recall: reached.iter().filter(|(recalled, _)| *recalled).count() as f64 / n_r,
        density: balls.iter().sum::<usize>() as f64 / (k.max(1) as f64 * n_s),
        coverage: reached.iter().filter(|(_, covered)| *covered).count() as f64 / n_r,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::encode;
    use crate::{Column, Table, Undefined};

    fn line(real: &[f64], synthetic: &[f64]) -> [Rows; 2] {
        let (r, s) = (
            Table::new(vec![Column::Number(real)]).unwrap(),
            Table::new(vec![Column::Number(synthetic)]).unwrap(),
        );
        encode(&r, [&r, &s]).unwrap()
    }

    #[test]
    fn a_collapsed_generator_is_precise_but_covers_little() {
        let real: Vec<f64> = (0..40).map(f64::from).collect();
        let [real, collapsed] = line(&real, &[20.1, 20.2, 20.3, 20.4, 20.5, 20.6, 20.7]);
        let scores = prdc(&real, &collapsed, 5).unwrap();
        assert_eq!(scores.precision, 1.0);
        assert!(scores.coverage < 0.2 && scores.recall < 0.1, "{scores:?}");
    }

    #[test]
    fn strangers_score_nothing() {
        let real: Vec<f64> = (0..10).map(f64::from).collect();
        let far: Vec<f64> = (0..10).map(|i| 100.0 + f64::from(i) / 10.0).collect();
        let [real, far] = line(&real, &far);
        let scores = prdc(&real, &far, 3).unwrap();
        assert_eq!(scores, Prdc { precision: 0.0, recall: 0.0, density: 0.0, coverage: 0.0 });
    }

    #[test]
    fn each_set_needs_more_than_k_rows() {
        let [real, few] = line(&[1.0, 2.0, 3.0], &[1.0, 2.0]);
        assert_eq!(prdc(&real, &few, 2), Err(Undefined::TooFew { needed: 3, found: 2 }));
    }
}

//! Privacy measures that compare nearest neighbours within and between sets.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::column::{mean, quantile};
use crate::privacy::gower::{Rows, k_nearest, k_nearest_within, nearest};

/// For each row the distance to the nearest other row of its own set.
pub fn nearest_others(rows: &Rows) -> Result<Vec<f64>> {
    Ok(k_nearest_within(rows, 1)?.into_iter().map(|d| d[0]).collect())
}

/// Nearest-neighbour distance ratio of a set of rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DistanceRatio {
    /// Mean ratio.
    pub mean: f64,
    /// 5th percentile: the rows that single out one training row most.
    pub p5: f64,
}

/// NNDR: for each query row the distance to its nearest training row over that to the second
/// nearest; 0/0 is 1. In `[0, 1]`, higher is better: near 0 a row points at one single patient.
pub fn distance_ratio(queries: &Rows, train: &Rows) -> Result<DistanceRatio> {
    let mut ratios: Vec<f64> = k_nearest(queries, train, 2)?
        .into_iter()
        .map(|d| if d[1] > 0.0 { d[0] / d[1] } else { 1.0 })
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    Ok(DistanceRatio { mean: mean(&ratios), p5: quantile(&ratios, 0.05) })
}

/// NNAA, nearest-neighbour adversarial accuracy (Yale et al. 2020): `½ (mean over R [d(r,S) >
/// d(r,R∖r)] + mean over S [d(s,R) > d(s,S∖s)])`. In `[0, 1]`, 0.5 is ideal: below it synthetic rows
/// sit too close to real ones, above it the sets can be told apart. Sets of one size only are
/// unbiased. The privacy loss is its value on held-out rows minus that on training rows.
pub fn adversarial_accuracy(real: &Rows, synthetic: &Rows) -> Result<f64> {
    let farther = |a: &Rows, b: &Rows| -> Result<f64> {
        Ok(share(&nearest(a, b)?, &nearest_others(a)?, |to_other, within| to_other > within))
    };
    Ok(0.5 * (farther(real, synthetic)? + farther(synthetic, real)?))
}

/// Identifiability (Yoon et al. 2020, with equal column weights): the share of real rows whose
/// nearest synthetic row is nearer than their nearest other real row. In `[0, 1]`, lower is better;
/// about 0.5 for a fresh sample of the same size.
pub fn identifiability(real: &Rows, synthetic: &Rows) -> Result<f64> {
    Ok(share(&nearest(real, synthetic)?, &nearest_others(real)?, |to_synthetic, within| {
        to_synthetic < within
    }))
}

fn share(a: &[f64], b: &[f64], passes: impl Fn(f64, f64) -> bool) -> f64 {
    a.iter().zip(b).filter(|(a, b)| passes(**a, **b)).count() as f64 / a.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::encode;
    use crate::{Column, Table, Undefined};

    fn line<const N: usize>(sets: [&[f64]; N]) -> [Rows; N] {
        let all = [0.0, 100.0];
        let reference = Table::new(vec![Column::Number(&all)]).unwrap();
        let tables = sets.map(|set| Table::new(vec![Column::Number(set)]).unwrap());
        encode(&reference, std::array::from_fn(|i| &tables[i])).unwrap()
    }

    #[test]
    fn ratio_of_a_row_between_two() {
        let [train, query] = line([&[0.0, 4.0, 50.0], &[1.0, 0.0]]);
        let ratio = distance_ratio(&query, &train).unwrap();
        assert!((ratio.mean - 1.0 / 6.0).abs() < 1e-12);
        let [twice, query] = line([&[5.0, 5.0], &[5.0]]);
        assert_eq!(distance_ratio(&query, &twice).unwrap().mean, 1.0);
        let [one, query] = line([&[5.0], &[5.0]]);
        assert_eq!(distance_ratio(&query, &one), Err(Undefined::TooFew { needed: 2, found: 1 }));
    }

    #[test]
    fn copies_and_strangers_are_opposite_extremes() {
        let [real, copies, strangers] = line([&[0.0, 10.0, 20.0], &[0.0, 10.0, 20.0], &[90.0, 91.0]]);
        assert_eq!(adversarial_accuracy(&real, &copies), Ok(0.0));
        assert_eq!(adversarial_accuracy(&real, &strangers), Ok(1.0));
        assert_eq!(identifiability(&real, &copies), Ok(1.0));
        assert_eq!(identifiability(&real, &strangers), Ok(0.0));
    }
}

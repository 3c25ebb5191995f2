//! Distance to closest record (DCR): how near do synthetic rows come to training rows, and nearer
//! than to real rows the generator never saw?

use paucal_core::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::column::{check_lengths, mean, quantile};
use crate::interval::{Bootstrap, Ends, Interval};
use crate::privacy::gower::{Rows, check, nearest, sum};
use crate::{Result, Undefined};

/// What is reported of a set of distances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DistanceSummary {
    /// Smallest distance; 0 is a copy.
    pub min: f64,
    /// 5th percentile.
    pub p5: f64,
    /// Median.
    pub median: f64,
    /// Mean.
    pub mean: f64,
}

/// Summarises distances, for instance those of [`nearest`]. Higher is farther from the training
/// rows; judge them against the same summary of held-out rows.
pub fn summarise_distances(distances: &[f64]) -> Result<DistanceSummary> {
    let sorted = crate::column::sorted_present(distances)?;
    Ok(DistanceSummary {
        min: sorted[0],
        p5: quantile(&sorted, 0.05),
        median: quantile(&sorted, 0.5),
        mean: mean(&sorted),
    })
}

/// The share of synthetic rows that are closer to training than to held-out rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Closer {
    /// The share in `[0, 1]`; ties count half; 0.5 is ideal, above it the generator leans on its
    /// training rows.
    pub share: f64,
    /// Bootstrap interval over the synthetic rows.
    pub interval: Interval,
    /// Rows on each side after the larger set was cut to the size of the smaller one.
    pub rows_per_side: usize,
}

/// Share of synthetic rows closer to `train` than to `holdout`. Both sides must have one size, for
/// the nearest of many rows is nearer than the nearest of a few: the larger one is subsampled
/// `repeats` times and the outcomes averaged. All three encoded together.
pub fn share_closer_to_train(
    train: &Rows,
    holdout: &Rows,
    synthetic: &Rows,
    repeats: usize,
    bootstrap: &Bootstrap,
) -> Result<Closer> {
    check(synthetic, train)?;
    check(synthetic, holdout)?;
    let size = train.len().min(holdout.len());
    let equal = train.len() == holdout.len();
    let draws = |rows: &Rows, side: &str| -> Vec<Vec<usize>> {
        if rows.len() == size {
            return vec![(0..size).collect()];
        }
        let seed = bootstrap.seed.child(side, 0);
        (0..repeats.max(1) as u64).map(|i| seed.stream("subsample", i).choose(rows.len(), size)).collect()
    };
    let (train_draws, holdout_draws) = (draws(train, "train"), draws(holdout, "holdout"));
    let repeats = if equal { 1 } else { repeats.max(1) };
    let credit: Vec<f64> = (0..synthetic.len())
        .into_par_iter()
        .map(|s| {
            let minima = |rows: &Rows, draws: &[Vec<usize>]| -> Vec<f64> {
                let all: Vec<f64> = (0..rows.len()).map(|j| sum(synthetic.row(s), rows.row(j))).collect();
                draws.iter().map(|draw| draw.iter().map(|&j| all[j]).fold(f64::INFINITY, f64::min)).collect()
            };
            let (t, h) = (minima(train, &train_draws), minima(holdout, &holdout_draws));
            let points: f64 = (0..repeats).map(|i| closer(t[i % t.len()], h[i % h.len()])).sum();
            points / repeats as f64
        })
        .collect();
    let average = |rows: &[usize]| Ok(rows.iter().map(|&i| credit[i]).sum::<f64>() / rows.len() as f64);
    let interval = bootstrap.interval(&[credit.len()], Ends::Percentile, average)?;
    Ok(Closer { share: mean(&credit), interval, rows_per_side: size })
}

/// 1 when nearer to the training side, ½ for a tie.
fn closer(to_train: f64, to_holdout: f64) -> f64 {
    match to_train.total_cmp(&to_holdout) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    }
}

/// SDMetrics' DCROverfittingProtection, `min(1, 2 (1 - share strictly closer to train))`, from the
/// distances of the synthetic rows to both sets. In `[0, 1]`, higher is better. SDMetrics scales each
/// set by its own range: for parity encode twice. Prefer [`share_closer_to_train`].
pub fn overfitting_protection(to_train: &[f64], to_holdout: &[f64]) -> Result<f64> {
    check_lengths(to_train.len(), to_holdout.len())?;
    if to_train.is_empty() {
        return Err(Undefined::Empty);
    }
    let closer = to_train.iter().zip(to_holdout).filter(|(t, h)| t < h).count();
    Ok((2.0 * (1.0 - closer as f64 / to_train.len() as f64)).min(1.0))
}

/// SDMetrics' DCRBaselineProtection: the median distance of synthetic rows to `train` over that of
/// as many random rows, at most 1. In `[0, 1]`, higher is better. Random rows are uniform within each
/// number's range and over each category's occurring levels, with the column's missing rate. The
/// draws are keyed, where SDMetrics' are unseeded.
pub fn baseline_protection(train: &Rows, synthetic: &Rows, seed: Seed) -> Result<f64> {
    let observed = summarise_distances(&nearest(synthetic, train)?)?.median;
    let random = summarise_distances(&nearest(&random_rows(train, synthetic.len(), seed), train)?)?.median;
    if random == 0.0 {
        return Err(Undefined::Constant);
    }
    Ok((observed / random).min(1.0))
}

/// `rows` random rows over the columns of `reference`.
fn random_rows(reference: &Rows, rows: usize, seed: Seed) -> Rows {
    let columns: Vec<Vec<Option<f64>>> = (0..reference.columns())
        .map(|c| {
            let mut present: Vec<f64> = reference.column(c).flatten().collect();
            present.sort_unstable_by(f64::total_cmp);
            present.dedup();
            let missing = reference.column(c).filter(Option::is_none).count();
            let rate = missing as f64 / reference.len() as f64;
            let mut stream = seed.stream("random rows", c as u64);
            let mut draw = || {
                if present.is_empty() || stream.uniform() < rate {
                    None
                } else if reference.is_categorical(c) {
                    Some(present[stream.index(present.len())])
                } else {
                    Some(stream.uniform_in(present[0], present[present.len() - 1]))
                }
            };
            (0..rows).map(|_| draw()).collect()
        })
        .collect();
    Rows::from_columns(reference, &columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::encode;
    use crate::{Column, Table};

    #[test]
    fn copies_of_training_rows_are_closer_to_train() {
        let (t, h) = ([0.0, 1.0, 2.0, 3.0], [0.4, 1.4, 2.4]);
        let (train, holdout) =
            (Table::new(vec![Column::Number(&t)]).unwrap(), Table::new(vec![Column::Number(&h)]).unwrap());
        let [t, h] = encode(&train, [&train, &holdout]).unwrap();
        let bootstrap = Bootstrap::new(Seed(1));
        let copies = share_closer_to_train(&t, &h, &t, 20, &bootstrap).unwrap();
        assert!(copies.share > 0.7 && copies.rows_per_side == 3);
        let ties = share_closer_to_train(&t, &t, &h, 1, &bootstrap).unwrap();
        assert_eq!(ties.share, 0.5);
        assert_eq!(overfitting_protection(&[0.0, 0.0], &[0.1, 0.2]), Ok(0.0));
        assert_eq!(overfitting_protection(&[0.1, 0.1], &[0.1, 0.2]), Ok(1.0));
    }
}

//! Dealing patients to sides.
//!
//! Patients come largest first, in an order shuffled among equals, and each goes to the side where it least
//! raises the sum over classes of squared counts over the wanted share: the greedy rule of scikit-learn's
//! `StratifiedGroupKFold`, for sides of unequal size. A side that has no beat of a class yet has precedence, the
//! rarest class first, so that a class of several patients reaches several sides; of one patient, it goes to
//! the side with the largest share, which is the training side.

use paucal_core::Seed;

use super::{Shares, Side};
use crate::ecg::error::{EcgError, require};

/// Dealings tried until every class is on every side it can be on.
const ATTEMPTS: u64 = 20;

/// A recording to be dealt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its patient, as a number from 0.
    pub patient: usize,
    /// Its beats of each class; all of one length.
    pub counts: Vec<usize>,
}

/// The side of each recording. Of two patients one trains and one tests; one patient alone trains.
pub fn deal(records: &[Counted], shares: &Shares, seed: Seed) -> Result<Vec<Side>, EcgError> {
    shares.check()?;
    let units = Units::new(records);
    let wanted =
        [(Side::Train, shares.train), (Side::Test, shares.test), (Side::Validation, shares.validation)];
    let mut wanted: Vec<(Side, f64)> = wanted.into_iter().filter(|(_, share)| *share > 0.0).collect();
    wanted.truncate(units.counts.len().max(1));
    let total: f64 = wanted.iter().map(|(_, share)| share).sum();
    let shares: Vec<f64> = wanted.iter().map(|(_, share)| share / total).collect();
    let sides = units.deal(&shares, seed);
    Ok(records.iter().map(|record| wanted[sides[record.patient]].0).collect())
}

/// The fold of each recording among `k` folds of patients.
pub fn folds(records: &[Counted], k: usize, seed: Seed) -> Result<Vec<usize>, EcgError> {
    let units = Units::new(records);
    let patients = units.counts.iter().filter(|counts| counts.iter().sum::<usize>() > 0).count();
    require((2..=patients).contains(&k), "folds", k, "at least 2 and at most the number of patients")?;
    let folds = units.deal(&vec![1.0 / k as f64; k], seed);
    Ok(records.iter().map(|record| folds[record.patient]).collect())
}

/// Patients with the beats of each class.
struct Units {
    counts: Vec<Vec<usize>>,
    totals: Vec<f64>,
    /// Patients that have the class.
    spread: Vec<usize>,
}

impl Units {
    fn new(records: &[Counted]) -> Self {
        let classes = records.iter().map(|r| r.counts.len()).max().unwrap_or(0);
        let patients = records.iter().map(|r| r.patient + 1).max().unwrap_or(0);
        let mut counts = vec![vec![0; classes]; patients];
        for record in records {
            for (sum, count) in counts[record.patient].iter_mut().zip(&record.counts) {
                *sum += count;
            }
        }
        let of = |class: usize| counts.iter().map(move |c| c[class]);
        let totals = (0..classes).map(|class| of(class).sum::<usize>() as f64).collect();
        let spread = (0..classes).map(|class| of(class).filter(|&n| n > 0).count()).collect();
        Self { counts, totals, spread }
    }

    /// The side of each patient.
    fn deal(&self, shares: &[f64], seed: Seed) -> Vec<usize> {
        let mut best: Option<(usize, Vec<usize>)> = None;
        for attempt in 0..ATTEMPTS {
            let (sides, lacking) = self.deal_once(shares, seed, attempt);
            if best.as_ref().is_none_or(|(least, _)| lacking < *least) {
                best = Some((lacking, sides));
            }
            if lacking == 0 {
                break;
            }
        }
        best.map(|(_, sides)| sides).unwrap_or_default()
    }

    /// The side of each patient, and how many classes lack on sides that they could be on.
    fn deal_once(&self, shares: &[f64], seed: Seed, attempt: u64) -> (Vec<usize>, usize) {
        let part = |count: usize, class: usize| count as f64 / self.totals[class].max(1.0);
        let size =
            |unit: usize| self.counts[unit].iter().enumerate().map(|(c, &n)| part(n, c).powi(2)).sum::<f64>();
        let sizes: Vec<f64> = (0..self.counts.len()).map(size).collect();
        let mut order = seed.stream("ecg/split", attempt).permutation(self.counts.len());
        order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
        let mut held = vec![vec![0_usize; self.totals.len()]; shares.len()];
        let mut units = vec![0_usize; shares.len()];
        let mut sides = vec![0; self.counts.len()];
        for unit in order {
            let side = self.place(unit, shares, &held, &units);
            sides[unit] = side;
            units[side] += 1;
            for (sum, count) in held[side].iter_mut().zip(&self.counts[unit]) {
                *sum += count;
            }
        }
        let lacking = |class: usize| {
            let possible = self.spread[class].min(shares.len());
            possible.saturating_sub(held.iter().filter(|side| side[class] > 0).count())
        };
        let empty = units.iter().filter(|&&n| n == 0).count();
        (sides, (0..self.totals.len()).map(lacking).sum::<usize>() + empty)
    }

    /// Where a patient fits best.
    fn place(&self, unit: usize, shares: &[f64], held: &[Vec<usize>], units: &[usize]) -> usize {
        let counts = &self.counts[unit];
        let lacks = |class: usize| held.iter().any(|side| side[class] == 0);
        let rarest = (0..counts.len()).filter(|&c| counts[c] > 0 && lacks(c)).min_by_key(|&c| self.spread[c]);
        let open = |side: &usize| rarest.is_none_or(|class| held[*side][class] == 0);
        let cost = |side: usize| {
            let raise = |(class, &n): (usize, &usize)| {
                (n * (2 * held[side][class] + n)) as f64 / self.totals[class].max(1.0).powi(2)
            };
            counts.iter().enumerate().map(raise).sum::<f64>() / shares[side]
        };
        let fill = |side: usize| units[side] as f64 / shares[side];
        let better = |a: &usize, b: &usize| cost(*a).total_cmp(&cost(*b)).then(fill(*a).total_cmp(&fill(*b)));
        (0..shares.len()).filter(open).min_by(better).unwrap_or(0)
    }
}

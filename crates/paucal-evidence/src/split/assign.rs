//! The dealing of groups to sides.
//!
//! Groups come largest first (in an order shuffled among equals) and each goes to the side where it
//! least raises the sum over classes of squared deviations from the wanted share, the greedy rule of
//! scikit-learn's `StratifiedGroupKFold` with two changes: sides may be of unequal size (for rows
//! that stand alone the rule then is Webster's apportionment, so that each class count is within one
//! of its quota), and a side without any case of a class that the group holds has precedence, so that
//! rare classes reach every side when they have enough groups.

use paucal_core::Seed;

use super::{Cases, Mode};
use crate::EvidenceError;

/// Dealings tried until every class is on every side.
const ATTEMPTS: u64 = 20;

/// The units that are dealt as a whole, with their class counts.
pub(super) struct Units {
    /// Unit of each row.
    of_row: Vec<usize>,
    /// Row count of each class in each unit: unit × class, sparse.
    held: Vec<Vec<(usize, f64)>>,
    /// Rows per class.
    totals: Vec<f64>,
    /// Number of units that hold each class.
    spread: Vec<usize>,
    grouped: bool,
}

impl Units {
    /// Checks the cases and gathers them; at least two classes must occur, each in two units.
    pub fn new(cases: &Cases<'_>, mode: Mode) -> Result<Self, EvidenceError> {
        let rows = cases.labels.len();
        let groups = cases.groups.filter(|_| mode == Mode::Grouped);
        let of_row: Vec<usize> = groups.map_or_else(|| (0..rows).collect(), <[usize]>::to_vec);
        EvidenceError::same_length("the list of groups", of_row.len(), rows)?;
        let classes = cases.classes.len();
        let highest = cases.labels.iter().max().map_or(0, |c| c + 1);
        EvidenceError::require(highest <= classes, "class code", &highest, "below the number of classes")?;
        let mut held = vec![Vec::new(); of_row.iter().max().map_or(0, |u| u + 1)];
        let mut totals = vec![0.0; classes];
        for (&unit, &class) in of_row.iter().zip(cases.labels) {
            totals[class] += 1.0;
            add(&mut held[unit], class);
        }
        let mut spread = vec![0; classes];
        held.iter().flatten().for_each(|&(class, _)| spread[class] += 1);
        let units = Self { of_row, held, totals, spread, grouped: groups.is_some() };
        units.check(cases)?;
        Ok(units)
    }

    fn check(&self, cases: &Cases<'_>) -> Result<(), EvidenceError> {
        let present = self.spread.iter().filter(|&&s| s > 0).count();
        let (class, fewest) = self.scarcest();
        let class = || cases.classes.get(class).cloned().unwrap_or_default();
        if present < 2 {
            return Err(EvidenceError::OneClass(class()));
        }
        if fewest < 2 {
            return Err(EvidenceError::TooFewCases {
                class: class(),
                units: fewest,
                unit: self.word(fewest),
            });
        }
        Ok(())
    }

    /// The class that occurs in the fewest units, and in how many.
    pub fn scarcest(&self) -> (usize, usize) {
        let present = self.spread.iter().enumerate().filter(|&(_, &s)| s > 0);
        present.map(|(class, &s)| (class, s)).min_by_key(|&(_, s)| s).unwrap_or((0, 0))
    }

    /// What a unit is called.
    pub fn word(&self, count: usize) -> &'static str {
        match (self.grouped, count) {
            (true, 1) => "group",
            (true, _) => "groups",
            (false, 1) => "row",
            (false, _) => "rows",
        }
    }

    /// Deals all units to sides of the given shares (summing to 1). Returns the side of each row, and
    /// whether every class is on every side.
    pub fn deal(&self, shares: &[f64], seed: Seed) -> (Vec<usize>, bool) {
        let mut dealt = self.deal_once(shares, seed, 0);
        for attempt in 1..ATTEMPTS {
            if dealt.1 {
                break;
            }
            dealt = self.deal_once(shares, seed, attempt);
        }
        let sides = self.of_row.iter().map(|&unit| dealt.0[unit]).collect();
        (sides, dealt.1)
    }

    fn deal_once(&self, shares: &[f64], seed: Seed, attempt: u64) -> (Vec<usize>, bool) {
        let mut order = seed.stream("split/order", attempt).permutation(self.held.len());
        let size =
            |unit: usize| self.held[unit].iter().map(|&(c, n)| (n / self.totals[c]).powi(2)).sum::<f64>();
        let sizes: Vec<f64> = (0..self.held.len()).map(size).collect();
        order.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
        let mut sides = Sides::new(shares, self.totals.len());
        let mut side_of = vec![0; self.held.len()];
        for unit in order {
            side_of[unit] = sides.take(&self.held[unit], &self.totals, &self.spread);
        }
        let complete = (0..self.totals.len()).all(|c| self.spread[c] == 0 || sides.all_have(c));
        (side_of, complete)
    }
}

/// Counts one more row of `class`.
fn add(held: &mut Vec<(usize, f64)>, class: usize) {
    match held.iter_mut().find(|(c, _)| *c == class) {
        Some((_, count)) => *count += 1.0,
        None => held.push((class, 1.0)),
    }
}

/// What each side holds so far.
struct Sides<'a> {
    shares: &'a [f64],
    /// Rows per side and class.
    counts: Vec<Vec<f64>>,
    /// Rows per side.
    rows: Vec<f64>,
}

impl<'a> Sides<'a> {
    fn new(shares: &'a [f64], classes: usize) -> Self {
        Self { shares, counts: vec![vec![0.0; classes]; shares.len()], rows: vec![0.0; shares.len()] }
    }

    fn all_have(&self, class: usize) -> bool {
        self.counts.iter().all(|side| side[class] > 0.0)
    }

    /// Puts a unit where it fits best and returns the side.
    fn take(&mut self, unit: &[(usize, f64)], totals: &[f64], spread: &[usize]) -> usize {
        // Of the classes the unit holds, the scarcest that is still lacking somewhere has precedence.
        let lacking = unit.iter().map(|&(c, _)| c).filter(|&c| !self.all_have(c)).min_by_key(|&c| spread[c]);
        let open = |side: &usize| lacking.is_none_or(|c| self.counts[*side][c] == 0.0);
        let cost = |side: usize| {
            let raise = |&(c, n): &(usize, f64)| n * (2.0 * self.counts[side][c] + n) / totals[c].powi(2);
            unit.iter().map(raise).sum::<f64>() / self.shares[side]
        };
        let fill = |side: usize| self.rows[side] / self.shares[side];
        let by_cost =
            |a: &usize, b: &usize| cost(*a).total_cmp(&cost(*b)).then_with(|| fill(*a).total_cmp(&fill(*b)));
        let side = (0..self.shares.len()).filter(open).min_by(by_cost).unwrap_or(0);
        for &(class, count) in unit {
            self.counts[side][class] += count;
            self.rows[side] += count;
        }
        side
    }
}

//! Splits that keep every patient on one side and the class proportions as close as possible.
//!
//! A split is a [`Plan`] applied to [`Cases`]. Without groups every row is a group of its own and the
//! split is a plain stratified one. A split that ignores existing groups has to be asked for by the
//! name that says what it does: [`Mode::LeakyRandom`].

mod assign;

use paucal_core::Seed;
use serde::{Deserialize, Serialize};

use crate::EvidenceError;

/// How rows are dealt to the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All rows of a group on one side, classes balanced.
    #[default]
    Grouped,
    /// Classes balanced, groups ignored: rows of one patient land on both sides and scores come out
    /// too high. Only to show how much.
    LeakyRandom,
}

/// The rows to be split.
#[derive(Debug, Clone, Copy)]
pub struct Cases<'a> {
    /// Class code of each row.
    pub labels: &'a [usize],
    /// Names of the classes; every code is below its length.
    pub classes: &'a [String],
    /// Group code of each row, or `None` when every row stands alone.
    pub groups: Option<&'a [usize]>,
}

/// Repeated k-fold cross-validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Folds per repeat, at least 2.
    pub folds: usize,
    /// Repeats, at least 1; each deals the groups anew.
    pub repeats: usize,
    /// Grouped, or leaky by name.
    pub mode: Mode,
}

impl Default for Plan {
    fn default() -> Self {
        Self { folds: 5, repeats: 10, mode: Mode::Grouped }
    }
}

/// Row indices of one training and test set, each ascending, together all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Repeat, from 0.
    pub repeat: usize,
    /// Fold within the repeat, from 0.
    pub fold: usize,
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to be judged on.
    pub test: Vec<usize>,
}

/// The folds of a plan, repeat by repeat, with what had to be changed to make them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// Folds per repeat as made, possibly fewer than planned.
    pub folds: usize,
    /// Repeats.
    pub repeats: usize,
    /// All folds in order of repeat and fold.
    pub all: Vec<Fold>,
    /// Sentences the user should read.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Splits the cases. When a class has fewer groups (rows, without groups) than folds, the folds
    /// are reduced to that number, with a warning; a class with one group cannot be split at all.
    pub fn split(&self, cases: &Cases<'_>, seed: Seed) -> Result<Splits, EvidenceError> {
        EvidenceError::require(self.folds >= 2, "folds", &self.folds, "at least 2")?;
        EvidenceError::require(self.repeats >= 1, "repeats", &self.repeats, "at least 1")?;
        let units = assign::Units::new(cases, self.mode)?;
        let mut warnings = Vec::new();
        let folds = self.affordable_folds(&units, cases, &mut warnings);
        let shares = vec![1.0 / folds as f64; folds];
        let mut all = Vec::with_capacity(folds * self.repeats);
        for repeat in 0..self.repeats {
            let (sides, complete) = units.deal(&shares, seed.child("split/repeat", repeat as u64));
            if !complete {
                let lacking = format!(
                    "repeat {repeat}: the groups are too few or too mixed to put every class into every fold"
                );
                warnings.push(lacking);
            }
            all.extend((0..folds).map(|fold| Fold {
                repeat,
                fold,
                train: rows_where(&sides, |side| side != fold),
                test: rows_where(&sides, |side| side == fold),
            }));
        }
        Ok(Splits { folds, repeats: self.repeats, all, warnings })
    }

    fn affordable_folds(
        &self,
        units: &assign::Units,
        cases: &Cases<'_>,
        warnings: &mut Vec<String>,
    ) -> usize {
        let (class, fewest) = units.scarcest();
        if fewest >= self.folds {
            return self.folds;
        }
        let (name, unit) = (&cases.classes[class], units.word(fewest));
        warnings
            .push(format!("class '{name}' has {fewest} {unit}: {fewest} folds instead of {}", self.folds));
        fewest
    }
}

/// One training and test set, with about `test_share` of the groups and of each class in the test set.
/// Every class is on both sides, or the split is refused.
pub fn hold_out(cases: &Cases<'_>, test_share: f64, mode: Mode, seed: Seed) -> Result<Fold, EvidenceError> {
    let inside = test_share > 0.0 && test_share < 1.0;
    EvidenceError::require(inside, "test share", &test_share, "between 0 and 1, exclusive")?;
    let units = assign::Units::new(cases, mode)?;
    let (sides, complete) = units.deal(&[1.0 - test_share, test_share], seed.child("split/hold-out", 0));
    if !complete {
        let (class, count) = units.scarcest();
        let class = cases.classes[class].clone();
        return Err(EvidenceError::TooFewCases { class, units: count, unit: units.word(count) });
    }
    let (train, test) = (rows_where(&sides, |side| side == 0), rows_where(&sides, |side| side == 1));
    Ok(Fold { repeat: 0, fold: 0, train, test })
}

fn rows_where(sides: &[usize], holds: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..sides.len()).filter(|&row| holds(sides[row])).collect()
}

#[cfg(test)]
mod tests;

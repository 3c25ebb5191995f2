//! The 0.6/0.4 tuning objective: `F = 0.6 similarity + 0.4 accuracy`.
//!
//! [`Form::Corrected`] is the default and the only form fit for judging: every term is linear in
//! `[0, 1]`, free of units, and accuracy is relative to what real data reach on held-out rows. The
//! other forms reproduce published numbers of tableGenCompare (names A, B and C are ours). They
//! mislead: form A prefers tables whose columns were shuffled on their own to real patients.
//!
//! Everything here is arithmetic on [`Components`] and [`Utility`]; train the classifiers elsewhere.
//! A trial that fails has no score: pass the error on, never a constant.

mod components;

pub use components::{ColumnDistance, Components};

use serde::{Deserialize, Serialize};

use crate::column::mean;
use crate::{Result, Score, Undefined};

/// Weight of similarity; accuracy has the rest.
pub const SIMILARITY_WEIGHT: f64 = 0.6;

/// How similarity and accuracy are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Ours. Similarity: mean of a univariate part (mean of `1 - EMD/range`, at least 0, or `1 - TV`,
    /// and `1 - mean missing-rate difference` as one more term when anything is missing) and a
    /// bivariate part (`1 - Frobenius / (2 sqrt(k (k-1)))`); one column has the univariate part alone.
    /// Accuracy: mean of `min(1, TSTR/TRTR)` and `min(1, TRTS/TRTR)`.
    Corrected,
    /// A without its fault of units: similarity is the mean of [mean `1/(1 + EMD/range)`, `1/(1 + TV)`
    /// for categories] and `1/(1 + Frobenius)`. Accuracy as in A.
    Normalised,
    /// Notebook framework, 2025. Similarity: plain mean of `1/(1 + EMD)` per numeric column in its own
    /// unit and one entry `1/(1 + Frobenius)`; categories have no entry. Accuracy: TSTR/TRTR.
    LegacyA,
    /// `src/objective/functions.py`. Similarity: as A, but the one extra entry is `1 - mean |difference
    /// of associations|`. Accuracy: mean of TSTR and TRTS as they are.
    LegacyB,
    /// Phase-1 notebook. Similarity: 0.7 univariate (`1/(1 + EMD/range)`; `1/(1 + JSD)` for categories)
    /// + 0.3 `1 - mean |difference of associations|`. Accuracy: mean of TRTR, TSTS, TRTS and TSTR.
    LegacyC,
}

impl Form {
    /// All forms, the default first.
    pub const ALL: [Self; 5] =
        [Self::Corrected, Self::Normalised, Self::LegacyA, Self::LegacyB, Self::LegacyC];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Normalised => "normalised",
            Self::LegacyA => "legacy_a",
            Self::LegacyB => "legacy_b",
            Self::LegacyC => "legacy_c",
        }
    }

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Similarity of two tables from their components. In `[0, 1]`, higher is better.
    pub fn similarity(self, parts: &Components) -> Result<f64> {
        match self {
            Self::Corrected => corrected(parts),
            Self::Normalised => {
                let univariate = mean_term(parts, |d| match *d {
                    ColumnDistance::Number { over_range, .. } => reciprocal(over_range),
                    ColumnDistance::Category { total_variation, .. } => reciprocal(total_variation),
                })?;
                Ok(f64::midpoint(univariate, reciprocal(parts.frobenius)))
            }
            Self::LegacyA => Ok(with_one_entry(parts, reciprocal(parts.frobenius))),
            Self::LegacyB => Ok(with_one_entry(parts, 1.0 - parts.mean_difference)),
            Self::LegacyC => {
                let univariate = mean_term(parts, |d| match *d {
                    ColumnDistance::Number { over_range, .. } => reciprocal(over_range),
                    ColumnDistance::Category { jensen_shannon, .. } => reciprocal(jensen_shannon),
                })?;
                Ok(0.7 * univariate + 0.3 * (1.0 - parts.mean_difference))
            }
        }
    }

    /// Accuracy from the scores of the classifier. Higher is better; in `[0, 1]` except in form A and
    /// the normalised form, whose plain ratio may exceed 1.
    pub fn accuracy(self, utility: &Utility) -> Result<f64> {
        let Utility { trtr, tstr, trts, tsts } = *utility;
        let needed = |score: Option<f64>| score.ok_or(Undefined::NothingContributes).and_then(check_share);
        let ratio = |score: Option<f64>| {
            let real = needed(trtr)?;
            if real == 0.0 { Err(Undefined::Constant) } else { Ok(needed(score)? / real) }
        };
        match self {
            Self::Corrected => Ok(f64::midpoint(ratio(tstr)?.min(1.0), ratio(trts)?.min(1.0))),
            Self::Normalised | Self::LegacyA => ratio(tstr),
            Self::LegacyB => Ok(f64::midpoint(needed(tstr)?, needed(trts)?)),
            Self::LegacyC => Ok((needed(trtr)? + needed(tsts)? + needed(trts)? + needed(tstr)?) / 4.0),
        }
    }

    /// The objective and its two halves.
    pub fn objective(self, parts: &Components, utility: &Utility) -> Objective {
        let (similarity, accuracy) = (self.similarity(parts), self.accuracy(utility));
        let value = match (&similarity, &accuracy) {
            (Ok(s), Ok(a)) => Ok(SIMILARITY_WEIGHT * s + (1.0 - SIMILARITY_WEIGHT) * a),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        Objective {
            form: self,
            value: value.into(),
            similarity: similarity.into(),
            accuracy: accuracy.into(),
        }
    }
}

/// Scores of one classifier, first letter training, third letter test set, **R**eal or **S**ynthetic:
/// balanced accuracy or macro-F1 by default, on a stratified held-out split that the generator never
/// saw. `None` when not trained; a form that needs it is then undefined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Utility {
    /// Trained on real, tested on real.
    pub trtr: Option<f64>,
    /// Trained on synthetic, tested on real.
    pub tstr: Option<f64>,
    /// Trained on real, tested on synthetic.
    pub trts: Option<f64>,
    /// Trained on synthetic, tested on synthetic.
    pub tsts: Option<f64>,
}

/// The objective of one trial, with the halves it was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The form that was used.
    pub form: Form,
    /// `0.6 similarity + 0.4 accuracy`.
    pub value: Score,
    /// Its first half.
    pub similarity: Score,
    /// Its second half.
    pub accuracy: Score,
}

fn corrected(parts: &Components) -> Result<f64> {
    let univariate = parts.univariate()?;
    Ok(parts.frobenius_similarity.map_or(univariate, |bivariate| f64::midpoint(univariate, bivariate)))
}

/// The plain mean of `1/(1 + EMD)` of the numeric columns and one more entry.
fn with_one_entry(parts: &Components, entry: f64) -> f64 {
    let mut entries: Vec<f64> = parts
        .columns
        .iter()
        .filter_map(|d| match *d {
            ColumnDistance::Number { earth_mover, .. } => Some(reciprocal(earth_mover)),
            ColumnDistance::Category { .. } => None,
        })
        .collect();
    entries.push(entry);
    mean(&entries)
}

fn mean_term(parts: &Components, term: impl Fn(&ColumnDistance) -> f64) -> Result<f64> {
    let terms: Vec<f64> = parts.columns.iter().map(term).collect();
    if terms.is_empty() { Err(Undefined::NothingContributes) } else { Ok(mean(&terms)) }
}

fn reciprocal(distance: f64) -> f64 {
    1.0 / (1.0 + distance)
}

fn check_share(value: f64) -> Result<f64> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(Undefined::OutOfRange { value }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Table};

    fn utility() -> Utility {
        Utility { trtr: Some(0.8), tstr: Some(0.6), trts: Some(0.9), tsts: Some(0.7) }
    }

    #[test]
    fn accuracy_of_each_form() {
        let near = |form: Form, expected: f64| {
            assert!((form.accuracy(&utility()).unwrap() - expected).abs() < 1e-12, "{form:?}");
        };
        near(Form::Corrected, 0.875);
        near(Form::LegacyA, 0.75);
        near(Form::LegacyB, 0.75);
        near(Form::LegacyC, 0.75);
    }

    #[test]
    fn what_was_not_measured_is_not_made_up() {
        let partial = Utility { tsts: None, trtr: Some(0.0), ..utility() };
        assert_eq!(Form::LegacyC.accuracy(&partial), Err(Undefined::NothingContributes));
        assert_eq!(Form::Corrected.accuracy(&partial), Err(Undefined::Constant));
        let wrong = Utility { tstr: Some(1.5), ..utility() };
        assert_eq!(Form::LegacyB.accuracy(&wrong), Err(Undefined::OutOfRange { value: 1.5 }));
    }

    #[test]
    fn the_real_table_itself_is_perfect() {
        let (x, y, z) = ([1.0, 2.0, f64::NAN, 4.0], [2.0, 1.0, 0.0, 5.0], [0, 1, 1, 0]);
        let table = Table::new(vec![
            Column::Number(&x),
            Column::Number(&y),
            Column::Category { codes: &z, levels: 2 },
        ])
        .unwrap();
        let parts = Components::of(&table, &table).unwrap();
        for form in Form::ALL {
            assert!((form.similarity(&parts).unwrap() - 1.0).abs() < 1e-12, "{form:?}");
            assert_eq!(Form::from_name(form.name()), Some(form));
        }
        let objective = Form::Corrected.objective(&parts, &utility());
        assert!((objective.value.value().unwrap() - (0.6 + 0.4 * 0.875)).abs() < 1e-12);
        let json = serde_json::to_string(&objective).unwrap();
        assert_eq!(serde_json::from_str::<Objective>(&json).unwrap(), objective);
    }

    #[test]
    fn one_column_has_no_bivariate_half() {
        let table = Table::new(vec![Column::Number(&[0.0, 1.0])]).unwrap();
        let shifted = Table::new(vec![Column::Number(&[0.5, 1.5])]).unwrap();
        let parts = Components::of(&table, &shifted).unwrap();
        assert_eq!(Form::Corrected.similarity(&parts), Ok(0.5));
    }
}

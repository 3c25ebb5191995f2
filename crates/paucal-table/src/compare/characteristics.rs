//! What kind of table is it? Simple facts by which a reader recognises her own data.

use paucal_data::{Table, Values};
use paucal_evidence::Target;
use paucal_metrics::association::mixed_association;
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::judge::modelled;

/// Facts about the training rows of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Characteristics {
    /// Rows.
    pub rows: usize,
    /// Modelled columns.
    pub columns: usize,
    /// Of these, columns of numbers.
    pub numbers: usize,
    /// Share of missing values.
    pub missing: f64,
    /// Rows of the rarest class of the target.
    pub rarest: usize,
    /// Their share of the rows with a target.
    pub rarest_share: f64,
    /// Mean absolute association of pairs of columns, 0 to 1; `None` when it cannot be computed.
    pub association: Option<f64>,
    /// Mean absolute skewness of the columns of numbers; 0 is symmetric, 2 that of an exponential.
    pub skewness: Option<f64>,
}

impl Characteristics {
    /// Of the training rows.
    pub fn of(train: &Table) -> Result<Self, TableError> {
        let target = Target::of(train)?;
        let counts = target.counts();
        let rarest = counts.iter().copied().filter(|&n| n > 0).min().unwrap_or(0);
        let columns: Vec<_> = modelled(train).collect();
        let missing: usize = columns.iter().map(|column| column.values.missing()).sum();
        let cells = (train.rows() * columns.len()).max(1);
        let skews: Vec<f64> = columns
            .iter()
            .filter_map(|column| match column.values {
                Values::Number(values) => skewness(values),
                _ => None,
            })
            .collect();
        Ok(Self {
            rows: train.rows(),
            columns: columns.len(),
            numbers: columns.iter().filter(|c| matches!(c.values, Values::Number(_))).count(),
            missing: missing as f64 / cells as f64,
            rarest,
            rarest_share: rarest as f64 / target.rows.len().max(1) as f64,
            association: association(train),
            skewness: (!skews.is_empty()).then(|| skews.iter().sum::<f64>() / skews.len() as f64),
        })
    }

    /// In words, e.g. "small, rare class, strongly associated". Cut points are conventions, not findings.
    pub fn words(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        words.push(match self.rows {
            0..500 => "small",
            500..5_000 => "of middle size",
            _ => "large",
        });
        if self.rarest_share < 0.1 {
            words.push("rare class");
        }
        if self.missing > 0.05 {
            words.push("values missing");
        }
        match self.association {
            Some(mean) if mean > 0.3 => words.push("strongly associated columns"),
            Some(mean) if mean < 0.1 => words.push("nearly independent columns"),
            _ => {}
        }
        if self.skewness.is_some_and(|skewness| skewness > 2.0) {
            words.push("skewed numbers");
        }
        let share = self.numbers as f64 / self.columns.max(1) as f64;
        if share < 0.25 {
            words.push("mostly levels");
        } else if share > 0.75 {
            words.push("mostly numbers");
        }
        words
    }
}

fn association(table: &Table) -> Option<f64> {
    let matrix = mixed_association(&crate::judge::plain(table).ok()?).matrix;
    let n = matrix.nrows();
    let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let (sum, count) = pairs.fold((0.0, 0), |(sum, count), at| (sum + matrix[at].abs(), count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Absolute moment skewness of the values that are there.
fn skewness(values: &[f64]) -> Option<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let moment = |k: i32| known.iter().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
    let spread = moment(2).powf(1.5);
    (known.len() > 2 && spread > 0.0).then(|| (moment(3) / spread).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skewness_by_hand() {
        assert_eq!(skewness(&[1.0, 2.0, 3.0]), Some(0.0));
        // Mean 1, m2 = 3, m3 = (27 − 3) / 4 = 6.
        let want = 6.0 / 3.0_f64.powf(1.5);
        assert!((skewness(&[0.0, 0.0, 0.0, 4.0]).unwrap() - want).abs() < 1e-12);
        assert_eq!(skewness(&[2.0, 2.0, 2.0, f64::NAN]), None);
    }
}

//! The distances that the objective is made of.

use serde::{Deserialize, Serialize};

use crate::association::{
    frobenius_distance, frobenius_similarity, mean_absolute_difference, mixed_association,
};
use crate::column::{Column, Table, mean};
use crate::distribution::{
    earth_mover, earth_mover_over_range, jensen_shannon, missing_rate_difference, total_variation,
};
use crate::{Result, Undefined};

/// The distances of one column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnDistance {
    /// A number column.
    Number {
        /// Earth mover's distance in the column's unit.
        earth_mover: f64,
        /// The same over the real range.
        over_range: f64,
    },
    /// A category column.
    Category {
        /// Total variation.
        total_variation: f64,
        /// Jensen–Shannon divergence, base 2.
        jensen_shannon: f64,
    },
}

/// Everything the similarity half of the objective needs, computed once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// One entry per column, in order.
    pub columns: Vec<ColumnDistance>,
    /// Mean over columns of the difference of the missing rates; `None` when neither side has a
    /// missing value.
    pub missing_rate_difference: Option<f64>,
    /// Frobenius distance of the mixed association matrices; 0 for one column.
    pub frobenius: f64,
    /// `1 - frobenius / (2 sqrt(k (k-1)))`; `None` for one column.
    pub frobenius_similarity: Option<f64>,
    /// Mean absolute difference of the associations; 0 for one column.
    pub mean_difference: f64,
    /// Pairs of columns whose association is undefined in the synthetic table though defined in the
    /// real one (a constant column); they counted as 0 and deserve a warning.
    pub lost_pairs: Vec<(usize, usize)>,
}

impl Components {
    /// Compares `synthetic` with `real`, which should be the training part.
    pub fn of(real: &Table<'_>, synthetic: &Table<'_>) -> Result<Self> {
        real.check_comparable(synthetic)?;
        let pairs = || real.columns().iter().zip(synthetic.columns());
        let columns: Result<Vec<ColumnDistance>> = pairs().map(|(r, s)| distance(r, s)).collect();
        let missing = pairs().any(|(r, s)| r.missing() + s.missing() > 0);
        let differences: Result<Vec<f64>> = pairs().map(|(r, s)| missing_rate_difference(r, s)).collect();
        let (r, s) = (mixed_association(real), mixed_association(synthetic));
        let lost = s.undefined.iter().filter(|pair| !r.undefined.contains(pair)).copied();
        Ok(Self {
            columns: columns?,
            missing_rate_difference: if missing { Some(mean(&differences?)) } else { None },
            frobenius: frobenius_distance(&r.matrix, &s.matrix)?,
            frobenius_similarity: frobenius_similarity(&r.matrix, &s.matrix).ok(),
            mean_difference: mean_absolute_difference(&r.matrix, &s.matrix).unwrap_or(0.0),
            lost_pairs: lost.collect(),
        })
    }
}

impl Components {
    /// The univariate part of the corrected form: mean over columns of `1 - EMD/range`, at least 0, or
    /// `1 - TV`, and `1 - mean missing-rate difference` as one more term when anything is missing.
    pub fn univariate(&self) -> Result<f64> {
        let similarity = |distance: &ColumnDistance| match *distance {
            ColumnDistance::Number { over_range, .. } => (1.0 - over_range).max(0.0),
            ColumnDistance::Category { total_variation, .. } => 1.0 - total_variation,
        };
        let mut terms: Vec<f64> = self.columns.iter().map(similarity).collect();
        terms.extend(self.missing_rate_difference.map(|difference| 1.0 - difference));
        if terms.is_empty() { Err(Undefined::NothingContributes) } else { Ok(mean(&terms)) }
    }
}

fn distance(real: &Column<'_>, synthetic: &Column<'_>) -> Result<ColumnDistance> {
    match (*real, *synthetic) {
        (Column::Number(r), Column::Number(s)) => Ok(ColumnDistance::Number {
            earth_mover: earth_mover(r, s)?,
            over_range: earth_mover_over_range(r, s)?,
        }),
        (Column::Category { codes: r, levels }, Column::Category { codes: s, .. }) => {
            Ok(ColumnDistance::Category {
                total_variation: total_variation(r, s, levels)?,
                jensen_shannon: jensen_shannon(r, s, levels)?,
            })
        }
        _ => Err(Undefined::KindsDiffer { column: 0 }),
    }
}

//! The input contract for mixed tables: numbers with NaN for missing, categories as codes over a
//! level list that the real and the synthetic side share.

use crate::{Result, Undefined};

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

/// One column of a mixed table.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// Numbers; NaN is missing. Infinite values are refused.
    Number(&'a [f64]),
    /// Categories as indices into a level list; [`MISSING`] is missing. A level may have no row.
    Category {
        /// One code per row.
        codes: &'a [u32],
        /// Length of the level list, common to both sides of a comparison.
        levels: usize,
    },
}

impl Column<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether row `i` is missing.
    pub fn is_missing(&self, i: usize) -> bool {
        match self {
            Self::Number(values) => values[i].is_nan(),
            Self::Category { codes, .. } => codes[i] == MISSING,
        }
    }

    /// Number of missing rows.
    pub fn missing(&self) -> usize {
        (0..self.len()).filter(|&i| self.is_missing(i)).count()
    }

    /// Refuses infinite numbers and codes outside the level list.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Number(values) if values.iter().any(|x| x.is_infinite()) => Err(Undefined::NotFinite),
            Self::Number(_) => Ok(()),
            Self::Category { codes, levels } => {
                match codes.iter().find(|&&code| code != MISSING && code as usize >= levels) {
                    Some(&code) => Err(Undefined::BadCode { code, levels }),
                    None => Ok(()),
                }
            }
        }
    }

    /// Whether both are numbers, or both categories over level lists of one length.
    fn comparable(&self, other: &Column<'_>) -> bool {
        match (self, other) {
            (Self::Number(_), Column::Number(_)) => true,
            (Self::Category { levels: a, .. }, Column::Category { levels: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// A checked table: columns of one length, finite numbers, codes within their levels.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    columns: Vec<Column<'a>>,
    rows: usize,
}

impl<'a> Table<'a> {
    /// Checks and keeps `columns`.
    pub fn new(columns: Vec<Column<'a>>) -> Result<Self> {
        let rows = columns.first().ok_or(Undefined::Empty)?.len();
        for column in &columns {
            if column.len() != rows {
                return Err(Undefined::LengthsDiffer { left: rows, right: column.len() });
            }
            column.check()?;
        }
        Ok(Self { columns, rows })
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column<'a>] {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Refuses a partner with other columns.
    pub fn check_comparable(&self, other: &Table<'_>) -> Result<()> {
        let (left, right) = (self.columns.len(), other.columns.len());
        if left != right {
            return Err(Undefined::LengthsDiffer { left, right });
        }
        match self.columns.iter().zip(&other.columns).position(|(a, b)| !a.comparable(b)) {
            Some(column) => Err(Undefined::KindsDiffer { column }),
            None => Ok(()),
        }
    }
}

/// Refuses arrays of different lengths.
pub(crate) fn check_lengths(left: usize, right: usize) -> Result<()> {
    if left == right { Ok(()) } else { Err(Undefined::LengthsDiffer { left, right }) }
}

/// The present values of a number column, ascending. Refuses infinite values and an empty result.
pub(crate) fn sorted_present(values: &[f64]) -> Result<Vec<f64>> {
    let mut present = present(values)?;
    present.sort_unstable_by(f64::total_cmp);
    Ok(present)
}

/// The present values of a number column in row order. Refuses infinite values and an empty result.
pub(crate) fn present(values: &[f64]) -> Result<Vec<f64>> {
    Column::Number(values).check()?;
    // Adding 0 turns -0 into 0, so that equal numbers also sort as equal.
    let present: Vec<f64> = values.iter().filter(|x| !x.is_nan()).map(|x| x + 0.0).collect();
    if present.is_empty() { Err(Undefined::Empty) } else { Ok(present) }
}

/// Rows per level, missing ones left out. Refuses codes outside the level list and an empty result.
pub(crate) fn level_counts(codes: &[u32], levels: usize) -> Result<Vec<f64>> {
    Column::Category { codes, levels }.check()?;
    let mut counts = vec![0.0; levels];
    for &code in codes.iter().filter(|&&code| code != MISSING) {
        counts[code as usize] += 1.0;
    }
    if counts.iter().all(|&c| c == 0.0) { Err(Undefined::Empty) } else { Ok(counts) }
}

/// The `q` quantile (`0..=1`) of ascending, non-empty values by linear interpolation, NumPy's default.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let below = (position.floor() as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// Arithmetic mean of non-empty values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_refuses_what_it_cannot_judge() {
        let two = [1.0, 2.0];
        let infinite = [1.0, f64::INFINITY];
        let codes = [0, 3];
        assert_eq!(Table::new(vec![]).unwrap_err(), Undefined::Empty);
        assert_eq!(
            Table::new(vec![Column::Number(&two), Column::Number(&two[..1])]).unwrap_err(),
            Undefined::LengthsDiffer { left: 2, right: 1 }
        );
        assert_eq!(Table::new(vec![Column::Number(&infinite)]).unwrap_err(), Undefined::NotFinite);
        assert_eq!(
            Table::new(vec![Column::Category { codes: &codes, levels: 3 }]).unwrap_err(),
            Undefined::BadCode { code: 3, levels: 3 }
        );
    }

    #[test]
    fn tables_of_other_kinds_are_not_compared() {
        let numbers = [1.0];
        let codes = [0];
        let a = Table::new(vec![Column::Number(&numbers)]).unwrap();
        let b = Table::new(vec![Column::Category { codes: &codes, levels: 1 }]).unwrap();
        assert_eq!(a.check_comparable(&b), Err(Undefined::KindsDiffer { column: 0 }));
        assert!(a.check_comparable(&a).is_ok());
    }

    #[test]
    fn quantiles_interpolate_like_numpy() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0);
        assert_eq!(quantile(&[7.0], 0.05), 7.0);
    }
}

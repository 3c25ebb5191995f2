//! SDMetrics' metrics of column pairs.

use std::collections::BTreeMap;

use crate::association::{Bias, cramers_v, pearson, spearman};
use crate::binning::{digitize, equal_width_edges};
use crate::column::{Column, check_lengths};
use crate::{Result, Undefined};

/// Bins of a number column in a contingency table.
const BINS: usize = 10;

/// The coefficient of [`correlation_similarity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correlation {
    /// Pearson's coefficient, SDMetrics' default.
    Pearson,
    /// Spearman's rank coefficient.
    Spearman,
}

impl Correlation {
    /// The coefficient of two columns.
    pub fn of(self, x: &[f64], y: &[f64]) -> Result<f64> {
        match self {
            Self::Pearson => pearson(x, y),
            Self::Spearman => spearman(x, y),
        }
    }
}

/// CorrelationSimilarity: `1 - |ρ_r - ρ_s| / 2` of the pair `(x, y)` in both tables. Rows missing in
/// either column are dropped; a constant column is undefined.
pub fn correlation_similarity(
    real: (&[f64], &[f64]),
    synthetic: (&[f64], &[f64]),
    coefficient: Correlation,
) -> Result<f64> {
    let real = coefficient.of(real.0, real.1)?;
    let synthetic = coefficient.of(synthetic.0, synthetic.1)?;
    Ok(1.0 - (real - synthetic).abs() / 2.0)
}

/// How number columns become categories in a contingency table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// The stand-alone metric: ten equal bins of the real column, open at both ends, for both tables.
    RealEdges,
    /// The quality report: each table is cut into ten equal bins of its *own* range, so a shift or a
    /// change of scale goes unseen. The largest value shares the overflow bin with missing ones.
    OwnEdges,
}

/// ContingencySimilarity: `1 - ½ Σ |P_r - P_s|` over the cells of the two-way table of shares.
/// Missing is a category of its own. Numbers are binned first.
pub fn contingency_similarity(
    real: (&Column<'_>, &Column<'_>),
    synthetic: (&Column<'_>, &Column<'_>),
    binning: Binning,
) -> Result<f64> {
    let (real_x, synthetic_x) = categories(real.0, synthetic.0, binning)?;
    let (real_y, synthetic_y) = categories(real.1, synthetic.1, binning)?;
    cell_similarity((&real_x, &real_y), (&synthetic_x, &synthetic_y))
}

/// The similarity of two-way tables of ready codes.
pub(crate) fn cell_similarity(real: (&[u32], &[u32]), synthetic: (&[u32], &[u32])) -> Result<f64> {
    let mut cells: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for ((x, y), sign) in [(real, 1.0), (synthetic, -1.0)] {
        check_lengths(x.len(), y.len())?;
        if x.is_empty() {
            return Err(Undefined::Empty);
        }
        let weight = sign / x.len() as f64;
        for (&x, &y) in x.iter().zip(y) {
            *cells.entry((x, y)).or_insert(0.0) += weight;
        }
    }
    Ok((1.0 - 0.5 * cells.values().map(|d| d.abs()).sum::<f64>()).clamp(0.0, 1.0))
}

/// Raw Cramér's V of ready codes, missing being a level of its own, as SDMetrics computes the
/// association that decides whether a pair counts.
pub(crate) fn cell_association(x: &[u32], y: &[u32]) -> Result<f64> {
    let (x, r) = compact(x);
    let (y, c) = compact(y);
    cramers_v((&x, r), (&y, c), Bias::Raw)
}

/// Renumbers the occurring codes, [`crate::MISSING`] included, from 0.
fn compact(codes: &[u32]) -> (Vec<u32>, usize) {
    let mut distinct = codes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let position = |code: &u32| distinct.partition_point(|d| d < code) as u32;
    (codes.iter().map(position).collect(), distinct.len())
}

/// The codes of one column in both tables.
fn categories(real: &Column<'_>, synthetic: &Column<'_>, binning: Binning) -> Result<(Vec<u32>, Vec<u32>)> {
    synthetic.check()?;
    match (*real, *synthetic) {
        (Column::Category { .. }, Column::Category { .. }) => {
            Ok((own_categories(real)?, own_categories(synthetic)?))
        }
        (Column::Number(_), Column::Number(_)) if binning == Binning::OwnEdges => {
            Ok((own_categories(real)?, own_categories(synthetic)?))
        }
        (Column::Number(real), Column::Number(synthetic)) => {
            let mut edges = equal_width_edges(real, BINS)?;
            edges[0] = f64::NEG_INFINITY;
            edges[BINS] = f64::INFINITY;
            Ok((digitize(real, &edges), digitize(synthetic, &edges)))
        }
        _ => Err(Undefined::KindsDiffer { column: 0 }),
    }
}

/// The codes of one column, numbers cut at their own edges.
pub(crate) fn own_categories(column: &Column<'_>) -> Result<Vec<u32>> {
    column.check()?;
    match *column {
        Column::Number(values) => Ok(digitize(values, &equal_width_edges(values, BINS)?)),
        Column::Category { codes, .. } => Ok(codes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MISSING;

    #[test]
    fn contingency_by_hand() {
        let (xx, yy) = ([0, 0, 1, 1], [0, 1, 0, 1]);
        let zz = [0, 0, 1, 1];
        let category = |codes| Column::Category { codes, levels: 2 };
        let similarity = contingency_similarity(
            (&category(&xx), &category(&yy)),
            (&category(&xx), &category(&zz)),
            Binning::RealEdges,
        );
        assert_eq!(similarity, Ok(0.5));
    }

    #[test]
    fn reversed_correlation_scores_nothing() {
        let (x, y) = ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]);
        for coefficient in [Correlation::Pearson, Correlation::Spearman] {
            let reversed = correlation_similarity((&x, &x), (&x, &y), coefficient).unwrap();
            assert!(reversed.abs() < 1e-12);
        }
        assert_eq!(
            correlation_similarity((&x, &[1.0; 3]), (&x, &y), Correlation::Pearson),
            Err(Undefined::Constant)
        );
    }

    #[test]
    fn own_edges_do_not_see_a_shift_and_real_edges_do() {
        let x: Vec<f64> = (0..50).map(f64::from).collect();
        let shifted: Vec<f64> = x.iter().map(|v| v + 1000.0).collect();
        let codes: Vec<u32> = (0..50).map(|i| i % 2).collect();
        let y = Column::Category { codes: &codes, levels: 2 };
        let similarity = |binning| {
            contingency_similarity((&Column::Number(&x), &y), (&Column::Number(&shifted), &y), binning)
        };
        assert!((similarity(Binning::OwnEdges).unwrap() - 1.0).abs() < 1e-12);
        assert!(similarity(Binning::RealEdges).unwrap() < 0.2);
    }

    #[test]
    fn missing_is_a_category() {
        let (a, b, y) = ([0, MISSING], [0, 0], [0, 0]);
        let category = |codes| Column::Category { codes, levels: 1 };
        let similarity = contingency_similarity(
            (&category(&a), &category(&y)),
            (&category(&b), &category(&y)),
            Binning::OwnEdges,
        );
        assert_eq!(similarity, Ok(0.5));
        assert_eq!(cell_association(&a, &y), Err(Undefined::Constant));
        assert_eq!(cell_association(&a, &a), Ok(1.0));
    }
}

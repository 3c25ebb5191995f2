//! How strongly do two columns hang together, and is that alike in both tables?
//!
//! Rows missing in either column of a pair are left out of that pair.

use ndarray::Array2;

use crate::column::{Column, MISSING, Table, check_lengths, mean};
use crate::{Result, Undefined};

/// Pearson's correlation coefficient. In `[-1, 1]`; a constant column is undefined.
pub fn pearson(x: &[f64], y: &[f64]) -> Result<f64> {
    let (x, y) = complete_numbers(x, y)?;
    correlation(&x, &y)
}

/// Spearman's rank correlation: Pearson's on average ranks. In `[-1, 1]`; a constant column is
/// undefined.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64> {
    let (x, y) = complete_numbers(x, y)?;
    correlation(&average_ranks(&x), &average_ranks(&y))
}

/// Whether Cramér's V is corrected for its upward bias on small tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// The textbook value.
    Raw,
    /// Bergsma 2013: chi-square and table sides are shrunk by their expectation under independence.
    Corrected,
}

/// Cramér's V between two category columns, `sqrt(χ² / (n min(r-1, c-1)))` over the levels that
/// occur. In `[0, 1]`. Fewer than two occurring levels on a side are undefined.
pub fn cramers_v(x: (&[u32], usize), y: (&[u32], usize), bias: Bias) -> Result<f64> {
    let joint = Joint::new(x, y)?;
    joint.cramers_v(bias)
}

/// Correlation ratio of numbers within categories, `sqrt(SS_between / SS_total)`. In `[0, 1]`; 0
/// when all groups share one mean. Constant numbers, or fewer than two groups, are undefined.
pub fn correlation_ratio(codes: &[u32], levels: usize, values: &[f64]) -> Result<f64> {
    check_lengths(codes.len(), values.len())?;
    Column::Category { codes, levels }.check()?;
    Column::Number(values).check()?;
    let pairs: Vec<(usize, f64)> = codes
        .iter()
        .zip(values)
        .filter(|(code, value)| **code != MISSING && !value.is_nan())
        .map(|(&code, &value)| (code as usize, value))
        .collect();
    let kept: Vec<f64> = pairs.iter().map(|&(_, value)| value).collect();
    check_spread(&kept)?;
    let centre = mean(&kept);
    let (mut sums, mut counts) = (vec![0.0; levels], vec![0.0; levels]);
    for &(code, value) in &pairs {
        sums[code] += value - centre;
        counts[code] += 1.0;
    }
    if counts.iter().filter(|&&c| c > 0.0).count() < 2 {
        return Err(Undefined::Constant);
    }
    let between: f64 = sums.iter().zip(&counts).filter(|(_, c)| **c > 0.0).map(|(s, c)| s * s / c).sum();
    let total: f64 = kept.iter().map(|x| (x - centre).powi(2)).sum();
    Ok((between / total).sqrt().min(1.0))
}

/// The association of every pair of columns of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Association {
    /// Symmetric, ones on the diagonal: Pearson between numbers (signed), raw Cramér's V between
    /// categories, correlation ratio between the two kinds.
    pub matrix: Array2<f64>,
    /// Pairs `(i, j)`, `i < j`, without a defined association (a constant column); they stand as 0
    /// in the matrix and deserve a warning.
    pub undefined: Vec<(usize, usize)>,
}

/// The mixed association matrix of a table. Undefined pairs count as 0 and are listed.
pub fn mixed_association(table: &Table<'_>) -> Association {
    let columns = table.columns();
    let mut matrix = Array2::eye(columns.len());
    let mut undefined = Vec::new();
    for i in 0..columns.len() {
        for j in i + 1..columns.len() {
            match pair_association(&columns[i], &columns[j]) {
                Ok(value) => {
                    matrix[(i, j)] = value;
                    matrix[(j, i)] = value;
                }
                Err(_) => undefined.push((i, j)),
            }
        }
    }
    Association { matrix, undefined }
}

/// The association of one pair, by the kinds of its columns.
fn pair_association(a: &Column<'_>, b: &Column<'_>) -> Result<f64> {
    match (*a, *b) {
        (Column::Number(x), Column::Number(y)) => pearson(x, y),
        (Column::Category { codes, levels }, Column::Number(values))
        | (Column::Number(values), Column::Category { codes, levels }) => {
            correlation_ratio(codes, levels, values)
        }
        (Column::Category { codes: x, levels: r }, Column::Category { codes: y, levels: c }) => {
            cramers_v((x, r), (y, c), Bias::Raw)
        }
    }
}

/// Frobenius distance of two matrices of one shape, `sqrt(Σ (a - b)²)`. Lower is better.
pub fn frobenius_distance(a: &Array2<f64>, b: &Array2<f64>) -> Result<f64> {
    check_lengths(a.nrows(), b.nrows())?;
    check_lengths(a.ncols(), b.ncols())?;
    Ok(a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt())
}

/// `1 - Frobenius / (2 sqrt(k (k-1)))` of two `k × k` association matrices. In `[0, 1]`, higher is
/// better: 1 when they agree, 0 at the bound where every pair flips from +1 to -1. One column has no
/// pair and is undefined.
pub fn frobenius_similarity(a: &Array2<f64>, b: &Array2<f64>) -> Result<f64> {
    let columns = a.nrows();
    if columns < 2 {
        return Err(Undefined::TooFew { needed: 2, found: columns });
    }
    let bound = 2.0 * ((columns * (columns - 1)) as f64).sqrt();
    Ok((1.0 - frobenius_distance(a, b)? / bound).max(0.0))
}

/// Mean absolute difference over the pairs above the diagonal. Lower is better.
pub fn mean_absolute_difference(a: &Array2<f64>, b: &Array2<f64>) -> Result<f64> {
    check_lengths(a.nrows(), b.nrows())?;
    check_lengths(a.ncols(), b.ncols())?;
    let columns = a.nrows();
    if columns < 2 {
        return Err(Undefined::TooFew { needed: 2, found: columns });
    }
    let pairs = (0..columns).flat_map(|i| (i + 1..columns).map(move |j| (i, j)));
    let sum: f64 = pairs.map(|(i, j)| (a[(i, j)] - b[(i, j)]).abs()).sum();
    Ok(sum / (columns * (columns - 1) / 2) as f64)
}

/// A contingency table of two category columns.
struct Joint {
    counts: Array2<f64>,
}

impl Joint {
    fn new((x, r): (&[u32], usize), (y, c): (&[u32], usize)) -> Result<Self> {
        check_lengths(x.len(), y.len())?;
        Column::Category { codes: x, levels: r }.check()?;
        Column::Category { codes: y, levels: c }.check()?;
        let mut counts = Array2::zeros((r, c));
        for (&a, &b) in x.iter().zip(y) {
            if a != MISSING && b != MISSING {
                counts[(a as usize, b as usize)] += 1.0;
            }
        }
        Ok(Self { counts })
    }

    fn cramers_v(&self, bias: Bias) -> Result<f64> {
        let n = self.counts.sum();
        if n == 0.0 {
            return Err(Undefined::Empty);
        }
        let rows: Vec<f64> = self.counts.rows().into_iter().map(|r| r.sum()).collect();
        let columns: Vec<f64> = self.counts.columns().into_iter().map(|c| c.sum()).collect();
        let occurring = |margin: &[f64]| margin.iter().filter(|&&m| m > 0.0).count() as f64;
        let (r, c) = (occurring(&rows), occurring(&columns));
        if r.min(c) < 2.0 {
            return Err(Undefined::Constant);
        }
        let chi_square: f64 = self
            .counts
            .indexed_iter()
            .map(|((i, j), &count)| (count, rows[i] * columns[j] / n))
            .filter(|&(_, expected)| expected > 0.0)
            .map(|(count, expected)| (count - expected).powi(2) / expected)
            .sum();
        let phi_square = chi_square / n;
        match bias {
            Bias::Raw => Ok((phi_square / (r.min(c) - 1.0)).sqrt().min(1.0)),
            Bias::Corrected if n < 2.0 => Err(Undefined::TooFew { needed: 2, found: 1 }),
            Bias::Corrected => {
                let shrink = |side: f64| side - (side - 1.0).powi(2) / (n - 1.0);
                let phi_square = (phi_square - (r - 1.0) * (c - 1.0) / (n - 1.0)).max(0.0);
                let side = shrink(r).min(shrink(c)) - 1.0;
                if side <= 0.0 { Err(Undefined::Constant) } else { Ok((phi_square / side).sqrt().min(1.0)) }
            }
        }
    }
}

/// Rows where both numbers are present.
fn complete_numbers(x: &[f64], y: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    check_lengths(x.len(), y.len())?;
    Column::Number(x).check()?;
    Column::Number(y).check()?;
    Ok(x.iter().zip(y).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).unzip())
}

/// Pearson's coefficient of complete columns, with two passes for accuracy.
fn correlation(x: &[f64], y: &[f64]) -> Result<f64> {
    check_spread(x)?;
    check_spread(y)?;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        let (a, b) = (a - mx, b - my);
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    crate::score::finite((xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

/// Refuses an empty and a constant column.
fn check_spread(x: &[f64]) -> Result<()> {
    match x {
        [] => Err(Undefined::Empty),
        [first, rest @ ..] if rest.iter().all(|v| v == first) => Err(Undefined::Constant),
        _ => Ok(()),
    }
}

/// Ranks from 1; equal values share the mean of their ranks.
pub(crate) fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| (values[i] + 0.0).total_cmp(&(values[j] + 0.0)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let rank = before as f64 + (tied.len() + 1) as f64 / 2.0;
        for &i in tied {
            ranks[i] = rank;
        }
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn ranks_share_ties() {
        assert_eq!(average_ranks(&[10.0, 20.0, 10.0, 5.0]), [2.5, 4.0, 2.5, 1.0]);
        assert_eq!(average_ranks(&[-0.0, 0.0]), [1.5, 1.5]);
        assert!(average_ranks(&[]).is_empty());
    }

    #[test]
    fn correlations_of_monotone_columns() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let cubed = x.map(|v| v * v * v);
        assert!(near(spearman(&x, &cubed).unwrap(), 1.0));
        assert!(pearson(&x, &cubed).unwrap() < 0.99);
        assert!(near(pearson(&x, &x.map(|v| -v)).unwrap(), -1.0));
    }

    #[test]
    fn rows_with_a_hole_leave_the_pair() {
        let x = [1.0, f64::NAN, 3.0, 5.0];
        let y = [2.0, 9.0, f64::NAN, 10.0];
        assert!(near(pearson(&x, &y).unwrap(), 1.0));
        assert_eq!(pearson(&x[..2], &y[..2]), Err(Undefined::Constant));
        assert_eq!(pearson(&[], &[]), Err(Undefined::Empty));
        assert_eq!(pearson(&[1.0], &[]), Err(Undefined::LengthsDiffer { left: 1, right: 0 }));
    }

    #[test]
    fn cramers_v_bounds() {
        let x = [0, 0, 1, 1];
        assert!(near(cramers_v((&x, 2), (&x, 2), Bias::Raw).unwrap(), 1.0));
        assert!(near(cramers_v((&x, 2), (&[0, 1, 0, 1], 2), Bias::Raw).unwrap(), 0.0));
        assert_eq!(cramers_v((&x, 2), (&[3; 4], 4), Bias::Raw), Err(Undefined::Constant));
        // By hand: chi² = 2, n = 6, phi² = 1/3, corrected (1/3 - 1/5) / (2 - 1/5 - 1).
        let (a, b) = ([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1]);
        assert!(near(cramers_v((&a, 2), (&b, 2), Bias::Raw).unwrap(), 0.5_f64.sqrt()));
        let corrected = ((0.5 - 0.2) / 0.8_f64).sqrt();
        assert!(near(cramers_v((&a, 2), (&b, 2), Bias::Corrected).unwrap(), corrected));
    }

    #[test]
    fn correlation_ratio_by_hand() {
        // Group means 1 and 3 around 2: between 4, total 4 + 0.
        assert!(near(correlation_ratio(&[0, 0, 1, 1], 2, &[1.0, 1.0, 3.0, 3.0]).unwrap(), 1.0));
        // Groups {0, 2} and {1, 1} share the mean 1.
        assert_eq!(correlation_ratio(&[0, 0, 1, 1], 2, &[0.0, 2.0, 1.0, 1.0]), Ok(0.0));
        assert_eq!(correlation_ratio(&[0, 0], 2, &[0.0, 2.0]), Err(Undefined::Constant));
        assert_eq!(correlation_ratio(&[0, 1], 2, &[2.0, 2.0]), Err(Undefined::Constant));
    }

    #[test]
    fn opposite_matrices_reach_the_bound() {
        let plus = array![[1.0, 1.0], [1.0, 1.0]];
        let minus = array![[1.0, -1.0], [-1.0, 1.0]];
        assert_eq!(frobenius_similarity(&plus, &minus), Ok(0.0));
        assert_eq!(frobenius_similarity(&plus, &plus), Ok(1.0));
        assert_eq!(mean_absolute_difference(&plus, &minus), Ok(2.0));
        assert_eq!(
            frobenius_similarity(&array![[1.0]], &array![[1.0]]),
            Err(Undefined::TooFew { needed: 2, found: 1 })
        );
    }

    #[test]
    fn the_mixed_matrix_is_symmetric_and_names_constants() {
        let (numbers, constant, codes) = ([1.0, 2.0, 3.0, 5.0], [7.0; 4], [0, 0, 1, 1]);
        let table = Table::new(vec![
            Column::Number(&numbers),
            Column::Number(&constant),
            Column::Category { codes: &codes, levels: 2 },
        ])
        .unwrap();
        let association = mixed_association(&table);
        assert_eq!(association.undefined, [(0, 1), (1, 2)]);
        assert_eq!(association.matrix, association.matrix.t());
        assert!(association.matrix[(0, 2)] > 0.8);
    }

    proptest! {
        #[test]
        fn rank_correlation_ignores_monotone_maps(
            pairs in prop::collection::vec((-9_i8..9, -9_i8..9), 3..30),
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
            let mapped: Vec<f64> = x.iter().map(|v| (v / 3.0).exp()).collect();
            prop_assert_eq!(spearman(&x, &y), spearman(&mapped, &y));
            if let Ok(r) = pearson(&x, &y) {
                prop_assert!((-1.0..=1.0).contains(&r));
                prop_assert_eq!(Ok(r), pearson(&y, &x));
            }
        }
    }
}

//! Gower's distance between mixed rows (1971), fast.
//!
//! The distance is the mean over columns of: for numbers the absolute difference divided by the
//! range of the *reference* table, at most 1 (a range of 0: 0 when equal, 1 otherwise); for
//! categories 0 when equal and 1 otherwise; 0 when both are missing and 1 when one is. It lies in
//! `[0, 1]`. These are SDMetrics' conventions, except that SDMetrics scales each set by that set's own
//! range, so that one outlier in the training part makes everything look closer to it. Encode all
//! tables on one reference (the training table) for one common range; call [`encode`] once per
//! reference for parity with SDMetrics.
//!
//! Rows are encoded as flat lines of `f64` so that every column's term is `min(|a - b|, 1)`: numbers
//! in units of the range, categories as their codes (two codes differ by at least 1), missing as a
//! sentinel far from everything.

use rayon::prelude::*;

use crate::column::{Column, MISSING, Table};
use crate::{Result, Undefined};

/// Columns are padded to whole groups of this many, one group per step of the inner loop.
const LANES: usize = 8;
/// Encoded values stay within ± this.
const LARGEST: f64 = 1e300;
/// The encoding of a missing value, far beyond [`LARGEST`].
const ABSENT: f64 = 1.5e308;

/// A table encoded for Gower distances. Only tables encoded together may be compared.
#[derive(Debug, Clone)]
pub struct Rows {
    /// `len × width` values, padding 0.
    values: Vec<f64>,
    len: usize,
    columns: usize,
    width: usize,
    /// Per column whether it holds categories.
    categorical: Vec<bool>,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rows at `positions`, in that order.
    pub fn select(&self, positions: &[usize]) -> Self {
        let values = positions.iter().flat_map(|&i| self.row(i)).copied().collect();
        Self { values, len: positions.len(), categorical: self.categorical.clone(), ..*self }
    }

    /// Gower distance between row `i` here and row `j` of `other`, which was encoded together.
    pub fn distance(&self, i: usize, other: &Self, j: usize) -> f64 {
        self.mean(sum(self.row(i), other.row(j)))
    }

    /// The padded values of row `i`.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Turns a sum of column terms into a distance.
    pub(crate) fn mean(&self, sum: f64) -> f64 {
        sum / self.columns as f64
    }

    /// The encoded values of column `c`; `None` is missing.
    pub(crate) fn column(&self, c: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..self.len).map(move |i| self.row(i)[c]).map(|v| (v != ABSENT).then_some(v))
    }

    /// Whether column `c` holds categories.
    pub(crate) fn is_categorical(&self, c: usize) -> bool {
        self.categorical[c]
    }

    /// As many rows as `other` would have, with the given encoded columns; `None` is missing.
    pub(crate) fn from_columns(like: &Self, columns: &[Vec<Option<f64>>], rows: usize) -> Self {
        let mut values = vec![0.0; rows * like.width];
        for (c, column) in columns.iter().enumerate() {
            for (i, value) in column.iter().enumerate() {
                values[i * like.width + c] = value.unwrap_or(ABSENT);
            }
        }
        Self { values, len: rows, categorical: like.categorical.clone(), ..*like }
    }
}

/// Encodes `tables` on the numeric ranges of `reference`.
///
/// ```
/// use paucal_metrics::privacy::{encode, nearest};
/// use paucal_metrics::{Column, Table};
/// let train = Table::new(vec![Column::Number(&[0.0, 10.0])]).unwrap();
/// let synthetic = Table::new(vec![Column::Number(&[1.0, 10.0])]).unwrap();
/// let [train, synthetic] = encode(&train, [&train, &synthetic]).unwrap();
/// assert_eq!(nearest(&synthetic, &train).unwrap(), [0.1, 0.0]);
/// ```
pub fn encode<const N: usize>(reference: &Table<'_>, tables: [&Table<'_>; N]) -> Result<[Rows; N]> {
    for table in tables {
        reference.check_comparable(table)?;
    }
    let columns = reference.columns().len();
    let width = columns.next_multiple_of(LANES);
    let categorical: Vec<bool> =
        reference.columns().iter().map(|c| matches!(c, Column::Category { .. })).collect();
    let mut encoded = tables.map(|table| Rows {
        values: vec![0.0; table.rows() * width],
        len: table.rows(),
        columns,
        width,
        categorical: categorical.clone(),
    });
    for c in 0..columns {
        let scale = Scale::of(&reference.columns()[c], tables.map(|t| t.columns()[c]))?;
        for (rows, table) in encoded.iter_mut().zip(tables) {
            for i in 0..table.rows() {
                rows.values[i * width + c] = scale.encode(&table.columns()[c], i);
            }
        }
    }
    Ok(encoded)
}

/// How one column becomes numbers whose capped differences are its distance terms.
enum Scale {
    /// Numbers with a spread: `(x - low) / range`.
    Range { low: f64, range: f64 },
    /// Numbers that are constant in the reference: the position among all distinct values.
    Positions(Vec<f64>),
    /// Categories: the code itself.
    Codes,
}

impl Scale {
    fn of<const N: usize>(reference: &Column<'_>, columns: [Column<'_>; N]) -> Result<Self> {
        let Column::Number(values) = reference else { return Ok(Self::Codes) };
        let present = || values.iter().copied().filter(|x| !x.is_nan());
        let low = present().fold(f64::INFINITY, f64::min);
        let range = present().fold(f64::NEG_INFINITY, f64::max) - low;
        if range > 0.0 {
            return Ok(Self::Range { low, range: crate::score::finite(range)? });
        }
        let mut distinct: Vec<f64> = columns
            .iter()
            .flat_map(|column| if let Column::Number(values) = column { values } else { &[][..] })
            .filter(|x| !x.is_nan())
            .map(|x| x + 0.0)
            .collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        Ok(Self::Positions(distinct))
    }

    fn encode(&self, column: &Column<'_>, i: usize) -> f64 {
        match (self, *column) {
            (_, Column::Number(values)) if values[i].is_nan() => ABSENT,
            (_, Column::Category { codes, .. }) if codes[i] == MISSING => ABSENT,
            (_, Column::Category { codes, .. }) => f64::from(codes[i]),
            (Self::Range { low, range }, Column::Number(values)) => {
                ((values[i] - low) / range).clamp(-LARGEST, LARGEST)
            }
            (Self::Positions(distinct), Column::Number(values)) => {
                distinct.partition_point(|d| *d < values[i]) as f64
            }
            (Self::Codes, Column::Number(values)) => values[i],
        }
    }
}

/// Adds the lanes in one fixed order.
fn total(lanes: &[f64; LANES]) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

/// Adds one group of column terms to the lanes.
fn accumulate(lanes: &mut [f64; LANES], a: &[f64], b: &[f64]) {
    for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
        let difference = (x - y).abs();
        *lane += if difference < 1.0 { difference } else { 1.0 };
    }
}

/// Sum of the column terms of two rows.
pub(crate) fn sum(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        accumulate(&mut lanes, a, b);
    }
    total(&lanes)
}

/// [`sum`] when it is below `limit`. Terms are never negative, so the loop ends as soon as the limit
/// is reached; the value is the same to the last bit.
pub(crate) fn sum_below(a: &[f64], b: &[f64], limit: f64) -> Option<f64> {
    let mut lanes = [0.0; LANES];
    let mut sum = 0.0;
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        accumulate(&mut lanes, a, b);
        sum = total(&lanes);
        if sum >= limit {
            return None;
        }
    }
    (sum < limit).then_some(sum)
}

/// Refuses an empty side and tables that were not encoded alike.
pub(crate) fn check(queries: &Rows, reference: &Rows) -> Result<()> {
    if queries.is_empty() || reference.is_empty() {
        return Err(Undefined::Empty);
    }
    crate::column::check_lengths(queries.columns, reference.columns)
}

/// For each query row the distance to its nearest reference row (distance to closest record, DCR).
pub fn nearest(queries: &Rows, reference: &Rows) -> Result<Vec<f64>> {
    Ok(k_nearest(queries, reference, 1)?.into_iter().map(|d| d[0]).collect())
}

/// For each query row the distances to its `k` nearest reference rows, ascending.
pub(crate) fn k_nearest(queries: &Rows, reference: &Rows, k: usize) -> Result<Vec<Vec<f64>>> {
    check(queries, reference)?;
    if reference.len() < k {
        return Err(Undefined::TooFew { needed: k, found: reference.len() });
    }
    let one = |i: usize| distances(reference, &smallest(queries.row(i), reference, None, k));
    Ok((0..queries.len()).into_par_iter().map(one).collect())
}

/// For each row the distances to its `k` nearest *other* rows, ascending.
pub(crate) fn k_nearest_within(rows: &Rows, k: usize) -> Result<Vec<Vec<f64>>> {
    Ok(nearest_sums_within(rows, k)?.iter().map(|sums| distances(rows, sums)).collect())
}

/// As [`k_nearest_within`], but sums over columns, the unit of [`sum_below`]: dividing and multiplying
/// again could move a row across the rim of a ball.
pub(crate) fn nearest_sums_within(rows: &Rows, k: usize) -> Result<Vec<Vec<f64>>> {
    check(rows, rows)?;
    if rows.len() <= k {
        return Err(Undefined::TooFew { needed: k + 1, found: rows.len() });
    }
    Ok((0..rows.len()).into_par_iter().map(|i| smallest(rows.row(i), rows, Some(i), k)).collect())
}

/// Turns sums over columns into distances.
fn distances(rows: &Rows, sums: &[f64]) -> Vec<f64> {
    sums.iter().map(|sum| rows.mean(*sum)).collect()
}

/// The `k` smallest sums of one row, ascending, leaving out the reference row `skip`.
fn smallest(query: &[f64], reference: &Rows, skip: Option<usize>, k: usize) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; k];
    for j in (0..reference.len()).filter(|&j| Some(j) != skip) {
        if let Some(sum) = sum_below(query, reference.row(j), best[k - 1]) {
            let place = best.partition_point(|b| *b <= sum);
            best[place..].rotate_right(1);
            best[place] = sum;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NA: f64 = f64::NAN;

    fn distances(train: &[Column<'_>], query: &[Column<'_>]) -> Vec<f64> {
        let (train, query) = (Table::new(train.to_vec()).unwrap(), Table::new(query.to_vec()).unwrap());
        let [t, q] = encode(&train, [&train, &query]).unwrap();
        (0..q.len()).map(|i| q.distance(i, &t, 0)).collect()
    }

    #[test]
    fn terms_of_numbers_are_capped_and_missing_is_a_value() {
        let got = distances(&[Column::Number(&[0.0, 4.0])], &[Column::Number(&[1.0, 400.0, -1.0, NA, 0.0])]);
        assert_eq!(got, [0.25, 1.0, 0.25, 1.0, 0.0]);
        assert_eq!(distances(&[Column::Number(&[NA, 1.0, 2.0])], &[Column::Number(&[NA, 1.0])]), [0.0, 1.0]);
    }

    #[test]
    fn a_constant_reference_tells_only_equal_from_different() {
        let got = distances(
            &[Column::Number(&[2.0, 2.0])],
            &[Column::Number(&[2.0, 2.000_000_1, -9.0, 1e300, NA])],
        );
        assert_eq!(got, [0.0, 1.0, 1.0, 1.0, 1.0]);
        // A column that is entirely missing in the reference.
        assert_eq!(distances(&[Column::Number(&[NA])], &[Column::Number(&[NA, 3.0])]), [0.0, 1.0]);
    }

    #[test]
    fn categories_are_equal_or_not() {
        let train = [Column::Category { codes: &[0], levels: 9 }, Column::Number(&[1.0])];
        let query =
            [Column::Category { codes: &[0, 8, MISSING], levels: 9 }, Column::Number(&[1.0, 1.0, 1.0])];
        assert_eq!(distances(&train, &query), [0.0, 0.5, 0.5]);
    }

    #[test]
    fn too_few_rows_are_undefined() {
        let table = Table::new(vec![Column::Number(&[1.0, 2.0])]).unwrap();
        let [rows] = encode(&table, [&table]).unwrap();
        assert_eq!(k_nearest_within(&rows, 2).unwrap_err(), Undefined::TooFew { needed: 3, found: 2 });
        assert_eq!(nearest(&rows, &rows.select(&[])).unwrap_err(), Undefined::Empty);
    }

    proptest! {
        #[test]
        fn early_exit_changes_nothing(
            rows in prop::collection::vec(prop::collection::vec(-2.0..2.0_f64, 19), 2..20),
        ) {
            let columns: Vec<Vec<f64>> = (0..19).map(|c| rows.iter().map(|r| r[c]).collect()).collect();
            let table = Table::new(columns.iter().map(|c| Column::Number(c)).collect()).unwrap();
            let [encoded] = encode(&table, [&table]).unwrap();
            for (i, near) in k_nearest_within(&encoded, 1).unwrap().iter().enumerate() {
                let brute = (0..encoded.len())
                    .filter(|&j| j != i)
                    .map(|j| encoded.distance(i, &encoded, j))
                    .fold(f64::INFINITY, f64::min);
                prop_assert_eq!(near[0], brute);
            }
            // A row of the training table is at distance 0.
            prop_assert!(nearest(&encoded, &encoded).unwrap().iter().all(|d| *d == 0.0));
        }

        #[test]
        fn distances_are_symmetric_and_within_bounds(
            a in prop::collection::vec(-9.0..9.0_f64, 12), b in prop::collection::vec(-9.0..9.0_f64, 12),
        ) {
            let columns: Vec<[f64; 2]> = a.iter().zip(&b).map(|(x, y)| [*x, *y]).collect();
            let table = Table::new(columns.iter().map(|c| Column::Number(c)).collect()).unwrap();
            let [rows] = encode(&table, [&table]).unwrap();
            let distance = rows.distance(0, &rows, 1);
            prop_assert_eq!(distance, rows.distance(1, &rows, 0));
            prop_assert!((0.0..=1.0).contains(&distance));
        }
    }
}

//! Features as small integer codes.
//!
//! Trees look only at the order of a feature's values, so each feature is coded once by rank and
//! every split search works on `u16` codes. A feature whose distinct values fit the limit gets one
//! code per value, which loses nothing: split points fall midway between neighbouring values, as in
//! scikit-learn's exact trees. Beyond the limit neighbouring values share a code such that the codes
//! hold about equally many rows (quantile histogram, as in LightGBM: Ke et al. 2017).

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Rows × features coded by rank; NaN has a code of its own, one above the last.
#[derive(Debug, Clone)]
pub struct Binned {
    rows: usize,
    columns: Vec<Column>,
    /// Column after column.
    codes: Vec<u16>,
}

/// The values behind the codes of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Smallest value of each code.
    low: Vec<f64>,
    /// Largest value of each code.
    high: Vec<f64>,
    /// Whether any value is NaN.
    missing: bool,
}

impl Binned {
    /// The highest limit a `u16` code allows, leaving room for NaN.
    pub const MOST: usize = u16::MAX as usize;

    /// Codes `x`. A feature with more than `limit` distinct values gets at most `limit` codes;
    /// `limit` is held within `2..=Binned::MOST`.
    pub fn new(x: ArrayView2<'_, f64>, limit: usize) -> Self {
        let limit = limit.clamp(2, Self::MOST);
        let rows = x.nrows();
        let mut codes = vec![0_u16; rows * x.ncols()];
        let code_column = |(j, codes): (usize, &mut [u16])| {
            let values: Vec<f64> = x.column(j).to_vec();
            let column = Column::new(&values, limit);
            for (code, &value) in codes.iter_mut().zip(&values) {
                *code = column.code(value);
            }
            column
        };
        // Coding a small table is over before threads have started.
        let columns = if rows * x.ncols() < 50_000 {
            codes.chunks_mut(rows.max(1)).enumerate().map(code_column).collect()
        } else {
            codes.par_chunks_mut(rows.max(1)).enumerate().map(code_column).collect()
        };
        Self { rows, columns, codes }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.columns.len()
    }

    /// The values behind the codes of feature `j`.
    pub fn column(&self, j: usize) -> &Column {
        &self.columns[j]
    }

    /// The codes of feature `j`, one per row.
    pub fn codes(&self, j: usize) -> &[u16] {
        &self.codes[j * self.rows..(j + 1) * self.rows]
    }

    /// The largest number of codes of any feature, NaN included.
    pub fn widest(&self) -> usize {
        self.columns.iter().map(|column| column.len() + 1).max().unwrap_or(1)
    }
}

impl Column {
    fn new(values: &[f64], limit: usize) -> Self {
        // Adding 0 turns -0 into 0, which must not count as a value of its own.
        let mut sorted: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let missing = sorted.len() < values.len();
        let groups: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
        if groups.len() <= limit {
            let low: Vec<f64> = groups.iter().map(|group| group[0]).collect();
            return Self { high: low.clone(), low, missing };
        }
        let (mut low, mut high) = (Vec::with_capacity(limit), Vec::with_capacity(limit));
        let (mut left, mut held) = (sorted.len(), 0);
        for (at, group) in groups.iter().enumerate() {
            if held == 0 {
                low.push(group[0]);
            }
            held += group.len();
            let codes_after = limit - low.len();
            let groups_after = groups.len() - at - 1;
            // Close the code when it holds its share of what is left, or when each value left can
            // have its own code.
            if held * (codes_after + 1) >= left || groups_after <= codes_after {
                high.push(group[0]);
                left -= held;
                held = 0;
            }
        }
        Self { low, high, missing }
    }

    /// Number of codes, NaN not counted.
    pub fn len(&self) -> usize {
        self.low.len()
    }

    /// Whether there is no value at all besides NaN.
    pub fn is_empty(&self) -> bool {
        self.low.is_empty()
    }

    /// Whether the feature has missing values, coded [`len`](Self::len).
    pub fn has_missing(&self) -> bool {
        self.missing
    }

    /// The code of a value that was present at construction.
    fn code(&self, value: f64) -> u16 {
        if value.is_nan() {
            return self.len() as u16;
        }
        self.high.partition_point(|&high| high < value) as u16
    }

    /// The split point between the codes `left < right`: x ≤ point goes left. Midway between the
    /// neighbouring values, or the lower one if no number lies between.
    pub fn point(&self, left: usize, right: usize) -> f64 {
        let (a, b) = (self.high[left], self.low[right]);
        let middle = a / 2.0 + b / 2.0;
        if middle >= a && middle < b { middle } else { a }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn few_values_are_coded_exactly() {
        let x = Array2::from_shape_vec((5, 1), vec![3.0, -0.0, 0.0, f64::NAN, 7.0]).unwrap();
        let binned = Binned::new(x.view(), 10);
        assert_eq!(binned.codes(0), [1, 0, 0, 3, 2]);
        assert_eq!(binned.column(0).point(0, 2), 3.5);
        assert!(binned.column(0).has_missing());
    }

    #[test]
    fn many_values_share_codes_evenly_and_in_order() {
        let x = Array2::from_shape_fn((1000, 1), |(i, _)| ((i * 7) % 1000) as f64);
        let binned = Binned::new(x.view(), 16);
        let mut counts = [0_usize; 16];
        binned.codes(0).iter().for_each(|&code| counts[code as usize] += 1);
        assert!(counts.iter().all(|&count| (60..=65).contains(&count)), "{counts:?}");
        for i in 0..1000 {
            for j in 0..1000 {
                if x[[i, 0]] <= x[[j, 0]] {
                    assert!(binned.codes(0)[i] <= binned.codes(0)[j]);
                }
            }
        }
    }

    #[test]
    fn a_heavy_value_does_not_starve_the_others_of_codes() {
        let x = Array2::from_shape_fn((1000, 1), |(i, _)| if i < 900 { 0.0 } else { i as f64 });
        assert_eq!(Binned::new(x.view(), 50).column(0).len(), 50);
    }

    #[test]
    fn neighbouring_floats_split_without_rounding_past_the_upper() {
        let (a, b) = (1.0, 1.0 + f64::EPSILON);
        let x = Array2::from_shape_vec((2, 1), vec![a, b]).unwrap();
        let point = Binned::new(x.view(), 10).column(0).point(0, 1);
        assert!(a <= point && point < b);
    }
}

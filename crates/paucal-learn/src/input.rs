//! The checks every classifier shares, and the reduction to what is really there: rows of positive
//! weight and classes that occur.

use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use crate::LearnError;

/// Whether NaN may stand for a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Every value must be finite.
    Refuse,
    /// NaN is a missing value; infinities are refused.
    Accept,
}

/// Checked training data.
pub(crate) struct Task<'a> {
    /// Rows of positive weight × features, in standard layout.
    pub x: CowArray<'a, f64, Ix2>,
    /// Position of each row's class among the classes present.
    pub y: Vec<usize>,
    /// Positive weight of each row.
    pub weights: Vec<f64>,
    /// Index of each kept row in the caller's data.
    pub rows: Vec<usize>,
    /// The classes present.
    pub classes: Classes,
}

/// Which of the caller's class codes occur.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Classes {
    /// Ascending codes.
    pub present: Vec<usize>,
    /// Number of the caller's classes.
    pub total: usize,
}

impl Classes {
    /// Puts the columns of the classes present at their places among all classes.
    pub fn widen(&self, narrow: Array2<f64>) -> Array2<f64> {
        if self.present.len() == self.total {
            return narrow;
        }
        let mut wide = Array2::zeros((narrow.nrows(), self.total));
        for (column, &class) in narrow.columns().into_iter().zip(&self.present) {
            wide.column_mut(class).assign(&column);
        }
        wide
    }
}

impl<'a> Task<'a> {
    /// Checks classifier inputs and drops rows of weight 0.
    pub fn new(
        x: ArrayView2<'a, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        missing: Missing,
    ) -> Result<Self, LearnError> {
        same_length("y", y.len(), x.nrows())?;
        if let Some((row, &code)) = y.iter().enumerate().find(|&(_, &code)| code >= classes) {
            return Err(LearnError::ClassCode { row, code, classes });
        }
        let Weighted { x, weights, rows } = Weighted::new(x, weights, missing)?;
        let mut seen = vec![false; classes];
        for &row in &rows {
            seen[y[row]] = true;
        }
        let present: Vec<usize> = (0..classes).filter(|&class| seen[class]).collect();
        let mut place = vec![0; classes];
        present.iter().enumerate().for_each(|(at, &class)| place[class] = at);
        let y = rows.iter().map(|&row| place[y[row]]).collect();
        Ok(Self { x, y, weights, rows, classes: Classes { present, total: classes } })
    }
}

/// Checked rows with their weights, before any target.
pub(crate) struct Weighted<'a> {
    /// Rows of positive weight × features, in standard layout.
    pub x: CowArray<'a, f64, Ix2>,
    /// Positive weight of each row.
    pub weights: Vec<f64>,
    /// Index of each kept row in the caller's data.
    pub rows: Vec<usize>,
}

impl<'a> Weighted<'a> {
    /// Checks values and weights and drops rows of weight 0.
    pub fn new(
        x: ArrayView2<'a, f64>,
        weights: Option<&[f64]>,
        missing: Missing,
    ) -> Result<Self, LearnError> {
        check_values(x, missing)?;
        if let Some(weights) = weights {
            same_length("weights", weights.len(), x.nrows())?;
            check_weights(weights)?;
        }
        let all = || (0..x.nrows()).collect::<Vec<_>>();
        let (rows, weights): (Vec<usize>, Vec<f64>) = match weights {
            None => (all(), vec![1.0; x.nrows()]),
            Some(weights) => {
                all().into_iter().zip(weights.iter().copied()).filter(|&(_, weight)| weight > 0.0).unzip()
            }
        };
        if rows.is_empty() {
            return Err(LearnError::NoRows);
        }
        let x = if rows.len() < x.nrows() { CowArray::from(x.select(Axis(0), &rows)) } else { standard(x) };
        Ok(Self { x, weights, rows })
    }
}

/// The same values with each row contiguous; copies only if needed.
pub(crate) fn standard(x: ArrayView2<'_, f64>) -> CowArray<'_, f64, Ix2> {
    if x.is_standard_layout() {
        CowArray::from(x)
    } else {
        let mut copy = Array2::zeros(x.raw_dim());
        copy.assign(&x);
        CowArray::from(copy)
    }
}

/// At least one row and one feature, and every value finite (or missing, where that is accepted).
pub(crate) fn check_values(x: ArrayView2<'_, f64>, missing: Missing) -> Result<(), LearnError> {
    if x.nrows() == 0 {
        return Err(LearnError::NoRows);
    }
    if x.ncols() == 0 {
        return Err(LearnError::NoFeatures);
    }
    let fits = |value: f64| value.is_finite() || (missing == Missing::Accept && value.is_nan());
    // A plain pass over the values; where one is wrong is only asked when one is.
    if x.as_slice().is_some_and(|values| values.iter().fold(true, |all, &value| all & fits(value))) {
        return Ok(());
    }
    match x.indexed_iter().find(|&(_, &value)| !fits(value)) {
        None => Ok(()),
        Some(((row, column), &value)) => Err(LearnError::NotFinite { row, column, value }),
    }
}

/// Every weight is finite and at least 0.
pub(crate) fn check_weights(weights: &[f64]) -> Result<(), LearnError> {
    match weights.iter().enumerate().find(|&(_, &weight)| !(weight >= 0.0 && weight.is_finite())) {
        None => Ok(()),
        Some((row, &value)) => Err(LearnError::Weight { row, value }),
    }
}

/// An error unless `found` is the number of rows.
pub(crate) fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), LearnError> {
    if found == expected { Ok(()) } else { Err(LearnError::Length { what, found, expected }) }
}

/// Applies `predict` to each row of `x`, writing into the matching row of a rows × `width` array.
/// Rows run in parallel when `cost` (work per row, in rough operations) makes that worthwhile.
pub(crate) fn map_rows(
    x: ArrayView2<'_, f64>,
    width: usize,
    cost: usize,
    predict: impl Fn(&[f64], &mut [f64]) + Sync,
) -> Array2<f64> {
    let features = x.ncols().max(1);
    map_blocks(x, width, cost, |values, results| {
        for (row, result) in values.chunks_exact(features).zip(results.chunks_exact_mut(width)) {
            predict(row, result);
        }
    })
}

/// As [`map_rows`], handing over blocks of rows: the values of some consecutive rows and their results.
pub(crate) fn map_blocks(
    x: ArrayView2<'_, f64>,
    width: usize,
    cost: usize,
    predict: impl Fn(&[f64], &mut [f64]) + Sync,
) -> Array2<f64> {
    use rayon::prelude::*;
    const ROWS: usize = 256;
    const WORTHWHILE: usize = 50_000;
    let mut out = Array2::zeros((x.nrows(), width));
    if width == 0 || x.ncols() == 0 {
        return out;
    }
    let x = standard(x);
    let (Some(values), Some(results)) = (x.as_slice(), out.as_slice_mut()) else {
        return out;
    };
    let (step, result_step) = (ROWS * x.ncols(), ROWS * width);
    if x.nrows().saturating_mul(cost) < WORTHWHILE {
        values.chunks(step).zip(results.chunks_mut(result_step)).for_each(|(v, r)| predict(v, r));
    } else {
        values.par_chunks(step).zip(results.par_chunks_mut(result_step)).for_each(|(v, r)| predict(v, r));
    }
    out
}

//! Number columns that nearly follow from another one: perimeter from radius, the same test in two units.
//!
//! A network that learns both as they are makes their tight relation loose. Here the one is learnt as it is and the other
//! as what is left of it beside a curve over the first, and put together again after sampling.

use paucal_core::Observer;
use paucal_data::{Table, Values};
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::gap::numbers;
use crate::transform::NumberFormat;

/// A column counts as nearly determined from this R² on: |r| above 0.995.
const NEARLY: f64 = 0.99;
/// Fewer complete pairs say nothing.
const LEAST_ROWS: usize = 30;
/// A column with fewer distinct values is a scale rather than a measurement.
const LEAST_DISTINCT: usize = 20;

/// A column as what is left of it beside a curve over another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Residual {
    /// Position of the other column, which is learnt as it is.
    pub source: usize,
    curve: Curve,
    format: NumberFormat,
}

impl Residual {
    /// The coded value.
    pub fn encode(&self, value: f64, values: &[Values], row: usize) -> f64 {
        self.curve.residual(numbers(values, self.source)[row], value)
    }

    /// The value of a coded one, on the grid and in the range of training.
    pub fn decode(&self, code: f64, values: &[Values], row: usize) -> f64 {
        let value = self.curve.value(numbers(values, self.source)[row], code);
        self.format.apply(if value.is_finite() { value } else { f64::NAN })
    }

    /// Whether positions exist and numbers are numbers.
    pub fn is_sound(&self, columns: usize) -> bool {
        self.source < columns && self.format.min <= self.format.max
    }
}

/// Finds the columns among `free` that nearly follow from another of them, from the last to the first, because derived
/// columns usually stand behind their sources. No column is both a source and explained.
pub(super) fn find(train: &Table, free: &[usize], observer: &dyn Observer) -> Vec<(usize, Residual)> {
    let usable: Vec<usize> = free.iter().copied().filter(|&column| varies(train, column)).collect();
    let mut found: Vec<(usize, Residual)> = Vec::new();
    for &y in usable.iter().rev() {
        if found.iter().any(|(_, residual)| residual.source == y) {
            continue;
        }
        let sources =
            usable.iter().copied().filter(|&x| x != y && found.iter().all(|(known, _)| *known != x));
        let fits = sources.filter_map(|x| {
            let (curve, explained) = pair(train, x, y)?;
            (explained >= NEARLY).then_some((x, curve, explained))
        });
        let best = fits.max_by(|a, b| a.2.total_cmp(&b.2));
        let format = train.at(y).numbers().and_then(|own| NumberFormat::learn(&train.at(y).spec.kind, own));
        let (Some((source, curve, explained)), Some(format)) = (best, format) else { continue };
        let name = |column: usize| &train.schema().columns[column].name;
        observer.note(format!(
            "'{}' nearly follows from '{}' (R² {explained:.4}) and is learnt as what is left of it",
            name(y),
            name(source)
        ));
        found.push((y, Residual { source, curve, format }));
    }
    found
}

/// The curve of `y` over `x`; none where `y` has a value without one of `x`.
fn pair(train: &Table, x: usize, y: usize) -> Option<(Curve, f64)> {
    let (x, y) = (train.at(x).numbers()?, train.at(y).numbers()?);
    let alone = x.iter().zip(y).any(|(x, y)| x.is_nan() && !y.is_nan());
    if alone { None } else { Curve::fit(x, y) }
}

/// Whether a column has enough values to speak of a relation.
fn varies(train: &Table, column: usize) -> bool {
    let Some(values) = train.at(column).numbers() else { return false };
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let present = sorted.len();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    present >= LEAST_ROWS && sorted.len() >= LEAST_DISTINCT
}

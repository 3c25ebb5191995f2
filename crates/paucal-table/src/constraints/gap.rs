//! A column under an order: how far it lies above the columns that must not be larger.

use paucal_data::constraints::Rules;
use paucal_data::{Kind, Values};
use serde::{Deserialize, Serialize};

use crate::transform::{NumberFormat, Rounding};

/// Share of the median distance that is added before the logarithm where values have no grid.
const SMALL: f64 = 1e-3;

/// A column as ln(distance + unit) above the largest of its lower neighbours, or above a fixed value where all of
/// those are missing. Whatever is drawn comes back at or above them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Gap {
    /// Positions of the columns that must not be larger.
    pub below: Vec<usize>,
    /// What stands for them where all are missing.
    fill: f64,
    /// One step of the column's grid, so that a distance of 0 has a logarithm.
    unit: f64,
    /// Grid and range of the column.
    pub format: NumberFormat,
}

impl Gap {
    /// Learns from the values of all columns; `None` when the column has no value.
    pub fn learn(column: usize, below: Vec<usize>, kind: &Kind, values: &[Values]) -> Option<Self> {
        let own = numbers(values, column);
        let format = NumberFormat::learn(kind, own)?;
        let present = |row: &usize| !own[*row].is_nan();
        let bases: Vec<f64> = (0..own.len()).map(|row| base(&below, values, row)).collect();
        // Low enough for every row without a lower neighbour, and otherwise typical.
        let alone = (0..own.len()).filter(present).filter(|&row| bases[row].is_nan());
        let lowest = alone.map(|row| own[row]).fold(f64::INFINITY, f64::min);
        let mut known: Vec<f64> = bases.iter().copied().filter(|x| !x.is_nan()).collect();
        known.sort_unstable_by(f64::total_cmp);
        let typical = known.get(known.len() / 2).copied().unwrap_or(format.min);
        let fill = typical.min(lowest).min(format.max);
        let unit = step(format.rounding).unwrap_or_else(|| {
            let distances = (0..own.len()).filter(present).map(|row| own[row] - bases[row]);
            let mut distances: Vec<f64> = distances.filter(|d| *d > 0.0).collect();
            distances.sort_unstable_by(f64::total_cmp);
            SMALL * distances.get(distances.len() / 2).copied().unwrap_or(1.0)
        });
        Some(Self { below, fill, unit, format })
    }

    /// The coded value of a row.
    pub fn encode(&self, value: f64, values: &[Values], row: usize) -> f64 {
        let distance = value - self.base(values, row);
        // f64::max would turn a missing value into 0.
        if distance < 0.0 { self.unit.ln() } else { (distance + self.unit).ln() }
    }

    /// The value of a coded one, on the grid and not below its neighbours. `values` hold those of the lower columns.
    pub fn decode(&self, column: usize, code: f64, values: &[Values], row: usize, rules: &Rules) -> f64 {
        let base = self.base(values, row);
        if code.is_nan() {
            return f64::NAN;
        }
        let value = self.format.rounding.apply(base + (code.exp() - self.unit).max(0.0));
        raised(value, self.format.rounding, |value| self.holds(column, value, values, row, rules))
    }

    /// Whether a value keeps every order with the lower columns of its row.
    fn holds(&self, column: usize, value: f64, values: &[Values], row: usize, rules: &Rules) -> bool {
        let orders =
            rules.orders.iter().filter(|order| order.high == column && self.below.contains(&order.low));
        orders.into_iter().all(|order| order.holds(numbers(values, order.low)[row], value))
    }

    fn base(&self, values: &[Values], row: usize) -> f64 {
        let base = base(&self.below, values, row);
        if base.is_nan() { self.fill } else { base }
    }

    /// Whether positions exist and numbers are numbers.
    pub fn is_sound(&self, columns: usize) -> bool {
        self.below.iter().all(|&column| column < columns)
            && self.fill.is_finite()
            && self.unit > 0.0
            && self.format.min <= self.format.max
    }
}

/// The first value at or above `value` on the grid that `holds`; three steps are tried.
pub(super) fn raised(value: f64, rounding: Rounding, holds: impl Fn(f64) -> bool) -> f64 {
    let step = step(rounding).unwrap_or(1e-9 * value.abs().max(1e-9));
    let mut tried = (0..=3).map(|steps| rounding.apply(f64::from(steps).mul_add(step, value)));
    tried.find(|&x| x.is_nan() || holds(x)).unwrap_or(value)
}

/// One step of a grid.
pub(super) fn step(rounding: Rounding) -> Option<f64> {
    match rounding {
        Rounding::Full => None,
        Rounding::Decimals(decimals) => Some(10_f64.powi(-(decimals as i32))),
        Rounding::Multiple(unit) => Some(unit),
    }
}

/// The largest of some columns in a row; NaN when all are missing.
fn base(below: &[usize], values: &[Values], row: usize) -> f64 {
    // f64::max takes the other side of NaN.
    below.iter().map(|&column| numbers(values, column)[row]).fold(f64::NAN, f64::max)
}

/// The numbers of a column under an order, which has some.
pub(super) fn numbers(values: &[Values], column: usize) -> &[f64] {
    match &values[column] {
        Values::Number(numbers) => numbers,
        _ => &[],
    }
}

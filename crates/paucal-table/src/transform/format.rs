//! How numbers of a column are written: decimals, grid and range, learnt from the training values.

use paucal_data::Kind;
use serde::{Deserialize, Serialize};

/// Digits that an `f64` holds for certain.
const DIGITS: i32 = 15;

/// The grid on which the values of a column lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// No grid: full precision.
    Full,
    /// So many decimals; 0 for whole numbers.
    Decimals(u32),
    /// Multiples of so many units: 86 400 for dates stored as seconds.
    Multiple(f64),
}

impl Rounding {
    /// The closest value on the grid.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Full => x,
            Self::Decimals(decimals) => {
                let scale = 10_f64.powi(decimals as i32);
                let rounded = (x * scale).round() / scale;
                // A value too large to scale has no decimals to lose.
                if rounded.is_finite() { rounded } else { x }
            }
            Self::Multiple(unit) => (x / unit).round() * unit,
        }
    }
}

/// The form of a numeric column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberFormat {
    /// The grid.
    pub rounding: Rounding,
    /// Smallest training value.
    pub min: f64,
    /// Largest training value.
    pub max: f64,
}

impl NumberFormat {
    /// Learns the form of `values` (missing ones are skipped); `None` if there is no value.
    pub fn learn(kind: &Kind, values: &[f64]) -> Option<Self> {
        let present = || values.iter().copied().filter(|x| !x.is_nan());
        let (min, max) =
            present().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (x.min(low), x.max(high)));
        if min > max {
            return None;
        }
        let rounding = match kind {
            Kind::Integer => Rounding::Decimals(0),
            Kind::Datetime { .. } => Rounding::Multiple(time_unit(present())),
            Kind::Numeric { decimals: Some(decimals) } => Rounding::Decimals(*decimals),
            _ => decimals(present, min.abs().max(max.abs())),
        };
        Some(Self { rounding, min, max })
    }

    /// Puts a value on the grid and into the range of training.
    pub fn apply(&self, x: f64) -> f64 {
        self.rounding.apply(x).clamp(self.min, self.max)
    }

    /// Whether only one value is possible.
    pub fn is_point(&self) -> bool {
        self.min == self.max
    }

    /// `max − min`.
    pub fn range(&self) -> f64 {
        self.max - self.min
    }
}

/// The fewest decimals that lose nothing, if there are such within the digits of an `f64`.
fn decimals<I: Iterator<Item = f64>>(present: impl Fn() -> I, largest: f64) -> Rounding {
    let whole_digits = if largest >= 1.0 { largest.log10().floor() as i32 + 1 } else { 0 };
    (0..=(DIGITS - 1 - whole_digits).max(0))
        .map(|d| Rounding::Decimals(d as u32))
        .find(|rounding| present().all(|x| rounding.apply(x) == x))
        .unwrap_or(Rounding::Full)
}

/// The coarsest of day, hour, minute and second of which all times are multiples; a microsecond otherwise.
fn time_unit(times: impl Iterator<Item = f64>) -> f64 {
    let mut unit = 86_400.0;
    for time in times {
        for finer in [3_600.0, 60.0, 1.0, 1e-6] {
            if time % unit == 0.0 {
                break;
            }
            unit = f64::min(unit, finer);
        }
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(kind: &Kind, values: &[f64]) -> NumberFormat {
        NumberFormat::learn(kind, values).unwrap()
    }

    #[test]
    fn the_fewest_decimals_that_lose_nothing_are_found() {
        let numeric = Kind::Numeric { decimals: None };
        assert_eq!(learn(&numeric, &[1.0, f64::NAN, 3.0]).rounding, Rounding::Decimals(0));
        assert_eq!(learn(&numeric, &[0.001, 17.99, 1001.0]).rounding, Rounding::Decimals(3));
        assert_eq!(learn(&numeric, &[1.0 / 3.0, 1e9]).rounding, Rounding::Full);
        assert_eq!(learn(&numeric, &[1e300, -2e300]).rounding, Rounding::Decimals(0));
        assert!(NumberFormat::learn(&numeric, &[f64::NAN]).is_none());
    }

    #[test]
    fn values_come_out_on_the_grid_and_in_range() {
        let format = learn(&Kind::Numeric { decimals: Some(2) }, &[0.5, 2.25]);
        assert_eq!([0.1, 1.006, 9.0].map(|x| format.apply(x)), [0.5, 1.01, 2.25]);
        let day = 86_400.0;
        let dates = learn(&Kind::Datetime { format: "%Y-%m-%d".into() }, &[0.0, 10.0 * day]);
        assert_eq!(dates.apply(1.4 * day), day);
        let stamps = learn(&Kind::Datetime { format: "%H:%M".into() }, &[0.0, 3_660.0, 7_200.0]);
        assert_eq!(stamps.rounding, Rounding::Multiple(60.0));
    }
}

//! Tables that are made column by column.

use paucal_data::{ColumnSpec, Kind, MISSING, Schema, Table, Values};

use super::error::EcgError;

/// Columns that are gathered one by one.
#[derive(Default)]
pub(super) struct Columns {
    specs: Vec<ColumnSpec>,
    values: Vec<Values>,
}

impl Columns {
    /// Adds a column.
    pub fn push(&mut self, name: &str, kind: Kind, values: Values) {
        self.specs.push(ColumnSpec { name: name.to_owned(), kind });
        self.values.push(values);
    }

    /// Adds whole numbers.
    pub fn whole(&mut self, name: &str, values: impl Iterator<Item = i64>) {
        self.push(name, Kind::Integer, Values::Number(values.map(|v| v as f64).collect()));
    }

    /// Adds numbers of single precision, as short as they can be written.
    pub fn real(&mut self, name: &str, values: impl Iterator<Item = Option<f32>>) {
        let numbers = values.map(|v| v.map_or(f64::NAN, short)).collect();
        self.push(name, Kind::Numeric { decimals: None }, Values::Number(numbers));
    }

    /// Adds codes of levels.
    pub fn level(&mut self, name: &str, levels: Vec<String>, codes: impl Iterator<Item = Option<usize>>) {
        let codes = codes.map(|c| c.map_or(MISSING, |c| c as u32)).collect();
        self.push(name, Kind::Categorical { levels }, Values::Code(codes));
    }

    /// The table, with what `adjust` does to its schema.
    pub fn table(self, adjust: impl FnOnce(&mut Schema)) -> Result<Table, EcgError> {
        let mut schema = Schema::new(self.specs);
        adjust(&mut schema);
        Ok(Table::new(schema, self.values)?)
    }
}

/// The number that the shortest text of a single-precision value gives in double precision.
///
/// Any decimal of six digits is told apart by single precision, so one that is shorter is found among those of six;
/// else it is the nearest of seven to nine digits that gives the value back. The quotient of a whole number below 2⁵³
/// and a power of ten up to 10²² is the double nearest to the decimal.
fn short(value: f32) -> f64 {
    let wide = f64::from(value);
    let spelt = || value.to_string().parse().unwrap_or(wide);
    if !(1e-4..1e6).contains(&wide.abs()) {
        return if value == 0.0 { wide } else { spelt() };
    }
    let before = wide.abs().log10().floor() as i32 + 1;
    for digits in 6..=9 {
        let power = 10_f64.powi(digits - before);
        let scaled = wide * power;
        let near = scaled.round() / power;
        if near as f32 == value {
            // Halfway between two decimals both may give the value back.
            return if ((scaled - scaled.floor()) - 0.5).abs() < 1e-6 { spelt() } else { near };
        }
    }
    spelt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::short;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_short_number_is_that_of_the_text(bits in any::<u32>(), scale in -6_i32..8, coarse in 1_i32..100_000) {
            let mantissa = 1.0 + (bits >> 9) as f32 / (1 << 23) as f32;
            for value in [f32::from_bits(bits), mantissa * 10_f32.powi(scale), coarse as f32 / 1000.0] {
                for value in [value, -value] {
                    if value.is_finite() {
                        prop_assert_eq!(short(value).to_bits(), value.to_string().parse::<f64>().unwrap().to_bits());
                    }
                }
            }
        }
    }
}

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
fn short(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

//! Parameters of methods: strict about names, types and ranges.

use std::fmt::Display;

use paucal_core::config;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{TableError, suggestion};
use crate::generator::Parameter;

/// The parameters of a method: a serde struct with a default for every field.
pub trait Parameters: Default + Serialize + DeserializeOwned {
    /// Name of the method.
    const METHOD: &'static str;

    /// Every field, with its default and its meaning.
    const LIST: &'static [Parameter];

    /// Checks what types cannot: the error says which parameter, its value and its range.
    fn check(&self) -> Result<(), String>;

    /// Reads parameters from a table of the configuration. An unknown key is refused with the closest
    /// known one.
    fn parse(table: &toml::Table) -> Result<Self, TableError> {
        let method = Self::METHOD;
        let known = Self::LIST.iter().map(|parameter| parameter.name);
        if let Some(name) = table.keys().find(|key| known.clone().all(|name| name != key.as_str())) {
            let hint = suggestion(name, known);
            return Err(TableError::UnknownParameter { method, name: name.clone(), hint });
        }
        let wrong = |message: String| TableError::Parameter { method, message };
        let parsed = Self::read(table.clone()).map_err(|e| wrong(config::explain(&e)))?;
        parsed.check().map_err(wrong)?;
        Ok(parsed)
    }

    /// Reads the values, whose names are known.
    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        table.try_into()
    }
}

/// An error message unless `holds`; `range` completes "must be …".
pub fn require(holds: bool, name: &str, value: &impl Display, range: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{name} = {value} must be {range}")) }
}

/// Checks `value ≥ least`.
pub fn at_least<N: PartialOrd + Display + Copy>(name: &str, value: N, least: N) -> Result<(), String> {
    require(value >= least, name, &value, &format!("at least {least}"))
}

/// Checks `value > 0`.
pub fn above_zero(name: &str, value: f64) -> Result<(), String> {
    require(value > 0.0, name, &value, "above 0")
}

/// Checks `0 ≤ value ≤ 1`.
pub fn share(name: &str, value: f64) -> Result<(), String> {
    require((0.0..=1.0).contains(&value), name, &value, "0 to 1")
}

/// Checks `0 ≤ value < 1`.
pub fn below_one(name: &str, value: f64) -> Result<(), String> {
    require((0.0..1.0).contains(&value), name, &value, "0 to below 1")
}

/// Checks that no layer is without units.
pub fn widths(name: &str, list: &[usize]) -> Result<(), String> {
    require(!list.contains(&0), name, &format!("{list:?}"), "widths above 0")
}

//! Conditions: "only rows with diagnosis = M".
//!
//! A [`Condition`] is what the user writes; [`Conditions`] are the same as positions, checked against a
//! schema. [`ConditionLayout`] and [`ConditionSampler`] serve networks that take the wanted level as an
//! input (CTGAN and its relatives).

mod sampler;
#[cfg(test)]
mod tests;

use paucal_data::{DataError, MISSING, Schema, Table};
use serde::{Deserialize, Serialize};

use crate::error::TableError;

pub use sampler::{ConditionBatch, ConditionLayout, ConditionSampler, Frequency, Pick, Slot};

/// The value of a discrete column that every drawn row must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A boolean or categorical column.
    pub column: String,
    /// One of its levels as spelt in the data; a spelling of "missing" stands for a missing value.
    pub level: String,
}

impl Condition {
    /// `column` = `level`.
    pub fn new(column: impl Into<String>, level: impl Into<String>) -> Self {
        Self { column: column.into(), level: level.into() }
    }
}

/// Conditions as positions: column index and level code, ascending by column, each column once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions(Vec<(usize, u32)>);

impl Conditions {
    /// Looks conditions up in a schema. Unknown columns and levels, columns without levels and
    /// contradictions are refused; saying the same twice is not.
    pub fn resolve(schema: &Schema, conditions: &[Condition]) -> Result<Self, TableError> {
        let mut pairs: Vec<(usize, u32)> = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let (column, code) = find(schema, condition)?;
            match pairs.iter().find(|(known, _)| *known == column) {
                None => pairs.push((column, code)),
                Some((_, same)) if *same == code => {}
                Some((_, other)) => {
                    return Err(TableError::Contradiction {
                        column: condition.column.clone(),
                        first: level_name(schema, column, *other).into(),
                        second: condition.level.clone(),
                    });
                }
            }
        }
        pairs.sort_unstable();
        Ok(Self(pairs))
    }

    /// Column index and level code ([`MISSING`] for "missing") of each condition.
    pub fn pairs(&self) -> &[(usize, u32)] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The code that a column must have, if it is under a condition.
    pub fn code(&self, column: usize) -> Option<u32> {
        self.0.iter().find(|(known, _)| *known == column).map(|&(_, code)| code)
    }

    /// Whether a row fulfils all of them. The table must have the columns of the schema they were resolved
    /// against.
    pub fn hold(&self, table: &Table, row: usize) -> bool {
        self.0.iter().all(|&(column, code)| table.at(column).codes().is_some_and(|codes| codes[row] == code))
    }

    /// In words: `sex = F and diagnosis = M`.
    pub fn describe(&self, schema: &Schema) -> String {
        let one = |&(column, code): &(usize, u32)| {
            format!("{} = {}", schema.columns[column].name, level_name(schema, column, code))
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" and ")
    }
}

/// Column index and level code of one condition.
fn find(schema: &Schema, condition: &Condition) -> Result<(usize, u32), TableError> {
    let column = schema.index(&condition.column)?;
    let kind = &schema.columns[column].kind;
    let Some(levels) = kind.levels() else {
        return Err(TableError::NotConditionable { column: condition.column.clone(), kind: kind.name() });
    };
    if let Some(code) = levels.iter().position(|level| *level == condition.level) {
        return Ok((column, code as u32));
    }
    if schema.layout.missing.contains(&condition.level) {
        return Ok((column, MISSING));
    }
    Err(DataError::unknown_level(&condition.column, &condition.level, levels).into())
}

/// The spelling of a level; "missing" for a missing value.
pub(crate) fn level_name(schema: &Schema, column: usize, code: u32) -> &str {
    let levels = schema.columns[column].kind.levels().unwrap_or_default();
    levels.get(code as usize).map_or("missing", String::as_str)
}

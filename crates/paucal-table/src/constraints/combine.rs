//! Columns whose combinations are fixed, as one column.

use paucal_data::constraints::Combination;
use paucal_data::{ColumnSpec, Kind, MISSING, Schema, Values};
use serde::{Deserialize, Serialize};

/// Discrete columns as one: its levels are the combinations seen in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Joint {
    /// Positions of the columns; the target is never one of them.
    pub columns: Vec<usize>,
    /// Level codes of the columns, one entry per level of the joint column, ascending.
    pub tuples: Vec<Vec<u32>>,
    /// Training rows of each.
    pub counts: Vec<usize>,
}

impl Joint {
    /// Joins the columns of a combination but for the target; `None` when fewer than two are left.
    pub fn of(combination: &Combination, target: Option<usize>) -> Option<Self> {
        let joined: Vec<usize> =
            (0..combination.columns.len()).filter(|&at| Some(combination.columns[at]) != target).collect();
        if joined.len() < 2 {
            return None;
        }
        let mut joint = Self {
            columns: joined.iter().map(|&at| combination.columns[at]).collect(),
            tuples: Vec::new(),
            counts: Vec::new(),
        };
        for (codes, &count) in &combination.seen {
            let tuple: Vec<u32> = joined.iter().map(|&at| codes[at]).collect();
            match joint.tuples.binary_search(&tuple) {
                Ok(at) => joint.counts[at] += count,
                Err(at) => {
                    joint.tuples.insert(at, tuple);
                    joint.counts.insert(at, count);
                }
            }
        }
        Some(joint)
    }

    /// Name and levels of the joint column, in words; both differ from all others.
    pub fn spec(&self, schema: &Schema) -> ColumnSpec {
        let names: Vec<&str> =
            self.columns.iter().map(|&column| schema.columns[column].name.as_str()).collect();
        let name = unlike(names.join(" + "), |name| schema.names().any(|known| known == name));
        let mut levels: Vec<String> = Vec::with_capacity(self.tuples.len());
        for tuple in &self.tuples {
            let words = self.columns.iter().zip(tuple).map(|(&column, &code)| {
                let known = schema.columns[column].kind.levels().unwrap_or_default();
                known.get(code as usize).map_or("", String::as_str)
            });
            let level = words.collect::<Vec<_>>().join(" / ");
            let level = unlike(level, |level| levels.iter().any(|known| known == level));
            levels.push(unlike(level, |level| schema.layout.missing.iter().any(|marker| marker == level)));
        }
        ColumnSpec { name, kind: Kind::Categorical { levels } }
    }

    /// The joint codes of training rows.
    pub fn encode(&self, values: &[Values], rows: usize) -> Values {
        let code = |row: usize| {
            let tuple: Vec<u32> = self.columns.iter().map(|&column| codes(values, column)[row]).collect();
            self.tuples.binary_search(&tuple).map_or(MISSING, |at| at as u32)
        };
        Values::Code((0..rows).map(code).collect())
    }

    /// The codes of the column at position `at` among those joined.
    pub fn decode(&self, at: usize, joint: &[u32]) -> Values {
        Values::Code(
            joint.iter().map(|&code| self.tuples.get(code as usize).map_or(MISSING, |t| t[at])).collect(),
        )
    }

    /// Whether the parts belong together and every code is a level.
    pub fn is_sound(&self, schema: &Schema) -> bool {
        let is_code = |(&column, &code): (&usize, &u32)| {
            let levels = schema.columns.get(column).and_then(|spec| spec.kind.levels());
            levels.is_some_and(|levels| code == MISSING || (code as usize) < levels.len())
        };
        self.columns.len() >= 2
            && !self.tuples.is_empty()
            && self.counts.len() == self.tuples.len()
            && self.tuples.is_sorted()
            && self
                .tuples
                .iter()
                .all(|t| t.len() == self.columns.len() && self.columns.iter().zip(t).all(is_code))
    }
}

/// A name with as many marks at its end as it takes to be a new one.
fn unlike(mut name: String, is_known: impl Fn(&str) -> bool) -> String {
    while is_known(&name) {
        name.push('\'');
    }
    name
}

/// The codes of a discrete column.
pub(super) fn codes(values: &[Values], column: usize) -> &[u32] {
    match &values[column] {
        Values::Code(codes) => codes,
        _ => &[],
    }
}

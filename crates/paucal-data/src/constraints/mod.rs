//! What must hold between the columns of a row, as it stands in the schema.
//!
//! ```toml
//! [constraints]
//! order = ["diastolic < systolic", "admission <= discharge <= follow_up"]
//! combinations = [["city", "country"]]
//!
//! [constraints.range]
//! age = { min = 18, max = 110 }   # both ends allowed
//! crp = { above = 0 }             # 0 itself is not allowed; the other end is called `below`
//!
//! [constraints.compute]
//! bmi = "weight / (height / 100)^2"
//! "CHA2DS2-VASc" = "chf + hypertension + 2 * (age >= 75) + diabetes + 2 * stroke"
//! ```
//!
//! [`Constraints`] is what people write; [`Rules`] are the same as positions, checked against a schema. A
//! constraint that concerns a missing value holds.

mod expression;
mod names;
mod order;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use expression::Expression;
pub use names::written;
pub use order::{Chain, Link};
pub use rules::{Combination, Computed, Edge, Limit, Order, Rules, Violation};

use crate::schema::Schema;

/// The `[constraints]` of a schema.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constraints {
    /// Columns in ascending order within each row: `"a <= b < c"`, numbers or moments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Chain>,
    /// Discrete columns of which only the combinations seen in training may occur.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub combinations: Vec<Vec<String>>,
    /// Whether generators model a number column that nearly follows from another one as what is left of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub near_deterministic: bool,
    /// Limits of number columns.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub range: BTreeMap<String, Range>,
    /// Columns that are functions of others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub compute: BTreeMap<String, Expression>,
}

/// The limits of a column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// The smallest allowed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    /// All values are larger than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<Bound>,
    /// The largest allowed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
    /// All values are smaller than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<Bound>,
}

/// An end of a range as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A moment in the format of its column.
    Moment(String),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(x) => write!(f, "{x}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Moment(text) => f.write_str(text),
        }
    }
}

impl Constraints {
    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Leaves out every constraint that names a column which `schema` does not have.
    pub(crate) fn keep_known(&mut self, schema: &Schema) {
        let names: BTreeSet<&str> = schema.names().collect();
        let known = |name: &String| names.contains(name.as_str());
        self.order.retain(|chain| chain.columns().all(known));
        self.combinations.retain(|columns| columns.iter().all(known));
        self.range.retain(|name, _| known(name));
        self.compute.retain(|name, expression| known(name) && expression.columns().iter().all(known));
    }
}

#[cfg(test)]
mod tests;

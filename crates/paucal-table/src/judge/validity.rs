//! Do synthetic rows keep the constraints of the schema?

use paucal_data::constraints::Rules;
use paucal_data::{DataError, Table};
use serde::{Deserialize, Serialize};

/// How many rows keep the constraints, and what the others break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// Share of the synthetic rows that keep every constraint.
    pub kept: f64,
    /// The same of the real rows the generator was fitted to.
    pub real: f64,
    /// The constraints that synthetic rows break.
    pub broken: Vec<BrokenRule>,
}

/// A constraint that is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenRule {
    /// As written in the schema.
    pub rule: String,
    /// Synthetic rows that break it.
    pub rows: usize,
}

/// Checks synthetic rows; `None` without constraints or without rows. Combinations of levels are those of `real`.
pub(super) fn validity(real: &Table, synthetic: &Table) -> Result<Option<Validity>, DataError> {
    let mut rules = Rules::of(real.schema())?;
    if rules.is_empty() || synthetic.rows() == 0 || real.rows() == 0 {
        return Ok(None);
    }
    rules.learn_combinations(real);
    let share = |table: &Table| {
        let mut fine = vec![true; table.rows()];
        let broken = rules.violations(table);
        broken.iter().flat_map(|violation| &violation.rows).for_each(|&row| fine[row] = false);
        (fine.iter().filter(|&&row| row).count() as f64 / table.rows() as f64, broken)
    };
    let (kept, broken) = share(synthetic);
    let broken = broken.into_iter().map(|v| BrokenRule { rule: v.rule, rows: v.rows.len() }).collect();
    Ok(Some(Validity { kept, real: share(real).0, broken }))
}

//! One grouped, stratified split of a table: the first step of every honest comparison.

use paucal_core::Seed;
use paucal_data::Table;
use paucal_evidence::split::{self, Cases, Mode};
use paucal_evidence::{Groups, Target};

use crate::error::TableError;

/// The two sides of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Rows to fit on.
    pub train: Table,
    /// Rows of other patients, for judging.
    pub test: Table,
}

/// Splits off about `share` of the patients (of the rows, without a group column), every class in
/// proportion. Rows without a target stay in training, where generators can still learn from them.
pub fn hold_out(table: &Table, share: f64, seed: Seed) -> Result<Parts, TableError> {
    let target = Target::of(table)?;
    let groups = Groups::of(table)?.map(|all| all.take(&target.rows));
    let cases = Cases {
        labels: &target.codes,
        classes: &target.classes,
        groups: groups.as_ref().map(|groups| groups.codes.as_slice()),
    };
    let fold = split::hold_out(&cases, share, Mode::Grouped, seed)?;
    let test: Vec<usize> = fold.test.iter().map(|&case| target.rows[case]).collect();
    let held: std::collections::BTreeSet<usize> = test.iter().copied().collect();
    let train: Vec<usize> = (0..table.rows()).filter(|row| !held.contains(row)).collect();
    Ok(Parts { train: table.take(&train), test: table.take(&test) })
}

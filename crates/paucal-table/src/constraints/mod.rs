//! Constraints of the schema, kept by every generator.
//!
//! [`Constrained`] stands around a generator. It recodes the training table so that whatever the generator draws can be
//! brought back to rows that keep the constraints ([`Recoding`]), fits the generator to that, and after sampling brings
//! the rows back, checks every one, and draws those again that still break something. Without constraints it is not
//! there at all: the generator sees the table as it is.
//!
//! | constraint | what the generator learns |
//! |---|---|
//! | order `a <= b` | `a` as it is, `b` as the logarithm of its distance from `a` |
//! | function | nothing: the column is left out and computed from the drawn row |
//! | combination | one column with a level for every combination seen |
//! | range | the column as it is; no generator leaves the range of the training values |
//!
//! Training rows that break a range or an order are left out of the fit, with a warning. What a formula says wins over
//! what stands in the training rows.

mod combine;
mod curve;
mod fitted;
mod gap;
mod near;
mod recoding;
mod repair;
mod request;
#[cfg(test)]
mod tests;

use paucal_core::Observer;
use paucal_data::constraints::{Rules, Violation};
use paucal_data::{Table, Values};

use crate::artefact::Artefact;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, Generator};

use fitted::FittedConstrained;
use recoding::Recoding;

/// Row numbers that a warning lists.
const LISTED: usize = 5;
/// Fewest rows to learn from, as for every generator.
const FEWEST_ROWS: usize = 2;

/// A generator that keeps the constraints of the tables it is fitted to.
pub struct Constrained {
    inner: Box<dyn Generator>,
}

impl Constrained {
    /// Stands around `inner`.
    pub fn new(inner: Box<dyn Generator>) -> Self {
        Self { inner }
    }
}

impl Generator for Constrained {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn can_be_saved(&self) -> Result<(), TableError> {
        self.inner.can_be_saved()
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        if train.schema().constraints.is_empty() {
            return self.inner.fit(train, context);
        }
        let mut rules = Rules::of(train.schema())?;
        let kept = keep(train, &rules, context.observer)?;
        rules.learn_combinations(&kept);
        let recoding = Recoding::learn(&kept, rules, context.observer)?;
        let around = FitContext { checkpoint: context.checkpoint.clone(), ..*context };
        let inner = self.inner.fit(&recoding.encode(&kept)?, &around)?;
        Ok(Box::new(FittedConstrained::new(recoding, inner)))
    }
}

/// Brings a saved model back, in its constraints if it was saved with some.
pub(crate) fn restore(
    artefact: &Artefact,
    load: fn(&Artefact) -> Result<Box<dyn FittedGenerator>, TableError>,
) -> Result<Box<dyn FittedGenerator>, TableError> {
    match fitted::unwrapped(artefact)? {
        None => load(artefact),
        Some((recoding, inner)) => Ok(Box::new(FittedConstrained::loaded(recoding, load(&inner)?)?)),
    }
}

/// The training rows that keep ranges and orders, with computed columns computed. Warns of the others.
fn keep(train: &Table, rules: &Rules, observer: &dyn Observer) -> Result<Table, TableError> {
    let formulae = Rules { computed: rules.computed.clone(), ..Rules::default() };
    for broken in formulae.violations(train) {
        observer.warn(format!(
            "{} of the training table; what is computed is what counts",
            describe(&broken, "does not give what stands in", train.rows())
        ));
    }
    let computed = compute(train.clone(), rules)?;
    let mut fine = vec![true; train.rows()];
    let others = Rules { computed: Vec::new(), ..rules.clone() };
    for broken in others.violations(&computed) {
        let said = describe(&broken, "is broken by", train.rows());
        observer.warn(format!("{said} of the training table, which the fit leaves out"));
        broken.rows.iter().for_each(|&row| fine[row] = false);
    }
    let rows: Vec<usize> = (0..train.rows()).filter(|&row| fine[row]).collect();
    if rows.len() < FEWEST_ROWS && train.rows() >= FEWEST_ROWS {
        return Err(TableError::NothingKeeps { rows: train.rows(), left: rows.len() });
    }
    Ok(if rows.len() == train.rows() { computed } else { computed.take(&rows) })
}

/// The table with its computed columns computed.
fn compute(table: Table, rules: &Rules) -> Result<Table, TableError> {
    if rules.computed.is_empty() {
        return Ok(table);
    }
    let mut values: Vec<Values> = table.columns().map(|column| column.values.clone()).collect();
    repair::compute(rules, &mut values, 0..table.rows());
    Ok(Table::new(table.schema().clone(), values)?)
}

/// "the constraint 'a < b' is broken by 7 of 500 rows (rows 3, 17, 20, 21, 40, …)".
pub(crate) fn describe(broken: &Violation, how: &str, rows: usize) -> String {
    let listed: Vec<String> = broken.rows.iter().take(LISTED).map(|row| (row + 1).to_string()).collect();
    let more = if broken.rows.len() > LISTED { ", …" } else { "" };
    let noun = if broken.rows.len() == 1 { "row" } else { "rows" };
    format!(
        "the constraint '{}' {how} {} of {rows} rows ({noun} {}{more})",
        broken.rule,
        broken.rows.len(),
        listed.join(", ")
    )
}

//! Constraints of the schema: rows that break them, and lines that could be added.

use paucal_data::constraints::{Expression, Rules, written};
use paucal_data::{Schema, Table};

use super::{Check, Notebook, Severity};
use crate::constraints::describe;
use crate::error::TableError;

/// Finds the rows that break a declared constraint. Combinations are whatever the table shows.
pub(super) fn check(table: &Table, notebook: &mut Notebook) -> Result<(), TableError> {
    for broken in Rules::of(table.schema())?.violations(table) {
        let columns: Vec<&str> = broken.columns.iter().map(String::as_str).collect();
        let said = describe(&broken, "is broken by", table.rows());
        let computed = table.schema().constraints.compute.contains_key(columns[0]);
        let advice = if computed {
            "check the formula and its units; generators give what it says, not what stands in these rows"
        } else {
            "correct the rows or the constraint; generators are fitted without these rows"
        };
        notebook.add(Severity::Caution, Check::Constraint, &columns, said, advice);
    }
    Ok(())
}

/// The line for `[constraints]` by which a column follows exactly from others, of some formulae the first that gives
/// every value of the table; none when the column has a constraint already, or is missing where its sources are not.
pub(super) fn suggestion(table: &Table, column: &str, formulae: &[String]) -> Option<String> {
    let schema = table.schema();
    if schema.target.as_deref() == Some(column) || schema.constraints.compute.contains_key(column) {
        return None;
    }
    let exact = formulae.iter().find(|formula| gives(table, column, formula))?;
    Some(format!("compute.{} = \"{exact}\"", key(column)))
}

/// Whether a formula gives every value of a column, and none where the column is missing.
fn gives(table: &Table, column: &str, formula: &str) -> bool {
    let Ok(expression) = Expression::parse(formula) else { return false };
    let mut schema = Schema { constraints: Default::default(), ..table.schema().clone() };
    schema.constraints.compute.insert(column.to_owned(), expression);
    let Ok(rules) = Rules::of(&schema) else { return false };
    let Ok(stored) = table.column(column) else { return false };
    let values: Vec<_> = table.columns().map(|column| column.values.clone()).collect();
    let alike = |row: usize| rules.computed[0].value(&values, row).is_nan() == stored.values.is_missing(row);
    rules.violations(table).is_empty() && (0..table.rows()).all(alike)
}

/// A column as a key of TOML.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { format!("{name:?}") }
}

/// Numbers at so many significant digits are tried for the factors of a formula, the shortest first.
const DIGITS: [usize; 4] = [3, 6, 9, 15];

/// "2.54 * height + 3" for each precision.
pub(super) fn sums(terms: &[(f64, &str)], offset: f64) -> Vec<String> {
    let sum = |digits: usize| {
        let mut out = String::new();
        for &(factor, name) in terms {
            out += sign(factor, out.is_empty());
            match short(factor.abs(), digits).as_str() {
                "1" => out += &written(name),
                size => out += &format!("{size} * {}", written(name)),
            }
        }
        if offset != 0.0 {
            out += sign(offset, out.is_empty());
            out += &short(offset.abs(), digits);
        }
        out
    };
    DIGITS.into_iter().map(sum).collect()
}

/// "10000 * weight * height^-2" for each precision of the factor.
pub(super) fn products(factor: f64, powers: &[(f64, &str)]) -> Vec<String> {
    let product = |digits: usize| {
        let power = |&(power, name): &(f64, &str)| match short(power, 3).as_str() {
            "1" => written(name),
            power => format!("{}^{power}", written(name)),
        };
        let factor = short(factor, digits);
        let factor = (factor != "1").then_some(factor);
        factor.into_iter().chain(powers.iter().map(power)).collect::<Vec<_>>().join(" * ")
    };
    DIGITS.into_iter().map(product).collect()
}

fn sign(x: f64, is_first: bool) -> &'static str {
    match (x < 0.0, is_first) {
        (true, true) => "-",
        (true, false) => " - ",
        (false, true) => "",
        (false, false) => " + ",
    }
}

/// A number with so many significant digits, without zeros at the end.
fn short(x: f64, digits: usize) -> String {
    let rounded: f64 = format!("{x:.*e}", digits - 1).parse().unwrap_or(x);
    format!("{rounded}")
}

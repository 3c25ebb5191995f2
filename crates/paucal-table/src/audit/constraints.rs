//! Constraints of the schema: rows that break them, and lines that could be added.

pub(super) use paucal_data::constraints::written as written_name;
use paucal_data::constraints::{Constraints, Expression, Rules};
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
    let mut schema = Schema { constraints: Constraints::default(), ..table.schema().clone() };
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
const DIGITS: [usize; 7] = [1, 2, 3, 4, 6, 9, 15];
/// A sum or product that rounded values were fitted to: an offset below this share of the terms may be none.
const NO_OFFSET: f64 = 1e-3;
/// A power this close to a multiple of a half may be that.
const SNAP: f64 = 0.02;

/// A column in a fitted sum or product: its factor or power, its name, and its mean (of logarithms in a product).
pub(super) type Term<'a> = (f64, &'a str, f64);

/// "0.3937 * height", "height / 2.54", "1.8 * celsius + 32": a fitted sum at each precision. The offset follows from the
/// means, so that rounding of the factors does not spoil it.
pub(super) fn sums(terms: &[Term<'_>], target_mean: f64) -> Vec<String> {
    let mut found = Vec::new();
    for digits in DIGITS {
        let rounded: Vec<f64> = terms.iter().map(|&(factor, ..)| round(factor, digits)).collect();
        let written: Vec<String> =
            rounded.iter().zip(terms).map(|(&f, &(_, name, _))| term(f, name)).collect();
        add_offsets(&mut found, &written, &rounded, terms, target_mean, digits);
        if let &[(factor, name, _)] = terms {
            let divisor = round(1.0 / factor, digits);
            let written = [format!(" + {} / {divisor}", written_name(name))];
            add_offsets(&mut found, &written, &[1.0 / divisor], terms, target_mean, digits);
        }
    }
    found
}

/// Adds a sum without an offset, if that is small, and one with it.
fn add_offsets(
    found: &mut Vec<String>,
    written: &[String],
    factors: &[f64],
    terms: &[Term<'_>],
    target_mean: f64,
    digits: usize,
) {
    let parts: Vec<f64> = factors.iter().zip(terms).map(|(factor, &(.., mean))| factor * mean).collect();
    let offset = target_mean - parts.iter().sum::<f64>();
    let sum = written.concat();
    if offset.abs() <= NO_OFFSET * parts.iter().map(|part| part.abs()).sum::<f64>() {
        found.push(tidy(&sum));
    }
    found.push(tidy(&format!("{sum}{}{}", sign(offset), round(offset.abs(), digits.max(3)))));
}

/// " + 0.5 * a".
fn term(factor: f64, name: &str) -> String {
    let name = written_name(name);
    let size = factor.abs();
    if size == 1.0 { format!("{}{name}", sign(factor)) } else { format!("{}{size} * {name}", sign(factor)) }
}

/// "10000 * weight * height^-2": a fitted product at each precision of its factor.
pub(super) fn products(terms: &[Term<'_>], target_mean: f64) -> Vec<String> {
    let halves = |power: f64| {
        let half = (2.0 * power).round() / 2.0;
        if (power - half).abs() <= SNAP * power.abs().max(1.0) { half } else { round(power, 3) }
    };
    let shift = target_mean - terms.iter().map(|&(power, _, mean)| halves(power) * mean).sum::<f64>();
    let powers = terms.iter().map(|&(power, name, _)| match halves(power) {
        1.0 => written_name(name),
        power => format!("{}^{power}", written_name(name)),
    });
    let powers = powers.collect::<Vec<_>>().join(" * ");
    let product = |digits: usize| match round(shift.exp(), digits) {
        1.0 => powers.clone(),
        factor => format!("{factor} * {powers}"),
    };
    DIGITS.into_iter().map(product).collect()
}

fn sign(x: f64) -> &'static str {
    if x < 0.0 { " - " } else { " + " }
}

/// A sum without the plus sign in front.
fn tidy(sum: &str) -> String {
    match sum.strip_prefix(" - ") {
        Some(rest) => format!("-{rest}"),
        None => sum.trim_start_matches(" + ").to_owned(),
    }
}

/// A number with so many significant digits.
fn round(x: f64, digits: usize) -> f64 {
    format!("{x:.*e}", digits - 1).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use paucal_data::Values;

    use super::*;
    use crate::testing::{numeric, table};

    #[test]
    fn rounded_conversions_become_exact_lines() {
        let height: Vec<f64> = (0..120).map(|row| 150.0 + f64::from(row * 37 % 45)).collect();
        let weight: Vec<f64> = (0..120).map(|row| 50.0 + f64::from(row * 71 % 500) / 10.0).collect();
        let cents = |x: f64| (x * 100.0).round() / 100.0;
        let column = |f: &dyn Fn(f64, f64) -> f64| {
            Values::Number(height.iter().zip(&weight).map(|(&h, &w)| cents(f(h, w))).collect())
        };
        let table = table(vec![
            ("height", numeric(0), column(&|h, _| h)),
            ("weight", numeric(1), column(&|_, w| w)),
            ("height in", numeric(2), column(&|h, _| h / 2.54)),
            ("bmi", numeric(2), column(&|h, w| w / h / h * 10_000.0)),
        ]);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let inches = mean(table.at(2).numbers().unwrap());
        let formulae = sums(&[(0.393_69, "height", mean(&height))], inches);
        let line = suggestion(&table, "height in", &formulae).unwrap();
        assert_eq!(line, "compute.\"height in\" = \"height / 2.54\"");
        let log = |v: &[f64]| mean(&v.iter().map(|x| x.ln()).collect::<Vec<_>>());
        let terms = [(1.0001, "weight", log(&weight)), (-2.002, "height", log(&height))];
        let formulae = products(&terms, log(table.at(3).numbers().unwrap()));
        let line = suggestion(&table, "bmi", &formulae).unwrap();
        assert_eq!(line, "compute.bmi = \"10000 * weight * height^-2\"");
        assert_eq!(suggestion(&table, "weight", &sums(&[(1.0, "height", 0.0)], -100.0)), None);
    }

    #[test]
    fn sums_are_spelt_as_people_do() {
        let fahrenheit = sums(&[(1.8, "celsius", 20.0)], 68.0);
        assert!(fahrenheit.contains(&"1.8 * celsius + 32".to_owned()), "{fahrenheit:?}");
        let pressure = sums(&[(-1.0, "low one", 80.0), (1.0, "high", 120.0)], 40.0);
        assert_eq!(pressure[0], "-'low one' + high");
    }
}

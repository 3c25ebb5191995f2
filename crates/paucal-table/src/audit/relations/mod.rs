//! Columns that are functions of other columns.
//!
//! Number columns, from the last to the first, are explained by those not yet explained: as a product
//! of powers (BMI = weight × height⁻²), a linear combination (MAP = ⅔ diastolic + ⅓ systolic, sums,
//! differences), a shifted product or ratio of two columns, or any smooth function of one. Discrete
//! columns are explained by one other column: by its levels, or by cut points of a number. A number column
//! counts as explained from R² > 0.9999 on a sample of rows, so rounded values still count.

mod discrete;
mod forms;
mod regression;

use paucal_core::Seed;
use paucal_data::{Column, MISSING, Table, Values};

use super::columns::ColumnAudit;
use super::{Check, Notebook, Severity, constraints, text};

/// A share of variance explained above this makes a function.
pub(super) const FUNCTION: f64 = 0.9999;
/// Fewer complete rows say nothing.
const LEAST_ROWS: usize = 30;
/// A number column needs this many distinct values to be worth explaining.
const LEAST_DISTINCT: usize = 5;
/// More number columns than this are not searched: the search grows with their cube.
const MOST_COLUMNS: usize = 150;

/// A number column as a function of others.
struct Relation {
    /// The columns it follows from.
    sources: Vec<String>,
    /// "Weight × Height^-2".
    formula: String,
    /// The same as formulae of constraints at several precisions; empty for a curve without one.
    formulae: Vec<String>,
    r_squared: f64,
}

/// Finds and reports relations. `copies` are columns already reported as copies.
pub(super) fn check(
    table: &Table,
    profiles: &[ColumnAudit],
    copies: &[bool],
    most_rows: usize,
    seed: Seed,
    notebook: &mut Notebook,
) {
    let mut rows = seed.stream("audit/relations", 0).choose(table.rows(), most_rows);
    if rows.len() < table.rows() {
        notebook.limits.push(format!(
            "relations between columns were looked for in {} of {} rows",
            text::thousands(rows.len()),
            text::thousands(table.rows())
        ));
    } else {
        rows.sort_unstable();
    }
    let sample = table.take(&rows);
    let target = table.schema().target.as_deref();
    let usable: Vec<usize> = (0..profiles.len())
        .filter(|&i| !copies[i] && !profiles[i].is_constant() && target != Some(profiles[i].name.as_str()))
        .collect();
    let numbers = Numbers::gather(&sample, &usable);
    if numbers.names.len() > MOST_COLUMNS {
        let count = numbers.names.len();
        notebook.limits.push(format!(
            "{count} number columns are too many to look for relations between them: the limit is {MOST_COLUMNS}"
        ));
    } else {
        let keys: Vec<&str> =
            profiles.iter().filter(|p| p.is_key(table.rows())).map(|p| p.name.as_str()).collect();
        explain(table, &numbers, &keys, notebook);
    }
    discrete::check(&sample, &usable, notebook);
}

/// Number columns (booleans as 0 and 1) on rows where all of them have a value.
struct Numbers {
    names: Vec<String>,
    /// Whether the column is a candidate for being explained.
    explainable: Vec<bool>,
    values: Vec<Vec<f64>>,
    rows: usize,
}

impl Numbers {
    /// Leaves out the columns with the most missing values until half of the rows are complete.
    fn gather(sample: &Table, usable: &[usize]) -> Self {
        let mut columns: Vec<(Column<'_>, Vec<f64>)> = usable
            .iter()
            .filter_map(|&i| as_numbers(&sample.at(i)).map(|values| (sample.at(i), values)))
            .collect();
        let complete = |columns: &[(Column<'_>, Vec<f64>)]| -> Vec<usize> {
            (0..sample.rows()).filter(|&row| columns.iter().all(|(_, v)| !v[row].is_nan())).collect()
        };
        let mut rows = complete(&columns);
        while 2 * rows.len() < sample.rows() {
            let missing = |(_, v): &(Column<'_>, Vec<f64>)| v.iter().filter(|x| x.is_nan()).count();
            let Some(worst) = (0..columns.len()).max_by_key(|&i| missing(&columns[i])) else { break };
            columns.remove(worst);
            rows = complete(&columns);
        }
        let mut numbers =
            Self { names: Vec::new(), explainable: Vec::new(), values: Vec::new(), rows: rows.len() };
        for (column, values) in columns {
            let values: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
            let distinct = distinct(&values);
            if distinct >= 2 {
                numbers.names.push(column.spec.name.clone());
                numbers.explainable.push(column.numbers().is_some() && distinct >= LEAST_DISTINCT);
                numbers.values.push(values);
            }
        }
        numbers
    }
}

fn as_numbers(column: &Column<'_>) -> Option<Vec<f64>> {
    match column.values {
        Values::Number(v) => Some(v.clone()),
        Values::Code(v) if column.level_count() == 2 => {
            Some(v.iter().map(|&c| if c == MISSING { f64::NAN } else { f64::from(c) }).collect())
        }
        _ => None,
    }
}

fn distinct(values: &[f64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

/// Explains each column by those not yet explained, from the last to the first: derived columns usually
/// stand behind their sources.
fn explain(table: &Table, numbers: &Numbers, keys: &[&str], notebook: &mut Notebook) {
    if numbers.rows < LEAST_ROWS {
        return;
    }
    let linear = regression::Moments::new(&numbers.values, Some);
    let logs = regression::Moments::new(&numbers.values, |x| (x > 0.0).then(|| x.ln()));
    let mut explained = vec![false; numbers.names.len()];
    for y in (0..numbers.names.len()).rev() {
        if !numbers.explainable[y] {
            continue;
        }
        let sources: Vec<usize> = (0..numbers.names.len()).filter(|&x| x != y && !explained[x]).collect();
        if let Some(relation) = relation(numbers, &linear, &logs, y, &sources) {
            explained[y] = true;
            report(table, &numbers.names[y], &relation, keys, notebook);
        }
    }
}

/// The relation of column `y` to `sources` with the fewest columns.
fn relation(
    numbers: &Numbers,
    linear: &regression::Moments,
    logs: &regression::Moments,
    y: usize,
    sources: &[usize],
) -> Option<Relation> {
    let sum = linear.fit(y, sources).map(|fit| fit.as_sum(&numbers.names));
    let product = logs.fit(y, sources).map(|fit| fit.as_product(&numbers.names));
    let best = match (sum, product) {
        (Some(sum), Some(product)) if product.sources.len() < sum.sources.len() => Some(product),
        (None, product) => product,
        (sum, _) => sum,
    };
    match best {
        Some(relation) if relation.sources.len() <= 1 => Some(relation),
        several => {
            forms::of_one(numbers, y, sources).or(several).or_else(|| forms::of_two(numbers, y, sources))
        }
    }
}

fn report(table: &Table, name: &str, relation: &Relation, keys: &[&str], notebook: &mut Notebook) {
    let sources: Vec<&str> = relation.sources.iter().map(String::as_str).collect();
    let said = format!("'{name}' is a function of {}: {}", text::list(&sources), relation.formula);
    let said = if relation.r_squared < 0.999_999 {
        format!("{said} (R² {:.5}, so but for rounding)", relation.r_squared)
    } else {
        said
    };
    let (severity, advice) = if sources.iter().any(|s| keys.contains(s)) {
        (Severity::Note, "it follows the order of the rows".to_owned())
    } else if let Some(line) = constraints::suggestion(table, name, &relation.formulae) {
        (Severity::Caution, format!("leave it out, or add under [constraints] in the schema: {line}"))
    } else {
        (Severity::Caution, "leave it out, or compute it anew from its sources after sampling".to_owned())
    };
    let columns: Vec<&str> = std::iter::once(name).chain(sources.iter().copied()).collect();
    notebook.add(severity, Check::Relation, &columns, said, &advice);
}

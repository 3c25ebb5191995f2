//! What becomes of each column.
//!
//! | column | treatment |
//! |---|---|
//! | numeric, integer, datetime | learnt; written with the decimals and range of training |
//! | boolean, categorical | learnt; the levels that occur, missing being one of them |
//! | one value in every row | not learnt, restored |
//! | missing in every row | not learnt, stays missing |
//! | id, and a numeric group column | not learnt; fresh serial ids that no training row has |
//! | text | not learnt, comes out missing, with a warning |

use paucal_core::{Observer, Seed};
use paucal_data::{Column, Kind, MISSING, Schema, Table, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Marginal, Marginals, NumberFormat, Serial};
use crate::condition::{Condition, Conditions};
use crate::error::TableError;

/// Fewest rows a generator learns from: a model of one row would be that row.
const FEWEST_ROWS: usize = 2;

/// A modelled numeric, integer or datetime column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// Decimals and range.
    pub format: NumberFormat,
    /// Training rows in which it is missing.
    pub missing: usize,
}

/// A modelled boolean or categorical column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Codes that occur in training, ascending; [`MISSING`], the largest code, stands last.
    pub codes: Vec<u32>,
    /// Training rows of each.
    pub counts: Vec<usize>,
}

impl Levels {
    /// Counts the codes that occur.
    pub fn count(codes: &[u32], level_count: usize) -> Self {
        let mut counts = vec![0; level_count + 1];
        for &code in codes {
            counts[(code as usize).min(level_count)] += 1;
        }
        let code = |index: usize| if index == level_count { MISSING } else { index as u32 };
        let (codes, counts) =
            counts.into_iter().enumerate().filter(|&(_, n)| n > 0).map(|(i, n)| (code(i), n)).unzip();
        Self { codes, counts }
    }

    /// Position of a code among those that occur.
    pub fn position(&self, code: u32) -> Option<usize> {
        self.codes.binary_search(&code).ok()
    }

    /// How many levels occur.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether none occurs.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

/// A value that every row has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constant {
    /// Of a numeric, integer or datetime column.
    Number(f64),
    /// Level code of a boolean or categorical column.
    Code(u32),
}

/// What becomes of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Learnt as a number.
    Numbers(Numbers),
    /// Learnt as levels.
    Levels(Levels),
    /// The same in every row.
    Constant(Constant),
    /// Missing in every row.
    Missing,
    /// Fresh ids.
    Serial(Serial),
}

impl Treatment {
    /// Whether a column of this kind can be treated so, and the treatment holds together.
    fn fits(&self, kind: &Kind) -> bool {
        let level_count = kind.levels().map_or(0, <[String]>::len);
        let known = |&code: &u32| code == MISSING || (code as usize) < level_count;
        match self {
            Self::Numbers(numbers) => kind.is_number() && numbers.format.min <= numbers.format.max,
            Self::Levels(levels) => {
                kind.is_discrete()
                    && !levels.is_empty()
                    && levels.counts.len() == levels.len()
                    && levels.counts.iter().all(|&count| count > 0)
                    && levels.codes.is_sorted()
                    && levels.codes.iter().all(known)
            }
            Self::Constant(Constant::Number(_)) => kind.is_number(),
            Self::Constant(Constant::Code(code)) => kind.is_discrete() && known(code),
            Self::Serial(_) => !kind.is_discrete(),
            Self::Missing => true,
        }
    }
}

/// What becomes of every column of a table, and the way back to a table like it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Plan {
    schema: Schema,
    treatments: Vec<Treatment>,
    rows: usize,
}

/// A plan as it stands in a file.
#[derive(Deserialize)]
struct Unchecked {
    schema: Schema,
    treatments: Vec<Treatment>,
    rows: usize,
}

impl TryFrom<Unchecked> for Plan {
    type Error = String;

    fn try_from(Unchecked { schema, treatments, rows }: Unchecked) -> Result<Self, String> {
        schema.check().map_err(|e| e.to_string())?;
        if schema.columns.len() != treatments.len() {
            return Err(format!("{} columns but {} treatments", schema.columns.len(), treatments.len()));
        }
        match schema.columns.iter().zip(&treatments).find(|(spec, treatment)| !treatment.fits(&spec.kind)) {
            Some((spec, _)) => Err(format!("column '{}' is not treated as {}", spec.name, spec.kind.name())),
            None => Ok(Self { schema, treatments, rows }),
        }
    }
}

impl Plan {
    /// Looks at every column of the training table and warns of what will not be learnt.
    pub fn new(train: &Table, observer: &dyn Observer) -> Result<Self, TableError> {
        if train.rows() < FEWEST_ROWS {
            return Err(TableError::TooFewRows { found: train.rows(), needed: FEWEST_ROWS });
        }
        let schema = train.schema().clone();
        let treat = |column: Column<'_>| {
            let is_group = schema.group.as_deref() == Some(&column.spec.name);
            treatment(column, is_group, observer)
        };
        let treatments = train.columns().map(treat).collect();
        Ok(Self { schema, treatments, rows: train.rows() })
    }

    /// The columns of the training table.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What becomes of each column, in schema order.
    pub fn treatments(&self) -> &[Treatment] {
        &self.treatments
    }

    /// Number of training rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A column that is learnt as levels.
    pub fn levels(&self, column: usize) -> Option<&Levels> {
        match &self.treatments[column] {
            Treatment::Levels(levels) => Some(levels),
            _ => None,
        }
    }

    /// A column that is learnt as a number.
    pub fn numbers(&self, column: usize) -> Option<&Numbers> {
        match &self.treatments[column] {
            Treatment::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// Share of the training rows in which a numeric column is missing.
    pub fn missing_rate(&self, numbers: &Numbers) -> f64 {
        numbers.missing as f64 / self.rows as f64
    }

    /// Refuses a table whose columns are not those of the training table, or whose levels were never seen.
    pub fn check(&self, table: &Table) -> Result<(), TableError> {
        if table.schema().columns == self.schema.columns { Ok(()) } else { Err(TableError::OtherColumns) }
    }

    /// Resolves conditions and refuses levels that no training row has.
    pub fn resolve(&self, conditions: &[Condition]) -> Result<Conditions, TableError> {
        let resolved = Conditions::resolve(&self.schema, conditions)?;
        for &(column, code) in resolved.pairs() {
            let seen: &[u32] = match &self.treatments[column] {
                Treatment::Levels(levels) => &levels.codes,
                Treatment::Constant(Constant::Code(only)) => std::slice::from_ref(only),
                Treatment::Missing => &[MISSING],
                _ => &[],
            };
            if !seen.contains(&code) {
                return Err(self.not_seen(column, code, seen));
            }
        }
        Ok(resolved)
    }

    /// Makes values of a numeric column missing, each on its own with the rate of training.
    pub fn lose_at_random(&self, column: usize, numbers: &Numbers, values: &mut [f64], seed: Seed) {
        let rate = self.missing_rate(numbers);
        if rate > 0.0 {
            let mut stream = seed.stream("table/missing", column as u64);
            values.iter_mut().filter(|_| stream.uniform() < rate).for_each(|x| *x = f64::NAN);
        }
    }

    pub(crate) fn not_seen(&self, column: usize, code: u32, seen: &[u32]) -> TableError {
        TableError::level_not_seen(&self.schema, column, code, seen)
    }

    /// The marginal of every column that is learnt as a number; `None` for the others.
    pub fn marginals(&self, train: &Table, how: Marginals) -> Vec<Option<Marginal>> {
        let fit = |column: usize| {
            self.numbers(column)?;
            let values = train.at(column).numbers()?;
            let present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
            Some(Marginal::fit(&present, how))
        };
        (0..self.treatments.len()).into_par_iter().map(fit).collect()
    }

    /// Puts a table of `rows` rows together. `learnt` holds the values of the learnt columns at their
    /// positions: level codes, or numbers as the model drew them, which are put on the grid and into the
    /// range here (NaN is missing). A
    /// learnt column that is left out comes out missing.
    pub fn assemble(&self, rows: usize, learnt: Vec<Option<Values>>) -> Result<Table, TableError> {
        let values =
            learnt.into_iter().zip(&self.treatments).enumerate().map(|(column, (drawn, treatment))| {
                match (treatment, drawn) {
                    (Treatment::Numbers(numbers), Some(drawn)) => formatted(drawn, &numbers.format),
                    (_, Some(drawn)) => drawn,
                    (Treatment::Constant(Constant::Number(x)), None) => Values::Number(vec![*x; rows]),
                    (Treatment::Constant(Constant::Code(code)), None) => Values::Code(vec![*code; rows]),
                    (Treatment::Serial(serial), None) => self.ids(column, serial, rows),
                    _ => self.all_missing(column, rows),
                }
            });
        let values = values.collect();
        Ok(Table::new(self.schema.clone(), values)?)
    }

    fn ids(&self, column: usize, serial: &Serial, rows: usize) -> Values {
        if self.schema.columns[column].kind.is_number() {
            Values::Number((0..rows).map(|row| serial.number(row) as f64).collect())
        } else {
            Values::Text((0..rows).map(|row| Some(serial.text(row))).collect())
        }
    }

    /// A column of which nothing is known.
    pub(crate) fn all_missing(&self, column: usize, rows: usize) -> Values {
        let kind = &self.schema.columns[column].kind;
        if kind.is_number() {
            Values::Number(vec![f64::NAN; rows])
        } else if kind.is_discrete() {
            Values::Code(vec![MISSING; rows])
        } else {
            Values::Text(vec![None; rows])
        }
    }
}

fn formatted(values: Values, format: &NumberFormat) -> Values {
    match values {
        Values::Number(mut numbers) => {
            // NaN passes through rounding and clamping unchanged.
            for x in &mut numbers {
                *x = format.apply(*x);
            }
            Values::Number(numbers)
        }
        other => other,
    }
}

fn treatment(column: Column<'_>, is_group: bool, observer: &dyn Observer) -> Treatment {
    let name = &column.spec.name;
    match column.values {
        Values::Number(numbers) => treat_numbers(&column, numbers, is_group),
        Values::Code(codes) => {
            let levels = Levels::count(codes, column.level_count());
            if levels.len() > codes.len() / 2 && levels.len() > 20 {
                observer.warn(format!(
                    "column '{name}' has {} levels in {} rows; if it identifies cases, declare it as id",
                    levels.len(),
                    codes.len()
                ));
            }
            match levels.codes[..] {
                [MISSING] => Treatment::Missing,
                [only] => Treatment::Constant(Constant::Code(only)),
                _ => Treatment::Levels(levels),
            }
        }
        Values::Text(texts) if column.spec.kind == Kind::Id => {
            let known = || texts.iter().filter_map(Option::as_deref);
            if known().next().is_none() {
                return Treatment::Missing;
            }
            Treatment::Serial(Serial::learn(known))
        }
        Values::Text(_) => {
            observer.warn(format!("column '{name}' is free text, which is not learnt: it comes out missing"));
            Treatment::Missing
        }
    }
}

fn treat_numbers(column: &Column<'_>, numbers: &[f64], is_group: bool) -> Treatment {
    let missing = numbers.iter().filter(|x| x.is_nan()).count();
    match NumberFormat::learn(&column.spec.kind, numbers) {
        None => Treatment::Missing,
        Some(format) if is_group => Treatment::Serial(Serial::above(format.max)),
        Some(format) if format.is_point() && missing == 0 => {
            Treatment::Constant(Constant::Number(format.min))
        }
        Some(format) => Treatment::Numbers(Numbers { format, missing }),
    }
}

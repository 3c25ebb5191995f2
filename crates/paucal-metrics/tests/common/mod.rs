//! What the golden tests share: reading the files and the Wisconsin cases.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::PathBuf;

use paucal_metrics::{Column, MISSING, Result, Table};
use serde_json::Value;

fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A golden file.
pub fn golden(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden_path(name)).unwrap()).unwrap()
}

/// The numbers of a JSON array; null is NaN.
pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// The codes of a JSON array; -1 is missing.
pub fn codes(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| u32::try_from(v.as_i64().unwrap()).unwrap_or(MISSING)).collect()
}

/// Fails unless `value` is within `tolerance` of `expected`.
pub fn assert_near(value: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((value - expected).abs() <= tolerance, "{what}: {value} is not {expected}");
}

/// A golden number must be met to nine digits, a golden NaN by an undefined score.
pub fn assert_near_or_undefined(score: Result<f64>, expected: &Value, what: &str) {
    match expected.as_f64() {
        Some(expected) => {
            let value = score.unwrap_or_else(|reason| panic!("{what}: {reason}, not {expected}"));
            assert_near(value, expected, 1e-9 * (1.0 + expected.abs()), what);
        }
        None => assert!(score.is_err(), "{what}: {score:?} should be undefined"),
    }
}

/// A column that owns its values.
#[derive(Clone)]
pub enum OwnedColumn {
    Number(Vec<f64>),
    Category(Vec<u32>, usize),
}

impl OwnedColumn {
    fn view(&self) -> Column<'_> {
        match self {
            Self::Number(values) => Column::Number(values),
            Self::Category(codes, levels) => Column::Category { codes, levels: *levels },
        }
    }
}

/// A table that owns its columns.
#[derive(Clone)]
pub struct Owned {
    pub names: Vec<String>,
    pub columns: Vec<OwnedColumn>,
}

impl Owned {
    /// Columns listed in `categories` hold codes below the given number of levels.
    pub fn from_json(table: &Value, categories: &[(&str, usize)]) -> Self {
        let object = table.as_object().unwrap();
        let names: Vec<String> = object.keys().cloned().collect();
        let read = |(name, values): (&String, &Value)| match categories.iter().find(|(c, _)| c == name) {
            Some((_, levels)) => OwnedColumn::Category(codes(values), *levels),
            None => OwnedColumn::Number(numbers(values)),
        };
        Self { names, columns: object.iter().map(read).collect() }
    }

    /// The checked view of all columns.
    pub fn table(&self) -> Table<'_> {
        self.first(self.columns.len())
    }

    /// The checked view of the first `k` columns.
    pub fn first(&self, k: usize) -> Table<'_> {
        Table::new(self.columns[..k].iter().map(OwnedColumn::view).collect()).unwrap()
    }

    /// Every `step`-th row from `start`.
    pub fn every(&self, start: usize, step: usize) -> Self {
        fn take<T: Copy>(values: &[T], start: usize, step: usize) -> Vec<T> {
            values.iter().copied().skip(start).step_by(step).collect()
        }
        let columns = self.columns.iter().map(|column| match column {
            OwnedColumn::Number(values) => OwnedColumn::Number(take(values, start, step)),
            OwnedColumn::Category(codes, levels) => OwnedColumn::Category(take(codes, start, step), *levels),
        });
        Self { names: self.names.clone(), columns: columns.collect() }
    }

    /// All numbers times `factor`.
    pub fn scaled(mut self, factor: f64) -> Self {
        for column in &mut self.columns {
            if let OwnedColumn::Number(values) = column {
                for x in values {
                    *x *= factor;
                }
            }
        }
        self
    }
}

/// Wisconsin diagnostic, as embedded in paucal-data: 30 features and the diagnosis (B = 0, M = 1).
pub fn wisconsin() -> Owned {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../paucal-data/data/wdbc.data");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
    let mut names: Vec<String> = (0..30).map(|i| format!("x{i}")).collect();
    names.push("diagnosis".to_owned());
    let feature = |i: usize| rows.iter().map(|row| row[i + 2].parse().unwrap()).collect();
    let mut columns: Vec<OwnedColumn> = (0..30).map(|i| OwnedColumn::Number(feature(i))).collect();
    columns.push(OwnedColumn::Category(rows.iter().map(|row| u32::from(&row[1] == "M")).collect(), 2));
    Owned { names, columns }
}

/// Even rows, odd rows (case A), and odd rows with numbers x 1.1 and the label rotated (case B).
pub fn wisconsin_cases() -> [Owned; 3] {
    let all = wisconsin();
    let (real, a) = (all.every(0, 2), all.every(1, 2));
    let mut b = a.clone().scaled(1.1);
    if let Some(OwnedColumn::Category(codes, _)) = b.columns.last_mut() {
        codes.rotate_right(1);
    }
    [real, a, b]
}

//! The distinct values of a column. Every rule of inference looks at these only, so a column of a million
//! cells with ten values costs one pass over a hash table.

use std::collections::HashMap;

use crate::cell::missing::Markers;
use crate::cell::number;
use crate::read::raw::{Declared, RawColumn};

/// One distinct spelling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    /// As in the file.
    pub text: &'a str,
    /// How many cells hold it.
    pub count: usize,
    /// The number it is, if it is one.
    pub number: Option<f64>,
}

/// The distinct values of a column in order of first appearance, missing ones apart.
#[derive(Debug)]
pub(crate) struct Profile<'a> {
    /// Cells in all.
    pub rows: usize,
    /// Cells that hold a value.
    pub present: usize,
    /// The distinct values.
    pub values: Vec<Value<'a>>,
    /// The missing markers found, with how many cells hold them.
    pub markers: Vec<(&'a str, usize)>,
    /// Whether the column holds numbers: all values are, or nearly all of more than a few.
    pub numeric: bool,
}

/// A column with fewer distinct numbers and any other value is a column of codes, not of numbers.
const FEW_NUMBERS: usize = 20;

impl<'a> Profile<'a> {
    /// Counts the values of a column.
    pub fn new(column: &'a RawColumn, markers: &Markers, comma: bool) -> Self {
        let mut profile =
            Self { rows: column.len(), present: 0, values: Vec::new(), markers: Vec::new(), numeric: false };
        for (text, count) in distinct(column) {
            if markers.is_missing(text) {
                profile.markers.push((text, count));
            } else {
                let number =
                    if column.declared == Declared::Text { None } else { number::parse(text, comma) };
                profile.present += count;
                profile.values.push(Value { text, count, number });
            }
        }
        profile.settle(markers);
        profile
    }

    /// Decides whether the column is numeric, and if so counts `-` and `.` as missing.
    fn settle(&mut self, markers: &Markers) {
        let stands_for_missing = |v: &Value<'_>| markers.is_missing_number(v.text);
        let numbers: usize = self.values.iter().filter(|v| v.number.is_some()).map(|v| v.count).sum();
        let distinct = self.values.iter().filter(|v| v.number.is_some()).count();
        let misfits: usize = self
            .values
            .iter()
            .filter(|v| v.number.is_none() && !stands_for_missing(v))
            .map(|v| v.count)
            .sum();
        let tolerated = distinct > FEW_NUMBERS && misfits * 10 <= numbers + misfits;
        self.numeric = numbers > 0 && (misfits == 0 || tolerated) && !self.is_code() && !self.is_inexact();
        if self.numeric {
            let (missing, kept) = self.values.iter().copied().partition(stands_for_missing);
            self.values = kept;
            let missing: Vec<Value<'a>> = missing;
            self.present -= missing.iter().map(|v| v.count).sum::<usize>();
            self.markers.extend(missing.iter().map(|v| (v.text, v.count)));
        }
    }

    /// Codes of fixed width with leading zeros, such as `007`.
    fn is_code(&self) -> bool {
        let Some(first) = self.values.first() else { return false };
        let digits = |v: &Value<'_>| v.text.bytes().all(|b| b.is_ascii_digit());
        first.text.len() > 1
            && self.values.iter().any(|v| v.text.starts_with('0'))
            && self.values.iter().all(|v| v.text.len() == first.text.len() && digits(v))
    }

    /// Whole numbers that a double cannot hold, such as insurance numbers of twenty digits.
    fn is_inexact(&self) -> bool {
        self.values.iter().any(|v| {
            v.text.len() > 15
                && v.text.parse::<i128>().is_ok_and(|whole| v.number.is_some_and(|x| x as i128 != whole))
        })
    }

    /// The distinct numbers, each with its first spelling.
    pub fn numbers(&self) -> Vec<(f64, &'a str)> {
        let mut seen = std::collections::HashSet::new();
        let numbers = self.values.iter().filter_map(|v| v.number.map(|x| (x + 0.0, v.text)));
        numbers.filter(|(x, _)| seen.insert(x.to_bits())).collect()
    }

    /// Whether no value occurs twice and none is missing.
    pub fn all_differ(&self) -> bool {
        self.values.len() == self.rows
    }
}

/// The distinct cells in order of first appearance, with their counts.
pub(crate) fn distinct(column: &RawColumn) -> Vec<(&str, usize)> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(&str, usize)> = Vec::new();
    for cell in column.cells() {
        let at = *index.entry(cell).or_insert_with(|| {
            found.push((cell, 0));
            found.len() - 1
        });
        found[at].1 += 1;
    }
    found
}

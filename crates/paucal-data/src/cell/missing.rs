//! Which cells stand for "missing".

use super::number;

/// Whole cells that mean "missing" in any column.
pub const ALWAYS: [&str; 13] =
    ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "#N/A", "<NA>", "NaT"];

/// Whole cells that mean "missing" only where the other values are numbers.
pub const AMONG_NUMBERS: [&str; 2] = ["-", "."];

/// The missing markers of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Markers {
    always: Vec<String>,
    among_numbers: Vec<String>,
    /// Markers that are numbers (`-999`), to match other spellings of them (`-999.0`).
    numbers: Vec<f64>,
}

impl Default for Markers {
    fn default() -> Self {
        let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
        Self { always: owned(&ALWAYS), among_numbers: owned(&AMONG_NUMBERS), numbers: Vec::new() }
    }
}

impl Markers {
    /// Only the markers that the user listed; an empty cell is missing in any case.
    pub fn only(listed: &[String]) -> Self {
        let mut always = vec![String::new()];
        always.extend(listed.iter().filter(|m| !m.is_empty()).cloned());
        let numbers = listed.iter().filter_map(|m| number::parse(m, false)).collect();
        Self { always, among_numbers: Vec::new(), numbers }
    }

    /// The default markers and those of a schema.
    pub fn with(known: &[String]) -> Self {
        let mut markers = Self::only(known);
        let defaults = Self::default();
        for marker in defaults.always {
            if !markers.always.contains(&marker) {
                markers.always.push(marker);
            }
        }
        Self { among_numbers: defaults.among_numbers, ..markers }
    }

    /// Whether the cell is missing in a column of any kind.
    pub fn is_missing(&self, cell: &str) -> bool {
        cell.is_empty()
            || self.always.iter().any(|m| m == cell)
            || (!self.numbers.is_empty()
                && number::parse(cell, false).is_some_and(|x| self.numbers.contains(&x)))
    }

    /// Whether the cell is missing only if the rest of its column is numeric.
    pub fn is_missing_number(&self, cell: &str) -> bool {
        self.among_numbers.iter().any(|m| m == cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_markers_replace_the_defaults() {
        let markers = Markers::only(&["-999".into()]);
        assert!(markers.is_missing("") && markers.is_missing("-999") && markers.is_missing("-999.0"));
        assert!(!markers.is_missing("NA") && !markers.is_missing_number("-"));
        let markers = Markers::with(&["-999".into()]);
        assert!(markers.is_missing("-999") && markers.is_missing("NA") && markers.is_missing_number("-"));
    }
}

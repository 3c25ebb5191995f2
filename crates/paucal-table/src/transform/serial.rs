//! Fresh ids: the form of the training ids, none of their values.

use serde::{Deserialize, Serialize};

/// A rule for ids that no training row has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    /// What stands before the number.
    prefix: String,
    /// Digits to which the number is filled up with zeros; 0 for no filling.
    width: usize,
    /// The number of the first row, above all training ids.
    first: u64,
    /// What stands after the number.
    suffix: String,
}

impl Serial {
    /// Learns the form of text ids. When all are a common text around a whole number (`P0017`, `4751`), the
    /// fresh ones are so too, counted from a round number above the largest; otherwise they are
    /// `synthetic-1`, `synthetic-2`, …
    pub fn learn<'a, I: Iterator<Item = &'a str>>(ids: impl Fn() -> I) -> Self {
        Self::around_number(ids()).unwrap_or_else(|| Self::invented(ids))
    }

    /// For an id column that is stored as numbers with the largest value `max`.
    pub fn above(max: f64) -> Self {
        let max = max.max(0.0).ceil() as u64;
        Self { prefix: String::new(), width: 0, first: round_above(max), suffix: String::new() }
    }

    /// The id of a row.
    pub fn text(&self, row: usize) -> String {
        let Self { prefix, width, suffix, .. } = self;
        format!("{prefix}{:0width$}{suffix}", self.number(row))
    }

    /// The number in the id of a row.
    pub fn number(&self, row: usize) -> u64 {
        self.first.saturating_add(row as u64)
    }

    fn around_number<'a>(mut ids: impl Iterator<Item = &'a str>) -> Option<Self> {
        let first = split(ids.next()?)?;
        let (mut max, mut shortest, mut longest) = (first.number, first.digits, first.digits);
        let mut padded = first.padded;
        for id in ids {
            let part = split(id)?;
            if (part.prefix, part.suffix) != (first.prefix, first.suffix) {
                return None;
            }
            max = max.max(part.number);
            shortest = shortest.min(part.digits);
            longest = longest.max(part.digits);
            padded |= part.padded;
        }
        let width = if padded && shortest == longest { longest } else { 0 };
        let next = round_above(max);
        Some(Self { prefix: first.prefix.into(), width, first: next, suffix: first.suffix.into() })
    }

    fn invented<'a, I: Iterator<Item = &'a str>>(ids: impl Fn() -> I) -> Self {
        let mut prefix = String::from("synthetic-");
        while ids().any(|id| id.starts_with(&prefix)) {
            prefix.insert_str(0, "new-");
        }
        Self { prefix, width: 0, first: 1, suffix: String::new() }
    }
}

/// An id in three parts.
struct Parts<'a> {
    prefix: &'a str,
    number: u64,
    digits: usize,
    padded: bool,
    suffix: &'a str,
}

/// Splits an id around its only run of digits; `None` if there is none, several, or one too long to count.
fn split(id: &str) -> Option<Parts<'_>> {
    const LONGEST: usize = 17;
    let start = id.find(|c: char| c.is_ascii_digit())?;
    let tail = &id[start..];
    let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    let (number, suffix) = tail.split_at(digits);
    if digits > LONGEST || suffix.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let padded = digits > 1 && number.starts_with('0');
    Some(Parts { prefix: &id[..start], number: number.parse().ok()?, digits, padded, suffix })
}

/// The next number above `max` with at most two significant digits: it tells little about the largest id.
fn round_above(max: u64) -> u64 {
    let digits = max.max(1).ilog10();
    let unit = 10_u64.pow(digits.saturating_sub(1).min(18));
    (max / unit + 1).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(ids: &[&str]) -> String {
        Serial::learn(|| ids.iter().copied()).text(0)
    }

    #[test]
    fn the_form_is_kept_and_the_values_are_new() {
        assert_eq!(first(&["842302", "911320502"]), "920000000");
        assert_eq!(first(&["P0017", "P0942"]), "P0950");
        assert_eq!(first(&["P7/x", "P12/x"]), "P13/x");
        assert_eq!(first(&["0"]), "1");
        assert_eq!(first(&["a1", "b2"]), "synthetic-1");
        assert_eq!(first(&["synthetic-a", "x"]), "new-synthetic-1");
        assert_eq!(first(&[]), "synthetic-1");
        assert_eq!(first(&["12345678901234567890"]), "synthetic-1");
        assert_eq!(Serial::learn(|| ["P098", "P099"].into_iter()).text(1), "P101");
        assert_eq!(Serial::above(6_899.0).number(0), 6_900);
    }
}

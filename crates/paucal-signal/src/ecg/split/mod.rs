//! Which recordings train, which validate and which test: never one patient on two sides.
//!
//! A split is a file of one's own (the usual split of the MIT-BIH database, say)
//!
//! ```toml
//! train = ["101", "106"]
//! validation = ["108"]
//! test = ["100", "103"]
//! ```
//!
//! or is dealt by [`deal`]: patient by patient, classes spread as evenly as they can be. It is not that of
//! `paucal-evidence`, which refuses a class that only one patient has: here such a class is the rule (fusion
//! beats of one patient), and its patient goes to the training side.

mod deal;

use serde::{Deserialize, Serialize};

pub use self::deal::{Counted, deal, folds};
use super::error::{EcgError, require, suggest};

/// A side of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Learnt from.
    Train,
    /// Used to choose epochs and thresholds.
    Validation,
    /// Used once, at the end.
    Test,
    /// In no list of the split file.
    Unused,
}

impl Side {
    /// The three sides of a split.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Unused => "unused",
        }
    }
}

/// How much of the data each side should get.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Of the training side.
    pub train: f64,
    /// Of the validation side; 0 for none.
    pub validation: f64,
    /// Of the test side; 0 for none.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { train: 0.6, validation: 0.2, test: 0.2 }
    }
}

impl Shares {
    /// Whether they are shares.
    pub fn check(&self) -> Result<(), EcgError> {
        let share = |v: f64| (0.0..=1.0).contains(&v);
        require(self.train > 0.0 && share(self.train), "train", self.train, "above 0 and at most 1")?;
        require(share(self.validation), "validation", self.validation, "from 0 to 1")?;
        require(share(self.test), "test", self.test, "from 0 to 1")?;
        let sum = self.train + self.validation + self.test;
        require((sum - 1.0).abs() < 1e-6, "train + validation + test", sum, "1")
    }
}

/// The names of the recordings on each side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitFile {
    /// Learnt from.
    pub train: Vec<String>,
    /// Used to choose epochs and thresholds.
    pub validation: Vec<String>,
    /// Used once, at the end.
    pub test: Vec<String>,
}

impl SplitFile {
    /// Reads a split from TOML.
    pub fn from_toml(text: &str) -> Result<Self, EcgError> {
        toml::from_str(text).map_err(|e| {
            let hint =
                "write train = [...], validation = [...] and test = [...], lists of record names in quotes";
            EcgError::table("split", paucal_core::config::explain(&e), hint)
        })
    }

    /// The split as TOML.
    pub fn to_toml(&self) -> String {
        let line = |name: &str, records: &[String]| {
            let quoted: Vec<String> =
                records.iter().map(|r| toml::Value::String(r.clone()).to_string()).collect();
            format!("{name} = [{}]\n", quoted.join(", "))
        };
        line("train", &self.train) + &line("validation", &self.validation) + &line("test", &self.test)
    }

    /// The split of recordings (names and sides).
    pub fn of<'a>(records: impl Iterator<Item = (&'a str, Side)>) -> Self {
        let mut file = Self::default();
        for (record, side) in records {
            match side {
                Side::Train => file.train.push(record.to_owned()),
                Side::Validation => file.validation.push(record.to_owned()),
                Side::Test => file.test.push(record.to_owned()),
                Side::Unused => {}
            }
        }
        file
    }

    /// The side of each recording, given its name and patient. `others` are names that may occur in the file
    /// although there is nothing to split: recordings that were left out.
    ///
    /// Unknown names, names that occur twice, and patients on two sides are errors.
    pub fn sides(&self, records: &[(&str, &str)], others: &[&str]) -> Result<Vec<Side>, EcgError> {
        let mut sides = vec![Side::Unused; records.len()];
        let mut seen: Vec<&str> = Vec::new();
        for (side, list) in Side::ALL.into_iter().zip([&self.train, &self.validation, &self.test]) {
            for name in list {
                if seen.contains(&name.as_str()) {
                    let hint = "a recording trains, validates or tests: name it once";
                    return Err(EcgError::table("split", format!("'{name}' is named twice"), hint));
                }
                seen.push(name);
                match records.iter().position(|(record, _)| record == name) {
                    Some(at) => sides[at] = side,
                    None if others.contains(&name.as_str()) => {}
                    None => {
                        let hint = suggest(name, records.iter().map(|(record, _)| *record));
                        return Err(EcgError::table(
                            "split",
                            format!("there is no recording '{name}'"),
                            hint,
                        ));
                    }
                }
            }
        }
        if !sides.contains(&Side::Train) {
            let message = "no recording with beats is on the training side";
            return Err(EcgError::table("split", message, "name at least one under train"));
        }
        one_side_each(records, &sides)?;
        Ok(sides)
    }
}

/// Refuses patients on two sides.
fn one_side_each(records: &[(&str, &str)], sides: &[Side]) -> Result<(), EcgError> {
    for (i, (record, patient)) in records.iter().enumerate() {
        let twin = (0..i).find(|&j| {
            let both = sides[i] != Side::Unused && sides[j] != Side::Unused;
            both && sides[i] != sides[j] && records[j].1 == *patient
        });
        if let Some(j) = twin {
            let (other, here, there) = (records[j].0, sides[i].name(), sides[j].name());
            let message =
                format!("patient '{patient}' is on two sides: '{other}' in {there}, '{record}' in {here}");
            let hint = "put all recordings of a patient on one side, or leave some out of the lists";
            return Err(EcgError::table("split", message, hint));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

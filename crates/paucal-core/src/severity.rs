//! How much a finding of an audit matters.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Results will be wrong or impossible until it is dealt with.
    Problem,
    /// Results may mislead; look at it.
    Caution,
    /// For the record.
    Note,
}

impl Severity {
    /// The gravest first.
    pub const ALL: [Self; 3] = [Self::Problem, Self::Caution, Self::Note];

    /// Its name, as it is printed and written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Caution => "caution",
            Self::Note => "note",
        }
    }
}

//! What can be wrong with a request to learn.

use paucal_core::{Advice, ExitKind};

/// An input or a parameter that does not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// No row, or no row of positive weight.
    #[error("there is no row to learn from")]
    NoRows,
    /// No feature.
    #[error("there is no feature to learn from")]
    NoFeatures,
    /// Two inputs disagree in length.
    #[error("{what} has {found} entries but there are {expected} rows")]
    Length {
        /// Which input.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The number of rows of `x`.
        expected: usize,
    },
    /// A value is NaN or infinite where the method needs finite numbers.
    #[error("row {row}, feature {column} is {value}")]
    NotFinite {
        /// Zero-based row.
        row: usize,
        /// Zero-based feature.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A class code is not below the number of classes.
    #[error("row {row} has class code {code} but there are {classes} classes")]
    ClassCode {
        /// Zero-based row.
        row: usize,
        /// The code.
        code: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A weight is negative or not finite.
    #[error("the weight of row {row} is {value}")]
    Weight {
        /// Zero-based row.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// A target to regress on is NaN or infinite.
    #[error("the target of row {row} is {value}")]
    Target {
        /// Zero-based row.
        row: usize,
        /// The target.
        value: f64,
    },
    /// A parameter is out of its range.
    #[error("{method}: {parameter} = {value} is out of range")]
    Parameter {
        /// Name of the method.
        method: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// The value as given.
        value: String,
        /// The range, as advice.
        range: &'static str,
    },
    /// More of something was asked than the data hold.
    #[error("{method}: {wanted} {what} asked of {available}")]
    TooMany {
        /// Name of the method.
        method: &'static str,
        /// What was asked (clusters, components, neighbours).
        what: &'static str,
        /// How many were asked.
        wanted: usize,
        /// How many there can be.
        available: usize,
    },
}

impl Advice for LearnError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRows => {
                "check the filters and the split: at least one row needs a positive weight".into()
            }
            Self::NoFeatures => "name at least one column besides the class".into(),
            Self::Length { .. } => "rows, classes and weights must come from the same table".into(),
            Self::NotFinite { .. } => {
                "impute missing values first, or use boosting, which accepts NaN (but not infinity)".into()
            }
            Self::ClassCode { classes, .. } => {
                format!("class codes run from 0 to {}", classes.saturating_sub(1))
            }
            Self::Target { .. } => "drop the rows whose target is not known".into(),
            Self::Weight { .. } => "weights are finite and at least 0".into(),
            Self::Parameter { parameter, range, .. } => format!("{parameter} must be {range}"),
            Self::TooMany { what, available, .. } => format!("ask for at most {available} {what}"),
        })
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Parameter { .. } | Self::TooMany { .. } => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}

/// An error unless `holds`; `range` completes "must be …".
pub(crate) fn require(
    holds: bool,
    method: &'static str,
    parameter: &'static str,
    value: impl ToString,
    range: &'static str,
) -> Result<(), LearnError> {
    if holds {
        return Ok(());
    }
    Err(LearnError::Parameter { method, parameter, value: value.to_string(), range })
}

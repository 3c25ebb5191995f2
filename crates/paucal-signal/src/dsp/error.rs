//! What can be wrong with a request to filter, to resample or to look for beats.

use std::fmt::Display;

use paucal_core::{Advice, ExitKind};

/// A signal or a parameter that does not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DspError {
    /// The signal is shorter than the method needs.
    #[error("{method} needs at least {needed} samples, the signal has {found}")]
    TooShort {
        /// Name of the method.
        method: &'static str,
        /// Fewest samples.
        needed: usize,
        /// Samples there are.
        found: usize,
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
        /// The range; completes "must be …".
        range: &'static str,
    },
}

impl Advice for DspError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooShort { .. } => {
                "give a longer signal, or allow a reduced padding where the method offers one".into()
            }
            Self::Parameter { parameter, range, .. } => format!("{parameter} must be {range}"),
        })
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::TooShort { .. } => ExitKind::Failed,
            Self::Parameter { .. } => ExitKind::Usage,
        }
    }
}

/// An error unless `holds`; `range` completes "must be …".
pub(crate) fn require(
    holds: bool,
    method: &'static str,
    parameter: &'static str,
    value: impl Display,
    range: &'static str,
) -> Result<(), DspError> {
    if holds {
        return Ok(());
    }
    Err(DspError::Parameter { method, parameter, value: value.to_string(), range })
}

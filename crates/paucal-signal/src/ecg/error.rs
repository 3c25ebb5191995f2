//! What can be wrong with a request to prepare ECG recordings.

use std::fmt::Display;

use paucal_core::error::closest;
use paucal_core::files::FileError;
use paucal_core::{Advice, ExitKind};
use paucal_data::error::DataError;
use paucal_learn::LearnError;
use paucal_metrics::Undefined;
use paucal_nn::NnError;

use crate::dsp::DspError;
use crate::formats::FormatError;

/// An input or an option that does not fit.
#[derive(Debug, thiserror::Error)]
pub enum EcgError {
    /// A recording cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table cannot be written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A network could not be trained, or its weights not be read.
    #[error(transparent)]
    Network(#[from] NnError),
    /// A learner refused its input.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A measure is not defined for its input.
    #[error(transparent)]
    Metric(#[from] Undefined),
    /// Beats, classes or probabilities that do not fit each other or the model.
    #[error("{message}")]
    Beats {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// A filter or a detector refused its input.
    #[error(transparent)]
    Dsp(#[from] DspError),
    /// A file of labels, patients, splits or seeds says something impossible.
    #[error("{what}: {message}")]
    Table {
        /// Which file: `labels`, `patients`, `split`, `seeds`.
        what: &'static str,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// An option is out of its range.
    #[error("{option} = {value} is out of range")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// The value as given.
        value: String,
        /// The range; completes "must be …".
        range: &'static str,
    },
    /// One recording has nothing to give.
    #[error("{message}")]
    Recording {
        /// Why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// No recording gave any beat.
    #[error("no beat was found in {records} recordings{}", first.as_ref().map(|f| format!("; the first: {f}")).unwrap_or_default())]
    NoBeats {
        /// How many were tried.
        records: usize,
        /// Why the first of them was left out.
        first: Option<String>,
    },
    /// A folder of prepared beats does not hold together.
    #[error("{path}: {message}")]
    Damaged {
        /// The folder or file.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A saved model does not hold together.
    #[error("{path}: {message}")]
    Model {
        /// The folder or file.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A stop was asked for.
    #[error("interrupted")]
    Interrupted,
}

impl EcgError {
    /// A table that says something impossible.
    pub(crate) fn table(what: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Table { what, message: message.into(), hint: hint.into() }
    }

    /// Beats, classes or probabilities that do not fit.
    pub(crate) fn beats(message: impl Into<String>, hint: &'static str) -> Self {
        Self::Beats { message: message.into(), hint }
    }

    /// A recording that has nothing to give.
    pub(crate) fn recording(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Recording { message: message.into(), hint: hint.into() }
    }
}

impl Advice for EcgError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Format(error) => return error.hint(),
            Self::File(error) => return error.hint(),
            Self::Data(error) => return error.hint(),
            Self::Learn(error) => return error.hint(),
            Self::Network(error) => return error.hint(),
            Self::Dsp(error) => return error.hint(),
            Self::Metric(error) => return error.hint(),
            Self::Beats { hint, .. } => (*hint).into(),
            Self::Table { hint, .. } | Self::Recording { hint, .. } => hint.clone(),
            Self::Option { option, range, .. } => format!("{option} must be {range}"),
            Self::NoBeats { .. } => "check the sampling rate, the lead and the annotations".into(),
            Self::Damaged { .. } => "prepare the recordings again into a new folder".into(),
            Self::Model { .. } => "name the folder that 'paucal ecg train' wrote, or train again".into(),
            Self::Interrupted => return None,
        })
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Table { .. } | Self::Option { .. } => ExitKind::Usage,
            Self::Format(error) => error.exit_kind(),
            Self::Data(error) => error.exit_kind(),
            Self::Learn(error) => error.exit_kind(),
            Self::Network(error) => error.exit_kind(),
            Self::Dsp(error) => error.exit_kind(),
            Self::Metric(error) => error.exit_kind(),
            Self::Interrupted => ExitKind::Interrupted,
            _ => ExitKind::Failed,
        }
    }
}

/// An error unless `holds`; `range` completes "must be …".
pub(crate) fn require(
    holds: bool,
    option: &'static str,
    value: impl Display + Copy,
    range: &'static str,
) -> Result<(), EcgError> {
    if holds { Ok(()) } else { Err(EcgError::Option { option, value: value.to_string(), range }) }
}

/// "did you mean …", or the list of what there is.
pub(crate) fn suggest<'a>(typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match closest(typed, known.clone()) {
        Some(candidate) => format!("did you mean '{candidate}'?"),
        None => {
            let shown: Vec<&str> = known.clone().take(20).collect();
            let more = known.count() - shown.len();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("there are: {}{rest}", shown.join(", "))
        }
    }
}

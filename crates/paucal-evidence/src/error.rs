//! What can be wrong with a request for evidence.

use paucal_core::files::FileError;
use paucal_core::{Advice, ExitKind};
use paucal_data::DataError;
use paucal_learn::LearnError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The table refused.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A learner refused.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// No column is to be predicted.
    #[error("the table has no target column")]
    NoTarget,
    /// The target is not a short list of classes.
    #[error("column '{name}' has {values} distinct values and cannot be a target of classes")]
    NotClasses {
        /// The column.
        name: String,
        /// Its number of distinct values.
        values: usize,
    },
    /// Every row has the same class.
    #[error("every row with a target is of class '{0}'")]
    OneClass(String),
    /// A class cannot stand on both sides of a split.
    #[error("class '{class}' has {units} {unit}, too few to be in training and in test")]
    TooFewCases {
        /// The class.
        class: String,
        /// How many rows or groups hold it.
        units: usize,
        /// "row" or "group", in the number that fits.
        unit: &'static str,
    },
    /// A parameter is outside its range.
    #[error("{name} is {value}, but must be {range}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// Two inputs that describe the same rows differ in length.
    #[error("{what} has {found} entries but there are {expected} rows")]
    Length {
        /// Which input.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The number of rows.
        expected: usize,
    },
    /// No column is left to learn from.
    #[error("no column is left to learn from")]
    NoFeatures,
    /// The experiment has no arm of this name.
    #[error("there is no arm '{0}'")]
    UnknownArm(String),
    /// Two arms share a name.
    #[error("two arms are called '{0}'")]
    DuplicateArm(String),
    /// A record cannot be written as JSON.
    #[error("a finished cell cannot be stored: {0}")]
    Record(String),
    /// The user stopped it.
    #[error("stopped after {done} of {total} cells")]
    Interrupted {
        /// Cells finished, in this and earlier runs.
        done: usize,
        /// Cells in all.
        total: usize,
    },
}

impl EvidenceError {
    /// Refuses a parameter outside its range.
    pub(crate) fn require(
        holds: bool,
        name: &'static str,
        value: &dyn std::fmt::Display,
        range: &'static str,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Parameter { name, value: value.to_string(), range }) }
    }

    /// Refuses an input of another length than the number of rows.
    pub(crate) fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::Length { what, found, expected }) }
    }
}

impl Advice for EvidenceError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Data(error) => return error.hint(),
            Self::Learn(error) => return error.hint(),
            Self::File(error) => return error.hint(),
            Self::NoTarget => "name it with --target, or in the schema",
            Self::NotClasses { .. } => "choose another --target, or turn its values into classes first",
            Self::OneClass(_) => "there is nothing to tell apart: check the target column and the filters",
            Self::TooFewCases { .. } => {
                "collect more cases, or merge this class with another one in the table, openly"
            }
            Self::Parameter { .. } => "'paucal models' lists every parameter with its default and range",
            Self::NoFeatures => "ids, text, the group and the target are never features; check the schema",
            Self::UnknownArm(_) => "the baseline must be one of the arms that are run",
            Self::DuplicateArm(_) => "give each arm a name of its own",
            Self::Interrupted { .. } => "run the same command with --resume to continue",
            Self::Length { .. } | Self::Record(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Data(error) => error.exit_kind(),
            Self::Learn(error) => error.exit_kind(),
            Self::NoTarget
            | Self::NotClasses { .. }
            | Self::Parameter { .. }
            | Self::UnknownArm(_)
            | Self::DuplicateArm(_) => ExitKind::Usage,
            Self::Interrupted { .. } => ExitKind::Interrupted,
            _ => ExitKind::Failed,
        }
    }
}

//! What can be wrong with data, and what to do about it.

use paucal_core::Advice;
use paucal_core::error::{ExitKind, closest};
use paucal_core::files::FileError;

use crate::schema::Schema;

/// An error of the data crate.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not in the format it should be in.
    #[error("{path}: {message}")]
    Format {
        /// The file.
        path: String,
        /// What is wrong, with the line where known.
        message: String,
        /// What to do.
        hint: String,
    },
    /// There are no rows.
    #[error("{0} holds no rows")]
    Empty(String),
    /// No such column.
    #[error("there is no column '{name}'")]
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// Did you mean …
        hint: String,
    },
    /// No such level.
    #[error("column '{column}' has no level '{level}'")]
    UnknownLevel {
        /// The column.
        column: String,
        /// What was asked for.
        level: String,
        /// The levels there are.
        hint: String,
    },
    /// The schema does not hold together.
    #[error("schema: {0}")]
    Schema(String),
    /// A constraint of the schema does not hold together.
    #[error("constraint {rule}: {message}")]
    Constraint {
        /// The constraint as written.
        rule: String,
        /// What is wrong with it.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Columns and schema disagree.
    #[error("table: {0}")]
    Table(String),
}

impl DataError {
    /// An unknown column, with the closest known one or the list.
    pub fn unknown_column(name: &str, schema: &Schema) -> Self {
        Self::UnknownColumn { name: name.into(), hint: suggestion(name, &schema.names().collect::<Vec<_>>()) }
    }

    /// An unknown level, with the closest known one or the list.
    pub fn unknown_level(column: &str, level: &str, levels: &[String]) -> Self {
        let hint = suggestion(level, &levels.iter().map(String::as_str).collect::<Vec<_>>());
        Self::UnknownLevel { column: column.into(), level: level.into(), hint }
    }
}

fn suggestion(typed: &str, known: &[&str]) -> String {
    const SHOWN: usize = 12;
    match closest(typed, known.iter().copied()) {
        Some(candidate) => format!("did you mean '{candidate}'?"),
        None if known.is_empty() => "there are none".into(),
        None => {
            let more = if known.len() > SHOWN { ", …" } else { "" };
            format!("there are: {}{more}", known[..known.len().min(SHOWN)].join(", "))
        }
    }
}

impl Advice for DataError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Format { hint, .. }
            | Self::UnknownColumn { hint, .. }
            | Self::Constraint { hint, .. }
            | Self::UnknownLevel { hint, .. } => Some(hint.clone()),
            Self::Empty(_) => Some("check that it is the right file and that --header fits".into()),
            Self::Schema(_) => {
                Some("'paucal table audit DATA --out DIR' writes a schema that fits the data".into())
            }
            Self::Table(_) => None,
        }
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::UnknownColumn { .. }
            | Self::UnknownLevel { .. }
            | Self::Constraint { .. }
            | Self::Schema(_) => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}

//! What can be wrong with a report.

use paucal_core::run::RunError;
use paucal_core::{Advice, ExitKind};

/// What can be wrong with a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Two sections, tables or figures share an id.
    #[error("the report has two {kind}s with the id \"{id}\"")]
    DuplicateId {
        /// "section", "table", "figure" or "reference".
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// An id that cannot name a file or an anchor.
    #[error("\"{id}\" cannot be the id of a {kind}")]
    BadId {
        /// "section", "table" or "figure".
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// A cross-reference or citation leads nowhere.
    #[error("the text refers to the {kind} \"{id}\", which the report does not have")]
    Dangling {
        /// "section", "table", "figure" or "reference".
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// A row has more or fewer cells than the table has columns.
    #[error("row {row} of the table \"{table}\" has {found} cells, its header has {expected}")]
    RaggedTable {
        /// The table.
        table: String,
        /// Row, from 1.
        row: usize,
        /// Cells in the row.
        found: usize,
        /// Columns of the table.
        expected: usize,
    },
    /// A figure has no words for those who cannot see it.
    #[error("the figure \"{0}\" has no description")]
    NoDescription(String),
    /// A table does not fit CSV.
    #[error("cannot write the table \"{id}\" as CSV: {message}")]
    Csv {
        /// The table.
        id: String,
        /// What the writer said.
        message: String,
    },
    /// A figure cannot be drawn as PNG.
    #[cfg(feature = "png")]
    #[error("cannot draw the figure \"{id}\" as PNG: {message}")]
    Png {
        /// The figure.
        id: String,
        /// What the renderer said.
        message: String,
    },
    /// A run of a verb that has no page.
    #[error("there is no report for a run of '{0}'")]
    NoPage(String),
    /// The run folder refused a file.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Advice for ReportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::BadId { .. } => Some("use lower-case letters, digits and hyphens".into()),
            Self::Dangling { kind: "reference", .. } => {
                Some("add it to the references of the document".into())
            }
            Self::NoDescription(_) => Some("say in words what the figure shows".into()),
            Self::Run(error) => error.hint(),
            _ => None,
        }
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Run(error) => error.exit_kind(),
            _ => ExitKind::Failed,
        }
    }
}

//! What can go wrong with a study.

use paucal_core::{Advice, ExitKind};

/// An error of a study or its storage.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// A range that makes no sense, or that cannot be read.
    #[error("a parameter's range is wrong: {0}")]
    Distribution(String),
    /// A parameter that the study knows with another range.
    #[error("parameter '{name}' has another kind, scale or list of choices in this study")]
    Incompatible {
        /// The parameter.
        name: String,
    },
    /// The storage does not answer.
    #[error("cannot reach the storage {url}: {message}")]
    Unreachable {
        /// Where it should be, without password.
        url: String,
        /// What it or the system says.
        message: String,
    },
    /// The database does not let this user in.
    #[error("{url} refuses the login: {message}")]
    Login {
        /// Where it is, without password.
        url: String,
        /// What it says.
        message: String,
    },
    /// The server has no such database.
    #[error("{url}: the server has no such database")]
    NoDatabase {
        /// Where it should be, without password.
        url: String,
    },
    /// The address or the server asks for an encrypted connection.
    #[error("{0} asks for an encrypted connection, which this program cannot make")]
    Encryption(String),
    /// Something else than studies is kept there.
    #[error("{url} is not a storage of studies: {message}")]
    NotAStorage {
        /// Where, without password.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// The storage answers with an error.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// A database in another version of the schema.
    #[error("{url} holds a database of schema {found}, not {known}")]
    Schema {
        /// Where it is.
        url: String,
        /// Its version.
        found: String,
        /// The version that is understood.
        known: &'static str,
    },
    /// A storage address of an unknown kind.
    #[error("'{0}' is not the address of a storage")]
    Address(String),
    /// A study that is not there.
    #[error("there is no study '{0}'")]
    NoStudy(String),
    /// No name was given and there is not exactly one study.
    #[error("{}", if .0.is_empty() { "the storage holds no study" } else { "the storage holds several studies" })]
    Choose(Vec<String>),
    /// A study that no 'table tune' has begun.
    #[error("study '{0}' does not say what its workers are to do")]
    NoTask(String),
    /// A study that was begun for something else.
    #[error("study '{name}' was begun with another {what}")]
    OtherStudy {
        /// The study.
        name: String,
        /// What differs.
        what: String,
    },
}

impl TuneError {
    /// A study was begun with another `what`.
    pub fn other(study: &str, what: &str) -> Self {
        Self::OtherStudy { name: study.into(), what: what.into() }
    }

    /// Whether the reason may be that the study is not begun yet.
    pub fn is_too_early(&self) -> bool {
        match self {
            Self::Choose(names) => names.is_empty(),
            Self::Unreachable { .. } | Self::NotAStorage { .. } | Self::NoStudy(_) | Self::NoTask(_) => true,
            _ => false,
        }
    }
}

impl Advice for TuneError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Distribution(_) => "give ends that are finite and in order".into(),
            Self::Incompatible { .. } => {
                "begin a new study with --study NAME; one study holds one search space".into()
            }
            Self::OtherStudy { what, .. } => {
                let same = match what.as_str() {
                    "version of the program" => "install the version that began it on every machine",
                    "data" => "give the very file that it was begun with",
                    "reading of the table" => "give --header, --delimiter, --missing and --schema as at its beginning",
                    _ => "repeat the command that began it",
                };
                format!("{same}, or begin a new study with --study NAME; nothing that was stored is lost")
            }
            Self::Unreachable { .. } => {
                "check address, server and network; nothing that was stored is lost".into()
            }
            Self::Login { .. } => {
                "check user and password; the password may also stand in the variable PGPASSWORD".into()
            }
            Self::NoDatabase { .. } => {
                "check the name, or make it with 'createdb'; its tables are made on first use".into()
            }
            Self::Encryption(_) => {
                "use sslmode=prefer on a network you trust, or go through an SSH tunnel to the server".into()
            }
            Self::NotAStorage { .. } => {
                "give the address that 'paucal table tune --storage' or Optuna was given".into()
            }
            Self::NoTask(_) => {
                "workers join studies that 'paucal table tune --storage' has begun; this may be one of Python's".into()
            }
            Self::Storage(_) => "nothing that was stored is lost; run the command again".into(),
            Self::Schema { .. } => "upgrade it with 'optuna storage upgrade', or use a new file".into(),
            Self::Address(_) => {
                "write sqlite:///FILE, journal:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE".into()
            }
            Self::Choose(names) if names.is_empty() => "'paucal table tune' makes one".into(),
            Self::Choose(names) => format!("choose one with --study: {}", names.join(", ")),
            Self::NoStudy(_) => "'paucal study list' shows what there is".into(),
        })
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Address(_)
            | Self::NoStudy(_)
            | Self::NoTask(_)
            | Self::Choose(_)
            | Self::OtherStudy { .. } => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}

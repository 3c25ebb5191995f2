//! Wrong requests that only the program can see, and how any error ends the program.

use paucal_core::config::ConfigError;
use paucal_core::error::closest;
use paucal_core::files::FileError;
use paucal_core::run::RunError;
use paucal_core::{Advice, ExitKind};
use paucal_data::DataError;
use paucal_evidence::EvidenceError;
use paucal_nn::NnError;
use paucal_report::ReportError;
use paucal_signal::ecg::EcgError;
use paucal_signal::formats::FormatError;
use paucal_table::judge::Form;
use paucal_table::{METHODS, TableError};
use paucal_tune::TuneError;

/// A request that does not make sense.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A settings section that is neither a verb nor a generator.
    #[error("there is no setting '{name}'")]
    UnknownSection {
        /// What was given.
        name: String,
        /// Did you mean …
        hint: String,
    },
    /// `--threads 0`.
    #[error("--threads must be at least 1")]
    Threads,
    /// `--where` without `=`.
    #[error("'{0}' is not a condition")]
    Condition(String),
    /// `--resume` with other settings than before.
    #[error("the stopped run in {0} was asked for something else")]
    OtherSettings(String),
    /// A run of another verb.
    #[error("{path} holds a '{found}' run, not {wanted}")]
    WrongRun {
        /// The folder.
        path: String,
        /// Its verb.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// `--objective` of an unknown form.
    #[error("there is no form '{0}' of the objective")]
    Objective(String),
    /// `--steps` for a method without steps.
    #[error("{0} has no steps")]
    NoSteps(String),
    /// `--timeout` that is no time.
    #[error("--timeout takes a number of seconds above 0, not {0}")]
    Timeout(f64),
    /// An option given neither once nor once for each table.
    #[error("{option} was given {given} times for {tables} tables")]
    PerTable {
        /// The option.
        option: &'static str,
        /// How often it was given.
        given: usize,
        /// Number of tables.
        tables: usize,
    },
    /// One schema for several tables.
    #[error("--schema describes one table, and there are several")]
    OneSchema,
    /// `--grace` that is no time.
    #[error("--grace takes a number of seconds from 0, not {0}")]
    Grace(f64),
    /// `--trials 0`.
    #[error("--trials must be at least 1")]
    Trials,
    /// A method that is not there, or not for this.
    #[error("there is no method '{name}'{place}")]
    UnknownMethod {
        /// What was given.
        name: String,
        /// What it should be for; may be empty.
        place: &'static str,
        /// Did you mean …
        hint: String,
    },
    /// `ecg judge` without a model or without recordings.
    #[error(
        "'ecg judge' needs the folder of a trained model and then recordings, or --detector and recordings"
    )]
    NoRecordings,
    /// `--delimiter` of more than one character.
    #[error("--delimiter takes one character, not '{0}'")]
    Delimiter(String),
}

impl UsageError {
    /// An unknown classifier of beats, with the closest known one.
    pub fn unknown_classifier(name: &str, known: &[&str]) -> Self {
        Self::unknown(name, " for beats", known)
    }

    /// An unknown method, with the closest known one.
    pub fn unknown_method(name: &str, known: &[&str]) -> Self {
        Self::unknown(name, "", known)
    }

    fn unknown(name: &str, place: &'static str, known: &[&str]) -> Self {
        let hint = match closest(name, known.iter().copied()) {
            Some(candidate) => format!("did you mean '{candidate}'?"),
            None => format!("there are: {}", known.join(", ")),
        };
        Self::UnknownMethod { name: name.to_owned(), place, hint }
    }

    /// An unknown section, with the closest known one.
    pub fn unknown_section(name: &str) -> Self {
        let known = ["seed", "audit", "judge", "prove", "tune", "compare", "ecg"]
            .into_iter()
            .chain(METHODS.iter().map(|m| m.name));
        let hint = match closest(name, known) {
            Some(candidate) => format!("did you mean '{candidate}'?"),
            None => {
                "settings are seed, audit.*, judge.*, prove.*, tune.* and those of 'paucal models'".into()
            }
        };
        Self::UnknownSection { name: name.into(), hint }
    }

    /// The form of the objective of that name; the legacy forms also go by their letter.
    pub fn objective(name: &str) -> Result<Form, Self> {
        let short = name.to_lowercase().replace('-', "_");
        let full = if matches!(short.as_str(), "a" | "b" | "c") { format!("legacy_{short}") } else { short };
        Form::from_name(&full).ok_or_else(|| Self::Objective(name.into()))
    }
}

impl Advice for UsageError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownSection { hint, .. } | Self::UnknownMethod { hint, .. } => hint.clone(),
            Self::NoRecordings => "for example: paucal ecg judge runs/model mitdb-test/".into(),
            Self::Threads => "leave it out to use every core".into(),
            Self::Condition(_) => "write COLUMN=VALUE, for example --where sex=F".into(),
            Self::OtherSettings(_) => {
                "repeat the first command exactly, or use --overwrite to start anew".into()
            }
            Self::WrongRun { .. } => "give a folder that the right command wrote".into(),
            Self::Objective(_) => {
                "the forms are corrected, normalised, legacy_a, legacy_b and legacy_c".into()
            }
            Self::NoSteps(_) => "leave out --steps; 'paucal models' lists what each generator takes".into(),
            Self::Timeout(_) => "for ten minutes write --timeout 600".into(),
            Self::PerTable { option, .. } => {
                format!("give {option} once for all tables, or one for each in their order")
            }
            Self::OneSchema => "compare the tables one by one, or without --schema".into(),
            Self::Grace(_) => "for ten minutes write --grace 600".into(),
            Self::Trials => "leave it out to run trials until the study has all of its own".into(),
            Self::Delimiter(_) => "for a tab write --delimiter '\\t'".into(),
        })
    }

    fn exit_kind(&self) -> ExitKind {
        ExitKind::Usage
    }
}

/// What went wrong, on one line: the context that the program added, and the first error that tells the whole
/// story. Our own errors do; their sources would only repeat it.
pub fn message(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        parts.push(cause.to_string());
        if as_advice(cause).is_some() {
            break;
        }
    }
    parts.join(": ")
}

/// The advice in an error: the first of its causes that gives any.
pub fn advice(error: &anyhow::Error) -> (Option<String>, ExitKind) {
    for cause in error.chain() {
        if let Some(advice) = as_advice(cause) {
            return (advice.hint(), advice.exit_kind());
        }
    }
    (None, ExitKind::Failed)
}

fn as_advice<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a dyn Advice> {
    macro_rules! first_of {
        ($($kind:ty),*) => { None$(.or_else(|| cause.downcast_ref::<$kind>().map(|e| e as &dyn Advice)))* };
    }
    first_of!(
        UsageError,
        TableError,
        TuneError,
        DataError,
        EvidenceError,
        EcgError,
        FormatError,
        NnError,
        ReportError,
        ConfigError,
        RunError,
        FileError
    )
}

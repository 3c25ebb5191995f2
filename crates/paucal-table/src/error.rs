//! What can be wrong with a request to a generator, and what to do about it.

use std::fmt::Display;

use paucal_core::error::closest;
use paucal_core::run::RunError;
use paucal_core::{Advice, ExitKind};
use paucal_data::{DataError, Schema};
use paucal_evidence::EvidenceError;
use paucal_learn::LearnError;
use paucal_metrics::Undefined;
use paucal_nn::NnError;
use paucal_tune::TuneError;

use crate::condition::level_name;

/// An error of the table crate.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The table or the schema is at fault.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A classical learner refused its input.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// The experiment or a split is at fault.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Two tables cannot be compared.
    #[error("the tables cannot be compared: {0}")]
    Metric(#[from] Undefined),
    /// A network, its device or its checkpoint is at fault.
    #[error(transparent)]
    Network(NnError),
    /// A run folder is at fault.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A study or its storage is at fault.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// A method without parameters that could be searched.
    #[error("{0} has nothing to tune")]
    NothingToTune(&'static str),
    /// No trial of a study ended with a value.
    #[error("no trial of the study ended with a value{reason}", reason = .0.as_ref().map_or_else(String::new, |r| format!("; the last one failed: {r}")))]
    NoTrial(Option<String>),
    /// No such generator.
    #[error("there is no generator '{name}'")]
    UnknownMethod {
        /// What was asked for.
        name: String,
        /// Did you mean …
        hint: String,
    },
    /// No such parameter.
    #[error("{method} has no parameter '{name}'")]
    UnknownParameter {
        /// The generator.
        method: &'static str,
        /// What was asked for.
        name: String,
        /// Did you mean …
        hint: String,
    },
    /// A parameter has the wrong type or is out of its range.
    #[error("{method}: {message}")]
    Parameter {
        /// The generator.
        method: &'static str,
        /// Which parameter, its value and its range.
        message: String,
    },
    /// Too few rows to learn from.
    #[error("{found} {} not enough to learn from: {needed} are needed", if *found == 1 { "row is" } else { "rows are" })]
    TooFewRows {
        /// Rows given.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No column has two values.
    #[error("no column varies, so there is nothing for a network to learn")]
    NothingToLearn,
    /// A condition on a column that has no levels.
    #[error("column '{column}' is {kind}: a condition needs a column with levels")]
    NotConditionable {
        /// The column.
        column: String,
        /// Its kind.
        kind: &'static str,
    },
    /// Two conditions that no row can fulfil together.
    #[error("column '{column}' cannot be both '{first}' and '{second}'")]
    Contradiction {
        /// The column.
        column: String,
        /// One level.
        first: String,
        /// The other level.
        second: String,
    },
    /// A level that the schema knows but no training row has.
    #[error("no training row has {column} = '{level}', so nothing was learnt about it")]
    LevelNotSeen {
        /// The column.
        column: String,
        /// The level.
        level: String,
        /// The levels that were seen.
        seen: String,
    },
    /// Conditions that were each seen but never together, for a method that needs real cases of both.
    #[error("no training row fulfils all conditions together: {0}")]
    NoSuchRows(String),
    /// (Nearly) all training rows break a constraint of the schema.
    #[error("{left} of {rows} training rows keep the constraints of the schema, too few to learn from")]
    NothingKeeps {
        /// Training rows.
        rows: usize,
        /// Those that keep them.
        left: usize,
    },
    /// After many draws some rows still break a constraint or a condition that can only be waited for.
    #[error("no row that keeps this could be drawn: {0}")]
    NeverKept(String),
    /// The table to encode has other columns than the one the encoder was fitted on.
    #[error("the table has other columns than the one the generator was fitted on")]
    OtherColumns,
    /// The model cannot be saved because it is made of the training rows.
    #[error("a fitted {0} is made of the training rows, and a saved model must not hold any")]
    HoldsRows(&'static str),
    /// A model file is cut short, altered, or not one of ours.
    #[error("{file} is damaged: {message}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        message: String,
    },
    /// A model file of a newer program.
    #[error("{file} was written in model format {found}, this program knows up to {known}")]
    Newer {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
        /// The newest format this program reads.
        known: u32,
    },
    /// A network put out values that are not finite.
    #[error("the model put out numbers that are not finite")]
    NotFinite,
    /// The user asked for a stop; a checkpoint was kept if one was wanted.
    #[error("stopped on request")]
    Interrupted,
}

impl TableError {
    /// A level that no training row has; `seen` are the codes that were.
    pub(crate) fn level_not_seen(schema: &Schema, column: usize, code: u32, seen: &[u32]) -> Self {
        const SHOWN: usize = 12;
        let name = |&code: &u32| level_name(schema, column, code).to_owned();
        let more = if seen.len() > SHOWN { ", …" } else { "" };
        Self::LevelNotSeen {
            column: schema.columns[column].name.clone(),
            level: name(&code),
            seen: seen.iter().take(SHOWN).map(name).collect::<Vec<_>>().join(", ") + more,
        }
    }

    /// An error about the content of a saved model.
    pub fn damaged(file: &str, message: impl Display) -> Self {
        Self::Damaged { file: file.into(), message: message.to_string() }
    }
}

impl From<NnError> for TableError {
    fn from(error: NnError) -> Self {
        match error {
            NnError::Interrupted { .. } => Self::Interrupted,
            other => Self::Network(other),
        }
    }
}

/// "did you mean 'x'?", or the list of what there is.
pub(crate) fn suggestion<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = closest(typed, known.clone()) {
        return format!("did you mean '{candidate}'?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    if names.is_empty() { "there are none".into() } else { format!("there are: {}", names.join(", ")) }
}

impl Advice for TableError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Data(error) => return error.hint(),
            Self::Learn(error) => return error.hint(),
            Self::Evidence(error) => return error.hint(),
            Self::Metric(reason) => return reason.hint(),
            Self::Network(error) => return error.hint(),
            Self::Run(error) => return error.hint(),
            Self::Tune(error) => return error.hint(),
            Self::NothingToTune(_) => "fit it as it is; 'paucal table space --model NAME DATA' shows what others have".into(),
            Self::NoTrial(_) => "run 'paucal table fit' with default parameters to see what is wrong with the data".into(),
            Self::UnknownMethod { hint, .. } | Self::UnknownParameter { hint, .. } => hint.clone(),
            Self::Parameter { .. } => "'paucal models' lists every parameter with its default".into(),
            Self::TooFewRows { .. } => {
                "check the filters and the split: a model of a single row would be that row".into()
            }
            Self::NothingToLearn => "use the generator 'independent', which repeats what is constant".into(),
            Self::NotConditionable { .. } => {
                "a single value of a measurement has no share of the rows to learn from; condition on a \
                 categorical or boolean column, or declare the column as such in the schema"
                    .into()
            }
            Self::Contradiction { .. } => "give each column once; run the command once per level".into(),
            Self::LevelNotSeen { seen, .. } => format!("the training rows have: {seen}"),
            Self::NoSuchRows(_) => {
                "ask for fewer conditions, or use a generator that learns a joint model, such as gaussian-copula"
                    .into()
            }
            Self::NothingKeeps { .. } => {
                "'paucal table audit' counts the rows that break each constraint; check their direction and units".into()
            }
            Self::NeverKept(_) => {
                "it is too rare among the rows the generator draws: widen the constraint, ask for less, or use a \
                 generator that fits the data better"
                    .into()
            }
            Self::OtherColumns => "use the schema that the model was fitted with".into(),
            Self::HoldsRows(_) => {
                "'--set smote-nc.keep_rows=true' saves it all the same, and whoever gets the folder gets your rows; \
                 gaussian-copula can be shared"
                    .into()
            }
            Self::Damaged { .. } => "copy the run folder again, or fit the model again".into(),
            Self::Newer { .. } => "use a newer paucal to read it".into(),
            Self::NotFinite => "lower the learning rate or the number of steps and fit again".into(),
            Self::Interrupted => "run the same command with --resume to continue (a worker without it)".into(),
        })
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::Data(error) => error.exit_kind(),
            Self::Learn(error) => error.exit_kind(),
            Self::Evidence(error) => error.exit_kind(),
            Self::Metric(reason) => reason.exit_kind(),
            Self::Network(error) => error.exit_kind(),
            Self::Run(error) => error.exit_kind(),
            Self::Tune(error) => error.exit_kind(),
            Self::UnknownMethod { .. }
            | Self::UnknownParameter { .. }
            | Self::Parameter { .. }
            | Self::NotConditionable { .. }
            | Self::Contradiction { .. }
            | Self::LevelNotSeen { .. }
            | Self::NoSuchRows(_)
            | Self::NothingToTune(_)
            | Self::HoldsRows(_) => ExitKind::Usage,
            Self::Interrupted => ExitKind::Interrupted,
            Self::NothingToLearn
            | Self::NoTrial(_)
            | Self::NothingKeeps { .. }
            | Self::NeverKept(_)
            | Self::TooFewRows { .. }
            | Self::OtherColumns
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::NotFinite => ExitKind::Failed,
        }
    }
}

//! A metric's outcome: a finite number, or the typed reason why there is none.
//!
//! Functions return [`Result`]; records that are written to `result.json` hold [`Score`], its
//! serialisable form. Neither ever replaces a missing value by a constant.

use paucal_core::{Advice, ExitKind};
use serde::{Deserialize, Serialize};

/// What every metric returns.
pub type Result<T> = std::result::Result<T, Undefined>;

/// Why a metric has no value for this input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Undefined {
    /// A side has no rows, or all its values are missing.
    #[error("there is nothing to compare: a side is empty or entirely missing")]
    Empty,
    /// The quantity divides by a spread that is 0.
    #[error("the values are constant")]
    Constant,
    /// Labels of one class only: nothing to tell apart.
    #[error("only one class is present")]
    OneClass,
    /// The class was never predicted, or has no true case, so its rate is 0/0.
    #[error("class {class} has no case to count")]
    NoCase {
        /// The class code.
        class: u32,
    },
    /// Fewer rows or columns than the definition needs.
    #[error("needs at least {needed}, got {found}")]
    TooFew {
        /// The smallest number that works.
        needed: usize,
        /// What was given.
        found: usize,
    },
    /// Two arrays that belong together have different lengths.
    #[error("the lengths differ: {left} and {right}")]
    LengthsDiffer {
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// A number column stands against a category column, or the level lists differ.
    #[error("column {column} is of another kind, or has other levels, on the other side")]
    KindsDiffer {
        /// Position of the column.
        column: usize,
    },
    /// A code is not an index of the level list.
    #[error("code {code} is outside the list of {levels} levels")]
    BadCode {
        /// The offending code.
        code: u32,
        /// Length of the level list.
        levels: usize,
    },
    /// An input, or the result, is infinite or not a number.
    #[error("a value is infinite or not a number")]
    NotFinite,
    /// A probability, share or parameter lies outside its range.
    #[error("{value} is outside the allowed range")]
    OutOfRange {
        /// The offending value.
        value: f64,
    },
    /// No column or pair of columns passes the convention's threshold.
    #[error("no column or pair of columns contributes")]
    NothingContributes,
    /// No threshold reaches the wanted precision or recall.
    #[error("no threshold reaches the wanted value")]
    Unreachable,
    /// The classes are perfectly separated, so the logistic fit has no finite solution.
    #[error("the classes are perfectly separated")]
    Separated,
}

impl Advice for Undefined {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Empty => "check that the column is not entirely missing in one of the two tables",
            Self::Constant => "a column with one value carries no information; drop it or give more rows",
            Self::OneClass | Self::NoCase { .. } => {
                "use a stratified split, so that every class has cases on both sides"
            }
            Self::TooFew { .. } => "give more rows, or ask for fewer neighbours, bins or folds",
            Self::LengthsDiffer { .. } | Self::KindsDiffer { .. } | Self::BadCode { .. } => {
                "read both tables with the same schema"
            }
            Self::NotFinite => "replace infinite values by missing ones before judging",
            Self::OutOfRange { .. } => "probabilities and shares lie between 0 and 1",
            Self::NothingContributes => "ask for the convention that counts all pairs",
            Self::Unreachable => "ask for a lower precision or recall",
            Self::Separated => "calibration cannot be judged when scores separate the classes perfectly",
        };
        Some(hint.to_owned())
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::LengthsDiffer { .. }
            | Self::KindsDiffer { .. }
            | Self::BadCode { .. }
            | Self::OutOfRange { .. } => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}

/// A metric's outcome as it is stored: the plain number `0.93`, or `{"undefined": {"kind": "constant"}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Score(Result<f64>);

impl Score {
    /// A defined score; a number that is not finite becomes [`Undefined::NotFinite`].
    pub fn new(value: f64) -> Self {
        Self(finite(value))
    }

    /// The number, if there is one.
    pub fn value(&self) -> Option<f64> {
        self.0.as_ref().ok().copied()
    }

    /// The reason why there is no number.
    pub fn undefined(&self) -> Option<&Undefined> {
        self.0.as_ref().err()
    }

    /// The mean; the first reason there is none when any is undefined.
    pub fn mean<'a>(scores: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut sum, mut count) = (0.0, 0.0);
        for score in scores {
            match &score.0 {
                Ok(value) => (sum, count) = (sum + value, count + 1.0),
                Err(reason) => return Self(Err(reason.clone())),
            }
        }
        if count > 0.0 { Self::new(sum / count) } else { Self(Err(Undefined::Empty)) }
    }

    /// Back to a result, for `?`.
    pub fn into_result(self) -> Result<f64> {
        self.0
    }
}

impl From<Result<f64>> for Score {
    fn from(result: Result<f64>) -> Self {
        Self(result.and_then(finite))
    }
}

/// The value itself when it is finite.
pub(crate) fn finite(value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Undefined::NotFinite) }
}

/// The JSON shape of a score: whoever reads `result.json` finds a number, or an object that says why not.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Value(f64),
    Undefined { undefined: Undefined },
}

impl From<Stored> for Score {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Value(value) => Self::new(value),
            Stored::Undefined { undefined } => Self(Err(undefined)),
        }
    }
}

impl From<Score> for Stored {
    fn from(score: Score) -> Self {
        match score.0 {
            Ok(value) => Self::Value(value),
            Err(undefined) => Self::Undefined { undefined },
        }
    }
}

/// The mean of the defined scores; undefined ones are skipped, as SDMetrics skips NaN.
pub fn mean_of_defined<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Result<f64> {
    let values: Vec<f64> = scores.into_iter().filter_map(Score::value).collect();
    if values.is_empty() {
        return Err(Undefined::NothingContributes);
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_survives_json() {
        for (score, json) in [
            (Score::new(0.25), "0.25"),
            (Score::from(Err(Undefined::Constant)), r#"{"undefined":{"kind":"constant"}}"#),
            (
                Score::from(Err(Undefined::TooFew { needed: 2, found: 1 })),
                r#"{"undefined":{"kind":"too_few","needed":2,"found":1}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&score).unwrap(), json);
            assert_eq!(serde_json::from_str::<Score>(json).unwrap(), score);
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_undefined() {
        assert_eq!(Score::new(f64::NAN).undefined(), Some(&Undefined::NotFinite));
        assert_eq!(Score::from(Ok(f64::INFINITY)).value(), None);
    }

    #[test]
    fn undefined_scores_do_not_pull_a_mean() {
        let scores = [Score::new(1.0), Score::from(Err(Undefined::Empty)), Score::new(0.0)];
        assert_eq!(mean_of_defined(&scores), Ok(0.5));
        assert_eq!(mean_of_defined(&[]), Err(Undefined::NothingContributes));
    }
}

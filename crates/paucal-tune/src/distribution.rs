//! Where the values of a parameter come from, in the terms and the JSON of Optuna.
//!
//! A value has an *internal* form, one `f64`, in which it is stored and modelled: the number itself, or the position
//! of a choice. [`Distribution::external`] and [`Distribution::internal`] convert.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::TuneError;

/// A value of a parameter as the user knows it, or one of the choices of a categorical parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
}

impl Value {
    /// As a number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(x) => Some(*x as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// Equal as Python sees it, where `1`, `1.0` and `True` are the same.
    fn same(&self, other: &Self) -> bool {
        let number = |value: &Self| match value {
            Self::Bool(x) => Some(f64::from(u8::from(*x))),
            other => other.number(),
        };
        match (number(self), number(other)) {
            (Some(a), Some(b)) => a == b,
            _ => self == other,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("none"),
            Self::Bool(x) => x.fmt(f),
            Self::Int(x) => x.fmt(f),
            Self::Float(x) if *x != 0.0 && x.abs() < 1e-3 => write!(f, "{x:.3e}"),
            Self::Float(x) => write!(f, "{}", (x * 1e6).round() / 1e6),
            Self::Text(x) => f.write_str(x),
        }
    }
}

/// The range of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// A number in `[low, high]`.
    Float {
        /// Lower end.
        low: f64,
        /// Upper end; with a step, on its grid.
        high: f64,
        /// Whether its logarithm is uniform. Excludes a step.
        log: bool,
        /// Grid, counted from `low`.
        step: Option<f64>,
    },
    /// A whole number in `[low, high]`.
    Int {
        /// Lower end.
        low: i64,
        /// Upper end, on the grid.
        high: i64,
        /// Whether its logarithm is uniform; the step is 1 then.
        log: bool,
        /// Grid, counted from `low`.
        step: i64,
    },
    /// One of some choices.
    Categorical {
        /// At least one.
        choices: Vec<Value>,
    },
}

impl Distribution {
    /// A number in `[low, high]`.
    pub fn float(low: f64, high: f64) -> Self {
        Self::Float { low, high, log: false, step: None }
    }

    /// A positive number whose logarithm is uniform.
    pub fn log_float(low: f64, high: f64) -> Self {
        Self::Float { low, high, log: true, step: None }
    }

    /// A whole number in `low, low + step, … ≤ high`.
    pub fn int(low: i64, high: i64, step: i64) -> Self {
        let steps = if step > 0 { (high - low) / step } else { 0 };
        Self::Int { low, high: low + steps * step, log: false, step }
    }

    /// A positive whole number whose logarithm is uniform.
    pub fn log_int(low: i64, high: i64) -> Self {
        Self::Int { low, high, log: true, step: 1 }
    }

    /// One of these.
    pub fn choice<T: Into<Value>>(choices: impl IntoIterator<Item = T>) -> Self {
        Self::Categorical { choices: choices.into_iter().map(Into::into).collect() }
    }

    /// Whether the range makes sense.
    ///
    /// # Errors
    /// [`TuneError::Distribution`] says what does not.
    pub fn check(&self) -> Result<(), TuneError> {
        let complaint = match self {
            Self::Float { low, high, .. } if !(low.is_finite() && high.is_finite()) => "ends must be finite",
            Self::Float { low, high, .. } if low > high => "the lower end lies above the upper end",
            Self::Float { low, log: true, .. } if *low <= 0.0 => "a logarithm needs a positive lower end",
            Self::Float { log: true, step: Some(_), .. } => "a logarithmic range has no step",
            Self::Float { step: Some(step), .. } if !(*step > 0.0 && step.is_finite()) => {
                "steps are positive"
            }
            Self::Int { low, high, .. } if low > high => "the lower end lies above the upper end",
            Self::Int { low, log: true, .. } if *low <= 0 => "a logarithm needs a positive lower end",
            Self::Int { log: true, step, .. } if *step != 1 => "a logarithmic range has a step of 1",
            Self::Int { step, .. } if *step < 1 => "steps are at least 1",
            Self::Categorical { choices } if choices.is_empty() => "there is no choice",
            _ => return Ok(()),
        };
        Err(TuneError::Distribution(complaint.into()))
    }

    /// Whether there is only one value.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Float { low, high, step, .. } => low == high || step.is_some_and(|step| high - low < step),
            Self::Int { low, high, step, .. } => low == high || high - low < *step,
            Self::Categorical { choices } => choices.len() == 1,
        }
    }

    /// The value as the user knows it. A position outside the choices gives `null`.
    pub fn external(&self, internal: f64) -> Value {
        match self {
            Self::Float { .. } => Value::Float(internal),
            Self::Int { .. } => Value::Int(internal.round() as i64),
            Self::Categorical { choices } => choices.get(internal as usize).cloned().unwrap_or(Value::Null),
        }
    }

    /// The internal form of a value, if the value is in the range.
    pub fn internal(&self, value: &Value) -> Option<f64> {
        match self {
            Self::Float { low, high, .. } => value.number().filter(|x| low <= x && x <= high),
            Self::Int { low, high, .. } => {
                let inside = |x: &f64| x.fract() == 0.0 && *low as f64 <= *x && *x <= *high as f64;
                value.number().filter(inside)
            }
            Self::Categorical { choices } => {
                choices.iter().position(|choice| choice.same(value)).map(|position| position as f64)
            }
        }
    }

    /// Whether a study may hold both for one name: same kind, same scale, and the very same choices. Ends and steps
    /// may differ from trial to trial.
    pub fn is_compatible(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float { log: a, .. }, Self::Float { log: b, .. })
            | (Self::Int { log: a, .. }, Self::Int { log: b, .. }) => a == b,
            (Self::Categorical { choices: a }, Self::Categorical { choices: b }) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            _ => false,
        }
    }

    /// Optuna's JSON.
    pub fn to_json(&self) -> String {
        let (name, attributes) = match self {
            Self::Float { low, high, log, step } => {
                ("FloatDistribution", json!({ "step": step, "low": low, "high": high, "log": log }))
            }
            Self::Int { low, high, log, step } => {
                ("IntDistribution", json!({ "log": log, "step": step, "low": low, "high": high }))
            }
            Self::Categorical { choices } => ("CategoricalDistribution", json!({ "choices": choices })),
        };
        json!({ "name": name, "attributes": attributes }).to_string()
    }

    /// Reads Optuna's JSON, also that of its earlier versions.
    ///
    /// # Errors
    /// [`TuneError::Distribution`] when the text is none of them.
    pub fn from_json(text: &str) -> Result<Self, TuneError> {
        let wrong = |what: String| TuneError::Distribution(format!("{what} in {text}"));
        let Stored { name, attributes: a } = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let ends = || Some((a.low?, a.high?));
        let float =
            |log: bool, step: Option<f64>| ends().map(|(low, high)| Self::Float { low, high, log, step });
        let int = |log: bool, step: f64| {
            ends().map(|(low, high)| Self::Int { low: low as i64, high: high as i64, log, step: step as i64 })
        };
        let read = match name.as_str() {
            "FloatDistribution" => float(a.log.unwrap_or(false), a.step),
            "UniformDistribution" => float(false, None),
            "LogUniformDistribution" => float(true, None),
            "DiscreteUniformDistribution" => float(false, a.q),
            "IntDistribution" | "IntUniformDistribution" => {
                int(a.log.unwrap_or(false), a.step.unwrap_or(1.0))
            }
            "IntLogUniformDistribution" => int(true, 1.0),
            "CategoricalDistribution" => a.choices.map(|choices| Self::Categorical { choices }),
            _ => None,
        };
        read.ok_or_else(|| wrong("no known distribution".into()))
    }
}

/// In words: `0.0001 to 0.01, log`.
impl std::fmt::Display for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Float { low, high, log, step } => {
                write!(f, "{} to {}", Value::Float(*low), Value::Float(*high))?;
                step.map_or(Ok(()), |step| write!(f, ", step {}", Value::Float(step)))?;
                if *log { f.write_str(", log") } else { Ok(()) }
            }
            Self::Int { low, high, log, step } => {
                write!(f, "{low} to {high}")?;
                if *step > 1 {
                    write!(f, ", step {step}")?;
                }
                if *log { f.write_str(", log") } else { Ok(()) }
            }
            Self::Categorical { choices } => {
                let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
                f.write_str(&choices.join(", "))
            }
        }
    }
}

#[derive(Deserialize)]
struct Stored {
    name: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    low: Option<f64>,
    high: Option<f64>,
    log: Option<bool>,
    step: Option<f64>,
    q: Option<f64>,
    choices: Option<Vec<Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_that_of_optuna_and_comes_back() {
        let all = [
            Distribution::log_float(1e-5, 0.1),
            Distribution::Float { low: 0.0, high: 1.0, log: false, step: Some(0.25) },
            Distribution::int(32, 500, 16),
            Distribution::log_int(1, 512),
            Distribution::Categorical {
                choices: vec![
                    Value::Null,
                    Value::Bool(true),
                    Value::Int(2),
                    Value::Float(0.5),
                    "relu".into(),
                ],
            },
        ];
        for distribution in all {
            distribution.check().unwrap();
            assert_eq!(Distribution::from_json(&distribution.to_json()).unwrap(), distribution);
        }
        let old = r#"{"name": "LogUniformDistribution", "attributes": {"low": 1e-05, "high": 0.1}}"#;
        assert_eq!(Distribution::from_json(old).unwrap(), Distribution::log_float(1e-5, 0.1));
        assert!(Distribution::from_json(r#"{"name": "Beta", "attributes": {}}"#).is_err());
        assert!(Distribution::from_json("{").is_err());
    }

    #[test]
    fn values_go_in_and_out() {
        let int = Distribution::int(32, 500, 16);
        assert_eq!(int.external(48.0), Value::Int(48));
        assert_eq!(int.internal(&Value::Int(48)), Some(48.0));
        assert_eq!(int.internal(&Value::Int(501)), None);
        assert_eq!(int, Distribution::Int { low: 32, high: 496, log: false, step: 16 });
        let choice = Distribution::choice(["a", "b"]);
        assert_eq!(choice.internal(&"b".into()), Some(1.0));
        assert_eq!(choice.external(0.0), "a".into());
        assert_eq!(choice.internal(&"c".into()), None);
    }

    #[test]
    fn only_equal_choices_are_compatible() {
        let two = Distribution::choice(["a", "b"]);
        assert!(two.is_compatible(&two));
        assert!(!two.is_compatible(&Distribution::choice(["b", "a"])));
        assert!(Distribution::float(0.0, 1.0).is_compatible(&Distribution::float(0.5, 2.0)));
        assert!(!Distribution::float(0.1, 1.0).is_compatible(&Distribution::log_float(0.1, 1.0)));
        let python = Distribution::Categorical { choices: vec![Value::Int(1), Value::Bool(false)] };
        let typed = Distribution::Categorical { choices: vec![Value::Float(1.0), Value::Int(0)] };
        assert!(python.is_compatible(&typed));
    }

    #[test]
    fn nonsense_is_refused() {
        for distribution in [
            Distribution::float(1.0, 0.0),
            Distribution::float(f64::NAN, 0.0),
            Distribution::log_float(0.0, 1.0),
            Distribution::Float { low: 0.1, high: 1.0, log: true, step: Some(0.1) },
            Distribution::int(3, 2, 1),
            Distribution::int(1, 2, 0),
            Distribution::log_int(0, 4),
            Distribution::choice::<Value>([]),
        ] {
            assert!(distribution.check().is_err(), "{distribution:?}");
        }
    }
}

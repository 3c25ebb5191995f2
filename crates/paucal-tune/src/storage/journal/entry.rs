//! One line of a journal, read and written.
//!
//! A line is a JSON object, but for Python's numbers `NaN`, `Infinity` and `-Infinity`, which stand there bare.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::trial::State;

/// What a line says, by Optuna's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum Op {
    CreateStudy = 0,
    DeleteStudy = 1,
    StudyUser = 2,
    StudySystem = 3,
    CreateTrial = 4,
    Parameter = 5,
    State = 6,
    Report = 7,
    TrialUser = 8,
    TrialSystem = 9,
    /// Written by Rustuna; Optuna passes over it.
    Discard = 10,
}

impl TryFrom<u8> for Op {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        const ALL: [Op; 11] = [
            Op::CreateStudy,
            Op::DeleteStudy,
            Op::StudyUser,
            Op::StudySystem,
            Op::CreateTrial,
            Op::Parameter,
            Op::State,
            Op::Report,
            Op::TrialUser,
            Op::TrialSystem,
            Op::Discard,
        ];
        ALL.get(usize::from(code)).copied().ok_or_else(|| format!("operation {code} is unknown"))
    }
}

/// A line that was read: every field that any operation has.
#[derive(Debug, Deserialize)]
pub struct Entry {
    #[serde(rename = "op_code")]
    pub op: Op,
    pub study_id: Option<i64>,
    pub trial_id: Option<i64>,
    pub study_name: Option<String>,
    pub directions: Option<Vec<i64>>,
    pub user_attr: Option<Map<String, Json>>,
    pub system_attr: Option<Map<String, Json>>,
    pub state: Option<u8>,
    pub value: Option<Json>,
    pub values: Option<Vec<Json>>,
    pub datetime_start: Option<String>,
    pub datetime_complete: Option<String>,
    pub param_name: Option<String>,
    pub param_value_internal: Option<Json>,
    pub distribution: Option<String>,
    pub params: Option<Map<String, Json>>,
    pub distributions: Option<BTreeMap<String, String>>,
    pub user_attrs: Option<Map<String, Json>>,
    pub system_attrs: Option<Map<String, Json>>,
    pub intermediate_values: Option<Map<String, Json>>,
    pub step: Option<i64>,
    pub intermediate_value: Option<Json>,
}

impl Entry {
    /// Reads a line.
    pub fn read(line: &str) -> Result<Self, String> {
        serde_json::from_str(line)
            .or_else(|_| serde_json::from_str(&quoted(line)))
            .map_err(|error| error.to_string())
    }
}

/// Puts bare `NaN`, `Infinity` and `-Infinity` into quotes.
fn quoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    let (mut inside, mut rest) = (false, line);
    while let Some(next) = rest.chars().next() {
        let bare =
            ["NaN", "Infinity", "-Infinity"].into_iter().find(|token| !inside && rest.starts_with(token));
        let length = match (bare, next) {
            (Some(token), _) => {
                let _ = write!(out, "\"{token}\"");
                rest = &rest[token.len()..];
                continue;
            }
            // What follows a backslash ends no text.
            (None, '\\') if inside => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (None, '"') => {
                inside = !inside;
                1
            }
            (None, other) => other.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// A number, also one of those that JSON has not.
pub fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The code of a state.
pub fn code(state: State) -> u8 {
    match state {
        State::Running => 0,
        State::Complete => 1,
        State::Pruned => 2,
        State::Fail => 3,
        State::Waiting => 4,
    }
}

/// A line to be written.
pub struct Line(String);

impl Line {
    pub fn new(op: Op, worker: &str) -> Self {
        Self(format!("{{\"op_code\":{},\"worker_id\":{}", op as u8, json!(worker)))
    }

    pub fn with(mut self, key: &str, value: &Json) -> Self {
        let _ = write!(self.0, ",\"{key}\":{value}");
        self
    }

    pub fn with_number(mut self, key: &str, value: f64) -> Self {
        let _ = write!(self.0, ",\"{key}\":{}", written(value));
        self
    }

    pub fn with_numbers(mut self, key: &str, values: &[f64]) -> Self {
        let values: Vec<String> = values.iter().map(|&value| written(value)).collect();
        let _ = write!(self.0, ",\"{key}\":[{}]", values.join(","));
        self
    }

    pub fn end(self) -> String {
        self.0 + "}\n"
    }
}

/// A number as Python writes it.
fn written(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value if value.is_nan() => "NaN".into(),
        value => json!(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_tokens_are_numbers_and_those_in_texts_are_not() {
        let line = r#"{"op_code":7,"worker_id":"NaN \" Infinity ü","step":3,"intermediate_value":-Infinity}"#;
        let entry = Entry::read(line).unwrap();
        assert_eq!((entry.op, entry.step), (Op::Report, Some(3)));
        assert_eq!(number(&entry.intermediate_value.unwrap()), Some(f64::NEG_INFINITY));
        let line = r#"{"op_code":6,"values":[NaN,Infinity,1.5],"state":1}"#;
        let values: Vec<f64> = Entry::read(line).unwrap().values.unwrap().iter().filter_map(number).collect();
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f64::INFINITY, 1.5]);
        assert!(Entry::read(r#"{"op_code":11}"#).unwrap_err().contains("operation 11"));
        for wrong in ["", "{", "[]", "NaN", "{\"op_code\":\"\\", "{}"] {
            assert!(Entry::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let line = Line::new(Op::Report, "w-1")
            .with("trial_id", &json!(2))
            .with_number("intermediate_value", f64::NAN);
        let line = line.with_numbers("values", &[0.1, f64::INFINITY]).end();
        assert_eq!(
            line,
            "{\"op_code\":7,\"worker_id\":\"w-1\",\"trial_id\":2,\"intermediate_value\":NaN,\"values\":[0.1,Infinity]}\n"
        );
        let entry = Entry::read(line.trim_end()).unwrap();
        assert!(number(&entry.intermediate_value.unwrap()).unwrap().is_nan());
        assert_eq!(entry.trial_id, Some(2));
    }
}

//! A trial: one set of parameters and what came of it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::distribution::{Distribution, Value};
use crate::time::Instant;

/// What the study wants of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Small.
    Minimise,
    /// Large.
    Maximise,
}

impl Direction {
    /// The value so that smaller is better.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Self::Minimise => value,
            Self::Maximise => -value,
        }
    }
}

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A worker is at it.
    Running,
    /// It has a value.
    Complete,
    /// It was stopped because it promised too little.
    Pruned,
    /// It ended without a value.
    Fail,
    /// It is to be run with given parameters.
    Waiting,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Running, Self::Complete, Self::Pruned, Self::Fail, Self::Waiting];

    /// The word for it, in small letters; Optuna's tables have it in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Pruned => "pruned",
            Self::Fail => "fail",
            Self::Waiting => "waiting",
        }
    }

    /// The state of that name, in letters of any size.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }

    /// Whether nothing more will happen.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Fail)
    }
}

/// A parameter of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its range when it was drawn.
    pub distribution: Distribution,
    /// Its value, internal form.
    pub internal: f64,
}

impl Parameter {
    /// Its value as the user knows it.
    pub fn value(&self) -> Value {
        self.distribution.external(self.internal)
    }
}

/// Attributes by key.
pub type Attributes = BTreeMap<String, Json>;

/// A trial as it stands in the storage.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Key in the storage.
    pub id: i64,
    /// Number within the study, from 0.
    pub number: u64,
    /// Where it stands.
    pub state: State,
    /// The value of a complete trial; of a pruned one the last that was reported.
    pub value: Option<f64>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Intermediate values by step.
    pub reports: BTreeMap<i64, f64>,
    /// Attributes set by us or other users.
    pub user: Attributes,
    /// Attributes set by samplers and pruners.
    pub system: Attributes,
    /// When it began.
    pub began: Option<Instant>,
    /// When it ended.
    pub ended: Option<Instant>,
}

impl Trial {
    /// A running trial without anything.
    pub fn new(id: i64, number: u64) -> Self {
        Self {
            id,
            number,
            state: State::Running,
            value: None,
            parameters: BTreeMap::new(),
            reports: BTreeMap::new(),
            user: Attributes::new(),
            system: Attributes::new(),
            began: None,
            ended: None,
        }
    }

    /// The last step and its value.
    pub fn last_report(&self) -> Option<(i64, f64)> {
        self.reports.last_key_value().map(|(&step, &value)| (step, value))
    }

    /// Seconds of work: the user attribute `seconds`, which a search writes that stores its trials together when a round
    /// of them is over; else those from beginning to end.
    pub fn seconds(&self) -> Option<f64> {
        let own = self.user.get("seconds").and_then(serde_json::Value::as_f64);
        own.or_else(|| Some(self.ended?.seconds_since(self.began?)))
    }
}

/// The best complete trial.
pub fn best(trials: &[Trial], direction: Direction) -> Option<&Trial> {
    let complete = trials.iter().filter(|trial| trial.state == State::Complete);
    complete
        .filter_map(|trial| Some((direction.loss(trial.value?), trial)))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.number.cmp(&b.1.number)))
        .map(|(_, trial)| trial)
}

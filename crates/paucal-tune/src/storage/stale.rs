//! Trials that were cut short: how they are begun again, with the attributes that Optuna's own retries have.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Attributes, Fixed, Storage};
use crate::error::TuneError;
use crate::trial::{State, Trial};

/// Time between two signs of life of a running trial.
pub const HEARTBEAT: Duration = Duration::from_secs(20);
/// Silence after which a worker counts as dead.
pub const GRACE: Duration = Duration::from_secs(90);
/// How often a trial that was cut short is begun again.
pub const RETRIES: usize = 2;

const FIRST: &str = "failed_trial";
const HISTORY: &str = "retry_history";
const FIXED: &str = "fixed_params";

/// A trial that [`retry_stale`] has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The trial.
    pub trial: Trial,
    /// Whether one like it now waits.
    pub again: bool,
}

/// Fails the trials of dead workers and enqueues them anew.
pub fn retry_stale(storage: &dyn Storage, study: i64, grace: Duration) -> Result<Vec<Retry>, TuneError> {
    let failed = storage.fail_stale(study, grace)?;
    failed.into_iter().map(|trial| Ok(Retry { again: retry(storage, study, &trial)?, trial })).collect()
}

/// Ends a running trial that was cut short and enqueues one like it; `false` when it was not running any more, or has been
/// begun again too often.
pub fn cut_short(storage: &dyn Storage, study: i64, trial: &Trial) -> Result<bool, TuneError> {
    Ok(storage.finish(trial.id, State::Fail, None)? && retry(storage, study, trial)?)
}

/// Enqueues a trial like one that was cut short; `false` when that has been done [`RETRIES`] times. Parameters that the
/// trial did not have yet are drawn anew.
fn retry(storage: &dyn Storage, study: i64, trial: &Trial) -> Result<bool, TuneError> {
    let mut history = history(trial);
    history.push(trial.number);
    if history.len() > RETRIES {
        return Ok(false);
    }
    let system: Attributes = [
        (FIRST.to_owned(), json!(history[0])),
        (FIXED.to_owned(), Json::Object(fixed(trial))),
        (HISTORY.to_owned(), json!(history)),
    ]
    .into_iter()
    .collect();
    storage.add_waiting(study, &system, &trial.user)?;
    Ok(true)
}

/// Numbers of the trials that were cut short and begun again as others.
pub fn begun_again(trials: &[Trial]) -> BTreeSet<u64> {
    trials.iter().flat_map(history).collect()
}

fn history(trial: &Trial) -> Vec<u64> {
    let numbers = trial.system.get(HISTORY).and_then(Json::as_array);
    numbers.into_iter().flatten().filter_map(Json::as_u64).collect()
}

/// The parameters that a trial has or was to have.
fn fixed(trial: &Trial) -> Fixed {
    let mut fixed = trial.system.get(FIXED).and_then(Json::as_object).cloned().unwrap_or_default();
    fixed.extend(trial.parameters.iter().map(|(name, parameter)| (name.clone(), json!(parameter.value()))));
    fixed
}

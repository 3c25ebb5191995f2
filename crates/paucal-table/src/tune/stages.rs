//! The stages of a search: smoke test, pilot, the rest.

use paucal_core::Observer;
use paucal_tune::{State, Trial};

use super::course::Course;
use super::{TuneOptions, facts_of};
use crate::error::TableError;

/// Complete trials after which the search looks back for the first time.
const PILOT: usize = 8;

/// Whether the search should end before its budget is spent. An error when the first trial, the default parameters, has
/// failed: every other would too. After 8, 16, 32 … complete trials a note says what the last doubling gained; if that
/// was no more than noise and the user wants it, the search ends.
pub fn is_over(trials: &[Trial], options: &TuneOptions, observer: &dyn Observer) -> Result<bool, TableError> {
    let finished: Vec<&Trial> = trials.iter().filter(|t| t.state.is_finished()).collect();
    if let [only] = finished[..]
        && only.state == State::Fail
        && let Some(reason) = only.user.get("error").and_then(|e| e.as_str())
    {
        return Err(TableError::NoTrial(Some(reason.to_owned())));
    }
    let complete = trials.iter().filter(|t| t.state == State::Complete).count();
    if complete < PILOT || !complete.is_power_of_two() {
        return Ok(false);
    }
    let course = Course::of(&facts_of(trials));
    let (Some(gain), Some(noise)) = (course.last_doubling, course.noise) else { return Ok(false) };
    observer.note(format!(
        "after {complete} trials: doubling their number gained {gain:.4} in the objective; a trial is uncertain by {noise:.4}"
    ));
    let flat = gain < noise && options.stop_when_flat;
    if flat {
        observer.warn(format!("the search ended after {complete} trials: more gain nothing but noise"));
    }
    Ok(flat)
}

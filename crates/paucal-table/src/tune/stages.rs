//! The stages of a search: smoke test, pilot, the rest.

use paucal_core::Observer;
use paucal_tune::{State, Trial};

use super::course::Course;
use super::{TuneOptions, facts_of};
use crate::error::TableError;

/// Complete trials after which the search looks back for the first time.
const PILOT: usize = 8;

/// How far a search has looked back.
pub struct Stages {
    /// Complete trials at the last look.
    looked: usize,
}

impl Stages {
    /// A search that goes on from these trials.
    pub fn new(trials: &[Trial]) -> Self {
        Self { looked: complete(trials) }
    }

    /// Whether the search should end before its budget is spent. An error when the first trial, the default parameters,
    /// has failed: every other would too. Whenever the complete trials have reached 8, 16, 32 … a note says what the last
    /// doubling gained; if that was no more than noise and the user wants it, the search ends.
    pub fn are_over(
        &mut self,
        trials: &[Trial],
        options: &TuneOptions,
        observer: &dyn Observer,
    ) -> Result<bool, TableError> {
        let finished: Vec<&Trial> = trials.iter().filter(|t| t.state.is_finished()).collect();
        if let [only] = finished[..]
            && only.state == State::Fail
            && let Some(reason) = only.user.get("error").and_then(|e| e.as_str())
        {
            return Err(TableError::NoTrial(Some(reason.to_owned())));
        }
        if !self.reached(complete(trials)) {
            return Ok(false);
        }
        let course = Course::of(&facts_of(trials));
        let (Some(gain), Some(noise)) = (course.last_doubling, course.noise) else { return Ok(false) };
        let complete = self.looked;
        observer.note(format!(
            "after {complete} trials: doubling their number gained {gain:.4} in the objective; a trial is uncertain by \
             {noise:.4}"
        ));
        let flat = gain < noise && options.stop_when_flat;
        if flat {
            observer.warn(format!("the search ended after {complete} trials: more gain nothing but noise"));
        }
        Ok(flat)
    }

    /// Whether a doubling lies between the last look and `complete` trials. Rounds of several trials step over the exact
    /// numbers.
    fn reached(&mut self, complete: usize) -> bool {
        let doublings = |trials: usize| (trials / PILOT).checked_ilog2();
        let reached = doublings(complete) > doublings(self.looked);
        self.looked = complete;
        reached
    }
}

fn complete(trials: &[Trial]) -> usize {
    trials.iter().filter(|t| t.state == State::Complete).count()
}

#[cfg(test)]
mod tests {
    use super::Stages;

    #[test]
    fn rounds_do_not_step_over_a_doubling() {
        let looks = |counts: &[usize]| {
            let mut stages = Stages { looked: 0 };
            counts.iter().copied().filter(|&n| stages.reached(n)).collect::<Vec<usize>>()
        };
        assert_eq!(looks(&[1, 3, 5, 7, 9, 11, 13, 15, 17, 33, 34]), [9, 17, 33]);
        assert_eq!(looks(&[4, 8, 12, 16]), [8, 16]);
        assert_eq!(looks(&[7, 40]), [40]);
    }
}

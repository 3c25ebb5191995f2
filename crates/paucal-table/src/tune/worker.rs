//! A worker: another process, often on another machine, that runs trials of a study and judges nothing.

use paucal_core::{Observer, Seed};
use paucal_tune::Direction;
use paucal_tune::trial::best;
use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::{Search, outer, race, space, task};
use crate::error::TableError;

/// What a worker did, and how the study stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worked {
    /// Name of the study.
    pub study: String,
    /// Trials that this worker ran.
    pub ran: usize,
    /// Trials that are over, whoever ran them.
    pub finished: usize,
    /// Trials that there are to be.
    pub trials: usize,
    /// Number of the best trial so far.
    pub best: Option<u64>,
    /// Its value.
    pub value: Option<f64>,
}

/// Runs trials until the study has as many as it is to have, this worker has run `most`, or time is up. The outer
/// hold-out is split off as in [`super::tune`] and not looked at.
pub fn work(
    search: &Search<'_>,
    most: Option<usize>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Worked, TableError> {
    let train = outer(search.table, search.options, seed)?.train;
    let space = space(search.method, &train, search.fixed)?;
    let study = task::open(search, &space, seed)?;
    let bench = Bench::new(search, &train, seed)?;
    let ran = race::run(search, &study, &space, &bench, most, seed, observer)?;
    let trials = search.storage.trials(study.id)?;
    let winner = best(&trials, Direction::Maximise);
    Ok(Worked {
        study: study.name,
        ran,
        finished: race::finished(&trials),
        trials: search.options.trials,
        best: winner.map(|trial| trial.number),
        value: winner.and_then(|trial| trial.value),
    })
}
